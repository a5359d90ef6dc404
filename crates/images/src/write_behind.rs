//! Files that will have to be on disk soon: the kernel begins to bring them there while more is written, so that little is left to wait for
//! in the end. Nothing is on disk because of this, and nothing fails because of it.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use stead_sys::file::begin_write_back;

/// Of one file, between two beginnings.
const STEP_BYTES: usize = 8 << 20;
/// Whole files that wait; what comes when there are so many is left to the end.
const FILES_MAX: usize = 64;

/// A large file while it is written.
#[derive(Debug)]
pub struct WriteBehind {
    file: File,
    since: usize,
}

impl WriteBehind {
    pub fn new(file: File) -> WriteBehind {
        WriteBehind { file, since: 0 }
    }
}

impl Write for WriteBehind {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.since += count;
        if self.since >= STEP_BYTES {
            self.since = 0;
            begin(&self.file);
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file system may not be able to; then all is left to the end.
fn begin(file: &File) {
    if let Err(error) = begin_write_back(file) {
        tracing::debug!(%error, "writing back cannot be begun");
    }
}

/// Takes whole files, which another thread works through.
#[derive(Debug, Clone)]
pub struct Written(SyncSender<File>);

/// See [`Written`]: it is to be run beside whoever writes.
pub struct Behind(Receiver<File>);

pub fn write_behind() -> (Written, Behind) {
    let (sender, receiver) = sync_channel(FILES_MAX);
    (Written(sender), Behind(receiver))
}

impl Written {
    /// Never waits.
    pub fn add(&self, file: File) {
        match self.0.try_send(file) {
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }
}

impl Behind {
    /// Until nobody writes any more.
    pub fn run(self) {
        self.0.into_iter().for_each(|file| begin(&file));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let content: Vec<u8> = (0..STEP_BYTES * 2 + 17).map(|n| (n % 251) as u8).collect();
        let mut file = WriteBehind::new(File::create(&path).unwrap());
        io::copy(&mut &content[..], &mut file).unwrap();
        file.flush().unwrap();
        assert!(std::fs::read(&path).unwrap() == content);
    }

    #[test]
    fn whoever_writes_never_waits() {
        let (written, behind) = write_behind();
        // A pipe cannot be brought to any disk, which fails nothing.
        let file = || File::from(std::os::fd::OwnedFd::from(io::pipe().unwrap().0));
        (0..2 * FILES_MAX).for_each(|_| written.add(file()));
        let after = written.clone();
        drop(written);
        std::thread::scope(|scope| {
            scope.spawn(|| behind.run());
            after.add(file());
            drop(after);
        });
    }
}
