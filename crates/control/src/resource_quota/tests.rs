use super::{concerns, counting, plan::plan};
use crate::engine::Change;
use crate::object::Object;
use crate::plan::{Call, Patch, Plan};
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp};
use stead_client::resource::{PODS, RESOURCE_QUOTAS, Resource, SECRETS};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

fn object(resource: Resource, name: &str, version: u64, mut more: Value) -> Arc<Object> {
    for (member, value) in [("namespace", "d"), ("name", name), ("uid", name), ("resourceVersion", &version.to_string())] {
        more["metadata"][member] = value.into();
    }
    Arc::new(Object::parse(resource, more).unwrap())
}

fn quota(version: u64, spec: Value, status: Value) -> Arc<Object> {
    object(RESOURCE_QUOTAS, "q", version, json!({"spec": spec, "status": status}))
}

fn pod(name: &str, version: u64, phase: &str) -> Arc<Object> {
    let resources = json!({"requests": {"cpu": "100m", "memory": "64Mi"}});
    object(PODS, name, version, json!({"spec": {"containers": [{"name": "a", "resources": resources}]}, "status": {"phase": phase}}))
}

fn planned(quota: &Object, pods: &[Arc<Object>]) -> Plan {
    plan(quota, [(counting(PODS), pods.iter()), (counting(SECRETS), [].iter())].into_iter(), NOW)
}

/// The patch of the status, if there is one.
fn status(plan: &Plan) -> Option<Value> {
    plan.effects().find_map(|effect| match &effect.call {
        Call::Patch { patch: Patch::Merge(body), .. } => Some(body.clone()),
        _ => None,
    })
}

#[test]
fn it_counts_what_has_not_ended() {
    // QUO-1, QUO-2
    let hard = json!({"pods": "5", "requests.cpu": "1", "memory": "1Gi", "secrets": "3", "count/cats.example.com": "2"});
    let quota = quota(3, json!({ "hard": hard }), json!({}));
    let plan = planned(&quota, &[pod("a", 1, "Running"), pod("b", 2, "Pending"), pod("c", 2, "Succeeded")]);
    let used = json!({"pods": "2", "requests.cpu": "200m", "memory": "128Mi", "secrets": "0"});
    assert_eq!(status(&plan), Some(json!({"metadata": {"resourceVersion": "3"}, "status": {"hard": hard, "used": used}})));
}

#[test]
fn the_fixed_point_has_no_write() {
    // QUO-1
    let (hard, used) = (json!({"pods": "5", "requests.cpu": "1"}), json!({"pods": "1", "requests.cpu": "0.1"}));
    let quota = quota(3, json!({ "hard": hard }), json!({"hard": hard, "used": used}));
    assert_eq!(status(&planned(&quota, &[pod("a", 1, "Running")])), None);
}

#[test]
fn what_is_no_longer_limited_is_no_longer_said() {
    // QUO-5
    let status_of = json!({"hard": {"pods": "5", "secrets": "1"}, "used": {"pods": "1", "secrets": "0"}});
    let quota = quota(3, json!({"hard": {"pods": "0"}}), status_of);
    let wanted = json!({"hard": {"pods": "0", "secrets": null}, "used": {"secrets": null}});
    assert_eq!(status(&planned(&quota, &[pod("a", 1, "Running")])).unwrap()["status"], wanted);
}

#[test]
fn scopes_choose_what_is_counted() {
    // QUO-9
    let quota = quota(3, json!({"hard": {"pods": "5"}, "scopes": ["BestEffort"]}), json!({}));
    let best_effort = object(PODS, "b", 1, json!({"spec": {"containers": [{"name": "a"}]}}));
    assert_eq!(status(&planned(&quota, &[pod("a", 1, ""), best_effort])).unwrap()["status"]["used"], json!({"pods": "1"}));
}

#[test]
fn a_pod_whose_node_is_silent_is_free_after_its_grace_period() {
    // QUO-2
    let quota = quota(3, json!({"hard": {"pods": "5"}}), json!({}));
    let deleted = |ago_s: i64| {
        let at = NOW.plus_millis(-ago_s * 1000).rfc3339();
        planned(&quota, &[object(PODS, "a", 1, json!({"metadata": {"deletionTimestamp": at, "deletionGracePeriodSeconds": 30}}))])
    };
    let waits = deleted(10);
    assert_eq!((status(&waits).unwrap()["status"]["used"]["pods"].as_str(), waits.requeue_at), (Some("1"), Some(NOW.plus_millis(20_001))));
    assert_eq!(status(&deleted(31)).unwrap()["status"]["used"]["pods"], "0");
}

#[test]
fn only_what_may_give_something_back_is_looked_at() {
    // QUO-1
    let quota = quota(5, json!({"hard": {"pods": "5"}}), json!({}));
    let change = |resource: Resource, old: Option<Arc<Object>>, new: Option<Arc<Object>>| {
        let key = old.as_ref().or(new.as_ref()).unwrap().key.clone();
        concerns(&quota, &Change { resource, key, old, new })
    };
    assert!(!change(PODS, None, Some(pod("a", 6, "Pending"))), "it was charged when it was written, and the charge is yet to come");
    assert!(change(PODS, None, Some(pod("a", 4, "Pending"))), "the quota may have been counted without it");
    assert!(!change(PODS, Some(pod("a", 6, "Pending")), Some(pod("a", 7, "Running"))));
    assert!(change(PODS, Some(pod("a", 6, "Running")), Some(pod("a", 7, "Failed"))));
    assert!(change(PODS, Some(pod("a", 6, "Running")), None));
    assert!(!change(SECRETS, Some(object(SECRETS, "a", 1, json!({}))), None));
}

proptest::proptest! {
    // ALL-1, QUO-1
    #[test]
    fn what_was_written_is_not_written_again(
        phases in proptest::collection::vec(proptest::sample::select(&["Pending", "Running", "Failed"][..]), 0..6),
        hard in proptest::collection::btree_map(proptest::sample::select(&["pods", "cpu", "requests.memory", "secrets", "count/pods", "x.y/z"][..]), 0_i64..9, 0..5),
        stale in proptest::bool::ANY,
    ) {
        let pods: Vec<_> = phases.iter().enumerate().map(|(n, phase)| pod(&format!("p{n}"), 1, phase)).collect();
        let hard: Value = hard.into_iter().map(|(name, amount)| (name.to_owned(), Value::from(amount.to_string()))).collect::<stead_api::Map<_, _>>().into();
        let mut known = if stale { json!({"hard": {"pods": "9", "configmaps": "1"}, "used": {"pods": "7", "configmaps": "1"}}) } else { json!({}) };
        if let Some(written) = status(&planned(&quota(3, json!({"hard": hard}), known.clone()), &pods)) {
            for (member, changes) in written["status"].as_object().unwrap() {
                for (name, value) in changes.as_object().unwrap() {
                    match value {
                        Value::Null => drop(known[member.as_str()].as_object_mut().unwrap().shift_remove(name)),
                        value => known[member.as_str()][name.as_str()] = value.clone(),
                    }
                }
            }
        }
        proptest::prop_assert_eq!(status(&planned(&quota(4, json!({"hard": hard}), known), &pods)), None);
    }
}
