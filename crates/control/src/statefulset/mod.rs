//! The StatefulSet controller. `observe` slices the caches, `plan` decides; nothing here acts or waits.

mod applied;
mod claims;
pub(crate) mod data;
mod identity;
mod observe;
mod plan;
mod revision;
mod set;
mod status;
#[cfg(test)]
mod tests;

use crate::engine::{Cache, Change, Controller};
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Key, Plan};
use observe::Observed;
use std::sync::Arc;
use stead_api::time::Timestamp;
use stead_client::resource::{CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS, Resource, STATEFUL_SETS};

#[derive(Debug, Default)]
pub struct StatefulSets;

pub const REGISTRATION: Registration =
    Registration { name: "statefulset-controller", alias: "statefulset", make: |_, _| Box::new(StatefulSets) };

impl Controller for StatefulSets {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn watches(&self) -> Vec<Resource> {
        vec![STATEFUL_SETS, PODS, CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS]
    }

    /// REQ-2. A pod concerns its controller and, whoever owns it, the set whose name it bears.
    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        if change.resource == STATEFUL_SETS {
            keys.push((STATEFUL_SETS, change.key.clone()));
        }
        // A claim that has gone may be what a pod waited for (PVC-5). One of a former pod wakes nobody: the plan looks again by itself (STALE-3).
        let is_of_pod = |claim: &Arc<Object>| claim.owners.iter().any(|owner| owner.kind == PODS.kind);
        if change.resource == PERSISTENT_VOLUME_CLAIMS && change.new.is_none() && !change.old.as_ref().is_some_and(is_of_pod) {
            keys.extend(set_of_claim(&change.key, cache).map(|key| (STATEFUL_SETS, key)));
        }
        if change.resource != PODS {
            return;
        }
        let mut names = Vec::new();
        for pod in change.old.iter().chain(&change.new) {
            names.extend(pod.controller().filter(|o| o.kind == STATEFUL_SETS.kind).map(|o| o.name.as_str()));
            names.push(pod.pod().parent.as_str());
        }
        names.sort_unstable();
        names.dedup();
        for name in names {
            let key = Key::new(change.key.namespace.clone(), name);
            if cache.get(STATEFUL_SETS, &key).is_some() {
                keys.push((STATEFUL_SETS, key));
            }
        }
    }

    fn reconcile(&self, _: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        Observed::of(cache, key).map(|observed| plan::plan(now, &observed)).unwrap_or_default()
    }
}

/// The set whose claim has that name, `<template>-<set>-<ordinal>`.
fn set_of_claim(claim: &Key, cache: &Cache) -> Option<Key> {
    let (rest, _ordinal) = claim.name.rsplit_once('-')?;
    let names = rest.match_indices('-').map(|(at, _)| &rest[at + 1..]);
    names.map(|name| Key::new(claim.namespace.clone(), name)).find(|key| cache.get(STATEFUL_SETS, key).is_some())
}
