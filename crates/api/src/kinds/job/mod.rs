//! Job: pods that run until so many of them have succeeded. The controller is elsewhere.

mod policies;
mod status;
#[cfg(test)]
mod tests;
mod validation;

use super::{columns, pod_spec::validation::not_negative, pod_template};
use crate::{
    Value,
    field::{Errors, Path},
    json,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource, begin},
    schema::generated::{BATCH_V1_JOB, BATCH_V1_JOB_SPEC, BATCH_V1_JOB_STATUS},
    time::{Timestamp, age, human_duration},
    value::Access,
};
pub use policies::{Indexes, parse_indexes};
pub use validation::template_spec;

pub static JOB: Kind = Kind {
    group: "batch",
    version: "v1",
    kind: "Job",
    plural: "jobs",
    singular: "job",
    short_names: &[],
    categories: &["all"],
    namespaced: true,
    schema: &BATCH_V1_JOB,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: READ_WRITE }],
    selectable: &["status.successful"],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&Job),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text("Status", "Status of the job."),
    columns::field("Completions", &BATCH_V1_JOB_STATUS, "succeeded"),
    columns::text("Duration", "Time required to complete the job."),
    columns::AGE,
    pod_template::CONTAINERS,
    pod_template::IMAGES,
    columns::wide_field("Selector", &BATCH_V1_JOB_SPEC, "selector"),
];

/// Labels of a job's pods, each under its name of today and its former one.
const JOB_NAME: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];
const CONTROLLER_UID: [&str; 2] = ["batch.kubernetes.io/controller-uid", "controller-uid"];

/// How often pods may fail.
const BACKOFF_LIMIT: i64 = 6;
/// With a limit for each index there is none for all.
const NO_BACKOFF_LIMIT: i64 = i32::MAX as i64;
/// Above both of these an indexed job's failed indexes may not fit into its status.
const COMPLETIONS_SOFT_MAX: i64 = 100_000;
const PARALLELISM_SOFT_MAX: i64 = 10_000;

#[derive(Debug)]
struct Job;

impl Hooks for Job {
    fn default(&self, object: &mut Value) {
        object.default_to("spec", json!({}));
        let spec = &mut object["spec"];
        if !spec.has("completions") && !spec.has("parallelism") {
            spec["completions"] = 1.into();
        }
        spec.default_to("parallelism", 1);
        spec.default_to("backoffLimit", if spec.has("backoffLimitPerIndex") { NO_BACKOFF_LIMIT } else { BACKOFF_LIMIT });
        spec.default_to("completionMode", "NonIndexed");
        spec.default_to("suspend", false);
        spec.default_to("manualSelector", false);
        spec.default_to("podReplacementPolicy", if spec.has("podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" });
        default_template(spec);
    }

    fn prepare_create(&self, object: &mut Value) {
        begin(object, json!({}));
        if !object["spec"].flag("manualSelector") {
            generate_selector(object);
        }
        default_labels(object);
        pod_template::drop_disabled(object, None);
        drop_disabled(&mut object["spec"], None);
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        if part == Part::Status {
            return Generation::Keep;
        }
        default_labels(object);
        pod_template::drop_disabled(object, Some(old));
        drop_disabled(&mut object["spec"], Some(&old["spec"]));
        Generation::by_spec(object, old)
    }

    fn validate(&self, object: &Value) -> Errors {
        validation::create(object)
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        match part {
            Part::Status => status::validate(object, old),
            Part::Main | Part::Other(_) => validation::update(object, old),
        }
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut texts = if old.is_none() { pod_template::name_warning(object) } else { Vec::new() };
        texts.extend(spec_warnings(&object["spec"], &Path::new("spec")));
        texts.extend(pod_template::warnings(object, old));
        texts
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let mut cells: Vec<Value> = vec![
            object["metadata"].str("name").into(),
            shown_status(object).into(),
            completions(object).into(),
            duration(&object["status"], now).into(),
            age(object, now).into(),
        ];
        cells.extend(pod_template::wide_cells(&object["spec"]));
        cells
    }

    fn orphans_dependents(&self) -> bool {
        true
    }

    fn deletion_warning(&self) -> Option<&'static str> {
        Some(
            "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set \
             propagationPolicy=Orphan to suppress this warning",
        )
    }

    fn unselectable(&self, label: &str) -> String {
        format!("field label {label:?} not supported for Job")
    }

    fn selectable(&self, object: &Value, _label: &str) -> String {
        object["status"].int("succeeded").unwrap_or_default().to_string()
    }
}

/// The defaults that a CronJob's template of jobs has too: those of its pods, and of its policies.
pub(super) fn default_template(spec: &mut Value) {
    pod_template::default(spec);
    if let Some(policy) = spec.get_mut("podFailurePolicy") {
        for pattern in policy.items_mut("rules").iter_mut().flat_map(|rule| rule.items_mut("onPodConditions")) {
            if pattern.str("status").is_empty() {
                pattern["status"] = "True".into();
            }
        }
    }
}

/// A job without labels has those of its pods.
fn default_labels(object: &mut Value) {
    let labels = object["spec"]["template"]["metadata"].get("labels").cloned();
    if object["metadata"].map("labels").is_none_or(|labels| labels.is_empty())
        && let Some(labels) = labels
    {
        object["metadata"]["labels"] = labels;
    }
}

/// Removes what no enabled feature understands.
pub(super) fn drop_disabled(spec: &mut Value, old: Option<&Value>) {
    const GANG: &str = "scheduling";
    if !old.is_some_and(|old| old.has(GANG)) {
        spec.drop(GANG);
    }
}

/// A warning that the status may grow too large.
pub(super) fn spec_warnings(spec: &Value, path: &Path) -> Option<String> {
    let count = |member: &str| spec.int(member).unwrap_or_default();
    let large = count("completions") > COMPLETIONS_SOFT_MAX && count("parallelism") > PARALLELISM_SOFT_MAX;
    let why = "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be \
               able to track completedIndexes when a big number of indexes fail";
    (spec.str("completionMode") == "Indexed" && large).then(|| format!("{path}: {why}"))
}

/// Labels the template with the job's name and uid, and selects by its uid, which is nobody else's. What the client gave stays, for
/// validation to refuse.
fn generate_selector(object: &mut Value) {
    let (name, uid) = (object["metadata"]["name"].clone(), object["metadata"]["uid"].clone());
    let spec = &mut object["spec"];
    spec["template"].default_to("metadata", json!({}));
    spec["template"]["metadata"].default_to("labels", json!({}));
    let labels = &mut spec["template"]["metadata"]["labels"];
    for (keys, value) in [(JOB_NAME, name), (CONTROLLER_UID, uid.clone())] {
        for key in keys {
            labels.default_to(key, value.clone());
        }
    }
    spec.default_to("selector", json!({}));
    spec["selector"].default_to("matchLabels", json!({}));
    spec["selector"]["matchLabels"].default_to(CONTROLLER_UID[0], uid);
}

/// Whether a status has that condition.
pub fn has_condition(status: &Value, name: &str) -> bool {
    status.items("conditions").iter().any(|condition| condition.str("type") == name && condition.str("status") == "True")
}

fn shown_status(object: &Value) -> &'static str {
    let status = &object["status"];
    let has = |name: &&str| has_condition(status, name);
    let shown = ["Complete", "Failed"].into_iter().find(has);
    shown.unwrap_or_else(|| {
        if object["metadata"].has("deletionTimestamp") {
            return "Terminating";
        }
        ["Suspended", "FailureTarget", "SuccessCriteriaMet"].into_iter().find(has).unwrap_or("Running")
    })
}

fn completions(object: &Value) -> String {
    let (spec, succeeded) = (&object["spec"], object["status"].int("succeeded").unwrap_or_default());
    match (spec.int("completions"), spec.int("parallelism").unwrap_or_default()) {
        (Some(completions), _) => format!("{succeeded}/{completions}"),
        (None, parallelism) if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        (None, _) => format!("{succeeded}/1"),
    }
}

fn duration(status: &Value, now: Timestamp) -> String {
    let time = |member: &str| Timestamp::parse(status.str(member));
    let Some(start) = time("startTime") else { return String::new() };
    human_duration(time("completionTime").unwrap_or(now).seconds() - start.seconds())
}

/// Counters of a spec that may not be negative.
fn counters(spec: &Value, members: &[&str], path: &Path) -> Errors {
    members.iter().flat_map(|member| not_negative(spec, member, path)).collect()
}
