//! Secrets that nobody guesses: 256 bits of chance, as text, and the digest by which they are known again. Input: injected chance.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use std::fmt;
use stead_server::Environment;

const BYTES: usize = 32;

/// A secret in its holder's hands.
pub struct Secret([u8; BYTES]);

impl Secret {
    pub fn new(environment: &dyn Environment) -> Self {
        let mut bytes = [0; BYTES];
        for byte in &mut bytes {
            *byte = u8::try_from(environment.random(256)).unwrap_or_default();
        }
        Self(bytes)
    }

    /// What [`Secret::text`] gave; `None`: it never gave that.
    pub fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub fn digest(&self) -> Digest {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        bytes.copy_from_slice(digest(&SHA256, &self.0).as_ref());
        Digest(bytes)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What is kept of a secret.
#[derive(Debug, Clone, Copy)]
pub struct Digest([u8; SHA256_OUTPUT_LEN]);

impl Digest {
    /// Whether it is that secret's; takes as long if not.
    pub fn is_of(&self, secret: &Secret) -> bool {
        let other = secret.digest();
        self.0.iter().zip(other.0).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_text_and_no_other_is() {
        let (a, b) = (Secret([7; BYTES]), Secret([8; BYTES]));
        let again = Secret::parse(&a.text()).unwrap();
        assert!(a.digest().is_of(&again) && !a.digest().is_of(&b));
        assert_eq!(a.text().len(), 43);
        for text in ["", "x", &format!("{}A", a.text()), &a.text()[1..], "+++"] {
            assert!(Secret::parse(text).is_none(), "{text}");
        }
    }
}
