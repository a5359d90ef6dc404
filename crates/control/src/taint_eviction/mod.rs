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
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use stead_api::time::Timestamp;
use stead_client::event::Reference;
use stead_client::resource::{NODES, PODS, Resource};

pub const REGISTRATION: Registration =
    Registration { name: "taint-eviction-controller", alias: "taint-eviction", make: |_, _| Box::new(TaintEviction::default()) };

#[derive(Debug, Default)]
pub struct TaintEviction {
    /// Pods whose end is set.
    doomed: Mutex<BTreeMap<Key, Reference>>,
}

impl Controller for TaintEviction {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![PODS, NODES]
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        match (change.resource, &change.new) {
            (PODS, None) => keys.push((PODS, change.key.clone())),
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
        let mut doomed = self.doomed.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pod) = cache.get(PODS, key) else { return plan::gone(key, doomed.remove(key)) };
        let Some(node) = node_of(pod, cache) else { return Plan::default() };
        let plan = plan::plan(now, pod, node, doomed.contains_key(key));
        if plan.requeue_at.is_some() {
            doomed.insert(key.clone(), pod.reference());
        } else if pod.deleting.is_none() || !plan.is_empty() {
            doomed.remove(key);
        }
        plan
    }
}

fn node_of<'a>(pod: &Object, cache: &'a Cache) -> Option<&'a Object> {
    let node = pod.pod().node.as_str();
    if node.is_empty() { None } else { cache.get(NODES, &Key::cluster(node)).map(AsRef::as_ref) }
}

fn is_tainted(node: &Object) -> bool {
    node.node().evicting_taints().next().is_some()
}
