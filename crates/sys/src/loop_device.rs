//! Files as block devices, and growing the file system on one. Which device and when is the caller's.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// `LOOP_CTL_GET_FREE`, `LOOP_CONFIGURE`, `LOOP_GET_STATUS64`, `LOOP_SET_CAPACITY` and `LOOP_CLR_FD` of `linux/loop.h`.
const GET_FREE: u32 = 0x4c82;
const CONFIGURE: u32 = 0x4c0a;
const GET_STATUS: u32 = 0x4c05;
const SET_CAPACITY: u32 = 0x4c07;
const CLEAR: u32 = 0x4c01;
/// `EXT4_IOC_RESIZE_FS` of `fs/ext4/ext4.h`.
const RESIZE_EXT4: u32 = 0x4008_6610;

const AUTO_CLEAR: u32 = 4;
const DIRECT_IO: u32 = 16;
const NAME_BYTES: usize = 64;

/// `struct loop_info64`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Info {
    device: u64,
    inode: u64,
    rdevice: u64,
    offset: u64,
    size_limit: u64,
    number: u32,
    encryption: [u32; 2],
    flags: u32,
    file_name: [u8; NAME_BYTES],
    unused: [u64; 14],
}

/// `struct loop_config`.
#[repr(C)]
struct Config {
    file: u32,
    block_bytes: u32,
    info: Info,
    reserved: [u64; 8],
}

/// Which file a device shows: the numbers of its file system and of its inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backing {
    pub device: u64,
    pub inode: u64,
}

/// How long a device stays attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attachment {
    /// Until nobody has it open or mounted.
    WhileUsed,
    /// Until it is detached.
    UntilDetached,
}

/// The number of a device that shows no file; made if there is none. Another process may take it first.
pub fn free_number(control: BorrowedFd<'_>) -> io::Result<u32> {
    // SAFETY: the descriptor is open; the command takes no memory.
    let number = unsafe { libc::ioctl(control.as_raw_fd(), GET_FREE as libc::Ioctl) };
    u32::try_from(number).map_err(|_| io::Error::last_os_error())
}

/// Has a device show a file, past the page cache where the file can be read so. The name, at most 63 bytes of which the kernel keeps, is for
/// [`name`] alone. `ResourceBusy`: it shows another one already.
pub fn attach(device: BorrowedFd<'_>, file: BorrowedFd<'_>, name: &str, block_bytes: u32, attachment: Attachment) -> io::Result<()> {
    let mut file_name = [0; NAME_BYTES];
    let end = name.len().min(NAME_BYTES - 1);
    file_name[..end].copy_from_slice(&name.as_bytes()[..end]);
    let auto_clear = if attachment == Attachment::WhileUsed { AUTO_CLEAR } else { 0 };
    let flags = DIRECT_IO | auto_clear;
    let info = Info { flags, file_name, ..Info::empty() };
    let file = u32::try_from(file.as_raw_fd()).map_err(io::Error::other)?;
    let config = Config { file, block_bytes, info, reserved: [0; 8] };
    // SAFETY: both descriptors are open, and the struct is the one that this command reads.
    checked(unsafe { libc::ioctl(device.as_raw_fd(), CONFIGURE as libc::Ioctl, &raw const config) })
}

/// Which file a device shows. `None`: no file.
pub fn backing(device: BorrowedFd<'_>) -> io::Result<Option<Backing>> {
    Ok(status(device)?.map(|info| Backing { device: info.device, inode: info.inode }))
}

/// The name that whoever attached a device gave it. `None`: it shows no file.
pub fn name(device: BorrowedFd<'_>) -> io::Result<Option<String>> {
    let found = status(device)?;
    Ok(found.map(|info| String::from_utf8_lossy(info.file_name.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()))
}

/// What the kernel says of a device that shows a file.
fn status(device: BorrowedFd<'_>) -> io::Result<Option<Info>> {
    let mut info = Info::empty();
    // SAFETY: the descriptor is open, and the struct is the one that this command fills.
    match checked(unsafe { libc::ioctl(device.as_raw_fd(), GET_STATUS as libc::Ioctl, &raw mut info) }) {
        Err(error) if error.raw_os_error() == Some(libc::ENXIO) => Ok(None),
        other => other.map(|()| Some(info)),
    }
}

/// Has a device be as large as its file is now.
pub fn take_new_size(device: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the descriptor is open; the command takes no memory.
    checked(unsafe { libc::ioctl(device.as_raw_fd(), SET_CAPACITY as libc::Ioctl, 0) })
}

/// Has a device show no file; with the last user, if it has any.
pub fn detach(device: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the descriptor is open; the command takes no memory.
    checked(unsafe { libc::ioctl(device.as_raw_fd(), CLEAR as libc::Ioctl, 0) })
}

/// Grows the mounted ext4 file system that a descriptor is of to so many blocks. Needs `CAP_SYS_RESOURCE`.
pub fn resize_ext4(inside: BorrowedFd<'_>, blocks: u64) -> io::Result<()> {
    // SAFETY: the descriptor is open, and the command reads one u64.
    checked(unsafe { libc::ioctl(inside.as_raw_fd(), RESIZE_EXT4 as libc::Ioctl, &raw const blocks) })
}

impl Info {
    fn empty() -> Info {
        let unused = [0; 14];
        let (device, inode, rdevice, offset, size_limit) = (0, 0, 0, 0, 0);
        Info { device, inode, rdevice, offset, size_limit, number: 0, encryption: [0; 2], flags: 0, file_name: [0; NAME_BYTES], unused }
    }
}

fn checked(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn structs_have_the_kernels_size() {
        // The crypt name (64), the key (32) and two numbers (16) are unused since ciphers went.
        assert_eq!((size_of::<Info>(), size_of::<Config>()), (232, 304));
    }

    #[test]
    fn what_is_no_loop_device_says_so() {
        let (pipe, _end) = io::pipe().expect("a pipe");
        let pipe = pipe.as_fd();
        free_number(pipe).expect_err("no control device");
        attach(pipe, pipe, "x", 0, Attachment::WhileUsed).expect_err("no device");
        backing(pipe).expect_err("no device");
        name(pipe).expect_err("no device");
        take_new_size(pipe).expect_err("no device");
        detach(pipe).expect_err("no device");
        resize_ext4(pipe, 1).expect_err("no file system");
    }
}
