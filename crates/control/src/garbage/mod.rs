//! The garbage collector (api section 15): deletes what has lost its owners, and carries out foreground and orphaning
//! deletions. It follows every resource that the server lists, by metadata alone. `plan` decides about one object.

mod plan;
#[cfg(test)]
mod tests;

use crate::engine::{Cache, Change, Controller};
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Key, Plan};
use stead_api::time::Timestamp;
use stead_client::resource::{EVENTS, Resource};

/// Finalizer of an owner that goes after its dependents.
pub const FOREGROUND: &str = "foregroundDeletion";
/// Finalizer of an owner that leaves its dependents behind.
pub const ORPHAN: &str = "orphan";

#[derive(Debug)]
pub struct GarbageCollector {
    resources: Vec<Resource>,
}

impl GarbageCollector {
    /// Collects among these resources. Events are left to their own expiry.
    pub fn new(resources: &[Resource]) -> Self {
        let resources = resources.iter().copied().filter(|r| *r != EVENTS && r.group() != "events.k8s.io").collect();
        Self { resources }
    }
}

pub const REGISTRATION: Registration = Registration {
    name: "garbage-collector-controller",
    alias: "garbagecollector",
    make: |_, resources| Box::new(GarbageCollector::new(resources)),
};

impl Controller for GarbageCollector {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        self.resources.clone()
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        let mut concern = |object: &Object| keys.push((object.resource, object.key.clone()));
        // Owners that wait for this dependent.
        for owner in change.old.iter().chain(&change.new).flat_map(|o| &o.owners) {
            cache.by_uid(&owner.uid).filter(|o| waits_for_dependents(o)).into_iter().for_each(|o| concern(o));
        }
        match (&change.old, &change.new) {
            (Some(old), Some(new)) if old.owners == new.owners && old.finalizers == new.finalizers && old.deleting == new.deleting => {}
            (_, Some(new)) if !new.owners.is_empty() || waits_for_dependents(new) => concern(new),
            _ => {}
        }
        // Dependents of an owner that is gone, or that waits for them.
        let replaced = change.new.as_ref().is_none_or(|new| change.old.as_ref().is_some_and(|old| old.uid != new.uid));
        if let Some(old) = change.old.as_ref().filter(|_| replaced) {
            cache.dependents(&old.uid).for_each(|o| concern(o));
        }
        let waits = |o: &Option<std::sync::Arc<Object>>| o.as_ref().is_some_and(|o| waits_for_dependents(o));
        if let Some(new) = change.new.as_ref().filter(|_| waits(&change.new) && !waits(&change.old)) {
            cache.dependents(&new.uid).for_each(|o| concern(o));
        }
    }

    fn reconcile(&self, resource: Resource, key: &Key, cache: &Cache, _: Timestamp) -> Plan {
        cache.get(resource, key).map(|object| plan::plan(object, cache, &self.resources)).unwrap_or_default()
    }
}

/// Its deletion waits for what becomes of its dependents.
fn waits_for_dependents(object: &Object) -> bool {
    object.deleting.is_some() && (object.has_finalizer(FOREGROUND) || object.has_finalizer(ORPHAN))
}
