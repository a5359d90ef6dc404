//! The statuses of a pod's containers (CS-1 to CS-13).

use super::set_text;
use crate::pod::plan::restarts;
use crate::pod::resize::Resizing;
use crate::pod::restart::sidecar;
use crate::pod::state::{ContainerState, NOT_LOCATED, PodState, RESTARTING_ALL, RESTARTING_ALL_MESSAGE, STATUS_UNKNOWN};
use crate::pod::steps::NodeFacts;
use crate::pod::volumes::mounts::shown;
use crate::runtime::{Exit, Instance, InstanceState};
use stead_api::value::Access;
use stead_api::{Value, json};

/// Bytes of termination messages that all containers of a pod share evenly (CS-13).
const MESSAGES_BYTES_MAX: usize = 12 * 1024;

/// In which list of the spec a container stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Init,
    Regular,
    Ephemeral,
}

/// One container's status.
pub fn container_status(pod: &Value, container: &Value, kind: Kind, state: &PodState, facts: &NodeFacts) -> Value {
    let name = container.str("name");
    let fresh = ContainerState::default();
    let known = state.container(name).unwrap_or(&fresh);
    let (image, image_id) = known.image.clone().unwrap_or_else(|| (container.str("image").to_owned(), String::new()));
    let mut status = json!({"name": name, "image": image, "imageID": image_id, "restartCount": restart_count(pod, known), "ready": ready(container, kind, known)});
    if kind != Kind::Ephemeral {
        status["started"] = if is_regular_init(container, kind) { known.running() } else { known.is_started() }.into();
    }
    if let Some(id) = known.current.as_ref().and_then(|run| run_id(run, facts)) {
        status["containerID"] = id.into();
    }
    let view = View { pod, container, kind, known, state };
    let (now_state, moved) = view.current();
    let end = |run: &Instance| exit_of(run).map(|exit| terminated(pod, exit, run_id(run, facts)));
    status["state"] = match (now_state, &known.current) {
        (Some(state), _) => state,
        (None, Some(run)) => end(run).unwrap_or(Value::Null),
        (None, None) => Value::Null,
    };
    let last = if moved { known.current.as_ref() } else { known.previous.as_ref() };
    if let Some(last) = last.and_then(end) {
        status["lastState"] = last;
    }
    given(container, known, state, &mut status);
    status
}

fn is_regular_init(container: &Value, kind: Kind) -> bool {
    kind == Kind::Init && !sidecar(container)
}

/// CS-12, PRB-5.
fn ready(container: &Value, kind: Kind, known: &ContainerState) -> bool {
    match kind {
        Kind::Ephemeral => false,
        Kind::Init if !sidecar(container) => known.exit().is_some_and(|exit| exit.code == 0),
        Kind::Init | Kind::Regular => known.is_ready(),
    }
}

/// CS-10, CS-14: one that vanished counts as restarted.
fn restart_count(pod: &Value, known: &ContainerState) -> u32 {
    let vanished = |run: &Instance| run.attempt + u32::from(!pod["metadata"].has("deletionTimestamp"));
    known.current.as_ref().map_or_else(|| known.previous.as_ref().map_or(0, vanished), |run| run.attempt)
}

fn run_id(run: &Instance, facts: &NodeFacts) -> Option<String> {
    (!run.id.is_empty()).then(|| format!("{}://{}", facts.runtime_name, run.id))
}

fn exit_of(run: &Instance) -> Option<&Exit> {
    match &run.state {
        InstanceState::Exited(exit) => Some(exit),
        InstanceState::Running { .. } => None,
    }
}

/// What it was given: resources, user, mounts (CS-1).
fn given(container: &Value, known: &ContainerState, state: &PodState, status: &mut Value) {
    if let Some(run) = &known.current {
        let spec = &container["resources"];
        let given = known.resources.as_ref().filter(|_| known.running()).unwrap_or(spec);
        let allotted = if matches!(state.resizing, Resizing::Pending { .. }) { given } else { spec };
        status["resources"] = if given.is_object() { given.clone() } else { json!({}) };
        if let Some(requests) = allotted.get("requests").filter(|requests| !requests.is_null()) {
            status["allocatedResources"] = requests.clone();
        }
        if let Some(user) = &run.user {
            status["user"] = json!({"linux": {"uid": user.uid, "gid": user.gid, "supplementalGroups": user.groups}});
        }
    }
    let mounts = shown(container);
    if !mounts.is_empty() {
        status["volumeMounts"] = mounts.into();
    }
}

/// A container, seen for its `state`.
struct View<'a> {
    pod: &'a Value,
    container: &'a Value,
    kind: Kind,
    known: &'a ContainerState,
    state: &'a PodState,
}

impl View<'_> {
    /// The `state` member, none for the newest run's end as it is; and whether that end moves to `lastState` (CS-8).
    fn current(&self) -> (Option<Value>, bool) {
        let deleting = self.pod["metadata"].has("deletionTimestamp");
        let cause = self.known.waiting.as_ref().filter(|_| !deleting);
        match &self.known.current {
            Some(Instance { state: InstanceState::Running { started_at }, .. }) => {
                (Some(json!({"running": {"startedAt": started_at.rfc3339()}})), false)
            }
            Some(Instance { state: InstanceState::Exited(_), .. }) => {
                if deleting || !self.starts_again() {
                    return (None, false);
                }
                if self.known.again.is_some() && self.known.exit().is_some_and(|exit| exit.reason == Some(RESTARTING_ALL)) {
                    return (Some(waiting(RESTARTING_ALL, RESTARTING_ALL_MESSAGE)), true);
                }
                if self.known.end_told && self.known.ended_at.and_then(|at| self.known.backoff.until(at)).is_some() && cause.is_none() {
                    return (Some(waiting("CrashLoopBackOff", &backoff_message(self.pod, self.container, self.known))), true);
                }
                cause.map_or((None, false), |cause| (Some(waiting(cause.reason, &cause.message)), true))
            }
            None => (Some(cause.map_or_else(|| self.default_waiting(), |cause| waiting(cause.reason, &cause.message))), false),
        }
    }

    fn starts_again(&self) -> bool {
        let exited_well = self.known.exit().is_some_and(|exit| exit.code == 0);
        match self.kind {
            Kind::Ephemeral => false,
            Kind::Init if !sidecar(self.container) && exited_well => self.known.again.is_some(),
            Kind::Init | Kind::Regular => self.state.ended.is_none() && restarts(&self.pod["spec"], self.container, self.known),
        }
    }

    /// CS-3.
    fn default_waiting(&self) -> Value {
        let inits = !self.pod["spec"].items("initContainers").is_empty();
        waiting(if inits { "PodInitializing" } else { "ContainerCreating" }, "")
    }
}

fn waiting(reason: &str, message: &str) -> Value {
    let mut waiting = json!({"reason": reason});
    set_text(&mut waiting, "message", message);
    json!({ "waiting": waiting })
}

/// RST-6.
fn backoff_message(pod: &Value, container: &Value, known: &ContainerState) -> String {
    let meta = &pod["metadata"];
    let (name, namespace, uid) = (meta.str("name"), meta.str("namespace"), meta.str("uid"));
    format!("back-off {} restarting failed container={} pod={name}_{namespace}({uid})", known.backoff.text(), container.str("name"))
}

fn terminated(pod: &Value, exit: &Exit, id: Option<String>) -> Value {
    let reason = match (exit.reason, exit.oom, exit.code) {
        (Some(reason), ..) => reason,
        (None, true, _) => "OOMKilled", // CS-7
        (None, false, 0) => "Completed",
        (None, false, _) => "Error",
    };
    let mut terminated = json!({"exitCode": exit.code, "reason": reason});
    set_text(&mut terminated, "message", share(pod, &exit.message));
    // What nobody saw has no times; what never started began at the epoch.
    let unseen = exit.started_at.is_none() && matches!(reason, STATUS_UNKNOWN | RESTARTING_ALL);
    terminated["startedAt"] = if unseen { Value::Null } else { exit.started_at.unwrap_or_default().rfc3339().into() };
    terminated["finishedAt"] = if unseen { Value::Null } else { exit.finished_at.rfc3339().into() };
    if let Some(id) = id.filter(|_| !unseen) {
        terminated["containerID"] = id.into();
    }
    json!({ "terminated": terminated })
}

/// The beginning of a message, as long as every container of the pod may have one (CS-13).
fn share<'a>(pod: &Value, message: &'a str) -> &'a str {
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    let containers: usize = lists.iter().map(|list| pod["spec"].items(list).len()).sum();
    let most = (MESSAGES_BYTES_MAX / containers.max(1)).min(message.len());
    &message[..(0..=most).rev().find(|end| message.is_char_boundary(*end)).unwrap_or_default()]
}

/// Whether the pod had come past its init containers when it ended: what has no end then was lost, not held up.
pub fn located(pod: &Value, state: &PodState) -> bool {
    let containers = state.before_down.as_ref().unwrap_or(&state.containers);
    let spec = &pod["spec"];
    let known = |container: &Value| containers.get(container.str("name"));
    let Some(last) = spec.items("initContainers").last() else { return true };
    spec.items("containers").iter().any(|c| known(c).is_some_and(ContainerState::has_run))
        || known(last).is_some_and(|c| if sidecar(last) { c.is_started() } else { c.exit().is_some_and(|exit| exit.code == 0) })
}

/// CS-9: in a pod that is over every container has ended. Init containers that had no turn yet go on waiting, and the others with them.
pub fn locate_all(inits: &mut [Value], regular: &mut [Value], initialized: bool) {
    let lost =
        json!({"terminated": {"exitCode": 137, "reason": STATUS_UNKNOWN, "message": NOT_LOCATED, "startedAt": null, "finishedAt": null}});
    let begun = inits.iter().rposition(|status| !status["state"].has("waiting") || status.has("lastState")).unwrap_or(0);
    let regular = regular.iter_mut().filter(|_| initialized);
    for status in inits.iter_mut().take(begun + 1).chain(regular).filter(|status| !status["state"].has("terminated")) {
        status["state"] = lost.clone();
    }
}
