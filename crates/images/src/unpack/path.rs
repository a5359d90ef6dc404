//! Paths as archives write them.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

/// Symbolic links that are followed in one path, as in the kernel.
pub const LINKS_MAX: usize = 40;

/// The components of a path below the root, wherever it is said to begin. One that leads out of it is refused.
pub fn parts(path: &[u8]) -> io::Result<Vec<&OsStr>> {
    let mut parts = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                if parts.pop().is_none() {
                    let reason = format!("{:?} leads out of the image", String::from_utf8_lossy(path));
                    return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
                }
            }
            _ if part.contains(&0) => return Err(io::Error::new(io::ErrorKind::InvalidData, "a path with a zero byte is refused")),
            _ => parts.push(OsStr::from_bytes(part)),
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_root() {
        // IMG-11
        for (path, expected) in [("a/b", "a/b"), ("/a//b/", "a/b"), ("./a/../b", "b"), ("", ""), (".", ""), ("/", "")] {
            let found = parts(path.as_bytes()).unwrap().iter().map(|part| part.to_str().unwrap()).collect::<Vec<_>>().join("/");
            assert_eq!(found, expected, "{path}");
        }
        for bad in ["..", "../a", "a/../../b", "/../etc/passwd", "a\0b"] {
            assert!(parts(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
