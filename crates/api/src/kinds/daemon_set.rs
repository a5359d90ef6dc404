//! DaemonSet: a pod of one template on every node that fits. The controller is elsewhere.

use super::{
    columns,
    pod_spec::validation::{amounts, not_negative},
    pod_template,
};
use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource, begin},
    schema::generated::{APPS_V1_DAEMON_SET, APPS_V1_DAEMON_SET_SPEC, APPS_V1_DAEMON_SET_STATUS, CORE_V1_POD_SPEC},
    selector::{self, LabelSelector},
    time::{Timestamp, age},
    value::Access,
};

pub static DAEMON_SET: Kind = Kind {
    group: "apps",
    version: "v1",
    kind: "DaemonSet",
    plural: "daemonsets",
    singular: "daemonset",
    short_names: &["ds"],
    categories: &["all"],
    namespaced: true,
    schema: &APPS_V1_DAEMON_SET,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: READ_WRITE }],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&DaemonSet),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    count("Desired", "desiredNumberScheduled"),
    count("Current", "currentNumberScheduled"),
    count("Ready", "numberReady"),
    count("Up-to-date", "updatedNumberScheduled"),
    count("Available", "numberAvailable"),
    columns::field("Node Selector", &CORE_V1_POD_SPEC, "nodeSelector"),
    columns::AGE,
    pod_template::CONTAINERS,
    pod_template::IMAGES,
    columns::wide_field("Selector", &APPS_V1_DAEMON_SET_SPEC, "selector"),
];

const fn count(name: &'static str, field: &'static str) -> Column {
    Column { ty: "integer", ..columns::field(name, &APPS_V1_DAEMON_SET_STATUS, field) }
}

const REVISIONS_KEPT: i64 = 10;
/// How often the template has changed, as earlier versions of the API counted it.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

#[derive(Debug)]
struct DaemonSet;

impl Hooks for DaemonSet {
    fn default(&self, object: &mut Value) {
        object.default_to("spec", json!({}));
        let spec = &mut object["spec"];
        spec.default_to("revisionHistoryLimit", REVISIONS_KEPT);
        spec.default_to("updateStrategy", json!({}));
        let strategy = &mut spec["updateStrategy"];
        if strategy.str("type").is_empty() {
            strategy["type"] = "RollingUpdate".into();
        }
        if strategy.str("type") == "RollingUpdate" {
            strategy.default_to("rollingUpdate", json!({}));
            strategy["rollingUpdate"].default_to("maxUnavailable", 1);
            strategy["rollingUpdate"].default_to("maxSurge", 0);
        }
        pod_template::default(spec);
    }

    fn prepare_create(&self, object: &mut Value) {
        begin(object, json!({}));
        let given = template_generation(object);
        set_template_generation(object, given.max(1));
        pod_template::drop_disabled(object, None);
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        let before = template_generation(old);
        if part == Part::Status {
            set_template_generation(object, before);
            return Generation::Keep;
        }
        pod_template::drop_disabled(object, Some(old));
        let (new, old) = (&object["spec"], &old["spec"]);
        let (same_template, same) = (new["template"] == old["template"], new == old);
        set_template_generation(object, if same_template { before } else { before + 1 });
        if same { Generation::Keep } else { Generation::Raise }
    }

    fn validate(&self, object: &Value) -> Errors {
        let (spec, path) = (&object["spec"], Path::new("spec"));
        let (template, at_template) = (&spec["template"], path.child("template"));
        let (selector, at) = (spec.get("selector").filter(|selector| !selector.is_null()), path.child("selector"));
        let mut errors = selector.map(|selector| selector::validate_label_selector(selector, &at)).unwrap_or_default();
        if errors.is_empty() {
            errors.extend(pod_template::selected(&LabelSelector::from_object(selector), template, &at_template));
        }
        if let Some(selector) = selector.filter(|s| !s.has("matchLabels") && !s.has("matchExpressions")) {
            errors.push(field::invalid(&at, selector.clone(), "empty selector is invalid for daemonset"));
        }
        errors.extend(pod_template::validate(template, &at_template));
        errors.extend(pod_template::runs_for_ever(template, "DaemonSet", &at_template));
        errors.extend(not_negative(spec, "minReadySeconds", &path));
        errors.extend(update_strategy(&spec["updateStrategy"], &path.child("updateStrategy")));
        errors.extend(not_negative(spec, "revisionHistoryLimit", &path));
        errors
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        if part == Part::Status {
            return validate_status(&object["status"], &old["status"], &Path::new("status"));
        }
        let mut errors: Errors = pod_template::selector_stays(object, old).into_iter().collect();
        errors.extend(self.validate(object));
        errors
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        pod_template::warnings(object, old)
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let counters = ["desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable"];
        let mut cells: Vec<Value> = vec![object["metadata"].str("name").into()];
        cells.extend(counters.map(|member| status.int(member).unwrap_or_default().into()));
        cells.push(columns::labels(spec["template"]["spec"].map("nodeSelector")).into());
        cells.push(age(object, now).into());
        cells.extend(pod_template::wide_cells(spec));
        cells
    }
}

fn template_generation(object: &Value) -> i64 {
    object["metadata"]["annotations"].str(TEMPLATE_GENERATION).parse().unwrap_or_default()
}

fn set_template_generation(object: &mut Value, generation: i64) {
    let meta = &mut object["metadata"];
    meta.default_to("annotations", json!({}));
    meta["annotations"][TEMPLATE_GENERATION] = generation.to_string().into();
}

fn update_strategy(strategy: &Value, path: &Path) -> Errors {
    match strategy.str("type") {
        "OnDelete" => Errors::new(),
        "RollingUpdate" => rolling_update(&strategy["rollingUpdate"], &path.child("rollingUpdate")),
        _ => vec![field::not_supported(path, pod_template::shown_strategy(strategy), &["RollingUpdate", "OnDelete"])],
    }
}

fn rolling_update(rolling: &Value, path: &Path) -> Errors {
    let (unavailable, surge) = (&rolling["maxUnavailable"], &rolling["maxSurge"]);
    let (at_unavailable, at_surge) = (path.child("maxUnavailable"), path.child("maxSurge"));
    let mut errors = amounts::validate(unavailable, &at_unavailable);
    errors.extend(amounts::validate(surge, &at_surge));
    errors.extend(amounts::at_most_all(unavailable, &at_unavailable));
    errors.extend(amounts::at_most_all(surge, &at_surge));
    match (amounts::is_zero(unavailable), amounts::is_zero(surge)) {
        (false, false) => errors.push(field::invalid(&at_surge, surge.clone(), "may not be set when maxUnavailable is non-zero")),
        (true, true) => errors.push(field::required(&at_unavailable, "cannot be 0 when maxSurge is 0")),
        (true, false) | (false, true) => {}
    }
    errors
}

fn validate_status(status: &Value, old: &Value, path: &Path) -> Errors {
    const COUNTERS: [&str; 9] = [
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
        "observedGeneration",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberUnavailable",
        "collisionCount",
    ];
    let mut errors = pod_template::not_negative(status, &COUNTERS, path);
    errors.extend(pod_template::collisions(status, old, path));
    errors
}
