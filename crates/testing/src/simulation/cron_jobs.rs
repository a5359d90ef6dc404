//! CronJobs beside the Jobs: what a user does with them, and what is not as it must be. Each bears the name of its concurrencyPolicy.
//! Input: the chance of a world; CronJobs and their Jobs. Output: requests; one line for each thing that is wrong.

use super::chance::Chance;
use super::jobs::{self, NAMESPACE};
use super::script::Act;
use std::collections::BTreeSet;
use stead_api::{Value, json, time::Timestamp, value::Access};

const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
const NAMES: [&str; 3] = ["allow", "forbid", "replace"];
const SECOND: i64 = 1_000_000;
/// When the user rests, in microseconds.
const END: i64 = 200 * SECOND;
/// When the faults stop: by then a slot has come every minute.
pub const FAULTS_END: i64 = 240 * SECOND;
/// How long after a slot its Job may still be on its way.
const PATIENCE_MS: i64 = 5000;

/// The requests with their times.
pub fn draw(chance: &mut Chance) -> Vec<(i64, Act)> {
    let mut acts = vec![(1000, jobs::namespace())];
    for name in NAMES {
        acts.push((chance.between(2000, 20 * SECOND), create(name, chance)));
        for _ in 0..chance.between(1, 4) {
            acts.push((chance.between(SECOND, END), change(name, chance)));
        }
    }
    acts.sort_by_key(|(at, _)| *at);
    acts
}

/// For how long a container runs, in microseconds, now and then beyond the next slot.
pub fn length(chance: &mut Chance) -> i64 {
    if chance.one_in(3) { chance.between(30 * SECOND, 150 * SECOND) } else { chance.between(1000, 10 * SECOND) }
}

/// Whether this is a pod of a CronJob's Job.
pub fn made(pod: &str) -> bool {
    pod.split('-').next().is_some_and(|first| NAMES.contains(&first))
}

pub fn collection() -> String {
    format!("/apis/batch/v1/namespaces/{NAMESPACE}/cronjobs")
}

fn create(name: &str, chance: &mut Chance) -> Act {
    let policy = ["Allow", "Forbid", "Replace"].into_iter().find(|policy| policy.eq_ignore_ascii_case(name));
    let template = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]}});
    let schedule = match chance.below(5) {
        0 => "0 * * * *",
        1 => "*/2 * * * *",
        _ => "* * * * *",
    };
    let mut spec = json!({
        "schedule": schedule, "concurrencyPolicy": policy, "suspend": chance.one_in(8),
        "successfulJobsHistoryLimit": chance.between(0, 4), "failedJobsHistoryLimit": chance.between(0, 3),
        "jobTemplate": {"spec": {"backoffLimit": chance.between(0, 2), "template": template}},
    });
    if chance.one_in(3) {
        spec["startingDeadlineSeconds"] = chance.between(10, 200).into();
    }
    let body = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": spec});
    Act { method: "POST", path: collection(), content_type: JSON, body }
}

fn change(name: &str, chance: &mut Chance) -> Act {
    let path = format!("{}/{name}", collection());
    match chance.below(8) {
        0..=3 => {
            let body = json!({"spec": {"suspend": chance.one_in(3)}});
            Act { method: "PATCH", path, content_type: MERGE, body }
        }
        4 | 5 => {
            let policy = if chance.one_in(2) { "Background" } else { "Foreground" };
            Act { method: "DELETE", path, content_type: JSON, body: json!({"propagationPolicy": policy}) }
        }
        _ => create(name, chance),
    }
}

/// The latest slot that lies so far back that its Job must be there.
fn due(schedule: &str, now: Timestamp) -> Timestamp {
    let minutes = match schedule {
        "* * * * *" => 1,
        "*/2 * * * *" => 2,
        _ => 60,
    };
    Timestamp::from_seconds(now.plus_millis(-PATIENCE_MS).seconds().div_euclid(60 * minutes) * 60 * minutes)
}

/// What is not as it must be of a CronJob that has these Jobs, once nothing is going on.
pub fn unmet(cron_job: &Value, jobs: &[&Value], now: Timestamp) -> Vec<String> {
    let (meta, spec, status) = (&cron_job["metadata"], &cron_job["spec"], &cron_job["status"]);
    let mut unmet = Vec::new();
    let ended = |ty: &str| {
        let is_so = |job: &&&Value| jobs::ending(job).is_some_and(|condition| condition.str("type") == ty);
        jobs.iter().filter(|job| !job["metadata"].has("deletionTimestamp")).filter(is_so).count()
    };
    for (ty, limit) in [("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")] {
        // CJ-12
        if i64::try_from(ended(ty)).ok() > spec.int(limit) {
            unmet.push(format!("{} Jobs that are {ty} are there", ended(ty)));
        }
    }
    // CJ-11
    let running: BTreeSet<&str> = jobs.iter().filter(|job| jobs::ending(job).is_none()).map(|job| job["metadata"].str("uid")).collect();
    if running != status.items("active").iter().map(|active| active.str("uid")).collect() {
        unmet.push(format!("{running:?} run"));
    }
    if meta.has("deletionTimestamp") {
        unmet.push("it is still being deleted".to_owned());
    }
    // CJ-3, CJ-5, CJ-7: what a deadline leaves out is not known here.
    let (last, created) = (Timestamp::parse(status.str("lastScheduleTime")), Timestamp::parse(meta.str("creationTimestamp")));
    let slot = due(spec.str("schedule"), now);
    if !spec.flag("suspend") && !spec.has("startingDeadlineSeconds") && last.max(created).is_some_and(|since| since < slot) {
        unmet.push(format!("nothing was made for the slot of {}", slot.rfc3339()));
    }
    unmet.into_iter().map(|what| format!("CronJob {}: {what}; {spec} {status}", meta.str("name"))).collect()
}
