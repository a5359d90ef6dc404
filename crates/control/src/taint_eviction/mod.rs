//! The taint eviction controller (TNT-1..4): deletes pods from nodes with NoExecute taints that they do not tolerate, or no
//! longer. `plan` decides about one pod.

mod plan;
#[cfg(test)]
mod tests;

use crate::engine::{Cache, Change, Controller};
use crate::facts::pod::BY_NODE;
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Key, Plan};
use stead_api::time::Timestamp;
use stead_client::resource::{NODES, PODS, Resource};

pub const REGISTRATION: Registration =
    Registration { name: "taint-eviction-controller", alias: "taint-eviction", make: |_, _| Box::new(TaintEviction) };

#[derive(Debug)]
pub struct TaintEviction;

impl Controller for TaintEviction {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![PODS, NODES]
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        match (change.resource, &change.new) {
            (PODS, Some(pod)) if node_of(pod, cache).is_some_and(is_tainted) => keys.push((PODS, change.key.clone())),
            (NODES, Some(node)) => {
                let was_tainted = change.old.as_ref().is_some_and(|old| is_tainted(old));
                let is_same = change.old.as_ref().is_some_and(|old| old.node().taints == node.node().taints);
                if (was_tainted || is_tainted(node)) && !is_same {
                    keys.extend(cache.indexed(&BY_NODE, &change.key.name).map(|pod| (PODS, pod.key.clone())));
                }
            }
            _ => {}
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        let Some(pod) = cache.get(PODS, key) else { return Plan::default() };
        node_of(pod, cache).map(|node| plan::plan(now, pod, node)).unwrap_or_default()
    }
}

fn node_of<'a>(pod: &Object, cache: &'a Cache) -> Option<&'a Object> {
    let node = pod.pod().node.as_str();
    if node.is_empty() { None } else { cache.get(NODES, &Key::cluster(node)).map(AsRef::as_ref) }
}

fn is_tainted(node: &Object) -> bool {
    node.node().evicting_taints().next().is_some()
}
