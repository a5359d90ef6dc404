//! Errors of the image store: one variant per operation, with what it was about.

use crate::digest::Digest;
use std::io;
use std::path::{Path, PathBuf};

/// Result of this crate's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file operation.
    #[error("{operation} {path}")]
    Io {
        /// What was tried, such as `write`.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A file that another version of the program wrote, or nobody of ours.
    #[error("{path} is not understood and is left alone: {reason}")]
    NotUnderstood {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A name that no image can have.
    #[error("couldn't parse image name {name:?}: {reason}")]
    InvalidReference {
        /// As it was given.
        name: String,
        /// In the words of Docker's parser, which everybody has.
        reason: String,
    },
    /// What came is not what its digest says.
    #[error("{what} has the digest {found}, not {expected}")]
    Digest {
        /// What came.
        what: &'static str,
        /// As it was to be.
        expected: Digest,
        /// As it is.
        found: Digest,
    },
    /// An image or archive that is refused.
    #[error("{0}")]
    Refused(String),
    /// A layer that is refused or could not be unpacked.
    #[error("unpack layer {digest}")]
    Layer {
        /// Its blob.
        digest: Digest,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// No such image.
    #[error("image {0} is not present")]
    NotPresent(String),
}

impl Error {
    /// For [`Result::map_err`] of a file operation.
    pub(crate) fn io<'a>(operation: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Error + 'a {
        move |source| Error::Io { operation, path: path.to_owned(), source }
    }

    pub(crate) fn refused(reason: impl Into<String>) -> Error {
        Error::Refused(reason.into())
    }
}

/// Treats a missing file as done.
pub(crate) fn unless_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// An error with its causes in one line, each once.
pub fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
