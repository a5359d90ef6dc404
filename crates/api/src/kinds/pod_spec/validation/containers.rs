//! Validation of the three lists of containers: what all containers share, and what each list adds or forbids.

use super::{Context, choice, env, mounts, ports, probes, resources, security, texts};
use crate::{
    Value,
    field::{self, Errors, Kind, Path},
    kinds::pod_spec::is_sidecar,
    names,
    value::Access,
};
use std::collections::BTreeSet;

const EPHEMERAL: &str = "cannot be set for an Ephemeral Container";
/// What an ephemeral container may not have, in the order of its fields.
const NOT_EPHEMERAL: [&str; 9] = [
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
];
const MAX_RESTART_RULES: usize = 20;
const MAX_EXIT_CODES: usize = 255;

/// Validates `containers`.
pub fn containers(context: &Context<'_>) -> Errors {
    let path = context.path.child("containers");
    let containers = context.spec.items("containers");
    if containers.is_empty() {
        return vec![field::required(&path, "")];
    }
    let mut errors = Errors::new();
    let mut names = BTreeSet::new();
    for (i, container) in containers.iter().enumerate() {
        let at = path.index(i);
        errors.extend(common(container, context, &at));
        if !names.insert(container.str("name")) {
            errors.push(field::duplicate(&at.child("name"), container.str("name")));
        }
        errors.extend(probes::lifecycle_and_probes(container, context, &at));
        errors.extend(restart_policy(container, &at));
    }
    errors.extend(ports::conflicts(containers, &path));
    errors
}

/// Validates `initContainers`.
pub fn init_containers(context: &Context<'_>) -> Errors {
    let path = context.path.child("initContainers");
    let mut errors = Errors::new();
    let mut names: BTreeSet<&str> = context.spec.items("containers").iter().map(|c| c.str("name")).collect();
    for (i, container) in context.spec.items("initContainers").iter().enumerate() {
        let at = path.index(i);
        errors.extend(common(container, context, &at));
        if container.has("restartPolicy") || !container.items("restartPolicyRules").is_empty() {
            errors.extend(init_restart_policy(container, &at));
        }
        let name = container.str("name");
        if names.contains(name) {
            errors.push(field::duplicate(&at.child("name"), name));
        } else if !name.is_empty() {
            names.insert(name);
        }
        // They run one after another, so their ports meet only their own; upstream counts from 0 each time.
        errors.extend(ports::conflicts(std::slice::from_ref(container), &path));
        if is_sidecar(container) {
            errors.extend(probes::lifecycle_and_probes(container, context, &at));
            continue;
        }
        for member in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            if container.has(member) {
                let detail = "may not be set for init containers without restartPolicy=Always";
                errors.push(field::forbidden(&at.child(member), detail));
            }
        }
        for (j, policy) in container.items("resizePolicy").iter().enumerate() {
            if policy.str("restartPolicy") == "RestartContainer" {
                let at = at.child("resizePolicy").index(j).child("restartPolicy");
                let detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
                errors.push(field::invalid(&at, "RestartContainer", detail));
            }
        }
    }
    errors
}

/// Validates `ephemeralContainers`.
pub fn ephemeral_containers(context: &Context<'_>) -> Errors {
    let path = context.path.child("ephemeralContainers");
    let mut errors = Errors::new();
    let spec = context.spec;
    let others: BTreeSet<&str> = spec.items("containers").iter().chain(spec.items("initContainers")).map(|c| c.str("name")).collect();
    let mut names = others.clone();
    for (i, container) in spec.items("ephemeralContainers").iter().enumerate() {
        let at = path.index(i);
        errors.extend(common(container, context, &at));
        errors.extend(image_whitespace(container, &at));
        let name = container.str("name");
        if !names.insert(name) {
            errors.push(field::duplicate(&at.child("name"), name));
        }
        let target = container.str("targetContainerName");
        if !target.is_empty() && !others.contains(target) {
            errors.push(field::not_found(&at.child("targetContainerName"), target));
        }
        for member in NOT_EPHEMERAL {
            if is_set(container.get(member)) {
                errors.push(field::forbidden(&at.child(member), EPHEMERAL));
            }
        }
        for (j, mount) in container.items("volumeMounts").iter().enumerate() {
            for member in ["subPath", "subPathExpr"] {
                if !mount.str(member).is_empty() {
                    errors.push(field::forbidden(&at.child("volumeMounts").index(j).child(member), EPHEMERAL));
                }
            }
        }
    }
    errors
}

/// Whether a member is present and more than an empty object or list.
fn is_set(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Object(map)) => !map.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(_) => true,
    }
}

/// What a pod's own validation adds to that of templates.
pub fn image_whitespace(container: &Value, path: &Path) -> Errors {
    let image = container.str("image");
    if !image.is_empty() && image.trim() != image {
        vec![field::invalid(&path.child("image"), image, "must not have leading or trailing whitespace")]
    } else {
        Errors::new()
    }
}

fn common(container: &Value, context: &Context<'_>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let name = container.str("name");
    if name.is_empty() {
        errors.push(field::required(&path.child("name"), ""));
    } else {
        errors.extend(texts(&path.child("name"), name, names::dns_label(name)));
    }
    errors.extend(super::needed(container, "image", path));
    errors.extend(choice(container, "terminationMessagePolicy", &["File", "FallbackToLogsOnError"], path));
    errors.extend(ports::validate(container.items("ports"), &path.child("ports")));
    errors.extend(env::variables(container.items("env"), &path.child("env")));
    errors.extend(env::sources(container.items("envFrom"), &path.child("envFrom")));
    errors.extend(mounts::mounts(container, &context.volumes, &path.child("volumeMounts")));
    errors.extend(mounts::devices(container, &context.volumes, &path.child("volumeDevices")));
    errors.extend(choice(container, "imagePullPolicy", &["Always", "IfNotPresent", "Never"], path));
    errors.extend(resources::container(&container["resources"], &context.claims, &path.child("resources")));
    errors.extend(resize_policy(container, context, &path.child("resizePolicy")));
    errors.extend(security::container(container, context, &path.child("securityContext")));
    errors
}

fn resize_policy(container: &Value, context: &Context<'_>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut seen = BTreeSet::new();
    for (i, policy) in container.items("resizePolicy").iter().enumerate() {
        let (resource, restart) = (policy.str("resourceName"), policy.str("restartPolicy"));
        if !seen.insert(resource) {
            errors.push(field::duplicate(&path.index(i), resource));
        }
        match resource {
            "cpu" | "memory" => {}
            "" => errors.push(field::required(path, "")),
            other => errors.push(field::not_supported(path, other, &["cpu", "memory"])),
        }
        match restart {
            "NotRequired" | "RestartContainer" => {}
            "" => errors.push(field::required(path, "")),
            other => errors.push(field::not_supported(path, other, &["NotRequired", "RestartContainer"])),
        }
        if context.spec.str("restartPolicy") == "Never" && restart != "NotRequired" {
            let detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            errors.push(field::invalid(path, restart, detail));
        }
    }
    errors
}

fn init_restart_policy(container: &Value, path: &Path) -> Errors {
    if container.has("restartPolicy") {
        return restart_policy(container, path);
    }
    vec![field::required(&path.child("restartPolicy"), "must specify restartPolicy when restart rules are used")]
}

fn restart_policy(container: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let rules = container.items("restartPolicyRules");
    let at = path.child("restartPolicy");
    match container.get("restartPolicy").and_then(Value::as_str) {
        None if rules.is_empty() => return errors,
        None => errors.push(field::required(&at, "must specify restartPolicy when restart rules are used")),
        Some("Always" | "Never" | "OnFailure") => {}
        Some(other) => errors.push(field::not_supported(&at, other, &["Always", "Never", "OnFailure"])),
    }
    let path = path.child("restartPolicyRules");
    errors.extend(too_many(rules.len(), MAX_RESTART_RULES, &path));
    for (i, rule) in rules.iter().enumerate() {
        errors.extend(restart_rule(rule, &path.index(i)));
    }
    errors
}

fn restart_rule(rule: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let action = rule.str("action");
    if !matches!(action, "Restart" | "RestartAllContainers") {
        errors.push(field::not_supported(&path.child("action"), action, &["Restart", "RestartAllContainers"]));
    }
    let path = path.child("exitCodes");
    let Some(codes) = rule.get("exitCodes") else {
        errors.push(field::required(&path, "must be specified"));
        return errors;
    };
    let operator = codes.str("operator");
    if !matches!(operator, "In" | "NotIn") {
        errors.push(field::not_supported(&path.child("operator"), operator, &["In", "NotIn"]));
    }
    errors.extend(too_many(codes.items("values").len(), MAX_EXIT_CODES, &path.child("values")));
    errors
}

fn too_many(actual: usize, max: usize, path: &Path) -> Option<field::Error> {
    (actual > max).then(|| field::Error { path: path.clone(), kind: Kind::TooMany { actual, max }, detail: String::new() })
}
