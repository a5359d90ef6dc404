//! ControllerRevision: a numbered snapshot of a controller's template. Its data never changes.

use super::columns;
use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::pod_spec::validation::not_negative,
    registry::{ALL_VERBS, Column, Hooks, HooksRef, Kind, Part},
    schema::generated::APPS_V1_CONTROLLER_REVISION,
    time::{Timestamp, age},
    value::Access,
};

pub static CONTROLLER_REVISION: Kind = Kind {
    group: "apps",
    version: "v1",
    kind: "ControllerRevision",
    plural: "controllerrevisions",
    singular: "controllerrevision",
    short_names: &[],
    categories: &[],
    namespaced: true,
    schema: &APPS_V1_CONTROLLER_REVISION,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&ControllerRevision),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text("Controller", "Controller of the object"),
    columns::text("Revision", "Revision indicates the revision of the state represented by Data."),
    columns::AGE,
];

#[derive(Debug)]
struct ControllerRevision;

impl Hooks for ControllerRevision {
    fn validate(&self, object: &Value) -> Errors {
        let data = Path::new("data");
        let mut errors = match object.get("data") {
            None | Some(Value::Null) => vec![field::required(&data, "data is mandatory")],
            Some(Value::Object(_)) => Errors::new(),
            Some(_) => vec![field::required(&data, "data must be a valid JSON object")],
        };
        errors.extend(not_negative(object, "revision", &Path::default()));
        errors
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        let mut errors = self.validate(object);
        if object.get("data") != old.get("data") {
            let shown = object.get("data").cloned().unwrap_or(Value::Null);
            errors.push(field::invalid(&Path::new("data"), shown, "field is immutable"));
        }
        errors
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let metadata = &object["metadata"];
        let owner = metadata.items("ownerReferences").iter().find(|o| o.flag("controller"));
        let controller = owner.map_or("<none>".to_owned(), |owner| {
            let kind = owner.str("kind").to_lowercase();
            let group = owner.str("apiVersion").split_once('/').map_or("", |(group, _)| group);
            let dot = if group.is_empty() { "" } else { "." };
            format!("{kind}{dot}{group}/{}", owner.str("name"))
        });
        vec![metadata.str("name").into(), controller.into(), object.int("revision").unwrap_or_default().into(), age(object, now).into()]
    }
}
