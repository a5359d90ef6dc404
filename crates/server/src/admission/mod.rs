//! Admission: what must hold or is added before an object is judged by its kind's own rules (section 14 of the API contract).
//! Input: the call and the object. Output: the object changed in place, or the Status that refuses it.

mod namespace_lifecycle;

use crate::app::Core;
use crate::registry::Call;
use stead_api::{Status, Value};

/// Admits a new object.
pub(crate) fn create(core: &Core, call: &mut Call, _object: &mut Value) -> Result<(), Status> {
    namespace_lifecycle::create(core, &call.target)
}

/// Admits a change.
pub(crate) fn update(_core: &Core, _call: &mut Call, _object: &mut Value, _old: &Value) -> Result<(), Status> {
    Ok(())
}

/// Admits a deletion.
pub(crate) fn delete(_core: &Core, call: &Call) -> Result<(), Status> {
    namespace_lifecycle::delete(&call.target)
}
