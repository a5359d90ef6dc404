//! What to do about one volume: its phase, and what becomes of it when its claim is gone (STO-10, STO-11, PVB-9, PVB-16..19). Pure.

use super::{binding, place};
use crate::engine::Cache;
use crate::facts::storage_class::is_ours;
use crate::facts::volume::{ClaimRef, NODE_GONE, Reclaim, VolumePhase};
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Guard, Plan};
use std::sync::Arc;
use stead_api::json;
use stead_client::resource::{NODES, PERSISTENT_VOLUME_CLAIMS};

/// Finalizer of those who make volumes: the bytes go before the object.
pub const PROVISIONER_FINALIZER: &str = "external-provisioner.volume.kubernetes.io/finalizer";

/// What to do about a volume.
pub fn plan(volume: &Arc<Object>, cache: &Cache) -> Plan {
    let mut plan = Plan::default();
    let Some(own) = &volume.volume().claim else {
        plan.because("it is nobody's");
        plan.step(binding::volume_phase(volume, VolumePhase::Available, "").into_iter().collect());
        return plan;
    };
    if own.uid.is_empty() {
        plan.because(format!("it is reserved for claim {}", own.key));
        plan.step(binding::volume_phase(volume, VolumePhase::Available, "").into_iter().collect());
        return plan;
    }
    match cache.get(PERSISTENT_VOLUME_CLAIMS, &own.key).filter(|claim| claim.uid == own.uid) {
        None => released(volume, own, cache, &mut plan),
        Some(claim) => claimed(volume, claim, cache, &mut plan),
    }
    plan
}

fn claimed(volume: &Arc<Object>, claim: &Arc<Object>, cache: &Cache, plan: &mut Plan) {
    let named = claim.claim().volume.as_str();
    if named == volume.key.name {
        plan.because(format!("it is bound to claim {}", claim.key));
        plan.step(binding::volume_phase(volume, VolumePhase::Bound, "").into_iter().collect());
    } else if named.is_empty() {
        plan.because(format!("claim {} is to be bound to it", claim.key));
        if claim.claim().is_block != volume.volume().is_block {
            plan.because("but their volumeModes differ");
            let of_volume = format!(
                "Cannot bind PersistentVolume to requested PersistentVolumeClaim {:?} due to incompatible volumeMode.",
                claim.key.name
            );
            let of_claim = format!(
                "Cannot bind PersistentVolume {:?} to requested PersistentVolumeClaim due to incompatible volumeMode.",
                volume.key.name
            );
            plan.events.push(Event::warning(volume.reference(), "VolumeMismatch", of_volume));
            plan.events.push(Event::warning(claim.reference(), "VolumeMismatch", of_claim));
        }
    } else {
        plan.because(format!("its claim {} is bound to volume {named}", claim.key));
        let facts = volume.volume();
        // One that was made for the claim holds nothing; one that a controller took from among the free ones may.
        if !facts.provisioned_by.is_empty() && facts.reclaim == Reclaim::Delete && !facts.is_bound_by_controller {
            reclaim(volume, cache, plan);
        } else {
            plan.step(vec![binding::release(volume)]);
        }
    }
}

/// PVB-16: its claim is gone, and only what the policy says happens.
fn released(volume: &Arc<Object>, own: &ClaimRef, cache: &Cache, plan: &mut Plan) {
    plan.because(format!("its claim {} is gone", own.key));
    if !matches!(volume.volume().phase, VolumePhase::Released | VolumePhase::Failed) {
        // The watch of claims may be behind that of volumes.
        let get = Call::Get { resource: PERSISTENT_VOLUME_CLAIMS, key: own.key.clone() };
        plan.before.push(Effect::guard(get, Guard::Absent { uid: own.uid.clone() }));
    }
    reclaim(volume, cache, plan);
}

/// Says first that nobody has it any more; the next look does what the policy says.
fn reclaim(volume: &Arc<Object>, cache: &Cache, plan: &mut Plan) {
    let facts = volume.volume();
    if !matches!(facts.phase, VolumePhase::Released | VolumePhase::Failed) {
        plan.step(binding::volume_phase(volume, VolumePhase::Released, "").into_iter().collect());
        return;
    }
    let failure = match facts.reclaim {
        Reclaim::Retain => {
            plan.because("its policy is Retain: it is kept until somebody clears spec.claimRef or deletes it");
            None
        }
        Reclaim::Delete => delete(volume, cache, plan),
        Reclaim::Recycle => Some(("VolumeFailedRecycle", "No recycler plugin found for the volume!".to_owned())),
        Reclaim::Unknown => Some(("VolumeUnknownReclaimPolicy", "Volume has an unrecognized reclaim policy.".to_owned())),
    };
    if let Some((reason, message)) = failure {
        plan.because(message.clone());
        let event = Event::warning(volume.reference(), reason, message.clone());
        let failed = binding::volume_phase(volume, VolumePhase::Failed, &message);
        plan.step(failed.map(|effect| Effect { on_success: Some(event), ..effect }).into_iter().collect());
    }
}

/// PVB-18: who deletes it; why nobody does.
fn delete(volume: &Arc<Object>, cache: &Cache, plan: &mut Plan) -> Option<(&'static str, String)> {
    let (facts, name) = (volume.volume(), &volume.key.name);
    let maker = facts.provisioned_by.as_str();
    if maker.starts_with("kubernetes.io/") {
        return Some((
            "VolumeFailedDelete",
            format!("error getting deleter volume plugin for volume {name:?}: no volume plugin matched name: {maker}"),
        ));
    }
    if is_ours(maker)
        && let Some(node) = place::gone(volume, cache)
    {
        left_behind(volume, &node, plan);
        return None;
    }
    if !maker.is_empty() || facts.source == "csi" {
        let maker = if maker.is_empty() { "its driver" } else { maker };
        plan.because(format!("its policy is Delete: {maker} deletes it"));
        return None;
    }
    Some(("VolumeFailedDelete", format!("error getting deleter volume plugin for volume {name:?}: no deletable volume plugin matched")))
}

/// LOCV-11: the node that has the bytes does not exist any more. The volume keeps the record, and goes at once when somebody deletes it.
fn left_behind(volume: &Arc<Object>, node: &str, plan: &mut Plan) {
    let name = &volume.key.name;
    plan.because(format!("its bytes are on node {node}, which is gone: they are deleted when the node comes back"));
    let metadata = if volume.deleting.is_some() && volume.has_finalizer(PROVISIONER_FINALIZER) {
        let others: Vec<&String> = volume.finalizers.iter().filter(|finalizer| *finalizer != PROVISIONER_FINALIZER).collect();
        json!({"uid": volume.uid, "resourceVersion": volume.version.to_string(), "finalizers": others})
    } else if volume.volume().node_gone != node {
        json!({"uid": volume.uid, "resourceVersion": volume.version.to_string(), "annotations": {NODE_GONE: node}})
    } else {
        return;
    };
    let get = Call::Get { resource: NODES, key: crate::plan::Key::cluster(node) };
    plan.before.push(Effect::guard(get, Guard::Absent { uid: String::new() }));
    let message = format!(
        "Node {node} is gone, and with it what deletes this volume. Its bytes are deleted when the node comes back; \
         to forget the volume before that: kubectl delete pv {name}"
    );
    let event = volume.deleting.is_none().then(|| Event::warning(volume.reference(), "VolumeFailedDelete", message));
    plan.step(vec![Effect { on_success: event, ..binding::patch(volume, "", json!({ "metadata": metadata })) }]);
}
