//! A pod that a node runs can only grow as far as that node could ever hold it (R55).

use crate::app::Core;
use crate::keys;
use crate::request::{Target, find_kind};
use stead_api::kinds::pod_spec::totals;
use stead_api::quantity::Quantity;
use stead_api::value::Access;
use stead_api::{Status, Value, json};

/// How the amounts of a resource are counted.
type Count = fn(&Quantity) -> i64;

/// What a node is asked for.
const RESOURCES: &[(&str, Count)] = &[("cpu", Quantity::milli_value_ceil), ("memory", Quantity::value_ceil)];

pub(super) fn update(core: &Core, target: &Target, pod: &Value, old: &Value) -> Result<(), Status> {
    let node_name = old["spec"].str("nodeName");
    if node_name.is_empty() {
        return Ok(());
    }
    let forbid = |why: &str| Status::forbidden(target.kind, &target.name, why);
    let node = find_kind("", "v1", "nodes").and_then(|nodes| {
        let entry = core.store.get(&keys::object(nodes, "", node_name))?;
        core.objects.read(nodes, &entry).ok()
    });
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
