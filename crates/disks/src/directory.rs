//! Directories that users write into.

use crate::error::{Result, failed};
use crate::pool;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Makes a plain directory.
pub(crate) fn make(home: &Path, permissions: u32) -> Result<()> {
    pool::directory(home)?;
    hand_over(home, permissions)
}

/// Gives a finished directory the mode that its users need, whatever this process's mask is, and brings it to disk.
pub(crate) fn hand_over(path: &Path, permissions: u32) -> Result<()> {
    fs::set_permissions(path, Permissions::from_mode(permissions)).map_err(failed("set the mode of", path))?;
    pool::sync(path)
}
