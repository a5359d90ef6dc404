//! A pod that a node runs can only grow as far as that node could ever hold it (R55).

use super::{Attributes, Operation, Plugin, ready};
use futures::future::BoxFuture;
use stead_api::kinds::pod_spec::totals;
use stead_api::quantity::Quantity;
use stead_api::registry::Part;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

/// How the amounts of a resource are counted.
type Count = fn(&Quantity) -> i64;

/// What a node is asked for.
const RESOURCES: &[(&str, Count)] = &[("cpu", Quantity::milli_value_ceil), ("memory", Quantity::value_ceil)];

#[derive(Debug)]
pub(super) struct PodResize;

impl Plugin for PodResize {
    fn name(&self) -> &'static str {
        "PodResize"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.is_about("Pod") && matches!(attributes.operation, Operation::Update { part: Part::Other("resize"), .. })
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        ready(check(attributes, object))
    }
}

fn check(attributes: &Attributes<'_>, pod: &Value) -> Result<(), Status> {
    let Operation::Update { old, .. } = attributes.operation else { return Ok(()) };
    let (cluster, target) = (attributes.cluster, attributes.target);
    let node_name = old["spec"].str("nodeName");
    if node_name.is_empty() {
        return Ok(());
    }
    let forbid = |why: &str| Status::forbidden(&target.kind, &target.name, why);
    let node = cluster.read(&cluster.kinds.built_in("nodes"), "", node_name)?;
    let node = node.ok_or_else(|| forbid(&format!("node {node_name:?} not found")))?;
    let requests = totals::requests(&pod["spec"]);
    for (resource, count) in RESOURCES {
        let requested = requests.get(*resource).map_or(0, count);
        let allocatable = Quantity::parse(node["status"]["allocatable"].str(resource)).map_or(0, |quantity| count(&quantity));
        if requested > allocatable {
            let mut status = forbid(&format!(
                "node didn't have enough allocatable resources: {resource}, requested: {requested}, allocatable: {allocatable}"
            ));
            if let Some(details) = &mut status.details {
                details["causes"] = json!([{"reason": "NodeCapacity"}]);
            }
            return Err(status);
        }
    }
    Ok(())
}
