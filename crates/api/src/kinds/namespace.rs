//! Namespace: a scope of names. Its own finalizers keep it while its content goes; `/finalize` takes them away.

use super::columns;
use crate::{
    Value,
    field::{Errors, Path, invalid},
    json,
    names::{self, NameRule},
    registry::{Column, Deletion, Generation, Hooks, HooksRef, Kind, Part, Subresource},
    schema::generated::CORE_V1_NAMESPACE,
    time::{Timestamp, age},
    value::Access,
};

pub static NAMESPACE: Kind = Kind {
    group: "",
    version: "v1",
    kind: "Namespace",
    plural: "namespaces",
    singular: "namespace",
    short_names: &["ns"],
    categories: &[],
    namespaced: false,
    schema: &CORE_V1_NAMESPACE,
    verbs: &["create", "delete", "get", "list", "patch", "update", "watch"],
    subresources: &[
        Subresource { name: "finalize", gvk: None, verbs: &["update"] },
        Subresource { name: "status", gvk: None, verbs: &["get", "patch", "update"] },
    ],
    selectable: &["status.phase"],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: true,
    stored_as: None,
    hooks: HooksRef::Static(&Namespace),
};

/// The label that always holds the name.
pub const NAME_LABEL: &str = "kubernetes.io/metadata.name";
/// The finalizer of every namespace.
pub const FINALIZER: &str = "kubernetes";

const COLUMNS: &[Column] = &[columns::NAME, columns::text("Status", "The status of the namespace"), columns::AGE];

#[derive(Debug)]
struct Namespace;

impl Hooks for Namespace {
    fn deletion(&self) -> Deletion {
        Deletion::Staged
    }

    fn show_deletion(&self, object: &mut Value) {
        object.default_to("status", json!({}));
        object["status"]["phase"] = "Terminating".into();
    }

    fn default(&self, object: &mut Value) {
        let name = object["metadata"].str("name").to_owned();
        if !name.is_empty() {
            object["metadata"].default_to("labels", json!({}));
            object["metadata"]["labels"][NAME_LABEL] = name.into();
        }
        object.default_to("status", json!({}));
        object["status"].default_to("phase", "Active");
    }

    fn prepare_create(&self, object: &mut Value) {
        object["status"] = json!({"phase": "Active"});
        object.default_to("spec", json!({}));
        let mut finalizers = object["spec"].items("finalizers").to_vec();
        if !finalizers.iter().any(|f| f == FINALIZER) {
            finalizers.push(FINALIZER.into());
        }
        object["spec"]["finalizers"] = finalizers.into();
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        match part {
            Part::Main => {
                object["spec"] = old["spec"].clone();
                object["status"] = old["status"].clone();
            }
            Part::Status => object["spec"] = old["spec"].clone(),
            Part::Other(_) => object["status"] = old["status"].clone(),
        }
        Generation::Keep
    }

    fn validate(&self, object: &Value) -> Errors {
        validate_finalizers(object, |path, _| path)
    }

    fn validate_update(&self, part: Part, object: &Value, _old: &Value) -> Errors {
        match part {
            Part::Main => Errors::new(),
            Part::Status => validate_phase(object),
            Part::Other(_) => validate_finalizers(object, |path, index| path.index(index)),
        }
    }

    fn name_rule(&self) -> NameRule {
        NameRule::Label
    }

    fn selectable(&self, object: &Value, _label: &str) -> String {
        object["status"].str("phase").to_owned()
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let name = object["metadata"].str("name");
        vec![name.into(), object["status"].str("phase").into(), age(object, now).into()]
    }
}

fn validate_finalizers(object: &Value, at: fn(Path, usize) -> Path) -> Errors {
    let mut errors = Errors::new();
    for (index, finalizer) in object["spec"].items("finalizers").iter().enumerate() {
        let finalizer = finalizer.as_str().unwrap_or_default();
        let path = at(Path::new("spec.finalizers"), index);
        errors.extend(names::qualified_name(finalizer).iter().map(|why| invalid(&path, finalizer, why)));
        if !finalizer.contains('/') && !matches!(finalizer, FINALIZER | "orphan" | "foregroundDeletion") {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(invalid(&path, finalizer, why));
        }
    }
    errors
}

fn validate_phase(object: &Value) -> Errors {
    let (phase, why) = if object["metadata"].has("deletionTimestamp") {
        ("Terminating", "may only be 'Terminating' if `deletionTimestamp` is not empty")
    } else {
        ("Active", "may only be 'Active' if `deletionTimestamp` is empty")
    };
    let given = object["status"].str("phase");
    if given == phase { Errors::new() } else { vec![invalid(&Path::new("status.Phase"), given, why)] }
}
