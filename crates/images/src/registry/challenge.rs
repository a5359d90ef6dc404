//! What a registry wants to know: the header `WWW-Authenticate`.

/// How a registry wants to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    Basic,
    /// With a token from elsewhere.
    Bearer {
        realm: String,
        service: String,
        scope: String,
    },
}

/// The first challenge of a header that is understood.
pub fn parse(header: &str) -> Option<Challenge> {
    let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let (mut realm, mut service, mut scope) = (None, String::new(), String::new());
    for (key, value) in parameters(rest) {
        match key.to_ascii_lowercase().as_str() {
            "realm" => realm = Some(value),
            "service" => service = value,
            "scope" => scope = value,
            _ => {}
        }
    }
    Some(Challenge::Bearer { realm: realm?, service, scope })
}

/// `key="value"` or `key=value`, separated by commas; a quoted value may hold commas.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some((key, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"').unwrap_or(quoted.len());
                (&quoted[..end], quoted.get(end + 1..).unwrap_or_default())
            }
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        found.push((key.trim().to_owned(), value.trim().to_owned()));
        rest = after.trim_start_matches([',', ' ']);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        // IMG-15
        let header = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#;
        let Some(Challenge::Bearer { realm, service, scope }) = parse(header) else { panic!("not read") };
        assert_eq!(
            (realm.as_str(), service.as_str(), scope.as_str()),
            ("https://auth.docker.io/token", "registry.docker.io", "repository:a/b:pull,push")
        );
        assert_eq!(parse("Basic realm=\"x\""), Some(Challenge::Basic));
        assert_eq!(parse("basic"), Some(Challenge::Basic));
        assert_eq!((parse("Bearer service=x"), parse("Negotiate"), parse("")), (None, None, None));
        assert!(matches!(parse("bearer realm=https://x/t, service=y"), Some(Challenge::Bearer { service, .. }) if service == "y"));
    }
}
