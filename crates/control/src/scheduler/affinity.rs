//! Node selectors and affinities, required and preferred: of pods to nodes, and of pods to and against each other.

use super::snapshot::{NodeRoom, Snapshot};
use crate::object::Object;
use crate::plan::Key;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::kinds::pod_spec::node_selection::{self, Candidate, term_matches};
use stead_api::selector::LabelSelector;
use stead_api::{Value, value::Access};

pub const ANTI_AFFINITY: &str = "node(s) didn't match pod anti-affinity rules";
pub const EXISTING_ANTI_AFFINITY: &str = "node(s) didn't satisfy existing pods anti-affinity rules";

/// What a required term of a pod that is there counts for among preferences (upstream's hardPodAffinityWeight).
const REQUIRED_WEIGHT: i64 = 1;

/// spec.nodeSelector and the required node affinity.
pub fn node_matches(pod: &Object, node: &Object) -> bool {
    node_selection::selects(pod.spec(), candidate(node))
}

fn candidate(node: &Object) -> Candidate<'_> {
    Candidate { name: &node.key.name, labels: &node.labels }
}

/// Why a node does not suit the pod's required affinities to other pods, or theirs against it.
pub fn pod_refusal(pod: &Arc<Object>, node: &str, snapshot: &Snapshot) -> Option<&'static str> {
    let room = snapshot.nodes.get(node)?;
    let near = |topology: &str| -> Vec<&Arc<Object>> {
        let Some(value) = room.node.labels.get(topology) else { return Vec::new() };
        let same = snapshot.nodes.values().filter(|other| other.node.labels.get(topology) == Some(value));
        same.flat_map(|other| &other.pods).collect()
    };
    let terms = required(pod, "podAffinity");
    // SCH-56: one pod in each domain matches all the terms.
    let wanted = |other: &Arc<Object>| terms.iter().all(|term| selects(term, pod, other, snapshot));
    let is_there = terms.iter().all(|term| near(term.str("topologyKey")).into_iter().any(wanted));
    if !is_there {
        let anywhere = snapshot.nodes.values().flat_map(|room| &room.pods).any(wanted);
        // SCH-60: the first of a group that is drawn to itself may go anywhere.
        let first = !anywhere && wanted(pod) && terms.iter().all(|term| room.node.labels.contains_key(term.str("topologyKey")));
        if !first {
            return Some("node(s) didn't match pod affinity rules");
        }
    }
    for term in required(pod, "podAntiAffinity") {
        if near(term.str("topologyKey")).into_iter().any(|other| selects(term, pod, other, snapshot)) {
            return Some(ANTI_AFFINITY);
        }
    }
    let averse = |other: &Arc<Object>, there: &Key| {
        required(other, "podAntiAffinity").iter().any(|term| {
            let topology = term.str("topologyKey");
            let theirs = snapshot.nodes.get(&there.name).and_then(|r| r.node.labels.get(topology));
            theirs.is_some() && theirs == room.node.labels.get(topology) && selects(term, other, pod, snapshot)
        })
    };
    let barred = snapshot.nodes.values().any(|r| r.pods.iter().any(|other| averse(other, &r.node.key)));
    barred.then_some(EXISTING_ANTI_AFFINITY)
}

fn required<'a>(pod: &'a Object, kind: &str) -> &'a [Value] {
    let affinity = pod.spec().get("affinity").and_then(|a| a.get(kind));
    affinity.map(|a| a.items("requiredDuringSchedulingIgnoredDuringExecution")).unwrap_or_default()
}

/// Weighted terms with their weights.
fn preferred<'a>(pod: &'a Object, kind: &str) -> impl Iterator<Item = (&'a Value, i64)> {
    let affinity = pod.spec().get("affinity").and_then(|a| a.get(kind));
    let terms = affinity.map(|a| a.items("preferredDuringSchedulingIgnoredDuringExecution")).unwrap_or_default();
    terms.iter().map(|term| (term, term.int("weight").unwrap_or(0)))
}

/// SCH-92: the weights of the preferred terms that a node matches.
pub fn node_preference(pod: &Object, node: &Object) -> i64 {
    preferred(pod, "nodeAffinity").filter(|(term, _)| term_matches(&term["preference"], candidate(node))).map(|(_, weight)| weight).sum()
}

/// SCH-97: how much each node suits the pod's preferences for other pods, and theirs for it.
pub fn pod_preferences(pod: &Arc<Object>, nodes: &[&NodeRoom], snapshot: &Snapshot) -> Vec<i64> {
    let mut sums: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    if !snapshot.has_pod_affinity {
        return vec![0; nodes.len()];
    }
    for room in snapshot.nodes.values() {
        let mut add = |term: &Value, weight: i64| {
            if let Some((key, value)) = room.node.labels.get_key_value(term.str("topologyKey")) {
                *sums.entry((key, value)).or_default() += weight;
            }
        };
        for other in &room.pods {
            for (whose, of, about) in [("own", pod, other), ("theirs", other, pod)] {
                for (term, weight) in weighted_pod_terms(of).filter(|(term, _)| selects(term, of, about, snapshot)) {
                    add(term, weight);
                }
                let required = if whose == "theirs" { required(of, "podAffinity") } else { &[] };
                required.iter().filter(|term| selects(term, of, about, snapshot)).for_each(|term| add(term, REQUIRED_WEIGHT));
            }
        }
    }
    let sum = |room: &&NodeRoom| {
        let labels = room.node.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        labels.filter_map(|label| sums.get(&label)).sum()
    };
    nodes.iter().map(sum).collect()
}

/// The preferred terms about pods; those against them count below zero.
fn weighted_pod_terms(pod: &Object) -> impl Iterator<Item = (&Value, i64)> {
    let towards = preferred(pod, "podAffinity").map(|(term, weight)| (&term["podAffinityTerm"], weight));
    towards.chain(preferred(pod, "podAntiAffinity").map(|(term, weight)| (&term["podAffinityTerm"], -weight)))
}

/// SCH-57, SCH-58: whether a term of `owner` means `other`.
fn selects(term: &Value, owner: &Object, other: &Object, snapshot: &Snapshot) -> bool {
    let named = term.items("namespaces");
    let selector = term.get("namespaceSelector").filter(|selector| !selector.is_null());
    let own = named.is_empty() && selector.is_none() && owner.key.namespace == other.key.namespace;
    let listed = || named.iter().any(|n| n == other.key.namespace.as_str());
    let selected = || {
        let labels = snapshot.namespaces.get(&other.key.namespace).map(|namespace| &namespace.labels);
        let selector = LabelSelector::from_object(selector);
        labels.map_or_else(|| selector.is_everything(), |labels| selector.matches_labels(labels))
    };
    let in_namespace = own || listed() || (selector.is_some() && selected());
    in_namespace && LabelSelector::from_object(term.get("labelSelector")).matches_labels(&other.labels)
}
