//! What a snapshot shows of an object, by kind. Input: objects. Output: what is compared of them.

use crate::golden::case::spaced;
use serde_json::{Map, Value, json};

/// A kind that runs follow: the plural by which they name it, the kind, the path of its collection.
pub type Followed = (&'static str, &'static str, &'static str);

/// Every kind that a run may follow; those after [`WIDE`] have no namespace.
pub const KINDS: &[Followed] = &[
    ("deployments", "Deployment", "/apis/apps/v1/namespaces/{ns}/deployments"),
    ("replicasets", "ReplicaSet", "/apis/apps/v1/namespaces/{ns}/replicasets"),
    ("daemonsets", "DaemonSet", "/apis/apps/v1/namespaces/{ns}/daemonsets"),
    ("statefulsets", "StatefulSet", "/apis/apps/v1/namespaces/{ns}/statefulsets"),
    ("controllerrevisions", "ControllerRevision", "/apis/apps/v1/namespaces/{ns}/controllerrevisions"),
    ("cronjobs", "CronJob", "/apis/batch/v1/namespaces/{ns}/cronjobs"),
    ("jobs", "Job", "/apis/batch/v1/namespaces/{ns}/jobs"),
    ("pods", "Pod", "/api/v1/namespaces/{ns}/pods"),
    ("endpoints", "Endpoints", "/api/v1/namespaces/{ns}/endpoints"),
    ("persistentvolumeclaims", "PersistentVolumeClaim", "/api/v1/namespaces/{ns}/persistentvolumeclaims"),
    ("resourcequotas", "ResourceQuota", "/api/v1/namespaces/{ns}/resourcequotas"),
    ("endpointslices", "EndpointSlice", "/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices"),
    ("poddisruptionbudgets", "PodDisruptionBudget", "/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets"),
    ("persistentvolumes", "PersistentVolume", "/api/v1/persistentvolumes"),
    ("nodes", "Node", "/api/v1/nodes"),
];

/// The kinds without a namespace.
pub const WIDE: &[&str] = &["persistentvolumes", "nodes"];

/// Metadata that a snapshot leaves out.
const UNSEEN: &[&str] = &["managedFields", "resourceVersion", "namespace", "name", "creationTimestamp", "selfLink"];
/// Reasons of which one stays by a race of upstream's with itself.
const UNDER_WAY: &[&str] = &["NewReplicaSetCreated", "ReplicaSetUpdated", "FoundNewReplicaSet"];

/// The telling parts of a spec; `None`: all of it.
fn telling(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "deployments" => &["replicas", "paused"],
        "replicasets" => &["replicas", "selector"],
        "daemonsets" => &[],
        "jobs" => &["parallelism", "completions", "suspend", "selector"],
        "cronjobs" => &["suspend", "schedule"],
        "nodes" => &["taints", "unschedulable"],
        "statefulsets" => &["replicas"],
        _ => return None,
    })
}

/// JSON as the recorder sorts by it: keys in order, a blank after each comma and colon.
pub fn dumps(value: &Value) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    String::from_utf8(spaced(&value)).unwrap_or_default()
}

fn sorted(mut items: Vec<Value>, by: impl Fn(&Value) -> String) -> Value {
    items.sort_by_cached_key(|item| by(item));
    items.into()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// Metadata that is compared.
pub fn metadata(object: &Value) -> Map<String, Value> {
    let mut metadata = object["metadata"].as_object().cloned().unwrap_or_default();
    metadata.retain(|name, _| !UNSEEN.contains(&name.as_str()));
    metadata
}

/// A status with its conditions by type.
pub fn tidy(status: &Value) -> Value {
    let mut status = status.clone();
    if let Some(conditions) = status.get_mut("conditions").and_then(Value::as_array_mut) {
        conditions.sort_by_key(|c| c["type"].as_str().map(str::to_owned));
    }
    status
}

fn some(from: &Value, names: &[&str]) -> Map<String, Value> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), from.get(*name)?.clone()))).collect()
}

fn truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && *value != "" && *value != 0
}

/// What is compared of an object.
pub fn view(kind: &str, object: &Value, step: &Value) -> Value {
    let mut out = Map::from_iter([("metadata".to_owned(), metadata(object).into())]);
    match kind {
        "pods" => pod(object, step, &mut out),
        "endpoints" => {
            let subsets = list(&object["subsets"]).iter().map(subset).collect();
            out.insert("subsets".into(), sorted(subsets, dumps));
        }
        "endpointslices" => slice(object, step, &mut out),
        "controllerrevisions" => {
            out.insert("revision".into(), object["revision"].clone());
        }
        _ => other(kind, object, &mut out),
    }
    out.into()
}

fn pod(object: &Value, step: &Value, out: &mut Map<String, Value>) {
    let (spec, status) = (&object["spec"], &object["status"]);
    out.insert("phase".into(), status["phase"].clone());
    let condition = |c: &Value| {
        let mut shown = some(c, &["status", "reason", "message"]);
        shown.retain(|_, value| truthy(value));
        Some((c["type"].as_str()?.to_owned(), shown.into()))
    };
    let conditions: Map<String, Value> = list(&status["conditions"]).iter().filter_map(condition).collect();
    out.insert("conditions".into(), conditions.into());
    let mut said = some(status, &["reason", "message", "podIP"]);
    said.retain(|_, value| truthy(value));
    out.extend(said);
    let spec = if step["full"] == true {
        spec.clone()
    } else {
        let mut shown = some(spec, &["hostname", "subdomain", "nodeName"]);
        shown.insert("images".into(), list(&spec["containers"]).iter().map(|c| c["image"].clone()).collect());
        shown.into()
    };
    out.insert("spec".into(), spec);
}

fn subset(subset: &Value) -> Value {
    let members = subset.as_object().into_iter().flatten();
    let by_ip = |address: &Value| dumps(&json!([address.get("ip"), address]));
    let sort = |(name, items): (&String, &Value)| {
        let items = if name.ends_with("ddresses") { sorted(list(items), by_ip) } else { sorted(list(items), dumps) };
        (name.clone(), items)
    };
    Value::Object(members.map(sort).collect())
}

fn slice(object: &Value, step: &Value, out: &mut Map<String, Value>) {
    let ends = sorted(list(&object["endpoints"]), |end| dumps(&json!([end["addresses"], end])));
    if let Some(metadata) = out.get_mut("metadata").and_then(Value::as_object_mut) {
        // It counts writes.
        metadata.shift_remove("generation");
    }
    out.insert("addressType".into(), object["addressType"].clone());
    out.insert("ports".into(), sorted(list(&object["ports"]), dumps));
    out.insert("endpoints".into(), if step["sizes"] == true { list(&ends).len().into() } else { ends });
}

fn other(kind: &str, object: &Value, out: &mut Map<String, Value>) {
    let spec = object.get("spec").cloned().unwrap_or_else(|| json!({}));
    out.insert("spec".into(), telling(kind).map_or_else(|| spec.clone(), |names| some(&spec, names).into()));
    if kind == "replicasets"
        && let Some(template) = spec.get("template")
    {
        let images: Value = list(&template["spec"]["containers"]).iter().map(|c| c["image"].clone()).collect();
        out.insert("template".into(), json!({"labels": template["metadata"]["labels"], "images": images}));
    }
    if kind == "nodes" {
        return;
    }
    let mut status = tidy(object.get("status").unwrap_or(&json!({})));
    if kind == "deployments" {
        for condition in status.get_mut("conditions").and_then(Value::as_array_mut).into_iter().flatten() {
            if condition["reason"].as_str().is_some_and(|reason| UNDER_WAY.contains(&reason)) {
                condition["reason"] = "<under way>".into();
                condition["message"] = "<under way>".into();
            }
        }
    }
    out.insert("status".into(), status);
}
