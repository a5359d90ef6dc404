//! The controllers of ReplicaSets (RS-1..19) and of ReplicationControllers, which are the same under another kind: so many pods of a template. `plan` decides, `victims` says who goes first.

mod plan;
#[cfg(test)]
mod tests;
mod victims;

use crate::engine::{Cache, Change, Controller};
use crate::object::Object;
use crate::options::Registration;
use crate::ownership;
use crate::plan::{Key, Plan};
use plan::Observed;
use std::sync::Arc;
use stead_api::time::Timestamp;
use stead_client::resource::{PODS, REPLICA_SETS, REPLICATION_CONTROLLERS, Resource};

pub const REGISTRATION: Registration =
    Registration { name: "replicaset-controller", alias: "replicaset", make: |_, _| Box::new(ReplicaSets { resource: REPLICA_SETS }) };

pub const OF_REPLICATION_CONTROLLERS: Registration = Registration {
    name: "replicationcontroller-controller",
    alias: "replicationcontroller",
    make: |_, _| Box::new(ReplicaSets { resource: REPLICATION_CONTROLLERS }),
};

#[derive(Debug)]
pub struct ReplicaSets {
    /// Which of the two kinds.
    resource: Resource,
}

/// The pods that a set controls, by name.
fn pods<'a>(set: &'a Object, cache: &'a Cache) -> impl Iterator<Item = &'a Arc<Object>> {
    cache.dependents_of(PODS, &set.uid).filter(|pod| pod.controller().is_some_and(|owner| owner.uid == set.uid))
}

impl Controller for ReplicaSets {
    fn name(&self) -> &'static str {
        if self.resource == REPLICA_SETS { REGISTRATION.name } else { OF_REPLICATION_CONTROLLERS.name }
    }

    fn component(&self) -> &'static str {
        if self.resource == REPLICA_SETS { REGISTRATION.name } else { "replication-controller" }
    }

    fn watches(&self) -> Vec<Resource> {
        vec![self.resource, PODS]
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        if change.resource == self.resource {
            keys.push((self.resource, change.key.clone()));
        }
        if change.resource == PODS {
            keys.extend(ownership::concerned(self.resource, change, cache));
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        let Some(set) = cache.get(self.resource, key) else { return Plan::default() };
        let orphans = cache.orphans(PODS, &key.namespace, "");
        let claimed = ownership::claim(set, &set.selector(), pods(set, cache).chain(orphans));
        // Those whose pods want to stand apart from this set's.
        let family: Vec<Arc<Object>> = match set.controller() {
            Some(owner) => cache.dependents_of(self.resource, &owner.uid).filter(|s| s.uid != set.uid).cloned().collect(),
            None => Vec::new(),
        };
        let relatives = family.iter().flat_map(|set| pods(set, cache)).cloned().collect();
        plan::plan(now, &Observed { set, claimed, relatives })
    }
}
