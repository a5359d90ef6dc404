//! What is asked of disks and what is answered: plain values.

use crate::record::Phase;
use std::path::PathBuf;

/// A disk that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name, and that of its directory: 1 to 200 bytes, no slash, no dot at the beginning. Unique for ever on this machine.
    pub name: String,
    /// The directory to make it in, absolute; made if it is not there.
    pub pool: PathBuf,
    /// How much its user may write. At least [`crate::Disks::BYTES_MIN`].
    pub bytes: u64,
    pub demand: Demand,
    pub content: Content,
}

/// What shall hold a disk to its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// The best of what can be had: a project quota, else an image, else nothing, and why is said.
    Auto,
    /// A project quota of the pool's file system or a failure.
    ProjectQuota,
    /// A file with a file system of its own or a failure.
    Image,
    /// A plain directory.
    Unenforced,
}

/// What its user finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// An empty directory.
    Directory {
        /// Its mode bits, as local-path-provisioner's 0o777. It belongs to root.
        permissions: u32,
        /// The file system of an image; of a directory of the pool it says nothing.
        file_system: FileSystem,
    },
    /// A block device full of zeros.
    Device,
}

/// File systems that are made in images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FileSystem {
    #[default]
    Ext4,
}

/// What holds a disk to its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enforcement {
    ProjectQuota,
    /// A file of that size is all there is: with a file system in it, or as a device.
    Image,
    /// Nothing, and why.
    Unenforced {
        why: String,
    },
}

/// A disk that has been made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What its user is given: a directory, or a link to a block device. The same for as long as it exists; there only while attached.
    pub path: PathBuf,
    /// How much can be written, at least what was wanted.
    pub bytes: u64,
    pub enforcement: Enforcement,
}

/// A disk that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// A directory, or the block device itself, which may be another one after each start of the machine.
    pub path: PathBuf,
    pub bytes: u64,
    /// A growth that still waits, and for what.
    pub waits: Option<String>,
}

/// What came of a growth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    /// How much can be written now.
    pub bytes: u64,
    /// Why that is not what was wanted yet: the rest follows with the first [`crate::Disks::attach`] after [`crate::Disks::detach`].
    pub waits: Option<String>,
}

/// A disk on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    pub name: String,
    pub pool: PathBuf,
    pub made: Made,
    pub phase: Phase,
}

/// What of a disk is used, as `df` says inside; of a directory without a limit it is that of the pool's whole file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub bytes: u64,
    pub used_bytes: u64,
    pub available_bytes: u64,
    pub inodes: u64,
    pub free_inodes: u64,
}

/// What a sweep of the trash has left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    /// Something is gone for good, and has given its room back.
    pub has_cleared: bool,
    /// There is more that may go now.
    pub more: bool,
    /// When the next of what is kept may go, in seconds since 1970.
    pub next_unix_s: Option<u64>,
    /// What could not be removed, by name, in words; tried again by the next sweep.
    pub failures: Vec<(String, String)>,
}
