//! Jobs in a namespace of their own: what a user does with them, and how their containers end. Input: the chance of a world.
//! Output: requests; the end of a container.

use super::chance::Chance;
use super::cron_jobs;
use super::script::{Act, END};
use stead_api::{Value, json, value::Access};

pub const NAMESPACE: &str = "batch";
const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
const NAMES: [&str; 3] = ["a", "b", "c"];
/// The exit code by which some Jobs fail at once.
const FATAL: i32 = 42;

/// The requests with their times.
pub fn draw(chance: &mut Chance) -> Vec<(i64, Act)> {
    let mut acts = vec![(1000, namespace())];
    for name in NAMES {
        acts.push((chance.between(2000, 5_000_000), create(name, chance)));
        for _ in 0..chance.between(1, 7) {
            acts.push((chance.between(500_000, END), change(name, chance)));
        }
    }
    acts.sort_by_key(|(at, _)| *at);
    acts
}

/// The namespace comes first.
pub fn namespace() -> Act {
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    Act { method: "POST", path: "/api/v1/namespaces".to_owned(), content_type: JSON, body }
}

/// The condition that states how a Job has ended.
pub fn ending(job: &Value) -> Option<&Value> {
    let mut conditions = job["status"].items("conditions").iter();
    conditions.find(|c| matches!(c.str("type"), "Complete" | "Failed") && c.str("status") == "True")
}

/// How a container of a Job's pod ends by itself: after so many microseconds, with this code. Once the faults stop, every pod succeeds.
pub fn fate(pod: &str, chance: &mut Chance, faulty: bool) -> (i64, i32) {
    let after = if faulty && cron_jobs::made(pod) {
        cron_jobs::length(chance)
    } else if chance.one_in(3) {
        chance.between(100, 50_000)
    } else {
        chance.between(50_000, 10_000_000)
    };
    let code = match chance.below(20) {
        0 => FATAL,
        1..=5 => 1,
        _ => 0,
    };
    (after, if faulty { code } else { 0 })
}

fn collection() -> String {
    format!("/apis/batch/v1/namespaces/{NAMESPACE}/jobs")
}

fn create(name: &str, chance: &mut Chance) -> Act {
    let never = !chance.one_in(4);
    let mut spec = json!({
        "parallelism": chance.between(1, 5), "backoffLimit": chance.between(0, 7), "suspend": chance.one_in(6),
        "template": {"spec": {"restartPolicy": if never { "Never" } else { "OnFailure" }, "containers": [{"name": "c", "image": "i:1"}]}},
    });
    let completions = chance.between(1, 7);
    match chance.below(5) {
        0 => {}
        1 | 2 => spec["completions"] = completions.into(),
        _ => {
            spec["completions"] = completions.into();
            spec["completionMode"] = "Indexed".into();
            if never && chance.one_in(3) {
                spec["backoffLimitPerIndex"] = chance.between(0, 3).into();
                spec["backoffLimit"] = 100.into();
            }
        }
    }
    if chance.one_in(4) {
        spec["ttlSecondsAfterFinished"] = chance.between(0, 30).into();
    }
    if chance.one_in(6) {
        spec["activeDeadlineSeconds"] = chance.between(5, 60).into();
    }
    match chance.below(6) {
        0 => spec["podReplacementPolicy"] = "Failed".into(),
        1 if never => {
            let rule = json!({"action": "FailJob", "onExitCodes": {"operator": "In", "values": [FATAL]}});
            spec["podFailurePolicy"] = json!({"rules": [rule]});
        }
        _ => {}
    }
    let body = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec});
    Act { method: "POST", path: collection(), content_type: JSON, body }
}

fn change(name: &str, chance: &mut Chance) -> Act {
    let path = format!("{}/{name}", collection());
    let patch = |spec: Value| Act { method: "PATCH", path: path.clone(), content_type: MERGE, body: json!({ "spec": spec }) };
    match chance.below(10) {
        0 | 1 => patch(json!({"parallelism": chance.between(0, 5)})),
        2 | 3 => patch(json!({"suspend": chance.one_in(2)})),
        4 => patch(json!({"ttlSecondsAfterFinished": chance.between(0, 30)})),
        5 | 6 => {
            let policy = ["Background", "Foreground", "Orphan"][usize::try_from(chance.below(3)).unwrap_or(0)];
            Act { method: "DELETE", path, content_type: JSON, body: json!({"propagationPolicy": policy}) }
        }
        7 => {
            let pods = format!("/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=job-name%3D{name}");
            Act { method: "DELETE", path: pods, content_type: JSON, body: json!({}) }
        }
        _ => create(name, chance),
    }
}
