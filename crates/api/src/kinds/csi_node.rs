//! CSINode: which storage drivers a node has, and how many of their volumes it can hold.

use super::columns;
use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::pod_spec::validation::{needed, not_negative, texts, volume_drivers},
    meta, names,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, Subresource},
    schema::generated::STORAGE_V1_CSI_NODE,
    time::{Timestamp, age},
    value::Access,
};
use std::collections::BTreeSet;

pub static CSI_NODE: Kind = Kind {
    group: "storage.k8s.io",
    version: "v1",
    kind: "CSINode",
    plural: "csinodes",
    singular: "csinode",
    short_names: &[],
    categories: &[],
    namespaced: false,
    schema: &STORAGE_V1_CSI_NODE,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: &["get", "patch", "update"] }],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: false,
    delete_returns_object: true,
    stored_as: None,
    hooks: HooksRef::Static(&CsiNode),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    Column { ty: "integer", ..columns::text("Drivers", "Drivers indicates the number of CSI drivers registered on the node") },
    columns::AGE,
];

/// Letters of the name by which a driver knows a node.
const NODE_ID_MAX: usize = 192;

#[derive(Debug)]
struct CsiNode;

impl Hooks for CsiNode {
    fn prepare_create(&self, object: &mut Value) {
        object.drop("status");
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        if part == Part::Status {
            meta::restore_for_status(object, old);
        }
        Generation::Keep
    }

    fn validate(&self, object: &Value) -> Errors {
        let path = Path::new("spec").child("drivers");
        let mut errors = Errors::new();
        let mut seen = BTreeSet::new();
        for (index, driver) in object["spec"].items("drivers").iter().enumerate() {
            let at = path.index(index);
            errors.extend(self::driver(driver, &at));
            let name = driver.str("name");
            if !seen.insert(name) {
                errors.push(field::duplicate(&at.child("name"), name));
            }
            errors.extend(topology_keys(driver, &at));
        }
        errors
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        if part != Part::Main {
            return Errors::new();
        }
        let mut errors = self.validate(object);
        // How much a node can hold may change; what a driver is does not.
        let fixed = |driver: &Value| {
            let mut driver = driver.clone();
            driver.drop("allocatable");
            driver
        };
        for old in old["spec"].items("drivers") {
            for new in object["spec"].items("drivers").iter().filter(|new| new["name"] == old["name"]) {
                if fixed(new) != fixed(old) {
                    errors.push(field::invalid(&Path::new("spec").child("drivers"), fixed(new), "field is immutable"));
                }
            }
        }
        errors
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![object["metadata"].str("name").into(), object["spec"].items("drivers").len().into(), age(object, now).into()]
    }
}

fn driver(driver: &Value, path: &Path) -> Errors {
    let mut errors = needed(driver, "name", path);
    errors.extend(volume_drivers::driver_name(driver.str("name"), &path.child("name")));
    errors.extend(needed(driver, "nodeID", path));
    let id = driver.str("nodeID");
    if id.len() > NODE_ID_MAX {
        errors.push(field::invalid(&path.child("nodeID"), id, &format!("must be {NODE_ID_MAX} characters or less")));
    }
    errors.extend(not_negative(&driver["allocatable"], "count", &path.child("allocatable")));
    errors
}

/// Upstream tells what is wrong with a key at the driver.
fn topology_keys(driver: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut seen = BTreeSet::new();
    for key in driver.items("topologyKeys").iter().map(|key| key.as_str().unwrap_or_default()) {
        if key.is_empty() {
            errors.push(field::required(path, ""));
        }
        if !seen.insert(key) {
            errors.push(field::duplicate(path, key));
        }
        errors.extend(texts(path, key, names::qualified_name(key)));
    }
    errors
}
