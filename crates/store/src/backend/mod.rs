//! Owns the contract between the writer and what makes its batches durable: a batch goes in, revisions come back. Never
//! checks or publishes a change.
//!
//! Each change comes with a *proposed* revision: writers of the same key already build on it. A backend of this process
//! takes what is proposed. One that numbers itself, as etcd does, turns the changes into transactions, in order, and reports
//! the revisions that it got: whatever was proposed otherwise is renumbered before anybody sees it, so that such a backend
//! keeps values without the revision in them and puts it in when it reads. It must have no other writers: their changes
//! would have to be handed in, and a change of ours could fail alone; neither is part of this contract.

mod disk;
mod guard;
mod lock;
mod marker;
mod memory;
mod reserve;

pub(crate) use disk::Disk;
#[cfg(any(test, feature = "testing"))]
pub(crate) use disk::Opener;
pub(crate) use memory::Memory;

use crate::Entry;
use crate::txn::Change;
use std::fmt;

/// What a backend holds.
#[derive(Debug)]
pub(crate) struct Contents {
    /// Sorted by key.
    pub entries: Vec<Entry>,
    /// No revision above this was ever assigned.
    pub reserved: u64,
    /// Of some value, the disk has it sealed otherwise than it would be now.
    pub is_stale: bool,
}

/// Judges what a reopened backend holds, before anything is written to it.
pub(crate) type Compare<'a> = &'a mut dyn FnMut(&Contents) -> Result<(), String>;

/// What the backend did is not known to be durable; nothing may be committed before it was reopened.
#[derive(Debug, thiserror::Error)]
#[error("cannot {act}")]
pub(crate) struct BackendError {
    pub act: &'static str,
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

impl BackendError {
    pub(crate) fn new(act: &'static str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { act, cause: cause.into() }
    }

    /// With the whole chain of causes, for whoever keeps only text.
    pub(crate) fn explain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

/// Where durable rows live.
pub(crate) trait Backend: fmt::Debug + Send {
    /// Makes the changes durable as far as each has to be, in order, all or nothing, before it returns the revision of each:
    /// ascending, above all that it ever returned, and never used again, not even after a restart.
    fn commit(&mut self, changes: &[Change]) -> Result<Vec<u64>, BackendError>;

    /// After a failed commit: reads what is durable anew, from where it is durable, has it compared, and proves by a write
    /// that it takes writes again. Revisions up to `newest` were proposed and are not to be used again.
    fn reopen(&mut self, newest: u64, compare: Compare<'_>) -> Result<(), BackendError>;

    /// Writes everything anew if of some value it has it sealed otherwise than it would be now; nothing of before is left then. If it
    /// fails, all is as before or as it was to be.
    fn seal_anew(&mut self) -> Result<(), BackendError>;

    /// Releases what it holds. Nothing is committed after it.
    fn close(&mut self) -> Result<(), BackendError>;
}

/// The answer of a backend that takes what is proposed.
pub(crate) fn proposed(changes: &[Change]) -> Vec<u64> {
    changes.iter().map(|change| change.entry().revision).collect()
}
