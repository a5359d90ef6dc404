//! What is kept on disk of sandboxes and containers, and how: JSON files replaced as a whole, each with its version.
//!
//! Another version of the program may have written a file, and another one may read it: fields that are new have defaults, fields that are
//! unknown are passed over, and what cannot be understood is an error, never taken for missing. Only an empty or torn file is.
//!
//! ```text
//! <root>/sandboxes/<id>/
//!   sandbox.json   SandboxRecord, written before anything else is made
//!   shim.json      ShimRecord, written by the shim once it serves
//!   shim.sock      its socket        shim.log   its errors and its helpers'
//!   stopped        exists once everything of it has been killed
//!   ns/{user,net,ipc,uts,pid}  shm/      mounts
//!   containers/<id>/
//!     container.json  ContainerRecord, written before the shim is asked
//!     config.json     for libcontainer
//!     process.json    ProcessRecord, for programs that are run in it later
//!     started.json    StartedRecord   exit.json  ExitRecord
//!     upper/ work/ rootfs/ oci/ termination-log
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
pub use stead_sys::file::Durability;

use crate::container::{ContainerSpec, EffectiveUser, Exit, ExitReason};
use crate::error::{Error, Result};
use crate::ids::IdRange;
use crate::image::Image;
use crate::sandbox::SandboxSpec;

/// Longest name or id, in bytes.
const NAME_MAX: usize = 128;
/// Largest file of ours that is read back.
const RECORD_BYTES_MAX: u64 = 8 << 20;

/// The version of a record that has none: the first program's records.
const FIRST_VERSION: u32 = 1;

/// A kind of record.
pub trait Record: Serialize + DeserializeOwned {
    /// Raised when a program that knows only the versions before would misunderstand what this one writes. A new field with a default does
    /// not raise it.
    const VERSION: u32 = FIRST_VERSION;

    /// Makes it of what version `version`, at most [`Record::VERSION`], wrote.
    fn from_version(_version: u32, value: Value) -> serde_json::Result<Self> {
        serde_json::from_value(value)
    }
}

/// A record as it is written.
#[derive(Serialize)]
struct Versioned<'a, T> {
    version: u32,
    #[serde(flatten)]
    record: &'a T,
}

/// A sandbox as it was asked for, and what the runtime chose for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SandboxRecord {
    /// As asked for.
    pub spec: SandboxSpec,
    /// The containers' parent cgroup, absolute below the hierarchy's root.
    pub cgroup: String,
    /// The shim's own cgroup.
    pub shim_cgroup: String,
    /// Whom its users are on the machine, if they are its own.
    #[serde(default)]
    pub users: Option<IdRange>,
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

impl Record for SandboxRecord {}
impl Record for ShimRecord {}
impl Record for ContainerRecord {}
impl Record for StartedRecord {}
impl Record for ExitRecord {}

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
    /// Where a namespace of that kind (`user`, `net`, `ipc`, `uts`, `pid`) is pinned.
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
pub fn write<T: Record>(path: &Path, record: &T, durability: Durability) -> Result<()> {
    let versioned = Versioned { version: T::VERSION, record };
    let bytes = serde_json::to_vec(&versioned).map_err(|source| Error::Encode { path: path.to_owned(), source })?;
    write_bytes(path, &bytes, durability)
}

/// Replaces a file that is no record of ours.
pub fn write_bytes(path: &Path, bytes: &[u8], durability: Durability) -> Result<()> {
    stead_sys::file::replace(path, bytes, 0o600, durability).map_err(io_error("write", path))
}

/// Reads a record back; None if there is none, or only what a loss of power left of one that was never synced.
pub fn read<T: Record>(path: &Path) -> Result<Option<T>> {
    let Some(value) = read_value(path)? else { return Ok(None) };
    let not_understood = |reason: String| Error::NotUnderstood { path: path.to_owned(), reason };
    let version = match value.get("version") {
        None => FIRST_VERSION,
        Some(version) => match version.as_u64().and_then(|version| u32::try_from(version).ok()) {
            Some(version) if version <= T::VERSION => version,
            _ => return Err(not_understood(format!("it is of version {version}, and this program knows versions up to {}", T::VERSION))),
        },
    };
    T::from_version(version, value).map(Some).map_err(|error| not_understood(error.to_string()))
}

/// Reads a record's fields, whatever its version; None as for [`read`].
pub fn read_value(path: &Path) -> Result<Option<Value>> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("read", path)(error)),
    };
    if metadata.len() > RECORD_BYTES_MAX {
        return Err(Error::NotUnderstood { path: path.to_owned(), reason: format!("it has {} bytes", metadata.len()) });
    }
    let bytes = fs::read(path).map_err(io_error("read", path))?;
    match serde_json::from_slice(&bytes) {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_torn(&bytes, &error) => {
            tracing::warn!(path = %path.display(), "a torn record is taken for missing");
            Ok(None)
        }
        Err(error) => Err(Error::NotUnderstood { path: path.to_owned(), reason: error.to_string() }),
    }
}

/// Whether these bytes are a record of which a loss of power kept the beginning at most: the rest of such a file is missing, or zeros.
fn is_torn(bytes: &[u8], error: &serde_json::Error) -> bool {
    error.is_eof() || bytes.contains(&0)
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

    fn read_text<T: Record>(text: &str) -> Result<Option<T>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record.json");
        fs::write(&path, text).unwrap();
        read(&path)
    }

    const SHIM: &str = r#"{"pid":1,"start_ticks":2,"boot_id":"b"}"#;

    #[test]
    fn only_an_empty_or_torn_record_counts_as_missing() {
        let whole = SHIM.replace('{', r#"{"version":1,"#);
        assert!(read_text::<ShimRecord>(&whole).unwrap().is_some());
        for length in 0..whole.len() {
            assert!(read_text::<ShimRecord>(&whole[..length]).unwrap().is_none(), "{length}");
            let zeros = whole[..length].to_owned() + &"\0".repeat(whole.len() - length);
            assert!(read_text::<ShimRecord>(&zeros).unwrap().is_none(), "{length}");
        }
        for foreign in ["null", "[]", "7", "no JSON", r#"{"pid":"one","start_ticks":2,"boot_id":"b"}"#, r#"{"pid":1}"#] {
            assert!(matches!(read_text::<ShimRecord>(foreign), Err(Error::NotUnderstood { .. })), "{foreign}");
        }
    }

    #[test]
    fn a_record_of_a_later_version_is_not_understood() {
        let later = SHIM.replace('{', r#"{"version":2,"#);
        let error = read_text::<ShimRecord>(&later).unwrap_err();
        assert!(error.to_string().contains("record.json") && error.to_string().contains("version 2"), "{error}");
    }

    #[test]
    fn a_record_without_a_version_is_of_the_first_and_unknown_fields_are_passed_over() {
        let expected = ShimRecord { pid: 1, start_ticks: 2, boot_id: "b".to_owned() };
        assert_eq!(read_text(SHIM).unwrap(), Some(expected.clone()));
        assert_eq!(read_text(&SHIM.replace('{', r#"{"colour":"blue","#)).unwrap(), Some(expected));
    }

    fn of_version_1<T: Record>(name: &str) -> T {
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/v1").join(name)).unwrap().unwrap()
    }

    #[test]
    fn records_of_version_1_are_read() {
        let sandbox: SandboxRecord = of_version_1("sandbox.json");
        assert_eq!((sandbox.spec.hostname.as_str(), sandbox.spec.labels["namespace"].as_str()), ("two", "default"));
        assert!(sandbox.cgroup.ends_with(&format!("/pod{}", sandbox.spec.id)) && sandbox.shim_cgroup.contains("/shims/"));
        let shim: ShimRecord = of_version_1("shim.json");
        assert_eq!((shim.pid, shim.start_ticks, shim.boot_id.len()), (20168, 62387, 36));
        let container: ContainerRecord = of_version_1("running/container.json");
        assert_eq!(container.id, container_id(&sandbox.spec.id, "sleeper", 0));
        assert_eq!(container.spec.argv, ["sleep", "infinity"]);
        assert_eq!((container.spec.capabilities.len(), container.spec.env.len(), container.spec.masked_paths.len()), (14, 10, 12));
        assert_eq!((container.spec.resources.cpu_shares, container.spec.oom_score_adj), (Some(2), 1000));
        assert!(container.image.layers[0].ends_with("layer") && container.image.digest.starts_with("sha256:"));
        let started: StartedRecord = of_version_1("running/started.json");
        assert!(started.pid > 0 && started.started_at_ns > 0 && started.user.groups == [0]);
        let exit: ExitRecord = of_version_1("ended/exit.json");
        assert_eq!((exit.code, exit.signal, exit.oom, exit.reason), (0, None, false, ExitReason::Exited));
        let image: Image = of_version_1("image.json");
        assert_eq!((image.digest, image.config.cmd), (container.image.digest, vec!["httpd".to_owned()]));
    }

    #[test]
    fn a_record_says_its_version() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record.json");
        let record = ShimRecord { pid: 1, start_ticks: 2, boot_id: "b".to_owned() };
        write(&path, &record, Durability::Process).unwrap();
        assert_eq!(read_value(&path).unwrap().unwrap()["version"], 1);
        assert_eq!(read(&path).unwrap(), Some(record));
    }

    #[test]
    fn names_that_are_paths_are_refused() {
        assert!(check_name("default_web-0.uid").is_ok());
        for bad in ["", ".", "..", "a/b", "-a", "a b", &"x".repeat(129)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
