//! Which objects a controller with a selector owns (ALL-5), and whom of its kind a change of one concerns: it adopts those that match and have no controller, and releases its own that
//! no longer match. Input: an owner, and what might be its. Output: what is its now, and the calls that make it so.

use crate::engine::{Cache, Change};
use crate::object::Object;
use crate::plan::{Call, Effect, Guard, Key, metadata_patch};
use std::sync::Arc;
use stead_api::json;
use stead_api::selector::LabelSelector;
use stead_client::resource::Resource;

/// Keys of those owners of a kind that a change of something concerns: who controls it or did, and, if nobody does, who may adopt it.
pub fn concerned(owners: Resource, change: &Change, cache: &Cache) -> Vec<(Resource, Key)> {
    let namespace = change.key.namespace.as_str();
    let controllers = change.old.iter().chain(&change.new).filter_map(|object| object.controller());
    let controllers = controllers.filter(|owner| owner.kind == owners.kind);
    let mut keys: Vec<_> = controllers.map(|owner| (owners, Key::new(namespace, owner.name.as_str()))).collect();
    if let Some(orphan) = change.new.as_ref().filter(|object| object.controller().is_none() && !object.labels.is_empty()) {
        let adopting = cache.namespace(owners, namespace).filter(|owner| owner.selector().matches_labels(&orphan.labels));
        keys.extend(adopting.map(|owner| (owners, owner.key.clone())));
    }
    keys.sort();
    keys.dedup();
    keys
}

/// What an owner has.
#[derive(Debug, Default)]
pub struct Claimed {
    /// Adopted ones too, as they were before.
    pub objects: Vec<Arc<Object>>,
    /// To be done before anything else.
    pub before: Vec<Effect>,
}

/// Sorts out candidates: those that `owner` controls, and those that nobody controls.
pub fn claim<'a>(owner: &Object, selector: &LabelSelector, candidates: impl Iterator<Item = &'a Arc<Object>>) -> Claimed {
    claim_with(owner, selector, candidates, &[])
}

/// The same for an owner whose objects carry these finalizers for as long as they are its.
pub fn claim_with<'a>(
    owner: &Object,
    selector: &LabelSelector,
    candidates: impl Iterator<Item = &'a Arc<Object>>,
    finalizers: &[&str],
) -> Claimed {
    let mut claimed = Claimed::default();
    let mut adoptions = Vec::new();
    for object in candidates {
        let is_own = object.controller().is_some_and(|controller| controller.uid == owner.uid);
        let matches = selector.matches_labels(&object.labels);
        match (is_own, matches) {
            (true, true) => claimed.objects.push(Arc::clone(object)),
            (true, false) if owner.deleting.is_none() => claimed.before.push(release(owner, object, finalizers)),
            (false, true) if owner.deleting.is_none() && object.deleting.is_none() && object.controller().is_none() => {
                adoptions.push(adopt(owner, object, finalizers));
                claimed.objects.push(Arc::clone(object));
            }
            (true | false, _) => {}
        }
    }
    if !adoptions.is_empty() {
        // An owner that is being deleted must not adopt what it was deleted without.
        let get = Call::Get { resource: owner.resource, key: owner.key.clone() };
        claimed.before.push(Effect::guard(get, Guard::Alive { uid: owner.uid.clone() }));
        claimed.before.extend(adoptions);
    }
    claimed
}

fn adopt(owner: &Object, object: &Object, finalizers: &[&str]) -> Effect {
    let mut metadata = json!({"ownerReferences": [owner.owner_reference()]});
    if !finalizers.is_empty() {
        metadata["finalizers"] = finalizers.iter().map(|name| stead_api::Value::from(*name)).collect();
    }
    patch(object, metadata).tolerating(&["NotFound"])
}

fn release(owner: &Object, object: &Object, finalizers: &[&str]) -> Effect {
    let reference = json!({"$patch": "delete", "uid": owner.uid});
    let mut metadata = json!({"ownerReferences": [reference]});
    if !finalizers.is_empty() {
        metadata["$deleteFromPrimitiveList/finalizers"] = finalizers.iter().map(|name| stead_api::Value::from(*name)).collect();
    }
    patch(object, metadata).tolerating(&["NotFound", "Invalid"])
}

/// Takes a finalizer off an object.
pub fn release_finalizer(object: &Object, finalizer: &str) -> Effect {
    patch(object, json!({"$deleteFromPrimitiveList/finalizers": [finalizer]})).tolerating(&["NotFound", "Invalid"])
}

fn patch(object: &Object, metadata: stead_api::Value) -> Effect {
    let patch = metadata_patch(&object.uid, metadata);
    Effect::new(Call::Patch { resource: object.resource, key: object.key.clone(), subresource: "", patch })
}
