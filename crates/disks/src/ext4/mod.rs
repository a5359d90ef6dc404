//! An ext4 file system written into an empty file, and grown while nobody uses it, without any other program.
//!
//! Pure but for reading and writing through what the caller gives. Only such file systems are made as the defaults of mke2fs are: blocks of
//! 4 KiB, groups of 128 MiB, inodes of 256 bytes, checksums, flexible groups of 16, room for descriptors to grow. Everything that is not
//! written is zero, and stays a hole of the file. The format is described in the kernel's `Documentation/filesystems/ext4`.

mod encode;
mod format;
mod grow;
mod layout;
mod superblock;

use std::io;

pub(crate) use format::format;
pub(crate) use grow::{Write, grow};
pub(crate) use layout::{BLOCK_BYTES, Layout};
#[cfg(test)]
pub(crate) use superblock::with_errors;
pub(crate) use superblock::{Health, health};

/// How much of its file a file system has, from its first block.
pub(crate) fn file_bytes(first_block: &[u8]) -> io::Result<u64> {
    superblock::Superblock::read(first_block).map(|superblock| superblock.blocks() * BLOCK_BYTES)
}
