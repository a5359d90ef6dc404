//! What caches keep of each kind: one row per kind, in a file of its own, with what controllers read of it, parsed once
//! when it arrives, and the indexes by which it is found. Kinds without a row are kept by their metadata alone.

pub mod claim;
pub mod endpoint_slice;
pub mod endpoints;
pub mod job_pod;
mod lease;
pub mod node;
pub mod pod;
pub mod service;
pub mod storage_capacity;
pub mod storage_class;
pub mod volume;

use crate::token_cleaner::BOOTSTRAP_TOKEN;
use claim::ClaimFacts;
use endpoint_slice::SliceFacts;
use endpoints::EndpointsFacts;
use node::NodeFacts;
use pod::PodFacts;
use service::ServiceFacts;
use stead_api::{Value, quantity::Quantity, time::Timestamp, value::Access};
use stead_client::resource::{
    CLUSTER_ROLES, CONFIG_MAPS, CONTROLLER_REVISIONS, CRON_JOBS, CSI_DRIVERS, CSI_NODES, DAEMON_SETS, DEPLOYMENTS, JOBS, NAMESPACES,
    POD_DISRUPTION_BUDGETS, REPLICA_SETS, REPLICATION_CONTROLLERS, RESOURCE_QUOTAS, SECRETS, STATEFUL_SETS,
};
use stead_client::{Key, Resource};
use storage_capacity::StorageCapacityFacts;
use storage_class::StorageClassFacts;
use volume::VolumeFacts;

/// Name of the ConfigMaps with the authority to trust for the API server.
pub const ROOT_CA: &str = "kube-root-ca.crt";

/// What is parsed of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Facts {
    /// Its metadata is all, or the value is read as it is.
    None,
    Pod(Box<PodFacts>),
    Node(Box<NodeFacts>),
    Service(Box<ServiceFacts>),
    Endpoints(Box<EndpointsFacts>),
    Slice(Box<SliceFacts>),
    Claim(Box<ClaimFacts>),
    Volume(Box<VolumeFacts>),
    StorageClass(Box<StorageClassFacts>),
    StorageCapacity(Box<StorageCapacityFacts>),
}

/// A kind of which more than the metadata is kept.
pub struct Kind {
    pub resource: Resource,
    /// Parses, and leaves in the value only what is read of it later.
    read: fn(&Key, &mut Value) -> Facts,
    pub indexes: &'static [Index],
}

/// The terms under which the objects of a kind are found.
#[derive(Debug)]
pub struct Index {
    pub resource: Resource,
    /// Distinct within its kind.
    pub name: &'static str,
    pub terms: fn(&Key, &Facts) -> Vec<String>,
}

const KINDS: &[Kind] = &[
    pod::KIND,
    node::KIND,
    claim::KIND,
    volume::KIND,
    storage_class::KIND,
    storage_capacity::KIND,
    lease::KIND,
    service::KIND,
    endpoints::KIND,
    endpoint_slice::KIND,
    whole(STATEFUL_SETS),
    whole(REPLICA_SETS),
    whole(REPLICATION_CONTROLLERS),
    whole(DEPLOYMENTS),
    whole(JOBS),
    whole(CRON_JOBS),
    whole(DAEMON_SETS),
    whole(CONTROLLER_REVISIONS),
    whole(NAMESPACES),
    whole(CSI_NODES),
    whole(CSI_DRIVERS),
    whole(POD_DISRUPTION_BUDGETS),
    whole(RESOURCE_QUOTAS),
    whole(CLUSTER_ROLES),
    // Of Secrets, bootstrap tokens alone are read.
    Kind { read: |_, value| if value.str("type") == BOOTSTRAP_TOKEN { Facts::None } else { metadata_alone(value) }, ..whole(SECRETS) },
    // Of all ConfigMaps one is read.
    Kind { read: |key, value| if key.name == ROOT_CA { Facts::None } else { metadata_alone(value) }, ..whole(CONFIG_MAPS) },
];

/// A kind that is kept as it is.
const fn whole(resource: Resource) -> Kind {
    Kind { resource, read: |_, _| Facts::None, indexes: &[] }
}

fn kind(resource: Resource) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.resource == resource)
}

/// The indexes of a resource.
pub fn indexes(resource: Resource) -> &'static [Index] {
    kind(resource).map(|kind| kind.indexes).unwrap_or_default()
}

/// Reads an object whose metadata has been parsed; what nothing reads is dropped from the value.
pub fn read(resource: Resource, key: &Key, value: &mut Value) -> Facts {
    match kind(resource) {
        Some(kind) => (kind.read)(key, value),
        None => metadata_alone(value),
    }
}

fn metadata_alone(value: &mut Value) -> Facts {
    *value = Value::Null;
    Facts::None
}

/// A quantity in the unit that its resource is counted in, rounded up: milli-units of cpu, units of everything else.
fn in_units(resource: &str, quantity: &Quantity) -> i64 {
    if resource == "cpu" { quantity.milli_value_ceil() } else { quantity.value_ceil() }
}

/// The `storage` of a map of quantities, in bytes rounded up.
fn bytes(quantities: &Value) -> Option<i64> {
    Quantity::parse(quantities.str("storage")).ok().map(|quantity| quantity.value_ceil())
}

/// A list of texts.
fn texts(value: &Value, name: &str) -> Vec<String> {
    value.items(name).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Keeps these members of a part of an object.
fn keep(value: &mut Value, part: &str, names: &[&str]) {
    if let Some(members) = value.get_mut(part).and_then(Value::as_object_mut) {
        // Made anew: what is taken out of a map leaves its room behind.
        *members = names.iter().filter_map(|name| members.shift_remove_entry(*name)).collect();
    }
}

impl Facts {
    /// What is parsed of a pod; that of other kinds is empty.
    pub fn pod(&self) -> &PodFacts {
        static NONE: PodFacts = PodFacts::NONE;
        if let Self::Pod(pod) = self { pod } else { &NONE }
    }

    /// What is parsed of a node; that of other kinds is empty.
    pub fn node(&self) -> &NodeFacts {
        static NONE: NodeFacts = NodeFacts::NONE;
        if let Self::Node(node) = self { node } else { &NONE }
    }

    /// What is parsed of a Service; that of other kinds is empty.
    pub fn service(&self) -> &ServiceFacts {
        static NONE: ServiceFacts = ServiceFacts::NONE;
        if let Self::Service(service) = self { service } else { &NONE }
    }

    /// What is parsed of Endpoints; that of other kinds is empty.
    pub fn endpoints(&self) -> &EndpointsFacts {
        static NONE: EndpointsFacts = EndpointsFacts::NONE;
        if let Self::Endpoints(endpoints) = self { endpoints } else { &NONE }
    }

    /// What is parsed of an EndpointSlice; that of other kinds is empty.
    pub fn slice(&self) -> &SliceFacts {
        static NONE: SliceFacts = SliceFacts::NONE;
        if let Self::Slice(slice) = self { slice } else { &NONE }
    }

    /// What is parsed of a claim; that of other kinds is empty.
    pub fn claim(&self) -> &ClaimFacts {
        static NONE: ClaimFacts = ClaimFacts::NONE;
        if let Self::Claim(claim) = self { claim } else { &NONE }
    }

    /// What is parsed of a volume; that of other kinds is empty.
    pub fn volume(&self) -> &VolumeFacts {
        static NONE: VolumeFacts = VolumeFacts::NONE;
        if let Self::Volume(volume) = self { volume } else { &NONE }
    }

    /// What is parsed of a class; that of other kinds is empty.
    pub fn storage_class(&self) -> &StorageClassFacts {
        static NONE: StorageClassFacts = StorageClassFacts::NONE;
        if let Self::StorageClass(class) = self { class } else { &NONE }
    }

    /// What is parsed of a CSIStorageCapacity; that of other kinds is empty.
    pub fn storage_capacity(&self) -> &StorageCapacityFacts {
        static NONE: StorageCapacityFacts = StorageCapacityFacts::NONE;
        if let Self::StorageCapacity(capacity) = self { capacity } else { &NONE }
    }

    /// Takes over from the object's former state what it does not say itself.
    pub fn succeed(&mut self, former: Option<&Self>, now: Timestamp) {
        if let Self::Node(node) = self {
            let former = former.and_then(|facts| if let Self::Node(node) = facts { Some(node.as_ref()) } else { None });
            node.date_taints(former, now);
        }
    }
}
