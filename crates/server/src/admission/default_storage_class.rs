//! DefaultStorageClass (M5): a new claim that names no class gets the default one, if there is one.

use super::{Attributes, Plugin, ready};
use crate::cluster::Cluster;
use futures::future::BoxFuture;
use std::cmp::Reverse;
use stead_api::kinds::persistent_volume_claim::BETA_CLASS;
use stead_api::kinds::storage_class;
use stead_api::value::Access;
use stead_api::{Status, Value};

#[derive(Debug)]
pub(super) struct DefaultStorageClass;

impl Plugin for DefaultStorageClass {
    fn name(&self) -> &'static str {
        "DefaultStorageClass"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.is_create_of("PersistentVolumeClaim")
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'_>, claim: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        ready(choose(attributes.cluster, claim))
    }
}

fn choose(cluster: &Cluster, claim: &mut Value) -> Result<(), Status> {
    // An empty name is a name: of none.
    if claim["spec"].has("storageClassName") || claim["metadata"]["annotations"].has(BETA_CLASS) {
        return Ok(());
    }
    let kind = cluster.kinds.built_in("storageclasses");
    let mut classes = Vec::new();
    for entry in cluster.entries(&kind, "")? {
        classes.push(cluster.objects.read(&kind, &entry)?);
    }
    let defaults = classes.iter().map(|class| &**class).filter(|class| storage_class::is_default(class));
    let age = |class: &&Value| (Reverse(class["metadata"].str("creationTimestamp").to_owned()), class["metadata"].str("name").to_owned());
    if let Some(class) = defaults.min_by_key(age)
        && let Some(spec) = claim.get_mut("spec").filter(|spec| spec.is_object())
    {
        spec["storageClassName"] = class["metadata"]["name"].clone();
    }
    Ok(())
}
