//! Tests of what is measured, shown and kept between the versions.

use super::{HORIZONTAL_POD_AUTOSCALER, HORIZONTAL_POD_AUTOSCALER_V1, targets};
use crate::{Value, json, registry::Form, schema::walker, value::Access};

fn decoded(spec: Value, status: Value) -> Value {
    let body = json!({"metadata": {"name": "h"}, "spec": spec, "status": status});
    let mut object = walker::decode_value(HORIZONTAL_POD_AUTOSCALER.schema, body).unwrap().value;
    HORIZONTAL_POD_AUTOSCALER.hooks.default(&mut object);
    walker::canonical(HORIZONTAL_POD_AUTOSCALER.schema, &mut object);
    object
}

#[test]
fn nothing_is_lost_by_the_older_version() {
    let object = decoded(
        json!({
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
            "maxReplicas": 5,
            "metrics": [
                {"type": "Object", "object": {"describedObject": {"kind": "Ingress", "name": "i"}, "metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "3"}}},
                {"type": "Pods", "pods": {"metric": {"name": "q", "selector": {"matchLabels": {"a": "b"}}}, "target": {"type": "AverageValue", "averageValue": "10"}}},
                {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}}
            ],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60, "tolerance": "50m"}}
        }),
        json!({
            "currentReplicas": 2,
            "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 7, "averageValue": "70m"}}}],
            "conditions": [{"type": "AbleToScale", "status": "True", "reason": "R"}]
        }),
    );
    let (hooks, mut other) = (&HORIZONTAL_POD_AUTOSCALER_V1.hooks, object.clone());
    hooks.convert(&mut other, Form::Served);
    assert_eq!(other["spec"]["targetCPUUtilizationPercentage"], 60);
    assert_eq!(other["status"]["currentCPUUtilizationPercentage"], 7);
    let text = |name: &str| other["metadata"]["annotations"].str(&format!("autoscaling.alpha.kubernetes.io/{name}")).to_owned();
    assert_eq!(
        text("current-metrics"),
        r#"[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":7,"currentAverageValue":"70m"}}]"#
    );
    assert!(text("metrics").starts_with(
        r#"[{"type":"Object","object":{"target":{"kind":"Ingress","name":"i"},"metricName":"rps","targetValue":"0","averageValue":"3"}}"#
    ));
    assert!(text("behavior").ends_with(
        r#""ScaleDown":{"StabilizationWindowSeconds":60,"SelectPolicy":"Max","Policies":[{"Type":"Percent","Value":100,"PeriodSeconds":15}],"Tolerance":"50m"}}"#
    ));
    hooks.convert(&mut other, Form::Stored);
    assert_eq!(other, object);
}

#[test]
fn an_annotation_that_is_no_metric_is_dropped() {
    let mut object = json!({
        "metadata": {"name": "h", "annotations": {"a": "b", "autoscaling.alpha.kubernetes.io/metrics": "[5]", "autoscaling.alpha.kubernetes.io/behavior": "x"}},
        "spec": {"maxReplicas": 2}
    });
    HORIZONTAL_POD_AUTOSCALER_V1.hooks.prepare_create(&mut object);
    assert_eq!(object["metadata"]["annotations"], json!({"a": "b"}));
    assert_eq!(object["spec"]["targetCPUUtilizationPercentage"], 80);
}

#[test]
fn targets_are_shown_beside_what_is_measured() {
    // C11
    let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}});
    let external =
        json!({"type": "External", "external": {"metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "30"}}});
    let measured = json!({"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 5}}});
    assert_eq!(targets(&[], &[]), "<none>");
    assert_eq!(targets(std::slice::from_ref(&cpu), &[]), "cpu: <unknown>/80%");
    assert_eq!(targets(&[cpu.clone(), external, cpu], &[measured]), "cpu: 5%/80%, <unknown>/30 (avg) + 1 more...");
}

#[test]
fn no_policies_are_filled_in_and_an_empty_list_of_them_is_refused() {
    let rules = |rules: Value| {
        let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"});
        let object = decoded(json!({"scaleTargetRef": target, "maxReplicas": 2, "behavior": {"scaleUp": rules}}), json!({}));
        HORIZONTAL_POD_AUTOSCALER.hooks.validate(&object).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(rules(json!({})).is_empty());
    assert!(rules(json!({"policies": null})).is_empty());
    assert_eq!(rules(json!({"policies": []})), ["spec.behavior.scaleUp.policies: Required value: must specify at least one Policy"]);
}

#[test]
fn what_is_scaled_has_a_group_but_for_replication_controllers() {
    let refused = |version: &str, kind: &str| {
        let object = decoded(json!({"scaleTargetRef": {"apiVersion": version, "kind": kind, "name": "x"}, "maxReplicas": 2}), json!({}));
        HORIZONTAL_POD_AUTOSCALER.hooks.validate(&object).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(refused("v1", "ReplicationController").is_empty());
    assert!(refused("apps/v1", "Deployment").is_empty());
    assert_eq!(refused("v1", "Deployment"), ["spec.scaleTargetRef.apiVersion: Invalid value: \"v1\": apiVersion must specify API group"]);
    assert_eq!(
        refused("a/b/c", "ReplicationController"),
        ["spec.scaleTargetRef.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c"]
    );
}
