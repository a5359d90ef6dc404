//! A revisioned key-value store with watch. It knows bytes, not Kubernetes.
//!
//! Owns the keys, their revisions and the window of recent history. Never looks into a value. In: writes with an
//! expectation. Out: entries, pages of a sorted range at one revision, and events in revision order.
//!
//! One global revision counter goes up by one for each committed change; it starts at 1, and after a restart it goes on
//! above everything ever assigned. Current state and a bounded window of history are in memory; everything durable is on
//! disk (redb) before a write is acknowledged.
//!
//! ```text
//! put/delete ─▶ writer (check, number, stamp) ─▶ backend (durable) ─▶ state (index, window) ─▶ topics ─▶ watches
//! ```

mod backend;
mod compact;
mod index;
mod revision;
mod state;
mod txn;
mod watch;

pub use compact::{Clock, Limits, WINDOW_AGE_MAX, WINDOW_BYTES_MAX, WINDOW_EVENTS_MAX};
pub use watch::{Watch, WatchError};

use bytes::Bytes;
use state::Shared;
use std::sync::{Arc, Mutex};
use txn::{Operation, Request, Writer};

/// A committed value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: Arc<str>,
    pub value: Bytes,
    /// Revision that created the key.
    pub created: u64,
    /// Revision of this value.
    pub revision: u64,
}

/// A value to write. If `stamp` is set, the decimal revision of the write is inserted at that byte offset of `bytes`
/// when the writer assigns it, so that a reader gets final bytes. An offset behind the end is a panic of the caller.
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
    /// In memory only; it has a revision, is listed and watched, and is gone after a restart: then the key has its last
    /// durable value, if it ever had one. Node Leases and heartbeats only.
    Volatile,
}

/// A change, in revision order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Put { entry: Entry, previous: Option<Entry> },
    /// `last` is the value that the deleter gave (stamped with the deletion's revision).
    Delete { last: Entry, previous: Entry },
}

impl Event {
    /// The entry that the change wrote: the new one, or the deleted key's last.
    pub fn entry(&self) -> &Entry {
        match self {
            Self::Put { entry, .. } => entry,
            Self::Delete { last, .. } => last,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The expectation did not hold, or a deleted key does not exist; the current entry, if any.
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
pub struct Store(Arc<Handle>);

/// What all clones share.
#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    writer: Mutex<Writer>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Store {
    /// A store in memory. Its writes complete when first polled, without a runtime. History is bounded by count and
    /// bytes, not by age.
    pub fn memory() -> Self {
        Self::memory_with(Limits::default())
    }

    /// A store in memory with other bounds of its history.
    pub fn memory_with(limits: Limits) -> Self {
        let shared = Arc::new(Shared::new(limits, revision::FIRST));
        let writer = Writer::new(Arc::clone(&shared), Box::new(backend::Memory), revision::Revisions::volatile());
        Self(Arc::new(Handle { shared, writer: Mutex::new(writer) }))
    }

    /// The newest visible revision.
    pub fn revision(&self) -> u64 {
        self.0.shared.read().revision()
    }

    /// The current entry.
    pub fn get(&self, key: &str) -> Option<Entry> {
        self.0.shared.read().index().get(key).cloned()
    }

    /// Entries whose key starts with `prefix` and is greater than `after` (if given), sorted, at most `limit` (0: all), as of
    /// revision `at` (`None`: now).
    pub fn range(&self, prefix: &str, after: Option<&str>, limit: usize, at: Option<u64>) -> Result<Page, ReadError> {
        self.0.shared.read().range(prefix, after, limit, at)
    }

    /// Writes a value. On success the entry with its final bytes. A future that is dropped may or may not have written.
    pub async fn put(&self, key: &str, expect: Expect, value: NewValue, durability: Durability) -> Result<Entry, WriteError> {
        self.write(Request::new(key, expect, Operation::Put(value, durability))).await
    }

    /// Deletes a key; `last` is what watchers get as its last state. A future that is dropped may or may not have deleted.
    pub async fn delete(&self, key: &str, expect: Expect, last: NewValue) -> Result<Entry, WriteError> {
        self.write(Request::new(key, expect, Operation::Delete(last))).await
    }

    async fn write(&self, request: Request) -> Result<Entry, WriteError> {
        let mut writer = self.0.writer.lock().expect("a writer does not panic");
        writer.process(vec![request]).pop().expect("one answer for one request")
    }

    /// Changes of keys below `prefix` after revision `from`.
    pub fn watch(&self, prefix: &str, from: u64) -> Result<Watch, ReadError> {
        Watch::start(&self.0.shared, prefix, from)
    }
}
