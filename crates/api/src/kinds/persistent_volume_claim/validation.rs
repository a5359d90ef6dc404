//! What a claim, a changed claim and a claim's status must be. Input: objects; output: upstream's errors.

use super::BETA_CLASS;
use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::{
        difference,
        pod_spec::{
            amount, is_native_resource,
            validation::{claims, sorted, texts},
        },
    },
    names,
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
    errors.extend(beta_class(object, old));
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
    keep("volumeAttributesClassName");
    if old["status"].str("phase") == "Bound"
        && let Some(size) = old_spec["resources"]["requests"].get("storage")
    {
        allowed["resources"]["requests"]["storage"] = size.clone();
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
    errors.extend(attributes_class(new_spec, old_spec));
    errors
}

/// A claim's attributes may be changed to another class's, but not be forgotten.
fn attributes_class(new: &Value, old: &Value) -> Option<field::Error> {
    const MEMBER: &str = "volumeAttributesClassName";
    if !old.has(MEMBER) || new.get(MEMBER) == old.get(MEMBER) {
        return None;
    }
    let detail = match new.get(MEMBER).and_then(Value::as_str) {
        None => "update from non-nil value to nil is forbidden",
        Some("") => "update from non-nil value to an empty string is forbidden",
        Some(_) => return None,
    };
    Some(field::forbidden(&Path::new("spec").child(MEMBER), detail))
}

/// The annotation stays as it is, but for what moves from it into the field.
fn beta_class(object: &Value, old: &Value) -> Option<field::Error> {
    let [new, before] = [object, old].map(|claim| claim["metadata"]["annotations"].str(BETA_CLASS));
    let moved = !before.is_empty() && new.is_empty() && class_may_be_set(object, old);
    let path = Path::new("metadata").child("annotations").child(BETA_CLASS);
    (new != before && !moved).then(|| field::invalid(&path, new, "field is immutable"))
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
pub fn status(object: &Value) -> Errors {
    let (status, path) = (&object["status"], Path::new("status"));
    let mut errors = Errors::new();
    if object["spec"].items("accessModes").is_empty() {
        errors.push(field::required(&Path::new("Spec").child("accessModes"), ""));
    }
    for (name, value) in sorted(status.map("capacity")) {
        errors.extend(amount::not_negative(value, &path.child("capacity").key(name)));
    }
    let at = path.child("allocatedResourceStatuses");
    for (name, state) in sorted(status.map("allocatedResourceStatuses")) {
        errors.extend(resource(name, &at));
        if !RESIZE_STATES.iter().any(|known| state == known) {
            errors.push(field::not_supported(&at, name, &RESIZE_STATES));
        }
    }
    let at = path.child("allocatedResources");
    for (name, value) in sorted(status.map("allocatedResources")) {
        errors.extend(resource(name, &at));
        errors.extend(amount::not_negative(value, &at.key(name)));
    }
    errors
}

/// Of Kubernetes' own resources a claim has storage alone.
fn resource(name: &str, path: &Path) -> Errors {
    let faults: Errors = texts(path, name, names::qualified_name(name)).collect();
    if faults.is_empty() && is_native_resource(name) && name != "storage" {
        return vec![field::not_supported(path, name, &["storage"])];
    }
    faults
}
