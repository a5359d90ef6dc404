//! The last steps of a write, the same for all verbs: canonical form, comparison with what is stored, the store's answer.

use crate::app::Core;
use crate::registry::refused;
use crate::{keys, object};
use bytes::Bytes;
use stead_api::registry::Kind;
use stead_api::{Status, Value};
use stead_store::{Entry, Expect, WriteError};

/// A write that did not get through because another came first.
pub(crate) struct Overtaken {
    pub exists: bool,
}

/// Stores an object that does not exist yet.
pub(crate) async fn store_new(core: &Core, kind: &'static Kind, key: &str, object: &mut Value) -> Result<Result<Bytes, Overtaken>, Status> {
    let durability = keys::durability(kind, namespace_of(object), object, None);
    let value = object::to_store(kind, object);
    outcome(core.store.put(key, Expect::Absent, value, durability).await)
}

/// Stores the next state of an object, unless nothing changes (W9).
pub(crate) async fn store_next(
    core: &Core,
    kind: &'static Kind,
    current: &Entry,
    object: &mut Value,
    old: &Value,
) -> Result<Result<Bytes, Overtaken>, Status> {
    let version = current.revision.to_string();
    if object::to_bytes(kind, object, Some(&version)) == current.value {
        return Ok(Ok(current.value.clone()));
    }
    let durability = keys::durability(kind, namespace_of(object), object, Some(old));
    let value = object::to_store(kind, object);
    outcome(core.store.put(&current.key, Expect::Revision(current.revision), value, durability).await)
}

/// Removes an object; `last` is what watchers see.
pub(crate) async fn remove(core: &Core, kind: &'static Kind, current: &Entry, last: &mut Value) -> Result<Result<Bytes, Overtaken>, Status> {
    let last = object::to_store(kind, last);
    outcome(core.store.delete(&current.key, Expect::Revision(current.revision), last).await)
}

fn namespace_of(object: &Value) -> &str {
    object["metadata"]["namespace"].as_str().unwrap_or_default()
}

fn outcome(written: Result<Entry, WriteError>) -> Result<Result<Bytes, Overtaken>, Status> {
    match written {
        Ok(entry) => Ok(Ok(entry.value)),
        Err(WriteError::Conflict { current }) => Ok(Err(Overtaken { exists: current.is_some() })),
        Err(error @ WriteError::Refused { .. }) => Err(refused(&error)),
    }
}
