//! Validation of StatefulSets: their spec, which fields never change, and the counters of their status.

use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    kinds::pod_spec::validation::{self, Subject, annotations, claims, not_negative, texts},
    meta, names,
    selector::{self, LabelSelector},
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
    let mut errors = Errors::new();
    let percent = match value {
        Value::String(text) => {
            let faults = names::percent(text);
            let number = text.trim_end_matches('%').parse::<i64>();
            let is_percent = faults.is_empty();
            errors.extend(texts(path, text, faults));
            // A bare number is only misspelt; what is no number at all counts as zero.
            if !is_percent && text.parse::<i64>().is_ok_and(|n| n != 0) {
                return errors;
            }
            if is_percent { number.unwrap_or(i64::MAX) } else { 0 }
        }
        number => {
            let number = number.as_i64().unwrap_or_default();
            if number < 0 {
                errors.push(field::invalid(path, number, "must be greater than or equal to 0"));
            }
            if number == 0 {
                errors.push(field::invalid(path, number, "cannot be 0"));
            }
            return errors;
        }
    };
    if percent == 0 {
        errors.push(field::invalid(path, value.clone(), "cannot be 0"));
    }
    if percent > 100 {
        errors.push(field::invalid(path, value.clone(), "must not be greater than 100%"));
    }
    errors
}

fn selector_and_template(spec: &Value, check_template: bool, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let at = path.child("selector");
    let selector = spec.get("selector").filter(|s| !s.is_null());
    let mut usable = true;
    match selector {
        None => errors.push(field::required(&at, "")),
        Some(selector) => {
            let faults = selector::validate_label_selector(selector, &at);
            usable = faults.is_empty();
            errors.extend(faults);
            let given = ["matchLabels", "matchExpressions"].iter().any(|member| selector.has(member));
            if !given {
                let detail = "empty selector is invalid for statefulset";
                errors.push(field::invalid(&at, selector.clone(), detail));
            }
        }
    }
    let at_template = path.child("template");
    if usable {
        let labels = spec["template"]["metadata"].get("labels");
        let matcher = LabelSelector::from_object(selector);
        if !matcher.matches(labels.and_then(Value::as_object)) {
            let shown = labels.cloned().unwrap_or(Value::Null);
            let at = at_template.child("metadata").child("labels");
            errors.push(field::invalid(&at, shown, "`selector` does not match template `labels`"));
        }
        if check_template {
            errors.extend(template(spec, &at_template));
        }
    } else {
        errors.push(field::invalid(&at, selector.cloned().unwrap_or(Value::Null), ""));
    }
    let pod = &spec["template"]["spec"];
    let at = at_template.child("spec");
    if pod.str("restartPolicy") != "Always" {
        errors.push(field::not_supported(&at.child("restartPolicy"), pod.str("restartPolicy"), &["Always"]));
    }
    if pod.has("activeDeadlineSeconds") {
        let detail = "activeDeadlineSeconds in StatefulSet is not Supported";
        errors.push(field::forbidden(&at.child("activeDeadlineSeconds"), detail));
    }
    errors
}

/// Validates the template as the pods will be: with the volumes that the claim templates bring.
fn template(spec: &Value, path: &Path) -> Errors {
    let metadata = &spec["template"]["metadata"];
    let mut pod = spec["template"]["spec"].clone();
    // Each pod gets its own of these.
    pod.drop("hostname");
    pod.drop("subdomain");
    let volumes = volumes(spec);
    if !volumes.is_empty() {
        pod["volumes"] = volumes.into();
    }
    let mut errors = selector::validate_labels(metadata.map("labels"), &path.child("labels"));
    let at = path.child("annotations");
    errors.extend(meta::validate_annotations(metadata.map("annotations"), &at));
    errors.extend(annotations::of_pod(metadata.map("annotations"), &pod, &at));
    errors.extend(validation::spec(&pod, Subject { metadata, is_pod: false }, &path.child("spec")));
    errors.extend(annotations::match_fields(metadata, &pod, &path.child("spec")));
    if !pod.items("ephemeralContainers").is_empty() {
        let at = path.child("spec").child("ephemeralContainers");
        errors.push(field::forbidden(&at, "ephemeral containers not allowed in pod template"));
    }
    errors
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
    let count = |member: &str| status.int(member).unwrap_or_default();
    let mut errors = Errors::new();
    for member in
        ["replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas", "observedGeneration", "collisionCount"]
    {
        errors.extend(not_negative(status, member, &path));
    }
    for member in ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"] {
        if count(member) > count("replicas") {
            errors.push(field::invalid(&path.child(member), count(member), "cannot be greater than status.replicas"));
        }
    }
    if count("availableReplicas") > count("readyReplicas") {
        let detail = "cannot be greater than status.readyReplicas";
        errors.push(field::invalid(&path.child("availableReplicas"), count("availableReplicas"), detail));
    }
    let before = old["status"].int("collisionCount");
    if before.is_some_and(|before| status.int("collisionCount").is_none_or(|now| now < before)) {
        errors.push(field::invalid(&path.child("collisionCount"), count("collisionCount"), "cannot be decremented"));
    }
    errors
}
