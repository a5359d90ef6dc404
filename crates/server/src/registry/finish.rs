//! The last steps of a write, the same for all verbs: comparison with what is stored, the store's answer.

use crate::admission::resource_quota::Charge;
use crate::allocation::addresses;
use crate::cluster::Cluster;
use crate::object;
use bytes::Bytes;
use stead_api::registry::{Kind, Retention};
use stead_api::value::Access;
use stead_api::{Status, Value};
use stead_store::{Durability, Entry, Expect, NewValue, Pending, WriteError};

/// A write that was not done because another came first.
#[derive(Debug)]
pub(crate) struct Conflict;

/// Stores an object that does not exist yet.
pub(crate) async fn store_new(
    cluster: &Cluster,
    kind: &Kind,
    key: &str,
    object: &Value,
    charge: Option<Charge>,
) -> Result<Result<Entry, Conflict>, Status> {
    let durability = durability(kind, object, None);
    let value = object::to_store(kind, object);
    let pending = cluster.store.begin_put(key, Expect::Absent, value, durability).await;
    let mut along = begin_charge(cluster, charge.filter(|_| pending.entry().is_some())).await;
    along.extend(addresses::begin(cluster, kind, None, pending.entry().map(|_| object)).await);
    let written = pending.durable().await;
    addresses::complete(along).await;
    note(cluster, kind, written.as_ref().ok());
    outcome(written)
}

/// A change of an object that the next writer of the object builds on already.
pub(crate) enum Begun {
    /// Nothing changes (W9): the bytes as they are.
    Unchanged(Bytes),
    /// The write, and those that go along with it.
    Stored(Pending, Vec<Pending>),
    /// The object goes; the answer is not its last state.
    Removed { pending: Pending, current: Entry, answer: Bytes },
    /// Another write came first.
    Conflict,
}

/// Gives the next state of an object its place in the order of writes.
pub(crate) async fn begin_next(
    cluster: &Cluster,
    kind: &Kind,
    current: &Entry,
    object: Value,
    old: &Value,
    charge: Option<Charge>,
) -> Begun {
    if is_same(&object, old) {
        return Begun::Unchanged(current.value.clone());
    }
    let value = object::to_store(kind, &object);
    let pending =
        cluster.store.begin_put(&current.key, Expect::Revision(current.revision), value, durability(kind, &object, Some(old))).await;
    let mut along = begin_charge(cluster, charge.filter(|_| pending.entry().is_some())).await;
    along.extend(addresses::begin(cluster, kind, Some(old), pending.entry().map_or(Some(old), |_| Some(&object))).await);
    keep(cluster, kind, &pending, object);
    Begun::Stored(pending, along)
}

/// Gives what a write costs its place right after the write, and lets others charge the same quotas. So whoever sees the charge, has
/// seen what it is for.
async fn begin_charge(cluster: &Cluster, charge: Option<Charge>) -> Vec<Pending> {
    let kind = cluster.kinds.built_in("resourcequotas");
    let mut begun = Vec::new();
    for charged in charge.iter().flat_map(|charge| &charge.quotas) {
        let value = object::to_store(&kind, &charged.next);
        let expect = Expect::Revision(charged.current.revision);
        let pending = cluster.store.begin_put(&charged.current.key, expect, value, Durability::Durable).await;
        keep(cluster, &kind, &pending, charged.next.clone());
        begun.push(pending);
    }
    begun
}

/// Keeps the object that a write stores, so that nobody has to read it again.
fn keep(cluster: &Cluster, kind: &Kind, pending: &Pending, mut object: Value) {
    if let Some(entry) = pending.entry() {
        object::set_version(&mut object, &entry.revision.to_string());
        cluster.objects.keep(kind, entry, object);
    }
}

/// Gives the removal of an object its place; `last` is what watchers see.
pub(crate) async fn begin_remove(cluster: &Cluster, kind: &Kind, current: &Entry, last: &Value, answer: Bytes) -> Begun {
    let last = object::to_store(kind, last);
    let pending = cluster.store.begin_delete(&current.key, Expect::Revision(current.revision), last).await;
    Begun::Removed { pending, current: current.clone(), answer }
}

/// Waits until a change is durable; the answer to it.
pub(crate) async fn complete(cluster: &Cluster, kind: &Kind, begun: Begun) -> Result<Result<Bytes, Conflict>, Status> {
    match begun {
        Begun::Unchanged(bytes) => Ok(Ok(bytes)),
        Begun::Stored(pending, along) => {
            let written = pending.durable().await;
            addresses::complete(along).await;
            note(cluster, kind, written.as_ref().ok());
            Ok(outcome(written)?.map(|entry| entry.value))
        }
        Begun::Removed { pending, current, answer } => {
            let removed = removed(cluster, kind, &current, pending.durable().await).await?;
            Ok(removed.map(|_| answer))
        }
        Begun::Conflict => Ok(Err(Conflict)),
    }
}

/// Stores the next state of an object, unless nothing changes (W9).
pub(crate) async fn store_next(
    cluster: &Cluster,
    kind: &Kind,
    current: &Entry,
    object: &Value,
    old: &Value,
) -> Result<Result<Entry, Conflict>, Status> {
    if is_same(object, old) {
        return Ok(Ok(current.clone()));
    }
    let durability = durability(kind, object, Some(old));
    let value = object::to_store(kind, object);
    let written = cluster.store.put(&current.key, Expect::Revision(current.revision), value, durability).await;
    note(cluster, kind, written.as_ref().ok());
    outcome(written)
}

/// Whether a write has to reach the disk before it is acknowledged: all but heartbeats.
fn durability(kind: &Kind, new: &Value, old: Option<&Value>) -> Durability {
    if kind.hooks.is_heartbeat(new, old) { Durability::Volatile } else { Durability::Durable }
}

/// Keeps the budget of Events.
fn note(cluster: &Cluster, kind: &Kind, written: Option<&Entry>) {
    if let Some(entry) = written.filter(|_| kind.hooks.retention() == Retention::Hour) {
        cluster.events.wrote(entry, cluster.environment.now());
    }
}

/// Whether two states of an object differ in nothing but their version and the times in managedFields.
fn is_same(object: &Value, old: &Value) -> bool {
    let (Some(new_members), Some(old_members)) = (object.as_object(), old.as_object()) else { return false };
    let same_rest = new_members.len() == old_members.len()
        && new_members.iter().all(|(name, value)| name == "metadata" || old_members.get(name) == Some(value));
    same_rest && stripped(&object["metadata"]) == stripped(&old["metadata"])
}

fn stripped(metadata: &Value) -> Value {
    let mut metadata = metadata.clone();
    metadata.drop("resourceVersion");
    for entry in metadata.items_mut("managedFields") {
        entry.drop("time");
    }
    metadata
}

/// Removes an object; `last` is what watchers see.
pub(crate) async fn remove(cluster: &Cluster, kind: &Kind, current: &Entry, last: &Value) -> Result<Result<Entry, Conflict>, Status> {
    remove_as(cluster, kind, current, object::to_store(kind, last)).await
}

/// Removes an object without looking at it: watchers see it as it was, at its old version if it cannot be read.
pub(crate) async fn remove_unread(cluster: &Cluster, kind: &Kind, current: &Entry) -> Result<Result<Entry, Conflict>, Status> {
    let last = match object::from_store(kind, &current.key, &current.value) {
        Ok(last) => object::to_store(kind, &last),
        Err(_) => NewValue { bytes: current.value.to_vec(), stamp: None },
    };
    remove_as(cluster, kind, current, last).await
}

async fn remove_as(cluster: &Cluster, kind: &Kind, current: &Entry, last: NewValue) -> Result<Result<Entry, Conflict>, Status> {
    let written = cluster.store.delete(&current.key, Expect::Revision(current.revision), last).await;
    removed(cluster, kind, current, written).await
}

async fn removed(
    cluster: &Cluster,
    kind: &Kind,
    current: &Entry,
    written: Result<Entry, WriteError>,
) -> Result<Result<Entry, Conflict>, Status> {
    let removed = outcome(written)?;
    if removed.is_ok() && kind.hooks.retention() == Retention::Hour {
        cluster.events.removed(current);
    }
    if removed.is_ok()
        && kind.hooks.allocates()
        && let Ok(old) = cluster.objects.read(kind, current)
    {
        addresses::complete(addresses::begin(cluster, kind, Some(&old), None).await).await;
    }
    Ok(removed)
}

fn outcome(written: Result<Entry, WriteError>) -> Result<Result<Entry, Conflict>, Status> {
    match written {
        Ok(entry) => Ok(Ok(entry)),
        Err(WriteError::Conflict { .. }) => Ok(Err(Conflict)),
        Err(error @ WriteError::Refused { .. }) => Err(refused(&error)),
    }
}

/// The answer to a write that the store did not take for a reason of its own.
pub(crate) fn refused(error: &WriteError) -> Status {
    Status::internal(&error.to_string())
}
