//! Pod: registry row and hooks. What pod specs share with templates is in [`super::pod_spec`]; admission and scheduling are not here.

mod cells;
mod prepare;
mod resize;
mod status;
#[cfg(test)]
mod tests;
mod update;

use super::{
    columns,
    pod_spec::{defaults, dropped, validation, warnings},
};
use crate::{
    Value,
    field::{Errors, Path},
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, Subresource},
    schema::generated::CORE_V1_POD,
    time::Timestamp,
    value::Access,
};

const READ_WRITE: &[&str] = &["get", "patch", "update"];
const CONNECT: &[&str] = &["create", "get"];

pub static POD: Kind = Kind {
    group: "",
    version: "v1",
    kind: "Pod",
    plural: "pods",
    singular: "pod",
    short_names: &["po"],
    categories: &["all"],
    namespaced: true,
    schema: &CORE_V1_POD,
    verbs: ALL_VERBS,
    subresources: &[
        Subresource { name: "attach", gvk: Some(("", "v1", "PodAttachOptions")), verbs: CONNECT },
        Subresource { name: "binding", gvk: Some(("", "v1", "Binding")), verbs: &["create"] },
        Subresource { name: "ephemeralcontainers", gvk: None, verbs: READ_WRITE },
        Subresource { name: "eviction", gvk: Some(("policy", "v1", "Eviction")), verbs: &["create"] },
        Subresource { name: "exec", gvk: Some(("", "v1", "PodExecOptions")), verbs: CONNECT },
        Subresource { name: "log", gvk: None, verbs: &["get"] },
        Subresource { name: "portforward", gvk: Some(("", "v1", "PodPortForwardOptions")), verbs: CONNECT },
        Subresource { name: "proxy", gvk: Some(("", "v1", "PodProxyOptions")), verbs: &["create", "delete", "get", "patch", "update"] },
        Subresource { name: "resize", gvk: None, verbs: READ_WRITE },
        Subresource { name: "status", gvk: None, verbs: READ_WRITE },
    ],
    selectable: &[
        "metadata.name",
        "metadata.namespace",
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: true,
    stored_as: None,
    hooks: HooksRef::Static(&Pod),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text("Ready", "The aggregate readiness state of this pod for accepting traffic."),
    columns::text("Status", "The aggregate status of the containers in this pod."),
    columns::text(
        "Restarts",
        "The number of times the containers in this pod have been restarted and when the last container in this pod has \
         restarted.",
    ),
    columns::AGE,
    columns::wide("IP", "podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated."),
    columns::wide(
        "Node",
        "NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the \
         scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the \
         lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a specific \
         node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename",
    ),
    columns::wide(
        "Nominated Node",
        "nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away \
         as preemption victims receive their graceful termination periods. This field does not guarantee that the pod will be \
         scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become available sooner. \
         Scheduler may also decide to give the resources on this node to a higher priority pod that is created after \
         preemption. As a result, this field may be different than PodSpec.nodeName when the pod is scheduled.",
    ),
    columns::wide(
        "Readiness Gates",
        "If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are \
         ready AND all conditions specified in the readiness gates have status equal to \"True\" More info: \
         https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates",
    ),
];

#[derive(Debug)]
struct Pod;

impl Hooks for Pod {
    fn reset_fields(&self, part: Part) -> Option<&'static [&'static str]> {
        match part {
            Part::Status => Some(&["spec", "metadata.deletionTimestamp", "metadata.ownerReferences"]),
            Part::Other("ephemeralcontainers" | "resize") => Some(&["status"]),
            Part::Main | Part::Other(_) => None,
        }
    }

    fn default(&self, object: &mut Value) {
        object.default_to("spec", crate::json!({}));
        dropped::old_annotations(object);
        let spec = &mut object["spec"];
        defaults::spec(spec);
        defaults::pod(spec);
        // Only pods, not templates: a negative period counts as one second.
        if spec.int("terminationGracePeriodSeconds").is_some_and(|s| s < 0) {
            spec["terminationGracePeriodSeconds"] = 1.into();
        }
        prepare::complete_status(object);
    }

    fn prepare_create(&self, object: &mut Value) {
        prepare::create(object);
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        prepare::update(part, object, old)
    }

    fn validate(&self, object: &Value) -> Errors {
        let mut errors = metadata_and_spec(object);
        let path = Path::new("spec");
        let spec = &object["spec"];
        if !spec.items("ephemeralContainers").is_empty() {
            errors.push(crate::field::forbidden(&path.child("ephemeralContainers"), "cannot be set on create"));
        }
        if !spec.str("nodeName").is_empty() && !spec.items("schedulingGates").is_empty() {
            let detail = "cannot be set until all schedulingGates have been cleared";
            errors.push(crate::field::forbidden(&path.child("nodeName"), detail));
        }
        errors.extend(validation::annotations::match_fields(&object["metadata"], spec, &path));
        errors
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        match part {
            Part::Main => update::main(object, old),
            Part::Status => status::validate(object, old),
            Part::Other("ephemeralcontainers") => update::ephemeral_containers(object, old),
            Part::Other("resize") => resize::validate(object, old),
            Part::Other(_) => Errors::new(),
        }
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_some() {
            return Vec::new();
        }
        let mut texts = Vec::new();
        let name = object["metadata"].str("name");
        let faults = crate::names::dns_label(name);
        if !name.is_empty() && !faults.is_empty() {
            texts.push(format!(
                "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label \
                 is recommended: [{}]",
                faults.join(" ")
            ));
        }
        texts.extend(warnings::of(object, &Path::default()));
        texts
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        cells::of(object, now)
    }

    fn row_conditions(&self, object: &Value) -> Option<Value> {
        cells::conditions(object)
    }

    fn selectable(&self, object: &Value, label: &str) -> String {
        let (spec, status) = (&object["spec"], &object["status"]);
        match label {
            "metadata.name" | "metadata.namespace" => object["metadata"].str(&label["metadata.".len()..]).to_owned(),
            "spec.hostNetwork" => spec.flag("hostNetwork").to_string(),
            "status.podIP" => status.items("podIPs").first().map_or("", |ip| ip.str("ip")).to_owned(),
            // It can be asked for, but no pod has it.
            "status.podIPs" => String::new(),
            _ => match label.split_once('.') {
                Some(("spec", member)) => spec.str(member).to_owned(),
                Some((_, member)) => status.str(member).to_owned(),
                None => String::new(),
            },
        }
    }

    fn grace_period_s(&self, object: &Value, asked: Option<i64>) -> Option<i64> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let at_once = spec.str("nodeName").is_empty() || matches!(status.str("phase"), "Succeeded" | "Failed");
        let wanted = asked.or_else(|| spec.int("terminationGracePeriodSeconds")).unwrap_or_default();
        Some(match wanted {
            _ if at_once => 0,
            negative if negative < 0 => 1,
            seconds => seconds,
        })
    }
}

/// What holds for every pod, new or changed.
fn metadata_and_spec(object: &Value) -> Errors {
    let (metadata, spec, path) = (&object["metadata"], &object["spec"], Path::new("spec"));
    let annotations = Path::new("metadata").child("annotations");
    let mut errors = validation::annotations::of_pod(metadata.map("annotations"), spec, &annotations);
    errors.extend(validation::pod(metadata, spec, &path));
    errors
}
