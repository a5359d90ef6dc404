//! Files as block devices: which device shows a file, having one show it, and whose a device is.

use crate::error::{Error, Result, failed};
use nix::errno::Errno;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use stead_sys::loop_device::{Attachment, Backing, attach, backing, detach, free_number, name, take_new_size};

const MAJOR: u64 = 7;
/// Others may take a free device first, that often in a row.
const ATTEMPTS_MAX: u32 = 64;

/// Whose devices are: those of one directory of records. It is told by the name that the kernel keeps of a device, so that they are found when
/// no file says so any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner(String);

impl Owner {
    /// Of the kernel's 63 bytes.
    const PATH_BYTES_MAX: usize = 48;

    /// Of a directory without symbolic links. The end of the path is for those who look.
    pub fn of(state: &Path) -> Owner {
        let path = state.to_string_lossy();
        let end = path.char_indices().map(|(at, _)| at).find(|at| path.len() - at <= Self::PATH_BYTES_MAX).unwrap_or(path.len());
        Owner(format!("stead {:08x}{}", crc32c::crc32c(path.as_bytes()), &path[end..]))
    }
}

/// A device that shows a file.
#[derive(Debug)]
pub(crate) struct Loop {
    pub path: PathBuf,
    /// What is attached only while it is used is so until this is closed.
    device: File,
}

impl Loop {
    /// The device that shows a file, or has one show it. A file is never shown by two: what one has written the other would not see.
    pub fn of(file: &Path, owner: &Owner, block_bytes: u32, attachment: Attachment) -> Result<Loop> {
        if let Some(found) = Loop::find(file)? {
            return Ok(found);
        }
        let opened = OpenOptions::new().read(true).write(true).open(file).map_err(failed("open", file))?;
        let control_path = Path::new("/dev/loop-control");
        let control = OpenOptions::new().read(true).write(true).open(control_path).map_err(failed("open", control_path))?;
        for _ in 0..ATTEMPTS_MAX {
            let number = free_number(control.as_fd()).map_err(failed("find a free loop device with", control_path))?;
            let Loop { path, device } = Loop::open(number.into())?;
            match attach(device.as_fd(), opened.as_fd(), &owner.0, block_bytes, attachment) {
                Ok(()) => return Ok(Loop { path, device }),
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {}
                Err(error) => return Err(failed("attach to a loop device", file)(error)),
            }
        }
        Err(failed("find a free loop device for", file)(io::Error::from(io::ErrorKind::ResourceBusy)))
    }

    /// The device that shows a file.
    pub fn find(file: &Path) -> Result<Option<Loop>> {
        let found = fs::metadata(file).map_err(failed("look at", file))?;
        let wanted = Backing { device: found.dev(), inode: found.ino() };
        for device in Loop::all()? {
            let device = device?;
            if backing(device.device.as_fd()).map_err(failed("look at", &device.path))? == Some(wanted) {
                return Ok(Some(device));
            }
        }
        Ok(None)
    }

    /// All devices of an owner, whether or not there still are the files that they show.
    pub fn owned(owner: &Owner) -> Result<Vec<Loop>> {
        let mut owned = Vec::new();
        for device in Loop::all()? {
            let device = device?;
            if name(device.device.as_fd()).map_err(failed("look at", &device.path))?.as_deref() == Some(&owner.0) {
                owned.push(device);
            }
        }
        Ok(owned)
    }

    /// Those that show any file.
    fn all() -> Result<impl Iterator<Item = Result<Loop>>> {
        let devices = Path::new("/sys/block");
        let entries = fs::read_dir(devices).map_err(failed("list", devices))?;
        Ok(entries.filter_map(move |entry| {
            let entry = match entry.map_err(failed("list", devices)) {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error)),
            };
            let number = entry.file_name().to_str()?.strip_prefix("loop")?.parse().ok()?;
            entry.path().join("loop/backing_file").exists().then(|| Loop::open(number))
        }))
    }

    fn open(number: u64) -> Result<Loop> {
        let path = node(number)?;
        let device = OpenOptions::new().read(true).write(true).open(&path).map_err(failed("open", &path))?;
        Ok(Loop { path, device })
    }

    /// Has it be as large as its file has become.
    pub fn take_new_size(&self) -> Result<()> {
        take_new_size(self.device.as_fd()).map_err(failed("grow", &self.path))
    }

    /// Has it show nothing any more.
    pub fn detach(&self) -> Result<()> {
        match detach(self.device.as_fd()) {
            // It went with its last user meanwhile.
            Err(error) if error.raw_os_error() == Some(nix::libc::ENXIO) => Ok(()),
            other => other.map_err(failed("detach", &self.path)),
        }
    }

    /// The device, opened so that nobody can mount it meanwhile. [`Error::InUse`]: somebody has.
    pub fn exclusively(&self) -> Result<File> {
        let opened = OpenOptions::new().read(true).write(true).custom_flags(nix::libc::O_EXCL).open(&self.path);
        opened.map_err(|error| match error.kind() {
            io::ErrorKind::ResourceBusy => Error::InUse { path: self.path.clone() },
            _ => failed("open", &self.path)(error),
        })
    }
}

/// The path of a device, which is made where nobody makes them, as in some containers.
fn node(number: u64) -> Result<PathBuf> {
    let path = PathBuf::from(format!("/dev/loop{number}"));
    let mode = nix::sys::stat::Mode::S_IRUSR | nix::sys::stat::Mode::S_IWUSR;
    if !path.exists() {
        let device = nix::sys::stat::makedev(MAJOR, number);
        match nix::sys::stat::mknod(&path, nix::sys::stat::SFlag::S_IFBLK, mode, device) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(error) => return Err(failed("make", &path)(error)),
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_one_however_long_its_path() {
        let name = |path: &str| Owner::of(Path::new(path)).0;
        assert_eq!(name("/data/storage").split_once('/'), Some((&name("/data/storage")[..14], "data/storage")));
        let long = format!("/{}/storage", "\u{fc}".repeat(100));
        for path in [&long, &format!("/other{long}")] {
            assert!(name(path).len() < 64 && name(path).ends_with("/storage"), "{}", name(path));
        }
        assert_ne!(name(&long), name(&format!("/other{long}")));
    }
}
