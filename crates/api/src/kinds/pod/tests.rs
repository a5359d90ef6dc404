//! Pods as written and judged: defaults, what each path of writing keeps, and the texts of refusals.

use super::POD;
use crate::{
    Value, json,
    registry::{Generation, Part},
    schema::walker,
    time::Timestamp,
};

/// A pod as the pipeline has it before validation.
fn created(spec: Value) -> Value {
    let mut pod = json!({"metadata": {"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": spec});
    walker::canonical(POD.schema, &mut pod);
    POD.hooks.default(&mut pod);
    POD.hooks.prepare_create(&mut pod);
    walker::canonical(POD.schema, &mut pod);
    pod
}

fn container(extra: Value) -> Value {
    let mut container = json!({"name": "c", "image": "busybox:1.36"});
    for (name, value) in extra.as_object().into_iter().flatten() {
        container[name] = value.clone();
    }
    container
}

fn pod() -> Value {
    created(json!({"containers": [container(json!({}))]}))
}

fn texts(errors: &[crate::field::Error]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

/// What the main path says of changing `old` into `new`.
fn refusals(part: Part, new: &Value, old: &Value) -> Vec<String> {
    let mut object = new.clone();
    POD.hooks.prepare_update(part, &mut object, old);
    walker::canonical(POD.schema, &mut object);
    texts(&POD.hooks.validate_update(part, &object, old))
}

// W20
#[test]
fn requests_follow_limits_in_pods() {
    let pod = created(json!({"containers": [container(json!({"resources": {"limits": {"cpu": "1", "memory": "0.5"}}}))]}));
    let resources = &pod["spec"]["containers"][0]["resources"];
    assert_eq!(resources["requests"], json!({"cpu": "1", "memory": "500m"}));
    assert_eq!(pod["status"], json!({"phase": "Pending", "qosClass": "Guaranteed"}));
}

// W20
#[test]
fn a_negative_grace_period_counts_as_one_second() {
    let pod = created(json!({"containers": [container(json!({}))], "terminationGracePeriodSeconds": -5}));
    assert_eq!(pod["spec"]["terminationGracePeriodSeconds"], 1);
    assert!(POD.hooks.warnings(&pod, None).is_empty());
}

// W20
#[test]
fn a_gated_pod_says_so() {
    let pod = created(json!({"containers": [container(json!({}))], "schedulingGates": [{"name": "a/b"}]}));
    let condition = &pod["status"]["conditions"][0];
    assert_eq!(condition["reason"], "SchedulingGated");
    assert_eq!(condition["lastTransitionTime"], "2026-01-01T00:00:00Z");
    assert_eq!(POD.hooks.cells(&pod, Timestamp::default())[2], "SchedulingGated");
}

// W14
#[test]
fn only_few_fields_change() {
    let old = pod();
    let mut new = old.clone();
    new["spec"]["containers"][0]["image"] = "busybox:1.37".into();
    new["spec"]["tolerations"] = json!([{"key": "a", "operator": "Exists"}]);
    assert_eq!(refusals(Part::Main, &new, &old), Vec::<String>::new());
    let mut object = new.clone();
    assert_eq!(POD.hooks.prepare_update(Part::Main, &mut object, &old), Generation::Raise);
    new["spec"]["nodeName"] = "n".into();
    let found = refusals(Part::Main, &new, &old);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"));
    assert!(found[0].ends_with("\n@@ spec.nodeName @@\n- null\n+ \"n\""), "{}", found[0]);
}

// W14
#[test]
fn tolerations_are_only_added() {
    let mut old = pod();
    old["spec"]["tolerations"] = json!([{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}]);
    let mut new = old.clone();
    new["spec"]["tolerations"][0]["tolerationSeconds"] = 7.into();
    assert_eq!(refusals(Part::Main, &new, &old), Vec::<String>::new());
    new["spec"]["tolerations"] = json!([]);
    let want = "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds";
    assert_eq!(refusals(Part::Main, &new, &old), [want]);
}

// W14: a gated pod may narrow down its nodes.
#[test]
fn gated_pods_add_node_selectors() {
    let old = created(json!({
        "containers": [container(json!({}))], "schedulingGates": [{"name": "a/b"}], "nodeSelector": {"a": "b"},
    }));
    let mut new = old.clone();
    new["spec"]["nodeSelector"]["c"] = "d".into();
    new["spec"]["affinity"] = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}}});
    assert_eq!(refusals(Part::Main, &new, &old), Vec::<String>::new());
    new["spec"]["nodeSelector"] = json!({"c": "d"});
    assert!(refusals(Part::Main, &new, &old)[0].ends_with("only additions to spec.nodeSelector are allowed (no mutations or deletions)"));
}

// W13
#[test]
fn the_status_path_keeps_the_spec_and_the_class() {
    let old = pod();
    let mut new = old.clone();
    new["spec"]["nodeName"] = "n".into();
    new["status"] = json!({"phase": "Running", "podIP": "10.0.0.1"});
    POD.hooks.default(&mut new);
    POD.hooks.prepare_update(Part::Status, &mut new, &old);
    assert_eq!(new["spec"], old["spec"]);
    assert_eq!(new["status"]["qosClass"], "BestEffort");
    assert_eq!(new["status"]["podIPs"], json!([{"ip": "10.0.0.1"}]));
}

// An ended container stays ended unless its policy lets it run again.
#[test]
fn ended_containers_stay_ended() {
    let state = |state: Value| json!({"containerStatuses": [{"name": "c", "state": state}]});
    for (policy, code, allowed) in [("Never", 1, false), ("OnFailure", 1, true), ("OnFailure", 0, false), ("Always", 0, true)] {
        let mut old = created(json!({"containers": [container(json!({}))], "restartPolicy": policy}));
        old["status"] = state(json!({"terminated": {"exitCode": code}}));
        let mut new = old.clone();
        new["status"] = state(json!({"running": {}}));
        assert_eq!(refusals(Part::Status, &new, &old).is_empty(), allowed, "{policy} {code}");
    }
}

#[test]
fn resizing_keeps_the_class_and_the_names() {
    let sized = |cpu: &str| created(json!({"containers": [container(json!({"resources": {"requests": {"cpu": cpu}}}))]}));
    let old = sized("1");
    assert_eq!(refusals(Part::Other("resize"), &sized("2"), &old), Vec::<String>::new());
    let mut new = sized("2");
    new["spec"]["containers"][0]["resources"] = json!({});
    assert_eq!(
        refusals(Part::Other("resize"), &new, &old),
        [
            "spec: Invalid value: \"Burstable\": Pod QOS Class may not change as a result of resizing",
            "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
        ]
    );
    let mut new = sized("2");
    new["spec"]["containers"][0]["resources"]["requests"]["ephemeral-storage"] = "1".into();
    assert_eq!(refusals(Part::Other("resize"), &new, &old), ["spec: Forbidden: only cpu and memory resources are mutable"]);
}

// W34
#[test]
fn grace_periods() {
    let grace = |node: &str, phase: &str, asked| {
        let pod = json!({"spec": {"nodeName": node, "terminationGracePeriodSeconds": 30}, "status": {"phase": phase}});
        POD.hooks.grace_period_s(&pod, asked)
    };
    assert_eq!(grace("n", "Running", None), Some(30));
    assert_eq!(grace("n", "Running", Some(5)), Some(5));
    assert_eq!(grace("n", "Running", Some(-5)), Some(1));
    assert_eq!(grace("", "Pending", None), Some(0));
    assert_eq!(grace("n", "Succeeded", Some(5)), Some(0));
}

// S4
#[test]
fn selectable_fields() {
    let mut pod = pod();
    pod["status"]["podIPs"] = json!([{"ip": "10.0.0.1"}]);
    for (label, want) in
        [("spec.hostNetwork", "false"), ("status.podIP", "10.0.0.1"), ("status.podIPs", ""), ("spec.restartPolicy", "Always")]
    {
        assert_eq!(POD.hooks.selectable(&pod, label), want, "{label}");
    }
}

// C2: the first container with a reason wins, and a sidecar that runs counts as ready.
#[test]
fn the_status_column() {
    let mut pod = created(json!({
        "containers": [container(json!({})), container(json!({"name": "d"}))],
        "initContainers": [container(json!({"name": "s", "restartPolicy": "Always"}))],
    }));
    pod["status"] = json!({
        "phase": "Running",
        "initContainerStatuses": [{"name": "s", "started": true, "ready": true, "state": {"running": {}}}],
        "containerStatuses": [
            {"name": "c", "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
             "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-01-01T00:01:00Z"}}},
            {"name": "d", "state": {"terminated": {"exitCode": 3}}},
        ],
    });
    let now = Timestamp::parse("2026-01-01T00:03:00Z").expect("a time");
    assert_eq!(POD.hooks.cells(&pod, now)[..5], [json!("p"), json!("1/3"), json!("CrashLoopBackOff"), json!("2 (2m ago)"), json!("3m")]);
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:02:00Z".into();
    assert_eq!(POD.hooks.cells(&pod, now)[2], "Terminating");
}
