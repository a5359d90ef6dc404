//! DefaultIngressClass: a new Ingress that names no class gets the default one, if there is one.

use super::{Attributes, Operation, Plugin, ready};
use crate::cluster::Cluster;
use futures::future::BoxFuture;
use std::cmp::Reverse;
use stead_api::kinds::{ingress, ingress_class};
use stead_api::value::Access;
use stead_api::{Status, Value};

#[derive(Debug)]
pub(super) struct DefaultIngressClass;

impl Plugin for DefaultIngressClass {
    fn name(&self) -> &'static str {
        "DefaultIngressClass"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        let kind = &attributes.target.kind;
        matches!(attributes.operation, Operation::Create) && kind.kind == "Ingress" && kind.group == ingress::INGRESS.group
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        ready(choose(attributes.cluster, object))
    }
}

fn choose(cluster: &Cluster, object: &mut Value) -> Result<(), Status> {
    if object["spec"].has("ingressClassName") || object["metadata"]["annotations"].has(ingress::CLASS_ANNOTATION) {
        return Ok(());
    }
    let kind = cluster.kinds.built_in("ingressclasses");
    let mut classes = Vec::new();
    for entry in cluster.entries(&kind, "")? {
        classes.push(cluster.objects.read(&kind, &entry)?);
    }
    let defaults = classes.iter().map(|class| &**class).filter(|class| ingress_class::is_default(class));
    let age = |class: &&Value| (Reverse(class["metadata"].str("creationTimestamp").to_owned()), class["metadata"].str("name").to_owned());
    if let Some(class) = defaults.min_by_key(age)
        && let Some(spec) = object.get_mut("spec").filter(|spec| spec.is_object())
    {
        spec["ingressClassName"] = class["metadata"]["name"].clone();
    }
    Ok(())
}
