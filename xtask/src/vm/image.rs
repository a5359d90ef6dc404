//! What the machine boots from: an initial ramdisk with the drivers, a root disk with the programs (what is written there is lost), an empty data disk.
//! Programs lie where they lie on the host, with the libraries they are linked to, because tests know their paths.

use super::host;
use super::kernel::Kernel;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const INIT: &str = include_str!("init.sh");
const START: &str = include_str!("start.sh");
const DATA_BYTES: u64 = 6 << 30;

/// Directories of the root disk that something is mounted on.
const MOUNT_POINTS: [&str; 7] = ["proc", "sys", "dev", "run", "tmp", "data", "root"];

/// Writes the initial ramdisk.
pub fn initial_ramdisk(kernel: &Kernel, path: &Path) -> Result<()> {
    let busybox = host::find("busybox").context("find busybox")?;
    let mut archive = Archive::default();
    archive.directory("bin");
    archive.directory("modules");
    archive.file("bin/busybox", 0o755, &fs::read(busybox).context("read busybox")?);
    archive.file("init", 0o755, INIT.as_bytes());
    let mut order = String::new();
    for (name, content) in kernel.drivers()? {
        archive.file(&format!("modules/{name}.ko"), 0o644, &content);
        order.push_str(&format!("{name}.ko\n"));
    }
    archive.file("modules/order", 0o644, order.as_bytes());
    fs::write(path, archive.end()).with_context(|| format!("write {}", path.display()))
}

/// Makes the root disk: `programs` with their libraries, whole directories, and `run`, the script that the machine is for.
pub fn root_disk(dir: &Path, programs: &[PathBuf], directories: &[PathBuf], run: &str) -> Result<PathBuf> {
    let root = dir.join("root");
    if root.exists() {
        fs::remove_dir_all(&root).context("remove the former root")?;
    }
    for name in ["bin", "etc"].iter().chain(&MOUNT_POINTS) {
        fs::create_dir_all(root.join(name)).context("make the root's directories")?;
    }
    let busybox = host::find("busybox").context("find busybox")?;
    fs::copy(&busybox, root.join("bin/busybox")).context("copy busybox")?;
    let applets = host::output("busybox", &["--list".as_ref()])?;
    for applet in String::from_utf8_lossy(&applets).lines().filter(|name| *name != "busybox") {
        symlink("busybox", root.join("bin").join(applet)).with_context(|| format!("link {applet}"))?;
    }
    for (name, text) in [
        ("start", START),
        ("run", run),
        ("passwd", "root:x:0:0:root:/root:/bin/sh\n"),
        ("group", "root:x:0:\n"),
        ("hosts", "127.0.0.1 localhost machine\n"),
    ] {
        fs::write(root.join("etc").join(name), text).with_context(|| format!("write {name}"))?;
    }
    let libraries = programs.iter().map(|program| libraries(program)).collect::<Result<Vec<_>>>()?;
    let files: BTreeSet<PathBuf> = programs.iter().cloned().chain(libraries.into_iter().flatten()).collect();
    let mut bytes = 0;
    for file in &files {
        bytes += copy(file, &root)?;
    }
    for directory in directories {
        bytes += copy_all(directory, &root)?;
    }
    let disk = dir.join("root.img");
    written(&root, bytes, &disk)?;
    Ok(disk)
}

/// Makes a root disk of a tree that has all it needs.
pub fn disk_of(tree: &Path, disk: &Path) -> Result<()> {
    written(tree, room(tree)?, disk)
}

fn written(tree: &Path, bytes: u64, disk: &Path) -> Result<()> {
    let megabytes = (bytes >> 20) * 5 / 4 + 32;
    fs::File::create(disk).and_then(|file| file.set_len(megabytes << 20)).context("make the root disk")?;
    let place = [tree, disk].map(|p| p.to_string_lossy().into_owned());
    host::run_in(Path::new("/"), "mke2fs", &["-q", "-F", "-t", "ext4", "-O", "^has_journal", "-d", &place[0], &place[1]])
}

/// Makes an empty data disk with a filesystem.
pub fn data_disk(dir: &Path) -> Result<PathBuf> {
    let disk = dir.join("data.img");
    fs::File::create(&disk).and_then(|file| file.set_len(DATA_BYTES)).context("make the data disk")?;
    host::run_in(dir, "mkfs.xfs", &["-q", "-f", &disk.to_string_lossy()])?;
    Ok(disk)
}

/// Puts a file where it is on the host; its size.
fn copy(file: &Path, root: &Path) -> Result<u64> {
    let inside = root.join(file.strip_prefix("/").context("a program's path begins at the root")?);
    fs::create_dir_all(inside.parent().context("a file is in a directory")?).context("make a directory")?;
    fs::copy(file, &inside).with_context(|| format!("copy {}", file.display()))
}

/// The same of a directory with all that is in it.
fn copy_all(directory: &Path, root: &Path) -> Result<u64> {
    let inside = root.join(directory.strip_prefix("/").context("a directory's path begins at the root")?);
    fs::create_dir_all(&inside).context("make a directory")?;
    let copied = [format!("{}/.", directory.display()), inside.display().to_string()];
    host::run_in(root, "cp", &["-a", &copied[0], &copied[1]])?;
    room(&inside)
}

/// What a directory takes on a disk.
fn room(directory: &Path) -> Result<u64> {
    const BLOCK_BYTES: u64 = 4096;
    let mut bytes = BLOCK_BYTES;
    for entry in fs::read_dir(directory).with_context(|| format!("list {}", directory.display()))? {
        let entry = entry.context("list a directory")?;
        let found = entry.metadata().with_context(|| format!("look at {}", entry.path().display()))?;
        bytes += if found.is_dir() { room(&entry.path())? } else { found.len().next_multiple_of(BLOCK_BYTES) };
    }
    Ok(bytes)
}

/// The shared libraries of a program, the loader among them; none for a static one.
fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let Ok(printed) = host::output("ldd", &[program.as_os_str()]) else { return Ok(Vec::new()) };
    let printed = String::from_utf8_lossy(&printed).into_owned();
    Ok(printed.split_whitespace().filter(|word| word.starts_with('/')).map(|word| PathBuf::from(word.trim_end_matches(':'))).collect())
}

/// An archive in the form that the kernel unpacks (cpio, "newc").
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    count: u32,
}

impl Archive {
    fn directory(&mut self, name: &str) {
        self.entry(name, 0o040_755, &[]);
    }

    fn file(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.entry(name, 0o100_000 | mode, content);
    }

    fn end(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.count += 1;
        let size = u32::try_from(content.len()).expect("a driver is smaller than 4 GiB");
        let name_size = u32::try_from(name.len() + 1).expect("names are short");
        // inode, mode, owner, group, links, time, size, four device numbers, length of the name, checksum (unused)
        let fields = [self.count, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archives_entries_begin_at_multiples_of_four() {
        let mut archive = Archive::default();
        archive.file("a", 0o644, b"12345");
        archive.directory("bin");
        let bytes = archive.end();
        let starts: Vec<usize> = (0..bytes.len() - 5).filter(|at| &bytes[*at..at + 6] == b"070701").collect();
        assert_eq!(starts.len(), 3);
        assert!(starts.iter().all(|at| at % 4 == 0), "{starts:?}");
        assert_eq!(&bytes[112..117], b"12345");
    }
}
