//! managedFields of an object and of its Scale (R1): the number of replicas is one field with two paths.
//! Input: the entries of either. Output: those of the other.

use super::entries::{self, Entry, Operation};
use super::set::{Element, Set};
use super::{Write, put, take};
use crate::Value;

/// Where both have the number.
fn replicas() -> [Element; 2] {
    [Element::field("spec"), Element::field("replicas")]
}

fn recorded(object: &Value) -> Vec<Entry> {
    object["metadata"].get("managedFields").and_then(entries::decode).unwrap_or_default()
}

/// Gives a Scale the entries of those who own its parent's number of replicas.
pub fn of_parent(parent: &Value, scale: &mut Value, scale_version: &str) {
    let owners: Vec<Entry> = recorded(parent)
        .into_iter()
        .filter(|entry| entry.fields.has(&replicas()))
        .map(|entry| Entry { api_version: scale_version.to_owned(), fields: Set::of(&replicas()), ..entry })
        .collect();
    put(scale, &owners);
}

/// Gives the parent the entries that its Scale has after an apply: who owns the number in both keeps its entry as it is, who
/// does not own it any more loses it, others get it under the parent's version and without a time.
pub fn to_parent(scale: &Value, parent: &mut Value, parent_version: &str) {
    let same = |a: &Entry, b: &Entry| {
        a.manager == b.manager
            && a.operation == b.operation
            && a.subresource == b.subresource
            && (a.operation == Operation::Apply || a.api_version == b.api_version)
    };
    let mut owners: Vec<Entry> = recorded(scale).into_iter().filter(|entry| entry.fields.has(&replicas())).collect();
    let mut entries = recorded(parent);
    for entry in entries.iter_mut().filter(|entry| entry.fields.has(&replicas())) {
        match owners.iter().position(|owner| same(owner, entry)) {
            Some(at) => drop(owners.remove(at)),
            None => entry.fields = entry.fields.difference(&Set::of(&replicas())),
        }
    }
    entries.retain(|entry| !entry.fields.is_empty());
    let new = owners.into_iter().map(|owner| Entry { api_version: parent_version.to_owned(), time: None, ..owner });
    entries.extend(new);
    take(parent);
    put(parent, &entries);
}

/// The parent's managedFields after a write to its `/scale`. Whoever changed the number of replicas owns it, through the
/// subresource, and nobody else does. If it did not change, the Update entries that own it are split in two, as upstream
/// does. Entries that come out of the Scale have no time. Nothing is tracked here if nobody owned the number.
pub fn update_scale(object: &mut Value, replicas: (i64, i64), write: Write<'_>) {
    let (old, new) = replicas;
    let path = [Element::field("spec"), Element::field("replicas")];
    let Some(mut entries) = object["metadata"].get("managedFields").and_then(entries::decode) else { return };
    if !entries.iter().any(|entry| entry.fields.has(&path)) {
        return;
    }
    let number = Set::of(&path);
    let mut split = Vec::new();
    for entry in entries.iter_mut().filter(|entry| entry.fields.has(&path)) {
        if old != new || entry.operation == Operation::Update {
            entry.fields = entry.fields.difference(&number);
        }
        if old == new && entry.operation == Operation::Update {
            split.push(Entry { fields: number.clone(), time: None, ..entry.clone() });
        }
    }
    // Zero is the absence of the member in a Scale.
    if old != new && new != 0 {
        split.push(Entry {
            manager: write.manager.to_owned(),
            operation: Operation::Update,
            api_version: write.api_version.to_owned(),
            subresource: write.subresource.to_owned(),
            time: None,
            fields: number,
        });
    }
    entries.retain(|entry| !entry.fields.is_empty());
    entries.extend(split);
    take(object);
    put(object, &entries);
}
