//! TaintNodesByCondition (M10): nothing is scheduled to a new node before it is known to be ready.

use super::{Attributes, Plugin, ready};
use futures::future::BoxFuture;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

const TAINT: &str = "node.kubernetes.io/not-ready";

#[derive(Debug)]
pub(super) struct TaintNodesByCondition;

impl Plugin for TaintNodesByCondition {
    fn name(&self) -> &'static str {
        "TaintNodesByCondition"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.is_create_of("Node")
    }

    fn mutate<'a>(&'a self, _attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        taint(object);
        ready(Ok(()))
    }
}

fn taint(node: &mut Value) {
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
