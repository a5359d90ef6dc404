//! Owns the note beside a data file that there is one: a file that is gone is then no empty store. Never touches the data file.

use super::disk::sync_directory;
use super::lock::beside;
use crate::OpenError;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const TEXT: &str = "The store of this directory was made here. If it is missing, it was lost: put it back, or remove this file to begin with an empty one.\n";

#[derive(Debug)]
pub(crate) struct Marker(PathBuf);

impl Marker {
    pub(crate) fn beside(data: &Path) -> Self {
        Self(beside(data, ".exists"))
    }

    /// Refuses to begin anew where a store has been.
    pub(crate) fn check_absent(&self, data: &Path) -> Result<(), OpenError> {
        let there = self.0.try_exists().map_err(|source| self.io("look for", source))?;
        if there { Err(OpenError::Missing { path: data.to_owned(), marker: self.0.clone() }) } else { Ok(()) }
    }

    /// Notes that the file exists.
    pub(crate) fn leave(&self) -> Result<(), OpenError> {
        if self.0.try_exists().map_err(|source| self.io("look for", source))? {
            return Ok(());
        }
        let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.0);
        let written = opened.and_then(|mut file| file.write_all(TEXT.as_bytes()).and_then(|()| file.sync_all()));
        written.map_err(|source| self.io("write", source))?;
        sync_directory(&self.0)
    }

    fn io(&self, act: &'static str, source: std::io::Error) -> OpenError {
        OpenError::Io { path: self.0.clone(), act, source }
    }
}
