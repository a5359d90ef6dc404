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
//! put/delete ─▶ pipeline (check, number, stamp) ─▶ writer ─▶ backend (durable) ─▶ state (index, window) ─▶ topics ─▶ watches
//! ```

mod backend;
mod compact;
#[cfg(any(test, feature = "testing"))]
pub mod device;
mod index;
#[cfg(test)]
mod model;
mod pipeline;
mod recovery;
mod revision;
mod seal;
mod state;
mod tally;
#[cfg(test)]
mod tests;
mod txn;
mod watch;
mod writer;

pub use compact::{Clock, Limits, WINDOW_AGE_MAX, WINDOW_BYTES_MAX, WINDOW_EVENTS_MAX};
pub use pipeline::{Latest, Pending};
pub use seal::{Seal, Unsealed};
pub use tally::Extent;
pub use watch::{Listener, Watch, WatchError};

use bytes::Bytes;
use index::Index;
use pipeline::Pipeline;
use revision::Reserved;
use state::Shared;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use txn::{Operation, Request};
use writer::{Writer, WriterThread};

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
    Put {
        entry: Entry,
        previous: Option<Entry>,
    },
    /// `last` is the value that the deleter gave (stamped with the deletion's revision).
    Delete {
        last: Entry,
        previous: Entry,
    },
}

impl Event {
    /// What the key was before.
    pub fn previous(&self) -> Option<&Entry> {
        match self {
            Self::Put { previous, .. } => previous.as_ref(),
            Self::Delete { previous, .. } => Some(previous),
        }
    }

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
    /// The expectation did not hold, or a deleted key does not exist; the entry when that was told, if any.
    #[error("the key changed")]
    Conflict { current: Option<Entry> },
    /// After an I/O error the store refuses writes rather than lying, until it knows what is on disk and can write again.
    /// The write that met the error may turn out to be done.
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

/// How a store on disk behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// The bounds of history.
    pub limits: Limits,
    /// What hides values on disk; none: all are written as they are.
    pub seal: Option<Arc<dyn Seal>>,
}

impl Default for Options {
    /// The named bounds; history ages by the machine's clock.
    fn default() -> Self {
        Self { limits: Limits { clock: Clock::monotonic(), ..Limits::default() }, seal: None }
    }
}

/// Why a data file was not opened. It is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{} is in use by another process{}", path.display(), pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    Locked { path: PathBuf, pid: Option<u32> },
    #[error("{} is damaged: {reason}", path.display())]
    Corrupt { path: PathBuf, reason: String },
    #[error("{} has format {found}; this program knows formats up to {known}, a newer one is needed", path.display())]
    Newer { path: PathBuf, found: u64, known: u64 },
    #[error(
        "{} is missing, and {} says that a store has been there; put it back, or remove {} to begin with an empty store",
        path.display(),
        marker.display(),
        marker.display()
    )]
    Missing { path: PathBuf, marker: PathBuf },
    #[error("{}: what is kept at {key} cannot be unsealed: {reason}", path.display())]
    Sealed { path: PathBuf, key: String, reason: String },
    #[error("cannot {act} {}", path.display())]
    Io { path: PathBuf, act: &'static str, source: io::Error },
}

/// The data file was not closed cleanly; what was acknowledged is in it.
#[derive(Debug, thiserror::Error)]
#[error("cannot close the store: {reason}")]
pub struct CloseError {
    pub reason: String,
}

/// The store. Cheap to clone; the last clone's drop flushes and closes.
#[derive(Debug, Clone)]
pub struct Store(Arc<Handle>);

/// What all clones share.
#[derive(Debug)]
struct Handle {
    pipeline: Arc<Pipeline>,
    place: Place,
}

/// Where the writer runs.
#[derive(Debug)]
enum Place {
    /// In the caller, because it never waits.
    Caller(Mutex<Writer>),
    /// In whoever calls [`Store::commit`].
    Held(Mutex<Writer>),
    /// In a thread of its own, because it waits for a disk.
    Thread(WriterThread),
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.pipeline.shared().close();
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
        Self::in_memory(limits, Place::Caller)
    }

    /// A store in memory that commits only when told to by [`Store::commit`], as if its disk were slow: for tests of what
    /// happens meanwhile.
    pub fn memory_held() -> Self {
        Self::in_memory(Limits::default(), Place::Held)
    }

    fn in_memory(limits: Limits, place: fn(Mutex<Writer>) -> Place) -> Self {
        let pipeline = Arc::new(Pipeline::new(Arc::new(Shared::new(limits, revision::FIRST))));
        let writer = Writer::new(Arc::clone(&pipeline), Box::new(backend::Memory));
        Self(Arc::new(Handle { pipeline, place: place(Mutex::new(writer)) }))
    }

    /// Commits what a held store was asked to write; any other does so by itself.
    pub fn commit(&self) {
        if let Place::Held(writer) = &self.0.place {
            writer.lock().expect("a writer does not panic").commit_waiting();
        }
    }

    /// Opens the store in a file, or makes the file (its directory exists). Waits for the disk. If values are there that are not sealed
    /// as they would be now, the whole file is written anew, and nothing of the old one is left in it.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let (disk, contents) = backend::Disk::open(path, options.seal.clone())?;
        let (pipeline, writer) = durable(Box::new(disk), contents, options);
        let thread = WriterThread::start(writer, path)?;
        Ok(Self(Arc::new(Handle { pipeline, place: Place::Thread(thread) })))
    }

    /// Writes the whole file anew if values are there that are not sealed as they would be now, so that nothing of the old one is left;
    /// writers wait meanwhile. An error leaves what there is readable, and may be met by another try.
    pub async fn seal_anew(&self) -> Result<(), WriteError> {
        match &self.0.place {
            Place::Caller(writer) | Place::Held(writer) => writer.lock().expect("a writer does not panic").seal_anew(),
            Place::Thread(_) => self.0.pipeline.seal_anew().await,
        }
    }

    /// Ends the store for all clones, after the writes that were asked for before: nothing is written any more, watches
    /// end once they have returned what is there. Reads go on.
    pub async fn close(&self) -> Result<(), CloseError> {
        let closed = match &self.0.place {
            Place::Caller(writer) | Place::Held(writer) => writer.lock().expect("a writer does not panic").close(),
            Place::Thread(thread) => thread.close().await,
        };
        self.shared().close();
        closed
    }

    /// The newest visible revision.
    pub fn revision(&self) -> u64 {
        self.shared().read().revision()
    }

    /// The current entry.
    pub fn get(&self, key: &str) -> Option<Entry> {
        self.shared().read().index().get(key).cloned()
    }

    /// Entries whose key starts with `prefix` and is greater than `after` (if given), sorted, at most `limit` (0: all), as of
    /// revision `at` (`None`: now).
    pub fn range(&self, prefix: &str, after: Option<&str>, limit: usize, at: Option<u64>) -> Result<Page, ReadError> {
        self.shared().read().range(prefix, after, limit, at)
    }

    /// How much is there now below `directory`, which ends in a slash: of keys that have at most one more slash after it. Nothing is
    /// read for that.
    pub fn extent(&self, directory: &str) -> Extent {
        self.shared().read().index().extent(directory)
    }

    /// Writes a value. On success the entry with its final bytes. A future that is dropped may or may not have written.
    pub async fn put(&self, key: &str, expect: Expect, value: NewValue, durability: Durability) -> Result<Entry, WriteError> {
        self.begin_put(key, expect, value, durability).await.durable().await
    }

    /// Deletes a key; `last` is what watchers get as its last state. A future that is dropped may or may not have deleted.
    pub async fn delete(&self, key: &str, expect: Expect, last: NewValue) -> Result<Entry, WriteError> {
        self.begin_delete(key, expect, last).await.durable().await
    }

    /// Gives a write its place in the order: from now on [`Store::latest`] shows it, and the next writer of the key can build
    /// on it. It is done whether or not anybody waits for the answer.
    pub async fn begin_put(&self, key: &str, expect: Expect, value: NewValue, durability: Durability) -> Pending {
        self.begin(Request::new(key, expect, Operation::Put(value, durability))).await
    }

    /// Gives a deletion its place in the order, as [`Store::begin_put`] does.
    pub async fn begin_delete(&self, key: &str, expect: Expect, last: NewValue) -> Pending {
        self.begin(Request::new(key, expect, Operation::Delete(last))).await
    }

    /// What the next write of a key builds on: the newest state, durable or not.
    pub fn latest(&self, key: &str) -> Latest {
        self.0.pipeline.latest(key)
    }

    /// Waits until what was seen of a key is durable; an error if it never will be.
    pub async fn settled(&self, key: &str, latest: &Latest) -> Result<(), WriteError> {
        self.0.pipeline.settled(latest, key).await
    }

    /// Why writes are refused at present, if they are.
    pub fn refusal(&self) -> Option<WriteError> {
        self.0.pipeline.refusal()
    }

    async fn begin(&self, request: Request) -> Pending {
        let pending = self.0.pipeline.submit(request).await;
        if let Place::Caller(writer) = &self.0.place {
            writer.lock().expect("a writer does not panic").commit_waiting();
        }
        pending
    }

    fn shared(&self) -> &Arc<Shared> {
        self.0.pipeline.shared()
    }

    /// Changes of keys below `prefix` after revision `from`.
    pub fn watch(&self, prefix: &str, from: u64) -> Result<Watch, ReadError> {
        Watch::start(self.shared(), prefix, from)
    }
}

/// The way to a backend that continues what it holds.
fn durable(backend: Box<dyn backend::Backend>, contents: backend::Contents, options: Options) -> (Arc<Pipeline>, Writer) {
    let first = Reserved(contents.reserved).first();
    let index = Index::load(contents.entries.into_iter());
    let pipeline = Arc::new(Pipeline::new(Arc::new(Shared::load(options.limits, first, index))));
    let writer = Writer::new(Arc::clone(&pipeline), backend);
    (pipeline, writer)
}
