//! CSIStorageCapacity: how much room a class has for new volumes, in one part of the cluster.

use super::columns;
use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::pod_spec::{amount, validation::texts},
    names,
    registry::{ALL_VERBS, Column, Hooks, HooksRef, Kind, Part},
    schema::generated::STORAGE_V1_CSI_STORAGE_CAPACITY,
    selector,
    time::Timestamp,
    value::Access,
};

pub static CSI_STORAGE_CAPACITY: Kind = Kind {
    group: "storage.k8s.io",
    version: "v1",
    kind: "CSIStorageCapacity",
    plural: "csistoragecapacities",
    singular: "csistoragecapacity",
    short_names: &[],
    categories: &[],
    namespaced: true,
    schema: &STORAGE_V1_CSI_STORAGE_CAPACITY,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: false,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&CsiStorageCapacity),
};

const COLUMNS: &[Column] = &[columns::NAME, columns::CREATED_AT];

#[derive(Debug)]
struct CsiStorageCapacity;

impl Hooks for CsiStorageCapacity {
    fn validate(&self, object: &Value) -> Errors {
        let mut errors = match object.get("nodeTopology") {
            Some(topology) => selector::validate_label_selector(topology, &Path::new("nodeTopology")),
            None => Errors::new(),
        };
        let class = object.str("storageClassName");
        errors.extend(texts(&Path::new("storageClassName"), class, names::dns_subdomain(class)));
        if let Some(amount) = object.get("capacity").and_then(amount::of).filter(|amount| amount.signum() < 0) {
            errors.push(field::invalid(&Path::new("capacity"), amount.to_string(), "must be greater than or equal to 0"));
        }
        errors
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        let mut errors = self.validate(object);
        for member in ["nodeTopology", "storageClassName"] {
            let [new, old] = [object, old].map(|capacity| capacity.get(member));
            if new != old {
                errors.push(field::invalid(&Path::new(member), new.cloned().unwrap_or(Value::Null), "field is immutable"));
            }
        }
        errors
    }

    fn cells(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        columns::name_and_creation(object)
    }
}
