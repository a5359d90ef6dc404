//! Claims: the finalizer that keeps one in use (M6), and who may grow (M7).

use stead_api::quantity::Quantity;
use stead_api::registry::Kind;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

const PROTECTION: &str = "kubernetes.io/pvc-protection";

fn is_claim(kind: &Kind) -> bool {
    kind.group.is_empty() && kind.kind == "PersistentVolumeClaim"
}

/// A new claim is kept until nothing uses it.
pub(crate) fn create(kind: &Kind, object: &mut Value) {
    if !is_claim(kind) || object["metadata"].items("finalizers").iter().any(|f| f == PROTECTION) {
        return;
    }
    let mut finalizers = object["metadata"].items("finalizers").to_vec();
    finalizers.push(PROTECTION.into());
    object["metadata"]["finalizers"] = json!(finalizers);
}

/// A bound claim may grow only if its class says so. Classes are no part of this version, so none does.
pub(crate) fn update(kind: &Kind, object: &Value, old: &Value) -> Result<(), Status> {
    let size = |claim: &Value| Quantity::parse(claim["spec"]["resources"]["requests"].str("storage")).ok();
    if !is_claim(kind) || old["status"].str("phase") != "Bound" || size(object) <= size(old) {
        return Ok(());
    }
    let why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
    Err(Status::forbidden(kind, object["metadata"].str("name"), why))
}
