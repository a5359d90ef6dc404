//! Pods of workloads whose pods have no identity of their own: how they are made from a template and removed (ALL-3, ALL-9, ALL-10), and
//! when they count as available. The workload decides how many, and which.

use crate::object::Object;
use crate::plan::{Call, Effect, Event};
use stead_api::{Map, Value, json, time::Timestamp, value::Access};
use stead_client::NAMESPACE_TERMINATING;
use stead_client::resource::PODS;

/// Neither ended nor going.
pub fn is_active(pod: &Object) -> bool {
    !pod.pod().terminal() && pod.deleting.is_none()
}

/// Whether it has been ready for so many seconds.
pub fn is_available(pod: &Object, min_ready_s: i64, now: Timestamp) -> bool {
    pod.pod().ready && (min_ready_s == 0 || available_at(pod, min_ready_s).is_some_and(|at| at <= now))
}

/// When a ready pod has been ready for so many seconds.
pub fn available_at(pod: &Object, min_ready_s: i64) -> Option<Timestamp> {
    let since = pod.pod().ready_since.filter(|_| pod.pod().ready)?;
    Some(since.plus_millis(min_ready_s * 1000))
}

/// Makes a pod from a template, with a name that the server makes up.
pub fn create(owner: &Object, template: &Value) -> Effect {
    create_as(owner, template, &format!("{}-", owner.key.name))
}

/// The same with another prefix of its name.
pub fn create_as(owner: &Object, template: &Value, prefix: &str) -> Effect {
    let regarding = owner.reference();
    let call = Call::create(PODS, &owner.key.namespace, build(owner, template, prefix));
    Effect {
        on_success: Some(Event::normal(regarding.clone(), "SuccessfulCreate", "Created pod: {name}")),
        on_failure: Some(Event::warning(regarding, "FailedCreate", "Error creating: {error}")),
        silent: &[NAMESPACE_TERMINATING],
        ..Effect::new(call)
    }
    .tolerating(&[NAMESPACE_TERMINATING])
}

/// Removes exactly this pod.
pub fn delete(owner: &Object, pod: &Object) -> Effect {
    let regarding = owner.reference();
    let done = format!("Deleted pod: {}", pod.key.name);
    Effect {
        on_success: Some(Event::normal(regarding.clone(), "SuccessfulDelete", done)),
        on_failure: Some(Event::warning(regarding, "FailedDelete", "Error deleting: {error}")),
        silent: &["NotFound"],
        ..Effect::new(pod.delete())
    }
    .tolerating(&["NotFound"])
}

/// The template's own name and namespace mean nothing.
fn build(owner: &Object, template: &Value, prefix: &str) -> Value {
    let given = template.get("metadata").unwrap_or(&Value::Null);
    let mut metadata = Map::new();
    metadata.insert("generateName".into(), prefix.into());
    metadata.insert("namespace".into(), owner.key.namespace.as_str().into());
    for member in ["labels", "annotations", "finalizers"] {
        if let Some(value) = given.get(member).filter(|value| !value.is_null()) {
            metadata.insert(member.into(), value.clone());
        }
    }
    metadata.insert("ownerReferences".into(), json!([owner.owner_reference()]));
    let spec = if template.has("spec") { template["spec"].clone() } else { json!({}) };
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}
