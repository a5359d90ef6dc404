//! Validation of the specs of persistent volume claims, where a pod or a StatefulSet carries them as a template.

use super::texts;
use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::pod_spec::amount,
    meta, names, selector,
    value::Access,
};

const ACCESS_MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
/// How a volume is given to containers.
pub const VOLUME_MODES: [&str; 2] = ["Block", "Filesystem"];

/// Validates the claim template of an ephemeral volume.
pub fn template(template: &Value, path: &Path) -> Errors {
    let metadata = &template["metadata"];
    let at = path.child("metadata");
    let mut errors = meta::validate_annotations(metadata.map("annotations"), &at.child("annotations"));
    errors.extend(selector::validate_labels(metadata.map("labels"), &at.child("labels")));
    for member in metadata.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null()).map(|(m, _)| m.as_str()) {
        if !matches!(member, "labels" | "annotations") {
            errors.push(field::forbidden(&at.child(upstream_name(member)), "cannot be set"));
        }
    }
    errors.extend(spec(&template["spec"], &path.child("spec")));
    errors
}

/// Upstream derives the path from the name of the Go field.
fn upstream_name(member: &str) -> &str {
    match member {
        "uid" => "uID",
        other => other,
    }
}

/// Validates a claim's spec.
pub fn spec(spec: &Value, path: &Path) -> Errors {
    let mut errors = access_modes(spec, path);
    errors.extend(storage(spec, &path.child("resources").key("storage")));
    errors.extend(class(spec, "storageClassName", path));
    if let Some(mode) = spec.get("volumeMode").and_then(Value::as_str)
        && !VOLUME_MODES.contains(&mode)
    {
        errors.push(field::not_supported(&path.child("volumeMode"), mode, &VOLUME_MODES));
    }
    errors.extend(data_sources(spec, path));
    errors.extend(class(spec, "volumeAttributesClassName", path));
    errors
}

fn class(spec: &Value, member: &str, path: &Path) -> Errors {
    let name = spec.str(member);
    if name.is_empty() {
        return Errors::new();
    }
    texts(&path.child(member), name, names::dns_subdomain(name)).collect()
}

fn access_modes(spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let at = path.child("accessModes");
    let modes = spec.items("accessModes");
    if modes.is_empty() {
        errors.push(field::required(&at, "at least 1 access mode is required"));
    }
    if let Some(selector) = spec.get("selector") {
        errors.extend(selector::validate_label_selector(selector, &path.child("selector")));
    }
    errors.extend(known_modes(modes, &at));
    errors
}

/// Validates the access modes of a claim or volume that has some.
pub fn known_modes(modes: &[Value], at: &Path) -> Errors {
    let known = |mode: &Value| ACCESS_MODES.iter().any(|known| mode == known);
    let unknown = modes.iter().filter(|mode| !known(mode));
    let mut errors: Errors = unknown.map(|mode| field::not_supported(at, mode.clone(), &ACCESS_MODES)).collect();
    let (alone, shared): (Vec<_>, Vec<_>) = modes.iter().filter(|mode| known(mode)).partition(|mode| *mode == "ReadWriteOncePod");
    if !alone.is_empty() && !shared.is_empty() {
        errors.push(field::forbidden(at, "may not use ReadWriteOncePod with other access modes"));
    }
    errors
}

fn storage(spec: &Value, path: &Path) -> Errors {
    let requests = spec.get("resources").and_then(|r| r.get("requests"));
    match requests.and_then(|r| r.get("storage")).and_then(amount::of) {
        None => vec![field::required(path, "")],
        Some(amount) if amount.signum() <= 0 => {
            vec![field::invalid(path, amount.to_string(), "must be greater than zero")]
        }
        Some(_) => Errors::new(),
    }
}

fn data_sources(spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let [source, reference] = ["dataSource", "dataSourceRef"].map(|m| spec.get(m).filter(|v| !v.is_null()));
    if let Some(source) = source {
        errors.extend(data_source(source, &path.child("dataSource")));
    }
    let Some(reference) = reference else { return errors };
    let at = path.child("dataSourceRef");
    errors.extend(data_source(reference, &at));
    let namespace = reference.str("namespace");
    if !namespace.is_empty() {
        errors.extend(texts(&at.child("namespace"), namespace, names::dns_label(namespace)));
    }
    let Some(source) = source else { return errors };
    let shown = path.child("dataSource").to_string();
    if !namespace.is_empty() {
        let detail = "may not be specified when dataSourceRef.namespace is specified";
        errors.push(field::invalid(path, shown, detail));
    } else if ["apiGroup", "kind", "name"].iter().any(|m| source.get(m) != reference.get(m)) {
        errors.push(field::invalid(path, shown, "must match dataSourceRef"));
    }
    errors
}

fn data_source(source: &Value, path: &Path) -> Errors {
    let mut errors = super::needed(source, "name", path);
    errors.extend(super::needed(source, "kind", path));
    let (group, kind) = (source.str("apiGroup"), source.str("kind"));
    if group.is_empty() {
        if kind != "PersistentVolumeClaim" {
            let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
            errors.push(field::invalid(path, kind, detail));
        }
    } else {
        errors.extend(texts(&path.child("apiGroup"), group, names::dns_subdomain(group)));
    }
    errors
}
