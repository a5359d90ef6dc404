//! The files of a volume as data: which paths, what in them, and their modes. Paths cannot be wrong once they are in a [`Payload`].

use crate::error::{Error, Result};
use std::collections::BTreeMap;

const PATH_BYTES_MAX: usize = 4096;
const ELEMENT_BYTES_MAX: usize = 255;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub content: Vec<u8>,
    pub mode: u32,
    /// Its user; root if there is none.
    pub owner: Option<u32>,
}

/// Files by their relative path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Payload(BTreeMap<String, File>);

impl Payload {
    /// A later file at the same path replaces the earlier one.
    pub fn insert(&mut self, path: &str, file: File) -> Result<()> {
        check_path(path)?;
        self.0.insert(path.to_owned(), file);
        Ok(())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &File)> {
        self.0.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// Names that show in the volume's own directory.
    pub(crate) fn first_names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|path| path.split('/').next().unwrap_or(path))
    }

    pub(crate) fn get(&self, path: &str) -> Option<&File> {
        self.0.get(path)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// VOL-7: relative, not beginning with `..`, nowhere upwards, and not too long.
pub fn check_path(path: &str) -> Result<()> {
    let refused = |why: String| Err(Error::Refused(why));
    if path.is_empty() {
        return refused("invalid path: must not be empty".to_owned());
    }
    if path.starts_with('/') {
        return refused(format!("invalid path: must be relative path: {path}"));
    }
    if path.len() > PATH_BYTES_MAX {
        return refused(format!("invalid path: must be less than or equal to {PATH_BYTES_MAX} characters"));
    }
    for element in path.split('/') {
        if element == ".." {
            return refused(format!("invalid path: must not contain '..': {path}"));
        }
        if element.len() > ELEMENT_BYTES_MAX {
            return refused(format!("invalid path: filename must be less than or equal to {ELEMENT_BYTES_MAX} characters: {path}"));
        }
        if element.is_empty() || element == "." || element.contains('\0') {
            return refused(format!("invalid path: {path}"));
        }
    }
    if path.starts_with("..") {
        return refused(format!("invalid path: must not start with '..': {path}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_and_leave_the_dots_to_the_publisher() {
        // VOL-7
        for good in ["a", "a/b", "a..b", ".hidden", &"x".repeat(255)] {
            check_path(good).unwrap();
        }
        for bad in ["", "/a", "..", "a/../b", "..data", "..x/y", "a//b", "./a", &"x".repeat(256), &"x/".repeat(2100)] {
            check_path(bad).unwrap_err();
        }
    }
}
