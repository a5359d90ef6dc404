//! Values that are not to be read from the disk: what hides them, and shows them again, is given by whoever opens the store. In memory
//! every value is as it was written.

use bytes::Bytes;
use std::fmt::Debug;

/// Hides the values of some keys where they are durable.
pub trait Seal: Debug + Send + Sync {
    /// Whether the values of this key are hidden.
    fn covers(&self, key: &str) -> bool;

    /// The value as it goes to disk; an error in words if it cannot be hidden, and then it is not written.
    fn seal(&self, key: &str, value: &[u8]) -> Result<Vec<u8>, String>;

    /// The value that is meant by what is on disk; an error in words if it cannot be known.
    fn unseal(&self, key: &str, stored: &[u8]) -> Result<Unsealed, String>;
}

/// A value as it was on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsealed {
    pub value: Bytes,
    /// Whether it is hidden as a value would be that is written now.
    pub is_current: bool,
}
