//! TaintNodesByCondition (M10): nothing is scheduled to a new node before it is known to be ready.

use stead_api::registry::Kind;
use stead_api::value::Access;
use stead_api::{Value, json};

const TAINT: &str = "node.kubernetes.io/not-ready";

pub(super) fn create(kind: &Kind, node: &mut Value) {
    if !kind.group.is_empty() || kind.kind != "Node" {
        return;
    }
    let known = node["spec"].items("taints").iter().any(|taint| taint.str("key") == TAINT && taint.str("effect") == "NoSchedule");
    if known {
        return;
    }
    if !node["spec"].is_object() {
        node["spec"] = json!({});
    }
    let taint = json!({"key": TAINT, "effect": "NoSchedule"});
    match &mut node["spec"]["taints"] {
        Value::Array(taints) => taints.push(taint),
        other => *other = json!([taint]),
    }
}
