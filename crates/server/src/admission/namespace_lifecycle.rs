//! Nothing is created in a namespace that does not exist or is going away, and the namespaces of the system stay (W4, M1).

use super::{Attributes, Operation, Plugin, is_core, ready};
use crate::cluster::Cluster;
use crate::request::Target;
use futures::future::BoxFuture;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

/// Namespaces that may not be deleted.
const IMMORTAL: &[&str] = &["default", "kube-system", "kube-public"];

#[derive(Debug)]
pub(super) struct NamespaceLifecycle;

impl Plugin for NamespaceLifecycle {
    fn name(&self) -> &'static str {
        "NamespaceLifecycle"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        matches!(attributes.operation, Operation::Create | Operation::Delete)
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        ready(match attributes.operation {
            Operation::Create => create(attributes.cluster, attributes.target, object),
            Operation::Delete => delete(attributes.target),
            Operation::Update { .. } => Ok(()),
        })
    }
}

fn create(cluster: &Cluster, target: &Target, new: &Value) -> Result<(), Status> {
    let namespace = &target.namespace;
    if !target.kind.namespaced || namespace.is_empty() {
        return Ok(());
    }
    let namespaces = cluster.kinds.built_in("namespaces");
    let object = cluster.read(&namespaces, "", namespace)?.ok_or_else(|| Status::not_found(&namespaces, namespace))?;
    if !object["metadata"].has("deletionTimestamp") {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let mut status = Status::forbidden(&target.kind, new["metadata"].str("name"), &why);
    if let Some(details) = &mut status.details {
        details["causes"] = json!([{
            "reason": "NamespaceTerminating",
            "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace",
        }]);
    }
    Err(status)
}

fn delete(target: &Target) -> Result<(), Status> {
    let protected = is_core(&target.kind, "Namespace") && IMMORTAL.contains(&target.name.as_str());
    if protected {
        return Err(Status::forbidden(&target.kind, &target.name, "this namespace may not be deleted"));
    }
    Ok(())
}
