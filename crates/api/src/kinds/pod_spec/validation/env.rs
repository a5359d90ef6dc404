//! Validation of environment variables and where their values come from.

use super::{Context, needed, no_backsteps, texts};
use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::pod_spec,
    names,
    value::Access,
};

const ENV_FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
/// Field paths that the downward API understands at all.
const KNOWN_FIELDS: [&str; 13] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.podIP",
    "status.podIPs",
];
const RESOURCES: [&str; 6] =
    ["limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"];
const NO_SOURCE: &str = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
const MANY_SOURCES: &str = "may not have more than one field specified at a time";
const DIVISORS: &str = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei";

/// Validates `env`.
pub fn variables(variables: &[Value], path: &Path) -> Errors {
    let mut errors = Errors::new();
    for (i, variable) in variables.iter().enumerate() {
        let at = path.index(i);
        let name = variable.str("name");
        if name.is_empty() {
            errors.push(field::required(&at.child("name"), ""));
        } else {
            errors.extend(texts(&at.child("name"), name, names::env_var_name(name)));
        }
        if let Some(source) = variable.get("valueFrom") {
            errors.extend(value_from(source, variable, &at.child("valueFrom")));
        }
    }
    errors
}

fn value_from(source: &Value, variable: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut count = 0;
    for (member, rule) in [
        ("fieldRef", env_field as fn(&Value, &Path) -> Errors),
        ("resourceFieldRef", |reference, path| resource_field(reference, path, false)),
        ("configMapKeyRef", key),
        ("secretKeyRef", key),
        ("fileKeyRef", file_key),
    ] {
        if let Some(reference) = source.get(member) {
            count += 1;
            errors.extend(rule(reference, &path.child(member)));
        }
    }
    if count == 0 {
        errors.push(field::invalid(path, "", NO_SOURCE));
    } else if !variable.str("value").is_empty() {
        errors.push(field::invalid(path, "", "may not be specified when `value` is not empty"));
    } else if count > 1 {
        errors.push(field::invalid(path, "", MANY_SOURCES));
    }
    errors
}

/// Validates `envFrom`. How many sources each has is told at the list itself, as upstream does.
pub fn sources(sources: &[Value], path: &Path) -> Errors {
    let mut errors = Errors::new();
    for (i, source) in sources.iter().enumerate() {
        let at = path.index(i);
        let prefix = source.str("prefix");
        if !prefix.is_empty() {
            errors.extend(texts(&at.child("prefix"), prefix, names::env_var_name(prefix)));
        }
        let mut count = 0;
        for member in ["configMapRef", "secretRef"] {
            let Some(reference) = source.get(member) else { continue };
            count += 1;
            let (name, at) = (reference.str("name"), at.child(member).child("name"));
            if name.is_empty() {
                errors.push(field::required(&at, ""));
            } else {
                // A prefix of a name is good enough here, so one trailing dash passes.
                errors.extend(texts(&at, name, names::NameRule::Subdomain.check_prefix(name)));
            }
        }
        if count == 0 {
            errors.push(field::invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"));
        } else if count > 1 {
            errors.push(field::invalid(path, "", MANY_SOURCES));
        }
    }
    errors
}

fn env_field(reference: &Value, path: &Path) -> Errors {
    object_field(reference, &ENV_FIELDS, path)
}

/// Validates a reference to a field of the pod; `allowed` in alphabetical order.
pub fn object_field(reference: &Value, allowed: &[&str], path: &Path) -> Errors {
    for member in ["apiVersion", "fieldPath"] {
        if reference.str(member).is_empty() {
            return vec![field::required(&path.child(member), "")];
        }
    }
    let at = path.child("fieldPath");
    let label = reference.str("fieldPath");
    let internal = match converted(reference.str("apiVersion"), label) {
        Ok(internal) => internal,
        Err(why) => return vec![field::invalid(&at, label, &format!("error converting fieldPath: {why}"))],
    };
    match subscript(internal) {
        Some(("metadata.annotations", key)) => {
            let key = key.to_lowercase();
            texts(path, &key, names::qualified_name(&key)).collect()
        }
        Some((_, key)) => texts(path, key, names::qualified_name(key)).collect(),
        None if !allowed.contains(&internal) => vec![field::not_supported(&at, internal, allowed)],
        None => Errors::new(),
    }
}

/// The field path as the current version knows it.
fn converted<'l>(version: &str, label: &'l str) -> Result<&'l str, String> {
    if version != "v1" {
        return Err(format!("unsupported pod version: {version}"));
    }
    if let Some((path, _)) = subscript(label) {
        return match path {
            "metadata.annotations" | "metadata.labels" => Ok(label),
            _ => Err(format!("field label does not support subscript: {label}")),
        };
    }
    match label {
        "spec.host" => Ok("spec.nodeName"),
        "status.hostIPs" => Ok(label),
        known if KNOWN_FIELDS.contains(&known) => Ok(label),
        _ => Err(format!("field label not supported: {label}")),
    }
}

/// Splits `metadata.labels['key']`.
fn subscript(path: &str) -> Option<(&str, &str)> {
    let (name, key) = path.strip_suffix("']")?.split_once("['")?;
    (!name.is_empty()).then_some((name, key))
}

/// Validates a reference to a resource of a container. In a volume the container must be named.
pub fn resource_field(reference: &Value, path: &Path, in_volume: bool) -> Errors {
    let mut errors = Errors::new();
    let resource = reference.str("resource");
    let huge = ["requests.hugepages-", "limits.hugepages-"].iter().any(|p| resource.starts_with(p));
    if in_volume && reference.str("containerName").is_empty() {
        errors.push(field::required(&path.child("containerName"), ""));
    } else if resource.is_empty() {
        errors.push(field::required(&path.child("resource"), ""));
    } else if !RESOURCES.contains(&resource) && !huge {
        errors.push(field::not_supported(&path.child("resource"), resource, &RESOURCES));
    }
    let what = match resource {
        "limits.cpu" | "requests.cpu" => "cpu",
        "limits.memory" | "requests.memory" => "memory",
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => "local ephemeral storage",
        _ if huge => "hugepages",
        _ => return errors,
    };
    let values = if what == "cpu" { "1m and 1" } else { DIVISORS };
    let divisor = reference.str("divisor");
    let allowed = match divisor {
        "" | "0" => true,
        divisor if what == "cpu" => matches!(divisor, "1m" | "1"),
        divisor => DIVISORS.split(", ").any(|d| d == divisor),
    };
    if !allowed {
        let detail = format!("only divisor's values {values} are supported with the {what} resource");
        errors.push(field::invalid(&path.child("divisor"), resource, &detail));
    }
    errors
}

fn key(reference: &Value, path: &Path) -> Errors {
    let name = reference.str("name");
    let mut errors: Errors = texts(&path.child("name"), name, names::dns_subdomain(name)).collect();
    let key = reference.str("key");
    if key.is_empty() {
        errors.push(field::required(&path.child("key"), ""));
    } else {
        errors.extend(texts(&path.child("key"), key, names::config_map_key(key)));
    }
    errors
}

fn file_key(reference: &Value, path: &Path) -> Errors {
    let mut errors = needed(reference, "key", path);
    let key = reference.str("key");
    if !key.is_empty() {
        errors.extend(texts(&path.child("key"), key, names::env_var_name(key)));
    }
    let volume = reference.str("volumeName");
    errors.extend(needed(reference, "volumeName", path));
    if !volume.is_empty() {
        errors.extend(texts(&path.child("volumeName"), volume, names::dns_label(volume)));
    }
    errors.extend(needed(reference, "path", path));
    errors.extend(no_backsteps(reference.str("path"), &path.child("path")));
    errors
}

/// A file that a variable is read from lies in an emptyDir of the pod.
pub fn file_key_volumes(context: &Context<'_>) -> Errors {
    let mut errors = Errors::new();
    for (container, path) in pod_spec::containers(context.spec, &context.path) {
        for (i, variable) in container.items("env").iter().enumerate() {
            let Some(reference) = variable.get("valueFrom").and_then(|v| v.get("fileKeyRef")) else { continue };
            let at = path.child("env").index(i).child("valueFrom").child("fileKeyRef").child("volumeName");
            let name = reference.str("volumeName");
            let volume = context.spec.items("volumes").iter().rev().find(|v| v.str("name") == name);
            match volume {
                None => errors.push(field::not_found(&at, name)),
                Some(volume) if !volume.has("emptyDir") => {
                    errors.push(field::invalid(&at, name, "referenced volume must be of type emptyDir"));
                }
                Some(_) => {}
            }
        }
    }
    errors
}
