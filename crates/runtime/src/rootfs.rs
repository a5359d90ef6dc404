//! Everything about a container that is settled before libcontainer is called: its root file system, user, environment, limits.
//!
//! Works in a mount namespace of the helper's own, so the overlay and staged binds are never seen on the machine and vanish with the
//! container. Treats the image's content as hostile: paths in it are resolved by the kernel inside the root (`openat2`).

mod places;

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2};
use nix::mount::{MsFlags, mount};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{Gid, Uid, fchownat};
use serde_json::Value;
use stead_sys::capability::{self, CapabilitySet};

use crate::app_armor;
use crate::cgroup::Layout;
use crate::container::{ContainerSpec, EffectiveUser, Mount, Rlimit, Seccomp};
use crate::dev_volume::DevVolume;
use crate::executor::{Program, c_string, plain};
use crate::ids::IdRange;
use crate::mounts;
use crate::record::{self, ContainerRecord, SandboxDir, SandboxRecord, StartedRecord};
use crate::seccomp::Filter;
use crate::spec::{self, DeviceNode, Inputs};
use crate::user::{self, Resolved};

/// `PATH` where none is given.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Largest `/etc/passwd` or `/etc/group` that is read.
const DATABASE_BYTES_MAX: u64 = 1 << 20;
/// Open files of a container where nothing else is asked.
const NOFILE: u64 = 1_048_576;
const DEVICES_MAX: usize = 4096;

/// What was settled.
#[derive(Debug)]
pub struct Prepared {
    /// Where the root file system is mounted.
    pub rootfs: PathBuf,
    /// Working directory.
    pub cwd: String,
    /// For libcontainer.
    pub config: Value,
    /// For the executor, without its status pipe.
    pub program: Program,
    /// Device nodes beside the standard ones.
    pub devices: Vec<DeviceNode>,
    /// Who it runs as.
    pub user: EffectiveUser,
    /// Limits that can be set.
    pub rlimits: Vec<Rlimit>,
    /// The value that could be set.
    pub oom_score_adj: i32,
    /// What comes in the place of `/dev`.
    pub dev_volume: Option<DevVolume>,
    /// The AppArmor profile that it is held to.
    pub app_armor: Option<String>,
    /// Kept open until the container is made: the process namespace that it joins.
    pub processes: Option<File>,
    /// Whose users it has, if they are the sandbox's own.
    pub users: Option<Users>,
}

/// The users of a sandbox that has its own.
#[derive(Debug)]
pub struct Users {
    /// Whom they are on the machine.
    pub ids: IdRange,
    /// Their namespace.
    pub namespace: OwnedFd,
}

impl Users {
    fn of(dir: &SandboxDir, sandbox: &SandboxRecord) -> Result<Option<Users>, String> {
        let Some(ids) = sandbox.users else { return Ok(None) };
        let path = dir.namespace("user");
        let namespace = File::open(&path).map_err(|error| format!("open {}: {error}", path.display()))?;
        Ok(Some(Users { ids, namespace: namespace.into() }))
    }

    /// Refuses who is nobody there.
    fn check(&self, user: &EffectiveUser) -> Result<(), String> {
        let all = [("user", user.uid), ("group", user.gid)].into_iter().chain(user.groups.iter().map(|group| ("group", *group)));
        let stranger = all.into_iter().find(|(_, id)| self.ids.outside(*id).is_none());
        stranger.map_or(Ok(()), |(kind, id)| {
            Err(format!("{kind} {id} is not in the user namespace of the sandbox, which has {} of them", self.ids.count))
        })
    }
}

/// Settles everything. Errors are texts for users.
pub fn prepare(dir: &SandboxDir, sandbox: &SandboxRecord, container: &ContainerRecord, layout: &Layout) -> Result<Prepared, String> {
    let spec = &container.spec;
    let failed = |reason: String| format!("failed to generate container {:?} spec: failed to generate spec: {reason}", container.id);
    let argv = argv(container);
    if argv.is_empty() {
        return Err(failed("no command specified".to_owned()));
    }
    nix::sys::stat::umask(Mode::from_bits_truncate(0o022));
    nix::unistd::setgroups(&[]).map_err(|error| format!("clear groups: {error}"))?;
    let base = dir.container(&container.id);
    let users = Users::of(dir, sandbox).map_err(failed)?;
    let owner = users.as_ref().map_or(0, |users| users.ids.first);
    let mut mounts = mounts::enter_namespace(&base, &spec.mounts, users.as_ref().map(|users| users.namespace.as_fd())).map_err(failed)?;
    let rootfs = overlay(&base, container, users.as_ref())?;
    mounts.extend(volumes(&rootfs, container, owner)?);
    mounts::settle_destinations(&rootfs, &mut mounts).map_err(failed)?;
    let dev_volume = DevVolume::take(&mut mounts, spec).map_err(failed)?;
    if users.is_some() {
        places::make(&rootfs, &mounts, owner)?;
    }
    let passwd = database(&rootfs, "etc/passwd")?;
    let group = database(&rootfs, "etc/group")?;
    let resolved = user::resolve(&spec.user, &container.image.config.user, &passwd, &group).map_err(failed)?;
    if let Some(users) = &users {
        users.check(&resolved.user).map_err(failed)?;
    }
    let termination_log = base.join("termination-log");
    if spec.termination_log.is_some() {
        File::create(&termination_log)
            .and_then(|file| file.set_permissions(fs::Permissions::from_mode(0o666)))
            .and_then(|()| std::os::unix::fs::chown(&termination_log, Some(owner), Some(owner)))
            .map_err(|error| format!("create {}: {error}", termination_log.display()))?;
    }
    let app_armor = if spec.privileged { None } else { app_armor::profile(&spec.app_armor).map_err(create_failed)? };
    let devices = devices(spec).map_err(failed)?;
    let cwd = spec.cwd.clone().unwrap_or_else(|| container.image.config.working_dir.clone());
    let cwd = if cwd.is_empty() { "/".to_owned() } else { cwd };
    let oom_score_adj = settle_oom_score(spec.oom_score_adj)?;
    let rlimits = settle_rlimits(spec)?;
    let processes = processes(dir, spec).map_err(failed)?;
    let config = spec::build(&Inputs {
        sandbox,
        sandbox_dir: dir,
        container,
        rootfs: &rootfs,
        layout,
        mounts: &mounts,
        termination_log: &termination_log,
        argv: &argv,
        cwd: &cwd,
        oom_score_adj,
        rlimits: &rlimits,
        devices: &devices,
        app_armor: app_armor.as_deref(),
        processes: processes.as_ref().map(|(path, _)| path.as_path()),
        unified: &layout.container_files(&sandbox.cgroup),
    });
    let asked = if spec.privileged { &Seccomp::Unconfined } else { &spec.seccomp };
    let filter = Filter::of(asked, &spec.capabilities).map_err(create_failed)?;
    let program = Program { filter, ..program(spec, &argv, &resolved).map_err(failed)? };
    let processes = processes.map(|(_, namespace)| namespace);
    Ok(Prepared {
        rootfs,
        cwd,
        config,
        program,
        devices,
        user: resolved.user,
        rlimits,
        oom_score_adj,
        dev_volume,
        app_armor,
        processes,
        users,
    })
}

/// The process namespace of the container whose processes are to be seen: its path, and what keeps that path alive. It is held before its
/// process is looked at, so that it cannot become another's meanwhile.
fn processes(dir: &SandboxDir, spec: &ContainerSpec) -> Result<Option<(PathBuf, File)>, String> {
    let Some(id) = &spec.processes_of else { return Ok(None) };
    let gone = || format!("container {id:?} does not run");
    let started: StartedRecord = record::read(&dir.container(id).join("started.json")).ok().flatten().ok_or_else(gone)?;
    let namespace = File::open(format!("/proc/{}/ns/pid", started.pid)).map_err(|_| gone())?;
    if stead_sys::process::start_ticks(started.pid).ok() != Some(started.start_ticks) {
        return Err(gone());
    }
    let path = format!("/proc/{}/fd/{}", std::process::id(), namespace.as_raw_fd());
    Ok(Some((path.into(), namespace)))
}

fn create_failed(reason: String) -> String {
    format!("failed to create containerd container: {reason}")
}

fn argv(container: &ContainerRecord) -> Vec<String> {
    if container.spec.argv.is_empty() {
        let config = &container.image.config;
        config.entrypoint.iter().chain(&config.cmd).cloned().collect()
    } else {
        container.spec.argv.clone()
    }
}

fn overlay(base: &Path, container: &ContainerRecord, users: Option<&Users>) -> Result<PathBuf, String> {
    let place = |name: &str| -> Result<PathBuf, String> {
        let path = base.join(name);
        fs::create_dir_all(&path).map_err(|error| format!("create {}: {error}", path.display()))?;
        Ok(path)
    };
    let (rootfs, upper, work) = (place("rootfs")?, place("upper")?, place("work")?);
    // The upper directory's mode is the root directory's mode in the container.
    fs::set_permissions(&upper, fs::Permissions::from_mode(0o755)).map_err(|error| format!("chmod {}: {error}", upper.display()))?;
    let (mut from, layers) = lower_directories(&container.image.layers);
    if let Some(users) = users {
        for directory in [&upper, &work] {
            std::os::unix::fs::chown(directory, Some(users.ids.first), Some(users.ids.first))
                .map_err(|error| format!("chown {}: {error}", directory.display()))?;
        }
        from = mapped_layers(&from, place("layers")?, users)?;
    }
    let options = format!("lowerdir={layers},upperdir={},workdir={}", upper.display(), work.display());
    // This process is the container's own, and what follows names whole paths.
    std::env::set_current_dir(&from).map_err(|error| format!("change to {}: {error}", from.display()))?;
    mount(Some("overlay"), &rootfs, Some("overlay"), MsFlags::empty(), Some(options.as_str()))
        .map_err(|error| format!("failed to mount the root file system: {}", plain(error as i32)))?;
    Ok(rootfs)
}

/// The directory of the layers shown with the ids of users of its own.
fn mapped_layers(from: &Path, place: PathBuf, users: &Users) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("bind {}: {error}", from.display());
    let tree = stead_sys::mount::copy_mount(from).map_err(failed)?;
    mounts::map_ids(&tree, users.namespace.as_fd(), from)?;
    stead_sys::mount::place_tree(&tree, &place).map_err(failed)?;
    Ok(place)
}

/// The lower directories from the uppermost, as short as they can be said, and from which directory: all options have to fit into a page.
fn lower_directories(layers: &[PathBuf]) -> (PathBuf, String) {
    let root = PathBuf::from("/");
    let parent = layers.first().and_then(|layer| layer.parent()).unwrap_or(&root);
    let from = if layers.iter().all(|layer| layer.parent() == Some(parent)) { parent } else { &root };
    let names = layers.iter().rev().filter_map(|layer| if from == root { layer.to_str() } else { layer.strip_prefix(from).ok()?.to_str() });
    (from.to_owned(), names.collect::<Vec<_>>().join(":"))
}

/// Where the kernel takes no rules for devices, none can be opened through the root file system.
pub fn refuse_devices(rootfs: &Path) -> Result<(), String> {
    let no_path: Option<&str> = None;
    mount(no_path, rootfs, no_path, MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_NODEV, no_path)
        .map_err(|error| format!("mount the root file system without devices: {}", plain(error as i32)))
}

/// The image's volumes that nothing was asked for at: binds of the root file system onto itself, which can be written where the root cannot,
/// begin with what the image has there, and go with the container (OCI-8).
fn volumes(rootfs: &Path, container: &ContainerRecord, owner: u32) -> Result<Vec<Mount>, String> {
    let mut volumes = Vec::new();
    let is_asked = |volume: &str| {
        let asked = container.spec.mounts.iter().any(|mount| mount.destination.trim_end_matches('/') == volume);
        asked || volume.is_empty() || volume == "/proc" || volume.starts_with("/proc/")
    };
    let all = container.image.config.volumes.iter().map(|volume| volume.trim_end_matches('/'));
    for volume in all.filter(|volume| volume.starts_with('/') && !is_asked(volume)) {
        let source = mounts::make_directory(rootfs, volume, owner)?;
        volumes.push(Mount { source, destination: volume.to_owned(), ..Mount::default() });
    }
    Ok(volumes)
}

fn open_in_root(root: &OwnedFd, path: &Path, flags: OFlag) -> nix::Result<OwnedFd> {
    let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    openat2(root, path, how)
}

fn open_root(rootfs: &Path) -> Result<OwnedFd, String> {
    File::open(rootfs).map(OwnedFd::from).map_err(|error| format!("open {}: {error}", rootfs.display()))
}

/// A text file of the image; empty if there is none.
fn database(rootfs: &Path, path: &str) -> Result<String, String> {
    let file = match open_in_root(&open_root(rootfs)?, Path::new(path), OFlag::O_RDONLY | OFlag::O_NONBLOCK) {
        Ok(file) => File::from(file),
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(String::new()),
        Err(error) => return Err(format!("open /{path}: {}", plain(error as i32))),
    };
    let mut text = Vec::new();
    file.take(DATABASE_BYTES_MAX).read_to_end(&mut text).map_err(|error| format!("read /{path}: {error}"))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Makes a directory and its parents inside a root, where they are missing; they belong to `owner` and its group.
pub fn make_directory(rootfs: &Path, path: &str, owner: u32) -> Result<(), String> {
    let root = open_root(rootfs)?;
    let failed = |error: Errno| format!("mkdir {path}: {}", plain(error as i32));
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
    let mut so_far = PathBuf::from(".");
    let mut parent = open_in_root(&root, &so_far, flags).map_err(failed)?;
    for part in path.split('/').filter(|part| !part.is_empty()) {
        so_far.push(part);
        parent = match open_in_root(&root, &so_far, flags) {
            Ok(directory) => directory,
            Err(Errno::ENOENT) => {
                mkdirat(&parent, part, Mode::from_bits_truncate(0o755)).map_err(failed)?;
                let made = open_in_root(&root, &so_far, flags).map_err(failed)?;
                give(&made, owner).map_err(failed)?;
                made
            }
            Err(error) => return Err(failed(error)),
        };
    }
    Ok(())
}

/// Gives away a file that has just been made by the machine's root.
fn give(file: &OwnedFd, owner: u32) -> nix::Result<()> {
    let flags = AtFlags::AT_EMPTY_PATH | AtFlags::AT_SYMLINK_NOFOLLOW;
    if owner == 0 { Ok(()) } else { fchownat(file, "", Some(Uid::from_raw(owner)), Some(Gid::from_raw(owner)), flags) }
}

fn devices(spec: &ContainerSpec) -> Result<Vec<DeviceNode>, String> {
    let mut nodes = Vec::new();
    if spec.privileged {
        host_devices(Path::new("/dev"), &mut nodes);
    }
    for device in &spec.devices {
        let access = if device.permissions.is_empty() { "rwm" } else { &device.permissions };
        let node = device_node(&device.host_path, &device.container_path, access)
            .ok_or_else(|| format!("{} is not a device", device.host_path.display()))?;
        nodes.push(node);
    }
    Ok(nodes)
}

fn device_node(host: &Path, path: &str, access: &str) -> Option<DeviceNode> {
    let metadata = fs::metadata(host).ok()?;
    let kind = if metadata.file_type().is_char_device() {
        "c"
    } else if metadata.file_type().is_block_device() {
        "b"
    } else {
        return None;
    };
    let (major, minor) = (nix::libc::major(metadata.rdev()), nix::libc::minor(metadata.rdev()));
    Some(DeviceNode { path: path.to_owned(), kind, major, minor, mode: metadata.permissions().mode() & 0o777, access: access.to_owned() })
}

fn host_devices(directory: &Path, nodes: &mut Vec<DeviceNode>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let Some(text) = path.to_str() else { continue };
        if nodes.len() >= DEVICES_MAX || ["pts", "shm", "mqueue", "fd", "ptmx", "console"].iter().any(|own| entry.file_name() == *own) {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => host_devices(&path, nodes),
            Ok(kind) if kind.is_char_device() || kind.is_block_device() => nodes.extend(device_node(&path, text, "rwm")),
            _ => {}
        }
    }
}

/// Sets the score of this process, from which the container inherits it, and says what it became: without the privilege to lower it,
/// the nearest value above that can be had.
fn settle_oom_score(asked: i32) -> Result<i32, String> {
    let path = "/proc/self/oom_score_adj";
    let current: i32 = fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    for value in [asked, asked.max(0), asked.max(current)] {
        match fs::write(path, value.to_string()) {
            Ok(()) => return Ok(value),
            Err(error) if error.raw_os_error() == Some(nix::libc::EACCES) => {}
            Err(error) => return Err(format!("write {path}: {error}")),
        }
    }
    Ok(current)
}

fn settle_rlimits(spec: &ContainerSpec) -> Result<Vec<Rlimit>, String> {
    let may_raise = capability::permitted().map_err(|error| format!("read capabilities: {error}"))?.contains(capability::SYS_RESOURCE);
    let open_max = fs::read_to_string("/proc/sys/fs/nr_open").ok().and_then(|text| text.trim().parse().ok()).unwrap_or(NOFILE);
    let mut asked = spec.rlimits.clone();
    if !asked.iter().any(|limit| limit.name == "RLIMIT_NOFILE") {
        asked.push(Rlimit { name: "RLIMIT_NOFILE".to_owned(), soft: NOFILE, hard: NOFILE });
    }
    for limit in &mut asked {
        let hard = stead_sys::process::hard_limit(&limit.name).ok_or_else(|| format!("unknown limit {}", limit.name))?;
        let mut ceiling = if may_raise { u64::MAX } else { hard };
        if limit.name == "RLIMIT_NOFILE" {
            ceiling = ceiling.min(open_max);
        }
        limit.hard = limit.hard.min(ceiling);
        limit.soft = limit.soft.min(limit.hard);
    }
    Ok(asked)
}

fn program(spec: &ContainerSpec, argv: &[String], resolved: &Resolved) -> Result<Program, String> {
    let permitted = capability::permitted().map_err(|error| format!("read capabilities: {error}"))?;
    let capabilities = if spec.privileged {
        permitted
    } else {
        let mut bits = 0;
        for name in &spec.capabilities {
            bits |= 1u64 << capability::number(name).ok_or_else(|| format!("unknown capability {name:?}"))?;
        }
        CapabilitySet(bits).intersection(permitted)
    };
    let environment = environment(&spec.env, &resolved.home);
    let search_path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone()).unwrap_or_default();
    Ok(Program {
        argv: argv.iter().map(|word| c_string(word)).collect::<Result<_, _>>()?,
        env: environment.iter().map(|(name, value)| c_string(&format!("{name}={value}"))).collect::<Result<_, _>>()?,
        search_path,
        user: resolved.user.clone(),
        capabilities,
        no_new_privs: spec.no_new_privs,
        filter: None,
        dev_volume: None,
        users: -1,
        terminal: -1,
        status: -1,
    })
}

/// Later entries replace earlier ones in their place; `PATH` comes first and `HOME` last where they are not given.
fn environment(asked: &[(String, String)], home: &str) -> Vec<(String, String)> {
    let mut environment: Vec<(String, String)> = Vec::with_capacity(asked.len() + 2);
    for (name, value) in asked {
        match environment.iter_mut().find(|(known, _)| known == name) {
            Some(entry) => entry.1.clone_from(value),
            None => environment.push((name.clone(), value.clone())),
        }
    }
    if !environment.iter().any(|(name, _)| name == "PATH") {
        environment.insert(0, ("PATH".to_owned(), DEFAULT_PATH.to_owned()));
    }
    if !environment.iter().any(|(name, _)| name == "HOME") {
        environment.push(("HOME".to_owned(), home.to_owned()));
    }
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_is_overridden_in_place() {
        // ENV-10
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let found = environment(&[pair("A", "1"), pair("B", "2"), pair("A", "3")], "/root");
        assert_eq!(found, [pair("PATH", DEFAULT_PATH), pair("A", "3"), pair("B", "2"), pair("HOME", "/root")]);
        assert_eq!(environment(&[pair("PATH", "/x"), pair("HOME", "/y")], "/root"), [pair("PATH", "/x"), pair("HOME", "/y")]);
    }

    #[test]
    fn many_layers_are_said_shortly() {
        // IMG-11
        let layers: Vec<PathBuf> = (0..500).map(|n| PathBuf::from(format!("/data/images/layers/{n}"))).collect();
        let (from, names) = lower_directories(&layers);
        assert!(from == Path::new("/data/images/layers") && names.starts_with("499:498:") && names.len() < 2500, "{names}");
        let apart = [PathBuf::from("/a/1"), PathBuf::from("/b/2")];
        assert_eq!(lower_directories(&apart), (PathBuf::from("/"), "/b/2:/a/1".to_owned()));
    }

    #[test]
    fn directories_are_made_inside_the_root_only() {
        // LC-28
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        std::os::unix::fs::symlink("../../..", root.join("up")).unwrap();
        fs::write(root.join("file"), "").unwrap();
        make_directory(&root, "/a/b", 0).unwrap();
        assert!(root.join("a/b").is_dir());
        make_directory(&root, "/up/made", 0).unwrap();
        assert!(root.join("made").is_dir());
        assert_eq!(make_directory(&root, "/file/x", 0).unwrap_err(), "mkdir /file/x: not a directory");
        assert_eq!(make_directory(&root, "/file", 0).unwrap_err(), "mkdir /file: not a directory");
    }
}
