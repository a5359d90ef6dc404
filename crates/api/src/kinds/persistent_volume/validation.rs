//! What a PersistentVolume, and the spec of one inside a VolumeAttachment, must be. Input: objects. Output: upstream's errors.

use super::sources;
use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::{
        difference,
        pod_spec::{
            amount,
            validation::{affinity, claims, sorted, texts},
        },
    },
    names,
    value::Access,
};

const RECLAIM_POLICIES: [&str; 3] = ["Delete", "Recycle", "Retain"];
const INLINE: &str = "in the context of inline volumes";

/// Where a spec stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    /// In a PersistentVolume.
    Volume,
    /// In a VolumeAttachment: what a pod's own volume of a driver was translated to.
    Inline,
}

/// Validates a new volume.
pub fn create(object: &Value) -> Errors {
    spec(&object["spec"], object["metadata"].str("name"), Context::Volume, &Path::new("spec"))
}

/// Validates the spec that a VolumeAttachment brings along.
pub fn inline(volume: &Value, path: &Path) -> Errors {
    spec(volume, "", Context::Inline, path)
}

/// Validates a changed volume: its source and mode stay, its node affinity may be set once (W14).
pub fn update(object: &Value, old: &Value) -> Errors {
    let mut errors = create(object);
    let (new, old) = (&object["spec"], &old["spec"]);
    let (source, mut allowed) = (sources::of(old), sources::of(new));
    // The secret of an expansion may be given later.
    if source.get("csi").is_some_and(|csi| !csi.has("controllerExpandSecretRef"))
        && let Some(csi) = allowed.get_mut("csi")
    {
        csi.drop("controllerExpandSecretRef");
    }
    if source != allowed {
        let detail = format!("spec.persistentvolumesource is immutable after creation{}", difference::of_specs(&source, &allowed));
        errors.push(field::forbidden(&Path::new("spec").child("persistentvolumesource"), &detail));
    }
    let shown = |member: &str| new.get(member).cloned().unwrap_or(Value::Null);
    if new.get("volumeMode") != old.get("volumeMode") {
        errors.push(field::invalid(&Path::new("volumeMode"), shown("volumeMode"), "field is immutable"));
    }
    if old.has("nodeAffinity") && new.get("nodeAffinity") != old.get("nodeAffinity") {
        let detail = "field is immutable, except for updating from beta label to GA";
        if !is_renamed(&old["nodeAffinity"], &shown("nodeAffinity")) {
            errors.push(field::invalid(&Path::new("nodeAffinity"), shown("nodeAffinity"), detail));
        }
    }
    errors
}

/// Whether two affinities differ only in labels that got their final names.
fn is_renamed(old: &Value, new: &Value) -> bool {
    const FINAL: [(&str, &str); 5] = [
        ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
        ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
        ("beta.kubernetes.io/os", "kubernetes.io/os"),
        ("beta.kubernetes.io/arch", "kubernetes.io/arch"),
        ("beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"),
    ];
    let mut renamed = old.clone();
    let keys = |affinity: &Value| affinity["required"].items("nodeSelectorTerms").len();
    if keys(old) != keys(new) {
        return false;
    }
    for (term, other) in renamed["required"].items_mut("nodeSelectorTerms").iter_mut().zip(new["required"].items("nodeSelectorTerms")) {
        for (label, other) in term.items_mut("matchExpressions").iter_mut().zip(other.items("matchExpressions")) {
            if let Some((_, now)) = FINAL.iter().find(|(before, now)| label.str("key") == *before && other.str("key") == *now) {
                label["key"] = (*now).into();
            }
        }
    }
    renamed == *new
}

fn spec(spec: &Value, name: &str, context: Context, path: &Path) -> Errors {
    let inline = context == Context::Inline;
    let mut errors = Errors::new();
    let mut may_not = |member: &str| errors.push(field::forbidden(&path.child(member), &format!("may not be specified {INLINE}")));
    if inline && spec.has("claimRef") {
        may_not("claimRef");
    }
    if inline && spec.map("capacity").is_some_and(|capacity| !capacity.is_empty()) {
        may_not("capacity");
    }
    if inline && !spec.has("csi") {
        errors.push(field::required(&path.child("csi"), &format!("has to be specified {INLINE}")));
    }
    let (modes, at) = (spec.items("accessModes"), path.child("accessModes"));
    if modes.is_empty() {
        errors.push(field::required(&at, ""));
    }
    errors.extend(claims::known_modes(modes, &at));
    if !inline {
        errors.extend(capacity(spec, &path.child("capacity")));
    }
    errors.extend(reclaim_policy(spec.str("persistentVolumeReclaimPolicy"), context, &path.child("persistentVolumeReclaimPolicy")));
    errors.extend(node_affinity(spec, context, &path.child("nodeAffinity")));
    errors.extend(sources::validate(spec, name, path));
    if is_root(spec["hostPath"].str("path")) && spec.str("persistentVolumeReclaimPolicy") == "Recycle" {
        let detail = "may not be 'recycle' for a hostPath mount of '/'";
        errors.push(field::forbidden(&path.child("persistentVolumeReclaimPolicy"), detail));
    }
    errors.extend(class(spec, context, &path.child("storageClassName")));
    errors.extend(volume_mode(spec, context, &path.child("volumeMode")));
    errors.extend(attributes_class(spec, path));
    errors
}

fn capacity(spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let capacity = sorted(spec.map("capacity"));
    if capacity.is_empty() {
        errors.push(field::required(path, ""));
    }
    if capacity.len() != 1 || !capacity.contains_key("storage") {
        errors.push(field::not_supported(path, spec.get("capacity").cloned().unwrap_or(Value::Null), &["storage"]));
    }
    for (name, value) in capacity {
        let Some(amount) = amount::of(value) else { continue };
        errors.extend(amount::not_negative(value, &path.key(name)));
        if amount.signum() <= 0 {
            errors.push(field::invalid(&path.key(name), amount.to_string(), "must be greater than zero"));
        }
    }
    errors
}

fn reclaim_policy(policy: &str, context: Context, path: &Path) -> Option<field::Error> {
    match context {
        Context::Inline if !matches!(policy, "" | "Retain") => Some(field::forbidden(path, &format!("may only be Retain {INLINE}"))),
        Context::Volume if !policy.is_empty() && !RECLAIM_POLICIES.contains(&policy) => {
            Some(field::not_supported(path, policy, &RECLAIM_POLICIES))
        }
        Context::Inline | Context::Volume => None,
    }
}

fn node_affinity(spec: &Value, context: Context, path: &Path) -> Errors {
    let Some(affinity) = spec.get("nodeAffinity").filter(|affinity| !affinity.is_null()) else { return Errors::new() };
    match (context, affinity.get("required")) {
        (Context::Inline, _) => vec![field::forbidden(path, &format!("may not be specified {INLINE}"))],
        (Context::Volume, None) => vec![field::required(&path.child("required"), "must specify required node constraints")],
        (Context::Volume, Some(required)) => affinity::node_selector(required, &path.child("required")),
    }
}

/// Whether a path, however it is written, is `/`.
fn is_root(path: &str) -> bool {
    path.starts_with('/') && path.split('/').all(|part| matches!(part, "" | "." | ".."))
}

fn class(spec: &Value, context: Context, path: &Path) -> Errors {
    match (spec.str("storageClassName"), context) {
        ("", _) => Errors::new(),
        (_, Context::Inline) => vec![field::forbidden(path, &format!("may not be specified {INLINE}"))],
        (name, Context::Volume) => texts(path, name, names::dns_subdomain(name)).collect(),
    }
}

fn volume_mode(spec: &Value, context: Context, path: &Path) -> Option<field::Error> {
    let mode = spec.get("volumeMode").and_then(Value::as_str)?;
    match context {
        Context::Inline if mode != "Filesystem" => {
            Some(field::forbidden(path, &format!("may not specify volumeMode other than Filesystem {INLINE}")))
        }
        Context::Volume if !claims::VOLUME_MODES.contains(&mode) => Some(field::not_supported(path, mode, &claims::VOLUME_MODES)),
        Context::Inline | Context::Volume => None,
    }
}

fn attributes_class(spec: &Value, path: &Path) -> Errors {
    let Some(name) = spec.get("volumeAttributesClassName").and_then(Value::as_str) else { return Errors::new() };
    let at = path.child("volumeAttributesClassName");
    let mut errors: Errors = match name {
        "" => vec![field::required(&at, "an empty string is disallowed")],
        name => texts(&at, name, names::dns_subdomain(name)).collect(),
    };
    if !spec.has("csi") {
        errors.push(field::required(&path.child("csi"), "has to be specified when using volumeAttributesClassName"));
    }
    errors
}
