//! The node lifecycle controller (NODE-7, NODE-8): taints nodes by their conditions, and notices nodes that fell silent.

mod plan;
#[cfg(test)]
mod tests;

use crate::engine::{Cache, Change, Controller};
use crate::facts::pod::BY_NODE;
use crate::options::Registration;
use crate::plan::{Key, Plan};
use stead_api::time::Timestamp;
use stead_client::resource::{LEASES, NODES, PODS, Resource};

/// Where node leases live.
pub const LEASE_NAMESPACE: &str = "kube-node-lease";

#[derive(Debug)]
pub struct NodeLifecycle {
    started: Timestamp,
}

impl NodeLifecycle {
    /// Silence counts from `started` at the earliest: nobody could speak while the server was down.
    pub fn new(started: Timestamp) -> Self {
        Self { started }
    }
}

pub const REGISTRATION: Registration = Registration {
    name: "node-lifecycle-controller",
    alias: "nodelifecycle",
    make: |options, _| Box::new(NodeLifecycle::new((options.clock)())),
};

impl Controller for NodeLifecycle {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn component(&self) -> &'static str {
        "node-controller"
    }

    fn watches(&self) -> Vec<Resource> {
        vec![NODES, LEASES, PODS]
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        match change.resource {
            NODES => keys.push((NODES, change.key.clone())),
            LEASES if change.key.namespace == LEASE_NAMESPACE => keys.push((NODES, Key::cluster(change.key.name.clone()))),
            PODS => {
                // A pod that says it is ready on a node that says it is not.
                let pod = change.new.as_ref().filter(|pod| pod.pod().ready && !pod.pod().node.is_empty());
                let node = pod.and_then(|pod| cache.get(NODES, &Key::cluster(pod.pod().node.clone())));
                keys.extend(node.filter(|node| !node.node().ready).map(|node| (NODES, node.key.clone())));
            }
            _ => {}
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        let Some(node) = cache.get(NODES, key) else { return Plan::default() };
        let lease = cache.get(LEASES, &Key::new(LEASE_NAMESPACE, key.name.clone()));
        let pods: Vec<_> = cache.indexed(&BY_NODE, &key.name).collect();
        plan::plan(now, self.started, node, lease, &pods)
    }
}
