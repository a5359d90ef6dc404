//! Workloads and pods as documents for programs. Pure.

use super::{PodView, Workload};
use stead_api::{Value, json};

/// A pod as a document.
pub fn of_pod(pod: &PodView) -> Value {
    let PodView { namespace, name, ordinal, standing, reason, message, percent, restarts, node, .. } = pod;
    json!({"namespace": namespace, "name": name, "ordinal": ordinal, "standing": standing.word(), "reason": reason, "message": message,
        "percent": percent, "restarts": restarts, "node": node})
}

/// A workload as a document, with its pods.
pub fn of_workload(workload: &Workload) -> Value {
    let Workload { kind, namespace, name, standing, wanted, ready, reasons, pods } = workload;
    let pods: Vec<Value> = pods.iter().map(of_pod).collect();
    json!({"kind": kind, "namespace": namespace, "name": name, "standing": standing.word(), "wanted": wanted, "ready": ready,
        "reasons": reasons, "pods": pods})
}
