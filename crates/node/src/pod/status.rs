//! What to say about a pod: phase, conditions and container statuses, a pure function of its object and its state.

use super::plan::{initialized, over, restarts, sidecar};
use super::state::{ContainerState, PodState};
use super::steps::NodeFacts;
use super::unsupported::EPHEMERAL_CONTAINERS;
use super::volumes::mounts::shown;
use crate::runtime::{Exit, Instance, InstanceState, QosClass};
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Value, json};

/// The conditions that the node owns (COND-1), in upstream's order.
const OWNED: [&str; 5] = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

/// The whole status, to be written over what the API has. Conditions of other owners are kept.
pub fn status(now: Timestamp, pod: &Value, state: &PodState, facts: &NodeFacts) -> Value {
    let phase = phase(pod, state);
    let mut status = json!({"phase": phase, "qosClass": QosClass::of(pod).as_str()});
    let old = &pod["status"];
    if let Some(generation) = pod["metadata"].int("generation") {
        status["observedGeneration"] = generation.into();
    }
    let ended = state.ended.as_ref().filter(|_| phase == "Failed").map(|ended| (ended.reason.to_owned(), ended.message.clone()));
    let kept = (old.str("phase") == phase).then(|| (old.str("reason").to_owned(), old.str("message").to_owned())); // POD-7
    if let Some((reason, message)) = ended.or(kept) {
        set_text(&mut status, "reason", &reason);
        set_text(&mut status, "message", &message);
    }
    if let Some(start) = state.start_time {
        status["startTime"] = start.rfc3339().into();
    }
    addresses(pod, state, facts, &mut status);
    let inits = container_statuses(pod, state, facts, "initContainers");
    if !inits.is_empty() {
        status["initContainerStatuses"] = inits.clone().into();
    }
    let mut regular = container_statuses(pod, state, facts, "containers");
    regular.sort_by(|a, b| a.str("name").cmp(b.str("name"))); // CS-2
    status["conditions"] = conditions(now, pod, state, phase, &inits, &regular).into();
    status["containerStatuses"] = regular.into();
    let ephemeral = ephemeral_statuses(pod);
    if !ephemeral.is_empty() {
        status["ephemeralContainerStatuses"] = ephemeral.into();
    }
    status
}

fn set_text(value: &mut Value, name: &str, text: &str) {
    if !text.is_empty() {
        value[name] = text.into();
    }
}

/// hostIP at once, the pod's own as soon as its sandbox has them; a pod on the host's network has the host's, and keeps those that it was
/// given first (POD-11). They stay when the sandbox is gone.
fn addresses(pod: &Value, state: &PodState, facts: &NodeFacts, status: &mut Value) {
    let list = |ips: &[String]| Value::from(ips.iter().map(|ip| json!({"ip": ip})).collect::<Vec<_>>());
    if let Some(first) = facts.host_ips.first() {
        status["hostIP"] = first.as_str().into();
        status["hostIPs"] = list(&facts.host_ips);
    }
    let known: Vec<String> = pod["status"].items("podIPs").iter().map(|ip| ip.str("ip").to_owned()).collect();
    let own: Vec<String> = state.addresses.iter().map(ToString::to_string).collect();
    let ips = match pod["spec"].flag("hostNetwork") {
        true if known.is_empty() => facts.host_ips.clone(),
        false if !own.is_empty() => own,
        _ => known,
    };
    if let Some(first) = ips.first() {
        status["podIP"] = first.as_str().into();
        status["podIPs"] = list(&ips);
    }
}

/// The phase (POD-5); a terminal one is never left (POD-1).
pub fn phase(pod: &Value, state: &PodState) -> &'static str {
    match pod["status"].str("phase") {
        "Succeeded" => return "Succeeded",
        "Failed" => return "Failed",
        _ => {}
    }
    let spec = &pod["spec"];
    let gone = state.is_down();
    let ended = state.ended.is_some() || (gone && pod["metadata"].has("deletionTimestamp"));
    if ended && !state.any_running() {
        return if all_succeeded(spec, state) { "Succeeded" } else { "Failed" };
    }
    let regular = spec.items("containers");
    let waiting = |c: &Value| state.container(c.str("name")).is_none_or(|c| c.current.is_none());
    let any_regular_running = regular.iter().any(|c| state.container(c.str("name")).is_some_and(ContainerState::running));
    if over(pod, state) && !any_regular_running {
        return if all_succeeded(spec, state) { "Succeeded" } else { "Failed" };
    }
    let inits_pending = !initialized(spec, state) && spec.items("initContainers").iter().any(|c| init_pending(c, state));
    if inits_pending || regular.iter().any(waiting) { "Pending" } else { "Running" }
}

fn init_pending(init: &Value, state: &PodState) -> bool {
    let known = state.container(init.str("name"));
    if sidecar(init) {
        return !known.is_some_and(ContainerState::is_started);
    }
    !known.is_some_and(|c| !c.stale && c.exit().is_some_and(|exit| exit.code == 0))
}

fn all_succeeded(spec: &Value, state: &PodState) -> bool {
    spec.items("containers")
        .iter()
        .all(|c| state.container(c.str("name")).and_then(ContainerState::exit).is_some_and(|exit| exit.code == 0))
}

fn container_statuses(pod: &Value, state: &PodState, facts: &NodeFacts, list: &str) -> Vec<Value> {
    pod["spec"].items(list).iter().map(|c| container_status(pod, c, list == "initContainers", state, facts)).collect()
}

fn container_status(pod: &Value, container: &Value, init: bool, state: &PodState, facts: &NodeFacts) -> Value {
    let name = container.str("name");
    let fresh = ContainerState::default();
    let known = state.container(name).unwrap_or(&fresh);
    let id = |run: &Instance| format!("{}://{}", facts.runtime_name, run.id);
    let (image, image_id) = known.image.clone().unwrap_or_else(|| (container.str("image").to_owned(), String::new()));
    let running = known.running();
    let completed_init = init && !sidecar(container) && known.exit().is_some_and(|exit| exit.code == 0);
    let mut status = json!({"name": name, "image": image, "imageID": image_id, "restartCount": restart_count(known),
        "ready": if init && !sidecar(container) { completed_init } else { known.is_ready() }, "started": known.is_started()});
    if let Some(run) = &known.current {
        status["containerID"] = id(run).into();
    }
    let (now_state, moved) = current_state(pod, container, init, known, state, facts);
    status["state"] = now_state;
    let last = if moved { known.current.as_ref() } else { known.previous.as_ref() };
    if let Some((run, exit)) = last.and_then(|run| exit_of(run).map(|exit| (run, exit))) {
        status["lastState"] = terminated(exit, &id(run));
    }
    let mounts = shown(container);
    if known.current.is_some() && !mounts.is_empty() {
        status["volumeMounts"] = mounts.into();
    }
    let resources = &container["resources"];
    if running && resources.as_object().is_some_and(|r| !r.is_empty()) {
        status["resources"] = resources.clone();
        if let Some(requests) = resources.get("requests") {
            status["allocatedResources"] = requests.clone();
        }
    }
    status
}

/// INIT-8 is not done yet: they never start, and say so.
fn ephemeral_statuses(pod: &Value) -> Vec<Value> {
    let waiting = json!({"waiting": {"reason": "CreateContainerConfigError", "message": EPHEMERAL_CONTAINERS}});
    let status = |container: &Value| json!({"name": container["name"], "image": container["image"], "imageID": "", "ready": false, "restartCount": 0, "state": waiting});
    let mut statuses: Vec<Value> = pod["spec"].items("ephemeralContainers").iter().map(status).collect();
    statuses.sort_by(|a, b| a.str("name").cmp(b.str("name"))); // CS-2
    statuses
}

fn restart_count(known: &ContainerState) -> u32 {
    known.current.as_ref().map_or(0, |run| run.attempt)
}

fn exit_of(run: &Instance) -> Option<&Exit> {
    match &run.state {
        InstanceState::Exited(exit) => Some(exit),
        InstanceState::Running { .. } => None,
    }
}

/// The `state` member, and whether the newest run's end moves to `lastState` (CS-8).
fn current_state(pod: &Value, container: &Value, init: bool, known: &ContainerState, state: &PodState, facts: &NodeFacts) -> (Value, bool) {
    let waiting = |reason: &str, message: &str| {
        let mut waiting = json!({"reason": reason});
        set_text(&mut waiting, "message", message);
        json!({ "waiting": waiting })
    };
    let over = pod["metadata"].has("deletionTimestamp") || state.ended.is_some() || over(pod, state) || state.is_down();
    match &known.current {
        Some(Instance { state: InstanceState::Running { started_at }, .. }) => {
            (json!({"running": {"startedAt": started_at.rfc3339()}}), false)
        }
        Some(run @ Instance { state: InstanceState::Exited(exit), .. }) => {
            let container_over = over || (!restarts(&pod["spec"], container, known)) || (init && !sidecar(container) && exit.code == 0);
            if let Some(cause) = known.waiting.as_ref().filter(|_| !container_over) {
                return (waiting(cause.reason, &cause.message), true);
            }
            match known.ended_at.and_then(|at| known.backoff.until(at)).filter(|_| !container_over) {
                Some(_) => (waiting("CrashLoopBackOff", &backoff_message(pod, container, known)), true),
                None => (terminated(exit, &format!("{}://{}", facts.runtime_name, run.id)), false),
            }
        }
        None if over && !(init || has_inits(pod)) => (never_started(), false), // CS-9
        None => match &known.waiting {
            Some(cause) => (waiting(cause.reason, &cause.message), false),
            None if has_inits(pod) => (waiting("PodInitializing", ""), false), // CS-3
            None => (waiting("ContainerCreating", ""), false),
        },
    }
}

fn has_inits(pod: &Value) -> bool {
    !pod["spec"].items("initContainers").is_empty()
}

/// RST-6.
pub fn backoff_message(pod: &Value, container: &Value, known: &ContainerState) -> String {
    let meta = &pod["metadata"];
    let (name, namespace, uid) = (meta.str("name"), meta.str("namespace"), meta.str("uid"));
    format!("back-off {} restarting failed container={} pod={name}_{namespace}({uid})", known.backoff.text(), container.str("name"))
}

fn never_started() -> Value {
    json!({"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown",
        "message": "The container could not be located when the pod was terminated", "startedAt": null, "finishedAt": null}})
}

fn terminated(exit: &Exit, id: &str) -> Value {
    let reason = match (exit.reason, exit.oom, exit.code) {
        (Some(reason), ..) => reason,
        (None, true, _) => "OOMKilled", // CS-7
        (None, false, 0) => "Completed",
        (None, false, _) => "Error",
    };
    let mut terminated = json!({"exitCode": exit.code, "reason": reason});
    set_text(&mut terminated, "message", &exit.message);
    terminated["startedAt"] = exit.started_at.unwrap_or_default().rfc3339().into();
    terminated["finishedAt"] = exit.finished_at.rfc3339().into();
    terminated["containerID"] = id.into();
    json!({ "terminated": terminated })
}

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
}

/// Conditions of ours (COND-1), in upstream's order, then those of others as they are.
fn conditions(now: Timestamp, pod: &Value, state: &PodState, phase: &str, inits: &[Value], regular: &[Value]) -> Vec<Value> {
    let sandbox = match (state.is_up(), state.is_down()) {
        (true, _) => Condition::new("PodReadyToStartContainers", true, "", String::new()),
        (_, true) => Condition::new("PodReadyToStartContainers", false, "PodSandboxNotReady", "pod sandbox is not ready".to_owned()),
        _ => Condition::new("PodReadyToStartContainers", false, "", String::new()),
    };
    let containers_ready = containers_ready(pod, phase, inits, regular);
    let ours = [
        sandbox,
        initialized_condition(pod, state, phase, inits),
        ready(pod, &containers_ready),
        containers_ready,
        Condition::new("PodScheduled", true, "", String::new()),
    ];
    let old = pod["status"].items("conditions");
    let generation = pod["metadata"].int("generation");
    let mut all: Vec<Value> = ours.iter().map(|condition| written(now, condition, old, generation)).collect();
    all.extend(old.iter().filter(|c| !OWNED.contains(&c.str("type"))).cloned());
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

/// COND-3, COND-6.
fn initialized_condition(pod: &Value, state: &PodState, phase: &str, inits: &[Value]) -> Condition {
    if phase == "Succeeded" {
        return Condition::new("Initialized", true, "PodCompleted", String::new());
    }
    let spec_inits = pod["spec"].items("initContainers");
    let incomplete: Vec<&str> =
        spec_inits.iter().zip(inits).filter(|(spec, _)| init_pending(spec, state)).map(|(_, s)| s.str("name")).collect();
    if incomplete.is_empty() || initialized(&pod["spec"], state) {
        return Condition::new("Initialized", true, "", String::new());
    }
    Condition::new(
        "Initialized",
        false,
        "ContainersNotInitialized",
        format!("containers with incomplete status: [{}]", incomplete.join(" ")),
    )
}

/// COND-4, COND-6, COND-7.
fn containers_ready(pod: &Value, phase: &str, inits: &[Value], regular: &[Value]) -> Condition {
    match phase {
        "Succeeded" => return Condition::new("ContainersReady", false, "PodCompleted", String::new()),
        "Failed" if regular.iter().all(|c| !c["state"].has("waiting")) => {
            return Condition::new("ContainersReady", false, "PodFailed", String::new());
        }
        _ => {}
    }
    let sidecars = pod["spec"].items("initContainers").iter().zip(inits).filter(|(spec, _)| sidecar(spec)).map(|(_, status)| status);
    let in_order = pod["spec"].items("containers").iter().filter_map(|c| regular.iter().find(|s| s.str("name") == c.str("name")));
    let unready: Vec<&str> = sidecars.chain(in_order).filter(|status| !status.flag("ready")).map(|status| status.str("name")).collect();
    if unready.is_empty() {
        return Condition::new("ContainersReady", true, "", String::new());
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
        return Condition::new("Ready", true, "", String::new());
    }
    Condition::new("Ready", false, "ReadinessGatesNotReady", missing.join(", "))
}

/// A strategic merge patch from the status that the object has to the new one; members that went are null, conditions of others are
/// left out.
pub fn status_patch(object: &Value, new: &Value) -> Value {
    let mut status = new.clone();
    for name in object.map("status").into_iter().flatten().map(|(name, _)| name) {
        if !new.has(name) && name != "conditions" {
            status[name.as_str()] = Value::Null;
        }
    }
    let mut conditions: Vec<Value> = new.items("conditions").iter().filter(|c| OWNED.contains(&c.str("type"))).cloned().collect();
    for condition in &mut conditions {
        for member in ["reason", "message"] {
            condition.default_to(member, Value::Null);
        }
    }
    status["conditions"] = conditions.into();
    // Lists of addresses are merged where nothing says otherwise.
    for name in ["podIPs", "hostIPs"] {
        if object["status"].has(name) && new.has(name) && object["status"][name] != new[name] {
            status[name].as_array_mut().into_iter().for_each(|list| list.insert(0, json!({"$patch": "replace"})));
        }
    }
    json!({"metadata": {"uid": object["metadata"].str("uid")}, "status": status})
}

/// Whether two statuses are one after a round trip, which drops nulls.
pub fn same(a: &Value, b: &Value) -> bool {
    same_but_for(None, a, b)
}

/// As [`same`]; members of that name do not count.
pub fn same_but_for(ignored: Option<&str>, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let counts = |(name, value): &(&String, &Value)| !value.is_null() && ignored != Some(name.as_str());
            a.iter().filter(counts).count() == b.iter().filter(counts).count()
                && a.iter().filter(counts).all(|(name, value)| b.get(name).is_some_and(|other| same_but_for(ignored, value, other)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_but_for(ignored, a, b)),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests;
