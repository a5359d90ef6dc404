//! The writes that bind a claim and a volume to each other, in the order that survives a power cut between any two of them
//! (PVB-1, STO-5): the volume names the claim, its phase, the claim names the volume, its status. Pure; what is so already is
//! left out, so a start goes on where the last one ended.

use crate::facts::claim::{BIND_COMPLETED, BOUND_BY_CONTROLLER, ClaimPhase};
use crate::facts::volume::VolumePhase;
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Patch};
use stead_api::{Map, Value, json};
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES};

/// What is next of a binding; empty when it is whole. Each write is valid for exactly the state that was seen, since one that comes
/// late could undo what has happened meanwhile; so it is one write of each object, and the next look goes on.
pub fn complete(volume: &Object, claim: &Object) -> Vec<Effect> {
    if let Some(effect) = claim_volume(volume, claim) {
        return vec![effect];
    }
    let mut effects: Vec<Effect> = volume_phase(volume, VolumePhase::Bound, "").into_iter().collect();
    effects.extend(name_volume(volume, claim).or_else(|| bound_status(volume, claim)));
    effects
}

/// The volume names the claim; `None`: it does.
pub fn claim_volume(volume: &Object, claim: &Object) -> Option<Effect> {
    let facts = volume.volume();
    let is_by_user = facts.is_of(&claim.key, &claim.uid);
    let names_it = facts.claim.as_ref().is_some_and(|own| own.key == claim.key && own.uid == claim.uid);
    if names_it {
        return None;
    }
    let mut metadata = version(volume);
    if !is_by_user && !facts.is_bound_by_controller {
        metadata.insert("annotations".into(), json!({ BOUND_BY_CONTROLLER: "yes" }));
    }
    let claim_ref = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.key.namespace, "name": claim.key.name,
        "uid": claim.uid, "resourceVersion": claim.version.to_string(), "fieldPath": null,
    });
    Some(patch(volume, "", json!({"metadata": metadata, "spec": {"claimRef": claim_ref}})))
}

/// The claim names the volume; `None`: it does.
fn name_volume(volume: &Object, claim: &Object) -> Option<Effect> {
    let facts = claim.claim();
    let mut annotations = Map::new();
    let is_named = facts.volume == volume.key.name;
    if !is_named && !facts.is_bound_by_controller {
        annotations.insert(BOUND_BY_CONTROLLER.into(), "yes".into());
    }
    if !facts.is_bind_completed {
        annotations.insert(BIND_COMPLETED.into(), "yes".into());
    }
    if is_named && annotations.is_empty() {
        return None;
    }
    let mut metadata = version(claim);
    metadata.insert("annotations".into(), annotations.into());
    Some(patch(claim, "", json!({"metadata": metadata, "spec": {"volumeName": volume.key.name}})))
}

/// PVB-2; `None`: the status says so. Capacity is written only as the claim becomes bound: later it may lag behind on purpose.
fn bound_status(volume: &Object, claim: &Object) -> Option<Effect> {
    let mut status = Map::new();
    let offered = volume.spec();
    if claim.claim().granted_modes != volume.volume().access_modes {
        status.insert("accessModes".into(), offered["accessModes"].clone());
    }
    if claim.claim().phase != ClaimPhase::Bound {
        status.insert("phase".into(), ClaimPhase::Bound.name().into());
        status.insert("capacity".into(), offered["capacity"].clone());
        if !volume.volume().attributes_class.is_empty() {
            status.insert("currentVolumeAttributesClassName".into(), volume.volume().attributes_class.as_str().into());
        }
    }
    (!status.is_empty()).then(|| patch(claim, "status", json!({"metadata": version(claim), "status": status})))
}

/// The phase of a claim without a volume, with the event that tells of it; `None`: that is its phase.
pub fn unbound_status(claim: &Object, phase: ClaimPhase, event: Option<Event>) -> Option<Effect> {
    let facts = claim.claim();
    if facts.phase == phase && facts.granted_modes.is_empty() && facts.capacity.is_none() {
        return None;
    }
    let status = json!({"phase": phase.name(), "accessModes": null, "capacity": null});
    let event = event.filter(|_| facts.phase != phase);
    Some(Effect { on_success: event, ..patch(claim, "status", json!({"metadata": version(claim), "status": status})) })
}

/// The phase of a volume and why; `None`: that is its phase.
pub fn volume_phase(volume: &Object, phase: VolumePhase, message: &str) -> Option<Effect> {
    let message: Value = if message.is_empty() { Value::Null } else { message.into() };
    let status = json!({"phase": phase.name(), "message": message});
    (volume.volume().phase != phase).then(|| patch(volume, "status", json!({"metadata": version(volume), "status": status})))
}

/// A volume is its claim's no longer. One that its maker had reserved stays so (STO-10).
pub fn release(volume: &Object) -> Effect {
    let mut metadata = version(volume);
    if volume.volume().is_bound_by_controller {
        metadata.insert("annotations".into(), json!({ BOUND_BY_CONTROLLER: null }));
        return patch(volume, "", json!({"metadata": metadata, "spec": {"claimRef": null}}));
    }
    patch(volume, "", json!({"metadata": metadata, "spec": {"claimRef": {"uid": null, "resourceVersion": null}}}))
}

/// Metadata of a patch that is valid for exactly this state of the object.
pub fn version(object: &Object) -> Map<String, Value> {
    Map::from_iter([("uid".to_owned(), object.uid.as_str().into()), ("resourceVersion".to_owned(), object.version.to_string().into())])
}

pub fn patch(object: &Object, subresource: &'static str, body: Value) -> Effect {
    debug_assert!([PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES].contains(&object.resource));
    Effect::new(Call::Patch { resource: object.resource, key: object.key.clone(), subresource, patch: Patch::Merge(body) })
}
