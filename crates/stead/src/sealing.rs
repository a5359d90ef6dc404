//! How Secrets are sealed on disk: AES-256-GCM, a fresh nonce for each write, bound to the storage key, so that no record can be put in
//! another's place. Pure but for chance. Input: keys, the first of which seals. Output: [`Sealing`] for the store.
//!
//! ```text
//! stead:sealed:v1:ID:  nonce (12 bytes)  ciphertext and tag (16 bytes)
//! ```

use bytes::Bytes;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use stead_store::{Seal, Unsealed};

/// Storage keys of Secrets begin so.
const SECRETS: &str = "/registry/secrets/";
/// What every sealed record begins with. Objects begin with a brace.
const MARK: &[u8] = b"stead:sealed:v1:";
/// Bytes of a key.
pub const KEY_LEN: usize = 32;

/// A key by its name, which every record says that it seals.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    pub id: String,
    pub secret: [u8; KEY_LEN],
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Seals and unseals Secrets.
pub struct Sealing {
    keys: RwLock<Usable>,
    random: SystemRandom,
}

/// Keys by their names; the first seals.
type Usable = Vec<(String, LessSafeKey)>;

impl std::fmt::Debug for Sealing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys().iter().map(|(id, _)| id)).finish()
    }
}

impl Sealing {
    /// With these keys, of which there is at least one.
    pub fn new(keys: &[Key]) -> Self {
        Self { keys: RwLock::new(usable(keys)), random: SystemRandom::new() }
    }

    /// Uses these keys from now on.
    pub fn replace(&self, keys: &[Key]) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = usable(keys);
    }

    fn keys(&self) -> RwLockReadGuard<'_, Usable> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn usable(keys: &[Key]) -> Usable {
    let usable = |key: &Key| {
        let unbound = UnboundKey::new(&AES_256_GCM, &key.secret).expect("the length of a key is that of the algorithm");
        (key.id.clone(), LessSafeKey::new(unbound))
    };
    keys.iter().map(usable).collect()
}

impl Seal for Sealing {
    fn covers(&self, key: &str) -> bool {
        key.starts_with(SECRETS)
    }

    fn seal(&self, key: &str, value: &[u8]) -> Result<Vec<u8>, String> {
        let keys = self.keys();
        let (id, cipher) = keys.first().ok_or("there is no key")?;
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| "the system has no random numbers")?;
        let mut text = value.to_vec();
        let sealed = cipher.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(key), &mut text);
        sealed.map_err(|_| "it is too long")?;
        Ok([MARK, id.as_bytes(), b":", &nonce, &text].concat())
    }

    fn unseal(&self, key: &str, stored: &[u8]) -> Result<Unsealed, String> {
        let Some(rest) = stored.strip_prefix(MARK) else {
            return Ok(Unsealed { value: Bytes::copy_from_slice(stored), is_current: false });
        };
        let end = rest.iter().position(|byte| *byte == b':').ok_or("it names no key")?;
        let id = str::from_utf8(&rest[..end]).map_err(|_| "it names no key")?;
        let keys = self.keys();
        let (_, cipher) = keys.iter().find(|(known, _)| known == id).ok_or_else(|| format!("the key {id:?} is not there"))?;
        let (nonce, text) = rest[end + 1..].split_first_chunk::<NONCE_LEN>().ok_or("it is cut off")?;
        let mut text = text.to_vec();
        let opened = cipher.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(key), &mut text);
        let value = opened.map_err(|_| format!("the key {id:?} does not fit, or it was changed"))?;
        Ok(Unsealed { value: Bytes::copy_from_slice(value), is_current: keys.first().is_some_and(|(first, _)| first == id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "/registry/secrets/ns/a";

    fn key(id: &str, byte: u8) -> Key {
        Key { id: id.to_owned(), secret: [byte; KEY_LEN] }
    }

    #[test]
    fn what_is_sealed_is_unsealed_and_not_seen() {
        let sealing = Sealing::new(&[key("1", 1)]);
        let (one, two) = (sealing.seal(KEY, b"{\"password\"}").unwrap(), sealing.seal(KEY, b"{\"password\"}").unwrap());
        assert_ne!(one, two);
        assert!(!one.windows(8).any(|window| window == b"password"));
        assert_eq!(sealing.unseal(KEY, &one).unwrap(), Unsealed { value: Bytes::from_static(b"{\"password\"}"), is_current: true });
        assert!(sealing.covers(KEY) && !sealing.covers("/registry/configmaps/ns/a"));
    }

    #[test]
    fn another_key_opens_what_it_sealed_once() {
        let old = Sealing::new(&[key("1", 1)]).seal(KEY, b"{}").unwrap();
        let both = Sealing::new(&[key("2", 2), key("1", 1)]);
        assert_eq!(both.unseal(KEY, &old).unwrap(), Unsealed { value: Bytes::from_static(b"{}"), is_current: false });
        assert_eq!(both.unseal(KEY, b"{}").unwrap(), Unsealed { value: Bytes::from_static(b"{}"), is_current: false });
        let error = Sealing::new(&[key("2", 2)]).unseal(KEY, &old).unwrap_err();
        assert_eq!(error, "the key \"1\" is not there");
    }

    #[test]
    fn what_was_changed_or_put_elsewhere_is_refused() {
        let sealing = Sealing::new(&[key("1", 1)]);
        let good = sealing.seal(KEY, b"{}").unwrap();
        assert!(sealing.unseal("/registry/secrets/ns/b", &good).is_err());
        for at in MARK.len()..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(sealing.unseal(KEY, &bad).is_err(), "{at}");
            assert!(sealing.unseal(KEY, &good[..at]).is_err(), "{at}");
        }
    }
}
