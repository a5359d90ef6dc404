//! From values to the bytes Go's `encoding/json` writes. Writes straight into one buffer; no trees between.
//! Input: a type and a value. Output: JSON bytes.

use super::{DEPTH_MAX, canonical};
use crate::{
    Map, Value,
    schema::{Field, Omit, Shape, Type, generated::META_V1_OBJECT_META},
    wire::go_json,
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
        go_json::close(&mut self.out, b'}');
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
                go_json::close(&mut self.out, b']');
            }
            (Shape::Map(element), Value::Object(map)) => self.map(element, map, depth),
            // Scalars, and raw JSON with its members in order.
            _ => go_json::write(&mut self.out, value),
        }
    }

    fn map(&mut self, element: &Shape, map: &Map<String, Value>, depth: usize) {
        self.out.push(b'{');
        let mut entry = |key: &String, value: &Value| {
            go_json::string(&mut self.out, key);
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
        go_json::close(&mut self.out, b'}');
    }

    fn element(&mut self, shape: &Shape, value: &Value, depth: usize) {
        if value.is_null() {
            self.value(shape, &canonical::zero_element(shape), depth + 1);
        } else {
            self.value(shape, value, depth + 1);
        }
    }

    fn name(&mut self, field: &Field) {
        self.out.push(b'"');
        self.out.extend_from_slice(field.name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}
