//! StatefulSet: registry row and hooks. Its template is validated as pod specs are; the controller is elsewhere.

mod defaults;
#[cfg(test)]
mod tests;
mod validation;

use super::{columns, pod_spec::warnings, pod_template};
use crate::{
    Value,
    field::{Errors, Path},
    json,
    names::NameRule,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource, begin},
    schema::generated::APPS_V1_STATEFUL_SET,
    time::{Timestamp, age},
    value::Access,
};

pub static STATEFUL_SET: Kind = Kind {
    group: "apps",
    version: "v1",
    kind: "StatefulSet",
    plural: "statefulsets",
    singular: "statefulset",
    short_names: &["sts"],
    categories: &["all"],
    namespaced: true,
    schema: &APPS_V1_STATEFUL_SET,
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
    hooks: HooksRef::Static(&StatefulSet),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text("Ready", "Number of the pod with ready state"),
    columns::AGE,
    pod_template::CONTAINERS,
    pod_template::IMAGES,
];

#[derive(Debug)]
struct StatefulSet;

impl Hooks for StatefulSet {
    fn default(&self, object: &mut Value) {
        defaults::object(object);
    }

    fn prepare_create(&self, object: &mut Value) {
        begin(object, json!({"replicas": 0, "availableReplicas": 0}));
        pod_template::drop_disabled(object, None);
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        pod_template::drop_disabled(object, Some(old));
        Generation::by_spec(object, old)
    }

    fn validate(&self, object: &Value) -> Errors {
        validation::create(object)
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        match part {
            Part::Status => validation::status(object, old),
            Part::Main | Part::Other(_) => validation::update(object, old),
        }
    }

    fn name_rule(&self) -> NameRule {
        NameRule::Label
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut texts = pod_template::warnings(object, old);
        let (spec, path) = (&object["spec"], Path::new("spec"));
        for (i, claim) in spec.items("volumeClaimTemplates").iter().enumerate() {
            let at = path.child("volumeClaimTemplates").index(i);
            // The path differs as it does upstream.
            let at = if old.is_some() { at.child("Spec") } else { at };
            warnings::claim_spec(&claim["spec"], &at, &mut texts);
        }
        if spec.int("revisionHistoryLimit").is_some_and(|limit| limit < 0) {
            texts.push(
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended".to_owned(),
            );
        }
        texts
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let [ready, desired] = [status.int("readyReplicas"), spec.int("replicas")].map(Option::unwrap_or_default);
        let [containers, images, _] = pod_template::wide_cells(spec);
        vec![object["metadata"].str("name").into(), format!("{ready}/{desired}").into(), age(object, now).into(), containers, images]
    }
}
