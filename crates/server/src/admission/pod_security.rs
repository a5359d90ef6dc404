//! PodSecurity (M8): pods keep to the standard that their namespace's labels ask for. Pods that violate the enforced one are refused;
//! those that violate the other, objects that will make such pods, and new labels that present pods violate get a warning.

use super::{Attributes, Operation, Plugin, ready};
use crate::cluster::Cluster;
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use stead_api::pod_security::{Level, Policy, Standard, details, reasons};
use stead_api::registry::Part;
use stead_api::value::Access;
use stead_api::{Status, Value};

/// So many pods of a namespace are looked at when its labels change.
const PODS_MAX: usize = 3000;

#[derive(Debug)]
pub(super) struct PodSecurity;

impl Plugin for PodSecurity {
    fn name(&self) -> &'static str {
        "PodSecurity"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        let about = attributes.is_about("Pod") || attributes.is_about("Namespace") || makes_pods(attributes);
        let written = match attributes.operation {
            Operation::Create | Operation::Update { part: Part::Main, .. } => true,
            Operation::Update { part: Part::Other(name), .. } => {
                attributes.is_about("Pod") && matches!(name, "ephemeralcontainers" | "resize")
            }
            Operation::Update { part: Part::Status, .. } | Operation::Delete => false,
        };
        about && written
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a Value) -> BoxFuture<'a, Result<Vec<String>, Status>> {
        ready(match attributes.target.kind.kind {
            "Namespace" => judge_namespace(attributes, object),
            "Pod" => judge_pod(attributes, object),
            "CronJob" => judge_template(attributes, &object["spec"]["jobTemplate"]["spec"]["template"]),
            "PodTemplate" => judge_template(attributes, &object["template"]),
            _ => judge_template(attributes, &object["spec"]["template"]),
        })
    }
}

/// Kinds whose template becomes pods.
fn makes_pods(attributes: &Attributes<'_>) -> bool {
    let kind = &attributes.target.kind;
    matches!(
        (kind.group, kind.kind),
        ("apps", "StatefulSet" | "Deployment" | "ReplicaSet" | "DaemonSet")
            | ("batch", "Job" | "CronJob")
            | ("", "ReplicationController" | "PodTemplate")
    )
}

fn policy(attributes: &Attributes<'_>) -> Result<Policy, Status> {
    let cluster = attributes.cluster;
    let namespace = cluster.read(&cluster.kinds.built_in("namespaces"), "", &attributes.target.namespace)?;
    let namespace = namespace.ok_or_else(|| Status::internal(&format!("failed to lookup namespace {}", attributes.target.namespace)))?;
    Ok(Policy::of(&namespace["metadata"]["labels"]).0)
}

fn judge_pod(attributes: &Attributes<'_>, pod: &Value) -> Result<Vec<String>, Status> {
    if let Operation::Update { old, .. } = attributes.operation
        && !is_significant(pod, old)
    {
        return Ok(Vec::new());
    }
    let policy = policy(attributes)?;
    let violations = policy.enforce.violations(&pod["metadata"], &pod["spec"]);
    if !violations.is_empty() {
        // A generated name is not known yet where upstream judges.
        let name = if pod["metadata"].has("generateName") { "" } else { pod["metadata"].str("name") };
        let why = format!("violates PodSecurity \"{}\": {}", policy.enforce, details(&violations));
        return Err(Status::forbidden(&attributes.target.kind, name, &why));
    }
    Ok(warnings(policy.warn, pod))
}

fn judge_template(attributes: &Attributes<'_>, template: &Value) -> Result<Vec<String>, Status> {
    if !template.is_object() {
        return Ok(Vec::new());
    }
    Ok(warnings(policy(attributes)?.warn, template))
}

fn warnings(standard: Standard, pod: &Value) -> Vec<String> {
    let violations = standard.violations(&pod["metadata"], &pod["spec"]);
    if violations.is_empty() {
        return Vec::new();
    }
    vec![format!("would violate PodSecurity \"{standard}\": {}", details(&violations))]
}

/// Whether anything changes that the standards look at: only images and new containers can.
fn is_significant(pod: &Value, old: &Value) -> bool {
    ["initContainers", "containers", "ephemeralContainers"].iter().any(|list| {
        let (new, old) = (pod["spec"].items(list), old["spec"].items(list));
        new.len() != old.len() || new.iter().zip(old).any(|(new, old)| new.str("image") != old.str("image"))
    })
}

fn judge_namespace(attributes: &Attributes<'_>, namespace: &Value) -> Result<Vec<String>, Status> {
    let (policy, errors) = Policy::of(&namespace["metadata"]["labels"]);
    let former = match attributes.operation {
        Operation::Update { old, .. } => Some(Policy::of(&old["metadata"]["labels"])),
        Operation::Create | Operation::Delete => None,
    };
    let known = |errors: &_| former.as_ref().is_some_and(|(_, old)| old == errors);
    if !errors.is_empty() && !known(&errors) {
        return Err(Status::invalid(&attributes.target.kind, namespace["metadata"].str("name"), &errors));
    }
    let Some((former, _)) = former else { return Ok(Vec::new()) };
    let relaxed = policy.enforce.version == former.enforce.version && policy.enforce.level <= former.enforce.level;
    if policy.enforce.level == Level::Privileged || relaxed {
        return Ok(Vec::new());
    }
    present_violations(attributes.cluster, namespace["metadata"].str("name"), policy.enforce)
}

/// Warnings about the pods that a namespace has already.
fn present_violations(cluster: &Cluster, namespace: &str, standard: Standard) -> Result<Vec<String>, Status> {
    let kind = cluster.kinds.built_in("pods");
    let entries = cluster.entries(&kind, namespace)?;
    let mut found: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for entry in entries.iter().take(PODS_MAX) {
        let Ok(pod) = cluster.objects.read(&kind, entry) else { continue };
        let violations = standard.violations(&pod["metadata"], &pod["spec"]);
        if !violations.is_empty() {
            // Entries come sorted by name: the first one is the one to show.
            let name = pod["metadata"].str("name");
            found.entry(reasons(&violations)).or_insert_with(|| (name.to_owned(), 0)).1 += 1;
        }
    }
    let mut warnings = Vec::new();
    if entries.len() > PODS_MAX {
        let all = entries.len();
        warnings.push(format!("new PodSecurity enforce level only checked against the first {PODS_MAX} of {all} existing pods"));
    }
    if !found.is_empty() {
        warnings.push(format!("existing pods in namespace \"{namespace}\" violate the new PodSecurity enforce level \"{standard}\""));
    }
    let mut lines: Vec<String> = found
        .into_iter()
        .map(|(reasons, (name, count))| match count {
            1 => format!("{name}: {reasons}"),
            2 => format!("{name} (and 1 other pod): {reasons}"),
            count => format!("{name} (and {} other pods): {reasons}", count - 1),
        })
        .collect();
    lines.sort_unstable();
    warnings.extend(lines);
    Ok(warnings)
}
