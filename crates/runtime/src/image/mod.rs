//! Images: their configuration and where their layers lie.
//!
//! Owns `<root>/images`, where the built-in image is. All others are in a [`stead_images::Store`], which comes with the options.

mod builtin;
mod in_use;
mod mount;

pub use in_use::images_in_use;
pub use mount::{mount, shown};

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Result;
use crate::record::{self, Durability, Record, io_error, unless_missing};

/// An image that is present.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Image {
    /// The full name it is known by, such as `localhost/stead:1`; one without any, its id.
    pub reference: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// What it asks for.
    pub config: ImageConfig,
    /// Unpacked layers, the lowest first.
    pub layers: Vec<PathBuf>,
    /// Bytes of all layers.
    pub size_bytes: u64,
    /// Full names with a digest, by which a registry knows it.
    #[serde(default)]
    pub repo_digests: Vec<String>,
}

impl Image {
    /// An image of the store, asked for by that name.
    pub fn stored(image: stead_images::Image, asked: &str) -> Image {
        let asked = asked.parse().ok().map(|reference: stead_images::Reference| reference.key());
        let reference = asked.filter(|key| image.tags.contains(key)).or_else(|| image.tags.first().or(image.digests.first()).cloned());
        let settings = image.settings;
        Image {
            reference: reference.unwrap_or_else(|| image.id.to_string()),
            digest: image.id.to_string(),
            config: ImageConfig {
                env: settings.env,
                entrypoint: settings.entrypoint,
                cmd: settings.cmd,
                user: settings.user,
                working_dir: settings.working_dir,
                stop_signal: Some(settings.stop_signal).filter(|signal| !signal.is_empty()),
                volumes: settings.volumes,
                labels: settings.labels,
            },
            layers: image.layers,
            size_bytes: image.size_bytes,
            repo_digests: image.digests,
        }
    }
}

/// What an image asks for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
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
    /// Directories that every container gets anew, filled from the image.
    pub volumes: Vec<String>,
    pub labels: BTreeMap<String, String>,
}

/// The images below one directory: `<hexadecimal digits of the digest>/{image.json,layer/}`, and `names.json`.
#[derive(Debug)]
pub struct Images {
    dir: PathBuf,
    known: Mutex<Known>,
    /// Held while an image is made.
    making: Mutex<()>,
}

impl Record for Image {}

#[derive(Debug, Default)]
struct Known {
    /// By digest.
    images: BTreeMap<String, Image>,
    names: Names,
    /// Whether `names.json` is not understood: it stays as it is, and so does every image, since it may have a name there.
    names_are_foreign: bool,
}

/// The digest of each reference.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Names {
    names: BTreeMap<String, String>,
}

impl Record for Names {
    const VERSION: u32 = 2;

    fn from_version(version: u32, value: Value) -> serde_json::Result<Names> {
        if version == 1 { serde_json::from_value(value).map(|names| Names { names }) } else { serde_json::from_value(value) }
    }
}

/// The images that containers run on.
#[derive(Debug)]
pub enum InUse {
    /// Those with these digests.
    Digests(BTreeSet<String>),
    /// There are containers of which that is not known: it may be any.
    Unknown,
}

impl InUse {
    fn holds(&self, digest: &str) -> bool {
        match self {
            InUse::Digests(digests) => digests.contains(digest),
            InUse::Unknown => true,
        }
    }
}

impl Images {
    /// Reads what is there. Nothing is removed yet: containers may run on an image whose record is lost.
    pub fn open(dir: &Path) -> Result<Images> {
        let mut known = Known::default();
        for found in fs::read_dir(dir).map_err(io_error("list", dir))?.flatten().filter(|found| found.path().is_dir()) {
            match record::read::<Image>(&found.path().join("image.json")) {
                Ok(Some(image)) => {
                    known.images.insert(image.digest.clone(), image);
                }
                Ok(None) => {}
                Err(error) => tracing::error!(error = crate::error::chain(&error), "an image cannot be used"),
            }
        }
        match record::read::<Names>(&dir.join("names.json")) {
            Ok(names) => known.names = names.unwrap_or_default(),
            Err(error) => {
                tracing::error!(error = crate::error::chain(&error), "the names of images are not known");
                known.names_are_foreign = true;
            }
        }
        known.names.names.retain(|_, digest| known.images.contains_key(digest));
        Ok(Images { dir: dir.to_owned(), known: Mutex::new(known), making: Mutex::new(()) })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, digest: &str) -> PathBuf {
        self.dir.join(digest.trim_start_matches("sha256:"))
    }

    /// By reference or digest.
    pub fn get(&self, reference: &str) -> Option<Image> {
        let full = reference.parse().map(|reference: stead_images::Reference| reference.key()).ok();
        let known = self.known();
        let digest = known.names.names.get(reference).or_else(|| known.names.names.get(&full?));
        known.images.get(digest.map_or(reference, String::as_str)).cloned()
    }

    /// All that have a name, sorted by reference.
    pub fn list(&self) -> Vec<Image> {
        let known = self.known();
        known.names.names.values().filter_map(|digest| known.images.get(digest)).cloned().collect()
    }

    /// Makes the built-in image under that name, unless the same one is there.
    pub fn builtin(&self, reference: &str, executable: &Path, in_use: &InUse) -> Result<Image> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = builtin::plan(executable)?;
        let image = match self.get(&plan.digest) {
            Some(image) => image,
            None => self.make_builtin(&plan, reference, in_use)?,
        };
        if self.get(reference).is_none_or(|named| named.digest != image.digest) {
            let mut known = self.known();
            known.images.insert(image.digest.clone(), image.clone());
            known.names.names.insert(reference.to_owned(), image.digest.clone());
            if !known.names_are_foreign {
                record::write(&self.dir.join("names.json"), &known.names, Durability::Power)?;
            }
        }
        Ok(image)
    }

    fn make_builtin(&self, plan: &builtin::Plan, reference: &str, in_use: &InUse) -> Result<Image> {
        let dir = self.place(&plan.digest);
        let (layer, path) = (dir.join("layer"), dir.join("image.json"));
        // Not understood: it is not ours to replace.
        record::read::<Image>(&path)?;
        let image = if layer.exists() && in_use.holds(&plan.digest) {
            // Its record is lost. Containers run on whole images only, so what they run on is taken as it is.
            builtin::describe(plan, reference, &layer)?
        } else {
            unless_missing(fs::remove_dir_all(&dir)).map_err(io_error("remove", &dir))?;
            builtin::make(plan, reference, &layer)?
        };
        // The record says that the layer is whole; it must not outlive a loss of power that the layer does not.
        let opened = fs::File::open(&dir).map_err(io_error("open", &dir))?;
        nix::unistd::syncfs(&opened).map_err(|error| io_error("sync", &dir)(error.into()))?;
        record::write(&path, &image, Durability::Power)?;
        Ok(image)
    }

    /// Removes images that have no name any more or were never finished, but for those in use and those that are not understood.
    pub fn remove_unused(&self, in_use: &InUse) -> Result<()> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = self.known();
        if known.names_are_foreign {
            return Ok(());
        }
        let named: BTreeSet<String> = known.names.names.values().cloned().collect();
        known.images.retain(|digest, _| named.contains(digest) || in_use.holds(digest));
        for found in fs::read_dir(&self.dir).map_err(io_error("list", &self.dir))?.flatten().filter(|found| found.path().is_dir()) {
            let (path, digest) = (found.path(), format!("sha256:{}", found.file_name().to_string_lossy()));
            let is_understood = record::read::<Image>(&path.join("image.json")).is_ok();
            if is_understood && !known.images.contains_key(&digest) && !in_use.holds(&digest) {
                unless_missing(fs::remove_dir_all(&path)).map_err(io_error("remove", &path))?;
            }
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
        let none = InUse::Digests(BTreeSet::new());
        let first = images.builtin("name:1", &program, &none).unwrap();
        assert_eq!(images.builtin("name:1", &program, &none).unwrap().digest, first.digest);
        fs::write(&program, "another").unwrap();
        let second = images.builtin("name:1", &program, &none).unwrap();
        assert_ne!(first.digest, second.digest);
        drop(images);
        let images = Images::open(&store).unwrap();
        assert_eq!(images.get("name:1").unwrap().digest, second.digest);
        assert_eq!(images.list().len(), 1);
        images.remove_unused(&InUse::Digests(BTreeSet::from([first.digest.clone()]))).unwrap();
        assert!(first.layers[0].join("bin/stead").exists());
        images.remove_unused(&none).unwrap();
        assert!(!first.layers[0].exists() && second.layers[0].join("bin/stead").exists());
        assert_eq!(fs::read_link(second.layers[0].join("bin/httpd")).unwrap(), Path::new("stead"));
        images.remove_all().unwrap();
        assert_eq!(fs::read_dir(&store).unwrap().count(), 0);
    }

    #[test]
    fn a_layer_in_use_stays_whatever_became_of_its_record() {
        let dir = tempfile::tempdir().unwrap();
        let (program, store) = (dir.path().join("program"), dir.path().join("images"));
        fs::create_dir(&store).unwrap();
        fs::write(&program, "one").unwrap();
        let image = Images::open(&store).unwrap().builtin("name:1", &program, &InUse::Unknown).unwrap();
        let (record, layer) = (image.layers[0].with_file_name("image.json"), &image.layers[0]);
        let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap());
        let before = inode(layer);
        for in_use in [InUse::Digests(BTreeSet::from([image.digest.clone()])), InUse::Unknown] {
            for lost in ["", "{\"reference\":"] {
                fs::write(&record, lost).unwrap();
                let images = Images::open(&store).unwrap();
                images.remove_unused(&in_use).unwrap();
                let again = images.builtin("name:1", &program, &in_use).unwrap();
                assert_eq!((again.digest, again.layers, again.size_bytes), (image.digest.clone(), image.layers.clone(), image.size_bytes));
                assert_eq!(inode(layer), before);
            }
        }
        // Nobody runs on it: what was not finished is made anew.
        fs::write(&record, "").unwrap();
        let images = Images::open(&store).unwrap();
        images.remove_unused(&InUse::Digests(BTreeSet::new())).unwrap();
        assert!(!layer.exists());
    }

    #[test]
    fn names_of_version_1_are_read() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/v1/names.json");
        let names: Names = record::read(&path).unwrap().unwrap();
        assert!(names.names["localhost/stead:1"].starts_with("sha256:07d5e879"));
    }

    #[test]
    fn records_of_another_version_stay() {
        let dir = tempfile::tempdir().unwrap();
        let (program, store) = (dir.path().join("program"), dir.path().join("images"));
        let (later, names) = (store.join("0123"), store.join("names.json"));
        fs::create_dir_all(later.join("layer")).unwrap();
        fs::write(later.join("image.json"), r#"{"version":9,"layers":"elsewhere"}"#).unwrap();
        fs::write(&names, r#"{"version":9}"#).unwrap();
        fs::write(&program, "one").unwrap();
        let images = Images::open(&store).unwrap();
        let image = images.builtin("name:1", &program, &InUse::Digests(BTreeSet::new())).unwrap();
        images.remove_unused(&InUse::Digests(BTreeSet::new())).unwrap();
        assert_eq!(images.get("name:1").unwrap().digest, image.digest);
        assert!(later.join("layer").exists());
        assert_eq!(fs::read_to_string(&names).unwrap(), r#"{"version":9}"#);
    }
}
