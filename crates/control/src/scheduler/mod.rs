//! The scheduler: gives every waiting pod a node. One look places all pods that wait, so that no two of them are promised
//! the same room: `snapshot` -> `filter` -> `score` -> bindings.

mod affinity;
mod filter;
mod plan;
mod score;
mod snapshot;
#[cfg(test)]
mod tests;

use crate::engine::{Cache, Change, Controller};
use crate::facts::pod::SCHEDULER;
use crate::object::Object;
use crate::plan::{Key, Plan};
use stead_api::time::Timestamp;
use stead_client::resource::{NAMESPACES, NODES, PERSISTENT_VOLUME_CLAIMS, PODS, Resource};

#[derive(Debug)]
pub struct Scheduler;

impl Controller for Scheduler {
    fn name(&self) -> &'static str {
        SCHEDULER
    }

    fn watches(&self) -> Vec<Resource> {
        vec![PODS, NODES, PERSISTENT_VOLUME_CLAIMS, NAMESPACES]
    }

    /// One key for all pods.
    fn keys_for(&self, change: &Change, _: &Cache, keys: &mut Vec<(Resource, Key)>) {
        let matters = match (change.resource, &change.old, &change.new) {
            (PODS, old, Some(new)) => is_waiting(new) || old.as_ref().is_some_and(|old| frees_room(old, new)),
            (PODS, Some(old), None) => !old.pod().node.is_empty(),
            (NODES, Some(old), Some(new)) => differs(old, new),
            (NAMESPACES, old, new) => old.as_ref().map(|ns| &ns.labels) != new.as_ref().map(|ns| &ns.labels),
            (NODES | PERSISTENT_VOLUME_CLAIMS, _, _) => true,
            _ => false,
        };
        if matters {
            keys.push((PODS, Key::cluster("")));
        }
    }

    fn reconcile(&self, _: Resource, _: &Key, cache: &Cache, now: Timestamp) -> Plan {
        plan::plan(now, cache)
    }
}

/// It has no node, wants one, and from this scheduler.
pub fn is_waiting(pod: &Object) -> bool {
    let facts = pod.pod();
    facts.node.is_empty() && pod.deleting.is_none() && !facts.terminal() && facts.is_schedulable
}

/// It used room on a node and no longer does, or now lets itself be told apart differently.
fn frees_room(old: &Object, new: &Object) -> bool {
    !old.pod().node.is_empty() && ((!old.pod().terminal() && new.pod().terminal()) || old.labels != new.labels)
}

/// A heartbeat changes nothing for the scheduler.
fn differs(old: &Object, new: &Object) -> bool {
    let of = |node: &Object| (node.labels.clone(), node.node().allocatable.clone(), node.node().taints.clone(), node.node().cordoned);
    of(old) != of(new)
}
