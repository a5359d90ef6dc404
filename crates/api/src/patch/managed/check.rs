//! Whether a document that was applied fits its type, in the words of upstream's typed values (P22). Input: a type and a document
//! as it came. Output: nothing, or every error's text.

use super::compare::{self, Kind};
use super::set::Element;
use crate::patch::restore::go_kind;
use crate::patch::strategic::printed;
use crate::schema::{Shape, Type};
use crate::{Map, Value};
use std::collections::BTreeSet;

/// Checks a document against its type: members that the type does not have, values of the wrong shape, items without keys,
/// items that share their keys.
pub(super) fn check(ty: &'static Type, document: &Value) -> Result<(), String> {
    let mut errors = Vec::new();
    structure(ty, document, "", &mut errors);
    match errors.as_slice() {
        [] => Ok(()),
        [one] => Err(one.clone()),
        several => Err(format!("errors:\n{}", several.iter().map(|error| format!("  {error}")).collect::<Vec<_>>().join("\n"))),
    }
}

fn report(path: &str, why: &str, errors: &mut Vec<String>) {
    errors.push(if path.is_empty() { why.to_owned() } else { format!("{path}: {why}") });
}

fn sorted(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|(name, _)| *name);
    members
}

fn members<'a>(value: &'a Value, path: &str, errors: &mut Vec<String>) -> Option<&'a Map<String, Value>> {
    match value {
        Value::Null => None,
        Value::Object(members) => Some(members),
        other => {
            report(path, &format!("expected map, got &{{{}}}", printed(other)), errors);
            None
        }
    }
}

fn structure(ty: &'static Type, value: &Value, path: &str, errors: &mut Vec<String>) {
    for (name, value) in members(value, path, errors).map(sorted).unwrap_or_default() {
        let path = format!("{path}.{name}");
        match ty.field(name) {
            Some(field) => shape(&field.shape, Kind::of(field), value, &path, errors),
            // Upstream looks no further in this struct.
            None => return report(&path, "field not declared in schema", errors),
        }
    }
}

fn shape(of: &'static Shape, kind: Kind, value: &Value, path: &str, errors: &mut Vec<String>) {
    match of {
        Shape::Struct(ty) => structure(ty, value, path, errors),
        Shape::Map(element) => {
            for (name, value) in members(value, path, errors).map(sorted).unwrap_or_default() {
                shape(element, Kind::of_shape(element), value, &format!("{path}.{name}"), errors);
            }
        }
        Shape::List(element) => match value {
            Value::Null => {}
            Value::Array(items) => list(element, kind, items, path, errors),
            other => report(path, &format!("expected list, got &{{{}}}", printed(other)), errors),
        },
        Shape::Raw => {}
        _ if value.is_null() => {}
        Shape::Bool if !value.is_boolean() => scalar("boolean", value, path, errors),
        Shape::Int32 | Shape::Int64 | Shape::Double if !value.is_number() => {
            report(path, &format!("expected numeric (int or float), got {}", go_type(value)), errors);
        }
        Shape::String | Shape::Bytes | Shape::Duration if !value.is_string() => scalar("string", value, path, errors),
        Shape::Time | Shape::MicroTime | Shape::Quantity | Shape::IntOrString if value.is_object() || value.is_array() => {
            report(path, &format!("expected any scalar, got &{{{}}}", printed(value)), errors);
        }
        _ => {}
    }
}

fn scalar(wanted: &str, value: &Value, path: &str, errors: &mut Vec<String>) {
    report(path, &format!("expected {wanted}, got &value.valueUnstructured{{Value:{}}}", go_syntax(value)), errors);
}

fn list(element: &'static Shape, kind: Kind, items: &[Value], path: &str, errors: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let named = match kind {
            Kind::Keyed(ty, keys) => keyed(ty, keys, item),
            Kind::Set => set_item(item),
            Kind::Whole | Kind::Struct(_) | Kind::Map(_) => Ok(Element::Index(i64::try_from(index).unwrap_or(i64::MAX))),
        };
        match named {
            Ok(name) => {
                if !seen.insert(name.clone()) {
                    report(path, &format!("duplicate entries for key {name}"), errors);
                }
                shape(element, Kind::of_shape(element), item, &format!("{path}{name}"), errors);
            }
            Err(why) => return report(path, &format!("element {index}: {why}"), errors),
        }
    }
}

fn keyed(ty: &'static Type, keys: &[&str], item: &Value) -> Result<Element, String> {
    match item {
        Value::Null => Err("associative list with keys may not have a null element".to_owned()),
        Value::Object(_) => compare::key_of(ty, keys, item).map_err(|_| {
            let keys = keys.iter().map(|key| format!("{key:?}")).collect::<Vec<_>>().join(" ");
            format!("associative list with keys has an element that omits all key fields [{keys}] (and doesn't have default values for any key fields)")
        }),
        _ => Err("associative list with keys may not have non-map elements".to_owned()),
    }
}

fn set_item(item: &Value) -> Result<Element, String> {
    match item {
        Value::Object(_) => Err("associative list without keys has an element that's a map type".to_owned()),
        Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
        Value::Null => Err("associative list without keys has an element that's an explicit null".to_owned()),
        scalar => Ok(Element::Value(scalar.to_string())),
    }
}

/// Go's name of the type that a JSON value has in a map of interfaces.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
        other => go_kind(other),
    }
}

/// A value as Go's `%#v` prints it.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => format!("[]interface {{}}{{{}}}", items.iter().map(go_syntax).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<String> = sorted(members).into_iter().map(|(name, v)| format!("{name:?}:{}", go_syntax(v))).collect();
            format!("map[string]interface {{}}{{{}}}", members.join(", "))
        }
    }
}
