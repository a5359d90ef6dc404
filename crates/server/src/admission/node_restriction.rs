//! NodeRestriction: of what the node authorizer lets a node write, it writes what is its own. Input: who writes, and the object as it is
//! and as it is to be. The texts are upstream's.

use super::{Attributes, Operation, Plugin, ready};
use crate::authz::node;
use crate::cluster::Cluster;
use futures::future::BoxFuture;
use std::collections::BTreeSet;
use stead_api::registry::{Kind, Part};
use stead_api::value::Access;
use stead_api::{Status, Value};

const MIRROR: &str = "kubernetes.io/config.mirror";
const RESTRICTED: &str = "node-restriction.kubernetes.io";
const LEASES: &str = "kube-node-lease";
/// Labels of Kubernetes that a node sets on itself.
const OWN_LABELS: &[&str] = &[
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
];
/// What stands before the slash of others.
const OWN_LABEL_NAMESPACES: &[&str] = &["kubelet.kubernetes.io", "node.kubernetes.io"];

#[derive(Debug)]
pub(super) struct NodeRestriction;

impl Plugin for NodeRestriction {
    fn name(&self) -> &'static str {
        "NodeRestriction"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.identity.is_some_and(|identity| node::name_of(identity).is_some())
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        let name = attributes.identity.and_then(node::name_of).unwrap_or_default();
        ready(check(attributes, name, object))
    }
}

fn check(attributes: &Attributes<'_>, node: &str, object: &Value) -> Result<(), Status> {
    let kind: &Kind = &attributes.target.kind;
    let target = &attributes.target.name;
    let name = if target.is_empty() { object["metadata"].str("name") } else { target };
    let judged = match (kind.group, kind.kind) {
        ("", "Pod") => pod(attributes, node, object)?,
        ("", "Node") => of_node(attributes.operation, node, name, object),
        ("", "PersistentVolumeClaim") => claim(attributes.operation, node, object),
        ("coordination.k8s.io", "Lease") if attributes.target.namespace != LEASES => {
            Err(format!("can only access leases in the {LEASES:?} system namespace"))
        }
        ("coordination.k8s.io", "Lease") if name != node => {
            Err("can only access node lease with the same name as the requesting node".to_owned())
        }
        ("storage.k8s.io", "CSINode") if name != node => {
            Err("can only access CSINode with the same name as the requesting node".to_owned())
        }
        _ => Ok(()),
    };
    judged.map_err(|why| Status::forbidden(kind, name, &why))
}

/// What stands in the way, in words.
type Judged = Result<(), String>;

fn pod(attributes: &Attributes<'_>, node: &str, object: &Value) -> Result<Judged, Status> {
    let target = attributes.target;
    Ok(match attributes.operation {
        Operation::Create => mirror_pod(node, object, attributes.cluster)?,
        Operation::Delete => match attributes.cluster.read(&target.kind, &target.namespace, &target.name)? {
            Some(pod) if pod["spec"].str("nodeName") != node => {
                Err(format!("node {node:?} can only delete pods with spec.nodeName set to itself"))
            }
            Some(_) | None => Ok(()),
        },
        Operation::Update { part: Part::Status, old } if old["spec"].str("nodeName") != node => {
            Err(format!("node {node:?} can only update pod status for pods with spec.nodeName set to itself"))
        }
        Operation::Update { part: Part::Status, old } if old["metadata"]["labels"] != object["metadata"]["labels"] => {
            Err(format!("node {node:?} cannot update labels through pod status"))
        }
        Operation::Update { part: Part::Status, .. } => Ok(()),
        Operation::Update { .. } => Err(format!("unexpected operation \"UPDATE\", node {node:?} can only create and delete mirror pods")),
    })
}

fn mirror_pod(node: &str, pod: &Value, cluster: &Cluster) -> Result<Judged, Status> {
    let (meta, spec) = (&pod["metadata"], &pod["spec"]);
    if !meta["annotations"].has(MIRROR) {
        return Ok(Err(format!("pod does not have {MIRROR:?} annotation, node {node:?} can only create mirror pods")));
    }
    if spec.str("nodeName") != node {
        return Ok(Err(format!("node {node:?} can only create pods with spec.nodeName set to itself")));
    }
    let owner = match meta.items("ownerReferences") {
        [owner] => owner,
        [] => return Ok(Err(format!("node {node:?} can only create pods with an owner reference set to itself"))),
        _ => return Ok(Err(format!("node {node:?} can only create pods with a single owner reference set to itself"))),
    };
    if (owner.str("apiVersion"), owner.str("kind"), owner.str("name")) != ("v1", "Node", node) {
        return Ok(Err(format!("node {node:?} can only create pods with an owner reference set to itself")));
    }
    if !owner.flag("controller") {
        return Ok(Err(format!("node {node:?} can only create pods with a controller owner reference set to itself")));
    }
    if owner.flag("blockOwnerDeletion") {
        return Ok(Err(format!("node {node:?} must not set blockOwnerDeletion on an owner reference")));
    }
    let nodes = cluster.kinds.built_in("nodes");
    let own = cluster.read(&nodes, "", node)?.ok_or_else(|| Status::not_found(&nodes, node))?;
    let (given, known) = (owner.str("uid"), own["metadata"].str("uid"));
    if given != known {
        return Ok(Err(format!("node {node} UID mismatch: expected {given} got {known}")));
    }
    Ok(match node::first_reference(pod) {
        Some(what) => Err(format!("node {node:?} can not create pods that reference {what}")),
        None => Ok(()),
    })
}

fn of_node(operation: Operation<'_>, node: &str, name: &str, object: &Value) -> Judged {
    if name != node {
        return Err(format!("node {node:?} is not allowed to modify node {name:?}"));
    }
    match operation {
        Operation::Create => match forbidden_labels(object, &Value::Null) {
            labels if labels.is_empty() => Ok(()),
            labels => Err(format!("node {node:?} is not allowed to set the following labels: {}", labels.join(", "))),
        },
        Operation::Update { old, .. } if old["spec"].items("taints") != object["spec"].items("taints") => {
            Err(format!("node {node:?} is not allowed to modify taints"))
        }
        Operation::Update { old, .. } => match forbidden_labels(object, old) {
            labels if labels.is_empty() => Ok(()),
            labels => Err(format!("is not allowed to modify labels: {}", labels.join(", "))),
        },
        Operation::Delete => Ok(()),
    }
}

/// The labels that differ and are not the node's to change, in order.
fn forbidden_labels(new: &Value, old: &Value) -> Vec<String> {
    let labels = |object: &Value| object["metadata"].map("labels").cloned().unwrap_or_default();
    let (new, old) = (labels(new), labels(old));
    let keys: BTreeSet<&String> = new.keys().chain(old.keys()).collect();
    keys.into_iter().filter(|key| new.get(*key) != old.get(*key) && is_forbidden(key)).cloned().collect()
}

fn is_forbidden(label: &str) -> bool {
    let namespace = label.split_once('/').map_or("", |(namespace, _)| namespace);
    let is_in = |domain: &str| namespace == domain || namespace.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    let own = || OWN_LABELS.contains(&label) || OWN_LABEL_NAMESPACES.iter().any(|domain| is_in(domain));
    is_in(RESTRICTED) || ((is_in("kubernetes.io") || is_in("k8s.io")) && !own())
}

fn claim(operation: Operation<'_>, node: &str, object: &Value) -> Judged {
    let Operation::Update { part: Part::Status, old } = operation else { return Err("may only update PVC status".to_owned()) };
    let rest = |claim: &Value| {
        let mut claim = claim.clone();
        for member in ["resourceVersion", "managedFields"] {
            claim["metadata"].drop(member);
        }
        if claim.has("status") {
            for member in ["capacity", "conditions", "allocatedResources", "allocatedResourceStatuses"] {
                claim["status"].drop(member);
            }
        }
        claim
    };
    if rest(old) == rest(object) {
        return Ok(());
    }
    Err(format!("node {node:?} is not allowed to update fields other than status.capacity and status.conditions"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_api::json;

    #[test]
    fn a_node_labels_itself_with_its_own() {
        for own in ["kubernetes.io/hostname", "node.kubernetes.io/x", "a.kubelet.kubernetes.io/x", "example.com/x", "x"] {
            assert!(!is_forbidden(own), "{own}");
        }
        for other in ["kubernetes.io/role", "node-restriction.kubernetes.io/x", "a.node-restriction.kubernetes.io/x", "x.k8s.io/y"] {
            assert!(is_forbidden(other), "{other}");
        }
        assert!(!is_forbidden("notkubernetes.io/x"));
    }

    #[test]
    fn its_node_alone_and_neither_taints_nor_labels_of_others() {
        let with = |label: &str| json!({"metadata": {"name": "n", "labels": {label: "x"}}, "spec": {"taints": [{"key": "k"}]}});
        let old = with("kubernetes.io/hostname");
        let update = Operation::Update { part: Part::Main, old: &old };
        assert_eq!(of_node(update, "n", "n", &old), Ok(()));
        assert_eq!(of_node(update, "n", "m", &old), Err("node \"n\" is not allowed to modify node \"m\"".to_owned()));
        let why = "is not allowed to modify labels: kubernetes.io/role".to_owned();
        let mut labelled = old.clone();
        labelled["metadata"]["labels"]["kubernetes.io/role"] = "x".into();
        assert_eq!(of_node(update, "n", "n", &labelled), Err(why));
        let mut untainted = old.clone();
        untainted["spec"]["taints"] = json!([]);
        assert_eq!(of_node(update, "n", "n", &untainted), Err("node \"n\" is not allowed to modify taints".to_owned()));
        assert_eq!(of_node(Operation::Create, "n", "n", &old), Ok(()));
        assert!(of_node(Operation::Create, "n", "n", &with("kubernetes.io/role")).is_err());
    }

    #[test]
    fn of_a_claim_how_large_it_has_become() {
        let old = json!({"metadata": {"name": "c", "resourceVersion": "1"}, "spec": {}, "status": {"capacity": {"storage": "1Gi"}}});
        let update = Operation::Update { part: Part::Status, old: &old };
        let mut grown = old.clone();
        grown["status"]["capacity"]["storage"] = "2Gi".into();
        assert_eq!(claim(update, "n", &grown), Ok(()));
        grown["metadata"]["labels"] = json!({"a": "b"});
        assert!(claim(update, "n", &grown).is_err());
        assert!(claim(Operation::Update { part: Part::Main, old: &old }, "n", &old).is_err());
    }
}
