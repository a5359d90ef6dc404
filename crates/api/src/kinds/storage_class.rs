//! StorageClass: how claims that name it get volumes. It never changes, but for whether they may grow, where they may be and how they
//! are mounted. Who provisions is elsewhere.

use super::{columns, pod_spec::warnings};
use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::pod_spec::validation::{sorted, texts},
    names,
    registry::{ALL_VERBS, Column, Hooks, HooksRef, Kind, Part},
    schema::generated::STORAGE_V1_STORAGE_CLASS,
    time::{Timestamp, age},
    value::Access,
};
use std::collections::{BTreeMap, BTreeSet};

pub static STORAGE_CLASS: Kind = Kind {
    group: "storage.k8s.io",
    version: "v1",
    kind: "StorageClass",
    plural: "storageclasses",
    singular: "storageclass",
    short_names: &["sc"],
    categories: &[],
    namespaced: false,
    schema: &STORAGE_V1_STORAGE_CLASS,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: true,
    stored_as: None,
    hooks: HooksRef::Static(&StorageClass),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::field("Provisioner", &STORAGE_V1_STORAGE_CLASS, "provisioner"),
    columns::field("ReclaimPolicy", &STORAGE_V1_STORAGE_CLASS, "reclaimPolicy"),
    columns::field("VolumeBindingMode", &STORAGE_V1_STORAGE_CLASS, "volumeBindingMode"),
    columns::field("AllowVolumeExpansion", &STORAGE_V1_STORAGE_CLASS, "allowVolumeExpansion"),
    columns::AGE,
];

/// The annotation of the class that claims without one get.
pub const IS_DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
/// The same, as it was written before 1.6.
const BETA_IS_DEFAULT: &str = "storageclass.beta.kubernetes.io/is-default-class";

/// Who makes volumes of the nodes' own disks.
pub const LOCAL_PROVISIONER: &str = "stead.io/local";

const RECLAIM_POLICIES: [&str; 2] = ["Delete", "Retain"];
const BINDING_MODES: [&str; 2] = ["Immediate", "WaitForFirstConsumer"];
/// What provisioners are told of a class: so many parameters, and so many bytes of names and values.
const PARAMETERS_MAX: usize = 512;
const PARAMETERS_BYTES_MAX: usize = 256 * 1024;

/// Whether claims without a class get this one, if it is the newest of such.
pub fn is_default(class: &Value) -> bool {
    let annotations = &class["metadata"]["annotations"];
    annotations.str(IS_DEFAULT) == "true" || annotations.str(BETA_IS_DEFAULT) == "true"
}

#[derive(Debug)]
struct StorageClass;

impl Hooks for StorageClass {
    fn default(&self, object: &mut Value) {
        object.default_to("reclaimPolicy", "Delete");
        object.default_to("volumeBindingMode", "Immediate");
    }

    fn validate(&self, object: &Value) -> Errors {
        let mut errors = driver("provisioner", object);
        errors.extend(parameters(object));
        let (policy, mode) = (object.str("reclaimPolicy"), object.str("volumeBindingMode"));
        if !policy.is_empty() && !RECLAIM_POLICIES.contains(&policy) {
            errors.push(field::not_supported(&Path::new("reclaimPolicy"), policy, &RECLAIM_POLICIES));
        }
        if !BINDING_MODES.contains(&mode) {
            errors.push(field::not_supported(&Path::new("volumeBindingMode"), mode, &BINDING_MODES));
        }
        errors.extend(topologies(object.items("allowedTopologies"), &Path::new("allowedTopologies")));
        errors
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        let mut errors = self.validate(object);
        for member in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] {
            if object.get(member) != old.get(member) {
                errors.push(field::invalid(&Path::new(member), Value::Null, "field is immutable"));
            }
        }
        errors
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut texts = Vec::new();
        for (i, term) in object.items("allowedTopologies").iter().enumerate() {
            for (j, expression) in term.items("matchLabelExpressions").iter().enumerate() {
                if let Some(text) = warnings::replacement(expression.str("key")) {
                    texts.push(format!("allowedTopologies[{i}].matchLabelExpressions[{j}].key: {text}"));
                }
            }
        }
        texts
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let policy = object.get("reclaimPolicy").and_then(Value::as_str).unwrap_or("Delete");
        vec![
            object["metadata"].str("name").into(),
            object.str("provisioner").into(),
            policy.into(),
            object.str("volumeBindingMode").into(),
            object.flag("allowVolumeExpansion").into(),
            age(object, now).into(),
        ]
    }
}

/// Validates the name of who provisions: a qualified name, in any case.
pub(super) fn driver(member: &str, object: &Value) -> Errors {
    let (name, path) = (object.str(member), Path::new(member));
    if name.is_empty() {
        return vec![field::required(&path, "")];
    }
    let lower = name.to_lowercase();
    texts(&path, &lower, names::qualified_name(&lower)).collect()
}

/// Validates what provisioners are told.
pub(super) fn parameters(object: &Value) -> Errors {
    let (parameters, path) = (sorted(object.map("parameters")), Path::new("parameters"));
    if parameters.len() > PARAMETERS_MAX {
        return vec![field::too_long(&path, PARAMETERS_MAX)];
    }
    let mut errors = Errors::new();
    if parameters.contains_key("") {
        errors.push(field::invalid(&path, "", "field can not be empty."));
    }
    let bytes: usize = parameters.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
    if bytes > PARAMETERS_BYTES_MAX {
        errors.push(field::too_long(&path, PARAMETERS_BYTES_MAX));
    }
    errors
}

/// The values that a term allows, by label.
type Allowed<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Validates where volumes may be: no term twice. One that says nothing counts as one that was there before, as upstream counts.
fn topologies(terms: &[Value], path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut seen: Vec<Allowed<'_>> = Vec::new();
    for (index, term) in terms.iter().enumerate() {
        let at = path.index(index).child("matchLabelExpressions");
        let (allowed, faults) = topology(term, &at);
        errors.extend(faults);
        let before = seen.iter().filter(|other| **other == allowed).count();
        let empty = if allowed.is_empty() { terms.len() } else { 0 };
        errors.extend((0..before + empty).map(|_| field::duplicate(&at, "")));
        seen.push(allowed);
    }
    errors
}

fn topology<'a>(term: &'a Value, path: &Path) -> (Allowed<'a>, Errors) {
    let (mut allowed, mut errors) = (Allowed::new(), Errors::new());
    for (index, expression) in term.items("matchLabelExpressions").iter().enumerate() {
        let (at, key) = (path.index(index), expression.str("key"));
        let values = expression.items("values");
        if values.is_empty() {
            errors.push(field::required(&at.child("values"), ""));
        }
        let mut set = BTreeSet::new();
        for (index, value) in values.iter().enumerate() {
            let value = value.as_str().unwrap_or_default();
            if !set.insert(value) {
                errors.push(field::duplicate(&at.child("values").index(index), value));
            }
        }
        errors.extend(texts(&at.child("key"), key, names::qualified_name(key)));
        if allowed.contains_key(key) {
            errors.push(field::duplicate(&at.child("key"), key));
        } else {
            allowed.insert(key, set);
        }
    }
    (allowed, errors)
}
