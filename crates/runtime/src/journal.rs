//! The journal of what was made on the machine outside plain files of the root directory: mounts, cgroups, directories elsewhere.
//!
//! Every entry is appended before the thing is made and crossed out after it is gone, so that what is listed is never less than what
//! exists. Never removes anything itself. One JSON line per entry; compacted when opened and when it has grown.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::record::io_error;

/// Lines after which crossed-out entries are dropped from the file.
const LINES_MAX: usize = 4096;

/// A thing on the machine that must be removed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Made {
    /// A cgroup with all that is in it, absolute below the hierarchy's root.
    Cgroup(String),
    /// A directory outside the root with all that is in it.
    Directory(PathBuf),
    /// A mount.
    Mount(PathBuf),
}

#[derive(Debug, Serialize, Deserialize)]
enum Line {
    Made(Made),
    Gone(Made),
}

/// The journal of one root directory.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    live: BTreeSet<Made>,
    lines: usize,
}

impl Journal {
    /// Opens or begins the journal at `path`.
    pub fn open(path: &Path) -> Result<Journal> {
        let mut live = BTreeSet::new();
        // A torn last line was never followed by the making of its thing: it is dropped.
        for line in fs::read_to_string(path).unwrap_or_default().lines() {
            match serde_json::from_str(line) {
                Ok(Line::Made(made)) => {
                    live.insert(made);
                }
                Ok(Line::Gone(made)) => {
                    live.remove(&made);
                }
                Err(_) => break,
            }
        }
        let file = compact(path, &live)?;
        let lines = live.len();
        Ok(Journal { path: path.to_owned(), inner: Mutex::new(Inner { file, live, lines }) })
    }

    /// Writes down what is about to be made.
    pub fn make(&self, things: &[Made]) -> Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<&Made> = things.iter().filter(|made| !inner.live.contains(made)).collect();
        let persistent = new.iter().any(|made| matches!(made, Made::Directory(_)));
        let lines: Vec<Line> = new.into_iter().cloned().map(Line::Made).collect();
        inner.append(&self.path, &lines)?;
        inner.live.extend(things.iter().cloned());
        if persistent {
            // Mounts and cgroups end with the machine; directories survive a loss of power, so their entry must.
            inner.file.sync_data().map_err(io_error("sync", &self.path))?;
        }
        Ok(())
    }

    /// Crosses out what has been removed.
    pub fn gone(&self, things: &[Made]) -> Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<Line> = things.iter().filter(|made| inner.live.contains(made)).cloned().map(Line::Gone).collect();
        inner.append(&self.path, &lines)?;
        for made in things {
            inner.live.remove(made);
        }
        if inner.lines > LINES_MAX.max(2 * inner.live.len()) {
            inner.file = compact(&self.path, &inner.live)?;
            inner.lines = inner.live.len();
        }
        Ok(())
    }

    /// Everything that may still exist.
    pub fn live(&self) -> Vec<Made> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).live.iter().cloned().collect()
    }
}

impl Inner {
    fn append(&mut self, path: &Path, lines: &[Line]) -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for line in lines {
            text.push_str(&serde_json::to_string(line).expect("paths of ours are UTF-8"));
            text.push('\n');
        }
        self.lines += lines.len();
        self.file.write_all(text.as_bytes()).map_err(io_error("append to", path))
    }
}

fn compact(path: &Path, live: &BTreeSet<Made>) -> Result<File> {
    let temporary = path.with_extension("tmp");
    let mut text = String::new();
    for made in live {
        text.push_str(&serde_json::to_string(&Line::Made(made.clone())).expect("paths of ours are UTF-8"));
        text.push('\n');
    }
    let mut file = File::create(&temporary).map_err(io_error("create", &temporary))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io_error("write", &temporary))?;
    fs::rename(&temporary, path).map_err(io_error("replace", path))?;
    OpenOptions::new().append(true).open(path).map_err(io_error("open", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_survive_reopening_and_a_torn_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        let things = [Made::Cgroup("/a".into()), Made::Mount("/m".into()), Made::Directory("/d".into())];
        journal.make(&things).unwrap();
        journal.make(&things).unwrap();
        journal.gone(&[Made::Mount("/m".into())]).unwrap();
        drop(journal);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"Made\":{\"Mou").unwrap();
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.live(), [Made::Cgroup("/a".into()), Made::Directory("/d".into())]);
    }

    #[test]
    fn the_file_does_not_grow_without_bound() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        for round in 0..3 * LINES_MAX {
            let made = [Made::Cgroup(format!("/{round}"))];
            journal.make(&made).unwrap();
            journal.gone(&made).unwrap();
        }
        assert!(fs::read_to_string(&path).unwrap().lines().count() <= LINES_MAX + 1);
    }
}
