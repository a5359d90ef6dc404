//! A node with what is on it.

use super::amounts::Amounts;
use crate::object::Object;
use std::sync::Arc;

/// Where a node stands in the snapshot, as long as it is there.
pub type Slot = u32;

#[derive(Debug, Clone)]
pub struct NodeInfo {
    pub slot: Slot,
    pub node: Arc<Object>,
    /// Assigned and assumed ones that have not ended.
    pub pods: Vec<Arc<Object>>,
    pub allocatable: Amounts,
    pub pods_max: i64,
    pub used: Amounts,
    /// Cpu and memory as scores count them: a container that asks for nothing counts for something.
    pub scored: (i64, i64),
    /// How many of the pods have host ports.
    pub with_ports: usize,
}

impl NodeInfo {
    pub fn new(slot: Slot, node: &Arc<Object>) -> Self {
        let mut info = Self {
            slot,
            node: Arc::clone(node),
            pods: Vec::new(),
            allocatable: Amounts::default(),
            pods_max: 0,
            used: Amounts::default(),
            scored: (0, 0),
            with_ports: 0,
        };
        info.read(node);
        info
    }

    /// The node as it is now.
    pub fn read(&mut self, node: &Arc<Object>) {
        let allocatable = &node.node().allocatable;
        self.allocatable = Amounts::of(allocatable);
        self.pods_max = allocatable.get("pods").copied().unwrap_or(0);
        self.node = Arc::clone(node);
    }

    pub fn name(&self) -> &str {
        &self.node.key.name
    }

    pub fn label(&self, key: &str) -> Option<&str> {
        self.node.labels.get(key).map(String::as_str)
    }

    pub fn put(&mut self, pod: &Arc<Object>) {
        self.count(pod, 1);
        self.pods.push(Arc::clone(pod));
    }

    /// Takes a pod away; whether it was there.
    pub fn take(&mut self, pod: &Object) -> bool {
        let Some(at) = self.pods.iter().position(|own| own.key == pod.key) else { return false };
        let pod = self.pods.swap_remove(at);
        self.count(&pod, -1);
        true
    }

    /// Shows a pod as it is now, if nothing of it has changed by which it is counted; whether it was there.
    pub fn replace(&mut self, pod: &Arc<Object>) -> bool {
        let known = self.pods.iter_mut().find(|own| own.key == pod.key);
        known.map(|own| *own = Arc::clone(pod)).is_some()
    }

    fn count(&mut self, pod: &Object, times: i64) {
        let facts = pod.pod();
        self.used.add(&Amounts::of(&facts.requests), times);
        self.scored.0 = self.scored.0.saturating_add(facts.scored.0.saturating_mul(times));
        self.scored.1 = self.scored.1.saturating_add(facts.scored.1.saturating_mul(times));
        if !facts.host_ports.is_empty() {
            self.with_ports = if times > 0 { self.with_ports + 1 } else { self.with_ports.saturating_sub(1) };
        }
    }
}
