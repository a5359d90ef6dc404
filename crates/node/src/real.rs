//! The real runtime behind the node's trait: translates between the node's types and `stead_runtime`'s.

mod exec;
mod images;
mod streams;

use crate::network::Network;
use crate::pod::limits::{shares, tier_shares};
use crate::runtime::{
    AppArmor, ContainerSpec, Device, DiskRoom, DiskUsage, Ended, ExecEnd, ExecError, Exit, Heard, HugePages, Image, Input, Instance,
    InstanceState, LimitError, Limits, Mount, Output, Outputs, PresentImage, Processes, Propagation, Pulled, QosClass, RunUser, Runtime,
    SandboxRecord, SandboxSpec, SandboxUsage, Seccomp, Security, StartError, Usage,
};
pub use images::Pulling;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use stead_api::time::Timestamp;
use stead_images::{Keyring, Progress};
use stead_runtime as rt;
use tokio::sync::Mutex;

/// As a Node shows it.
pub const VERSION: &str = concat!("stead://", env!("CARGO_PKG_VERSION"));
/// Label of a container: the image as its pod named it.
const IMAGE_NAMED: &str = "image";

/// Containers on this machine.
#[derive(Clone)]
pub struct Real {
    runtime: rt::Runtime,
    images: Option<Pulling>,
    network: Network,
    /// Directory of the pods' logs (LOG-1).
    logs: PathBuf,
    confinement: Confinement,
    events: Arc<Mutex<Exits>>,
    tiers: Arc<Mutex<Tiers>>,
}

/// How containers are confined where their pods do not say it all.
#[derive(Debug, Clone, Default)]
pub struct Confinement {
    /// Directory of seccomp profiles.
    pub profiles: PathBuf,
    /// Containers without a profile get the runtime's own rather than none.
    pub seccomp_default: bool,
    /// Most processes and threads of a pod (CG-11).
    pub pod_processes_max: Option<i64>,
}

impl Confinement {
    /// SEC-13.
    fn seccomp(&self, asked: &Seccomp) -> rt::Seccomp {
        match asked {
            Seccomp::Unset if self.seccomp_default => rt::Seccomp::Standard,
            Seccomp::RuntimeDefault => rt::Seccomp::Standard,
            Seccomp::Unset | Seccomp::Unconfined => rt::Seccomp::Unconfined,
            Seccomp::Localhost(path) => rt::Seccomp::File(self.profiles.join(path)),
        }
    }
}

/// The cgroups above the pods' own, as they were last set (CG-2 to CG-4).
struct Tiers {
    cpus: u64,
    memory_bytes: i64,
    set: Vec<(&'static str, rt::Resources)>,
}

/// The runtime's own cgroup.
const RUNTIME: &str = "";
/// Cgroup of all pods.
const PODS: &str = "kubepods";
/// Cgroup of the pods that ask for something.
const BURSTABLE: &str = "kubepods/burstable";
/// Cgroup of the pods that ask for nothing.
const BEST_EFFORT: &str = "kubepods/besteffort";

impl Tiers {
    /// What is to be set while these sandboxes are there.
    fn wanted(&self, sandboxes: &[rt::Sandbox]) -> Vec<(&'static str, rt::Resources)> {
        let weight = |shares| rt::Resources { cpu_shares: Some(shares), ..rt::Resources::default() };
        // Beside the machine's services the runtime's own cgroup stands for the pods.
        let own = weight(shares(i64::try_from(self.cpus).unwrap_or(i64::MAX).saturating_mul(1000)));
        let all = rt::Resources { memory_limit_bytes: Some(self.memory_bytes), ..own.clone() };
        let burstable = sandboxes.iter().filter(|s| s.state == rt::SandboxState::Ready && s.spec.cgroup_parent.starts_with(BURSTABLE));
        let burstable = weight(tier_shares(burstable.filter_map(|s| s.spec.resources.cpu_shares)));
        vec![(RUNTIME, own), (PODS, all), (BURSTABLE, burstable), (BEST_EFFORT, weight(tier_shares(std::iter::empty())))]
    }
}

/// Exits in order; when the stream has lost some, all ended containers are told of again.
struct Exits {
    stream: rt::Events,
    again: VecDeque<Ended>,
}

impl Real {
    /// Runs containers on a machine with so many CPUs and so much memory (bytes).
    pub fn new(runtime: rt::Runtime, network: Network, logs: PathBuf, cpus: u64, memory_bytes: i64) -> Self {
        let exits = Exits { stream: runtime.events(), again: VecDeque::new() };
        let tiers = Tiers { cpus, memory_bytes, set: Vec::new() };
        let confinement = Confinement::default();
        Self { runtime, images: None, network, logs, confinement, events: Arc::new(Mutex::new(exits)), tiers: Arc::new(Mutex::new(tiers)) }
    }

    /// Confines containers so where their pods do not say it all.
    #[must_use]
    pub fn confined(self, confinement: Confinement) -> Self {
        Self { confinement, ..self }
    }

    /// Pulls images so.
    #[must_use]
    pub fn pulling(self, pulling: Pulling) -> Self {
        Self { images: Some(pulling), ..self }
    }

    /// Sets the cgroups above the pods' own for the sandboxes that are there now. A tier that cannot be set holds no pod up: shares only
    /// say who goes first.
    async fn set_tiers(&self) {
        let mut tiers = self.tiers.lock().await;
        let wanted = tiers.wanted(&self.runtime.sandboxes());
        for (cgroup, resources) in &wanted {
            if !tiers.set.iter().any(|set| set == &(*cgroup, resources.clone()))
                && let Err(error) = self.runtime.limit_cgroup(cgroup, resources.clone()).await
            {
                tracing::warn!(cgroup, error = text(&error), "cannot set a cgroup");
            }
        }
        tiers.set = wanted;
    }

    /// Why a sandbox of that pod is left alone, if one is.
    fn left_alone(&self, pod: &str) -> Option<String> {
        let of_pod = self.runtime.sandboxes().into_iter().filter(|sandbox| pod_of(&sandbox.spec.id) == pod);
        of_pod.filter_map(|sandbox| if let rt::SandboxState::LeftAlone(reason) = sandbox.state { Some(reason) } else { None }).next()
    }

    /// Connects a sandbox's own network, or finds that done.
    async fn connect(&self, sandbox: &rt::Sandbox) -> Result<Vec<IpAddr>, String> {
        match &sandbox.network_namespace {
            Some(namespace) => self.network.attach(&sandbox.spec.labels, &sandbox.spec.id, namespace.clone()).await,
            None => Ok(Vec::new()),
        }
    }

    /// The addresses of a sandbox that is found at a start. One that is not connected yet is now: the start before was cut short, or made by
    /// a version that connected none.
    async fn found_addresses(&self, sandbox: &rt::Sandbox) -> Vec<IpAddr> {
        if sandbox.state != rt::SandboxState::Ready {
            return Vec::new();
        }
        let Some(namespace) = &sandbox.network_namespace else { return Vec::new() };
        let attached = self.network.attach_found(&sandbox.spec.labels, &sandbox.spec.id, namespace.clone()).await;
        attached.unwrap_or_else(|error| {
            tracing::error!(sandbox = sandbox.spec.id, error, "a sandbox has no network");
            Vec::new()
        })
    }

    fn is_dead(&self, sandbox: &str) -> bool {
        self.runtime.sandboxes().into_iter().find(|s| s.spec.id == sandbox).is_none_or(|s| s.state == rt::SandboxState::Stopped)
    }

    fn id(&self, sandbox: &str, name: &str, attempt: u32) -> Option<String> {
        self.runtime.containers(Some(sandbox)).into_iter().find(|c| c.spec.name == name && c.spec.attempt == attempt).map(|c| c.id)
    }
}

/// The pod's uid in a sandbox's id.
pub fn pod_of(sandbox: &str) -> &str {
    sandbox.rsplit_once('-').map_or(sandbox, |(uid, _)| uid)
}

fn timestamp(at: SystemTime) -> Timestamp {
    Timestamp(at.duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX)))
}

fn exit(exit: &rt::Exit) -> Exit {
    Exit {
        code: exit.code,
        oom: exit.oom,
        started_at: exit.started_at.map(timestamp),
        finished_at: timestamp(exit.finished_at),
        message: exit.message.clone(),
        reason: match exit.reason {
            rt::ExitReason::Exited => None,
            rt::ExitReason::StartFailed => Some("StartError"),
            rt::ExitReason::Lost => Some("ContainerStatusUnknown"),
        },
    }
}

/// `None` while it is being made: whoever makes it will say what becomes of it.
fn instance(container: &rt::Container) -> Option<Instance> {
    let state = match &container.state {
        rt::ContainerState::Creating => return None,
        rt::ContainerState::Running { started_at, .. } => InstanceState::Running { started_at: timestamp(*started_at) },
        rt::ContainerState::Exited(ended) => InstanceState::Exited(exit(ended)),
    };
    let image = container.spec.labels.get(IMAGE_NAMED).cloned().unwrap_or_default();
    let user = container.user.as_ref().map(run_user);
    Some(Instance { attempt: container.spec.attempt, id: container.id.clone(), image, user, state })
}

fn run_user(user: &rt::EffectiveUser) -> RunUser {
    RunUser { uid: user.uid, gid: user.gid, groups: user.groups.clone() }
}

/// CG-2.
fn cgroup_parent(spec: &SandboxSpec) -> String {
    let tier = match spec.qos {
        QosClass::Guaranteed => PODS,
        QosClass::Burstable => BURSTABLE,
        QosClass::BestEffort => BEST_EFFORT,
    };
    // The sandbox's own id, not the pod's: a former sandbox of the pod may still be there.
    format!("{tier}/pod{}", spec.id)
}

/// SEC-8: the defaults, or all or none, then what is added, then what is dropped. Names that no kernel knows are passed over, as by every runtime.
fn capabilities(security: &Security) -> Vec<String> {
    let all = |names: &[String]| names.iter().any(|n| n == "ALL");
    let mut names = if all(&security.capabilities_add) { rt::all_capabilities() } else { rt::default_capabilities() };
    if all(&security.capabilities_drop) {
        names.clear();
    }
    for add in security.capabilities_add.iter().filter(|a| *a != "ALL").map(|a| format!("CAP_{a}")) {
        if !names.contains(&add) {
            names.push(add);
        }
    }
    let known = rt::all_capabilities();
    names.retain(|name| known.contains(name) && !security.capabilities_drop.iter().any(|d| *name == format!("CAP_{d}")));
    names
}

fn resources(limits: &Limits) -> rt::Resources {
    rt::Resources {
        cpu_shares: Some(limits.cpu_shares),
        cpu_quota_us: limits.cpu_quota_us,
        memory_limit_bytes: limits.memory_bytes,
        ..rt::Resources::default()
    }
}

fn huge_pages(pages: HugePages) -> rt::HugePages {
    rt::HugePages { page_bytes: pages.page_bytes, limit_bytes: pages.limit_bytes }
}

fn usage(used: rt::CgroupUsage) -> Usage {
    Usage {
        cpu_ns: used.cpu_ns,
        memory_bytes: used.memory_bytes,
        working_set_bytes: used.working_set_bytes,
        rss_bytes: used.rss_bytes,
        swap_bytes: used.swap_bytes,
        page_faults: used.page_faults,
        major_page_faults: used.major_page_faults,
        processes: used.processes,
        oom_kills: used.oom_kills,
        pressure: used.pressure,
    }
}

fn limit_error(error: rt::Error) -> LimitError {
    match error {
        rt::Error::LimitBelowUsage { limit_bytes, usage_bytes } => LimitError::BelowUsage { limit_bytes, usage_bytes },
        rt::Error::ContainerNotRunning(_)
        | rt::Error::ContainerNotFound(_)
        | rt::Error::SandboxNotFound(_)
        | rt::Error::SandboxNotReady(_) => LimitError::NotRunning,
        error => LimitError::Failed(text(&error)),
    }
}

fn container_spec(spec: ContainerSpec, log_path: PathBuf, confinement: &Confinement) -> rt::ContainerSpec {
    let masks = !spec.security.privileged && !spec.security.unmasked_proc;
    rt::ContainerSpec {
        attempt: spec.attempt,
        labels: BTreeMap::from([(IMAGE_NAMED.to_owned(), spec.image_named)]),
        image: spec.image,
        argv: spec.argv,
        env: with_terminal(spec.env, spec.input),
        stdin: spec.input.stdin,
        stdin_once: spec.input.once,
        tty: spec.input.tty,
        cwd: Some(spec.working_dir),
        user: rt::User {
            uid: spec.user.uid,
            gid: spec.user.gid,
            groups: spec.user.supplemental_groups,
            image_groups: if spec.user.strict_groups { rt::ImageGroups::Ignore } else { rt::ImageGroups::Merge },
        },
        capabilities: if spec.security.privileged { rt::all_capabilities() } else { capabilities(&spec.security) },
        seccomp: confinement.seccomp(&spec.security.seccomp),
        app_armor: match spec.security.app_armor {
            AppArmor::RuntimeDefault => rt::AppArmor::Standard,
            AppArmor::Unconfined => rt::AppArmor::Unconfined,
            AppArmor::Localhost(name) => rt::AppArmor::Profile(name),
        },
        no_new_privs: spec.security.no_new_privileges,
        privileged: spec.security.privileged,
        read_only_rootfs: spec.security.read_only_root,
        mounts: spec.mounts.into_iter().map(mount).collect(),
        devices: spec.devices.into_iter().map(device).collect(),
        resources: resources(&spec.limits),
        huge_pages: spec.huge_pages.into_iter().map(huge_pages).collect(),
        oom_score_adj: spec.oom_score_adj,
        log_path,
        termination_log: Some(rt::TerminationLog {
            path: spec.termination_message_path,
            output_on_failure: spec.termination_message_from_log,
        }),
        masked_paths: if masks { rt::default_masked_paths() } else { Vec::new() },
        readonly_paths: if masks { rt::default_readonly_paths() } else { Vec::new() },
        name: spec.name,
        ..rt::ContainerSpec::default()
    }
}

/// A container with a terminal is told of one, unless it is told otherwise.
fn with_terminal(mut env: Vec<(String, String)>, input: Input) -> Vec<(String, String)> {
    if input.tty && !env.iter().any(|(name, _)| name == "TERM") {
        env.insert(0, ("TERM".to_owned(), "xterm".to_owned()));
    }
    env
}

fn mount(mount: Mount) -> rt::Mount {
    rt::Mount {
        source: mount.source,
        destination: mount.destination,
        read_only: mount.read_only,
        recursive_read_only: mount.recursive_read_only,
        propagation: match mount.propagation {
            Propagation::None => rt::Propagation::Private,
            Propagation::HostToContainer => rt::Propagation::HostToContainer,
            Propagation::Bidirectional => rt::Propagation::Bidirectional,
        },
    }
}

fn device(device: Device) -> rt::Device {
    let permissions = if device.read_only { "r" } else { "rwm" }.to_owned();
    rt::Device { host_path: device.host_path, container_path: device.container_path, permissions }
}

/// A signal's number, for the names that images and pods give.
fn signal_number(name: &str) -> Option<i32> {
    if let Ok(number) = name.parse() {
        return Some(number);
    }
    let full = if name.starts_with("SIG") { name.to_owned() } else { format!("SIG{name}") };
    full.parse::<nix::sys::signal::Signal>().ok().map(|signal| signal as i32)
}

impl Runtime for Real {
    fn version(&self) -> String {
        VERSION.to_owned()
    }

    fn network_impairment(&self) -> Option<String> {
        self.network.impairment()
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, String> {
        Ok(self.runtime.image(reference).map_err(|error| text(&error))?.map(images::image))
    }

    async fn pull_image(&self, reference: &str, keyring: Keyring, progress: Arc<dyn Progress>) -> Result<Pulled, String> {
        self.pull(reference, keyring, progress).await
    }

    async fn images(&self) -> Result<Vec<PresentImage>, String> {
        self.present_images().await
    }

    async fn remove_image(&self, id: &str) -> Result<(), String> {
        self.runtime.remove_image(id).await.map_err(|error| text(&error))
    }

    async fn image_room(&self) -> Option<DiskRoom> {
        images::room(&self.runtime)
    }

    async fn mount_image(&self, reference: &str, place: &Path) -> Result<(), String> {
        self.runtime.mount_image(reference, place).await.map_err(|error| text(&error))
    }

    async fn create_sandbox(&self, spec: SandboxSpec) -> Result<Vec<IpAddr>, String> {
        let mode = |host| if host { rt::NamespaceMode::Host } else { rt::NamespaceMode::Own };
        // Something of the pod may run there: an identity runs at most once.
        if let Some(reason) = self.left_alone(&spec.pod) {
            return Err(reason);
        }
        if let (None, Some(group)) = (spec.user.uid, spec.user.gid) {
            return Err(format!(
                "failed to start sandbox {:?}: failed to generate sandbox container spec options: failed to generate user string: user group \"{group}\" is specified without user",
                spec.id
            ));
        }
        let label = |name: &str| spec.labels.get(name).map(String::as_str).unwrap_or_default();
        let log_dir = self.logs.join(format!("{}_{}_{}", label("namespace"), label("name"), spec.pod));
        let sandbox = rt::SandboxSpec {
            cgroup_parent: cgroup_parent(&spec),
            resources: rt::Resources { pids_limit: self.confinement.pod_processes_max, ..resources(&spec.limits) },
            huge_pages: spec.huge_pages.into_iter().map(huge_pages).collect(),
            log_dir,
            network: mode(spec.host_network),
            uts: mode(spec.host_network),
            ipc: mode(spec.host_ipc),
            users: if spec.own_users { rt::Users::Own } else { rt::Users::Machine },
            pid: match spec.processes {
                Processes::Own => rt::NamespaceMode::Own,
                Processes::Pod => rt::NamespaceMode::Sandbox,
                Processes::Host => rt::NamespaceMode::Host,
            },
            sysctls: spec.sysctls,
            id: spec.id,
            labels: spec.labels,
            hostname: spec.hostname,
            ..rt::SandboxSpec::default()
        };
        // The pod's former sandboxes that ended by themselves hold its address no longer.
        for former in self.runtime.sandboxes().into_iter().filter(|former| pod_of(&former.spec.id) == spec.pod) {
            if former.spec.id != sandbox.id && former.state == rt::SandboxState::Stopped {
                self.network.detach(&former.spec.id).await?;
            }
        }
        let sandbox = self.runtime.create_sandbox(sandbox).await.map_err(|error| text(&error))?;
        self.set_tiers().await;
        self.connect(&sandbox).await
    }

    async fn stop_sandbox(&self, id: &str) -> Result<(), String> {
        self.runtime.stop_sandbox(id).await.map_err(|error| text(&error))?;
        self.set_tiers().await;
        self.network.detach(id).await
    }

    async fn remove_sandbox(&self, id: &str) -> Result<(), String> {
        self.runtime.remove_sandbox(id).await.map_err(|error| text(&error))?;
        self.network.detach(id).await
    }

    async fn start(&self, sandbox: &str, spec: ContainerSpec) -> Result<Instance, StartError> {
        let (name, attempt, image) = (spec.name.clone(), spec.attempt, spec.image_named.clone());
        let found = self.runtime.sandboxes().into_iter().find(|s| s.spec.id == sandbox);
        let log_dir = found.map(|s| s.spec.log_dir).ok_or_else(|| StartError::Create(format!("sandbox {sandbox} does not exist")))?;
        let log_path = log_dir.join(&name).join(format!("{attempt}.log"));
        let processes_of = spec.processes_of.as_ref().and_then(|(name, attempt)| self.id(sandbox, name, *attempt));
        let spec = rt::ContainerSpec { processes_of, ..container_spec(spec, log_path, &self.confinement) };
        match self.runtime.start(sandbox, spec).await {
            Ok(started) => {
                let state = InstanceState::Running { started_at: timestamp(started.started_at) };
                Ok(Instance { attempt, id: started.id, image, user: Some(run_user(&started.user)), state })
            }
            // It was started before this process could hear of it: what became of it is on record.
            Err(rt::StartError::Exists { .. }) => {
                let all = self.runtime.containers(Some(sandbox));
                let known = all.iter().find(|c| c.spec.name == name && c.spec.attempt == attempt).and_then(instance);
                known.ok_or_else(|| StartError::Create(format!("attempt {attempt} of container {name} is being made")))
            }
            Err(rt::StartError::Start { id, message }) => Err(StartError::Start { id, message }),
            Err(rt::StartError::Create(message)) => Err(StartError::Create(message)),
            Err(rt::StartError::Runtime(rt::Error::SandboxNotReady(_) | rt::Error::SandboxNotFound(_))) => Err(StartError::SandboxGone),
            // Its shim may have died under it: that is no fault of the container's.
            Err(rt::StartError::Runtime(_)) if self.is_dead(sandbox) => Err(StartError::SandboxGone),
            Err(rt::StartError::Runtime(error)) => Err(StartError::Create(text(&error))),
        }
    }

    async fn signal(&self, sandbox: &str, container: &str, attempt: u32, signal: &str) -> Result<(), String> {
        let number = signal_number(signal).ok_or_else(|| format!("unknown signal {signal}"))?;
        let Some(id) = self.id(sandbox, container, attempt) else { return Ok(()) };
        self.runtime.signal(&id, number).await.map_err(|error| text(&error))
    }

    async fn kill(&self, sandbox: &str, container: &str, attempt: u32) -> Result<(), String> {
        let Some(id) = self.id(sandbox, container, attempt) else { return Ok(()) };
        self.runtime.kill(&id).await.map_err(|error| text(&error))
    }

    async fn exec(&self, sandbox: &str, container: &str, attempt: u32, argv: Vec<String>, timeout: Duration) -> Result<ExecEnd, ExecError> {
        let id = self.id(sandbox, container, attempt).ok_or(ExecError::NotRunning)?;
        tokio::time::timeout(timeout, exec::run(&self.runtime, &id, argv)).await.unwrap_or(Err(ExecError::TimedOut))
    }

    async fn forget_runs(&self, sandbox: &str, container: &str, before: u32) -> Result<(), String> {
        let all = self.runtime.containers(Some(sandbox)).into_iter();
        let old = all.filter(|c| c.spec.name == container && c.spec.attempt < before && matches!(c.state, rt::ContainerState::Exited(_)));
        for run in old {
            self.runtime.remove_container(&run.id).await.map_err(|error| text(&error))?;
        }
        Ok(())
    }

    async fn usage(&self, sandbox: &str) -> Option<SandboxUsage> {
        let used = self.runtime.usage(sandbox).await.ok()?;
        let named = |(id, used): (String, rt::CgroupUsage)| Some((self.runtime.container(&id)?.spec.name, usage(used)));
        let containers = used.containers.into_iter().filter_map(named).collect();
        let own_network = self.runtime.sandbox(sandbox).is_some_and(|sandbox| sandbox.network_namespace.is_some());
        let network = used.process.filter(|_| own_network).map(crate::host::interfaces_of).unwrap_or_default();
        Some(SandboxUsage { network, total: usage(used.cgroup), containers })
    }

    async fn disk_usage(&self, sandbox: &str, container: &str, attempt: u32) -> Option<DiskUsage> {
        let used = self.runtime.disk_usage(&self.id(sandbox, container, attempt)?).await.ok()?;
        Some(DiskUsage {
            layer_bytes: used.writable_layer.bytes,
            layer_inodes: used.writable_layer.inodes,
            log_bytes: used.log.bytes,
            log_inodes: used.log.inodes,
        })
    }

    async fn update_limits(&self, sandbox: &str, container: &str, attempt: u32, limits: Limits) -> Result<(), LimitError> {
        let id = self.id(sandbox, container, attempt).ok_or(LimitError::NotRunning)?;
        self.runtime.update_limits(&id, resources(&limits)).await.map_err(limit_error)
    }

    async fn update_sandbox_limits(&self, sandbox: &str, limits: Limits) -> Result<(), LimitError> {
        self.runtime.update_sandbox_limits(sandbox, resources(&limits)).await.map_err(limit_error)?;
        self.set_tiers().await;
        Ok(())
    }

    async fn list(&self) -> Result<Vec<SandboxRecord>, String> {
        self.set_tiers().await;
        let mut records = Vec::new();
        for sandbox in self.runtime.sandboxes() {
            let mut containers: BTreeMap<String, Vec<Instance>> = BTreeMap::new();
            for container in self.runtime.containers(Some(&sandbox.spec.id)) {
                containers.entry(container.spec.name.clone()).or_default().extend(instance(&container));
            }
            let addresses = self.found_addresses(&sandbox).await;
            let mut labels = sandbox.spec.labels;
            labels.entry("uid".to_owned()).or_insert_with(|| pod_of(&sandbox.spec.id).to_owned());
            // One that is left alone is not dead: no other may take its place, and starts and stops say what is wrong with it.
            let ready = sandbox.state != rt::SandboxState::Stopped;
            records.push(SandboxRecord { ready, addresses, id: sandbox.spec.id, labels, containers });
        }
        records.sort_by_key(|r| r.id.rsplit_once('-').and_then(|(_, n)| n.parse::<u32>().ok()));
        Ok(records)
    }

    async fn hear(&self) -> Option<Heard> {
        let mut exits = self.events.lock().await;
        loop {
            if let Some(ended) = exits.again.pop_front() {
                return Some(Heard::Ended(ended));
            }
            match exits.stream.next().await? {
                rt::Event::Exited { sandbox, name, attempt, exit: ended, .. } => {
                    return Some(Heard::Ended(Ended { sandbox, container: name, attempt, exit: exit(&ended) }));
                }
                rt::Event::SandboxDied { sandbox, reason } => return Some(Heard::SandboxDied { sandbox, reason }),
                rt::Event::Missed => {
                    exits.again = ended_containers(&self.runtime);
                }
            }
        }
    }
}

impl Outputs for Real {
    fn output(&self, id: &str) -> Option<Output> {
        let container = self.runtime.container(id)?;
        Some(Output { log: Some(container.spec.log_path), running: !matches!(container.state, rt::ContainerState::Exited(_)) })
    }
}

fn ended_containers(runtime: &rt::Runtime) -> VecDeque<Ended> {
    let ended = runtime.containers(None).into_iter().filter_map(|c| match &c.state {
        rt::ContainerState::Exited(end) => {
            Some(Ended { sandbox: c.sandbox.clone(), container: c.spec.name.clone(), attempt: c.spec.attempt, exit: exit(end) })
        }
        _ => None,
    });
    ended.collect()
}

/// An error and its causes in one line.
pub fn text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn security(add: &[&str], drop: &[&str]) -> Security {
        let names = |list: &[&str]| list.iter().map(|n| (*n).to_owned()).collect();
        Security { capabilities_add: names(add), capabilities_drop: names(drop), ..Security::default() }
    }

    #[test]
    fn capabilities_are_dropped_then_added() {
        // SEC-8, SEC-9
        assert_eq!(capabilities(&security(&[], &[])).len(), 14);
        assert_eq!(capabilities(&security(&["NET_ADMIN"], &["ALL"])), ["CAP_NET_ADMIN"]);
        assert!(!capabilities(&security(&[], &["CHOWN"])).contains(&"CAP_CHOWN".to_owned()));
        assert!(capabilities(&security(&["ALL"], &[])).contains(&"CAP_SYS_ADMIN".to_owned()));
        assert_eq!(capabilities(&security(&["ALL"], &["CHOWN"])).len(), 40);
        assert_eq!(capabilities(&security(&["CHOWN", "NO_SUCH"], &["ALL", "CHOWN", "NEITHER"])), [""; 0]);
    }

    #[test]
    fn tiers_weigh_what_their_running_pods_ask_for() {
        // CG-2, CG-3, CG-4
        let sandbox = |cgroup_parent: &str, cpu_shares, state| rt::Sandbox {
            spec: rt::SandboxSpec {
                cgroup_parent: cgroup_parent.to_owned(),
                resources: rt::Resources { cpu_shares: Some(cpu_shares), ..rt::Resources::default() },
                ..rt::SandboxSpec::default()
            },
            state,
            network_namespace: None,
            shim_pid: 1,
        };
        let sandboxes = [
            sandbox("kubepods/burstable/poda", 512, rt::SandboxState::Ready),
            sandbox("kubepods/burstable/podb", 256, rt::SandboxState::Ready),
            sandbox("kubepods/burstable/podc", 256, rt::SandboxState::Stopped),
            sandbox("kubepods/podd", 1024, rt::SandboxState::Ready),
            sandbox("kubepods/besteffort/pode", 2, rt::SandboxState::Ready),
        ];
        let tiers = Tiers { cpus: 2, memory_bytes: 1 << 30, set: Vec::new() };
        let found = tiers.wanted(&sandboxes).into_iter().map(|(cgroup, r)| (cgroup, r.cpu_shares.unwrap(), r.memory_limit_bytes));
        let expected =
            [("", 2048, None), ("kubepods", 2048, Some(1 << 30)), ("kubepods/burstable", 768, None), ("kubepods/besteffort", 2, None)];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_node_says_what_containers_without_a_profile_get() {
        // SEC-13
        let of = |seccomp_default, asked| {
            Confinement { profiles: "/profiles".into(), seccomp_default, ..Confinement::default() }.seccomp(&asked)
        };
        assert_eq!(of(false, Seccomp::Unset), rt::Seccomp::Unconfined);
        assert_eq!(of(true, Seccomp::Unset), rt::Seccomp::Standard);
        assert_eq!(of(true, Seccomp::Unconfined), rt::Seccomp::Unconfined);
        assert_eq!(of(false, Seccomp::Localhost("a/b.json".into())), rt::Seccomp::File("/profiles/a/b.json".into()));
    }

    #[test]
    fn signals_by_name_and_number() {
        assert_eq!(signal_number("SIGTERM"), Some(15));
        assert_eq!(signal_number("QUIT"), Some(3));
        assert_eq!(signal_number("10"), Some(10));
        assert_eq!(signal_number("SIGNONE"), None);
    }
}
