//! The templates that a set had, as ControllerRevisions (DS-20..22). Pure.

use super::plan::Observed;
use super::set::{HASH_LABEL, Set};
use crate::object::Object;
use crate::plan::{Call, Effect, Patch, metadata_patch};
use crate::statefulset::data;
use std::collections::BTreeSet;
use std::sync::Arc;
use stead_api::{Value, json, value::Access};
use stead_client::resource::{CONTROLLER_REVISIONS, PODS};

/// The revision of the template as it is.
pub struct Current {
    /// Label of the pods made from it.
    pub hash: String,
    /// Makes it, or makes it the newest.
    pub effect: Option<Effect>,
    /// Gives the pods of others with the same template its label, and removes those others.
    pub merge: Vec<Effect>,
    /// All others, oldest first.
    pub old: Vec<Arc<Object>>,
}

/// Why there is none yet.
#[derive(Debug, PartialEq, Eq)]
pub struct Collision;

fn hash(set: &Set) -> String {
    crate::template_hash::of(set.template(), set.object.status().int("collisionCount"))
}

/// The name of a revision of the template as it is.
pub fn name(set: &Set) -> String {
    format!("{}-{}", set.object.key.name, hash(set))
}

fn number(revision: &Object) -> i64 {
    revision.value.int("revision").unwrap_or(0)
}

/// Finds or makes the current revision.
pub fn current(observed: &Observed) -> Result<Current, Collision> {
    let set = &observed.set;
    let patch = data::patch_of(set.template());
    let bytes = data::encode(&patch);
    let is_equal = |revision: &Object| data::encode(&revision.value["data"]) == bytes;
    let (mut equal, mut old): (Vec<_>, Vec<_>) = observed.revisions.objects.iter().cloned().partition(|revision| is_equal(revision));
    equal.sort_by_key(|revision| (number(revision), revision.key.name.clone()));
    old.sort_by_key(|revision| (number(revision), revision.key.name.clone()));
    let next = old.last().map_or(0, |newest| number(newest)) + 1;
    if let Some(newest) = equal.last() {
        let hash = newest.label(HASH_LABEL).to_owned();
        let merge = merge(observed, &equal[..equal.len() - 1], &hash);
        return Ok(Current { hash, effect: (number(newest) < next).then(|| renumber(newest, next)), merge, old });
    }
    match &observed.holder {
        Some(holder) if is_equal(holder) => Ok(Current { hash: hash(set), effect: None, merge: Vec::new(), old }),
        Some(_) => Err(Collision),
        None => {
            let call = Call::create(CONTROLLER_REVISIONS, &set.object.key.namespace, body(set, patch, next));
            Ok(Current { hash: hash(set), effect: Some(Effect::new(call)), merge: Vec::new(), old })
        }
    }
}

/// DS-23: what is left of them, so that pods of one template carry one label.
fn merge(observed: &Observed, others: &[Arc<Object>], hash: &str) -> Vec<Effect> {
    let is_others =
        |pod: &&Arc<Object>| pod.label(HASH_LABEL) != hash && others.iter().any(|other| other.label(HASH_LABEL) == pod.label(HASH_LABEL));
    let relabel = |pod: &Arc<Object>| {
        let patch = metadata_patch(&pod.uid, json!({"labels": {HASH_LABEL: hash}}));
        let call = Call::Patch { resource: PODS, key: pod.key.clone(), subresource: "", patch };
        Effect::new(call).tolerating(&["NotFound", "Conflict"])
    };
    let relabelled = observed.pods.objects.iter().filter(is_others).map(relabel);
    let surplus = others.iter().filter(|other| other.deleting.is_none());
    relabelled.chain(surplus.map(|other| Effect::new(other.delete()).tolerating(&["NotFound"]))).collect()
}

/// DS-21.
fn renumber(revision: &Object, next: i64) -> Effect {
    let body = json!({"metadata": {"resourceVersion": revision.version.to_string()}, "revision": next});
    Effect::new(Call::Patch { resource: CONTROLLER_REVISIONS, key: revision.key.clone(), subresource: "", patch: Patch::Merge(body) })
}

fn body(set: &Set, patch: Value, revision: i64) -> Value {
    let mut metadata = json!({"name": name(set), "namespace": set.object.key.namespace});
    let labels = set.template().get("metadata").and_then(|metadata| metadata.map("labels")).cloned().unwrap_or_default();
    metadata["labels"] = labels.into();
    metadata["labels"][HASH_LABEL] = hash(set).into();
    if let Some(annotations) = set.object.value["metadata"].map("annotations") {
        metadata["annotations"] = annotations.clone().into();
    }
    metadata["ownerReferences"] = json!([set.object.owner_reference()]);
    json!({"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": metadata, "data": patch, "revision": revision})
}

/// DS-22: deletes what of the history is beyond the limit and no pod was made from.
pub fn truncation(observed: &Observed, old: &[Arc<Object>]) -> Vec<Effect> {
    let excess = old.len().saturating_sub(observed.set.revision_history_limit);
    let live: BTreeSet<&str> = observed.pods.objects.iter().map(|pod| pod.label(HASH_LABEL)).collect();
    let idle = old.iter().filter(|revision| !live.contains(revision.label(HASH_LABEL)) && revision.deleting.is_none());
    idle.take(excess).map(|revision| Effect::new(revision.delete()).tolerating(&["NotFound"])).collect()
}
