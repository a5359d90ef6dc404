//! The company of other pods: what a pod requires and refuses, what those refuse that are there, and preferences. Pure.

use super::{Plugin, Refusal, stretched};
use crate::object::Object;
use crate::scheduler::snapshot::Snapshot;
use crate::scheduler::snapshot::node::NodeInfo;
use crate::scheduler::snapshot::tally::{Counts, Leaving, Wanted};
use crate::scheduler::snapshot::term::{Company, Term};
use std::collections::BTreeMap;
use stead_api::value::Access;

/// What a required term of a pod that is there counts for among preferences (upstream's hardPodAffinityWeight).
const REQUIRED_WEIGHT: i64 = 1;

/// Pods by a label of nodes and its value.
#[derive(Debug, Clone, Default)]
struct Places(BTreeMap<String, BTreeMap<String, i64>>);

impl Places {
    fn add(&mut self, topology: &str, node: &NodeInfo, times: i64) {
        let Some(value) = node.label(topology) else { return };
        let places = match self.0.get_mut(topology) {
            Some(places) => places,
            None => self.0.entry(topology.to_owned()).or_default(),
        };
        match places.get_mut(value) {
            Some(count) => *count += times,
            None => drop(places.insert(value.to_owned(), times)),
        }
    }

    fn count(&self, topology: &str, node: &NodeInfo) -> i64 {
        let at = || self.0.get(topology)?.get(node.label(topology)?).copied();
        at().unwrap_or(0)
    }

    fn is_empty(&self) -> bool {
        self.0.values().flat_map(BTreeMap::values).all(|count| *count <= 0)
    }

    /// A place where something is that shares a label with the node.
    fn touches(&self, node: &NodeInfo) -> bool {
        self.0.keys().any(|topology| self.count(topology, node) > 0)
    }
}

/// Where a pod's company is, before any node is looked at.
#[derive(Debug, Clone, Default)]
pub struct State {
    company: Company,
    /// Pods that all required terms mean.
    towards: Places,
    /// Pods that a refused term means, where it refuses them.
    against: Places,
    /// Pods that refuse this one, where they do.
    refusing: Places,
    /// Its own terms mean itself (SCH-60).
    means_itself: bool,
}

impl State {
    pub fn of(pod: &Object, snapshot: &Snapshot) -> Self {
        let company = if pod.pod().has_required_pod_affinity { Company::of(pod) } else { Company::default() };
        let mut state = Self { means_itself: company.required.iter().all(|term| term.means(pod, &snapshot.namespaces)), ..Self::default() };
        let affinity = &pod.spec()["affinity"];
        let text = |kind: &str, terms: &str| format!("{} {kind} {}", pod.key.namespace, affinity[kind][terms]);
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        if !company.required.is_empty() {
            let wanted = || Wanted { terms: company.required.clone(), leaving: Leaving::Counts };
            snapshot.with_tally(&text("podAffinity", required), wanted, |counts| {
                company.required.iter().for_each(|term| spread_out(&mut state.towards, &term.topology, counts, 1, snapshot));
            });
        }
        for (term, written) in company.refused.iter().zip(affinity["podAntiAffinity"].items(required)) {
            let wanted = || Wanted { terms: vec![term.clone()], leaving: Leaving::Counts };
            snapshot.with_tally(&format!("{} term {written}", pod.key.namespace), wanted, |counts| {
                spread_out(&mut state.against, &term.topology, counts, 1, snapshot);
            });
        }
        for group in snapshot.groups.iter() {
            for term in group.company.refused.iter().filter(|term| term.means(pod, &snapshot.namespaces)) {
                spread_out(&mut state.refusing, &term.topology, &group.nodes, 1, snapshot);
            }
        }
        state.company = company;
        state
    }

    /// Another pod came to a node, or left it.
    pub fn shift(&mut self, pod: &Object, other: &Object, node: &NodeInfo, times: i64, snapshot: &Snapshot) {
        let spaces = &snapshot.namespaces;
        if !self.company.required.is_empty() && self.company.required.iter().all(|term| term.means(other, spaces)) {
            self.company.required.iter().for_each(|term| self.towards.add(&term.topology, node, times));
        }
        for term in self.company.refused.iter().filter(|term| term.means(other, spaces)) {
            self.against.add(&term.topology, node, times);
        }
        if other.pod().has_required_pod_affinity {
            let refused = Company::of(other).refused;
            refused.iter().filter(|term| term.means(pod, spaces)).for_each(|term| self.refusing.add(&term.topology, node, times));
        }
    }

    /// SCH-56, SCH-60 to SCH-62.
    pub fn refuses(&self, node: &NodeInfo) -> Option<Refusal> {
        if !self.finds_company(node) {
            return Some(Refusal::fixed(Plugin::InterPodAffinity, "node(s) didn't match pod affinity rules"));
        }
        if self.company.refused.iter().any(|term| self.against.count(&term.topology, node) > 0) {
            return Some(Refusal::curable(Plugin::InterPodAffinity, "node(s) didn't match pod anti-affinity rules"));
        }
        let barred = self.refusing.touches(node);
        barred.then(|| Refusal::curable(Plugin::InterPodAffinity, "node(s) didn't satisfy existing pods anti-affinity rules"))
    }

    fn finds_company(&self, node: &NodeInfo) -> bool {
        let terms = &self.company.required;
        if !terms.iter().all(|term| node.label(&term.topology).is_some()) {
            return false;
        }
        let is_there = terms.iter().all(|term| self.towards.count(&term.topology, node) > 0);
        // The first of a group that is drawn to itself may go anywhere.
        is_there || (self.towards.is_empty() && self.means_itself)
    }
}

fn spread_out(places: &mut Places, topology: &str, counts: &Counts, weight: i64, snapshot: &Snapshot) {
    for (slot, count) in counts {
        if let Some(node) = snapshot.at(*slot) {
            places.add(topology, node, weight.saturating_mul(*count));
        }
    }
}

/// SCH-97: how much each node suits the pod's preferences for others, and theirs for it; `None` if nobody has any.
pub fn scores(pod: &Object, nodes: &[&NodeInfo], snapshot: &Snapshot) -> Option<Vec<i64>> {
    let mut places = Places::default();
    if pod.pod().has_preferred_pod_affinity {
        let texts = |kind: &str| {
            let terms = pod.spec()["affinity"][kind].items("preferredDuringSchedulingIgnoredDuringExecution");
            terms.iter().map(|term| format!("{} term {}", pod.key.namespace, term["podAffinityTerm"])).collect::<Vec<_>>()
        };
        let texts = [texts("podAffinity"), texts("podAntiAffinity")].concat();
        for ((term, weight), text) in Company::of(pod).preferred.iter().zip(texts) {
            let wanted = || Wanted { terms: vec![term.clone()], leaving: Leaving::Counts };
            snapshot.with_tally(&text, wanted, |counts| spread_out(&mut places, &term.topology, counts, *weight, snapshot));
        }
    }
    for group in snapshot.groups.iter() {
        let required = group.company.required.iter().map(|term| (term, REQUIRED_WEIGHT));
        let preferred = group.company.preferred.iter().map(|(term, weight)| (term, *weight));
        let matching = required.chain(preferred).filter(|(term, _): &(&Term, i64)| term.means(pod, &snapshot.namespaces));
        matching.for_each(|(term, weight)| spread_out(&mut places, &term.topology, &group.nodes, weight, snapshot));
    }
    if places.0.is_empty() {
        return None;
    }
    let sum = |node: &&NodeInfo| places.0.keys().map(|topology| places.count(topology, node)).sum();
    Some(stretched(nodes.iter().map(sum).collect()))
}
