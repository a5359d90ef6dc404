//! Tests of Jobs and CronJobs: what is made of them, what of them may change, what their status may say.

use super::{JOB, parse_indexes};
use crate::{
    Value, json,
    kinds::cron_job::CRON_JOB,
    registry::{Generation, Kind, Part},
    schema::walker,
    time::Timestamp,
    value::Access,
};

fn made(kind: &'static Kind, spec: Value) -> Value {
    let body = json!({"metadata": {"name": "j", "uid": "u"}, "spec": spec});
    let mut object = walker::decode_value(kind.schema, body).unwrap().value;
    kind.hooks.default(&mut object);
    kind.hooks.prepare_create(&mut object);
    walker::canonical(kind.schema, &mut object);
    object
}

fn job(more: Value) -> Value {
    let mut spec = json!({"template": {"spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}}});
    for (name, value) in more.as_object().into_iter().flatten() {
        spec[name] = value.clone();
    }
    made(&JOB, spec)
}

fn faults(object: &Value) -> Vec<String> {
    JOB.hooks.validate(object).iter().map(ToString::to_string).collect()
}

fn changes(part: Part, new: &Value, old: &Value) -> Vec<String> {
    JOB.hooks.validate_update(part, new, old).iter().map(ToString::to_string).collect()
}

#[test]
fn a_job_selects_its_pods_by_its_uid() {
    // W20
    let made = job(json!({}));
    let labels =
        json!({"batch.kubernetes.io/job-name": "j", "job-name": "j", "batch.kubernetes.io/controller-uid": "u", "controller-uid": "u"});
    assert_eq!((&made["spec"]["template"]["metadata"]["labels"], &made["metadata"]["labels"]), (&labels, &labels));
    assert_eq!(made["spec"]["selector"], json!({"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}}));
    assert!(faults(&made).is_empty());
    let mut other = made.clone();
    other["spec"]["selector"]["matchLabels"] = json!({"a": "b"});
    assert!(faults(&other)[0].ends_with("`selector` not auto-generated"));
}

#[test]
fn one_pod_unless_told_otherwise() {
    // W20
    let numbers = |more: Value| {
        let made = job(more);
        (made["spec"].int("completions"), made["spec"].int("parallelism"), made["spec"].int("backoffLimit"))
    };
    assert_eq!(numbers(json!({})), (Some(1), Some(1), Some(6)));
    assert_eq!(numbers(json!({"parallelism": 3})), (None, Some(3), Some(6)));
    let indexed = json!({"completionMode": "Indexed", "completions": 2, "backoffLimitPerIndex": 1});
    assert_eq!(numbers(indexed), (Some(2), Some(1), Some(i64::from(i32::MAX))));
}

#[test]
fn failure_policies_have_a_reason_each() {
    let rule = |rule: Value| faults(&job(json!({"podFailurePolicy": {"rules": [rule]}})));
    let at = "spec.podFailurePolicy.rules[0]";
    assert!(rule(json!({"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1, 2]}})).is_empty());
    assert!(rule(json!({"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]})).is_empty(), "True is meant");
    assert_eq!(
        rule(json!({"action": "Ignore"})),
        [format!("{at}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required")]
    );
    assert_eq!(
        rule(json!({"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [2, 1]}})),
        [
            format!("{at}.action: Invalid value: \"FailIndex\": requires the backoffLimitPerIndex to be set"),
            format!("{at}.onExitCodes.values: Invalid value: [2,1]: must be ordered")
        ]
    );
}

#[test]
fn lists_of_indexes() {
    assert_eq!(parse_indexes("", 3), Ok(vec![]));
    assert_eq!(parse_indexes("0,2-4", 5), Ok(vec![(0, 0), (2, 4)]));
    for (text, why) in [
        ("2,1", "non-increasing order, previous: 2, current: 1"),
        ("3-3", "non-increasing order, previous: 3, current: 3"),
        ("5", "too large index: \"5\""),
        ("a", "cannot convert string to integer for index: \"a\""),
    ] {
        assert_eq!(parse_indexes(text, 5).unwrap_err(), why, "{text}");
    }
}

#[test]
fn a_job_at_rest_may_be_moved() {
    let old = job(json!({"suspend": true}));
    let mut new = old.clone();
    new["spec"]["template"]["spec"]["nodeSelector"] = json!({"a": "b"});
    new["spec"]["template"]["spec"]["affinity"] = json!({"nodeAffinity": {}});
    new["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "1"}});
    assert!(changes(Part::Main, &new, &old).is_empty());
    let mut running = old.clone();
    running["status"] = json!({"startTime": "2026-01-01T00:00:00Z"});
    assert_eq!(changes(Part::Main, &new, &running).len(), 1);
    running["status"]["conditions"] = json!([{"type": "Suspended", "status": "True"}]);
    assert!(changes(Part::Main, &new, &running).is_empty());
}

#[test]
fn indexed_jobs_grow_with_their_parallelism() {
    let old = job(json!({"completionMode": "Indexed", "completions": 2, "parallelism": 2}));
    let mut new = old.clone();
    new["spec"]["completions"] = 3.into();
    assert_eq!(
        changes(Part::Main, &new, &old),
        ["spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism"]
    );
    new["spec"]["parallelism"] = 3.into();
    assert!(changes(Part::Main, &new, &old).is_empty());
}

#[test]
fn a_finished_job_is_told_as_one() {
    let with = |status: Value| {
        let mut object = job(json!({}));
        object["status"] = status;
        object
    };
    let condition = |name: &str| json!({"type": name, "status": "True"});
    let (start, end) = ("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z");
    let done = with(json!({"startTime": start, "completionTime": end, "succeeded": 1,
        "conditions": [condition("SuccessCriteriaMet"), condition("Complete")]}));
    assert!(changes(Part::Status, &done, &with(json!({}))).is_empty());
    assert_eq!(JOB.hooks.cells(&done, Timestamp::parse(end).unwrap())[1..4], [json!("Complete"), json!("1/1"), json!("60s")]);
    let early = with(json!({"startTime": start, "conditions": [condition("Complete")]}));
    assert_eq!(
        changes(Part::Status, &early, &with(json!({}))),
        [
            "status.completionTime: Required value: completionTime is required for Complete jobs",
            "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
        ]
    );
    let reopened = with(json!({"startTime": start, "succeeded": 1, "conditions": [condition("SuccessCriteriaMet")]}));
    assert_eq!(
        changes(Part::Status, &reopened, &done),
        ["status.conditions: Invalid value: cannot disable the terminal Complete=True condition"]
    );
}

#[test]
fn a_cron_job_makes_jobs_later() {
    let spec = |more: Value| {
        let mut spec = json!({"schedule": "0 * * * *",
            "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}}}}});
        for (name, value) in more.as_object().into_iter().flatten() {
            spec[name] = value.clone();
        }
        made(&CRON_JOB, spec)
    };
    let hours = spec(json!({}));
    assert!(CRON_JOB.hooks.validate(&hours).is_empty());
    assert_eq!(
        (
            hours["spec"].int("successfulJobsHistoryLimit"),
            hours["spec"].int("failedJobsHistoryLimit"),
            hours["spec"].str("concurrencyPolicy")
        ),
        (Some(3), Some(1), "Allow")
    );
    assert!(!hours["spec"]["jobTemplate"]["spec"].has("backoffLimit"), "that is the job's to fill in");
    let faults: Vec<String> =
        CRON_JOB.hooks.validate(&spec(json!({"schedule": "TZ=UTC 0 * * * *"}))).iter().map(ToString::to_string).collect();
    assert!(faults[0].ends_with("cannot use TZ or CRON_TZ in schedule, use timeZone field instead"), "{faults:?}");
    let mut paused = hours.clone();
    paused["spec"]["suspend"] = true.into();
    assert_eq!(CRON_JOB.hooks.prepare_update(Part::Main, &mut paused, &hours), Generation::Raise);
}
