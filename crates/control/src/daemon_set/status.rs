//! The counters of a set (DS-13, DS-34). Pure.

use super::nodes::{fit, placed};
use super::plan::Observed;
use crate::plan::{Call, Effect, Patch};
use crate::pods::{available_at, is_available};
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::DAEMON_SETS;

/// In the order of [`COUNTERS`].
type Counts = [i64; 7];

const COUNTERS: [&str; 7] = [
    "currentNumberScheduled",
    "numberMisscheduled",
    "desiredNumberScheduled",
    "numberReady",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
];

fn count(observed: &Observed, hash: &str, now: Timestamp) -> Counts {
    let (set, placed) = (&observed.set, placed(&observed.pods.objects));
    let [mut current, mut misscheduled, mut desired, mut ready, mut updated, mut available] = [0; 6];
    for node in &observed.nodes {
        let first = placed.get(node.key.name.as_str()).and_then(|pods| pods.first());
        if !fit(set, node).wants {
            misscheduled += i64::from(first.is_some());
            continue;
        }
        desired += 1;
        let Some(pod) = first else { continue };
        current += 1;
        ready += i64::from(pod.pod().ready);
        available += i64::from(is_available(pod, set.min_ready_s, now));
        updated += i64::from(set.is_updated(pod, hash));
    }
    [current, misscheduled, desired, ready, updated, available, desired - available]
}

/// Writes the status if the set's differs.
pub fn write(observed: &Observed, hash: &str, now: Timestamp) -> Option<Effect> {
    let (set, old) = (&observed.set, observed.set.object.status());
    let counts = count(observed, hash, now);
    // Some are always written, if only once.
    let is_complete = old.has("desiredNumberScheduled");
    let was = COUNTERS.map(|counter| old.int(counter).unwrap_or(0));
    if is_complete && was == counts && old.int("observedGeneration").unwrap_or(0) == set.generation {
        return None;
    }
    let mut status = json!({"observedGeneration": set.generation});
    for (counter, count) in COUNTERS.iter().zip(counts) {
        status[*counter] = count.into();
    }
    Some(patch(observed, status))
}

/// Counts one more collision of names.
pub fn collided(observed: &Observed) -> Effect {
    let count = observed.set.object.status().int("collisionCount").unwrap_or(0);
    patch(observed, json!({"collisionCount": count + 1}))
}

fn patch(observed: &Observed, status: Value) -> Effect {
    let object = &observed.set.object;
    let body = json!({"metadata": {"resourceVersion": object.version.to_string()}, "status": status});
    let call = Call::Patch { resource: DAEMON_SETS, key: object.key.clone(), subresource: "status", patch: Patch::Merge(body) };
    Effect::new(call).tolerating(&["NotFound"])
}

/// When the next pod becomes available.
pub fn next_available(observed: &Observed, now: Timestamp) -> Option<Timestamp> {
    let min_ready_s = observed.set.min_ready_s;
    let pods = observed.pods.objects.iter().filter(|_| min_ready_s > 0);
    pods.filter_map(|pod| available_at(pod, min_ready_s)).filter(|at| *at > now).min()
}
