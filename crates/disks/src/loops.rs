//! Files as block devices: which device shows a file, and having one show it.

use crate::error::{Error, Result, failed};
use nix::errno::Errno;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use stead_sys::loop_device::{Attachment, Backing, attach, backing, detach, free_number, take_new_size};

const MAJOR: u64 = 7;
/// Others may take a free device first, that often in a row.
const ATTEMPTS_MAX: u32 = 64;

/// A device that shows a file.
#[derive(Debug)]
pub(crate) struct Loop {
    pub path: PathBuf,
    /// What is attached only while it is used is so until this is closed.
    device: File,
}

impl Loop {
    /// The device that shows a file, or has one show it. A file is never shown by two: what one has written the other would not see.
    pub fn of(file: &Path, block_bytes: u32, attachment: Attachment) -> Result<Loop> {
        if let Some(found) = Loop::find(file)? {
            return Ok(found);
        }
        let opened = OpenOptions::new().read(true).write(true).open(file).map_err(failed("open", file))?;
        let control_path = Path::new("/dev/loop-control");
        let control = OpenOptions::new().read(true).write(true).open(control_path).map_err(failed("open", control_path))?;
        for _ in 0..ATTEMPTS_MAX {
            let number = free_number(control.as_fd()).map_err(failed("find a free loop device with", control_path))?;
            let path = node(number.into())?;
            let device = OpenOptions::new().read(true).write(true).open(&path).map_err(failed("open", &path))?;
            match attach(device.as_fd(), opened.as_fd(), &file.to_string_lossy(), block_bytes, attachment) {
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
        let devices = Path::new("/sys/block");
        for entry in fs::read_dir(devices).map_err(failed("list", devices))? {
            let entry = entry.map_err(failed("list", devices))?;
            let name = entry.file_name();
            let Some(number) = name.to_str().and_then(|name| name.strip_prefix("loop")?.parse().ok()) else { continue };
            if !entry.path().join("loop/backing_file").exists() {
                continue;
            }
            let path = node(number)?;
            let device = OpenOptions::new().read(true).write(true).open(&path).map_err(failed("open", &path))?;
            if backing(device.as_fd()).map_err(failed("look at", &path))? == Some(wanted) {
                return Ok(Some(Loop { path, device }));
            }
        }
        Ok(None)
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
