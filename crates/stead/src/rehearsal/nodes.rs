//! The nodes of a copied cluster, as those that pretend stand for them: as large, with the same names, and what runs there runs. Pure.

use std::collections::{BTreeMap, BTreeSet};
use stead_api::Value;
use stead_api::quantity::Quantity;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_node::registration::Machine;
use stead_node::runtime::{Instance, InstanceState, SandboxRecord};

/// Room for claims where nobody says how much there is.
const DISK_BYTES: u64 = 1 << 44;

/// A machine for each Node, or the one given where there is none.
pub fn machines(objects: &[Value], machine: Machine) -> Vec<Machine> {
    let nodes: Vec<Machine> = objects.iter().filter(|object| object.str("kind") == "Node").map(of_node).collect();
    if nodes.is_empty() { vec![machine] } else { nodes }
}

fn of_node(node: &Value) -> Machine {
    let (status, info) = (&node["status"], &node["status"]["nodeInfo"]);
    let amount = |name: &str| Quantity::parse(status["capacity"].str(name)).map_or(0, |quantity| quantity.value_ceil());
    let addresses = status.items("addresses").iter().filter(|address| address.str("type") == "InternalIP");
    let ranges = node["spec"].items("podCIDRs").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Machine {
        name: node["metadata"].str("name").to_owned(),
        hostname: node["metadata"].str("name").to_owned(),
        addresses: addresses.map(|address| address.str("address").to_owned()).collect(),
        pod_ranges: ranges,
        cpus: u64::try_from(amount("cpu")).unwrap_or(0),
        memory_bytes: amount("memory"),
        storage_bytes: u64::try_from(amount("ephemeral-storage")).unwrap_or(0),
        user_namespaces: true,
        pods_max: u32::try_from(amount("pods")).unwrap_or(u32::MAX),
        machine_id: info.str("machineID").to_owned(),
        system_uuid: info.str("systemUUID").to_owned(),
        boot_id: info.str("bootID").to_owned(),
        kernel: info.str("kernelVersion").to_owned(),
        os_image: info.str("osImage").to_owned(),
        architecture: info.str("architecture").to_owned(),
        runtime_version: info.str("containerRuntimeVersion").to_owned(),
        kubernetes_version: info.str("kubeletVersion").to_owned(),
        ..Machine::default()
    }
}

/// What runs on the nodes, by what pods say of themselves.
pub fn records(objects: &[Value]) -> Vec<SandboxRecord> {
    objects.iter().filter(|object| object.str("kind") == "Pod" && !object["spec"].str("nodeName").is_empty()).filter_map(record).collect()
}

fn record(pod: &Value) -> Option<SandboxRecord> {
    let (meta, status) = (&pod["metadata"], &pod["status"]);
    let mut containers = BTreeMap::new();
    for list in ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"] {
        for container in status.items(list).iter().filter(|container| container["state"].has("running")) {
            let started_at = Timestamp::parse(container["state"]["running"].str("startedAt")).unwrap_or_default();
            let id = container.str("containerID");
            let instance = Instance {
                attempt: container.int("restartCount").and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
                id: id.rsplit_once("://").map_or(id, |(_, id)| id).to_owned(),
                image: container.str("image").to_owned(),
                user: None,
                state: InstanceState::Running { started_at },
            };
            containers.insert(container.str("name").to_owned(), vec![instance]);
        }
    }
    let label = |name: &str| (name.to_owned(), meta.str(name).to_owned());
    let addresses = status.items("podIPs").iter().filter_map(|ip| ip.str("ip").parse().ok()).collect();
    (!containers.is_empty()).then(|| SandboxRecord {
        id: format!("{}-0", meta.str("uid")),
        labels: [label("namespace"), label("name"), label("uid")].into(),
        ready: true,
        addresses,
        containers,
    })
}

/// The volumes that there are.
pub fn volumes(objects: &[Value]) -> BTreeSet<String> {
    let volumes = objects.iter().filter(|object| object.str("kind") == "PersistentVolume");
    volumes.map(|volume| volume["metadata"].str("name").to_owned()).collect()
}

/// How much room for claims the nodes say that they have.
pub fn disk_bytes(objects: &[Value]) -> u64 {
    let capacities = objects.iter().filter(|object| object.str("kind") == "CSIStorageCapacity");
    let bytes = capacities.filter_map(|object| Quantity::parse(object.str("capacity")).ok()).map(|quantity| quantity.value_ceil()).max();
    bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(DISK_BYTES)
}
