//! Removing a tree without ever leaving it: no link is followed, no mount entered. A mount inside makes the removal fail with nothing of
//! it deleted; the caller takes mounts away first.

use crate::error::{Error, Result, failed};
use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::fstatat;
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::ffi::{CStr, CString};
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Directories that are open at a time; what lies deeper is moved up and removed from there.
const DEPTH_MAX: u32 = 64;

/// Removes a directory with all that is in it. One that is not there is removed.
pub(crate) fn remove_tree(path: &Path) -> Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::Refused("a root is not removed".to_owned()));
    };
    let parent_handle = match fs::File::open(parent) {
        Ok(parent) => OwnedFd::from(parent),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("open", parent)(error)),
    };
    let name = CString::new(std::os::unix::ffi::OsStrExt::as_bytes(name)).map_err(|error| failed("remove", path)(error.into()))?;
    let mut moved = 0;
    loop {
        let top = match open(&parent_handle, &name) {
            Ok(top) => top,
            Err(Errno::ENOENT) => return Ok(()),
            Err(error) => return Err(refusal(path, error)),
        };
        let again = empty(&top, &top, 0, &mut moved).map_err(|error| refusal(path, error))?;
        if !again {
            drop(top);
            return unlinkat(&parent_handle, name.as_c_str(), UnlinkatFlags::RemoveDir).map_err(|error| refusal(path, error));
        }
    }
}

fn refusal(path: &Path, error: Errno) -> Error {
    match error {
        Errno::EXDEV | Errno::EBUSY => Error::Refused(format!("{} is not removed: something is mounted in it", path.display())),
        error => failed("remove", path)(error.into()),
    }
}

fn open(parent: &OwnedFd, name: &CStr) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_NO_XDEV;
    openat2(parent, name, OpenHow::new().flags(flags).resolve(resolve))
}

/// Removes what is in a directory. `true`: something was moved up to the top, to be removed from there.
fn empty(top: &OwnedFd, directory: &OwnedFd, depth: u32, moved: &mut u64) -> nix::Result<bool> {
    let mut again = false;
    let mut entries = Dir::from_fd(directory.try_clone().map_err(|_| Errno::EMFILE)?)?;
    for entry in entries.iter() {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        if !is_directory(directory, &entry)? {
            ignore_missing(unlinkat(directory, name, UnlinkatFlags::NoRemoveDir))?;
        } else if depth >= DEPTH_MAX {
            *moved += 1;
            again = true;
            nix::fcntl::renameat(directory.as_fd(), name, top.as_fd(), format!("..deep-{moved}").as_str())?;
        } else {
            let child = match open(directory, name) {
                Err(Errno::ENOENT) => continue,
                other => other?,
            };
            again |= empty(top, &child, depth + 1, moved)?;
            drop(child);
            ignore_missing(unlinkat(directory, name, UnlinkatFlags::RemoveDir))?;
        }
    }
    Ok(again)
}

fn is_directory(directory: &OwnedFd, entry: &nix::dir::Entry) -> nix::Result<bool> {
    match entry.file_type() {
        Some(kind) => Ok(kind == Type::Directory),
        None => fstatat(directory, entry.file_name(), AtFlags::AT_SYMLINK_NOFOLLOW)
            .map(|found| found.st_mode & nix::libc::S_IFMT == nix::libc::S_IFDIR),
    }
}

fn ignore_missing(result: nix::Result<()>) -> nix::Result<()> {
    match result {
        Err(Errno::ENOENT) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_tree_goes_and_what_its_links_lead_to_stays() {
        // VOL-2
        let dir = tempfile::tempdir().unwrap();
        let (tree, kept) = (dir.path().join("tree"), dir.path().join("kept"));
        fs::create_dir_all(tree.join("a/b")).unwrap();
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("f"), "data").unwrap();
        fs::write(tree.join("a/f"), "").unwrap();
        symlink(&kept, tree.join("a/link")).unwrap();
        symlink("..", tree.join("a/b/up")).unwrap();
        remove_tree(&tree).unwrap();
        assert!(!tree.exists());
        assert_eq!(fs::read(kept.join("f")).unwrap(), b"data");
        remove_tree(&tree).unwrap();
        remove_tree(&tree.join("nowhere")).unwrap();
    }

    #[test]
    fn a_tree_may_be_deeper_than_there_are_handles() {
        // VOL-2
        let dir = tempfile::tempdir().unwrap();
        let tree = dir.path().join("tree");
        fs::create_dir(&tree).unwrap();
        let mut handle = OwnedFd::from(fs::File::open(&tree).unwrap());
        for _ in 0..3000 {
            nix::sys::stat::mkdirat(&handle, "d", nix::sys::stat::Mode::S_IRWXU).unwrap();
            handle = open(&handle, c"d").unwrap();
        }
        drop(handle);
        remove_tree(&tree).unwrap();
        assert!(!tree.exists());
    }

    #[test]
    fn a_link_in_the_place_of_a_tree_is_not_followed() {
        // VOL-2
        let dir = tempfile::tempdir().unwrap();
        let kept = dir.path().join("kept");
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("f"), "").unwrap();
        symlink(&kept, dir.path().join("link")).unwrap();
        remove_tree(&dir.path().join("link")).unwrap_err();
        assert!(kept.join("f").exists());
    }
}
