//! Settings of the machine that containers need: written down before they are changed, put back when nobody needs them any more.
//!
//! What was changed stands in a record of the machine's, not in a data directory: all directories need the same, the last one puts it back,
//! and one that is removed takes nothing along. The record is where the machine forgets it together with the settings, when it starts anew.

use crate::error::{Error, Result};
use crate::journal::Made;
use crate::namespaces;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use stead_journal::Journal;

/// Gone when the machine starts anew, as the settings are.
const DIRECTORY: &str = "/run/stead";
/// What records' names begin with; the rest is the number of their namespace.
const RECORD: &str = "settings-";

/// The record of one network namespace: these settings are of its own.
#[derive(Debug, Clone)]
pub struct Settings {
    path: PathBuf,
}

impl Settings {
    /// Of this thread's network namespace.
    pub fn of_machine() -> Result<Settings> {
        let number = namespaces::own().map_err(failed("look at", Path::new("/proc/thread-self/ns/net")))?;
        Ok(Settings { path: Path::new(DIRECTORY).join(format!("{RECORD}{number}")) })
    }

    /// Removes the records of namespaces that are gone, and their settings with them: their numbers may come to others.
    pub fn forget_gone() {
        let directory = Path::new(DIRECTORY);
        let result = with_lock(directory, || remove_gone(directory, namespaces::alive));
        if let Err(error) = result {
            tracing::debug!(%error, "records of settings of namespaces that may be gone stay");
        }
    }

    /// Sets one, if it is as it is where nobody chose otherwise.
    pub fn set_instead(&self, name: &str, of: &str, value: &str) {
        if read(name).is_ok_and(|now| now == of) {
            self.set(name, value);
        }
    }

    /// Sets one, if it is not so already, and says it.
    pub fn set(&self, name: &str, value: &str) {
        let result = read(name).map_err(failed("read", Path::new(name))).and_then(|was| {
            if was == value {
                return Ok(());
            }
            self.with_record(|record| {
                // Of links that are gone.
                let gone: Vec<Made> = record.live().into_iter().filter(|made| !is_there(made)).collect();
                record.gone(&gone);
                record.make(&[Made::Sysctl { name: name.to_owned(), was: was.clone(), set: value.to_owned() }]).map_err(Error::Journal)?;
                std::fs::write(path(name), value).map_err(failed("write", Path::new(name)))
            })?;
            tracing::info!(name, was, value, "changed a setting of this machine; `stead down` puts it back");
            Ok(())
        });
        if let Err(error) = result {
            tracing::warn!(name, value, %error, "cannot change a setting of this machine that containers need");
        }
    }

    /// Puts all back that were changed. Only if nobody needs them.
    pub fn put_back(&self) -> Result<()> {
        if !self.path.exists() {
            return Ok(());
        }
        self.with_record(|record| {
            let made = record.live();
            for thing in &made {
                if let Made::Sysctl { name, was, set } = thing {
                    restore(name, was, set);
                }
            }
            record.gone(&made);
            // What another version wrote down is that version's to put back.
            if record.not_understood().is_empty() {
                std::fs::remove_file(&self.path).map_err(failed("remove", &self.path))?;
            }
            Ok(())
        })
    }

    /// With the record, which no other process has meanwhile.
    fn with_record<T>(&self, work: impl FnOnce(&Journal<Made>) -> Result<T>) -> Result<T> {
        let directory = Path::new(DIRECTORY);
        std::fs::create_dir_all(directory).map_err(failed("make", directory))?;
        with_lock(directory, || work(&Journal::open(&self.path).map_err(Error::Journal)?))
    }
}

/// While no other process changes records.
fn with_lock<T>(directory: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let lock = directory.join("lock");
    let file: File = OpenOptions::new().create(true).truncate(false).write(true).open(&lock).map_err(failed("open", &lock))?;
    file.lock().map_err(failed("lock", &lock))?;
    work()
}

/// `alive` tells which namespaces there are, and is only asked if it matters.
fn remove_gone(directory: &Path, alive: impl FnOnce() -> io::Result<BTreeSet<u64>>) -> Result<()> {
    let mut records = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed("list", directory))? {
        let entry = entry.map_err(failed("list", directory))?;
        let number = entry.file_name().to_str().and_then(|name| name.strip_prefix(RECORD)?.parse().ok());
        records.extend(number.map(|number: u64| (number, entry.path())));
    }
    let own = namespaces::own().map_err(failed("look at", Path::new("/proc")))?;
    if records.iter().all(|(number, _)| *number == own) {
        return Ok(());
    }
    let alive = alive().map_err(failed("look at", Path::new("/proc")))?;
    for (number, path) in records.iter().filter(|(number, _)| *number != own && !alive.contains(number)) {
        std::fs::remove_file(path).map_err(failed("remove", path))?;
        tracing::debug!(namespace = number, "removed the record of settings of a namespace that is gone");
    }
    Ok(())
}

/// Puts one back, unless somebody has changed it since.
pub fn restore(name: &str, was: &str, set: &str) {
    let result = read(name).and_then(|now| if now == set { std::fs::write(path(name), was) } else { Ok(()) });
    if let Err(error) = result
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(name, was, %error, "cannot put a setting of this machine back");
    }
}

fn path(name: &str) -> PathBuf {
    Path::new("/proc/sys").join(name)
}

fn read(name: &str) -> io::Result<String> {
    std::fs::read_to_string(path(name)).map(|text| text.trim().to_owned())
}

fn is_there(made: &Made) -> bool {
    let Made::Sysctl { name, .. } = made else { return true };
    path(name).exists()
}

fn failed<'a>(operation: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Error + 'a {
    move |source| Error::Io { operation, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_namespaces_that_are_gone_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let own = namespaces::own().unwrap();
        for name in [format!("settings-{own}"), "settings-1".into(), "settings-2".into(), "lock".into(), "settings-x".into()] {
            std::fs::write(directory.path().join(name), "").unwrap();
        }
        remove_gone(directory.path(), || Ok(BTreeSet::from([2]))).unwrap();
        let files = std::fs::read_dir(directory.path()).unwrap();
        let mut left: Vec<_> = files.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        let mut expected = ["lock".to_owned(), "settings-2".to_owned(), "settings-x".to_owned(), format!("settings-{own}")];
        expected.sort();
        assert_eq!(left, expected);
    }

    #[test]
    fn nothing_is_removed_where_namespaces_cannot_be_known() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("settings-1"), "").unwrap();
        assert!(remove_gone(directory.path(), || Err(io::Error::from(io::ErrorKind::PermissionDenied))).is_err());
        assert!(directory.path().join("settings-1").exists());
    }
}
