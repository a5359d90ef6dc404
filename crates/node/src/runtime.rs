//! What a node needs of a container runtime. The real one and the simulated one stand behind the same trait, so the pod worker,
//! its plan and its status are the same code for both.

use crate::host::Interface;
use crate::pod::probes::{Check, Probed};
use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
pub use stead_api::kinds::pod_spec::qos::QosClass;
use stead_api::time::Timestamp;
use stead_images::{Keyring, Progress};
pub use stead_runtime::{Pressure, Pressures, Stall};

/// The settings of an image that matter for starting a container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image {
    /// The full reference shown in a status, e.g. `localhost/stead:1`.
    pub reference: String,
    /// The digest reference shown as `imageID`.
    pub id: String,
    pub entrypoint: Vec<String>,
    pub command: Vec<String>,
    /// `NAME=value`.
    pub env: Vec<String>,
    pub user: String,
    pub working_dir: String,
    pub stop_signal: String,
}

/// An image that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentImage {
    pub id: String,
    /// Full names, tags before digests.
    pub names: Vec<String>,
    pub size_bytes: u64,
    /// Somebody put it here by hand: it is never collected.
    pub pinned: bool,
    /// A container runs on it, or has.
    pub in_use: bool,
}

/// How full the file system of the images is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskRoom {
    pub capacity_bytes: u64,
    pub available_bytes: u64,
}

/// An image that was pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    pub image: Image,
    /// Of all its parts as they came.
    pub size_bytes: u64,
}

/// What a pod's containers share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxSpec {
    /// Unique for ever: the pod's uid and the sandbox's attempt.
    pub id: String,
    /// The pod's uid.
    pub pod: String,
    /// The node that it is on.
    pub node: String,
    /// Kept by the runtime and given back by [`Runtime::list`].
    pub labels: BTreeMap<String, String>,
    pub hostname: String,
    pub host_network: bool,
    pub host_ipc: bool,
    /// Whether its users are nobody on the machine (SEC-19).
    pub own_users: bool,
    pub processes: Processes,
    /// Settings of the kernel in its namespaces, by names with dots.
    pub sysctls: BTreeMap<String, String>,
    /// Whom the pod as a whole runs as, as far as it says.
    pub user: User,
    /// Where its cgroup stands.
    pub qos: QosClass,
    /// Of the cgroup around its containers.
    pub limits: Limits,
    pub huge_pages: Vec<HugePages>,
}

/// Whose processes a container sees (SEC-20).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Processes {
    #[default]
    Own,
    /// Those of the whole pod.
    Pod,
    Host,
}

/// One container to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerSpec {
    pub name: String,
    /// 0 for the first start; the runtime refuses to start the same attempt twice.
    pub attempt: u32,
    /// The run of another container of the sandbox whose processes it is to see, and be among.
    pub processes_of: Option<(String, u32)>,
    pub image: String,
    /// The image as the pod names it; kept by the runtime and given back by [`Runtime::list`].
    pub image_named: String,
    pub argv: Vec<String>,
    pub env: Vec<(String, String)>,
    pub working_dir: String,
    pub user: User,
    pub security: Security,
    /// In the order in which they are made; one at the place of an automatic mount replaces that.
    pub mounts: Vec<Mount>,
    /// Beside those that every container has.
    pub devices: Vec<Device>,
    pub limits: Limits,
    pub huge_pages: Vec<HugePages>,
    /// -997 to 1000 (CG-1).
    pub oom_score_adj: i32,
    /// The signal that asks it to end, e.g. `SIGTERM`.
    pub stop_signal: String,
    pub input: Input,
    /// Where the container finds its termination message file.
    pub termination_message_path: String,
    /// Fall back to the log's end when it failed and wrote no message.
    pub termination_message_from_log: bool,
}

/// Whom a container runs as; names are looked up in its own root file system (SEC-2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    /// The image's `USER`, used for what is not given.
    pub image_user: String,
    pub supplemental_groups: Vec<u32>,
    /// Those of the image's files are left out (SEC-4).
    pub strict_groups: bool,
}

/// What a container may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Security {
    pub privileged: bool,
    pub no_new_privileges: bool,
    pub read_only_root: bool,
    pub seccomp: Seccomp,
    pub app_armor: AppArmor,
    /// All of `/proc` shows, and can be written as far as the kernel lets it (SEC-18).
    pub unmasked_proc: bool,
    /// Without `CAP_`; `ALL` is understood.
    pub capabilities_add: Vec<String>,
    pub capabilities_drop: Vec<String>,
}

/// Which system calls a container may make (SEC-13).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Seccomp {
    /// As the node has it for those who do not say.
    #[default]
    Unset,
    Unconfined,
    RuntimeDefault,
    /// A file's path below the node's directory of profiles.
    Localhost(String),
}

/// The AppArmor profile of a container, on machines that have AppArmor (SEC-15).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AppArmor {
    /// The runtime's own.
    #[default]
    RuntimeDefault,
    Unconfined,
    /// One that is loaded on the machine.
    Localhost(String),
}

/// A file or directory of the machine that shows in a container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mount {
    pub source: PathBuf,
    /// Absolute, in the container.
    pub destination: String,
    pub read_only: bool,
    /// What is mounted below it is read-only too (OCI-10).
    pub recursive_read_only: bool,
    pub propagation: Propagation,
}

/// A device of the machine that shows in a container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Device {
    pub host_path: PathBuf,
    /// Absolute, in the container.
    pub container_path: String,
    /// It can be read only; else written too, and made again.
    pub read_only: bool,
}

/// How mounts below a mount show on the other side (OCI-9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    #[default]
    None,
    HostToContainer,
    Bidirectional,
}

/// Settings of a cgroup.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// Relative weight, 2 to 262144 (CG-4).
    pub cpu_shares: u64,
    /// Microseconds of CPU time per 100 ms; `None`: no limit.
    pub cpu_quota_us: Option<i64>,
    /// Bytes; `None`: no limit.
    pub memory_bytes: Option<i64>,
}

/// How much of one size of huge pages may be taken (CG-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HugePages {
    pub page_bytes: u64,
    pub limit_bytes: u64,
}

/// What a container reads (OCI-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Input {
    /// Open for whoever attaches.
    pub stdin: bool,
    /// Until the first of them is gone.
    pub once: bool,
    /// A terminal for input and output.
    pub tty: bool,
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// 128 + n for signal n.
    pub code: i32,
    pub oom: bool,
    /// `None` if it never ran.
    pub started_at: Option<Timestamp>,
    pub finished_at: Timestamp,
    pub message: String,
    /// Set where it is not made from code and OOM: `StartError`, `ContainerStatusUnknown`.
    pub reason: Option<&'static str>,
}

/// One run of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    pub attempt: u32,
    /// 64 hexadecimal digits.
    pub id: String,
    /// The image as the pod named it; empty if that is not known.
    pub image: String,
    /// Who it runs as, if that is known.
    pub user: Option<RunUser>,
    pub state: InstanceState,
}

/// Who a container runs as.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunUser {
    pub uid: u32,
    pub gid: u32,
    /// In order, the primary group among them.
    pub groups: Vec<u32>,
}

/// Whether it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceState {
    Running { started_at: Timestamp },
    Exited(Exit),
}

/// What a runtime has of a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxRecord {
    pub id: String,
    /// As given in its specification.
    pub labels: BTreeMap<String, String>,
    /// Its namespaces and its shim are alive.
    pub ready: bool,
    /// Of its own network, primary first; none with the host's.
    pub addresses: Vec<IpAddr>,
    /// By container name, oldest attempt first.
    pub containers: BTreeMap<String, Vec<Instance>>,
}

/// A container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub sandbox: String,
    pub container: String,
    pub attempt: u32,
    pub exit: Exit,
}

/// Something that happened by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Ended(Ended),
    /// A sandbox died, and with it what ran there; those ends are told by themselves.
    SandboxDied {
        sandbox: String,
        reason: String,
    },
}

/// Why a container did not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// It could not be made: `CreateContainerError`.
    #[error("{0}")]
    Create(String),
    /// It was made but its program did not run: `RunContainerError`, exit code 128. `id` is the container's.
    #[error("{message}")]
    Start { id: String, message: String },
    /// Its sandbox has died: a new one must be made first (RST-10).
    #[error("the sandbox is gone")]
    SandboxGone,
}

/// What a cgroup has used and uses (STAT-2, STAT-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Processor time since it was made.
    pub cpu_ns: u64,
    pub memory_bytes: u64,
    pub working_set_bytes: u64,
    pub rss_bytes: u64,
    pub swap_bytes: u64,
    pub page_faults: u64,
    pub major_page_faults: u64,
    pub processes: u64,
    pub oom_kills: u64,
    pub pressure: Pressures,
}

/// Of a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SandboxUsage {
    /// The interfaces of its own network; none with the host's.
    pub network: Vec<Interface>,
    /// Of the cgroup around its containers.
    pub total: Usage,
    /// Of its running containers, by name.
    pub containers: BTreeMap<String, Usage>,
}

/// What a container has on disk (CG-13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiskUsage {
    /// What it has written into its root file system.
    pub layer_bytes: u64,
    pub layer_inodes: u64,
    /// Its log, rotated files included.
    pub log_bytes: u64,
    pub log_inodes: u64,
}

/// Why limits were not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// More memory than that is in use; nothing was changed (CG-14).
    #[error("a memory limit of {limit_bytes} bytes is below the {usage_bytes} bytes in use")]
    BelowUsage { limit_bytes: u64, usage_bytes: u64 },
    /// The container does not run, or the sandbox is not up.
    #[error("it does not run")]
    NotRunning,
    #[error("{0}")]
    Failed(String),
}

/// How a program that was run in a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecEnd {
    /// 128 + n for signal n.
    pub code: i32,
    /// What it printed on both streams, its first [`EXEC_OUTPUT_BYTES_MAX`] bytes.
    pub output: Vec<u8>,
}

/// So much of what a program prints is kept.
pub const EXEC_OUTPUT_BYTES_MAX: usize = 10 << 10;

/// Why a program did not run to its end in a container.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExecError {
    #[error("timed out")]
    TimedOut,
    #[error("the container does not run")]
    NotRunning,
    #[error("{0}")]
    Failed(String),
}

/// A container runtime. All calls are idempotent; errors are texts for a status.
pub trait Runtime: Clone + Send + Sync + 'static {
    /// `NAME://VERSION`; the name prefixes container ids.
    fn version(&self) -> String;
    /// Why packets of its sandboxes cannot be judged, as long as that is so.
    fn network_impairment(&self) -> Option<String> {
        None
    }
    /// Whether a node without volumes looks for what they would be made of, and holds a pod back for want of it.
    fn misses_volumes(&self) -> bool {
        false
    }
    /// The image, if it is present.
    fn image(&self, reference: &str) -> impl Future<Output = Result<Option<Image>, String>> + Send;
    /// Pulls the image, whatever is here of it, with the credentials that its pod brings. Dropped, it ends.
    fn pull_image(
        &self,
        reference: &str,
        _keyring: Keyring,
        _progress: Arc<dyn Progress>,
    ) -> impl Future<Output = Result<Pulled, String>> + Send {
        async move {
            let image = self.image(reference).await?.ok_or_else(|| format!("there is no image {reference}"))?;
            Ok(Pulled { image, size_bytes: 0 })
        }
    }
    /// All images that are here.
    fn images(&self) -> impl Future<Output = Result<Vec<PresentImage>, String>> + Send {
        async { Ok(Vec::new()) }
    }
    /// Removes an image by its id. One that came into use stays.
    fn remove_image(&self, _id: &str) -> impl Future<Output = Result<(), String>> + Send {
        async { Ok(()) }
    }
    /// Of the file system where images are; nothing if that is not known.
    fn image_room(&self) -> impl Future<Output = Option<DiskRoom>> + Send {
        async { None }
    }
    /// Shows the files of an image that is here, read-only, at an existing directory, until that is unmounted. Done already, it stays so.
    fn mount_image(&self, _reference: &str, _place: &Path) -> impl Future<Output = Result<(), String>> + Send {
        async { Ok(()) }
    }
    /// Makes the sandbox and connects its network, or finds that done. Gives its own addresses, primary first; none with the host's network.
    fn create_sandbox(&self, spec: SandboxSpec) -> impl Future<Output = Result<Vec<IpAddr>, String>> + Send;
    /// Ends what runs in it and gives back namespaces and cgroups; records and logs stay. One that is not there is success.
    fn stop_sandbox(&self, id: &str) -> impl Future<Output = Result<(), String>> + Send;
    /// Stops it and removes every trace of it. One that is not there is success.
    fn remove_sandbox(&self, id: &str) -> impl Future<Output = Result<(), String>> + Send;
    /// Starts a container; it runs when this returns.
    fn start(&self, sandbox: &str, spec: ContainerSpec) -> impl Future<Output = Result<Instance, StartError>> + Send;
    /// Sends a signal by name to the container's first process. One that has ended is success.
    fn signal(&self, sandbox: &str, container: &str, attempt: u32, signal: &str) -> impl Future<Output = Result<(), String>> + Send;
    /// Kills every process of the container.
    fn kill(&self, sandbox: &str, container: &str, attempt: u32) -> impl Future<Output = Result<(), String>> + Send;
    /// Runs a program in a container, as its own program runs there. When the time is over or nobody waits any more it is killed.
    fn exec(
        &self,
        sandbox: &str,
        container: &str,
        attempt: u32,
        argv: Vec<String>,
        timeout: Duration,
    ) -> impl Future<Output = Result<ExecEnd, ExecError>> + Send;
    /// Asks a container how it is.
    fn probe(&self, check: &Check) -> impl Future<Output = Probed> + Send {
        crate::probe::perform(self, check)
    }
    /// Removes the records and logs of a container's ended runs before that attempt.
    fn forget_runs(&self, sandbox: &str, container: &str, before: u32) -> impl Future<Output = Result<(), String>> + Send;
    /// What a sandbox that is up uses now; nothing if it is not, or nothing is known of it.
    fn usage(&self, _sandbox: &str) -> impl Future<Output = Option<SandboxUsage>> + Send {
        async { None }
    }
    /// What a container has on disk; nothing if it is not known. Slow: its writable layer is walked.
    fn disk_usage(&self, _sandbox: &str, _container: &str, _attempt: u32) -> impl Future<Output = Option<DiskUsage>> + Send {
        async { None }
    }
    /// Gives a running container other limits.
    fn update_limits(
        &self,
        _sandbox: &str,
        _container: &str,
        _attempt: u32,
        _limits: Limits,
    ) -> impl Future<Output = Result<(), LimitError>> + Send {
        async { Ok(()) }
    }
    /// Gives the cgroup around a sandbox's containers other limits. Raise these before a container's, lower them after (CG-14).
    fn update_sandbox_limits(&self, _sandbox: &str, _limits: Limits) -> impl Future<Output = Result<(), LimitError>> + Send {
        async { Ok(()) }
    }
    /// What there is, for a node agent that starts.
    fn list(&self) -> impl Future<Output = Result<Vec<SandboxRecord>, String>> + Send;
    /// What happens by itself: ends of containers, each at least once, and of sandboxes. One caller.
    fn hear(&self) -> impl Future<Output = Option<Heard>> + Send;
}

/// What a container prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The file that is written (LOG-1); `None` where nothing is.
    pub log: Option<PathBuf>,
    /// More may come. Once it is false everything is in the log.
    pub running: bool,
}

/// Where what containers print can be read.
pub trait Outputs: Clone + Send + Sync + 'static {
    /// Of a run, by its id without the runtime's name; `None` if it is not known.
    fn output(&self, id: &str) -> Option<Output>;
}
