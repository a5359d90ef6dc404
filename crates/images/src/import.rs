//! Imports archives: what `docker save` writes, OCI layouts, and those that are both. Images are named as their archive does, and pinned.

use crate::Progress;
use crate::archive::Archive;
use crate::compression::Compression;
use crate::digest::Digest;
use crate::document::{Configuration, DOCUMENT_BYTES_MAX, Descriptor, Index, Manifest, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, parse};
use crate::error::{Error, Result};
use crate::platform::Platform;
use crate::reference::Reference;
use crate::store::{Hold, Store};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Images in one archive.
const IMAGES_MAX: usize = 1000;
/// Indexes within indexes.
const DEPTH_MAX: usize = 4;
/// The full name of an image in a layout, as containerd and docker write it.
pub const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// A tag or a name, as others do.
pub const OCI_NAME: &str = "org.opencontainers.image.ref.name";

/// An image that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The digest of its configuration.
    pub id: Digest,
    /// Full names; none if the archive has none.
    pub names: Vec<String>,
}

/// An entry of docker's `manifest.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

/// An image of an archive, whose blobs are in the store.
struct Found {
    manifest: Digest,
    config: Digest,
    names: Vec<String>,
}

/// Imports every image of an archive that is for this platform. Nothing is named unless all can be.
pub fn import(store: &Store, path: &Path, platform: &Platform, progress: &dyn Progress) -> Result<Vec<Imported>> {
    let hold = store.hold()?;
    let archive = Archive::open(store, path)?;
    let mut found = layout(store, &archive, path, platform)?.unwrap_or_default();
    let is_layout = !found.is_empty();
    saved(store, &archive, &mut found)?;
    if found.is_empty() {
        let reason = if is_layout { "has no image" } else { "is no image archive: it has neither manifest.json nor index.json" };
        return Err(Error::refused(format!("{} {reason}", path.display())));
    }
    add(store, &hold, found, progress)
}

/// Names all images at once, when each of them has been unpacked.
fn add(store: &Store, hold: &Hold, found: Vec<Found>, progress: &dyn Progress) -> Result<Vec<Imported>> {
    let mut imported = Vec::new();
    for image in found {
        let id = store.add_image(hold, &image.manifest, &[], true, progress)?;
        imported.push(Imported { id, names: image.names });
    }
    store.update(|index| {
        imported.iter().for_each(|image| index.name(&image.id, &image.names, true));
        Ok(())
    })?;
    Ok(imported)
}

/// The images of an OCI layout; None if it is none.
fn layout(store: &Store, archive: &Archive, path: &Path, platform: &Platform) -> Result<Option<Vec<Found>>> {
    let (Some(_), Some(index)) = (archive.document("oci-layout", DOCUMENT_BYTES_MAX)?, archive.document("index.json", DOCUMENT_BYTES_MAX)?)
    else {
        return Ok(None);
    };
    let index: Index = parse("index.json", &index)?;
    if index.manifests.len() > IMAGES_MAX {
        return Err(Error::refused(format!("an archive of more than {IMAGES_MAX} images is refused")));
    }
    // The same image may stand there once for each of its names, and several platforms of one name side by side.
    let mut by_name: BTreeMap<Option<String>, Vec<Descriptor>> = BTreeMap::new();
    for descriptor in index.manifests {
        let name = name_of(&descriptor, path)?;
        by_name.entry(name).or_default().push(descriptor);
    }
    let mut found: Vec<Found> = Vec::new();
    for (name, descriptors) in by_name {
        let chosen = if name.is_some() { vec![choose(&descriptors, platform)?.clone()] } else { descriptors };
        for descriptor in chosen {
            let manifest = resolve(store, archive, descriptor.clone(), platform)?;
            let config = fetch_image(store, archive, &manifest)?;
            let names = match &name {
                Some(name) => vec![name.clone(), name.parse::<Reference>()?.at(&descriptor.digest).key()],
                None => Vec::new(),
            };
            match found.iter_mut().find(|image| image.manifest == manifest.digest) {
                Some(image) => image.names.extend(names),
                None => found.push(Found { manifest: manifest.digest, config, names }),
            }
        }
    }
    Ok(Some(found))
}

/// A lone word is a tag; the archive's own name stands for the repository then.
fn name_of(descriptor: &Descriptor, path: &Path) -> Result<Option<String>> {
    let annotation = |key: &str| descriptor.annotations.get(key).filter(|name| !name.is_empty());
    let name = match (annotation(CONTAINERD_NAME), annotation(OCI_NAME)) {
        (Some(name), _) => name.clone(),
        (None, Some(name)) if name.contains(['/', ':', '@']) => name.clone(),
        (None, Some(tag)) => {
            let file = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
            format!("{}:{tag}", file.split('.').next().unwrap_or_default())
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(name.parse::<Reference>()?.key()))
}

/// One that does not say its platform is taken if it is alone.
pub fn choose<'a>(descriptors: &'a [Descriptor], platform: &Platform) -> Result<&'a Descriptor> {
    if let [only @ Descriptor { platform: None, .. }] = descriptors {
        return Ok(only);
    }
    let offered: Vec<Platform> = descriptors.iter().map(|descriptor| descriptor.platform.clone().unwrap_or_default()).collect();
    platform.choose(&offered).map(|at| &descriptors[at]).ok_or_else(|| Error::refused("no match for platform in manifest"))
}

/// The manifest that an index has for this platform (IMG-10).
fn resolve(store: &Store, archive: &Archive, mut descriptor: Descriptor, platform: &Platform) -> Result<Descriptor> {
    for _ in 0..DEPTH_MAX {
        let bytes = member(archive, &descriptor)?;
        let index: Index = parse("index", &bytes)?;
        // Of what has no type, the content tells.
        if !descriptor.is_index() && index.manifests.is_empty() {
            return Ok(descriptor);
        }
        store.add_blob(&bytes[..], "an index", Some(&descriptor.digest))?;
        descriptor = choose(&index.manifests, platform)?.clone();
    }
    Err(Error::refused(format!("an index that leads through more than {DEPTH_MAX} others is refused")))
}

/// Where a layout has a blob.
pub fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

fn member(archive: &Archive, descriptor: &Descriptor) -> Result<Vec<u8>> {
    let name = blob_name(&descriptor.digest);
    let bytes = archive.document(&name, DOCUMENT_BYTES_MAX)?.ok_or_else(|| Error::refused(format!("{name} is not in the archive")))?;
    check_size(descriptor, bytes.len() as u64)?;
    Ok(bytes)
}

fn check_size(descriptor: &Descriptor, found: u64) -> Result<()> {
    if descriptor.size == found {
        return Ok(());
    }
    Err(Error::refused(format!("{} has {found} bytes, not {}", descriptor.digest, descriptor.size)))
}

/// Takes manifest, configuration and layers into the store; gives the configuration's digest.
fn fetch_image(store: &Store, archive: &Archive, descriptor: &Descriptor) -> Result<Digest> {
    let bytes = member(archive, descriptor)?;
    let manifest: Manifest = parse("manifest", &bytes)?;
    store.add_blob(&bytes[..], "a manifest", Some(&descriptor.digest))?;
    let config = member(archive, &manifest.config)?;
    store.add_blob(&config[..], "a configuration", Some(&manifest.config.digest))?;
    for layer in manifest.layers {
        if store.has_blob(&layer.digest, layer.size) {
            continue;
        }
        let name = blob_name(&layer.digest);
        let content = archive.read(&name)?.ok_or_else(|| Error::refused(format!("{name} is not in the archive")))?;
        let (_, size) = store.add_blob(content, "a layer", Some(&layer.digest))?;
        check_size(&layer, size)?;
    }
    Ok(manifest.config.digest)
}

/// What `manifest.json` has: more names for images that were found already, or images.
fn saved(store: &Store, archive: &Archive, found: &mut Vec<Found>) -> Result<()> {
    let Some(bytes) = archive.document("manifest.json", DOCUMENT_BYTES_MAX)? else { return Ok(()) };
    let saved: Vec<Saved> = parse("manifest.json", &bytes)?;
    if saved.len() > IMAGES_MAX {
        return Err(Error::refused(format!("an archive of more than {IMAGES_MAX} images is refused")));
    }
    let of_layout = !found.is_empty();
    for image in saved {
        let config = archive.document(&image.config, DOCUMENT_BYTES_MAX)?;
        let config = config.ok_or_else(|| Error::refused(format!("{} is not in the archive", image.config)))?;
        let digest = Digest::of(&config);
        let tags = image.repo_tags.unwrap_or_default();
        let names = tags.iter().map(|tag| tag.parse::<Reference>().map(|name| name.key())).collect::<Result<Vec<_>>>()?;
        if let Some(known) = found.iter_mut().find(|known| known.config == digest) {
            known.names.extend(names.into_iter().filter(|name| !known.names.contains(name)).collect::<Vec<_>>());
            continue;
        }
        // One of several platforms that was not chosen.
        if of_layout {
            continue;
        }
        store.add_blob(&config[..], "a configuration", None)?;
        let manifest = saved_manifest(store, archive, &digest, &config, &image.layers.unwrap_or_default())?;
        found.push(Found { manifest, config: digest, names });
    }
    Ok(())
}

/// Takes the layers into the store and writes the manifest that such archives lack.
fn saved_manifest(store: &Store, archive: &Archive, digest: &Digest, config: &[u8], layers: &[String]) -> Result<Digest> {
    let parsed: Configuration = parse("configuration", config)?;
    if parsed.rootfs.diff_ids.len() != layers.len() {
        return Err(Error::refused(format!(
            "manifest.json has {} layers and the configuration {}",
            layers.len(),
            parsed.rootfs.diff_ids.len()
        )));
    }
    if layers.len() > crate::LAYERS_MAX {
        return Err(Error::refused(format!(
            "an image of {} layers is refused: at most {} can be mounted",
            layers.len(),
            crate::LAYERS_MAX
        )));
    }
    let mut descriptors = Vec::new();
    for name in layers {
        let content = archive.read(name)?.ok_or_else(|| Error::refused(format!("{name} is not in the archive")))?;
        let (blob, size) = store.add_blob(content, "a layer", None)?;
        let path = store.blob(&blob);
        let mut first = [0; 4];
        let length = std::fs::File::open(&path).and_then(|mut file| file.read(&mut first)).map_err(Error::io("read", &path))?;
        descriptors.push(Descriptor::new(&format!("{OCI_LAYER}{}", Compression::of(&first[..length]).suffix()), blob, size));
    }
    let config = Descriptor::new(OCI_CONFIG, digest.clone(), config.len() as u64);
    let manifest = Manifest { schema_version: 2, media_type: OCI_MANIFEST.to_owned(), config, layers: descriptors };
    let bytes = serde_json::to_vec(&manifest).map_err(|error| Error::refused(format!("the manifest cannot be written: {error}")))?;
    store.add_blob(&bytes[..], "a manifest", None).map(|(digest, _)| digest)
}
