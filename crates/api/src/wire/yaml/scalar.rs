//! What a YAML 1.1 scalar means: null, boolean, number or string. Input: its text. Output: a JSON value.

use crate::Value;

/// The value of a scalar; quoted ones are strings whatever they look like. A tag is YAML's own or not, and has a name.
pub(super) fn resolve(text: &str, plain: bool, tag: Option<(bool, &str)>) -> Result<Value, String> {
    let own = tag.map(|(own, name)| if own { name } else { "" });
    match own {
        None if !plain => return Ok(text.into()),
        Some("binary") => {
            let bytes = crate::wire::base64::decode(text);
            let bytes = bytes.map_err(|_| "yaml: !!binary value contains invalid base64 data".to_owned())?;
            return Ok(String::from_utf8_lossy(&bytes).into_owned().into());
        }
        None | Some("bool" | "int" | "float" | "null" | "timestamp") => {}
        // Any text is a string, and so is what has a tag of someone else's.
        Some(_) => return Ok(text.into()),
    }
    let value = word(text).or_else(|| number(text)).unwrap_or_else(|| text.into());
    let kind = match &value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() || text.contains(['.', 'e', 'E']) && !text.starts_with("0x") => "float",
        Value::Number(_) => "int",
        _ => "str",
    };
    match own {
        Some(own) if own != kind && own != "timestamp" && (own, kind) != ("float", "int") => {
            Err(format!("yaml: cannot decode !!{kind} `{text}` as a !!{own}"))
        }
        _ => Ok(value),
    }
}

/// Null and the booleans of YAML 1.1.
fn word(text: &str) -> Option<Value> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => true.into(),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => false.into(),
        _ => return None,
    })
}

fn number(text: &str) -> Option<Value> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    let plain = text.replace('_', "");
    integer(&plain).or_else(|| float(&plain))
}

/// Go's base-0 integers: `0x10`, `0o17`, `017`, `0b11`.
fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        let number = 0i64.checked_sub_unsigned(number)?;
        return Some(number.into());
    }
    Some(number.into())
}

fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let numeric = unsigned.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !numeric || !unsigned.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    // Go prints whole floats without a point.
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return Some((number as i64).into());
    }
    serde_json::Number::from_f64(number).map(Value::Number)
}
