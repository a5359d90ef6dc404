//! Projects of files and their limits, on the file systems that have them (XFS, ext4). No program and no device's path is needed for it.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// `FS_IOC_FSGETXATTR` and `FS_IOC_FSSETXATTR` of `linux/fs.h`.
const GET_ATTRIBUTES: u32 = 0x801c_581f;
const SET_ATTRIBUTES: u32 = 0x401c_5820;
/// `FS_XFLAG_PROJINHERIT`.
const INHERITED: u32 = 0x200;

/// `struct fsxattr`.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    flags: u32,
    extent_size: u32,
    extents: u32,
    project: u32,
    cow_extent_size: u32,
    pad: [u8; 8],
}

/// `struct fs_disk_quota` of `linux/dqblk_xfs.h`; sizes in units of 512 bytes.
#[repr(C)]
#[derive(Default)]
struct DiskQuota {
    version: i8,
    flags: i8,
    fields: u16,
    id: u32,
    block_hard_limit: u64,
    block_soft_limit: u64,
    inode_hard_limit: u64,
    inode_soft_limit: u64,
    blocks: u64,
    inodes: u64,
    inode_timer: i32,
    block_timer: i32,
    warnings: [u16; 2],
    timers_high: [i8; 4],
    realtime: [u64; 3],
    realtime_timer: i32,
    realtime_warnings: u16,
    pad: [u8; 10],
}

const QUOTA_VERSION: i8 = 1;
const BLOCK_BYTES: u64 = 512;
/// `FS_PROJ_QUOTA`.
const OF_PROJECT: i8 = 2;
/// Soft and hard limits of inodes and blocks.
const ALL_LIMITS: u16 = 0xf;
/// `Q_XGETQUOTA` and `Q_XSETQLIM`, which every file system with project quotas understands, for the quota type `PRJQUOTA`.
const GET_QUOTA: u32 = (((b'X' as u32) << 8) + 3) << 8 | 2;
const SET_LIMITS: u32 = (((b'X' as u32) << 8) + 4) << 8 | 2;

/// What is counted of a project, and what it may have. A limit of 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProjectUsage {
    pub bytes: u64,
    pub inodes: u64,
    pub bytes_max: u64,
    pub inodes_max: u64,
}

/// The project of a file or directory; 0 is none.
pub fn project(file: BorrowedFd<'_>) -> io::Result<u32> {
    attributes(file).map(|attributes| attributes.project)
}

/// Gives a directory a project, and with it all that will be made in it.
pub fn set_project(directory: BorrowedFd<'_>, project: u32) -> io::Result<()> {
    let now = attributes(directory)?;
    let attributes = Attributes { flags: now.flags | INHERITED, project, ..now };
    // SAFETY: the descriptor is open, and the struct is the one that this command reads.
    if unsafe { libc::ioctl(directory.as_raw_fd(), SET_ATTRIBUTES as libc::Ioctl, &raw const attributes) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn attributes(file: BorrowedFd<'_>) -> io::Result<Attributes> {
    let mut attributes = Attributes::default();
    // SAFETY: the descriptor is open, and the struct is the one that this command fills.
    if unsafe { libc::ioctl(file.as_raw_fd(), GET_ATTRIBUTES as libc::Ioctl, &raw mut attributes) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(attributes)
}

/// Sets how much a project may have on the file system that a descriptor is of; 0 is no limit. Bytes are rounded up to 512.
pub fn set_project_limits(file: BorrowedFd<'_>, project: u32, bytes_max: u64, inodes_max: u64) -> io::Result<()> {
    let mut quota = DiskQuota {
        version: QUOTA_VERSION,
        flags: OF_PROJECT,
        fields: ALL_LIMITS,
        id: project,
        block_hard_limit: bytes_max.div_ceil(BLOCK_BYTES),
        inode_hard_limit: inodes_max,
        ..DiskQuota::default()
    };
    quotactl(file, SET_LIMITS, project, &mut quota)
}

/// What is counted of a project there. One that the file system has never seen has nothing.
pub fn project_usage(file: BorrowedFd<'_>, project: u32) -> io::Result<ProjectUsage> {
    let mut quota = DiskQuota::default();
    match quotactl(file, GET_QUOTA, project, &mut quota) {
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(ProjectUsage::default()),
        other => other?,
    }
    Ok(ProjectUsage {
        bytes: quota.blocks * BLOCK_BYTES,
        inodes: quota.inodes,
        bytes_max: quota.block_hard_limit.saturating_mul(BLOCK_BYTES),
        inodes_max: quota.inode_hard_limit,
    })
}

fn quotactl(file: BorrowedFd<'_>, command: u32, project: u32, quota: &mut DiskQuota) -> io::Result<()> {
    // SAFETY: the descriptor is open, and the struct is the one that these two commands read or fill.
    let result = unsafe { libc::syscall(libc::SYS_quotactl_fd, file.as_raw_fd(), command, project, &raw mut *quota) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn structs_have_the_kernels_size() {
        assert_eq!((size_of::<Attributes>(), size_of::<DiskQuota>()), (28, 112));
    }

    #[test]
    fn what_has_no_projects_says_so() {
        let (pipe, _end) = io::pipe().expect("a pipe");
        project(pipe.as_fd()).expect_err("a pipe has no project");
        set_project(pipe.as_fd(), 1).expect_err("a pipe takes no project");
        project_usage(pipe.as_fd(), 1).expect_err("a pipe counts nothing");
    }
}
