use crate::object::Object;
use crate::plan::{Call, Patch, Plan};
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::{LEASES, NODES, PODS};

fn plan(now: Timestamp, node: &Arc<Object>, lease: Option<&Arc<Object>>, pods: &[&Arc<Object>]) -> Plan {
    super::plan::plan(now, at(0), node, lease, pods)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

fn node(ready: &str, taints: Value) -> Arc<Object> {
    let conditions = json!([{"type": "Ready", "status": ready, "lastHeartbeatTime": at(0).rfc3339()}]);
    let conditions = if ready.is_empty() { json!([]) } else { conditions };
    let meta = json!({"name": "n", "uid": "u", "resourceVersion": "7", "creationTimestamp": at(0).rfc3339()});
    Arc::new(Object::parse(NODES, json!({"metadata": meta, "spec": {"taints": taints}, "status": {"conditions": conditions}})).unwrap())
}

fn taints(plan: &Plan) -> Option<Vec<String>> {
    let text = |t: &Value| format!("{}:{}", t.str("key").trim_start_matches("node.kubernetes.io/"), t.str("effect"));
    plan.effects().find_map(|e| match &e.call {
        Call::Patch { patch: Patch::Merge(body), .. } => Some(body["spec"].items("taints").iter().map(text).collect()),
        _ => None,
    })
}

// NODE-8
#[test]
fn the_first_ready_removes_the_taint_that_a_node_starts_with() {
    let start = json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}, {"key": "mine", "effect": "NoSchedule"}]);
    assert_eq!(taints(&plan(at(1), &node("", start.clone()), None, &[])), None);
    assert_eq!(taints(&plan(at(1), &node("True", start.clone()), None, &[])).unwrap(), ["mine:NoSchedule"]);
    let sick = plan(at(1), &node("False", start), None, &[]);
    assert_eq!(taints(&sick).unwrap(), ["not-ready:NoSchedule", "mine:NoSchedule", "not-ready:NoExecute"]);
}

// NODE-7
#[test]
fn a_silent_node_is_unknown_and_its_pods_are_unready() {
    let lease =
        |s| Arc::new(Object::parse(LEASES, json!({"metadata": {"name": "n"}, "spec": {"renewTime": at(s).rfc3339_micro()}})).unwrap());
    let well = node("True", json!([]));
    let fine = plan(at(60), &well, Some(&lease(30)), &[]);
    assert!(fine.is_empty());
    assert_eq!(fine.requeue_at, Some(at(80)));
    let silent = plan(at(80), &well, Some(&lease(30)), &[]);
    let Call::Patch { subresource: "status", patch: Patch::Strategic(body), .. } = &silent.steps[0].effects[0].call else {
        panic!("{silent:?}")
    };
    assert_eq!(body["status"]["conditions"][0].str("reason"), "NodeStatusUnknown");
    let unknown = node("Unknown", json!([]));
    let status = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    let pod =
        Arc::new(Object::parse(PODS, json!({"metadata": {"name": "p", "uid": "p"}, "spec": {"nodeName": "n"}, "status": status})).unwrap());
    let plan = plan(at(80), &unknown, Some(&lease(30)), &[&pod]);
    assert_eq!(taints(&plan).unwrap(), ["unreachable:NoSchedule", "unreachable:NoExecute"]);
    assert!(plan.effects().any(|e| matches!(&e.call, Call::Patch { resource: PODS, subresource: "status", .. })));
}

#[test]
fn silence_while_the_server_was_down_does_not_count() {
    let well = node("True", json!([]));
    assert!(super::plan::plan(at(1000), at(990), &well, None, &[]).is_empty());
    assert!(!super::plan::plan(at(1040), at(990), &well, None, &[]).is_empty());
}
