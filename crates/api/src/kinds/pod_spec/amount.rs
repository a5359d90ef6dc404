//! Arithmetic on resource lists: read them, add them up, take the larger of two. Quantities themselves are [`crate::quantity`].

use crate::{
    Map, Value,
    field::{self, Path},
    quantity::Quantity,
};
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

/// An amount that something has cannot be below nothing. The error shows it in whole units.
pub fn not_negative(value: &Value, path: &Path) -> Option<field::Error> {
    let amount = of(value)?.value_ceil();
    (amount < 0).then(|| field::invalid(path, amount, "must be a valid resource quantity"))
}

/// Whether an amount is a whole number. Of plain digits beyond 64 bits only the low 64 bits of their thousandths count,
/// as upstream computes it.
pub fn is_whole(amount: &Quantity) -> bool {
    match amount.to_string().parse::<i128>() {
        Ok(digits) if i64::try_from(digits).is_err() => low_bits(digits).wrapping_mul(1000) % 1000 == 0,
        _ => amount.is_whole(),
    }
}

fn low_bits(number: i128) -> i64 {
    let mut low = [0; 8];
    low.copy_from_slice(&number.to_le_bytes()[..8]);
    i64::from_le_bytes(low)
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
