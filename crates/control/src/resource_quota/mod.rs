//! The ResourceQuota controller (QUO-1, QUO-2): counts what a namespace uses of what its quotas limit, when a quota is new or changed,
//! when something goes or uses less, and now and then. What comes is charged by the API server as it is written. `plan` decides.

mod plan;
#[cfg(test)]
mod tests;

use crate::engine::{Cache, Change, Controller};
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Key, Plan};
use stead_api::kinds::resource_quota::counted::Counting;
use stead_api::{time::Timestamp, value::Access};
use stead_client::resource::{EVENTS, RESOURCE_QUOTAS, Resource};

pub const REGISTRATION: Registration =
    Registration { name: "resourcequota-controller", alias: "resourcequota", make: |_, resources| Box::new(Quotas::new(resources)) };

#[derive(Debug)]
pub struct Quotas {
    /// What lives in namespaces, but for Events, which nobody counts.
    resources: Vec<Resource>,
}

impl Quotas {
    pub fn new(resources: &[Resource]) -> Self {
        let is_counted = |resource: &Resource| resource.namespaced && resource.kind != EVENTS.kind;
        Self { resources: resources.iter().copied().filter(is_counted).collect() }
    }
}

/// A resource as quotas see it.
fn counting(resource: Resource) -> Counting<'static> {
    Counting { group: resource.group(), plural: resource.plural }
}

/// Whether a quota may have to be counted again after a change of something in its namespace. What has just come was charged when it was
/// written; only if the quota is known as it was after that, may it have been counted without it.
fn concerns(quota: &Object, change: &Change) -> bool {
    let may_differ = match (&change.old, &change.new) {
        (None, Some(new)) => new.version < quota.version,
        (Some(old), Some(new)) => old.uid != new.uid || old.counted != new.counted,
        (_, None) => true,
    };
    let hard = quota.spec().map("hard").into_iter().flatten();
    may_differ && hard.map(|(name, _)| name).any(|name| counting(change.resource).uses(name))
}

impl Controller for Quotas {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        let mut watched = self.resources.clone();
        watched.push(RESOURCE_QUOTAS);
        watched
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        let former = change.old.as_ref().map(|old| old.spec());
        if let Some(quota) = change.new.as_ref().filter(|new| new.resource == RESOURCE_QUOTAS && former != Some(new.spec())) {
            keys.push((RESOURCE_QUOTAS, quota.key.clone()));
        }
        let concerned = cache.namespace(RESOURCE_QUOTAS, &change.key.namespace).filter(|quota| concerns(quota, change));
        keys.extend(concerned.map(|quota| (RESOURCE_QUOTAS, quota.key.clone())));
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        let Some(quota) = cache.get(RESOURCE_QUOTAS, key) else { return Plan::default() };
        let counted = self.resources.iter().map(|resource| (counting(*resource), cache.namespace(*resource, &key.namespace)));
        plan::plan(quota, counted, now)
    }
}
