//! A revisioned key-value store with watch. It knows bytes, not Kubernetes.
//!
//! One global revision counter goes up by one for each committed change. Current state and a bounded window of history
//! are in memory; everything durable is on disk (redb) before a write is acknowledged.

use bytes::Bytes;
use std::sync::Arc;

/// A committed value of a key.
#[derive(Debug, Clone)]
pub struct Entry {
    pub key: Arc<str>,
    pub value: Bytes,
    /// Revision that created the key.
    pub created: u64,
    /// Revision of this value.
    pub revision: u64,
}

/// A value to write. If `stamp` is set, the decimal revision of the write is inserted at that byte offset of `bytes`
/// when the writer assigns it, so that a reader gets final bytes.
#[derive(Debug, Clone)]
pub struct NewValue {
    pub bytes: Vec<u8>,
    pub stamp: Option<usize>,
}

/// Condition on the key's current state, checked by the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// The key does not exist.
    Absent,
    /// The key exists at exactly this revision.
    Revision(u64),
    Anything,
}

/// Where a write lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// On disk before it is acknowledged.
    Durable,
    /// In memory only; it has a revision, is listed and watched, and is gone after a restart. Node Leases and heartbeats only.
    Volatile,
}

/// A change, in revision order.
#[derive(Debug, Clone)]
pub enum Event {
    Put { entry: Entry, previous: Option<Entry> },
    /// `last` is the value that the deleter gave (stamped with the deletion's revision).
    Delete { last: Entry, previous: Entry },
}

#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The expectation did not hold; the current entry, if any.
    #[error("the key changed")]
    Conflict { current: Option<Entry> },
    /// After an I/O error the store refuses writes rather than lying.
    #[error("the store refuses writes: {reason}")]
    Refused { reason: String },
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReadError {
    #[error("revision {asked} is compacted, the oldest is {oldest}")]
    Compacted { asked: u64, oldest: u64 },
    #[error("revision {asked} is not reached, the newest is {newest}")]
    Future { asked: u64, newest: u64 },
}

/// A slice of a sorted range, all at one revision.
#[derive(Debug)]
pub struct Page {
    pub entries: Vec<Entry>,
    /// The revision the page shows.
    pub revision: u64,
    /// How many entries of the range come after this page.
    pub remaining: u64,
}

/// The store. Cheap to clone; the last clone's drop flushes and closes.
#[derive(Debug, Clone)]
pub struct Store(());

/// A stream of changes below a prefix.
#[derive(Debug)]
pub struct Watch(());

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WatchError {
    /// The watcher was so slow that the window moved past it.
    #[error("the watcher fell behind the history window")]
    Lagged,
    #[error("the store is closed")]
    Closed,
}

impl Store {
    /// A store in memory. Its writes complete when first polled, without a runtime.
    pub fn memory() -> Self {
        unimplemented!()
    }
    // open(path, options) -> Result<Self, OpenError>   (disk)

    /// The newest visible revision.
    pub fn revision(&self) -> u64 {
        unimplemented!()
    }
    /// The current entry.
    pub fn get(&self, _key: &str) -> Option<Entry> {
        unimplemented!()
    }
    /// Entries whose key starts with `prefix` and is greater than `after` (if given), sorted, at most `limit` (0: all), as of
    /// revision `at` (`None`: now).
    pub fn range(&self, _prefix: &str, _after: Option<&str>, _limit: usize, _at: Option<u64>) -> Result<Page, ReadError> {
        unimplemented!()
    }
    /// Writes a value. On success the entry with its final bytes.
    pub async fn put(&self, _key: &str, _expect: Expect, _value: NewValue, _durability: Durability) -> Result<Entry, WriteError> {
        unimplemented!()
    }
    /// Deletes a key; `last` is what watchers get as its last state.
    pub async fn delete(&self, _key: &str, _expect: Expect, _last: NewValue) -> Result<Entry, WriteError> {
        unimplemented!()
    }
    /// Changes of keys below `prefix` after revision `from`.
    pub fn watch(&self, _prefix: &str, _from: u64) -> Result<Watch, ReadError> {
        unimplemented!()
    }
}

impl Watch {
    /// The next change, waiting for it. Cancel safe.
    pub async fn next(&mut self) -> Result<Event, WatchError> {
        unimplemented!()
    }
    /// The next change if there is one already.
    pub fn try_next(&mut self) -> Result<Option<Event>, WatchError> {
        unimplemented!()
    }
    /// Every change up to this revision has been returned (for bookmarks).
    pub fn revision(&self) -> u64 {
        unimplemented!()
    }
}
