//! Deletion in stages, as namespaces have it (NS2): the object is marked, its content is deleted by others, and when its spec has
//! no finalizers left a deletion removes it. Input: the object, the options. Output: the step to take.

use crate::object;
use crate::query::{DeleteOptions, Propagation};
use crate::registry::step::{self, Step};
use stead_api::registry::Kind;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Status, Value};

pub(super) fn step(kind: &Kind, old: &Value, options: &DeleteOptions, now: Timestamp) -> Result<Step, Status> {
    check_preconditions(kind, old, options)?;
    if !old["metadata"].has("deletionTimestamp") {
        let mut next = old.clone();
        object::meta_mut(&mut next)["deletionTimestamp"] = now.rfc3339().into();
        kind.hooks.show_deletion(&mut next);
        if let Some(finalizers) = step::wanted_finalizers(kind, old, options) {
            object::meta_mut(&mut next)["finalizers"] = finalizers.into();
        }
        return Ok(Step::Mark(next));
    }
    let kept = !old["spec"].items("finalizers").is_empty();
    let finalizers = options.propagation.filter(|policy| *policy != Propagation::Background).is_some()
        || !old["metadata"].items("finalizers").is_empty();
    Ok(if kept || finalizers { Step::Nothing } else { Step::Remove })
}

fn check_preconditions(kind: &Kind, old: &Value, options: &DeleteOptions) -> Result<(), Status> {
    let meta = &old["metadata"];
    let conflict = |what: &str, given: &str, own: &str| {
        let why = format!("Precondition failed: {what} in precondition: {given}, {what} in object meta: {own}");
        Err(Status::conflict(kind, meta.str("name"), &why))
    };
    if let Some(uid) = options.uid.as_ref().filter(|uid| *uid != meta.str("uid")) {
        return conflict("UID", uid, meta.str("uid"));
    }
    if let Some(version) = options.resource_version.as_ref().filter(|version| *version != meta.str("resourceVersion")) {
        return conflict("ResourceVersion", version, meta.str("resourceVersion"));
    }
    Ok(())
}
