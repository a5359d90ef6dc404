//! The runtime as the node sees it: one root directory, its sandboxes, containers and images.
//!
//! Never decides what should run. Input: calls; output: states and events. A call may be dropped at any point: what it began goes on in the
//! shim, and its outcome shows in the lists.

mod attachments;
mod connection;
mod containers;
mod execs;
mod greeting;
mod open;
mod ports;
mod resources;
mod sandboxes;
pub(crate) mod survey;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::fcntl::Flock;
use tokio::sync::broadcast;

pub use self::attachments::{Attached, InputEnd};
use self::connection::Connection;
pub use self::execs::Exec;
use crate::cgroup::Layout;
use crate::container::{Container, ContainerSpec, Exit, Resources, Started};
use crate::error::{Error, Result, StartError};
use crate::exec::{ExecError, ExecSpec, Stdio};
use crate::image::{Image, Images, InUse};
use crate::journal::Journal;
use crate::record::{SandboxDir, SandboxRecord, ShimRecord};
use crate::sandbox::{NamespaceMode, Sandbox, SandboxSpec, SandboxState};
use crate::usage::{ContainerDiskUsage, SandboxUsage};

/// Events that may wait for a reader.
const EVENTS_MAX: usize = 4096;

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The program that has the roles of [`crate::roles`].
    pub executable: PathBuf,
    /// Name of the cgroup that is ours alone; None: one made from the root directory's path.
    pub cgroup_root: Option<String>,
    /// How long a living shim may stay silent before it is taken for hanging and killed with its containers. A disk that stalls makes it
    /// wait too, so this is not short.
    pub shim_patience: Duration,
    /// Where images are, beside the built-in one.
    pub images: Option<stead_images::Store>,
    /// How long a living shim may take for one start before it is taken for hanging. Longer than a shim gives the container's making.
    pub start_max: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            executable: PathBuf::from("/proc/self/exe"),
            cgroup_root: None,
            images: None,
            shim_patience: Duration::from_secs(30),
            start_max: Duration::from_secs(150),
        }
    }
}

/// What this machine and process can do; probed once.
#[derive(Debug, Clone)]
pub struct HostFacts {
    /// 1 (also for the hybrid layout) or 2.
    pub cgroup_version: u8,
    /// Whether containers open only the devices that they may. Without, they get no `CAP_MKNOD`.
    pub device_rules: bool,
    /// Whether oom_score_adj may be lowered and hard limits raised.
    pub sys_resource: bool,
    /// The `RLIMIT_NOFILE` that containers get.
    pub nofile_limit: u64,
    /// Of this boot of the machine.
    pub boot_id: String,
}

/// Something that happened by itself.
#[derive(Debug, Clone)]
pub enum Event {
    /// A container ended.
    Exited {
        /// The sandbox's id.
        sandbox: String,
        /// The container's id.
        container: String,
        /// Its name.
        name: String,
        /// Its attempt.
        attempt: u32,
        /// How.
        exit: Exit,
    },
    /// A sandbox's shim died, or hung and was killed; what ran in it has been killed and is reported as lost.
    SandboxDied {
        /// The sandbox's id.
        sandbox: String,
        /// What was wrong with the shim.
        reason: String,
    },
    /// The reader was too slow and events are missing: list everything.
    Missed,
}

/// Events from the moment of [`Runtime::events`].
#[derive(Debug)]
pub struct Events {
    receiver: broadcast::Receiver<Event>,
}

impl Events {
    /// The next event; None once the runtime is gone. Cancel safe.
    pub async fn next(&mut self) -> Option<Event> {
        match self.receiver.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Event::Missed),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// Containers below one root directory. Cheap to clone. When the last clone goes the containers stay.
#[derive(Debug, Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    options: Options,
    facts: HostFacts,
    layout: Layout,
    cgroup_root: String,
    journal: Journal,
    images: Images,
    sandboxes: Mutex<BTreeMap<String, Arc<Entry>>>,
    events: broadcast::Sender<Event>,
    /// Sandboxes of which something ran and was ended while the directory was opened.
    ended_at_opening: AtomicUsize,
    /// Held as long as this process uses the root directory: its lock file, and its cgroup, which outlives the directory.
    _locks: [Flock<File>; 2],
}

/// A sandbox in memory.
#[derive(Debug)]
struct Entry {
    record: SandboxRecord,
    dir: SandboxDir,
    /// Held by whoever makes, stops or removes the sandbox.
    gate: Arc<tokio::sync::Mutex<()>>,
    state: Mutex<EntryState>,
}

#[derive(Debug)]
struct EntryState {
    phase: Phase,
    shim: Option<ShimRecord>,
    containers: BTreeMap<String, Container>,
    /// Limits in force of the cgroup around its containers.
    resources: Resources,
}

/// Where a sandbox is in its life.
#[derive(Debug)]
enum Phase {
    /// Being made.
    Making,
    /// Its shim serves.
    Ready(Connection),
    /// Being stopped: no more starts.
    Stopping(Connection),
    /// Its shim is dead or hangs, and what it left is still to be killed.
    Dead {
        /// Keeps the task alive that found it so and is about to clean up.
        _connection: Option<Connection>,
        /// Why cleaning up failed, if it has.
        reason: Option<String>,
    },
    /// Its records or its shim are not understood.
    LeftAlone { reason: String },
    /// Nothing of it runs.
    Stopped,
}

impl Entry {
    fn new(record: SandboxRecord, dir: SandboxDir) -> Entry {
        let resources = record.spec.resources.clone();
        let state = EntryState { phase: Phase::Making, shim: None, containers: BTreeMap::new(), resources };
        Entry { record, dir, gate: Arc::default(), state: Mutex::new(state) }
    }

    fn id(&self) -> &str {
        &self.record.spec.id
    }

    fn state(&self) -> MutexGuard<'_, EntryState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connection(&self) -> Option<Connection> {
        match &self.state().phase {
            Phase::Ready(connection) | Phase::Stopping(connection) => Some(connection.clone()),
            Phase::Making | Phase::Dead { .. } | Phase::LeftAlone { .. } | Phase::Stopped => None,
        }
    }

    /// Why nothing can be started in it.
    fn not_ready(&self) -> Error {
        match self.left_alone() {
            Some(reason) => Error::LeftAlone { sandbox: self.id().to_owned(), reason },
            None => Error::SandboxNotReady(self.id().to_owned()),
        }
    }

    fn left_alone(&self) -> Option<String> {
        match &self.state().phase {
            Phase::LeftAlone { reason } | Phase::Dead { reason: Some(reason), .. } => Some(reason.clone()),
            Phase::Making | Phase::Ready(_) | Phase::Stopping(_) | Phase::Dead { reason: None, .. } | Phase::Stopped => None,
        }
    }

    fn snapshot(&self) -> Sandbox {
        let left_alone = self.left_alone().map(SandboxState::LeftAlone);
        let state = self.state();
        let spec = &self.record.spec;
        Sandbox {
            spec: SandboxSpec { resources: state.resources.clone(), ..spec.clone() },
            state: if matches!(state.phase, Phase::Ready(_)) { SandboxState::Ready } else { left_alone.unwrap_or(SandboxState::Stopped) },
            network_namespace: (spec.network == NamespaceMode::Own).then(|| self.dir.namespace("net")),
            shim_pid: state.shim.as_ref().map_or(0, |shim| shim.pid),
        }
    }

    /// The mounts that its shim makes.
    fn mounts(&self) -> Vec<PathBuf> {
        let spec = &self.record.spec;
        let mut mounts: Vec<PathBuf> = [("net", spec.network), ("ipc", spec.ipc), ("uts", spec.uts)]
            .into_iter()
            .filter(|(_, mode)| *mode == NamespaceMode::Own)
            .map(|(name, _)| self.dir.namespace(name))
            .collect();
        if spec.pid == NamespaceMode::Sandbox {
            mounts.push(self.dir.namespace("pid"));
        }
        if self.record.users.is_some() {
            mounts.push(self.dir.namespace("user"));
        }
        if spec.ipc == NamespaceMode::Own {
            mounts.push(self.dir.shm());
        }
        mounts
    }
}

/// Runs blocking work on the runtime's own threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

impl Inner {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Entry>>> {
        self.sandboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, sandbox: &str) -> Result<Arc<Entry>> {
        self.entries().get(sandbox).cloned().ok_or_else(|| Error::SandboxNotFound(sandbox.to_owned()))
    }

    fn entry_of(&self, container: &str) -> Result<Arc<Entry>> {
        let entries: Vec<Arc<Entry>> = self.entries().values().cloned().collect();
        entries
            .into_iter()
            .find(|entry| entry.state().containers.contains_key(container))
            .ok_or_else(|| Error::ContainerNotFound(container.to_owned()))
    }

    fn image(&self, reference: &str) -> Result<Option<Image>> {
        if let Some(builtin) = self.images.get(reference) {
            return Ok(Some(builtin));
        }
        let Some(store) = &self.options.images else { return Ok(None) };
        Ok(store.get(reference).map_err(Error::Images)?.map(|image| Image::stored(image, reference)))
    }

    fn emit(&self, event: Event) {
        // Nobody listening is fine: whoever comes later lists first.
        self.events.send(event).map(drop).unwrap_or_default();
    }
}

impl Runtime {
    /// Opens `root`, finds the shims of an earlier process and what became of their containers, and removes half-made things.
    /// Only one process at a time can have it open.
    pub async fn open(root: &Path, options: Options) -> Result<Runtime> {
        open::open(root, options).await
    }

    /// What this machine can do.
    pub fn facts(&self) -> &HostFacts {
        &self.inner.facts
    }

    /// The image of that reference or digest, if present.
    pub fn image(&self, reference: &str) -> Result<Option<Image>> {
        self.inner.image(reference)
    }

    /// The built-in image, if it is of that name.
    pub fn builtin_image(&self, reference: &str) -> Option<Image> {
        self.inner.images.get(reference)
    }

    /// Images that were made here and are in no store.
    pub fn builtin_images(&self) -> Vec<Image> {
        self.inner.images.list()
    }

    /// All others.
    pub fn image_store(&self) -> Option<stead_images::Store> {
        self.inner.options.images.clone()
    }

    /// The images that containers run on or that are mounted.
    pub fn images_in_use(&self) -> stead_images::InUse {
        // What containers run on that nobody can list is not known.
        if self.inner.entries().values().any(|entry| entry.left_alone().is_some()) {
            return stead_images::InUse::Unknown;
        }
        let of_containers = self.containers(None).into_iter().map(|container| container.image_id);
        stead_images::InUse::Images(of_containers.chain(crate::image::shown()).collect())
    }

    /// Takes all names of an image of the store, and removes what nothing uses.
    pub async fn remove_image(&self, id: &str) -> Result<()> {
        let (runtime, id) = (self.clone(), id.to_owned());
        blocking(move || {
            let Some(store) = runtime.image_store() else { return Ok(()) };
            store.untag(&id).map_err(Error::Images)?;
            store.sweep(|| runtime.images_in_use()).map(drop).map_err(Error::Images)
        })
        .await
    }

    /// Shows an image's files, read-only, at an existing directory; whoever calls has written that mount down and unmounts it. Idempotent.
    pub async fn mount_image(&self, reference: &str, place: &Path) -> Result<()> {
        let (inner, reference, place) = (Arc::clone(&self.inner), reference.to_owned(), place.to_owned());
        blocking(move || {
            let _hold = inner.options.images.as_ref().map(stead_images::Store::hold).transpose().map_err(Error::Images)?;
            let image = inner.image(&reference)?.ok_or(Error::ImageNotPresent(reference))?;
            crate::image::mount(&image, &inner.root, &place)
        })
        .await
    }

    /// All images, the built-in one first.
    pub fn images(&self) -> Result<Vec<Image>> {
        let mut images = self.inner.images.list();
        if let Some(store) = &self.inner.options.images {
            images.extend(store.list().map_err(Error::Images)?.into_iter().map(|image| Image::stored(image, "")));
        }
        Ok(images)
    }

    /// Makes the built-in image from the running program and its shared libraries, unless that very program's image is there already.
    pub async fn builtin(&self, reference: &str) -> Result<Image> {
        let (inner, reference) = (Arc::clone(&self.inner), reference.to_owned());
        // What containers run on that nobody can list is not known.
        let all_known = self.inner.entries().values().all(|entry| entry.left_alone().is_none());
        let in_use = self.containers(None).into_iter().map(|container| container.image_id).chain(crate::image::shown()).collect();
        let in_use = if all_known { InUse::Digests(in_use) } else { InUse::Unknown };
        blocking(move || {
            let image = inner.images.builtin(&reference, &inner.options.executable, &in_use)?;
            // The images of programs that this one has replaced.
            inner.images.remove_unused(&in_use)?;
            Ok(image)
        })
        .await
    }

    /// Makes a sandbox and starts its shim. Idempotent for an equal specification, whatever its limits: those of one that is there stay, see
    /// [`Runtime::update_sandbox_limits`].
    pub async fn create_sandbox(&self, spec: SandboxSpec) -> Result<Sandbox> {
        sandboxes::create(&self.inner, spec).await
    }

    /// Sets limits of the runtime's own cgroup (an empty path), or of one between it and its sandboxes', such as `pods/batch`; made if missing.
    pub async fn limit_cgroup(&self, relative: &str, resources: Resources) -> Result<()> {
        let root = &self.inner.cgroup_root;
        let cgroup = if relative.is_empty() { root.clone() } else { sandboxes::cgroup_path(root, relative)? };
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.layout.create(&cgroup, &resources)).await
    }

    /// All sandboxes, sorted by id.
    pub fn sandboxes(&self) -> Vec<Sandbox> {
        let entries: Vec<Arc<Entry>> = self.inner.entries().values().cloned().collect();
        entries.iter().map(|entry| entry.snapshot()).collect()
    }

    /// One sandbox.
    pub fn sandbox(&self, sandbox: &str) -> Option<Sandbox> {
        self.inner.entry(sandbox).ok().map(|entry| entry.snapshot())
    }

    /// Kills everything in a sandbox, ends its shim, removes namespaces, mounts and cgroups. Records, exits and logs stay. Idempotent: one
    /// that does not exist is stopped.
    pub async fn stop_sandbox(&self, sandbox: &str) -> Result<()> {
        match self.inner.entry(sandbox) {
            Ok(entry) => sandboxes::stop(&self.inner, &entry).await,
            Err(_) => Ok(()),
        }
    }

    /// Stops a sandbox and removes every trace of it, logs included. Idempotent: one that does not exist is removed.
    pub async fn remove_sandbox(&self, sandbox: &str) -> Result<()> {
        match self.inner.entry(sandbox) {
            Ok(entry) => sandboxes::remove(&self.inner, &entry).await,
            Err(_) => Ok(()),
        }
    }

    /// Runs a container; returns once its program has been executed.
    pub async fn start(&self, sandbox: &str, spec: ContainerSpec) -> Result<Started, StartError> {
        containers::start(&self.inner, sandbox, spec).await
    }

    /// Sends a signal to a container's first process. One that has ended is not an error.
    pub async fn signal(&self, container: &str, signal: i32) -> Result<()> {
        containers::signal(&self.inner, container, signal).await
    }

    /// Kills every process of a container. One that has ended is not an error. Its end shows as an event.
    pub async fn kill(&self, container: &str) -> Result<()> {
        containers::kill(&self.inner, container).await
    }

    /// What a sandbox that is up and its running containers use now.
    pub async fn usage(&self, sandbox: &str) -> Result<SandboxUsage> {
        resources::usage(&self.inner, sandbox).await
    }

    /// What a container has on disk. Walks its writable layer, which may take a while.
    pub async fn disk_usage(&self, container: &str) -> Result<ContainerDiskUsage> {
        resources::disk_usage(&self.inner, container).await
    }

    /// Gives a running container other limits; None removes a limit, but leaves shares and processes as they are. A memory limit below what
    /// is in use is refused ([`Error::LimitBelowUsage`]) before anything is changed.
    pub async fn update_limits(&self, container: &str, limits: Resources) -> Result<()> {
        resources::update_container(&self.inner, container, limits).await
    }

    /// The same for the cgroup around a sandbox's containers. Which of both to change first is the caller's to know: on version 1 no cgroup
    /// may have a larger part of the processors than the one around it.
    pub async fn update_sandbox_limits(&self, sandbox: &str, limits: Resources) -> Result<()> {
        resources::update_sandbox(&self.inner, sandbox, limits).await
    }

    /// Runs one more program in a running container; returns once it has been executed.
    pub async fn exec(&self, container: &str, spec: ExecSpec, stdio: Stdio) -> Result<Exec, ExecError> {
        execs::exec(&self.inner, container, spec, stdio).await
    }

    /// Joins a running container: its output from now on, and its input if that is wanted and it takes any.
    pub async fn attach(&self, container: &str, input: bool) -> Result<Attached, ExecError> {
        attachments::attach(&self.inner, container, input).await
    }

    /// Connects to a port of a sandbox's own loopback address, of either family.
    pub async fn connect_to_port(&self, sandbox: &str, port: u16) -> Result<tokio::net::TcpStream> {
        ports::connect(&self.inner, sandbox, port).await
    }

    /// Opens a container's log anew, after it has been renamed.
    pub async fn reopen_log(&self, container: &str) -> Result<()> {
        containers::reopen_log(&self.inner, container).await
    }

    /// Removes an ended container with its log; kills it first if need be. Idempotent.
    pub async fn remove_container(&self, container: &str) -> Result<()> {
        containers::remove(&self.inner, container).await
    }

    /// Containers of a sandbox, sorted by name and attempt; of all sandboxes with None.
    pub fn containers(&self, sandbox: Option<&str>) -> Vec<Container> {
        let entries: Vec<Arc<Entry>> = self.inner.entries().values().cloned().collect();
        let mut containers: Vec<Container> = entries
            .iter()
            .filter(|entry| sandbox.is_none_or(|id| entry.id() == id))
            .flat_map(|entry| entry.state().containers.values().cloned().collect::<Vec<_>>())
            .collect();
        containers.sort_by(|a, b| (&a.sandbox, &a.spec.name, a.spec.attempt).cmp(&(&b.sandbox, &b.spec.name, b.spec.attempt)));
        containers
    }

    /// One container.
    pub fn container(&self, container: &str) -> Option<Container> {
        self.inner.entry_of(container).ok().and_then(|entry| entry.state().containers.get(container).cloned())
    }

    /// Exits from now on, as they happen. To miss none, call this first and list then.
    pub fn events(&self) -> Events {
        Events { receiver: self.inner.events.subscribe() }
    }

    /// Stops every sandbox and gives back our cgroups; images, records and logs stay. What cannot be understood is ended too, since that is
    /// what was asked for. The number of sandboxes of which something ran, those that were ended when the directory was opened included.
    pub async fn stop_all(&self) -> Result<usize> {
        let entries: Vec<Arc<Entry>> = self.inner.entries().values().cloned().collect();
        let running = self.sandboxes().iter().filter(|sandbox| sandbox.state != SandboxState::Stopped).count();
        let mut failed = None;
        for entry in entries.iter().filter(|entry| !matches!(entry.state().phase, Phase::LeftAlone { .. })) {
            if let Err(error) = sandboxes::stop(&self.inner, entry).await {
                failed = Some(error);
            }
        }
        let inner = Arc::clone(&self.inner);
        blocking(move || sandboxes::clean_all(&inner)).await?;
        failed.map_or(Ok(running + self.inner.ended_at_opening.load(Ordering::Relaxed)), Err)
    }

    /// Removes everything that was made on this machine, as written down in the journal, and everything in the root directory but its lock.
    pub async fn remove_all(&self) -> Result<()> {
        self.stop_all().await?;
        let entries: Vec<Arc<Entry>> = self.inner.entries().values().cloned().collect();
        for entry in entries {
            let inner = Arc::clone(&self.inner);
            blocking(move || sandboxes::remove_files(&inner, &entry).map(|()| inner.entries().remove(entry.id()))).await?;
        }
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            sandboxes::remove_journalled(&inner, &inner.journal.live())?;
            inner.images.remove_all()
        })
        .await
    }
}
