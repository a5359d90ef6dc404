//! Digests of contents, and readers that make them on the way. SHA-256 alone: no registry in use has another.

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

const PREFIX: &str = "sha256:";

/// `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Digest(String);

impl Digest {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        finish(Sha256::new_with_prefix(bytes))
    }

    /// The digits alone.
    pub fn hex(&self) -> &str {
        &self.0[PREFIX.len()..]
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Digest, String> {
        let hex = text.strip_prefix(PREFIX).unwrap_or_default();
        if hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Ok(Digest(text.to_owned()));
        }
        Err(format!("{text:?} is not a sha256 digest"))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Of what a hash has taken in.
pub fn finish(hash: Sha256) -> Digest {
    let mut text = PREFIX.to_owned();
    for byte in hash.finalize() {
        text.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).expect("a digit is below 16")));
    }
    Digest(text)
}

/// Reads through, and knows the digest of what was read.
pub struct Hashing<R> {
    inner: R,
    hash: Sha256,
    bytes: u64,
}

impl<R: Read> Hashing<R> {
    pub fn new(inner: R) -> Hashing<R> {
        Hashing { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// The hash as far as it is, and how much was read.
    pub fn into_parts(self) -> (Sha256, u64) {
        (self.hash, self.bytes)
    }

    /// Of everything read so far, and how much that was.
    pub fn finish(self) -> (Digest, u64) {
        (finish(self.hash), self.bytes)
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_sixty_four_lower_case_digits() {
        let digest = Digest::of(b"");
        assert_eq!(digest.as_str(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(digest.as_str().parse(), Ok(digest.clone()));
        for bad in
            ["", "sha256:", &digest.as_str().to_uppercase(), &digest.as_str()[..70], "md5:0", &format!("sha256:{}/..", &digest.hex()[..61])]
        {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
        let mut reader = Hashing::new(&b"abc"[..]);
        io::copy(&mut reader, &mut io::sink()).unwrap();
        assert_eq!(reader.finish(), (Digest::of(b"abc"), 3));
    }
}
