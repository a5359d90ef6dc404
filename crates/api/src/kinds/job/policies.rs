//! The policies of a Job: which failures count, when it has succeeded, when a pod is replaced; and lists of indexes, `1,3-5`.
//! Input: the job's spec. Output: upstream's errors.

use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::pod_spec::validation::{not_negative, texts},
    names,
    value::Access,
    wire::json::go_quote,
};
use std::collections::BTreeSet;

const RULES_MAX: usize = 20;
const CONDITIONS_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;
/// Bytes of a list of indexes.
const INDEXES_MAX: usize = 64 * 1024;
const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];
const OPERATORS: [&str; 2] = ["In", "NotIn"];
const STATUSES: [&str; 3] = ["False", "True", "Unknown"];
const REPLACEMENTS: [&str; 2] = ["Failed", "TerminatingOrFailed"];

/// A text that must be one of some: required, and supported.
fn choice(value: &str, supported: &[&str], path: &Path) -> Option<field::Error> {
    let listed = || supported.iter().map(|s| go_quote(s)).collect::<Vec<_>>().join(" ");
    match value {
        "" => Some(field::required(path, &format!("valid values: [{}]", listed()))),
        value => (!supported.contains(&value)).then(|| field::not_supported(path, value, supported)),
    }
}

/// Validates `podFailurePolicy`.
pub fn failure(spec: &Value, path: &Path) -> Errors {
    let (rules, path) = (spec["podFailurePolicy"].items("rules"), path.child("rules"));
    let mut errors = Errors::new();
    if rules.len() > RULES_MAX {
        errors.push(field::too_many(&path, rules.len(), RULES_MAX));
    }
    let pod = &spec["template"]["spec"];
    let containers: BTreeSet<&str> = pod.items("containers").iter().chain(pod.items("initContainers")).map(|c| c.str("name")).collect();
    for (index, rule) in rules.iter().enumerate() {
        let at = path.index(index);
        let action = rule.str("action");
        if action == "FailIndex" && !spec.has("backoffLimitPerIndex") {
            errors.push(field::invalid(&at.child("action"), action, "requires the backoffLimitPerIndex to be set"));
        }
        errors.extend(choice(action, &ACTIONS, &at.child("action")));
        let codes = rule.get("onExitCodes").filter(|codes| !codes.is_null());
        errors.extend(codes.map(|codes| exit_codes(codes, &containers, &at.child("onExitCodes"))).into_iter().flatten());
        let conditions = rule.items("onPodConditions");
        errors.extend(pod_conditions(conditions, &at.child("onPodConditions")));
        match (codes.is_some(), conditions.is_empty()) {
            (true, false) => errors.push(field::unfit(&at, "specifying both OnExitCodes and OnPodConditions is not supported")),
            (false, true) => errors.push(field::unfit(&at, "specifying one of OnExitCodes and OnPodConditions is required")),
            (true, true) | (false, false) => {}
        }
    }
    errors
}

fn exit_codes(codes: &Value, containers: &BTreeSet<&str>, path: &Path) -> Errors {
    let operator = codes.str("operator");
    let mut errors: Errors = choice(operator, &OPERATORS, &path.child("operator")).into_iter().collect();
    if let Some(name) = codes.get("containerName").and_then(Value::as_str).filter(|name| !containers.contains(name)) {
        let detail = "must be one of the container or initContainer names in the pod template";
        errors.push(field::invalid(&path.child("containerName"), name, detail));
    }
    let (values, at) = (codes.items("values"), path.child("values"));
    if values.is_empty() {
        errors.push(field::invalid(&at, values.to_vec(), "at least one value is required"));
    } else if values.len() > EXIT_CODES_MAX {
        errors.push(field::too_many(&at, values.len(), EXIT_CODES_MAX));
    }
    let mut seen = BTreeSet::new();
    let numbers: Vec<i64> = values.iter().map(|value| value.as_i64().unwrap_or_default()).collect();
    for (index, number) in numbers.iter().enumerate() {
        if operator == "In" && *number == 0 {
            errors.push(field::invalid(&at.index(index), 0, "must not be 0 for the In operator"));
        }
        if !seen.insert(number) {
            errors.push(field::duplicate(&at.index(index), *number));
        }
    }
    if !numbers.is_sorted() {
        errors.push(field::invalid(&at, values.to_vec(), "must be ordered"));
    }
    errors
}

fn pod_conditions(conditions: &[Value], path: &Path) -> Errors {
    let mut errors = Errors::new();
    if conditions.len() > CONDITIONS_MAX {
        errors.push(field::too_many(path, conditions.len(), CONDITIONS_MAX));
    }
    for (index, pattern) in conditions.iter().enumerate() {
        let (at, name) = (path.index(index), pattern.str("type"));
        errors.extend(texts(&at.child("type"), name, names::qualified_name(name)));
        errors.extend(choice(pattern.str("status"), &STATUSES, &at.child("status")));
    }
    errors
}

/// Validates `successPolicy`.
pub fn success(spec: &Value, path: &Path) -> Errors {
    if spec.str("completionMode") != "Indexed" {
        return vec![field::invalid(path, spec["successPolicy"].clone(), "requires indexed completion mode")];
    }
    let (rules, path) = (spec["successPolicy"].items("rules"), path.child("rules"));
    let mut errors = Errors::new();
    if rules.is_empty() {
        errors.push(field::required(&path, "at least one rules must be specified when the successPolicy is specified"));
    }
    if rules.len() > RULES_MAX {
        errors.push(field::too_many(&path, rules.len(), RULES_MAX));
    }
    let completions = spec.int("completions").unwrap_or_default();
    for (index, rule) in rules.iter().enumerate() {
        errors.extend(success_rule(rule, completions, &path.index(index)));
    }
    errors
}

fn success_rule(rule: &Value, completions: i64, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let (count, indexes) = (rule.int("succeededCount"), rule.get("succeededIndexes").and_then(Value::as_str));
    if count.is_none() && indexes.is_none() {
        errors.push(field::required(path, "at least one of succeededCount or succeededIndexes must be specified"));
    }
    let mut listed = 0;
    if let Some(text) = indexes {
        let at = path.child("succeededIndexes");
        if text.len() > INDEXES_MAX {
            errors.push(field::too_long(&at, INDEXES_MAX));
        }
        match parse_indexes(text, completions) {
            Ok(indexes) => listed = indexes.iter().map(|(first, last)| last - first + 1).sum(),
            Err(why) => errors.push(field::invalid(&at, text, &format!("error parsing succeededIndexes: {why}"))),
        }
    }
    let Some(count) = count else { return errors };
    let at = path.child("succeededCount");
    errors.extend(not_negative(rule, "succeededCount", path));
    if count > completions {
        let detail = format!("must be less than or equal to {completions} (the number of specified completions)");
        errors.push(field::invalid(&at, count, &detail));
    }
    if indexes.is_some() && count > listed {
        let detail = format!("must be less than or equal to {listed} (the number of indexes in the specified succeededIndexes field)");
        errors.push(field::invalid(&at, count, &detail));
    }
    errors
}

/// Validates `podReplacementPolicy`: with a failure policy it is known only at the end what a pod came to.
pub fn replacement(spec: &Value, path: &Path) -> Option<field::Error> {
    let policy = spec.get("podReplacementPolicy").and_then(Value::as_str)?;
    let supported = if spec.has("podFailurePolicy") { &REPLACEMENTS[..1] } else { &REPLACEMENTS };
    (!supported.contains(&policy)).then(|| field::not_supported(path, policy, supported))
}

/// First and last of runs of indexes, in order.
pub type Indexes = Vec<(i64, i64)>;

/// Reads a list of indexes below `completions`: `1,3-5`. `Err`: upstream's words.
pub fn parse_indexes(text: &str, completions: i64) -> Result<Indexes, String> {
    let mut indexes = Indexes::new();
    for part in text.split(',').filter(|_| !text.is_empty()) {
        let (first, last) = interval(part, completions)?;
        if let Some((_, before)) = indexes.last().filter(|(_, before)| *before >= first) {
            return Err(format!("non-increasing order, previous: {before}, current: {first}"));
        }
        indexes.push((first, last));
    }
    Ok(indexes)
}

/// One run: `3` or `3-5`.
pub fn interval(text: &str, completions: i64) -> Result<(i64, i64), String> {
    let number = |text: &str| match text.parse::<i64>() {
        Err(_) => Err(format!("cannot convert string to integer for index: {}", go_quote(text))),
        Ok(number) if number >= completions => Err(format!("too large index: {}", go_quote(text))),
        Ok(number) => Ok(number),
    };
    match text.split('-').collect::<Vec<_>>()[..] {
        [first] => number(first).map(|first| (first, first)),
        [first, last] => {
            let (first, last) = (number(first)?, number(last)?);
            if first >= last { Err(format!("non-increasing order, previous: {first}, current: {last}")) } else { Ok((first, last)) }
        }
        _ => Err(format!(
            "the fragment {} violates the requirement that an index interval can have at most two parts separated by '-'",
            go_quote(text)
        )),
    }
}
