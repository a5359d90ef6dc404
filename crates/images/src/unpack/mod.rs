//! Unpacks layers: a compressed tar stream becomes a directory that an overlay file system takes as one of its lower ones.
//!
//! One thread reads, checks and decompresses, another writes files, a third has the kernel bring them to disk meanwhile. What a layer may cost is bounded.

mod entries;
mod lower;
mod path;
#[cfg(test)]
mod tests;
mod tree;

pub use entries::{Entries, Kind};
pub use path::parts;

use crate::compression::decompress;
use crate::digest::{Digest, Hashing};
use crate::write_behind::{Written, write_behind};
use lower::Lowers;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use tree::Tree;

/// Bytes of one unpacked layer.
const BYTES_MAX: u64 = 64 << 30;
/// Entries of one layer.
const ENTRIES_MAX: u64 = 1_000_000;
/// From so many bytes on, a layer must not have been packed tighter than [`RATIO_MAX`].
const RATIO_FROM_BYTES: u64 = 1 << 30;
/// No content but one made to fill disks is packed so tightly.
const RATIO_MAX: u64 = 250;
/// Left free on the file system, whatever a layer would have.
const ROOM_BYTES: u64 = 256 << 20;
/// How much is unpacked between two looks at the room.
const ROOM_EVERY_BYTES: u64 = 64 << 20;
const CHUNK_BYTES: usize = 256 << 10;
/// Chunks between the two threads.
const CHUNKS_MAX: usize = 8;

fn refused(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Unpacks a layer into an empty directory, above the layers `below` (the lowest first). Gives the digest of its tar stream. `progress` hears
/// how much of the blob has been read.
pub fn unpack(blob: impl Read + Send, directory: &Path, below: &[PathBuf], progress: &(dyn Fn(u64) + Sync)) -> io::Result<Digest> {
    let lowers = Lowers::open(below)?;
    let packed = AtomicU64::new(0);
    let counted = Counted { inner: blob, count: &packed, progress };
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(CHUNKS_MAX);
        let reading = scope.spawn(|| read_chunks(counted, &packed, directory, sender));
        let (behind, rest) = write_behind();
        scope.spawn(|| rest.run());
        let written = write_entries(Chunks { receiver, chunk: Vec::new(), at: 0 }, directory, &lowers, behind);
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // Whoever writes hears of what fails in reading; the other way round reading only ends early.
        written?;
        read
    })
}

/// Reads the whole stream, checks what it costs, and passes it on.
fn read_chunks(blob: impl Read + Send, packed: &AtomicU64, directory: &Path, out: SyncSender<io::Result<Vec<u8>>>) -> io::Result<Digest> {
    let mut bytes = 0;
    let mut looked_at = 0;
    let read = decompress(blob).and_then(|(_, plain)| {
        let mut plain = Hashing::new(plain);
        loop {
            let mut chunk = vec![0; CHUNK_BYTES];
            let length = fill(&mut plain, &mut chunk)?;
            if length == 0 {
                return Ok(plain.finish().0);
            }
            chunk.truncate(length);
            bytes += length as u64;
            check_cost(bytes, packed.load(Ordering::Relaxed))?;
            if bytes - looked_at >= ROOM_EVERY_BYTES {
                looked_at = bytes;
                check_room(directory)?;
            }
            if out.send(Ok(chunk)).is_err() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
    });
    if let Err(error) = &read {
        // Nobody may be there to hear it any more.
        out.send(Err(io::Error::new(error.kind(), error.to_string()))).unwrap_or_default();
    }
    read
}

fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Refuses what was made to fill the disk.
fn check_cost(bytes: u64, packed: u64) -> io::Result<()> {
    if bytes > BYTES_MAX {
        return Err(refused(format!("it is refused: more than {BYTES_MAX} bytes unpacked")));
    }
    if bytes > RATIO_FROM_BYTES && bytes / packed.max(1) > RATIO_MAX {
        return Err(refused(format!("it is refused: {packed} bytes became {bytes} and more, which only what is made to fill disks does")));
    }
    Ok(())
}

fn check_room(directory: &Path) -> io::Result<()> {
    let free = nix::sys::statvfs::statvfs(directory)?;
    if free.blocks_available() * free.fragment_size() < ROOM_BYTES {
        return Err(io::Error::new(io::ErrorKind::StorageFull, "the file system of the images is full"));
    }
    Ok(())
}

fn write_entries(chunks: Chunks, directory: &Path, lowers: &Lowers, behind: Written) -> io::Result<()> {
    let mut tree = Tree::new(directory, lowers, behind)?;
    let mut entries = Entries::new(chunks);
    let mut count = 0;
    while let Some(entry) = entries.next()? {
        count += 1;
        if count > ENTRIES_MAX {
            return Err(refused(format!("it is refused: more than {ENTRIES_MAX} files")));
        }
        tree.add(&entry, &mut entries).map_err(|error| {
            let path = String::from_utf8_lossy(&entry.path).into_owned();
            let named = error.to_string().contains(&path);
            if named { error } else { io::Error::new(error.kind(), format!("{path:?}: {error}")) }
        })?;
    }
    // The digest is of the whole stream, whatever follows the end mark.
    entries.drain()?;
    tree.finish()
}

/// Counts what is read of a blob.
struct Counted<'a, R> {
    inner: R,
    count: &'a AtomicU64,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let before = self.count.fetch_add(count as u64, Ordering::Relaxed);
        (self.progress)(before + count as u64);
        Ok(count)
    }
}

/// The stream as it comes out of the other thread.
struct Chunks {
    receiver: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    at: usize,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            match self.receiver.recv() {
                Ok(chunk) => (self.chunk, self.at) = (chunk?, 0),
                Err(_) => return Ok(0),
            }
        }
        let length = buffer.len().min(self.chunk.len() - self.at);
        buffer[..length].copy_from_slice(&self.chunk[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}
