//! The structures of the format as bytes, with their checksums. Pure.

use super::layout::{BLOCK_BYTES, DESCRIPTOR_BYTES, INODE_BYTES};

/// What all checksums of a file system begin with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seed(u32);

impl Seed {
    pub fn of(uuid: &[u8; 16]) -> Seed {
        Seed(checksum(!0, &[uuid]))
    }

    /// Of a group's bitmap.
    pub fn bitmap(self, bitmap: &[u8]) -> u32 {
        checksum(self.0, &[bitmap])
    }

    /// Writes a group's descriptor's own checksum into it.
    pub fn seal_descriptor(self, group: u64, descriptor: &mut Bytes) {
        descriptor.u16(0x1e, 0);
        let sum = checksum(self.0, &[&low(group).to_le_bytes(), descriptor.as_ref()]);
        descriptor.u16(0x1e, low16(sum.into()));
    }

    /// Writes an inode's own checksum into it.
    pub fn seal_inode(self, number: u64, inode: &mut Bytes) {
        inode.u16(0x7c, 0);
        inode.u16(0x82, 0);
        let generation = inode.get_u32(0x64).to_le_bytes();
        let sum = checksum(self.0, &[&low(number).to_le_bytes(), &generation, inode.as_ref()]);
        inode.u16(0x7c, low16(sum.into()));
        inode.u16(0x82, low16(u64::from(sum >> 16)));
    }

    /// Writes the checksum of a directory's block, of an inode of generation 0, into its end.
    fn seal_directory(self, number: u64, block: &mut Bytes) {
        let end = BLOCK_BYTES as usize - 12;
        let sum = checksum(self.0, &[&low(number).to_le_bytes(), &[0; 4], &block.as_ref()[..end]]);
        block.u16(end + 4, 12);
        block.u8(end + 7, 0xde);
        block.u32(end + 8, sum);
    }
}

/// Writes a superblock's own checksum into it.
pub(super) fn seal_superblock(superblock: &mut Bytes) {
    let sum = checksum(!0, &[&superblock.as_ref()[..0x3fc]]);
    superblock.u32(0x3fc, sum);
}

/// CRC-32C as the kernel has it: neither turned round before nor after.
fn checksum(seed: u32, parts: &[&[u8]]) -> u32 {
    !parts.iter().fold(!seed, |sum, part| crc32c::crc32c_append(sum, part))
}

/// Bytes with numbers in them, little end first.
#[derive(Debug, Clone)]
pub(super) struct Bytes(Vec<u8>);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Bytes {
    pub fn zeros(length: u64) -> Bytes {
        Bytes(vec![0; length as usize])
    }

    pub fn from(bytes: &[u8]) -> Bytes {
        Bytes(bytes.to_vec())
    }

    pub fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    pub fn u8(&mut self, at: usize, value: u8) {
        self.0[at] = value;
    }

    pub fn u16(&mut self, at: usize, value: u16) {
        self.put(at, &value.to_le_bytes());
    }

    pub fn u32(&mut self, at: usize, value: u32) {
        self.put(at, &value.to_le_bytes());
    }

    /// A number whose upper half is elsewhere.
    pub fn split32(&mut self, low_at: usize, high_at: usize, value: u64) {
        self.u32(low_at, low(value));
        self.u32(high_at, low(value >> 32));
    }

    pub fn split16(&mut self, low_at: usize, high_at: usize, value: u64) {
        self.u16(low_at, low16(value));
        self.u16(high_at, low16(value >> 16));
    }

    pub fn get_u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(std::array::from_fn(|index| self.0[at + index]))
    }

    pub fn get_u16(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.0[at], self.0[at + 1]])
    }

    /// Sets the bits of a bitmap.
    pub fn set_bits(&mut self, bits: std::ops::Range<u64>) {
        for bit in bits {
            self.0[(bit / 8) as usize] |= 1 << (bit % 8);
        }
    }

    pub fn clear_bits(&mut self, bits: std::ops::Range<u64>) {
        for bit in bits {
            self.0[(bit / 8) as usize] &= !(1 << (bit % 8));
        }
    }
}

fn low(value: u64) -> u32 {
    (value & 0xffff_ffff) as u32
}

fn low16(value: u64) -> u16 {
    (value & 0xffff) as u16
}

/// What a group's descriptor says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Descriptor {
    pub block_bitmap: u64,
    pub inode_bitmap: u64,
    pub inode_table: u64,
    pub free_blocks: u64,
    pub free_inodes: u64,
    pub directories: u64,
    /// Inodes at the end of the table that were never used.
    pub unused_inodes: u64,
    pub flags: u16,
    pub block_bitmap_checksum: u32,
    pub inode_bitmap_checksum: u32,
}

/// Inodes and their bitmap were never written; the bitmap of blocks was not; the inodes are zeros.
pub(super) const INODES_UNUSED: u16 = 1;
pub(super) const BLOCKS_UNUSED: u16 = 2;
pub(super) const INODES_ZEROED: u16 = 4;

impl Descriptor {
    pub fn encode(&self, seed: Seed, group: u64) -> Bytes {
        let mut bytes = Bytes::zeros(DESCRIPTOR_BYTES);
        bytes.split32(0x00, 0x20, self.block_bitmap);
        bytes.split32(0x04, 0x24, self.inode_bitmap);
        bytes.split32(0x08, 0x28, self.inode_table);
        bytes.split16(0x0c, 0x2c, self.free_blocks);
        bytes.split16(0x0e, 0x2e, self.free_inodes);
        bytes.split16(0x10, 0x30, self.directories);
        bytes.u16(0x12, self.flags);
        bytes.split16(0x18, 0x38, self.block_bitmap_checksum.into());
        bytes.split16(0x1a, 0x3a, self.inode_bitmap_checksum.into());
        bytes.split16(0x1c, 0x32, self.unused_inodes);
        seed.seal_descriptor(group, &mut bytes);
        bytes
    }
}

/// What is the same for the inodes of a new file system.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inode {
    pub mode: u16,
    pub links: u16,
    pub bytes: u64,
    pub blocks: u64,
    pub flags: u32,
    pub pointers: [u8; 60],
    pub unix_s: u64,
}

/// Its pointers are extents.
pub(super) const EXTENTS: u32 = 0x8_0000;

impl Inode {
    pub fn encode(&self, seed: Seed, number: u64) -> Bytes {
        let mut bytes = Bytes::zeros(INODE_BYTES);
        bytes.u16(0x00, self.mode);
        bytes.split32(0x04, 0x6c, self.bytes);
        let time = [(0x08, 0x8c), (0x0c, 0x84), (0x10, 0x88), (0x90, 0x94)];
        for (at, high_at) in time {
            // Bits 32 and 33 of the seconds are the lowest of the second field.
            bytes.split32(at, high_at, self.unix_s);
        }
        bytes.u16(0x1a, self.links);
        bytes.u32(0x1c, low(self.blocks * BLOCK_BYTES / 512));
        bytes.u32(0x20, self.flags);
        bytes.put(0x28, &self.pointers);
        bytes.u16(0x80, EXTRA_INODE_BYTES);
        seed.seal_inode(number, &mut bytes);
        bytes
    }
}

pub(super) const EXTRA_INODE_BYTES: u16 = 32;

/// The pointers of a file whose blocks are in one piece.
pub(super) fn extent(start: u64, blocks: u64) -> [u8; 60] {
    let mut bytes = Bytes::zeros(60);
    bytes.u16(0, 0xf30a);
    bytes.u16(2, 1);
    bytes.u16(4, 4);
    bytes.u16(16, low16(blocks));
    bytes.u16(18, low16(start >> 32));
    bytes.u32(20, low(start));
    std::array::from_fn(|index| bytes.as_ref()[index])
}

/// A directory's block with directories in it.
pub(super) fn directory(seed: Seed, number: u64, entries: &[(u64, &str)]) -> Bytes {
    const OF_DIRECTORY: u8 = 2;
    let mut bytes = Bytes::zeros(BLOCK_BYTES);
    let end = BLOCK_BYTES as usize - 12;
    let mut at = 0;
    for (index, (inode, name)) in entries.iter().enumerate() {
        let least = (8 + name.len()).next_multiple_of(4);
        let length = if index + 1 == entries.len() { end - at } else { least };
        bytes.u32(at, low(*inode));
        bytes.u16(at + 4, low16(length as u64));
        bytes.u8(at + 6, low16(name.len() as u64) as u8);
        bytes.u8(at + 7, OF_DIRECTORY);
        bytes.put(at + 8, name.as_bytes());
        at += length;
    }
    seed.seal_directory(number, &mut bytes);
    bytes
}

/// The first block of an empty journal; its numbers have their big end first.
pub(super) fn journal(uuid: &[u8; 16], blocks: u64) -> Bytes {
    let mut bytes = Bytes::zeros(BLOCK_BYTES);
    let numbers = [(0x00, 0xc03b_3998), (0x04, 4), (0x0c, low(BLOCK_BYTES)), (0x10, low(blocks)), (0x14, 1), (0x18, 1), (0x40, 1)];
    for (at, number) in numbers {
        bytes.put(at, &u32::to_be_bytes(number));
    }
    bytes.put(0x30, uuid);
    bytes
}
