//! From values to the bytes Go's `encoding/json` writes. Writes straight into one buffer; no trees between.
//! Input: a type and a value. Output: JSON bytes.

use super::{DEPTH_MAX, canonical};
use crate::{
    Map, Value,
    schema::{Field, Omit, Shape, Type, generated::META_V1_OBJECT_META},
};

/// What stands in `metadata.resourceVersion`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    /// What the value says.
    No,
    /// An empty string, whose offset is returned.
    Empty,
}

/// The bytes, and the offset of the stamp.
pub(super) fn object(ty: &'static Type, value: &Value, stamp: Stamp) -> (Vec<u8>, usize) {
    let mut writer = Writer { out: Vec::with_capacity(1024), stamp, offset: 0 };
    let empty = Map::new();
    writer.object(ty, value.as_object().unwrap_or(&empty), 0);
    (writer.out, writer.offset)
}

struct Writer {
    out: Vec<u8>,
    stamp: Stamp,
    offset: usize,
}

impl Writer {
    fn object(&mut self, ty: &'static Type, map: &Map<String, Value>, depth: usize) {
        let start = self.out.len();
        let stamp = self.stamp == Stamp::Empty && depth == 1 && std::ptr::eq(ty, &META_V1_OBJECT_META);
        // Canonical maps are in table order: one pass over both finds all. Others need a look-up for each field.
        let mut members = map.iter().peekable();
        self.out.push(b'{');
        for field in ty.fields {
            let value = members.next_if(|(name, _)| *name == field.name).map(|(_, value)| value);
            self.field(field, value, depth, stamp);
        }
        if members.next().is_some() {
            self.out.truncate(start + 1);
            for field in ty.fields {
                self.field(field, map.get(field.name), depth, stamp);
            }
        }
        self.close(b'}');
    }

    fn field(&mut self, field: &'static Field, value: Option<&Value>, depth: usize, stamp: bool) {
        if stamp && field.name == "resourceVersion" {
            self.name(field);
            self.out.extend_from_slice(b"\"\",");
            self.offset = self.out.len() - 2;
            return;
        }
        match value {
            Some(value) if !canonical::is_absent(field, value) => {
                self.name(field);
                self.value(&field.shape, value, depth + 1);
                self.out.push(b',');
            }
            _ => self.absent(field, depth),
        }
    }

    /// Zeros that Go writes.
    fn absent(&mut self, field: &'static Field, depth: usize) {
        if let (Shape::Struct(ty), false, false) = (field.shape, field.pointer, field.omit == Omit::Zero) {
            self.name(field);
            self.object(ty, &Map::new(), depth + 1);
            self.out.push(b',');
        } else if let Some(zero) = canonical::absent(field) {
            self.name(field);
            self.value(&field.shape, &zero, depth + 1);
            self.out.push(b',');
        }
    }

    fn value(&mut self, shape: &Shape, value: &Value, depth: usize) {
        if depth > DEPTH_MAX {
            self.out.extend_from_slice(b"null");
            return;
        }
        match (shape, value) {
            (Shape::Struct(ty), Value::Object(map)) => self.object(ty, map, depth),
            (Shape::List(element), Value::Array(list)) => {
                self.out.push(b'[');
                for value in list {
                    self.element(element, value, depth);
                    self.out.push(b',');
                }
                self.close(b']');
            }
            (Shape::Map(element), Value::Object(map)) => self.map(element, map, depth),
            _ => self.any(value),
        }
    }

    fn map(&mut self, element: &Shape, map: &Map<String, Value>, depth: usize) {
        self.out.push(b'{');
        let mut entry = |key: &String, value: &Value| {
            string(&mut self.out, key);
            self.out.push(b':');
            self.element(element, value, depth);
            self.out.push(b',');
        };
        if map.keys().is_sorted() {
            map.iter().for_each(|(key, value)| entry(key, value));
        } else {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            entries.into_iter().for_each(|(key, value)| entry(key, value));
        }
        self.close(b'}');
    }

    fn element(&mut self, shape: &Shape, value: &Value, depth: usize) {
        if value.is_null() {
            self.value(shape, &canonical::zero_element(shape), depth + 1);
        } else {
            self.value(shape, value, depth + 1);
        }
    }

    /// A value as it stands: scalars, and raw JSON with its members in order.
    fn any(&mut self, value: &Value) {
        match value {
            Value::Null => self.out.extend_from_slice(b"null"),
            Value::Bool(true) => self.out.extend_from_slice(b"true"),
            Value::Bool(false) => self.out.extend_from_slice(b"false"),
            Value::Number(number) => self.out.extend_from_slice(number.to_string().as_bytes()),
            Value::String(text) => string(&mut self.out, text),
            Value::Array(list) => {
                self.out.push(b'[');
                for value in list {
                    self.any(value);
                    self.out.push(b',');
                }
                self.close(b']');
            }
            Value::Object(map) => {
                self.out.push(b'{');
                for (key, value) in map {
                    string(&mut self.out, key);
                    self.out.push(b':');
                    self.any(value);
                    self.out.push(b',');
                }
                self.close(b'}');
            }
        }
    }

    fn name(&mut self, field: &Field) {
        self.out.push(b'"');
        self.out.extend_from_slice(field.name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// Ends a container, whose last comma becomes the bracket.
    fn close(&mut self, bracket: u8) {
        match self.out.last_mut() {
            Some(last) if *last == b',' => *last = bracket,
            _ => self.out.push(bracket),
        }
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
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
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
