//! What a Job's status may become: finished jobs are told consistently, and stay so. What a status had already, though it is wrong,
//! may stay. Input: objects. Output: upstream's errors.

use super::{counters, has_condition, policies};
use crate::{
    Value,
    field::{self, Errors, Path},
    value::Access,
};
use std::collections::BTreeSet;

/// Which parts of a status differ.
#[derive(Debug, Clone, Copy)]
struct Changed<'a> {
    new: &'a Value,
    old: &'a Value,
}

impl Changed<'_> {
    fn member(&self, name: &str) -> bool {
        self.new.get(name) != self.old.get(name)
    }

    fn condition(&self, name: &str) -> bool {
        has_condition(self.new, name) != has_condition(self.old, name)
    }

    fn finished(&self) -> bool {
        is_finished(self.new) != is_finished(self.old)
    }
}

fn is_finished(status: &Value) -> bool {
    has_condition(status, "Complete") || has_condition(status, "Failed")
}

/// Validates a changed status.
pub fn validate(object: &Value, old: &Value) -> Errors {
    let (status, spec, path) = (&object["status"], &object["spec"], Path::new("status"));
    let changed = Changed { new: status, old: &old["status"] };
    let mut errors = counters(status, &["active", "succeeded", "failed", "ready", "terminating"], &path);
    errors.extend(uncounted(&status["uncountedTerminatedPods"], &path.child("uncountedTerminatedPods")));
    errors.extend(completed(status, changed, &path));
    errors.extend(finished(object, changed, &path));
    errors.extend(indexes(object, changed, &path));
    errors.extend(numbers(status, changed, &path));
    errors.extend(criteria(spec, status, &path));
    errors.extend(irreversible(object, old, &path));
    errors
}

fn uncounted(pods: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut seen = BTreeSet::new();
    for member in ["succeeded", "failed"] {
        for (index, uid) in pods.items(member).iter().enumerate() {
            let (at, uid) = (path.child(member).index(index), uid.as_str().unwrap_or_default());
            if uid.is_empty() {
                errors.push(field::invalid(&at, uid, "must not be empty"));
            } else if !seen.insert(uid) {
                errors.push(field::duplicate(&at, uid));
            }
        }
    }
    errors
}

fn completed(status: &Value, changed: Changed<'_>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let (conditions, at) = (path.child("conditions"), path.child("completionTime"));
    let complete = has_condition(status, "Complete");
    if (changed.condition("Complete") || changed.condition("Failed")) && complete && has_condition(status, "Failed") {
        errors.push(field::unfit(&conditions, "cannot set Complete=True and Failed=true conditions"));
    }
    if (changed.condition("Complete") || changed.condition("FailureTarget")) && complete && has_condition(status, "FailureTarget") {
        errors.push(field::unfit(&conditions, "cannot set Complete=True and FailureTarget=true conditions"));
    }
    if changed.condition("Complete") || changed.member("completionTime") {
        match (status.has("completionTime"), complete) {
            (true, false) => {
                let detail = "cannot set completionTime when there is no Complete=True condition";
                errors.push(field::invalid(&at, status["completionTime"].clone(), detail));
            }
            (false, true) => errors.push(field::required(&at, "completionTime is required for Complete jobs")),
            (true, true) | (false, false) => {}
        }
    }
    // Times of whole seconds in one zone are in the order of their texts.
    let before = status.has("startTime") && status.has("completionTime") && status.str("completionTime") < status.str("startTime");
    if (changed.member("startTime") || changed.member("completionTime")) && before {
        errors.push(field::invalid(&at, status["completionTime"].clone(), "completionTime cannot be set before startTime"));
    }
    if (changed.condition("Failed") || changed.condition("FailureTarget"))
        && has_condition(status, "Failed")
        && !has_condition(status, "FailureTarget")
    {
        errors.push(field::unfit(&conditions, "cannot set Failed=True condition without the FailureTarget=true condition"));
    }
    if (changed.condition("Complete") || changed.condition("SuccessCriteriaMet"))
        && complete
        && !has_condition(status, "SuccessCriteriaMet")
    {
        errors.push(field::unfit(&conditions, "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"));
    }
    errors
}

fn finished(object: &Value, changed: Changed<'_>, path: &Path) -> Errors {
    let (status, mut errors) = (&object["status"], Errors::new());
    if !is_finished(status) {
        return errors;
    }
    let count = |member: &str| status.int(member).unwrap_or_default();
    if (changed.finished() || changed.member("active")) && count("active") > 0 {
        errors.push(field::invalid(&path.child("active"), count("active"), "active>0 is invalid for finished job"));
    }
    let running = !object["spec"].flag("suspend");
    if (changed.finished() || changed.member("startTime")) && running && !status.has("startTime") {
        errors.push(field::required(&path.child("startTime"), "startTime is required for finished job"));
    }
    let pods = &status["uncountedTerminatedPods"];
    let some = !pods.items("succeeded").is_empty() || !pods.items("failed").is_empty();
    if (changed.finished() || changed.member("uncountedTerminatedPods")) && some {
        let detail = "uncountedTerminatedPods needs to be empty for finished job";
        errors.push(field::invalid(&path.child("uncountedTerminatedPods"), pods.clone(), detail));
    }
    errors
}

fn indexes(object: &Value, changed: Changed<'_>, path: &Path) -> Errors {
    let (spec, status) = (&object["spec"], &object["status"]);
    let (completed, failed) = (status.str("completedIndexes"), status.get("failedIndexes").and_then(Value::as_str));
    let (at_completed, at_failed) = (path.child("completedIndexes"), path.child("failedIndexes"));
    let (completed_changed, failed_changed) = (changed.member("completedIndexes"), changed.member("failedIndexes"));
    let mut errors = Errors::new();
    if let Some(completions) = spec.int("completions") {
        if completed_changed && let Err(why) = policies::parse_indexes(completed, completions) {
            errors.push(field::invalid(&at_completed, completed, &format!("error parsing completedIndexes: {why}")));
        }
        if failed_changed
            && spec.has("backoffLimitPerIndex")
            && let Some(failed) = failed
            && let Err(why) = policies::parse_indexes(failed, completions)
        {
            errors.push(field::invalid(&at_failed, failed, &format!("error parsing failedIndexes: {why}")));
        }
    }
    if completed_changed && !completed.is_empty() && spec.str("completionMode") != "Indexed" {
        let detail = "cannot set non-empty completedIndexes when non-indexed completion mode";
        errors.push(field::invalid(&at_completed, completed, detail));
    }
    let Some(failed) = failed else { return errors };
    if failed_changed && !spec.has("backoffLimitPerIndex") {
        errors.push(field::invalid(&at_failed, failed, "cannot set non-null failedIndexes when backoffLimitPerIndex is null"));
    }
    if (failed_changed || completed_changed)
        && let Some(completions) = spec.int("completions")
        && let Some(index) = overlap(completed, failed, completions)
    {
        let detail = format!("failedIndexes and completedIndexes overlap at index: {index}");
        errors.push(field::invalid(&at_failed, failed, &detail));
    }
    errors
}

/// The first index in both lists; what cannot be read is in neither.
fn overlap(completed: &str, failed: &str, completions: i64) -> Option<i64> {
    let read =
        |text: &str| -> policies::Indexes { text.split(',').filter_map(|part| policies::interval(part, completions).ok()).collect() };
    let failed = read(failed);
    read(completed).into_iter().find_map(|(first, last)| {
        let hit = failed.iter().find(|(other_first, other_last)| first <= *other_last && *other_first <= last);
        hit.map(|(other_first, _)| first.max(*other_first))
    })
}

fn numbers(status: &Value, changed: Changed<'_>, path: &Path) -> Errors {
    let count = |member: &str| status.int(member).unwrap_or_default();
    let mut errors = Errors::new();
    if (changed.finished() || changed.member("terminating")) && is_finished(status) && count("terminating") > 0 {
        errors.push(field::invalid(&path.child("terminating"), count("terminating"), "terminating>0 is invalid for finished job"));
    }
    if (changed.member("ready") || changed.member("active")) && count("ready") > count("active") {
        errors.push(field::invalid(&path.child("ready"), count("ready"), "cannot set more ready pods than active"));
    }
    errors
}

fn criteria(spec: &Value, status: &Value, path: &Path) -> Errors {
    let (at, met) = (path.child("conditions"), has_condition(status, "SuccessCriteriaMet"));
    let mut errors = Errors::new();
    if met && has_condition(status, "Failed") {
        errors.push(field::unfit(&at, "cannot set SuccessCriteriaMet=True and Failed=true conditions"));
    }
    if met && has_condition(status, "FailureTarget") {
        errors.push(field::unfit(&at, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"));
    }
    if spec.has("successPolicy") && !met && has_condition(status, "Complete") {
        errors.push(field::unfit(&at, "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"));
    }
    errors
}

fn irreversible(object: &Value, old: &Value, path: &Path) -> Errors {
    let (new, before, at) = (&object["status"], &old["status"], path.child("conditions"));
    let mut errors = Errors::new();
    for name in ["Failed", "Complete", "FailureTarget"] {
        if has_condition(before, name) && !has_condition(new, name) {
            errors.push(field::unfit(&at, &format!("cannot disable the terminal {name}=True condition")));
        }
    }
    let indexed = object["spec"].str("completionMode") == "Indexed";
    for (member, elastic) in
        [("failed", false), ("succeeded", indexed && object["spec"].get("completions") != old["spec"].get("completions"))]
    {
        let [now, then] = [new, before].map(|status| status.int(member).unwrap_or_default());
        if now < then && !elastic {
            errors.push(field::invalid(&path.child(member), now, &format!("cannot decrease the {member} counter")));
        }
    }
    if new.has("completionTime") && before.has("completionTime") && new["completionTime"] != before["completionTime"] {
        errors.push(field::invalid(&path.child("completionTime"), new["completionTime"].clone(), "completionTime cannot be mutated"));
    }
    if before.has("startTime") && new.get("startTime") != before.get("startTime") && !object["spec"].flag("suspend") {
        errors.push(field::required(&path.child("startTime"), "startTime cannot be removed for unsuspended job"));
    }
    let [met, was_met] = [new, before].map(|status| has_condition(status, "SuccessCriteriaMet"));
    if was_met && !met {
        errors.push(field::unfit(&at, "cannot disable the SuccessCriteriaMet=True condition"));
    }
    if has_condition(before, "Complete") && !was_met && met {
        errors.push(field::unfit(&at, "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"));
    }
    errors
}
