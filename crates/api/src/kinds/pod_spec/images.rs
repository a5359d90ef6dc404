//! Image references, as far as defaults need them: whether a reference names the tag `latest`.

const MAX_NAME: usize = 255;
const MAX_TAG: usize = 128;

/// Whether kubelets should ask the registry each time: the tag is `latest`, or there is neither tag nor digest.
/// A text that is no reference has no tag.
pub fn is_latest(reference: &str) -> bool {
    let (name_and_tag, digest) = match reference.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (reference, None),
    };
    let last = name_and_tag.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match name_and_tag[last..].split_once(':') {
        Some((end, tag)) => (&name_and_tag[..last + end.len()], Some(tag)),
        None => (name_and_tag, None),
    };
    if !is_name(name) || !tag.is_none_or(is_tag) || !digest.is_none_or(is_digest) || is_identifier(reference) {
        return false;
    }
    tag.map_or(digest.is_none(), |tag| tag == "latest")
}

/// 64 hexadecimal digits would be taken for an image's identifier.
fn is_identifier(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_name(name: &str) -> bool {
    let (domain, path) = match name.split_once('/') {
        Some((first, rest)) if is_domain_like(first) => (Some(first), rest),
        _ => (None, name),
    };
    name.len() <= MAX_NAME && domain.is_none_or(is_domain) && path.split('/').all(is_component)
}

/// A first part with a dot, a port or a capital is a registry, not part of the path.
fn is_domain_like(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost" || part.to_lowercase() != part
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (domain, None),
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let known = match bracketed {
        Some(ip) => ip.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'),
        None => host.split('.').all(label),
    };
    known && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

/// Lower-case letters and digits, with one dot, one or two underscores or any dashes between them.
fn is_component(part: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let inner = part.split(word).filter(|separator| !separator.is_empty());
    part.starts_with(word)
        && part.ends_with(word)
        && inner.into_iter().all(|s| matches!(s, "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= MAX_TAG && tag.starts_with(word) && tag.chars().all(|c| word(c) || matches!(c, '.' | '-'))
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
            && algorithm.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+' | b'.'))
            && hex.len() >= 32
            && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::is_latest;

    // W20: imagePullPolicy is Always for `latest` and for no tag at all.
    #[test]
    fn latest() {
        let digest = format!("busybox@sha256:{}", "a".repeat(64));
        for yes in ["busybox", "busybox:latest", "registry:5000/a/b", "docker.io/library/busybox:latest"] {
            assert!(is_latest(yes), "{yes}");
        }
        for no in ["busybox:1.36", "", "Busybox", "busy box", "a:b:c", digest.as_str(), "registry:5000/a:1"] {
            assert!(!is_latest(no), "{no}");
        }
    }
}
