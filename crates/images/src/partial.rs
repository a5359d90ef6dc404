//! A blob of which only the beginning is here: what comes is added, by one process at a time, until it can be checked as a whole.

use crate::digest::{Digest, Hashing};
use crate::error::{Error, Result};
use crate::store::Store;
use crate::write_behind::WriteBehind;
use bytes::Bytes;
use nix::fcntl::{Flock, FlockArg};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// A blob of which only the beginning is here.
pub struct Partial {
    path: PathBuf,
    file: Flock<File>,
    hash: sha2::Sha256,
    pub bytes: u64,
}

impl Partial {
    /// What is here of it is read, so that its digest can go on.
    pub fn open(store: &Store, digest: &Digest) -> Result<Partial> {
        let path = store.partial(digest);
        let file = loop {
            let file = File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(Error::io("open", &path))?;
            let file = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| Error::io("lock", &path)(error.into()))?;
            // Another process may have made a blob of it meanwhile.
            let inode = file.metadata().map_err(Error::io("look at", &path))?.ino();
            if std::fs::metadata(&path).is_ok_and(|there| there.ino() == inode) {
                break file;
            }
        };
        let mut hashing = Hashing::new(&*file);
        io::copy(&mut hashing, &mut io::sink()).map_err(Error::io("read", &path))?;
        let (hash, bytes) = hashing.into_parts();
        Ok(Partial { path, file, hash, bytes })
    }

    /// Begins anew.
    pub fn restart(&mut self) -> Result<()> {
        self.file.set_len(0).and_then(|()| self.file.rewind()).map_err(Error::io("truncate", &self.path))?;
        (self.hash, self.bytes) = (sha2::Sha256::default(), 0);
        Ok(())
    }

    /// Adds what comes, which may be no more than all of it.
    pub fn write(mut self, mut pieces: tokio::sync::mpsc::Receiver<Bytes>, total: u64) -> Result<Partial> {
        let file = self.file.try_clone().map_err(Error::io("open", &self.path))?;
        let mut behind = WriteBehind::new(file);
        while let Some(piece) = pieces.blocking_recv() {
            self.bytes += piece.len() as u64;
            if self.bytes > total {
                self.restart()?;
                return Err(Error::refused(format!("the registry sends more than the {total} bytes that the manifest says")));
            }
            sha2::Digest::update(&mut self.hash, &piece);
            behind.write_all(&piece).map_err(Error::io("write", &self.path))?;
        }
        Ok(self)
    }

    /// All of it is here: it becomes a blob, or it goes.
    pub fn finish(self, store: &Store, expected: &Digest) -> Result<()> {
        let found = crate::digest::finish(self.hash);
        if found != *expected {
            std::fs::remove_file(&self.path).map_err(Error::io("remove", &self.path))?;
            return Err(Error::Digest { what: "the blob", expected: expected.clone(), found });
        }
        let place = store.blob(expected);
        std::fs::rename(&self.path, &place).map_err(Error::io("rename", &place))
    }
}
