//! What namespaces say of themselves.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

/// `NS_GET_USERNS` of `linux/nsfs.h`.
const GET_USER_NAMESPACE: libc::c_ulong = 0xb701;

/// The inode number of the user namespace that a namespace belongs to.
pub fn owner(namespace: &impl AsFd) -> io::Result<u64> {
    // SAFETY: the descriptor is open for as long as the reference lives; gives a new descriptor or fails.
    let number = unsafe { libc::ioctl(namespace.as_fd().as_raw_fd(), GET_USER_NAMESPACE) };
    if number < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, owned by nobody else.
    let owner = File::from(unsafe { OwnedFd::from_raw_fd(number) });
    owner.metadata().map(|metadata| metadata.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_belongs_to_a_user_namespace() {
        let network = File::open("/proc/self/ns/net").expect("there");
        let users = std::fs::metadata("/proc/self/ns/user").expect("there").ino();
        assert_eq!(owner(&network).expect("told"), users);
    }
}
