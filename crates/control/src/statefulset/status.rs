//! The status of a set (STA-1..13): counted from its pods, and written only if it differs.

use super::revision::REVISION_LABEL;
use super::set::Set;
use crate::object::Object;
use crate::plan::{Call, Effect, Patch};
use std::sync::Arc;
use stead_api::{json, time::Timestamp, value::Access};
use stead_client::resource::STATEFUL_SETS;

/// A status that was counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    pub replicas: i64,
    pub ready: i64,
    pub available: i64,
    pub current: i64,
    pub updated: i64,
    pub current_revision: String,
    pub update_revision: String,
    pub collision_count: i64,
}

/// ST-2.
pub fn is_running_and_ready(pod: &Object) -> bool {
    pod.pod().phase == "Running" && pod.pod().ready
}

/// ST-3.
pub fn is_available(pod: &Object, min_ready_s: i64, now: Timestamp) -> bool {
    pod.pod().ready && (min_ready_s == 0 || available_at(pod, min_ready_s).is_some_and(|at| at <= now))
}

/// When a ready pod has been ready for long enough.
pub fn available_at(pod: &Object, min_ready_s: i64) -> Option<Timestamp> {
    let since = pod.pod().ready_since.filter(|_| pod.pod().ready)?;
    Some(since.plus_millis(min_ready_s * 1000))
}

/// Counts pods (STA-3..6), and completes the update if it is complete (REV-12).
pub fn count<'a>(
    set: &Set,
    pods: impl Iterator<Item = &'a Arc<Object>>,
    (current, update): (&str, &str),
    collision_count: i64,
    now: Timestamp,
) -> Status {
    let mut status =
        Status { current_revision: current.to_owned(), update_revision: update.to_owned(), collision_count, ..Status::default() };
    for pod in pods.filter(|pod| !pod.pod().phase.is_empty()) {
        status.replicas += 1;
        let ready = is_running_and_ready(pod);
        status.ready += i64::from(ready);
        status.available += i64::from(ready && is_available(pod, set.min_ready_s, now));
        if pod.deleting.is_none() {
            status.current += i64::from(pod.label(REVISION_LABEL) == current);
            status.updated += i64::from(pod.label(REVISION_LABEL) == update);
        }
    }
    let whole = set.replicas;
    if status.updated == whole && status.ready == whole && status.replicas == whole {
        status.current = status.updated;
        status.current_revision = status.update_revision.clone();
    }
    status
}

/// Writes the status if the set's differs (STA-1; the collision count alone is no reason, REV-8).
pub fn write(set: &Set, status: &Status) -> Option<Effect> {
    let old = set.object.status();
    let number = |name: &str| old.int(name).unwrap_or(0);
    let same = number("observedGeneration") >= set.generation
        && number("replicas") == status.replicas
        && number("readyReplicas") == status.ready
        && number("availableReplicas") == status.available
        && number("currentReplicas") == status.current
        && number("updatedReplicas") == status.updated
        && old.str("currentRevision") == status.current_revision
        && old.str("updateRevision") == status.update_revision;
    if same {
        return None;
    }
    let body = json!({
        "metadata": {"resourceVersion": set.object.version.to_string()},
        "status": {
            "observedGeneration": set.generation.max(number("observedGeneration")),
            "replicas": status.replicas, "readyReplicas": status.ready, "availableReplicas": status.available,
            "currentReplicas": status.current, "updatedReplicas": status.updated,
            "currentRevision": status.current_revision, "updateRevision": status.update_revision,
            "collisionCount": status.collision_count,
        },
    });
    let key = set.object.key.clone();
    let call = Call::Patch { resource: STATEFUL_SETS, key, subresource: "status", patch: Patch::Merge(body) };
    Some(Effect::new(call).tolerating(&["NotFound"]))
}
