//! Nothing is created in a namespace that does not exist or is going away, and the namespaces of the system stay (W4, M1).

use crate::app::Core;
use crate::keys;
use crate::request::{Target, find_kind};
use stead_api::value::Access;
use stead_api::{Status, Value, json};

/// Namespaces that may not be deleted.
const IMMORTAL: &[&str] = &["default", "kube-system", "kube-public"];

pub(super) fn create(core: &Core, target: &Target, new: &Value) -> Result<(), Status> {
    let Some(namespaces) = find_kind("", "v1", "namespaces").filter(|_| target.kind.namespaced && !target.namespace.is_empty()) else {
        return Ok(());
    };
    let namespace = &target.namespace;
    let Some(entry) = core.store.get(&keys::object(namespaces, "", namespace)) else {
        return Err(Status::not_found(namespaces, namespace));
    };
    let object = core.objects.read(namespaces, &entry)?;
    if !object["metadata"].has("deletionTimestamp") {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let mut status = Status::forbidden(target.kind, new["metadata"].str("name"), &why);
    if let Some(details) = &mut status.details {
        details["causes"] = json!([{
            "reason": "NamespaceTerminating",
            "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace",
        }]);
    }
    Err(status)
}

pub(super) fn delete(target: &Target) -> Result<(), Status> {
    let protected = target.kind.group.is_empty() && target.kind.plural == "namespaces" && IMMORTAL.contains(&target.name.as_str());
    if protected {
        return Err(Status::forbidden(target.kind, &target.name, "this namespace may not be deleted"));
    }
    Ok(())
}
