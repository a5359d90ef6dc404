//! Growing a file system that nobody has mounted: which blocks get which bytes. Pure but for the caller's way to read; nothing is written
//! here, so that the caller can have all of it on record before the first block changes.

use super::encode::{BLOCKS_UNUSED, Bytes, Descriptor, INODES_UNUSED, INODES_ZEROED, Seed, seal_superblock};
use super::format::{RESIZE, block_bitmap, first_block, reserved};
use super::layout::{
    BLOCK_BYTES, DESCRIPTOR_BYTES, DESCRIPTORS_PER_BLOCK, GROUP_BLOCKS, GROUP_INODES, INODE_BYTES, TABLE_BLOCKS, has_superblock,
    superblocks,
};
use super::superblock::Superblock;
use std::io;

/// A block by its number, and what is to be in it.
pub(crate) type Write = (u64, Vec<u8>);

/// Of the inode that leads to the reserved blocks, the pointer to their index.
const INDEX_POINTER: usize = 0x28 + 13 * 4;
const INODE_BLOCKS: usize = 0x1c;

/// What to write so that a file system has all of a file of so many bytes. Nothing, if it has.
pub(crate) fn grow(file_bytes: u64, read: &dyn Fn(u64) -> io::Result<Vec<u8>>) -> io::Result<Vec<Write>> {
    let superblock = Superblock::read(&read(0)?)?;
    superblock.check_ours()?;
    let blocks = file_bytes / BLOCK_BYTES;
    if blocks <= superblock.blocks() {
        return Ok(Vec::new());
    }
    let mut growth = Growth::new(superblock, blocks, read)?;
    growth.extend_last_group(read)?;
    growth.add_groups();
    growth.write_reserved(read)?;
    growth.write_heads();
    Ok(growth.writes)
}

struct Growth {
    superblock: Superblock,
    seed: Seed,
    old_blocks: u64,
    blocks: u64,
    /// Of every group that has a copy of the superblock: that, descriptors, and blocks for more.
    head_blocks: u64,
    descriptors: Vec<Bytes>,
    writes: Vec<Write>,
}

impl Growth {
    fn new(superblock: Superblock, blocks: u64, read: &dyn Fn(u64) -> io::Result<Vec<u8>>) -> io::Result<Growth> {
        let old_groups = superblock.blocks().div_ceil(GROUP_BLOCKS);
        let old = old_groups.div_ceil(DESCRIPTORS_PER_BLOCK);
        let head_blocks = 1 + old + superblock.reserved_blocks();
        if 1 + blocks.div_ceil(GROUP_BLOCKS).div_ceil(DESCRIPTORS_PER_BLOCK) > head_blocks {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "it can only grow that far while it is mounted"));
        }
        let mut descriptors = Vec::new();
        for block in 1..=old {
            let bytes = read(block)?;
            descriptors.extend(bytes.chunks(DESCRIPTOR_BYTES as usize).map(Bytes::from));
        }
        descriptors.truncate(old_groups as usize);
        let (seed, old_blocks) = (Seed::of(&superblock.uuid()), superblock.blocks());
        Ok(Growth { superblock, seed, old_blocks, blocks, head_blocks, descriptors, writes: Vec::new() })
    }

    fn groups(&self) -> u64 {
        self.blocks.div_ceil(GROUP_BLOCKS)
    }

    fn group_blocks(&self, group: u64) -> u64 {
        (self.blocks - group * GROUP_BLOCKS).min(GROUP_BLOCKS)
    }

    /// The blocks that the last group did not have and now has are free.
    fn extend_last_group(&mut self, read: &dyn Fn(u64) -> io::Result<Vec<u8>>) -> io::Result<()> {
        let last = self.descriptors.len() as u64 - 1;
        let (before, now) = (self.old_blocks - last * GROUP_BLOCKS, self.group_blocks(last));
        let descriptor = &mut self.descriptors[last as usize];
        let free = joined16(descriptor, 0x0c, 0x2c) + now - before;
        descriptor.split16(0x0c, 0x2c, free);
        if descriptor.get_u16(0x12) & BLOCKS_UNUSED == 0 {
            let block = u64::from(descriptor.get_u32(0x00)) | u64::from(descriptor.get_u32(0x20)) << 32;
            let mut bitmap = Bytes::from(&read(block)?);
            bitmap.clear_bits(before..now);
            descriptor.split16(0x18, 0x38, self.seed.bitmap(bitmap.as_ref()).into());
            self.writes.push((block, bitmap.as_ref().to_vec()));
        }
        self.seed.seal_descriptor(last, descriptor);
        Ok(())
    }

    /// Each new group has its own bitmaps and inodes.
    fn add_groups(&mut self) {
        for group in self.descriptors.len() as u64..self.groups() {
            let head = if has_superblock(group) { self.head_blocks } else { 0 };
            let start = group * GROUP_BLOCKS + head;
            let used = head + 2 + TABLE_BLOCKS;
            let mut descriptor = Descriptor {
                block_bitmap: start,
                inode_bitmap: start + 1,
                inode_table: start + 2,
                free_blocks: self.group_blocks(group) - used,
                free_inodes: GROUP_INODES,
                directories: 0,
                unused_inodes: GROUP_INODES,
                flags: INODES_UNUSED | BLOCKS_UNUSED | INODES_ZEROED,
                block_bitmap_checksum: 0,
                inode_bitmap_checksum: 0,
            };
            if group + 1 == self.groups() {
                let bitmap = block_bitmap(used, self.group_blocks(group));
                descriptor.flags &= !BLOCKS_UNUSED;
                descriptor.block_bitmap_checksum = self.seed.bitmap(bitmap.as_ref());
                self.writes.push((start, bitmap.as_ref().to_vec()));
            }
            self.descriptors.push(descriptor.encode(self.seed, group));
        }
    }

    fn descriptor_blocks(&self) -> u64 {
        self.groups().div_ceil(DESCRIPTORS_PER_BLOCK)
    }

    /// What leads to the blocks that are still kept for descriptors, with those in new groups.
    fn write_reserved(&mut self, read: &dyn Fn(u64) -> io::Result<Vec<u8>>) -> io::Result<()> {
        let first = &self.descriptors[0];
        let table = u64::from(first.get_u32(0x08)) | u64::from(first.get_u32(0x28)) << 32;
        let mut block = Bytes::from(&read(table)?);
        let at = ((RESIZE - 1) * INODE_BYTES) as usize;
        let mut inode = Bytes::from(&block.as_ref()[at..at + INODE_BYTES as usize]);
        let new = reserved(self.descriptor_blocks(), self.head_blocks - 1 - self.descriptor_blocks(), self.groups());
        inode.u32(INODE_BLOCKS, (new.blocks * BLOCK_BYTES / 512) as u32);
        self.seed.seal_inode(RESIZE, &mut inode);
        block.put(at, inode.as_ref());
        self.writes.push((table, block.as_ref().to_vec()));
        self.writes.push((inode.get_u32(INDEX_POINTER).into(), new.index.as_ref().to_vec()));
        self.writes.extend(new.lists.into_iter().map(|(block, list)| (block, list.as_ref().to_vec())));
        Ok(())
    }

    /// The superblock and all descriptors, with their copies.
    fn write_heads(&mut self) {
        let free = self.descriptors.iter().map(|descriptor| joined16(descriptor, 0x0c, 0x2c)).sum();
        let free_inodes: u64 = self.descriptors.iter().map(|descriptor| joined16(descriptor, 0x0e, 0x2e)).sum();
        let left = self.head_blocks - 1 - self.descriptor_blocks();
        self.superblock.grow(self.blocks, free, self.groups() * GROUP_INODES, free_inodes, left);
        let bytes: Vec<u8> = self.descriptors.iter().flat_map(|descriptor| descriptor.as_ref().iter().copied()).collect();
        for group in superblocks(self.groups()) {
            for (index, part) in bytes.chunks(BLOCK_BYTES as usize).enumerate() {
                let mut block = part.to_vec();
                block.resize(BLOCK_BYTES as usize, 0);
                self.writes.push((group * GROUP_BLOCKS + 1 + index as u64, block));
            }
            let mut superblock = self.superblock.bytes().clone();
            superblock.u16(0x5a, group as u16);
            seal_superblock(&mut superblock);
            self.writes.push((group * GROUP_BLOCKS, first_block(group, &superblock).as_ref().to_vec()));
        }
    }
}

fn joined16(bytes: &Bytes, low_at: usize, high_at: usize) -> u64 {
    u64::from(bytes.get_u16(low_at)) | u64::from(bytes.get_u16(high_at)) << 16
}

#[cfg(test)]
mod tests;
