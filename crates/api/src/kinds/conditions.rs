//! Conditions of the common form (`metav1.Condition`), as the status of several kinds has them. Input: a list. Output: upstream's errors.

use super::pod_spec::validation::texts;
use crate::{
    Value,
    field::{self, Errors, Path},
    names,
    value::Access,
};
use std::collections::BTreeSet;

const STATUSES: [&str; 3] = ["False", "True", "Unknown"];
const REASON_MAX: usize = 1024;
const MESSAGE_MAX: usize = 32 * 1024;

/// Validates conditions: each type once, with a status, a reason and a time.
pub fn validate(conditions: &[Value], path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut seen = BTreeSet::new();
    for (index, condition) in conditions.iter().enumerate() {
        let at = path.index(index);
        let [name, status, reason] = ["type", "status", "reason"].map(|member| condition.str(member));
        if !seen.insert(name) {
            errors.push(field::duplicate(&at.child("type"), name));
        }
        errors.extend(texts(&at.child("type"), name, names::qualified_name(name)));
        match status {
            "" => errors.push(field::required(&at.child("status"), "")),
            status if !STATUSES.contains(&status) => errors.push(field::not_supported(&at.child("status"), status, &STATUSES)),
            _ => {}
        }
        if let Some(generation) = condition.int("observedGeneration").filter(|generation| *generation < 0) {
            errors.push(field::invalid(&at.child("observedGeneration"), generation, "must be greater than or equal to zero"));
        }
        if !condition.has("lastTransitionTime") {
            errors.push(field::required(&at.child("lastTransitionTime"), ""));
        }
        if reason.is_empty() {
            errors.push(field::required(&at.child("reason"), ""));
        } else if reason.len() > REASON_MAX {
            errors.push(field::too_long(&at.child("reason"), REASON_MAX));
        }
        if condition.str("message").len() > MESSAGE_MAX {
            errors.push(field::too_long(&at.child("message"), MESSAGE_MAX));
        }
    }
    errors
}
