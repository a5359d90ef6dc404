//! Node: a machine that runs pods. Its status is its agent's; its taints keep pods away.

use super::columns;
use crate::{
    Value,
    field::{Error, Errors, Kind as Fault, Path, duplicate, forbidden, invalid, not_supported, required},
    json, names,
    quantity::Quantity,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, Subresource},
    schema::generated::CORE_V1_NODE,
    time::{Timestamp, age},
    value::Access,
    wire,
};
use std::collections::BTreeSet;

pub static NODE: Kind = Kind {
    group: "",
    version: "v1",
    kind: "Node",
    plural: "nodes",
    singular: "node",
    short_names: &["no"],
    categories: &[],
    namespaced: false,
    schema: &CORE_V1_NODE,
    verbs: ALL_VERBS,
    subresources: &[
        Subresource { name: "proxy", gvk: Some(("", "v1", "NodeProxyOptions")), verbs: &["create", "delete", "get", "patch", "update"] },
        Subresource { name: "status", gvk: None, verbs: &["get", "patch", "update"] },
    ],
    selectable: &["spec.unschedulable"],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&Node),
};

/// The taint of a node whose agent has not reported yet.
pub const NOT_READY_TAINT: &str = "node.kubernetes.io/not-ready";
const AVOID_PODS: &str = "scheduler.alpha.kubernetes.io/preferAvoidPods";

/// What the API says of `status.addresses`, which both columns show.
const ADDRESSES: &str = "List of addresses reachable to the node. Queried from cloud provider, if available. More info: \
    https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field is declared as mergeable, \
    but the merge key is not sufficiently unique, which can cause data corruption when it is merged. Callers \
    should instead use a full-replacement patch. See https://pr.k8s.io/79391 for an example. Consumers should \
    assume that addresses can change during the lifetime of a Node. However, there are some exceptions where this \
    may not be possible, such as Pods that inherit a Node's address in its own status or consumers of the \
    downward API (status.hostIP).";

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text("Status", "The status of the node"),
    columns::text("Roles", "The roles of the node"),
    columns::AGE,
    columns::text("Version", "Kubelet Version reported by the node."),
    columns::wide("Internal-IP", ADDRESSES),
    columns::wide("External-IP", ADDRESSES),
    columns::wide("OS-Image", "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy))."),
    columns::wide("Kernel-Version", "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64)."),
    columns::wide(
        "Container-Runtime",
        "ContainerRuntime Version reported by the node through runtime remote API (e.g. containerd://1.4.2).",
    ),
];

#[derive(Debug)]
struct Node;

impl Hooks for Node {
    fn is_heartbeat(&self, object: &Value, old: Option<&Value>) -> bool {
        old.is_some_and(|old| without_heartbeats(object) == without_heartbeats(old))
    }

    fn storage_resource(&self) -> Option<&'static str> {
        Some("minions")
    }

    fn default(&self, object: &mut Value) {
        if let Some(status) = object.get_mut("status")
            && status.has("capacity")
            && !status.has("allocatable")
        {
            status["allocatable"] = status["capacity"].clone();
        }
        if let Some(spec) = object.get_mut("spec") {
            align_pod_cidrs(spec);
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        object.default_to("spec", json!({}));
        let spec = &mut object["spec"];
        spec.drop("configSource");
        let mut taints = spec.items("taints").to_vec();
        if !taints.iter().any(|t| t.str("key") == NOT_READY_TAINT && t.str("effect") == "NoSchedule") {
            taints.push(json!({"key": NOT_READY_TAINT, "effect": "NoSchedule"}));
        }
        spec["taints"] = taints.into();
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        match part {
            Part::Main => {
                object["status"] = old["status"].clone();
                if !old["spec"].has("configSource")
                    && let Some(spec) = object.get_mut("spec")
                {
                    spec.drop("configSource");
                }
            }
            Part::Status | Part::Other(_) => object["spec"] = old["spec"].clone(),
        }
        Generation::Keep
    }

    fn validate(&self, object: &Value) -> Errors {
        let mut errors = validate_annotations(object);
        errors.extend(validate_taints(object));
        errors.extend(validate_resources(object));
        errors.extend(validate_pod_cidrs(object));
        errors
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        let mut errors = self.validate(object);
        errors.extend(validate_addresses(object));
        errors.extend(validate_unchanged(object, old));
        errors
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut out = Vec::new();
        if !object["spec"].str("externalID").is_empty() {
            out.push("spec.externalID: this field is deprecated, and is unused by Kubernetes".to_owned());
        }
        for (index, range) in object["spec"].items("podCIDRs").iter().enumerate() {
            out.extend(names::cidr_warning(&format!("spec.podCIDRs[{index}]"), range.as_str().unwrap_or_default()));
        }
        out
    }

    fn selectable(&self, object: &Value, _label: &str) -> String {
        object["spec"].flag("unschedulable").to_string()
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let info = &object["status"]["nodeInfo"];
        let or_unknown = |text: &str| if text.is_empty() { "<unknown>".to_owned() } else { text.to_owned() };
        let kernel = match (info.str("kernelVersion"), info.str("architecture")) {
            ("", _) => "<unknown>".to_owned(),
            (kernel, "") => kernel.to_owned(),
            (kernel, architecture) => format!("{kernel} ({architecture})"),
        };
        vec![
            object["metadata"].str("name").into(),
            readiness(object).into(),
            roles(object).into(),
            age(object, now).into(),
            info.str("kubeletVersion").into(),
            address(object, "InternalIP").into(),
            address(object, "ExternalIP").into(),
            or_unknown(info.str("osImage")).into(),
            kernel.into(),
            or_unknown(info.str("containerRuntimeVersion")).into(),
        ]
    }
}

/// `podCIDR` is the first of `podCIDRs`, and wins where they differ.
fn align_pod_cidrs(spec: &mut Value) {
    let first = spec.items("podCIDRs").first().and_then(Value::as_str).unwrap_or_default().to_owned();
    let single = spec.str("podCIDR").to_owned();
    if single.is_empty() && !first.is_empty() {
        spec["podCIDR"] = first.into();
    } else if !single.is_empty() && single != first {
        spec["podCIDRs"] = json!([single]);
    }
}

fn validate_annotations(object: &Value) -> Errors {
    let text = object["metadata"]["annotations"].str(AVOID_PODS);
    if text.is_empty() {
        return Errors::new();
    }
    let fault = wire::json::check(text.as_bytes()).err();
    fault.map(|why| invalid(&Path::new("metadata.annotations.AvoidPods"), AVOID_PODS, &why)).into_iter().collect()
}

/// Taints; upstream reports them below `metadata`.
fn validate_taints(object: &Value) -> Errors {
    let mut errors = Errors::new();
    let taints = object["spec"].items("taints");
    for (index, taint) in taints.iter().enumerate() {
        let path = Path::new("metadata.taints").index(index);
        let (key, value, effect) = (taint.str("key"), taint.str("value"), taint.str("effect"));
        errors.extend(names::qualified_name(key).iter().map(|why| invalid(&path.child("key"), key, why)));
        let faults = names::label_value(value);
        if !faults.is_empty() {
            errors.push(invalid(&path.child("value"), value, &faults.join(";")));
        }
        match effect {
            "" => errors.push(required(&path.child("effect"), "")),
            "NoSchedule" | "PreferNoSchedule" | "NoExecute" => {}
            other => {
                let known = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
                errors.push(not_supported(&path.child("effect"), other, &known));
            }
        }
        if taints[..index].iter().any(|t| t.str("key") == key && t.str("effect") == effect) {
            let detail = "taints must be unique by key and effect pair".to_owned();
            // The member names and their order are upstream's.
            let time = taint.get("timeAdded").cloned().unwrap_or(Value::Null);
            let value = json!({"Key": key, "Value": value, "Effect": effect, "TimeAdded": time});
            errors.push(Error { path, kind: Fault::Duplicate(value), detail });
        }
    }
    errors
}

fn validate_resources(object: &Value) -> Errors {
    let mut errors = Errors::new();
    for list in ["capacity", "allocatable"] {
        for (name, quantity) in object["status"].map(list).into_iter().flatten() {
            let path = Path::new("status").child(list).child(name);
            let text = quantity.as_str().unwrap_or_default();
            let Ok(parsed) = Quantity::parse(text) else { continue };
            if parsed.signum() < 0 {
                errors.push(invalid(&path, text, "must be greater than or equal to 0"));
            }
            if is_counted(name) && !parsed.is_whole() {
                errors.push(invalid(&path, text, "must be an integer"));
            }
        }
    }
    errors
}

/// Resources that come in whole numbers: counts of objects and everything with a vendor's domain.
fn is_counted(name: &str) -> bool {
    const COUNTS: &[&str] = &[
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    ];
    let extended = name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.");
    COUNTS.contains(&name) || extended
}

fn validate_pod_cidrs(object: &Value) -> Errors {
    let mut errors = Errors::new();
    let path = Path::new("spec.podCIDRs");
    let list = object["spec"].items("podCIDRs");
    let texts: Vec<&str> = list.iter().map(|c| c.as_str().unwrap_or_default()).collect();
    for (index, text) in texts.iter().enumerate() {
        errors.extend(names::cidr(text).iter().map(|why| invalid(&path.index(index), *text, why)));
    }
    if texts.len() < 2 {
        return errors;
    }
    let parsed: Vec<Option<bool>> = texts.iter().map(|t| names::parse_cidr(t).map(|(a, _)| a.ip.is_ipv6())).collect();
    if let Some(bad) = parsed.iter().position(Option::is_none) {
        let detail = format!(
            "invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[{bad}]: <nil> (invalid CIDR address: {})",
            texts[bad]
        );
        errors.push(Error { path: path.clone(), kind: Fault::Internal, detail });
    }
    let dual = parsed.contains(&Some(true)) && parsed.contains(&Some(false)) && !parsed.contains(&None);
    if !dual || texts.len() > 2 {
        errors.push(invalid(&path, Value::from(list), "may specify no more than one CIDR for each IP family"));
    }
    for (index, text) in texts.iter().enumerate().filter(|(index, text)| texts[..*index].contains(text)) {
        errors.push(duplicate(&path.index(index), *text));
    }
    errors
}

fn validate_addresses(object: &Value) -> Errors {
    let addresses = object["status"].items("addresses");
    let repeated = addresses.iter().enumerate().filter(|(index, address)| addresses[..*index].contains(address));
    repeated
        .map(|(index, address)| {
            let value = json!({"Type": address.str("type"), "Address": address.str("address")});
            duplicate(&Path::new("status.addresses").index(index), value)
        })
        .collect()
}

fn validate_unchanged(object: &Value, old: &Value) -> Errors {
    let mut errors = Errors::new();
    let (spec, was) = (&object["spec"], &old["spec"]);
    let (now, then) = (spec.items("podCIDRs"), was.items("podCIDRs"));
    if !then.is_empty() && now != then {
        let why = "node updates may not change podCIDR except from \"\" to valid";
        errors.push(forbidden(&Path::new("spec.podCIDRs"), why));
    }
    if !was.str("providerID").is_empty() && spec.str("providerID") != was.str("providerID") {
        let cleared = spec.str("providerID").is_empty();
        let why = if cleared { "field cannot be cleared once set" } else { "field cannot be modified once set" };
        errors.push(invalid(&Path::new("spec.providerID"), Value::Null, why));
    }
    if spec.str("externalID") != was.str("externalID") {
        errors.push(forbidden(&Path::new("spec.externalID"), "may not be updated"));
    }
    errors
}

/// `Ready`, `NotReady` or `Unknown`, and whether new pods are kept away.
fn readiness(object: &Value) -> String {
    let ready = object["status"].items("conditions").iter().find(|c| c.str("type") == "Ready");
    let status = match ready.map(|c| c.str("status")) {
        None => "Unknown",
        Some("True") => "Ready",
        Some(_) => "NotReady",
    };
    let suffix = if object["spec"].flag("unschedulable") { ",SchedulingDisabled" } else { "" };
    format!("{status}{suffix}")
}

fn roles(object: &Value) -> String {
    let labels = object["metadata"].map("labels").into_iter().flatten();
    let roles: BTreeSet<&str> = labels
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None if key == "kubernetes.io/role" => value.as_str(),
            None => None,
        })
        .filter(|role| !role.is_empty())
        .collect();
    if roles.is_empty() { "<none>".to_owned() } else { roles.into_iter().collect::<Vec<_>>().join(",") }
}

fn address(object: &Value, kind: &str) -> String {
    let addresses = object["status"].items("addresses");
    let found = addresses.iter().find(|a| a.str("type") == kind).map(|a| a.str("address"));
    found.unwrap_or("<none>").to_owned()
}

fn without_heartbeats(node: &Value) -> Value {
    let mut node = node.clone();
    if let Some(meta) = node.get_mut("metadata") {
        meta.drop("resourceVersion");
        meta.drop("managedFields");
    }
    if let Some(status) = node.get_mut("status") {
        for condition in status.items_mut("conditions") {
            condition.drop("lastHeartbeatTime");
        }
    }
    node
}
