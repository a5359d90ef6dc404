//! A path inside a volume, bound to a place of its own (VOL-14). The kernel resolves it below the volume's root and the handle that comes
//! of it is what is bound: whatever links are put in the way, also while it is looked up, nothing outside can be reached.

use crate::error::{Error, Result, failed};
use crate::mounts;
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::{Mode, fstat, mkdirat};
use std::fs;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Lookups that a rename elsewhere disturbed, until it is given up.
const TRIES_MAX: u32 = 16;

/// What is bound where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubPath {
    /// The volume's own directory or file.
    pub root: PathBuf,
    /// Relative, without `..`.
    pub path: String,
    /// Names of the volume and of the container, and the mount's number in it: its place.
    pub volume: String,
    pub container: String,
    pub index: usize,
}

impl SubPath {
    /// Where it is bound, below an owner's directory.
    pub fn place(&self, owner: &Path) -> PathBuf {
        owner.join("volume-subpaths").join(&self.volume).join(&self.container).join(self.index.to_string())
    }
}

/// Opens the path inside the root; directories that are missing are made.
pub(crate) fn resolve(root: &Path, path: &str) -> Result<OwnedFd> {
    if Path::new(path).components().any(|part| !matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir)) {
        return Err(Error::Refused(format!("{path:?} leaves the volume")));
    }
    let top = nix::fcntl::open(root, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty()).map_err(|e| failed("open", root)(e.into()))?;
    match beneath(&top, Path::new(path)) {
        Err(Errno::ENOENT) => make(&top, root, path),
        found => found.map_err(|error| failed("open", &root.join(path))(error.into())),
    }
}

/// A regular file inside a directory, of at most so many bytes; `None` if there is none.
pub fn read_below(root: &Path, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>> {
    let shown = root.join(path);
    let top = match nix::fcntl::open(root, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty()) {
        Err(Errno::ENOENT) => return Ok(None),
        top => top.map_err(|error| failed("open", root)(error.into()))?,
    };
    // Opened a second time, for reading, only when it is known what it is: to open a fifo would wait.
    let found = match beneath(&top, Path::new(path)) {
        Err(Errno::ENOENT) => return Ok(None),
        found => found.map_err(|error| failed("open", &shown)(error.into()))?,
    };
    let metadata = fstat(&found).map_err(|error| failed("look at", &shown)(error.into()))?;
    if metadata.st_mode & nix::libc::S_IFMT != nix::libc::S_IFREG || u64::try_from(metadata.st_size).unwrap_or(u64::MAX) > bytes_max {
        return Err(Error::Refused(format!("{path:?} is no file of at most {bytes_max} bytes")));
    }
    let file = fs::File::open(format!("/proc/self/fd/{}", found.as_raw_fd())).map_err(failed("open", &shown))?;
    let mut bytes = Vec::new();
    file.take(bytes_max).read_to_end(&mut bytes).map_err(failed("read", &shown))?;
    Ok(Some(bytes))
}

fn beneath(top: &OwnedFd, path: &Path) -> nix::Result<OwnedFd> {
    let how =
        OpenHow::new().flags(OFlag::O_PATH | OFlag::O_CLOEXEC).resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    let mut tries = 1;
    loop {
        match openat2(top, path, how) {
            Err(Errno::EAGAIN) if tries < TRIES_MAX => tries += 1,
            other => return other,
        }
    }
}

/// Makes the directories that are missing; the last one has the mode of the volume's root.
fn make(top: &OwnedFd, root: &Path, path: &str) -> Result<OwnedFd> {
    let refused = |error: Errno| failed("make", &root.join(path))(error.into());
    let mode = fstat(top).map_err(|error| failed("look at", root)(error.into()))?.st_mode & 0o2777;
    let mut so_far = PathBuf::new();
    let mut parent = beneath(top, Path::new(".")).map_err(refused)?;
    let mut made = false;
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        so_far.push(part);
        parent = match beneath(top, &so_far) {
            Err(Errno::ENOENT) => {
                match mkdirat(&parent, part, Mode::from_bits_truncate(mode & !0o022)) {
                    Ok(()) => made = true,
                    Err(Errno::EEXIST) => {}
                    Err(error) => return Err(refused(error)),
                }
                beneath(top, &so_far).map_err(refused)?
            }
            found => found.map_err(refused)?,
        };
    }
    if made {
        let handle = format!("/proc/self/fd/{}", parent.as_raw_fd());
        fs::set_permissions(handle, fs::Permissions::from_mode(mode)).map_err(failed("chmod", &root.join(path)))?;
    }
    Ok(parent)
}

/// Binds what a handle leads to at a place, in place of what was bound there before.
pub(crate) fn bind(source: &OwnedFd, place: &Path) -> Result<()> {
    let kind = fstat(source).map_err(|error| failed("look at", place)(error.into()))?.st_mode & nix::libc::S_IFMT;
    mounts::unmount(place)?;
    let parent = place.parent().unwrap_or(place);
    fs::create_dir_all(parent).map_err(failed("make", parent))?;
    let wants_directory = kind == nix::libc::S_IFDIR;
    match fs::symlink_metadata(place) {
        Ok(found) if found.is_dir() && !wants_directory => fs::remove_dir(place).map_err(failed("remove", place))?,
        Ok(found) if !found.is_dir() && wants_directory => fs::remove_file(place).map_err(failed("remove", place))?,
        _ => {}
    }
    if wants_directory {
        fs::create_dir_all(place).map_err(failed("make", place))?;
    } else {
        fs::OpenOptions::new().create(true).append(true).open(place).map_err(failed("make", place))?;
    }
    mounts::bind(source, place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    fn inode(handle: &OwnedFd) -> u64 {
        fstat(handle).unwrap().st_ino
    }

    #[test]
    fn missing_directories_are_made_with_the_mode_of_the_root() {
        // VOL-14
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        resolve(dir.path(), "a/b").unwrap();
        assert_eq!(fs::metadata(dir.path().join("a/b")).unwrap().mode() & 0o7777, 0o777);
        assert_eq!(fs::metadata(dir.path().join("a")).unwrap().mode() & 0o7777, 0o755);
    }

    #[test]
    fn links_inside_are_followed_and_those_that_leave_are_not() {
        // VOL-14
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("v");
        fs::create_dir_all(root.join("..data")).unwrap();
        fs::write(root.join("..data/a"), "").unwrap();
        symlink("..data/a", root.join("a")).unwrap();
        assert_eq!(inode(&resolve(&root, "a").unwrap()), fs::metadata(root.join("..data/a")).unwrap().ino());
        symlink("..", root.join("up")).unwrap();
        symlink("/etc", root.join("etc")).unwrap();
        symlink("/nowhere", root.join("dangling")).unwrap();
        for bad in ["up", "up/x", "etc", "etc/passwd", "dangling/x", "../x", "a/../../x", "/etc"] {
            resolve(&root, bad).unwrap_err();
        }
        assert!(!dir.path().join("x").exists());
    }

    #[test]
    fn only_files_inside_are_read() {
        // ENV-5
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("f"), "text").unwrap();
        symlink("/etc/passwd", dir.path().join("out")).unwrap();
        fs::create_dir(dir.path().join("d")).unwrap();
        nix::unistd::mkfifo(&dir.path().join("fifo"), Mode::S_IRWXU).unwrap();
        assert_eq!(read_below(dir.path(), "f", 4).unwrap().as_deref(), Some("text".as_bytes()));
        assert_eq!(read_below(dir.path(), "none", 4).unwrap(), None);
        for bad in ["out", "d", "fifo", "../x"] {
            read_below(dir.path(), bad, 4).unwrap_err();
        }
        read_below(dir.path(), "f", 3).unwrap_err();
    }

    #[test]
    fn a_directory_that_is_swapped_for_a_link_leads_nowhere() {
        // VOL-14: the element changes while it is looked up.
        let dir = tempfile::tempdir().unwrap();
        let (root, secret) = (dir.path().join("v"), dir.path().join("secret"));
        fs::create_dir_all(root.join("d/sub")).unwrap();
        fs::create_dir_all(secret.join("sub")).unwrap();
        symlink(&secret, root.join("evil")).unwrap();
        let outside = [secret.clone(), secret.join("sub")].map(|path| fs::metadata(path).unwrap().ino());
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let (a, b) = (root.join("d"), root.join("evil"));
                    nix::fcntl::renameat2(nix::fcntl::AT_FDCWD, &a, nix::fcntl::AT_FDCWD, &b, nix::fcntl::RenameFlags::RENAME_EXCHANGE)
                        .unwrap();
                }
            });
            let mut inside = 0;
            for round in 0..5000 {
                if let Ok(found) = resolve(&root, if round % 2 == 0 { "d/sub" } else { "d/made" }) {
                    assert!(!outside.contains(&inode(&found)));
                    inside += 1;
                }
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            assert!(inside > 0);
        });
        assert!(!secret.join("made").exists());
    }
}
