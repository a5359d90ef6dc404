//! The places of mounts, made before libcontainer would make them: of a sandbox with users of its own they belong to its root, and not to the
//! machine's, who is nobody there.

use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::{give, make_directory, open_in_root, open_root};
use crate::container::Mount;
use crate::executor::plain;

/// What every container has mounted; what is mounted below these has its place there.
const AUTOMATIC: [&str; 3] = ["/proc", "/dev", "/sys"];

/// Makes those that are missing. The mounts are settled already: no link is in their way.
pub fn make(rootfs: &Path, mounts: &[Mount], owner: u32) -> Result<(), String> {
    for path in AUTOMATIC {
        make_directory(rootfs, path, owner)?;
    }
    let is_below = |path: &Path| AUTOMATIC.iter().any(|automatic| path.starts_with(automatic));
    for mount in mounts.iter().filter(|mount| !is_below(Path::new(&mount.destination))) {
        match Path::new(&mount.destination).parent().and_then(Path::to_str) {
            Some(parent) if !mount.source.is_dir() => {
                make_directory(rootfs, parent, owner)?;
                make_file(rootfs, parent, &mount.destination, owner)?;
            }
            _ => make_directory(rootfs, &mount.destination, owner)?,
        }
    }
    Ok(())
}

fn make_file(rootfs: &Path, parent: &str, path: &str, owner: u32) -> Result<(), String> {
    let failed = |error: Errno| format!("make {path}: {}", plain(error as i32));
    let root = open_root(rootfs)?;
    let directory = open_in_root(&root, Path::new(parent), OFlag::O_PATH | OFlag::O_DIRECTORY).map_err(failed)?;
    let name = path.rsplit('/').next().unwrap_or_default();
    let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    match openat(&directory, name, flags, Mode::from_bits_truncate(0o644)) {
        Ok(file) => give(&file, owner).map_err(failed),
        Err(Errno::EEXIST) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}
