//! A finalizer that keeps an object for as long as it is used (PVT-1..4): there while the object lives, gone once it is to be deleted
//! and nobody uses it. Pure.

use crate::object::Object;
use crate::plan::{Call, Effect, Patch, Plan};
use stead_api::json;

/// Puts the finalizer where it is missing and takes it away from what nobody uses. `user`: who uses the object, in words.
pub fn keep_while_used(object: &Object, finalizer: &str, user: Option<&str>, plan: &mut Plan) {
    let protected = object.has_finalizer(finalizer);
    let others = object.finalizers.iter().filter(|known| *known != finalizer).cloned();
    let finalizers: Vec<String> = match (object.deleting.is_some(), user) {
        (false, _) if !protected => others.chain([finalizer.to_owned()]).collect(),
        (true, None) if protected => others.collect(),
        (true, Some(user)) => return plan.because(format!("waiting: {user}")),
        _ => return,
    };
    // The whole list, so with the version it was made from.
    let metadata = json!({"uid": object.uid, "resourceVersion": object.version.to_string(), "finalizers": finalizers});
    let patch = Patch::Merge(json!({ "metadata": metadata }));
    let call = Call::Patch { resource: object.resource, key: object.key.clone(), subresource: "", patch };
    plan.step(vec![Effect::new(call).tolerating(&["NotFound"])]);
}
