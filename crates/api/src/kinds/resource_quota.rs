//! ResourceQuota: how much a namespace may have of things and of resources. Its status says how much of it is used.

pub mod counted;

use super::{
    columns,
    pod_spec::{
        amount,
        validation::{resources, sorted},
    },
};
use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource},
    schema::generated::CORE_V1_RESOURCE_QUOTA,
    time::{Timestamp, age},
    value::Access,
};
use std::collections::BTreeSet;

pub static RESOURCE_QUOTA: Kind = Kind {
    group: "",
    version: "v1",
    kind: "ResourceQuota",
    plural: "resourcequotas",
    singular: "resourcequota",
    short_names: &["quota"],
    categories: &[],
    namespaced: true,
    schema: &CORE_V1_RESOURCE_QUOTA,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: READ_WRITE }],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: true,
    stored_as: None,
    hooks: HooksRef::Static(&ResourceQuota),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text("Request", "Request represents a minimum amount of cpu/memory that a container may consume."),
    columns::text(
        "Limit",
        "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.",
    ),
    columns::AGE,
];

/// Which pods a quota counts.
const SCOPES: [&str; 7] =
    ["Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity", "VolumeAttributesClass"];
const CONFLICTS: [[&str; 2]; 2] = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];
/// What quotas of pods may limit.
const OF_PODS: [&str; 10] = [
    "cpu",
    "memory",
    "requests.cpu",
    "requests.memory",
    "limits.cpu",
    "limits.memory",
    "pods",
    "ephemeral-storage",
    "requests.ephemeral-storage",
    "limits.ephemeral-storage",
];

#[derive(Debug)]
struct ResourceQuota;

impl Hooks for ResourceQuota {
    fn default(&self, object: &mut Value) {
        object.default_to("spec", json!({}));
        object.default_to("status", json!({}));
    }

    fn prepare_create(&self, object: &mut Value) {
        object["status"] = json!({});
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        Generation::Keep
    }

    fn validate(&self, object: &Value) -> Errors {
        let (spec, path) = (&object["spec"], Path::new("spec"));
        let mut errors = hard(spec, "hard", &path);
        errors.extend(scopes(spec, &path.child("scopes")));
        errors.extend(scope_selector(spec, &path.child("scopeSelector").child("matchExpressions")));
        errors
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        if part == Part::Status {
            let (status, path) = (&object["status"], Path::new("status"));
            let mut errors = hard(status, "hard", &path);
            errors.extend(hard(status, "used", &path));
            return errors;
        }
        let mut errors = self.validate(object);
        let set = |object: &Value| -> BTreeSet<String> {
            object["spec"].items("scopes").iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        if set(object) != set(old) {
            let shown = object["spec"].items("scopes").to_vec();
            errors.push(field::invalid(&Path::new("spec").child("scopes"), shown, "field is immutable"));
        }
        errors
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let status = &object["status"];
        let used = |name: &str| status["used"].get(name).and_then(Value::as_str).unwrap_or("0").to_owned();
        let hard = sorted(status.map("hard"));
        let shown = |limits: bool| {
            let chosen = hard.iter().filter(|(name, _)| name.starts_with("limits.") == limits);
            let each = chosen.map(|(name, hard)| format!("{name}: {}/{}", used(name), hard.as_str().unwrap_or_default()));
            each.collect::<Vec<_>>().join(", ")
        };
        vec![object["metadata"].str("name").into(), shown(false).into(), shown(true).into(), age(object, now).into()]
    }
}

fn hard(holder: &Value, member: &str, path: &Path) -> Errors {
    let mut errors = Errors::new();
    for (name, value) in sorted(holder.map(member)) {
        let at = path.child(member).key(name);
        errors.extend(resources::quota_name(name, &at));
        errors.extend(amount::of(value).map(|amount| resources::amount_of(name, &amount, &at)).into_iter().flatten());
    }
    errors
}

/// Whether a quota of that scope can limit that resource.
fn fits(scope: &str, resource: &str) -> bool {
    match scope {
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => matches!(resource, "persistentvolumeclaims" | "requests.storage"),
        _ => OF_PODS.contains(&resource),
    }
}

/// Whether all that is limited can be limited in that scope. What Kubernetes does not know fits anywhere.
fn all_fit(spec: &Value, scope: &str) -> bool {
    spec.map("hard").into_iter().flatten().all(|(name, _)| !resources::is_standard_quota(name) || fits(scope, name))
}

fn conflicting(seen: &BTreeSet<&str>) -> bool {
    CONFLICTS.iter().any(|pair| pair.iter().all(|scope| seen.contains(scope)))
}

fn scopes(spec: &Value, path: &Path) -> Errors {
    let given = spec.items("scopes");
    let wrong = |detail: &str| field::invalid(path, given.to_vec(), detail);
    let mut errors = Errors::new();
    let mut seen = BTreeSet::new();
    for scope in given.iter().map(|scope| scope.as_str().unwrap_or_default()) {
        if !SCOPES.contains(&scope) {
            errors.push(wrong("unsupported scope"));
        }
        if SCOPES.contains(&scope) && !all_fit(spec, scope) {
            errors.push(wrong("unsupported scope applied to resource"));
        }
        seen.insert(scope);
    }
    if conflicting(&seen) {
        errors.push(wrong("conflicting scopes"));
    }
    errors
}

fn scope_selector(spec: &Value, path: &Path) -> Errors {
    const EXISTS_ALONE: [&str; 5] = ["BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"];
    let expressions = spec["scopeSelector"].items("matchExpressions");
    let mut errors = Errors::new();
    let mut seen = BTreeSet::new();
    for expression in expressions {
        let (scope, operator) = (expression.str("scopeName"), expression.str("operator"));
        if !SCOPES.contains(&scope) {
            errors.push(field::invalid(&path.child("scopeName"), scope, "unsupported scope"));
        } else if !all_fit(spec, scope) {
            errors.push(field::invalid(path, spec["scopeSelector"].clone(), "unsupported scope applied to resource"));
        }
        if EXISTS_ALONE.contains(&scope) && operator != "Exists" {
            let detail = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, \
                          ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
            errors.push(field::invalid(&path.child("operator"), operator, detail));
        }
        let (values, at) = (expression.items("values"), path.child("values"));
        match operator {
            "In" | "NotIn" if values.is_empty() => {
                errors.push(field::required(&at, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector";
                errors.push(field::invalid(&at, values.to_vec(), detail));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.push(field::invalid(&path.child("operator"), other, "not a valid selector operator")),
        }
        seen.insert(scope);
    }
    if conflicting(&seen) {
        errors.push(field::invalid(path, expressions.to_vec(), "conflicting scopes"));
    }
    errors
}
