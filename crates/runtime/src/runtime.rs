//! The runtime as the node sees it.
//!
//! Never decides what should run. Input: calls; output: states and events.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::container::{Container, ContainerSpec, Exit, Started};
use crate::error::{Error, Result, StartError};
use crate::image::Image;
use crate::sandbox::{Sandbox, SandboxSpec};

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The program that has the roles of [`crate::roles`].
    pub executable: PathBuf,
    /// Name of the cgroup that is ours alone; None: one made from the root directory's path.
    pub cgroup_root: Option<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options { executable: PathBuf::from("/proc/self/exe"), cgroup_root: None }
    }
}

/// What this machine and process can do; probed once.
#[derive(Debug, Clone)]
pub struct HostFacts {
    /// 1 (also for the hybrid layout) or 2.
    pub cgroup_version: u8,
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
    /// A sandbox's shim died; what ran in it has been killed and is reported as lost.
    SandboxDied {
        /// The sandbox's id.
        sandbox: String,
    },
    /// The reader was too slow and events are missing: list everything.
    Missed,
}

/// Events from the moment of [`Runtime::events`].
#[derive(Debug)]
pub struct Events {
    pub(crate) receiver: tokio::sync::broadcast::Receiver<Event>,
}

impl Events {
    /// The next event; None once the runtime is gone. Cancel safe.
    pub async fn next(&mut self) -> Option<Event> {
        use tokio::sync::broadcast::error::RecvError;
        match self.receiver.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(_)) => Some(Event::Missed),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Containers below one root directory. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Runtime {
    _later: BTreeMap<(), ()>,
}

fn absent() -> Error {
    Error::Host("this build has no container runtime yet".to_owned())
}

#[expect(clippy::unused_async, reason = "the signatures others code against")]
impl Runtime {
    /// Opens `root`, finds the shims of an earlier process and what became of their containers, and removes half-made things.
    pub async fn open(_root: &Path, _options: Options) -> Result<Runtime> {
        Err(absent())
    }
    /// What this machine can do.
    pub fn facts(&self) -> &HostFacts {
        unreachable!("a runtime cannot be opened")
    }
    /// The image of that reference or digest, if present.
    pub fn image(&self, _reference: &str) -> Option<Image> {
        None
    }
    /// All images.
    pub fn images(&self) -> Vec<Image> {
        Vec::new()
    }
    /// Makes the built-in image from the running program, unless it is there already.
    pub async fn builtin(&self, _reference: &str) -> Result<Image> {
        Err(absent())
    }
    /// Makes a sandbox and starts its shim. Idempotent for an equal specification.
    pub async fn create_sandbox(&self, _spec: SandboxSpec) -> Result<Sandbox> {
        Err(absent())
    }
    /// All sandboxes, sorted by id.
    pub fn sandboxes(&self) -> Vec<Sandbox> {
        Vec::new()
    }
    /// Kills everything in a sandbox, ends its shim, removes namespaces, mounts and cgroups. Records, exits and logs stay. Idempotent.
    pub async fn stop_sandbox(&self, _sandbox: &str) -> Result<()> {
        Err(absent())
    }
    /// Stops a sandbox and removes every trace of it, logs included. Idempotent: one that does not exist is removed.
    pub async fn remove_sandbox(&self, _sandbox: &str) -> Result<()> {
        Err(absent())
    }
    /// Runs a container; returns once its program has been executed.
    pub async fn start(&self, _sandbox: &str, _spec: ContainerSpec) -> Result<Started, StartError> {
        Err(absent().into())
    }
    /// Sends a signal to a container's first process. One that has ended is not an error.
    pub async fn signal(&self, _container: &str, _signal: i32) -> Result<()> {
        Err(absent())
    }
    /// Kills every process of a container. One that has ended is not an error.
    pub async fn kill(&self, _container: &str) -> Result<()> {
        Err(absent())
    }
    /// Opens a container's log anew, after it has been renamed.
    pub async fn reopen_log(&self, _container: &str) -> Result<()> {
        Err(absent())
    }
    /// Removes an ended container with its log; kills it first if need be. Idempotent.
    pub async fn remove_container(&self, _container: &str) -> Result<()> {
        Err(absent())
    }
    /// Containers of a sandbox, sorted by name and attempt; of all sandboxes with None.
    pub fn containers(&self, _sandbox: Option<&str>) -> Vec<Container> {
        Vec::new()
    }
    /// One container.
    pub fn container(&self, _container: &str) -> Option<Container> {
        None
    }
    /// Exits from now on, as they happen.
    pub fn events(&self) -> Events {
        unreachable!("a runtime cannot be opened")
    }
    /// Makes the cgroup `path` (relative to the runtime's own) with these limits; for parents of sandboxes.
    pub async fn ensure_cgroup(&self, _path: &str, _resources: crate::Resources) -> Result<()> {
        Err(absent())
    }
    /// Removes everything that was made on this machine, as written down in the journal.
    pub async fn remove_all(&self) -> Result<()> {
        Err(absent())
    }
}
