//! Which nodes want a pod of a set, which pods may stay on theirs, and which pods are meant for which node (DS-1, DS-2). Pure.

use super::set::Set;
use crate::facts::node::Taint;
use crate::object::Object;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::kinds::pod_spec::node_selection::{self, Candidate};
use stead_api::value::Access;

/// What a node means to a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    /// A pod is made there.
    pub wants: bool,
    /// A pod that is there may stay.
    pub keeps: bool,
}

pub fn fit(set: &Set, node: &Object) -> Fit {
    let spec = &set.template()["spec"];
    let named = spec.str("nodeName");
    let fits = (named.is_empty() || named == node.key.name)
        && node_selection::selects(spec, Candidate { name: &node.key.name, labels: &node.labels });
    let tolerated = |taint: &Taint| set.tolerations.iter().any(|toleration| toleration.tolerates(taint));
    let spared = |effects: &[&str]| node.node().taints.iter().all(|taint| !effects.contains(&taint.effect.as_str()) || tolerated(taint));
    Fit { wants: fits && spared(&["NoSchedule", "NoExecute"]), keeps: fits && spared(&["NoExecute"]) }
}

/// Whether anything changed that a fit depends on; a node that goes is no change (DS-11).
pub fn differ(old: Option<&Arc<Object>>, new: Option<&Arc<Object>>) -> bool {
    let Some(new) = new else { return false };
    old.is_none_or(|old| {
        let taints =
            |node: &Object| node.node().taints.iter().map(|t| (t.key.clone(), t.value.clone(), t.effect.clone())).collect::<Vec<_>>();
        old.uid != new.uid || old.labels != new.labels || taints(old) != taints(new)
    })
}

/// The node that a pod is on, or made for.
pub fn target(pod: &Object) -> Option<&str> {
    let bound = pod.pod().node.as_str();
    if !bound.is_empty() {
        return Some(bound);
    }
    let required = &pod.value.get("spec")?.get("affinity")?["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let fields = required.items("nodeSelectorTerms").iter().flat_map(|term| term.items("matchFields"));
    let mut named = fields.filter(|field| field.str("key") == "metadata.name" && field.str("operator") == "In");
    match named.next()?.items("values") {
        [name] => name.as_str(),
        _ => None,
    }
}

/// Pods by the node that they are meant for, on each those that are bound and old first. One that has ended and goes is no longer there.
pub fn placed(pods: &[Arc<Object>]) -> BTreeMap<&str, Vec<&Arc<Object>>> {
    let mut placed: BTreeMap<&str, Vec<&Arc<Object>>> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| !(pod.pod().terminal() && pod.deleting.is_some())) {
        if let Some(node) = target(pod) {
            placed.entry(node).or_default().push(pod);
        }
    }
    for pods in placed.values_mut() {
        pods.sort_by_key(|pod| (pod.pod().node.is_empty(), pod.created, pod.key.name.clone()));
    }
    placed
}
