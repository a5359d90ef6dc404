//! Directories whose project has a limit, on XFS and ext4 with project quotas.

use crate::error::{Result, failed};
use crate::record::{Backing, Record};
use crate::{directory, pool};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use stead_sys::project_quota::{ProjectUsage, project, project_usage, set_project, set_project_limits};

/// The first number of a project: those below are left to others.
pub(crate) const PROJECT_MIN: u32 = 1 << 20;
/// For attempts alone.
const PROJECT_PROBED: u32 = PROJECT_MIN - 1;
const PROBED_BYTES: u64 = 16 << 20;
/// Of a limit, for each file. Empty files are not counted as room by every file system, and would fill it.
const BYTES_PER_INODE: u64 = 4096;
const INODES_MIN: u64 = 1024;

/// Whether a limit holds in an empty directory: then its file system is as large as the limit. Leaves none.
pub(crate) fn try_in(empty: &Path) -> std::result::Result<(), String> {
    let words = |what: &'static str| move |error: std::io::Error| format!("{what}: {error}");
    let opened = File::open(empty).map_err(words("open"))?;
    set_project(opened.as_fd(), PROJECT_PROBED).map_err(words("its file system takes no projects"))?;
    let limits = |bytes| set_project_limits(opened.as_fd(), PROJECT_PROBED, bytes, 0);
    limits(PROBED_BYTES).map_err(words("its file system has no project quotas in force (mount option prjquota)"))?;
    let seen = pool::usage(empty).map(|usage| usage.bytes);
    limits(0).map_err(words("take a limit back"))?;
    match seen {
        Ok(PROBED_BYTES) => Ok(()),
        Ok(_) => Err("its file system counts projects and does not limit them".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// A number that no record has and of which the file system counts nothing. The file system is locked meanwhile, see [`pool::lock_file_system`].
pub(crate) fn free_project(pool: &Path, records: &BTreeMap<String, Record>) -> Result<u32> {
    let opened = File::open(pool).map_err(failed("open", pool))?;
    let taken =
        |number: u32| records.values().any(|record| matches!(record.backing, Backing::ProjectQuota { project, .. } if project == number));
    // Each number that is taken belongs to a disk or to a file, so this ends.
    for number in (PROJECT_MIN..u32::MAX).filter(|number| !taken(*number)) {
        if project_usage(opened.as_fd(), number).map_err(failed("read the quotas of", pool))? == ProjectUsage::default() {
            return Ok(number);
        }
    }
    Err(failed("find a free project in", pool)(std::io::Error::from(std::io::ErrorKind::QuotaExceeded)))
}

/// Makes the directory, limited before anybody can write into it.
pub(crate) fn make(home: &Path, permissions: u32, number: u32, bytes: u64) -> Result<()> {
    pool::directory(home)?;
    limit(home, number, bytes)?;
    directory::hand_over(home, permissions)
}

/// Gives a directory its project and that the limit. Done again it changes nothing.
pub(crate) fn limit(home: &Path, number: u32, bytes: u64) -> Result<()> {
    let opened = File::open(home).map_err(failed("open", home))?;
    let inodes = (bytes / BYTES_PER_INODE).max(INODES_MIN);
    set_project_limits(opened.as_fd(), number, bytes, inodes).map_err(failed("limit", home))?;
    if project(opened.as_fd()).map_err(failed("read the project of", home))? != number {
        set_project(opened.as_fd(), number).map_err(failed("set the project of", home))?;
    }
    Ok(())
}

/// What a project has taken, in bytes.
pub(crate) fn used(pool: &Path, number: u32) -> Result<u64> {
    let opened = File::open(pool).map_err(failed("open", pool))?;
    project_usage(opened.as_fd(), number).map(|usage| usage.bytes).map_err(failed("read the quotas of", pool))
}

/// Takes a limit away when nothing of its project is left.
pub(crate) fn forget(pool: &Path, number: u32) -> Result<()> {
    let opened = File::open(pool).map_err(failed("open", pool))?;
    set_project_limits(opened.as_fd(), number, 0, 0).map_err(failed("take a limit away in", pool))
}
