use super::plan;
use super::*;
use crate::plan::Call;
use stead_api::{Value, json};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

/// A node with a NoExecute taint of each of these keys, added at these seconds.
fn node(taints: &[(&str, i64)]) -> Object {
    let taint = |(key, since): &(&str, i64)| json!({"key": key, "value": "v", "effect": "NoExecute", "timeAdded": at(*since).rfc3339()});
    let taints: Vec<Value> = taints.iter().map(taint).chain([json!({"key": "soft", "effect": "NoSchedule"})]).collect();
    Object::parse(NODES, json!({"metadata": {"name": "n", "uid": "n", "resourceVersion": "2"}, "spec": {"taints": taints}})).unwrap()
}

fn pod(tolerations: Value) -> Object {
    let meta = json!({"name": "p", "namespace": "d", "uid": "u", "resourceVersion": "3", "creationTimestamp": at(-100).rfc3339()});
    Object::parse(PODS, json!({"metadata": meta, "spec": {"nodeName": "n", "tolerations": tolerations}})).unwrap()
}

fn plan(now: Timestamp, pod: &Object, node: &Object) -> Plan {
    plan::plan(now, pod, node, false)
}

fn evicts(plan: &Plan) -> bool {
    plan.effects().any(|effect| matches!(effect.call, Call::Delete { .. }))
}

// TNT-1
#[test]
fn a_pod_goes_at_once_after_its_seconds_or_never() {
    let tainted = node(&[("a", 0)]);
    let toleration = |seconds: Value| json!([{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}]);
    assert!(evicts(&plan(at(0), &pod(json!([])), &tainted)));
    assert!(evicts(&plan(at(0), &pod(json!([{"key": "a", "operator": "Exists", "effect": "NoSchedule"}])), &tainted)));
    assert!(evicts(&plan(at(0), &pod(json!([{"key": "a", "value": "other"}])), &tainted)));
    assert!(plan(at(9), &pod(toleration(Value::Null)), &tainted).is_empty());
    assert!(plan(at(9), &pod(json!([{"key": "a", "value": "v"}])), &tainted).is_empty());
    for none in [0, -5] {
        assert!(evicts(&plan(at(0), &pod(toleration(none.into())), &tainted)));
    }
    let waits = plan(at(4), &pod(toleration(5.into())), &tainted);
    assert_eq!((waits.is_empty(), waits.requeue_at), (true, Some(at(5))));
    assert!(evicts(&plan(at(5), &pod(toleration(5.into())), &tainted)));
    // TNT-4
    assert!(plan(at(9), &pod(json!([])), &node(&[])).is_empty());
}

// TNT-1
#[test]
fn the_smallest_of_the_matching_tolerations_counts() {
    let tolerations = json!([{"key": "a", "operator": "Exists", "tolerationSeconds": 50}, {"operator": "Exists", "tolerationSeconds": 9}]);
    assert_eq!(plan(at(3), &pod(tolerations.clone()), &node(&[("a", 0)])).requeue_at, Some(at(50)));
    assert_eq!(plan(at(3), &pod(tolerations), &node(&[("a", 0), ("b", 2)])).requeue_at, Some(at(9)));
}

// TNT-2
#[test]
fn an_eviction_says_why() {
    let plan = plan(at(0), &pod(json!([])), &node(&[("a", 0)]));
    let effects: Vec<_> = plan.effects().collect();
    let event = effects[0].on_success.as_ref().unwrap();
    assert_eq!((event.reason, event.message.as_str()), ("TaintManagerEviction", "Marking for deletion Pod d/p"));
    let Call::Patch { subresource: "status", patch: crate::plan::Patch::Strategic(patch), .. } = &effects[0].call else {
        panic!("{plan:?}")
    };
    assert_eq!(patch["status"]["conditions"][0]["reason"], "DeletionByTaintManager");
    let Call::Delete { options, .. } = &effects[1].call else { panic!("{plan:?}") };
    assert_eq!((options.uid.as_deref(), options.grace_period_s), (Some("u"), None));
}

// TNT-3; a taint that does not say since when counts from when it was seen.
#[test]
fn changes_of_taints_concern_the_pods_of_the_node() {
    let controller = TaintEviction::default();
    let mut cache = Cache::default();
    cache.set_time(at(7));
    let mut bare = json!({"metadata": {"name": "n", "uid": "n", "resourceVersion": "1"}, "spec": {}});
    cache.put(Object::parse(NODES, bare.clone()).unwrap());
    cache.put(pod(json!([{"key": "a", "operator": "Exists", "tolerationSeconds": 5}])));
    bare["spec"] = json!({"taints": [{"key": "a", "effect": "NoExecute"}]});
    for (version, time) in [("2", 8), ("3", 11)] {
        cache.set_time(at(time));
        bare["metadata"]["resourceVersion"] = version.into();
        let change = cache.put(Object::parse(NODES, bare.clone()).unwrap()).unwrap();
        let mut keys = Vec::new();
        controller.keys_for(&change, &cache, &mut keys);
        assert_eq!(keys.len(), usize::from(version == "2"), "only a change of taints");
        let plan = controller.reconcile(PODS, &Key::new("d", "p"), &cache, at(time));
        assert_eq!(plan.requeue_at, Some(at(13)));
    }
}

// TNT-2
#[test]
fn a_pod_whose_end_was_set_in_vain_is_told_of() {
    let told = |now: i64, tolerations: Value, taints: &[(&str, i64)]| {
        let plan = plan::plan(at(now), &pod(tolerations), &node(taints), true);
        let messages: Vec<_> = plan.events.iter().map(|event| event.message.clone()).collect();
        (messages, evicts(&plan))
    };
    let cancelled = || vec!["Cancelling deletion of Pod d/p".to_owned()];
    let tolerates = |seconds: Value| json!([{"key": "a", "operator": "Exists", "tolerationSeconds": seconds}]);
    assert_eq!(told(1, tolerates(5.into()), &[]), (cancelled(), false));
    assert_eq!(told(1, tolerates(Value::Null), &[("a", 0)]), (cancelled(), false));
    assert_eq!(told(1, tolerates(5.into()), &[("a", 0), ("b", 0)]), (cancelled(), true));
    assert_eq!(told(1, tolerates(5.into()), &[("a", 0)]), (vec![], false));
    assert_eq!(told(5, tolerates(5.into()), &[("a", 0)]), (vec![], true));
}

// TNT-2
#[test]
fn an_end_is_taken_back_once() {
    let controller = TaintEviction::default();
    let mut cache = Cache::default();
    cache.set_time(at(1));
    cache.put(pod(json!([{"key": "a", "operator": "Exists", "tolerationSeconds": 5}])));
    let key = Key::new("d", "p");
    let mut events = Vec::new();
    for (version, is_tainted) in [("2", true), ("3", false), ("4", false)] {
        let mut value = json!({"metadata": {"name": "n", "uid": "n", "resourceVersion": version}, "spec": {}});
        if is_tainted {
            value["spec"] = json!({"taints": [{"key": "a", "effect": "NoExecute"}]});
        }
        cache.put(Object::parse(NODES, value).unwrap());
        events.push(controller.reconcile(PODS, &key, &cache, at(1)).events.len());
    }
    assert_eq!(events, [0, 1, 0]);
}

// TNT-2
#[test]
fn a_pod_that_goes_already_is_marked_once() {
    let tainted = node(&[("node.kubernetes.io/out-of-service", 0)]);
    let deleted = |conditions: Value| {
        let meta = json!({"name": "p", "namespace": "d", "uid": "u", "resourceVersion": "3", "deletionTimestamp": at(30).rfc3339()});
        let body = json!({"metadata": meta, "spec": {"nodeName": "n"}, "status": {"conditions": conditions}});
        Object::parse(PODS, body).unwrap()
    };
    assert!(evicts(&plan(at(1), &deleted(json!([])), &tainted)));
    let marked = json!([{"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"}]);
    assert!(plan(at(1), &deleted(marked), &tainted).is_empty());
}
