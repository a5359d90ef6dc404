//! Owns the space that a data file has ahead of its contents: blocks that are the file's already, so that the store goes on
//! writing for a while when others have filled the file system. Never fails because it could not get them. In: what redb
//! writes and where. Out: the same on the file.

use nix::fcntl::{FallocateFlags, fallocate};
use redb::StorageBackend;
use redb::backends::FileBackend;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, MutexGuard};

/// What a file owns beyond its contents. A deletion takes some pages, which the next one uses again.
pub(crate) const RESERVE_BYTES: u64 = 8 << 20;
/// It is filled up when so much of it is left, so that few writes ask for more.
const REFILL_BELOW_BYTES: u64 = RESERVE_BYTES / 2;

/// A file with a reserve.
#[derive(Debug)]
pub(crate) struct Reserve {
    device: FileBackend,
    file: File,
    extent: Mutex<Extent>,
}

#[derive(Debug, Default)]
struct Extent {
    /// Where the contents end.
    used: u64,
    /// The blocks up to here are the file's.
    owned: u64,
}

impl Reserve {
    pub(crate) fn of(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        // A file with holes is longer than what it holds.
        let used = metadata.len().min(metadata.blocks() * 512);
        let device = FileBackend::new(file.try_clone()?).map_err(io::Error::other)?;
        let reserve = Self { device, file, extent: Mutex::default() };
        reserve.cover(used);
        Ok(reserve)
    }

    /// Sees to it that the file owns blocks ahead of `end`.
    fn cover(&self, end: u64) {
        let mut extent = self.extent();
        extent.used = extent.used.max(end);
        let wanted = extent.used + RESERVE_BYTES;
        if extent.owned >= wanted - REFILL_BELOW_BYTES {
            return;
        }
        let range = (extent.owned.try_into(), (wanted - extent.owned).try_into());
        let (Ok(from), Ok(len)) = range else { return };
        match fallocate(&self.file, FallocateFlags::FALLOC_FL_KEEP_SIZE, from, len) {
            Ok(()) => extent.owned = wanted,
            Err(error) => tracing::debug!(%error, "no space is reserved for the store"),
        }
    }

    fn extent(&self) -> MutexGuard<'_, Extent> {
        self.extent.lock().expect("nothing panics with the extent locked")
    }
}

impl StorageBackend for Reserve {
    fn len(&self) -> io::Result<u64> {
        self.device.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.device.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.device.set_len(len)?;
        // What lay behind the end may be gone.
        let used = {
            let mut extent = self.extent();
            extent.owned = 0;
            extent.used = extent.used.min(len);
            extent.used
        };
        self.cover(used);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.device.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.cover(offset + data.len() as u64);
        self.device.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.device.close()
    }
}
