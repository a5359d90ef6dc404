//! The rules that the level `restricted` has beyond `baseline`, or in place of some of its rules.

use super::baseline::{self, Rule};
use super::{Pod, Version, Violation, distinct, named, plural, quoted, setters, violation};
use crate::Value;
use crate::value::Access;

/// Minor versions since which rules hold.
const PRIVILEGE_ESCALATION: u32 = 8;
const SECCOMP: u32 = 19;
const CAPABILITIES: u32 = 22;
const RUN_AS_USER: u32 = 23;
/// Since then what only Linux knows is not asked of Windows pods.
const WINDOWS: u32 = 25;

/// Whether a rule of this level stands for a baseline one.
pub(super) fn replaces(version: Version, rule: Rule) -> bool {
    match rule {
        Rule::Capabilities => version >= Version::Minor(CAPABILITIES),
        Rule::SeccompProfile => version >= Version::Minor(SECCOMP),
        Rule::HostPathVolumes => true,
        _ => false,
    }
}

pub(super) fn violations(pod: &Pod<'_>) -> Vec<Violation> {
    let rules = [privilege_escalation, capabilities, volumes, run_as_non_root, run_as_user, seccomp_profile];
    rules.iter().filter_map(|check| check(pod)).collect()
}

fn is_exempt(pod: &Pod<'_>) -> bool {
    pod.since(WINDOWS) && pod.is_windows()
}

fn privilege_escalation(pod: &Pod<'_>) -> Option<Violation> {
    if !pod.since(PRIVILEGE_ESCALATION) || is_exempt(pod) {
        return None;
    }
    let names = pod.breaking(|container| container["securityContext"].get("allowPrivilegeEscalation") != Some(&Value::Bool(false)));
    if names.is_empty() {
        return None;
    }
    violation("allowPrivilegeEscalation != false", format!("{} must set securityContext.allowPrivilegeEscalation=false", named(&names)))
}

fn capabilities(pod: &Pod<'_>) -> Option<Violation> {
    if !pod.since(CAPABILITIES) || is_exempt(pod) {
        return None;
    }
    let keeping = pod.breaking(|container| container["securityContext"]["capabilities"].items("drop").iter().all(|name| name != "ALL"));
    let mut details = Vec::new();
    if !keeping.is_empty() {
        details.push(format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", named(&keeping)));
    }
    details.extend(baseline::added(pod, &["NET_BIND_SERVICE"]));
    if details.is_empty() { None } else { violation("unrestricted capabilities", details.join("; ")) }
}

/// Sources that a volume may have, and those that upstream's text names.
const ALLOWED: &[&str] = &["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];
const NAMED: &[&str] = &[
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

fn volumes(pod: &Pod<'_>) -> Option<Violation> {
    let has = |volume: &Value, sources: &[&'static str]| sources.iter().copied().find(|source| volume.has(source));
    let bad: Vec<&Value> = pod.spec.items("volumes").iter().filter(|volume| has(volume, ALLOWED).is_none()).collect();
    if bad.is_empty() {
        return None;
    }
    let names: Vec<&str> = bad.iter().map(|volume| volume.str("name")).collect();
    let types = distinct(bad.iter().map(|volume| has(volume, NAMED).unwrap_or("unknown")).collect());
    let (volumes, uses) = (plural(names.len(), "volume", "volumes"), plural(names.len(), "uses", "use"));
    let what = plural(types.len(), "restricted volume type", "restricted volume types");
    violation("restricted volume types", format!("{volumes} {} {uses} {what} {}", quoted(&names), quoted(&types)))
}

fn run_as_non_root(pod: &Pod<'_>) -> Option<Violation> {
    const REASON: &str = "runAsNonRoot != true";
    let said = |holder: &Value| holder["securityContext"].get("runAsNonRoot").and_then(Value::as_bool);
    let of_pod = said(pod.spec);
    if let Some(who) = setters(of_pod == Some(false), &pod.breaking(|container| said(container) == Some(false))) {
        return violation(REASON, format!("{who} must not set securityContext.runAsNonRoot=false"));
    }
    let silent = pod.breaking(|container| said(container).is_none() && of_pod.is_none());
    if silent.is_empty() {
        return None;
    }
    violation(REASON, format!("pod or {} must set securityContext.runAsNonRoot=true", named(&silent)))
}

fn run_as_user(pod: &Pod<'_>) -> Option<Violation> {
    if !pod.since(RUN_AS_USER) {
        return None;
    }
    let root = |holder: &Value| holder["securityContext"].int("runAsUser") == Some(0);
    let who = setters(root(pod.spec), &pod.breaking(root))?;
    violation("runAsUser=0", format!("{who} must not set runAsUser=0"))
}

fn seccomp_profile(pod: &Pod<'_>) -> Option<Violation> {
    if !pod.since(SECCOMP) || is_exempt(pod) {
        return None;
    }
    if let Some(detail) = baseline::bad_seccomp(pod) {
        return violation("seccompProfile", detail);
    }
    let has = |holder: &Value| holder["securityContext"]["seccompProfile"].is_object();
    let without = pod.breaking(|container| !has(container) && !has(pod.spec));
    if without.is_empty() {
        return None;
    }
    let what = "must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"";
    violation("seccompProfile", format!("pod or {} {what}", named(&without)))
}
