//! What a superblock that was found says, and whether the file system can be used and grown. Pure.

use super::encode::{Bytes, seal_superblock};
use super::format::{SUPERBLOCK_AT, SUPERBLOCK_BYTES};
use super::layout::{DESCRIPTOR_BYTES, GROUP_BLOCKS, GROUP_INODES, INODE_BYTES};
use std::io;

const MAGIC: u16 = 0xef53;
const STATE: usize = 0x3a;
/// What the kernel has written of errors.
const STATE_ERRORS: u16 = 2;
const INCOMPATIBLE: usize = 0x60;
/// Something is in the journal that is not in its place yet.
const NEEDS_RECOVERY: u32 = 4;
/// What is made here: see `format.rs`.
const OURS_INCOMPATIBLE: u32 = 0x2c2;
const OURS_READ_ONLY_COMPATIBLE: u32 = 0x46b;

#[derive(Debug, Clone)]
pub(super) struct Superblock(Bytes);

/// Whether a file system may be mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Health {
    Sound,
    /// The kernel has found errors, and would find more.
    HasErrors,
    /// Mounting it could lose what can still be saved.
    Unreadable(String),
}

/// From its first block.
pub(crate) fn health(first_block: &[u8]) -> Health {
    match Superblock::read(first_block) {
        Err(error) => Health::Unreadable(error.to_string()),
        Ok(superblock) if superblock.0.get_u16(STATE) & STATE_ERRORS != 0 => Health::HasErrors,
        Ok(_) => Health::Sound,
    }
}

/// The same block after the kernel has found an error.
#[cfg(test)]
pub(crate) fn with_errors(first_block: &[u8]) -> Vec<u8> {
    let mut superblock = Superblock::read(first_block).unwrap().0;
    superblock.u16(STATE, superblock.get_u16(STATE) | STATE_ERRORS);
    seal_superblock(&mut superblock);
    super::format::first_block(0, &superblock).as_ref().to_vec()
}

impl Superblock {
    pub fn read(first_block: &[u8]) -> io::Result<Superblock> {
        let damaged = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidData, why));
        let range = SUPERBLOCK_AT as usize..(SUPERBLOCK_AT + SUPERBLOCK_BYTES) as usize;
        let Some(bytes) = first_block.get(range) else { return damaged("it is too short for a file system") };
        let superblock = Superblock(Bytes::from(bytes));
        if superblock.0.get_u16(0x38) != MAGIC {
            return damaged("there is no ext4 file system in it");
        }
        let mut sealed = superblock.0.clone();
        seal_superblock(&mut sealed);
        if sealed.get_u32(0x3fc) != superblock.0.get_u32(0x3fc) {
            return damaged("the checksum of its superblock is wrong; e2fsck -f repairs it from a copy");
        }
        Ok(superblock)
    }

    /// Whether it is one of those that are made here, and nothing is under way in it.
    pub fn check_ours(&self) -> io::Result<()> {
        let refused = |why: &str| Err(io::Error::new(io::ErrorKind::Unsupported, why));
        let incompatible = self.0.get_u32(INCOMPATIBLE);
        if incompatible & NEEDS_RECOVERY != 0 {
            return refused("its journal must be replayed first");
        }
        let sizes = [(0x20, GROUP_BLOCKS), (0x28, GROUP_INODES)];
        let same = sizes.iter().all(|(at, size)| u64::from(self.0.get_u32(*at)) == *size)
            && u64::from(self.0.get_u16(0x58)) == INODE_BYTES
            && u64::from(self.0.get_u16(0xfe)) == DESCRIPTOR_BYTES;
        if !same || incompatible != OURS_INCOMPATIBLE || self.0.get_u32(0x64) != OURS_READ_ONLY_COMPATIBLE {
            return refused("its file system has got features that it was not made with");
        }
        Ok(())
    }

    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    pub fn blocks(&self) -> u64 {
        u64::from(self.0.get_u32(0x04)) | u64::from(self.0.get_u32(0x150)) << 32
    }

    /// Blocks that are kept for more descriptors.
    pub fn reserved_blocks(&self) -> u64 {
        self.0.get_u16(0xce).into()
    }

    pub fn uuid(&self) -> [u8; 16] {
        std::array::from_fn(|index| self.0.as_ref()[0x68 + index])
    }

    /// Writes down new sizes. What it had counted as overhead is counted anew by the kernel.
    pub fn grow(&mut self, blocks: u64, free_blocks: u64, inodes: u64, free_inodes: u64, reserved_blocks: u64) {
        const OVERHEAD: usize = 0x248;
        self.0.split32(0x04, 0x150, blocks);
        self.0.split32(0x0c, 0x158, free_blocks);
        self.0.u32(0x00, inodes as u32);
        self.0.u32(0x10, free_inodes as u32);
        self.0.u16(0xce, reserved_blocks as u16);
        self.0.u32(OVERHEAD, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_system_is_damaged() {
        for block in [vec![], vec![0; 4096], vec![0xff; 4096]] {
            assert!(matches!(health(&block), Health::Unreadable(_)));
        }
    }
}
