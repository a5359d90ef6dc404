//! A pod's identity within its set: how a pod is built for a slot, what makes it the set's own, and how that is restored
//! (ID-1..12, OWN-1..5).

use super::revision::{REVISION_LABEL, Revision};
use super::set::Set;
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Patch, metadata_patch};
use stead_api::{Map, Value, json, value::Access};
use stead_client::resource::PODS;

pub const POD_NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
pub const POD_INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";

/// OWN-2.
pub fn is_member(set: &Set, pod: &Object) -> bool {
    pod.pod().parent == set.name() && set.selector.matches_labels(&pod.labels)
}

/// ID-8.
pub fn is_intact(set: &Set, pod: &Object) -> bool {
    let name = format!("{}-{}", set.name(), pod.pod().ordinal);
    pod.key.name == name && pod.label(POD_NAME_LABEL) == name
}

/// The pod of a slot (ID-4..7).
pub fn build(set: &Set, slot: i64, revision: &Revision) -> Value {
    let name = set.pod_name(slot);
    let ordinal = (set.start + slot).to_string();
    let template = revision.template.get("metadata").unwrap_or(&Value::Null);
    let mut labels = template.map("labels").cloned().unwrap_or_default();
    for (label, value) in [(POD_NAME_LABEL, name.as_str()), (POD_INDEX_LABEL, &ordinal), (REVISION_LABEL, &revision.name)] {
        labels.insert(label.into(), value.into());
    }
    let mut metadata = Map::new();
    metadata.insert("name".into(), name.as_str().into());
    metadata.insert("generateName".into(), format!("{}-", set.name()).into());
    metadata.insert("namespace".into(), set.object.key.namespace.as_str().into());
    metadata.insert("labels".into(), labels.into());
    if let Some(annotations) = template.map("annotations") {
        metadata.insert("annotations".into(), annotations.clone().into());
    }
    metadata.insert("ownerReferences".into(), json!([set.owner_reference()]));
    let mut spec = revision.template.get("spec").cloned().unwrap_or_else(|| json!({}));
    let volumes = super::claims::volumes(set, &name, &spec);
    if !volumes.is_empty() {
        spec["volumes"] = volumes.into();
    }
    spec["hostname"] = name.into();
    spec["subdomain"] = set.object.spec().str("serviceName").into();
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

/// Creates the pod of a slot (ORD-2, ORD-10).
pub fn create(set: &Set, slot: i64, revision: &Revision) -> Effect {
    let call = Call::create(PODS, &set.object.key.namespace, build(set, slot, revision));
    Effect { silent: &["AlreadyExists"], ..narrated(set, "Create", &set.pod_name(slot), call) }
}

/// Deletes a pod with its own grace period. A successor of the same name is never hit; it gives a conflict, which is only
/// a sign of an old cache.
pub fn delete(set: &Set, pod: &Object) -> Effect {
    let effect = narrated(set, "Delete", &pod.key.name, pod.delete());
    Effect { silent: &["Conflict"], ..effect }.tolerating(&["NotFound"])
}

/// ID-9: restores the labels that tell a pod's identity, and the volumes that it lacks. The server refuses a volume; that is
/// said in an event, as upstream says it.
pub fn restore(set: &Set, pod: &Object, volumes: Vec<Value>) -> Effect {
    let mut key = pod.key.clone();
    key.name = format!("{}-{}", set.name(), pod.pod().ordinal);
    let labels = json!({POD_NAME_LABEL: key.name, POD_INDEX_LABEL: pod.pod().ordinal.to_string()});
    let mut patch = json!({"metadata": {"uid": pod.uid, "labels": labels}});
    if !volumes.is_empty() {
        patch["spec"] = json!({ "volumes": volumes });
    }
    let patch = Patch::Strategic(patch);
    let name = key.name.clone();
    narrated(set, "Update", &name, Call::Patch { resource: PODS, key, subresource: "", patch })
}

/// OWN-4.
pub fn adopt(set: &Set, pod: &Object) -> Effect {
    let patch = metadata_patch(&pod.uid, json!({"ownerReferences": [set.owner_reference()]}));
    Effect::new(Call::Patch { resource: PODS, key: pod.key.clone(), subresource: "", patch }).tolerating(&["NotFound"])
}

/// OWN-3.
pub fn release(set: &Set, pod: &Object) -> Effect {
    let reference = json!({"$patch": "delete", "uid": set.object.uid});
    let patch = metadata_patch(&pod.uid, json!({"ownerReferences": [reference]}));
    Effect::new(Call::Patch { resource: PODS, key: pod.key.clone(), subresource: "", patch }).tolerating(&["NotFound", "Invalid"])
}

/// An effect on a pod that events of the set tell of (section 12).
fn narrated(set: &Set, verb: &'static str, pod: &str, call: Call) -> Effect {
    let (done, failed) = match verb {
        "Create" => ("SuccessfulCreate", "FailedCreate"),
        "Delete" => ("SuccessfulDelete", "FailedDelete"),
        _ => ("SuccessfulUpdate", "FailedUpdate"),
    };
    let what = format!("{verb} Pod {pod} in StatefulSet {}", set.name());
    Effect {
        on_success: Some(Event::normal(set.object.reference(), done, format!("{what} successful"))),
        on_failure: Some(Event::warning(set.object.reference(), failed, format!("{what} failed error: {{error}}"))),
        ..Effect::new(call)
    }
}
