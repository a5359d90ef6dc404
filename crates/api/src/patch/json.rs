//! JSON patch (RFC 6902) as upstream's library does it (P3). Its liberties: the first path segment is not looked at,
//! `replace` of an absent member adds it, `copy` of an absent member gives null, a missing `value` is null, and negative
//! indices count from the end. Input: a document and a parsed patch. Output: the patched document.

use super::{Validation, literal};
use crate::schema::walker::DEPTH_MAX;
use crate::value::depth;
use crate::{Map, Status, Value};

/// More operations are refused with 413.
const OPERATIONS_MAX: usize = 10_000;
/// Bytes that all copies of one patch may make.
const COPIED_BYTES_MAX: usize = 3 * 1024 * 1024;

/// An operation that cannot be done. The client only learns that it was so.
struct Failed;

/// Strict decoding of the operations: their types, duplicate and unknown members.
pub fn judge(document: &literal::Document, validation: Validation) -> Result<Vec<String>, Status> {
    let (list, element) = match validation {
        Validation::Ignore => ("jsonpatch.Patch", "jsonpatch.Operation"),
        Validation::Warn | Validation::Strict => ("[]handlers.jsonPatchOp", "handlers.jsonPatchOp"),
    };
    let prefix = if validation == Validation::Ignore { "" } else { "error decoding patch: " };
    let wrong = |value: &Value, place: &str| {
        let what = literal::kind_name(value);
        Status::bad_request(format!("{prefix}json: cannot unmarshal {what} into Go {place}"))
    };
    let operations = match &document.value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(operations) => operations,
        other => return Err(wrong(other, &format!("value of type {list}"))),
    };
    let mut strict: Vec<String> = document.duplicates.iter().map(|text| format!("json patch {text}")).collect();
    for (index, operation) in operations.iter().enumerate() {
        let members = match operation {
            Value::Null => continue,
            Value::Object(members) => members,
            other => return Err(wrong(other, &format!("value of type {element}"))),
        };
        if validation == Validation::Ignore {
            continue;
        }
        for (name, value) in members {
            match (name.as_str(), value) {
                ("value", _) | ("op" | "path" | "from", Value::String(_) | Value::Null) => {}
                ("op" | "path" | "from", other) => {
                    return Err(wrong(other, &format!("struct field jsonPatchOp.{name} of type string")));
                }
                (unknown, _) => strict.push(format!("json patch unknown field \"[{index}].{unknown}\"")),
            }
        }
    }
    Ok(strict)
}

/// Applies the operations in order; the first that fails refuses the whole patch.
pub fn apply(mut document: Value, patch: Value) -> Result<Value, Status> {
    let operations = match patch {
        Value::Array(operations) => operations,
        _ => Vec::new(),
    };
    if operations.len() > OPERATIONS_MAX {
        return Err(Status::new(
            413,
            "RequestEntityTooLarge",
            format!(
                "Request entity too large: The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, got {}",
                operations.len()
            ),
        ));
    }
    let mut copied_bytes = 0;
    for operation in &operations {
        perform(&mut document, operation, &mut copied_bytes).map_err(|Failed| {
            Status::new(422, "Invalid", "the server rejected our request due to an error in our request").with_details(crate::json!({}))
        })?;
    }
    Ok(document)
}

fn perform(document: &mut Value, operation: &Value, copied_bytes: &mut usize) -> Result<(), Failed> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str).ok_or(Failed);
    let value = operation.get("value");
    match text("op")? {
        "add" => add(document, text("path")?, value.cloned().unwrap_or_default()),
        "remove" => remove(place(document, text("path")?)?).map(drop),
        "replace" => replace(document, text("path")?, value.cloned().unwrap_or_default()),
        "move" => {
            let moved = remove(place(document, text("from")?)?)?;
            add(document, text("path")?, moved)
        }
        "copy" => {
            let copy = read(&place(document, text("from")?)?)?.cloned().unwrap_or_default();
            *copied_bytes += copy.to_string().len();
            if *copied_bytes > COPIED_BYTES_MAX { Err(Failed) } else { add(document, text("path")?, copy) }
        }
        "test" => test(document, text("path")?, value),
        _ => Err(Failed),
    }
}

/// A container and the key in it that a path points to.
enum Place<'a> {
    Member(&'a mut Map<String, Value>, String),
    Element(&'a mut Vec<Value>, String),
}

/// Finds the container; all of its ancestors must exist.
fn place<'a>(document: &'a mut Value, path: &str) -> Result<Place<'a>, Failed> {
    let mut segments = path.split('/').skip(1).map(|s| s.replace("~1", "/").replace("~0", "~"));
    let mut key = segments.next().ok_or(Failed)?;
    let mut container = document;
    for next in segments {
        container = match container {
            Value::Object(members) => members.get_mut(&key).ok_or(Failed)?,
            Value::Array(items) => {
                let index = existing(items.len(), &key)?;
                &mut items[index]
            }
            _ => return Err(Failed),
        };
        key = next;
    }
    match container {
        Value::Object(members) => Ok(Place::Member(members, key)),
        Value::Array(items) => Ok(Place::Element(items, key)),
        _ => Err(Failed),
    }
}

/// An index below `bound`, from the end if negative.
fn index(bound: usize, key: &str) -> Result<usize, Failed> {
    let number: i64 = key.parse().map_err(|_| Failed)?;
    let length = i64::try_from(bound).map_err(|_| Failed)?;
    let number = if number < 0 { number + length } else { number };
    usize::try_from(number).ok().filter(|n| *n < bound).ok_or(Failed)
}

fn existing(length: usize, key: &str) -> Result<usize, Failed> {
    index(length, key)
}

fn read<'a>(place: &'a Place<'_>) -> Result<Option<&'a Value>, Failed> {
    match place {
        Place::Member(members, key) => Ok(members.get(key)),
        Place::Element(items, key) => Ok(Some(&items[existing(items.len(), key)?])),
    }
}

/// Operations together could nest values deeper than anything can read or drop: none may go beyond the bound of objects.
fn check_depth(path: &str, value: &Value) -> Result<(), Failed> {
    if path.matches('/').count() + depth(value) > DEPTH_MAX { Err(Failed) } else { Ok(()) }
}

fn add(document: &mut Value, path: &str, value: Value) -> Result<(), Failed> {
    check_depth(path, &value)?;
    match place(document, path)? {
        Place::Member(members, key) => drop(members.insert(key, value)),
        Place::Element(items, key) if key == "-" => items.push(value),
        Place::Element(items, key) => {
            let at = index(items.len() + 1, &key)?;
            items.insert(at, value);
        }
    }
    Ok(())
}

fn remove(place: Place<'_>) -> Result<Value, Failed> {
    match place {
        Place::Member(members, key) => members.shift_remove(&key).ok_or(Failed),
        Place::Element(items, key) => {
            let at = existing(items.len(), &key)?;
            Ok(items.remove(at))
        }
    }
}

fn replace(document: &mut Value, path: &str, value: Value) -> Result<(), Failed> {
    check_depth(path, &value)?;
    if path.is_empty() {
        if !(value.is_object() || value.is_array()) {
            return Err(Failed);
        }
        *document = value;
        return Ok(());
    }
    match place(document, path)? {
        Place::Member(members, key) => drop(members.insert(key, value)),
        Place::Element(items, key) => {
            let at = existing(items.len(), &key)?;
            items[at] = value;
        }
    }
    Ok(())
}

fn test(document: &mut Value, path: &str, value: Option<&Value>) -> Result<(), Failed> {
    let wanted = value.unwrap_or(&Value::Null);
    let equal = if path.is_empty() { document == wanted } else { read(&place(document, path)?)?.unwrap_or(&Value::Null) == wanted };
    if equal { Ok(()) } else { Err(Failed) }
}
