//! The nodes and what is taken of them, at one moment.

use crate::engine::Cache;
use crate::facts::pod::{BY_POD_AFFINITY, PREFERRED, REQUIRED};
use crate::object::Object;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_client::resource::{NAMESPACES, NODES, PODS};

/// A node with room, and what is taken of it.
#[derive(Debug, Clone)]
pub struct NodeRoom {
    pub node: Arc<Object>,
    /// Milli-units of cpu, units of everything else.
    pub used: BTreeMap<String, i64>,
    pub pods: Vec<Arc<Object>>,
    /// Cpu and memory as scores count them: a pod that asks for nothing counts for something.
    pub nonzero: (i64, i64),
    /// Pods by the uid of their controller.
    pub siblings: BTreeMap<String, i64>,
}

/// What a pod counts for in scores if it asks for nothing.
const CPU_LEAST: i64 = 100;
const MEMORY_LEAST: i64 = 200 << 20;

/// Cpu and memory of a pod as scores count them.
pub fn nonzero_requests(pod: &Object) -> (i64, i64) {
    let wanted = |name: &str, least: i64| pod.pod().requests.get(name).copied().filter(|n| *n > 0).unwrap_or(least);
    (wanted("cpu", CPU_LEAST), wanted("memory", MEMORY_LEAST))
}

#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// By name.
    pub nodes: BTreeMap<String, NodeRoom>,
    /// By name: terms of affinity may select namespaces by their labels.
    pub namespaces: BTreeMap<String, Arc<Object>>,
    /// Some pod, here or waiting, prefers or requires the company of others.
    pub has_pod_affinity: bool,
}

impl Snapshot {
    pub fn of(cache: &Cache) -> Self {
        let mut nodes: BTreeMap<String, NodeRoom> = cache.list(NODES).map(|node| (node.key.name.clone(), NodeRoom::new(node))).collect();
        for pod in cache.list(PODS).filter(|pod| !pod.pod().terminal()) {
            if let Some(room) = nodes.get_mut(&pod.pod().node) {
                room.place(pod);
            }
        }
        let namespaces = cache.list(NAMESPACES).map(|namespace| (namespace.key.name.clone(), Arc::clone(namespace))).collect();
        let has_pod_affinity = [REQUIRED, PREFERRED].iter().any(|term| cache.indexed(&BY_POD_AFFINITY, term).next().is_some());
        Self { nodes, namespaces, has_pod_affinity }
    }
}

impl NodeRoom {
    fn new(node: &Arc<Object>) -> Self {
        Self { node: Arc::clone(node), used: BTreeMap::new(), pods: Vec::new(), nonzero: (0, 0), siblings: BTreeMap::new() }
    }

    /// Takes room for a pod.
    pub fn place(&mut self, pod: &Arc<Object>) {
        for (name, wanted) in &pod.pod().requests {
            let used = self.used.entry(name.clone()).or_default();
            *used = used.saturating_add(*wanted);
        }
        let (cpu, memory) = nonzero_requests(pod);
        self.nonzero = (self.nonzero.0.saturating_add(cpu), self.nonzero.1.saturating_add(memory));
        if let Some(owner) = pod.controller() {
            *self.siblings.entry(owner.uid.clone()).or_default() += 1;
        }
        self.pods.push(Arc::clone(pod));
    }

    pub fn room(&self, name: &str) -> i64 {
        self.node.node().allocatable.get(name).copied().unwrap_or(0)
    }

    pub fn taken(&self, name: &str) -> i64 {
        self.used.get(name).copied().unwrap_or(0)
    }

    pub fn name(&self) -> &str {
        &self.node.key.name
    }
}
