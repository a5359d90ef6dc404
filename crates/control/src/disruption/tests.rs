use super::plan::{Observed, plan};
use super::scale::{Owners, Scale, expected};
use super::take_back;
use crate::engine::Cache;
use crate::object::Object;
use crate::plan::{Call, Patch, Plan};
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::{DEPLOYMENTS, JOBS, POD_DISRUPTION_BUDGETS, PODS, REPLICA_SETS, Resource, STATEFUL_SETS};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

fn object(resource: Resource, name: &str, mut more: Value) -> Arc<Object> {
    for (member, value) in [("namespace", "d"), ("name", name), ("uid", name), ("resourceVersion", "3")] {
        more["metadata"][member] = value.into();
    }
    Arc::new(Object::parse(resource, more).unwrap())
}

fn budget(spec: Value, status: Value) -> Arc<Object> {
    let mut spec = spec;
    spec["selector"] = json!({"matchLabels": {"app": "web"}});
    object(POD_DISRUPTION_BUDGETS, "b", json!({"metadata": {"generation": 2}, "spec": spec, "status": status}))
}

fn owner(kind: &str, name: &str) -> Value {
    let version = if kind == "Job" { "batch/v1" } else { "apps/v1" };
    json!({"apiVersion": version, "kind": kind, "name": name, "uid": name, "controller": true})
}

fn pod(name: &str, ready: &str, owners: Value) -> Arc<Object> {
    let conditions = json!([{"type": "Ready", "status": ready}]);
    let metadata = json!({"labels": {"app": "web"}, "ownerReferences": owners});
    object(PODS, name, json!({"metadata": metadata, "status": {"phase": "Running", "conditions": conditions}}))
}

fn ready(names: &[&str]) -> Vec<Arc<Object>> {
    names.iter().map(|name| pod(name, "True", json!([]))).collect()
}

fn planned(budget: &Arc<Object>, pods: &[Arc<Object>], scale: Result<i64, &str>) -> Plan {
    let scale = scale.map(|pods| Scale { pods, unmanaged: 0 }).map_err(str::to_owned);
    plan(NOW, &Observed { budget, pods, scale })
}

fn status(plan: &Plan) -> Value {
    let mut bodies = plan.finally.iter().filter_map(|effect| match &effect.call {
        Call::Patch { patch: Patch::Merge(body), .. } => Some(body["status"].clone()),
        _ => None,
    });
    bodies.next().unwrap_or_default()
}

/// expectedPods, currentHealthy, desiredHealthy, disruptionsAllowed.
fn numbers(spec: Value, pods: usize, scale: i64) -> [i64; 4] {
    let names: Vec<String> = (0..pods).map(|n| format!("p{n}")).collect();
    let pods = ready(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let status = status(&planned(&budget(spec, json!({})), &pods, Ok(scale)));
    ["expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed"].map(|name| status.int(name).unwrap())
}

// PDB-2, PDB-3, PDB-4
#[test]
fn what_is_expected_and_desired() {
    assert_eq!(numbers(json!({"minAvailable": 2}), 3, 9), [3, 3, 2, 1]);
    assert_eq!(numbers(json!({"minAvailable": 5}), 3, 9), [3, 3, 5, 0]);
    assert_eq!(numbers(json!({"minAvailable": "50%"}), 3, 5), [5, 3, 3, 0]);
    assert_eq!(numbers(json!({"minAvailable": "0%"}), 3, 5), [5, 3, 0, 3]);
    assert_eq!(numbers(json!({"maxUnavailable": 1}), 3, 3), [3, 3, 2, 1]);
    assert_eq!(numbers(json!({"maxUnavailable": 9}), 3, 3), [3, 3, 0, 3]);
    assert_eq!(numbers(json!({"maxUnavailable": "30%"}), 3, 3), [3, 3, 2, 1]);
    assert_eq!(numbers(json!({"maxUnavailable": 1}), 3, 0), [0, 3, 0, 0]);
}

// PDB-1, PDB-11
#[test]
fn an_evicted_pod_is_not_healthy_until_it_goes_or_two_minutes_are_over() {
    let at = |seconds: i64| NOW.plus_millis(-1000 * seconds).rfc3339();
    let disrupted = json!({"disruptedPods": {"a": at(5), "b": at(121), "gone": at(1)}});
    let plan = planned(&budget(json!({"minAvailable": 1}), disrupted), &ready(&["a", "b", "c"]), Ok(0));
    let status = status(&plan);
    assert_eq!(status.int("currentHealthy"), Some(2));
    assert_eq!(status["disruptedPods"], json!({"b": null, "gone": null}));
    assert_eq!(plan.requeue_at, Some(NOW.plus_millis(115_001)));
    assert_eq!((plan.events[0].reason, plan.events[0].regarding.name.as_str()), ("NotDeleted", "b"));
    let pods = [pod("a", "False", json!([]))];
    assert_eq!(super::tests::status(&planned(&budget(json!({"minAvailable": 1}), json!({})), &pods, Ok(0))).int("currentHealthy"), Some(0));
}

// PDB-5, PDB-8
#[test]
fn nothing_may_go_while_the_scale_is_not_known() {
    let known = json!({"expectedPods": 3, "disruptionsAllowed": 2, "observedGeneration": 1, "conditions": [
        {"type": "DisruptionAllowed", "status": "True", "reason": "SufficientPods", "lastTransitionTime": "2026-01-01T00:00:00Z"},
    ]});
    let plan = planned(&budget(json!({"maxUnavailable": 1}), known), &ready(&["a"]), Err("why"));
    assert_eq!(plan.events[0].message, "Failed to calculate the number of expected pods: why");
    let status = status(&plan);
    assert_eq!(status.get("expectedPods"), None);
    assert_eq!(
        status["conditions"][0],
        json!({
            "type": "DisruptionAllowed", "status": "False", "reason": "SyncFailed", "message": "why", "observedGeneration": 1,
            "lastTransitionTime": NOW.rfc3339(),
        })
    );
    // A number needs no scale.
    assert!(planned(&budget(json!({"minAvailable": 1}), json!({})), &ready(&["a"]), Err("why")).events.is_empty());
}

// PDB-2, PDB-5, PDB-6
#[test]
fn controllers_are_counted_once_and_a_deployment_for_its_sets() {
    let mut cache = Cache::default();
    let mut put = |resource: Resource, name: &str, replicas: i64, owners: Value| {
        let made = object(resource, name, json!({"metadata": {"ownerReferences": owners}, "spec": {"replicas": replicas}}));
        cache.watch(resource);
        cache.put(made.as_ref().clone());
    };
    put(DEPLOYMENTS, "dep", 3, json!([]));
    put(REPLICA_SETS, "old", 1, json!([owner("Deployment", "dep")]));
    put(REPLICA_SETS, "new", 3, json!([owner("Deployment", "dep")]));
    put(STATEFUL_SETS, "db", 2, json!([]));
    let owners = Owners { cache: &cache, resources: &[JOBS] };
    let of = |kind: &str, name: &str| pod("p", "True", json!([owner(kind, name)]));
    let pods = [of("ReplicaSet", "old"), of("ReplicaSet", "new"), of("StatefulSet", "db"), pod("bare", "True", json!([]))];
    assert_eq!(expected(&pods, &owners), Ok(Scale { pods: 5, unmanaged: 1 }));
    assert_eq!(expected(&[of("Job", "j")], &owners), Err("jobs.batch does not implement the scale subresource".into()));
    assert_eq!(expected(&[of("StatefulSet", "no")], &owners), Err("found no controllers for pod \"p\"".into()));
    assert_eq!(expected(&[of("Odd", "o")], &owners), Err("no matches for kind \"Odd\" in version \"apps/v1\"".into()));
}

// PDB-14
#[test]
fn a_mark_that_nothing_follows_is_taken_back() {
    let marked = |seconds: i64, reason: &str| {
        let at = NOW.plus_millis(-1000 * seconds).rfc3339();
        let conditions = json!([{"type": "DisruptionTarget", "status": "True", "reason": reason, "lastTransitionTime": at}]);
        take_back(&object(PODS, "p", json!({"status": {"phase": "Running", "conditions": conditions}})), NOW)
    };
    assert_eq!((marked(119, "x").requeue_at, marked(119, "x").finally.len()), (Some(NOW.plus_millis(1000)), 0));
    assert_eq!(marked(120, "x").finally.len(), 1);
    assert_eq!(marked(500, "TerminationByKubelet"), Plan::default());
}

proptest::proptest! {
    // ALL-1, PDB-4
    #[test]
    fn what_was_written_is_not_written_again(
        is_ready in proptest::collection::vec(proptest::bool::ANY, 0..6), number in 0_i64..7, percent: bool, most: bool, scale in 0_i64..7,
    ) {
        let pods: Vec<_> =
            is_ready.iter().enumerate().map(|(n, ready)| pod(&format!("p{n}"), if *ready { "True" } else { "False" }, json!([]))).collect();
        let value: Value = if percent { format!("{}%", number * 10).into() } else { number.into() };
        let spec = if most { json!({"maxUnavailable": value}) } else { json!({"minAvailable": value}) };
        let written = status(&planned(&budget(spec.clone(), json!({})), &pods, Ok(scale)));
        let allowed = written.int("disruptionsAllowed").unwrap();
        proptest::prop_assert!(allowed >= 0 && allowed <= written.int("currentHealthy").unwrap());
        proptest::prop_assert_eq!(planned(&budget(spec, written), &pods, Ok(scale)).finally, []);
    }
}
