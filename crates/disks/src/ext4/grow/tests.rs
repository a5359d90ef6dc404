use super::*;
use crate::ext4::Layout;
use crate::ext4::format::{SUPERBLOCK_AT, tests::made};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

const MIB: u64 = 1 << 20;

fn grow_file(path: &Path, usable_bytes: u64) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let bytes = Layout::with_usable(usable_bytes).file_bytes();
    let read = |block| {
        let mut bytes = vec![0; BLOCK_BYTES as usize];
        file.read_exact_at(&mut bytes, block * BLOCK_BYTES).map(|()| bytes)
    };
    let writes = grow(bytes, &read).unwrap();
    file.set_len(bytes).unwrap();
    for (block, bytes) in writes {
        file.write_all_at(&bytes, block * BLOCK_BYTES).unwrap();
    }
}

#[test]
fn what_has_grown_is_as_sound_as_what_was_made() {
    // LOCV-7
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image");
    made(&path, MIB);
    for usable in [2 * MIB, 100 * MIB, 126 * MIB, 127 * MIB, 500 * MIB, 2100 * MIB, 9000 * MIB, 300_000 * MIB] {
        grow_file(&path, usable);
        crate::checker::check(&path);
    }
}

#[test]
fn what_is_as_large_as_its_file_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image");
    let layout = made(&path, MIB);
    let bytes = std::fs::read(&path).unwrap();
    let read = |block: u64| Ok(bytes[(block * BLOCK_BYTES) as usize..][..BLOCK_BYTES as usize].to_vec());
    assert_eq!(grow(layout.file_bytes(), &read).unwrap(), vec![]);
}

#[test]
fn what_has_a_journal_to_replay_or_cannot_grow_so_far_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image");
    made(&path, MIB);
    let mut bytes = std::fs::read(&path).unwrap();
    let read = |bytes: Vec<u8>| move |block: u64| Ok(bytes[(block * BLOCK_BYTES) as usize..][..BLOCK_BYTES as usize].to_vec());
    let far = grow(3 << 40, &read(bytes.clone())).unwrap_err();
    assert_eq!(far.kind(), io::ErrorKind::Unsupported);
    bytes[SUPERBLOCK_AT as usize + 0x60] |= 4;
    let unsealed = grow(100 * MIB, &read(bytes.clone())).unwrap_err();
    assert_eq!(unsealed.kind(), io::ErrorKind::InvalidData);
    let mut superblock = Bytes::from(&bytes[1024..2048]);
    seal_superblock(&mut superblock);
    bytes[1024..2048].copy_from_slice(superblock.as_ref());
    let dirty = grow(100 * MIB, &read(bytes)).unwrap_err();
    assert_eq!(dirty.to_string(), "its journal must be replayed first");
}
