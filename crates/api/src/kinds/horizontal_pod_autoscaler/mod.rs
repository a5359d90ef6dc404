//! HorizontalPodAutoscaler: how many replicas something may have, and by which measurements that is decided. Kept in autoscaling/v2.

mod v1;
mod validation;

pub use v1::HORIZONTAL_POD_AUTOSCALER_V1;

use super::{columns, pod_spec::validation::not_negative};
use crate::{
    Value,
    field::{Errors, Path},
    json,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, READ_WRITE, Subresource, begin},
    schema::generated::{
        AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER, AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER_SPEC as SPEC,
        AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER_STATUS as STATUS,
    },
    time::{Timestamp, age},
    value::Access,
};

pub static HORIZONTAL_POD_AUTOSCALER: Kind = Kind {
    group: "autoscaling",
    version: "v2",
    kind: "HorizontalPodAutoscaler",
    plural: "horizontalpodautoscalers",
    singular: "horizontalpodautoscaler",
    short_names: &["hpa"],
    categories: &["all"],
    namespaced: true,
    schema: &AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: READ_WRITE }],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&HorizontalPodAutoscaler),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::field("Reference", &SPEC, "scaleTargetRef"),
    columns::field("Targets", &SPEC, "metrics"),
    columns::field("MinPods", &SPEC, "minReplicas"),
    columns::field("MaxPods", &SPEC, "maxReplicas"),
    columns::field("Replicas", &STATUS, "currentReplicas"),
    columns::AGE,
];

/// Metrics that the Targets column shows before it counts the rest.
const SHOWN: usize = 2;

#[derive(Debug)]
struct HorizontalPodAutoscaler;

impl Hooks for HorizontalPodAutoscaler {
    fn default(&self, object: &mut Value) {
        let spec = &mut object["spec"];
        spec.default_to("minReplicas", 1);
        if spec.items("metrics").is_empty() {
            spec["metrics"] =
                json!([{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]);
        }
        if !spec.has("behavior") {
            return;
        }
        let (pods, percent) =
            (json!({"type": "Pods", "value": 4, "periodSeconds": 15}), json!({"type": "Percent", "value": 100, "periodSeconds": 15}));
        for (direction, policies) in [("scaleUp", json!([pods, percent.clone()])), ("scaleDown", json!([percent]))] {
            let behavior = &mut spec["behavior"];
            behavior.default_to(direction, json!({}));
            let rules = &mut behavior[direction];
            if direction == "scaleUp" {
                rules.default_to("stabilizationWindowSeconds", 0);
            }
            rules.default_to("selectPolicy", "Max");
            rules.default_to("policies", policies);
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        begin(object, json!({}));
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        Generation::by_spec(object, old)
    }

    fn validate(&self, object: &Value) -> Errors {
        validation::spec(&object["spec"], None, &Path::new("spec"))
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        if part != Part::Status {
            return validation::spec(&object["spec"], Some(&old["spec"]), &Path::new("spec"));
        }
        let (status, path) = (&object["status"], Path::new("status"));
        ["currentReplicas", "desiredReplicas"].iter().flat_map(|member| not_negative(status, member, &path)).collect()
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let target = &spec["scaleTargetRef"];
        let least = spec.int("minReplicas").map_or_else(|| "<unset>".to_owned(), |least| least.to_string());
        vec![
            object["metadata"].str("name").into(),
            format!("{}/{}", target.str("kind"), target.str("name")).into(),
            targets(spec.items("metrics"), status.items("currentMetrics")).into(),
            least.into(),
            spec.int("maxReplicas").unwrap_or_default().into(),
            status.int("currentReplicas").unwrap_or_default().into(),
            age(object, now).into(),
        ]
    }
}

/// What is measured beside what it should be.
fn targets(metrics: &[Value], measured: &[Value]) -> String {
    if metrics.is_empty() {
        return "<none>".to_owned();
    }
    let shown: Vec<String> = metrics.iter().take(SHOWN).enumerate().map(|(i, metric)| target(metric, measured.get(i))).collect();
    let shown = shown.join(", ");
    if metrics.len() > SHOWN { format!("{shown} + {} more...", metrics.len() - SHOWN) } else { shown }
}

fn target(metric: &Value, measured: Option<&Value>) -> String {
    let source = match metric.str("type") {
        "External" => "external",
        "Pods" => "pods",
        "Object" => "object",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".to_owned(),
    };
    let wanted = &metric[source]["target"];
    let current = measured.map(|measured| &measured[source]["current"]);
    let quantity = |member: &str| {
        let current = current.map(|current| current.str(member)).filter(|current| !current.is_empty());
        format!("{}/{}", current.unwrap_or("<unknown>"), wanted.str(member))
    };
    let averaged = wanted.has("averageValue");
    match source {
        "external" | "object" if averaged => format!("{} (avg)", quantity("averageValue")),
        "external" | "object" => quantity("value"),
        "pods" => quantity("averageValue"),
        _ => {
            let name = metric[source].str("name");
            if averaged {
                return format!("{name}: {}", quantity("averageValue"));
            }
            let percent = |of: Option<i64>, absent: &str| of.map_or_else(|| absent.to_owned(), |of| format!("{of}%"));
            let current = percent(current.and_then(|current| current.int("averageUtilization")), "<unknown>");
            format!("{name}: {current}/{}", percent(wanted.int("averageUtilization"), "<auto>"))
        }
    }
}

#[cfg(test)]
mod tests;
