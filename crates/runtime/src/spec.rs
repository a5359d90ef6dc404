//! The OCI configuration of a container: a pure function of what was asked for and what was found.
//!
//! The process in it stays root with every capability: our executor, which runs last, takes both away. So a seccomp filter can be loaded
//! there without `no_new_privs`. Never sets `noNewPrivileges` or a filter here for the same reason.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cgroup::Layout;
use crate::container::{Mount, Propagation, Resources, Rlimit, TerminationLog};
use crate::record::{ContainerRecord, SandboxDir, SandboxRecord};
use crate::sandbox::NamespaceMode;

/// Whose terminals are, in every distribution.
const TERMINALS_GROUP: u32 = 5;

/// What the configuration depends on.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// The sandbox.
    pub sandbox: &'a SandboxRecord,
    /// Its directory.
    pub sandbox_dir: &'a SandboxDir,
    /// The container.
    pub container: &'a ContainerRecord,
    /// Where its root file system is mounted.
    pub rootfs: &'a Path,
    /// The machine's cgroups.
    pub layout: &'a Layout,
    /// Mounts asked for, with sources as they are to be bound.
    pub mounts: &'a [Mount],
    /// Host file behind the termination log.
    pub termination_log: &'a Path,
    /// Program and arguments.
    pub argv: &'a [String],
    /// Working directory, which exists.
    pub cwd: &'a str,
    /// A value that can be set.
    pub oom_score_adj: i32,
    /// Limits that can be set.
    pub rlimits: &'a [Rlimit],
    /// Device nodes beside the standard ones.
    pub devices: &'a [DeviceNode],
    /// The AppArmor profile to enter.
    pub app_armor: Option<&'a str>,
    /// The process namespace of another container that it joins.
    pub processes: Option<&'a Path>,
    /// Version 2: files of the container's cgroup to write, and what.
    pub unified: &'a [(&'static str, &'static str)],
}

/// A device node, looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceNode {
    /// In the container.
    pub path: String,
    /// `c` or `b`.
    pub kind: &'static str,
    /// Its number.
    pub major: u32,
    /// Its number.
    pub minor: u32,
    /// Permission bits.
    pub mode: u32,
    /// Letters of `rwm` for the cgroup.
    pub access: String,
}

/// The configuration, as `config.json` holds it.
pub fn build(inputs: &Inputs) -> Value {
    let spec = &inputs.container.spec;
    let rlimits: Vec<Value> =
        inputs.rlimits.iter().map(|limit| json!({"type": limit.name, "soft": limit.soft, "hard": limit.hard})).collect();
    let devices: Vec<Value> = inputs
        .devices
        .iter()
        .map(|node| {
            json!({"path": node.path, "type": node.kind, "major": node.major, "minor": node.minor, "fileMode": node.mode, "uid": 0, "gid": 0})
        })
        .collect();
    let none: &[String] = &[];
    let (masked, readonly) = if spec.privileged { (none, none) } else { (spec.masked_paths.as_slice(), spec.readonly_paths.as_slice()) };
    let mut readonly = readonly.to_vec();
    if inputs.layout.version == 1 && !spec.privileged {
        readonly.push("/sys/fs/cgroup".to_owned());
    }
    let mut config = json!({
        "ociVersion": "1.2.0",
        "root": {"path": inputs.rootfs, "readonly": spec.read_only_rootfs},
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": inputs.argv,
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "cwd": inputs.cwd,
            "oomScoreAdj": inputs.oom_score_adj,
            "rlimits": rlimits,
        },
        "mounts": mounts(inputs),
        "linux": {
            "cgroupsPath": inputs.container.cgroup,
            "namespaces": namespaces(inputs),
            "resources": resources(&spec.resources, inputs),
            "devices": devices,
            "rootfsPropagation": propagation(inputs.mounts),
            "maskedPaths": masked,
            "readonlyPaths": readonly,
        },
    });
    // Even an empty one asks for AppArmor.
    if let Some(profile) = inputs.app_armor {
        config["process"]["apparmorProfile"] = profile.into();
    }
    config
}

/// What libcontainer makes of all mounts of its namespace. Shared with whom is settled by then: see [`crate::mounts`].
fn propagation(mounts: &[Mount]) -> &'static str {
    if mounts.iter().any(|mount| mount.propagation == Propagation::Bidirectional) { "shared" } else { "slave" }
}

fn namespaces(inputs: &Inputs) -> Vec<Value> {
    let sandbox = &inputs.sandbox.spec;
    let mut namespaces = vec![json!({"type": "mount"})];
    match sandbox.pid {
        NamespaceMode::Own => {
            let joined = inputs.processes.map(|path| json!({"type": "pid", "path": path}));
            namespaces.push(joined.unwrap_or_else(|| json!({"type": "pid"})));
        }
        NamespaceMode::Sandbox => namespaces.push(json!({"type": "pid", "path": inputs.sandbox_dir.namespace("pid")})),
        NamespaceMode::Host => {}
    }
    if inputs.layout.version == 2 && !inputs.container.spec.privileged {
        namespaces.push(json!({"type": "cgroup"}));
    }
    for (kind, name, mode) in [("network", "net", sandbox.network), ("ipc", "ipc", sandbox.ipc), ("uts", "uts", sandbox.uts)] {
        if mode == NamespaceMode::Own {
            namespaces.push(json!({"type": kind, "path": inputs.sandbox_dir.namespace(name)}));
        }
    }
    namespaces
}

fn mounts(inputs: &Inputs) -> Vec<Value> {
    let spec = &inputs.container.spec;
    let access = if spec.privileged { "rw" } else { "ro" };
    let plain = |destination: &str, kind: &str, options: &[&str]| json!({"destination": destination, "type": kind, "source": kind, "options": options});
    let owner = inputs.sandbox.users.map_or(0, |users| users.first);
    let (uid, gid, terminals) = (format!("uid={owner}"), format!("gid={owner}"), format!("gid={}", owner + TERMINALS_GROUP));
    let mut mounts = vec![
        plain("/proc", "proc", &["nosuid", "noexec", "nodev"]),
        plain("/dev", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k", &uid, &gid]),
        plain("/dev/pts", "devpts", &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", &terminals]),
        plain("/dev/mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
        plain("/sys", "sysfs", &["nosuid", "noexec", "nodev", access]),
    ];
    if inputs.layout.version == 2 {
        mounts.push(json!({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
            "options": ["nosuid", "noexec", "nodev", "relatime", access]}));
    } else {
        // libcontainer would bind these writable, and so let a container raise its own limits.
        mounts.push(plain("/sys/fs/cgroup", "tmpfs", &["nosuid", "noexec", "nodev", "mode=755"]));
        for (source, controller) in inputs.layout.container_binds(&inputs.container.cgroup) {
            mounts.push(bind(&source, &format!("/sys/fs/cgroup/{controller}"), &["nosuid", "noexec", "nodev", access]));
        }
    }
    let shm = if inputs.sandbox.spec.ipc == NamespaceMode::Host { PathBuf::from("/dev/shm") } else { inputs.sandbox_dir.shm() };
    let mut last = vec![bind(&shm, "/dev/shm", &["nosuid", "noexec", "nodev"])];
    // A mount asked for at an automatic one's place stands alone.
    for automatic in [&mut mounts, &mut last] {
        automatic.retain(|mount| {
            !inputs.mounts.iter().any(|asked| Some(asked.destination.trim_end_matches('/')) == mount["destination"].as_str())
        });
    }
    let stands_alone = |log: &&TerminationLog| !inputs.mounts.iter().any(|asked| asked.destination.trim_end_matches('/') == log.path);
    let mut log = spec.termination_log.as_ref().filter(stands_alone);
    for mount in inputs.mounts {
        if let Some(log) = log.take_if(|log| comes_before(&log.path, &mount.destination)) {
            mounts.push(bind(inputs.termination_log, &log.path, &["rw"]));
        }
        let access = match (mount.read_only, mount.recursive_read_only) {
            (true, true) => "rro",
            (true, false) => "ro",
            (false, _) => "rw",
        };
        mounts.push(bind(&mount.source, &mount.destination, &[access]));
    }
    mounts.extend(log.map(|log| bind(inputs.termination_log, &log.path, &["rw"])));
    mounts.append(&mut last);
    mounts
}

/// The termination log comes after what it may lie in, and before the files that every runtime adds last.
fn comes_before(log: &str, destination: &str) -> bool {
    let depth = |path: &str| path.split('/').filter(|part| !part.is_empty()).count();
    let is_added_last = matches!(destination, "/etc/hostname" | "/etc/resolv.conf");
    depth(log) < depth(destination) || (is_added_last && depth(log) == depth(destination))
}

fn bind(source: &Path, destination: &str, options: &[&str]) -> Value {
    let mut all = vec!["rbind"];
    all.extend_from_slice(options);
    json!({"destination": destination, "type": "bind", "source": source, "options": all})
}

fn resources(limits: &Resources, inputs: &Inputs) -> Value {
    let mut devices = Vec::new();
    if inputs.container.spec.privileged {
        devices.push(json!({"allow": true, "access": "rwm"}));
    } else {
        devices.push(json!({"allow": false, "access": "rwm"}));
        for node in inputs.devices {
            devices.push(json!({"allow": true, "type": node.kind, "major": node.major, "minor": node.minor, "access": node.access}));
        }
    }
    let mut value = json!({"devices": devices});
    let mut cpu = json!({});
    if let Some(shares) = limits.cpu_shares {
        cpu["shares"] = shares.into();
    }
    if let Some(quota) = limits.cpu_quota_us {
        cpu["quota"] = quota.into();
        cpu["period"] = limits.cpu_period_us.unwrap_or(100_000).into();
    }
    value["cpu"] = cpu;
    if let Some(limit) = limits.memory_limit_bytes {
        value["memory"] = json!({"limit": limit});
    }
    if let Some(limit) = limits.pids_limit {
        value["pids"] = json!({"limit": limit});
    }
    if !inputs.unified.is_empty() {
        value["unified"] = inputs.unified.iter().map(|(file, content)| ((*file).to_owned(), Value::from(*content))).collect();
    }
    value
}

#[cfg(test)]
mod tests;
