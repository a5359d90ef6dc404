//! Validation of pod specs: every rule, with upstream's texts and in upstream's order. Pure; never changes a value.
//! Input: a defaulted, canonical pod spec. Output: field errors.

pub mod affinity;
pub mod amounts;
pub mod annotations;
pub mod claims;
mod containers;
mod dns;
mod env;
mod host;
mod mounts;
mod ports;
mod probes;
mod projected;
pub mod resources;
mod security;
mod spread;
#[cfg(test)]
mod tests;
pub mod tolerations;
pub mod volume_drivers;
pub mod volumes;
mod windows;

use crate::{
    Map, Value,
    field::{self, Errors, Path},
    names,
    value::Access,
};
use std::collections::{BTreeMap, BTreeSet};

/// The valid volumes of a pod by name.
pub type Volumes<'a> = BTreeMap<&'a str, &'a Value>;

/// What the rules for one part of a pod spec need to know of the rest.
#[derive(Debug)]
pub struct Context<'a> {
    pub spec: &'a Value,
    pub path: Path,
    /// A pod, not a template.
    pub is_pod: bool,
    pub volumes: Volumes<'a>,
    pub claims: BTreeSet<&'a str>,
}

impl<'a> Context<'a> {
    /// Seconds for a graceful stop.
    fn grace(&self) -> Option<i64> {
        self.spec.int("terminationGracePeriodSeconds")
    }
    /// The operating system asked for.
    fn os(&self) -> Option<&'a str> {
        self.spec.get("os").map(|os| os.str("name"))
    }
    /// Whether the pod shares the user namespace of the host.
    fn host_users(&self) -> bool {
        self.spec.get("hostUsers").and_then(Value::as_bool).unwrap_or(true)
    }
}

/// A pod as the validation of its spec sees it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub metadata: &'a Value,
    /// A pod, not a template.
    pub is_pod: bool,
}

/// Validates a pod spec.
pub fn spec(spec: &Value, subject: Subject<'_>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let (volumes, volume_errors) = volumes::validate(spec.items("volumes"), subject, &path.child("volumes"));
    errors.extend(volume_errors);
    let claims = spec.items("resourceClaims");
    errors.extend(resources::pod_claims(claims, subject, &path.child("resourceClaims")));
    let claims = claims.iter().map(|c| c.str("name")).filter(|n| !n.is_empty()).collect();
    let context = Context { spec, path: path.clone(), is_pod: subject.is_pod, volumes, claims };
    errors.extend(containers::containers(&context));
    errors.extend(containers::init_containers(&context));
    errors.extend(containers::ephemeral_containers(&context));
    if let Some(wanted) = spec.get("resources") {
        errors.extend(resources::pod(wanted, &context));
    }
    errors.extend(ports::host_network(&context));
    errors.extend(policies(&context));
    errors.extend(placement(&context));
    errors.extend(windows::host_process(&context));
    errors.extend(host::validate(&context));
    errors.extend(identity(&context));
    errors.extend(classes(&context));
    if let Some(os) = spec.get("os") {
        errors.extend(windows::operating_system(os, &context));
    }
    errors.extend(host::scheduling_group(&context));
    errors.extend(env::file_key_volumes(&context));
    errors
}

/// How it restarts, resolves names, selects nodes and is confined.
fn policies(context: &Context<'_>) -> Errors {
    let (spec, path) = (context.spec, &context.path);
    let mut errors = choice(spec, "restartPolicy", &["Always", "OnFailure", "Never"], path);
    errors.extend(choice(spec, "dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"], path));
    errors.extend(crate::selector::validate_labels(spec.map("nodeSelector"), &path.child("nodeSelector")));
    errors.extend(security::pod(context));
    errors
}

/// Where it may run, and what must hold before it does.
fn placement(context: &Context<'_>) -> Errors {
    let (spec, path) = (context.spec, &context.path);
    let mut errors = Errors::new();
    if let Some(affinity) = spec.get("affinity") {
        errors.extend(affinity::validate(affinity, &path.child("affinity")));
    }
    errors.extend(dns::config(context));
    for (i, gate) in spec.items("readinessGates").iter().enumerate() {
        let at = path.child("readinessGates").index(i).child("conditionType");
        let condition = gate.str("conditionType");
        errors.extend(texts(&at, condition, names::qualified_name(condition)));
    }
    let mut seen = BTreeSet::new();
    for (i, gate) in spec.items("schedulingGates").iter().enumerate() {
        let at = path.child("schedulingGates").index(i);
        let name = gate.str("name");
        errors.extend(texts(&at, name, names::qualified_name(name)));
        if !seen.insert(name) {
            errors.push(field::duplicate(&at, name));
        }
    }
    errors.extend(spread::validate(context));
    errors
}

/// Who the pod is, where and how long it runs, and what it tolerates.
fn identity(context: &Context<'_>) -> Errors {
    let (spec, path) = (context.spec, &context.path);
    let mut errors = Errors::new();
    for member in ["serviceAccountName", "nodeName"] {
        let value = spec.str(member);
        if !value.is_empty() {
            errors.extend(texts(&path.child(member), value, names::dns_subdomain(value)));
        }
    }
    if let Some(seconds) = spec.int("activeDeadlineSeconds")
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let detail = names::between(1, i64::from(i32::MAX));
        errors.push(field::invalid(&path.child("activeDeadlineSeconds"), seconds, &detail));
    }
    for member in ["hostname", "subdomain"] {
        let value = spec.str(member);
        if !value.is_empty() {
            errors.extend(texts(&path.child(member), value, names::dns_label(value)));
        }
    }
    errors.extend(tolerations::validate(spec.items("tolerations"), &path.child("tolerations")));
    errors.extend(host::aliases(context));
    errors
}

/// The classes it names, and what those add.
fn classes(context: &Context<'_>) -> Errors {
    let (spec, path) = (context.spec, &context.path);
    let mut errors = Errors::new();
    for member in ["priorityClassName", "runtimeClassName"] {
        if let Some(name) = spec.get(member).and_then(Value::as_str) {
            errors.extend(texts(&path.child(member), name, names::dns_subdomain(name)));
        }
    }
    if spec.has("preemptionPolicy") {
        errors.extend(choice(spec, "preemptionPolicy", &["PreemptLowerPriority", "Never"], path));
    }
    if spec.map("overhead").is_some_and(|o| !o.is_empty()) {
        errors.extend(resources::overhead(&spec["overhead"], &path.child("overhead")));
    }
    errors
}

/// One error per text about `value`.
pub fn texts<'t>(path: &'t Path, value: &'t str, found: Vec<String>) -> impl Iterator<Item = field::Error> + use<'t> {
    found.into_iter().map(move |text| field::invalid(path, value, &text))
}

/// A string member that must be one of some values: required, and supported.
pub fn choice(parent: &Value, member: &str, supported: &[&str], path: &Path) -> Errors {
    let value = parent.str(member);
    if value.is_empty() {
        vec![field::required(&path.child(member), "")]
    } else if supported.contains(&value) {
        Errors::new()
    } else {
        vec![field::not_supported(&path.child(member), value, supported)]
    }
}

/// A member that must not be empty.
pub fn needed(parent: &Value, member: &str, path: &Path) -> Errors {
    if parent.str(member).is_empty() { vec![field::required(&path.child(member), "")] } else { Errors::new() }
}

/// An integer that may not be negative.
pub fn not_negative(parent: &Value, member: &str, path: &Path) -> Errors {
    match parent.int(member) {
        Some(value) if value < 0 => {
            vec![field::invalid(&path.child(member), value, "must be greater than or equal to 0")]
        }
        _ => Errors::new(),
    }
}

/// A path that must not climb out with `..`.
pub fn no_backsteps(value: &str, path: &Path) -> Errors {
    if value.split('/').any(|part| part == "..") { vec![field::invalid(path, value, "must not contain '..'")] } else { Errors::new() }
}

/// A relative path that stays below its base.
pub fn descending_path(value: &str, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if value.starts_with('/') {
        errors.push(field::invalid(path, value, "must be a relative path"));
    }
    errors.extend(no_backsteps(value, path));
    errors
}

/// A port by number or by name.
pub fn port(value: &Value, path: &Path) -> Errors {
    match value {
        Value::String(name) => texts(path, name, names::port_name(name)).collect(),
        number => {
            let number = number.as_i64().unwrap_or_default();
            names::port_number(number).iter().map(|text| field::invalid(path, number, text)).collect()
        }
    }
}

/// The members of a map in the order of their names.
pub fn sorted(map: Option<&Map<String, Value>>) -> BTreeMap<&str, &Value> {
    map.into_iter().flatten().map(|(name, value)| (name.as_str(), value)).collect()
}

/// Validates the spec of a pod, with what templates are spared.
pub fn pod(metadata: &Value, spec: &Value, path: &Path) -> Errors {
    let subject = Subject { metadata, is_pod: true };
    let mut errors = self::spec(spec, subject, path);
    errors.extend(volumes::tokens_without_account(spec, path));
    for list in ["containers", "initContainers"] {
        for (i, container) in spec.items(list).iter().enumerate() {
            errors.extend(containers::image_whitespace(container, &path.child(list).index(i)));
        }
    }
    errors
}
