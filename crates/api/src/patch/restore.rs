//! What upstream's converter from maps to structs says against a merged object of the wrong shape. Strategic merge patch goes
//! through it instead of the JSON decoder, and its words differ. Input: a type and a value. Output: the first error's text.

use crate::Value;
use crate::schema::{Shape, Type};

/// Walks fields in table order, depth first.
pub fn check(ty: &'static Type, value: &Value) -> Result<(), String> {
    let members = match value {
        Value::Object(members) => members,
        Value::Null => return Ok(()),
        other => return Err(format!("cannot restore struct from: {}", go_kind(other))),
    };
    for field in ty.fields {
        if let Some(value) = members.get(field.name) {
            shape(&field.shape, value)?;
        }
    }
    Ok(())
}

fn shape(shape_of: &Shape, value: &Value) -> Result<(), String> {
    if value.is_null() {
        return Ok(());
    }
    match shape_of {
        Shape::Bool => scalar(value, "bool", value.is_boolean()),
        Shape::Int32 => scalar(value, "int32", whole(value)),
        Shape::Int64 => scalar(value, "int64", whole(value)),
        Shape::Double => scalar(value, "float64", value.is_number()),
        Shape::String => scalar(value, "string", value.is_string()),
        Shape::Bytes if value.is_string() => Ok(()),
        Shape::Bytes => Err(format!("cannot restore slice from {}", go_kind(value))),
        Shape::Struct(ty) => check(ty, value),
        Shape::List(element) => match value {
            Value::Array(items) => items.iter().try_for_each(|item| shape(element, item)),
            other => Err(format!("cannot restore slice from {}", go_kind(other))),
        },
        Shape::Map(element) => match value {
            Value::Object(members) => members.values().try_for_each(|member| shape(element, member)),
            other => Err(format!("cannot restore map from {}", go_kind(other))),
        },
        // These read JSON themselves; the decoder judges them.
        Shape::Time | Shape::MicroTime | Shape::Duration | Shape::Quantity | Shape::IntOrString | Shape::Raw => Ok(()),
    }
}

fn scalar(value: &Value, wanted: &str, fits: bool) -> Result<(), String> {
    if fits {
        return Ok(());
    }
    // Go can convert between its number types, and an integer to a string; the converter refuses that in other words.
    let convertible = value.is_number() && wanted != "bool" && (wanted != "string" || value.is_i64());
    if convertible {
        return Err(format!("cannot convert {} to {wanted}", go_kind(value)));
    }
    Err(format!("unrecognized type: {wanted}"))
}

fn whole(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number == number.trunc())
}

/// Go's name of the kind that a JSON value has in a map of interfaces.
pub fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}
