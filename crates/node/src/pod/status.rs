//! What to say about a pod: phase, conditions and container statuses, a pure function of its object and its state.

mod conditions;
mod containers;
mod phase;
mod write;

use super::state::PodState;
use super::steps::NodeFacts;
use crate::runtime::QosClass;
use conditions::{conditions, is_owned};
use containers::{Kind, container_status, locate_all, located};
pub use phase::phase;
use stead_api::kinds::pod_spec::amount::Amounts;
use stead_api::kinds::pod_spec::totals;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Value, json};
pub use write::{same, same_but_for, status_patch};

/// The whole status, to be written over what the API has. Conditions of other owners are kept.
pub fn status(now: Timestamp, pod: &Value, state: &PodState, facts: &NodeFacts) -> Value {
    let shown = state.shown();
    let phase = phase(pod, &shown);
    let mut status = json!({"phase": phase.shown, "qosClass": QosClass::of(pod).as_str()});
    let old = &pod["status"];
    if let Some(generation) = pod["metadata"].int("generation") {
        status["observedGeneration"] = generation.into();
    }
    let ended = state
        .ended
        .as_ref()
        .filter(|ended| phase.shown == "Failed" && !ended.reason.is_empty())
        .map(|ended| (ended.reason.to_owned(), ended.message.clone()));
    let kept = (old.str("phase") == phase.shown).then(|| (old.str("reason").to_owned(), old.str("message").to_owned())); // POD-7
    if let Some((reason, message)) = ended.or(kept) {
        set_text(&mut status, "reason", &reason);
        set_text(&mut status, "message", &message);
    }
    if let Some(start) = state.start_time {
        status["startTime"] = start.rfc3339().into();
    }
    if state.ended.as_ref().is_some_and(|ended| ended.rejected) {
        let others = old.items("conditions").iter().filter(|condition| !is_owned(condition));
        status["conditions"] = others.cloned().collect::<Vec<_>>().into();
        return status;
    }
    addresses(pod, state, facts, &mut status);
    resources(pod, &mut status);
    let statuses = |list: &str, kind| pod["spec"].items(list).iter().map(|c| container_status(pod, c, kind, &shown, facts)).collect();
    let mut inits: Vec<Value> = statuses("initContainers", Kind::Init);
    let mut regular: Vec<Value> = statuses("containers", Kind::Regular);
    let mut ephemeral: Vec<Value> = statuses("ephemeralContainers", Kind::Ephemeral);
    status["conditions"] = conditions(now, pod, &shown, &phase, &inits, &regular).into();
    if phase.over {
        locate_all(&mut inits, &mut regular, located(pod, state));
    }
    regular.sort_by(|a, b| a.str("name").cmp(b.str("name"))); // CS-2
    ephemeral.sort_by(|a, b| a.str("name").cmp(b.str("name")));
    if !inits.is_empty() {
        status["initContainerStatuses"] = inits.into();
    }
    status["containerStatuses"] = regular.into();
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

/// What the pod as a whole was given.
fn resources(pod: &Value, status: &mut Value) {
    let native = |amounts: Amounts| amounts.into_iter().filter(|(name, _)| matches!(name.as_str(), "cpu" | "memory"));
    let list = |amounts: Amounts| Value::Object(native(amounts).map(|(name, amount)| (name, amount.to_string().into())).collect());
    let (requests, limits) = (list(totals::pod_requests(&pod["spec"])), list(totals::pod_limits(&pod["spec"])));
    let is_empty = |list: &Value| list.as_object().is_none_or(|list| list.is_empty());
    if !is_empty(&requests) {
        status["allocatedResources"] = requests.clone();
        status["resources"] = json!({ "requests": requests });
    }
    if !is_empty(&limits) {
        status["resources"]["limits"] = limits;
    }
}

#[cfg(test)]
mod tests;
