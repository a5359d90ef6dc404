//! What containers use of the machine: processor time, memory, processes, bytes on disk.
//!
//! Only types, and the walk of a directory; reading cgroups is in `cgroup`.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A file's bytes on disk are counted in these (`st_blocks`).
const BLOCK_BYTES: u64 = 512;

/// Of a cgroup with all that is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CgroupUsage {
    /// Processor time since the cgroup was made, in nanoseconds.
    pub cpu_ns: u64,
    /// All memory that counts, page cache included.
    pub memory_bytes: u64,
    /// Without the part of the page cache that has not been used lately.
    pub working_set_bytes: u64,
    /// Anonymous memory.
    pub rss_bytes: u64,
    /// Swapped out.
    pub swap_bytes: u64,
    /// Since the cgroup was made.
    pub page_faults: u64,
    /// Those that had to wait for a disk.
    pub major_page_faults: u64,
    /// Processes and threads.
    pub processes: u64,
    /// Processes that were killed for want of memory.
    pub oom_kills: u64,
    pub pressure: Pressures,
}

/// How long processes waited for want of something, where the kernel keeps account of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pressures {
    pub cpu: Option<Pressure>,
    pub memory: Option<Pressure>,
    pub io: Option<Pressure>,
}

/// Of one resource: some of the processes waited, or all that could have run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pressure {
    pub some: Stall,
    pub full: Stall,
}

/// Parts of the last seconds in hundredths of a percent, and all of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stall {
    pub avg10: u32,
    pub avg60: u32,
    pub avg300: u32,
    pub total_us: u64,
}

impl Pressures {
    /// Reads the three files of a directory, with what their names end in: `.pressure` in a cgroup.
    pub fn read(directory: &Path, suffix: &str) -> Self {
        let one = |name: &str| Pressure::parse(&fs::read_to_string(directory.join(format!("{name}{suffix}"))).ok()?);
        Self { cpu: one("cpu"), memory: one("memory"), io: one("io") }
    }
}

impl Pressure {
    /// Lines as `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`. None if there is no such.
    fn parse(text: &str) -> Option<Self> {
        let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).map(Stall::parse);
        Some(Self { some: line("some")?, full: line("full").unwrap_or_default() })
    }
}

impl Stall {
    fn parse(line: &str) -> Self {
        let value = |name: &str| line.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default();
        let hundredths = |name: &str| value(name).replace('.', "").parse().unwrap_or_default();
        Self {
            avg10: hundredths("avg10"),
            avg60: hundredths("avg60"),
            avg300: hundredths("avg300"),
            total_us: value("total").parse().unwrap_or_default(),
        }
    }
}

/// Of a sandbox and what runs in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SandboxUsage {
    /// The cgroup around its containers.
    pub cgroup: CgroupUsage,
    /// Of each running container: its id and its cgroup.
    pub containers: Vec<(String, CgroupUsage)>,
    /// The process of some container that runs in it.
    pub process: Option<i32>,
}

/// On disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiskUsage {
    /// Bytes that are taken, which a sparse file has fewer of than its length.
    pub bytes: u64,
    /// Files, directories and whatever else has an inode.
    pub inodes: u64,
}

/// Of a container, on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContainerDiskUsage {
    /// What it has written into its root file system.
    pub writable_layer: DiskUsage,
    /// Its log, with the files that were set aside.
    pub log: DiskUsage,
}

/// Walks a directory without following links or entering other file systems. What goes away meanwhile does not count.
pub fn disk_usage(directory: &Path) -> io::Result<DiskUsage> {
    let top = fs::symlink_metadata(directory)?;
    let mut usage = DiskUsage::default();
    let mut hard_links = HashSet::new();
    let mut directories = vec![directory.to_owned()];
    count(&mut usage, &top);
    while let Some(directory) = directories.pop() {
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            let is_counted = metadata.nlink() > 1 && !metadata.is_dir() && !hard_links.insert(metadata.ino());
            if is_counted || metadata.dev() != top.dev() {
                continue;
            }
            count(&mut usage, &metadata);
            if metadata.is_dir() {
                directories.push(entry.path());
            }
        }
    }
    Ok(usage)
}

fn count(usage: &mut DiskUsage, metadata: &fs::Metadata) {
    usage.bytes += metadata.blocks() * BLOCK_BYTES;
    usage.inodes += 1;
}

/// Of a log and the files that it was rotated to: they are called the same with more after a dot.
pub fn log_usage(path: &Path) -> DiskUsage {
    let mut usage = DiskUsage::default();
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return usage };
    let name = name.to_string_lossy();
    let is_part = |file: &str| file.strip_prefix(&*name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    for entry in fs::read_dir(parent).into_iter().flatten().flatten().filter(|entry| is_part(&entry.file_name().to_string_lossy())) {
        if let Ok(metadata) = entry.metadata() {
            count(&mut usage, &metadata);
        }
    }
    usage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_counted_once_and_by_what_it_takes() {
        // CG-13
        let dir = tempfile::tempdir().unwrap();
        let empty = disk_usage(dir.path()).unwrap();
        assert_eq!(empty.inodes, 1);
        fs::create_dir(dir.path().join("d")).unwrap();
        fs::write(dir.path().join("d/full"), vec![1; 64 << 10]).unwrap();
        fs::hard_link(dir.path().join("d/full"), dir.path().join("again")).unwrap();
        fs::File::create(dir.path().join("sparse")).unwrap().set_len(1 << 30).unwrap();
        std::os::unix::fs::symlink("/", dir.path().join("root")).unwrap();
        let usage = disk_usage(dir.path()).unwrap();
        assert_eq!(usage.inodes, 5);
        assert!((64 << 10..128 << 10).contains(&usage.bytes), "{usage:?}");
        assert!(disk_usage(&dir.path().join("none")).is_err());
    }

    #[test]
    fn a_log_counts_with_what_it_was_rotated_to() {
        // CG-13
        let dir = tempfile::tempdir().unwrap();
        for name in ["0.log", "0.log.20260101-000000", "0.logs", "1.log"] {
            fs::write(dir.path().join(name), "line\n").unwrap();
        }
        assert_eq!(log_usage(&dir.path().join("0.log")).inodes, 2);
    }
}
