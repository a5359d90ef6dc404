//! Validation of topology spread constraints.

use super::{Context, affinity};
use crate::{
    Value,
    field::{self, Errors, Path},
    selector,
    value::Access,
};

const ACTIONS: [&str; 2] = ["DoNotSchedule", "ScheduleAnyway"];
const NODE_POLICIES: [&str; 2] = ["Honor", "Ignore"];

/// Validates `topologySpreadConstraints`.
pub fn validate(context: &Context<'_>) -> Errors {
    let path = context.path.child("topologySpreadConstraints");
    let constraints = context.spec.items("topologySpreadConstraints");
    let mut errors = Errors::new();
    for (i, constraint) in constraints.iter().enumerate() {
        errors.extend(validate_one(constraint, &constraints[i + 1..], &path.index(i)));
    }
    errors
}

fn positive(value: i64, path: &Path) -> Option<field::Error> {
    (value <= 0).then(|| field::invalid(path, value, "must be greater than zero"))
}

fn validate_one(constraint: &Value, following: &[Value], path: &Path) -> Errors {
    let mut errors = Errors::new();
    let [key, action] = ["topologyKey", "whenUnsatisfiable"].map(|m| constraint.str(m));
    errors.extend(positive(constraint.int("maxSkew").unwrap_or_default(), &path.child("maxSkew")));
    if key.is_empty() {
        errors.push(field::required(&path.child("topologyKey"), "can not be empty"));
    }
    if !ACTIONS.contains(&action) {
        errors.push(field::not_supported(&path.child("whenUnsatisfiable"), action, &ACTIONS));
    }
    if following.iter().any(|c| c.str("topologyKey") == key && c.str("whenUnsatisfiable") == action) {
        let at = path.child("{topologyKey, whenUnsatisfiable}");
        errors.push(field::duplicate(&at, format!("{{{key}, {action}}}")));
    }
    if let Some(domains) = constraint.int("minDomains") {
        let at = path.child("minDomains");
        errors.extend(positive(domains, &at));
        if action != "DoNotSchedule" {
            let detail = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
            errors.push(field::invalid(&at, domains, &detail));
        }
    }
    for member in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
        if let Some(policy) = constraint.get(member).and_then(Value::as_str)
            && !NODE_POLICIES.contains(&policy)
        {
            errors.push(field::not_supported(&path.child(member), policy, &NODE_POLICIES));
        }
    }
    errors.extend(affinity::label_keys(constraint, path));
    if let Some(selector) = constraint.get("labelSelector") {
        errors.extend(selector::validate_label_selector(selector, &path.child("labelSelector")));
    }
    errors
}
