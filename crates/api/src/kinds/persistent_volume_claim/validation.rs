//! What a claim, a changed claim and a claim's status must be. Input: objects; output: upstream's errors.

use super::BETA_CLASS;
use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::{
        difference,
        pod_spec::{amount, validation::claims},
    },
    quantity::Quantity,
    value::Access,
};

/// States of a resize that a status may name.
const RESIZE_STATES: [&str; 5] =
    ["ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"];

pub fn create(object: &Value) -> Errors {
    claims::spec(&object["spec"], &Path::new("spec"))
}

/// After creation only the volume (while unbound), an unset class, and the size of a bound claim may change (W14).
pub fn update(object: &Value, old: &Value) -> Errors {
    let mut errors = create(object);
    let (new_spec, old_spec) = (&object["spec"], &old["spec"]);
    let mut allowed = new_spec.clone();
    let mut keep = |member: &str| match old_spec.get(member) {
        Some(value) => allowed[member] = value.clone(),
        None => drop(allowed.as_object_mut().and_then(|spec| spec.shift_remove(member))),
    };
    if old_spec.str("volumeName").is_empty() {
        keep("volumeName");
    }
    if class_may_be_set(object, old) {
        keep("storageClassName");
    }
    let bound = old["status"].str("phase") == "Bound";
    if bound {
        keep("volumeAttributesClassName");
        if let Some(size) = old_spec["resources"]["requests"].get("storage") {
            allowed["resources"]["requests"]["storage"] = size.clone();
        }
    }
    if allowed != *old_spec {
        let detail = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        errors.push(field::forbidden(&Path::new("spec"), &format!("{detail}{}", difference::of_specs(old_spec, &allowed))));
    }
    errors.extend(shrink(object, old));
    if new_spec.get("volumeMode") != old_spec.get("volumeMode") {
        let shown = new_spec.get("volumeMode").cloned().unwrap_or(Value::Null);
        errors.push(field::invalid(&Path::new("volumeMode"), shown, "field is immutable"));
    }
    errors
}

/// An unset class may be set once: from nothing, or from what the old annotation named.
fn class_may_be_set(object: &Value, old: &Value) -> bool {
    if old["spec"].has("storageClassName") || !object["spec"].has("storageClassName") {
        return false;
    }
    match old["metadata"]["annotations"].get(BETA_CLASS).and_then(Value::as_str) {
        Some(annotated) => annotated == object["spec"].str("storageClassName"),
        None => true,
    }
}

/// A request may be lowered again, but never to or below what the volume has.
fn shrink(object: &Value, old: &Value) -> Errors {
    let size = |claim: &Value| claim["spec"]["resources"]["requests"].get("storage").and_then(amount::of).unwrap_or(Quantity::ZERO);
    let capacity = old["status"]["capacity"].get("storage").and_then(amount::of);
    let path = Path::new("spec").child("resources").child("requests").child("storage");
    let new = size(object);
    if new < size(old) && capacity.is_none_or(|capacity| new <= capacity) {
        return vec![field::forbidden(&path, "field can not be less than status.capacity")];
    }
    Errors::new()
}

/// Judges the numbers and states of a status; phases are the controllers' own.
pub fn status(object: &Value, _old: &Value) -> Errors {
    let (status, path) = (&object["status"], Path::new("status"));
    let mut errors = Errors::new();
    for (name, value) in status.map("capacity").into_iter().flatten() {
        if let Some(amount) = amount::of(value).filter(|amount| amount.signum() < 0) {
            let shown: Value = amount.to_string().parse::<i64>().map_or_else(|_| amount.to_string().into(), Value::from);
            errors.push(field::invalid(&path.child("capacity").key(name), shown, "must be a valid resource quantity"));
        }
    }
    for (name, state) in status.map("allocatedResourceStatuses").into_iter().flatten() {
        if !state.as_str().is_some_and(|state| RESIZE_STATES.contains(&state)) {
            errors.push(field::not_supported(&path.child("allocatedResourceStatuses"), name.as_str(), &RESIZE_STATES));
        }
    }
    for (name, _) in status.map("allocatedResources").into_iter().flatten() {
        if name != "storage" {
            errors.push(field::not_supported(&path.child("allocatedResources"), name.as_str(), &["storage"]));
        }
    }
    errors
}
