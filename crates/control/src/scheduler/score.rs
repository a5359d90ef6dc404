//! Which of the nodes that can take a pod suits it best: upstream's scores with upstream's weights (SCH-90). Pure.

use super::affinity;
use super::snapshot::{NodeRoom, Snapshot, nonzero_requests};
use crate::object::Object;
use std::sync::Arc;

/// The highest score of a rule before its weight.
const SCORE_MAX: i64 = 100;
const TAINT_WEIGHT: i64 = 3;
const NODE_AFFINITY_WEIGHT: i64 = 2;
const SPREAD_WEIGHT: i64 = 2;
const POD_AFFINITY_WEIGHT: i64 = 2;

/// The best of these nodes; of equals the first. `None` only if there are none.
pub fn best<'a>(pod: &Arc<Object>, feasible: &[&'a NodeRoom], snapshot: &Snapshot) -> Option<&'a NodeRoom> {
    if let [only] = feasible {
        return Some(only);
    }
    let taints = reversed(feasible.iter().map(|room| untolerated(pod, room)).collect());
    let nodes = proportional(feasible.iter().map(|room| affinity::node_preference(pod, &room.node)).collect());
    let spread = spread(pod, feasible);
    let pods = stretched(affinity::pod_preferences(pod, feasible, snapshot));
    let total = |n: usize, room: &NodeRoom| {
        TAINT_WEIGHT * taints[n]
            + NODE_AFFINITY_WEIGHT * nodes[n]
            + SPREAD_WEIGHT * spread[n]
            + POD_AFFINITY_WEIGHT * pods[n]
            + least_allocated(pod, room)
            + balanced(pod, room)
    };
    let scored = feasible.iter().enumerate().map(|(n, room)| (total(n, room), *room));
    scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, room)| room)
}

/// SCH-91.
fn untolerated(pod: &Object, room: &NodeRoom) -> i64 {
    let tolerations = || pod.pod().tolerations.iter().filter(|t| matches!(t.effect.as_str(), "" | "PreferNoSchedule"));
    let soft = room.node.node().taints.iter().filter(|taint| taint.effect == "PreferNoSchedule");
    i64::try_from(soft.filter(|taint| !tolerations().any(|t| t.tolerates(taint))).count()).unwrap_or(i64::MAX)
}

/// The fewer the better, in proportion to the most.
fn reversed(counts: Vec<i64>) -> Vec<i64> {
    let most = counts.iter().copied().max().unwrap_or(0);
    counts.into_iter().map(|count| if most == 0 { SCORE_MAX } else { SCORE_MAX - SCORE_MAX * count / most }).collect()
}

/// In proportion to the most.
fn proportional(sums: Vec<i64>) -> Vec<i64> {
    let most = sums.iter().copied().max().unwrap_or(0);
    sums.into_iter().map(|sum| if most == 0 { 0 } else { SCORE_MAX * sum / most }).collect()
}

/// From the least to the most.
fn stretched(sums: Vec<i64>) -> Vec<i64> {
    let (least, most) = (sums.iter().copied().min().unwrap_or(0), sums.iter().copied().max().unwrap_or(0));
    sums.into_iter().map(|sum| if most == least { 0 } else { SCORE_MAX * (sum - least) / (most - least) }).collect()
}

/// SCH-99, SCH-100: pods of one owner apart from each other, by host name.
fn spread(pod: &Object, feasible: &[&NodeRoom]) -> Vec<i64> {
    let Some(owner) = pod.controller() else { return vec![0; feasible.len()] };
    let weight = f64::from(u32::try_from(feasible.len()).unwrap_or(u32::MAX).saturating_add(2)).ln();
    let skew = |room: &&NodeRoom| {
        let siblings = room.siblings.get(&owner.uid).copied().unwrap_or(0);
        (f64::from(u32::try_from(siblings).unwrap_or(u32::MAX)) * weight + 2.0).round() as i64
    };
    let skews: Vec<i64> = feasible.iter().map(skew).collect();
    let (least, most) = (skews.iter().copied().min().unwrap_or(0), skews.iter().copied().max().unwrap_or(0));
    skews.into_iter().map(|skew| if most == 0 { SCORE_MAX } else { SCORE_MAX * (most + least - skew) / most }).collect()
}

/// SCH-93.
fn least_allocated(pod: &Object, room: &NodeRoom) -> i64 {
    let (cpu, memory) = nonzero_requests(pod);
    let left = |name: &str, requested: i64| {
        let all = room.room(name);
        if all <= 0 { 0 } else { all.saturating_sub(requested).max(0).saturating_mul(SCORE_MAX) / all }
    };
    (left("cpu", room.nonzero.0.saturating_add(cpu)) + left("memory", room.nonzero.1.saturating_add(memory))) / 2
}

/// SCH-94.
fn balanced(pod: &Object, room: &NodeRoom) -> i64 {
    let requests = &pod.pod().requests;
    if requests.values().all(|wanted| *wanted == 0) {
        return 0;
    }
    let wanted = |name: &str| requests.get(name).copied().unwrap_or(0);
    let share = |name: &str, more: i64| {
        let all = room.room(name);
        if all <= 0 { 1.0 } else { (room.taken(name).saturating_add(more) as f64 / all as f64).min(1.0) }
    };
    let balance = |cpu: f64, memory: f64| ((1.0 - (cpu - memory).abs() / 2.0) * SCORE_MAX as f64) as i64;
    let with = balance(share("cpu", wanted("cpu")), share("memory", wanted("memory")));
    let without = balance(share("cpu", 0), share("memory", 0));
    SCORE_MAX / 2 + (SCORE_MAX / 2 + with - without) / 2
}
