//! Validation of StatefulSets: their spec, which fields never change, and the counters of their status.

use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    kinds::{
        pod_spec::validation::{amounts, claims, not_negative, texts},
        pod_template,
    },
    names,
    value::Access,
};

const IMMUTABLE: &str = "field is immutable";
const RETENTION: [&str; 2] = ["Retain", "Delete"];

/// Validates a new StatefulSet.
pub fn create(object: &Value) -> Errors {
    let (spec, path) = (&object["spec"], Path::new("spec"));
    let mut errors = self::spec(spec, &path);
    let service = spec.str("serviceName");
    if !service.is_empty() {
        errors.extend(texts(&path.child("serviceName"), service, names::dns_label(service)));
    }
    for (i, claim) in spec.items("volumeClaimTemplates").iter().enumerate() {
        let at = path.child("volumeClaimTemplates").index(i).child("spec");
        errors.extend(claims::spec(&claim["spec"], &at));
    }
    errors.extend(selector_and_template(spec, true, &path));
    errors
}

/// Validates a changed StatefulSet.
pub fn update(object: &Value, old: &Value) -> Errors {
    let (spec, before, path) = (&object["spec"], &old["spec"], Path::new("spec"));
    let mut errors = self::spec(spec, &path);
    // What was accepted once, though it is wrong, may stay.
    let old_is_valid = template(before, &path.child("template")).is_empty();
    errors.extend(selector_and_template(spec, old_is_valid, &path));
    for member in ["selector", "volumeClaimTemplates", "serviceName", "podManagementPolicy"] {
        let [new, old] = [spec, before].map(|s| s.get(member).filter(|v| !v.is_null()));
        if new != old {
            let empty = if member == "serviceName" { Value::from("") } else { Value::Null };
            let shown = new.cloned().unwrap_or(empty);
            errors.push(field::invalid(&path.child(member), shown, IMMUTABLE));
        }
    }
    errors
}

fn spec(spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let policy = spec.str("podManagementPolicy");
    if !matches!(policy, "OrderedReady" | "Parallel") {
        let detail = "must be 'OrderedReady' or 'Parallel'";
        errors.push(field::invalid(&path.child("podManagementPolicy"), policy, detail));
    }
    errors.extend(update_strategy(&spec["updateStrategy"], &path.child("updateStrategy")));
    if let Some(policy) = spec.get("persistentVolumeClaimRetentionPolicy") {
        let at = path.child("persistentVolumeClaimRetentionPolicy");
        for member in ["whenDeleted", "whenScaled"] {
            let value = policy.str(member);
            if !RETENTION.contains(&value) {
                errors.push(field::not_supported(&at.child(member), value, &RETENTION));
            }
        }
    }
    errors.extend(not_negative(spec, "replicas", path));
    errors.extend(not_negative(spec, "minReadySeconds", path));
    if let Some(ordinals) = spec.get("ordinals") {
        errors.extend(not_negative(ordinals, "start", &path.child("ordinals")));
    }
    errors
}

fn update_strategy(strategy: &Value, path: &Path) -> Errors {
    let rolling = strategy.get("rollingUpdate");
    match (strategy.str("type"), rolling) {
        ("OnDelete", Some(rolling)) => {
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            vec![field::invalid(&path.child("rollingUpdate"), rolling.clone(), detail)]
        }
        ("RollingUpdate", Some(rolling)) => rolling_update(rolling, &path.child("rollingUpdate")),
        ("OnDelete" | "RollingUpdate", None) => Errors::new(),
        _ => vec![field::invalid(path, strategy.clone(), "must be 'RollingUpdate' or 'OnDelete'")],
    }
}

fn rolling_update(rolling: &Value, path: &Path) -> Errors {
    let mut errors = not_negative(rolling, "partition", path);
    if let Some(value) = rolling.get("maxUnavailable") {
        errors.extend(max_unavailable(value, &path.child("maxUnavailable")));
    }
    errors
}

fn max_unavailable(value: &Value, path: &Path) -> Errors {
    let mut errors = amounts::validate(value, path);
    if amounts::is_zero(value) {
        errors.push(field::invalid(path, value.clone(), "cannot be 0"));
    }
    errors.extend(amounts::at_most_all(value, path));
    errors
}

fn selector_and_template(spec: &Value, check_template: bool, path: &Path) -> Errors {
    let at = path.child("selector");
    let (selector, mut errors) = pod_template::selector(spec, "statefulset", &at);
    let at_template = path.child("template");
    match selector {
        Ok(selector) => {
            errors.extend(pod_template::selected(&selector, &spec["template"], &at_template));
            if check_template {
                errors.extend(template(spec, &at_template));
            }
        }
        Err(()) => errors.push(field::invalid(&at, spec["selector"].clone(), "")),
    }
    errors.extend(pod_template::runs_for_ever(&spec["template"], "StatefulSet", &at_template));
    errors
}

/// Validates the template as the pods will be: with the volumes that the claim templates bring.
fn template(spec: &Value, path: &Path) -> Errors {
    let mut template = spec["template"].clone();
    // Each pod gets its own of these.
    template["spec"].drop("hostname");
    template["spec"].drop("subdomain");
    let volumes = volumes(spec);
    if !volumes.is_empty() {
        template["spec"]["volumes"] = volumes.into();
    }
    pod_template::validate(&template, path)
}

/// The claims' volumes, then the template's own of other names.
fn volumes(spec: &Value) -> Vec<Value> {
    let mut volumes: Vec<Value> = Vec::new();
    for claim in spec.items("volumeClaimTemplates") {
        let name = claim["metadata"].str("name");
        if !volumes.iter().any(|v| v.str("name") == name) {
            volumes.push(json!({"name": name, "persistentVolumeClaim": {"claimName": name}}));
        }
    }
    let claimed = volumes.len();
    for volume in spec["template"]["spec"].items("volumes") {
        if !volumes[..claimed].iter().any(|v| v.str("name") == volume.str("name")) {
            volumes.push(volume.clone());
        }
    }
    volumes
}

/// Validates a changed status.
pub fn status(object: &Value, old: &Value) -> Errors {
    let (status, path) = (&object["status"], Path::new("status"));
    const COUNTERS: [&str; 4] = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];
    let mut errors = pod_template::not_negative(status, &["replicas"], &path);
    errors.extend(pod_template::not_negative(status, &COUNTERS, &path));
    errors.extend(pod_template::not_negative(status, &["observedGeneration", "collisionCount"], &path));
    errors.extend(pod_template::at_most_replicas(status, &COUNTERS, &path));
    errors.extend(pod_template::available_at_most_ready(status, "status.readyReplicas", &path));
    errors.extend(pod_template::collisions(status, &old["status"], &path));
    errors
}
