//! The built-in image: the running program with the shared libraries it maps, and links for its applets.
//!
//! So a machine without a registry has something to run. Input: the program; output: one unpacked layer.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Image, ImageConfig};
use crate::error::Result;
use crate::record::{hex, io_error};

/// Where the program lies in the image.
const PROGRAM: &str = "bin/stead";
/// Changes whenever what is made from the same program changes.
const FORM: &str = "stead built-in image, form 2";
/// Directories that loaders search without being told.
const LIBRARY_DIRECTORIES: [&str; 3] = ["lib", "lib64", "usr/lib"];

/// What would be made.
#[derive(Debug)]
pub struct Plan {
    /// Names the files that go in by path, size and time of change; so it is known without reading them.
    pub digest: String,
    /// Source on the machine and place in the image.
    files: Vec<(PathBuf, PathBuf)>,
}

/// Looks at the program and the libraries of this process (which are its own, or its sister's built with it).
pub fn plan(executable: &Path) -> Result<Plan> {
    // `/proc/self/exe` opens the running program even where its file has been replaced since.
    let mut files = vec![(executable.to_owned(), PathBuf::from(PROGRAM))];
    for library in stead_sys::library::loaded() {
        let place = library.strip_prefix("/").unwrap_or(&library).to_owned();
        files.push((library, place));
    }
    let mut hash = Sha256::new();
    hash.update(FORM);
    for (source, place) in &files {
        let metadata = fs::metadata(source).map_err(io_error("look at", source))?;
        let line = format!("{} {} {}.{}\n", place.display(), metadata.len(), metadata.mtime(), metadata.mtime_nsec());
        hash.update(line);
    }
    Ok(Plan { digest: format!("sha256:{}", hex(&hash.finalize())), files })
}

/// Makes the layer.
pub fn make(plan: &Plan, reference: &str, layer: &Path) -> Result<Image> {
    fill(plan, layer).map_err(io_error("make the built-in image in", layer))?;
    describe(plan, reference, layer)
}

/// The image whose layer has been made.
pub fn describe(plan: &Plan, reference: &str, layer: &Path) -> Result<Image> {
    let mut size_bytes = 0;
    for (_, place) in &plan.files {
        let path = layer.join(place);
        size_bytes += fs::metadata(&path).map_err(io_error("look at", &path))?.len();
    }
    Ok(Image {
        reference: reference.to_owned(),
        digest: plan.digest.clone(),
        config: ImageConfig { env: vec![("PATH".to_owned(), "/bin".to_owned())], cmd: vec!["httpd".to_owned()], ..ImageConfig::default() },
        layers: vec![layer.to_owned()],
        size_bytes,
        repo_digests: vec![format!("{}@{}", reference.rsplit_once(':').map_or(reference, |(name, _)| name), plan.digest)],
    })
}

fn fill(plan: &Plan, layer: &Path) -> io::Result<()> {
    for directory in ["bin", "etc", "tmp", "root", "proc", "dev", "sys", "usr/lib", "lib", "lib64"] {
        fs::create_dir_all(layer.join(directory))?;
    }
    fs::set_permissions(layer, fs::Permissions::from_mode(0o755))?;
    fs::set_permissions(layer.join("tmp"), fs::Permissions::from_mode(0o1777))?;
    fs::write(layer.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")?;
    fs::write(layer.join("etc/group"), "root:x:0:\nnogroup:x:65534:\n")?;
    for (source, place) in &plan.files {
        let target = layer.join(place);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(source, &target)?;
        fs::set_permissions(&target, fs::Permissions::from_mode(0o755))?;
        link_library(layer, place)?;
    }
    for name in stead_applets::names() {
        symlink("stead", layer.join("bin").join(name))?;
    }
    Ok(())
}

/// A library that the machine's loader knew from its cache must be found without one.
fn link_library(layer: &Path, place: &Path) -> io::Result<()> {
    let Some(name) = place.file_name().filter(|_| place != Path::new(PROGRAM)) else { return Ok(()) };
    for directory in LIBRARY_DIRECTORIES {
        match symlink(Path::new("/").join(place), layer.join(directory).join(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
