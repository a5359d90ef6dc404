//! A volume in the place of a container's own `/dev`, as programs have it that look after the machine's devices.
//!
//! libcontainer makes devices and links in `/dev` after it has mounted everything. So the volume comes last: our executor puts it over that directory, and
//! over it again what is mounted there. What is in the volume is hostile: no link of it is followed.

use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::sys::stat::{Mode, mkdirat};
use stead_sys::mount::{Extent, copy_tree, make_read_only, place_tree, place_tree_on};

use crate::container::{ContainerSpec, Mount};
use crate::executor::plain;

const PLACE: &str = "/dev";
/// What every container has mounted in `/dev`.
const AUTOMATIC: [&str; 3] = ["/dev/pts", "/dev/mqueue", "/dev/shm"];

/// What is to be done once everything else is mounted.
#[derive(Debug)]
pub struct DevVolume {
    tree: OwnedFd,
    above: Vec<String>,
}

/// The same as the executor takes it: by number.
#[derive(Debug, Clone)]
pub struct Order {
    tree: RawFd,
    above: Vec<String>,
}

impl DevVolume {
    /// Takes the volume out of the mounts, whose destinations are settled.
    pub fn take(mounts: &mut Vec<Mount>, spec: &ContainerSpec) -> Result<Option<DevVolume>, String> {
        let Some(index) = mounts.iter().position(|mount| mount.destination == PLACE) else { return Ok(None) };
        let mount = mounts.remove(index);
        let failed = |error: io::Error| format!("bind {}: {}", mount.source.display(), plain(error.raw_os_error().unwrap_or(0)));
        if !mount.source.is_dir() {
            return Err(format!("bind {}: {}", mount.source.display(), plain(nix::libc::ENOTDIR)));
        }
        let tree = copy_tree(&mount.source).map_err(failed)?;
        if mount.read_only {
            make_read_only(&tree, if mount.recursive_read_only { Extent::All } else { Extent::Top }).map_err(failed)?;
        }
        let below = mounts.iter().map(|mount| mount.destination.as_str());
        let all = AUTOMATIC.into_iter().chain(below).chain(spec.termination_log.iter().map(|log| log.path.as_str()));
        let mut above: Vec<String> = Vec::new();
        for path in all.filter(|path| path.starts_with("/dev/")) {
            if !above.iter().any(|known| known == path) {
                above.push(path.to_owned());
            }
        }
        above.sort_by_key(|path| Path::new(path).components().count());
        Ok(Some(DevVolume { tree, above }))
    }

    pub fn order(&self) -> Order {
        Order { tree: self.tree.as_raw_fd(), above: self.above.clone() }
    }
}

impl Order {
    /// In the container, as the machine's root.
    pub fn carry_out(&self) -> Result<(), String> {
        let failed = |path: &str, error: io::Error| format!("mount {path}: {}", plain(error.raw_os_error().unwrap_or(0)));
        let volume = stead_sys::fd::take_inherited(self.tree).map_err(|error| failed(PLACE, error))?;
        let mut trees = Vec::new();
        for path in &self.above {
            let is_directory = fs::metadata(path).map_err(|error| failed(path, error))?.is_dir();
            trees.push((path, is_directory, copy_tree(Path::new(path)).map_err(|error| failed(path, error))?));
        }
        place_tree(&volume, Path::new(PLACE)).map_err(|error| failed(PLACE, error))?;
        for (path, is_directory, tree) in trees {
            let place = place(path, is_directory).map_err(|error| failed(path, error.into()))?;
            place_tree_on(&tree, place.as_fd()).map_err(|error| failed(path, error))?;
        }
        Ok(())
    }
}

/// Where something is to be mounted in the volume; made if it is not there.
fn place(path: &str, is_directory: bool) -> nix::Result<OwnedFd> {
    let root = open(PLACE, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?;
    let (directory, name) = path.trim_start_matches("/dev/").rsplit_once('/').unwrap_or((".", path.trim_start_matches("/dev/")));
    let how =
        |flags| OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_BENEATH);
    let parent = openat2(&root, directory, how(OFlag::O_PATH | OFlag::O_DIRECTORY))?;
    match openat2(&parent, name, how(OFlag::O_PATH)) {
        Err(Errno::ENOENT) if is_directory => {
            mkdirat(&parent, name, Mode::from_bits_truncate(0o755))?;
            openat2(&parent, name, how(OFlag::O_PATH | OFlag::O_DIRECTORY))
        }
        Err(Errno::ENOENT) => {
            let new = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            openat(&parent, name, new, Mode::from_bits_truncate(0o644))
        }
        other => other,
    }
}
