//! Node selectors and node affinity, required and preferred. Pure.

use super::{Plugin, Refusal};
use crate::object::Object;
use crate::scheduler::snapshot::node::Slot;
use crate::scheduler::snapshot::selection::Selection;
use std::collections::BTreeSet;
use stead_api::kinds::pod_spec::node_selection::{self, Candidate, term_matches};
use stead_api::{Value, value::Access};

/// What a node says of itself to those who select it.
pub fn candidate(node: &Object) -> Candidate<'_> {
    Candidate { name: &node.key.name, labels: &node.labels }
}

/// spec.nodeSelector and the required node affinity (SCH-45).
pub fn matches(pod: &Object, node: &Object) -> bool {
    pod.value.is_null() || node_selection::selects(pod.spec(), candidate(node))
}

/// `selection` is what the pod says of nodes, if it says anything.
pub fn refuses(selection: Option<&Selection>, slot: Slot) -> Option<Refusal> {
    let is_selected = selection.is_none_or(|selection| selection.includes(slot));
    (!is_selected).then(|| Refusal::fixed(Plugin::NodeAffinity, "node(s) didn't match Pod's node affinity/selector"))
}

/// What a node is told that the pod's affinity does not name (SCH-37).
pub const UNNAMED: &str = "node(s) didn't satisfy plugin(s) [NodeAffinity]";

/// The nodes that a required affinity names, if each of its terms names some (SCH-37); `Err` if a term names none that exists for it.
pub fn named(pod: &Object) -> Result<Option<BTreeSet<String>>, &'static str> {
    let required = &pod.spec()["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let terms = required.items("nodeSelectorTerms");
    let mut all = BTreeSet::new();
    for term in terms {
        let is_name = |field: &&Value| field.str("key") == "metadata.name" && field.str("operator") == "In";
        let mut sets = term.items("matchFields").iter().filter(is_name).map(names);
        let Some(first) = sets.next() else { return Ok(None) };
        all.extend(sets.fold(first, |left, more| left.intersection(&more).cloned().collect()));
    }
    match (terms.is_empty(), all.is_empty()) {
        (true, _) => Ok(None),
        (false, true) => Err("pod affinity terms conflict"),
        (false, false) => Ok(Some(all)),
    }
}

fn names(field: &Value) -> BTreeSet<String> {
    field.items("values").iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether it prefers some nodes to others.
pub fn has_preferences(pod: &Object) -> bool {
    !preferred(pod).is_empty()
}

fn preferred(pod: &Object) -> &[Value] {
    pod.spec()["affinity"]["nodeAffinity"].items("preferredDuringSchedulingIgnoredDuringExecution")
}

/// SCH-92: the weights of the preferred terms that a node matches.
pub fn preference(pod: &Object, node: &Object) -> i64 {
    let matching = preferred(pod).iter().filter(|term| term_matches(&term["preference"], candidate(node)));
    matching.map(|term| term.int("weight").unwrap_or(0)).sum()
}
