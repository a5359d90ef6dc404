//! Arithmetic on resource lists: read them, add them up, take the larger of two. Quantities themselves are [`crate::quantity`].

use crate::{Map, Value, quantity::Quantity};
use std::collections::BTreeMap;

/// A resource list by name.
pub type Amounts = BTreeMap<String, Quantity>;

/// Reads a quantity as decoding left it: text, or a number that a hook wrote.
pub fn of(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => Quantity::parse(text).ok(),
        Value::Number(number) => Quantity::parse(&number.to_string()).ok(),
        _ => None,
    }
}

/// The amounts of a resource list; unreadable ones are left out.
pub fn amounts(list: Option<&Map<String, Value>>) -> Amounts {
    list.into_iter().flatten().filter_map(|(name, value)| Some((name.clone(), of(value)?))).collect()
}

/// Adds `more` to `sum`, name by name.
pub fn add(sum: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let entry = sum.entry(name.clone()).or_insert(Quantity::ZERO);
        if let Some(total) = entry.checked_add(amount) {
            *entry = total;
        }
    }
}

/// Raises `top` to `other` where that is more, name by name.
pub fn raise(top: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        let entry = top.entry(name.clone()).or_insert_with(|| amount.clone());
        if amount > entry {
            entry.clone_from(amount);
        }
    }
}
