//! Cordons and taints, and which of them a pod tolerates. Pure.

use super::{Plugin, Refusal};
use crate::facts::node::{NodeFacts, Taint};
use crate::object::Object;

/// SCH-41.
pub fn refuses_cordoned(pod: &Object, node: &NodeFacts) -> Option<Refusal> {
    let cordon = || Taint { key: "node.kubernetes.io/unschedulable".to_owned(), effect: "NoSchedule".to_owned(), ..Taint::default() };
    let refused = node.cordoned && !tolerates(pod, &cordon());
    refused.then(|| Refusal::fixed(Plugin::NodeUnschedulable, "node(s) were unschedulable"))
}

/// SCH-42.
pub fn refuses_tainted(pod: &Object, node: &NodeFacts) -> Option<Refusal> {
    (!tolerates_all(pod, node)).then(|| Refusal::fixed(Plugin::TaintToleration, "node(s) had untolerated taint(s)"))
}

/// Whether it tolerates every taint that bars.
pub fn tolerates_all(pod: &Object, node: &NodeFacts) -> bool {
    let bars = |taint: &&Taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute");
    node.taints.iter().filter(bars).all(|taint| tolerates(pod, taint))
}

fn tolerates(pod: &Object, taint: &Taint) -> bool {
    pod.pod().tolerations.iter().any(|toleration| toleration.tolerates(taint))
}

/// SCH-91: the taints of a node that pods had better not meet.
pub fn avoided(pod: &Object, node: &NodeFacts) -> i64 {
    let tolerations = || pod.pod().tolerations.iter().filter(|t| matches!(t.effect.as_str(), "" | "PreferNoSchedule"));
    let soft = node.taints.iter().filter(|taint| taint.effect == "PreferNoSchedule");
    i64::try_from(soft.filter(|taint| !tolerations().any(|t| t.tolerates(taint))).count()).unwrap_or(i64::MAX)
}
