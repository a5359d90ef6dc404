//! Warnings about pods and templates: what is accepted, but deprecated, without effect or probably a mistake.
//! Input: a valid pod or template. Output: the texts, in upstream's order.

mod paths;
mod ports;

use super::{amount, containers};
use crate::{Value, field::Path, names, value::Access};
use std::collections::BTreeSet;

const CRITICAL: (&str, &str) =
    ("scheduler.alpha.kubernetes.io/critical-pod", "non-functional in v1.16+; use the \"priorityClassName\" field instead");
const SYSCTLS: &str = "non-functional in v1.11+; use the \"sysctls\" field instead";
const SECCOMP: &str = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
const APP_ARMOR: &str = "deprecated since v1.30; use the \"appArmorProfile\" field instead";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";
const NULL_SELECTOR: &str = "a null labelSelector results in matching no pod";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
/// Volume sources that are going away or gone.
pub const OLD_VOLUMES: [(&str, &str); 9] = [
    ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

/// Warnings about `holder`, which has `metadata` and `spec`; `path` is empty for a pod and the template's otherwise.
pub fn of(holder: &Value, path: &Path) -> Vec<String> {
    let (metadata, spec) = (&holder["metadata"], &holder["spec"]);
    let (meta_path, spec_path) = (path.child("metadata").child("annotations"), path.child("spec"));
    let mut texts = Vec::new();
    node_labels(spec, &spec_path, &mut texts);
    spread(spec, &spec_path, &mut texts);
    for (key, text) in
        [CRITICAL, ("security.alpha.kubernetes.io/sysctls", SYSCTLS), ("security.alpha.kubernetes.io/unsafe-sysctls", SYSCTLS)]
    {
        if has_annotation(metadata, key) {
            texts.push(format!("{}: {text}", meta_path.key(key)));
        }
    }
    volumes(spec, &spec_path, &mut texts);
    lists(spec, &spec_path, &mut texts);
    fractions(spec.get("overhead"), &spec_path.child("overhead"), &["memory", "ephemeral-storage"], &mut texts);
    profiles(metadata, spec, &meta_path, &spec_path, &mut texts);
    ports::overlaps(spec, &spec_path, &mut texts);
    if spec.int("terminationGracePeriodSeconds").is_some_and(|s| s < 0) {
        let at = spec_path.child("terminationGracePeriodSeconds");
        texts.push(format!("{at}: must be >= 0; negative values are invalid and will be treated as 1"));
    }
    pod_affinity(spec, &spec_path, &mut texts);
    ports::names(spec, &spec_path, &mut texts);
    addresses(spec, &spec_path, &mut texts);
    texts
}

fn has_annotation(metadata: &Value, key: &str) -> bool {
    metadata.map("annotations").is_some_and(|a| a.contains_key(key))
}

/// What replaces a node label, and since when.
pub fn replacement(label: &str) -> Option<&'static str> {
    Some(match label {
        "beta.kubernetes.io/arch" => "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        "beta.kubernetes.io/os" => "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        "failure-domain.beta.kubernetes.io/region" => "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
        "failure-domain.beta.kubernetes.io/zone" => "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
        "beta.kubernetes.io/instance-type" => "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
        _ => return None,
    })
}

fn node_labels(spec: &Value, path: &Path, texts: &mut Vec<String>) {
    for label in super::validation::sorted(spec.map("nodeSelector")).into_keys() {
        if let Some(text) = replacement(label) {
            texts.push(format!("{}: {text}", path.child("nodeSelector").key(label)));
        }
    }
    let Some(affinity) = spec.get("affinity").and_then(|a| a.get("nodeAffinity")) else { return };
    let path = path.child("affinity").child("nodeAffinity");
    let required = affinity.get(REQUIRED).map_or(&[][..], |r| r.items("nodeSelectorTerms"));
    for (i, term) in required.iter().enumerate() {
        node_term(term, false, &path.child(REQUIRED).child("nodeSelectorTerms").index(i), texts);
    }
    for (i, term) in affinity.items(PREFERRED).iter().enumerate() {
        node_term(&term["preference"], true, &path.child(PREFERRED).index(i).child("preference"), texts);
    }
}

/// Label values that nothing can have are refused in a requirement, and only told in a preference.
pub fn node_term(term: &Value, check_values: bool, path: &Path, texts: &mut Vec<String>) {
    for (i, expression) in term.items("matchExpressions").iter().enumerate() {
        let (key, at) = (expression.str("key"), path.child("matchExpressions").index(i));
        if let Some(text) = replacement(key) {
            texts.push(format!("{}: {key} is {text}", at.child("key")));
        }
        for (j, value) in expression.items("values").iter().enumerate().filter(|_| check_values) {
            let (value, at) = (value.as_str().unwrap_or_default(), at.child("values").index(j));
            texts.extend(names::label_value(value).iter().map(|fault| format!("{at}: {value} is invalid, {fault}")));
        }
    }
}

fn spread(spec: &Value, path: &Path, texts: &mut Vec<String>) {
    for (i, constraint) in spec.items("topologySpreadConstraints").iter().enumerate() {
        let at = path.child("topologySpreadConstraints").index(i);
        let key = constraint.str("topologyKey");
        if let Some(text) = replacement(key) {
            texts.push(format!("{}: {key} is {text}", at.child("topologyKey")));
        }
        if !constraint.has("labelSelector") {
            texts.push(format!("{}: {NULL_SELECTOR}", at.child("labelSelector")));
        }
    }
}

fn volumes(spec: &Value, path: &Path, texts: &mut Vec<String>) {
    for (i, volume) in spec.items("volumes").iter().enumerate() {
        let at = path.child("volumes").index(i);
        for (member, text) in OLD_VOLUMES {
            if volume.has(member) {
                let shown = if member == "storageos" { "storageOS" } else { member };
                texts.push(format!("{}: {text}", at.child(shown)));
            }
        }
        if let Some(template) = volume.get("ephemeral").and_then(|e| e.get("volumeClaimTemplate")) {
            let at = at.child("ephemeral").child("volumeClaimTemplate").child("spec");
            claim_spec(&template["spec"], &at, texts);
        }
    }
    paths::overlapping(spec, texts);
}

/// Warnings about a claim's spec.
pub fn claim_spec(spec: &Value, path: &Path, texts: &mut Vec<String>) {
    let resources = path.child("resources");
    for member in ["requests", "limits"] {
        let list = spec.get("resources").and_then(|r| r.get(member));
        fractions(list, &resources.child(member), &["storage"], texts);
    }
}

fn lists(spec: &Value, path: &Path, texts: &mut Vec<String>) {
    for (list, member, what) in [("hostAliases", "ip", "ip"), ("imagePullSecrets", "name", "name")] {
        let mut seen = BTreeSet::new();
        for (i, entry) in spec.items(list).iter().enumerate() {
            let value = entry.str(member);
            if !seen.insert(value) {
                texts.push(format!("{}: duplicate {what} {value:?}", path.child(list).index(i).child(member)));
            }
        }
    }
    for (i, secret) in spec.items("imagePullSecrets").iter().enumerate() {
        if secret.str("name").is_empty() {
            let at = path.child("imagePullSecrets").index(i).child("name");
            texts.push(format!("{at}: invalid empty name \"\""));
        }
    }
}

/// Addresses written in an unusual way.
fn addresses(spec: &Value, path: &Path, texts: &mut Vec<String>) {
    let servers = spec.get("dnsConfig").map_or(&[][..], |config| config.items("nameservers"));
    for (i, server) in servers.iter().enumerate() {
        let at = path.child("dnsConfig").child("nameservers").index(i);
        texts.extend(names::ip_warning(at.as_str(), server.as_str().unwrap_or_default()));
    }
    for (i, alias) in spec.items("hostAliases").iter().enumerate() {
        texts.extend(names::ip_warning(path.child("hostAliases").index(i).child("ip").as_str(), alias.str("ip")));
    }
}

fn fractions(list: Option<&Value>, path: &Path, names: &[&str], texts: &mut Vec<String>) {
    for name in names {
        let amount = list.and_then(|l| l.get(name)).and_then(amount::of);
        if let Some(amount) = amount.filter(|a| !amount::is_whole(a)) {
            let at = path.key(name);
            texts.push(format!("{at}: fractional byte value \"{amount}\" is invalid, must be an integer"));
        }
    }
}

/// Old profile annotations, and what else is told container by container.
fn profiles(metadata: &Value, spec: &Value, meta: &Path, path: &Path, texts: &mut Vec<String>) {
    let has = |holder: &Value, member: &str| holder.get("securityContext").is_some_and(|s| s.has(member));
    if !has(spec, "seccompProfile") && has_annotation(metadata, SECCOMP_POD) {
        texts.push(format!("{}: {SECCOMP}", meta.key(SECCOMP_POD)));
    }
    for (container, at) in containers(spec, path) {
        let name = container.str("name");
        for (prefix, member, of_pod, text) in
            [(SECCOMP_CONTAINER, "seccompProfile", false, SECCOMP), (APP_ARMOR_CONTAINER, "appArmorProfile", true, APP_ARMOR)]
        {
            let key = format!("{prefix}{name}");
            let has_field = has(container, member) || (of_pod && has(spec, member));
            // A new pod got its field from the annotation, which is told by the field's value.
            let derived = of_pod && path.as_str() == "spec" && !has(spec, member);
            if (!has_field || derived) && has_annotation(metadata, &key) {
                texts.push(format!("{}: {text}", meta.key(&key)));
            }
        }
        for resource in ["memory", "ephemeral-storage"] {
            for member in ["limits", "requests"] {
                let list = container.get("resources").and_then(|r| r.get(member));
                fractions(list, &at.child("resources").child(member), &[resource], texts);
            }
        }
        hidden_variables(container, &at, texts);
    }
}

fn hidden_variables(container: &Value, path: &Path, texts: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for (i, variable) in container.items("env").iter().enumerate() {
        let (name, value) = (variable.str("name"), variable.str("value"));
        if seen.insert(name) {
            continue;
        }
        let reference = format!("$({name})");
        // A value that builds on the previous one is meant to.
        if variable.has("valueFrom") || value == reference || !value.contains(&reference) {
            let at = path.child("env").index(i);
            texts.push(format!("{at}: hides previous definition of {name:?}, which may be dropped when using apply"));
        }
    }
}

fn pod_affinity(spec: &Value, path: &Path, texts: &mut Vec<String>) {
    for member in ["podAffinity", "podAntiAffinity"] {
        let Some(affinity) = spec.get("affinity").and_then(|a| a.get(member)) else { continue };
        let path = path.child("affinity").child(member);
        for (i, _) in affinity.items(REQUIRED).iter().enumerate().filter(|(_, t)| !t.has("labelSelector")) {
            let at = path.child(REQUIRED).index(i).child("labelSelector");
            texts.push(format!("{at}: {NULL_SELECTOR}"));
        }
        for (i, term) in affinity.items(PREFERRED).iter().enumerate() {
            if !term["podAffinityTerm"].has("labelSelector") {
                let at = path.child(PREFERRED).index(i).child("podAffinityTerm").child("labelSelector");
                texts.push(format!("{at}: {NULL_SELECTOR}"));
            }
        }
    }
}
