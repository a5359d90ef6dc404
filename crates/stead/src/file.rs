//! Files and directories of the program's own, with words on what went wrong.

use anyhow::Context;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use stead_sys::file::Durability;

/// As many links as the kernel follows.
const LINKS_MAX: u32 = 40;

/// Replaces `path` by `content` with exactly that mode; after a power cut the file is the old one or the new one.
pub fn replace(path: &Path, content: &[u8], mode: u32) -> anyhow::Result<()> {
    replace_owned(path, content, mode, None)
}

/// The same with a file of that user and group.
pub fn replace_owned(path: &Path, content: &[u8], mode: u32, owner: Option<(u32, u32)>) -> anyhow::Result<()> {
    stead_sys::file::replace_owned(path, content, mode, owner, Durability::Power).with_context(|| format!("write {}", path.display()))
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

/// An absolute path without symbolic links, as far as it exists.
pub fn resolved(path: &Path) -> anyhow::Result<PathBuf> {
    let absolute = std::path::absolute(path).with_context(|| format!("find {}", path.display()))?;
    for ancestor in absolute.ancestors() {
        if let (Ok(real), Ok(rest)) = (ancestor.canonicalize(), absolute.strip_prefix(ancestor)) {
            return Ok(if rest.as_os_str().is_empty() { real } else { real.join(rest) });
        }
    }
    Ok(absolute)
}

/// Makes a directory and its parents, readable by its owner alone where it makes them.
pub fn private_dir(path: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| format!("make {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_directory_is_named() {
        let error = replace(Path::new("/nowhere/at/all"), b"", 0o600).unwrap_err();
        assert!(format!("{error:#}").contains("/nowhere/at/all"), "{error:#}");
    }
}
