//! From one status to the next as a patch, and whether two statuses are the same.

use super::conditions::is_owned;
use stead_api::value::Access;
use stead_api::{Value, json};

/// A strategic merge patch from the status that the object has to the new one; members that went are null, conditions of others are
/// left out.
pub fn status_patch(object: &Value, new: &Value) -> Value {
    let mut status = new.clone();
    for name in object.map("status").into_iter().flatten().map(|(name, _)| name) {
        if !new.has(name) && name != "conditions" {
            status[name.as_str()] = Value::Null;
        }
    }
    let mut conditions: Vec<Value> = new.items("conditions").iter().filter(|c| is_owned(c)).cloned().collect();
    for condition in &mut conditions {
        for member in ["reason", "message"] {
            condition.default_to(member, Value::Null);
        }
    }
    for gone in object["status"].items("conditions").iter().filter(|old| is_owned(old)) {
        if !conditions.iter().any(|condition| condition["type"] == gone["type"]) {
            conditions.push(json!({"$patch": "delete", "type": gone["type"]}));
        }
    }
    status["conditions"] = conditions.into();
    // Lists of addresses are merged where nothing says otherwise.
    for name in ["podIPs", "hostIPs"] {
        if object["status"].has(name) && new.has(name) && object["status"][name] != new[name] {
            status[name].as_array_mut().into_iter().for_each(|list| list.insert(0, json!({"$patch": "replace"})));
        }
    }
    json!({"metadata": {"uid": object["metadata"].str("uid")}, "status": status})
}

/// Whether two statuses are one after a round trip, which drops nulls.
pub fn same(a: &Value, b: &Value) -> bool {
    same_but_for(None, a, b)
}

/// As [`same`]; members of that name do not count.
pub fn same_but_for(ignored: Option<&str>, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let counts = |(name, value): &(&String, &Value)| !value.is_null() && ignored != Some(name.as_str());
            a.iter().filter(counts).count() == b.iter().filter(counts).count()
                && a.iter().filter(counts).all(|(name, value)| b.get(name).is_some_and(|other| same_but_for(ignored, value, other)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_but_for(ignored, a, b)),
        (a, b) => a == b,
    }
}
