//! The scheduler: gives every waiting pod a node. Attempts are made one after another over a snapshot that changes with every report and every
//! decision, so no two pods are promised the same room; what was decided for a pod is carried out under the pod's own key, beside the next attempts.
//!
//! ```text
//! changes ─▶ snapshot, queue (who could be helped?) ─▶ attempt: cycle (filter, score) or preemption ─▶ plan: bind, bind volumes, refuse
//! ```

mod attempt;
mod cycle;
mod desk;
mod effects;
mod hints;
mod message;
mod plugins;
mod preemption;
mod queue;
mod reservations;
mod snapshot;
#[cfg(test)]
mod tests;

use crate::engine::{Cache, Change, Controller};
use crate::facts::pod::SCHEDULER;
use crate::object::Object;
use crate::plan::{Key, Plan};
use desk::Desk;
use std::sync::{Mutex, MutexGuard};
use stead_api::time::Timestamp;
use stead_client::resource::{
    CSI_DRIVERS, CSI_NODES, CSI_STORAGE_CAPACITIES, NAMESPACES, NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES,
    POD_DISRUPTION_BUDGETS, PODS, REPLICA_SETS, Resource, SERVICES, STATEFUL_SETS, STORAGE_CLASSES,
};

/// What it looks at, as far as the server has it.
const WATCHED: &[Resource] = &[
    PODS,
    NODES,
    NAMESPACES,
    SERVICES,
    STATEFUL_SETS,
    REPLICA_SETS,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    STORAGE_CLASSES,
    CSI_NODES,
    CSI_DRIVERS,
    CSI_STORAGE_CAPACITIES,
    POD_DISRUPTION_BUDGETS,
];

#[derive(Debug)]
pub struct Scheduler {
    watched: Vec<Resource>,
    desk: Mutex<Desk>,
}

impl Scheduler {
    /// `served` are all resources that the server lists.
    pub fn new(served: &[Resource]) -> Self {
        let watched = WATCHED.iter().filter(|resource| served.contains(resource)).copied().collect();
        Self { watched, desk: Mutex::default() }
    }

    /// After a panic, everything is made anew of what the caches know.
    fn desk(&self, cache: &Cache) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(|poisoned| {
            self.desk.clear_poison();
            let mut desk = poisoned.into_inner();
            *desk = Desk::of(cache);
            desk
        })
    }
}

impl Controller for Scheduler {
    fn name(&self) -> &'static str {
        SCHEDULER
    }

    fn watches(&self) -> Vec<Resource> {
        self.watched.clone()
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        keys.extend(self.desk(cache).note(change, cache).into_iter().map(|key| (PODS, key)));
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        self.desk(cache).look(key, cache, now)
    }
}

/// It has no node, wants one, and from this scheduler (SCH-1, SCH-25).
pub fn is_waiting(pod: &Object) -> bool {
    let facts = pod.pod();
    facts.node.is_empty() && pod.deleting.is_none() && !facts.terminal() && facts.is_schedulable
}
