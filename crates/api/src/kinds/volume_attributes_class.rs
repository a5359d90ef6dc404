//! VolumeAttributesClass: attributes of volumes that a storage driver can change. Without such drivers nothing acts on them.

use super::{columns, storage_class};
use crate::{
    Value,
    field::{self, Errors, Path},
    registry::{ALL_VERBS, Column, Hooks, HooksRef, Kind, Part},
    schema::generated::STORAGE_V1_VOLUME_ATTRIBUTES_CLASS,
    time::{Timestamp, age},
    value::Access,
};

pub static VOLUME_ATTRIBUTES_CLASS: Kind = Kind {
    group: "storage.k8s.io",
    version: "v1",
    kind: "VolumeAttributesClass",
    plural: "volumeattributesclasses",
    singular: "volumeattributesclass",
    short_names: &["vac"],
    categories: &[],
    namespaced: false,
    schema: &STORAGE_V1_VOLUME_ATTRIBUTES_CLASS,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: true,
    stored_as: None,
    hooks: HooksRef::Static(&VolumeAttributesClass),
};

const COLUMNS: &[Column] = &[columns::NAME, columns::field("DriverName", &STORAGE_V1_VOLUME_ATTRIBUTES_CLASS, "driverName"), columns::AGE];

#[derive(Debug)]
struct VolumeAttributesClass;

impl Hooks for VolumeAttributesClass {
    fn validate(&self, object: &Value) -> Errors {
        let mut errors = storage_class::driver("driverName", object);
        errors.extend(storage_class::parameters(object));
        if object.map("parameters").is_none_or(|parameters| parameters.is_empty()) {
            errors.push(field::required(&Path::new("parameters"), "must contain at least one key/value pair"));
        }
        errors
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        let mut errors = Errors::new();
        for member in ["driverName", "parameters"] {
            if object.get(member) != old.get(member) {
                errors.push(field::forbidden(&Path::new(member), &format!("updates to {member} are forbidden.")));
            }
        }
        errors.extend(self.validate(object));
        errors
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![object["metadata"].str("name").into(), object.str("driverName").into(), age(object, now).into()]
    }
}
