//! Topology spread: constraints that bar (SCH-64 to SCH-68), those that score (SCH-99), and the default ones (SCH-100). Pure.

use super::{Plugin, Refusal, SCORE_MAX, node_affinity, taints};
use crate::engine::Cache;
use crate::facts::service::{BY_SELECTOR, selector_term};
use crate::object::Object;
use crate::plan::Key;
use crate::scheduler::snapshot::Snapshot;
use crate::scheduler::snapshot::node::NodeInfo;
use crate::scheduler::snapshot::tally::{Counts, Leaving, Wanted};
use crate::scheduler::snapshot::term::Term;
use std::collections::{BTreeMap, BTreeSet};
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

    fn includes(&self, pod: &Object, node: &NodeInfo) -> bool {
        (!self.honours_affinity || node_affinity::matches(pod, &node.node))
            && (!self.honours_taints || taints::tolerates_all(pod, node.node.node()))
    }

    fn with_counts<T>(&self, snapshot: &Snapshot, work: impl FnOnce(&Counts) -> T) -> T {
        let wanted = || Wanted { terms: vec![self.term.clone()], leaving: Leaving::Ignored };
        snapshot.with_tally(&self.text, wanted, work)
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
    counts: BTreeMap<String, i64>,
    /// The pod counts itself.
    own: i64,
    least: i64,
}

impl Domains {
    fn find_least(&mut self) {
        let too_few = i64::try_from(self.counts.len()).unwrap_or(i64::MAX) < self.constraint.domains_min;
        self.least = if too_few { 0 } else { self.counts.values().copied().min().unwrap_or(0) };
    }
}

impl State {
    pub fn of(pod: &Object, snapshot: &Snapshot) -> Self {
        let hard = stated(pod, "DoNotSchedule");
        if hard.is_empty() {
            return Self::default();
        }
        let keys: Vec<String> = hard.iter().map(|constraint| constraint.term.topology.clone()).collect();
        let counted = |constraint: Constraint| {
            let mut counts: BTreeMap<String, i64> = BTreeMap::new();
            constraint.with_counts(snapshot, |tally| {
                for node in snapshot.nodes() {
                    let has_all = keys.iter().all(|key| node.label(key).is_some());
                    if let Some(value) = node.label(&constraint.term.topology).filter(|_| has_all && constraint.includes(pod, node)) {
                        let more = tally.get(&node.slot).copied().unwrap_or(0);
                        match counts.get_mut(value) {
                            Some(count) => *count += more,
                            None => drop(counts.insert(value.to_owned(), more)),
                        }
                    }
                }
            });
            let own = i64::from(constraint.term.means(pod, &snapshot.namespaces));
            let mut domains = Domains { constraint, counts, own, least: 0 };
            domains.find_least();
            domains
        };
        Self { hard: hard.into_iter().map(counted).collect() }
    }

    pub fn refuses(&self, node: &NodeInfo) -> Option<Refusal> {
        for domains in &self.hard {
            let Some(value) = node.label(&domains.constraint.term.topology) else {
                let reason = "node(s) didn't match pod topology spread constraints (missing required label)";
                return Some(Refusal::fixed(Plugin::PodTopologySpread, reason));
            };
            let count = domains.counts.get(value).copied().unwrap_or(0);
            if count + domains.own - domains.least > domains.constraint.skew_max {
                return Some(Refusal::curable(Plugin::PodTopologySpread, "node(s) didn't match pod topology spread constraints"));
            }
        }
        None
    }

    /// Another pod came to a node, or left it.
    pub fn shift(&mut self, pod: &Object, other: &Object, node: &NodeInfo, times: i64, snapshot: &Snapshot) {
        for domains in &mut self.hard {
            let counts = domains.constraint.means(other, snapshot) && domains.constraint.includes(pod, node);
            if let Some(count) = node.label(&domains.constraint.term.topology).and_then(|value| domains.counts.get_mut(value))
                && counts
            {
                *count += times;
                domains.find_least();
            }
        }
    }
}

/// SCH-99: how well each node keeps the pods apart; `None` if nothing asks for it.
pub fn scores(pod: &Object, nodes: &[&NodeInfo], snapshot: &Snapshot, cache: &Cache) -> Option<Vec<i64>> {
    let has_own = !pod.spec().items("topologySpreadConstraints").is_empty();
    let soft = if has_own { stated(pod, "ScheduleAnyway") } else { defaults(pod, cache) };
    if soft.is_empty() {
        return None;
    }
    let has_all = |node: &NodeInfo| soft.iter().all(|constraint| node.label(&constraint.term.topology).is_some());
    // A node without one of the stated keys scores nothing; the default ones ask for no key.
    let is_ignored: Vec<bool> = nodes.iter().map(|node| has_own && !has_all(node)).collect();
    let left = || nodes.iter().zip(&is_ignored).filter(|(_, ignored)| !**ignored).map(|(node, _)| *node);
    let mut sums = vec![0.0_f64; nodes.len()];
    for constraint in &soft {
        let topology = &constraint.term.topology;
        let places: BTreeSet<&str> = left().filter_map(|node| node.label(topology)).collect();
        let size = if topology == HOSTNAME { left().count() } else { places.len() };
        let weight = (size as f64 + 2.0).ln();
        let counts = counts_by_place(constraint, pod, &places, snapshot, |node| !has_own || has_all(node));
        for (sum, node) in sums.iter_mut().zip(nodes) {
            if let Some(value) = node.label(topology) {
                let count = counts.get(value).copied().unwrap_or(0);
                *sum += count as f64 * weight + (constraint.skew_max - 1) as f64;
            }
        }
    }
    Some(normalised(&sums, &is_ignored))
}

/// Pods by the value of the constraint's label, of the places that are asked about.
fn counts_by_place(
    constraint: &Constraint,
    pod: &Object,
    places: &BTreeSet<&str>,
    snapshot: &Snapshot,
    counts: impl Fn(&NodeInfo) -> bool,
) -> BTreeMap<String, i64> {
    let mut by_place = BTreeMap::new();
    constraint.with_counts(snapshot, |tally| {
        for (slot, count) in tally {
            let Some(node) = snapshot.at(*slot).filter(|node| counts(node) && constraint.includes(pod, node)) else { continue };
            if let Some(value) = node.label(&constraint.term.topology).filter(|value| places.contains(value)) {
                match by_place.get_mut(value) {
                    Some(sum) => *sum += count,
                    None => drop(by_place.insert(value.to_owned(), *count)),
                }
            }
        }
    });
    by_place
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
