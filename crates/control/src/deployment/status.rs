//! The status of a Deployment (DEP-80..93): counted from its sets, with the conditions of upstream, and written only if it differs.

use super::sets::Set;
use super::spec::Spec;
use crate::plan::{Call, Effect, Patch};
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::DEPLOYMENTS;

pub const PROGRESSING: &str = "Progressing";
const AVAILABLE: &str = "Available";
const REPLICA_FAILURE: &str = "ReplicaFailure";
pub const COMPLETE: &str = "NewReplicaSetAvailable";
pub const TIMED_OUT: &str = "ProgressDeadlineExceeded";

/// Conditions in the order of their last change (DEP-92).
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    list: Vec<Value>,
    now: Timestamp,
}

/// A condition's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    True,
    False,
    Unknown,
}

impl Truth {
    fn name(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

impl Conditions {
    pub fn of(status: &Value, now: Timestamp) -> Self {
        Self { list: status.items("conditions").to_vec(), now }
    }

    pub fn get(&self, ty: &str) -> Option<&Value> {
        self.list.iter().find(|condition| condition.str("type") == ty)
    }

    pub fn reason(&self, ty: &str) -> &str {
        self.get(ty).map(|condition| condition.str("reason")).unwrap_or_default()
    }

    /// DEP-89, ALL-14: one with the same status and reason is left as it is.
    pub fn set(&mut self, ty: &str, truth: Truth, reason: &str, message: String) {
        let now = self.now.rfc3339();
        self.put(json!({
            "type": ty, "status": truth.name(), "lastUpdateTime": now, "lastTransitionTime": now, "reason": reason, "message": message,
        }));
    }

    fn put(&mut self, mut condition: Value) {
        let ty = condition.str("type").to_owned();
        if let Some(current) = self.get(&ty)
            && current.str("status") == condition.str("status")
        {
            if current.str("reason") == condition.str("reason") {
                return;
            }
            condition["lastTransitionTime"] = current["lastTransitionTime"].clone();
        }
        self.remove(&ty);
        self.list.push(condition);
    }

    fn remove(&mut self, ty: &str) {
        self.list.retain(|condition| condition.str("type") != ty);
    }
}

/// What is counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    pub replicas: i64,
    pub updated: i64,
    pub ready: i64,
    pub available: i64,
    pub unavailable: i64,
    /// `None` while a set that was counted does not say.
    pub terminating: Option<i64>,
    pub collision_count: Option<i64>,
    pub observed_generation: i64,
    pub conditions: Conditions,
}

impl Status {
    /// As it was written last.
    pub fn written(spec: &Spec, now: Timestamp) -> Self {
        let status = spec.object.status();
        let number = |name: &str| status.int(name).unwrap_or(0);
        Self {
            replicas: number("replicas"),
            updated: number("updatedReplicas"),
            ready: number("readyReplicas"),
            available: number("availableReplicas"),
            unavailable: number("unavailableReplicas"),
            terminating: status.int("terminatingReplicas"),
            collision_count: status.int("collisionCount"),
            observed_generation: number("observedGeneration"),
            conditions: Conditions::of(status, now),
        }
    }

    /// DEP-80, DEP-81. `new` is one of the sets.
    pub fn count(spec: &Spec, sets: &[Set], new: Option<&Set>, collision_count: Option<i64>, conditions: Conditions) -> Self {
        let sum = |name: &str| sets.iter().map(|set| set.counted(name)).sum::<i64>();
        let terminating = sets.iter().filter_map(Set::terminating).sum::<Option<i64>>();
        let wanted: i64 = sets.iter().map(|set| set.replicas).sum();
        let available = sum("availableReplicas");
        let mut status = Self {
            replicas: sum("replicas"),
            updated: new.map_or(0, |set| set.counted("replicas")),
            ready: sum("readyReplicas"),
            available,
            unavailable: (wanted - available).max(0),
            terminating,
            collision_count,
            observed_generation: spec.generation,
            conditions,
        };
        let conditions = &mut status.conditions;
        if available >= spec.replicas - spec.max_unavailable() {
            let text = "Deployment has minimum availability.".to_owned();
            conditions.set(AVAILABLE, Truth::True, "MinimumReplicasAvailable", text);
        } else {
            let text = "Deployment does not have minimum availability.".to_owned();
            conditions.set(AVAILABLE, Truth::False, "MinimumReplicasUnavailable", text);
        }
        status
    }

    /// DEP-84.
    pub fn is_complete(&self, spec: &Spec) -> bool {
        let all = [self.updated, self.replicas, self.available].iter().all(|count| *count == spec.replicas);
        all && self.observed_generation >= spec.generation
    }

    /// DEP-82, DEP-85..90: what a roll-out adds to what was counted. `former` is the status before.
    pub fn judge(&mut self, former: &Self, spec: &Spec, sets: &[Set], new: Option<&Set>) {
        let subject = new.map_or_else(|| format!("Deployment {:?}", spec.object.key.name), |set| format!("ReplicaSet {:?}", set.name));
        let Some(deadline_s) = spec.progress_deadline_s else {
            self.conditions.remove(PROGRESSING);
            self.take_failure(sets, new);
            return;
        };
        let is_over = self.replicas == self.updated && former.conditions.reason(PROGRESSING) == COMPLETE;
        if is_over {
            // DEP-87
        } else if self.is_complete(spec) {
            self.conditions.set(PROGRESSING, Truth::True, COMPLETE, format!("{subject} has successfully progressed."));
        } else if self.progressed_since(former) {
            self.progress(format!("{subject} is progressing."));
        } else if self.is_late(deadline_s) {
            self.conditions.set(PROGRESSING, Truth::False, TIMED_OUT, format!("{subject} has timed out progressing."));
        }
        self.take_failure(sets, new);
    }

    fn progressed_since(&self, former: &Self) -> bool {
        self.updated > former.updated
            || self.replicas - self.updated < former.replicas - former.updated
            || self.ready > former.ready
            || self.available > former.available
    }

    /// DEP-89: this condition tells of the last progress, so it is renewed.
    fn progress(&mut self, message: String) {
        let current = self.conditions.get(PROGRESSING).filter(|current| current.str("status") == "True");
        let since = current.map(|current| current["lastTransitionTime"].clone());
        self.conditions.remove(PROGRESSING);
        self.conditions.set(PROGRESSING, Truth::True, "ReplicaSetUpdated", message);
        if let (Some(since), Some(renewed)) = (since, self.conditions.list.last_mut()) {
            renewed["lastTransitionTime"] = since;
        }
    }

    /// DEP-85.
    fn is_late(&self, deadline_s: i64) -> bool {
        match self.conditions.reason(PROGRESSING) {
            COMPLETE | "" => false,
            TIMED_OUT => true,
            _ => self.updated_at().is_some_and(|at| at.plus_millis(deadline_s * 1000) < self.conditions.now),
        }
    }

    fn updated_at(&self) -> Option<Timestamp> {
        Timestamp::parse(self.conditions.get(PROGRESSING)?.str("lastUpdateTime"))
    }

    /// DEP-85: when it has to be looked at again for its deadline.
    pub fn deadline(&self, spec: &Spec) -> Option<Timestamp> {
        let watched = !spec.paused && !matches!(self.conditions.reason(PROGRESSING), COMPLETE | TIMED_OUT);
        let deadline_s = spec.progress_deadline_s.filter(|_| watched && !self.is_complete(spec))?;
        Some(self.updated_at()?.plus_millis((deadline_s + 1) * 1000))
    }

    /// DEP-90.
    fn take_failure(&mut self, sets: &[Set], new: Option<&Set>) {
        let failure = |set: &Set| {
            let conditions = set.object.as_ref()?.status().items("conditions");
            conditions.iter().find(|condition| condition.str("type") == REPLICA_FAILURE).cloned()
        };
        match new.and_then(failure).or_else(|| sets.iter().find_map(failure)) {
            Some(mut condition) => {
                condition["lastUpdateTime"] = condition["lastTransitionTime"].clone();
                self.conditions.put(condition);
            }
            None => self.conditions.remove(REPLICA_FAILURE),
        }
    }

    /// Writes it, and the revision, if the Deployment's differ.
    pub fn write(&self, spec: &Spec, revision: Option<&str>) -> Option<Effect> {
        let mut metadata = json!({"resourceVersion": spec.object.version.to_string()});
        let annotation = spec.object.value["metadata"]["annotations"].str(super::sets::REVISION);
        let revision = revision.filter(|revision| *revision != annotation);
        if revision.is_none() && *self == Self::written(spec, self.conditions.now) {
            return None;
        }
        if let Some(revision) = revision {
            metadata["annotations"] = json!({ super::sets::REVISION: revision });
        }
        let body = json!({
            "replicas": self.replicas, "updatedReplicas": self.updated, "readyReplicas": self.ready, "availableReplicas": self.available,
            "unavailableReplicas": self.unavailable, "terminatingReplicas": self.terminating, "collisionCount": self.collision_count,
            "observedGeneration": self.observed_generation, "conditions": self.conditions.list,
        });
        let patch = Patch::Merge(json!({"metadata": metadata, "status": body}));
        let call = Call::Patch { resource: DEPLOYMENTS, key: spec.object.key.clone(), subresource: "status", patch };
        Some(Effect::new(call).tolerating(&["NotFound"]))
    }
}
