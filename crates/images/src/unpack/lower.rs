//! What the layers below one have at a path: looked up in their directories as an overlay file system would, without mounting one.

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2, readlinkat};
use nix::sys::stat::{FileStat, SFlag, fstat};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The attribute of a directory that hides what is below it.
pub const OPAQUE: &str = "trusted.overlay.opaque";

/// Unpacked layers, the lowest first.
#[derive(Debug)]
pub struct Lowers {
    roots: Vec<OwnedFd>,
}

/// What is there.
pub enum Found {
    Nothing,
    /// To that text.
    Symlink(Vec<u8>),
    Directory(OwnedFd, FileStat),
    /// Anything else.
    Other(OwnedFd, FileStat),
}

impl Lowers {
    pub fn open(layers: &[PathBuf]) -> io::Result<Lowers> {
        let roots = layers.iter().map(|layer| File::open(layer).map(OwnedFd::from)).collect::<io::Result<_>>()?;
        Ok(Lowers { roots })
    }

    /// At a path without symbolic links, relative to the root.
    pub fn find(&self, path: &Path) -> io::Result<Found> {
        for root in self.roots.iter().rev() {
            match find_in(root, path)? {
                Layer::Here(found) => return Ok(found),
                Layer::Hidden => return Ok(Found::Nothing),
                Layer::Below => {}
            }
        }
        Ok(Found::Nothing)
    }
}

/// What one layer says of a path.
enum Layer {
    Here(Found),
    /// It hides what lower layers have.
    Hidden,
    /// Nothing: ask the next.
    Below,
}

fn find_in(root: &OwnedFd, path: &Path) -> io::Result<Layer> {
    let mut hides = false;
    let mut prefix = PathBuf::new();
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        prefix.push(part);
        let fd = match open(root, &prefix) {
            Ok(fd) => fd,
            Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(if hides { Layer::Hidden } else { Layer::Below }),
            Err(error) => return Err(error.into()),
        };
        let stat = fstat(&fd)?;
        let kind = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
        let is_whiteout = kind == SFlag::S_IFCHR && stat.st_rdev == 0;
        let is_last = parts.peek().is_none();
        if is_whiteout {
            return Ok(Layer::Hidden);
        }
        if kind == SFlag::S_IFDIR {
            if is_last {
                return Ok(Layer::Here(Found::Directory(fd, stat)));
            }
            hides |= is_opaque(root, &prefix)?;
        } else if is_last && kind == SFlag::S_IFLNK {
            return Ok(Layer::Here(Found::Symlink(readlinkat(&fd, "")?.as_bytes().to_owned())));
        } else {
            return Ok(if is_last { Layer::Here(Found::Other(fd, stat)) } else { Layer::Hidden });
        }
    }
    Ok(Layer::Below)
}

fn open(root: &OwnedFd, path: &Path) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat2(root, path, OpenHow::new().flags(flags).resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS))
}

fn is_opaque(root: &OwnedFd, path: &Path) -> io::Result<bool> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let how = OpenHow::new().flags(flags).resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
    let directory = openat2(root, path, how)?;
    Ok(stead_sys::xattr::get(&directory, OsStr::new(OPAQUE))?.is_some_and(|value| value == b"y"))
}
