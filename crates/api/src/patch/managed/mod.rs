//! Field ownership: `metadata.managedFields` of every write (P23-P31).
//!
//! Input: the object before and after a write, who wrote it and when. Output: the new entries, put into the object.
//! An update takes what it changes; server-side apply, which may be refused for that, is in `apply`.

mod apply;
mod check;
mod compare;
mod entries;
mod scale;
mod set;
#[cfg(test)]
mod tests;
mod typed;

pub use apply::{Application, Conflicts, apply, invalid_type};
pub use compare::{Comparison, compare};
pub use scale::{of_parent, to_parent, update_scale};
pub use set::{Element, Set};

use crate::schema::{self, Type, walker};
use crate::time::Timestamp;
use crate::value::Access;
use crate::{Value, json};
use entries::{Entry, Operation};

/// Update entries beyond this many are merged into `ancient-changes` (P28).
const UPDATE_ENTRIES_MAX: usize = 10;
const ANCIENT: &str = "ancient-changes";

/// Paths that nobody owns (P25), below the object and below its metadata.
const UNOWNED: &[&str] = &["apiVersion", "kind", "metadata"];
const UNOWNED_METADATA: &[&str] =
    &["name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion"];

/// One write.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// Field manager: the query parameter, or the User-Agent up to its first `/`.
    pub manager: &'a str,
    /// `apps/v1`
    pub api_version: &'a str,
    /// Empty on the main resource.
    pub subresource: &'a str,
    /// Paths that this endpoint resets, and so does not own: `["status"]` on the main resource of a kind with a status,
    /// `["spec"]` on `/status`.
    pub resets: &'a [&'a str],
    pub now: Timestamp,
    /// The body's managedFields were `[]` or `[{}]`: forget the entries (P29). See [`forgets`].
    pub forget: bool,
}

/// Whether the managedFields of a document, not yet in canonical form, ask to forget the entries: `[]` or `[{}]`.
pub fn forgets(document: &Value) -> bool {
    match document["metadata"]["managedFields"].as_array().map(Vec::as_slice) {
        Some([]) => true,
        Some([Value::Object(entry)]) => entry.values().all(Value::is_null),
        _ => false,
    }
}

/// Books a write: sets `object`'s managedFields from those it brings, or `live`'s, and from what changes between the two.
/// `live` is `None` on create. Call it after defaulting and before admission and the kind's strategy.
pub fn update(ty: &'static Type, live: Option<&Value>, object: &mut Value, write: Write<'_>) {
    let brought = take(object);
    let recorded = || live.and_then(|live| entries::decode(&live["metadata"]["managedFields"])).unwrap_or_default();
    let entries = if !write.subresource.is_empty() {
        recorded()
    } else if write.forget {
        Vec::new()
    } else {
        match brought.as_ref().and_then(entries::decode) {
            Some(entries) if !entries.is_empty() => entries,
            _ => recorded(),
        }
    };
    // An object that nobody tracks stays so; tracking starts when it is created.
    let entries = if entries.is_empty() && live.is_some() { entries } else { with_write(ty, live, object, entries, write) };
    put(object, &entries);
}

/// Removes and returns the object's managedFields.
fn take(object: &mut Value) -> Option<Value> {
    object.get_mut("metadata")?.as_object_mut()?.shift_remove("managedFields")
}

fn put(object: &mut Value, entries: &[Entry]) {
    if entries.is_empty() {
        return;
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("managedFields".into(), entries::encode(entries));
    }
}

fn with_write(ty: &'static Type, live: Option<&Value>, object: &mut Value, entries: Vec<Entry>, write: Write<'_>) -> Vec<Entry> {
    // Hooks may have left out what is always written; a stored object is whole. That `live` alone has managedFields is
    // a removal of what nobody owns.
    walker::canonical(ty, object);
    let compared = match live {
        Some(live) => compare(ty, live, object),
        None => {
            let mut nothing = json!({});
            walker::canonical(ty, &mut nothing);
            compare(ty, &nothing, object)
        }
    };
    let Ok(found) = compared else { return entries };
    let ignored = reset_set(write.resets);
    let taken = found.modified.union(&found.added).recursive_difference(&ignored);
    let lost = taken.union(&found.removed.recursive_difference(&ignored));
    let mut entries: Vec<Entry> = entries
        .into_iter()
        .filter(|entry| is_known(object, &entry.api_version, write))
        .map(|entry| Entry { fields: entry.fields.difference(&lost), ..entry })
        .filter(|entry| !entry.fields.is_empty())
        .collect();
    let own = taken.difference(&unowned());
    if !own.is_empty() {
        record(&mut entries, own, write);
    }
    capped(entries)
}

/// Whether the object's kind has that version; what was booked under another is forgotten. Between versions of a kind fields keep
/// their names.
fn is_known(object: &Value, api_version: &str, write: Write<'_>) -> bool {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    api_version == write.api_version || schema::by_gvk(group, version, object.str("kind")).is_some()
}

fn record(entries: &mut Vec<Entry>, own: Set, write: Write<'_>) {
    let own_entry = entries
        .iter_mut()
        .find(|entry| entry.operation == Operation::Update && entry.manager == write.manager && entry.subresource == write.subresource);
    match own_entry {
        Some(entry) => {
            entry.fields = entry.fields.union(&own);
            entry.time = Some(write.now.rfc3339());
        }
        None => entries.push(Entry {
            manager: write.manager.to_owned(),
            operation: Operation::Update,
            api_version: write.api_version.to_owned(),
            subresource: write.subresource.to_owned(),
            time: Some(write.now.rfc3339()),
            fields: own,
        }),
    }
}

fn reset_set(paths: &[&str]) -> Set {
    let mut set = Set::default();
    for path in paths {
        set.insert(&path.split('.').map(Element::field).collect::<Vec<_>>());
    }
    set
}

fn unowned() -> Set {
    let mut set = reset_set(UNOWNED);
    for name in UNOWNED_METADATA {
        set.insert(&[Element::field("metadata"), Element::field(name)]);
    }
    set
}

/// Merges the oldest Update entries until few enough are left.
fn capped(mut entries: Vec<Entry>) -> Vec<Entry> {
    let mut updates: Vec<Entry> = entries.extract_if(.., |entry| entry.operation == Operation::Update).collect();
    updates.sort_by_key(Entry::age_key);
    let mut ancient: Option<Entry> = None;
    let total = updates.len();
    let excess = if total > UPDATE_ENTRIES_MAX { total - UPDATE_ENTRIES_MAX + 1 } else { 0 };
    for entry in updates.drain(..excess) {
        let fields = ancient.map_or_else(|| entry.fields.clone(), |old| old.fields.union(&entry.fields));
        ancient = Some(Entry { manager: ANCIENT.into(), subresource: String::new(), fields, ..entry });
    }
    entries.extend(ancient);
    entries.extend(updates);
    entries
}
