//! The ReplicaSets of a Deployment in the course of one sync: what they are, what the sync makes of them, and the calls that do so.
//! A set that is to be made is one like the others.

use super::spec::Spec;
use crate::object::{Object, strings};
use crate::plan::{Call, Effect, Event, Patch, map_patch};
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::REPLICA_SETS;

pub const HASH_LABEL: &str = "pod-template-hash";
pub const REVISION: &str = "deployment.kubernetes.io/revision";
pub const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
pub const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";

/// A ReplicaSet as this sync leaves it.
#[derive(Debug, Clone)]
pub struct Set {
    pub name: String,
    pub created: Timestamp,
    /// spec.replicas.
    pub replicas: i64,
    pub annotations: BTreeMap<String, String>,
    pub min_ready_s: i64,
    /// `None`: it is still to be made.
    pub object: Option<Arc<Object>>,
    /// What this sync changed and no call says yet.
    dirty: bool,
    /// How many calls change it already.
    calls: usize,
}

impl Set {
    pub fn of(object: &Arc<Object>) -> Self {
        Self {
            name: object.key.name.clone(),
            created: object.created,
            replicas: object.spec().int("replicas").unwrap_or(1),
            annotations: strings(object.value["metadata"].get("annotations")),
            min_ready_s: object.spec().int("minReadySeconds").unwrap_or(0),
            object: Some(Arc::clone(object)),
            dirty: false,
            calls: 0,
        }
    }

    /// One that is to be made, with nothing yet.
    pub fn to_make(name: String, min_ready_s: i64) -> Self {
        let (replicas, created, annotations) = (0, Timestamp(i64::MAX), BTreeMap::new());
        Self { name, created, replicas, annotations, min_ready_s, object: None, dirty: false, calls: 0 }
    }

    /// A counter of its status.
    pub fn counted(&self, name: &str) -> i64 {
        self.object.as_ref().and_then(|object| object.status().int(name)).unwrap_or(0)
    }

    /// status.terminatingReplicas; the inner `None`: it does not say, the outer: its status was never written (DEP-80).
    pub fn terminating(&self) -> Option<Option<i64>> {
        let status = self.object.as_ref()?.status();
        let terminating = status.int("terminatingReplicas");
        (terminating.is_some() || status.int("observedGeneration").unwrap_or(0) > 0).then_some(terminating)
    }

    pub fn available(&self) -> i64 {
        self.counted("availableReplicas")
    }

    pub fn number(&self, annotation: &str) -> Option<i64> {
        self.annotations.get(annotation)?.parse().ok()
    }

    /// Sets an annotation.
    pub fn annotate(&mut self, name: &str, value: String) {
        if self.annotations.get(name) != Some(&value) {
            self.annotations.insert(name.to_owned(), value);
            self.dirty = true;
        }
    }

    pub fn wait_for_readiness(&mut self, min_ready_s: i64) {
        self.dirty |= self.min_ready_s != min_ready_s;
        self.min_ready_s = min_ready_s;
    }

    /// DEP-52, DEP-55: gives it a size; the call, if it is not as it should be already.
    pub fn scale(&mut self, replicas: i64, spec: &Spec) -> Option<Effect> {
        let former = std::mem::replace(&mut self.replicas, replicas);
        self.note_scale(spec);
        let event = (former != replicas).then(|| {
            let way = if replicas > former { "up" } else { "down" };
            let text = format!("Scaled {way} replica set {} from {former} to {replicas}", self.name);
            Event::normal(spec.object.reference(), "ScalingReplicaSet", text)
        });
        self.dirty |= former != replicas;
        self.change().map(|effect| Effect { on_success: event, ..effect })
    }

    /// DEP-5: what the size of the whole was when this one got its own.
    pub fn note_scale(&mut self, spec: &Spec) {
        self.annotate(DESIRED_REPLICAS, spec.replicas.to_string());
        self.annotate(MAX_REPLICAS, (spec.replicas + spec.max_surge()).to_string());
    }

    /// The call that changes it, if something did.
    pub fn change(&mut self) -> Option<Effect> {
        let object = self.object.as_ref().filter(|_| self.dirty)?;
        let mut metadata = json!({"uid": object.uid});
        if self.calls == 0 {
            metadata["resourceVersion"] = object.version.to_string().into();
        }
        if let Some(patch) = map_patch(&strings(object.value["metadata"].get("annotations")), &self.annotations) {
            metadata["annotations"] = patch;
        }
        let body = json!({"metadata": metadata, "spec": {"replicas": self.replicas, "minReadySeconds": self.min_ready_s}});
        let call = Call::Patch { resource: REPLICA_SETS, key: object.key.clone(), subresource: "", patch: Patch::Merge(body) };
        self.dirty = false;
        self.calls += 1;
        Some(Effect::new(call))
    }
}

/// Whether two templates mean the same, whatever hash label they bear (DEP-4).
pub fn are_equal(one: &Value, other: &Value) -> bool {
    without_hash(one) == without_hash(other)
}

fn without_hash(template: &Value) -> Value {
    let mut template = template.clone();
    let Some(metadata) = template.get_mut("metadata") else { return template };
    metadata.drop("creationTimestamp");
    if let Some(labels) = metadata.get_mut("labels") {
        labels.drop(HASH_LABEL);
    }
    if metadata.map("labels").is_some_and(|labels| labels.is_empty()) {
        metadata.drop("labels");
    }
    template
}

/// The body of a set that is to be made (DEP-1, DEP-3).
pub fn body(set: &Set, hash: &str, spec: &Spec) -> Value {
    let mut template = spec.template().clone();
    template.default_to("metadata", json!({}));
    template["metadata"].default_to("labels", json!({}));
    template["metadata"]["labels"][HASH_LABEL] = hash.into();
    let mut selector = spec.object.spec()["selector"].clone();
    selector.default_to("matchLabels", json!({}));
    selector["matchLabels"][HASH_LABEL] = hash.into();
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": set.name, "namespace": spec.object.key.namespace, "labels": template["metadata"]["labels"],
            "annotations": set.annotations, "ownerReferences": [spec.object.owner_reference()],
        },
        "spec": {"replicas": set.replicas, "minReadySeconds": set.min_ready_s, "selector": selector, "template": template},
    })
}
