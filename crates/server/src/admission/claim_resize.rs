//! PersistentVolumeClaimResize (M7): a bound claim may grow only if its class says so. Classes are no part of this version, so none does.

use super::{Attributes, Operation, Plugin, ready};
use futures::future::BoxFuture;
use stead_api::quantity::Quantity;
use stead_api::registry::Part;
use stead_api::value::Access;
use stead_api::{Status, Value};

#[derive(Debug)]
pub(super) struct PersistentVolumeClaimResize;

impl Plugin for PersistentVolumeClaimResize {
    fn name(&self) -> &'static str {
        "PersistentVolumeClaimResize"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        matches!(attributes.operation, Operation::Update { part: Part::Main, .. }) && attributes.is_about("PersistentVolumeClaim")
    }

    // Judged before the claim's own rules, whose text upstream does not reach.
    fn mutate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        ready(check(attributes, object))
    }
}

fn check(attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
    let Operation::Update { old, .. } = attributes.operation else { return Ok(()) };
    let size = |claim: &Value| Quantity::parse(claim["spec"]["resources"]["requests"].str("storage")).ok();
    if old["status"].str("phase") != "Bound" || size(object) <= size(old) {
        return Ok(());
    }
    let why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
    Err(Status::forbidden(&attributes.target.kind, object["metadata"].str("name"), why))
}
