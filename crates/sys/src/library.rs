//! Shared libraries of the running program.

use std::ffi::{CStr, OsStr, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Paths of the shared libraries mapped into this process, as its loader found them, the loader itself included. Empty if it is static.
pub fn loaded() -> Vec<PathBuf> {
    unsafe extern "C" fn collect(info: *mut libc::dl_phdr_info, _size: usize, data: *mut c_void) -> c_int {
        // SAFETY: dl_iterate_phdr passes a valid info, and `data` is the vector given to it below, borrowed by nobody else.
        let (name, paths) = unsafe { ((*info).dlpi_name, &mut *data.cast::<Vec<PathBuf>>()) };
        if name.is_null() {
            return 0;
        }
        // SAFETY: the loader's names end with a zero and live as long as the library is loaded.
        let name = unsafe { CStr::from_ptr(name) }.to_bytes();
        if name.starts_with(b"/") {
            paths.push(PathBuf::from(OsStr::from_bytes(name)));
        }
        0
    }
    let mut paths: Vec<PathBuf> = Vec::new();
    // SAFETY: the callback matches the signature and treats `data` as what it is, a vector that outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(collect), (&raw mut paths).cast()) };
    paths
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_test_program_has_a_c_library_or_is_static() {
        let loaded = super::loaded();
        assert!(loaded.is_empty() || loaded.iter().any(|path| path.to_string_lossy().contains("libc")), "{loaded:?}");
        assert!(loaded.iter().all(|path| path.exists()), "{loaded:?}");
    }
}
