//! What to do about one node. Pure.

use crate::object::Object;
use crate::plan::{Call, Effect, Event, Pace, Patch, Plan};
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::{NODES, PODS};

/// A node that was silent for so long is not known to be well.
const GRACE_MS: i64 = 50_000;

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// Taints that follow a condition: type, the status that taints, key.
const BY_CONDITION: &[(&str, &str, &str)] = &[
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
];

/// Conditions that are unknown once the node is silent.
const POSTED_BY_NODE: &[&str] = &["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

fn condition<'a>(object: &'a Object, ty: &str) -> Option<&'a Value> {
    object.status().items("conditions").iter().find(|c| c.str("type") == ty)
}

/// What to do about this node, given its Lease and the pods on it.
pub fn plan(now: Timestamp, started: Timestamp, node: &Arc<Object>, lease: Option<&Arc<Object>>, pods: &[&Arc<Object>]) -> Plan {
    let mut plan = Plan::default();
    let due = heartbeat(node, lease).max(started).plus_millis(GRACE_MS);
    if due <= now {
        plan.because("the node is silent");
        plan.step(mark_unknown(now, node));
    } else {
        plan.requeue_at = Some(due);
    }
    plan.step(taint(now, node));
    if condition(node, "Ready").is_some_and(|c| c.str("status") != "True") {
        plan.step_at(Pace::Together, pods.iter().filter(|pod| pod.pod().ready).map(|pod| unready(now, pod)).collect());
    }
    plan
}

/// The last sign of life.
fn heartbeat(node: &Object, lease: Option<&Arc<Object>>) -> Timestamp {
    let renewed = lease.and_then(|lease| Timestamp::parse(lease.spec().str("renewTime")));
    let posted = condition(node, "Ready").and_then(|c| Timestamp::parse(c.str("lastHeartbeatTime")));
    renewed.into_iter().chain(posted).chain([node.created]).max().unwrap_or(node.created)
}

/// NODE-7: what a silent node last said is no longer known to be so.
fn mark_unknown(now: Timestamp, node: &Arc<Object>) -> Vec<Effect> {
    let unknown = |ty: &&&str| condition(node, ty).is_none_or(|c| c.str("status") != "Unknown");
    let change = |ty: &&str| match condition(node, ty) {
        Some(_) => json!({
            "type": ty, "status": "Unknown", "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status.",
            "lastTransitionTime": now.rfc3339(),
        }),
        None => json!({
            "type": ty, "status": "Unknown", "reason": "NodeStatusNeverUpdated", "message": "Kubelet never posted node status.",
            "lastHeartbeatTime": node.created.rfc3339(), "lastTransitionTime": now.rfc3339(),
        }),
    };
    let changes: Vec<Value> = POSTED_BY_NODE.iter().filter(unknown).map(change).collect();
    if changes.is_empty() {
        return Vec::new();
    }
    let patch = Patch::Strategic(json!({"metadata": {"uid": node.uid}, "status": {"conditions": changes}}));
    let call = Call::Patch { resource: NODES, key: node.key.clone(), subresource: "status", patch };
    let event = Event::normal(node.reference(), "NodeNotReady", format!("Node {} status is now: NodeNotReady", node.key.name));
    vec![Effect { on_success: node.node().ready.then_some(event), ..Effect::new(call) }.tolerating(&["NotFound"])]
}

/// NODE-8: the taints that conditions ask for, beside whatever else the node is tainted with.
fn taint(now: Timestamp, node: &Arc<Object>) -> Vec<Effect> {
    let status = |ty: &str| condition(node, ty).map_or("", |c| c.str("status"));
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    match status("Ready") {
        "True" => {}
        "False" => wanted.extend([(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")]),
        "Unknown" => wanted.extend([(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]),
        _ => wanted.push((NOT_READY, "NoSchedule")),
    }
    wanted.extend(BY_CONDITION.iter().filter(|(ty, bad, _)| status(ty) == *bad).map(|(_, _, key)| (*key, "NoSchedule")));
    if node.node().cordoned {
        wanted.push(("node.kubernetes.io/unschedulable", "NoSchedule"));
    }
    let old = node.spec().items("taints");
    let is_wanted = |t: &Value| wanted.iter().any(|(key, effect)| t.str("key") == *key && t.str("effect") == *effect);
    let is_ours = |t: &Value| {
        let key = t.str("key");
        let condition = BY_CONDITION.iter().any(|(_, _, known)| key == *known);
        condition || [NOT_READY, UNREACHABLE, "node.kubernetes.io/unschedulable"].contains(&key)
    };
    let mut taints: Vec<Value> = old.iter().filter(|t| !is_ours(t) || is_wanted(t)).cloned().collect();
    for (key, effect) in &wanted {
        if taints.iter().any(|t| t.str("key") == *key && t.str("effect") == *effect) {
            continue;
        }
        // TNT-5
        taints.push(json!({"key": key, "effect": effect, "timeAdded": now.rfc3339()}));
    }
    if taints == old {
        return Vec::new();
    }
    let taints = if taints.is_empty() { Value::Null } else { taints.into() };
    let body = json!({"metadata": {"uid": node.uid, "resourceVersion": node.version.to_string()}, "spec": {"taints": taints}});
    let call = Call::Patch { resource: NODES, key: node.key.clone(), subresource: "", patch: Patch::Merge(body) };
    vec![Effect::new(call).tolerating(&["NotFound"])]
}

/// A pod on a node that is not ready is not ready either.
fn unready(now: Timestamp, pod: &Arc<Object>) -> Effect {
    let ready = json!({"type": "Ready", "status": "False", "reason": "NodeNotReady", "message": "Node is not ready", "lastTransitionTime": now.rfc3339()});
    let patch = Patch::Strategic(json!({"metadata": {"uid": pod.uid}, "status": {"conditions": [ready]}}));
    let call = Call::Patch { resource: PODS, key: pod.key.clone(), subresource: "status", patch };
    Effect::new(call).tolerating(&["NotFound", "Conflict", "Invalid"])
}
