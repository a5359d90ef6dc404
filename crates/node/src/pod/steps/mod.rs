//! The steps between a pod's object and its running containers, in order. Adding one touches its own file and a table here.
//!
//! [`STEPS`] are the pod's own: brought up one after the other before any container starts, taken down in reverse when none runs, and
//! removed with the object. [`START_STEPS`] are gone through before each run of a container. A step decides nothing about when; it is
//! pure, and says what to do as an [`Operation`]. What it makes must be found again by the runtime's list, so that it outlives the
//! process ([`super::recovery`]).

mod files;
mod image_volumes;
mod images;
mod mounts;
mod post_start;
mod run;
mod sandbox;
mod sources;
mod volumes;

use super::files::DnsFacts;
use super::operation::{Operation, Outcome};
use super::state::{PodState, WaitingReason};
use crate::clock::Now;
use std::path::PathBuf;
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;
use stead_client::event::{Event, Reference};

/// How long a failed step waits before it is tried again.
pub const RETRY: Duration = Duration::from_secs(10);
/// How long a failed pull shows as such before the wait for the next one does.
pub const PULL_SHOWN: Duration = Duration::from_secs(1);

/// What a pod needs before its containers.
pub static STEPS: [&dyn PodStep; 2] = [&volumes::Volumes, &sandbox::Sandbox];
/// Places in [`STEPS`].
pub const VOLUMES: usize = 0;
pub const SANDBOX: usize = 1;

/// What a run of a container needs, the run itself, and what follows at once.
pub static START_STEPS: [&dyn StartStep; 8] = [
    &image_volumes::ImageVolumes,
    &images::Images,
    &images::Pull,
    &sources::Environment,
    &files::Files,
    &mounts::Mounts,
    &run::Run,
    &post_start::PostStart,
];

/// What the steps know of the node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeFacts {
    pub name: String,
    /// What the machine itself is called.
    pub hostname: String,
    /// The node's addresses, primary first.
    pub host_ips: Vec<String>,
    /// `stead`: prefixes container ids.
    pub runtime_name: String,
    /// How pods resolve names.
    pub dns: DnsFacts,
    pub memory_bytes: i64,
    /// `status.allocatable` of the node.
    pub allocatable: Value,
    /// The pods' directories are here, each under its uid.
    pub pods_dir: PathBuf,
}

/// A step of the whole pod.
pub trait PodStep: Sync {
    /// What brings it up, and an event that is worth recording then. Notes in the state what is about to be made.
    fn up(&self, pod: &Value, node: &NodeFacts, state: &mut PodState) -> (Operation, Option<Event>);
    /// The event that says that it could not be brought up.
    fn up_failed(&self, pod: &Value, error: &str) -> Event;
    /// What takes it down; together, in any order. Nothing: it is down.
    fn down(&self, state: &PodState) -> Vec<Operation>;
    /// What removes its last traces, once the object is to go. Nothing: none are left.
    fn remove(&self, state: &PodState) -> Vec<Operation>;
    /// All that [`Self::remove`] named is done.
    fn removed(&self, state: &mut PodState);
}

/// The start under way, for a step of it.
pub struct Start<'a> {
    pub pod: &'a Value,
    /// The container's part of the pod's spec.
    pub container: &'a Value,
    pub node: &'a NodeFacts,
    pub now: Now,
    pub state: &'a mut PodState,
}

impl Start<'_> {
    /// The container's name.
    pub fn name(&self) -> &str {
        self.container.str("name")
    }

    /// Normal event about the container.
    pub fn normal(&self, reason: &'static str, message: String) -> Event {
        about(self.pod, self.name(), "Normal", reason, message)
    }

    /// Warning event about the container.
    pub fn warning(&self, reason: &'static str, message: String) -> Event {
        about(self.pod, self.name(), "Warning", reason, message)
    }

    /// A failure with an event `Failed: PREFIX MESSAGE`, tried again after the usual time.
    pub fn failure(&self, reason: &'static str, message: String, prefix: &str) -> StartFailure {
        let event = self.warning("Failed", format!("{prefix}{message}"));
        let retry_at = self.now.steady + RETRY;
        StartFailure { waiting: Some(WaitingReason { reason, message, retry_at }), events: vec![event] }
    }
}

/// A step of one start.
pub trait StartStep: Sync {
    /// What to do, or nothing if this step has no part in this start.
    fn begin(&self, start: &mut Start<'_>) -> Result<Option<Operation>, StartFailure>;
    /// Takes what came of it; gives the events to record.
    fn take(&self, start: &mut Start<'_>, outcome: Outcome) -> Result<Vec<Event>, StartFailure>;
}

/// A start came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartFailure {
    /// What the status shows meanwhile; nothing if it is not the container's failure.
    pub waiting: Option<WaitingReason>,
    pub events: Vec<Event>,
}

/// An event about the pod, or one of its containers.
pub fn about(pod: &Value, container: &str, ty: &'static str, reason: &'static str, message: String) -> Event {
    let meta = &pod["metadata"];
    let regarding = Reference {
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        namespace: meta.str("namespace").to_owned(),
        name: meta.str("name").to_owned(),
        uid: meta.str("uid").to_owned(),
        resource_version: meta.str("resourceVersion").to_owned(),
        field_path: field_path(pod, container),
    };
    Event { ty, reason, message, regarding }
}

fn field_path(pod: &Value, container: &str) -> String {
    if container.is_empty() {
        return String::new();
    }
    let lists = ["initContainers", "ephemeralContainers"];
    let list = lists.into_iter().find(|list| pod["spec"].items(list).iter().any(|c| c.str("name") == container));
    format!("spec.{}{{{container}}}", list.unwrap_or("containers"))
}

/// Where the pod is reached from this node.
pub fn address(pod: &Value, node: &NodeFacts, state: &PodState) -> Option<String> {
    if pod["spec"].flag("hostNetwork") {
        return node.host_ips.first().cloned();
    }
    let known = || Some(pod["status"].str("podIP")).filter(|ip| !ip.is_empty()).map(str::to_owned);
    state.addresses.first().map(ToString::to_string).or_else(known)
}
