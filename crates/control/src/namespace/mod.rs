//! The namespace controller: empties a namespace that is being deleted, pods first, and lets it go when a fresh look finds
//! nothing left (NS2).

mod plan;
#[cfg(test)]
mod tests;

use crate::engine::{Cache, Change, Controller};
use crate::options::Registration;
use crate::plan::{Key, Plan};
use stead_api::time::Timestamp;
use stead_client::resource::{EVENTS, NAMESPACES, Resource};

#[derive(Debug)]
pub struct Namespaces {
    /// Namespaced resources whose objects it follows.
    contents: Vec<Resource>,
}

impl Namespaces {
    pub fn new(resources: &[Resource]) -> Self {
        let followed = |r: &Resource| r.namespaced && *r != EVENTS && r.group() != "events.k8s.io";
        Self { contents: resources.iter().copied().filter(followed).collect() }
    }
}

pub const REGISTRATION: Registration =
    Registration { name: "namespace-controller", alias: "namespace", make: |_, resources| Box::new(Namespaces::new(resources)) };

impl Controller for Namespaces {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        self.contents.iter().copied().chain([NAMESPACES]).collect()
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        let key = if change.resource == NAMESPACES { change.key.clone() } else { Key::cluster(change.key.namespace.clone()) };
        if cache.get(NAMESPACES, &key).is_some_and(|ns| ns.deleting.is_some()) {
            keys.push((NAMESPACES, key));
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        cache.get(NAMESPACES, key).map(|ns| plan::plan(now, ns, cache, &self.contents)).unwrap_or_default()
    }
}
