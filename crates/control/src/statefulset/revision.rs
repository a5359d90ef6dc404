//! ControllerRevisions of a set: which is current, which the update leads to, and the calls that make, bump, adopt and
//! truncate them (REV-1..16).

use super::observe::{Observed, number};
use super::set::Set;
use super::{applied, data};
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Patch, metadata_patch};
use std::collections::BTreeSet;
use std::sync::Arc;
use stead_api::{Map, Value, json, value::Access};
use stead_client::resource::CONTROLLER_REVISIONS;

/// Label of pods: the name of their revision.
pub const REVISION_LABEL: &str = "controller-revision-hash";
/// Label with the hash of the data.
pub const HASH_LABEL: &str = "controller.kubernetes.io/hash";
/// How many colliding names one look passes over.
const COLLISIONS_MAX: i64 = 1000;

/// A revision to build pods from.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    pub name: String,
    pub template: Value,
}

/// The outcome of looking at a set's history.
#[derive(Debug)]
pub struct Chosen {
    pub current: Revision,
    pub update: Revision,
    /// Creates or renumbers the update revision, if that must be.
    pub effect: Option<Effect>,
    pub collision_count: i64,
}

/// Finds the current and the update revision (REV-6..9).
pub fn choose(observed: &Observed) -> Chosen {
    let set = &observed.set;
    let patch = data::patch_of(set.template());
    let bytes = data::encode(&patch);
    let status = set.object.status();
    let mut collision_count = status.int("collisionCount").unwrap_or(0);
    let label = data::hash(&bytes, collision_count);
    let newest = observed.revisions.last();
    let equal = observed.revisions.iter().rev().find(|r| is_equal(r, &label, &bytes));
    let (update, effect) = match (equal, newest) {
        (Some(equal), Some(newest)) if Arc::ptr_eq(equal, newest) => (revision_of(equal, set), None),
        (Some(equal), Some(newest)) => (revision_of(equal, set), Some(renumber(equal, number(newest) + 1))),
        (_, Some(newest)) if means_the_same(newest, set, &bytes) => (revision_of(newest, set), None),
        (_, newest) => {
            let next = newest.map_or(0, |r| number(r)) + 1;
            create(observed, patch, &bytes, &label, next, &mut collision_count)
        }
    };
    let current = observed.revisions.iter().find(|r| r.key.name == status.str("currentRevision"));
    let current = current.map_or_else(|| update.clone(), |r| revision_of(r, set));
    Chosen { current, update, effect, collision_count }
}

fn revision_of(object: &Object, set: &Set) -> Revision {
    Revision { name: object.key.name.clone(), template: applied::template(&object.value["data"], set) }
}

/// REV-5.
fn is_equal(revision: &Object, label: &str, bytes: &[u8]) -> bool {
    let numbers = (revision.label(HASH_LABEL).parse::<u32>(), label.parse::<u32>());
    if let (Ok(theirs), Ok(ours)) = numbers
        && theirs != ours
    {
        return false;
    }
    data::encode(&revision.value["data"]) == bytes
}

/// REV-6 (c): applied to the set and defaulted, it is the set's own template.
fn means_the_same(newest: &Object, set: &Set, bytes: &[u8]) -> bool {
    let template = applied::template(&newest.value["data"], set);
    let defaulted = applied::defaulted(template, set);
    defaulted.is_some_and(|template| data::encode(&data::patch_of(&template)) == bytes)
}

/// REV-6 (b): a rollback makes an old revision the newest.
fn renumber(revision: &Object, next: i64) -> Effect {
    let body = json!({"metadata": {"resourceVersion": revision.version.to_string()}, "revision": next});
    let key = revision.key.clone();
    Effect::new(Call::Patch { resource: CONTROLLER_REVISIONS, key, subresource: "", patch: Patch::Merge(body) })
}

/// REV-3, REV-7: a new revision under the first name that is free or already holds the same data.
fn create(
    observed: &Observed,
    patch: Value,
    bytes: &[u8],
    label: &str,
    next: i64,
    collision_count: &mut i64,
) -> (Revision, Option<Effect>) {
    let set = &observed.set;
    let template = set.template().clone();
    for _ in 0..COLLISIONS_MAX {
        let name = format!("{}-{}", cut(set.name(), 223), data::hash(bytes, *collision_count));
        let holder = observed.namesakes.iter().chain(&observed.revisions).find(|r| r.key.name == name);
        match holder {
            None => {
                let effect =
                    Effect::new(Call::create(CONTROLLER_REVISIONS, &set.object.key.namespace, body(set, &name, label, patch, next)));
                return (Revision { name, template }, Some(effect));
            }
            Some(holder) if data::encode(&holder.value["data"]) == bytes => return (Revision { name, template }, None),
            Some(_) => *collision_count += 1,
        }
    }
    let name = format!("{}-{}", cut(set.name(), 223), data::hash(bytes, *collision_count));
    (Revision { name, template }, None)
}

fn body(set: &Set, name: &str, label: &str, patch: Value, next: i64) -> Value {
    let mut labels = set.template().get("metadata").and_then(|m| m.map("labels")).cloned().unwrap_or_default();
    labels.insert(HASH_LABEL.into(), label.into());
    let mut metadata = Map::new();
    metadata.insert("name".into(), name.into());
    metadata.insert("namespace".into(), set.object.key.namespace.as_str().into());
    metadata.insert("labels".into(), labels.into());
    if let Some(annotations) = set.object.value["metadata"].map("annotations") {
        metadata.insert("annotations".into(), annotations.clone().into());
    }
    metadata.insert("ownerReferences".into(), json!([set.owner_reference()]));
    json!({"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": metadata, "data": patch, "revision": next})
}

/// At most that many bytes.
fn cut(text: &str, bytes: usize) -> &str {
    text.get(..bytes).unwrap_or(text)
}

/// REV-13: takes over revisions without a controller. One that the server will not let change stays as it is, with an event.
pub fn adoptions(observed: &Observed) -> Vec<Effect> {
    let set = &observed.set;
    let orphans = observed.revisions.iter().filter(|r| r.controller().is_none() && r.deleting.is_none());
    orphans
        .map(|orphan| {
            let patch = metadata_patch(&orphan.uid, json!({"ownerReferences": [set.owner_reference()]}));
            let message = format!("adopt ControllerRevision {} in StatefulSet {} failed error: {{error}}", orphan.key.name, set.name());
            Effect {
                on_failure: Some(Event::warning(set.object.reference(), "FailedAdopt", message)),
                silent: &["NotFound"],
                ..Effect::new(Call::Patch { resource: CONTROLLER_REVISIONS, key: orphan.key.clone(), subresource: "", patch })
            }
            .tolerating(&["Invalid", "NotFound"])
        })
        .collect()
}

/// REV-10: deletes the oldest revisions that nothing uses, beyond the limit.
pub fn truncation(observed: &Observed, chosen: &Chosen, pods: &[Arc<Object>]) -> Vec<Effect> {
    let Ok(limit) = usize::try_from(observed.set.revision_history_limit) else { return Vec::new() };
    let mut live: BTreeSet<&str> = pods.iter().map(|pod| pod.label(REVISION_LABEL)).collect();
    live.insert(&chosen.current.name);
    live.insert(&chosen.update.name);
    let history: Vec<&Arc<Object>> = observed.revisions.iter().filter(|r| !live.contains(r.key.name.as_str())).collect();
    let excess = history.len().saturating_sub(limit);
    history[..excess].iter().filter(|r| r.deleting.is_none()).map(|r| Effect::new(r.delete()).tolerating(&["NotFound"])).collect()
}
