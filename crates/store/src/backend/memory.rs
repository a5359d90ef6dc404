//! The backend of a store that is gone with the process. Never keeps anything: the state in memory is all there is.

use super::{Backend, BackendError, Compare, proposed};
use crate::txn::Change;

#[derive(Debug)]
pub(crate) struct Memory;

impl Backend for Memory {
    fn commit(&mut self, changes: &[Change]) -> Result<Vec<u64>, BackendError> {
        Ok(proposed(changes))
    }

    fn reopen(&mut self, _newest: u64, _compare: Compare<'_>) -> Result<(), BackendError> {
        Err(BackendError::new("reopen memory", "it never fails"))
    }

    fn seal_anew(&mut self) -> Result<(), BackendError> {
        Ok(())
    }

    fn close(&mut self) -> Result<(), BackendError> {
        Ok(())
    }
}
