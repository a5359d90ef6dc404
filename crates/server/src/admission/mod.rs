//! Admission: what must hold or is added before an object is judged by its kind's own rules (section 14 of the API contract).
//! Input: the call and the object. Output: the object changed in place, or the Status that refuses it.

mod claim;
mod default_tolerations;
mod namespace_lifecycle;
mod priority;
mod resize;
mod runtime_class;
mod service_account;
mod taint_nodes;

use crate::app::Core;
use crate::registry::Call;
use stead_api::registry::{Kind, Part};
use stead_api::{Status, Value};

fn is_pod(kind: &Kind) -> bool {
    kind.group.is_empty() && kind.kind == "Pod"
}

/// Admits a new object, in upstream's order.
pub(crate) fn create(core: &Core, call: &mut Call, object: &mut Value) -> Result<(), Status> {
    let kind = call.target.kind;
    namespace_lifecycle::create(core, &call.target, object)?;
    if is_pod(kind) {
        service_account::create(core, &call.target, object)?;
        priority::create(kind, object)?;
        default_tolerations::add(object);
        runtime_class::create(kind, object)?;
    }
    claim::create(kind, object);
    taint_nodes::create(kind, object);
    Ok(())
}

/// Admits a change.
pub(crate) fn update(core: &Core, call: &Call, part: Part, object: &mut Value, old: &Value) -> Result<(), Status> {
    if !is_pod(call.target.kind) {
        return if part == Part::Main { claim::update(call.target.kind, object, old) } else { Ok(()) };
    }
    match part {
        Part::Main => {
            priority::update(object, old);
            default_tolerations::add(object);
            Ok(())
        }
        Part::Other("resize") => resize::update(core, &call.target, object, old),
        Part::Status | Part::Other(_) => Ok(()),
    }
}

/// Admits a deletion.
pub(crate) fn delete(call: &Call) -> Result<(), Status> {
    namespace_lifecycle::delete(&call.target)
}
