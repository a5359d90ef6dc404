//! Files that must be whole or absent: written beside their place, synced, renamed.

use anyhow::Context;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// As many links as the kernel follows.
const LINKS_MAX: u32 = 40;

/// Replaces `path` by `content` with exactly that mode; after a power cut the file is the old one or the new one.
pub fn replace(path: &Path, content: &[u8], mode: u32) -> anyhow::Result<()> {
    replace_owned(path, content, mode, None)
}

/// The same with a file of that user and group.
pub fn replace_owned(path: &Path, content: &[u8], mode: u32, owner: Option<(u32, u32)>) -> anyhow::Result<()> {
    let name = path.file_name().with_context(|| format!("{} names no file", path.display()))?;
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = parent.join(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
    let written = write_synced(&temporary, content, mode, owner).and_then(|()| std::fs::rename(&temporary, path));
    if let Err(error) = written {
        std::fs::remove_file(&temporary).ok();
        return Err(error).with_context(|| format!("write {}", path.display()));
    }
    File::open(parent).and_then(|dir| dir.sync_all()).with_context(|| format!("sync {}", parent.display()))
}

fn write_synced(path: &Path, content: &[u8], mode: u32, owner: Option<(u32, u32)>) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
    if let Some((uid, gid)) = owner {
        let now = file.metadata()?;
        if (now.uid(), now.gid()) != (uid, gid) {
            std::os::unix::fs::fchown(&file, Some(uid), Some(gid))?;
        }
    }
    file.set_permissions(PermissionsExt::from_mode(mode))?;
    file.write_all(content)?;
    file.sync_all()
}

/// The path that symbolic links lead to, also where nothing is there yet.
pub fn behind_links(path: &Path) -> anyhow::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        match std::fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("/")).join(target),
            Err(_) => return Ok(path),
        }
    }
    anyhow::bail!("{} is a symbolic link that leads to itself", path.display())
}

/// Makes a directory and its parents, readable by its owner alone where it makes them.
pub fn private_dir(path: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| format!("make {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_whole_files_with_their_mode() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        replace(&path, b"one", 0o600).unwrap();
        replace(&path, b"two", 0o640).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_missing_directory_is_named() {
        let error = replace(Path::new("/nowhere/at/all"), b"", 0o600).unwrap_err();
        assert!(format!("{error:#}").contains("/nowhere/at/all"), "{error:#}");
    }
}
