//! JSON as Go's `encoding/json` writes it: `<`, `>`, `&`, U+2028 and U+2029 are escaped. Input: a value. Output: bytes. Knows no types.

use crate::Value;

/// The bytes of a value, members in the order given.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    write(&mut out, value);
    out
}

pub(crate) fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::String(text) => string(out, text),
        Value::Array(list) => {
            out.push(b'[');
            for value in list {
                write(out, value);
                out.push(b',');
            }
            close(out, b']');
        }
        Value::Object(map) => {
            out.push(b'{');
            for (key, value) in map {
                string(out, key);
                out.push(b':');
                write(out, value);
                out.push(b',');
            }
            close(out, b'}');
        }
    }
}

/// Ends a container, whose last comma becomes the bracket.
pub(crate) fn close(out: &mut Vec<u8>, bracket: u8) {
    match out.last_mut() {
        Some(last) if *last == b',' => *last = bracket,
        _ => out.push(bracket),
    }
}

/// Bytes that may begin something to escape.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        special[byte] = true;
        byte += 1;
    }
    let mut at = 0;
    let others = b"\"\\<>&\xe2";
    while at < others.len() {
        special[others[at] as usize] = true;
        at += 1;
    }
    special
};

/// A string with Go's escapes.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| SPECIAL[usize::from(*byte)]) {
        out.extend_from_slice(&rest[..at]);
        let used = escape(out, &rest[at..]);
        rest = &rest[at + used..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Writes the special byte at the start of the text, and what belongs to it; returns how many bytes that was.
fn escape(out: &mut Vec<u8>, text: &[u8]) -> usize {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match *text {
        [b'"', ..] => out.extend_from_slice(b"\\\""),
        [b'\\', ..] => out.extend_from_slice(b"\\\\"),
        [b'\n', ..] => out.extend_from_slice(b"\\n"),
        [b'\r', ..] => out.extend_from_slice(b"\\r"),
        [b'\t', ..] => out.extend_from_slice(b"\\t"),
        [0x08, ..] => out.extend_from_slice(b"\\b"),
        [0x0c, ..] => out.extend_from_slice(b"\\f"),
        // U+2028 and U+2029.
        [0xe2, 0x80, last @ (0xa8 | 0xa9), ..] => {
            out.extend_from_slice(if last == 0xa8 { b"\\u2028" } else { b"\\u2029" });
            return 3;
        }
        [byte @ (0x00..=0x1f | b'<' | b'>' | b'&'), ..] => {
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        [byte, ..] => out.push(byte),
        [] => return 0,
    }
    1
}
