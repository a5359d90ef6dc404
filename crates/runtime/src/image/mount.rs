//! An image's files shown read-only at a directory of the machine: an overlay of its layers without an upper one.

use super::Image;
use crate::error::{Error, Result};
use crate::record::io_error;
use nix::mount::MsFlags;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The kernel takes options of one page.
const OPTIONS_BYTES_MAX: usize = 4000;

/// Mounts with the image's digest as the source, unless something is mounted there. `root` is the runtime's directory.
pub fn mount(image: &Image, root: &Path, place: &Path) -> Result<()> {
    if is_mounted(place)? {
        return Ok(());
    }
    // An overlay without an upper directory has two lower ones at least.
    let empty = root.join("empty");
    fs::create_dir_all(&empty).map_err(io_error("create", &empty))?;
    let layers = image.layers.iter().rev().map(|layer| layer.as_path()).chain([empty.as_path()]);
    let layers = layers.map(|layer| layer.display().to_string()).collect::<Vec<_>>().join(":");
    if layers.len() > OPTIONS_BYTES_MAX {
        return Err(Error::Host(format!("image {} has too many layers to be shown as a volume", image.reference)));
    }
    let options = format!("lowerdir={layers}");
    let flags = MsFlags::MS_RDONLY | MsFlags::MS_NODEV | MsFlags::MS_NOSUID;
    nix::mount::mount(Some(image.digest.as_str()), place, Some("overlay"), flags, Some(options.as_str()))
        .map_err(|error| io_error("mount", place)(error.into()))
}

/// The digests of the images that are shown where this process can see it.
pub fn shown() -> impl Iterator<Item = String> {
    let mounts = stead_sys::mount_table::read().unwrap_or_default();
    mounts.into_iter().filter(|mounted| mounted.kind == "overlay" && mounted.source.starts_with("sha256:")).map(|mounted| mounted.source)
}

fn is_mounted(place: &Path) -> Result<bool> {
    let device = |path: &Path| fs::symlink_metadata(path).map(|file| file.dev()).map_err(io_error("look at", path));
    Ok(place.parent().map(device).transpose()? != Some(device(place)?))
}
