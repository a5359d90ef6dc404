//! What is kept on disk of sandboxes and containers, and how: JSON files replaced as a whole.
//!
//! ```text
//! <root>/sandboxes/<id>/
//!   sandbox.json   SandboxRecord, written before anything else is made
//!   shim.json      ShimRecord, written by the shim once it serves
//!   shim.sock      its socket        shim.log   what it has to complain about
//!   stopped        exists once everything of it has been killed
//!   ns/{net,ipc,uts}  shm/           mounts
//!   containers/<id>/
//!     container.json  ContainerRecord, written before the shim is asked
//!     config.json     for libcontainer
//!     started.json    StartedRecord   exit.json  ExitRecord
//!     upper/ work/ rootfs/ oci/ termination-log
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
pub use stead_sys::file::Durability;

use crate::container::{ContainerSpec, EffectiveUser, Exit, ExitReason};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::sandbox::SandboxSpec;

/// Longest name or id, in bytes.
const NAME_MAX: usize = 128;
/// Largest file of ours that is read back.
const RECORD_BYTES_MAX: u64 = 8 << 20;

/// A sandbox as it was asked for, and what the runtime chose for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SandboxRecord {
    /// As asked for.
    pub spec: SandboxSpec,
    /// The containers' parent cgroup, absolute below the hierarchy's root.
    pub cgroup: String,
    /// The shim's own cgroup.
    pub shim_cgroup: String,
}

/// A shim that serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShimRecord {
    /// Its process id.
    pub pid: i32,
    /// See [`stead_sys::process::start_ticks`].
    pub start_ticks: u64,
    /// See [`stead_sys::process::boot_id`].
    pub boot_id: String,
    /// Of the protocol it speaks.
    pub version: u32,
}

/// A container as it was asked for, and what the runtime chose for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ContainerRecord {
    /// 64 hexadecimal digits.
    pub id: String,
    /// As asked for.
    pub spec: ContainerSpec,
    /// The image, resolved.
    pub image: Image,
    /// Its cgroup, absolute below the hierarchy's root.
    pub cgroup: String,
}

/// A container whose program has been executed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartedRecord {
    /// Process id on the machine.
    pub pid: i32,
    /// See [`stead_sys::process::start_ticks`].
    pub start_ticks: u64,
    /// Nanoseconds since 1970.
    pub started_at_ns: u64,
    /// Who it runs as.
    pub user: EffectiveUser,
    /// The value that could be set.
    pub oom_score_adj: i32,
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// See [`Exit::code`].
    pub code: i32,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// See [`Exit::oom`].
    pub oom: bool,
    /// Nanoseconds since 1970; None if its program never ran.
    pub started_at_ns: Option<u64>,
    /// Nanoseconds since 1970.
    pub finished_at_ns: u64,
    /// See [`Exit::message`].
    pub message: String,
    /// Which kind of end.
    pub reason: ExitReason,
}

impl From<ExitRecord> for Exit {
    fn from(record: ExitRecord) -> Exit {
        Exit {
            code: record.code,
            signal: record.signal,
            oom: record.oom,
            started_at: record.started_at_ns.map(from_ns),
            finished_at: from_ns(record.finished_at_ns),
            message: record.message,
            reason: record.reason,
        }
    }
}

/// Time as nanoseconds since 1970.
pub fn to_ns(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// The reverse of [`to_ns`].
pub fn from_ns(ns: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(ns)
}

/// Where the parts of a sandbox lie.
#[derive(Debug, Clone)]
pub struct SandboxDir(pub PathBuf);

impl SandboxDir {
    /// The file `name` in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
    /// Its record.
    pub fn record(&self) -> PathBuf {
        self.file("sandbox.json")
    }
    /// The shim's record.
    pub fn shim(&self) -> PathBuf {
        self.file("shim.json")
    }
    /// Where a namespace of that kind (`net`, `ipc`, `uts`) is pinned.
    pub fn namespace(&self, kind: &str) -> PathBuf {
        self.0.join("ns").join(kind)
    }
    /// The directory that is the containers' `/dev/shm`.
    pub fn shm(&self) -> PathBuf {
        self.file("shm")
    }
    /// Of all containers.
    pub fn containers(&self) -> PathBuf {
        self.file("containers")
    }
    /// Of one container.
    pub fn container(&self, id: &str) -> PathBuf {
        self.containers().join(id)
    }
    /// The mark of a stopped sandbox.
    pub fn stopped(&self) -> PathBuf {
        self.file("stopped")
    }
}

/// The id of a container: the same for the same sandbox, name and attempt, and different for all others.
pub fn container_id(sandbox: &str, name: &str, attempt: u32) -> String {
    let mut hash = Sha256::new();
    for part in [sandbox, name] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(attempt.to_be_bytes());
    hex(&hash.finalize())
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).expect("a digit is below 16")));
        text
    })
}

/// Refuses what cannot safely be a file name.
pub fn check_name(name: &str) -> Result<()> {
    let good = (1..=NAME_MAX).contains(&name.len())
        && name.as_bytes()[0].is_ascii_alphanumeric()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if good { Ok(()) } else { Err(Error::InvalidName(name.to_owned())) }
}

/// Replaces a file as a whole.
pub fn write<T: Serialize>(path: &Path, value: &T, durability: Durability) -> Result<()> {
    let bytes = serde_json::to_vec(value).map_err(|source| Error::Corrupt { path: path.to_owned(), source })?;
    stead_sys::file::replace(path, &bytes, 0o600, durability).map_err(io_error("write", path))
}

/// Reads a file back; None if it does not exist.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("read", path)(error)),
    };
    if metadata.len() > RECORD_BYTES_MAX {
        return Err(io_error("read", path)(io::Error::new(io::ErrorKind::FileTooLarge, "too large")));
    }
    let bytes = fs::read(path).map_err(io_error("read", path))?;
    serde_json::from_slice(&bytes).map(Some).map_err(|source| Error::Corrupt { path: path.to_owned(), source })
}

/// Reads back a file that a loss of power may have spoilt (it was not synced, since what it describes ended with the machine anyway):
/// one that cannot be understood counts as missing.
pub fn read_unless_spoilt<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match read(path) {
        Err(Error::Corrupt { path, source }) => {
            tracing::warn!(path = %path.display(), error = %source, "a spoilt record is taken for missing");
            Ok(None)
        }
        other => other,
    }
}

/// Makes an error of a file operation.
pub fn io_error<'a>(operation: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Error + 'a {
    move |source| Error::Io { operation, path: path.to_owned(), source }
}

/// Treats a missing file as done.
pub fn unless_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_depend_on_every_part() {
        let id = container_id("s", "web", 0);
        assert_eq!(id.len(), 64);
        assert_eq!(id, container_id("s", "web", 0));
        assert_ne!(id, container_id("s", "web", 1));
        assert_ne!(container_id("ab", "c", 0), container_id("a", "bc", 0));
    }

    #[test]
    fn names_that_are_paths_are_refused() {
        assert!(check_name("default_web-0.uid").is_ok());
        for bad in ["", ".", "..", "a/b", "-a", "a b", &"x".repeat(129)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
