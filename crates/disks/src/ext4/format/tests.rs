use super::*;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

const UUID: [u8; 16] = [7; 16];
const MIB: u64 = 1 << 20;

pub(in crate::ext4) fn made(path: &Path, usable_bytes: u64) -> Layout {
    let layout = Layout::with_usable(usable_bytes);
    let file = File::options().read(true).write(true).create(true).truncate(true).open(path).unwrap();
    file.set_len(layout.file_bytes()).unwrap();
    format(layout, UUID, 1_800_000_000, &mut |at, bytes| file.write_all_at(bytes, at)).unwrap();
    layout
}

#[test]
fn the_checker_has_nothing_to_say() {
    for usable in [MIB, 100 * MIB, 125 * MIB, 126 * MIB, 300 * MIB, 2048 * MIB, 2100 * MIB, 10_000 * MIB, 300_000 * MIB] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("image");
        let layout = made(&path, usable);
        crate::checker::check(&path);
        let taken = std::os::unix::fs::MetadataExt::blocks(&std::fs::metadata(&path).unwrap()) * 512;
        assert!(taken < 2 * MIB + layout.groups() * 6000, "{usable}: {taken} bytes taken");
    }
}
