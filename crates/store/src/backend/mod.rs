//! Owns the contract between the writer and what makes its batches durable. Never numbers, checks or publishes a change.

mod disk;
mod guard;
mod lock;
mod memory;

pub(crate) use disk::{Contents, Disk};
pub(crate) use memory::Memory;

use crate::Entry;
use std::fmt;
use std::sync::Arc;

/// A durable effect of a batch.
#[derive(Debug)]
pub(crate) enum Row {
    Put(Entry),
    Delete(Arc<str>),
}

/// What the backend did is not known to be durable; nothing may be written after it.
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
}

/// Where durable rows live.
pub(crate) trait Backend: fmt::Debug + Send {
    /// Makes the rows, in order, and the end of the revision block durable, all or nothing, before it returns.
    fn commit(&mut self, rows: &[Row], reserve: Option<u64>) -> Result<(), BackendError>;

    /// Releases what it holds. Nothing is committed after it.
    fn close(&mut self) -> Result<(), BackendError>;
}
