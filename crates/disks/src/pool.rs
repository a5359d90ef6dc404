//! The directories that disks are made in, and the file systems that those are on.

use crate::error::{Result, failed};
use crate::record::TRASH;
use crate::room::Space;
use crate::wanted::Usage;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Only this program looks into a pool: its users see the directories of their disks alone.
const PRIVATE_MODE: u32 = 0o700;

/// Makes a pool if it is not there. One that is keeps its mode.
pub(crate) fn prepare(pool: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(PRIVATE_MODE).create(pool).map_err(failed("make", pool))
}

/// Makes a directory that may be there already from an attempt before.
pub(crate) fn directory(path: &Path) -> Result<()> {
    match fs::DirBuilder::new().mode(PRIVATE_MODE).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_directory(path) => Ok(()),
        other => other.map_err(failed("make", path)),
    }
}

/// Whether a directory is there, and not a link to one.
pub(crate) fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

/// Whether anything is there.
pub(crate) fn exists(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(failed("look at", path)(error)),
    }
}

/// Brings what was made, renamed or removed in a directory to its disk.
pub(crate) fn sync(directory: &Path) -> Result<()> {
    File::open(directory).and_then(|opened| opened.sync_all()).map_err(failed("sync", directory))
}

/// The pool's trash, made if it is not there.
pub(crate) fn trash(pool: &Path) -> Result<PathBuf> {
    let trash = pool.join(TRASH);
    directory(&trash)?;
    Ok(trash)
}

/// The number of the file system that a path is on.
pub(crate) fn device(path: &Path) -> Result<u64> {
    fs::metadata(path).map(|found| found.dev()).map_err(failed("look at", path))
}

/// What is used of the file system that a path is on.
pub(crate) fn usage(path: &Path) -> Result<Usage> {
    let found = nix::sys::statvfs::statvfs(path).map_err(failed("look at the file system of", path))?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.fragment_size());
    Ok(Usage {
        bytes: bytes(found.blocks()),
        used_bytes: bytes(found.blocks().saturating_sub(found.blocks_free())),
        available_bytes: bytes(found.blocks_available()),
        inodes: found.files(),
        free_inodes: found.files_free(),
    })
}

/// The same as what promises are weighed against.
pub(crate) fn space(path: &Path) -> Result<Space> {
    usage(path).map(|usage| Space { bytes: usage.bytes, free_bytes: usage.available_bytes })
}

/// Keeps other servers, whose pools are on the same file system, from choosing numbers of projects at the same time; until it is dropped.
pub(crate) fn lock_file_system(pool: &Path) -> Result<File> {
    let number = device(pool)?;
    let top = pool.ancestors().take_while(|path| device(path).is_ok_and(|other| other == number)).last().unwrap_or(pool);
    let opened = File::open(top).map_err(failed("open", top))?;
    opened.lock().map_err(failed("lock", top))?;
    Ok(opened)
}
