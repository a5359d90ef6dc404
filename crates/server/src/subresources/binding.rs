//! `pods/binding` and the older `bindings` (R54): assigns a pod to a node.

use super::pod_target;
use crate::answer::Answer;
use crate::call::Call;
use crate::core::Core;
use crate::negotiation;
use crate::object::{self, Expected};
use crate::query::{Write, WriteOptions};
use crate::registry::{create as creation, update};
use stead_api::field::{self, Path};
use stead_api::kinds::binding::BINDING;
use stead_api::registry::Kind;
use stead_api::value::Access;
use stead_api::{Status, Value, json, names, schema};

/// Labels of a node that its pods get.
const TOPOLOGY_LABELS: &[&str] = &["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/// Whether a kind is that of Bindings themselves.
pub(crate) fn serves(kind: &Kind) -> bool {
    kind.group == BINDING.group && kind.kind == BINDING.kind
}

pub(crate) async fn create(core: &Core, call: &mut Call) -> Result<Answer, Status> {
    let options = WriteOptions::parse(&call.query, Write::Create)?;
    let schema = schema::by_name("io.k8s.api.core.v1.Binding").expect("the table has Binding");
    let expected = Expected { group: "", version: "v1", kind: "Binding", schema };
    let reader = negotiation::content_type(&call.headers)?;
    let mut binding = object::decode(expected, reader, &call.body, options.field_validation, &mut call.warnings)?;
    if call.target.name.is_empty() {
        call.target.name = binding["metadata"].str("name").to_owned();
    }
    let target = call.target.clone();
    creation::place(&target.namespace, &mut binding)?;
    if binding["metadata"].str("name") != target.name {
        return Err(Status::bad_request("name in URL does not match name in Binding object"));
    }
    check_target(&binding["target"])?;
    let now = core.environment.now().rfc3339();
    let labels = node_labels(core, binding["target"].str("name"));
    pod_target::change(core, call, options.run, &mut |pod| {
        check_preconditions(&target, pod, &binding)?;
        bind(&target, pod, &binding, &labels, &now)
    })
    .await?;
    let value = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(Answer::Document { code: 201, value })
}

/// Upstream answers these errors as they are, without a Status of their own.
fn check_target(target: &Value) -> Result<(), Status> {
    let path = Path::new("target");
    let (kind, name) = (target.str("kind"), target.str("name"));
    let mut errors = Vec::new();
    if !matches!(kind, "" | "Node") {
        errors.push(field::not_supported(&path.child("kind"), kind, &["Node", "<empty>"]));
    }
    if name.is_empty() {
        errors.push(field::required(&path.child("name"), ""));
    } else {
        errors.extend(names::NameRule::Subdomain.check(name).iter().map(|why| field::invalid(&path.child("name"), name, why)));
    }
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    match texts.as_slice() {
        [] => Ok(()),
        [one] => Err(Status::new(500, "", one.clone())),
        several => Err(Status::new(500, "", format!("[{}]", several.join(", ")))),
    }
}

fn check_preconditions(target: &crate::request::Target, pod: &Value, binding: &Value) -> Result<(), Status> {
    let (given, own) = (binding["metadata"].str("uid"), pod["metadata"].str("uid"));
    if !given.is_empty() && given != own {
        return Err(update::uid_differs(&target.kind, &target.namespace, &target.name, given, own));
    }
    let (given, own) = (binding["metadata"].str("resourceVersion"), pod["metadata"].str("resourceVersion"));
    if !given.is_empty() && given != own {
        return Err(update::precondition_failed(&target.kind, &target.namespace, &target.name, "ResourceVersion", given, own));
    }
    Ok(())
}

fn node_labels(core: &Core, node: &str) -> Value {
    let found = core.read(&core.kinds.built_in("nodes"), "", node).ok().flatten().map(|node| node["metadata"]["labels"].clone());
    found.unwrap_or_default()
}

fn bind(target: &crate::request::Target, pod: &Value, binding: &Value, node_labels: &Value, now: &str) -> Result<Value, Status> {
    let name = &target.name;
    let refuse = |why: String| {
        let mut status = Status::conflict(&target.kind, name, &why);
        status.message = format!("Operation cannot be fulfilled on pods/binding \"{name}\": {why}");
        status.details = Some(json!({"name": name, "kind": "pods/binding"}));
        Err(status)
    };
    if pod["metadata"].has("deletionTimestamp") {
        return refuse(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    if !pod["spec"].str("nodeName").is_empty() {
        return refuse(format!("pod {name} is already assigned to node {:?}", pod["spec"].str("nodeName")));
    }
    if !pod["spec"].items("schedulingGates").is_empty() {
        return refuse(format!("pod {name} has non-empty .spec.schedulingGates"));
    }
    let mut pod = pod.clone();
    pod["spec"]["nodeName"] = binding["target"]["name"].clone();
    copy_map(&mut pod, "annotations", &binding["metadata"]["annotations"], |_| true);
    copy_map(&mut pod, "labels", &binding["metadata"]["labels"], |_| true);
    copy_map(&mut pod, "labels", node_labels, |label| TOPOLOGY_LABELS.contains(&label));
    // Room was kept for it; now it has it (SCH-8).
    if let Some(status) = pod["status"].as_object_mut() {
        status.shift_remove("nominatedNodeName");
    }
    let scheduled = json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null});
    pod_target::set_condition(&mut pod, scheduled, now);
    stead_api::schema::walker::canonical(target.kind.schema, &mut pod);
    Ok(pod)
}

fn copy_map(pod: &mut Value, name: &str, from: &Value, wanted: impl Fn(&str) -> bool) {
    for (key, value) in from.as_object().into_iter().flatten().filter(|(key, _)| wanted(key)) {
        object::meta_mut(pod)[name][key] = value.clone();
    }
}
