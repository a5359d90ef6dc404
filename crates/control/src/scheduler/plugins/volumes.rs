//! Volumes: claims that exclude each other, attach limits, where bound volumes can be reached, and which volume an unbound claim gets or who is
//! to make one (SCH-69 to SCH-80). Pure.

use super::{Obstacle, Plugin, Reasons, Refusal, Remedy, node_affinity};
use crate::engine::Cache;
use crate::facts::pod::BY_CLAIM;
use crate::facts::storage_capacity::OF_CLASS;
use crate::facts::storage_class::{allows, is_ours};
use crate::object::Object;
use crate::plan::Key;
use crate::scheduler::reservations::Reservations;
use crate::scheduler::snapshot::node::NodeInfo;
use crate::volume_binder::matching;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stead_api::kinds::pod_spec::node_selection::term_matches;
use stead_api::value::Access;
use stead_client::resource::{CSI_DRIVERS, CSI_NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES};

const IN_USE: &str = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod";
const NO_SUCH_VOLUME: &str = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
const OTHER_NODE: &str = "node(s) didn't match PersistentVolume's node affinity";
const NOTHING_TO_BIND: &str = "node(s) didn't find available persistent volumes to bind";
const NO_SPACE: &str = "node(s) did not have enough free storage";
/// Who never makes a volume.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";
/// Labels of volumes that nodes must share (SCH-78).
const ZONES: &[&str] = &[
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
];

/// What a node is to do about the pod's claims that are not bound.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bindings {
    /// Claims and the volumes that they get.
    pub existing: Vec<(Arc<Object>, Arc<Object>)>,
    /// Claims whose volume is to be made.
    pub provisioned: Vec<Arc<Object>>,
}

impl Bindings {
    pub fn is_empty(&self) -> bool {
        self.existing.is_empty() && self.provisioned.is_empty()
    }

    /// The claims that are to be bound before the pod is.
    pub fn claims(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.existing.iter().map(|(claim, _)| claim).chain(&self.provisioned)
    }
}

/// The pod's claims, before any node is looked at.
#[derive(Debug, Clone, Default)]
pub struct State {
    bound: Vec<Arc<Object>>,
    /// Of classes that wait for the first pod; the smallest request first.
    unbound: Vec<Arc<Object>>,
    /// Pods that use a claim which one pod alone may use.
    conflicts: BTreeSet<Key>,
}

impl State {
    /// SCH-70, in the order of upstream's plugins.
    pub fn of(pod: &Object, cache: &Cache) -> Result<Self, Obstacle> {
        let mut state = Self::default();
        let mut claims = Vec::new();
        for key in pod.claim_keys() {
            let claim = usable(pod, &key, cache).map_err(|text| Obstacle { plugin: Plugin::VolumeBinding, text })?;
            if claim.claim().access_modes.iter().any(|mode| mode == "ReadWriteOncePod") {
                let others = cache.indexed(&BY_CLAIM, &key.to_string());
                let assigned = others.filter(|other| other.key != pod.key && !other.pod().node.is_empty());
                state.conflicts.extend(assigned.map(|other| other.key.clone()));
            }
            claims.push(claim);
        }
        for claim in claims {
            if is_bound(claim) {
                state.bound.push(Arc::clone(claim));
            } else if waits_for_consumer(claim, cache) && claim.claim().volume.is_empty() {
                state.unbound.push(Arc::clone(claim));
            } else {
                let text = "pod has unbound immediate PersistentVolumeClaims".to_owned();
                return Err(Obstacle { plugin: Plugin::VolumeBinding, text });
            }
        }
        state.unbound.sort_by_key(|claim| (claim.claim().request, claim.key.clone()));
        Ok(state)
    }

    /// Pods that were promised a node and are not seen there yet conflict, too.
    pub fn conflict_with(&mut self, pod: &Object, assumed: &Object, cache: &Cache) {
        let is_exclusive = |key: &Key| {
            let claim = cache.get(PERSISTENT_VOLUME_CLAIMS, key);
            claim.is_some_and(|claim| claim.claim().access_modes.iter().any(|mode| mode == "ReadWriteOncePod"))
        };
        if assumed.key != pod.key && pod.claim_keys().any(|own| assumed.claim_keys().any(|other| own == other && is_exclusive(&own))) {
            self.conflicts.insert(assumed.key.clone());
        }
    }

    /// Another pod left its node.
    pub fn leave(&mut self, other: &Key) -> bool {
        self.conflicts.remove(other)
    }

    /// It came back.
    pub fn come(&mut self, other: &Key) {
        self.conflicts.insert(other.clone());
    }

    pub fn is_empty(&self) -> bool {
        self.bound.is_empty() && self.unbound.is_empty()
    }

    /// Whether volumes let a node have the pod; the first plugin that refuses speaks.
    pub fn refuses(&self, node: &NodeInfo, cache: &Cache, reservations: &Reservations) -> Option<Refusal> {
        if !self.conflicts.is_empty() {
            return Some(Refusal::curable(Plugin::VolumeRestrictions, IN_USE));
        }
        if self.is_empty() {
            return None;
        }
        self.exceeds_limits(node, cache).or_else(|| self.cannot_bind(node, cache, reservations)).or_else(|| self.is_elsewhere(node, cache))
    }

    /// SCH-79.
    fn exceeds_limits(&self, node: &NodeInfo, cache: &Cache) -> Option<Refusal> {
        let csi = cache.get(CSI_NODES, &Key::cluster(node.name()))?;
        let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (driver, handle) in self.bound.iter().chain(&self.unbound).filter_map(|claim| attachment(claim, cache)) {
            wanted.entry(driver).or_default().insert(handle);
        }
        for driver in csi.spec().items("drivers") {
            let Some(most) = driver["allocatable"].int("count") else { continue };
            let Some(new) = wanted.get(driver.str("name")) else { continue };
            let on_node = node.pods.iter().flat_map(|pod| pod.claim_keys());
            let claims = on_node.filter_map(|key| cache.get(PERSISTENT_VOLUME_CLAIMS, &key));
            let used = claims.filter_map(|claim| attachment(claim, cache)).filter(|(name, _)| name == driver.str("name"));
            let used: BTreeSet<String> = used.map(|(_, handle)| handle).collect();
            let more = new.difference(&used).count();
            if more > 0 && i64::try_from(used.len() + more).unwrap_or(i64::MAX) > most {
                return Some(Refusal::curable(Plugin::NodeVolumeLimits, "node(s) exceed max volume count"));
            }
        }
        None
    }

    fn cannot_bind(&self, node: &NodeInfo, cache: &Cache, reservations: &Reservations) -> Option<Refusal> {
        let mut reasons = Vec::new();
        for claim in &self.bound {
            match volume_of(claim, cache) {
                None => return Some(Refusal::fixed(Plugin::VolumeBinding, NO_SUCH_VOLUME)),
                Some(volume) if !reaches(volume, &node.node) => {
                    reasons.push(OTHER_NODE.into());
                    break;
                }
                Some(_) => {}
            }
        }
        reasons.extend(self.bindings(node, cache, reservations).err().map(Into::into));
        Reasons::all(reasons).map(|reasons| Refusal { plugin: Plugin::VolumeBinding, reasons, remedy: Remedy::Nothing })
    }

    /// What is to be bound and made if the pod goes to this node (SCH-73 to SCH-75).
    pub fn bindings(&self, node: &NodeInfo, cache: &Cache, reservations: &Reservations) -> Result<Bindings, &'static str> {
        let mut bindings = Bindings::default();
        let mut taken: BTreeSet<&str> = BTreeSet::new();
        for claim in &self.unbound {
            match reservations.selected_node(claim) {
                Some(selected) if selected != node.name() => return Err(NOTHING_TO_BIND),
                Some(_) => bindings.provisioned.push(Arc::clone(claim)),
                None => match existing(claim, node, cache, reservations, &taken) {
                    Some(volume) => {
                        taken.insert(&volume.key.name);
                        bindings.existing.push((Arc::clone(claim), Arc::clone(volume)));
                    }
                    None => bindings.provisioned.push(Arc::clone(claim)),
                },
            }
        }
        for claim in &bindings.provisioned {
            can_be_made(claim, node, cache)?;
        }
        Ok(bindings)
    }

    /// SCH-78.
    fn is_elsewhere(&self, node: &NodeInfo, cache: &Cache) -> Option<Refusal> {
        if !ZONES.iter().any(|key| node.label(key).is_some()) && !self.names_zones(cache) {
            return None;
        }
        let fits = |volume: &Arc<Object>| {
            let zones = ZONES.iter().filter_map(|key| Some((key, volume.labels.get(*key)?)));
            let mut zones = zones.map(|(key, values)| values.split("__").any(|value| node.label(key) == Some(value)));
            zones.all(|fits| fits)
        };
        let any = ZONES.iter().any(|key| node.label(key).is_some());
        let elsewhere = any && !self.bound.iter().filter_map(|claim| volume_of(claim, cache)).all(fits);
        elsewhere.then(|| Refusal::fixed(Plugin::VolumeZone, "node(s) had no available volume zone"))
    }

    fn names_zones(&self, cache: &Cache) -> bool {
        let volumes = self.bound.iter().filter_map(|claim| volume_of(claim, cache));
        volumes.into_iter().any(|volume| ZONES.iter().any(|key| volume.labels.contains_key(*key)))
    }
}

/// A claim that may be used, or why not.
fn usable<'a>(pod: &Object, key: &Key, cache: &'a Cache) -> Result<&'a Arc<Object>, String> {
    let name = &key.name;
    let is_ephemeral = pod.pod().ephemeral.iter().any(|volume| volume.claim(&pod.key.name) == *name);
    let Some(claim) = cache.get(PERSISTENT_VOLUME_CLAIMS, key) else {
        return Err(match is_ephemeral {
            true => format!("waiting for ephemeral volume controller to create the persistentvolumeclaim {name:?}"),
            false => format!("persistentvolumeclaim {name:?} not found"),
        });
    };
    if claim.status().str("phase") == "Lost" {
        return Err(format!("persistentvolumeclaim {name:?} bound to non-existent persistentvolume {:?}", claim.claim().volume));
    }
    if claim.deleting.is_some() {
        return Err(format!("persistentvolumeclaim {name:?} is being deleted"));
    }
    if is_ephemeral && claim.controller().is_none_or(|owner| owner.uid != pod.uid) {
        return Err(format!("PVC {:?} was not created for pod {:?} (pod is not owner)", key.to_string(), pod.key.to_string()));
    }
    Ok(claim)
}

/// SCH-71.
pub fn is_bound(claim: &Object) -> bool {
    !claim.claim().volume.is_empty() && claim.claim().is_bind_completed
}

fn class_of<'a>(claim: &Object, cache: &'a Cache) -> Option<&'a Arc<Object>> {
    cache.get(STORAGE_CLASSES, &Key::cluster(claim.claim().class()))
}

fn waits_for_consumer(claim: &Object, cache: &Cache) -> bool {
    class_of(claim, cache).is_some_and(|class| class.storage_class().waits_for_consumer)
}

fn volume_of<'a>(claim: &Object, cache: &'a Cache) -> Option<&'a Arc<Object>> {
    cache.get(PERSISTENT_VOLUMES, &Key::cluster(claim.claim().volume.as_str()))
}

/// SCH-72: whether a node is one from which a volume can be had.
pub fn reaches(volume: &Object, node: &Object) -> bool {
    let required = &volume.spec()["nodeAffinity"]["required"];
    let terms = required.items("nodeSelectorTerms");
    required.is_null() || terms.iter().any(|term| term_matches(term, node_affinity::candidate(node)))
}

/// The volume that a claim gets on a node, if one is there that nobody is promised.
fn existing<'a>(
    claim: &'a Object,
    node: &NodeInfo,
    cache: &'a Cache,
    reservations: &Reservations,
    taken: &BTreeSet<&str>,
) -> Option<&'a Arc<Object>> {
    let is_free = |volume: &&Arc<Object>| !taken.contains(volume.key.name.as_str()) && reservations.may_have(claim, volume);
    let here = |volume: &&Arc<Object>| reaches(volume, &node.node);
    if let Some(promised) = reservations.promised(claim) {
        return cache.get(PERSISTENT_VOLUMES, &Key::cluster(promised)).filter(here);
    }
    if let Some(reserved) = matching::reserved(claim, cache) {
        return Some(reserved).filter(here).filter(is_free);
    }
    matching::free(claim, cache).filter(here).filter(is_free).min_by_key(|volume| matching::order(volume))
}

/// SCH-74: whether somebody will make the volume on this node.
fn can_be_made(claim: &Object, node: &NodeInfo, cache: &Cache) -> Result<(), &'static str> {
    let class = class_of(claim, cache).ok_or(NOTHING_TO_BIND)?;
    let provisioner = class.storage_class().provisioner.as_str();
    if matches!(provisioner, "" | NO_PROVISIONER) || !allows(class, &node.node) {
        return Err(NOTHING_TO_BIND);
    }
    if is_tracked(provisioner, class, cache) {
        let asked = claim.claim().request;
        let own = cache.indexed(&OF_CLASS, &class.key.name).map(|capacity| capacity.storage_capacity());
        let mut room = own.filter(|capacity| capacity.is_of(&node.node)).map(|capacity| capacity.largest.unwrap_or(capacity.capacity));
        if !room.any(|room| room >= asked) {
            return Err(NO_SPACE);
        }
    }
    Ok(())
}

/// Whether room is told by CSIStorageCapacity: a driver says so, our own nodes do it (STO-22).
fn is_tracked(provisioner: &str, class: &Object, cache: &Cache) -> bool {
    let told = || cache.indexed(&OF_CLASS, &class.key.name).next().is_some();
    let driver = cache.get(CSI_DRIVERS, &Key::cluster(provisioner));
    driver.is_some_and(|driver| driver.spec().flag("storageCapacity")) || (is_ours(provisioner) && told())
}

/// Driver and handle of what a claim attaches to a node; a claim without a volume counts for the driver that will make it.
fn attachment(claim: &Object, cache: &Cache) -> Option<(String, String)> {
    match volume_of(claim, cache) {
        Some(volume) => volume.volume().csi.clone(),
        None => Some((class_of(claim, cache)?.storage_class().provisioner.clone(), claim.key.to_string())),
    }
}
