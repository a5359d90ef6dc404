//! A number of pods, or a share of all of them (ALL-13). Input: what a spec says, and how many there are. Output: a number. Pure.

use stead_api::Value;

/// What becomes of a part of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounded {
    Up,
    Down,
}

/// A number, or a percentage of `whole`; anything else is none.
pub fn of(value: &Value, whole: i64, rounded: Rounded) -> i64 {
    let percent = value.as_str().and_then(|text| text.strip_suffix('%')).and_then(|text| text.parse::<i64>().ok());
    let Some(percent) = percent else { return value.as_i64().unwrap_or(0) };
    let hundredfold = percent.saturating_mul(whole);
    match rounded {
        Rounded::Up => hundredfold.saturating_add(99) / 100,
        Rounded::Down => hundredfold / 100,
    }
}
