//! The defaulted form of a set that a revision was applied to, by the same rules as the server's.

use stead_api::Value;
use stead_api::kinds::stateful_set::STATEFUL_SET;
use stead_api::schema::walker;

/// Applies the defaults of `apps/v1` StatefulSets and drops what they do not know. `None` if it cannot be read as one.
pub fn defaulted(object: Value) -> Option<Value> {
    let mut value = walker::decode_value(STATEFUL_SET.schema, object).ok()?.value;
    STATEFUL_SET.hooks.default(&mut value);
    walker::canonical(STATEFUL_SET.schema, &mut value);
    Some(value)
}
