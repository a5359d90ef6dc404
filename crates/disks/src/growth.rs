//! Growing the file system of an image that nobody has mounted, so that a power cut at any time leaves the old one or the new one: all that
//! will be written is on disk before the first block changes, and is written again by whoever finds it there.

use crate::error::{Error, Result, failed, unless_missing};
use crate::ext4::{self, BLOCK_BYTES};
use crate::pool;
use crate::steps::Steps;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use stead_sys::file::{Durability, replace};

const MAGIC: &[u8; 8] = b"grow-1\0\0";
const BLOCK: usize = BLOCK_BYTES as usize;
/// Magic, length of the file, checksum of the blocks.
const HEAD_BYTES: usize = 8 + 8 + 4;
/// An entry has the number of a block and the block.
const ENTRY_BYTES: usize = 8 + BLOCK;

fn record_of(image: &Path) -> PathBuf {
    image.with_file_name("growth")
}

/// Gives a file system that nobody has mounted, and whose journal is empty, a file of so many bytes.
pub(crate) fn grow(image: &Path, bytes: u64, steps: &Steps) -> Result<()> {
    let file = File::options().read(true).write(true).open(image).map_err(failed("open", image))?;
    let read = |block: u64| {
        let mut bytes = vec![0; BLOCK];
        file.read_exact_at(&mut bytes, block * BLOCK_BYTES).map(|()| bytes)
    };
    let writes = ext4::grow(bytes, &read).map_err(failed("grow the file system in", image))?;
    if writes.is_empty() {
        return Ok(());
    }
    // What an attempt of the kernel may have left behind the end must be zero again.
    let end = ext4::file_bytes(&read(0).map_err(failed("read", image))?).map_err(failed("read", image))?;
    file.set_len(end).and_then(|()| file.set_len(bytes)).map_err(failed("grow", image))?;
    steps.before("write down how a file system grows")?;
    let record = record_of(image);
    replace(&record, &encode(bytes, &writes), 0o600, Durability::Power).map_err(failed("write", &record))?;
    steps.before("grow a file system")?;
    apply(image, bytes, &writes, steps)
}

/// Finishes a growth that a stop has interrupted.
pub(crate) fn finish(image: &Path) -> Result<()> {
    let record = record_of(image);
    let bytes = match fs::read(&record) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("read", &record)(error)),
    };
    match decode(&bytes) {
        Some((bytes, writes)) => apply(image, bytes, &writes, &Steps::default()),
        None => Err(Error::Damaged { path: image.to_owned(), why: format!("{} cannot be read", record.display()) }),
    }
}

fn apply(image: &Path, bytes: u64, writes: &[ext4::Write], steps: &Steps) -> Result<()> {
    let file = File::options().read(true).write(true).open(image).map_err(failed("open", image))?;
    file.set_len(bytes).map_err(failed("grow", image))?;
    for (number, (block, content)) in writes.iter().enumerate() {
        if number == writes.len() / 2 {
            steps.before("write the other half")?;
        }
        file.write_all_at(content, block * BLOCK_BYTES).map_err(failed("write", image))?;
    }
    file.sync_all().map_err(failed("sync", image))?;
    steps.before("forget how a file system has grown")?;
    let record = record_of(image);
    unless_missing(fs::remove_file(&record)).map_err(failed("remove", &record))?;
    record.parent().map_or(Ok(()), pool::sync)
}

fn encode(bytes: u64, writes: &[ext4::Write]) -> Vec<u8> {
    let entries: Vec<u8> =
        writes.iter().flat_map(|(block, content)| block.to_le_bytes().into_iter().chain(content.iter().copied())).collect();
    let head = [&MAGIC[..], &bytes.to_le_bytes(), &crc32c::crc32c(&entries).to_le_bytes()];
    [head.concat(), entries].concat()
}

fn decode(text: &[u8]) -> Option<(u64, Vec<ext4::Write>)> {
    let (head, entries) = text.split_at_checked(HEAD_BYTES)?;
    let number = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_le_bytes);
    let sum = u32::from_le_bytes(head[16..].try_into().ok()?);
    if head[..8] != MAGIC[..] || !entries.len().is_multiple_of(ENTRY_BYTES) || crc32c::crc32c(entries) != sum {
        return None;
    }
    let writes = entries.chunks(ENTRY_BYTES).map(|entry| Some((number(&entry[..8])?, entry[8..].to_vec()))).collect::<Option<_>>()?;
    Some((number(&head[8..16])?, writes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_is_read_again_or_refused() {
        let writes = vec![(1, vec![1; BLOCK]), (1 << 40, vec![2; BLOCK])];
        let text = encode(1 << 41, &writes);
        assert_eq!(decode(&text), Some((1 << 41, writes)));
        for end in [0, 8, HEAD_BYTES - 1, HEAD_BYTES + 1, text.len() - BLOCK, text.len() - 1] {
            assert_eq!(decode(&text[..end]), None, "{end}");
        }
        let mut torn = text;
        torn[HEAD_BYTES + 100] ^= 1;
        assert_eq!(decode(&torn), None);
    }
}
