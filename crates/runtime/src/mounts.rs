//! The mounts that a container asks for, between its specification and libcontainer: what is shared with the machine, and where in the
//! root file system they really are.
//!
//! The image is hostile: a link in it may lead a mount anywhere inside the root, but not over what `/proc` tells and takes. Works in the create
//! helper's mount namespace, before there is any process of the container.

mod image;
pub mod placed;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use stead_sys::mount::{Extent, map_ids as map};
use stead_sys::mount_table::{self, Mounted};

use crate::container::{Mount, Propagation};
use crate::executor::plain;

/// Files of `/proc` that may be replaced: they only tell of the machine.
const REPLACEABLE: [&str; 10] = [
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/slabinfo",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/crypto/fips_enabled",
];
/// As many links are followed as the kernel follows.
const LINKS_MAX: u32 = 40;
const NO_PATH: Option<&str> = None;

/// Enters a mount namespace of our own, and gives the mounts with sources as they are to be bound. Those asked for without propagation are made
/// private, those of one way keep receiving, and those of both ways stay members of the machine's peer groups.
///
/// Of a sandbox with users of its own all are shown with its ids.
pub fn enter_namespace(base: &Path, asked: &[Mount], users: Option<BorrowedFd<'_>>) -> Result<Vec<Mount>, String> {
    let mut mounts = asked.to_vec();
    for mount in &mounts {
        fs::metadata(&mount.source).map_err(|error| {
            let (path, reason) = (mount.source.display(), plain(error.raw_os_error().unwrap_or(0)));
            format!("failed to stat \"{path}\": stat {path}: {reason}")
        })?;
    }
    if let Some(mount) = mounts.iter().find(|mount| users.is_some() && mount.propagation == Propagation::Bidirectional) {
        return Err(format!(
            "\"{}\" cannot be shared both ways with a user namespace: the kernel shows no mount of it outside",
            mount.destination
        ));
    }
    let both_ways = shared_trees(&mounts)?;
    unshare(CloneFlags::CLONE_NEWNS).map_err(|error| format!("make a mount namespace: {error}"))?;
    let any = |wanted| mounts.iter().any(|mount: &Mount| mount.propagation == wanted);
    let is_receiving = any(Propagation::HostToContainer);
    let flags = if is_receiving { MsFlags::MS_SLAVE } else { MsFlags::MS_PRIVATE };
    mount(NO_PATH, "/", NO_PATH, flags | MsFlags::MS_REC, NO_PATH).map_err(|error| format!("make mounts private: {error}"))?;
    for (index, mount) in mounts.iter_mut().enumerate() {
        let source = mount.source.clone();
        let failed = |error: io::Error| format!("bind {}: {error}", source.display());
        if let Some((_, tree)) = both_ways.iter().find(|(number, _)| *number == index) {
            let place = make_place(base, index, &source).map_err(failed)?;
            stead_sys::mount::place_tree(tree, &place).map_err(failed)?;
            mount.source = place;
        } else if let Some(users) = users {
            mount.source = stage_mapped(base, index, mount, users)?;
        } else if is_receiving && mount.propagation == Propagation::Private {
            mount.source = stage(base, index, &source).map_err(failed)?;
        }
    }
    Ok(mounts)
}

/// Copies of what is to be shared both ways, by the mount's number: made before the machine's peer groups are left.
fn shared_trees(mounts: &[Mount]) -> Result<Vec<(usize, OwnedFd)>, String> {
    let mut trees = Vec::new();
    for (index, mount) in mounts.iter().enumerate().filter(|(_, mount)| mount.propagation == Propagation::Bidirectional) {
        let shown = mount.source.display();
        let source = mount.source.canonicalize().map_err(|error| format!("resolve {shown}: {error}"))?;
        let table = mount_table::read().map_err(|error| format!("read the mounts: {error}"))?;
        if let Some(place) = unshared_mount(&table, &source) {
            return Err(format!("path \"{shown}\" is mounted on \"{place}\" but it is not a shared mount"));
        }
        trees.push((index, stead_sys::mount::copy_tree(&source).map_err(|error| format!("bind {shown}: {error}"))?));
    }
    Ok(trees)
}

/// The mount that a path is on, if nothing mounted below that shows elsewhere.
fn unshared_mount(table: &[Mounted], path: &Path) -> Option<String> {
    // Of several at one place the last hides the others.
    let mount = table.iter().filter(|mounted| path.starts_with(&mounted.place)).max_by_key(|mounted| mounted.place.as_os_str().len())?;
    (!mount.is_shared).then(|| mount.place.display().to_string())
}

fn make_place(base: &Path, index: usize, source: &Path) -> io::Result<PathBuf> {
    let place = base.join("mounts").join(index.to_string());
    if fs::metadata(source)?.is_dir() {
        fs::create_dir_all(&place)?;
    } else {
        fs::create_dir_all(base.join("mounts"))?;
        File::create(&place)?;
    }
    Ok(place)
}

fn stage(base: &Path, index: usize, source: &Path) -> io::Result<PathBuf> {
    let place = make_place(base, index, source)?;
    mount(Some(source), &place, NO_PATH, MsFlags::MS_BIND | MsFlags::MS_REC, NO_PATH)?;
    mount(NO_PATH, &place, NO_PATH, MsFlags::MS_PRIVATE | MsFlags::MS_REC, NO_PATH)?;
    Ok(place)
}

/// The same with the ids of users of its own, and private only if it is to be. What is mounted below it and cannot be shown so belongs to nobody there.
fn stage_mapped(base: &Path, index: usize, mount: &Mount, users: BorrowedFd<'_>) -> Result<PathBuf, String> {
    let source = &mount.source;
    let failed = |error: io::Error| format!("bind {}: {error}", source.display());
    if let Some(view) = image::stage(&base.join("images").join(index.to_string()), source, users)? {
        return Ok(view);
    }
    let tree = stead_sys::mount::copy_tree(source).map_err(failed)?;
    map_ids(&tree, users, source)?;
    let place = make_place(base, index, source).map_err(failed)?;
    stead_sys::mount::place_tree(&tree, &place).map_err(failed)?;
    if mount.propagation == Propagation::Private {
        let flags = MsFlags::MS_PRIVATE | MsFlags::MS_REC;
        nix::mount::mount(NO_PATH, &place, NO_PATH, flags, NO_PATH).map_err(|error| failed(error.into()))?;
    }
    Ok(place)
}

/// Shows a tree that is mounted nowhere with the ids of users of its own.
pub fn map_ids(tree: &OwnedFd, users: BorrowedFd<'_>, shown: &Path) -> Result<(), String> {
    let mapped = map(tree, users, Extent::All).or_else(|_| map(tree, users, Extent::Top));
    mapped.map_err(|error| {
        let (path, reason) = (shown.display(), plain(error.raw_os_error().unwrap_or(0)));
        format!(
            "failed to set MOUNT_ATTR_IDMAP on {path}: {reason} (maybe the filesystem used doesn't support idmap mounts on this kernel?)"
        )
    })
}

/// Gives the mounts their real places in the root file system: links of the image are followed inside it, and parents come before what is below
/// them. Refuses what would stand over `/proc`.
pub fn settle_destinations(rootfs: &Path, mounts: &mut [Mount]) -> Result<(), String> {
    for mount in mounts.iter_mut() {
        let destination = resolve(rootfs, &mount.destination)?;
        check_proc(&destination, mount)?;
        mount.destination = destination;
    }
    mounts.sort_by_key(|mount| Path::new(&mount.destination).components().count());
    Ok(())
}

/// Makes a directory of that owner in the root where it is missing, and says where it really is on the machine.
pub fn make_directory(rootfs: &Path, path: &str, owner: u32) -> Result<PathBuf, String> {
    let inside = resolve(rootfs, path)?;
    crate::rootfs::make_directory(rootfs, &inside, owner)?;
    Ok(rootfs.join(inside.trim_start_matches('/')))
}

/// Follows links inside the root, also those to what is not there. Nothing runs in the root yet that could change it meanwhile.
fn resolve(rootfs: &Path, path: &str) -> Result<String, String> {
    let failed = |reason: &str| format!("resolve mount point {path:?}: {reason}");
    let mut rest: Vec<OsString> = names(Path::new(path));
    let (mut done, mut links) = (PathBuf::from("/"), 0);
    while let Some(name) = rest.pop() {
        if name == ".." {
            done.pop();
            continue;
        }
        let target = fs::read_link(rootfs.join(done.strip_prefix("/").unwrap_or(&done)).join(&name));
        let Ok(target) = target else {
            done.push(name);
            continue;
        };
        links += 1;
        if links > LINKS_MAX {
            return Err(failed("too many links"));
        }
        if target.is_absolute() {
            done = PathBuf::from("/");
        }
        rest.extend(names(&target));
    }
    done.into_os_string().into_string().map_err(|_| failed("it is no text"))
}

/// The names of a path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    let name = |part: Component| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().rev().filter_map(name).collect()
}

/// `/proc` itself may be replaced by another view of it only, and of what is in it only files that nobody writes.
fn check_proc(destination: &str, mount: &Mount) -> Result<(), String> {
    let is_allowed = match destination.strip_prefix("/proc") {
        None => true,
        Some("") => {
            nix::sys::statfs::statfs(&mount.source).is_ok_and(|found| found.filesystem_type() == nix::sys::statfs::PROC_SUPER_MAGIC)
        }
        Some(rest) if rest.starts_with('/') => REPLACEABLE.contains(&destination),
        Some(_) => true,
    };
    if is_allowed { Ok(()) } else { Err(format!("\"{destination}\" cannot be mounted because it is inside /proc")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_sys::mount_table::parse;

    fn settle(root: &Path, destinations: &[&str]) -> Result<Vec<String>, String> {
        let mount = |destination: &&str| Mount { source: root.to_owned(), destination: (*destination).to_owned(), ..Mount::default() };
        let mut mounts: Vec<Mount> = destinations.iter().map(mount).collect();
        settle_destinations(root, &mut mounts)?;
        Ok(mounts.into_iter().map(|mount| mount.destination).collect())
    }

    #[test]
    fn mount_points_are_followed_inside_the_root_only() {
        // LC-28, OCI-4
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("data/deep")).unwrap();
        fs::create_dir_all(root.join("proc")).unwrap();
        for (target, link) in [
            ("/data", "absolute"),
            ("../../../..", "up"),
            ("/proc", "process"),
            ("/nowhere", "dangling"),
            ("/etc", "data/etc"),
            ("loop", "loop"),
        ] {
            std::os::unix::fs::symlink(target, root.join(link)).unwrap();
        }
        assert_eq!(settle(&root, &["/absolute/deep/new", "/data", "/a/b/"]).unwrap(), ["/data", "/a/b", "/data/deep/new"]);
        assert_eq!(settle(&root, &["/up/data"]).unwrap(), ["/data"]);
        let refused = |path: &str| settle(&root, &[path]).unwrap_err();
        assert_eq!(refused("/proc/sys"), "\"/proc/sys\" cannot be mounted because it is inside /proc");
        assert_eq!(refused("/process/self/attr"), "\"/proc/self/attr\" cannot be mounted because it is inside /proc");
        assert_eq!(refused("/proc"), "\"/proc\" cannot be mounted because it is inside /proc");
        assert_eq!(settle(&root, &["/proc/meminfo", "/process-of-mine"]).unwrap(), ["/process-of-mine", "/proc/meminfo"]);
        // Images have links to what only a running system makes.
        assert_eq!(settle(&root, &["/dangling", "/data/etc/x", "/data/../y"]).unwrap(), ["/nowhere", "/y", "/etc/x"]);
        assert!(refused("/loop/x").contains("too many links"));
    }

    #[test]
    fn only_a_shared_mount_can_be_shared() {
        // OCI-9
        let table = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n28 27 0:1 / /shared rw shared:5 - tmpfs t rw\n29 27 0:2 / /slave rw master:5 - tmpfs t rw\n";
        let table = parse(table.as_bytes());
        assert_eq!(unshared_mount(&table, Path::new("/shared/a")), None);
        assert_eq!(unshared_mount(&table, Path::new("/sharedness")), Some("/".to_owned()));
        assert_eq!(unshared_mount(&table, Path::new("/slave")), Some("/slave".to_owned()));
    }
}
