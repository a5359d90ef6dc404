//! Which objects a controller with a selector owns (ALL-5): it adopts those that match and have no controller, and releases its own that
//! no longer match. Input: an owner, and what might be its. Output: what is its now, and the calls that make it so.

use crate::object::Object;
use crate::plan::{Call, Effect, Guard, metadata_patch};
use std::sync::Arc;
use stead_api::json;
use stead_api::selector::LabelSelector;

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
    let mut claimed = Claimed::default();
    let mut adoptions = Vec::new();
    for object in candidates {
        let is_own = object.controller().is_some_and(|controller| controller.uid == owner.uid);
        let matches = selector.matches_labels(&object.labels);
        match (is_own, matches) {
            (true, true) => claimed.objects.push(Arc::clone(object)),
            (true, false) if owner.deleting.is_none() => claimed.before.push(release(owner, object)),
            (false, true) if owner.deleting.is_none() && object.deleting.is_none() && object.controller().is_none() => {
                adoptions.push(adopt(owner, object));
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

fn adopt(owner: &Object, object: &Object) -> Effect {
    patch(object, json!({"ownerReferences": [owner.owner_reference()]})).tolerating(&["NotFound"])
}

fn release(owner: &Object, object: &Object) -> Effect {
    let reference = json!({"$patch": "delete", "uid": owner.uid});
    patch(object, json!({"ownerReferences": [reference]})).tolerating(&["NotFound", "Invalid"])
}

fn patch(object: &Object, metadata: stead_api::Value) -> Effect {
    let patch = metadata_patch(&object.uid, metadata);
    Effect::new(Call::Patch { resource: object.resource, key: object.key.clone(), subresource: "", patch })
}
