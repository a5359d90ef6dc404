//! The keys that seal Secrets on disk, in one file beside the certificates: made at the first start, replaced when told to. Whoever has
//! the file and the store reads the Secrets; whoever loses it, loses them.

pub mod rotation;

use crate::file;
use crate::sealing::{KEY_LEN, Key};
use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const FILE: &str = "secrets-keys.json";
/// Of the file.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Written {
    version: u32,
    /// The first seals, all unseal.
    keys: Vec<WrittenKey>,
}

#[derive(Debug, Serialize, Deserialize)]
struct WrittenKey {
    id: String,
    /// In base64.
    secret: String,
}

/// The file in the directory of certificates.
pub fn path(tls: &Path) -> PathBuf {
    tls.join(FILE)
}

/// Reads the keys in that directory, or makes the first. A file that holds none is an error: another key would not open what there is.
pub fn open(tls: &Path) -> anyhow::Result<Vec<Key>> {
    if let Some(keys) = read(tls)? {
        return Ok(keys);
    }
    file::private_dir(tls)?;
    let keys = vec![fresh()?];
    write(tls, &keys)?;
    Ok(keys)
}

/// Makes another key, which seals once the server has seen it; that of before still unseals. Returns its name.
pub fn rotate(tls: &Path) -> anyhow::Result<String> {
    let shown = path(tls);
    let mut keys = read(tls)?.with_context(|| format!("{} is not there: no server has run here", shown.display()))?;
    let key = fresh()?;
    let id = key.id.clone();
    keys.insert(0, key);
    write(tls, &keys)?;
    Ok(id)
}

/// Whether every other key is forgotten, as the server does once that one seals everything.
pub fn is_alone(tls: &Path, id: &str) -> anyhow::Result<bool> {
    let keys = read(tls)?.unwrap_or_default();
    Ok(matches!(&keys[..], [only] if only.id == id))
}

/// Forgets the keys that seal nothing any more: all but the first of these, which were read before, and those that came since.
pub fn forget_former(tls: &Path, used: &[Key]) -> anyhow::Result<()> {
    let mut keys = read(tls)?.unwrap_or_default();
    let former = |key: &Key| used.iter().skip(1).any(|old| old.id == key.id);
    if keys.iter().any(former) {
        keys.retain(|key| !former(key));
        write(tls, &keys)?;
    }
    Ok(())
}

fn read(tls: &Path) -> anyhow::Result<Option<Vec<Key>>> {
    let path = path(tls);
    let bytes = match std::fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        read => read.with_context(|| format!("read {}", path.display()))?,
    };
    parse(&bytes).with_context(|| format!("read the keys in {}", path.display())).map(Some)
}

fn parse(bytes: &[u8]) -> anyhow::Result<Vec<Key>> {
    let written: Written = serde_json::from_slice(bytes)?;
    anyhow::ensure!(written.version <= VERSION, "its version is {}, this program knows up to {VERSION}", written.version);
    anyhow::ensure!(!written.keys.is_empty(), "it has no key");
    let key = |key: WrittenKey| {
        anyhow::ensure!(!key.id.is_empty() && !key.id.contains(':'), "{:?} is no name of a key", key.id);
        let secret = STANDARD.decode(&key.secret).ok().and_then(|secret| secret.try_into().ok());
        Ok(Key { secret: secret.with_context(|| format!("the key {:?} is not one of {KEY_LEN} bytes in base64", key.id))?, id: key.id })
    };
    written.keys.into_iter().map(key).collect()
}

fn write(tls: &Path, keys: &[Key]) -> anyhow::Result<()> {
    let keys = keys.iter().map(|key| WrittenKey { id: key.id.clone(), secret: STANDARD.encode(key.secret) }).collect();
    file::replace(&path(tls), &serde_json::to_vec(&Written { version: VERSION, keys })?, 0o600)
}

/// A key with a name that no other has had: records of one that was lost must not seem to be its own.
fn fresh() -> anyhow::Result<Key> {
    let (mut secret, mut id) = ([0; KEY_LEN], [0; 4]);
    let random = SystemRandom::new();
    random.fill(&mut secret).and_then(|()| random.fill(&mut id)).map_err(|_| anyhow::anyhow!("the system has no random numbers"))?;
    Ok(Key { id: format!("{:08x}", u32::from_be_bytes(id)), secret })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn ids(keys: &[Key]) -> Vec<&str> {
        keys.iter().map(|key| key.id.as_str()).collect()
    }

    #[test]
    fn a_key_is_made_once_and_another_put_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path()).unwrap();
        assert_eq!(std::fs::metadata(path(dir.path())).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(open(dir.path()).unwrap()[0].secret, first[0].secret);
        let second = rotate(dir.path()).unwrap();
        let both = open(dir.path()).unwrap();
        assert_eq!(ids(&both), [second.as_str(), first[0].id.as_str()]);
        assert_eq!(both[1].secret, first[0].secret);
        assert_ne!(both[0].secret, both[1].secret);
    }

    #[test]
    fn a_former_key_goes_and_one_that_came_since_stays() {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).unwrap();
        let second = rotate(dir.path()).unwrap();
        let used = open(dir.path()).unwrap();
        let third = rotate(dir.path()).unwrap();
        forget_former(dir.path(), &used).unwrap();
        assert_eq!(ids(&open(dir.path()).unwrap()), [third, second]);
    }

    #[test]
    fn a_file_without_a_good_key_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(rotate(dir.path()).is_err());
        for bad in
            ["", "{}", r#"{"version":1,"keys":[]}"#, r#"{"version":2,"keys":[]}"#, r#"{"version":1,"keys":[{"id":"1","secret":"eA=="}]}"#]
        {
            std::fs::write(path(dir.path()), bad).unwrap();
            let error = format!("{:#}", open(dir.path()).unwrap_err());
            assert!(error.contains(FILE), "{error}");
        }
    }
}
