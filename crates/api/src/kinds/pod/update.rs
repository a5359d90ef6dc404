//! Which changes to a pod are allowed: a few fields of the spec, and ephemeral containers by their own path.

use super::metadata_and_spec;
use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    kinds::{difference, pod_spec::validation::tolerations},
    names,
    value::Access,
};

const MIRROR: &str = "kubernetes.io/config.mirror";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const FROZEN: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
    `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// Validates a change by the main path.
pub fn main(object: &Value, old: &Value) -> Errors {
    let path = Path::new("spec");
    let mut errors = metadata_and_spec(object);
    errors.extend(annotations(object, old));
    let (spec, before) = (&object["spec"], &old["spec"]);
    for list in ["containers", "initContainers"] {
        let (new, at) = (spec.items(list), path.child(list));
        if new.len() != before.items(list).len() {
            errors.push(field::forbidden(&at, "pod updates may not add or remove containers"));
            return errors;
        }
        for (i, container) in new.iter().enumerate() {
            errors.extend(image(container, &at.index(i).child("image")));
        }
    }
    if let Some(error) = deadline(spec, before, &path.child("activeDeadlineSeconds")) {
        let stop = spec.has("activeDeadlineSeconds");
        errors.push(error);
        if stop {
            return errors;
        }
    }
    errors.extend(added_tolerations(spec.items("tolerations"), before.items("tolerations"), &path.child("tolerations")));
    errors.extend(removed_gates(spec.items("schedulingGates"), before.items("schedulingGates"), &path));
    if spec == before {
        return errors;
    }
    let mut rest = spec.clone();
    take_allowed(&mut rest, before);
    if !before.items("schedulingGates").is_empty() {
        errors.extend(take_gated(&mut rest, before, &path));
    }
    if rest != *before {
        errors.push(field::forbidden(&path, &format!("{FROZEN}{}", difference::of_specs(before, &rest))));
    }
    errors
}

/// Annotations that may not come, go or change.
pub fn annotations(object: &Value, old: &Value) -> Errors {
    let mut errors = Errors::new();
    let path = Path::new("metadata").child("annotations");
    let empty = crate::Map::new();
    let [new, before] = [object, old].map(|o| o["metadata"].map("annotations").unwrap_or(&empty));
    let kind = |key: &str| {
        if key.starts_with(APP_ARMOR) { Some("AppArmor annotations") } else { (key == MIRROR).then_some("mirror pod annotation") }
    };
    for (key, _) in before.iter().filter(|(key, value)| new.get(*key) != Some(*value)) {
        if let Some(kind) = kind(key) {
            errors.push(field::forbidden(&path.key(key), &format!("may not remove or update {kind}")));
        }
    }
    for key in new.keys().filter(|key| !before.contains_key(*key)) {
        if let Some(kind) = kind(key) {
            errors.push(field::forbidden(&path.key(key), &format!("may not add {kind}")));
        }
    }
    errors
}

fn image(container: &Value, path: &Path) -> Errors {
    let image = container.str("image");
    if image.is_empty() {
        vec![field::required(path, "")]
    } else if image.trim() != image {
        vec![field::invalid(path, image, "must not have leading or trailing whitespace")]
    } else {
        Errors::new()
    }
}

/// A deadline may be set and brought forward.
fn deadline(spec: &Value, before: &Value, path: &Path) -> Option<field::Error> {
    let [new, old] = [spec, before].map(|s| s.int("activeDeadlineSeconds"));
    match (new, old) {
        (Some(new), _) if !(0..=i64::from(i32::MAX)).contains(&new) => {
            Some(field::invalid(path, new, &names::between(0, i64::from(i32::MAX))))
        }
        (Some(new), Some(old)) if old < new => Some(field::invalid(path, new, "must be less than or equal to previous value")),
        (None, Some(_)) => Some(field::invalid(path, Value::Null, "must not update from a positive integer to nil value")),
        _ => None,
    }
}

fn added_tolerations(new: &[Value], old: &[Value], path: &Path) -> Errors {
    let plain = |toleration: &Value| {
        let mut toleration = toleration.clone();
        toleration.drop("tolerationSeconds");
        toleration
    };
    if old.iter().any(|old| !new.iter().any(|new| plain(new) == plain(old))) {
        return vec![field::forbidden(path, "existing toleration can not be modified except its tolerationSeconds")];
    }
    tolerations::validate(new, path)
}

fn removed_gates(new: &[Value], old: &[Value], path: &Path) -> Errors {
    let added = new.iter().enumerate().filter(|(_, gate)| !old.iter().any(|o| o.str("name") == gate.str("name")));
    added
        .map(|(i, gate)| {
            let at = path.child("schedulingGates").index(i).child("name");
            let name = gate.str("name");
            field::forbidden(&at, &format!("only deletion is allowed, but found new scheduling gate '{name}'"))
        })
        .collect()
}

/// Sets `spec` back to `before` where any pod may change.
fn take_allowed(spec: &mut Value, before: &Value) {
    for list in ["containers", "initContainers"] {
        for (container, old) in spec.items_mut(list).iter_mut().zip(before.items(list)) {
            take(container, old, "image");
        }
    }
    for member in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] {
        take(spec, before, member);
    }
    if before.int("terminationGracePeriodSeconds").is_some_and(|s| s < 0) && spec.int("terminationGracePeriodSeconds") == Some(1) {
        take(spec, before, "terminationGracePeriodSeconds");
    }
}

fn take(new: &mut Value, old: &Value, member: &str) {
    match old.get(member) {
        Some(value) => new[member] = value.clone(),
        None => {
            new.drop(member);
        }
    }
}

/// Sets `spec` back to `before` where a gated pod may change: it may narrow down its nodes.
fn take_gated(spec: &mut Value, before: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let [new, old] = [&*spec, before].map(|s| s.map("nodeSelector").cloned().unwrap_or_default());
    if old.iter().any(|(key, value)| new.get(key) != Some(value)) {
        let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        errors.push(field::invalid(&path.child("nodeSelector"), new, detail));
    }
    take(spec, before, "nodeSelector");
    let node = |spec: &Value| spec.get("affinity").and_then(|a| a.get("nodeAffinity")).cloned();
    let (new, old) = (node(spec), node(before));
    if new == old {
        return errors;
    }
    if let Some(old) = &old {
        let at = path.child("affinity").child("nodeAffinity").child(REQUIRED).child("nodeSelectorTerms");
        errors.extend(narrowed(new.as_ref(), old, &at));
    }
    match old {
        Some(old) => {
            spec.default_to("affinity", json!({}));
            spec["affinity"]["nodeAffinity"] = old;
        }
        None => {
            spec["affinity"].drop("nodeAffinity");
            if !before.has("affinity") && spec["affinity"].as_object().is_some_and(|a| a.is_empty()) {
                spec.drop("affinity");
            }
        }
    }
    errors
}

fn narrowed(new: Option<&Value>, old: &Value, path: &Path) -> Errors {
    let terms = |affinity: &Value| affinity.get(REQUIRED).map_or_else(Vec::new, |r| r.items("nodeSelectorTerms").to_vec());
    let (new, old) = (new.map_or_else(Vec::new, terms), terms(old));
    if !old.is_empty() && old.len() != new.len() {
        let detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        return vec![field::invalid(path, new, detail)];
    }
    let only_added = |new: &Value, old: &Value| {
        let lists = ["matchExpressions", "matchFields"];
        let had_any = lists.iter().any(|m| !old.items(m).is_empty());
        let has_any = lists.iter().any(|m| !new.items(m).is_empty());
        (had_any || !has_any) && lists.iter().all(|m| new.items(m).starts_with(old.items(m)))
    };
    let wrong = old.iter().zip(&new).enumerate().filter(|(_, (old, new))| !only_added(new, old));
    wrong
        .map(|(i, (_, new))| field::invalid(&path.index(i), new.clone(), "only additions are allowed (no mutations or deletions)"))
        .collect()
}

/// Validates a change of the ephemeral containers: they are only added.
pub fn ephemeral_containers(object: &Value, old: &Value) -> Errors {
    let mut errors = metadata_and_spec(object);
    errors.extend(annotations(object, old));
    if old["metadata"].get("annotations").is_some_and(|a| a.has(MIRROR)) {
        return vec![field::forbidden(&Path::default(), "static pods do not support ephemeral containers")];
    }
    let path = Path::new("spec").child("ephemeralContainers");
    let new = object["spec"].items("ephemeralContainers");
    for old in old["spec"].items("ephemeralContainers") {
        let name = old.str("name");
        match new.iter().rev().find(|c| c.str("name") == name) {
            None => {
                let detail = format!("existing ephemeral containers {name:?} may not be removed\n");
                errors.push(field::forbidden(&path, &detail));
            }
            Some(new) if new != old => {
                let detail = format!("existing ephemeral containers {name:?} may not be changed{}", difference::of_specs(old, new));
                errors.push(field::forbidden(&path, &detail));
            }
            Some(_) => {}
        }
    }
    errors
}
