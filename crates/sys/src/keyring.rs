//! The kernel's key rings.

use std::io;
use std::ptr;

const KEYCTL_GET_KEYRING_ID: i32 = 0;
const KEYCTL_JOIN_SESSION_KEYRING: i32 = 1;
const KEY_SPEC_SESSION_KEYRING: i32 = -3;

/// Number of this process's session key ring.
pub fn session() -> io::Result<i32> {
    // SAFETY: plain numbers.
    let id = unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) };
    if id < 0 { Err(io::Error::last_os_error()) } else { i32::try_from(id).map_err(io::Error::other) }
}

/// Leaves the session key ring that was inherited for a new one without a name. A kernel that knows no keys has nothing to leave.
pub fn join_new_session() -> io::Result<()> {
    // SAFETY: a null name asks for a ring without a name; nothing else is read.
    if unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, ptr::null::<libc::c_char>()) } >= 0 {
        return Ok(());
    }
    match io::Error::last_os_error() {
        error if error.raw_os_error() == Some(libc::ENOSYS) => Ok(()),
        error => Err(error),
    }
}
