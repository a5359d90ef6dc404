//! Validation of node affinity, pod affinity and anti-affinity.

use super::texts;
use crate::{
    Value,
    field::{self, Errors, Path},
    names, selector,
    value::Access,
};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Validates `affinity`.
pub fn validate(affinity: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if let Some(node) = affinity.get("nodeAffinity") {
        errors.extend(node_affinity(node, &path.child("nodeAffinity")));
    }
    for member in ["podAffinity", "podAntiAffinity"] {
        let Some(terms) = affinity.get(member) else { continue };
        let at = path.child(member);
        for (i, term) in terms.items(REQUIRED).iter().enumerate() {
            errors.extend(pod_term(term, &at.child(REQUIRED).index(i)));
        }
        for (i, term) in terms.items(PREFERRED).iter().enumerate() {
            let at = at.child(PREFERRED).index(i);
            errors.extend(weight(term, &at));
            errors.extend(pod_term(&term["podAffinityTerm"], &at.child("podAffinityTerm")));
        }
    }
    errors
}

fn node_affinity(affinity: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if let Some(required) = affinity.get(REQUIRED) {
        errors.extend(node_selector(required, &path.child(REQUIRED)));
    }
    for (i, term) in affinity.items(PREFERRED).iter().enumerate() {
        let at = path.child(PREFERRED).index(i);
        errors.extend(weight(term, &at));
        // Odd label values pass here: with one node the preference can still be met.
        errors.extend(node_term(&term["preference"], false, &at.child("preference")));
    }
    errors
}

/// Validates a required node selector.
pub fn node_selector(selector: &Value, path: &Path) -> Errors {
    let at = path.child("nodeSelectorTerms");
    let terms = selector.items("nodeSelectorTerms");
    if terms.is_empty() {
        return vec![field::required(&at, "must have at least one node selector term")];
    }
    terms.iter().enumerate().flat_map(|(i, term)| node_term(term, true, &at.index(i))).collect()
}

fn weight(term: &Value, path: &Path) -> Option<field::Error> {
    let weight = term.int("weight").unwrap_or_default();
    (!(1..=100).contains(&weight)).then(|| field::invalid(&path.child("weight"), weight, "must be in the range 1-100"))
}

fn node_term(term: &Value, check_values: bool, path: &Path) -> Errors {
    let mut errors = Errors::new();
    for (i, requirement) in term.items("matchExpressions").iter().enumerate() {
        errors.extend(node_expression(requirement, check_values, &path.child("matchExpressions").index(i)));
    }
    for (i, requirement) in term.items("matchFields").iter().enumerate() {
        errors.extend(node_field(requirement, &path.child("matchFields").index(i)));
    }
    errors
}

fn node_expression(requirement: &Value, check_values: bool, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let values = requirement.items("values");
    let at = path.child("values");
    match requirement.str("operator") {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(field::required(&at, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            errors.push(field::forbidden(&at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        }
        "Gt" | "Lt" if values.len() != 1 => {
            errors.push(field::required(&at, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.push(field::invalid(&path.child("operator"), other, "not a valid selector operator")),
    }
    let key = requirement.str("key");
    errors.extend(texts(&path.child("key"), key, names::qualified_name(key)));
    if check_values {
        for (i, value) in values.iter().enumerate() {
            let value = value.as_str().unwrap_or_default();
            errors.extend(texts(&at.index(i), value, names::label_value(value)));
        }
    }
    errors
}

fn node_field(requirement: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let values = requirement.items("values");
    match requirement.str("operator") {
        "In" | "NotIn" if values.len() == 1 => {}
        "In" | "NotIn" => {
            let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            errors.push(field::required(&path.child("values"), detail));
        }
        other => errors.push(field::invalid(&path.child("operator"), other, "not a valid selector operator")),
    }
    let key = requirement.str("key");
    if key != "metadata.name" {
        errors.push(field::invalid(&path.child("key"), key, "not a valid field selector key"));
        return errors;
    }
    for (i, value) in values.iter().enumerate() {
        let value = value.as_str().unwrap_or_default();
        errors.extend(texts(&path.child("values").index(i), value, names::dns_subdomain(value)));
    }
    errors
}

fn pod_term(term: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    for member in ["labelSelector", "namespaceSelector"] {
        if let Some(selector) = term.get(member) {
            errors.extend(selector::validate_label_selector(selector, &path.child(member)));
        }
    }
    for namespace in term.items("namespaces") {
        let namespace = namespace.as_str().unwrap_or_default();
        errors.extend(texts(&path.child("namespace"), namespace, names::dns_label(namespace)));
    }
    errors.extend(label_keys(term, path));
    let key = term.str("topologyKey");
    let at = path.child("topologyKey");
    if key.is_empty() {
        errors.push(field::required(&at, "can not be empty"));
    }
    errors.extend(texts(&at, key, names::qualified_name(key)));
    errors
}

/// Validates `matchLabelKeys` and `mismatchLabelKeys`, whose keys are in the selector already.
pub fn label_keys(term: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let [matched, mismatched] = ["matchLabelKeys", "mismatchLabelKeys"].map(|member| term.items(member));
    let selector = term.get("labelSelector");
    for (keys, member) in [(matched, "matchLabelKeys"), (mismatched, "mismatchLabelKeys")] {
        let at = path.child(member);
        if !keys.is_empty() && selector.is_none() {
            errors.push(field::forbidden(&at, "must not be specified when labelSelector is not set"));
            continue;
        }
        for (i, key) in keys.iter().enumerate() {
            let key = key.as_str().unwrap_or_default();
            errors.extend(texts(&at.index(i), key, names::qualified_name(key)));
        }
    }
    if let Some(selector) = selector {
        errors.extend(keys_given_twice(selector, matched, path));
    }
    for (i, key) in matched.iter().enumerate().filter(|(_, key)| mismatched.contains(key)) {
        let at = path.child("matchLabelKeys").index(i);
        errors.push(field::invalid(&at, key.clone(), "exists in both matchLabelKeys and mismatchLabelKeys"));
    }
    errors
}

fn keys_given_twice(selector: &Value, matched: &[Value], path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut seen: Vec<&str> = super::sorted(selector.map("matchLabels")).into_keys().collect();
    for expression in selector.items("matchExpressions") {
        let key = expression.str("key");
        let at = matched.iter().rposition(|m| m == key);
        if let Some(at) = at.filter(|_| seen.contains(&key)) {
            errors.push(field::invalid(&path.index(at), key, "exists in both matchLabelKeys and labelSelector"));
        }
        seen.push(key);
    }
    errors
}
