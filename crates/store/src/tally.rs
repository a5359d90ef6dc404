//! Owns how much there is in each directory: of every key, the part up to its last slash, and the part up to the slash before. So
//! whoever plans a read knows what it costs without reading. Never holds a value. In: values that came and went. Out: counts and bytes.

use crate::Entry;
use std::collections::HashMap;

/// How much there is below a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    pub keys: u64,
    /// Of the values.
    pub bytes: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Tally(HashMap<Box<str>, Extent>);

impl Tally {
    pub(crate) fn extent(&self, directory: &str) -> Extent {
        self.0.get(directory).copied().unwrap_or_default()
    }

    /// A key's value took the place of another one, or of none.
    pub(crate) fn replace(&mut self, old: Option<&Entry>, new: Option<&Entry>) {
        let size = |entry: &Entry| u64::try_from(entry.value.len()).unwrap_or(u64::MAX);
        for directory in new.or(old).into_iter().flat_map(|entry| directories(&entry.key)) {
            if !self.0.contains_key(directory) {
                self.0.insert(directory.into(), Extent::default());
            }
            let extent = self.0.get_mut(directory).expect("just inserted");
            if let Some(new) = new {
                extent.keys += 1;
                extent.bytes += size(new);
            }
            if let Some(old) = old {
                extent.keys -= 1;
                extent.bytes -= size(old);
            }
            if extent.keys == 0 {
                self.0.remove(directory);
            }
        }
    }
}

/// The directory of a key, and the one above it.
fn directories(key: &str) -> impl Iterator<Item = &str> {
    key.rmatch_indices('/').take(2).map(|(at, _)| &key[..=at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_in_its_directory_and_in_the_one_above() {
        for (key, of) in
            [("/a/b/c/d", &["/a/b/c/", "/a/b/"][..]), ("/a/b", &["/a/", "/"]), ("/a", &["/"]), ("a", &[]), ("/a/", &["/a/", "/"])]
        {
            assert_eq!(directories(key).collect::<Vec<_>>(), of, "{key}");
        }
    }
}
