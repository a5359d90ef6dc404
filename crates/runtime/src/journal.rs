//! What the runtime makes on the machine outside plain files of its root directory, and so writes down in its journal.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The journal of one root directory; see [`stead_journal::Journal`].
#[derive(Debug)]
pub struct Journal(stead_journal::Journal<Made>);

impl Journal {
    /// Opens or begins the journal at `path`.
    pub fn open(path: &Path) -> Result<Journal> {
        stead_journal::Journal::open(path).map(Journal).map_err(Error::Journal)
    }

    /// Writes down what is about to be made.
    pub fn make(&self, things: &[Made]) -> Result<()> {
        self.0.make(things).map_err(Error::Journal)
    }

    /// Crosses out what has been removed.
    pub fn gone(&self, things: &[Made]) {
        self.0.gone(things);
    }

    /// Everything that may still exist.
    pub fn live(&self) -> Vec<Made> {
        self.0.live()
    }
}

/// A thing on the machine that must be removed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Made {
    /// A cgroup with all that is in it, absolute below the hierarchy's root.
    Cgroup(String),
    /// A directory outside the root with all that is in it.
    Directory(PathBuf),
    /// A mount.
    Mount(PathBuf),
}

impl stead_journal::Thing for Made {
    fn outlives_power(&self) -> bool {
        matches!(self, Made::Directory(_))
    }
}
