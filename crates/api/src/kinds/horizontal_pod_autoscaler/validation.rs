//! What a HorizontalPodAutoscaler may ask for. Input: its spec in autoscaling/v2. Output: errors.

use crate::{
    Value,
    field::{self, Errors, Path},
    names,
    quantity::Quantity,
    value::Access,
};

const MOST_STABLE_S: i64 = 3600;
const LONGEST_PERIOD_S: i64 = 1800;

/// A source's member, the metric type that it belongs to, and what is asked of it; in the order they are looked at.
const SOURCES: [(&str, &str, Check); 5] = [
    ("object", "Object", object),
    ("external", "External", external),
    ("pods", "Pods", pods),
    ("resource", "Resource", resource),
    ("containerResource", "ContainerResource", container_resource),
];

type Check = fn(&Value, &Path) -> Errors;

/// `old` is the stored spec: what is wrong with its target's version may stay so.
pub(super) fn spec(spec: &Value, old: Option<&Value>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let (least, most) = (spec.int("minReplicas"), spec.int("maxReplicas").unwrap_or_default());
    let most_at = path.child("maxReplicas");
    if let Some(least) = least.filter(|least| *least < 0) {
        errors.push(field::invalid(&path.child("minReplicas"), least, "must be greater than or equal to 0"));
    }
    if least.is_some_and(|least| most < least) {
        errors.push(field::invalid(&most_at, most, "must be greater than or equal to `minReplicas`"));
    }
    let at = path.child("scaleTargetRef");
    errors.extend(reference(&spec["scaleTargetRef"], &at));
    let was_wrong = old.is_some_and(|old| !group_version(&old["scaleTargetRef"], &at).is_empty());
    if !was_wrong {
        errors.extend(group_version(&spec["scaleTargetRef"], &at));
    }
    errors.extend(metrics(spec.items("metrics"), least, &path.child("metrics")));
    if spec.has("behavior") {
        for direction in ["scaleUp", "scaleDown"].into_iter().filter(|direction| spec["behavior"].has(direction)) {
            errors.extend(rules(&spec["behavior"][direction], &path.child("behavior").child(direction)));
        }
    }
    match most {
        0 => errors.push(field::required(&most_at, "")),
        ..0 => errors.push(field::invalid(&most_at, most, "must be greater than or equal to 1")),
        _ => {}
    }
    errors
}

fn reference(reference: &Value, path: &Path) -> Errors {
    ["kind", "name"].iter().flat_map(|member| segment(reference, member, "", path)).collect()
}

/// A member that is part of a path: needed, and without what splits paths.
fn segment(parent: &Value, member: &str, needed: &str, path: &Path) -> Errors {
    let (value, at) = (parent.str(member), path.child(member));
    if value.is_empty() {
        return vec![field::required(&at, needed)];
    }
    names::path_segment_name(value).iter().map(|text| field::invalid(&at, value, text)).collect()
}

/// Only a ReplicationController can be scaled of what has no group; anything can be measured.
fn group_version(reference: &Value, path: &Path) -> Errors {
    let needs_group = reference.str("kind") != "ReplicationController";
    versioned(reference, needs_group, path)
}

fn versioned(reference: &Value, needs_group: bool, path: &Path) -> Errors {
    let version = reference.str("apiVersion");
    let why = match version.split('/').collect::<Vec<_>>()[..] {
        [] | [_] | ["", _] if needs_group => "apiVersion must specify API group".to_owned(),
        [_, _, _, ..] => format!("unexpected GroupVersion string: {version}"),
        _ => return Errors::new(),
    };
    vec![field::invalid(&path.child("apiVersion"), version, &why)]
}

fn metrics(metrics: &[Value], least: Option<i64>, path: &Path) -> Errors {
    let mut errors: Errors = metrics.iter().enumerate().flat_map(|(i, spec)| metric(spec, &path.index(i))).collect();
    let outside = metrics.iter().any(|metric| matches!(metric.str("type"), "Object" | "External"));
    if least == Some(0) && !outside {
        errors.push(field::forbidden(path, "must specify at least one Object or External metric to support scaling to zero replicas"));
    }
    errors
}

fn metric(metric: &Value, path: &Path) -> Errors {
    let (ty, mut errors) = (metric.str("type"), Errors::new());
    if ty.is_empty() {
        errors.push(field::required(&path.child("type"), "must specify a metric source type"));
    }
    let expected = SOURCES.iter().find(|(_, of, _)| *of == ty).map(|(member, ..)| *member);
    if expected.is_none() {
        let types = ["ContainerResource", "External", "Object", "Pods", "Resource"];
        errors.push(field::not_supported(&path.child("type"), ty, &types));
    }
    let present: Vec<_> = SOURCES.iter().filter(|(member, ..)| metric.has(member)).collect();
    if let Some((member, _, check)) = present.first() {
        errors.extend(check(&metric[*member], &path.child(member)));
    }
    if let Some(expected) = expected.filter(|expected| !metric.has(expected)) {
        errors.push(field::required(&path.child(expected), "must populate information for the given metric source"));
    }
    if present.len() > 1 {
        let others = present.iter().filter(|(member, ..)| Some(*member) != expected);
        errors.extend(others.map(|(member, ..)| field::forbidden(&path.child(member), "must populate the given metric source only")));
    }
    errors
}

fn object(source: &Value, path: &Path) -> Errors {
    let (described, at) = (&source["describedObject"], path.child("describedObject"));
    let mut errors = reference(described, &at);
    errors.extend(versioned(described, false, &at));
    errors.extend(identified(source, path));
    let wanted = &source["target"];
    if !wanted.has("value") && !wanted.has("averageValue") {
        errors.push(field::required(&path.child("target").child("averageValue"), "must set either a target value or averageValue"));
    }
    errors
}

fn external(source: &Value, path: &Path) -> Errors {
    let (mut errors, wanted, at) = (identified(source, path), &source["target"], path.child("target"));
    match (wanted.has("value"), wanted.has("averageValue")) {
        (false, false) => {
            errors.push(field::required(&at.child("averageValue"), "must set either a target value for metric or a per-pod target"))
        }
        (true, true) => {
            errors.push(field::forbidden(&at.child("value"), "may not set both a target value for metric and a per-pod target"))
        }
        _ => {}
    }
    errors
}

fn pods(source: &Value, path: &Path) -> Errors {
    let mut errors = identified(source, path);
    if !positive(source["target"].str("averageValue")) {
        errors.push(field::required(&path.child("target").child("averageValue"), "must specify a positive target averageValue"));
    }
    errors
}

fn resource(source: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if source.str("name").is_empty() {
        errors.push(field::required(&path.child("name"), "must specify a resource name"));
    }
    errors.extend(share(&source["target"], &path.child("target")));
    errors
}

fn container_resource(source: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    for (member, what) in [("name", "resource name"), ("container", "container")] {
        if source.str(member).is_empty() {
            errors.push(field::required(&path.child(member), &format!("must specify a {what}")));
        }
    }
    errors.extend(share(&source["target"], &path.child("target")));
    errors
}

/// The metric and the target of a source that names its metric.
fn identified(source: &Value, path: &Path) -> Errors {
    let mut errors = segment(&source["metric"], "name", "must specify a metric name", &path.child("metric"));
    errors.extend(target(&source["target"], &path.child("target")));
    errors
}

/// The target of a source that measures what pods use of their requests.
fn share(wanted: &Value, path: &Path) -> Errors {
    let mut errors = target(wanted, path);
    match (wanted.has("averageUtilization"), wanted.has("averageValue")) {
        (false, false) => {
            errors.push(field::required(&path.child("averageUtilization"), "must set either a target raw value or a target utilization"));
        }
        (true, true) => {
            errors.push(field::forbidden(&path.child("averageValue"), "may not set both a target raw value and a target utilization"));
        }
        _ => {}
    }
    errors
}

fn target(wanted: &Value, path: &Path) -> Errors {
    let (ty, mut errors) = (wanted.str("type"), Errors::new());
    if ty.is_empty() {
        errors.push(field::required(&path.child("type"), "must specify a metric target type"));
    }
    if !matches!(ty, "Utilization" | "Value" | "AverageValue") {
        errors.push(field::invalid(&path.child("type"), ty, "must be either Utilization, Value, or AverageValue"));
    }
    for member in ["value", "averageValue"] {
        if wanted.has(member) && !positive(wanted.str(member)) {
            errors.push(field::invalid(&path.child(member), wanted.str(member), "must be positive"));
        }
    }
    if let Some(percent) = wanted.int("averageUtilization").filter(|percent| *percent < 1) {
        errors.push(field::invalid(&path.child("averageUtilization"), percent, "must be greater than 0"));
    }
    errors
}

fn rules(rules: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let window = rules.int("stabilizationWindowSeconds").unwrap_or_default();
    let at = path.child("stabilizationWindowSeconds");
    if window < 0 {
        errors.push(field::invalid(&at, window, "must be greater than or equal to zero"));
    }
    if window > MOST_STABLE_S {
        errors.push(field::invalid(&at, window, &format!("must be less than or equal to {MOST_STABLE_S}")));
    }
    let (chosen, choices) = (rules.str("selectPolicy"), ["Disabled", "Max", "Min"]);
    if rules.has("selectPolicy") && !choices.contains(&chosen) {
        errors.push(field::not_supported(&path.child("selectPolicy"), chosen, &choices));
    }
    let (policies, at) = (rules.items("policies"), path.child("policies"));
    if policies.is_empty() {
        errors.push(field::required(&at, "must specify at least one Policy"));
    }
    errors.extend(policies.iter().enumerate().flat_map(|(i, rule)| policy(rule, &at.index(i))));
    let tolerance = rules.str("tolerance");
    if Quantity::parse(tolerance).is_ok_and(|tolerance| tolerance.signum() < 0) {
        errors.push(field::invalid(&path.child("tolerance"), tolerance, "must be greater than or equal to 0"));
    }
    errors
}

fn policy(policy: &Value, path: &Path) -> Errors {
    let (mut errors, types) = (Errors::new(), ["Percent", "Pods"]);
    if !types.contains(&policy.str("type")) {
        errors.push(field::not_supported(&path.child("type"), policy.str("type"), &types));
    }
    for member in ["value", "periodSeconds"] {
        let number = policy.int(member).unwrap_or_default();
        if number <= 0 {
            errors.push(field::invalid(&path.child(member), number, "must be greater than zero"));
        }
        if member == "periodSeconds" && number > LONGEST_PERIOD_S {
            errors.push(field::invalid(&path.child(member), number, &format!("must be less than or equal to {LONGEST_PERIOD_S}")));
        }
    }
    errors
}

fn positive(quantity: &str) -> bool {
    Quantity::parse(quantity).is_ok_and(|quantity| quantity.signum() > 0)
}
