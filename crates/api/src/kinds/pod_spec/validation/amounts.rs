//! Amounts that are a number or a percentage of something (`IntOrString`). Input: such a value. Output: upstream's errors.

use super::texts;
use crate::{
    Value,
    field::{self, Errors, Path},
    names,
};

/// Validates a number that is not negative, or a percentage.
pub fn validate(value: &Value, path: &Path) -> Errors {
    match value {
        Value::String(text) => texts(path, text, names::percent(text)).collect(),
        number => match number.as_i64().unwrap_or_default() {
            number if number < 0 => vec![field::invalid(path, number, "must be greater than or equal to 0")],
            _ => Errors::new(),
        },
    }
}

/// The number of a percentage.
fn percentage(value: &Value) -> Option<i64> {
    let text = value.as_str().filter(|text| names::percent(text).is_empty())?;
    Some(text.trim_end_matches('%').parse().unwrap_or(i64::MAX))
}

/// Whether it is nothing. What is neither a number nor a percentage is.
pub fn is_zero(value: &Value) -> bool {
    let number = percentage(value).or_else(|| value.as_i64()).or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    number.is_none_or(|number| number == 0)
}

/// Validates that a percentage is not more than all.
pub fn at_most_all(value: &Value, path: &Path) -> Option<field::Error> {
    let above = percentage(value).is_some_and(|percentage| percentage > 100);
    above.then(|| field::invalid(path, value.clone(), "must not be greater than 100%"))
}
