//! Images: their configuration and where their layers lie.
//!
//! Owns `<root>/images` and `<root>/layers`. Pulling from registries is not here yet: an image that is not present stays so.

mod builtin;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::record::{self, Durability, io_error, unless_missing};

/// An image that is present.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Image {
    /// The name it is known by, such as `localhost/stead:1`.
    pub reference: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// What it asks for.
    pub config: ImageConfig,
    /// Unpacked layers, the lowest first.
    pub layers: Vec<PathBuf>,
    /// Bytes of all layers.
    pub size_bytes: u64,
}

/// What an image asks for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ImageConfig {
    /// In order.
    pub env: Vec<(String, String)>,
    /// Program, and arguments before the command's.
    pub entrypoint: Vec<String>,
    /// Arguments, or program and arguments without an entrypoint.
    pub cmd: Vec<String>,
    /// `user[:group]`, names or numbers; empty: root.
    pub user: String,
    /// Empty: `/`.
    pub working_dir: String,
    /// Name or number; None: SIGTERM.
    pub stop_signal: Option<String>,
}

/// The images below one directory.
#[derive(Debug)]
pub struct Images {
    dir: PathBuf,
    known: Mutex<BTreeMap<String, Image>>,
    /// Held while an image is made.
    making: Mutex<()>,
}

impl Images {
    /// Reads what is there. Images that were not finished are removed.
    pub fn open(dir: &Path) -> Result<Images> {
        let mut known = BTreeMap::new();
        for found in fs::read_dir(dir).map_err(io_error("list", dir))?.flatten() {
            let path = found.path();
            match record::read_unless_spoilt::<Image>(&path.join("image.json"))? {
                Some(image) => {
                    known.insert(image.reference.clone(), image);
                }
                None => unless_missing(fs::remove_dir_all(&path)).map_err(io_error("remove", &path))?,
            }
        }
        Ok(Images { dir: dir.to_owned(), known: Mutex::new(known), making: Mutex::new(()) })
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Image>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By reference or digest.
    pub fn get(&self, reference: &str) -> Option<Image> {
        let known = self.known();
        known.get(reference).or_else(|| known.values().find(|image| image.digest == reference)).cloned()
    }

    /// All, sorted by reference.
    pub fn list(&self) -> Vec<Image> {
        self.known().values().cloned().collect()
    }

    /// Makes the built-in image under that name, unless the same one is there.
    pub fn builtin(&self, reference: &str, executable: &Path) -> Result<Image> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = builtin::plan(executable)?;
        if let Some(image) = self.get(reference).filter(|image| image.digest == plan.digest) {
            return Ok(image);
        }
        let name = plan.digest.trim_start_matches("sha256:").to_owned();
        let dir = self.dir.join(&name);
        unless_missing(fs::remove_dir_all(&dir)).map_err(io_error("remove", &dir))?;
        let image = builtin::make(&plan, reference, &dir.join("layer"))?;
        // The record says that the layer is whole; it must not outlive a loss of power that the layer does not.
        let layer = fs::File::open(&dir).map_err(io_error("open", &dir))?;
        nix::unistd::syncfs(&layer).map_err(|error| io_error("sync", &dir)(error.into()))?;
        record::write(&dir.join("image.json"), &image, Durability::Power)?;
        self.known().insert(reference.to_owned(), image.clone());
        Ok(image)
    }

    /// Removes all.
    pub fn remove_all(&self) -> Result<()> {
        self.known().clear();
        for found in fs::read_dir(&self.dir).map_err(io_error("list", &self.dir))?.flatten() {
            let path = found.path();
            unless_missing(fs::remove_dir_all(&path)).map_err(io_error("remove", &path))?;
        }
        Ok(())
    }
}
