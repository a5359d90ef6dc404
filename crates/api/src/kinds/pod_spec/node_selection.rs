//! Which nodes a pod spec selects: its node selector, its required node affinity, and terms of preferences. Knows labels and a name only.

use crate::{Value, value::Access};
use std::collections::BTreeMap;

/// What selection looks at of a node.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    pub name: &'a str,
    pub labels: &'a BTreeMap<String, String>,
}

/// spec.nodeSelector and the required node affinity.
pub fn selects(spec: &Value, node: Candidate<'_>) -> bool {
    let selector = spec.map("nodeSelector").into_iter().flatten();
    let mut pairs = selector.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()));
    if !pairs.all(|(name, value)| node.labels.get(name).is_some_and(|v| v == value)) {
        return false;
    }
    let required = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    if required.is_null() {
        return true;
    }
    required.items("nodeSelectorTerms").iter().any(|term| term_matches(term, node))
}

/// A term without any requirement matches nothing.
pub fn term_matches(term: &Value, node: Candidate<'_>) -> bool {
    let (labels, fields) = (term.items("matchExpressions"), term.items("matchFields"));
    let label = |r: &Value| holds(r, node.labels.get(r.str("key")).map(String::as_str));
    let field = |r: &Value| r.str("key") == "metadata.name" && holds(r, Some(node.name));
    !(labels.is_empty() && fields.is_empty()) && labels.iter().all(label) && fields.iter().all(field)
}

fn holds(requirement: &Value, value: Option<&str>) -> bool {
    let values = requirement.items("values");
    let listed = || value.is_some_and(|value| values.iter().any(|v| v == value));
    let number = |v: Option<&str>| v.and_then(|v| v.parse::<i64>().ok());
    let bound = || number(values.first().and_then(Value::as_str));
    match requirement.str("operator") {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => number(value).zip(bound()).is_some_and(|(value, bound)| value > bound),
        "Lt" => number(value).zip(bound()).is_some_and(|(value, bound)| value < bound),
        _ => false,
    }
}
