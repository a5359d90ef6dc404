//! Images: their configuration and where their layers lie.
//!
//! Owns `<root>/images` and `<root>/layers`. Pulling from registries is not here yet: an image that is not present stays so.

mod builtin;

use std::collections::{BTreeMap, BTreeSet};
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

/// The images below one directory: `<hexadecimal digits of the digest>/{image.json,layer/}`, and `names.json`.
#[derive(Debug)]
pub struct Images {
    dir: PathBuf,
    known: Mutex<Known>,
    /// Held while an image is made.
    making: Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    /// By digest.
    images: BTreeMap<String, Image>,
    /// Digest of each reference.
    names: BTreeMap<String, String>,
}

impl Images {
    /// Reads what is there. Images that were not finished are removed.
    pub fn open(dir: &Path) -> Result<Images> {
        let mut images = BTreeMap::new();
        for found in fs::read_dir(dir).map_err(io_error("list", dir))?.flatten().filter(|found| found.path().is_dir()) {
            let path = found.path();
            match record::read_unless_spoilt::<Image>(&path.join("image.json"))? {
                Some(image) => {
                    images.insert(image.digest.clone(), image);
                }
                None => unless_missing(fs::remove_dir_all(&path)).map_err(io_error("remove", &path))?,
            }
        }
        let mut names: BTreeMap<String, String> = record::read_unless_spoilt(&dir.join("names.json"))?.unwrap_or_default();
        names.retain(|_, digest| images.contains_key(digest));
        Ok(Images { dir: dir.to_owned(), known: Mutex::new(Known { images, names }), making: Mutex::new(()) })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, digest: &str) -> PathBuf {
        self.dir.join(digest.trim_start_matches("sha256:"))
    }

    /// By reference or digest.
    pub fn get(&self, reference: &str) -> Option<Image> {
        let known = self.known();
        known.images.get(known.names.get(reference).map_or(reference, String::as_str)).cloned()
    }

    /// All that have a name, sorted by reference.
    pub fn list(&self) -> Vec<Image> {
        let known = self.known();
        known.names.values().filter_map(|digest| known.images.get(digest)).cloned().collect()
    }

    /// Makes the built-in image under that name, unless the same one is there.
    pub fn builtin(&self, reference: &str, executable: &Path) -> Result<Image> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = builtin::plan(executable)?;
        let image = match self.get(&plan.digest) {
            Some(image) => image,
            None => self.make_builtin(&plan, reference)?,
        };
        if self.get(reference).is_none_or(|named| named.digest != image.digest) {
            let mut known = self.known();
            known.images.insert(image.digest.clone(), image.clone());
            known.names.insert(reference.to_owned(), image.digest.clone());
            record::write(&self.dir.join("names.json"), &known.names, Durability::Power)?;
        }
        Ok(image)
    }

    fn make_builtin(&self, plan: &builtin::Plan, reference: &str) -> Result<Image> {
        let dir = self.place(&plan.digest);
        unless_missing(fs::remove_dir_all(&dir)).map_err(io_error("remove", &dir))?;
        let image = builtin::make(plan, reference, &dir.join("layer"))?;
        // The record says that the layer is whole; it must not outlive a loss of power that the layer does not.
        let opened = fs::File::open(&dir).map_err(io_error("open", &dir))?;
        nix::unistd::syncfs(&opened).map_err(|error| io_error("sync", &dir)(error.into()))?;
        record::write(&dir.join("image.json"), &image, Durability::Power)?;
        Ok(image)
    }

    /// Removes images that have no name any more, but for those with these digests: containers run on their layers.
    pub fn remove_nameless(&self, in_use: &BTreeSet<String>) -> Result<()> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let nameless: Vec<String> = {
            let known = self.known();
            let named: BTreeSet<&String> = known.names.values().collect();
            known.images.keys().filter(|digest| !named.contains(digest) && !in_use.contains(*digest)).cloned().collect()
        };
        for digest in nameless {
            self.known().images.remove(&digest);
            let dir = self.place(&digest);
            unless_missing(fs::remove_dir_all(&dir)).map_err(io_error("remove", &dir))?;
        }
        Ok(())
    }

    /// Removes all.
    pub fn remove_all(&self) -> Result<()> {
        *self.known() = Known::default();
        for found in fs::read_dir(&self.dir).map_err(io_error("list", &self.dir))?.flatten() {
            let path = found.path();
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            unless_missing(removed).map_err(io_error("remove", &path))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_whose_program_changed_stays_as_long_as_it_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let (program, store) = (dir.path().join("program"), dir.path().join("images"));
        fs::create_dir(&store).unwrap();
        fs::write(&program, "one").unwrap();
        let images = Images::open(&store).unwrap();
        let first = images.builtin("name:1", &program).unwrap();
        assert_eq!(images.builtin("name:1", &program).unwrap().digest, first.digest);
        fs::write(&program, "another").unwrap();
        let second = images.builtin("name:1", &program).unwrap();
        assert_ne!(first.digest, second.digest);
        drop(images);
        let images = Images::open(&store).unwrap();
        assert_eq!(images.get("name:1").unwrap().digest, second.digest);
        assert_eq!(images.list().len(), 1);
        images.remove_nameless(&BTreeSet::from([first.digest.clone()])).unwrap();
        assert!(first.layers[0].join("bin/stead").exists());
        images.remove_nameless(&BTreeSet::new()).unwrap();
        assert!(!first.layers[0].exists() && second.layers[0].join("bin/stead").exists());
        assert_eq!(fs::read_link(second.layers[0].join("bin/httpd")).unwrap(), Path::new("stead"));
        images.remove_all().unwrap();
        assert_eq!(fs::read_dir(&store).unwrap().count(), 0);
    }
}
