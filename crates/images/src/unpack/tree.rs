//! A directory that a layer is unpacked into. Every path is resolved inside it, here or by the kernel, whatever links the layer has made; and
//! what the layer takes for granted of the layers below is brought up from them: directories, links in paths, files it links to.

use super::entries::{Entry, Kind};
use super::lower::{Found, Lowers, OPAQUE};
use super::path::{LINKS_MAX, parts};
use crate::write_behind::Written;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2, readlinkat};
use nix::sys::stat::{
    FchmodatFlags, FileStat, Mode, SFlag, UtimensatFlags, fchmod, fchmodat, fstatat, futimens, mkdirat, mknodat, utimensat,
};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, LinkatFlags, Uid, UnlinkatFlags, fchownat, linkat, symlinkat, unlinkat};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Directories that are kept open.
const OPEN_MAX: usize = 128;
/// Copied at a time; as much of zeros becomes a hole.
const CHUNK_BYTES: usize = 64 << 10;
static ZEROS: [u8; CHUNK_BYTES] = [0; CHUNK_BYTES];

/// See the file's head.
pub struct Tree<'a> {
    root: OwnedFd,
    lowers: &'a Lowers,
    /// Takes files that are done.
    written: Written,
    /// By the path as entries write it.
    open: HashMap<PathBuf, Rc<Parent>>,
    /// The links, by their own paths without links, through which those are open.
    followed: BTreeSet<PathBuf>,
    /// When directories were changed, set when nothing changes them any more.
    times: BTreeMap<PathBuf, (i64, u32)>,
    /// Directories through which nothing of the lower layers shows.
    opaque: BTreeSet<PathBuf>,
    buffer: Vec<u8>,
}

/// A directory, and its path without links.
struct Parent {
    fd: OwnedFd,
    path: PathBuf,
}

fn refused(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

fn shown(path: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(path))
}

impl<'a> Tree<'a> {
    /// Of an empty directory.
    pub fn new(directory: &Path, lowers: &'a Lowers, written: Written) -> io::Result<Tree<'a>> {
        let root = File::open(directory)?.into();
        let (open, followed, times, opaque) = (HashMap::new(), BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
        let tree = Tree { root, lowers, written, open, followed, times, opaque, buffer: vec![0; CHUNK_BYTES] };
        fchmod(&tree.root, Mode::from_bits_truncate(0o755))?;
        Ok(tree)
    }

    /// Makes one entry; the content of a file is read from `content`.
    pub fn add(&mut self, entry: &Entry, content: &mut impl Read) -> io::Result<()> {
        let parts = parts(&entry.path)?;
        let Some((name, directory)) = parts.split_last() else {
            return if entry.kind == Kind::Directory { self.settle_directory(Path::new(""), entry) } else { Ok(()) };
        };
        let directory: PathBuf = directory.iter().collect();
        if let Some(hidden) = name.as_bytes().strip_prefix(b".wh.") {
            return self.hide(&directory, hidden);
        }
        if entry.kind == Kind::Device {
            // A container's /dev is never the image's.
            return if parts[0] == "dev" {
                Ok(())
            } else {
                Err(refused(format!("{} is a device, which no image may bring", shown(&entry.path))))
            };
        }
        let parent = self.parent(&directory)?;
        let path = parent.path.join(name);
        self.turn_from(&path);
        let hid_a_directory = self.make_room(&parent, name, &path, &entry.kind)?;
        match &entry.kind {
            Kind::File => self.file(&parent, name, entry, content)?,
            Kind::Directory => {
                match mkdirat(&parent.fd, *name, Mode::from_bits_truncate(0o700)) {
                    Err(Errno::EEXIST) | Ok(()) => {}
                    Err(error) => return Err(error.into()),
                }
                self.settle_directory(&path, entry)?;
                if hid_a_directory {
                    self.set_opaque(&path)?;
                }
            }
            Kind::Symlink(target) => {
                symlinkat(OsStr::from_bytes(target), &parent.fd, *name)?;
                settle(&parent.fd, name, entry)?;
            }
            Kind::HardLink(target) => self.hard_link(target, &parent, name)?,
            Kind::Fifo => {
                mknodat(&parent.fd, *name, SFlag::S_IFIFO, Mode::from_bits_truncate(0o600), 0)?;
                settle(&parent.fd, name, entry)?;
                fchmodat(&parent.fd, *name, Mode::from_bits_truncate(entry.mode), FchmodatFlags::FollowSymlink)?;
            }
            Kind::Device => {}
        }
        Ok(())
    }

    /// Nothing more comes.
    pub fn finish(self) -> io::Result<()> {
        for (path, time) in self.times.iter().rev() {
            match self.open_directory(path) {
                Ok(directory) => futimens(&directory, &TimeSpec::UTIME_OMIT, &spec(*time))?,
                Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => {} // something else took its place
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Whether there was a whiteout, so that a directory in its place must not show what is below.
    fn make_room(&mut self, parent: &Parent, name: &OsStr, path: &Path, kind: &Kind) -> io::Result<bool> {
        let Some(there) = stat(&parent.fd, name)? else { return Ok(false) };
        let is_directory = kind_of(&there) == SFlag::S_IFDIR;
        if is_directory && *kind == Kind::Directory {
            return Ok(false);
        }
        if is_directory {
            self.close();
            // By the descriptor: no link can lead this elsewhere.
            std::fs::remove_dir_all(Path::new("/proc/self/fd").join(parent.fd.as_raw_fd().to_string()).join(name))?;
            self.opaque.retain(|opaque| !opaque.starts_with(path));
        } else {
            unlinkat(&parent.fd, name, UnlinkatFlags::NoRemoveDir)?;
        }
        Ok(is_whiteout(&there))
    }

    fn file(&mut self, parent: &Parent, name: &OsStr, entry: &Entry, content: &mut impl Read) -> io::Result<()> {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mut file = File::from(openat(&parent.fd, name, flags, Mode::from_bits_truncate(0o600))?);
        let mut at = 0;
        let mut ends_in_hole = false;
        while at < entry.size_bytes {
            let length = usize::try_from(entry.size_bytes - at).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
            content.read_exact(&mut self.buffer[..length])?;
            ends_in_hole = length == CHUNK_BYTES && self.buffer[..length] == ZEROS;
            if !ends_in_hole {
                file.write_all_at(&self.buffer[..length], at)?;
            }
            at += length as u64;
        }
        if ends_in_hole {
            file.set_len(at)?;
        }
        file.flush()?;
        settle_open(&file, entry)?;
        self.written.add(file);
        Ok(())
    }

    fn settle_directory(&mut self, path: &Path, entry: &Entry) -> io::Result<()> {
        settle_open(&self.open_directory(path)?, entry)?;
        self.times.insert(path.to_owned(), entry.mtime);
        Ok(())
    }

    /// Hides what is below: one name, or everything in a directory.
    fn hide(&mut self, directory: &Path, hidden: &[u8]) -> io::Result<()> {
        let parent = self.parent(directory)?;
        if hidden == b".wh..opq" {
            return self.set_opaque(&parent.path);
        }
        // Other names of this kind were for a file system of former times.
        if hidden.starts_with(b".wh.") {
            return Ok(());
        }
        if matches!(hidden, b"" | b"." | b"..") {
            return Err(refused(format!("{} hides no name", shown(directory.as_os_str().as_bytes()))));
        }
        let name = OsStr::from_bytes(hidden);
        let path = parent.path.join(name);
        self.turn_from(&path);
        match stat(&parent.fd, name)? {
            None => Ok(mknodat(&parent.fd, name, SFlag::S_IFCHR, Mode::empty(), 0)?),
            Some(there) if kind_of(&there) == SFlag::S_IFDIR => self.set_opaque(&path),
            Some(_) => Ok(()), // this layer's own, which hides what is below by itself
        }
    }

    fn set_opaque(&mut self, path: &Path) -> io::Result<()> {
        self.opaque.insert(path.to_owned());
        stead_sys::xattr::set(&self.open_directory(path)?, OsStr::new(OPAQUE), b"y")
    }

    /// What shows of the lower layers at that path.
    fn below(&self, path: &Path) -> io::Result<Found> {
        if path.ancestors().skip(1).any(|above| self.opaque.contains(above)) { Ok(Found::Nothing) } else { self.lowers.find(path) }
    }

    fn hard_link(&mut self, target: &[u8], parent: &Parent, name: &OsStr) -> io::Result<()> {
        let missing = || refused(format!("a hard link to {}, which is not there", shown(target)));
        let parts = parts(target)?;
        let (target_name, directory) = parts.split_last().ok_or_else(missing)?;
        let from = self.parent(&directory.iter().collect::<PathBuf>())?;
        match stat(&from.fd, target_name)? {
            Some(there) if is_whiteout(&there) => return Err(missing()),
            Some(_) => {}
            None => match self.below(&from.path.join(target_name))? {
                Found::Other(fd, stat) if kind_of(&stat) == SFlag::S_IFREG => copy_up(&fd, &stat, &from.fd, target_name, &mut self.buffer)?,
                Found::Symlink(to) => symlinkat(OsStr::from_bytes(&to), &from.fd, *target_name)?,
                _ => return Err(missing()),
            },
        }
        Ok(linkat(&from.fd, *target_name, &parent.fd, name, LinkatFlags::empty())?)
    }

    /// The directory of that path, made where it is missing.
    fn parent(&mut self, path: &Path) -> io::Result<Rc<Parent>> {
        if let Some(known) = self.open.get(path) {
            return Ok(Rc::clone(known));
        }
        let resolved = self.resolve(path)?;
        let fd = self.open_directory(&resolved)?;
        let parent = Rc::new(Parent { fd, path: resolved });
        if self.open.len() >= OPEN_MAX {
            self.close();
        }
        self.open.insert(path.to_owned(), Rc::clone(&parent));
        Ok(parent)
    }

    fn close(&mut self) {
        self.open.clear();
        self.followed.clear();
    }

    /// What takes a link's place, in this layer or over a lower one's: paths through it lead elsewhere from now on.
    fn turn_from(&mut self, path: &Path) {
        if self.followed.contains(path) {
            self.close();
        }
    }

    /// The same path without links. Directories that only lower layers have, or none, are made on the way.
    fn resolve(&mut self, path: &Path) -> io::Result<PathBuf> {
        let mut todo: Vec<OsString> = path.iter().rev().map(OsStr::to_owned).collect();
        let mut done = PathBuf::new();
        let mut links = 0;
        while let Some(part) = todo.pop() {
            if part == ".." {
                done.pop(); // the root's parent is the root
                continue;
            }
            let next = done.join(&part);
            let Some(target) = self.step(&next)? else {
                done = next;
                continue;
            };
            self.followed.insert(next);
            links += 1;
            if links > LINKS_MAX {
                return Err(refused(format!("{} has too many symbolic links", shown(path.as_os_str().as_bytes()))));
            }
            if target.starts_with(b"/") {
                done = PathBuf::new();
            }
            let words = target.split(|byte| *byte == b'/').filter(|word| !matches!(*word, b"" | b"."));
            todo.extend(words.rev().map(|word| OsString::from_vec(word.to_owned())).collect::<Vec<_>>());
        }
        Ok(done)
    }

    /// Makes sure that there is a directory at this path, whose parent is one; or says where a link there leads.
    fn step(&mut self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let (directory, name) = (path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or_default());
        let parent = self.open_directory(directory)?;
        match stat(&parent, name)? {
            Some(there) if kind_of(&there) == SFlag::S_IFDIR => return Ok(None),
            Some(there) if kind_of(&there) == SFlag::S_IFLNK => return Ok(Some(readlinkat(&parent, name)?.into_vec())),
            Some(there) if is_whiteout(&there) => {
                unlinkat(&parent, name, UnlinkatFlags::NoRemoveDir)?;
                mkdirat(&parent, name, Mode::from_bits_truncate(0o755))?;
                self.set_opaque(path)?;
            }
            Some(_) => return Err(refused(format!("{} is not a directory", shown(path.as_os_str().as_bytes())))),
            None => match self.below(path)? {
                Found::Symlink(target) => return Ok(Some(target)),
                Found::Directory(fd, stat) => {
                    mkdirat(&parent, name, Mode::from_bits_truncate(0o700))?;
                    let made = self.open_directory(path)?;
                    copy_settings(&fd, &stat, &made)?;
                    self.times.insert(path.to_owned(), (stat.st_mtime, u32::try_from(stat.st_mtime_nsec).unwrap_or(0)));
                }
                Found::Nothing | Found::Other(..) => mkdirat(&parent, name, Mode::from_bits_truncate(0o755))?,
            },
        }
        Ok(None)
    }

    fn open_directory(&self, path: &Path) -> nix::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        openat2(&self.root, path, OpenHow::new().flags(flags).resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS))
    }
}

fn stat(parent: &OwnedFd, name: &OsStr) -> io::Result<Option<FileStat>> {
    match fstatat(parent, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::ENOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn kind_of(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT
}

fn is_whiteout(stat: &FileStat) -> bool {
    kind_of(stat) == SFlag::S_IFCHR && stat.st_rdev == 0
}

fn spec((seconds, nanoseconds): (i64, u32)) -> TimeSpec {
    TimeSpec::new(seconds, i64::from(nanoseconds))
}

/// Owner, mode, attributes and time of a file or directory that is open. The owner first: a change of it takes set-id bits and capabilities.
fn settle_open(file: &(impl std::os::fd::AsFd + AsRawFd), entry: &Entry) -> io::Result<()> {
    nix::unistd::fchown(file, Some(Uid::from_raw(entry.uid)), Some(Gid::from_raw(entry.gid)))?;
    fchmod(file, Mode::from_bits_truncate(entry.mode))?;
    for (name, value) in entry.xattrs.iter().filter(|(name, _)| is_kept(name)) {
        stead_sys::xattr::set(file, OsStr::new(name), value)?;
    }
    Ok(futimens(file, &spec(entry.mtime), &spec(entry.mtime))?)
}

/// The same of what cannot be opened; a symbolic link has no mode.
fn settle(parent: &OwnedFd, name: &OsStr, entry: &Entry) -> io::Result<()> {
    fchownat(parent, name, Some(Uid::from_raw(entry.uid)), Some(Gid::from_raw(entry.gid)), AtFlags::AT_SYMLINK_NOFOLLOW)?;
    Ok(utimensat(parent, name, &spec(entry.mtime), &spec(entry.mtime), UtimensatFlags::NoFollowSymlink)?)
}

/// Attributes that an image may set. Those of the overlay file system would change what other paths show.
fn is_kept(name: &str) -> bool {
    name == "security.capability"
        || name.starts_with("system.posix_acl_")
        || (name.starts_with("user.") && !name.starts_with("user.overlay."))
}

fn copy_settings(from: &OwnedFd, stat: &FileStat, to: &OwnedFd) -> io::Result<()> {
    nix::unistd::fchown(to, Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid)))?;
    fchmod(to, Mode::from_bits_truncate(stat.st_mode & 0o7777))?;
    // The other is known by path only, which for its attributes is not enough.
    let readable = reopened(from)?;
    for name in stead_sys::xattr::list(&readable)?.into_iter().filter(|name| name.to_str().is_some_and(is_kept)) {
        if let Some(value) = stead_sys::xattr::get(&readable, &name)? {
            stead_sys::xattr::set(to, &name, &value)?;
        }
    }
    Ok(())
}

fn reopened(path_only: &OwnedFd) -> nix::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", path_only.as_raw_fd());
    openat(AT_FDCWD, path.as_str(), OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())
}

/// A lower layer's file as this layer's own.
fn copy_up(from: &OwnedFd, stat: &FileStat, parent: &OwnedFd, name: &OsStr, buffer: &mut [u8]) -> io::Result<()> {
    let mut source = File::from(reopened(from)?);
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut file = File::from(openat(parent, name, flags, Mode::from_bits_truncate(0o600))?);
    loop {
        match source.read(buffer)? {
            0 => break,
            count => file.write_all(&buffer[..count])?,
        }
    }
    let file = OwnedFd::from(file);
    copy_settings(from, stat, &file)?;
    let time = (stat.st_mtime, u32::try_from(stat.st_mtime_nsec).unwrap_or(0));
    Ok(futimens(&file, &spec(time), &spec(time))?)
}
