//! Owns the contract between the writer and what makes its batches durable. Never numbers, checks or publishes a change.

mod memory;

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

/// The batch is not known to be durable; nothing may be written after it.
#[derive(Debug, thiserror::Error)]
#[error("cannot {act}: {cause}")]
pub(crate) struct BackendError {
    pub act: &'static str,
    pub cause: String,
}

/// Where durable rows live.
pub(crate) trait Backend: fmt::Debug + Send {
    /// Makes the rows, in order, and the end of the revision block durable, all or nothing, before it returns.
    fn commit(&mut self, rows: &[Row], reserve: Option<u64>) -> Result<(), BackendError>;
}
