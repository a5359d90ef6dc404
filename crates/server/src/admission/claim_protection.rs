//! StorageObjectInUseProtection (M6): a new claim is kept until nothing uses it.

use super::{Attributes, Plugin, ready};
use futures::future::BoxFuture;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

const PROTECTION: &str = "kubernetes.io/pvc-protection";

#[derive(Debug)]
pub(super) struct StorageObjectInUseProtection;

impl Plugin for StorageObjectInUseProtection {
    fn name(&self) -> &'static str {
        "StorageObjectInUseProtection"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.is_create_of("PersistentVolumeClaim")
    }

    fn mutate<'a>(&'a self, _attributes: &'a Attributes<'_>, claim: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        protect(claim);
        ready(Ok(()))
    }
}

fn protect(claim: &mut Value) {
    let mut finalizers = claim["metadata"].items("finalizers").to_vec();
    if finalizers.iter().all(|finalizer| finalizer != PROTECTION) {
        finalizers.push(PROTECTION.into());
        claim["metadata"]["finalizers"] = json!(finalizers);
    }
}
