//! Resources: whether a node has enough left, and how well it is used with the pod. Pure.

use super::{Plugin, Reason, Reasons, Refusal, Remedy, SCORE_MAX};
use crate::scheduler::snapshot::amounts::Amounts;
use crate::scheduler::snapshot::node::NodeInfo;

/// SCH-32, SCH-52: every shortage is told; a request above all that the node has is never met.
pub fn refuses(wanted: &Amounts, node: &NodeInfo) -> Option<Refusal> {
    let (all, used) = (&node.allocatable, &node.used);
    let mut reasons: Vec<Reason> = Vec::new();
    let mut remedy = Remedy::Preemption;
    if i64::try_from(node.pods.len()).unwrap_or(i64::MAX) >= node.pods_max {
        reasons.push("Too many pods".into());
    }
    let mut judge = |wanted: i64, all: i64, used: i64, reason: &dyn Fn() -> Reason| {
        if wanted > 0 && wanted > all.saturating_sub(used) {
            reasons.push(reason());
            if wanted > all {
                remedy = Remedy::Nothing;
            }
        }
    };
    judge(wanted.cpu, all.cpu, used.cpu, &|| "Insufficient cpu".into());
    judge(wanted.memory, all.memory, used.memory, &|| "Insufficient memory".into());
    judge(wanted.ephemeral_storage, all.ephemeral_storage, used.ephemeral_storage, &|| "Insufficient ephemeral-storage".into());
    for (name, amount) in &wanted.other {
        judge(*amount, all.other(name), used.other(name), &|| format!("Insufficient {name}").into());
    }
    Reasons::all(reasons).map(|reasons| Refusal { plugin: Plugin::NodeResourcesFit, reasons, remedy })
}

/// Whether a node could take it if it were empty.
pub fn could_ever(wanted: &Amounts, node: &NodeInfo) -> bool {
    let all = &node.allocatable;
    let enough = |wanted: i64, all: i64| wanted <= 0 || wanted <= all;
    node.pods_max > 0
        && enough(wanted.cpu, all.cpu)
        && enough(wanted.memory, all.memory)
        && enough(wanted.ephemeral_storage, all.ephemeral_storage)
        && wanted.other.iter().all(|(name, amount)| enough(*amount, all.other(name)))
}

/// SCH-93; `scored` is the pod's cpu and memory as scores count them.
pub fn least_allocated(scored: (i64, i64), node: &NodeInfo) -> i64 {
    let shares =
        [(node.allocatable.cpu, node.scored.0.saturating_add(scored.0)), (node.allocatable.memory, node.scored.1.saturating_add(scored.1))];
    let there = shares.iter().filter(|(all, _)| *all > 0);
    let (sum, count) = there.fold((0, 0), |(sum, count), (all, requested)| {
        (sum + all.saturating_sub(*requested).max(0).saturating_mul(SCORE_MAX) / all, count + 1)
    });
    if count == 0 { 0 } else { sum / count }
}

/// SCH-94.
pub fn balanced(wanted: &Amounts, node: &NodeInfo) -> i64 {
    if wanted.is_zero() {
        return 0;
    }
    let share = |all: i64, used: i64| if all <= 0 { 1.0 } else { (used as f64 / all as f64).min(1.0) };
    let balance = |cpu: i64, memory: i64| {
        let cpu = share(node.allocatable.cpu, node.used.cpu.saturating_add(cpu));
        let memory = share(node.allocatable.memory, node.used.memory.saturating_add(memory));
        ((1.0 - (cpu - memory).abs() / 2.0) * SCORE_MAX as f64) as i64
    };
    SCORE_MAX / 2 + (SCORE_MAX / 2 + balance(wanted.cpu, wanted.memory) - balance(0, 0)) / 2
}
