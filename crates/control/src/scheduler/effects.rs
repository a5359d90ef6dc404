//! Decisions as plans: calls and events in upstream's words (SCH-8 to SCH-13, SCH-76, SCH-115). Pure.

use super::message::shortened;
use super::plugins::volumes::Bindings;
use crate::facts::claim::{BOUND_BY_CONTROLLER, SELECTED_NODE};
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Pace, Patch, Plan};
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp};
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS};

/// Gives a pod its node.
pub fn bind(pod: &Arc<Object>, node: &str) -> Plan {
    let body = json!({
        "apiVersion": "v1", "kind": "Binding",
        "metadata": {"name": pod.key.name, "namespace": pod.key.namespace, "uid": pod.uid},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    });
    let call = Call::Create { resource: PODS, namespace: pod.key.namespace.clone(), subresource: (pod.key.name.clone(), "binding"), body };
    let message = format!("Successfully assigned {} to {node}", pod.key);
    let failed = Event::warning(pod.reference(), "FailedScheduling", "binding rejected: {error}");
    let effect = Effect {
        on_success: Some(Event::normal(pod.reference(), "Scheduled", message)),
        on_failure: Some(failed),
        silent: &["Conflict", "NotFound"],
        ..Effect::new(call)
    };
    let mut plan = Plan::default();
    plan.because(format!("it goes to node {node}"));
    plan.step(vec![effect]);
    plan
}

/// Has the pod's claims bound first; room is kept for it meanwhile.
pub fn bind_volumes(pod: &Arc<Object>, node: &str, volumes: &Bindings) -> Plan {
    let mut plan = Plan::default();
    plan.because(format!("it goes to node {node} when its claims are bound"));
    let mut effects: Vec<Effect> = volumes.existing.iter().filter_map(|(claim, volume)| claim_volume(claim, volume)).collect();
    effects.extend(volumes.provisioned.iter().filter_map(|claim| select_node(claim, node)));
    if pod.pod().nominated != node {
        effects.push(status(pod, json!({"nominatedNodeName": node})));
    }
    plan.step_at(Pace::OneByOne, effects);
    plan
}

/// The volume names its claim (STO-5).
fn claim_volume(claim: &Object, volume: &Object) -> Option<Effect> {
    if volume.volume().claim.as_ref().is_some_and(|own| own.uid == claim.uid) {
        return None;
    }
    let reserved = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.key.namespace, "name": claim.key.name,
        "uid": claim.uid, "resourceVersion": claim.version.to_string(),
    });
    let was_named = volume.volume().claim.is_some();
    let annotations = if was_named { json!({}) } else { json!({BOUND_BY_CONTROLLER: "yes"}) };
    let metadata = json!({"uid": volume.uid, "resourceVersion": volume.version.to_string(), "annotations": annotations});
    let patch = Patch::Merge(json!({"metadata": metadata, "spec": {"claimRef": reserved}}));
    Some(Effect::new(Call::Patch { resource: PERSISTENT_VOLUMES, key: volume.key.clone(), subresource: "", patch }))
}

/// Whoever makes the claim's volume makes it there (STO-6).
fn select_node(claim: &Object, node: &str) -> Option<Effect> {
    if claim.claim().selected_node == node {
        return None;
    }
    let metadata = json!({"uid": claim.uid, "resourceVersion": claim.version.to_string(), "annotations": {SELECTED_NODE: node}});
    let patch = Patch::Merge(json!({"metadata": metadata}));
    Some(Effect::new(Call::Patch { resource: PERSISTENT_VOLUME_CLAIMS, key: claim.key.clone(), subresource: "", patch }))
}

/// Why a pod has to wait: `Unschedulable`, or `SchedulerError` if something failed (SCH-12).
#[derive(Debug, Clone, Copy)]
pub struct Why<'a> {
    pub reason: &'static str,
    pub message: &'a str,
    /// Where room is kept for it; empty if nowhere.
    pub nominated: &'a str,
}

/// Says why a pod waits; once (SCH-13).
pub fn refuse(pod: &Arc<Object>, why: Why<'_>, now: Timestamp) -> Plan {
    let Why { reason, message, nominated } = why;
    let mut plan = Plan::default();
    plan.because(message.to_owned());
    let old = pod.pod().scheduled.as_ref().filter(|condition| !condition.status);
    let is_said = old.is_some_and(|condition| condition.message == message && condition.reason == reason);
    if is_said && pod.pod().nominated == nominated {
        return plan;
    }
    if !is_said {
        plan.events.push(Event::warning(pod.reference(), "FailedScheduling", shortened(message)));
    }
    let since = old.and_then(|condition| condition.since).unwrap_or(now).rfc3339();
    let condition = json!({"type": "PodScheduled", "status": "False", "reason": reason, "message": message, "lastTransitionTime": since});
    let nominated: Value = if nominated.is_empty() { Value::Null } else { nominated.into() };
    plan.before.push(status(pod, json!({"conditions": [condition], "nominatedNodeName": nominated})));
    plan
}

/// The victims of a pod go (SCH-115); those that go already are left alone (SCH-118).
pub fn preempt(plan: &mut Plan, pod: &Object, node: &str, victims: &[Arc<Object>], now: Timestamp) {
    for victim in victims.iter().filter(|victim| victim.deleting.is_none()) {
        let condition = json!({
            "type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler",
            "message": "default-scheduler: preempting to accommodate a higher priority pod", "lastTransitionTime": now.rfc3339(),
        });
        let message = format!("Preempted by pod {} on node {node}", pod.uid);
        let delete = Effect {
            on_success: Some(Event::normal(victim.reference(), "Preempted", message)),
            ..Effect::new(victim.delete()).tolerating(&["NotFound"])
        };
        plan.step(vec![status(victim, json!({"conditions": [condition]})), delete]);
    }
}

/// Room is kept for it no more.
pub fn forget_nomination(pod: &Object) -> Effect {
    status(pod, json!({"nominatedNodeName": null}))
}

fn status(pod: &Object, status: Value) -> Effect {
    let patch = Patch::Strategic(json!({"metadata": {"uid": pod.uid}, "status": status}));
    let call = Call::Patch { resource: PODS, key: pod.key.clone(), subresource: "status", patch };
    Effect::new(call).tolerating(&["NotFound", "Conflict", "Invalid"])
}
