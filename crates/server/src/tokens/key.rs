//! The key that signs tokens: ECDSA over P-256 (`ES256`), which signs in microseconds. Knows nothing of what is claimed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey};
use stead_api::value::Access;
use stead_api::{Value, json};

pub(crate) const ALGORITHM: &str = "ES256";
/// Longer ones are not read.
const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// What stands before a P-256 point where a public key is encoded whole (RFC 5480).
const PUBLIC_KEY_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
    0x07, 0x03, 0x42, 0x00,
];
/// Bytes of a coordinate.
const COORDINATE: usize = 32;

/// Signs and checks tokens.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    /// Of the public key, as upstream makes it.
    id: String,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The bytes are no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidKey;

impl std::fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this is no PKCS #8 key for ECDSA with P-256")
    }
}

impl std::error::Error for InvalidKey {}

impl SigningKey {
    /// A new key in the form that [`Self::from_pkcs8`] reads.
    pub fn generate() -> Result<Vec<u8>, InvalidKey> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        document.map(|document| document.as_ref().to_vec()).map_err(|_| InvalidKey)
    }

    /// A key that is kept nowhere.
    pub fn fresh() -> Result<Self, InvalidKey> {
        Self::from_pkcs8(&Self::generate()?)
    }

    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes, &random).map_err(|_| InvalidKey)?;
        let whole = [&PUBLIC_KEY_PREFIX, pair.public_key().as_ref()].concat();
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, &whole));
        Ok(Self { pair, random, id })
    }

    pub(crate) fn sign(&self, payload: &Value) -> Result<String, InvalidKey> {
        let header = json!({"alg": ALGORITHM, "kid": self.id});
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload.to_string()));
        let signature = self.pair.sign(&self.random, text.as_bytes()).map_err(|_| InvalidKey)?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The payload of a token that this key has signed.
    pub(crate) fn verify(&self, token: &str) -> Option<Value> {
        let (text, signature) = token.rsplit_once('.').filter(|_| token.len() <= TOKEN_BYTES_MAX)?;
        let (header, payload) = text.split_once('.')?;
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header.str("alg") != ALGORITHM {
            return None;
        }
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key());
        public.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }

    /// The public part as a JSON web key.
    pub(crate) fn public(&self) -> Value {
        // One byte says that the two coordinates follow as they are.
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(COORDINATE);
        json!({"use": "sig", "kty": "EC", "kid": self.id, "crv": "P-256", "alg": ALGORITHM, "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::fresh().unwrap()
    }

    #[test]
    fn only_what_this_key_signed_is_read() {
        // A2
        let (key, other) = (key(), key());
        let token = key.sign(&json!({"sub": "x"})).unwrap();
        assert_eq!(key.verify(&token), Some(json!({"sub": "x"})));
        assert_eq!(other.verify(&token), None);
        let (head, signature) = token.rsplit_once('.').unwrap();
        let header = head.split_once('.').unwrap().0;
        let forged = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(json!({"sub": "y"}).to_string()));
        let unsigned = URL_SAFE_NO_PAD.encode(json!({"alg": "none"}).to_string());
        let none = format!("{unsigned}.{}.", URL_SAFE_NO_PAD.encode(json!({"sub": "y"}).to_string()));
        for bad in [forged.as_str(), none.as_str(), "", "a.b.c", "...", head, &"x".repeat(TOKEN_BYTES_MAX + 1)] {
            assert_eq!(key.verify(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_public_key_is_named_by_its_digest() {
        let key = key();
        let public = key.public();
        assert_eq!((public.str("kid"), public.str("alg")), (key.id.as_str(), "ES256"));
        assert_eq!(URL_SAFE_NO_PAD.decode(public.str("x")).unwrap().len(), COORDINATE);
        assert_eq!(format!("{key:?}").matches("pair").count(), 0);
    }
}
