use super::plan::{Observed, plan};
use super::victims;
use crate::engine::Cache;
use crate::object::Object;
use crate::ownership;
use crate::plan::{Call, Key, Patch, Plan};
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::{PODS, REPLICA_SETS, REPLICATION_CONTROLLERS};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

fn set(replicas: i64, status: Value) -> Arc<Object> {
    let template = json!({"metadata": {"labels": {"app": "web"}, "name": "no"}, "spec": {"containers": []}});
    Arc::new(
        Object::parse(
            REPLICA_SETS,
            json!({
                "metadata": {"namespace": "d", "name": "web", "uid": "set", "resourceVersion": "9", "generation": 2},
                "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template}, "status": status,
            }),
        )
        .unwrap(),
    )
}

fn ago(seconds: i64) -> String {
    NOW.plus_millis(-1000 * seconds).rfc3339()
}

/// A ready pod of the set on a node, ready for that long, with members of it changed.
fn pod(name: &str, ready_for_s: i64, change: impl Fn(&mut Value)) -> Arc<Object> {
    let mut pod = json!({
        "metadata": {
            "namespace": "d", "name": name, "uid": name, "resourceVersion": "3", "labels": {"app": "web"},
            "creationTimestamp": ago(ready_for_s), "annotations": {},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "set", "controller": true}],
        },
        "spec": {"nodeName": "n"},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": ago(ready_for_s)}]},
    });
    change(&mut pod);
    Arc::new(Object::parse(PODS, pod).unwrap())
}

fn planned(set: &Arc<Object>, pods: &[Arc<Object>]) -> Plan {
    let claimed = ownership::claim(set, &set.selector(), pods.iter());
    plan(NOW, &Observed { set, claimed, relatives: Vec::new() })
}

fn deleted(plan: &Plan) -> Vec<&str> {
    let deletion = |call: &Call| matches!(call, Call::Delete { .. });
    plan.effects().filter(|e| deleted_key(&e.call).is_some() && deletion(&e.call)).filter_map(|e| deleted_key(&e.call)).collect()
}

fn deleted_key(call: &Call) -> Option<&str> {
    if let Call::Delete { key, .. } = call { Some(&key.name) } else { None }
}

fn written(plan: &Plan) -> Value {
    let mut bodies = plan.finally.iter().filter_map(|e| match &e.call {
        Call::Patch { subresource: "status", patch: Patch::Merge(body), .. } => Some(body["status"].clone()),
        _ => None,
    });
    bodies.next_back().unwrap_or_default()
}

// RS-1, ALL-3
#[test]
fn missing_pods_are_made_of_the_template() {
    let plan = planned(&set(3, json!({"replicas": 0})), &[pod("a", 5, |_| {})]);
    let bodies: Vec<&Value> =
        plan.effects().filter_map(|e| if let Call::Create { body, .. } = &e.call { Some(body) } else { None }).collect();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0]["metadata"].str("generateName"), "web-");
    assert_eq!(bodies[0]["metadata"].str("name"), "");
    assert_eq!(bodies[0]["metadata"]["ownerReferences"][0].str("uid"), "set");
    assert_eq!(planned(&set(2000, json!({})), &[]).steps[0].effects.len(), 500);
}

// RS-2, RS-3, RS-9
#[test]
fn ended_and_terminating_pods_do_not_count() {
    let failed = pod("f", 5, |pod| pod["status"]["phase"] = "Failed".into());
    let going = pod("g", 5, |pod| pod["metadata"]["deletionTimestamp"] = ago(0).into());
    let plan = planned(&set(1, json!({"replicas": 1})), &[failed, going, pod("a", 5, |_| {})]);
    assert_eq!(plan.steps, []);
    assert_eq!(
        written(&plan),
        json!({
            "replicas": 1, "fullyLabeledReplicas": 1, "readyReplicas": 1, "availableReplicas": 1, "terminatingReplicas": 1,
            "observedGeneration": 2, "conditions": null,
        })
    );
}

// RS-4
#[test]
fn victims_are_chosen_by_the_first_difference() {
    type Case = (&'static str, fn(&mut Value));
    let cases: [Case; 6] = [
        ("no node", |pod| pod["spec"] = json!({})),
        ("pending", |pod| pod["status"]["phase"] = "Pending".into()),
        ("unknown", |pod| pod["status"]["phase"] = "Unknown".into()),
        ("not ready", |pod| pod["status"]["conditions"] = json!([])),
        ("cheap", |pod| pod["metadata"]["annotations"] = json!({"controller.kubernetes.io/pod-deletion-cost": "-1"})),
        ("restarted", |pod| pod["status"]["containerStatuses"] = json!([{"restartCount": 1}])),
    ];
    for (why, change) in cases {
        let pods = [pod("a", 500, |_| {}), pod("b", 500, change), pod("c", 500, |_| {})];
        assert_eq!(victims::choose(&pods, &[], 1, NOW)[0].key.name, "b", "{why}");
    }
    // RS-4 (5), RS-6: the node with more pods of the family.
    let elsewhere = |name: &str| pod(name, 500, |pod| pod["spec"]["nodeName"] = "m".into());
    let pods = [pod("a", 500, |_| {}), elsewhere("b")];
    assert_eq!(victims::choose(&pods, &[elsewhere("x")], 1, NOW)[0].key.name, "b");
}

// RS-4 (6), RS-5
#[test]
fn age_is_compared_in_powers_of_two() {
    let pods = [pod("a", 4000, |_| {}), pod("b", 20, |_| {}), pod("c", 500, |_| {})];
    let order: Vec<_> = victims::choose(&pods, &[], 2, NOW).iter().map(|pod| pod.key.name.clone()).collect();
    assert_eq!(order, ["b", "c"]);
    let pods = [pod("z", 500, |_| {}), pod("a", 510, |_| {})];
    assert_eq!(victims::choose(&pods, &[], 1, NOW)[0].key.name, "a");
}

// A ReplicationController selects by a map, and does not show how many are going.
#[test]
fn replication_controllers_are_sets_of_another_kind() {
    let body = json!({
        "metadata": {"namespace": "d", "name": "web", "uid": "set", "resourceVersion": "9", "generation": 2},
        "spec": {"replicas": 2, "selector": {"app": "web"}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {}}},
        "status": {"replicas": 0},
    });
    let controller = Arc::new(Object::parse(REPLICATION_CONTROLLERS, body).unwrap());
    let plan = planned(&controller, &[pod("a", 5, |_| {})]);
    assert_eq!(plan.steps[0].effects.len(), 1);
    assert_eq!(written(&plan).int("replicas"), Some(1));
    assert!(!written(&plan).has("terminatingReplicas"));
    assert!(matches!(&plan.finally[0].call, Call::Patch { resource: REPLICATION_CONTROLLERS, .. }));
}

// RS-10
#[test]
fn a_failure_is_a_condition_until_a_sync_without_one() {
    let plan = planned(&set(1, json!({"replicas": 0, "terminatingReplicas": 0, "observedGeneration": 2})), &[]);
    assert_eq!(plan.finally, [], "nothing else to say");
    let failed = plan.finally_failed.clone().unwrap();
    let Call::Patch { patch: Patch::Merge(body), .. } = &failed[0].call else { panic!("{failed:?}") };
    assert_eq!(body["status"]["conditions"][0].str("reason"), "FailedCreate");
    assert_eq!(body["status"]["conditions"][0].str("message"), "{error}");
    let broken = json!({"replicas": 0, "conditions": [{"type": "ReplicaFailure", "status": "True"}]});
    assert_eq!(written(&planned(&set(0, broken), &[])).get("conditions"), Some(&Value::Null));
}

// RS-13, ALL-16
#[test]
fn a_set_that_is_being_deleted_only_has_its_status_kept() {
    let mut set = (*set(3, json!({}))).clone();
    set.deleting = Some(NOW);
    let orphan = pod("o", 5, |pod| pod["metadata"]["ownerReferences"] = json!([]));
    let plan = planned(&Arc::new(set), &[orphan]);
    assert!(plan.steps.is_empty() && plan.before.is_empty() && !plan.finally.is_empty());
}

// RS-14, RS-16, RS-17, RS-18, ALL-5
#[test]
fn pods_are_adopted_and_released() {
    let bare = |name: &str, change: fn(&mut Value)| {
        pod(name, 5, |pod| {
            pod["metadata"]["ownerReferences"] = json!([]);
            change(pod);
        })
    };
    let pods = [
        bare("adopted", |_| {}),
        bare("going", |pod| pod["metadata"]["deletionTimestamp"] = ago(0).into()),
        pod("foreign", 5, |pod| pod["metadata"]["ownerReferences"][0]["uid"] = "other".into()),
        pod("released", 5, |pod| pod["metadata"]["labels"] = json!({"app": "x"})),
    ];
    let plan = planned(&set(1, json!({})), &pods);
    let patched: Vec<&str> =
        plan.before.iter().filter_map(|e| if let Call::Patch { key, .. } = &e.call { Some(key.name.as_str()) } else { None }).collect();
    assert_eq!(patched, ["released", "adopted"]);
    assert!(plan.steps.is_empty());
    assert_eq!(deleted(&planned(&set(0, json!({})), &pods)), ["adopted"]);
}

// At the fixed point the plan is empty.
#[test]
fn a_set_that_is_as_it_should_be_is_left_alone() {
    let status = json!({
        "replicas": 1, "fullyLabeledReplicas": 1, "readyReplicas": 1, "availableReplicas": 1, "terminatingReplicas": 0, "observedGeneration": 2,
    });
    let plan = planned(&set(1, status), &[pod("a", 5, |_| {})]);
    assert!(plan.is_empty(), "{plan:?}");
}

#[test]
fn an_orphan_concerns_the_sets_that_select_it() {
    use crate::engine::{Change, Controller};
    let mut cache = Cache::default();
    cache.put((*set(1, json!({}))).clone());
    let orphan = pod("o", 5, |pod| pod["metadata"]["ownerReferences"] = json!([]));
    let change = Change { resource: PODS, key: orphan.key.clone(), old: None, new: Some(orphan) };
    let mut keys = Vec::new();
    super::ReplicaSets { resource: REPLICA_SETS }.keys_for(&change, &cache, &mut keys);
    assert_eq!(keys, [(REPLICA_SETS, Key::new("d", "web"))]);
}
