//! Removing a tree without ever leaving it: no link is followed, no mount entered. A mount inside makes the removal fail with nothing of
//! it deleted; the caller takes mounts away first. A removal may be bounded, and goes on where it was with the next call.

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

/// What a bounded removal has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    All,
    /// So many entries were removed as were allowed; there are more.
    Some,
}

/// Removes a directory with all that is in it. One that is not there is removed.
pub(crate) fn remove_tree(path: &Path) -> Result<()> {
    let mut entries = u64::MAX;
    remove_some(path, &mut entries).map(|_all| ())
}

/// Removes at most `entries` (some hundreds or more: each level that it goes down costs one) of what is in a directory, and the directory when it is empty; says in `entries` how many are left to the
/// caller. One that is not there is removed.
pub fn remove_some(path: &Path, entries: &mut u64) -> Result<Removed> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::Refused("a root is not removed".to_owned()));
    };
    let parent_handle = match fs::File::open(parent) {
        Ok(parent) => OwnedFd::from(parent),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Removed::All),
        Err(error) => return Err(failed("open", parent)(error)),
    };
    let name = CString::new(std::os::unix::ffi::OsStrExt::as_bytes(name)).map_err(|error| failed("remove", path)(error.into()))?;
    let mut removal = Removal { moved: 0, entries };
    loop {
        let top = match open(&parent_handle, &name) {
            Ok(top) => top,
            Err(Errno::ENOENT) => return Ok(Removed::All),
            Err(error) => return Err(refusal(path, error)),
        };
        match removal.empty(&top, &top, 0).map_err(|error| refusal(path, error))? {
            Emptied::Whole => {}
            Emptied::ButWhatWasMoved => continue,
            Emptied::Partly => return Ok(Removed::Some),
        }
        drop(top);
        unlinkat(&parent_handle, name.as_c_str(), UnlinkatFlags::RemoveDir).map_err(|error| refusal(path, error))?;
        return Ok(Removed::All);
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

/// How far a directory was emptied.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Emptied {
    Whole,
    /// Something was moved up to the top, to be removed from there.
    ButWhatWasMoved,
    /// No more entries were allowed.
    Partly,
}

struct Removal<'a> {
    /// Directories that were too deep and have been moved up.
    moved: u64,
    /// How many may still be removed.
    entries: &'a mut u64,
}

impl Removal<'_> {
    /// Removes what is in a directory.
    fn empty(&mut self, top: &OwnedFd, directory: &OwnedFd, depth: u32) -> nix::Result<Emptied> {
        let mut emptied = Emptied::Whole;
        let mut entries = Dir::from_fd(directory.try_clone().map_err(|_| Errno::EMFILE)?)?;
        for entry in entries.iter() {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let Some(left) = self.entries.checked_sub(1) else { return Ok(Emptied::Partly) };
            *self.entries = left;
            if !is_directory(directory, &entry)? {
                ignore_missing(unlinkat(directory, name, UnlinkatFlags::NoRemoveDir))?;
            } else if depth >= DEPTH_MAX {
                self.move_up(top, directory, name)?;
                emptied = Emptied::ButWhatWasMoved;
            } else {
                let child = match open(directory, name) {
                    Err(Errno::ENOENT) => continue,
                    other => other?,
                };
                match self.empty(top, &child, depth + 1)? {
                    Emptied::Partly => return Ok(Emptied::Partly),
                    Emptied::ButWhatWasMoved => emptied = Emptied::ButWhatWasMoved,
                    Emptied::Whole => {}
                }
                drop(child);
                ignore_missing(unlinkat(directory, name, UnlinkatFlags::RemoveDir))?;
            }
        }
        Ok(emptied)
    }

    /// Moves a directory to the top, by a name that none has which a call before has moved there.
    fn move_up(&mut self, top: &OwnedFd, directory: &OwnedFd, name: &CStr) -> nix::Result<()> {
        loop {
            self.moved += 1;
            match nix::fcntl::renameat(directory.as_fd(), name, top.as_fd(), format!("..deep-{}", self.moved).as_str()) {
                Err(Errno::ENOTEMPTY | Errno::EEXIST) => {}
                other => return other,
            }
        }
    }
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
    fn a_removal_goes_on_where_it_stopped() {
        // VOL-2
        let dir = tempfile::tempdir().unwrap();
        let tree = dir.path().join("tree");
        for number in 0..20 {
            fs::create_dir_all(tree.join(format!("a/{number}"))).unwrap();
            fs::write(tree.join(format!("a/{number}/f")), "").unwrap();
        }
        let mut calls = 0;
        loop {
            let mut entries = 7;
            calls += 1;
            if remove_some(&tree, &mut entries).unwrap() == Removed::All {
                break;
            }
            assert_eq!((entries, tree.exists()), (0, true));
        }
        assert!(calls > 5 && !tree.exists(), "{calls}");
        let mut entries = 7;
        assert_eq!((remove_some(&tree, &mut entries).unwrap(), entries), (Removed::All, 7));
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
        while remove_some(&tree, &mut 500).unwrap() == Removed::Some {}
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
