//! Takes names from images, and removes what no name leads to and nothing uses: image, layers, blobs.

use crate::digest::Digest;
use crate::error::{Error, Result, unless_missing};
use crate::index::Index;
use crate::reference::Reference;
use crate::store::{Ingest, Store, find};
use nix::fcntl::FlockArg;
use std::collections::BTreeSet;
use std::fs;

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Removed {
    pub names: Vec<String>,
    pub images: Vec<Digest>,
    /// Of the images, as they came.
    pub bytes: u64,
}

/// The ids of images that something uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InUse {
    Images(BTreeSet<String>),
    /// It may be any.
    Unknown,
}

impl InUse {
    pub fn holds(&self, id: &Digest) -> bool {
        match self {
            InUse::Images(ids) => ids.contains(id.as_str()),
            InUse::Unknown => true,
        }
    }
}

impl Store {
    /// Takes a name away; with the last tag its digests go too. By id or digest, all names of the image go.
    pub fn untag(&self, name: &str) -> Result<Vec<String>> {
        self.update(|index| {
            let id = find(index, name).ok_or_else(|| Error::NotPresent(name.to_owned()))?;
            let key = name.parse::<Reference>().ok().map(|reference| reference.key());
            let tag = key.filter(|key| !key.contains('@') && index.names.get(key).is_some_and(|entry| entry.image == id));
            let of_image: Vec<String> = index.names.iter().filter(|(_, entry)| entry.image == id).map(|(name, _)| name.clone()).collect();
            let other_tags = of_image.iter().any(|name| !name.contains('@') && Some(name) != tag.as_ref());
            let gone = match tag {
                Some(tag) if other_tags => vec![tag],
                _ => of_image,
            };
            index.names.retain(|name, _| !gone.contains(name));
            Ok(gone)
        })
    }

    /// Removes every image without a name that is not in use, and what is left of things that were never finished. None while somebody adds
    /// or uses something: then it is for another time. `in_use` is asked when nobody can begin to use one any more.
    pub fn sweep(&self, in_use: impl FnOnce() -> InUse) -> Result<Option<Removed>> {
        let Some(lock) = self.try_lock(FlockArg::LockExclusiveNonblock)? else { return Ok(None) };
        let in_use = in_use();
        let mounted = self.mounted_layers();
        let (removed, kept) = self.update(|index| {
            let removed = forget(index, &in_use, &mounted);
            Ok((removed, index.clone()))
        })?;
        let mut trash = self.take_aside("layers", |name| kept.layers.values().any(|number| number.to_string() == name))?;
        let blobs = blobs(&kept);
        trash.extend(self.take_aside("blobs/sha256", |name| blobs.contains(name))?);
        // Nobody adds anything now, so what lies there was left by somebody who died.
        trash.extend(self.take_aside("ingest", |name| trash.iter().any(|own| own.0.ends_with(name)))?);
        drop(lock);
        drop(trash);
        Ok(Some(removed))
    }

    /// Moves out of the way what is not kept; it goes when the result does.
    fn take_aside(&self, directory: &str, is_kept: impl Fn(&str) -> bool) -> Result<Vec<Ingest>> {
        let directory = self.dir().join(directory);
        let mut aside = Vec::new();
        for found in fs::read_dir(&directory).map_err(Error::io("list", &directory))?.flatten() {
            if !is_kept(&found.file_name().to_string_lossy()) {
                let place = self.ingest();
                unless_missing(fs::rename(found.path(), &place.0)).map_err(Error::io("rename", &found.path()))?;
                aside.push(place);
            }
        }
        Ok(aside)
    }

    /// The numbers of the layers that are mounted where this process can see it.
    fn mounted_layers(&self) -> BTreeSet<u64> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let prefix = format!("{}/layers/", self.dir().display());
        let numbers = mounts.split(prefix.as_str()).skip(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        numbers.filter_map(|digits| digits.parse().ok()).collect()
    }
}

/// Takes out of the index what has no name and no use.
fn forget(index: &mut Index, in_use: &InUse, mounted: &BTreeSet<u64>) -> Removed {
    let named: BTreeSet<Digest> = index.names.values().map(|entry| entry.image.clone()).collect();
    let layers = index.layers.clone();
    let is_mounted = |chain: &Digest| layers.get(chain).is_some_and(|number| mounted.contains(number));
    let mut removed = Removed::default();
    index.images.retain(|id, image| {
        let kept = named.contains(id) || in_use.holds(id) || image.chains.iter().any(is_mounted);
        if !kept {
            removed.images.push(id.clone());
            removed.bytes += image.size_bytes;
        }
        kept
    });
    let used: BTreeSet<&Digest> = index.images.values().flat_map(|image| &image.chains).collect();
    // Of what containers run on that nobody can list, the image may be unknown and its layers not.
    index.layers.retain(|chain, number| used.contains(chain) || mounted.contains(number) || *in_use == InUse::Unknown);
    removed
}

/// The digits of every blob that an image or a name needs.
fn blobs(index: &Index) -> BTreeSet<String> {
    let of_images = index
        .images
        .iter()
        .flat_map(|(id, image)| [id, &image.manifest].into_iter().chain(&image.blobs).map(|digest| digest.hex().to_owned()));
    let of_names = index.names.keys().filter_map(|name| Some(name.rsplit_once("@sha256:")?.1.to_owned()));
    of_images.chain(of_names).collect()
}
