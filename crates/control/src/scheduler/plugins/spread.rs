//! Topology spread: constraints that bar (SCH-64 to SCH-68), those that score (SCH-99), and the default ones (SCH-100). Pure.

use super::{Plugin, Refusal, SCORE_MAX, taints};
use crate::engine::Cache;
use crate::facts::service::{BY_SELECTOR, selector_term};
use crate::object::Object;
use crate::plan::Key;
use crate::scheduler::snapshot::Snapshot;
use crate::scheduler::snapshot::division::Division;
use crate::scheduler::snapshot::node::NodeInfo;
use crate::scheduler::snapshot::selection::Selection;
use crate::scheduler::snapshot::tally::{Counts, Leaving, Wanted};
use crate::scheduler::snapshot::term::Term;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stead_api::selector::{LabelSelector, Operator, Requirement};
use stead_api::{Value, value::Access};
use stead_client::resource::{REPLICA_SETS, Resource, STATEFUL_SETS};

/// Whose pods are spread though nothing asks for it.
const WORKLOADS: &[Resource] = &[STATEFUL_SETS, REPLICA_SETS];
const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// One constraint of a pod.
#[derive(Debug, Clone)]
struct Constraint {
    /// The label of nodes, and the pods that count.
    term: Term,
    /// Stands for what is counted.
    text: String,
    skew_max: i64,
    domains_min: i64,
    /// Nodes that the pod's node affinity leaves out do not count.
    honours_affinity: bool,
    /// Nodes whose taints the pod does not tolerate do not count.
    honours_taints: bool,
}

impl Constraint {
    fn of(written: &Value, pod: &Object) -> Self {
        let namespace = &pod.key.namespace;
        let topology = written.str("topologyKey");
        let selector = narrowed(LabelSelector::from_object(written.get("labelSelector")), written, pod);
        Self {
            text: format!("{namespace} spread {selector:?}"),
            term: Term::within(namespace, topology, selector),
            skew_max: written.int("maxSkew").unwrap_or(1),
            domains_min: written.int("minDomains").unwrap_or(1),
            honours_affinity: written.str("nodeAffinityPolicy") != "Ignore",
            honours_taints: written.str("nodeTaintsPolicy") == "Honor",
        }
    }

    fn includes(&self, pod: &Object, selection: Option<&Selection>, node: &NodeInfo) -> bool {
        (!self.honours_affinity || selection.is_none_or(|selection| selection.includes(node.slot)))
            && (!self.honours_taints || taints::tolerates_all(pod, node.node.node()))
    }

    /// How many pods that count each node has.
    fn counts(&self, snapshot: &Snapshot) -> Arc<Counts> {
        snapshot.tally(&self.text, || Wanted { terms: vec![self.term.clone()], leaving: Leaving::Ignored })
    }

    fn means(&self, pod: &Object, snapshot: &Snapshot) -> bool {
        pod.deleting.is_none() && self.term.means(pod, &snapshot.namespaces)
    }
}

/// SCH-68: keys whose values must be the pod's own; a selector that is absent stays so.
fn narrowed(selector: LabelSelector, written: &Value, pod: &Object) -> LabelSelector {
    let LabelSelector::All(mut requirements) = selector else { return LabelSelector::Nothing };
    for key in written.items("matchLabelKeys").iter().filter_map(Value::as_str) {
        if let Some(value) = pod.labels.get(key) {
            let values = BTreeSet::from([value.clone()]);
            let own = Requirement { key: key.to_owned(), operator: Operator::In, values };
            if !requirements.contains(&own) {
                requirements.push(own);
            }
        }
    }
    LabelSelector::All(requirements)
}

/// The constraints that a pod states, those that bar or those that score.
fn stated(pod: &Object, when: &str) -> Vec<Constraint> {
    let written = pod.spec().items("topologySpreadConstraints").iter();
    written.filter(|constraint| constraint.str("whenUnsatisfiable") == when).map(|constraint| Constraint::of(constraint, pod)).collect()
}

/// Where the pods are that constraints count, before any node is looked at.
#[derive(Debug, Clone, Default)]
pub struct State {
    hard: Vec<Domains>,
}

#[derive(Debug, Clone)]
struct Domains {
    constraint: Constraint,
    division: Arc<Division>,
    /// By place; `None` where no eligible node is (SCH-66).
    counts: Vec<Option<i64>>,
    /// The pod counts itself.
    own: i64,
    least: i64,
}

impl Domains {
    fn find_least(&mut self) {
        let eligible = || self.counts.iter().flatten();
        let too_few = i64::try_from(eligible().count()).unwrap_or(i64::MAX) < self.constraint.domains_min;
        self.least = if too_few { 0 } else { eligible().copied().min().unwrap_or(0) };
    }
}

impl State {
    pub fn of(pod: &Object, selection: Option<&Selection>, snapshot: &Snapshot) -> Self {
        let hard = stated(pod, "DoNotSchedule");
        let divisions: Vec<Arc<Division>> = hard.iter().map(|constraint| snapshot.division(&constraint.term.topology)).collect();
        let has_all = |node: &NodeInfo| divisions.iter().all(|division| division.place(node.slot).is_some());
        let counted = |(constraint, division): (Constraint, &Arc<Division>)| {
            let mut counts = vec![None; division.places()];
            let tally = constraint.counts(snapshot);
            for node in snapshot.nodes().filter(|node| has_all(node) && constraint.includes(pod, selection, node)) {
                if let Some(place) = division.place(node.slot) {
                    *counts[place].get_or_insert(0) += tally.at(node.slot);
                }
            }
            let own = i64::from(constraint.term.means(pod, &snapshot.namespaces));
            let mut domains = Domains { constraint, division: Arc::clone(division), counts, own, least: 0 };
            domains.find_least();
            domains
        };
        Self { hard: hard.into_iter().zip(&divisions).map(counted).collect() }
    }

    pub fn refuses(&self, node: &NodeInfo) -> Option<Refusal> {
        for domains in &self.hard {
            let Some(place) = domains.division.place(node.slot) else {
                let reason = "node(s) didn't match pod topology spread constraints (missing required label)";
                return Some(Refusal::fixed(Plugin::PodTopologySpread, reason));
            };
            let count = domains.counts[place].unwrap_or(0);
            if count + domains.own - domains.least > domains.constraint.skew_max {
                return Some(Refusal::curable(Plugin::PodTopologySpread, "node(s) didn't match pod topology spread constraints"));
            }
        }
        None
    }

    /// Another pod came to a node, or left it; `selection` is what the pod says of nodes.
    pub fn shift(&mut self, pod: &Object, selection: Option<&Selection>, other: &Object, node: &NodeInfo, times: i64, snapshot: &Snapshot) {
        for domains in &mut self.hard {
            let counts = domains.constraint.means(other, snapshot) && domains.constraint.includes(pod, selection, node);
            if let Some(count) = domains.division.place(node.slot).and_then(|place| domains.counts[place].as_mut())
                && counts
            {
                *count += times;
                domains.find_least();
            }
        }
    }
}

/// SCH-99: how well each node keeps the pods apart; `None` if nothing asks for it.
pub fn scores(pod: &Object, selection: Option<&Selection>, nodes: &[&NodeInfo], snapshot: &Snapshot, cache: &Cache) -> Option<Vec<i64>> {
    let has_own = !pod.spec().items("topologySpreadConstraints").is_empty();
    let soft = if has_own { stated(pod, "ScheduleAnyway") } else { defaults(pod, cache) };
    if soft.is_empty() {
        return None;
    }
    let divisions: Vec<Arc<Division>> = soft.iter().map(|constraint| snapshot.division(&constraint.term.topology)).collect();
    // A node without one of the stated keys scores nothing and counts nowhere; the default ones ask for no key.
    let is_ignored = |node: &NodeInfo| has_own && divisions.iter().any(|division| division.place(node.slot).is_none());
    let ignored: Vec<bool> = nodes.iter().map(|node| is_ignored(node)).collect();
    let left = || nodes.iter().zip(&ignored).filter(|(_, ignored)| !**ignored).map(|(node, _)| *node);
    let mut sums = vec![0.0_f64; nodes.len()];
    for (constraint, division) in soft.iter().zip(&divisions) {
        let tally = constraint.counts(snapshot);
        // Each node is a place of its own.
        if constraint.term.topology == HOSTNAME {
            let counts = nodes.iter().map(|node| division.place(node.slot).map(|_| tally.at(node.slot)));
            add_constraint(&mut sums, counts, left().count(), constraint.skew_max);
            continue;
        }
        let mut by_place: Vec<Option<i64>> = vec![None; division.places()];
        left().filter_map(|node| division.place(node.slot)).for_each(|place| by_place[place] = Some(0));
        for (slot, count) in tally.iter() {
            let Some(node) = snapshot.at(slot) else { continue };
            if let Some(sum) = division.place(slot).and_then(|place| by_place[place].as_mut())
                && !is_ignored(node)
                && constraint.includes(pod, selection, node)
            {
                *sum += count;
            }
        }
        let counts = nodes.iter().map(|node| division.place(node.slot).map(|place| by_place[place].unwrap_or(0)));
        add_constraint(&mut sums, counts, by_place.iter().flatten().count(), constraint.skew_max);
    }
    Some(normalised(&sums, &ignored))
}

/// Adds what a constraint says of each node: how many pods are in its place, of so many places; nothing if it is in none.
fn add_constraint(sums: &mut [f64], counts: impl Iterator<Item = Option<i64>>, places: usize, skew_max: i64) {
    let weight = (places as f64 + 2.0).ln();
    for (sum, count) in sums.iter_mut().zip(counts) {
        if let Some(count) = count {
            *sum += count as f64 * weight + (skew_max - 1) as f64;
        }
    }
}

fn normalised(sums: &[f64], is_ignored: &[bool]) -> Vec<i64> {
    let rounded: Vec<i64> = sums.iter().map(|sum| sum.round() as i64).collect();
    let counted = || rounded.iter().zip(is_ignored).filter(|(_, ignored)| !**ignored).map(|(sum, _)| *sum);
    let (least, most) = (counted().min().unwrap_or(0), counted().max().unwrap_or(0));
    let score = |(sum, ignored): (&i64, &bool)| match (*ignored, most) {
        (true, _) => 0,
        (false, 0) => SCORE_MAX,
        (false, _) => SCORE_MAX * (most + least - sum) / most,
    };
    rounded.iter().zip(is_ignored).map(score).collect()
}

/// SCH-100: host names and zones, for pods of a Service or a workload.
fn defaults(pod: &Object, cache: &Cache) -> Vec<Constraint> {
    let Some(selector) = default_selector(pod, cache) else { return Vec::new() };
    let constraint = |topology: &str, skew_max: i64| Constraint {
        text: format!("{} spread {selector:?}", pod.key.namespace),
        term: Term::within(&pod.key.namespace, topology, selector.clone()),
        skew_max,
        domains_min: 1,
        honours_affinity: true,
        honours_taints: false,
    };
    vec![constraint(HOSTNAME, 3), constraint(ZONE, 5)]
}

/// The selectors of the pod's Services and of its workload together; `None` if there is none.
fn default_selector(pod: &Object, cache: &Cache) -> Option<LabelSelector> {
    let mut pairs: BTreeMap<String, String> = BTreeMap::new();
    for (label, value) in &pod.labels {
        for service in cache.indexed(&BY_SELECTOR, &selector_term(&pod.key.namespace, label, value)) {
            let selector = &service.service().selector;
            if selector.iter().all(|(name, value)| pod.labels.get(name) == Some(value)) {
                pairs.extend(selector.clone());
            }
        }
    }
    let exact = |(key, value): (String, String)| Requirement { key, operator: Operator::Equals, values: BTreeSet::from([value]) };
    let mut requirements: Vec<Requirement> = pairs.into_iter().map(exact).collect();
    let workload = pod.controller().and_then(|owner| {
        let resource = WORKLOADS.iter().find(|resource| resource.kind == owner.kind && resource.api_version == owner.api_version)?;
        cache.get(*resource, &Key::new(pod.key.namespace.as_str(), owner.name.as_str()))
    });
    if let Some(LabelSelector::All(more)) = workload.map(|workload| LabelSelector::from_object(workload.spec().get("selector"))) {
        requirements.extend(more);
    }
    (!requirements.is_empty()).then_some(LabelSelector::All(requirements))
}
