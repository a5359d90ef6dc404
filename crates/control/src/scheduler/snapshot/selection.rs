//! Which nodes a pod spec selects, and how much it prefers each; worked out once for all pods that say the same, and kept up to date.

use super::node::{NodeInfo, Slot};
use crate::object::Object;
use crate::scheduler::plugins::node_affinity;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub struct Selection {
    /// One of the pods that say so.
    pod: Arc<Object>,
    has_preferences: bool,
    /// By slot.
    nodes: Vec<Regard>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Regard {
    is_selected: bool,
    /// The weights of the preferred terms that it matches (SCH-92).
    preference: i64,
}

impl Selection {
    pub fn of<'n>(pod: &Arc<Object>, nodes: impl Iterator<Item = &'n NodeInfo>) -> Self {
        let mut selection = Self { pod: Arc::clone(pod), has_preferences: node_affinity::has_preferences(pod), nodes: Vec::new() };
        nodes.for_each(|node| selection.put(node));
        selection
    }

    /// A node came, or has other labels.
    pub fn put(&mut self, node: &NodeInfo) {
        let slot = node.slot as usize;
        if self.nodes.len() <= slot {
            self.nodes.resize(slot + 1, Regard::default());
        }
        let is_selected = node_affinity::matches(&self.pod, &node.node);
        self.nodes[slot] = Regard { is_selected, preference: node_affinity::preference(&self.pod, &node.node) };
    }

    pub fn includes(&self, slot: Slot) -> bool {
        self.regard(slot).is_selected
    }

    pub fn preference(&self, slot: Slot) -> i64 {
        self.regard(slot).preference
    }

    /// Whether the pod prefers some nodes to others.
    pub fn has_preferences(&self) -> bool {
        self.has_preferences
    }

    fn regard(&self, slot: Slot) -> Regard {
        self.nodes.get(slot as usize).copied().unwrap_or_default()
    }
}
