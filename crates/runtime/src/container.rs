//! What a container is: its specification, state and exit.
//!
//! Only types and constants; running containers is in `runtime`, `create` and `shim`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// What to run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerSpec {
    /// Unique in its sandbox together with `attempt`: `[A-Za-z0-9][A-Za-z0-9_.-]*`, at most 128 bytes.
    pub name: String,
    /// How often a container of this name was started before. A second start of the same attempt is refused.
    pub attempt: u32,
    /// Kept with the container and given back; never interpreted.
    pub labels: BTreeMap<String, String>,
    /// The id of a container of the same sandbox whose processes it is to see, and be among.
    pub processes_of: Option<String>,
    /// Reference or digest of an image that is present.
    pub image: String,
    /// Program and arguments. Empty: the image's entrypoint and command.
    pub argv: Vec<String>,
    /// The whole environment in order, the image's included; later entries win. `PATH` and `HOME` are added where absent.
    pub env: Vec<(String, String)>,
    /// Working directory, made if missing. None: the image's, else `/`.
    pub cwd: Option<String>,
    /// Who the process is.
    pub user: User,
    /// Names with `CAP_`: bounding, permitted and effective set. See [`default_capabilities`].
    pub capabilities: Vec<String>,
    /// Which system calls it may make.
    pub seccomp: Seccomp,
    /// What AppArmor holds it to, on machines that have it.
    pub app_armor: AppArmor,
    /// Sets `no_new_privs`; otherwise it stays off.
    pub no_new_privs: bool,
    /// All capabilities, all devices of the machine, no masked paths.
    pub privileged: bool,
    /// The root file system cannot be written; mounts, `/dev` and the termination log can.
    pub read_only_rootfs: bool,
    /// Binds, in the order given; a mount at an automatic mount's place replaces that.
    pub mounts: Vec<Mount>,
    /// Device nodes beside the standard ones.
    pub devices: Vec<Device>,
    /// Limits of the container's cgroup.
    pub resources: Resources,
    /// Huge pages that it may take; of other sizes none.
    pub huge_pages: Vec<HugePages>,
    /// -1000..=1000; raised to what this process may set, see [`Started::oom_score_adj`].
    pub oom_score_adj: i32,
    /// Lowered to what this process may set. `RLIMIT_NOFILE` is set to 1048576, or what can be had, unless given here.
    pub rlimits: Vec<Rlimit>,
    /// Input stays open for whoever attaches; without, it is `/dev/null`.
    pub stdin: bool,
    /// It ends when the first one that gives input is gone.
    pub stdin_once: bool,
    /// A terminal for input and output, the container's own.
    pub tty: bool,
    /// File for the output, in the form that CRI log readers know. Its directory is made.
    pub log_path: PathBuf,
    /// When that file is begun anew.
    pub log_rotation: LogRotation,
    /// Where the process may leave a last message.
    pub termination_log: Option<TerminationLog>,
    /// Paths that read as nothing. See [`default_masked_paths`].
    pub masked_paths: Vec<String>,
    /// Paths that cannot be written. See [`default_readonly_paths`].
    pub readonly_paths: Vec<String>,
}

/// Which system calls a container may make.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Seccomp {
    /// All.
    #[default]
    Unconfined,
    /// What container runtimes let through by default.
    Standard,
    /// As a file says, in the form of the OCI runtime specification.
    File(PathBuf),
}

/// What AppArmor holds a container to. Profiles are the machine's: none is loaded here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum AppArmor {
    /// Nothing.
    #[default]
    Unconfined,
    /// The profile that container runtimes use, where one of them has loaded it; nothing elsewhere.
    Standard,
    /// A profile that is loaded.
    Profile(String),
}

/// When a log's file is set aside and a new one begun, and what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogRotation {
    /// A file that has so many bytes is full. It grows by an eighth more at most for the sake of a line that has not ended.
    pub bytes_max: u64,
    /// Files, the one that is written included.
    pub files_max: usize,
}

impl Default for LogRotation {
    fn default() -> LogRotation {
        LogRotation { bytes_max: 10 << 20, files_max: 5 }
    }
}

/// Who a process is. Unset parts come from the image's `USER`, looked up in the container's own `/etc/passwd` and `/etc/group`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// User id; None: the image's user, else 0.
    pub uid: Option<u32>,
    /// Group id; None: the image's group, else the user's group in `/etc/passwd`, else 0.
    pub gid: Option<u32>,
    /// Supplementary groups asked for.
    pub groups: Vec<u32>,
    /// Whether `/etc/group` adds more.
    pub image_groups: ImageGroups,
}

/// Whether the groups that the image's `/etc/group` lists the user in are supplementary groups too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ImageGroups {
    /// They are.
    #[default]
    Merge,
    /// They are not.
    Ignore,
}

/// A bind mount.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Mount {
    /// Existing file or directory of the machine.
    pub source: PathBuf,
    /// Absolute path in the container.
    pub destination: String,
    /// Writes are refused.
    pub read_only: bool,
    /// Whether that holds for what is mounted below it too.
    pub recursive_read_only: bool,
    /// How mounts made later show on the other side.
    pub propagation: Propagation,
}

/// How mounts below a bind show on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Propagation {
    /// Not at all.
    #[default]
    Private,
    /// Mounts made on the machine show in the container.
    HostToContainer,
    /// And the other way round. The source must be on a shared mount. What the container mounts stays on the machine after it.
    Bidirectional,
}

/// A device node.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Device {
    /// Node of the machine.
    pub host_path: PathBuf,
    /// Node in the container.
    pub container_path: String,
    /// Letters of `rwm`.
    pub permissions: String,
}

/// Limits of a cgroup. None leaves the kernel's default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// 2..=262144, in cgroup v1's unit; converted to a weight on v2.
    pub cpu_shares: Option<u64>,
    /// Microseconds of CPU in each period.
    pub cpu_quota_us: Option<i64>,
    /// Microseconds; 100000 if only the quota is given.
    pub cpu_period_us: Option<u64>,
    /// Memory limit.
    pub memory_limit_bytes: Option<i64>,
    /// Most processes and threads.
    pub pids_limit: Option<i64>,
}

/// How much of one size of huge pages may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HugePages {
    /// Bytes of a page.
    pub page_bytes: u64,
    /// Bytes in all.
    pub limit_bytes: u64,
}

/// A limit of the process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rlimit {
    /// Such as `RLIMIT_NOFILE`.
    pub name: String,
    /// Soft limit.
    pub soft: u64,
    /// Hard limit.
    pub hard: u64,
}

/// A file in which the process may leave a last message; at most 4096 bytes of it are kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TerminationLog {
    /// Absolute path in the container.
    pub path: String,
    /// Whether the end of its output stands in where it failed without a word.
    pub output_on_failure: bool,
}

/// The user that a process got.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EffectiveUser {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Supplementary groups, sorted, the primary one included.
    pub groups: Vec<u32>,
}

/// A container that runs.
#[derive(Debug, Clone)]
pub struct Started {
    /// 64 hexadecimal digits.
    pub id: String,
    /// Process id on the machine.
    pub pid: i32,
    /// When its program was executed.
    pub started_at: SystemTime,
    /// Who it runs as.
    pub user: EffectiveUser,
    /// The value that could be set.
    pub oom_score_adj: i32,
}

/// A container as it is now.
#[derive(Debug, Clone)]
pub struct Container {
    /// 64 hexadecimal digits, the same for the same sandbox, name and attempt.
    pub id: String,
    /// The sandbox's id.
    pub sandbox: String,
    /// As asked for.
    pub spec: ContainerSpec,
    /// Digest of the image it was made from.
    pub image_id: String,
    /// What it does.
    pub state: ContainerState,
    /// Who it runs as, once that is known.
    pub user: Option<EffectiveUser>,
}

/// What a container does.
#[derive(Debug, Clone, PartialEq)]
pub enum ContainerState {
    /// Being made; its program does not run yet.
    Creating,
    /// Its program runs.
    Running {
        /// Process id on the machine.
        pid: i32,
        /// When its program was executed.
        started_at: SystemTime,
    },
    /// It ended, or never could start.
    Exited(Exit),
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Exit {
    /// 0..=255; 128 + n after signal n; 128 if it could not be started; 137 if nobody saw it end.
    pub code: i32,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The kernel killed a process of its cgroup for want of memory.
    pub oom: bool,
    /// None if its program never ran.
    pub started_at: Option<SystemTime>,
    /// When it ended, or when its end was noticed.
    pub finished_at: SystemTime,
    /// What it left in its termination log, or why it could not be started.
    pub message: String,
    /// Which kind of end.
    pub reason: ExitReason,
}

/// Which kind of end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExitReason {
    /// Its first process ended.
    Exited,
    /// It could not be started.
    StartFailed,
    /// Its shim died, or the machine restarted: how it ended is not known.
    Lost,
}

/// The capabilities that containers have unless asked otherwise.
pub fn default_capabilities() -> Vec<String> {
    [
        "CHOWN",
        "DAC_OVERRIDE",
        "FSETID",
        "FOWNER",
        "MKNOD",
        "NET_RAW",
        "SETGID",
        "SETUID",
        "SETFCAP",
        "SETPCAP",
        "NET_BIND_SERVICE",
        "SYS_CHROOT",
        "KILL",
        "AUDIT_WRITE",
    ]
    .iter()
    .map(|name| format!("CAP_{name}"))
    .collect()
}

/// Every capability there is; what this process does not have itself is left out when a container is made.
pub fn all_capabilities() -> Vec<String> {
    const REST: [&str; 27] = [
        "DAC_READ_SEARCH",
        "LINUX_IMMUTABLE",
        "NET_BROADCAST",
        "NET_ADMIN",
        "IPC_LOCK",
        "IPC_OWNER",
        "SYS_MODULE",
        "SYS_RAWIO",
        "SYS_PTRACE",
        "SYS_PACCT",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_NICE",
        "SYS_RESOURCE",
        "SYS_TIME",
        "SYS_TTY_CONFIG",
        "LEASE",
        "AUDIT_CONTROL",
        "MAC_OVERRIDE",
        "MAC_ADMIN",
        "SYSLOG",
        "WAKE_ALARM",
        "BLOCK_SUSPEND",
        "AUDIT_READ",
        "PERFMON",
        "BPF",
        "CHECKPOINT_RESTORE",
    ];
    default_capabilities().into_iter().chain(REST.iter().map(|name| format!("CAP_{name}"))).collect()
}

/// What of `/proc` and `/sys` containers may not read unless asked otherwise.
pub fn default_masked_paths() -> Vec<String> {
    [
        "/proc/acpi",
        "/proc/asound",
        "/proc/interrupts",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/sys/firmware",
        "/sys/devices/virtual/powercap",
    ]
    .map(String::from)
    .to_vec()
}

/// What of `/proc` containers may not write unless asked otherwise.
pub fn default_readonly_paths() -> Vec<String> {
    ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"].map(String::from).to_vec()
}
