//! The journal of what was made on the machine outside plain files of one's own: an owner writes a thing down before it makes it, and
//! crosses it out after it is gone, so that what is listed is never less than what exists.
//!
//! Never makes or removes a thing, and never forgets one: what another version wrote and this one does not understand is kept as it stands.
//! Which kinds of things there are is the owner's ([`Thing`]): mounts and cgroups of containers, links and rules of a network. One JSON line
//! for each change:
//!
//! ```text
//!   {"Made":{"Mount":"/x"},"v":1}
//!   {"Gone":{"Mount":"/x"},"v":1}
//! ```

mod line;

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use stead_sys::file::{Durability, replace};

use self::line::{Change, Contents};

/// Lines after which crossed-out things are dropped from the file.
const LINES_MAX: usize = 4096;
/// Largest journal that is read: a hundred thousand things.
const BYTES_MAX: u64 = 64 << 20;

/// A thing on the machine that somebody must remove again. All that is needed to remove it is in it: of a sysctl, its former value too.
pub trait Thing: Clone + Ord + fmt::Debug + Serialize + DeserializeOwned {
    /// Whether it is there after a restart of the machine: then its entry must survive a loss of power.
    fn outlives_power(&self) -> bool;
}

/// Why the journal could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {path}")]
pub struct Error {
    operation: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// A journal that this process alone writes.
#[derive(Debug)]
pub struct Journal<T> {
    path: PathBuf,
    inner: Mutex<Inner<T>>,
    /// The lines that are known to have reached the disk, as [`Inner::written`] counts. Whoever waits for the disk holds it, so that those
    /// who come meanwhile share the next wait.
    synced: Mutex<u64>,
}

#[derive(Debug)]
struct Inner<T> {
    file: Arc<File>,
    contents: Contents<T>,
    /// Of the file.
    lines: usize,
    /// Lines at which the file is rewritten next.
    compact_at: usize,
    /// Length of the file as far as it is whole lines.
    length: u64,
    /// Part of a line stands after those, and could not be cut off.
    torn: bool,
    /// Times that lines were written since the file was opened.
    written: u64,
}

impl<T: Thing> Journal<T> {
    /// Opens the journal at `path`, or begins it. A file that cannot be read is an error: what it lists may still exist.
    pub fn open(path: &Path) -> Result<Journal<T>, Error> {
        let failed = |operation| move |source| Error { operation, path: path.to_owned(), source };
        let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed("open"))?;
        let mut bytes = Vec::new();
        (&file).take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed("read"))?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(failed("read")(io::Error::new(io::ErrorKind::FileTooLarge, "too large")));
        }
        // A last line without an end was never followed by the making of its thing, or that is written again.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(failed("cut a torn line off"))?;
        }
        let (contents, lines) = Contents::parse(&bytes[..whole]);
        for line in contents.not_understood() {
            tracing::warn!(path = %path.display(), line, "the journal lists a thing that this version does not know; it is left alone");
        }
        let length = whole as u64;
        let mut inner = Inner { file: Arc::new(file), contents, lines, compact_at: LINES_MAX, length, torn: false, written: 0 };
        if lines > inner.contents.len() {
            inner.compact(path);
        }
        Ok(Journal { path: path.to_owned(), inner: Mutex::new(inner), synced: Mutex::new(0) })
    }

    /// What is listed at `path`, read beside whoever has it open; nothing if it is not there. Changes nothing.
    pub fn read(path: &Path) -> Result<Vec<T>, Error> {
        let failed = |source| Error { operation: "read", path: path.to_owned(), source };
        let mut bytes = Vec::new();
        match File::open(path) {
            Ok(file) => file.take(BYTES_MAX).read_to_end(&mut bytes).map(drop).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        }
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        Ok(Contents::parse(&bytes[..whole]).0.live().iter().cloned().collect())
    }

    /// Writes down what is about to be made.
    pub fn make(&self, things: &[T]) -> Result<(), Error> {
        let mut inner = self.lock();
        let new: Vec<T> = things.iter().filter(|thing| !inner.contents.contains(thing)).cloned().collect();
        let lines: Vec<String> = new.iter().map(|thing| Change::Made(thing).line()).collect();
        inner.append(&lines).map_err(|source| self.failed("append to", source))?;
        inner.contents.add(&new);
        let written = inner.written;
        drop(inner);
        // Also what was written down before: somebody else may still be waiting for the disk.
        if things.iter().any(Thing::outlives_power)
            && let Err(source) = self.sync(written)
        {
            // Who tries again writes it again.
            self.lock().contents.remove(&new);
            return Err(self.failed("sync", source));
        }
        Ok(())
    }

    /// Waits until so many writes are on disk; one wait serves all who came before it began.
    fn sync(&self, written: u64) -> io::Result<()> {
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if *synced >= written {
            return Ok(());
        }
        let (file, reached) = {
            let inner = self.lock();
            (Arc::clone(&inner.file), inner.written)
        };
        file.sync_data()?;
        *synced = reached;
        Ok(())
    }

    /// Crosses out what has been removed. Where the file cannot be written, as on a full disk, the removal holds all the same: the file
    /// lists too much until it is next written anew.
    pub fn gone(&self, things: &[T]) {
        let mut inner = self.lock();
        let lines: Vec<String> =
            things.iter().filter(|thing| inner.contents.contains(thing)).map(|thing| Change::Gone(thing).line()).collect();
        let crossed_out = inner.append(&lines);
        inner.contents.remove(things);
        if let Err(error) = crossed_out {
            tracing::warn!(path = %self.path.display(), %error, "what has been removed stays listed in the journal for now");
            inner.compact_at = 0;
        } else if inner.lines > inner.compact_at {
            inner.compact(&self.path);
        }
    }

    /// Everything that may still exist and that this version understands.
    pub fn live(&self) -> Vec<T> {
        self.lock().contents.live().iter().cloned().collect()
    }

    /// Lines that this version does not understand, as they stand in the file.
    pub fn not_understood(&self) -> Vec<String> {
        self.lock().contents.not_understood().map(str::to_owned).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, operation: &'static str, source: io::Error) -> Error {
        Error { operation, path: self.path.clone(), source }
    }
}

impl<T: Thing> Inner<T> {
    fn append(&mut self, lines: &[String]) -> io::Result<()> {
        let mut text = if self.torn { "\n".to_owned() } else { String::new() };
        text.extend(lines.iter().flat_map(|line| [line.as_str(), "\n"]));
        if let Err(error) = (&*self.file).write_all(text.as_bytes()) {
            // What was written of it must not stand in the next line.
            self.torn = self.file.set_len(self.length).is_err();
            return Err(error);
        }
        self.torn = false;
        self.length += text.len() as u64;
        self.lines += lines.len();
        self.written += 1;
        Ok(())
    }

    /// Writes the file anew without what is crossed out. Where that fails the old file goes on.
    fn compact(&mut self, path: &Path) {
        let text = self.contents.text();
        let replaced = replace(path, text.as_bytes(), 0o600, Durability::Power).and_then(|()| OpenOptions::new().append(true).open(path));
        match replaced {
            Ok(file) => {
                (self.file, self.length, self.lines, self.torn) = (Arc::new(file), text.len() as u64, self.contents.len(), false);
                self.compact_at = LINES_MAX.max(2 * self.lines);
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the journal could not be rewritten; it grows on");
                self.compact_at = 2 * self.lines;
            }
        }
    }
}

#[cfg(test)]
mod tests;
