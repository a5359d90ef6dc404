//! ObjectMeta rules common to all kinds: validation on create and update, owner references, finalizers,
//! and what an update may not change. Input: canonical objects and their kind's row. Output: errors in upstream's words.
//! Never sets uids, times or versions; the request pipeline does.

use crate::{
    Map, Value,
    field::{Error, Errors, Kind as Fault, Path, forbidden, invalid, required, too_long},
    names,
    registry::Kind,
    selector::validate_labels,
    value::Access,
    wire::json::go_quote,
};
use std::collections::BTreeSet;

const ANNOTATIONS_MAX: usize = 256 * 1024;
const NAME_REQUIRED: &str = "name or generateName is required";
const IMMUTABLE: &str = "field is immutable";

/// `metadata` as a path.
fn root() -> Path {
    Path::new("metadata")
}

/// Validates the metadata of a new object, name generation done.
pub fn validate_create(kind: &Kind, object: &Value) -> Errors {
    let meta = &object["metadata"];
    let mut errors = Errors::new();
    let rule = kind.hooks.name_rule();
    let generate_name = meta.str("generateName");
    if !generate_name.is_empty() {
        let path = root().child("generateName");
        errors.extend(rule.check_prefix(generate_name).iter().map(|why| invalid(&path, generate_name, why)));
    }
    let name = meta.str("name");
    let path = root().child("name");
    if name.is_empty() {
        errors.push(required(&path, NAME_REQUIRED));
    } else {
        errors.extend(rule.check(name).iter().map(|why| invalid(&path, name, why)));
    }
    errors.extend(validate_namespace(kind, meta));
    let generation = meta.int("generation").unwrap_or_default();
    if generation < 0 {
        errors.push(invalid(&root().child("generation"), generation, "must be greater than or equal to 0"));
    }
    errors.extend(validate_maps_and_lists(kind, meta));
    errors
}

fn validate_namespace(kind: &Kind, meta: &Value) -> Errors {
    let path = root().child("namespace");
    match (kind.namespaced, meta.str("namespace")) {
        (false, "") => Errors::new(),
        (false, _) => vec![forbidden(&path, "not allowed on this type")],
        (true, "") => vec![required(&path, "")],
        (true, namespace) => names::dns_label(namespace).iter().map(|why| invalid(&path, namespace, why)).collect(),
    }
}

/// Validates a change of metadata; `object` has passed [`restore`].
pub fn validate_update(kind: &Kind, object: &Value, old: &Value) -> Errors {
    let (meta, was) = (&object["metadata"], &old["metadata"]);
    let mut errors = Errors::new();
    if was.has("deletionTimestamp") {
        errors.extend(validate_no_new_finalizers(meta, was));
    }
    let (generation, before) = (meta.int("generation").unwrap_or_default(), was.int("generation").unwrap_or_default());
    if generation < before {
        errors.push(invalid(&root().child("generation"), generation, "must not be decremented"));
    }
    for name in ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        let (now, then) = (meta.get(name), was.get(name));
        if now != then {
            errors.push(invalid(&root().child(name), now.cloned().unwrap_or(Value::Null), IMMUTABLE));
        }
    }
    errors.extend(validate_maps_and_lists(kind, meta));
    errors
}

fn validate_no_new_finalizers(meta: &Value, was: &Value) -> Option<Error> {
    let set = |meta: &Value| -> BTreeSet<String> { meta.items("finalizers").iter().filter_map(Value::as_str).map(str::to_owned).collect() };
    let added: Vec<String> = set(meta).difference(&set(was)).map(|f| go_quote(f)).collect();
    (!added.is_empty()).then(|| {
        let why =
            format!("no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}", added.join(", "));
        forbidden(&root().child("finalizers"), &why)
    })
}

fn validate_maps_and_lists(kind: &Kind, meta: &Value) -> Errors {
    let mut errors = validate_labels(meta.map("labels"), &root().child("labels"));
    errors.extend(validate_annotations(meta.map("annotations"), &root().child("annotations")));
    errors.extend(validate_owner_references(meta, &root().child("ownerReferences")));
    errors.extend(validate_finalizers(meta, &root().child("finalizers")));
    if kind.hooks.qualified_finalizers() {
        errors.extend(validate_finalizer_domains(meta, &root().child("finalizers")));
    }
    errors
}

/// Keys are label keys in any case; keys and values together have a limit.
pub fn validate_annotations(annotations: Option<&Map<String, Value>>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut size = 0;
    for (key, value) in annotations.into_iter().flatten() {
        let faults = names::qualified_name(&key.to_lowercase());
        errors.extend(faults.iter().map(|why| invalid(path, key.as_str(), why)));
        size += key.len() + value.as_str().unwrap_or_default().len();
    }
    if size > ANNOTATIONS_MAX {
        errors.push(too_long(path, ANNOTATIONS_MAX));
    }
    errors
}

fn validate_owner_references(meta: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut controller: Option<String> = None;
    let owners = meta.items("ownerReferences");
    for (index, owner) in owners.iter().enumerate() {
        errors.extend(validate_owner_reference(owner, &path.index(index)));
        if !owner.flag("controller") {
            continue;
        }
        let this = format!("{}/{}", owner.str("kind"), owner.str("name"));
        match &controller {
            None => controller = Some(this),
            Some(first) => {
                let why =
                    format!("Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}");
                errors.push(invalid(path, Value::from(owners), &why));
            }
        }
    }
    errors
}

fn validate_owner_reference(owner: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let api_version = owner.str("apiVersion");
    if api_version.is_empty() {
        errors.push(required(&path.child("apiVersion"), "must not be empty"));
    } else if api_version.matches('/').count() > 1 {
        errors.push(invalid(&path.child("apiVersion"), api_version, "must be <group>/<version> or <version>"));
    }
    for name in ["kind", "name", "uid"] {
        if owner.str(name).is_empty() {
            errors.push(required(&path.child(name), "must not be empty"));
        }
    }
    if api_version == "v1" && owner.str("kind") == "Event" {
        errors.push(invalid(path, owner.clone(), "/v1, Kind=Event is disallowed from being an owner"));
    }
    errors
}

fn validate_finalizers(meta: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let finalizers = meta.items("finalizers");
    for finalizer in finalizers.iter().filter_map(Value::as_str) {
        errors.extend(names::qualified_name(finalizer).iter().map(|why| invalid(path, finalizer, why)));
    }
    let has = |name: &str| finalizers.iter().any(|f| f == name);
    if has("orphan") && has("foregroundDeletion") {
        let why = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(invalid(path, Value::from(finalizers), why));
    }
    errors
}

/// A finalizer without a domain must be one of the standard ones.
pub fn validate_finalizer_domains(meta: &Value, path: &Path) -> Errors {
    let finalizers = meta.items("finalizers").iter().map(|f| f.as_str().unwrap_or_default()).enumerate();
    finalizers
        .filter(|(_, f)| !f.contains('/') && !matches!(*f, "kubernetes" | "orphan" | "foregroundDeletion"))
        .map(|(index, f)| {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            invalid(&path.index(index), f, why)
        })
        .collect()
}

/// Puts back what an update of metadata silently may not change (W8): generation, creation, the marks of a
/// deletion under way, and the uid where the client left it out. `selfLink` is dropped.
pub fn restore(object: &mut Value, old: &Value) {
    let was = &old["metadata"];
    let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    meta.shift_remove("selfLink");
    copy(meta, was, "generation");
    copy(meta, was, "creationTimestamp");
    if was.has("deletionTimestamp") {
        copy(meta, was, "deletionTimestamp");
        if !meta.contains_key("deletionGracePeriodSeconds") {
            copy(meta, was, "deletionGracePeriodSeconds");
        }
    }
    if meta.get("uid").and_then(Value::as_str).unwrap_or_default().is_empty() {
        copy(meta, was, "uid");
    }
}

/// Puts back all of the metadata that a status never changes, where the kind's status leaves metadata alone.
pub fn restore_for_status(object: &mut Value, old: &Value) {
    let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    for name in ["deletionTimestamp", "generation", "labels", "annotations", "finalizers", "ownerReferences"] {
        copy(meta, &old["metadata"], name);
    }
}

fn copy(meta: &mut Map<String, Value>, from: &Value, name: &str) {
    match from.get(name) {
        Some(value) => {
            meta.insert(name.to_owned(), value.clone());
        }
        None => {
            meta.shift_remove(name);
        }
    }
}

/// When duplicates of owner references were seen, which the warning tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// In the body of a POST or PUT.
    InRequest,
    /// In what a patch or admission produced.
    AfterAdmission,
}

/// Drops repeated owner references (W5) and returns the warning about them.
pub fn drop_duplicate_owners(object: &mut Value, seen: Duplicates) -> Option<String> {
    let owners = object.get_mut("metadata")?.get_mut("ownerReferences")?.as_array_mut()?;
    let mut kept: Vec<Value> = Vec::new();
    let mut repeated: Vec<String> = Vec::new();
    for owner in owners.drain(..) {
        if kept.contains(&owner) {
            let uid = owner.str("uid").to_owned();
            if !repeated.contains(&uid) {
                repeated.push(uid);
            }
        } else {
            kept.push(owner);
        }
    }
    *owners = kept;
    let when = match seen {
        Duplicates::InRequest => "",
        Duplicates::AfterAdmission => " after mutating admission happens",
    };
    (!repeated.is_empty()).then(|| {
        format!(
            ".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, \
             and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
            repeated.join(", ")
        )
    })
}

/// `metadata.resourceVersion: Invalid value: 0: must be specified for an update` (W6), for kinds that need one.
pub fn version_required() -> Error {
    let path = root().child("resourceVersion");
    Error { path, kind: Fault::Invalid(0.into()), detail: "must be specified for an update".to_owned() }
}

#[cfg(test)]
mod tests;
