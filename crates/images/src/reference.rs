//! References: the names by which images are asked for, and their full form (IMG-1).

use crate::digest::Digest;
use crate::error::Error;
use std::fmt;
use std::str::FromStr;

/// The registry of names without one.
pub const DEFAULT_DOMAIN: &str = "docker.io";
/// An older name of the same.
const LEGACY_DOMAIN: &str = "index.docker.io";
const OFFICIAL: &str = "library/";
const DEFAULT_TAG: &str = "latest";
const NAME_LENGTH_MAX: usize = 255;
const TAG_LENGTH_MAX: usize = 128;

/// A full name: registry, repository, and a tag or a digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// `docker.io`, `registry.example:5000`.
    pub domain: String,
    /// `library/busybox`.
    pub repository: String,
    /// None only beside a digest.
    pub tag: Option<String>,
    /// Wins over the tag.
    pub digest: Option<Digest>,
}

impl Reference {
    /// Registry and repository.
    pub fn name(&self) -> String {
        format!("{}/{}", self.domain, self.repository)
    }

    /// The name under which the store knows it: the digest's, if there is one, else the tag's.
    pub fn key(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => format!("{}@{digest}", self.name()),
            (None, Some(tag)) => format!("{}:{tag}", self.name()),
            (None, None) => format!("{}:{DEFAULT_TAG}", self.name()),
        }
    }

    /// The same repository at that digest.
    pub fn at(&self, digest: &Digest) -> Reference {
        Reference { tag: None, digest: Some(digest.clone()), ..self.clone() }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Reference, Error> {
        parse(text).map_err(|reason| Error::InvalidReference { name: text.to_owned(), reason })
    }
}

const INVALID: &str = "invalid reference format";

fn parse(text: &str) -> Result<Reference, String> {
    if is_identifier(text) {
        return Err(format!("invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"));
    }
    let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
    // A colon after the last slash begins a tag; one before it belongs to a port.
    let last = rest.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match rest[last..].find(':') {
        Some(at) => (&rest[..last + at], Some(&rest[last + at + 1..])),
        None => (rest, None),
    };
    let (domain, repository) = match name.split_once('/') {
        Some((first, remainder)) if is_registry(first) => (first, remainder.to_owned()),
        _ => (DEFAULT_DOMAIN, name.to_owned()),
    };
    let domain = if domain == LEGACY_DOMAIN { DEFAULT_DOMAIN } else { domain };
    let repository = if domain == DEFAULT_DOMAIN && !repository.contains('/') { format!("{OFFICIAL}{repository}") } else { repository };
    if repository.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(format!("{INVALID}: repository name ({repository}) must be lowercase"));
    }
    if !tag.is_none_or(is_tag) || !is_domain(domain) || !repository.split('/').all(is_component) {
        return Err(INVALID.to_owned());
    }
    let digest = digest.map(parse_digest).transpose()?;
    if repository.len() > NAME_LENGTH_MAX {
        return Err(format!("repository name must not be more than {NAME_LENGTH_MAX} characters"));
    }
    let tag = tag.or((digest.is_none()).then_some(DEFAULT_TAG)).map(str::to_owned);
    Ok(Reference { domain: domain.to_owned(), repository, tag, digest })
}

/// 64 digits alone are an image's id, never a name.
fn is_identifier(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn parse_digest(text: &str) -> Result<Digest, String> {
    let (algorithm, digits) = text.split_once(':').unwrap_or_default();
    let word = |word: &str| word.bytes().next().is_some_and(|b| b.is_ascii_alphabetic()) && word.bytes().all(|b| b.is_ascii_alphanumeric());
    if !algorithm.split(['-', '_', '+', '.']).all(word) || digits.len() < 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(INVALID.to_owned());
    }
    match text.parse() {
        Ok(digest) => Ok(digest),
        Err(_) if algorithm != "sha256" => Err("unsupported digest algorithm".to_owned()),
        Err(_) if digits.len() != 64 => Err("invalid checksum digest length".to_owned()),
        Err(_) => Err("invalid checksum digest format".to_owned()),
    }
}

/// Whether a name's first component names a registry.
fn is_registry(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':', '[']) || first.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_domain(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            ("v6", rest)
        }
        None => text.find(':').map_or((text, ""), |at| text.split_at(at)),
    };
    let port_is_good = match port.strip_prefix(':') {
        Some(digits) => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => port.is_empty(),
    };
    let label = |label: &str| {
        let bytes = label.as_bytes();
        bytes.first().is_some_and(u8::is_ascii_alphanumeric)
            && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    };
    port_is_good && host.split('.').all(label)
}

/// Lower-case words and digits, joined by `.`, `_`, `__` or hyphens.
fn is_component(text: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    if !bytes.first().copied().is_some_and(alphanumeric) || !bytes.last().copied().is_some_and(alphanumeric) {
        return false;
    }
    text.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        .all(|between| matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-'))
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=TAG_LENGTH_MAX).contains(&text.len())
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn names_are_completed() {
        // IMG-1
        for (short, full) in [
            ("busybox", "docker.io/library/busybox:latest"),
            ("busybox:1.36", "docker.io/library/busybox:1.36"),
            ("docker.io/busybox:1.36", "docker.io/library/busybox:1.36"),
            ("index.docker.io/library/busybox:1.36", "docker.io/library/busybox:1.36"),
            ("me/app", "docker.io/me/app:latest"),
            ("localhost/stead:1", "localhost/stead:1"),
            ("localhost:5000/a", "localhost:5000/a:latest"),
            ("127.0.0.1:9/none:1", "127.0.0.1:9/none:1"),
            ("registry.example/a/b/c:v1.0_x", "registry.example/a/b/c:v1.0_x"),
            ("[::1]:5000/a:1", "[::1]:5000/a:1"),
            ("a__b/c-_d", ""),
            ("a__b/c--d", "docker.io/a__b/c--d:latest"),
        ] {
            let parsed = short.parse::<Reference>().map(|reference| reference.key()).unwrap_or_default();
            assert_eq!(parsed, full, "{short}");
        }
    }

    #[test]
    fn a_digest_wins_and_the_tag_is_kept_for_display() {
        // IMG-1
        let reference: Reference = format!("busybox:1.36@{DIGEST}").parse().unwrap();
        assert_eq!(reference.key(), format!("docker.io/library/busybox@{DIGEST}"));
        assert_eq!(reference.to_string(), format!("docker.io/library/busybox:1.36@{DIGEST}"));
        let bare: Reference = format!("busybox@{DIGEST}").parse().unwrap();
        assert_eq!((bare.tag.as_deref(), bare.digest.is_some()), (None, true));
    }

    #[test]
    fn what_no_registry_has_is_refused() {
        // IMG-1
        let tag = format!("a:{}", "t".repeat(129));
        for bad in
            ["", "busybox:no/pe:1", "a:", "a:-x", "a//b", "-a", "a..b", "a@sha256:0", "http://x/y", "a b", " a", &tag, "x/", "/x", ":1"]
        {
            let error = bad.parse::<Reference>().map(|reference| reference.key()).expect_err(bad);
            assert_eq!(error.to_string(), format!("couldn't parse image name {bad:?}: invalid reference format"));
        }
        for (bad, reason) in [
            ("Busybox:1", "invalid reference format: repository name (library/Busybox) must be lowercase"),
            ("x.io/a/B", "invalid reference format: repository name (a/B) must be lowercase"),
            (&DIGEST[7..], &format!("invalid repository name ({}), cannot specify 64-byte hexadecimal strings", &DIGEST[7..])),
            (&"a".repeat(256), "repository name must not be more than 255 characters"),
            (&format!("a@{}", &DIGEST[..70]), "invalid checksum digest length"),
            (&format!("a@sha999:{}", &DIGEST[7..]), "unsupported digest algorithm"),
        ] {
            let error = bad.parse::<Reference>().map(|reference| reference.key()).expect_err(bad);
            assert_eq!(error.to_string(), format!("couldn't parse image name {bad:?}: {reason}"));
        }
    }
}
