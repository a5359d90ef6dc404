//! Which pods go first when there are too many (RS-4..8). Pure.

use crate::object::Object;
use crate::pods;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::time::Timestamp;

/// `count` of these pods, those that go first. `relatives` are other pods of the same workload, which crowd nodes too (RS-6).
pub fn choose(pods: &[Arc<Object>], relatives: &[Arc<Object>], count: usize, now: Timestamp) -> Vec<Arc<Object>> {
    let mut pods = pods.to_vec();
    // RS-8
    if count < pods.len() {
        let mut crowds: BTreeMap<String, usize> = BTreeMap::new();
        for pod in pods.iter().chain(relatives).filter(|pod| pods::is_active(pod)) {
            *crowds.entry(pod.pod().node.clone()).or_default() += 1;
        }
        pods.sort_by_cached_key(|pod| rank(pod, crowds.get(&pod.pod().node).copied().unwrap_or(0), now));
    }
    pods.truncate(count);
    pods
}

/// Low ranks go first; the first difference decides.
fn rank(pod: &Object, crowd: usize, now: Timestamp) -> impl Ord + use<> {
    let facts = pod.pod();
    let phase = match facts.phase.as_str() {
        "Pending" => 0,
        "Unknown" => 1,
        _ => 2,
    };
    let ready_for = if facts.ready { magnitude(facts.ready_since, now) } else { -1 };
    let restarts = (Reverse(facts.restarts.0), Reverse(facts.restarts.1));
    let place = (!facts.node.is_empty(), phase, facts.ready, facts.deletion_cost, Reverse(crowd));
    (place, ready_for, restarts, magnitude(Some(pod.created), now), pod.uid.clone())
}

/// How long ago, in powers of two of nanoseconds, so that a little difference in age does not decide (RS-5); -1: not yet.
fn magnitude(since: Option<Timestamp>, now: Timestamp) -> i64 {
    let micros = since.map_or(i64::MAX / 1000, |since| now.0.saturating_sub(since.0));
    u64::try_from(micros).ok().and_then(|micros| micros.saturating_mul(1000).checked_ilog2()).map_or(-1, i64::from)
}
