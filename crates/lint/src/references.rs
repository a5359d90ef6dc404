//! Objects that pods name and that have to be there before a container starts.

use crate::findings::Findings;
use crate::rules::{ACCOUNT_MISSING, CONFIG_MAP_MISSING, KEY_MISSING, SECRET_MISSING};
use crate::workload::Workload;
use crate::{Known, Value};
use stead_api::value::Access;

/// One thing that is named.
struct Reference<'a> {
    kind: &'static str,
    name: &'a str,
    key: Option<&'a str>,
    at: String,
    /// What names it.
    by: String,
}

pub fn check(workload: &Workload<'_>, known: &dyn Known, findings: &mut Findings) {
    let mut references = Vec::new();
    for container in workload.containers() {
        of_environment(container.spec, &container.at, &mut references);
    }
    of_volumes(workload, &mut references);
    for reference in &references {
        judge(workload, reference, known, findings);
    }
    account(workload, known, findings);
}

fn of_environment<'a>(container: &'a Value, at: &str, references: &mut Vec<Reference<'a>>) {
    let by = |what: &str| format!("{what} of container {:?}", container.str("name"));
    for (index, from) in container.items("envFrom").iter().enumerate() {
        for (member, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
            let path = format!("{at}.envFrom[{index}].{member}");
            push(references, kind, &from[member], None, path, by("envFrom"));
        }
    }
    for (index, variable) in container.items("env").iter().enumerate() {
        for (member, kind) in [("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")] {
            let from = &variable["valueFrom"][member];
            let path = format!("{at}.env[{index}].valueFrom.{member}");
            push(references, kind, from, from.get("key").and_then(Value::as_str), path, by(variable.str("name")));
        }
    }
}

fn of_volumes<'a>(workload: &Workload<'a>, references: &mut Vec<Reference<'a>>) {
    for (index, volume) in workload.pod_spec().items("volumes").iter().enumerate() {
        let at = workload.path(&format!("spec.volumes[{index}]"));
        let by = format!("volume {:?}", volume.str("name"));
        let projected = volume["projected"].items("sources").iter().enumerate();
        let sources = projected.map(|(n, source)| (source, format!("{at}.projected.sources[{n}]"))).chain([(volume, at.clone())]);
        for (source, at) in sources {
            for (member, kind) in [("configMap", "ConfigMap"), ("secret", "Secret")] {
                let from = &source[member];
                let keys: Vec<&str> = from.items("items").iter().map(|item| item.str("key")).collect();
                if keys.is_empty() {
                    push(references, kind, from, None, format!("{at}.{member}"), by.clone());
                }
                for (n, key) in keys.into_iter().enumerate() {
                    push(references, kind, from, Some(key), format!("{at}.{member}.items[{n}]"), by.clone());
                }
            }
        }
    }
}

/// Adds it, unless it is absent or optional.
fn push<'a>(references: &mut Vec<Reference<'a>>, kind: &'static str, from: &'a Value, key: Option<&'a str>, at: String, by: String) {
    let name = if from.has("secretName") { from.str("secretName") } else { from.str("name") };
    if !name.is_empty() && !from.flag("optional") {
        references.push(Reference { kind, name, key, at, by });
    }
}

fn judge(workload: &Workload<'_>, reference: &Reference<'_>, known: &dyn Known, findings: &mut Findings) {
    let Reference { kind, name, key, at, by } = reference;
    let (rule, generic) = match *kind {
        "Secret" => (&SECRET_MISSING, "secret generic"),
        _ => (&CONFIG_MAP_MISSING, "configmap"),
    };
    let literal = key.unwrap_or("KEY");
    let Some(object) = known.find(kind, workload.namespace, name) else {
        let message = format!("there is no {kind} {name:?} in namespace {}, which {by} takes: the container waits", workload.namespace);
        let fix = format!("kubectl -n {} create {generic} {name} --from-literal={literal}=VALUE", workload.namespace);
        return findings.add(rule, at, message, fix);
    };
    let Some(key) = key else { return };
    if ["data", "stringData", "binaryData"].iter().any(|map| object[*map].has(key)) {
        return;
    }
    let keys: Vec<&str> =
        ["data", "stringData", "binaryData"].into_iter().filter_map(|map| object.map(map)).flatten().map(|(k, _)| k.as_str()).collect();
    let there = if keys.is_empty() { "no keys".to_owned() } else { keys.join(", ") };
    let message = format!("{kind} {name} has no key {key:?}, which {by} takes; it has {there}");
    findings.add(&KEY_MISSING, at, message, format!("add {key} to the {kind}, or name one of its keys"));
}

/// Every namespace has `default`, made a moment after it.
fn account(workload: &Workload<'_>, known: &dyn Known, findings: &mut Findings) {
    let name = workload.pod_spec().str("serviceAccountName");
    if name.is_empty() || name == "default" || known.find("ServiceAccount", workload.namespace, name).is_some() {
        return;
    }
    let message = format!("there is no ServiceAccount {name:?} in namespace {}: no pod is made", workload.namespace);
    let fix = format!("kubectl -n {} create serviceaccount {name}", workload.namespace);
    findings.add(&ACCOUNT_MISSING, workload.path("spec.serviceAccountName"), message, fix);
}
