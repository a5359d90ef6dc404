//! Control groups, version 1 (also the hybrid layout) and version 2, for everything but putting a container into its own, which
//! libcontainer does.
//!
//! Never decides limits. Input: paths absolute below the hierarchies' root, such as `/stead-1f/kubepods/pod1`. On version 1 such a path
//! stands for one directory in every hierarchy.

mod huge_pages;
mod limits;
mod usage;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stead_sys::mount_table::{self, Mounted};

use self::limits::{Presence, Setting, raise_sum_first, settings_v1, settings_v2, without_gaps};
use crate::container::Resources;
use crate::error::{Error, Result};
use crate::record::io_error;

/// Where all hierarchies are mounted.
const ROOT: &str = "/sys/fs/cgroup";
/// Hierarchies whose directories a parent cgroup needs for its limits.
const LIMITED: [&str; 3] = ["cpu", "memory", "pids"];
const KILL_ROUNDS_MAX: u32 = 2500;
const KILL_PAUSE: Duration = Duration::from_millis(4);

/// How this machine's cgroups are mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// 1 or 2.
    pub version: u8,
    /// Each hierarchy that is mounted below `/sys/fs/cgroup`; the hybrid layout's version 2 one is among them.
    pub hierarchies: Vec<Hierarchy>,
}

/// One mounted hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hierarchy {
    /// Its directory.
    pub mount: PathBuf,
    /// Controllers of a version 1 hierarchy; `name=NAME` for a named one; empty for version 2.
    pub controllers: Vec<String>,
}

impl Layout {
    /// From the mounts of this machine. Takes the longer the more is mounted: helpers are told.
    pub fn probe() -> Result<Layout> {
        let mounts = mount_table::read_kinds(&["cgroup", "cgroup2"]).map_err(io_error("list the mounts below", Path::new(ROOT)))?;
        Layout::of(&mounts).ok_or_else(|| Error::Host(format!("no control groups are mounted at {ROOT}")))
    }

    fn of(mounts: &[Mounted]) -> Option<Layout> {
        let mut hierarchies: Vec<Hierarchy> = Vec::new();
        for Mounted { place, kind, options, .. } in mounts {
            if !place.starts_with(ROOT) || !matches!(kind.as_str(), "cgroup" | "cgroup2") {
                continue;
            }
            let controllers = if kind == "cgroup2" {
                Vec::new()
            } else {
                options.split(',').filter(|word| !matches!(*word, "rw" | "ro" | "xattr" | "noprefix")).map(str::to_owned).collect()
            };
            hierarchies.retain(|other| other.mount != *place);
            hierarchies.push(Hierarchy { mount: place.clone(), controllers });
        }
        let unified = hierarchies.iter().any(|hierarchy| hierarchy.mount == Path::new(ROOT));
        if hierarchies.is_empty() { None } else { Some(Layout { version: if unified { 2 } else { 1 }, hierarchies }) }
    }

    fn hierarchy(&self, controller: &str) -> Option<&Hierarchy> {
        self.hierarchies.iter().find(|hierarchy| hierarchy.controllers.iter().any(|name| name == controller))
    }

    /// The directory that stands for `cgroup` where `controller` lives.
    fn directory(&self, controller: &str, cgroup: &str) -> Option<PathBuf> {
        let hierarchy = if self.version == 2 { self.hierarchies.first() } else { self.hierarchy(controller) };
        hierarchy.map(|hierarchy| below(hierarchy, cgroup))
    }

    /// Makes a cgroup that will hold others, with these limits.
    pub fn create(&self, cgroup: &str, resources: &Resources) -> Result<()> {
        if self.version == 2 {
            self.enable_controllers(cgroup)?;
        } else {
            for controller in LIMITED {
                if let Some(directory) = self.directory(controller, cgroup) {
                    fs::create_dir_all(&directory).map_err(io_error("create", &directory))?;
                }
            }
        }
        self.write(cgroup, if self.version == 2 { settings_v2(resources) } else { settings_v1(resources) })
    }

    /// Gives a cgroup in use other limits; None removes one, but leaves shares and processes as they are.
    pub fn update(&self, cgroup: &str, resources: &Resources) -> Result<()> {
        let (usage_bytes, limit_now) = self.memory_now(cgroup).ok_or_else(|| Error::Host(format!("the cgroup {cgroup} is not there")))?;
        let limit = resources.memory_limit_bytes.and_then(|limit| u64::try_from(limit).ok());
        let is_raised = limit.is_none_or(|limit| limit_now.is_some_and(|now| limit >= now));
        if let Some(limit_bytes) = limit.filter(|limit| !is_raised && *limit < usage_bytes) {
            return Err(Error::LimitBelowUsage { limit_bytes, usage_bytes });
        }
        let whole = without_gaps(resources);
        let mut settings = if self.version == 2 { settings_v2(&whole) } else { settings_v1(&whole) };
        if is_raised {
            raise_sum_first(&mut settings);
        }
        self.write(cgroup, settings)
    }

    fn write(&self, cgroup: &str, settings: Vec<Setting>) -> Result<()> {
        for setting in settings {
            let Some(directory) = self.directory(setting.controller, cgroup) else {
                return Err(Error::Host(format!("the {} controller is not there", setting.controller)));
            };
            let path = directory.join(setting.file);
            if setting.presence == Presence::Required || path.exists() {
                fs::write(&path, setting.value).map_err(io_error("write", &path))?;
            }
        }
        Ok(())
    }

    /// Version 2: makes every directory of the path, each able to limit the ones below it.
    fn enable_controllers(&self, cgroup: &str) -> Result<()> {
        let Some(root) = self.hierarchies.first() else { return Ok(()) };
        let mut directory = root.mount.clone();
        for part in cgroup.split('/').filter(|part| !part.is_empty()) {
            let path = directory.join("cgroup.controllers");
            let available = fs::read_to_string(&path).map_err(io_error("read", &path))?;
            let path = directory.join("cgroup.subtree_control");
            for controller in available.split_ascii_whitespace() {
                // One at a time: a controller that cannot be enabled here must not keep the others out.
                if let Err(error) = fs::write(&path, format!("+{controller}"))
                    && LIMITED.contains(&controller)
                {
                    return Err(io_error("enable a controller in", &path)(error));
                }
            }
            directory.push(part);
            if let Err(error) = fs::create_dir(&directory)
                && error.kind() != io::ErrorKind::AlreadyExists
            {
                return Err(io_error("create", &directory)(error));
            }
        }
        Ok(())
    }

    /// Version 2: makes a cgroup that will hold processes, and gives its directory. Version 1 has no single one: libcontainer makes them.
    pub fn make_leaf(&self, cgroup: &str) -> Result<Option<PathBuf>> {
        if self.version != 2 {
            return Ok(None);
        }
        self.enable_controllers(cgroup)?;
        Ok(self.hierarchies.first().map(|hierarchy| below(hierarchy, cgroup)))
    }

    /// Version 1: gives a container with a memory limit no swap. (On version 2 the files of [`Layout::container_files`] do.)
    pub fn withhold_swap(&self, cgroup: &str, resources: &Resources) -> Result<()> {
        let Some(limit) = resources.memory_limit_bytes.filter(|limit| self.version == 1 && *limit > 0) else { return Ok(()) };
        self.write(cgroup, vec![limits::no_swap_v1(limit)])
    }

    /// Version 1: refuses a device, written as the kernel's `devices.deny` has it.
    pub fn deny_device(&self, cgroup: &str, rule: &str) -> Result<()> {
        let Some(directory) = self.hierarchy("devices").map(|hierarchy| below(hierarchy, cgroup)) else { return Ok(()) };
        let path = directory.join("devices.deny");
        fs::write(&path, rule).map_err(io_error("write", &path))
    }

    /// Moves this process, which has one thread, into a container's cgroup. Version 2: gives its directory instead, to be forked into.
    pub fn enter(&self, cgroup: &str) -> Result<Option<File>> {
        if self.version == 2 {
            let Some(root) = self.hierarchies.first() else { return Ok(None) };
            let directory = below(root, cgroup);
            return File::open(&directory).map(Some).map_err(io_error("open", &directory));
        }
        for hierarchy in &self.hierarchies {
            let directory = below(hierarchy, cgroup);
            // A thread that moves itself need not wait, some ten milliseconds, for every other process of the machine to stand still. In a
            // hierarchy of version 2 beside others only processes move.
            let file = if hierarchy.controllers.is_empty() { "cgroup.procs" } else { "tasks" };
            match fs::write(directory.join(file), "0") {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {} // libcontainer does not use this hierarchy
                Err(error) => return Err(io_error("join", &directory)(error)),
            }
        }
        Ok(None)
    }

    /// Moves this process into a leaf cgroup, in the hierarchies that a service manager uses to tell services apart, and where its memory counts.
    pub fn join(&self, cgroup: &str) -> Result<()> {
        self.admit(cgroup, 0)
    }

    /// The same for another process.
    pub fn admit(&self, cgroup: &str, pid: i32) -> Result<()> {
        if self.version == 2
            && let Some((parent, _)) = cgroup.rsplit_once('/')
        {
            self.enable_controllers(parent)?;
        }
        for hierarchy in &self.hierarchies {
            let wanted =
                hierarchy.controllers.is_empty() || hierarchy.controllers.iter().any(|name| name == "memory" || name.starts_with("name="));
            if !wanted {
                continue;
            }
            let directory = below(hierarchy, cgroup);
            fs::create_dir_all(&directory).map_err(io_error("create", &directory))?;
            let path = directory.join("cgroup.procs");
            fs::write(&path, pid.to_string()).map_err(io_error("write", &path))?;
        }
        Ok(())
    }

    /// How many processes of a cgroup the kernel has killed for want of memory.
    pub fn oom_kills(&self, cgroup: &str) -> u64 {
        let file = if self.version == 2 { "memory.events" } else { "memory.oom_control" };
        let Some(directory) = self.directory("memory", cgroup) else { return 0 };
        let text = fs::read_to_string(directory.join(file)).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok()).unwrap_or(0)
    }

    /// Kills every process in a cgroup and below it, and waits until none is left.
    pub fn kill(&self, cgroup: &str) -> Result<()> {
        for round in 0..KILL_ROUNDS_MAX {
            if self.kill_present(cgroup)? == 0 {
                return Ok(());
            }
            if round > 0 {
                thread::sleep(KILL_PAUSE);
            }
        }
        Err(Error::StillRunning(cgroup.to_owned()))
    }

    /// Kills every process that is in a cgroup and below it now, and says how many there were. Does not wait.
    pub fn kill_present(&self, cgroup: &str) -> Result<usize> {
        let mut left = 0;
        for hierarchy in &self.hierarchies {
            left += kill_once(&below(hierarchy, cgroup)).map_err(io_error("kill the processes of", Path::new(cgroup)))?;
        }
        Ok(left)
    }

    /// Removes a cgroup and all below it. It must hold no process.
    pub fn remove(&self, cgroup: &str) -> Result<()> {
        // A process that has just died still counts for a moment.
        for _ in 0..KILL_ROUNDS_MAX {
            if self.try_remove(cgroup)? {
                return Ok(());
            }
            thread::sleep(KILL_PAUSE);
        }
        Err(Error::StillRunning(cgroup.to_owned()))
    }

    /// Removes a cgroup and all below it, unless a process still counts in it: then false. Does not wait.
    pub fn try_remove(&self, cgroup: &str) -> Result<bool> {
        for hierarchy in &self.hierarchies {
            let directory = below(hierarchy, cgroup);
            match remove_tree(&directory) {
                Ok(()) => {}
                Err(error) if error.raw_os_error() == Some(nix::libc::EBUSY) => return Ok(false),
                Err(error) => return Err(io_error("remove", &directory)(error)),
            }
        }
        Ok(true)
    }

    /// A cgroup and all below it that are there in any hierarchy.
    pub fn tree(&self, cgroup: &str) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        for hierarchy in &self.hierarchies {
            let directory = below(hierarchy, cgroup);
            collect(&directory, cgroup, &mut found).map_err(io_error("list", &directory))?;
        }
        Ok(found)
    }

    /// A directory that stands for that cgroup; it is made if need be.
    pub fn any_directory(&self, cgroup: &str) -> Result<PathBuf> {
        self.create(cgroup, &Resources::default())?;
        self.directory("memory", cgroup).ok_or_else(|| Error::Host("the memory controller is not there".to_owned()))
    }

    /// Version 2: what to write into files of a container's cgroup that libcontainer knows nothing of: the container dies as a whole of want
    /// of memory, and gets no swap. Only files that this kernel has, as shows in the parent.
    pub fn container_files(&self, parent: &str) -> Vec<(&'static str, &'static str)> {
        let mut files = vec![("memory.oom.group", "1"), ("memory.swap.max", "0")];
        files.retain(|(file, _)| self.version == 2 && self.directory("memory", parent).is_some_and(|parent| parent.join(file).exists()));
        files
    }

    /// Version 1: source and place in the container (below `/sys/fs/cgroup`) of each hierarchy that a container has a cgroup of its own in.
    pub fn container_binds(&self, cgroup: &str) -> Vec<(PathBuf, String)> {
        let mut binds = Vec::new();
        for hierarchy in self.hierarchies.iter().filter(|_| self.version == 1) {
            for controller in &hierarchy.controllers {
                if ["cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids"].contains(&controller.as_str()) {
                    binds.push((below(hierarchy, cgroup), controller.clone()));
                }
            }
        }
        binds
    }
}

fn below(hierarchy: &Hierarchy, cgroup: &str) -> PathBuf {
    hierarchy.mount.join(cgroup.trim_start_matches('/'))
}

/// Kills what is there now; says how many there were.
///
/// A cgroup that somebody else removes meanwhile (the shim does, when a container ends) had nothing left to kill.
fn kill_once(directory: &Path) -> io::Result<usize> {
    match kill_listed(directory) {
        Err(error) if matches!(error.raw_os_error(), Some(nix::libc::ENOENT | nix::libc::ENODEV)) => Ok(0),
        other => other,
    }
}

fn kill_listed(directory: &Path) -> io::Result<usize> {
    let processes = fs::read_to_string(directory.join("cgroup.procs"))?;
    // Version 2: takes everything below along, and nothing can fork its way out of it.
    let at_once = directory.join("cgroup.kill");
    if at_once.exists() {
        fs::write(&at_once, "1")?;
    }
    let mut left = 0;
    for entry in fs::read_dir(directory)?.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        left += kill_once(&entry.path())?;
    }
    // A frozen process cannot die, and one above freezes all below. The file exists on version 1 only.
    if directory.join("freezer.state").exists() {
        fs::write(directory.join("freezer.state"), "THAWED")?;
    }
    for pid in processes.lines().filter_map(|line| line.parse::<i32>().ok()).filter(|pid| *pid > 0) {
        left += 1;
        match nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL) {
            Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(left)
}

fn remove_tree(directory: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        remove_tree(&entry.path())?;
    }
    crate::record::unless_missing(fs::remove_dir(directory))
}

fn collect(directory: &Path, cgroup: &str, found: &mut BTreeSet<String>) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    found.insert(cgroup.to_owned());
    for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        collect(&entry.path(), &format!("{cgroup}/{}", entry.file_name().to_string_lossy()), found)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout_of(mountinfo: &str) -> Option<Layout> {
        Layout::of(&mount_table::parse(mountinfo.as_bytes()))
    }

    const HYBRID: &str = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";

    #[test]
    fn the_hybrid_layout_is_version_1() {
        let layout = layout_of(HYBRID).unwrap();
        assert_eq!(layout.version, 1);
        assert_eq!(layout.directory("cpu", "/s/p").unwrap(), Path::new("/sys/fs/cgroup/cpu,cpuacct/s/p"));
        assert_eq!(layout.hierarchies[2].controllers, ["name=systemd"]);
        assert_eq!(layout.container_binds("/x").len(), 3);
    }

    #[test]
    fn one_mount_at_the_top_is_version_2() {
        let layout = layout_of("30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n").unwrap();
        assert_eq!(layout.version, 2);
        assert_eq!(layout.directory("memory", "/s/p").unwrap(), Path::new("/sys/fs/cgroup/s/p"));
        assert_eq!(layout_of("22 27 0:21 / /proc rw - proc proc rw\n"), None);
    }
}
