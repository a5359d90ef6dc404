//! How one pod stands: ready, or what it waits for, from its status, the events about it and its claims, and what is known beside the API:
//! the last words of containers that fail, and how far images are. Pure.

use super::waiting::{self, Wait};
use super::{Observed, Readiness, Run, fields};
use stead_api::Value;
use stead_api::value::Access;
use stead_client::resource::PERSISTENT_VOLUME_CLAIMS;

/// The reason of a pod for which an image is being pulled.
pub const PULLING: &str = "Pulling";
/// What a pod that is not there waits with.
pub const MISSING: &str = "Missing";
/// Waits that end by themselves as a rule; all others are trouble.
const PLAIN: [&str; 11] = [
    PULLING,
    MISSING,
    waiting::UNSCHEDULED,
    waiting::NOT_STARTED,
    waiting::NOT_READY,
    waiting::DELETED,
    "ContainerCreating",
    "PodInitializing",
    "OutOfDate",
    "Surplus",
    "SchedulingGated",
];

/// A pod, or one that should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodView {
    pub namespace: String,
    pub name: String,
    pub ordinal: Option<i64>,
    pub standing: Readiness,
    /// In one word, such as `ImagePullBackOff`; empty if it is ready.
    pub reason: String,
    /// In a sentence.
    pub message: String,
    /// Of the image that is being pulled.
    pub percent: Option<u8>,
    pub restarts: i64,
    pub node: String,
    pub phase: String,
    pub containers: usize,
    pub containers_ready: usize,
}

impl PodView {
    /// One that is not there, and why.
    pub fn missing(namespace: &str, name: String, ordinal: Option<i64>, message: String) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name,
            ordinal,
            standing: Readiness::Waiting,
            reason: MISSING.to_owned(),
            message,
            percent: None,
            restarts: 0,
            node: String::new(),
            phase: String::new(),
            containers: 0,
            containers_ready: 0,
        }
    }

    /// Whether somebody has to do something.
    pub fn is_in_trouble(&self) -> bool {
        self.standing == Readiness::Failed || (self.standing == Readiness::Waiting && !PLAIN.contains(&self.reason.as_str()))
    }

    pub fn is_missing(&self) -> bool {
        self.reason == MISSING
    }
}

impl Observed {
    /// How a pod stands. One that has done all it had to is ready.
    pub(super) fn pod(&self, pod: &Value, ordinal: Option<i64>) -> PodView {
        let (metadata, status) = (&pod["metadata"], &pod["status"]);
        let statuses = status.items("containerStatuses");
        let (standing, wait) = self.pod_standing(pod);
        let percent = self.pull_of(pod).filter(|_| wait.reason == PULLING).map(|pull| pull.percent);
        PodView {
            namespace: metadata.str("namespace").to_owned(),
            name: metadata.str("name").to_owned(),
            ordinal,
            standing,
            reason: wait.reason,
            message: wait.message,
            percent,
            restarts: statuses.iter().filter_map(|status| status.int("restartCount")).sum(),
            node: pod["spec"].str("nodeName").to_owned(),
            phase: status.str("phase").to_owned(),
            containers: pod["spec"].items("containers").len(),
            containers_ready: statuses.iter().filter(|status| status.flag("ready")).count(),
        }
    }

    fn pod_standing(&self, pod: &Value) -> (Readiness, Wait) {
        let is_deleted = pod["metadata"].has("deletionTimestamp");
        match pod["status"].str("phase") {
            "Succeeded" => (Readiness::Ready, Wait::default()),
            "Failed" => (Readiness::Failed, self.with_tail(pod, waiting::of_pod(pod))),
            _ if fields::is_true(pod, "Ready") && !is_deleted => (Readiness::Ready, Wait::default()),
            _ => (Readiness::Waiting, self.wait(pod)),
        }
    }

    /// What it waits for, with what else is known about that.
    fn wait(&self, pod: &Value) -> Wait {
        let wait = waiting::of_pod(pod);
        let events = self.events_of(pod);
        match wait.reason.as_str() {
            waiting::UNSCHEDULED => self.with_claims(pod, wait),
            "ContainerCreating" | "PodInitializing" | waiting::NOT_STARTED => self.beginning(pod, wait, &events),
            waiting::NOT_READY => match events.iter().rev().find(|event| event.str("reason") == "Unhealthy") {
                Some(probe) => Wait { message: format!("{}: {}", wait.message, probe.str("message")), ..wait },
                None => wait,
            },
            _ => self.with_tail(pod, wait),
        }
    }

    /// A pod that a node has begun with: an image that is pulled, or what has failed last.
    fn beginning(&self, pod: &Value, wait: Wait, events: &[&Value]) -> Wait {
        if let Some(pull) = self.pull_of(pod) {
            return Wait { reason: PULLING.to_owned(), message: format!("image {}: {} % ({})", pull.image, pull.percent, pull.words) };
        }
        let Some(newest) = events.last() else { return wait };
        let (reason, message) = (newest.str("reason"), newest.str("message"));
        match reason {
            "Pulling" | "PullProgress" => Wait { reason: PULLING.to_owned(), message: lower(message) },
            _ if newest.str("type") == "Warning" => Wait { reason: reason.to_owned(), message: message.to_owned() },
            _ => wait,
        }
    }

    fn pull_of(&self, pod: &Value) -> Option<&super::Pull> {
        self.pulls.get(&super::place(pod))?.first()
    }

    /// Adds what its claims wait for.
    fn with_claims(&self, pod: &Value, wait: Wait) -> Wait {
        let namespace = pod["metadata"].str("namespace");
        let claims = pod["spec"].items("volumes").iter().filter_map(|volume| volume.get("persistentVolumeClaim"));
        let unbound = claims.filter_map(|source| self.get(PERSISTENT_VOLUME_CLAIMS, namespace, source.str("claimName")));
        let mut troubles = unbound
            .filter(|claim| claim["status"].str("phase") != "Bound")
            .filter_map(|claim| self.warning_of(claim).map(|why| format!("its claim {}: {why}", claim["metadata"].str("name"))));
        match troubles.next() {
            Some(trouble) => Wait { reason: "ClaimPending".to_owned(), message: format!("{}; {trouble}", wait.message) },
            None => wait,
        }
    }

    /// Adds the last words of the container that fails.
    fn with_tail(&self, pod: &Value, wait: Wait) -> Wait {
        let lines = failed_runs(pod).into_iter().find_map(|run| self.tails.get(&run)).filter(|lines| !lines.is_empty());
        match lines {
            Some(lines) => Wait { message: format!("{}; its log ends:\n{}", wait.message, lines.join("\n")), ..wait },
            None => wait,
        }
    }
}

/// The ended runs of a pod's containers that are waiting to be started again, or have failed for good.
pub fn failed_runs(pod: &Value) -> Vec<Run> {
    let (metadata, status) = (&pod["metadata"], &pod["status"]);
    let statuses = status.items("initContainerStatuses").iter().chain(status.items("containerStatuses"));
    let failed = statuses.filter_map(|container| {
        let (now, last) = (&container["state"], &container["lastState"]);
        let is_previous = now.has("waiting") && last.has("terminated");
        let ended = if is_previous { last.get("terminated") } else { now.get("terminated") };
        ended.filter(|ended| ended.int("exitCode") != Some(0)).map(|_| Run {
            namespace: metadata.str("namespace").to_owned(),
            pod: metadata.str("name").to_owned(),
            uid: metadata.str("uid").to_owned(),
            container: container.str("name").to_owned(),
            restarts: container.int("restartCount").unwrap_or_default(),
            is_previous,
        })
    });
    failed.collect()
}

/// A sentence as a part of another one.
fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
