use super::MANAGED_BY;
use super::backoff::{Failures, delay_ms};
use super::plan::{Observed, plan};
use super::spec::{Spec, TRACKING};
use crate::object::Object;
use crate::ownership;
use crate::plan::{Call, Patch, Plan};
use proptest::prelude::*;
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::{JOBS, PODS};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

fn ago(seconds: i64) -> String {
    NOW.plus_millis(-1000 * seconds).rfc3339()
}

/// A Job whose status is as after its first sync, with members changed.
fn job(change: impl Fn(&mut Value)) -> Value {
    let mut job = json!({
        "metadata": {"namespace": "d", "name": "work", "uid": "job", "resourceVersion": "9"},
        "spec": {
            "parallelism": 2, "completions": 3, "backoffLimit": 2, "selector": {"matchLabels": {"app": "work"}}, "managedBy": MANAGED_BY,
            "template": {"metadata": {"labels": {"app": "work"}}, "spec": {"containers": [{"name": "main"}], "restartPolicy": "Never"}},
        },
        "status": {"startTime": ago(60), "ready": 0, "terminating": 0, "uncountedTerminatedPods": {}},
    });
    change(&mut job);
    job
}

fn pod(name: &str, phase: &str, change: impl Fn(&mut Value)) -> Value {
    let mut pod = json!({
        "metadata": {
            "namespace": "d", "name": name, "uid": name, "resourceVersion": "3", "labels": {"app": "work"}, "annotations": {},
            "creationTimestamp": ago(50), "finalizers": [TRACKING],
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "work", "uid": "job", "controller": true}],
        },
        "spec": {"nodeName": "n"}, "status": {"phase": phase},
    });
    change(&mut pod);
    pod
}

fn planned(job: &Value, pods: &[Value]) -> Plan {
    let job = Arc::new(Object::parse(JOBS, job.clone()).unwrap());
    let pods: Vec<_> = pods.iter().map(|pod| Arc::new(Object::parse(PODS, pod.clone()).unwrap())).collect();
    let spec = Spec::parse(job.spec());
    let claimed = ownership::claim_with(&job, &job.selector(), pods.iter(), &[TRACKING]);
    let mut failures = Failures::default();
    failures.note(&spec, &claimed.objects);
    plan(NOW, &Observed { job: &job, spec: &spec, claimed: &claimed, failures: &failures })
}

/// What a plan does: `+` makes, `-` deletes, `~` takes the finalizer off.
fn done(plan: &Plan) -> Vec<String> {
    let effects = plan.steps.iter().flat_map(|step| &step.effects);
    let text = |call: &Call| match call {
        Call::Create { body, .. } => format!("+{}", body["metadata"].str("generateName")),
        Call::Delete { key, .. } => format!("-{}", key.name),
        Call::Patch { key, .. } => format!("~{}", key.name),
        other => panic!("{other:?}"),
    };
    effects.map(|effect| text(&effect.call)).collect()
}

fn written(plan: &Plan) -> Value {
    match plan.finally.first().map(|effect| &effect.call) {
        Some(Call::Patch { patch: Patch::Merge(body), .. }) => body["status"].clone(),
        _ => Value::Null,
    }
}

fn condition(plan: &Plan, ty: &str) -> String {
    let status = written(plan);
    let found = status.items("conditions").iter().find(|condition| condition.str("type") == ty);
    found.map(|condition| condition.str("reason").to_owned()).unwrap_or_default()
}

// JOB-25, JOB-48
#[test]
fn no_more_pods_run_than_are_needed() {
    assert_eq!(done(&planned(&job(|_| {}), &[])), ["+work-", "+work-"]);
    let nearly = job(|job| job["status"]["succeeded"] = 2.into());
    assert_eq!(done(&planned(&nearly, &[])), ["+work-"]);
    let surplus = planned(&nearly, &[pod("a", "Running", |_| {}), pod("b", "Pending", |_| {})]);
    assert_eq!(done(&surplus), ["~b", "-b"], "JOB-26");
}

// JOB-22
#[test]
fn a_pod_is_on_record_before_its_finalizer_goes() {
    let ended = [pod("a", "Succeeded", |_| {}), pod("b", "Running", |_| {})];
    let first = planned(&job(|_| {}), &ended);
    assert_eq!(done(&first), ["+work-"]);
    assert_eq!(written(&first)["uncountedTerminatedPods"]["succeeded"], json!(["a"]));
    assert_eq!(written(&first)["succeeded"], Value::Null);
    let recorded = job(|job| {
        job["status"]["uncountedTerminatedPods"] = json!({"succeeded": ["a"]});
        job["status"]["active"] = 2.into();
    });
    let second = planned(&recorded, &[ended[0].clone(), ended[1].clone(), pod("c", "Pending", |_| {})]);
    assert_eq!(done(&second), ["~a"]);
    assert_eq!(written(&second)["succeeded"], 1);
    assert_eq!(written(&second)["uncountedTerminatedPods"]["succeeded"], Value::Null);
}

// JOB-43
#[test]
fn a_job_ends_though_the_clock_was_put_back() {
    let done = job(|job| {
        job["status"]["succeeded"] = 3.into();
        job["status"]["startTime"] = "2999-01-01T00:00:00Z".into();
        job["status"]["conditions"] = json!([{"type": "SuccessCriteriaMet", "status": "True", "reason": "CompletionsReached"}]);
    });
    let plan = planned(&done, &[]);
    assert_eq!(
        (condition(&plan, "Complete").as_str(), written(&plan).str("completionTime")),
        ("CompletionsReached", "2999-01-01T00:00:00Z")
    );
}

// JOB-30
#[test]
fn delays_double_up_to_ten_minutes() {
    assert_eq!([0, 1, 2, 3, 7, 100].map(delay_ms), [0, 10_000, 20_000, 40_000, 600_000, 600_000]);
    let failed = pod("a", "Failed", |pod| {
        pod["status"]["containerStatuses"] = json!([{"name": "main", "state": {"terminated": {"exitCode": 1, "finishedAt": ago(4)}}}]);
    });
    let waiting = planned(&job(|job| job["spec"]["parallelism"] = 1.into()), &[failed]);
    assert_eq!((done(&waiting).len(), waiting.requeue_at), (0, Some(NOW.plus_millis(6000))));
}

// JOB-30, JOB-76
#[test]
fn no_pod_waits_for_a_failure_that_lies_ahead_since_the_clock_was_put_back() {
    let failed = |seconds_ago: i64| {
        pod("a", "Failed", move |pod| {
            pod["status"]["containerStatuses"] =
                json!([{"name": "main", "state": {"terminated": {"exitCode": 1, "finishedAt": ago(seconds_ago)}}}]);
            pod["metadata"]["annotations"][crate::facts::job_pod::INDEX] = "0".into();
        })
    };
    let one = job(|job| job["spec"]["parallelism"] = 1.into());
    let indexed = job(|job| {
        job["spec"]["completions"] = 1.into();
        job["spec"]["completionMode"] = "Indexed".into();
        job["spec"]["backoffLimitPerIndex"] = 2.into();
        job["status"]["failedIndexes"] = "".into();
    });
    for (job, made) in [(one, "+work-"), (indexed, "+work-0-")] {
        assert_eq!(done(&planned(&job, &[failed(-3600)]))[0], made);
        // A node's clock may be a little ahead.
        let waiting = planned(&job, &[failed(-4)]);
        assert_eq!((done(&waiting).len(), waiting.requeue_at), (0, Some(NOW.plus_millis(14_000))));
    }
}

// JOB-34, JOB-40
#[test]
fn a_failure_is_announced_before_it_is_stated() {
    let over = job(|job| job["status"]["failed"] = 3.into());
    let first = planned(&over, &[pod("a", "Running", |_| {})]);
    assert_eq!(done(&first), ["-a"]);
    assert_eq!((condition(&first, "FailureTarget").as_str(), condition(&first, "Failed").as_str()), ("BackoffLimitExceeded", ""));
    assert_eq!(written(&first)["uncountedTerminatedPods"]["failed"], json!(["a"]), "JOB-41");
    let announced = job(|job| {
        job["status"]["failed"] = 4.into();
        job["status"]["conditions"] =
            json!([{"type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded", "message": "m"}]);
    });
    let going = pod("a", "Running", |pod| {
        pod["metadata"]["deletionTimestamp"] = ago(0).into();
        pod["metadata"]["finalizers"] = Value::Null;
    });
    assert_eq!(condition(&planned(&announced, &[going]), "Failed"), "", "it still runs");
    assert_eq!(condition(&planned(&announced, &[]), "Failed"), "BackoffLimitExceeded");
}

// JOB-60, JOB-62
#[test]
fn a_suspended_job_has_no_pods_and_no_start() {
    let suspended = planned(&job(|job| job["spec"]["suspend"] = true.into()), &[pod("a", "Running", |_| {})]);
    assert_eq!(done(&suspended), ["~a", "-a"]);
    assert_eq!(written(&suspended)["startTime"], Value::Null);
    assert_eq!(condition(&suspended, "Suspended"), "JobSuspended");
    let resumed = job(|job| job["status"]["conditions"] = json!([{"type": "Suspended", "status": "True", "reason": "JobSuspended"}]));
    assert_eq!(condition(&planned(&resumed, &[]), "Suspended"), "JobResumed");
}

// JOB-80, JOB-82
#[test]
fn the_first_rule_that_matches_decides() {
    let policy = json!({"rules": [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
    ]});
    let governed = job(|job| job["spec"]["podFailurePolicy"] = policy.clone());
    let exit = |pod: &mut Value| pod["status"]["containerStatuses"] = json!([{"name": "main", "state": {"terminated": {"exitCode": 42}}}]);
    let failed = planned(&governed, &[pod("a", "Failed", exit)]);
    let status = written(&failed);
    let message = "Container main for pod d/a failed with exit code 42 matching FailJob rule at index 1";
    assert_eq!(status["conditions"][0].str("message"), message);
    let evicted = pod("a", "Failed", |pod| {
        exit(pod);
        pod["status"]["conditions"] = json!([{"type": "DisruptionTarget", "status": "True"}]);
    });
    assert_eq!(done(&planned(&governed, &[evicted])), ["+work-", "+work-", "~a"], "not counted, replaced at once");
}

// JOB-70, JOB-3
#[test]
fn missing_indexes_are_made_lowest_first() {
    let indexed = job(|job| {
        job["spec"]["completionMode"] = "Indexed".into();
        job["status"]["completedIndexes"] = "0".into();
    });
    let plan = planned(&indexed, &[pod("b", "Running", |pod| pod["metadata"]["annotations"][crate::facts::job_pod::INDEX] = "1".into())]);
    assert_eq!(done(&plan), ["+work-2-"]);
    let body =
        plan.effects().find_map(|effect| if let Call::Create { body, .. } = &effect.call { Some(body.clone()) } else { None }).unwrap();
    assert_eq!(body["spec"].str("hostname"), "work-2");
    assert_eq!(body["metadata"]["labels"].str(crate::facts::job_pod::INDEX), "2");
    assert_eq!(body["spec"]["containers"][0]["env"][0].str("name"), "JOB_COMPLETION_INDEX");
}

/// What a status patch, which has every member, makes of a status.
fn without_nulls(value: &Value) -> Value {
    let Some(members) = value.as_object() else { return value.clone() };
    let kept = members.iter().filter(|(_, value)| !value.is_null());
    Value::Object(kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
}

/// Carries a plan out: what the server and a node would do.
fn carry_out(plan: &Plan, job: &mut Value, pods: &mut Vec<Value>, serial: &mut u32) {
    for effect in plan.effects() {
        match &effect.call {
            Call::Create { body, .. } => {
                *serial += 1;
                let mut pod = body.clone();
                let name = format!("p{serial}");
                for (member, value) in [("name", name.as_str()), ("uid", &name), ("resourceVersion", "1")] {
                    pod["metadata"][member] = value.into();
                }
                pod["metadata"]["creationTimestamp"] = ago(5000).into();
                pod["spec"]["nodeName"] = "n".into();
                pod["status"] = json!({"phase": "Running"});
                pods.push(pod);
            }
            Call::Delete { key, .. } => {
                for pod in pods.iter_mut().filter(|pod| pod["metadata"].str("name") == key.name) {
                    pod["metadata"]["deletionTimestamp"] = ago(0).into();
                }
            }
            Call::Patch { resource: PODS, key, .. } => {
                for pod in pods.iter_mut().filter(|pod| pod["metadata"].str("name") == key.name) {
                    pod["metadata"]["finalizers"] = Value::Null;
                }
            }
            Call::Patch { patch: Patch::Merge(body), .. } => job["status"] = without_nulls(&body["status"]),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    // Whatever becomes of its pods, and whichever plan is lost, a Job ends, each pod is counted once, and then nothing is left to do.
    #[test]
    fn every_job_ends_and_counts_each_pod_once(
        fates in prop::collection::vec((any::<bool>(), any::<bool>()), 1..60), indexed in any::<bool>(), parallelism in 1..4_i64,
    ) {
        let mut job = job(|job| {
            job["spec"]["parallelism"] = parallelism.into();
            job["spec"]["backoffLimit"] = 3.into();
            job["spec"]["completionMode"] = if indexed { "Indexed" } else { "NonIndexed" }.into();
        });
        let (mut pods, mut serial) = (Vec::new(), 0);
        let mut succeeded = 0;
        for round in 0..400_usize {
            let parsed = Object::parse(JOBS, job.clone()).unwrap();
            if super::is_finished(&parsed) {
                break;
            }
            let plan = planned(&job, &pods);
            let (fails, is_lost) = fates[round % fates.len()];
            // A plan that is lost after its steps: its status is never written.
            let plan = if is_lost && round < fates.len() { Plan { finally: Vec::new(), ..plan } } else { plan };
            carry_out(&plan, &mut job, &mut pods, &mut serial);
            pods.retain(|pod| pod["metadata"].str("deletionTimestamp").is_empty() || !pod["metadata"].items("finalizers").is_empty());
            if let Some(pod) = pods.iter_mut().find(|pod| pod["status"].str("phase") == "Running") {
                let fails = fails && round < fates.len();
                succeeded += i64::from(!fails && pod["metadata"].str("deletionTimestamp").is_empty());
                pod["status"]["phase"] = if fails { "Failed" } else { "Succeeded" }.into();
            }
        }
        let ended = Object::parse(JOBS, job.clone()).unwrap();
        prop_assert!(super::is_finished(&ended), "{job}");
        let status = ended.status();
        prop_assert!(status.int("succeeded").unwrap_or(0) <= 3);
        prop_assert!(status.int("succeeded").unwrap_or(0) <= succeeded + i64::from(serial));
        prop_assert!(pods.iter().all(|pod| pod["metadata"].items("finalizers").is_empty()), "none is left to be counted");
        prop_assert!(status.int("succeeded").unwrap_or(0) + status.int("failed").unwrap_or(0) <= i64::from(serial), "none is counted twice");
        prop_assert_eq!(super::holds(&ended, "Complete").is_some(), status.int("succeeded") == Some(3));
    }
}
