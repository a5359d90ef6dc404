//! The company of other pods: what a pod requires and refuses, what those refuse that are there, and preferences. Pure.

use super::{Plugin, Refusal, stretched};
use crate::object::Object;
use crate::scheduler::snapshot::Snapshot;
use crate::scheduler::snapshot::division::Division;
use crate::scheduler::snapshot::node::{NodeInfo, Slot};
use crate::scheduler::snapshot::tally::{Leaving, Wanted};
use crate::scheduler::snapshot::term::{Company, Term};
use std::sync::Arc;
use stead_api::value::Access;

/// What a required term of a pod that is there counts for among preferences (upstream's hardPodAffinityWeight).
const REQUIRED_WEIGHT: i64 = 1;

/// Pods by labels of nodes and the places that those make.
#[derive(Debug, Clone, Default)]
struct Places {
    by_label: Vec<(Arc<Division>, Vec<i64>)>,
    /// All counts together.
    sum: i64,
}

impl Places {
    /// The counts by place of a label.
    fn by(&mut self, label: &str, snapshot: &Snapshot) -> &mut (Arc<Division>, Vec<i64>) {
        let known = self.by_label.iter().position(|(division, _)| division.label() == label);
        let at = known.unwrap_or_else(|| {
            let division = snapshot.division(label);
            let counts = vec![0; division.places()];
            self.by_label.push((division, counts));
            self.by_label.len() - 1
        });
        &mut self.by_label[at]
    }

    /// So many pods more for each that a node has.
    fn add(&mut self, label: &str, pods: impl Iterator<Item = (Slot, i64)>, weight: i64, snapshot: &Snapshot) {
        let (division, counts) = self.by(label, snapshot);
        let mut sum = 0;
        for (slot, count) in pods {
            if let Some(place) = division.place(slot) {
                counts[place] += weight * count;
                sum += weight * count;
            }
        }
        self.sum += sum;
    }

    /// What each label says of a node; `None` if it does not have the label.
    fn at(&self, slot: Slot) -> impl Iterator<Item = Option<i64>> {
        self.by_label.iter().map(move |(division, counts)| division.place(slot).map(|place| counts[place]))
    }

    /// Something is in a place that the node belongs to.
    fn touches(&self, slot: Slot) -> bool {
        self.at(slot).flatten().any(|count| count > 0)
    }

    /// Something is in the places that all of the labels make of the node.
    fn surrounds(&self, slot: Slot) -> bool {
        self.at(slot).all(|count| count.is_some_and(|count| count > 0))
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
            let counts = snapshot.tally(&text("podAffinity", required), wanted);
            company.required.iter().for_each(|term| state.towards.add(&term.topology, counts.iter(), 1, snapshot));
        }
        for (term, written) in company.refused.iter().zip(affinity["podAntiAffinity"].items(required)) {
            let wanted = || Wanted { terms: vec![term.clone()], leaving: Leaving::Counts };
            let counts = snapshot.tally(&format!("{} term {written}", pod.key.namespace), wanted);
            state.against.add(&term.topology, counts.iter(), 1, snapshot);
        }
        for group in snapshot.groups.iter() {
            for term in group.company.refused.iter().filter(|term| term.means(pod, &snapshot.namespaces)) {
                state.refusing.add(&term.topology, group.nodes(), 1, snapshot);
            }
        }
        state.company = company;
        state
    }

    /// Another pod came to a node, or left it.
    pub fn shift(&mut self, pod: &Object, other: &Object, node: &NodeInfo, times: i64, snapshot: &Snapshot) {
        let spaces = &snapshot.namespaces;
        let pods = || std::iter::once((node.slot, times));
        if !self.company.required.is_empty() && self.company.required.iter().all(|term| term.means(other, spaces)) {
            self.company.required.iter().for_each(|term| self.towards.add(&term.topology, pods(), 1, snapshot));
        }
        for term in self.company.refused.iter().filter(|term| term.means(other, spaces)) {
            self.against.add(&term.topology, pods(), 1, snapshot);
        }
        if other.pod().has_required_pod_affinity {
            let refused = Company::of(other).refused;
            let meant = refused.iter().filter(|term| term.means(pod, spaces));
            meant.for_each(|term| self.refusing.add(&term.topology, pods(), 1, snapshot));
        }
    }

    /// SCH-56, SCH-60 to SCH-62.
    pub fn refuses(&self, node: &NodeInfo) -> Option<Refusal> {
        if !self.finds_company(node) {
            return Some(Refusal::fixed(Plugin::InterPodAffinity, "node(s) didn't match pod affinity rules"));
        }
        if self.against.touches(node.slot) {
            return Some(Refusal::curable(Plugin::InterPodAffinity, "node(s) didn't match pod anti-affinity rules"));
        }
        let barred = self.refusing.touches(node.slot);
        barred.then(|| Refusal::curable(Plugin::InterPodAffinity, "node(s) didn't satisfy existing pods anti-affinity rules"))
    }

    /// The first of a group that is drawn to itself may go to any node that has the labels.
    fn finds_company(&self, node: &NodeInfo) -> bool {
        let has_labels = || self.towards.at(node.slot).all(|count| count.is_some());
        let is_first = || self.means_itself && self.towards.sum <= 0;
        self.towards.surrounds(node.slot) || (is_first() && has_labels())
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
            places.add(&term.topology, snapshot.tally(&text, wanted).iter(), *weight, snapshot);
        }
    }
    for group in snapshot.groups.iter() {
        let required = group.company.required.iter().map(|term| (term, REQUIRED_WEIGHT));
        let preferred = group.company.preferred.iter().map(|(term, weight)| (term, *weight));
        let matching = required.chain(preferred).filter(|(term, _): &(&Term, i64)| term.means(pod, &snapshot.namespaces));
        matching.for_each(|(term, weight)| places.add(&term.topology, group.nodes(), weight, snapshot));
    }
    if places.by_label.is_empty() {
        return None;
    }
    let sum = |node: &&NodeInfo| places.at(node.slot).flatten().sum();
    Some(stretched(nodes.iter().map(sum).collect()))
}
