//! What Go's encoder writes and leaves out: one rule per field, used by decoding, canonicalising and encoding alike.
//! Input: a field and its value, if any. Output: the value to write, if any.

use super::{DEPTH_MAX, scalar};
use crate::{
    Map, Value,
    quantity::Quantity,
    schema::{Field, Omit, Shape, Type},
};

/// The zero value of a type, canonical.
pub fn zero(ty: &'static Type) -> Value {
    let mut map = Map::new();
    for field in ty.fields {
        if let Some(value) = absent(field) {
            map.insert(field.name.to_owned(), value);
        }
    }
    Value::Object(map)
}

/// What is written of a field without a value.
pub(super) fn absent(field: &Field) -> Option<Value> {
    let always = field.omit == Omit::Never;
    if field.pointer {
        return always.then_some(Value::Null);
    }
    match field.shape {
        // Go's omitempty never leaves out a struct, and these are structs; omitzero does.
        _ if field.omit == Omit::Zero => None,
        Shape::Struct(ty) => Some(zero(ty)),
        Shape::Time | Shape::MicroTime | Shape::Raw => Some(Value::Null),
        Shape::Quantity => Some("0".into()),
        Shape::IntOrString => Some(0.into()),
        Shape::Duration => Some("0s".into()),
        _ if !always => None,
        Shape::Bool => Some(false.into()),
        Shape::Int32 | Shape::Int64 | Shape::Double => Some(0.into()),
        Shape::String => Some("".into()),
        Shape::Bytes | Shape::List(_) | Shape::Map(_) => Some(Value::Null),
    }
}

/// Whether something is written of a field without a value: whether [`absent`] has an answer.
fn is_written_when_absent(field: &Field) -> bool {
    let always = field.omit == Omit::Never;
    let structs = matches!(
        field.shape,
        Shape::Struct(_) | Shape::Time | Shape::MicroTime | Shape::Raw | Shape::Quantity | Shape::IntOrString | Shape::Duration
    );
    if field.pointer { always } else { field.omit != Omit::Zero && (structs || always) }
}

/// Whether the members of a struct are those to be written, in order; what is in them is not looked at.
fn is_laid_out(ty: &'static Type, map: &Map<String, Value>) -> bool {
    let mut members = map.iter().peekable();
    for field in ty.fields {
        match members.next_if(|(name, _)| *name == field.name) {
            Some((_, value)) if is_absent(field, value) && !(value.is_null() && is_written_when_absent(field)) => return false,
            Some((_, Value::Null)) if !matches!(absent(field), Some(Value::Null)) => return false,
            None if is_written_when_absent(field) => return false,
            _ => {}
        }
    }
    members.next().is_none()
}

/// Whether a present value is written as if it were absent.
pub(super) fn is_absent(field: &Field, value: &Value) -> bool {
    if value.is_null() {
        return true;
    }
    if field.pointer {
        return false;
    }
    match (field.omit, field.shape) {
        // An empty list does not survive storage: it reads back as nil, in protobuf there is no difference.
        (_, Shape::List(_)) => value.as_array().is_some_and(Vec::is_empty),
        (_, Shape::Map(_)) => value.as_object().is_some_and(Map::is_empty),
        (Omit::Never, _) => false,
        (_, Shape::Bool) => value == &Value::Bool(false),
        (_, Shape::Int32 | Shape::Int64 | Shape::Double) => value.as_f64() == Some(0.0),
        (_, Shape::String | Shape::Bytes) => value.as_str() == Some(""),
        (Omit::Zero, Shape::Struct(ty)) => *value == zero(ty),
        _ => false,
    }
}

/// The canonical struct of fields decoded, in table order. `slots` has one entry per field.
pub(crate) fn assemble(ty: &'static Type, slots: Vec<Option<Value>>) -> Value {
    let mut map = Map::with_capacity(slots.iter().flatten().count() + 1);
    for (field, slot) in ty.fields.iter().zip(slots) {
        let value = match slot {
            Some(value) if !is_absent(field, &value) => Some(value),
            _ => absent(field),
        };
        if let Some(value) = value {
            map.insert(field.name.to_owned(), value);
        }
    }
    Value::Object(map)
}

/// The fields of a struct that a repeated field decodes into once more.
pub(crate) fn reopen(ty: &'static Type, value: Option<Value>) -> Vec<Option<Value>> {
    match value {
        Some(Value::Object(mut map)) => ty.fields.iter().map(|field| map.get_mut(field.name).map(Value::take)).collect(),
        _ => vec![None; ty.fields.len()],
    }
}

/// Rewrites an object of that type in canonical form.
pub(super) fn object(ty: &'static Type, value: &mut Value) {
    walk(&Shape::Struct(ty), value, 0);
}

fn walk(shape: &Shape, value: &mut Value, depth: usize) {
    if depth > DEPTH_MAX {
        *value = Value::Null;
        return;
    }
    match (shape, &mut *value) {
        (Shape::Struct(ty), Value::Object(map)) if is_laid_out(ty, map) => {
            let mut fields = ty.fields.iter();
            for (name, value) in map {
                if let Some(field) = fields.find(|field| field.name == name) {
                    walk(&field.shape, value, depth + 1);
                }
            }
        }
        (Shape::Struct(ty), Value::Object(map)) => {
            let slots = ty.fields.iter().map(|field| {
                let mut value = map.get_mut(field.name)?.take();
                walk(&field.shape, &mut value, depth + 1);
                Some(value)
            });
            let slots = slots.collect();
            *value = assemble(ty, slots);
        }
        (Shape::List(element), Value::Array(list)) => {
            for value in list {
                walk_element(element, value, depth);
            }
        }
        (Shape::Map(element), Value::Object(map)) => {
            for value in map.values_mut() {
                walk_element(element, value, depth);
            }
            if !map.keys().is_sorted() {
                map.sort_keys();
            }
        }
        (Shape::Quantity, _) => normalise_quantity(value),
        (Shape::Time, Value::String(text)) => normalise_time(text),
        _ => {}
    }
}

/// Elements of lists and maps are never left out: a null is the zero value.
fn walk_element(shape: &Shape, value: &mut Value, depth: usize) {
    if value.is_null() {
        *value = zero_element(shape);
    } else {
        walk(shape, value, depth + 1);
    }
}

/// The zero value of a list or map element.
pub(crate) fn zero_element(shape: &Shape) -> Value {
    match shape {
        Shape::Struct(ty) => zero(ty),
        Shape::Bool => false.into(),
        Shape::Int32 | Shape::Int64 | Shape::Double | Shape::IntOrString => 0.into(),
        Shape::String | Shape::Bytes => "".into(),
        Shape::Quantity => "0".into(),
        Shape::Duration => "0s".into(),
        // Lists stand in maps only, and read back from storage as empty ones.
        Shape::List(_) => Value::Array(Vec::new()),
        Shape::Time | Shape::MicroTime | Shape::Raw | Shape::Map(_) => Value::Null,
    }
}

fn normalise_quantity(value: &mut Value) {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return,
    };
    if let Ok(quantity) = Quantity::parse(&text) {
        *value = quantity.to_string().into();
    }
}

fn normalise_time(text: &mut String) {
    if let Ok(Some(at)) = scalar::time(text) {
        *text = at.rfc3339();
    }
}
