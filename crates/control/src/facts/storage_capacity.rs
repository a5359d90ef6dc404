//! CSIStorageCapacities: how many bytes the nodes of a topology have for volumes of a class. Nothing of the value is kept.

use super::{Facts, Index, Kind};
use crate::object::Object;
use stead_api::quantity::Quantity;
use stead_api::selector::LabelSelector;
use stead_api::{Value, value::Access};
use stead_client::resource::CSI_STORAGE_CAPACITIES;

pub const KIND: Kind = Kind {
    resource: CSI_STORAGE_CAPACITIES,
    read: |_, value| {
        let facts = StorageCapacityFacts::of(value);
        *value = Value::Null;
        Facts::StorageCapacity(Box::new(facts))
    },
    indexes: &[OF_CLASS],
};

/// By storageClassName.
pub const OF_CLASS: Index =
    Index { resource: CSI_STORAGE_CAPACITIES, name: "class", terms: |_, facts| vec![facts.storage_capacity().class.clone()] };

/// Parsed facts of a capacity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StorageCapacityFacts {
    pub class: String,
    /// capacity in bytes; 0 if it does not say.
    pub capacity: i64,
    /// maximumVolumeSize in bytes.
    pub largest: Option<i64>,
    /// nodeTopology; `None`: no node.
    pub nodes: Option<LabelSelector>,
}

impl StorageCapacityFacts {
    pub(crate) const NONE: Self = Self { class: String::new(), capacity: 0, largest: None, nodes: None };

    fn of(value: &Value) -> Self {
        let bytes = |name: &str| Quantity::parse(value.str(name)).ok().map(|quantity| quantity.value_ceil());
        Self {
            class: value.str("storageClassName").to_owned(),
            capacity: bytes("capacity").unwrap_or(0),
            largest: bytes("maximumVolumeSize"),
            nodes: value
                .get("nodeTopology")
                .filter(|topology| !topology.is_null())
                .map(|topology| LabelSelector::from_object(Some(topology))),
        }
    }

    /// Whether it speaks of a node.
    pub fn is_of(&self, node: &Object) -> bool {
        self.nodes.as_ref().is_some_and(|nodes| nodes.matches_labels(&node.labels))
    }
}
