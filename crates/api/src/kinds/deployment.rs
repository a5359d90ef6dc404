//! Deployment: ReplicaSets of one template after the other. The controller is elsewhere.

use super::{
    columns,
    pod_spec::validation::{amounts, not_negative},
    pod_template, replica_set,
};
use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource, begin},
    schema::generated::{APPS_V1_DEPLOYMENT, APPS_V1_DEPLOYMENT_SPEC, APPS_V1_DEPLOYMENT_STATUS},
    time::{Timestamp, age},
    value::Access,
};

pub static DEPLOYMENT: Kind = Kind {
    group: "apps",
    version: "v1",
    kind: "Deployment",
    plural: "deployments",
    singular: "deployment",
    short_names: &["deploy"],
    categories: &["all"],
    namespaced: true,
    schema: &APPS_V1_DEPLOYMENT,
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
    hooks: HooksRef::Static(&Deployment),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text("Ready", "Number of the pod with ready state"),
    columns::field("Up-to-date", &APPS_V1_DEPLOYMENT_STATUS, "updatedReplicas"),
    columns::field("Available", &APPS_V1_DEPLOYMENT_STATUS, "availableReplicas"),
    columns::AGE,
    pod_template::CONTAINERS,
    pod_template::IMAGES,
    columns::wide_field("Selector", &APPS_V1_DEPLOYMENT_SPEC, "selector"),
];

const REVISIONS_KEPT: i64 = 10;
/// How long a roll-out may make no progress.
const PROGRESS_DEADLINE_S: i64 = 600;

#[derive(Debug)]
struct Deployment;

impl Hooks for Deployment {
    fn default(&self, object: &mut Value) {
        object.default_to("spec", json!({}));
        let spec = &mut object["spec"];
        spec.default_to("replicas", 1);
        spec.default_to("revisionHistoryLimit", REVISIONS_KEPT);
        spec.default_to("progressDeadlineSeconds", PROGRESS_DEADLINE_S);
        spec.default_to("strategy", json!({}));
        let strategy = &mut spec["strategy"];
        if strategy.str("type").is_empty() {
            strategy["type"] = "RollingUpdate".into();
        }
        if strategy.str("type") == "RollingUpdate" {
            strategy.default_to("rollingUpdate", json!({}));
            for member in ["maxUnavailable", "maxSurge"] {
                strategy["rollingUpdate"].default_to(member, "25%");
            }
        }
        pod_template::default(spec);
    }

    fn prepare_create(&self, object: &mut Value) {
        begin(object, json!({}));
        pod_template::drop_disabled(object, None);
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        if part == Part::Status {
            object["metadata"].drop("labels");
            if let Some(labels) = old["metadata"].get("labels") {
                object["metadata"]["labels"] = labels.clone();
            }
            return Generation::Keep;
        }
        pod_template::drop_disabled(object, Some(old));
        let same = object["spec"] == old["spec"] && object["metadata"].map("annotations") == old["metadata"].map("annotations");
        if same { Generation::Keep } else { Generation::Raise }
    }

    fn validate(&self, object: &Value) -> Errors {
        let (spec, path) = (&object["spec"], Path::new("spec"));
        let mut errors = not_negative(spec, "replicas", &path);
        errors.extend(replica_set::pods(spec, &path));
        errors.extend(strategy(&spec["strategy"], &path.child("strategy")));
        for member in ["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
            errors.extend(not_negative(spec, member, &path));
        }
        let ready_s = spec.int("minReadySeconds").unwrap_or_default();
        if let Some(deadline_s) = spec.int("progressDeadlineSeconds").filter(|deadline_s| *deadline_s <= ready_s) {
            errors.push(field::invalid(&path.child("progressDeadlineSeconds"), deadline_s, "must be greater than minReadySeconds"));
        }
        errors
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        if part == Part::Status {
            return validate_status(&object["status"], &old["status"], &Path::new("status"));
        }
        let mut errors = self.validate(object);
        errors.extend(pod_template::selector_stays(object, old));
        errors
    }

    fn reset_fields(&self, part: Part) -> Option<&'static [&'static str]> {
        (part == Part::Status).then_some(&["spec", "metadata.labels"])
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut texts = if old.is_none() { pod_template::name_warning(object) } else { Vec::new() };
        texts.extend(pod_template::warnings(object, old));
        texts
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let count = |holder: &Value, member: &str| holder.int(member).unwrap_or_default();
        let mut cells: Vec<Value> = vec![
            object["metadata"].str("name").into(),
            format!("{}/{}", count(status, "readyReplicas"), count(spec, "replicas")).into(),
            count(status, "updatedReplicas").into(),
            count(status, "availableReplicas").into(),
            age(object, now).into(),
        ];
        cells.extend(pod_template::wide_cells(spec));
        cells
    }
}

fn strategy(strategy: &Value, path: &Path) -> Errors {
    let (rolling, at) = (&strategy["rollingUpdate"], path.child("rollingUpdate"));
    match strategy.str("type") {
        "Recreate" if strategy.has("rollingUpdate") => {
            vec![field::forbidden(&at, "may not be specified when strategy `type` is 'Recreate'")]
        }
        "Recreate" => Errors::new(),
        "RollingUpdate" => {
            let (unavailable, surge) = (&rolling["maxUnavailable"], &rolling["maxSurge"]);
            let mut errors = amounts::validate(unavailable, &at.child("maxUnavailable"));
            errors.extend(amounts::validate(surge, &at.child("maxSurge")));
            if amounts::is_zero(unavailable) && amounts::is_zero(surge) {
                errors.push(field::invalid(&at.child("maxUnavailable"), unavailable.clone(), "may not be 0 when `maxSurge` is 0"));
            }
            errors.extend(amounts::at_most_all(unavailable, &at.child("maxUnavailable")));
            errors
        }
        _ => vec![field::not_supported(path, pod_template::shown_strategy(strategy), &["Recreate", "RollingUpdate"])],
    }
}

fn validate_status(status: &Value, old: &Value, path: &Path) -> Errors {
    const COUNTERS: [&str; 3] = ["updatedReplicas", "readyReplicas", "availableReplicas"];
    let mut errors = pod_template::not_negative(status, &["observedGeneration", "replicas"], path);
    errors.extend(pod_template::not_negative(status, &COUNTERS, path));
    errors.extend(pod_template::not_negative(status, &["unavailableReplicas", "terminatingReplicas", "collisionCount"], path));
    errors.extend(pod_template::at_most_replicas(status, &COUNTERS, path));
    errors.extend(pod_template::available_at_most_ready(status, "readyReplicas", path));
    errors.extend(pod_template::collisions(status, old, path));
    errors
}
