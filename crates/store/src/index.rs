//! Owns every key's current entry and its older versions inside the history window. Never numbers a change and never
//! decides what is old. In: committed events, and which revisions left the window. Out: entries, now or at a revision.

use crate::tally::{Extent, Tally};
use crate::{Entry, Event};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// One state of a key.
#[derive(Debug, Clone)]
enum Version {
    Live(Entry),
    /// Deleted at this revision.
    Dead(u64),
}

impl Version {
    fn revision(&self) -> u64 {
        match self {
            Self::Live(entry) => entry.revision,
            Self::Dead(revision) => *revision,
        }
    }

    fn live(&self) -> Option<&Entry> {
        match self {
            Self::Live(entry) => Some(entry),
            Self::Dead(_) => None,
        }
    }
}

/// All states of a key that can still be read, and whether the backend has a row for it.
#[derive(Debug)]
struct Versions {
    newest: Version,
    /// Oldest first.
    older: Vec<Version>,
    stored: Stored,
}

/// Whether the backend has a row for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// A durable value of this revision, not necessarily the current one.
    Row { revision: u64 },
    /// Only memory knows the key.
    Nothing,
}

impl Versions {
    fn at(&self, revision: Option<u64>) -> Option<&Entry> {
        let Some(revision) = revision else {
            return self.newest.live();
        };
        let mut versions = std::iter::once(&self.newest).chain(self.older.iter().rev());
        versions.find(|version| version.revision() <= revision).and_then(Version::live)
    }
}

/// A page of a range before its revision is known.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    pub entries: Vec<Entry>,
    pub remaining: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Index {
    keys: BTreeMap<Arc<str>, Versions>,
    /// How much is current.
    tally: Tally,
}

impl Index {
    /// An index of what the backend holds.
    pub(crate) fn load(entries: impl Iterator<Item = Entry>) -> Self {
        let mut tally = Tally::default();
        let row = |entry: Entry| {
            tally.replace(None, Some(&entry));
            let (key, stored) = (Arc::clone(&entry.key), Stored::Row { revision: entry.revision });
            (key, Versions { newest: Version::Live(entry), older: Vec::new(), stored })
        };
        let keys = entries.map(row).collect();
        Self { keys, tally }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.keys.get(key)?.newest.live()
    }

    /// The key as it is held, so that all entries of a key share it.
    pub(crate) fn key(&self, key: &str) -> Option<&Arc<str>> {
        self.keys.get_key_value(key).map(|(key, _)| key)
    }

    pub(crate) fn stored(&self, key: &str) -> Stored {
        self.keys.get(key).map_or(Stored::Nothing, |versions| versions.stored)
    }

    /// How much is current in a directory (see [`Tally`]).
    pub(crate) fn extent(&self, directory: &str) -> Extent {
        self.tally.extent(directory)
    }

    /// All current entries, sorted by key.
    pub(crate) fn live(&self) -> impl Iterator<Item = (&Entry, Stored)> {
        self.keys.values().filter_map(|versions| Some((versions.newest.live()?, versions.stored)))
    }

    pub(crate) fn slice(&self, prefix: &str, after: Option<&str>, limit: usize, at: Option<u64>) -> Slice {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let mut slice = Slice::default();
        for (key, versions) in self.keys.range::<str, _>((start, Bound::Unbounded)) {
            if !key.starts_with(prefix) {
                break;
            }
            let Some(entry) = versions.at(at) else { continue };
            if limit == 0 || slice.entries.len() < limit {
                slice.entries.push(entry.clone());
            } else {
                slice.remaining += 1;
            }
        }
        slice
    }

    pub(crate) fn apply(&mut self, event: &Event, stored: Stored) {
        let version = match event {
            Event::Put { entry, .. } => Version::Live(entry.clone()),
            Event::Delete { last, .. } => Version::Dead(last.revision),
        };
        let key = &event.entry().key;
        let old = self.keys.get(key).and_then(|versions| versions.newest.live());
        self.tally.replace(old, version.live());
        match self.keys.get_mut(key) {
            Some(versions) => {
                let replaced = std::mem::replace(&mut versions.newest, version);
                versions.older.push(replaced);
                versions.stored = stored;
            }
            None => {
                self.keys.insert(Arc::clone(key), Versions { newest: version, older: Vec::new(), stored });
            }
        }
    }

    /// The change of `key` at `revision` left the window: nobody can read what was before it.
    pub(crate) fn prune(&mut self, key: &str, revision: u64) {
        let Some(versions) = self.keys.get_mut(key) else { return };
        let needed = versions.older.partition_point(|version| version.revision() < revision);
        versions.older.drain(..needed);
        if matches!(versions.older.first(), Some(Version::Dead(dead)) if *dead <= revision) {
            versions.older.remove(0);
        }
        if versions.older.is_empty() {
            versions.older = Vec::new();
        }
        if versions.older.is_empty() && matches!(versions.newest, Version::Dead(dead) if dead <= revision) {
            self.keys.remove(key);
        }
    }
}
