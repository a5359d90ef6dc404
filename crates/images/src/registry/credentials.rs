//! Docker's credentials: `.dockerconfigjson` and `.dockercfg`, and which of them are for an image (IMG-13, IMG-14).

use base64::Engine;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The name of docker.io in such files.
const DOCKER_KEYS: [&str; 3] = ["index.docker.io", "docker.io", "registry-1.docker.io"];

/// What a registry is told about who asks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Credential {
    Password {
        username: String,
        password: String,
    },
    /// Exchanged for a token.
    Identity {
        token: String,
    },
    /// Presented as it is.
    Registry {
        token: String,
    },
}

/// Never shows a secret.
impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Credential::Password { username, .. } => write!(f, "Password({username:?})"),
            Credential::Identity { .. } => f.write_str("Identity"),
            Credential::Registry { .. } => f.write_str("Registry"),
        }
    }
}

/// Credentials by the registry or repository they are for.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keyring {
    entries: Vec<(Pattern, Credential)>,
}

/// Which images an entry is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Pattern {
    host: String,
    port: String,
    /// With a leading slash; empty: all.
    path: String,
}

#[derive(Debug, Default, Deserialize)]
struct ConfigFile {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Auth {
    pub username: String,
    pub password: String,
    pub auth: String,
    #[serde(alias = "identity_token")]
    pub identitytoken: String,
    pub registrytoken: String,
}

impl Auth {
    /// None if nothing is said, or it is not understood.
    pub fn credential(&self) -> Option<Credential> {
        let both = base64::engine::general_purpose::STANDARD.decode(self.auth.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        if !self.registrytoken.is_empty() {
            return Some(Credential::Registry { token: self.registrytoken.clone() });
        }
        if !self.identitytoken.is_empty() {
            return Some(Credential::Identity { token: self.identitytoken.clone() });
        }
        match both.as_deref().and_then(|both| both.split_once(':')) {
            Some((username, password)) => {
                Some(Credential::Password { username: username.to_owned(), password: password.trim_end_matches('\0').to_owned() })
            }
            None if self.username.is_empty() => None,
            None => Some(Credential::Password { username: self.username.clone(), password: self.password.clone() }),
        }
    }
}

impl Keyring {
    /// Of a file or secret in either form.
    pub fn parse(text: &[u8]) -> Result<Keyring, serde_json::Error> {
        let value: serde_json::Value = serde_json::from_slice(text)?;
        let auths = if value.get("auths").is_some() {
            serde_json::from_value::<ConfigFile>(value)?.auths
        } else {
            // The older form has the entries at its root; other members of the newer one are not such.
            let entries = value.as_object().cloned().unwrap_or_default();
            entries.into_iter().filter_map(|(key, auth)| Some((key, serde_json::from_value(auth).ok()?))).collect()
        };
        let entries = auths.iter().filter_map(|(key, auth): (&String, &Auth)| Some((Pattern::parse(key)?, auth.credential()?)));
        let mut keyring = Keyring { entries: entries.collect() };
        keyring.sort();
        Ok(keyring)
    }

    /// Longer, and so narrower, ones first.
    fn sort(&mut self) {
        self.entries.sort_by(|(a, _), (b, _)| b.length().cmp(&a.length()).then_with(|| b.cmp(a)));
    }

    /// Takes in another's.
    pub fn extend(&mut self, other: Keyring) {
        self.entries.extend(other.entries.into_iter().filter(|entry| !self.entries.contains(entry)).collect::<Vec<_>>());
        self.sort();
    }

    /// All that are for an image of that registry and repository, in the order in which they are tried.
    pub fn lookup(&self, domain: &str, repository: &str) -> Vec<Credential> {
        let names: Vec<&str> = if domain == crate::reference::DEFAULT_DOMAIN { DOCKER_KEYS.to_vec() } else { vec![domain] };
        let mut found: Vec<Credential> = Vec::new();
        for (pattern, credential) in &self.entries {
            if names.iter().any(|name| pattern.matches(name, repository)) && !found.contains(credential) {
                found.push(credential.clone());
            }
        }
        found
    }
}

impl Pattern {
    fn parse(key: &str) -> Option<Pattern> {
        let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_end_matches('/');
        let path = ["v1", "v2"]
            .iter()
            .find_map(|version| path.strip_prefix(version).filter(|rest| rest.is_empty() || rest.starts_with('/')))
            .unwrap_or(path);
        let path = path.trim_start_matches('/');
        let (host, port) =
            authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).unwrap_or((authority, ""));
        if host.is_empty() {
            return None;
        }
        let path = if path.is_empty() { String::new() } else { format!("/{path}") };
        Some(Pattern { host: host.to_owned(), port: port.to_owned(), path })
    }

    fn length(&self) -> usize {
        self.host.len() + self.port.len() + self.path.len()
    }

    fn matches(&self, domain: &str, repository: &str) -> bool {
        let (host, port) = domain.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).unwrap_or((domain, ""));
        let (own, asked): (Vec<&str>, Vec<&str>) = (self.host.split('.').collect(), host.split('.').collect());
        own.len() == asked.len()
            && own.iter().zip(&asked).all(|(pattern, part)| glob(pattern.as_bytes(), part.as_bytes()))
            && self.port == port
            && format!("/{repository}").starts_with(&self.path)
    }
}

/// `*` stands for any characters of one part, `?` for one.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|at| glob(rest, &text[at..])),
        ([b'?', pattern @ ..], [_, text @ ..]) => glob(pattern, text),
        ([a, pattern @ ..], [b, text @ ..]) => a == b && glob(pattern, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(keys: &[(&str, &str)], domain: &str, repository: &str) -> Vec<String> {
        let auths: serde_json::Map<String, serde_json::Value> =
            keys.iter().map(|(key, user)| ((*key).to_owned(), serde_json::json!({"username": user, "password": "p"}))).collect();
        let keyring = Keyring::parse(serde_json::json!({ "auths": auths }).to_string().as_bytes()).unwrap();
        let name = |credential| match credential {
            Credential::Password { username, .. } => username,
            _ => String::new(),
        };
        keyring.lookup(domain, repository).into_iter().map(name).collect()
    }

    #[test]
    fn all_that_match_are_tried_the_longest_first() {
        // IMG-14
        let keys = [
            ("r.example", "host"),
            ("https://r.example/team/v2", "other"),
            ("r.example/team", "team"),
            ("*.example", "glob"),
            ("r.example:5000", "port"),
            ("example", "no"),
        ];
        assert_eq!(users(&keys, "r.example", "team/app"), ["team", "host", "glob"]);
        assert_eq!(users(&keys, "r.example:5000", "team/app"), ["port"]);
        assert_eq!(users(&keys, "a.b.example", "x"), Vec::<String>::new());
        assert_eq!(users(&[("https://r.example/v1/", "a")], "r.example", "x"), ["a"]);
        assert_eq!(users(&[("https://index.docker.io/v1/", "hub"), ("docker.io", "io")], "docker.io", "library/x"), ["hub", "io"]);
    }

    #[test]
    fn both_forms_and_tokens_are_read() {
        // IMG-13, IMG-14
        let auth = base64::engine::general_purpose::STANDARD.encode("me:se:cret");
        let old = Keyring::parse(format!(r#"{{"r.example":{{"auth":"{auth}","email":"x"}}}}"#).as_bytes()).unwrap();
        assert_eq!(old.lookup("r.example", "x"), [Credential::Password { username: "me".to_owned(), password: "se:cret".to_owned() }]);
        let new = Keyring::parse(br#"{"auths":{"r.example":{"identitytoken":"t"}},"credHelpers":{}}"#).unwrap();
        assert_eq!(new.lookup("r.example", "x"), [Credential::Identity { token: "t".to_owned() }]);
        assert!(Keyring::parse(b"{").is_err() && Keyring::parse(b"{\"auths\":{\"r\":{}}}").unwrap().lookup("r", "x").is_empty());
        assert!(!format!("{old:?}").contains("cret"));
    }
}
