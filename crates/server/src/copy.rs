//! A store that begins with the objects of another cluster, as they are there: their uids, statuses and owners stay, their revisions are
//! new. Input: objects in the versions that are stored. For worlds that are only looked at: nothing is admitted, nothing judged.

use crate::{keys, object};
use stead_api::kinds::KINDS;
use stead_api::registry::Kind;
use stead_api::schema::walker;
use stead_api::value::Access;
use stead_api::{Status, Value};
use stead_store::{Durability, Expect, Store};

/// The rows whose objects make a copy of a cluster: each kind once, as it is stored.
pub fn copied_kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().copied().filter(|kind| {
        let is_kept = kind.verbs.contains(&"list") && kind.verbs.contains(&"create");
        is_kept && kind.stored_as.is_none() && !matches!(kind.kind, "Event" | "Lease")
    })
}

/// Writes them into a store on which no server runs yet.
pub async fn copy_into(store: &Store, objects: Vec<Value>) -> Result<(), Status> {
    for object in objects {
        let kind = KINDS.iter().find(|row| object["kind"] == row.kind && object["apiVersion"] == row.api_version());
        let kind = kind.ok_or_else(|| Status::internal(&format!("nothing of kind {} can be copied", object["kind"])))?;
        let (namespace, name) = (object["metadata"].str("namespace").to_owned(), object["metadata"].str("name").to_owned());
        let decoded = walker::decode_value(kind.schema, object).map_err(|error| Status::internal(&error.to_string()))?;
        let value = object::to_store(kind, &decoded.value);
        let written = store.put(&keys::object(kind, &namespace, &name), Expect::Absent, value, Durability::Durable).await;
        written.map_err(|error| Status::internal(&error.to_string()))?;
    }
    Ok(())
}
