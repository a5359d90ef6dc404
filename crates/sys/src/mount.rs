//! Mounts that no wrapper makes.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const MOUNT_ATTR_RDONLY: u64 = 1;
const MOUNT_ATTR_IDMAP: u64 = 1 << 20;

#[repr(C)]
struct MountAttr {
    attr_set: u64,
    attr_clr: u64,
    propagation: u64,
    userns_fd: u64,
}

/// What of a mount's surroundings goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The mount alone.
    Top,
    /// What is mounted below it too.
    All,
}

impl Extent {
    fn flag(self) -> libc::c_uint {
        if self == Extent::All { libc::AT_RECURSIVE.cast_unsigned() } else { 0 }
    }
}

/// A view of a file or directory through which it cannot be written, whoever asks. It is mounted nowhere: only the descriptor leads to it.
pub fn read_only_view(path: &Path) -> io::Result<OwnedFd> {
    let view = copy(path, Extent::Top)?;
    make_read_only(&view, Extent::Top)?;
    Ok(view)
}

/// Has nobody write through a tree that is mounted nowhere.
pub fn make_read_only(tree: &OwnedFd, extent: Extent) -> io::Result<()> {
    set_attributes(tree, extent, &MountAttr { attr_set: MOUNT_ATTR_RDONLY, attr_clr: 0, propagation: 0, userns_fd: 0 })
}

/// A copy of a mount with all below it. It is mounted nowhere, and a member of the same peer groups as what it was copied from.
pub fn copy_tree(path: &Path) -> io::Result<OwnedFd> {
    copy(path, Extent::All)
}

/// A copy of a mount without what is mounted below it.
pub fn copy_mount(path: &Path) -> io::Result<OwnedFd> {
    copy(path, Extent::Top)
}

/// The same of what a descriptor leads to.
pub fn copy_opened(file: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    open_tree(file.as_raw_fd(), c"", libc::AT_EMPTY_PATH.cast_unsigned())
}

fn copy(path: &Path, extent: Extent) -> io::Result<OwnedFd> {
    open_tree(libc::AT_FDCWD, &CString::new(path.as_os_str().as_bytes())?, extent.flag())
}

fn open_tree(directory: libc::c_int, path: &CStr, flags: libc::c_uint) -> io::Result<OwnedFd> {
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | flags;
    // SAFETY: the path is a C string that lives through the call; gives a new descriptor or fails.
    let number = unsafe { libc::syscall(libc::SYS_open_tree, directory, path.as_ptr(), flags) };
    if number < 0 {
        return Err(io::Error::last_os_error());
    }
    let number = i32::try_from(number).map_err(io::Error::other)?;
    // SAFETY: just opened, owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Shows the ids of a tree that is mounted nowhere as those of a user namespace: what belongs to its user 0 belongs to the user outside that is 0
/// inside. Not every file system can.
pub fn map_ids(tree: &OwnedFd, users: BorrowedFd<'_>, extent: Extent) -> io::Result<()> {
    let userns_fd = u64::try_from(users.as_raw_fd()).map_err(io::Error::other)?;
    set_attributes(tree, extent, &MountAttr { attr_set: MOUNT_ATTR_IDMAP, attr_clr: 0, propagation: 0, userns_fd })
}

fn set_attributes(tree: &OwnedFd, extent: Extent, attributes: &MountAttr) -> io::Result<()> {
    let flags = libc::AT_EMPTY_PATH.cast_unsigned() | extent.flag();
    // SAFETY: the descriptor is open, the path an empty C string, the struct and its size belong together.
    let result = unsafe {
        libc::syscall(libc::SYS_mount_setattr, tree.as_raw_fd(), c"".as_ptr(), flags, &raw const *attributes, size_of::<MountAttr>())
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Mounts a tree that is mounted nowhere.
pub fn place_tree(tree: &OwnedFd, path: &Path) -> io::Result<()> {
    move_mount(tree, libc::AT_FDCWD, &CString::new(path.as_os_str().as_bytes())?, FROM_DESCRIPTOR)
}

/// Mounts it on what another descriptor leads to.
pub fn place_tree_on(tree: &OwnedFd, place: BorrowedFd<'_>) -> io::Result<()> {
    move_mount(tree, place.as_raw_fd(), c"", FROM_DESCRIPTOR | TO_DESCRIPTOR)
}

/// `MOVE_MOUNT_F_EMPTY_PATH` of `linux/mount.h`.
const FROM_DESCRIPTOR: libc::c_uint = 4;
/// `MOVE_MOUNT_T_EMPTY_PATH`.
const TO_DESCRIPTOR: libc::c_uint = 0x40;

fn move_mount(tree: &OwnedFd, directory: libc::c_int, path: &CStr, flags: libc::c_uint) -> io::Result<()> {
    // SAFETY: the descriptors are open and both paths are C strings that live through the call.
    let result = unsafe { libc::syscall(libc::SYS_move_mount, tree.as_raw_fd(), c"".as_ptr(), directory, path.as_ptr(), flags) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
