//! Files that must be whole or absent: written beside their place, then renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much a write must withstand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The death of this process. Enough for what ends with the machine anyway.
    Process,
    /// Loss of power.
    Power,
}

/// Replaces `path` by `content` with exactly that mode: whoever reads it, and whatever happens meanwhile, finds the old file or the new one.
pub fn replace(path: &Path, content: &[u8], mode: u32, durability: Durability) -> io::Result<()> {
    replace_owned(path, content, mode, None, durability)
}

/// The same with a file of that user and group.
pub fn replace_owned(path: &Path, content: &[u8], mode: u32, owner: Option<(u32, u32)>, durability: Durability) -> io::Result<()> {
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = WRITES.fetch_add(1, Ordering::Relaxed);
    let temporary = parent.join(temporary_name(&name.to_string_lossy(), std::process::id(), write));
    let written = write_new(&temporary, content, mode, owner, durability).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // Often there was not even room for it.
        fs::remove_file(&temporary).unwrap_or_default();
        return Err(error);
    }
    match durability {
        Durability::Process => Ok(()),
        Durability::Power => File::open(parent)?.sync_all(),
    }
}

/// What the new file is called as long as it is not whole.
fn temporary_name(replaced: &str, process: u32, write: u64) -> String {
    format!(".{replaced}.{process}-{write}")
}

/// The name of the file that was to be replaced by one of this name, if that is what a crash has left.
pub fn unfinished(name: &str) -> Option<&str> {
    let (replaced, write) = name.strip_prefix('.')?.rsplit_once('.')?;
    let (process, write) = write.split_once('-')?;
    let temporary = temporary_name(replaced, process.parse().ok()?, write.parse().ok()?);
    (!replaced.is_empty() && temporary == name).then_some(replaced)
}

fn write_new(path: &Path, content: &[u8], mode: u32, owner: Option<(u32, u32)>, durability: Durability) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
    if let Some((uid, gid)) = owner {
        let now = file.metadata()?;
        if (now.uid(), now.gid()) != (uid, gid) {
            std::os::unix::fs::fchown(&file, Some(uid), Some(gid))?;
        }
    }
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(content)?;
    match durability {
        Durability::Process => Ok(()),
        Durability::Power => file.sync_all(),
    }
}

/// Has the kernel begin to bring what was written of a file to its disk, and does not wait for that. Nothing is on disk because of it: it
/// only leaves less to wait for later.
pub fn begin_write_back(file: &File) -> io::Result<()> {
    // SAFETY: the descriptor is open for as long as the reference lives; no memory is passed.
    if unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, libc::SYNC_FILE_RANGE_WRITE) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_files_are_replaced_with_their_mode() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("f");
        replace(&path, b"one", 0o600, Durability::Power).expect("written");
        replace(&path, b"two", 0o640, Durability::Process).expect("written");
        assert_eq!(fs::read(&path).expect("read"), b"two");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1, "no temporary file stays");
    }

    #[test]
    fn what_a_crash_has_left_is_known_by_its_name() {
        for (process, write) in [(1, 0), (4_000_000, 17)] {
            assert_eq!(unfinished(&temporary_name("ca.crt", process, write)), Some("ca.crt"));
        }
        for other in [
            "ca.crt",
            ".ca.crt",
            ".ca.crt.1",
            ".ca.crt.1-",
            ".ca.crt.-1",
            ".ca.crt.1-0x",
            ".ca.crt.+1-0",
            ".ca.crt.01-0",
            "ca.crt.1-0",
            "..1-0",
        ] {
            assert_eq!(unfinished(other), None, "{other}");
        }
    }

    #[test]
    fn writing_back_can_be_begun_for_files_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("f");
        fs::write(&path, [1; 100_000]).expect("written");
        begin_write_back(&File::open(&path).expect("opened")).expect("begun");
        let (pipe, _end) = io::pipe().expect("a pipe");
        begin_write_back(&File::from(std::os::fd::OwnedFd::from(pipe))).expect_err("a pipe has no disk");
    }

    #[test]
    fn what_cannot_be_replaced_leaves_nothing_behind() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("d");
        fs::create_dir(&path).expect("made");
        replace(&path, b"x", 0o600, Durability::Process).expect_err("a directory is there");
        replace(Path::new("/nowhere/at/all"), b"x", 0o600, Durability::Process).expect_err("no directory");
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1);
    }
}
