//! Memory file systems and binds: making and unmaking them, and which there are.

use crate::error::{Result, failed};
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

const NONE: Option<&str> = None;

/// Mounts a memory file system that never goes to swap where the kernel can promise that.
pub(crate) fn memory(place: &Path, size_bytes: u64) -> Result<()> {
    static SWAPS: AtomicBool = AtomicBool::new(false);
    let size = format!("size={size_bytes}");
    let with = |options: &str| mount(Some("tmpfs"), place, Some("tmpfs"), MsFlags::empty(), Some(options));
    if !SWAPS.load(Ordering::Relaxed) {
        match with(&format!("{size},noswap")) {
            Ok(()) => return Ok(()),
            Err(Errno::EINVAL) => SWAPS.store(true, Ordering::Relaxed),
            Err(error) => return Err(failed("mount a memory file system on", place)(error.into())),
        }
    }
    with(&size).map_err(|error| failed("mount a memory file system on", place)(error.into()))
}

/// Mounts a file system of huge pages of that size.
pub(crate) fn huge_pages(place: &Path, page_bytes: u64) -> Result<()> {
    let options = format!("pagesize={page_bytes}");
    mount(Some("nodev"), place, Some("hugetlbfs"), MsFlags::empty(), Some(options.as_str()))
        .map_err(|error| failed("mount a file system of huge pages on", place)(error.into()))
}

/// Binds what a handle leads to.
pub(crate) fn bind(source: &OwnedFd, place: &Path) -> Result<()> {
    let source = format!("/proc/self/fd/{}", source.as_raw_fd());
    mount(Some(source.as_str()), place, NONE, MsFlags::MS_BIND | MsFlags::MS_REC, NONE)
        .map_err(|error| failed("bind on", place)(error.into()))
}

/// Whether another file system begins there.
pub(crate) fn is_mounted(place: &Path) -> bool {
    let device = |path: &Path| fs::symlink_metadata(path).map(|found| found.dev()).ok();
    let (Some(here), Some(above)) = (device(place), place.parent().and_then(device)) else { return false };
    here != above
}

/// Takes a mount away, however often something was mounted there.
pub(crate) fn unmount(place: &Path) -> Result<()> {
    loop {
        match umount2(place, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
            Ok(()) => {}
            Err(Errno::EINVAL | Errno::ENOENT) => return Ok(()),
            Err(error) => return Err(failed("unmount", place)(error.into())),
        }
    }
}

/// The places of all mounts at or below a directory, the outer ones first.
pub(crate) fn below(directory: &Path) -> Result<Vec<PathBuf>> {
    let mounted = stead_sys::mount_table::read().map_err(failed("list the mounts below", directory))?;
    Ok(mounted.into_iter().map(|mounted| mounted.place).filter(|place| place.starts_with(directory)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_found() {
        assert!(below(Path::new("/proc")).unwrap().contains(&PathBuf::from("/proc")));
        assert!(is_mounted(Path::new("/proc")) && !is_mounted(Path::new("/proc/self")));
    }
}
