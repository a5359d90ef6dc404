//! ConfigMap: two maps of keys, optionally frozen. Has no status, no defaults and no generation of its own.

use super::columns;
use crate::{
    Value, field,
    field::{Errors, Path, forbidden, invalid},
    names,
    registry::{ALL_VERBS, Column, Hooks, HooksRef, Kind, Part},
    schema::generated::CORE_V1_CONFIG_MAP,
    time::{Timestamp, age},
    value::Access,
};

/// Bytes of all values together; Secrets have the same limit.
pub(super) const SIZE_MAX: usize = 1024 * 1024;
/// Why a frozen object refuses a change.
pub(super) const FROZEN: &str = "field is immutable when `immutable` is set";

pub static CONFIG_MAP: Kind = Kind {
    group: "",
    version: "v1",
    kind: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    short_names: &["cm"],
    categories: &[],
    namespaced: true,
    schema: &CORE_V1_CONFIG_MAP,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&ConfigMap),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text(
        "Data",
        "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. \
                      Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not overlap \
                      with the keys in the BinaryData field, this is enforced during validation process.",
    ),
    columns::AGE,
];

#[derive(Debug)]
struct ConfigMap;

impl Hooks for ConfigMap {
    fn validate(&self, object: &Value) -> Errors {
        let mut errors = Errors::new();
        let mut size = 0;
        let (data, binary) = (object.map("data"), object.map("binaryData"));
        for (key, value) in data.into_iter().flatten() {
            let path = Path::new("data").key(key);
            errors.extend(names::config_map_key(key).iter().map(|why| invalid(&path, key.as_str(), why)));
            if binary.is_some_and(|b| b.contains_key(key)) {
                errors.push(invalid(&path, key.as_str(), "duplicate of key present in binaryData"));
            }
            size += value.as_str().unwrap_or_default().len();
        }
        for (key, value) in binary.into_iter().flatten() {
            let path = Path::new("binaryData").key(key);
            errors.extend(names::config_map_key(key).iter().map(|why| invalid(&path, key.as_str(), why)));
            size += decoded_len(value);
        }
        if size > SIZE_MAX {
            // The object as a whole: upstream prints its empty path so.
            errors.push(field::too_long(&Path::new("[]"), SIZE_MAX));
        }
        errors
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        let mut errors = Errors::new();
        if old.flag("immutable") {
            if !object.flag("immutable") {
                errors.push(forbidden(&Path::new("immutable"), FROZEN));
            }
            for name in ["data", "binaryData"] {
                if object.get(name) != old.get(name) {
                    errors.push(forbidden(&Path::new(name), FROZEN));
                }
            }
        }
        errors.extend(self.validate(object));
        errors
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let count = |name| object.map(name).map_or(0, |m| m.len());
        let name = object["metadata"].str("name");
        vec![name.into(), (count("data") + count("binaryData")).into(), age(object, now).into()]
    }
}

/// Bytes that a base64 text stands for.
pub(super) fn decoded_len(value: &Value) -> usize {
    let text = value.as_str().unwrap_or_default();
    text.trim_end_matches('=').len() * 3 / 4
}
