//! Places every waiting pod on the node that suits it best, or says why none does. Pure.

use super::filter::Help;
use super::snapshot::{NodeRoom, Snapshot};
use super::{affinity, filter, is_waiting, score};
use crate::engine::Cache;
use crate::facts::pod::{BY_NODE, BY_POD_AFFINITY, REQUIRED};
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Pace, Patch, Plan};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PODS};

/// Pods that one look places; the next look goes on.
const PLACED_MAX: usize = 500;

/// Bindings for the pods that wait, and a reason for each that must go on waiting.
pub fn plan(now: Timestamp, cache: &Cache) -> Plan {
    let mut plan = Plan::default();
    let mut waiting: Vec<&Arc<Object>> = cache.indexed(&BY_NODE, "").filter(|pod| is_waiting(pod)).collect();
    if waiting.is_empty() {
        return plan;
    }
    waiting.sort_by_key(|pod| (-pod.pod().priority, pod.created, pod.version));
    let mut snapshot = Snapshot::of(cache);
    let mut effects = Vec::new();
    let any_required_affinity = cache.indexed(&BY_POD_AFFINITY, REQUIRED).next().is_some();
    for pod in waiting {
        let placed = match claim_obstacle(pod, cache) {
            Some(why) => Err(format!("0/{} nodes are available: {why}.", snapshot.nodes.len())),
            None => choose(pod, &snapshot, any_required_affinity),
        };
        match placed {
            Ok(node) => {
                effects.push(bind(pod, &node));
                if let Some(room) = snapshot.nodes.get_mut(&node) {
                    room.place(pod);
                }
            }
            Err(why) => effects.extend(refuse(now, pod, why, &mut plan)),
        }
        if effects.len() >= PLACED_MAX {
            plan.requeue_after = Some(Duration::ZERO);
            break;
        }
    }
    plan.step_at(Pace::Together, effects);
    plan
}

/// What is wrong with a claim of the pod: it runs only where all are bound (VOL-17).
fn claim_obstacle(pod: &Object, cache: &Cache) -> Option<String> {
    pod.claim_keys().find_map(|key| {
        let name = &key.name;
        match cache.get(PERSISTENT_VOLUME_CLAIMS, &key) {
            None => Some(format!("persistentvolumeclaim {name:?} not found")),
            Some(claim) if claim.deleting.is_some() => Some(format!("persistentvolumeclaim {name:?} is being deleted")),
            Some(claim) if claim.status().str("phase") != "Bound" => Some("pod has unbound immediate PersistentVolumeClaims".to_owned()),
            Some(_) => None,
        }
    })
}

/// The best node, or why there is none.
fn choose(pod: &Arc<Object>, snapshot: &Snapshot, any_required_affinity: bool) -> Result<String, String> {
    if snapshot.nodes.is_empty() {
        return Err("no nodes available to schedule pods".to_owned());
    }
    let total = snapshot.nodes.len();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut feasible: Vec<&NodeRoom> = Vec::new();
    let mut helps = Vec::new();
    for room in snapshot.nodes.values() {
        let mut refusals = filter::refusals(pod, room);
        if refusals.is_empty() && any_required_affinity {
            refusals.extend(affinity::pod_refusal(pod, room.name(), snapshot).map(str::to_owned));
        }
        if refusals.is_empty() {
            feasible.push(room);
        }
        helps.push(filter::help(pod, room, &refusals));
        for refusal in refusals {
            *reasons.entry(refusal).or_default() += 1;
        }
    }
    if let Some(room) = score::best(pod, &feasible, snapshot) {
        return Ok(room.name().to_owned());
    }
    let mut texts: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    texts.sort();
    Err(format!("0/{total} nodes are available: {}.{}", texts.join(", "), without_preemption(pod, &helps)))
}

/// Why no pod of lower priority goes in favour of this one (SCH-34, SCH-36); nothing where upstream would try: this version never does.
fn without_preemption(pod: &Object, helps: &[Help]) -> String {
    if !pod.pod().preempts {
        return " preemption: not eligible due to preemptionPolicy=Never.".to_owned();
    }
    if helps.contains(&Help::Victims) {
        return String::new();
    }
    let count = |help: Help, text: &str| {
        let count = helps.iter().filter(|own| **own == help).count();
        (count > 0).then(|| format!("{count} {text}"))
    };
    let mut texts: Vec<String> = [
        count(Help::None, "Preemption is not helpful for scheduling"),
        count(Help::NoVictims, "No preemption victims found for incoming pod"),
    ]
    .into_iter()
    .flatten()
    .collect();
    texts.sort();
    format!(" preemption: 0/{} nodes are available: {}.", helps.len(), texts.join(", "))
}

fn bind(pod: &Arc<Object>, node: &str) -> Effect {
    let body = json!({
        "apiVersion": "v1", "kind": "Binding",
        "metadata": {"name": pod.key.name, "namespace": pod.key.namespace, "uid": pod.uid},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    });
    let call = Call::Create { resource: PODS, namespace: pod.key.namespace.clone(), subresource: (pod.key.name.clone(), "binding"), body };
    let message = format!("Successfully assigned {} to {node}", pod.key);
    let failed = Event::warning(pod.reference(), "FailedScheduling", "binding rejected: {error}");
    Effect {
        on_success: Some(Event::normal(pod.reference(), "Scheduled", message)),
        on_failure: Some(failed),
        silent: &["Conflict", "NotFound"],
        ..Effect::new(call)
    }
}

/// Says once why a pod waits.
fn refuse(now: Timestamp, pod: &Arc<Object>, why: String, plan: &mut Plan) -> Option<Effect> {
    plan.because(format!("{}: {why}", pod.key));
    let old = pod.pod().scheduled.as_ref().filter(|condition| !condition.status);
    if old.is_some_and(|c| c.message == why && c.reason == "Unschedulable") {
        return None;
    }
    plan.events.push(Event::warning(pod.reference(), "FailedScheduling", why.clone()));
    let since = old.and_then(|condition| condition.since).unwrap_or(now).rfc3339();
    let condition: Value = json!({
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": why, "lastTransitionTime": since,
    });
    let patch = Patch::Strategic(json!({"metadata": {"uid": pod.uid}, "status": {"conditions": [condition]}}));
    let call = Call::Patch { resource: PODS, key: pod.key.clone(), subresource: "status", patch };
    Some(Effect::new(call).tolerating(&["NotFound", "Conflict", "Invalid"]))
}
