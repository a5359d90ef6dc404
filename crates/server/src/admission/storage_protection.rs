//! StorageObjectInUseProtection (M6): a new claim is kept until no pod uses it, a new volume until no claim does.

use super::{Attributes, Plugin, ready};
use futures::future::BoxFuture;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

/// The finalizers by kind.
const PROTECTIONS: &[(&str, &str)] =
    &[("PersistentVolumeClaim", "kubernetes.io/pvc-protection"), ("PersistentVolume", "kubernetes.io/pv-protection")];

#[derive(Debug)]
pub(super) struct StorageObjectInUseProtection;

impl Plugin for StorageObjectInUseProtection {
    fn name(&self) -> &'static str {
        "StorageObjectInUseProtection"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        PROTECTIONS.iter().any(|(kind, _)| attributes.is_create_of(kind))
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        for (_, protection) in PROTECTIONS.iter().filter(|(kind, _)| attributes.is_about(kind)) {
            protect(object, protection);
        }
        ready(Ok(()))
    }
}

fn protect(object: &mut Value, protection: &str) {
    let mut finalizers = object["metadata"].items("finalizers").to_vec();
    if finalizers.iter().all(|finalizer| finalizer != protection) {
        finalizers.push(protection.into());
        object["metadata"]["finalizers"] = json!(finalizers);
    }
}
