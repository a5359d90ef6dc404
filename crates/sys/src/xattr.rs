//! Extended attributes of open files.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Largest list or value, as in the kernel.
const BYTES_MAX: usize = 64 << 10;

/// Sets one.
pub fn set(file: &impl AsFd, name: &OsStr, value: &[u8]) -> io::Result<()> {
    let name = CString::new(name.as_bytes())?;
    // SAFETY: the descriptor is open, the name a C string, pointer and length describe a live slice.
    let result = unsafe { libc::fsetxattr(file.as_fd().as_raw_fd(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The value; None if there is no such attribute, or the file system has none.
pub fn get(file: &impl AsFd, name: &OsStr) -> io::Result<Option<Vec<u8>>> {
    let name = CString::new(name.as_bytes())?;
    let mut value = vec![0; BYTES_MAX];
    // SAFETY: the descriptor is open, the name a C string, pointer and length describe a live buffer of our own.
    let length = unsafe { libc::fgetxattr(file.as_fd().as_raw_fd(), name.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
    match usize::try_from(length) {
        Ok(length) => {
            value.truncate(length);
            Ok(Some(value))
        }
        Err(_) => match io::Error::last_os_error() {
            error if matches!(error.raw_os_error(), Some(libc::ENODATA | libc::EOPNOTSUPP)) => Ok(None),
            error => Err(error),
        },
    }
}

/// The names of all.
pub fn list(file: &impl AsFd) -> io::Result<Vec<OsString>> {
    let mut names = vec![0; BYTES_MAX];
    // SAFETY: the descriptor is open, pointer and length describe a live buffer of our own.
    let length = unsafe { libc::flistxattr(file.as_fd().as_raw_fd(), names.as_mut_ptr().cast(), names.len()) };
    let Ok(length) = usize::try_from(length) else {
        let error = io::Error::last_os_error();
        return if error.raw_os_error() == Some(libc::EOPNOTSUPP) { Ok(Vec::new()) } else { Err(error) };
    };
    names.truncate(length);
    Ok(names.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(|name| OsString::from_vec(name.to_vec())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_set_listed_and_read() {
        let file = tempfile::tempfile().expect("a file");
        let name = OsStr::new("user.stead");
        assert_eq!(get(&file, name).expect("read"), None);
        set(&file, name, b"value").expect("set");
        assert_eq!(get(&file, name).expect("read"), Some(b"value".to_vec()));
        assert!(list(&file).expect("listed").iter().any(|listed| listed == name));
    }
}
