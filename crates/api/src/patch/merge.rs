//! JSON merge patch (RFC 7386). Input: a document and a parsed patch. Output: the patched document.

use super::{Validation, literal};
use crate::{Map, Status, Value};

/// Whether the patch has the right shape. Upstream looks only when it validates fields.
pub fn judge(patch: &Value, validation: Validation) -> Result<(), Status> {
    match patch {
        Value::Object(_) | Value::Null => Ok(()),
        _ if validation == Validation::Ignore => Ok(()),
        other => Err(Status::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            literal::kind_name(other)
        ))),
    }
}

/// Applies the patch. A list replaces the whole document; a scalar or null is refused.
pub fn apply(mut document: Value, patch: Value) -> Result<Value, Status> {
    match (&mut document, patch) {
        (Value::Object(members), Value::Object(patch)) => merge(members, patch),
        (_, mut patch @ (Value::Object(_) | Value::Array(_))) => {
            prune(&mut patch);
            return Ok(patch);
        }
        _ => return Err(Status::bad_request("Invalid JSON Patch")),
    }
    Ok(document)
}

fn merge(members: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, mut value) in patch {
        if value.is_null() {
            members.shift_remove(&name);
            continue;
        }
        match (members.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (Some(old @ Value::Object(_)), new) => *old = new,
            (_, new) => {
                value = new;
                prune(&mut value);
                members.insert(name, value);
            }
        }
    }
}

/// Nulls in a value that is new mean nothing to delete. Null elements of lists stay.
fn prune(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, v| !v.is_null());
            members.values_mut().for_each(prune);
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}
