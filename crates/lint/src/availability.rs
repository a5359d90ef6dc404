//! What happens to pods when a node is emptied or lost.

use crate::findings::{Findings, ObjectName};
use crate::rules::{BUDGET_BLOCKS, NO_BUDGET, NOT_SPREAD, TOO_FEW_NODES};
use crate::workload::Workload;
use crate::{Known, Value};
use stead_api::selector::LabelSelector;
use stead_api::value::Access;

const HOSTNAME: &str = "kubernetes.io/hostname";

pub fn check(workload: &Workload<'_>, known: &dyn Known, findings: &mut Findings) {
    if workload.replicas() < 2 {
        return;
    }
    budget(workload, known, findings);
    spread(workload, known, findings);
}

fn budget(workload: &Workload<'_>, known: &dyn Known, findings: &mut Findings) {
    let replicas = workload.replicas();
    let budgets = known.list("PodDisruptionBudget", workload.namespace);
    let selects = |budget: &Value| LabelSelector::from_object(budget["spec"].get("selector")).matches(workload.labels());
    let Some(budget) = budgets.iter().find(|budget| selects(budget)) else {
        let message = format!("no PodDisruptionBudget selects its pods: a drain may take all {replicas} at once");
        let fix = format!(
            "kubectl -n {} create pdb {}-pdb --selector={} --min-available={}",
            workload.namespace,
            workload.name(),
            labels(workload),
            replicas - 1
        );
        return findings.add(&NO_BUDGET, "spec.replicas", message, fix);
    };
    let spec = &budget["spec"];
    let least = amount(&spec["minAvailable"], replicas);
    let most = amount(&spec["maxUnavailable"], replicas);
    if least.is_some_and(|least| least >= replicas) || most == Some(0) {
        let name = budget["metadata"].str("name");
        let about = ObjectName { kind: "PodDisruptionBudget".to_owned(), namespace: workload.namespace.to_owned(), name: name.to_owned() };
        let message = format!("PodDisruptionBudget {name} lets none of the {replicas} pods of {} go: a drain never ends", workload.name());
        let field = if most == Some(0) { "spec.maxUnavailable" } else { "spec.minAvailable" };
        findings.add_about(about, &BUDGET_BLOCKS, field, message, format!("minAvailable: {}", replicas - 1));
    }
}

/// `app=web`
fn labels(workload: &Workload<'_>) -> String {
    let selector = &workload.spec()["selector"];
    let labels = selector.map("matchLabels").or_else(|| workload.labels());
    let pairs = labels.into_iter().flatten().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    pairs.collect::<Vec<_>>().join(",")
}

/// A number or a part of the replicas, rounded up.
fn amount(value: &Value, replicas: i64) -> Option<i64> {
    match value.as_str() {
        Some(text) => text.strip_suffix('%')?.parse::<i64>().ok().map(|percent| (percent * replicas + 99).div_euclid(100)),
        None => value.as_i64(),
    }
}

fn spread(workload: &Workload<'_>, known: &dyn Known, findings: &mut Findings) {
    let spec = workload.pod_spec();
    let nodes = known.list("Node", "").iter().filter(|node| !node["spec"].flag("unschedulable")).count();
    let affinity = &spec["affinity"]["podAntiAffinity"];
    let required = affinity.items("requiredDuringSchedulingIgnoredDuringExecution");
    let apart = required.iter().any(|term| {
        let selects = LabelSelector::from_object(term.get("labelSelector")).matches(workload.labels());
        term.str("topologyKey") == HOSTNAME && selects
    });
    let replicas = workload.replicas();
    if apart && nodes > 0 && usize::try_from(replicas).is_ok_and(|replicas| replicas > nodes) {
        let message = format!(
            "{replicas} pods want a node each, and there {} {nodes}: the others stay Pending",
            if nodes == 1 { "is" } else { "are" }
        );
        let fix = "preferredDuringSchedulingIgnoredDuringExecution, or fewer replicas";
        let path = workload.path("spec.affinity.podAntiAffinity");
        return findings.add(&TOO_FEW_NODES, path, message, fix);
    }
    let preferred = affinity.items("preferredDuringSchedulingIgnoredDuringExecution");
    let is_spread = !required.is_empty() || !preferred.is_empty() || !spec.items("topologySpreadConstraints").is_empty();
    if nodes > 1 && !is_spread {
        let message = format!("nothing keeps its {replicas} pods on different nodes: one lost node may take several");
        let fix = format!("affinity: {{podAntiAffinity: {{preferredDuringSchedulingIgnoredDuringExecution: [...]}}}} by {HOSTNAME}");
        findings.add(&NOT_SPREAD, workload.path("spec.affinity"), message, fix);
    }
}
