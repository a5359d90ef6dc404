//! What can go wrong with a disk, in words that go on to a user.

use std::io;
use std::path::{Path, PathBuf};

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{operation} {path}: {source}")]
    Io { operation: &'static str, path: PathBuf, source: io::Error },
    #[error(transparent)]
    Journal(#[from] stead_journal::Error),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// This machine or this pool cannot do it.
    #[error("{what} cannot be had in {pool}: {why}", pool = .pool.display())]
    Unavailable { what: &'static str, pool: PathBuf, why: String },
    /// The pool has no room for such a promise.
    #[error(
        "not enough room in {pool}: {wanted} are asked for, {available} of its file system are neither used, promised to other disks nor \
         kept back",
        pool = .pool.display(),
        wanted = amount(*.wanted, u64::div_ceil),
        available = amount(*.available, u64::div_euclid)
    )]
    NotEnoughRoom { pool: PathBuf, wanted: u64, available: u64 },
    /// Something that this program has not made stands where the disk would be.
    #[error("{path} exists already and is left alone: this node has not made it", path = .path.display())]
    InTheWay { path: PathBuf },
    #[error("there is no disk {0}")]
    NotFound(String),
    /// It is on its way out.
    #[error("the disk {0} has been removed")]
    Removed(String),
    /// It is on record, but not where it was made.
    #[error("{path} is not there: is the disk that it is on mounted?", path = .path.display())]
    Missing { path: PathBuf },
    /// Its data is kept as it is until somebody has looked at it.
    #[error("{path} is damaged and was not mounted: {why}", path = .path.display())]
    Damaged { path: PathBuf, why: String },
    /// Somebody uses it.
    #[error("{path} is in use", path = .path.display())]
    InUse { path: PathBuf },
    /// The next step was not taken, as if the power had gone.
    #[cfg(test)]
    #[error("stopped before the step {0}")]
    Stopped(&'static str),
}

/// An amount as users write it. Rough, for it is said again whenever it reads otherwise; rounded as `by` divides.
fn amount(bytes: u64, by: fn(u64, u64) -> u64) -> String {
    const MIB: u64 = 1 << 20;
    match by(bytes, MIB) {
        mebibytes @ ..10240 => format!("{mebibytes}Mi"),
        mebibytes => format!("{}Gi", by(mebibytes, 1024)),
    }
}

impl Error {
    /// Whether another machine, or this one with another pool, may well do what this one cannot.
    pub fn may_succeed_elsewhere(&self) -> bool {
        matches!(self, Error::Unavailable { .. } | Error::NotEnoughRoom { .. })
    }
}

/// For `map_err`.
pub(crate) fn failed<E: Into<io::Error>>(operation: &'static str, path: &Path) -> impl FnOnce(E) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { operation, path, source: source.into() }
}

/// What is not there is gone.
pub(crate) fn unless_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_never_said_to_be_there() {
        let said = |wanted, available| Error::NotEnoughRoom { pool: "/p".into(), wanted, available }.to_string();
        assert!(said((32 << 20) + 1, (33 << 20) - 1).contains("33Mi are asked for, 32Mi of its file system"));
        assert!(said(900 << 30, (20 << 30) - 1).contains("900Gi are asked for, 19Gi of its file system"));
        assert!(said(1, 0).contains("1Mi are asked for, 0Mi of"));
    }
}
