//! What the kinds that make pods from a template have in common: the template's defaults, rules, warnings and columns, and the
//! selector that finds its pods. Input: canonical values. Output: changed values, upstream's errors and texts.

use super::{
    columns,
    pod_spec::{
        defaults, dropped,
        validation::{self, Subject, annotations},
        warnings,
    },
};
use crate::{
    Value,
    field::{self, Errors, Path},
    json, meta, names,
    registry::Column,
    selector::{self, LabelSelector},
    value::Access,
};

/// The wide columns of a template.
pub const CONTAINERS: Column = columns::wide("Containers", "Names of each container in the template.");
pub const IMAGES: Column = columns::wide("Images", "Images referenced by each container in the template.");

/// Fills in the defaults of `holder.template`.
pub fn default(holder: &mut Value) {
    holder.default_to("template", json!({}));
    let template = &mut holder["template"];
    template.default_to("spec", json!({}));
    dropped::old_annotations(template);
    defaults::spec(&mut template["spec"]);
}

/// Removes what no enabled feature understands from `spec.template`.
pub fn drop_disabled(object: &mut Value, old: Option<&Value>) {
    if let Some(pod) = object.pointer_mut("/spec/template/spec") {
        dropped::disabled(pod, old.map(|old| &old["spec"]["template"]["spec"]));
    }
}

/// Warnings about `spec.template`, unless the change left the spec alone.
pub fn warnings(object: &Value, old: Option<&Value>) -> Vec<String> {
    let changed = old.is_none_or(|old| old["metadata"]["generation"] != object["metadata"]["generation"]);
    if changed { warnings::of(&object["spec"]["template"], &Path::new("spec").child("template")) } else { Vec::new() }
}

/// A warning that pods of that name would have odd host names.
pub fn name_warning(object: &Value) -> Vec<String> {
    let faults = names::dns_label(object["metadata"].str("name"));
    if faults.is_empty() {
        return Vec::new();
    }
    let why = "this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended";
    vec![format!("metadata.name: {why}: [{}]", faults.join(" "))]
}

/// Validates a template.
pub fn validate(template: &Value, path: &Path) -> Errors {
    let (metadata, pod) = (&template["metadata"], &template["spec"]);
    let mut errors = selector::validate_labels(metadata.map("labels"), &path.child("labels"));
    let at = path.child("annotations");
    errors.extend(meta::validate_annotations(metadata.map("annotations"), &at));
    errors.extend(annotations::of_pod(metadata.map("annotations"), pod, &at));
    errors.extend(validation::spec(pod, Subject { metadata, is_pod: false }, &path.child("spec")));
    errors.extend(annotations::match_fields(metadata, pod, &path.child("spec")));
    if !pod.items("ephemeralContainers").is_empty() {
        let at = path.child("spec").child("ephemeralContainers");
        errors.push(field::forbidden(&at, "ephemeral containers not allowed in pod template"));
    }
    errors
}

/// Validates a selector that must be there and must not be empty. `Err` where pods cannot be selected by it.
pub fn selector(spec: &Value, kind: &str, path: &Path) -> (Result<LabelSelector, ()>, Errors) {
    let given = spec.get("selector").filter(|selector| !selector.is_null());
    let Some(given) = given else { return (Ok(LabelSelector::from_object(None)), vec![field::required(path, "")]) };
    let mut errors = selector::validate_label_selector(given, path);
    let usable = if errors.is_empty() { Ok(LabelSelector::from_object(Some(given))) } else { Err(()) };
    if !["matchLabels", "matchExpressions"].iter().any(|member| given.has(member)) {
        errors.push(field::invalid(path, given.clone(), &format!("empty selector is invalid for {kind}")));
    }
    (usable, errors)
}

/// A workload never changes whose pods are its own.
pub fn selector_stays(object: &Value, old: &Value) -> Option<field::Error> {
    let [new, old] = [object, old].map(|object| object["spec"].get("selector").filter(|selector| !selector.is_null()));
    let path = Path::new("spec").child("selector");
    (new != old).then(|| field::invalid(&path, new.cloned().unwrap_or(Value::Null), "field is immutable"))
}

/// A strategy of an update as upstream shows it in an error: with the names that its fields have in Go.
pub fn shown_strategy(strategy: &Value) -> Value {
    let rolling = strategy.get("rollingUpdate").filter(|rolling| !rolling.is_null());
    let rolling = rolling.map(|rolling| json!({"MaxUnavailable": rolling["maxUnavailable"], "MaxSurge": rolling["maxSurge"]}));
    json!({"Type": strategy["type"], "RollingUpdate": rolling})
}

/// The template's pods must be those that the selector finds.
pub fn selected(selector: &LabelSelector, template: &Value, path: &Path) -> Option<field::Error> {
    let labels = template["metadata"].get("labels");
    if selector.matches(labels.and_then(Value::as_object)) {
        return None;
    }
    let at = path.child("metadata").child("labels");
    Some(field::invalid(&at, labels.cloned().unwrap_or(Value::Null), "`selector` does not match template `labels`"))
}

/// Pods that are replaced for ever neither end by themselves nor at a time.
pub fn runs_for_ever(template: &Value, kind: &str, path: &Path) -> Errors {
    let (pod, at) = (&template["spec"], path.child("spec"));
    let mut errors = Errors::new();
    if pod.str("restartPolicy") != "Always" {
        errors.push(field::not_supported(&at.child("restartPolicy"), pod.str("restartPolicy"), &["Always"]));
    }
    if pod.has("activeDeadlineSeconds") {
        let detail = format!("activeDeadlineSeconds in {kind} is not Supported");
        errors.push(field::forbidden(&at.child("activeDeadlineSeconds"), &detail));
    }
    errors
}

/// The cells of [`CONTAINERS`] and [`IMAGES`], and of a column for the selector.
pub fn wide_cells(spec: &Value) -> [Value; 3] {
    let containers = spec["template"]["spec"].items("containers");
    let all = |member: &str| containers.iter().map(|c| c.str(member)).collect::<Vec<_>>().join(",");
    [all("name").into(), all("image").into(), LabelSelector::from_object(spec.get("selector")).to_string().into()]
}

/// Counters of a status that may not be negative.
pub fn not_negative(status: &Value, members: &[&str], path: &Path) -> Errors {
    members.iter().flat_map(|member| validation::not_negative(status, member, path)).collect()
}

/// Counters of a status that may not be above the number of replicas.
pub fn at_most_replicas(status: &Value, members: &[&str], path: &Path) -> Errors {
    let count = |member: &str| status.int(member).unwrap_or_default();
    let above = members.iter().filter(|member| count(member) > count("replicas"));
    above.map(|member| field::invalid(&path.child(member), count(member), "cannot be greater than status.replicas")).collect()
}

/// The number of available replicas is at most that of ready ones; `shown` names that one in the error.
pub fn available_at_most_ready(status: &Value, shown: &str, path: &Path) -> Option<field::Error> {
    let count = |member: &str| status.int(member).unwrap_or_default();
    let available = count("availableReplicas");
    (available > count("readyReplicas"))
        .then(|| field::invalid(&path.child("availableReplicas"), available, &format!("cannot be greater than {shown}")))
}

/// Validates the counters of a ReplicaSet's or ReplicationController's status.
pub fn replica_counters(status: &Value, path: &Path) -> Errors {
    const COUNTERS: [&str; 3] = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"];
    let mut errors = not_negative(status, &["replicas"], path);
    errors.extend(not_negative(status, &COUNTERS, path));
    errors.extend(not_negative(status, &["terminatingReplicas", "observedGeneration"], path));
    errors.extend(at_most_replicas(status, &COUNTERS, path));
    errors.extend(available_at_most_ready(status, "readyReplicas", path));
    errors
}

/// The number of name collisions never goes down.
pub fn collisions(status: &Value, old: &Value, path: &Path) -> Option<field::Error> {
    let [now, before] = [status, old].map(|status| status.int("collisionCount"));
    let fewer = before.is_some_and(|before| now.is_none_or(|now| now < before));
    fewer.then(|| field::invalid(&path.child("collisionCount"), now.unwrap_or_default(), "cannot be decremented"))
}
