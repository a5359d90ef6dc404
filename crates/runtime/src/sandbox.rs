//! What a sandbox is: the namespaces, cgroup and shim that the containers of one pod share.
//!
//! Only types; making and removing sandboxes is in `runtime`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::container::{HugePages, Resources};

/// Whose namespace of one kind a sandbox or its containers use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum NamespaceMode {
    /// One of their own.
    #[default]
    Own,
    /// The machine's.
    Host,
    /// One of the sandbox's, shared by its containers. Only of processes: of the other kinds each sandbox's own one is that.
    Sandbox,
}

/// Whose users those in the containers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Users {
    /// The machine's: 0 is root.
    #[default]
    Machine,
    /// The sandbox's own, who are nobody on the machine.
    Own,
}

/// What to make.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SandboxSpec {
    /// Unique for ever (a pod's uid and the sandbox's attempt, say): `[A-Za-z0-9][A-Za-z0-9_.-]*`, at most 128 bytes.
    pub id: String,
    /// Kept with the sandbox and given back by [`crate::Runtime::sandboxes`]; never interpreted.
    pub labels: BTreeMap<String, String>,
    /// Host name in an own UTS namespace, at most 64 bytes; ignored with the host's.
    pub hostname: String,
    /// Network namespace. An own one has its loopback device up and nothing else.
    pub network: NamespaceMode,
    /// System V IPC and POSIX message queues; `Host` also shares the machine's `/dev/shm`.
    pub ipc: NamespaceMode,
    /// Host name.
    pub uts: NamespaceMode,
    /// `Own` gives every container its own process namespace, `Sandbox` one to all, whose first process is none of theirs.
    pub pid: NamespaceMode,
    /// `Own` ones come with every namespace of the sandbox's own: the machine's cannot be had then.
    pub users: Users,
    /// Settings of the kernel in the sandbox's own namespaces, by names with dots such as `net.ipv4.tcp_syncookies`.
    pub sysctls: BTreeMap<String, String>,
    /// Parent cgroup of the containers, relative to the runtime's own cgroup, such as `kubepods/burstable/pod<uid>`. Removed with the
    /// sandbox, so it must not be shared between sandboxes that live at the same time.
    pub cgroup_parent: String,
    /// Limits of that parent cgroup.
    pub resources: Resources,
    /// Huge pages that all containers together may take; of other sizes none.
    pub huge_pages: Vec<HugePages>,
    /// Size of the `/dev/shm` that the containers share; 0 means 64 MiB.
    pub shm_size_bytes: u64,
    /// Directory of the containers' logs. Made (0755) with the sandbox and removed with it.
    pub log_dir: PathBuf,
}

/// Whether containers can be started in a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SandboxState {
    /// Its shim answers.
    Ready,
    /// Its shim is gone and every process of it has been killed; records and logs remain.
    Stopped,
    /// Something of it may run that cannot be dealt with: a newer program's records or shim, or processes that do not die. Says why.
    LeftAlone(String),
}

/// A sandbox as it is now.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// As asked for.
    pub spec: SandboxSpec,
    /// Whether containers can be started in it.
    pub state: SandboxState,
    /// Where its own network namespace is pinned, for setting up devices in it; none with the machine's network.
    pub network_namespace: Option<PathBuf>,
    /// The shim's process id.
    pub shim_pid: i32,
}
