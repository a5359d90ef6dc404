//! The controller that binds claims and volumes (PVB, PVP, STO-4..12). One key for each claim and each volume, and one for all claims
//! that wait for a volume which is nobody's. It makes and deletes no bytes: provisioners do.
//!
//! ```text
//! free volumes ─▶ assign ─▶ the volume names the claim ─▶ its phase ─▶ the claim names the volume ─▶ its status
//! no volume    ─▶ claim: default class, first consumer, node, provisioner ─▶ (a provisioner makes a volume that names the claim)
//! claim gone   ─▶ volume: Released, then what its policy says
//! ```

pub mod assign;
mod binding;
mod claim;
mod classes;
pub mod matching;
mod place;
#[cfg(test)]
mod tests;
mod volume;

use crate::engine::{Cache, Change, Controller};
use crate::facts::claim::{BY_VOLUME, UNBOUND};
use crate::facts::volume::{BY_CLAIM, BY_NODE, FREE, HOSTNAME};
use crate::object::Object;
use crate::options::Registration;
use crate::plan::{Key, Plan};
use std::sync::Arc;
use stead_api::time::Timestamp;
use stead_client::resource::{
    CSI_STORAGE_CAPACITIES, NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, Resource, STORAGE_CLASSES,
};

#[derive(Debug)]
pub struct VolumeBinder;

pub const REGISTRATION: Registration =
    Registration { name: "persistentvolume-binder-controller", alias: "persistentvolume-binder", make: |_, _| Box::new(VolumeBinder) };

impl Controller for VolumeBinder {
    fn name(&self) -> &'static str {
        REGISTRATION.name
    }

    fn component(&self) -> &'static str {
        "persistentvolume-controller"
    }

    fn watches(&self) -> Vec<Resource> {
        vec![PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES, PODS, NODES, CSI_STORAGE_CAPACITIES]
    }

    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
        match change.resource {
            PERSISTENT_VOLUME_CLAIMS => of_claim(change, cache, keys),
            PERSISTENT_VOLUMES => of_volume(change, cache, keys),
            STORAGE_CLASSES => of_class(change, cache, keys),
            PODS => of_pod(change, cache, keys),
            NODES => of_node(change, cache, keys),
            // A node says that it has room.
            CSI_STORAGE_CAPACITIES => {
                let classes = change.old.iter().chain(&change.new).map(|capacity| capacity.storage_capacity().class.as_str());
                classes.for_each(|class| unplaced(class, cache, keys));
            }
            _ => {}
        }
    }

    fn reconcile(&self, resource: Resource, key: &Key, cache: &Cache, _: Timestamp) -> Plan {
        match (resource, cache.get(resource, key)) {
            (PERSISTENT_VOLUME_CLAIMS, Some(object)) => claim::plan(object, cache),
            (PERSISTENT_VOLUMES, Some(object)) => volume::plan(object, cache),
            (PERSISTENT_VOLUME_CLAIMS, None) if *key == ALL => assign::plan(cache),
            _ => Plan::default(),
        }
    }
}

/// The key of all claims that wait.
const ALL: Key = Key { namespace: String::new(), name: String::new() };

/// The claim, and the volumes that it names or that name it.
fn of_claim(change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
    keys.push((PERSISTENT_VOLUME_CLAIMS, change.key.clone()));
    let named = change.old.iter().chain(&change.new).map(|claim| claim.claim().volume.as_str()).filter(|name| !name.is_empty());
    keys.extend(named.map(|name| (PERSISTENT_VOLUMES, Key::cluster(name))));
    keys.extend(cache.indexed(&BY_CLAIM, &change.key.to_string()).map(|volume| (PERSISTENT_VOLUMES, volume.key.clone())));
    let is_unbound = |claim: &Arc<Object>| !(UNBOUND.terms)(&claim.key, &claim.facts).is_empty();
    if change.new.as_ref().is_some_and(is_unbound) {
        keys.push((PERSISTENT_VOLUME_CLAIMS, ALL));
    }
}

/// The volume, the claims that it names or that name it, and, where it becomes anybody's or somebody's, those that wait for one.
fn of_volume(change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
    keys.push((PERSISTENT_VOLUMES, change.key.clone()));
    let claims = change.old.iter().chain(&change.new).filter_map(|volume| volume.volume().claim.as_ref());
    keys.extend(claims.map(|claim| (PERSISTENT_VOLUME_CLAIMS, claim.key.clone())));
    keys.extend(cache.indexed(&BY_VOLUME, &change.key.name).map(|claim| (PERSISTENT_VOLUME_CLAIMS, claim.key.clone())));
    let free = |volume: &Option<Arc<Object>>| volume.iter().flat_map(|volume| (FREE.terms)(&volume.key, &volume.facts)).next();
    let (was, is) = (free(&change.old), free(&change.new));
    if was.is_none() && is.is_none() {
        return;
    }
    for class in was.iter().chain(is.iter().filter(|is| was.as_ref() != Some(is))) {
        keys.extend(cache.indexed(&UNBOUND, class).map(|claim| (PERSISTENT_VOLUME_CLAIMS, claim.key.clone())));
    }
    keys.push((PERSISTENT_VOLUME_CLAIMS, ALL));
}

/// The claims of a class, and those of none, whose default it may be.
fn of_class(change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
    let concerned = [change.key.name.as_str(), ""];
    let claims = concerned.iter().flat_map(|class| cache.indexed(&UNBOUND, class));
    keys.extend(claims.map(|claim| (PERSISTENT_VOLUME_CLAIMS, claim.key.clone())));
    keys.push((PERSISTENT_VOLUME_CLAIMS, ALL));
}

/// The claims that wait for the pod to get a node, or that the scheduler refused it for.
fn of_pod(change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
    let state = |pod: &Option<Arc<Object>>| {
        let facts = pod.as_ref().map(|pod| pod.pod());
        facts.map(|facts| (facts.node.clone(), facts.terminal(), facts.scheduled.as_ref().map(|scheduled| scheduled.status)))
    };
    if state(&change.old) == state(&change.new) {
        return;
    }
    let claims = change.old.iter().chain(&change.new).flat_map(|pod| pod.claim_keys());
    let is_unbound = |key: &Key| cache.get(PERSISTENT_VOLUME_CLAIMS, key).is_some_and(|claim| claim.claim().volume.is_empty());
    keys.extend(claims.filter(is_unbound).map(|key| (PERSISTENT_VOLUME_CLAIMS, key)));
}

/// The volumes of a node that comes or goes, and the claims that wait for any node.
fn of_node(change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
    let state = |node: &Option<Arc<Object>>| {
        let facts = node.as_ref().map(|node| node.node());
        facts.map(|facts| (facts.ready, facts.cordoned, facts.taints.clone()))
    };
    if state(&change.old) == state(&change.new) {
        return;
    }
    cache.terms(&UNBOUND).for_each(|class| unplaced(class, cache, keys));
    if change.old.is_some() == change.new.is_some() {
        return;
    }
    for node in change.old.iter().chain(&change.new) {
        let names = [node.key.name.as_str(), node.label(HOSTNAME)];
        for volume in names.iter().flat_map(|name| cache.indexed(&BY_NODE, name)) {
            keys.push((PERSISTENT_VOLUMES, volume.key.clone()));
            keys.extend(volume.volume().claim.as_ref().map(|claim| (PERSISTENT_VOLUME_CLAIMS, claim.key.clone())));
        }
    }
}

/// Claims of a class of ours that wait for no pod and have no node yet.
fn unplaced(class: &str, cache: &Cache, keys: &mut Vec<(Resource, Key)>) {
    let is_ours = |class: &Arc<Object>| class.storage_class().is_ours() && !class.storage_class().waits_for_consumer;
    if cache.get(STORAGE_CLASSES, &Key::cluster(class)).is_some_and(is_ours) {
        let waiting = cache.indexed(&UNBOUND, class).filter(|claim| claim.claim().selected_node.is_empty());
        keys.extend(waiting.map(|claim| (PERSISTENT_VOLUME_CLAIMS, claim.key.clone())));
    }
}
