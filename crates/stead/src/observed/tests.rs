//! How workloads stand in each phase of their lives.

use super::*;
use stead_api::json;
use stead_client::Resource;

fn seen(objects: Vec<(Resource, Value)>) -> Observed {
    let mut observed = Observed::default();
    for (resource, object) in objects {
        observed.take(resource, "", Report::Put(object));
    }
    observed
}

fn set(spec: Value, status: Value) -> Value {
    json!({"metadata": {"name": "web", "namespace": "d", "uid": "u", "generation": 1}, "spec": spec, "status": status})
}

fn status(replicas: i64, ready: i64, updated: i64) -> Value {
    json!({"observedGeneration": 1, "replicas": replicas, "readyReplicas": ready, "availableReplicas": ready, "updatedReplicas": updated,
        "currentRevision": "r1", "updateRevision": "r2"})
}

fn pod(name: &str, revision: &str, phase: &str) -> Value {
    let ready = if phase == "Ready" { "True" } else { "False" };
    json!({"metadata": {"name": name, "namespace": "d", "uid": name, "labels": {"controller-revision-hash": revision},
            "ownerReferences": [{"uid": "u", "kind": "StatefulSet", "name": "web", "controller": true}]},
        "spec": {"nodeName": "n", "containers": [{"name": "c"}]},
        "status": {"phase": if phase == "Failed" { "Failed" } else { "Running" }, "conditions": [{"type": "Ready", "status": ready}]}})
}

fn event(about: &str, kind: &str, reason: &str, message: &str) -> Value {
    json!({"metadata": {"name": format!("{about}.{reason}"), "namespace": "d"}, "involvedObject": {"namespace": "d", "name": about, "uid": ""},
        "type": kind, "reason": reason, "message": message, "lastTimestamp": "2026-01-01T00:00:00Z"})
}

fn said(workload: &Workload) -> Vec<String> {
    workload.pods.iter().map(|pod| format!("{}: {} {}", pod.name, pod.standing.word(), pod.message).trim_end().to_owned()).collect()
}

fn web(objects: Vec<(Resource, Value)>) -> Workload {
    seen(objects).workload(STATEFUL_SETS, "d", "web").unwrap()
}

#[test]
fn a_set_is_shown_by_ordinal_with_those_that_are_to_come() {
    let web = web(vec![
        (STATEFUL_SETS, set(json!({"replicas": 3}), status(2, 1, 2))),
        (PODS, pod("web-0", "r2", "Ready")),
        (PODS, pod("web-1", "r2", "Running")),
    ]);
    assert_eq!((web.standing, web.wanted, web.ready), (Readiness::Waiting, 3, 1));
    assert_eq!(
        said(&web),
        ["web-0: ready", "web-1: waiting the node has not started it yet", "web-2: waiting is made when web-1 is ready"]
    );
    assert_eq!(web.pods[2].ordinal, Some(2));
}

#[test]
fn a_set_that_may_not_make_a_pod_says_why() {
    let web = web(vec![
        (STATEFUL_SETS, set(json!({"replicas": 1, "podManagementPolicy": "Parallel", "ordinals": {"start": 4}}), status(0, 0, 0))),
        (EVENTS, event("web", "Warning", "FailedCreate", "exceeded quota")),
    ]);
    assert_eq!(said(&web), ["web-4: waiting FailedCreate: exceeded quota"]);
}

#[test]
fn an_update_is_over_when_those_above_the_partition_are_new() {
    let with = |spec: Value, revision: &str, updated: i64| {
        web(vec![
            (STATEFUL_SETS, set(spec, status(2, 2, updated))),
            (PODS, pod("web-0", "r1", "Ready")),
            (PODS, pod("web-1", revision, "Ready")),
        ])
    };
    let rolling = |partition: i64| json!({"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": partition}}});
    let half = with(rolling(0), "r2", 1);
    assert_eq!(half.standing, Readiness::Waiting);
    assert_eq!(said(&half)[0], "web-0: waiting is of an earlier revision and is replaced in its turn");
    assert_eq!(with(rolling(1), "r2", 1).standing, Readiness::Ready);
    assert_eq!(with(rolling(1), "r1", 0).standing, Readiness::Waiting);
    assert_eq!(with(json!({"replicas": 2, "updateStrategy": {"type": "OnDelete"}}), "r1", 0).standing, Readiness::Ready);
}

#[test]
fn pods_above_the_range_hold_a_set_back() {
    let web = web(vec![
        (STATEFUL_SETS, set(json!({"replicas": 1}), status(2, 2, 2))),
        (PODS, pod("web-0", "r2", "Ready")),
        (PODS, pod("web-1", "r2", "Ready")),
    ]);
    assert_eq!(web.standing, Readiness::Waiting);
    assert_eq!(said(&web)[1], "web-1: waiting is one more than the set is to have and is deleted in its turn");
}

#[test]
fn a_status_that_is_older_than_the_spec_counts_for_nothing() {
    let mut old = set(json!({"replicas": 1}), status(1, 1, 1));
    old["metadata"]["generation"] = 2.into();
    let web = web(vec![(STATEFUL_SETS, old), (PODS, pod("web-0", "r2", "Ready"))]);
    assert_eq!((web.standing, web.reasons.len()), (Readiness::Waiting, 1), "{web:?}");
}

#[test]
fn a_pull_says_how_far_it_is() {
    let creating = json!([{"name": "c", "state": {"waiting": {"reason": "ContainerCreating"}}}]);
    let mut pending = pod("web-0", "r2", "Running");
    pending["status"]["containerStatuses"] = creating;
    let pulling = event("web-0", "Normal", "Pulling", "Pulling image \"i:1\"");
    let mut observed = seen(vec![(STATEFUL_SETS, set(json!({"replicas": 1}), status(1, 0, 1))), (PODS, pending), (EVENTS, pulling)]);
    let workloads = observed.workloads();
    assert_eq!(said(&workloads[0]), ["web-0: waiting pulling image \"i:1\""]);
    assert_eq!(observed.pulling(&workloads), [("d".to_owned(), "web-0".to_owned())]);
    observed.take_pulls("d", "web-0", vec![Pull { image: "i:1".into(), percent: 34, words: "12Mi of 35Mi".into() }]);
    let web = &observed.workloads()[0];
    assert_eq!((said(web)[0].as_str(), web.pods[0].percent), ("web-0: waiting image i:1: 34 % (12Mi of 35Mi)", Some(34)));
    assert!(!web.pods[0].is_in_trouble());
    observed.take_pulls("d", "web-0", Vec::new());
    observed.take(EVENTS, "", Report::Replaced { objects: vec![event("web-0", "Warning", "FailedMount", "no")], version: 2 });
    let web = &observed.workloads()[0];
    assert_eq!((said(web)[0].as_str(), web.pods[0].is_in_trouble()), ("web-0: waiting no", true));
}

#[test]
fn the_last_words_of_a_container_that_fails_are_read_once() {
    let mut crash = pod("web-0", "r2", "Running");
    crash["status"]["containerStatuses"] = json!([{"name": "c", "restartCount": 2,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 20s"}}, "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}]);
    let mut observed = seen(vec![(STATEFUL_SETS, set(json!({"replicas": 1}), status(1, 0, 1))), (PODS, crash)]);
    let runs = observed.runs_to_read(&observed.workloads());
    assert!(matches!(&runs[..], [Run { restarts: 2, is_previous: true, .. }]), "{runs:?}");
    observed.take_tail(runs[0].clone(), vec!["no such file".to_owned()]);
    let workloads = observed.workloads();
    assert!(said(&workloads[0])[0].ends_with("CrashLoopBackOff: back-off 20s; its log ends:\nno such file"), "{workloads:?}");
    assert!(observed.runs_to_read(&workloads).is_empty());
}

#[test]
fn a_claim_that_cannot_be_bound_is_named() {
    let mut unscheduled = pod("web-0", "r2", "Running");
    unscheduled["spec"] = json!({"volumes": [{"persistentVolumeClaim": {"claimName": "www-web-0"}}]});
    let claim = json!({"metadata": {"name": "www-web-0", "namespace": "d"}, "status": {"phase": "Pending"}});
    let web = web(vec![
        (STATEFUL_SETS, set(json!({"replicas": 1}), status(1, 0, 1))),
        (PODS, unscheduled),
        (PERSISTENT_VOLUME_CLAIMS, claim),
        (EVENTS, event("www-web-0", "Warning", "ProvisioningFailed", "no such class")),
    ]);
    assert_eq!(web.pods[0].reason, "ClaimPending");
    assert!(said(&web)[0].ends_with("; its claim www-web-0: ProvisioningFailed: no such class"), "{web:?}");
}

#[test]
fn what_others_own_is_shown_with_them() {
    let deployment = json!({"metadata": {"name": "dep", "namespace": "d", "uid": "dep-uid", "generation": 1}, "spec": {"replicas": 1},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1}});
    let owned = |kind: &str, name: &str, uid: &str| json!([{"uid": uid, "kind": kind, "name": name, "controller": true}]);
    let between =
        json!({"metadata": {"name": "dep-1", "namespace": "d", "uid": "rs-uid", "ownerReferences": owned("Deployment", "dep", "dep-uid")}});
    let mut below = pod("dep-1-x", "", "Ready");
    below["metadata"]["ownerReferences"] = owned("ReplicaSet", "dep-1", "rs-uid");
    let mut bare = pod("bare", "", "Failed");
    bare["metadata"]["ownerReferences"] = json!([]);
    let workloads = seen(vec![(DEPLOYMENTS, deployment), (REPLICA_SETS, between), (PODS, below), (PODS, bare)]).workloads();
    let kinds: Vec<_> = workloads.iter().map(|w| (w.kind, w.name.as_str(), w.standing, w.pods.len())).collect();
    assert_eq!(kinds, [("Deployment", "dep", Readiness::Ready, 1), ("Pod", "bare", Readiness::Failed, 1)]);
}

#[test]
fn a_job_fails_for_good_and_its_pods_do_not() {
    let job = |conditions: Value| {
        let job = json!({"metadata": {"name": "web", "namespace": "d", "uid": "u"}, "spec": {"completions": 2}, "status": {"succeeded": 1, "conditions": conditions}});
        seen(vec![(JOBS, job), (PODS, pod("web-a", "", "Failed"))]).workload(JOBS, "d", "web").unwrap()
    };
    let goes_on = job(json!([]));
    assert_eq!((goes_on.standing, goes_on.pods[0].standing, goes_on.ready), (Readiness::Waiting, Readiness::Waiting, 1));
    let failed = job(json!([{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}]));
    assert_eq!((failed.standing, failed.reasons), (Readiness::Failed, vec!["BackoffLimitExceeded: too often".to_owned()]));
    assert_eq!(job(json!([{"type": "Complete", "status": "True"}])).standing, Readiness::Ready);
}

#[test]
fn a_list_of_one_namespace_leaves_the_others() {
    let mut observed = seen(vec![(PODS, pod("a", "", "Ready"))]);
    observed.take(PODS, "other", Report::Replaced { objects: Vec::new(), version: 1 });
    assert_eq!(observed.all(PODS).count(), 1);
    observed.take(PODS, "d", Report::Replaced { objects: Vec::new(), version: 1 });
    assert_eq!(observed.all(PODS).count(), 0);
}
