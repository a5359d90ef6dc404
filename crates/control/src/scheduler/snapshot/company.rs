//! The pods that say something about the company of others, those that say the same in one group: replicas of one workload are looked at once.

use super::node::Slot;
use super::term::Company;
use crate::object::Object;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Groups {
    /// By namespace and the text of what they say.
    groups: BTreeMap<(String, String), Group>,
}

#[derive(Debug)]
pub struct Group {
    pub company: Company,
    nodes: BTreeMap<Slot, i64>,
}

impl Group {
    /// How many such pods each node has.
    pub fn nodes(&self) -> impl Iterator<Item = (Slot, i64)> {
        self.nodes.iter().map(|(slot, count)| (*slot, *count))
    }
}

impl Groups {
    /// A pod came to a node, or left it.
    pub fn count(&mut self, slot: Slot, pod: &Object, times: i64) {
        let facts = pod.pod();
        if !facts.has_required_pod_affinity && !facts.has_preferred_pod_affinity {
            return;
        }
        let affinity = &pod.spec()["affinity"];
        let text = format!("{} {}", affinity["podAffinity"], affinity["podAntiAffinity"]);
        let key = (pod.key.namespace.clone(), text);
        let group = self.groups.entry(key.clone()).or_insert_with(|| Group { company: Company::of(pod), nodes: BTreeMap::new() });
        let count = group.nodes.entry(slot).or_default();
        *count += times;
        if *count <= 0 {
            group.nodes.remove(&slot);
        }
        if group.nodes.is_empty() {
            self.groups.remove(&key);
        }
    }

    /// A node went with all its pods.
    pub fn forget_node(&mut self, slot: Slot) {
        for group in self.groups.values_mut() {
            group.nodes.remove(&slot);
        }
        self.groups.retain(|_, group| !group.nodes.is_empty());
    }

    pub fn iter(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }
}
