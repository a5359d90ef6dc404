//! The backend that is durable: one redb file with the current state and the end of the reserved revision block. Owns the
//! file's format. Never keeps history: that is in memory. In: batches, each one redb transaction and one sync. Out, once,
//! at open: every entry.
//!
//! Opening refuses a file that another process has, that is damaged, or that a newer program wrote, and leaves it as it is.

use super::guard::Guard;
use super::lock::{Lock, beside};
use super::marker::Marker;
use super::reserve::Reserve;
use super::{Backend, BackendError, Compare, Contents, proposed};
use crate::revision::{Allocation, BLOCK, Reserved};
use crate::txn::{Change, Row};
use crate::{Entry, OpenError, Seal};
use bytes::Bytes;
use redb::{
    Builder, Database, DatabaseError, ReadableDatabase, ReadableTable, StorageBackend, StorageError, Table, TableDefinition, TableError,
};
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Key to created, revision (8 bytes each, little endian) and value, sealed or as it is.
const OBJECTS: TableDefinition<&str, &[u8]> = TableDefinition::new("objects");
const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
/// In `META`: the format of the other tables.
const FORMAT_KEY: &str = "format";
/// In `META`: no revision above this was ever assigned.
const RESERVED_KEY: &str = "reserved";
/// The format that this program reads and writes.
const FORMAT: u64 = 1;
/// The newest file format of redb that this program's redb reads.
const REDB_FORMAT: u8 = 3;
/// Bytes before the value.
const HEADER_LEN: usize = 16;
/// What redb may cache; all entries are in memory anyway.
const CACHE_BYTES_MAX: usize = 8 << 20;

/// How to get at the device that holds the file, again after it failed. It reads from the medium: after a failed sync, also
/// one of an earlier process, memory of the system may show what never got there.
pub(crate) struct Opener(Box<dyn Fn() -> io::Result<Box<dyn StorageBackend>> + Send>);

impl Opener {
    pub(crate) fn new(open: impl Fn() -> io::Result<Box<dyn StorageBackend>> + Send + 'static) -> Self {
        Self(Box::new(open))
    }

    /// Of a file that exists.
    fn file(path: &Path) -> Self {
        let path = path.to_owned();
        Self::new(move || {
            let file = OpenOptions::new().read(true).write(true).open(&path)?;
            // Only pages that are not waiting to be written are dropped; the others are synced by the next commit.
            nix::fcntl::posix_fadvise(&file, 0, 0, nix::fcntl::PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
            Ok(Box::new(Reserve::of(file)?))
        })
    }

    fn open(&self) -> io::Result<Box<dyn StorageBackend>> {
        (self.0)()
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opener")
    }
}

#[derive(Debug)]
pub(crate) struct Disk {
    database: Option<Database>,
    path: PathBuf,
    opener: Opener,
    reserved: Reserved,
    seal: Option<Arc<dyn Seal>>,
    /// After the database, so that it is dropped last.
    lock: Option<Lock>,
}

impl Disk {
    /// Opens or makes the file.
    pub(crate) fn open(path: &Path, seal: Option<Arc<dyn Seal>>) -> Result<(Self, Contents), OpenError> {
        let lock = Lock::take(path)?;
        let io = |act, source| OpenError::Io { path: path.to_owned(), act, source };
        let marker = Marker::beside(path);
        if !path.try_exists().map_err(|source| io("look for", source))? {
            marker.check_absent(path)?;
            write_new(path, seal.clone(), None)?;
        }
        if std::fs::metadata(path).map_err(|source| io("read", source))?.len() == 0 {
            return Err(corrupt(path, "it is empty"));
        }
        let (mut disk, mut contents) = Self::open_sealed(Opener::file(path), path, seal.clone())?;
        if contents.is_stale {
            let closed = disk.close();
            closed.map_err(|error| io_error(path, "close", io::Error::other(error.cause)))?;
            tracing::info!(path = %path.display(), "writing the store anew: of some values it is not sealed as it is to be");
            write_new(path, seal.clone(), Some(&contents))?;
            (disk, contents) = Self::open_sealed(Opener::file(path), path, seal)?;
        }
        marker.leave()?;
        disk.lock = Some(lock);
        Ok((disk, contents))
    }

    /// Opens what is on a device; an empty one becomes a new store. The path is for messages.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn open_device(opener: Opener, path: &Path) -> Result<(Self, Contents), OpenError> {
        Self::open_sealed(opener, path, None)
    }

    fn open_sealed(opener: Opener, path: &Path, seal: Option<Arc<dyn Seal>>) -> Result<(Self, Contents), OpenError> {
        let device = opener.open().map_err(|source| io_error(path, "open", source))?;
        let (database, contents) = load_untouched(device, path, seal.as_deref(), &mut |_| Ok(()))?;
        let reserved = Reserved(contents.reserved);
        Ok((Self { database: Some(database), path: path.to_owned(), opener, reserved, seal, lock: None }, contents))
    }

    /// Writes all that another store holds into this empty one.
    fn fill(&self, contents: &Contents) -> Result<(), BackendError> {
        let broken = |error: redb::Error| BackendError::new("write to the data file", error);
        let database = self.database.as_ref().ok_or_else(|| broken(redb::Error::DatabaseClosed))?;
        let transaction = database.begin_write().map_err(|error| broken(error.into()))?;
        {
            let mut objects = transaction.open_table(OBJECTS).map_err(|error| broken(error.into()))?;
            for entry in &contents.entries {
                self.put(&mut objects, entry)?;
            }
            let mut meta = transaction.open_table(META).map_err(|error| broken(error.into()))?;
            meta.insert(RESERVED_KEY, contents.reserved).map_err(|error| broken(error.into()))?;
        }
        transaction.commit().map_err(|error| broken(error.into()))
    }

    fn put(&self, objects: &mut Table<'_, &'static str, &'static [u8]>, entry: &Entry) -> Result<(), BackendError> {
        let sealed = match self.seal.as_ref().filter(|seal| seal.covers(&entry.key)) {
            Some(seal) => Some(seal.seal(&entry.key, &entry.value).map_err(|why| BackendError::new("seal a value", why))?),
            None => None,
        };
        let value = sealed.as_deref().unwrap_or(&entry.value);
        let row = objects.insert_reserve(&*entry.key, HEADER_LEN + value.len());
        encode(row.map_err(|error| BackendError::new("write to the data file", error))?.as_mut(), entry, value);
        Ok(())
    }

    fn write(&self, changes: &[Change], reserve: Option<u64>) -> Result<(), BackendError> {
        let broken = |error: redb::Error| BackendError::new("write to the data file", error);
        let database = self.database.as_ref().ok_or_else(|| broken(redb::Error::DatabaseClosed))?;
        let transaction = database.begin_write().map_err(|error| broken(error.into()))?;
        {
            let mut objects = transaction.open_table(OBJECTS).map_err(|error| broken(error.into()))?;
            // Of the changes of one key only the last that touches its row counts.
            let mut written = HashSet::new();
            for change in changes.iter().rev().filter(|change| change.row != Row::Untouched) {
                let entry = change.entry();
                if !written.insert(&*entry.key) {
                    continue;
                }
                if change.row == Row::Put {
                    self.put(&mut objects, entry)?;
                } else {
                    drop(objects.remove(&*entry.key).map_err(|error| broken(error.into()))?);
                }
            }
            if let Some(reserve) = reserve {
                let mut meta = transaction.open_table(META).map_err(|error| broken(error.into()))?;
                meta.insert(RESERVED_KEY, reserve).map_err(|error| broken(error.into()))?;
            }
        }
        transaction.commit().map_err(|error| broken(error.into()))
    }
}

impl Backend for Disk {
    fn commit(&mut self, changes: &[Change]) -> Result<Vec<u64>, BackendError> {
        let revisions = proposed(changes);
        let newest = revisions.last().copied().unwrap_or_default();
        let has_rows = changes.iter().any(|change| change.row != Row::Untouched);
        let reserve = self.reserved.extend(newest, if has_rows { Allocation::Eager } else { Allocation::Lazy });
        if has_rows || reserve.is_some() {
            self.write(changes, reserve)?;
        }
        self.reserved = reserve.map_or(self.reserved, Reserved);
        Ok(revisions)
    }

    fn reopen(&mut self, newest: u64, compare: Compare<'_>) -> Result<(), BackendError> {
        // Of a failed database nothing more is written.
        drop(self.database.take());
        let reopened = self.opener.open().map_err(|source| io_error(&self.path, "open", source));
        let loaded = reopened.and_then(|device| load_untouched(device, &self.path, self.seal.as_deref(), compare));
        let (database, contents) = loaded.map_err(|error| BackendError::new("open the data file again", error))?;
        self.database = Some(database);
        let reserved = Reserved(contents.reserved.max(newest) + BLOCK);
        self.write(&[], Some(reserved.0))?;
        self.reserved = reserved;
        Ok(())
    }

    fn seal_anew(&mut self) -> Result<(), BackendError> {
        let failed = |error| BackendError::new("write the data file anew", error);
        let database = self.database.as_ref().ok_or_else(|| BackendError::new("read the data file", redb::Error::DatabaseClosed))?;
        let contents = read(database, &self.path, self.seal.as_deref()).map_err(failed)?;
        if !contents.is_stale {
            return Ok(());
        }
        let closed = self.database.take().map_or(Ok(()), Database::close);
        closed.map_err(|error| BackendError::new("close the data file", error))?;
        write_new(&self.path, self.seal.clone(), Some(&contents)).map_err(failed)?;
        let device = self.opener.open().map_err(|source| failed(io_error(&self.path, "open", source)))?;
        let (database, _) = load_untouched(device, &self.path, self.seal.as_deref(), &mut |_| Ok(())).map_err(failed)?;
        self.database = Some(database);
        Ok(())
    }

    fn close(&mut self) -> Result<(), BackendError> {
        let closed = self.database.take().map_or(Ok(()), Database::close);
        self.lock = None;
        closed.map_err(|error| BackendError::new("close the data file", error))
    }
}

fn io_error(path: &Path, act: &'static str, source: io::Error) -> OpenError {
    OpenError::Io { path: path.to_owned(), act, source }
}

/// Makes a new file, or one in place of another, under another name first, so that a power cut leaves all of it or nothing. The lock
/// keeps others away.
fn write_new(path: &Path, seal: Option<Arc<dyn Seal>>, contents: Option<&Contents>) -> Result<(), OpenError> {
    let new = beside(path, ".new");
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&new);
    drop(opened.map_err(|source| io_error(&new, "create", source))?);
    let (mut disk, _) = Disk::open_sealed(Opener::file(&new), &new, seal)?;
    let filled = contents.map_or(Ok(()), |contents| disk.fill(contents));
    filled.and_then(|()| disk.close()).map_err(|error| io_error(&new, "write", io::Error::other(error.cause)))?;
    std::fs::rename(&new, path).map_err(|source| io_error(&new, "rename", source))?;
    sync_directory(path)
}

/// Makes the names in the directory of a file durable.
pub(super) fn sync_directory(path: &Path) -> Result<(), OpenError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(|source| io_error(path, "sync the directory of", source))
}

/// Opens what is on a device. Nothing is written to it before its contents are known to be sound, and right for the caller.
fn load_untouched(
    device: Box<dyn StorageBackend>,
    path: &Path,
    seal: Option<&dyn Seal>,
    compare: Compare<'_>,
) -> Result<(Database, Contents), OpenError> {
    check_redb_format(&*device, path)?;
    let guard = Guard::hold(device).map_err(|source| io_error(path, "read", source))?;
    // Where a damaged file breaks an assertion of the library instead of giving an error.
    let loaded = catch_unwind(AssertUnwindSafe(|| load(guard.clone(), path, seal)));
    let (database, contents) = loaded.unwrap_or_else(|_| Err(corrupt(path, "its structure is broken")))?;
    compare(&contents).map_err(|reason| corrupt(path, &reason))?;
    guard.accept().map_err(|source| io_error(path, "write", source))?;
    Ok((database, contents))
}

/// Refuses a file of a newer redb, by the version bytes of both commit slots. Whatever else is wrong, redb says.
fn check_redb_format(device: &dyn StorageBackend, path: &Path) -> Result<(), OpenError> {
    const MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";
    const SLOTS: [usize; 2] = [64, 192];
    let mut header = [0; 256];
    let read = |header: &mut [u8]| match device.len()? {
        len if len < header.len() as u64 => Ok(()),
        _ => device.read(0, header),
    };
    read(&mut header).map_err(|source| OpenError::Io { path: path.to_owned(), act: "read", source })?;
    let [first, second] = SLOTS.map(|slot| header[slot]);
    if header.starts_with(MAGIC) && first == second && first > REDB_FORMAT {
        return Err(OpenError::Newer { path: path.to_owned(), found: u64::from(first), known: u64::from(REDB_FORMAT) });
    }
    Ok(())
}

fn load(guard: Guard, path: &Path, seal: Option<&dyn Seal>) -> Result<(Database, Contents), OpenError> {
    let new = guard.len().map_err(|source| OpenError::Io { path: path.to_owned(), act: "read", source })? == 0;
    let database = Builder::new()
        .set_cache_size(CACHE_BYTES_MAX)
        .set_check_integrity_on_open(true)
        .create_with_backend(guard)
        .map_err(|error| open_error(error, path))?;
    if new {
        initialize(&database).map_err(|error| read_error(error, path))?;
    }
    let contents = read(&database, path, seal)?;
    Ok((database, contents))
}

fn initialize(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(OBJECTS)?;
    let mut meta = transaction.open_table(META)?;
    meta.insert(FORMAT_KEY, FORMAT)?;
    meta.insert(RESERVED_KEY, 0)?;
    drop(meta);
    transaction.commit()?;
    Ok(())
}

fn read(database: &Database, path: &Path, seal: Option<&dyn Seal>) -> Result<Contents, OpenError> {
    let broken = |error: redb::Error| read_error(error, path);
    let transaction = database.begin_read().map_err(|error| broken(error.into()))?;
    let meta = transaction.open_table(META).map_err(|error| table_error(error, path))?;
    let number = |key| match meta.get(key) {
        Ok(Some(value)) => Ok(value.value()),
        Ok(None) => Err(corrupt(path, &format!("it has no {key}"))),
        Err(error) => Err(broken(error.into())),
    };
    let found = number(FORMAT_KEY)?;
    if found > FORMAT {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: FORMAT });
    }
    let reserved = number(RESERVED_KEY)?;
    let objects = transaction.open_table(OBJECTS).map_err(|error| table_error(error, path))?;
    let (mut entries, mut is_stale) = (Vec::new(), false);
    for row in objects.iter().map_err(|error| broken(error.into()))? {
        let (key, value) = row.map_err(|error| broken(error.into()))?;
        let entry = decode(key.value(), value.value()).filter(|entry| entry.created <= entry.revision && entry.revision <= reserved);
        let mut entry = entry.ok_or_else(|| corrupt(path, &format!("the row of {} is not valid", key.value())))?;
        if let Some(seal) = seal.filter(|seal| seal.covers(&entry.key)) {
            let sealed = |reason| OpenError::Sealed { path: path.to_owned(), key: entry.key.to_string(), reason };
            let unsealed = seal.unseal(&entry.key, &entry.value).map_err(sealed)?;
            is_stale |= !unsealed.is_current;
            entry.value = unsealed.value;
        }
        entries.push(entry);
    }
    Ok(Contents { entries, reserved, is_stale })
}

fn encode(out: &mut [u8], entry: &Entry, value: &[u8]) {
    out[..8].copy_from_slice(&entry.created.to_le_bytes());
    out[8..HEADER_LEN].copy_from_slice(&entry.revision.to_le_bytes());
    out[HEADER_LEN..].copy_from_slice(value);
}

fn decode(key: &str, row: &[u8]) -> Option<Entry> {
    let (created, rest) = row.split_first_chunk()?;
    let (revision, value) = rest.split_first_chunk()?;
    Some(Entry {
        key: Arc::from(key),
        value: Bytes::copy_from_slice(value),
        created: u64::from_le_bytes(*created),
        revision: u64::from_le_bytes(*revision),
    })
}

fn corrupt(path: &Path, reason: &str) -> OpenError {
    OpenError::Corrupt { path: path.to_owned(), reason: reason.to_owned() }
}

fn open_error(error: DatabaseError, path: &Path) -> OpenError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => OpenError::Locked { path: path.to_owned(), pid: None },
        other => read_error(other.into(), path),
    }
}

fn table_error(error: TableError, path: &Path) -> OpenError {
    match error {
        TableError::Storage(StorageError::Io(source)) => read_error(redb::Error::Io(source), path),
        other => corrupt(path, &other.to_string()),
    }
}

/// Tells a device that fails from contents that are wrong. redb reports a file that is none of its own as invalid data.
fn read_error(error: redb::Error, path: &Path) -> OpenError {
    match error {
        redb::Error::Io(source) if !matches!(source.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => {
            OpenError::Io { path: path.to_owned(), act: "read", source }
        }
        other => corrupt(path, &other.to_string()),
    }
}
