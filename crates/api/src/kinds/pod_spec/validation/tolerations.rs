//! Validation of tolerations.

use super::texts;
use crate::{
    Value,
    field::{self, Errors, Path},
    names,
    value::Access,
};

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// Validates `tolerations`.
pub fn validate(tolerations: &[Value], path: &Path) -> Errors {
    tolerations.iter().enumerate().flat_map(|(i, toleration)| validate_one(toleration, &path.index(i))).collect()
}

fn validate_one(toleration: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let [key, operator, value, effect] = ["key", "operator", "value", "effect"].map(|m| toleration.str(m));
    if !key.is_empty() {
        errors.extend(texts(&path.child("key"), key, names::qualified_name(key)));
    }
    let at = path.child("operator");
    if key.is_empty() && operator != "Exists" {
        let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        errors.push(field::invalid(&at, operator, detail));
    }
    if toleration.has("tolerationSeconds") && effect != "NoExecute" {
        let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        errors.push(field::invalid(&path.child("effect"), effect, detail));
    }
    match operator {
        "Equal" | "" => {
            let found = names::label_value(value);
            if !found.is_empty() {
                errors.push(field::invalid(&at, value, &found.join(";")));
            }
        }
        "Exists" if !value.is_empty() => {
            errors.push(field::invalid(&at, value, "value must be empty when `operator` is 'Exists'"));
        }
        "Exists" => {}
        // Comparing taints by number is not switched on.
        "Lt" | "Gt" => errors.push(field::not_supported(&at, operator, &["Equal", "Exists", "Lt", "Gt"])),
        _ => errors.push(field::not_supported(&at, operator, &["Equal", "Exists"])),
    }
    if !effect.is_empty() && !EFFECTS.contains(&effect) {
        errors.push(field::not_supported(&path.child("effect"), effect, &EFFECTS));
    }
    errors
}
