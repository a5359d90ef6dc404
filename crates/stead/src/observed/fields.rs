//! Fields of objects that several views read. Pure.

use stead_api::Value;
use stead_api::value::Access;

/// The condition of that type.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"].items("conditions").iter().find(|condition| condition.str("type") == kind)
}

/// Whether the condition of that type says yes.
pub fn is_true(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|condition| condition.str("status") == "True")
}

/// The reference to the object's controller.
pub fn controller(object: &Value) -> Option<&Value> {
    object["metadata"].items("ownerReferences").iter().find(|owner| owner.flag("controller"))
}

pub fn is_owned_by(object: &Value, uid: &str) -> bool {
    controller(object).is_some_and(|owner| owner.str("uid") == uid && !uid.is_empty())
}

/// A number of the status, 0 if it is not there.
pub fn count(object: &Value, field: &str) -> i64 {
    object["status"].int(field).unwrap_or_default()
}

/// Whether the controller has seen the spec as it is now.
pub fn is_observed(object: &Value) -> bool {
    object["status"].int("observedGeneration") >= object["metadata"].int("generation")
}

/// `spec.replicas` with its default.
pub fn replicas(object: &Value) -> i64 {
    object["spec"].int("replicas").unwrap_or(1)
}
