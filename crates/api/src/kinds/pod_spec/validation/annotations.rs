//! Validation of the annotations that mean something to pods, and that old ones agree with the fields that replaced them.

use super::sorted;
use crate::{
    Map, Value,
    field::{self, Errors, Path},
    kinds::pod_spec,
    value::Access,
};

const MIRROR: &str = "kubernetes.io/config.mirror";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Validates the annotations that mean something to pods.
pub fn of_pod(annotations: Option<&Map<String, Value>>, spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let all = sorted(annotations);
    let get = |key: &str| all.get(key).and_then(|v| v.as_str());
    if get(MIRROR).is_some() && spec.str("nodeName").is_empty() {
        let at = path.key(MIRROR);
        errors.push(field::invalid(&at, get(MIRROR).unwrap_or_default(), "must set spec.nodeName if mirror pod annotation is set"));
    }
    if let Some(cost) = get(DELETION_COST)
        && !is_deletion_cost(cost)
    {
        errors.push(field::invalid(&path.key(DELETION_COST), cost, "must be a 32bit integer"));
    }
    if let Some(profile) = get(SECCOMP_POD) {
        errors.extend(seccomp(profile, &path.child(SECCOMP_POD)));
    }
    for (key, value) in &all {
        let value = value.as_str().unwrap_or_default();
        if key.starts_with(SECCOMP_CONTAINER) {
            errors.extend(seccomp(value, &path.child(key)));
        }
    }
    for (key, value) in &all {
        let value = value.as_str().unwrap_or_default();
        let Some(container) = key.strip_prefix(APP_ARMOR) else { continue };
        let at = path.key(key);
        if !pod_spec::containers(spec, &Path::default()).iter().any(|(c, _)| c.str("name") == container) {
            errors.push(field::invalid(&at, container, "container not found"));
        }
        if !matches!(value, "" | "runtime/default" | "unconfined") && !value.starts_with("localhost/") {
            errors.push(field::invalid(&at, value, &format!("invalid AppArmor profile name: {value:?}")));
        }
    }
    errors
}

/// A plain decimal number without a leading plus or needless zeros.
fn is_deletion_cost(cost: &str) -> bool {
    let plain = !cost.starts_with('+') && (cost == "0" || !cost.starts_with('0'));
    plain && cost.parse::<i32>().is_ok()
}

fn seccomp(profile: &str, path: &Path) -> Errors {
    match profile.strip_prefix("localhost/") {
        Some(file) => super::descending_path(file, path),
        None if matches!(profile, "runtime/default" | "docker/default" | "unconfined") => Errors::new(),
        None => vec![field::invalid(path, profile, "must be a valid seccomp profile")],
    }
}

/// Validates on create that old annotations and the fields that replaced them agree.
pub fn match_fields(metadata: &Value, spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let Some(annotations) = metadata.map("annotations") else { return errors };
    let get = |key: &str| annotations.get(key).and_then(Value::as_str);
    let windows = spec.get("os").is_some_and(|os| os.str("name") == "windows");
    let of_pod = spec.get("securityContext").and_then(|s| s.get("seccompProfile"));
    if let (Some(annotation), Some(profile)) = (get(SECCOMP_POD), of_pod) {
        errors.extend(agree(annotation, profile, "seccomp", &path.child("securityContext").child("seccompProfile")));
    }
    for (container, at) in pod_spec::containers(spec, path) {
        let security = container.get("securityContext");
        let key = format!("{SECCOMP_CONTAINER}{}", container.str("name"));
        let own = security.and_then(|s| s.get("seccompProfile"));
        if let (Some(annotation), Some(profile)) = (get(&key), own) {
            errors.extend(agree(annotation, profile, "seccomp", &at.child("securityContext").child("seccompProfile")));
        }
    }
    if windows {
        return errors;
    }
    let of_pod = spec.get("securityContext").and_then(|s| s.get("appArmorProfile"));
    for (container, at) in pod_spec::containers(spec, path) {
        let own = container.get("securityContext").and_then(|s| s.get("appArmorProfile"));
        let key = format!("{APP_ARMOR}{}", container.str("name"));
        if let (Some(annotation), Some(profile)) = (get(&key), own.or(of_pod)) {
            errors.extend(agree(annotation, profile, "apparmor", &at.child("securityContext").child("appArmorProfile")));
        }
    }
    errors
}

fn agree(annotation: &str, profile: &Value, what: &str, path: &Path) -> Option<field::Error> {
    let differs = || field::forbidden(&path.child("type"), &format!("{what} type in annotation and field must match"));
    match profile.str("type") {
        "Unconfined" => (annotation != "unconfined").then(differs),
        "RuntimeDefault" => (!matches!(annotation, "runtime/default" | "docker/default")).then(differs),
        "Localhost" => match annotation.strip_prefix("localhost/") {
            None => Some(differs()),
            Some(file) if file != profile.str("localhostProfile") => {
                Some(field::forbidden(&path.child("localhostProfile"), &format!("{what} profile in annotation and field must match")))
            }
            Some(_) => None,
        },
        _ => None,
    }
}
