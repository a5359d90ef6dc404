//! `images.json`: what the store has. Read by whoever looks, replaced as a whole by one at a time.

use crate::digest::Digest;
use crate::document::Settings;
use crate::error::{Error, Result};
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use stead_sys::file::{Durability, replace};

/// Raised when a program that knows only the versions before would misunderstand what this one writes.
const VERSION: u32 = 1;
/// Largest file that is read.
const BYTES_MAX: u64 = 256 << 20;

/// What there is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Index {
    pub version: u32,
    /// By the digest of their configuration.
    pub images: BTreeMap<Digest, ImageEntry>,
    /// Full references, tags and digests.
    pub names: BTreeMap<String, NameEntry>,
    /// Where layers are unpacked, by the digest of a layer with all below it.
    pub layers: BTreeMap<Digest, u64>,
    /// No layer's directory had this number yet.
    pub next_layer: u64,
}

impl Index {
    /// Gives an image names; whoever had them loses them. A pin stays with the image that has it.
    pub fn name(&mut self, id: &Digest, names: &[String], pinned: bool) {
        for name in names {
            let pinned = pinned || self.names.get(name).is_some_and(|known| known.pinned && known.image == *id);
            self.names.insert(name.clone(), NameEntry { image: id.clone(), pinned });
        }
    }

    /// Whether [`Index::name`] would change nothing.
    pub fn has_names(&self, id: &Digest, names: &[String], pinned: bool) -> bool {
        names.iter().all(|name| self.names.get(name).is_some_and(|known| known.image == *id && (known.pinned || !pinned)))
    }
}

/// One image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageEntry {
    pub manifest: Digest,
    pub settings: Settings,
    /// Layers with all below them, the lowest first.
    pub chains: Vec<Digest>,
    /// The layers' blobs, the lowest first.
    pub blobs: Vec<Digest>,
    /// Of manifest, configuration and blobs.
    pub size_bytes: u64,
}

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameEntry {
    pub image: Digest,
    /// Never collected: somebody put it here by hand.
    #[serde(default)]
    pub pinned: bool,
}

/// The file, and what it said when it was last read.
#[derive(Debug)]
pub struct IndexFile {
    path: PathBuf,
    lock: PathBuf,
    read: Mutex<Option<(Stamp, Arc<Index>)>>,
}

/// Which file it was that was read: every replacement is a file of its own.
type Stamp = (u64, i64, i64, u64);

impl IndexFile {
    pub fn new(dir: &Path) -> IndexFile {
        IndexFile { path: dir.join("images.json"), lock: dir.join("images.lock"), read: Mutex::new(None) }
    }

    /// As it is now.
    pub fn get(&self) -> Result<Arc<Index>> {
        let Some(stamp) = self.stamp()? else { return Ok(Arc::default()) };
        if let Some((known, index)) = &*self.read.lock().unwrap_or_else(PoisonError::into_inner)
            && *known == stamp
        {
            return Ok(Arc::clone(index));
        }
        let bytes = fs::read(&self.path).map_err(Error::io("read", &self.path))?;
        let not_understood = |reason| Error::NotUnderstood { path: self.path.clone(), reason };
        let index: Index = serde_json::from_slice(&bytes).map_err(|error| not_understood(error.to_string()))?;
        if index.version > VERSION {
            return Err(not_understood(format!("it is of version {}, and this program knows versions up to {VERSION}", index.version)));
        }
        let index = Arc::new(index);
        // It may have been replaced since; then it is read again next time.
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some((stamp, Arc::clone(&index)));
        Ok(index)
    }

    fn stamp(&self) -> Result<Option<Stamp>> {
        match fs::metadata(&self.path) {
            Ok(file) if file.len() > BYTES_MAX => {
                Err(Error::NotUnderstood { path: self.path.clone(), reason: format!("it has {} bytes", file.len()) })
            }
            Ok(file) => Ok(Some((file.ino(), file.mtime(), file.mtime_nsec(), file.len()))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("look at", &self.path)(error)),
        }
    }

    /// Changes it, on disk before this returns.
    pub fn update<T>(&self, change: impl FnOnce(&mut Index) -> Result<T>) -> Result<T> {
        let file = File::options().write(true).create(true).truncate(false).open(&self.lock).map_err(Error::io("open", &self.lock))?;
        let _lock = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| Error::io("lock", &self.lock)(error.into()))?;
        let mut index = Index::clone(&*self.get()?);
        let value = change(&mut index)?;
        index.version = VERSION;
        let bytes = serde_json::to_vec(&index).map_err(|error| Error::io("write down", &self.path)(error.into()))?;
        replace(&self.path, &bytes, 0o600, Durability::Power).map_err(Error::io("write", &self.path))?;
        Ok(value)
    }
}
