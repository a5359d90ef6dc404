//! One sync of a ReplicaSet (RS-1..19): adopt and release, create or delete the difference, write the status. Pure.

use super::victims;
use crate::object::Object;
use crate::ownership::Claimed;
use crate::plan::{Call, Effect, Pace, Patch, Plan};
use crate::pods::{self, is_active, is_available};
use std::sync::Arc;
use stead_api::selector::LabelSelector;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::REPLICA_SETS;

/// Pods that one sync makes or removes at most; the next one goes on (RS-1).
const BURST_MAX: usize = 500;
/// Condition: pods could not be made or removed.
const REPLICA_FAILURE: &str = "ReplicaFailure";

/// Input of the plan.
pub struct Observed<'a> {
    pub set: &'a Arc<Object>,
    pub claimed: Claimed,
    /// Pods of the other sets of its owner (RS-6).
    pub relatives: Vec<Arc<Object>>,
}

/// What to do about a set.
pub fn plan(now: Timestamp, observed: &Observed) -> Plan {
    let set = observed.set;
    let pods = &observed.claimed.objects;
    let active: Vec<Arc<Object>> = pods.iter().filter(|pod| is_active(pod)).cloned().collect();
    let mut plan = Plan { before: observed.claimed.before.clone(), ..Plan::default() };
    let failure = match set.deleting {
        Some(_) => {
            plan.because("the set is being deleted"); // RS-13
            None
        }
        None => scale(now, observed, &active, &mut plan),
    };
    let status = count(set, pods, &active, now);
    plan.finally.extend(write(set, &status, conditions(set, &Outcome::Done, now)));
    if let Some(reason) = failure {
        plan.finally_failed = Some(write(set, &status, conditions(set, &Outcome::Failed(reason), now)).into_iter().collect());
    }
    // RS-11
    let min_ready_s = min_ready_s(set);
    if min_ready_s > 0 {
        plan.requeue_at = active.iter().filter_map(|pod| pods::available_at(pod, min_ready_s)).filter(|at| *at > now).min();
    }
    plan
}

fn replicas(set: &Object) -> usize {
    usize::try_from(set.spec().int("replicas").unwrap_or(1)).unwrap_or(0)
}

fn min_ready_s(set: &Object) -> i64 {
    set.spec().int("minReadySeconds").unwrap_or(0)
}

/// Makes or removes the difference; the reason that a failure has in the condition.
fn scale(now: Timestamp, observed: &Observed, active: &[Arc<Object>], plan: &mut Plan) -> Option<&'static str> {
    let (set, wanted) = (observed.set, replicas(observed.set));
    if active.len() < wanted {
        let missing = wanted - active.len();
        plan.because(format!("{missing} of {wanted} pods are missing"));
        let creation = pods::create(set, &set.spec()["template"]);
        plan.step_at(Pace::SlowStart, vec![creation; missing.min(BURST_MAX)]);
        return Some("FailedCreate");
    }
    let surplus = active.len() - wanted;
    if surplus == 0 {
        return None;
    }
    plan.because(format!("{surplus} pods more than {wanted}"));
    let victims = victims::choose(active, &observed.relatives, surplus.min(BURST_MAX), now);
    plan.step_at(Pace::Together, victims.iter().map(|pod| pods::delete(set, pod)).collect());
    Some("FailedDelete")
}

/// The counters of a status (RS-9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Status {
    replicas: i64,
    fully_labeled: i64,
    ready: i64,
    available: i64,
    terminating: i64,
}

fn count(set: &Object, pods: &[Arc<Object>], active: &[Arc<Object>], now: Timestamp) -> Status {
    let labels = LabelSelector::from_map(set.spec()["template"].get("metadata").and_then(|meta| meta.map("labels")));
    let number = |is: &dyn Fn(&Object) -> bool| active.iter().filter(|pod| is(pod)).count().try_into().unwrap_or(i64::MAX);
    let terminating = pods.iter().filter(|pod| pod.deleting.is_some() && !pod.pod().terminal()).count();
    Status {
        replicas: number(&|_| true),
        fully_labeled: number(&|pod| labels.matches_labels(&pod.labels)),
        ready: number(&|pod| pod.pod().ready),
        available: number(&|pod| is_available(pod, min_ready_s(set), now)),
        terminating: terminating.try_into().unwrap_or(i64::MAX),
    }
}

/// What came of the sync.
enum Outcome {
    Done,
    /// The condition's reason.
    Failed(&'static str),
}

/// RS-10.
fn conditions(set: &Object, outcome: &Outcome, now: Timestamp) -> Vec<Value> {
    let mut conditions = set.status().items("conditions").to_vec();
    match outcome {
        Outcome::Done => conditions.retain(|condition| condition.str("type") != REPLICA_FAILURE),
        Outcome::Failed(_) if conditions.iter().any(|condition| condition.str("type") == REPLICA_FAILURE) => {}
        Outcome::Failed(reason) => conditions.push(json!({
            "type": REPLICA_FAILURE, "status": "True", "lastTransitionTime": now.rfc3339(), "reason": reason, "message": "{error}",
        })),
    }
    conditions
}

/// Writes the status if the set's differs.
fn write(set: &Object, status: &Status, conditions: Vec<Value>) -> Option<Effect> {
    let old = set.status();
    let number = |name: &str| old.int(name).unwrap_or(0);
    let shows_terminating = set.resource == REPLICA_SETS;
    let generation = set.value["metadata"].int("generation").unwrap_or(0);
    let was = Status {
        replicas: number("replicas"),
        fully_labeled: number("fullyLabeledReplicas"),
        ready: number("readyReplicas"),
        available: number("availableReplicas"),
        // A ReplicationController does not show it.
        terminating: if shows_terminating { old.int("terminatingReplicas").unwrap_or(-1) } else { status.terminating },
    };
    if was == *status && number("observedGeneration") == generation && old.items("conditions") == conditions {
        return None;
    }
    let mut body = json!({
        "replicas": status.replicas, "fullyLabeledReplicas": status.fully_labeled, "readyReplicas": status.ready,
        "availableReplicas": status.available, "observedGeneration": generation,
    });
    if shows_terminating {
        body["terminatingReplicas"] = status.terminating.into();
    }
    body["conditions"] = if conditions.is_empty() { Value::Null } else { conditions.into() };
    let body = json!({"metadata": {"resourceVersion": set.version.to_string()}, "status": body});
    let call = Call::Patch { resource: set.resource, key: set.key.clone(), subresource: "status", patch: Patch::Merge(body) };
    Some(Effect::new(call).tolerating(&["NotFound"]))
}
