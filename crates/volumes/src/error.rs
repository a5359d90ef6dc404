//! What can go wrong with a volume, in words that go on to a user after "failed: ".

use std::io;
use std::path::{Path, PathBuf};

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{operation} {path}: {source}")]
    Io { operation: &'static str, path: PathBuf, source: io::Error },
    #[error(transparent)]
    Journal(#[from] stead_journal::Error),
    /// It was to be used alone, and that owner has it.
    #[error("{} is in use by {owner}", source_path.display())]
    InUse { source_path: PathBuf, owner: String },
    #[error("path {:?} does not exist", .0.display().to_string())]
    Missing(PathBuf),
    /// Said as it is to the user.
    #[error("{0}")]
    Refused(String),
}

/// For `map_err`.
pub(crate) fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { operation, path, source }
}

/// What is not there is gone.
pub(crate) fn unless_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
