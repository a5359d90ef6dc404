//! Reads and changes the pod that a subresource is about. Input: a call. Output: the pod, or NotFound; a stored change.

use crate::call::Call;
use crate::core::Core;
use crate::query::Run;
use crate::registry::{finish, update};
use std::sync::Arc;
use stead_api::{Status, Value};

/// How often a change starts over because another write came first.
const ATTEMPTS_MAX: usize = 16;

/// The object that the call's path names.
pub(super) fn read(core: &Core, call: &Call) -> Result<Arc<Value>, Status> {
    let kind = call.target.kind.clone();
    let entry = core.store.get(&call.key()).ok_or_else(|| Status::not_found(&kind, &call.target.name))?;
    core.objects.read(&kind, &entry)
}

/// Changes it without the checks of an update.
pub(super) async fn change(
    core: &Core,
    call: &Call,
    run: Run,
    next: &mut (dyn FnMut(&Value) -> Result<Value, Status> + Send),
) -> Result<(), Status> {
    let kind = call.target.kind.clone();
    let key = call.key();
    let _lock = core.locks.lock(&key).await?;
    for _ in 0..ATTEMPTS_MAX {
        let current = core.store.get(&key).ok_or_else(|| Status::not_found(&kind, &call.target.name))?;
        let old = core.objects.read(&kind, &current)?;
        let object = next(&old)?;
        if run == Run::Dry || finish::store_next(core, &kind, &current, &object, &old).await?.is_ok() {
            return Ok(());
        }
    }
    Err(update::conflict(&kind, &call.target.name))
}

/// Sets a condition, and its time if the status of the condition changes.
pub(super) fn set_condition(object: &mut Value, mut condition: Value, now: &str) {
    if !object["status"].is_object() {
        object["status"] = stead_api::json!({});
    }
    let status = object["status"].as_object_mut().expect("it was just made");
    let conditions = status.entry("conditions").or_insert_with(|| Value::Array(Vec::new()));
    let Some(conditions) = conditions.as_array_mut() else { return };
    match conditions.iter_mut().find(|known| known["type"] == condition["type"]) {
        Some(known) => {
            let time = if known["status"] == condition["status"] { known["lastTransitionTime"].clone() } else { now.into() };
            condition["lastTransitionTime"] = time;
            *known = condition;
        }
        None => {
            condition["lastTransitionTime"] = now.into();
            conditions.push(condition);
        }
    }
}
