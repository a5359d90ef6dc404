//! What belongs to a root directory, found on the machine itself: shims by their command lines, cgroups by a name made from the directory's
//! path, mounts by their places. Needs no file of the directory, so it works when that is damaged or has been removed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::mount::{MntFlags, umount2};
use sha2::{Digest, Sha256};
use stead_sys::process::PidFd;

use crate::cgroup::Layout;
use crate::error::{Error, Result};
use crate::record::{hex, io_error};
use crate::roles::SHIM;

/// How long killed shims may take to end.
const END_ROUNDS_MAX: u32 = 2000;
const PAUSE: Duration = Duration::from_millis(5);

/// What there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// The root directory, without symbolic links.
    pub root: PathBuf,
    /// Process ids of shims, and the directories of their sandboxes.
    pub shims: Vec<(i32, PathBuf)>,
    /// Cgroups, absolute below the hierarchies' root; each comes before those below it.
    pub cgroups: BTreeSet<String>,
    /// Mounts in the order in which they were made.
    pub mounts: Vec<PathBuf>,
}

impl Survey {
    /// Whether nothing runs and nothing is mounted.
    pub fn is_empty(&self) -> bool {
        self.shims.is_empty() && self.cgroups.is_empty() && self.mounts.is_empty()
    }

    /// The ids of the sandboxes of which there is a shim or a mount.
    pub fn sandboxes(&self) -> BTreeSet<String> {
        let all = self.root.join("sandboxes");
        let id = |path: &Path| Some(path.strip_prefix(&all).ok()?.components().next()?.as_os_str().to_string_lossy().into_owned());
        let shims = self.shims.iter().map(|(_, dir)| dir);
        shims.chain(&self.mounts).filter_map(|path| id(path)).collect()
    }
}

/// Looks for everything that belongs to `root`, which need not exist.
pub fn survey(root: &Path) -> Result<Survey> {
    let root = resolved(root);
    find(&Layout::probe()?, &root, &cgroup_name(&root))
}

/// Ends everything that belongs to `root`, which need not exist, and says what that was. Not for a directory that a server has open.
pub fn clean(root: &Path) -> Result<Survey> {
    let layout = Layout::probe()?;
    let root = resolved(root);
    let found = find(&layout, &root, &cgroup_name(&root))?;
    terminate(&layout, &found)?;
    Ok(found)
}

/// The name of the cgroup that belongs to a root directory.
pub fn cgroup_name(root: &Path) -> String {
    format!("/stead-{}", &hex(&Sha256::digest(root.as_os_str().as_encoded_bytes()))[..8])
}

/// A path without symbolic links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in absolute.ancestors() {
        if let (Ok(real), Ok(rest)) = (ancestor.canonicalize(), absolute.strip_prefix(ancestor)) {
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
    }
    absolute
}

/// Looks for what belongs to a resolved root and its cgroup.
pub fn find(layout: &Layout, root: &Path, cgroup_root: &str) -> Result<Survey> {
    let sandboxes = root.join("sandboxes");
    let mounted = stead_sys::mount_table::read().map_err(io_error("list the mounts below", root))?.into_iter();
    Ok(Survey {
        root: root.to_owned(),
        shims: shims().into_iter().filter(|(_, dir)| dir.starts_with(&sandboxes)).collect(),
        cgroups: layout.tree(cgroup_root)?,
        mounts: mounted.map(|mounted| mounted.place).filter(|place| place.starts_with(&sandboxes) && *place != sandboxes).collect(),
    })
}

/// Kills, unmounts and removes.
pub fn terminate(layout: &Layout, found: &Survey) -> Result<()> {
    for (pid, dir) in &found.shims {
        end_shim(*pid, dir)?;
    }
    // Those above take those below along; each is looked at again, since what is found may be a part only.
    for cgroup in &found.cgroups {
        layout.kill(cgroup)?;
    }
    for place in found.mounts.iter().rev() {
        unmount(place)?;
    }
    for cgroup in found.cgroups.iter().rev() {
        layout.remove(cgroup)?;
    }
    Ok(())
}

fn end_shim(pid: i32, dir: &Path) -> Result<()> {
    let Ok(handle) = PidFd::open(pid) else { return Ok(()) };
    // The id could have changed hands between the look and the opening.
    if shim_dir(pid).as_deref() != Some(dir) {
        return Ok(());
    }
    handle.signal(nix::libc::SIGKILL).unwrap_or_default();
    for _ in 0..END_ROUNDS_MAX {
        if handle.has_ended().unwrap_or(true) {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    Err(Error::StillRunning(format!("of the shim of {}", dir.display())))
}

/// All shims on this machine.
pub fn shims() -> Vec<(i32, PathBuf)> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| Some((pid, shim_dir(pid)?))).collect()
}

/// The sandbox's directory, if that process is a shim.
fn shim_dir(pid: i32) -> Option<PathBuf> {
    let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let mut words = words.split(|byte| *byte == 0).skip(1);
    (words.next() == Some(SHIM.as_bytes())).then(|| words.next().map(path_of))?
}

fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(bytes.to_vec()))
}

/// Takes a mount away, however often something was mounted there.
pub fn unmount(path: &Path) -> Result<()> {
    loop {
        match umount2(path, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
            Ok(()) => {}
            Err(Errno::EINVAL | Errno::ENOENT) => return Ok(()),
            Err(error) => return Err(io_error("unmount", path)(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_gone_has_the_name_that_it_had() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("data/containers");
        fs::create_dir_all(&root).unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("link")).unwrap();
        let through_link = dir.path().join("link/data/containers");
        let before = cgroup_name(&root.canonicalize().unwrap());
        assert_eq!(cgroup_name(&resolved(&through_link)), before);
        fs::remove_dir_all(dir.path().join("data")).unwrap();
        assert_eq!(cgroup_name(&resolved(&through_link)), before);
    }
}
