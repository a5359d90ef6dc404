//! What e2fsck, the judge of file systems, says of an image; tests only.

use crate::left_out::left_out;
use std::path::Path;

/// Fails unless a file has an ext4 file system without any fault. Where there is no e2fsck, says that this was left out.
#[expect(clippy::disallowed_methods, reason = "the program that judges is not ours")]
pub(crate) fn check(image: &Path) {
    match std::process::Command::new("e2fsck").arg("-fn").arg(image).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {said}", output.status);
        }
        Err(error) => left_out("", &format!("e2fsck: {error}")),
    }
}

/// The same of an image in a directory, unless its growth is still to be finished.
pub(crate) fn check_if_whole(directory: &Path) {
    if !directory.join("growth").exists() {
        check(&directory.join("disk.img"));
    }
}
