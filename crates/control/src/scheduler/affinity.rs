//! Node selectors and affinities: of pods to nodes, and of pods to and against each other, as far as they are required.

use super::snapshot::Snapshot;
use crate::object::Object;
use crate::plan::Key;
use std::sync::Arc;
use stead_api::selector::LabelSelector;
use stead_api::{Value, value::Access};

/// spec.nodeSelector and the required node affinity.
pub fn node_matches(pod: &Object, node: &Object) -> bool {
    let selector = pod.spec().map("nodeSelector").into_iter().flatten();
    let mut pairs = selector.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()));
    if !pairs.all(|(name, value)| node.labels.get(name).is_some_and(|v| v == value)) {
        return false;
    }
    let required = &pod.spec()["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    if required.is_null() {
        return true;
    }
    required.items("nodeSelectorTerms").iter().any(|term| term_matches(term, node))
}

/// A term without any requirement matches nothing.
fn term_matches(term: &Value, node: &Object) -> bool {
    let (labels, fields) = (term.items("matchExpressions"), term.items("matchFields"));
    let label = |r: &Value| holds(r, node.labels.get(r.str("key")).map(String::as_str));
    let field = |r: &Value| r.str("key") == "metadata.name" && holds(r, Some(&node.key.name));
    !(labels.is_empty() && fields.is_empty()) && labels.iter().all(label) && fields.iter().all(field)
}

fn holds(requirement: &Value, value: Option<&str>) -> bool {
    let values = requirement.items("values");
    let listed = || value.is_some_and(|value| values.iter().any(|v| v == value));
    let number = |v: Option<&str>| v.and_then(|v| v.parse::<i64>().ok());
    let bound = || number(values.first().and_then(Value::as_str));
    match requirement.str("operator") {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => number(value).zip(bound()).is_some_and(|(value, bound)| value > bound),
        "Lt" => number(value).zip(bound()).is_some_and(|(value, bound)| value < bound),
        _ => false,
    }
}

/// Why a node does not suit the pod's required affinities to other pods, or theirs against it.
pub fn pod_refusal(pod: &Arc<Object>, node: &str, snapshot: &Snapshot) -> Option<&'static str> {
    let room = snapshot.nodes.get(node)?;
    let near = |topology: &str| -> Vec<&Arc<Object>> {
        let Some(value) = room.node.labels.get(topology) else { return Vec::new() };
        let same = snapshot.nodes.values().filter(|other| other.node.labels.get(topology) == Some(value));
        same.flat_map(|other| &other.pods).collect()
    };
    for term in required(pod, "podAffinity") {
        let topology = term.str("topologyKey");
        let there = near(topology).into_iter().any(|other| selects(term, pod, other));
        let anywhere = snapshot.nodes.values().flat_map(|r| &r.pods).any(|other| selects(term, pod, other));
        // The first of a group that is drawn to itself may go anywhere.
        let first = !anywhere && selects(term, pod, pod) && room.node.labels.contains_key(topology);
        if !there && !first {
            return Some("node(s) didn't match pod affinity rules");
        }
    }
    for term in required(pod, "podAntiAffinity") {
        if near(term.str("topologyKey")).into_iter().any(|other| selects(term, pod, other)) {
            return Some("node(s) didn't match pod anti-affinity rules");
        }
    }
    let averse = |other: &Arc<Object>, there: &Key| {
        required(other, "podAntiAffinity").iter().any(|term| {
            let topology = term.str("topologyKey");
            let theirs = snapshot.nodes.get(&there.name).and_then(|r| r.node.labels.get(topology));
            theirs.is_some() && theirs == room.node.labels.get(topology) && selects(term, other, pod)
        })
    };
    let barred = snapshot.nodes.values().any(|r| r.pods.iter().any(|other| averse(other, &r.node.key)));
    barred.then_some("node(s) didn't satisfy existing pods anti-affinity rules")
}

fn required<'a>(pod: &'a Object, kind: &str) -> &'a [Value] {
    let affinity = pod.spec().get("affinity").and_then(|a| a.get(kind));
    affinity.map(|a| a.items("requiredDuringSchedulingIgnoredDuringExecution")).unwrap_or_default()
}

/// Whether a term of `owner` means `other`. A namespaceSelector is not looked into: all namespaces if it is empty, none else.
fn selects(term: &Value, owner: &Object, other: &Object) -> bool {
    let named = term.items("namespaces");
    let everywhere = term.map("namespaceSelector").is_some_and(|s| s.is_empty());
    let own = named.is_empty() && !term.has("namespaceSelector") && owner.key.namespace == other.key.namespace;
    let listed = named.iter().any(|n| n == other.key.namespace.as_str());
    (everywhere || own || listed) && LabelSelector::from_object(term.get("labelSelector")).matches_labels(&other.labels)
}
