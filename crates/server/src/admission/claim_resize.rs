//! PersistentVolumeClaimResize (M7): a bound claim may grow only if its class says so.

use super::{Attributes, Operation, Plugin, ready};
use futures::future::BoxFuture;
use stead_api::kinds::persistent_volume_claim::class;
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

    fn validate<'a>(&'a self, attributes: &'a Attributes<'_>, claim: &'a Value) -> BoxFuture<'a, Result<Vec<String>, Status>> {
        ready(check(attributes, claim).map(|()| Vec::new()))
    }
}

fn check(attributes: &Attributes<'_>, claim: &Value) -> Result<(), Status> {
    let Operation::Update { old, .. } = attributes.operation else { return Ok(()) };
    let size = |claim: &Value| Quantity::parse(claim["spec"]["resources"]["requests"].str("storage")).ok();
    if size(claim) <= size(old) || may_grow(attributes, claim, old)? {
        return Ok(());
    }
    let why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
    Err(Status::forbidden(&attributes.target.kind, claim["metadata"].str("name"), why))
}

fn may_grow(attributes: &Attributes<'_>, claim: &Value, old: &Value) -> Result<bool, Status> {
    let (cluster, name) = (attributes.cluster, class(claim));
    if name.is_empty() || name != class(old) {
        return Ok(false);
    }
    let class = cluster.read(&cluster.kinds.built_in("storageclasses"), "", name)?;
    Ok(class.is_some_and(|class| class.flag("allowVolumeExpansion")))
}
