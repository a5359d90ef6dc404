//! The points between two steps of a change, at which the power may go.

use crate::error::Result;

/// Passed before each step that changes anything on the machine.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// How many more are passed before everything stops, for tests.
    #[cfg(test)]
    pub left: std::sync::Mutex<Option<usize>>,
}

impl Steps {
    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "only tests stop")]
    pub fn before(&self, _step: &'static str) -> Result<()> {
        Ok(())
    }

    #[cfg(test)]
    pub fn before(&self, step: &'static str) -> Result<()> {
        match self.left.lock().unwrap().as_mut() {
            Some(0) => Err(crate::error::Error::Stopped(step)),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}
