//! A new file system: which bytes are written where. Pure but for the caller's way to write.

use super::encode::{
    BLOCKS_UNUSED, Bytes, Descriptor, EXTENTS, EXTRA_INODE_BYTES, INODES_UNUSED, INODES_ZEROED, Inode, Seed, directory, extent, journal,
    seal_superblock,
};
use super::layout::{
    BLOCK_BYTES, DESCRIPTOR_BYTES, FLEX_GROUPS, GROUP_BLOCKS, GROUP_INODES, INODE_BYTES, Layout, RESERVED_BLOCKS, superblocks,
};
use std::io;

const ROOT: u64 = 2;
pub(super) const RESIZE: u64 = 7;
const JOURNAL: u64 = 8;
/// The last of the inodes that are in use from the beginning.
const LOST_AND_FOUND: u64 = 11;
const DIRECTORY_MODE: u16 = 0o040_755;
const PRIVATE_DIRECTORY_MODE: u16 = 0o040_700;
const PRIVATE_FILE_MODE: u16 = 0o100_600;
pub(super) const POINTERS_PER_BLOCK: u64 = BLOCK_BYTES / 4;
/// Of the superblock in the first block, and its length.
pub(super) const SUPERBLOCK_AT: u64 = 1024;
pub(super) const SUPERBLOCK_BYTES: u64 = 1024;

/// Writes a file system into an empty file of [`Layout::file_bytes`]. `write` takes offsets and bytes.
pub(crate) fn format(layout: Layout, uuid: [u8; 16], unix_s: u64, write: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>) -> io::Result<()> {
    let seed = Seed::of(&uuid);
    let mut write_block = |block: u64, bytes: &[u8]| write(block * BLOCK_BYTES, bytes);
    let mut descriptors = Vec::new();
    for group in 0..layout.groups() {
        let descriptor = bitmaps(layout, seed, group, &mut write_block)?;
        descriptors.extend_from_slice(descriptor.encode(seed, group).as_ref());
    }
    debug_assert_eq!(descriptors.len() as u64, layout.groups() * DESCRIPTOR_BYTES);
    contents(layout, seed, &uuid, unix_s, &mut write_block)?;
    for (block, bytes) in reserved(layout.descriptor_blocks(), RESERVED_BLOCKS, layout.groups()).lists {
        write_block(block, bytes.as_ref())?;
    }
    for group in superblocks(layout.groups()) {
        write_block(layout.start(group) + 1, &descriptors)?;
        let superblock = superblock(layout, &uuid, unix_s, group);
        write_block(layout.start(group), first_block(group, &superblock).as_ref())?;
    }
    Ok(())
}

/// The first block of a group with a superblock: the first kilobyte of all is left to what starts a machine.
pub(super) fn first_block(group: u64, superblock: &Bytes) -> Bytes {
    let mut block = Bytes::zeros(BLOCK_BYTES);
    block.put(if group == 0 { SUPERBLOCK_AT as usize } else { 0 }, superblock.as_ref());
    block
}

/// Writes a group's bitmaps where they say anything, and gives its descriptor.
fn bitmaps(layout: Layout, seed: Seed, group: u64, write_block: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>) -> io::Result<Descriptor> {
    let mut descriptor = Descriptor {
        block_bitmap: layout.block_bitmap(group),
        inode_bitmap: layout.inode_bitmap(group),
        inode_table: layout.inode_table(group),
        free_blocks: layout.free_in(group),
        free_inodes: GROUP_INODES,
        directories: 0,
        unused_inodes: GROUP_INODES,
        flags: INODES_UNUSED | BLOCKS_UNUSED | INODES_ZEROED,
        block_bitmap_checksum: 0,
        inode_bitmap_checksum: 0,
    };
    // The kernel knows by itself what of a group is in use when it is untouched, and only its own.
    if group.is_multiple_of(FLEX_GROUPS) || group + 1 == layout.groups() {
        let used = layout.used_in(group);
        let bitmap = block_bitmap(used.end - used.start, layout.group_blocks(group));
        write_block(descriptor.block_bitmap, bitmap.as_ref())?;
        descriptor.flags &= !BLOCKS_UNUSED;
        descriptor.block_bitmap_checksum = seed.bitmap(bitmap.as_ref());
    }
    if group == 0 {
        let mut bitmap = Bytes::zeros(BLOCK_BYTES);
        bitmap.set_bits(0..LOST_AND_FOUND);
        bitmap.set_bits(GROUP_INODES..BLOCK_BYTES * 8);
        write_block(descriptor.inode_bitmap, bitmap.as_ref())?;
        descriptor.flags &= !INODES_UNUSED;
        descriptor.inode_bitmap_checksum = seed.bitmap(&bitmap.as_ref()[..(GROUP_INODES / 8) as usize]);
        descriptor.free_inodes -= LOST_AND_FOUND;
        descriptor.unused_inodes -= LOST_AND_FOUND;
        descriptor.directories = 2;
    }
    Ok(descriptor)
}

/// A bitmap of a group in which blocks at the start are in use. Those that it does not have count as in use.
pub(super) fn block_bitmap(used: u64, blocks: u64) -> Bytes {
    let mut bitmap = Bytes::zeros(BLOCK_BYTES);
    bitmap.set_bits(0..used);
    bitmap.set_bits(blocks..GROUP_BLOCKS);
    bitmap
}

/// Writes the first inodes and what they lead to.
fn contents(
    layout: Layout,
    seed: Seed,
    uuid: &[u8; 16],
    unix_s: u64,
    write_block: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let directory_inode = |mode, links, block| {
        let pointers = extent(block, 1);
        Inode { mode, links, bytes: BLOCK_BYTES, blocks: 1, flags: EXTENTS, pointers, unix_s }
    };
    let journal_inode = Inode {
        mode: PRIVATE_FILE_MODE,
        links: 1,
        bytes: layout.journal_blocks * BLOCK_BYTES,
        blocks: layout.journal_blocks,
        flags: EXTENTS,
        pointers: extent(layout.journal(), layout.journal_blocks),
        unix_s,
    };
    let reserved = reserved(layout.descriptor_blocks(), RESERVED_BLOCKS, layout.groups());
    let inodes = [
        (ROOT, directory_inode(DIRECTORY_MODE, 3, layout.root_directory())),
        (RESIZE, resize_inode(layout.reserved_index(), reserved.blocks, unix_s)),
        (JOURNAL, journal_inode),
        (LOST_AND_FOUND, directory_inode(PRIVATE_DIRECTORY_MODE, 2, layout.lost_and_found())),
    ];
    let mut table = Bytes::zeros(BLOCK_BYTES);
    for (number, inode) in inodes {
        table.put(((number - 1) * INODE_BYTES) as usize, inode.encode(seed, number).as_ref());
    }
    write_block(layout.inode_table(0), table.as_ref())?;
    let root = directory(seed, ROOT, &[(ROOT, "."), (ROOT, ".."), (LOST_AND_FOUND, "lost+found")]);
    write_block(layout.root_directory(), root.as_ref())?;
    let lost_and_found = directory(seed, LOST_AND_FOUND, &[(LOST_AND_FOUND, "."), (ROOT, "..")]);
    write_block(layout.lost_and_found(), lost_and_found.as_ref())?;
    write_block(layout.reserved_index(), reserved.index.as_ref())?;
    write_block(layout.journal(), journal(uuid, layout.journal_blocks).as_ref())
}

/// What leads to the blocks that are kept for descriptors, as if they were those of a file: an index, and for each block in the first group
/// a list of those in the other groups, which stands in that block itself.
pub(super) struct Reserved {
    pub index: Bytes,
    /// By block; those without an entry are left out.
    pub lists: Vec<(u64, Bytes)>,
    /// All of them, and the index.
    pub blocks: u64,
}

pub(super) fn reserved(descriptor_blocks: u64, reserved_blocks: u64, groups: u64) -> Reserved {
    let copies: Vec<u64> = superblocks(groups).split_off(1);
    let mut index = Bytes::zeros(BLOCK_BYTES);
    let mut lists = Vec::new();
    for number in descriptor_blocks..descriptor_blocks + reserved_blocks {
        let block = 1 + number;
        index.u32((number % POINTERS_PER_BLOCK * 4) as usize, block as u32);
        let mut list = Bytes::zeros(BLOCK_BYTES);
        for (place, group) in copies.iter().enumerate() {
            list.put(place * 4, &((block + group * GROUP_BLOCKS) as u32).to_le_bytes());
        }
        if !copies.is_empty() {
            lists.push((block, list));
        }
    }
    Reserved { index, lists, blocks: 1 + reserved_blocks * (1 + copies.len() as u64) }
}

pub(super) fn resize_inode(index: u64, blocks: u64, unix_s: u64) -> Inode {
    /// Where the pointers have the block that leads to blocks that lead to blocks, and how many they are before.
    const TWICE_REMOVED: usize = 13;
    const DIRECT: u64 = 12;
    let mut pointers = [0; 60];
    pointers[TWICE_REMOVED * 4..][..4].copy_from_slice(&(index as u32).to_le_bytes());
    let bytes = (POINTERS_PER_BLOCK * POINTERS_PER_BLOCK + POINTERS_PER_BLOCK + DIRECT) * BLOCK_BYTES;
    Inode { mode: PRIVATE_FILE_MODE, links: 1, bytes, blocks, flags: 0, pointers, unix_s }
}

/// The superblock, or its copy in another group.
fn superblock(layout: Layout, uuid: &[u8; 16], unix_s: u64, group: u64) -> Bytes {
    /// A journal, extended attributes, room to grow, indexed directories.
    const COMPATIBLE: u32 = 0x04 | 0x08 | 0x10 | 0x20;
    /// Types in directories, extents, 64 bits, flexible groups.
    const INCOMPATIBLE: u32 = 0x02 | 0x40 | 0x80 | 0x200;
    /// Few copies of the superblock, large and huge files, many links, large inodes, checksums.
    const READ_ONLY_COMPATIBLE: u32 = 0x01 | 0x02 | 0x08 | 0x20 | 0x40 | 0x400;
    let mut bytes = Bytes::zeros(SUPERBLOCK_BYTES);
    let inodes = layout.groups() * GROUP_INODES;
    let numbers = [
        (0x00, inodes as u32),
        (0x10, (inodes - LOST_AND_FOUND) as u32),
        (0x18, 2), // 1024 << 2 bytes to a block, and to a cluster
        (0x1c, 2),
        (0x20, GROUP_BLOCKS as u32),
        (0x24, GROUP_BLOCKS as u32),
        (0x28, GROUP_INODES as u32),
        (0x4c, 1), // the revision
        (0x54, LOST_AND_FOUND as u32),
        (0x5c, COMPATIBLE),
        (0x60, INCOMPATIBLE),
        (0x64, READ_ONLY_COMPATIBLE),
        (0xe0, JOURNAL as u32),
        (0x100, 0x0c), // extended attributes of users, access control lists
        (0x160, 1),    // names are hashed as signed characters
    ];
    for (at, number) in numbers {
        bytes.u32(at, number);
    }
    bytes.split32(0x04, 0x150, layout.blocks);
    bytes.split32(0x0c, 0x158, layout.free_blocks());
    for at in [0x30, 0x40, 0x108] {
        bytes.u32(at, unix_s as u32);
    }
    let numbers = [
        (0x36, u16::MAX), // mounts until a check
        (0x38, 0xef53),
        (0x3a, 1), // clean
        (0x3c, 2), // on an error nothing is written any more
        (0x58, INODE_BYTES as u16),
        (0x5a, group as u16),
        (0xce, RESERVED_BLOCKS as u16),
        (0xfe, DESCRIPTOR_BYTES as u16),
        (0x15c, EXTRA_INODE_BYTES),
        (0x15e, EXTRA_INODE_BYTES),
    ];
    for (at, number) in numbers {
        bytes.u16(at, number);
    }
    bytes.put(0x68, uuid);
    bytes.put(0xec, uuid); // seeds the hashes of names
    let small = [(0xfc, 1), (0xfd, 1), (0x174, FLEX_GROUPS.ilog2() as u8), (0x175, 1)]; // half MD4, a copy of the journal's inode, CRC-32C
    for (at, number) in small {
        bytes.u8(at, number);
    }
    bytes.put(0x10c, &extent(layout.journal(), layout.journal_blocks));
    let journal_bytes = layout.journal_blocks * BLOCK_BYTES;
    bytes.split32(0x10c + 64, 0x10c + 60, journal_bytes);
    seal_superblock(&mut bytes);
    bytes
}

#[cfg(test)]
pub(super) mod tests;
