//! Writes a value as YAML, as upstream's encoder does: keys sorted, lists not indented, strings quoted only where another
//! type would be read. Input: a value. Output: text.

use stead_api::{Map, Value};

pub(crate) fn encode(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => write_map(&mut out, map, 0, Start::Line),
        Value::Array(items) if !items.is_empty() => write_list(&mut out, items, 0),
        scalar => {
            write_scalar(&mut out, scalar, 0);
            out.push('\n');
        }
    }
    out
}

/// Where the first key of a map goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// On a line of its own.
    Line,
    /// After the dash of a list item.
    Dash,
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n(' ', depth));
}

fn write_map(out: &mut String, map: &Map<String, Value>, depth: usize, start: Start) {
    let mut keys: Vec<&String> = map.keys().collect();
    keys.sort_by(|a, b| compare_keys(a, b));
    for (i, key) in keys.into_iter().enumerate() {
        if i > 0 || start == Start::Line {
            indent(out, depth);
        }
        write_string(out, key, depth);
        out.push(':');
        match &map[key] {
            Value::Object(inner) if !inner.is_empty() => {
                out.push('\n');
                write_map(out, inner, depth + 2, Start::Line);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                write_list(out, items, depth);
            }
            scalar => {
                out.push(' ');
                write_scalar(out, scalar, depth + 2);
                out.push('\n');
            }
        }
    }
}

fn write_list(out: &mut String, items: &[Value], depth: usize) {
    for item in items {
        indent(out, depth);
        out.push_str("- ");
        match item {
            Value::Object(map) if !map.is_empty() => write_map(out, map, depth + 2, Start::Dash),
            Value::Array(inner) if !inner.is_empty() => {
                let mut nested = String::new();
                write_list(&mut nested, inner, depth + 2);
                out.push_str(nested.trim_start_matches(' '));
            }
            scalar => {
                write_scalar(out, scalar, depth + 2);
                out.push('\n');
            }
        }
    }
}

fn write_scalar(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::String(text) => write_string(out, text, depth),
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        other => out.push_str(&other.to_string()),
    }
}

/// Numbers within keys compare as numbers, letters after the rest.
fn compare_keys(a: &str, b: &str) -> std::cmp::Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let common = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (Some(x), Some(y)) = (a.get(common), b.get(common)) else {
        return a.len().cmp(&b.len());
    };
    if x.is_ascii_digit() && y.is_ascii_digit() {
        let number = |text: &[char]| text.iter().take_while(|c| c.is_ascii_digit()).collect::<String>();
        let (m, n) = (number(&a[common..]), number(&b[common..]));
        return m.len().cmp(&n.len()).then_with(|| m.cmp(&n));
    }
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) | (false, false) => x.cmp(y),
        (letter, _) => letter.cmp(&false),
    }
}

fn write_string(out: &mut String, text: &str, depth: usize) {
    if text.contains('\n') && text.chars().all(|c| c == '\n' || !c.is_control()) && !text.starts_with(['\n', ' ']) {
        return write_block(out, text, depth);
    }
    if is_read_as_other(text) {
        return write_double(out, text);
    }
    if needs_quotes(text) {
        if text.chars().any(char::is_control) {
            return write_double(out, text);
        }
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
        return;
    }
    out.push_str(text);
}

fn write_block(out: &mut String, text: &str, depth: usize) {
    let body = text.trim_end_matches('\n');
    out.push_str(match text.len() - body.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    let lines = if text.len() - body.len() > 1 { &text[..text.len() - 1] } else { body };
    for line in lines.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            indent(out, depth);
            out.push_str(line);
        }
    }
}

/// JSON's quoting is YAML's, too.
fn write_double(out: &mut String, text: &str) {
    out.push_str(&Value::String(text.to_owned()).to_string());
}

/// Whether a plain scalar of this text would not be read as a string (YAML 1.1).
fn is_read_as_other(text: &str) -> bool {
    const WORDS: &[&str] = &["", "~", "null", "y", "n", "yes", "no", "on", "off", "true", "false", ".nan", ".inf", "-.inf", "+.inf", "<<"];
    let lower = text.to_lowercase();
    if WORDS.contains(&lower.as_str()) {
        return true;
    }
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let unsigned = digits.trim_start_matches(['+', '-']);
    let radix =
        |prefix: &str, radix| unsigned.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix)));
    unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && (unsigned.parse::<f64>().is_ok() || radix("0x", 16) || radix("0o", 8) || radix("0b", 2) || is_timestamp(text))
}

/// A date, or a date and time.
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    bytes.len() >= 10
        && [0, 1, 2, 3, 5, 6, 8, 9].into_iter().all(digit)
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && (bytes.len() == 10 || matches!(bytes[10], b'T' | b't' | b' '))
}

fn needs_quotes(text: &str) -> bool {
    const FIRST: &[char] = &['-', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`'];
    let mut chars = text.chars();
    let first = chars.next().unwrap_or(' ');
    let bare_indicator = matches!(first, '-' | '?' | ':') && chars.next().is_some_and(|second| !second.is_whitespace());
    (FIRST.contains(&first) && !bare_indicator)
        || text.starts_with([' ', '\t'])
        || text.ends_with([' ', '\t', ':'])
        || text.starts_with("---")
        || text.starts_with("...")
        || text.contains(": ")
        || text.contains(" #")
        || text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
