//! What can go wrong.

use crate::pool::Exhausted;
use crate::range::Range;
use std::io;
use std::path::PathBuf;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot {what}")]
    Netlink {
        what: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("cannot {operation} {path}")]
    Io {
        operation: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path} is not understood: {reason}")]
    NotUnderstood { path: PathBuf, reason: String },
    #[error("the network's journal")]
    Journal(#[source] stead_journal::Error),
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
    /// No part of the range is free.
    #[error("every part of {range} is used on this machine already ({by}): give the cluster another range")]
    RangeTaken { range: Range, by: String },
    /// The part that was this machine's is another's now.
    #[error("{range} was given to this data directory and is used by another one now ({by}): stop that server first")]
    PartTaken { range: Range, by: String },
    #[error("this machine has no IPv6, and {range} is all that containers could have addresses of")]
    NoIpv6 { range: Range },
    #[error("there is no range to give addresses from")]
    NoRange,
}

impl Error {
    /// Whether the kernel says that what was to be removed is not there.
    pub fn is_absent(&self) -> bool {
        let code = |source: &io::Error| source.raw_os_error().map(nix::errno::Errno::from_raw);
        use nix::errno::Errno::{EADDRNOTAVAIL, ENODEV, ENOENT};
        matches!(self, Error::Netlink { source, .. } if matches!(code(source), Some(ENODEV | EADDRNOTAVAIL | ENOENT)))
    }

    /// Whether the kernel says that what was to be made is there.
    pub fn is_there_already(&self) -> bool {
        matches!(self, Error::Netlink { source, .. } if source.kind() == io::ErrorKind::AlreadyExists)
    }
}
