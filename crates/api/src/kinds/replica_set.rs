//! ReplicaSet: so many pods of one template. The controller is elsewhere.

use super::{columns, pod_spec::validation::not_negative, pod_template};
use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource, begin},
    schema::generated::{APPS_V1_REPLICA_SET, APPS_V1_REPLICA_SET_SPEC, APPS_V1_REPLICA_SET_STATUS},
    time::{Timestamp, age},
    value::Access,
};

pub static REPLICA_SET: Kind = Kind {
    group: "apps",
    version: "v1",
    kind: "ReplicaSet",
    plural: "replicasets",
    singular: "replicaset",
    short_names: &["rs"],
    categories: &["all"],
    namespaced: true,
    schema: &APPS_V1_REPLICA_SET,
    verbs: ALL_VERBS,
    subresources: &[
        Subresource { name: "scale", gvk: Some(("autoscaling", "v1", "Scale")), verbs: READ_WRITE },
        Subresource { name: "status", gvk: None, verbs: READ_WRITE },
    ],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&ReplicaSet),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    Column { ty: "integer", ..columns::field("Desired", &APPS_V1_REPLICA_SET_SPEC, "replicas") },
    Column { ty: "integer", ..columns::field("Current", &APPS_V1_REPLICA_SET_STATUS, "replicas") },
    Column { ty: "integer", ..columns::field("Ready", &APPS_V1_REPLICA_SET_STATUS, "readyReplicas") },
    columns::AGE,
    pod_template::CONTAINERS,
    pod_template::IMAGES,
    columns::wide_field("Selector", &APPS_V1_REPLICA_SET_SPEC, "selector"),
];

#[derive(Debug)]
struct ReplicaSet;

impl Hooks for ReplicaSet {
    fn default(&self, object: &mut Value) {
        object.default_to("spec", json!({}));
        let spec = &mut object["spec"];
        spec.default_to("replicas", 1);
        pod_template::default(spec);
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
        validate_spec(&object["spec"], &Path::new("spec"))
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        if part == Part::Status {
            return pod_template::replica_counters(&object["status"], &Path::new("status"));
        }
        let mut errors = self.validate(object);
        errors.extend(pod_template::selector_stays(object, old));
        errors
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
        cells.extend(pod_template::wide_cells(spec));
        cells
    }
}

fn validate_spec(spec: &Value, path: &Path) -> Errors {
    let mut errors = not_negative(spec, "replicas", path);
    errors.extend(not_negative(spec, "minReadySeconds", path));
    errors.extend(pods(spec, path));
    errors
}

/// Validates the selector and the template, as a ReplicaSet's and as a Deployment's, which makes ReplicaSets.
pub(super) fn pods(spec: &Value, path: &Path) -> Errors {
    let at = path.child("selector");
    let (selector, mut errors) = pod_template::selector(spec, "deployment", &at);
    let (template, at_template) = (&spec["template"], path.child("template"));
    match selector {
        Err(()) => errors.push(field::invalid(&at, spec["selector"].clone(), "invalid label selector")),
        Ok(selector) => {
            // One that finds every pod finds these.
            if !selector.is_everything() {
                errors.extend(pod_template::selected(&selector, template, &at_template));
            }
            errors.extend(pod_template::validate(template, &at_template));
            errors.extend(pod_template::runs_for_ever(template, "ReplicaSet", &at_template));
        }
    }
    errors
}
