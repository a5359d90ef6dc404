//! Owns the judgement of what a backend holds after a failed commit. Pure. In: what was acknowledged, the batch that failed,
//! what the backend was found to hold. Out: which of both it is, or that it is neither.

use crate::Entry;
use crate::index::{Index, Stored};
use crate::txn::{Change, Row};
use std::collections::BTreeMap;

/// What the backend holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Exactly what was acknowledged.
    Acknowledged,
    /// That and all of the failed batch.
    FailedBatch,
}

/// Compares rows, sorted by key.
pub(crate) fn compare(index: &Index, failed: &[Change], found: &[Entry]) -> Result<Found, String> {
    let acknowledged: BTreeMap<&str, Expected<'_>> =
        index.rows().map(|(entry, stored)| (&*entry.key, Expected { entry, stored })).collect();
    let missing = match differs(&acknowledged, found) {
        None => return Ok(Found::Acknowledged),
        Some(key) => key,
    };
    let mut with_failed = acknowledged;
    for change in failed {
        let entry = change.entry();
        match change.row {
            Row::Put => drop(with_failed.insert(&entry.key, Expected { entry, stored: entry.revision })),
            Row::Delete => drop(with_failed.remove(&*entry.key)),
            Row::Untouched => {}
        }
    }
    match differs(&with_failed, found) {
        None => Ok(Found::FailedBatch),
        Some(_) => Err(format!("what it holds is not what was acknowledged, first at {missing}")),
    }
}

/// A key's newest entry and the revision of its durable one.
struct Expected<'a> {
    entry: &'a Entry,
    stored: u64,
}

impl Expected<'_> {
    fn is(&self, found: &Entry) -> bool {
        // The value of an older row is only on disk: a volatile one came after it.
        let same_value = self.stored != self.entry.revision || self.entry.value == found.value;
        found.key == self.entry.key && found.revision == self.stored && found.created == self.entry.created && same_value
    }
}

/// The first key that is not as expected.
fn differs(expected: &BTreeMap<&str, Expected<'_>>, found: &[Entry]) -> Option<String> {
    let mut rows = found.iter();
    for (key, expected) in expected {
        if !rows.next().is_some_and(|row| expected.is(row)) {
            return Some((*key).to_owned());
        }
    }
    rows.next().map(|row| row.key.to_string())
}

impl Index {
    /// The keys that have a durable row: the newest entry, and the revision of the row.
    fn rows(&self) -> impl Iterator<Item = (&Entry, u64)> {
        self.live().filter_map(|(entry, stored)| match stored {
            Stored::Row { revision } => Some((entry, revision)),
            Stored::Nothing => None,
        })
    }
}
