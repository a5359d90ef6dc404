//! An image shown as a volume, for users of its own: its overlay cannot show other ids, its layers can. So it is mounted once more from those.

use std::fs;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use nix::mount::MsFlags;
use stead_sys::mount::{copy_mount, place_tree};
use stead_sys::mount_table::{self, Mounted};

use super::map_ids;
use crate::executor::plain;

/// The place of a second view of the image that is mounted at `source`; None if none is. `work` is a directory of the container's.
pub fn stage(work: &Path, source: &Path, users: BorrowedFd<'_>) -> Result<Option<PathBuf>, String> {
    let source = source.canonicalize().map_err(|error| format!("resolve {}: {error}", source.display()))?;
    let table = mount_table::read().map_err(|error| format!("read the mounts: {error}"))?;
    let Some((layers, inside)) = table.iter().rev().find(|mounted| mounted.place == source).and_then(layers) else { return Ok(None) };
    let failed = |error: std::io::Error| format!("show image {}: {error}", source.display());
    let (all, view) = (work.join("layers"), work.join("view"));
    fs::create_dir_all(&view).map_err(failed)?;
    for (number, layer) in layers.iter().enumerate() {
        let place = all.join(number.to_string());
        fs::create_dir_all(&place).map_err(failed)?;
        let tree = copy_mount(layer).map_err(failed)?;
        map_ids(&tree, users, layer)?;
        place_tree(&tree, &place).map_err(failed)?;
    }
    // All options have to fit into a page. This process is the container's own, and what follows names whole paths.
    std::env::set_current_dir(&all).map_err(failed)?;
    let names: Vec<String> = (0..layers.len()).map(|number| number.to_string()).collect();
    let (flags, options) = (MsFlags::MS_RDONLY | MsFlags::MS_NODEV | MsFlags::MS_NOSUID, format!("lowerdir={}", names.join(":")));
    nix::mount::mount(Some("overlay"), &view, Some("overlay"), flags, Some(options.as_str()))
        .map_err(|error| format!("show image {}: {}", source.display(), plain(error as i32)))?;
    Ok(Some(view.join(inside)))
}

/// The layers of an image's overlay from the uppermost, and the path in it that is shown.
fn layers(mounted: &Mounted) -> Option<(Vec<PathBuf>, PathBuf)> {
    let is_image = mounted.kind == "overlay" && mounted.source.starts_with("sha256:");
    let lower = mounted.options.split(',').find_map(|option| option.strip_prefix("lowerdir=")).filter(|_| is_image)?;
    Some((lower.split(':').map(PathBuf::from).collect(), mounted.root.strip_prefix("/").ok()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_those_of_the_image_s_mount() {
        let line = |root: &str, source: &str| format!("9 1 0:5 {root} /p ro - overlay {source} ro,lowerdir=/l/2:/l/1,xino=off\n");
        let of = |root: &str, source: &str| layers(&mount_table::parse(line(root, source).as_bytes())[0]);
        let all = vec![PathBuf::from("/l/2"), PathBuf::from("/l/1")];
        assert_eq!(of("/", "sha256:ab"), Some((all.clone(), PathBuf::new())));
        assert_eq!(of("/etc/x", "sha256:ab"), Some((all, PathBuf::from("etc/x"))));
        assert_eq!(of("/", "overlay"), None);
    }
}
