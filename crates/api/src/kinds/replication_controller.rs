//! ReplicationController: so many pods of one template, from before there were ReplicaSets.

use super::{columns, pod_spec::validation::not_negative, pod_template};
use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource, begin},
    schema::generated::{CORE_V1_REPLICATION_CONTROLLER, CORE_V1_REPLICATION_CONTROLLER_SPEC, CORE_V1_REPLICATION_CONTROLLER_STATUS},
    selector::LabelSelector,
    time::{Timestamp, age},
    value::Access,
};

pub static REPLICATION_CONTROLLER: Kind = Kind {
    group: "",
    version: "v1",
    kind: "ReplicationController",
    plural: "replicationcontrollers",
    singular: "replicationcontroller",
    short_names: &["rc"],
    categories: &["all"],
    namespaced: true,
    schema: &CORE_V1_REPLICATION_CONTROLLER,
    verbs: ALL_VERBS,
    subresources: &[
        Subresource { name: "scale", gvk: Some(("autoscaling", "v1", "Scale")), verbs: READ_WRITE },
        Subresource { name: "status", gvk: None, verbs: READ_WRITE },
    ],
    selectable: &["status.replicas"],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&ReplicationController),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    Column { ty: "integer", ..columns::field("Desired", &CORE_V1_REPLICATION_CONTROLLER_SPEC, "replicas") },
    Column { ty: "integer", ..columns::field("Current", &CORE_V1_REPLICATION_CONTROLLER_STATUS, "replicas") },
    Column { ty: "integer", ..columns::field("Ready", &CORE_V1_REPLICATION_CONTROLLER_STATUS, "readyReplicas") },
    columns::AGE,
    pod_template::CONTAINERS,
    pod_template::IMAGES,
    columns::wide_field("Selector", &CORE_V1_REPLICATION_CONTROLLER_SPEC, "selector"),
];

#[derive(Debug)]
struct ReplicationController;

impl Hooks for ReplicationController {
    fn default(&self, object: &mut Value) {
        object.default_to("spec", json!({}));
        let spec = &mut object["spec"];
        spec.default_to("replicas", 1);
        if !spec.has("template") {
            return;
        }
        pod_template::default(spec);
        let Some(labels) = spec["template"]["metadata"].get("labels").cloned() else { return };
        if spec.map("selector").is_none_or(|selector| selector.is_empty()) {
            spec["selector"] = labels.clone();
        }
        if object["metadata"].map("labels").is_none_or(|labels| labels.is_empty()) {
            object["metadata"]["labels"] = labels;
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        begin(object, json!({"replicas": 0}));
        pod_template::drop_disabled(object, None);
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        pod_template::drop_disabled(object, Some(old));
        Generation::by_spec(object, old)
    }

    fn validate(&self, object: &Value) -> Errors {
        let (spec, path) = (&object["spec"], Path::new("spec"));
        let mut errors = not_negative(spec, "minReadySeconds", &path);
        let selector = LabelSelector::from_map(spec.map("selector"));
        if selector.is_everything() {
            errors.push(field::required(&path.child("selector"), ""));
        }
        errors.extend(not_negative(spec, "replicas", &path));
        let (template, at) = (&spec["template"], path.child("template"));
        if !spec.has("template") {
            errors.push(field::required(&at, ""));
            return errors;
        }
        if !selector.is_everything() {
            errors.extend(pod_template::selected(&selector, template, &at));
        }
        errors.extend(pod_template::validate(template, &at));
        errors.extend(pod_template::runs_for_ever(template, "ReplicationController", &at));
        errors
    }

    fn validate_update(&self, part: Part, object: &Value, _old: &Value) -> Errors {
        match part {
            Part::Status => pod_template::replica_counters(&object["status"], &Path::new("status")),
            Part::Main | Part::Other(_) => self.validate(object),
        }
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut texts = if old.is_none() { pod_template::name_warning(object) } else { Vec::new() };
        texts.extend(pod_template::warnings(object, old));
        texts
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let mut cells: Vec<Value> = vec![object["metadata"].str("name").into()];
        cells.extend([spec.int("replicas"), status.int("replicas"), status.int("readyReplicas")].map(|n| n.unwrap_or_default().into()));
        cells.push(age(object, now).into());
        let [containers, images, _] = pod_template::wide_cells(spec);
        cells.extend([containers, images, LabelSelector::from_map(spec.map("selector")).to_string().into()]);
        cells
    }

    fn selectable(&self, object: &Value, _label: &str) -> String {
        object["status"].int("replicas").unwrap_or_default().to_string()
    }

    fn orphans_dependents(&self) -> bool {
        true
    }
}
