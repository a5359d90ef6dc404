//! Tests of the small core kinds' hooks: what they fill in, restore and refuse.

use super::{config_map::CONFIG_MAP, event::EVENT, lease::LEASE, namespace::NAMESPACE, node::NODE, secret::SECRET};
use crate::{
    Value, json,
    registry::{Kind, Part},
    schema::walker,
    time::Timestamp,
    value::Access,
};

mod networking;
mod workloads;

fn decoded(kind: &'static Kind, body: Value) -> Value {
    let mut object = walker::decode_value(kind.schema, body).unwrap().value;
    kind.hooks.default(&mut object);
    object
}

fn texts(kind: &Kind, part: Part, object: &Value, old: &Value) -> Vec<String> {
    kind.hooks.validate_update(part, object, old).iter().map(ToString::to_string).collect()
}

#[test]
fn string_data_is_folded_over_data() {
    // W20
    let secret = decoded(&SECRET, json!({"data": {"k": "aGVsbG8="}, "stringData": {"k": "over", "m": "<&>"}}));
    assert_eq!(secret["data"], json!({"k": "b3Zlcg==", "m": "PCY+"}));
    assert_eq!(secret["type"], "Opaque");
    assert!(!secret.has("stringData"));
}

#[test]
fn frozen_data_stays() {
    // W14
    let old = decoded(&CONFIG_MAP, json!({"data": {"k": "v"}, "immutable": true}));
    let new = decoded(&CONFIG_MAP, json!({"data": {"k": "w"}}));
    assert_eq!(
        texts(&CONFIG_MAP, Part::Main, &new, &old),
        ["immutable: Forbidden: field is immutable when `immutable` is set", "data: Forbidden: field is immutable when `immutable` is set"]
    );
}

#[test]
fn a_namespace_is_labelled_kept_and_active() {
    // NS1
    let mut namespace = decoded(&NAMESPACE, json!({"metadata": {"name": "n"}, "status": {"phase": "Terminating"}}));
    NAMESPACE.hooks.prepare_create(&mut namespace);
    assert_eq!(namespace["metadata"]["labels"], json!({"kubernetes.io/metadata.name": "n"}));
    assert_eq!(namespace["spec"]["finalizers"], json!(["kubernetes"]));
    assert_eq!(namespace["status"], json!({"phase": "Active"}));
    let mut emptied = decoded(&NAMESPACE, json!({"metadata": {"name": "n"}, "spec": {"finalizers": []}}));
    NAMESPACE.hooks.prepare_update(Part::Main, &mut emptied, &namespace);
    assert_eq!(emptied["spec"], namespace["spec"]);
    emptied["status"]["phase"] = "Terminating".into();
    assert_eq!(
        texts(&NAMESPACE, Part::Status, &emptied, &namespace),
        ["status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty"]
    );
}

#[test]
fn a_node_begins_tainted_with_its_capacity_allocatable() {
    // W20
    let mut node =
        decoded(&NODE, json!({"metadata": {"name": "n"}, "spec": {"podCIDRs": ["10.1.0.0/24"]}, "status": {"capacity": {"cpu": "2"}}}));
    NODE.hooks.prepare_create(&mut node);
    assert_eq!(node["status"]["allocatable"], json!({"cpu": "2"}));
    assert_eq!(node["spec"]["podCIDR"], "10.1.0.0/24");
    assert_eq!(node["spec"]["taints"], json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]));
    let mut changed = node.clone();
    changed["spec"]["podCIDRs"] = json!(["10.2.0.0/24"]);
    assert_eq!(
        texts(&NODE, Part::Main, &changed, &node),
        ["spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"]
    );
}

#[test]
fn node_cells_tell_readiness_and_roles() {
    // C9
    let node = json!({"metadata": {"name": "n", "labels": {"node-role.kubernetes.io/b": "", "kubernetes.io/role": "a"}},
        "spec": {"unschedulable": true}, "status": {"conditions": [{"type": "Ready", "status": "Unknown"}],
        "nodeInfo": {"kernelVersion": "6.1.0", "architecture": "amd64"}}});
    let cells = NODE.hooks.cells(&node, Timestamp(0));
    assert_eq!(cells[1], "NotReady,SchedulingDisabled");
    assert_eq!(cells[2], "a,b");
    assert_eq!(cells[8], "6.1.0 (amd64)");
}

#[test]
fn events_belong_to_their_objects_namespace() {
    // S5
    let event = json!({"metadata": {"name": "e", "namespace": "a"}, "involvedObject": {"namespace": "b", "name": "p"},
        "reportingComponent": "kubelet"});
    let errors = EVENT.hooks.validate(&event);
    assert_eq!(errors[0].to_string(), "involvedObject.namespace: Invalid value: \"b\": does not match event.namespace");
    assert_eq!(EVENT.hooks.selectable(&event, "involvedObject.name"), "p");
    assert_eq!(EVENT.hooks.selectable(&event, "source"), "kubelet");
}

#[test]
fn event_cells_prefer_the_series() {
    // C10
    let event = json!({"metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "p"}, "message": " m\n",
        "firstTimestamp": "2026-01-01T00:00:00Z", "series": {"count": 4, "lastObservedTime": "2026-01-01T00:01:00.000000Z"}});
    let now = Timestamp::parse("2026-01-01T00:01:05Z").unwrap();
    let cells = EVENT.hooks.cells(&event, now);
    assert_eq!(
        (&cells[0], &cells[3], &cells[6], &cells[7], &cells[8]),
        (&json!("5s"), &json!("pod/p"), &json!("m"), &json!("65s"), &json!(4))
    );
}

#[test]
fn leases_drop_what_is_switched_off() {
    // W22: fields behind gates that are off are dropped silently
    let mut lease = decoded(&LEASE, json!({"spec": {"holderIdentity": "a", "strategy": "OldestEmulationVersion", "leaseTransitions": -1}}));
    LEASE.hooks.prepare_create(&mut lease);
    assert!(!lease["spec"].has("strategy"));
    let errors = LEASE.hooks.validate(&lease);
    assert_eq!(errors[0].to_string(), "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0");
}

#[test]
fn only_heartbeats_are_volatile() {
    let lease = |namespace: &str| json!({"metadata": {"namespace": namespace}});
    assert!(LEASE.hooks.is_heartbeat(&lease("kube-node-lease"), None));
    assert!(!LEASE.hooks.is_heartbeat(&lease("default"), None));
    assert!(!CONFIG_MAP.hooks.is_heartbeat(&lease("kube-node-lease"), None));
    let at = |status: &str, time: &str| {
        let condition = json!({"type": "Ready", "status": status, "lastHeartbeatTime": time});
        json!({"metadata": {"resourceVersion": time}, "status": {"conditions": [condition]}})
    };
    let node = &NODE.hooks;
    assert!(node.is_heartbeat(&at("True", "2"), Some(&at("True", "1"))));
    assert!(!node.is_heartbeat(&at("False", "2"), Some(&at("True", "1"))));
    assert!(!node.is_heartbeat(&at("True", "1"), None));
}
