//! Giving a volume to a group (SEC-6): who is in it may read, and write where the volume can be written.
//!
//! Links are never followed and mounts inside never entered, whatever is done to the tree meanwhile: every entry is opened once and
//! changed through that handle.

use crate::error::{Result, failed};
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::fstat;
use nix::unistd::{Gid, fchownat};
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const READ: u32 = 0o440;
const READ_WRITE: u32 = 0o660;
const SEARCH: u32 = 0o110;
const SET_GROUP: u32 = 0o2000;

/// When the tree is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Always,
    /// Not if the root has the group and the mode already.
    OnRootMismatch,
}

/// Whom a volume is given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    pub gid: u32,
    /// The group may only read it.
    pub read_only: bool,
    pub change: Change,
}

impl Group {
    fn access(self) -> u32 {
        if self.read_only { READ } else { READ_WRITE }
    }

    /// The mode of a file that had that one.
    pub(crate) fn file_mode(self, mode: u32) -> u32 {
        mode | self.access()
    }

    /// The mode of a directory that had that one.
    pub(crate) fn directory_mode(self, mode: u32) -> u32 {
        mode | self.access() | SEARCH | SET_GROUP
    }
}

/// Gives a tree to a group; the owners stay.
pub(crate) fn give(root: &Path, group: Group) -> Result<()> {
    let top = open(None, root).map_err(failed("open", root))?;
    let found = fstat(&top).map_err(|error| failed("look at", root)(error.into()))?;
    let mode = found.st_mode & 0o7777;
    if group.change == Change::OnRootMismatch && found.st_gid == group.gid && group.directory_mode(mode) == mode {
        return Ok(());
    }
    let mut directories = vec![PathBuf::new()];
    while let Some(directory) = directories.pop() {
        let handle = if directory.as_os_str().is_empty() { open(None, root) } else { open(Some(&top), &directory) };
        let handle = match handle {
            Ok(handle) => handle,
            Err(error) if directory.as_os_str().is_empty() => return Err(failed("open", root)(error)),
            Err(_) => continue, // gone or replaced meanwhile, or another file system
        };
        for entry in fs::read_dir(through(&handle)).map_err(failed("list", &root.join(&directory)))?.flatten() {
            let path = directory.join(entry.file_name());
            let Ok(entry) = open(Some(&top), &path) else { continue };
            if give_one(&entry, group).map_err(failed("give to the group", &root.join(&path)))? {
                directories.push(path);
            }
        }
    }
    // Last, so that a walk that was cut short is made again (OnRootMismatch).
    give_one(&top, group).map_err(failed("give to the group", root))?;
    Ok(())
}

fn open(top: Option<&OwnedFd>, path: &Path) -> std::io::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    match top {
        None => Ok(nix::fcntl::open(path, flags | OFlag::O_DIRECTORY, nix::sys::stat::Mode::empty())?),
        Some(top) => {
            let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS | ResolveFlag::RESOLVE_NO_XDEV;
            Ok(openat2(top, path, OpenHow::new().flags(flags).resolve(resolve))?)
        }
    }
}

fn through(handle: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", handle.as_raw_fd())
}

/// `true`: it is a directory.
fn give_one(entry: &OwnedFd, group: Group) -> std::io::Result<bool> {
    let found = fstat(entry)?;
    let kind = found.st_mode & nix::libc::S_IFMT;
    let mode = found.st_mode & 0o7777;
    if found.st_gid != group.gid {
        fchownat(entry, "", None, Some(Gid::from_raw(group.gid)), AtFlags::AT_EMPTY_PATH)?;
    }
    let wanted = match kind {
        nix::libc::S_IFLNK => return Ok(false),
        nix::libc::S_IFDIR => group.directory_mode(mode),
        _ => group.file_mode(mode),
    };
    // A change of owner takes the bits of set-group-id away.
    fs::set_permissions(through(entry), fs::Permissions::from_mode(wanted))?;
    Ok(kind == nix::libc::S_IFDIR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    fn gid_here() -> u32 {
        // Without root only one's own group can be given.
        if nix::unistd::geteuid().is_root() { 3000 } else { nix::unistd::getegid().as_raw() }
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn files_and_directories_are_opened_to_the_group_and_links_are_not_followed() {
        // SEC-6
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("d")).unwrap();
        let outside = dir.path().join("outside");
        fs::write(&outside, "").unwrap();
        set(&outside, 0o600);
        fs::write(root.join("d/f"), "").unwrap();
        set(&root.join("d/f"), 0o400);
        set(&root.join("d"), 0o700);
        set(&root, 0o777);
        symlink(&outside, root.join("link")).unwrap();
        let group = Group { gid: gid_here(), read_only: false, change: Change::Always };
        give(&root, group).unwrap();
        assert_eq!((mode(&root), mode(&root.join("d")), mode(&root.join("d/f"))), (0o2777, 0o2770, 0o660));
        assert_eq!(mode(&outside), 0o600);
        assert_eq!(fs::symlink_metadata(root.join("link")).unwrap().gid(), group.gid);
        assert_ne!((fs::metadata(&outside).unwrap().gid(), true), (group.gid, nix::unistd::geteuid().is_root()));
    }

    #[test]
    fn a_tree_whose_root_is_right_is_left_alone_if_asked() {
        // SEC-6
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::write(root.join("f"), "").unwrap();
        let group = Group { gid: gid_here(), read_only: true, change: Change::OnRootMismatch };
        give(root, group).unwrap();
        set(&root.join("f"), 0o600);
        give(root, group).unwrap();
        assert_eq!(mode(&root.join("f")), 0o600);
        give(root, Group { change: Change::Always, ..group }).unwrap();
        assert_eq!(mode(&root.join("f")), 0o640);
    }
}
