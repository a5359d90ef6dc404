//! autoscaling/v1, which knows one metric only: what it cannot say of an object in autoscaling/v2 it keeps in annotations.

use super::{HORIZONTAL_POD_AUTOSCALER, HorizontalPodAutoscaler};
use crate::{
    Map, Value,
    field::Errors,
    json,
    registry::{Form, Generation, Hooks, HooksRef, Kind, Part, StoredAs},
    schema::generated::{
        AUTOSCALING_V1_HORIZONTAL_POD_AUTOSCALER, AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER,
        AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER_SPEC as SPEC, AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER_STATUS as STATUS,
    },
    schema::{Type, walker},
    time::Timestamp,
    value::Access,
    wire::go_json,
};

pub static HORIZONTAL_POD_AUTOSCALER_V1: Kind = Kind {
    version: "v1",
    schema: &AUTOSCALING_V1_HORIZONTAL_POD_AUTOSCALER,
    stored_as: Some(StoredAs { group: "autoscaling", version: "v2", schema: &AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER }),
    hooks: HooksRef::Static(&V1),
    ..HORIZONTAL_POD_AUTOSCALER
};

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

/// Members that both versions have alike.
const SPEC_ALIKE: [&str; 3] = ["scaleTargetRef", "minReplicas", "maxReplicas"];
const STATUS_ALIKE: [&str; 4] = ["observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas"];

/// A member of v1, the member of v2 that it is, the one in that, and whether v1 writes `0` when it is absent.
type Member = (&'static str, &'static str, &'static str, bool);

/// What a source of metrics is called, and its members.
type Source = (&'static str, &'static [Member]);

const WANTED: [Source; 5] = [
    (
        "object",
        &[
            ("target", "describedObject", "", false),
            ("metricName", "metric", "name", false),
            ("targetValue", "target", "value", true),
            ("selector", "metric", "selector", false),
            ("averageValue", "target", "averageValue", false),
        ],
    ),
    (
        "pods",
        &[
            ("metricName", "metric", "name", false),
            ("targetAverageValue", "target", "averageValue", true),
            ("selector", "metric", "selector", false),
        ],
    ),
    (
        "resource",
        &[
            ("name", "name", "", false),
            ("targetAverageUtilization", "target", "averageUtilization", false),
            ("targetAverageValue", "target", "averageValue", false),
        ],
    ),
    (
        "containerResource",
        &[
            ("name", "name", "", false),
            ("targetAverageUtilization", "target", "averageUtilization", false),
            ("targetAverageValue", "target", "averageValue", false),
            ("container", "container", "", false),
        ],
    ),
    (
        "external",
        &[
            ("metricName", "metric", "name", false),
            ("metricSelector", "metric", "selector", false),
            ("targetValue", "target", "value", false),
            ("targetAverageValue", "target", "averageValue", false),
        ],
    ),
];

const MEASURED: [Source; 5] = [
    (
        "object",
        &[
            ("target", "describedObject", "", false),
            ("metricName", "metric", "name", false),
            ("currentValue", "current", "value", true),
            ("selector", "metric", "selector", false),
            ("averageValue", "current", "averageValue", false),
        ],
    ),
    (
        "pods",
        &[
            ("metricName", "metric", "name", false),
            ("currentAverageValue", "current", "averageValue", true),
            ("selector", "metric", "selector", false),
        ],
    ),
    (
        "resource",
        &[
            ("name", "name", "", false),
            ("currentAverageUtilization", "current", "averageUtilization", false),
            ("currentAverageValue", "current", "averageValue", true),
        ],
    ),
    (
        "containerResource",
        &[
            ("name", "name", "", false),
            ("currentAverageUtilization", "current", "averageUtilization", false),
            ("currentAverageValue", "current", "averageValue", true),
            ("container", "container", "", false),
        ],
    ),
    (
        "external",
        &[
            ("metricName", "metric", "name", false),
            ("metricSelector", "metric", "selector", false),
            ("currentValue", "current", "value", true),
            ("currentAverageValue", "current", "averageValue", false),
        ],
    ),
];

/// Members of behavior in the annotation, which upstream writes as its own types are spelt.
const RULES: [(&str, &str); 4] = [
    ("StabilizationWindowSeconds", "stabilizationWindowSeconds"),
    ("SelectPolicy", "selectPolicy"),
    ("Policies", "policies"),
    ("Tolerance", "tolerance"),
];
const POLICY: [(&str, &str); 3] = [("Type", "type"), ("Value", "value"), ("PeriodSeconds", "periodSeconds")];
const DIRECTIONS: [(&str, &str); 2] = [("ScaleUp", "scaleUp"), ("ScaleDown", "scaleDown")];

#[derive(Debug)]
struct V1;

impl Hooks for V1 {
    fn default(&self, object: &mut Value) {
        object["spec"].default_to("minReplicas", 1);
    }

    // That nothing is measured is only known once annotations are read, so that is when the default is filled in.
    fn prepare_create(&self, object: &mut Value) {
        let mut newer = newer(object);
        HorizontalPodAutoscaler.default(&mut newer);
        HorizontalPodAutoscaler.prepare_create(&mut newer);
        *object = older(&newer);
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        let mut changed = newer(object);
        HorizontalPodAutoscaler.default(&mut changed);
        let generation = HorizontalPodAutoscaler.prepare_update(part, &mut changed, &newer(old));
        *object = older(&changed);
        generation
    }

    fn validate(&self, object: &Value) -> Errors {
        HorizontalPodAutoscaler.validate(&newer(object))
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        HorizontalPodAutoscaler.validate_update(part, &newer(object), &newer(old))
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        HorizontalPodAutoscaler.cells(&newer(object), now)
    }

    fn convert(&self, object: &mut Value, to: Form) {
        *object = match to {
            Form::Stored => newer(object),
            Form::Served => older(object),
        };
    }
}

/// An object of v1 in v2.
fn newer(object: &Value) -> Value {
    let mut new = object.clone();
    let mut annotations = object["metadata"].map("annotations").cloned().unwrap_or_default();
    let mut taken = |key: &str| annotations.shift_remove(key).and_then(|text| serde_json::from_str::<Value>(text.as_str()?).ok());
    let (metrics, measured, conditions, behavior) = (taken(METRICS), taken(CURRENT_METRICS), taken(CONDITIONS), taken(BEHAVIOR));
    set_annotations(&mut new, annotations);

    let mut spec = alike(&object["spec"], &SPEC_ALIKE);
    let mut wanted = metrics.and_then(|metrics| listed(&metrics, &WANTED)).and_then(|list| fitting(&SPEC, "metrics", list));
    if let Some(percent) = object["spec"].int("targetCPUUtilizationPercentage") {
        let cpu =
            json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}}});
        match wanted.as_mut().and_then(Value::as_array_mut) {
            Some(wanted) => wanted.push(cpu),
            None => wanted = Some(json!([cpu])),
        }
    }
    spec.extend(wanted.map(|wanted| ("metrics".to_owned(), wanted)));
    let behavior = behavior.and_then(|behavior| fitting(&SPEC, "behavior", spelt_as_fields(&behavior)));
    spec.extend(behavior.map(|behavior| ("behavior".to_owned(), behavior)));

    let mut status = alike(&object["status"], &STATUS_ALIKE);
    let cpu = object["status"].int("currentCPUUtilizationPercentage");
    let cpu = cpu.map(|percent| json!([{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": percent}}}]));
    let measured = measured.and_then(|list| listed(&list, &MEASURED)).and_then(|list| fitting(&STATUS, "currentMetrics", list)).or(cpu);
    status.extend(measured.map(|measured| ("currentMetrics".to_owned(), measured)));
    let conditions = conditions.and_then(|conditions| fitting(&STATUS, "conditions", conditions));
    status.extend(conditions.map(|conditions| ("conditions".to_owned(), conditions)));

    new["spec"] = spec.into();
    new["status"] = status.into();
    walker::canonical(&AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER, &mut new);
    new
}

/// An object of v2 in v1.
fn older(object: &Value) -> Value {
    let mut old = object.clone();
    let mut annotations = object["metadata"].map("annotations").cloned().unwrap_or_default();
    for key in [METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR] {
        annotations.shift_remove(key);
    }
    let mut keep = |key: &str, value: &Value| {
        annotations.insert(key.to_owned(), String::from_utf8_lossy(&go_json::encode(value)).into_owned().into());
    };

    let (metrics, measured) = (object["spec"].items("metrics"), object["status"].items("currentMetrics"));
    let is_cpu = |metric: &&Value| metric.str("type") == "Resource" && metric["resource"].str("name") == "cpu";
    let shown = |metric: &&Value| is_cpu(metric) && metric["resource"]["target"].has("averageUtilization");
    let others: Vec<Value> = metrics.iter().filter(|metric| !shown(metric)).map(|metric| flat(metric, &WANTED)).collect();
    if !others.is_empty() {
        keep(METRICS, &others.into());
    }
    if !measured.is_empty() {
        keep(CURRENT_METRICS, &measured.iter().map(|metric| flat(metric, &MEASURED)).collect());
    }
    if !object["status"].items("conditions").is_empty() {
        keep(CONDITIONS, &object["status"]["conditions"]);
    }
    if object["spec"].has("behavior") {
        keep(BEHAVIOR, &spelt_as_types(&object["spec"]["behavior"]));
    }
    set_annotations(&mut old, annotations);

    let mut spec = alike(&object["spec"], &SPEC_ALIKE);
    let percent = metrics.iter().find(is_cpu).and_then(|cpu| cpu["resource"]["target"].int("averageUtilization"));
    spec.extend(percent.map(|percent| ("targetCPUUtilizationPercentage".to_owned(), percent.into())));
    let mut status = alike(&object["status"], &STATUS_ALIKE);
    let percent = measured.iter().filter(is_cpu).filter_map(|cpu| cpu["resource"]["current"].int("averageUtilization")).next_back();
    status.extend(percent.map(|percent| ("currentCPUUtilizationPercentage".to_owned(), percent.into())));
    old["spec"] = spec.into();
    old["status"] = status.into();
    walker::canonical(&AUTOSCALING_V1_HORIZONTAL_POD_AUTOSCALER, &mut old);
    old
}

fn set_annotations(object: &mut Value, annotations: Map<String, Value>) {
    if !annotations.is_empty() {
        object["metadata"]["annotations"] = annotations.into();
    } else if object["metadata"].has("annotations") {
        object["metadata"].drop("annotations");
    }
}

fn alike(part: &Value, members: &[&str]) -> Map<String, Value> {
    members.iter().filter(|member| part.has(member)).map(|member| ((*member).to_owned(), part[*member].clone())).collect()
}

/// A member read as that type has it; `None`: somebody wrote an annotation that is none of ours.
fn fitting(ty: &'static Type, member: &str, value: Value) -> Option<Value> {
    let mut whole = walker::decode_value(ty, json!({ member: value })).ok()?.value;
    whole.drop(member)
}

/// Metrics of v1 in v2; `None`: they are not metrics.
fn listed(metrics: &Value, sources: &[Source]) -> Option<Value> {
    metrics.as_array()?.iter().map(|metric| nested(metric, sources)).collect::<Option<Vec<_>>>().map(Into::into)
}

fn nested(metric: &Value, sources: &[Source]) -> Option<Value> {
    let mut new = json!({"type": metric.as_object()?.get("type").cloned().unwrap_or_default()});
    for (source, members) in sources.iter().filter(|(source, _)| metric.has(source)) {
        let (from, mut into) = (metric[*source].as_object()?, json!({}));
        for (flat, member, inner, zero) in *members {
            let Some(value) = from.get(*flat).filter(|value| !value.is_null()) else { continue };
            let averaged = *flat == "targetValue" && from.contains_key("averageValue");
            if *zero && value == "0" && (averaged || flat.starts_with("current")) {
                continue;
            }
            if inner.is_empty() {
                into[*member] = value.clone();
            } else {
                into[*member][*inner] = value.clone();
            }
        }
        if into.get("target").is_some() {
            let share = matches!(*source, "resource" | "containerResource");
            let averaged = *source == "pods" || into["target"].has("averageValue");
            let ty = if averaged {
                "AverageValue"
            } else if share {
                "Utilization"
            } else {
                "Value"
            };
            into["target"]["type"] = ty.into();
        }
        new[*source] = into;
    }
    Some(new)
}

/// A metric of v2 in v1.
fn flat(metric: &Value, sources: &[Source]) -> Value {
    let mut old = json!({"type": metric.str("type")});
    for (source, members) in sources.iter().filter(|(source, _)| metric.has(source)) {
        let mut into = Map::new();
        for (flat, member, inner, zero) in *members {
            let found = metric[*source].get(member);
            let found = if inner.is_empty() { found } else { found.and_then(|found| found.get(inner)) };
            match found.filter(|found| !found.is_null()) {
                Some(found) => {
                    into.insert((*flat).to_owned(), found.clone());
                }
                None if *zero => {
                    into.insert((*flat).to_owned(), "0".into());
                }
                None => {}
            }
        }
        old[*source] = into.into();
    }
    old
}

fn spelt_as_types(behavior: &Value) -> Value {
    let spelt = |of: &Value, members: &[(&str, &str)]| -> Map<String, Value> {
        members.iter().map(|(ours, field)| ((*ours).to_owned(), of.get(field).cloned().unwrap_or_default())).collect()
    };
    let mut whole = spelt(behavior, &DIRECTIONS);
    for rules in whole.values_mut().filter(|rules| rules.is_object()) {
        let policies: Vec<Value> = rules.items("policies").iter().map(|policy| spelt(policy, &POLICY).into()).collect();
        *rules = spelt(rules, &RULES).into();
        rules["Policies"] = policies.into();
    }
    whole.into()
}

/// Go reads members whatever their case.
fn spelt_as_fields(behavior: &Value) -> Value {
    match behavior {
        Value::Object(members) => {
            let known = || DIRECTIONS.iter().chain(&RULES).chain(&POLICY);
            let field = |name: &str| known().find(|(ours, _)| ours.eq_ignore_ascii_case(name)).map_or(name, |(_, field)| *field).to_owned();
            members
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (field(name), spelt_as_fields(value)))
                .collect::<Map<_, _>>()
                .into()
        }
        Value::Array(items) => items.iter().map(spelt_as_fields).collect(),
        other => other.clone(),
    }
}
