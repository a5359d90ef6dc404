//! What the garbage collector does about one object: as an owner that is being deleted, and as a dependent (G1..G8). Pure.

use super::{FOREGROUND, ORPHAN};
use crate::engine::Cache;
use crate::object::{Object, Owner};
use crate::plan::{Call, DeleteOptions, Effect, Event, Guard, Key, Pace, Patch, Plan, metadata_patch};
use std::sync::Arc;
use stead_api::{Value, json};
use stead_client::resource::Resource;

/// What to do about this object.
pub fn plan(object: &Arc<Object>, cache: &Cache, resources: &[Resource]) -> Plan {
    let mut plan = Plan::default();
    if object.deleting.is_some() {
        if object.has_finalizer(ORPHAN) {
            orphan_dependents(object, cache, &mut plan);
        } else if object.has_finalizer(FOREGROUND) {
            await_dependents(object, cache, &mut plan);
        }
        return plan;
    }
    if !object.owners.is_empty() {
        collect(object, cache, resources, &mut plan);
    }
    plan
}

/// G5: takes this owner out of its dependents, then lets it go.
fn orphan_dependents(owner: &Object, cache: &Cache, plan: &mut Plan) {
    let effects: Vec<Effect> = cache.dependents(&owner.uid).map(|dependent| remove_owners(dependent, &[&owner.uid])).collect();
    plan.because(format!("{} dependents are left behind", effects.len()));
    plan.step_at(Pace::SlowStart, effects);
    plan.step(vec![drop_finalizer(owner, ORPHAN)]);
}

/// G4: the owner goes when no dependent blocks it.
fn await_dependents(owner: &Object, cache: &Cache, plan: &mut Plan) {
    let blocks = |dependent: &&Arc<Object>| dependent.owners.iter().any(|o| o.uid == owner.uid && o.blocks_deletion);
    let blocking = cache.dependents(&owner.uid).filter(blocks).count();
    if blocking == 0 {
        plan.step(vec![drop_finalizer(owner, FOREGROUND)]);
    } else {
        plan.because(format!("waiting: {blocking} dependents block the deletion"));
    }
}

/// What an ownerReference leads to.
enum OwnerState {
    /// Lives, or cannot be judged.
    Solid,
    /// Waits for this very dependent to go.
    Waiting,
    /// Not in the cache. A cache may be behind or misled: a fresh read has to prove it.
    Absent(Box<Effect>),
    /// In a place where this object cannot have an owner (G2).
    Misplaced,
}

/// G1, G4: deletes an object without a living owner; rids one that has another of its dead references.
fn collect(object: &Arc<Object>, cache: &Cache, resources: &[Resource], plan: &mut Plan) {
    let (mut solid, mut waiting, mut dead) = (0, Vec::new(), Vec::new());
    for owner in &object.owners {
        match owner_state(owner, object, cache, resources) {
            OwnerState::Solid => solid += 1,
            OwnerState::Waiting => waiting.push(owner.uid.as_str()),
            OwnerState::Absent(proof) => {
                // G2: it is there, but not where this object could have an owner.
                if cache.by_uid(&owner.uid).is_some_and(|found| found.key.namespace != object.key.namespace) {
                    plan.events.push(invalid_namespace(owner, object));
                }
                plan.before.push(*proof);
                dead.push(owner.uid.as_str());
            }
            OwnerState::Misplaced => {
                solid += 1;
                plan.events.push(invalid_namespace(owner, object));
            }
        }
    }
    if solid > 0 && dead.is_empty() && waiting.is_empty() {
        plan.before.clear();
        return;
    }
    if solid > 0 {
        dead.extend(waiting);
        plan.because("some of its owners are gone");
        return plan.step(vec![remove_owners(object, &dead)]);
    }
    let foreground = !waiting.is_empty() && cache.has_dependents(&object.uid);
    if foreground && closes_circle(object, cache) {
        plan.because("it owns what waits for it: it stops to block its owner");
        return plan.step(vec![unblock_owners(object)]);
    }
    plan.because(if waiting.is_empty() { "its owners are gone" } else { "its owner waits for it to go" });
    plan.step(vec![delete(object, foreground)]);
}

/// Upstream's words.
fn invalid_namespace(owner: &Owner, object: &Object) -> Event {
    let Owner { api_version, kind, name, uid, .. } = owner;
    let namespace = &object.key.namespace;
    let owner = format!("[{api_version}/{kind}, namespace: {namespace}, name: {name}, uid: {uid}]");
    let message = format!("ownerRef {owner} does not exist in namespace {namespace:?}");
    Event::warning(object.reference(), "OwnerRefInvalidNamespace", message)
}

/// A dependent of this object is itself being deleted in the foreground, and would wait for it as it waits for that one.
/// As upstream, this takes every such dependent for part of a circle.
fn closes_circle(object: &Object, cache: &Cache) -> bool {
    let deletes = |dependent: &Arc<Object>| dependent.deleting.is_some() && dependent.has_finalizer(FOREGROUND);
    object.owners.iter().any(|owner| owner.blocks_deletion) && cache.dependents(&object.uid).any(deletes)
}

fn owner_state(owner: &Owner, object: &Object, cache: &Cache, resources: &[Resource]) -> OwnerState {
    let kind = |r: &&Resource| r.api_version == owner.api_version && r.kind == owner.kind;
    // Another version of a served kind names the same objects.
    let group = owner.api_version.split_once('/').map_or("", |(group, _)| group);
    let served = resources.iter().find(kind).or_else(|| resources.iter().find(|r| r.group() == group && r.kind == owner.kind));
    let Some(resource) = served.copied() else { return OwnerState::Solid };
    if resource.namespaced && object.key.namespace.is_empty() {
        return OwnerState::Misplaced;
    }
    let namespace = if resource.namespaced { object.key.namespace.as_str() } else { "" };
    let key = Key::new(namespace, owner.name.as_str());
    match cache.get(resource, &key) {
        Some(found) if found.uid == owner.uid => {
            let waits = found.deleting.is_some() && found.has_finalizer(FOREGROUND);
            if waits { OwnerState::Waiting } else { OwnerState::Solid }
        }
        _ => {
            let guard = Guard::Absent { uid: owner.uid.clone() };
            OwnerState::Absent(Box::new(Effect::guard(Call::Get { resource, key }, guard)))
        }
    }
}

/// G8: with uid and version, so that an object which was adopted meanwhile stays.
fn delete(object: &Object, foreground: bool) -> Effect {
    let propagation = if object.has_finalizer(ORPHAN) {
        "Orphan"
    } else if foreground || object.has_finalizer(FOREGROUND) {
        "Foreground"
    } else {
        "Background"
    };
    let options = DeleteOptions {
        uid: Some(object.uid.clone()),
        resource_version: Some(object.version.to_string()),
        propagation: Some(propagation),
        grace_period_s: None,
    };
    Effect::new(Call::Delete { resource: object.resource, key: object.key.clone(), options }).tolerating(&["NotFound"])
}

/// Removes owner references by uid.
fn remove_owners(object: &Object, uids: &[&str]) -> Effect {
    let references: Vec<Value> = uids.iter().map(|uid| json!({"$patch": "delete", "uid": uid})).collect();
    let patch = metadata_patch(&object.uid, json!({ "ownerReferences": references }));
    let call = Call::Patch { resource: object.resource, key: object.key.clone(), subresource: "", patch };
    Effect::new(call).tolerating(&["NotFound"])
}

/// Lets its owners go without it.
fn unblock_owners(object: &Object) -> Effect {
    let blocking = object.owners.iter().filter(|owner| owner.blocks_deletion);
    let references: Vec<Value> = blocking.map(|owner| json!({"uid": owner.uid, "blockOwnerDeletion": false})).collect();
    let patch = metadata_patch(&object.uid, json!({ "ownerReferences": references }));
    let call = Call::Patch { resource: object.resource, key: object.key.clone(), subresource: "", patch };
    Effect::new(call).tolerating(&["NotFound"])
}

/// Tests what it replaces, not the version: a status that is written meanwhile is no reason to wait.
fn drop_finalizer(object: &Object, finalizer: &str) -> Effect {
    let kept: Vec<&String> = object.finalizers.iter().filter(|f| *f != finalizer).collect();
    let path = "/metadata/finalizers";
    let patch = Patch::Json(json!([
        {"op": "test", "path": "/metadata/uid", "value": object.uid},
        {"op": "test", "path": path, "value": object.finalizers},
        {"op": "replace", "path": path, "value": kept},
    ]));
    let call = Call::Patch { resource: object.resource, key: object.key.clone(), subresource: "", patch };
    Effect::new(call).tolerating(&["NotFound"])
}
