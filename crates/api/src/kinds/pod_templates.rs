//! PodTemplate: a template that is kept for whoever wants to use it.

use super::{columns, pod_spec::dropped, pod_spec::warnings, pod_template};
use crate::{
    Value,
    field::{Errors, Path},
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part},
    schema::generated::CORE_V1_POD_TEMPLATE,
    time::Timestamp,
    value::Access,
};

pub static POD_TEMPLATE: Kind = Kind {
    group: "",
    version: "v1",
    kind: "PodTemplate",
    plural: "podtemplates",
    singular: "podtemplate",
    short_names: &[],
    categories: &[],
    namespaced: true,
    schema: &CORE_V1_POD_TEMPLATE,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: true,
    stored_as: None,
    hooks: HooksRef::Static(&PodTemplate),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    Column { priority: 0, ..pod_template::CONTAINERS },
    Column { priority: 0, ..pod_template::IMAGES },
    columns::text("Pod Labels", "The labels for the pod template."),
];

#[derive(Debug)]
struct PodTemplate;

impl Hooks for PodTemplate {
    fn default(&self, object: &mut Value) {
        pod_template::default(object);
    }

    fn prepare_create(&self, object: &mut Value) {
        object["metadata"]["generation"] = 1.into();
        dropped::disabled(&mut object["template"]["spec"], None);
    }

    fn prepare_update(&self, _part: Part, object: &mut Value, old: &Value) -> Generation {
        dropped::disabled(&mut object["template"]["spec"], Some(&old["template"]["spec"]));
        if object["template"] == old["template"] { Generation::Keep } else { Generation::Raise }
    }

    fn validate(&self, object: &Value) -> Errors {
        pod_template::validate(&object["template"], &Path::new("template"))
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        warnings::of(&object["template"], &Path::new("template"))
    }

    fn cells(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        let [containers, images, _] = pod_template::wide_cells(object);
        let labels = columns::labels(object["template"]["metadata"].map("labels"));
        vec![object["metadata"].str("name").into(), containers, images, labels.into()]
    }
}
