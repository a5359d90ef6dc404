//! Where everything of a file system is. Pure arithmetic.

use std::ops::Range;

pub(crate) const BLOCK_BYTES: u64 = 4096;
pub(super) const GROUP_BLOCKS: u64 = 32768;
pub(super) const GROUP_INODES: u64 = 8192;
pub(super) const INODE_BYTES: u64 = 256;
/// Of inodes of a group.
pub(super) const TABLE_BLOCKS: u64 = GROUP_INODES * INODE_BYTES / BLOCK_BYTES;
/// Groups whose bitmaps and inodes are together in the first of them.
pub(super) const FLEX_GROUPS: u64 = 16;
pub(super) const DESCRIPTOR_BYTES: u64 = 64;
pub(super) const DESCRIPTORS_PER_BLOCK: u64 = BLOCK_BYTES / DESCRIPTOR_BYTES;
/// Blocks that are kept for descriptors of later groups: enough for 1 TiB more; beyond that the kernel goes on in another way. They are holes.
/// The kernel changes all of them in one go when it grows a file system, and a quarter of the journal is the most that it changes so.
pub(super) const RESERVED_BLOCKS: u64 = JOURNAL_BLOCKS.start / 8;
/// Root directory, `lost+found`, the block that leads to reserved ones.
const SMALL_BLOCKS: u64 = 3;
/// What its first directory takes when somebody makes one.
const FIRST_DIRECTORY_BLOCKS: u64 = 1;
/// Data that a last group is worth having for.
const LAST_GROUP_FREE_BLOCKS: u64 = 64;
/// The kernel keeps that much back for its own needs: a fiftieth, up to 16 MiB.
const KERNEL_PART: u64 = 50;
const KERNEL_BLOCKS_MAX: u64 = 4096;
/// The journal has a thirty-second of the file system within these bounds. Below, the kernel takes none; databases gain nothing above.
const JOURNAL_PART: u64 = 32;
const JOURNAL_BLOCKS: Range<u64> = 1024..16384;

/// A file system of a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(super) blocks: u64,
    pub(super) journal_blocks: u64,
}

impl Layout {
    /// The smallest in which so many bytes, and a block at least, can be written into one file after a directory was made for it.
    pub fn with_usable(bytes: u64) -> Layout {
        let wanted = bytes.div_ceil(BLOCK_BYTES).max(1);
        let journal_blocks = (wanted / JOURNAL_PART).clamp(JOURNAL_BLOCKS.start, JOURNAL_BLOCKS.end);
        let mut layout = Layout { blocks: wanted, journal_blocks }.rounded();
        // Each time at least as much is added as is missing.
        while layout.usable_blocks() < wanted {
            layout = Layout { blocks: layout.blocks + (wanted - layout.usable_blocks()), journal_blocks }.rounded();
        }
        layout
    }

    /// Size of its file.
    pub fn file_bytes(self) -> u64 {
        self.blocks * BLOCK_BYTES
    }

    /// How much of that its user can write.
    #[cfg(test)]
    pub fn usable_bytes(self) -> u64 {
        self.usable_blocks() * BLOCK_BYTES
    }

    /// With a last group that can hold what belongs into it, and some data.
    fn rounded(self) -> Layout {
        let last = self.groups() - 1;
        let least = self.start(last) + self.used_in(last).end - self.start(last) + LAST_GROUP_FREE_BLOCKS;
        Layout { blocks: self.blocks.max(least), ..self }
    }

    fn usable_blocks(self) -> u64 {
        let kept = (self.blocks / KERNEL_PART).min(KERNEL_BLOCKS_MAX);
        self.free_blocks().saturating_sub(kept + FIRST_DIRECTORY_BLOCKS + file_blocks(self.blocks))
    }

    pub(super) fn groups(self) -> u64 {
        self.blocks.div_ceil(GROUP_BLOCKS)
    }

    pub(super) fn start(self, group: u64) -> u64 {
        group * GROUP_BLOCKS
    }

    /// Blocks of a group; the last one may have fewer than the others.
    pub(super) fn group_blocks(self, group: u64) -> u64 {
        (self.blocks - self.start(group)).min(GROUP_BLOCKS)
    }

    /// Blocks with the descriptors of all groups.
    pub(super) fn descriptor_blocks(self) -> u64 {
        self.groups().div_ceil(DESCRIPTORS_PER_BLOCK)
    }

    /// Blocks at the start of a group that has a copy of the superblock: that, the descriptors, and those that are kept for more.
    pub(super) fn head_blocks(self, group: u64) -> u64 {
        if has_superblock(group) { 1 + self.descriptor_blocks() + RESERVED_BLOCKS } else { 0 }
    }

    /// The groups whose bitmaps and inodes are in this one.
    fn flex(self, group: u64) -> Range<u64> {
        if group.is_multiple_of(FLEX_GROUPS) { group..self.groups().min(group + FLEX_GROUPS) } else { group..group }
    }

    /// The first group of those that a group is together with, how many they are, and which of them it is.
    fn place(self, group: u64) -> (u64, u64, u64) {
        let first = group - group % FLEX_GROUPS;
        let flex = self.flex(first);
        (self.start(first) + self.head_blocks(first), flex.end - flex.start, group - first)
    }

    pub(super) fn block_bitmap(self, group: u64) -> u64 {
        let (start, _, index) = self.place(group);
        start + index
    }

    pub(super) fn inode_bitmap(self, group: u64) -> u64 {
        let (start, groups, index) = self.place(group);
        start + groups + index
    }

    pub(super) fn inode_table(self, group: u64) -> u64 {
        let (start, groups, index) = self.place(group);
        start + 2 * groups + index * TABLE_BLOCKS
    }

    /// The block that leads to the reserved ones; the root directory's, that of `lost+found` and the journal follow it.
    pub(super) fn reserved_index(self) -> u64 {
        let (start, groups, _) = self.place(0);
        start + groups * (2 + TABLE_BLOCKS)
    }

    pub(super) fn root_directory(self) -> u64 {
        self.reserved_index() + 1
    }

    pub(super) fn lost_and_found(self) -> u64 {
        self.reserved_index() + 2
    }

    pub(super) fn journal(self) -> u64 {
        self.reserved_index() + SMALL_BLOCKS
    }

    /// The blocks of a group that are in use in a new file system; they are at its start.
    pub(super) fn used_in(self, group: u64) -> Range<u64> {
        let start = self.start(group);
        let flex = self.flex(group);
        let tables = (flex.end - flex.start) * (2 + TABLE_BLOCKS);
        let content = if group == 0 { SMALL_BLOCKS + self.journal_blocks } else { 0 };
        start..start + self.head_blocks(group) + tables + content
    }

    pub(super) fn free_in(self, group: u64) -> u64 {
        let used = self.used_in(group);
        self.group_blocks(group) - (used.end - used.start)
    }

    pub(super) fn free_blocks(self) -> u64 {
        let heads = superblocks(self.groups()).len() as u64 * self.head_blocks(0);
        self.blocks - heads - self.groups() * (2 + TABLE_BLOCKS) - SMALL_BLOCKS - self.journal_blocks
    }
}

/// Blocks that one file of such a file system needs for finding its data: extents of at most 32767 blocks, 340 to a block.
fn file_blocks(blocks: u64) -> u64 {
    blocks.div_ceil(GROUP_BLOCKS).div_ceil(170) + 1
}

/// Whether a group has a copy of the superblock: the first two, and the powers of 3, 5 and 7.
pub(super) fn has_superblock(group: u64) -> bool {
    fn is_power(mut group: u64, base: u64) -> bool {
        while group.is_multiple_of(base) {
            group /= base;
        }
        group == 1
    }
    group <= 1 || [3, 5, 7].into_iter().any(|base| is_power(group, base))
}

/// Those of so many groups that have one, in order.
pub(super) fn superblocks(groups: u64) -> Vec<u64> {
    let powers = [3_u64, 5, 7].map(|base| std::iter::successors(Some(base), move |power| power.checked_mul(base)));
    let mut found: Vec<u64> = [0, 1]
        .into_iter()
        .filter(|group| *group < groups)
        .chain(powers.into_iter().flat_map(|powers| powers.take_while(|power| *power < groups)))
        .collect();
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn copies_of_the_superblock_are_in_the_groups_of_old() {
        let found: Vec<u64> = (0..130).filter(|group| has_superblock(*group)).collect();
        assert_eq!(found, [0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125]);
        assert_eq!((superblocks(130), superblocks(9), superblocks(1)), (found, vec![0, 1, 3, 5, 7], vec![0]));
    }

    #[test]
    fn nothing_is_wanted_where_a_pool_has_no_room() {
        assert_eq!(Layout::with_usable(0), Layout::with_usable(1));
    }

    proptest! {
        #[test]
        fn what_is_wanted_can_be_used_and_little_more_is_taken(bytes in 1_u64..(1 << 42)) {
            let layout = Layout::with_usable(bytes);
            prop_assert!(layout.usable_bytes() >= bytes);
            // Inodes are a sixty-fourth; journal, copies of the superblock, what the kernel keeps.
            prop_assert!(layout.file_bytes() <= bytes + bytes / 40 + (150 << 20), "{} for {bytes}", layout.file_bytes());
            if layout.groups() < 100 {
                prop_assert_eq!((0..layout.groups()).map(|group| layout.free_in(group)).sum::<u64>(), layout.free_blocks());
            }
            for group in [0, layout.groups() / 2, layout.groups() - 1] {
                prop_assert!(layout.used_in(group).end <= layout.start(group) + layout.group_blocks(group));
            }
        }
    }
}
