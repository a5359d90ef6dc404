//! Tests of Deployments, ReplicaSets and DaemonSets: defaults, generations, strategies, counters.

use super::{decoded, texts};
use crate::{
    Value,
    field::Path,
    json,
    kinds::{daemon_set::DAEMON_SET, deployment::DEPLOYMENT, pod_spec::validation::amounts, replica_set::REPLICA_SET},
    registry::{Generation, Kind, Part},
};

fn workload(kind: &'static Kind, more: Value) -> Value {
    let mut spec = json!({
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        spec[name] = value.clone();
    }
    let mut object = decoded(kind, json!({"metadata": {"name": "w"}, "spec": spec}));
    kind.hooks.prepare_create(&mut object);
    object
}

fn faults(kind: &'static Kind, more: Value) -> Vec<String> {
    kind.hooks.validate(&workload(kind, more)).iter().map(ToString::to_string).collect()
}

#[test]
fn a_roll_out_has_room_to_move() {
    // W20
    let made = workload(&DEPLOYMENT, json!({}));
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}});
    assert_eq!((&made["spec"]["strategy"], &made["spec"]["progressDeadlineSeconds"]), (&rolling, &json!(600)));
    let with =
        |unavailable: Value, surge: Value| json!({"strategy": {"rollingUpdate": {"maxUnavailable": unavailable, "maxSurge": surge}}});
    assert!(faults(&DEPLOYMENT, with(json!(0), json!("150%"))).is_empty());
    let at = "spec.strategy.rollingUpdate.maxUnavailable";
    assert_eq!(faults(&DEPLOYMENT, with(json!(0), json!("0%"))), [format!("{at}: Invalid value: 0: may not be 0 when `maxSurge` is 0")]);
    assert_eq!(
        faults(&DEPLOYMENT, with(json!("101%"), json!(1))),
        [format!("{at}: Invalid value: \"101%\": must not be greater than 100%")]
    );
}

#[test]
fn a_deployment_counts_changes_of_annotations_too() {
    // W11
    let old = workload(&DEPLOYMENT, json!({}));
    let mut annotated = old.clone();
    annotated["metadata"]["annotations"] = json!({"a": "b"});
    assert_eq!(DEPLOYMENT.hooks.prepare_update(Part::Main, &mut annotated, &old), Generation::Raise);
    let old = workload(&REPLICA_SET, json!({}));
    let mut annotated = old.clone();
    annotated["metadata"]["annotations"] = json!({"a": "b"});
    assert_eq!(REPLICA_SET.hooks.prepare_update(Part::Main, &mut annotated, &old), Generation::Keep);
}

#[test]
fn a_status_leaves_a_deployments_labels_alone() {
    let old = workload(&DEPLOYMENT, json!({}));
    let mut written = old.clone();
    written["metadata"]["labels"] = json!({"a": "b"});
    written["metadata"]["annotations"] = json!({"a": "b"});
    DEPLOYMENT.hooks.prepare_update(Part::Status, &mut written, &old);
    assert_eq!((&written["metadata"]["labels"], &written["metadata"]["annotations"]), (&Value::Null, &json!({"a": "b"})));
}

#[test]
fn daemons_count_their_templates() {
    let generation = |object: &Value| object["metadata"]["annotations"]["deprecated.daemonset.template.generation"].clone();
    let old = workload(&DAEMON_SET, json!({}));
    assert_eq!(generation(&old), "1");
    let mut other = old.clone();
    other["spec"]["minReadySeconds"] = 1.into();
    assert_eq!(DAEMON_SET.hooks.prepare_update(Part::Main, &mut other, &old), Generation::Raise);
    assert_eq!(generation(&other), "1");
    other["spec"]["template"]["spec"]["hostNetwork"] = true.into();
    DAEMON_SET.hooks.prepare_update(Part::Main, &mut other, &old);
    assert_eq!(generation(&other), "2");
}

#[test]
fn daemons_are_replaced_before_or_after() {
    let with =
        |unavailable: i64, surge: i64| json!({"updateStrategy": {"rollingUpdate": {"maxUnavailable": unavailable, "maxSurge": surge}}});
    let at = "spec.updateStrategy.rollingUpdate";
    assert!(faults(&DAEMON_SET, with(0, 1)).is_empty());
    assert_eq!(
        faults(&DAEMON_SET, with(1, 1)),
        [format!("{at}.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero")]
    );
    assert_eq!(faults(&DAEMON_SET, with(0, 0)), [format!("{at}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0")]);
}

#[test]
fn selectors_stay_and_counters_add_up() {
    // W14
    for kind in [&DEPLOYMENT, &REPLICA_SET, &DAEMON_SET] {
        let old = workload(kind, json!({}));
        let mut new = old.clone();
        new["spec"]["selector"]["matchLabels"]["x"] = "y".into();
        new["spec"]["template"]["metadata"]["labels"]["x"] = "y".into();
        let expected = "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"web\",\"x\":\"y\"}}: field is immutable";
        assert_eq!(texts(kind, Part::Main, &new, &old), [expected], "{}", kind.kind);
    }
    let old = workload(&REPLICA_SET, json!({}));
    let mut new = old.clone();
    new["status"] = json!({"replicas": 1, "availableReplicas": 1});
    assert_eq!(
        texts(&REPLICA_SET, Part::Status, &new, &old),
        ["status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas"]
    );
}

#[test]
fn amounts_are_numbers_or_percentages() {
    let faults = |value: Value| amounts::validate(&value, &Path::new("x")).len();
    assert_eq!([json!(0), json!(-1), json!("5%"), json!("5"), json!("x")].map(faults), [0, 1, 0, 1, 1]);
    assert_eq!(
        [json!(0), json!(1), json!("0%"), json!("5"), json!("x")].map(|value| amounts::is_zero(&value)),
        [true, false, true, false, true]
    );
}
