use super::plan::{Observed, plan};
use super::spec::{Spec, Strategy};
use crate::object::Object;
use crate::ownership;
use crate::plan::{Call, Patch, Plan};
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp};
use stead_client::resource::{DEPLOYMENTS, REPLICA_SETS};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

fn template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}})
}

/// A Deployment of `i:2` with members of spec changed.
fn deployment(replicas: i64, change: impl Fn(&mut Value)) -> Arc<Object> {
    let mut value = json!({
        "metadata": {"namespace": "d", "name": "web", "uid": "deployment", "resourceVersion": "9", "generation": 1},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template("i:2"), "revisionHistoryLimit": 10,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
        },
        "status": {},
    });
    change(&mut value);
    Arc::new(Object::parse(DEPLOYMENTS, value).unwrap())
}

/// A set of its, with (size, available) and the size of the whole that it was given for.
fn set(name: &str, image: &str, (size, available): (i64, i64), whole: i64) -> Arc<Object> {
    let value = json!({
        "metadata": {
            "namespace": "d", "name": name, "uid": name, "resourceVersion": "5", "generation": 1, "labels": {"app": "web"},
            "creationTimestamp": "2020-01-01T00:00:00Z",
            "annotations": {
                "deployment.kubernetes.io/revision": "1", "deployment.kubernetes.io/desired-replicas": whole.to_string(),
                "deployment.kubernetes.io/max-replicas": (whole + (whole + 3) / 4).to_string(),
            },
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "deployment", "controller": true}],
        },
        "spec": {"replicas": size, "template": template(image)},
        "status": {"replicas": size, "availableReplicas": available, "readyReplicas": available, "observedGeneration": 1},
    });
    Arc::new(Object::parse(REPLICA_SETS, value).unwrap())
}

fn planned(deployment: &Arc<Object>, sets: &[Arc<Object>]) -> Plan {
    let spec = Spec::parse(Arc::clone(deployment));
    let claimed = ownership::claim(deployment, &spec.selector, sets.iter());
    plan(NOW, &Observed { spec, claimed, namesake: None, pods: Vec::new() })
}

/// `name size` of what is scaled or made, in order.
fn sizes(plan: &Plan) -> Vec<String> {
    let size = |call: &Call| match call {
        Call::Create { body, .. } => Some(format!("new {}", body["spec"]["replicas"])),
        Call::Patch { resource: REPLICA_SETS, key, patch: Patch::Merge(body), .. } => {
            Some(format!("{} {}", key.name, body["spec"]["replicas"]))
        }
        _ => None,
    };
    plan.steps.iter().flat_map(|step| &step.effects).filter_map(|effect| size(&effect.call)).collect()
}

// DEP-30
#[test]
fn percentages_are_rounded_for_surge_up_and_for_absence_down() {
    let resolved = |replicas: i64, surge: Value, unavailable: Value| {
        let rolling = json!({"maxSurge": surge, "maxUnavailable": unavailable});
        Spec::parse(deployment(replicas, |d| d["spec"]["strategy"]["rollingUpdate"] = rolling.clone())).strategy
    };
    let rolling = |max_surge, max_unavailable| Strategy::RollingUpdate { max_surge, max_unavailable };
    assert_eq!(resolved(10, json!("25%"), json!("25%")), rolling(3, 2));
    assert_eq!(resolved(1, json!(0), json!("25%")), rolling(0, 1));
    assert_eq!(resolved(2, json!(1), json!(5)), rolling(1, 2));
    assert_eq!(resolved(0, json!("25%"), json!("25%")), rolling(0, 0));
}

// DEP-31, DEP-33, DEP-35
#[test]
fn a_roll_goes_as_far_as_availability_allows() {
    let ten = deployment(10, |_| {});
    assert_eq!(sizes(&planned(&ten, &[])), ["new 10"]);
    assert_eq!(sizes(&planned(&ten, &[set("old", "i:1", (10, 10), 10)])), ["new 3", "old 8"]);
    assert_eq!(sizes(&planned(&ten, &[set("old", "i:1", (8, 8), 10), set("web", "i:2", (3, 0), 10)])), ["web 3", "web 5"]);
    let waiting = planned(&ten, &[set("old", "i:1", (8, 8), 10), set("web", "i:2", (5, 0), 10)]);
    assert!(waiting.reasons.iter().any(|reason| reason.starts_with("waiting")), "{:?}", waiting.reasons);
}

// DEP-34
#[test]
fn unhealthy_old_pods_go_first() {
    let sets = [set("first", "i:0", (2, 2), 4), set("second", "i:1", (2, 0), 4), set("web", "i:2", (1, 1), 4)];
    assert_eq!(sizes(&planned(&deployment(4, |_| {}), &sets)), ["web 1", "second 0"]);
}

// DEP-45
#[test]
fn recreate_removes_the_old_pods_first() {
    let recreated = deployment(3, |d| d["spec"]["strategy"] = json!({"type": "Recreate"}));
    assert_eq!(sizes(&planned(&recreated, &[set("old", "i:1", (3, 3), 3)])), ["old 0"]);
    assert_eq!(sizes(&planned(&recreated, &[set("old", "i:1", (0, 0), 3)])), ["new 3"]);
}

// DEP-50, DEP-51
#[test]
fn a_scaling_in_the_middle_keeps_proportions() {
    let sets = [set("old", "i:1", (8, 8), 10), set("web", "i:2", (5, 5), 10)];
    // 20 + 5 in place of 10 + 3: 8 to 15, 5 to 10.
    let scaled = sizes(&planned(&deployment(20, |_| {}), &sets));
    assert_eq!(scaled, ["web 5", "old 15", "web 10"]);
    assert_eq!(sizes(&planned(&deployment(7, |_| {}), &[set("web", "i:2", (5, 5), 5)])), ["web 7"]);
}

// DEP-60
#[test]
fn nothing_is_made_while_it_is_paused() {
    let paused = deployment(3, |d| d["spec"]["paused"] = true.into());
    assert_eq!(sizes(&planned(&paused, &[])), [""; 0]);
}

// DEP-13
#[test]
fn a_name_that_is_taken_is_a_collision() {
    let spec = Spec::parse(deployment(1, |_| {}));
    let plan =
        plan(NOW, &Observed { spec, claimed: ownership::Claimed::default(), namesake: Some(set("x", "i:9", (1, 1), 1)), pods: vec![] });
    let Call::Patch { resource: DEPLOYMENTS, patch: Patch::Merge(body), .. } = &plan.steps[0].effects[0].call else { panic!("{plan:?}") };
    assert_eq!(body["status"]["collisionCount"], 1);
    assert_eq!(sizes(&plan), [""; 0]);
}
