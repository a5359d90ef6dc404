//! Owns the right of one process to a data file: a lock file beside it, locked as long as the store is open, with the
//! owner's process id for the error message of the next. Never touches the data file. A lock file that stays behind means
//! nothing: the lock itself ends with its process.

use crate::OpenError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Held until dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl Lock {
    pub(crate) fn take(data: &Path) -> Result<Self, OpenError> {
        let path = beside(data, ".lock");
        let io = |act, source| OpenError::Io { path: path.clone(), act, source };
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = opened.map_err(|source| io("open", source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::Locked { path: data.to_owned(), pid: owner(&mut file) }),
            Err(TryLockError::Error(source)) => return Err(io("lock", source)),
        }
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        write(&mut file).map_err(|source| io("write", source))?;
        Ok(Self(file))
    }
}

/// The process id that the holder of the lock wrote; it may be about to write it.
fn owner(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// A file whose name is that of `data` and a suffix.
pub(crate) fn beside(data: &Path, suffix: &str) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
