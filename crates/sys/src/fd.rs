//! File descriptors that a process was given by number.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Takes over a descriptor that the parent process passed by number and makes it close on exec. Call it once per number, at the start of
/// a process: whatever else holds that number in this process would be closed with it.
pub fn take_inherited(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: fcntl on any number is sound; it fails with EBADF if that is not open.
    let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
    if flags < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as above; sets a flag only.
    if unsafe { libc::fcntl(number, libc::F_SETFD, flags | libc::FD_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open (checked above), and the caller says that nothing else in this process owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Lets a descriptor live through exec, for a child that takes it by number.
pub fn keep_on_exec(fd: &OwnedFd) -> io::Result<()> {
    // SAFETY: the descriptor is open for as long as the reference lives; clears flags only.
    if unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// How many bytes can be read from a pipe without waiting.
pub fn readable_bytes(pipe: &impl AsFd) -> io::Result<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: the descriptor is open for as long as the reference lives, and FIONREAD writes one int.
    if unsafe { libc::ioctl(pipe.as_fd().as_raw_fd(), libc::FIONREAD, &raw mut count) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Closes every descriptor from `first` up. Only for the start of a process that was given none of them.
pub fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: the caller has opened nothing yet, so no owner of a descriptor exists whose number could be closed.
    if unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Writes to a descriptor known by number only, as the last act of a process that is about to exit.
pub fn write_number(number: RawFd, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: the pointer and length describe a live slice; a closed number gives EBADF.
    let written = unsafe { libc::write(number, bytes.as_ptr().cast(), bytes.len()) };
    usize::try_from(written).map_err(|_| io::Error::last_os_error())
}

/// Makes the number `to` mean what `from` means, whatever it meant before. For a shell, whose descriptors are numbers that its user
/// chooses; nothing else in the process may own `to`.
pub fn place(from: RawFd, to: RawFd) -> io::Result<()> {
    // SAFETY: dup2 on any numbers is sound; it fails with EBADF if `from` is not open.
    if unsafe { libc::dup2(from, to) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// A copy of a descriptor known by number, at the lowest free number from `lowest` up, closed on exec.
pub fn copy_above(number: RawFd, lowest: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: fcntl on any number is sound; it fails with EBADF if that is not open.
    let copy = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, lowest) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just made, owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// Closes a descriptor known by number, which nothing in the process may own. One that is not open is none.
pub fn close_number(number: RawFd) {
    // SAFETY: the caller says that nothing owns it.
    unsafe { libc::close(number) };
}
