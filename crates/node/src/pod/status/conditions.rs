//! The conditions of a pod that the node owns (COND-1 to COND-7); those of others are kept.

use super::phase::Phase;
use super::set_text;
use crate::pod::plan::initialized;
use crate::pod::resize::Resizing;
use crate::pod::restart::sidecar;
use crate::pod::state::{ContainerState, PodState, Progress};
use crate::pod::steps::SANDBOX;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Value, json};

/// The conditions that only the node writes, in upstream's order.
const OWNED: [&str; 8] = [
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
    ALL_RESTARTING,
    RESIZE_PENDING,
    RESIZE_IN_PROGRESS,
];
/// The node has no room for changed resources (CG-14).
const RESIZE_PENDING: &str = "PodResizePending";
/// Changed resources are being given.
const RESIZE_IN_PROGRESS: &str = "PodResizeInProgress";
/// Whether a container's rule is making all of them start anew (RST-2).
const ALL_RESTARTING: &str = "AllContainersRestarting";
/// Shared with whoever else disrupts pods.
const DISRUPTION: &str = "DisruptionTarget";

/// Whether the node writes this condition.
pub fn is_owned(condition: &Value) -> bool {
    let ty = condition.str("type");
    OWNED.contains(&ty) || (ty == DISRUPTION && condition.str("reason") == BY_KUBELET)
}

const BY_KUBELET: &str = "TerminationByKubelet";

/// One condition before its transition time is known.
struct Condition {
    ty: &'static str,
    holds: bool,
    reason: String,
    message: String,
}

impl Condition {
    fn new(ty: &'static str, holds: bool, reason: &str, message: String) -> Self {
        Self { ty, holds, reason: reason.to_owned(), message }
    }

    fn holds(ty: &'static str) -> Self {
        Self::new(ty, true, "", String::new())
    }
}

/// Conditions of ours, then those of others as they are.
pub fn conditions(now: Timestamp, pod: &Value, state: &PodState, phase: &Phase, inits: &[Value], regular: &[Value]) -> Vec<Value> {
    let containers_ready = containers_ready(pod, phase, inits, regular);
    let mut ours = vec![
        sandbox(state),
        initialized_condition(pod, state, phase, inits),
        ready(pod, &containers_ready),
        containers_ready,
        Condition::holds("PodScheduled"),
    ];
    ours.extend(all_restarting(pod, state, phase));
    ours.extend(resizing(state).filter(|_| !phase.over));
    let disruption = state.ended.as_ref().and_then(|ended| ended.disruption.clone());
    ours.extend(disruption.map(|message| Condition::new(DISRUPTION, true, BY_KUBELET, message)));
    let old = pod["status"].items("conditions");
    let generation = pod["metadata"].int("generation");
    let mut all: Vec<Value> = ours.iter().map(|condition| written(now, condition, old, generation)).collect();
    let theirs = old.iter().filter(|c| !ours.iter().any(|condition| condition.ty == c.str("type")) && !OWNED.contains(&c.str("type")));
    all.extend(theirs.cloned());
    all
}

fn written(now: Timestamp, condition: &Condition, old: &[Value], generation: Option<i64>) -> Value {
    let word = if condition.holds { "True" } else { "False" };
    let same = old.iter().find(|c| c.str("type") == condition.ty && c.str("status") == word);
    let since = same.map(|c| c.str("lastTransitionTime").to_owned()).filter(|t| !t.is_empty()).unwrap_or_else(|| now.rfc3339()); // COND-2
    let mut value = json!({"type": condition.ty, "status": word, "lastProbeTime": null, "lastTransitionTime": since});
    if let Some(generation) = generation {
        value["observedGeneration"] = generation.into();
    }
    set_text(&mut value, "reason", &condition.reason);
    set_text(&mut value, "message", &condition.message);
    value
}

/// COND-1.
fn sandbox(state: &PodState) -> Condition {
    let ty = "PodReadyToStartContainers";
    if state.is_up() {
        return Condition::holds(ty);
    }
    let first = state.sandboxes.len() <= 1 && state.steps[SANDBOX] != Progress::Down;
    let message = if first { "no pod sandbox exists" } else { "pod sandbox is not ready" };
    Condition::new(ty, false, "PodSandboxNotReady", message.to_owned())
}

/// RST-2: pods without such a rule do not have the condition.
fn all_restarting(pod: &Value, state: &PodState, phase: &Phase) -> Option<Condition> {
    let spec = &pod["spec"];
    let rules = spec.items("initContainers").iter().chain(spec.items("containers")).flat_map(|c| c.items("restartPolicyRules"));
    if !rules.into_iter().any(|rule| rule.str("action") == "RestartAllContainers") {
        return None;
    }
    Some(match phase.computed {
        "Succeeded" => Condition::new(ALL_RESTARTING, false, "PodCompleted", String::new()),
        "Failed" => Condition::new(ALL_RESTARTING, false, "PodFailed", String::new()),
        _ if state.restarting_all => {
            Condition::new(ALL_RESTARTING, true, "RestartAllContainersStarted", "container exited with restart policy rule".to_owned())
        }
        _ => Condition::new(ALL_RESTARTING, false, "", String::new()),
    })
}

/// CG-14.
fn resizing(state: &PodState) -> Option<Condition> {
    match &state.resizing {
        Resizing::No => None,
        Resizing::Pending { refusal, .. } => Some(Condition::new(RESIZE_PENDING, true, refusal.reason, refusal.message.clone())),
        Resizing::InProgress { error: None, .. } => Some(Condition::holds(RESIZE_IN_PROGRESS)),
        Resizing::InProgress { error: Some(error), .. } => Some(Condition::new(RESIZE_IN_PROGRESS, true, "Error", error.clone())),
    }
}

/// COND-3, COND-6.
fn initialized_condition(pod: &Value, state: &PodState, phase: &Phase, inits: &[Value]) -> Condition {
    let spec = &pod["spec"];
    if phase.computed == "Succeeded" {
        return Condition::new("Initialized", true, "PodCompleted", String::new());
    }
    let pending = |init: &Value| {
        let known = state.container(init.str("name"));
        let complete = |c: &ContainerState| if sidecar(init) { c.is_started() } else { !c.stale && c.exit().is_some_and(|e| e.code == 0) };
        !known.is_some_and(complete)
    };
    let incomplete: Vec<&str> =
        spec.items("initContainers").iter().zip(inits).filter(|(init, _)| pending(init)).map(|(_, s)| s.str("name")).collect();
    if incomplete.is_empty() || initialized(spec, state) {
        return Condition::holds("Initialized");
    }
    let message = format!("containers with incomplete status: [{}]", incomplete.join(" "));
    Condition::new("Initialized", false, "ContainersNotInitialized", message)
}

/// COND-4, COND-6, COND-7.
fn containers_ready(pod: &Value, phase: &Phase, inits: &[Value], regular: &[Value]) -> Condition {
    match phase.computed {
        "Succeeded" => return Condition::new("ContainersReady", false, "PodCompleted", String::new()),
        "Failed" => return Condition::new("ContainersReady", false, "PodFailed", String::new()),
        _ => {}
    }
    let sidecars = pod["spec"].items("initContainers").iter().zip(inits).filter(|(spec, _)| sidecar(spec)).map(|(_, status)| status);
    let unready: Vec<&str> = sidecars.chain(regular).filter(|status| !status.flag("ready")).map(|status| status.str("name")).collect();
    if unready.is_empty() {
        return Condition::holds("ContainersReady");
    }
    Condition::new("ContainersReady", false, "ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" ")))
}

/// COND-5.
fn ready(pod: &Value, containers: &Condition) -> Condition {
    if !containers.holds {
        return Condition::new("Ready", false, &containers.reason, containers.message.clone());
    }
    let old = pod["status"].items("conditions");
    let missing = pod["spec"].items("readinessGates").iter().filter_map(|gate| {
        let ty = gate.str("conditionType");
        match old.iter().find(|c| c.str("type") == ty).map(|c| c.str("status")) {
            None => Some(format!("corresponding condition of pod readiness gate \"{ty}\" does not exist.")),
            Some("True") => None,
            Some(status) => Some(format!("the status of pod readiness gate \"{ty}\" is not \"True\", but {status}")),
        }
    });
    let missing: Vec<String> = missing.collect();
    if missing.is_empty() {
        return Condition::holds("Ready");
    }
    Condition::new("Ready", false, "ReadinessGatesNotReady", missing.join(", "))
}
