//! Types of `autoscaling_v2`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static AUTOSCALING_V2_CONTAINER_RESOURCE_METRIC_SOURCE: Type = Type {
    name: "io.k8s.api.autoscaling.v2.ContainerResourceMetricSource",
    message: "k8s.io.api.autoscaling.v2.ContainerResourceMetricSource",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "v1.ResourceName", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "target", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_TARGET), go: "v2.MetricTarget", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "container", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_CONTAINER_RESOURCE_METRIC_STATUS: Type = Type {
    name: "io.k8s.api.autoscaling.v2.ContainerResourceMetricStatus",
    message: "k8s.io.api.autoscaling.v2.ContainerResourceMetricStatus",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "v1.ResourceName", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "current", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_VALUE_STATUS), go: "v2.MetricValueStatus", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "container", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_CROSS_VERSION_OBJECT_REFERENCE: Type = Type {
    name: "io.k8s.api.autoscaling.v2.CrossVersionObjectReference",
    message: "k8s.io.api.autoscaling.v2.CrossVersionObjectReference",
    gvk: &[],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_EXTERNAL_METRIC_SOURCE: Type = Type {
    name: "io.k8s.api.autoscaling.v2.ExternalMetricSource",
    message: "k8s.io.api.autoscaling.v2.ExternalMetricSource",
    gvk: &[],
    fields: &[
        Field { name: "metric", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_IDENTIFIER), go: "v2.MetricIdentifier", omit: Omit::Never, required: true, default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "target", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_TARGET), go: "v2.MetricTarget", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_EXTERNAL_METRIC_STATUS: Type = Type {
    name: "io.k8s.api.autoscaling.v2.ExternalMetricStatus",
    message: "k8s.io.api.autoscaling.v2.ExternalMetricStatus",
    gvk: &[],
    fields: &[
        Field { name: "metric", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_IDENTIFIER), go: "v2.MetricIdentifier", omit: Omit::Never, required: true, default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "current", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_VALUE_STATUS), go: "v2.MetricValueStatus", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_HPA_SCALING_POLICY: Type = Type {
    name: "io.k8s.api.autoscaling.v2.HPAScalingPolicy",
    message: "k8s.io.api.autoscaling.v2.HPAScalingPolicy",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v2.HPAScalingPolicyType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "value", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 2, ..Field::PLAIN },
        Field { name: "periodSeconds", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_HPA_SCALING_RULES: Type = Type {
    name: "io.k8s.api.autoscaling.v2.HPAScalingRules",
    message: "k8s.io.api.autoscaling.v2.HPAScalingRules",
    gvk: &[],
    fields: &[
        Field { name: "stabilizationWindowSeconds", shape: Shape::Int32, go: "int32", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "selectPolicy", shape: Shape::String, go: "v2.ScalingPolicySelect", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "policies", shape: Shape::List(&Shape::Struct(&AUTOSCALING_V2_HPA_SCALING_POLICY)), go: "[]v2.HPAScalingPolicy", pointer: true, list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "tolerance", shape: Shape::Quantity, go: "resource.Quantity", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER: Type = Type {
    name: "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
    message: "k8s.io.api.autoscaling.v2.HorizontalPodAutoscaler",
    gvk: &[("autoscaling", "v2", "HorizontalPodAutoscaler")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER_SPEC), go: "v2.HorizontalPodAutoscalerSpec", required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER_STATUS), go: "v2.HorizontalPodAutoscalerStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER_BEHAVIOR: Type = Type {
    name: "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior",
    message: "k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerBehavior",
    gvk: &[],
    fields: &[
        Field { name: "scaleUp", shape: Shape::Struct(&AUTOSCALING_V2_HPA_SCALING_RULES), go: "v2.HPAScalingRules", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "scaleDown", shape: Shape::Struct(&AUTOSCALING_V2_HPA_SCALING_RULES), go: "v2.HPAScalingRules", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER_CONDITION: Type = Type {
    name: "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerCondition",
    message: "k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerCondition",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v2.HorizontalPodAutoscalerConditionType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::String, go: "v1.ConditionStatus", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "lastTransitionTime", shape: Shape::Time, go: "v1.Time", tag: 3, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "message", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "observedGeneration", shape: Shape::Int64, go: "int64", pointer: true, tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER_LIST: Type = Type {
    name: "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerList",
    message: "k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerList",
    gvk: &[("autoscaling", "v2", "HorizontalPodAutoscalerList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER)), go: "[]v2.HorizontalPodAutoscaler", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER_SPEC: Type = Type {
    name: "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec",
    message: "k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerSpec",
    gvk: &[],
    fields: &[
        Field { name: "scaleTargetRef", shape: Shape::Struct(&AUTOSCALING_V2_CROSS_VERSION_OBJECT_REFERENCE), go: "v2.CrossVersionObjectReference", omit: Omit::Never, required: true, default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "minReplicas", shape: Shape::Int32, go: "int32", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "maxReplicas", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 3, ..Field::PLAIN },
        Field { name: "metrics", shape: Shape::List(&Shape::Struct(&AUTOSCALING_V2_METRIC_SPEC)), go: "[]v2.MetricSpec", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
        Field { name: "behavior", shape: Shape::Struct(&AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER_BEHAVIOR), go: "v2.HorizontalPodAutoscalerBehavior", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER_STATUS: Type = Type {
    name: "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus",
    message: "k8s.io.api.autoscaling.v2.HorizontalPodAutoscalerStatus",
    gvk: &[],
    fields: &[
        Field { name: "observedGeneration", shape: Shape::Int64, go: "int64", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "lastScaleTime", shape: Shape::Time, go: "v1.Time", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "currentReplicas", shape: Shape::Int32, go: "int32", tag: 3, ..Field::PLAIN },
        Field { name: "desiredReplicas", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 4, ..Field::PLAIN },
        Field { name: "currentMetrics", shape: Shape::List(&Shape::Struct(&AUTOSCALING_V2_METRIC_STATUS)), go: "[]v2.MetricStatus", omit: Omit::Never, list: ListType::Atomic, tag: 5, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&AUTOSCALING_V2_HORIZONTAL_POD_AUTOSCALER_CONDITION)), go: "[]v2.HorizontalPodAutoscalerCondition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_METRIC_IDENTIFIER: Type = Type {
    name: "io.k8s.api.autoscaling.v2.MetricIdentifier",
    message: "k8s.io.api.autoscaling.v2.MetricIdentifier",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "selector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_METRIC_SPEC: Type = Type {
    name: "io.k8s.api.autoscaling.v2.MetricSpec",
    message: "k8s.io.api.autoscaling.v2.MetricSpec",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v2.MetricSourceType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "object", shape: Shape::Struct(&AUTOSCALING_V2_OBJECT_METRIC_SOURCE), go: "v2.ObjectMetricSource", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "pods", shape: Shape::Struct(&AUTOSCALING_V2_PODS_METRIC_SOURCE), go: "v2.PodsMetricSource", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "resource", shape: Shape::Struct(&AUTOSCALING_V2_RESOURCE_METRIC_SOURCE), go: "v2.ResourceMetricSource", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "containerResource", shape: Shape::Struct(&AUTOSCALING_V2_CONTAINER_RESOURCE_METRIC_SOURCE), go: "v2.ContainerResourceMetricSource", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "external", shape: Shape::Struct(&AUTOSCALING_V2_EXTERNAL_METRIC_SOURCE), go: "v2.ExternalMetricSource", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_METRIC_STATUS: Type = Type {
    name: "io.k8s.api.autoscaling.v2.MetricStatus",
    message: "k8s.io.api.autoscaling.v2.MetricStatus",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v2.MetricSourceType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "object", shape: Shape::Struct(&AUTOSCALING_V2_OBJECT_METRIC_STATUS), go: "v2.ObjectMetricStatus", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "pods", shape: Shape::Struct(&AUTOSCALING_V2_PODS_METRIC_STATUS), go: "v2.PodsMetricStatus", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "resource", shape: Shape::Struct(&AUTOSCALING_V2_RESOURCE_METRIC_STATUS), go: "v2.ResourceMetricStatus", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "containerResource", shape: Shape::Struct(&AUTOSCALING_V2_CONTAINER_RESOURCE_METRIC_STATUS), go: "v2.ContainerResourceMetricStatus", pointer: true, tag: 7, ..Field::PLAIN },
        Field { name: "external", shape: Shape::Struct(&AUTOSCALING_V2_EXTERNAL_METRIC_STATUS), go: "v2.ExternalMetricStatus", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_METRIC_TARGET: Type = Type {
    name: "io.k8s.api.autoscaling.v2.MetricTarget",
    message: "k8s.io.api.autoscaling.v2.MetricTarget",
    gvk: &[],
    fields: &[
        Field { name: "type", shape: Shape::String, go: "v2.MetricTargetType", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "value", shape: Shape::Quantity, go: "resource.Quantity", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "averageValue", shape: Shape::Quantity, go: "resource.Quantity", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "averageUtilization", shape: Shape::Int32, go: "int32", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_METRIC_VALUE_STATUS: Type = Type {
    name: "io.k8s.api.autoscaling.v2.MetricValueStatus",
    message: "k8s.io.api.autoscaling.v2.MetricValueStatus",
    gvk: &[],
    fields: &[
        Field { name: "value", shape: Shape::Quantity, go: "resource.Quantity", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "averageValue", shape: Shape::Quantity, go: "resource.Quantity", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "averageUtilization", shape: Shape::Int32, go: "int32", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_OBJECT_METRIC_SOURCE: Type = Type {
    name: "io.k8s.api.autoscaling.v2.ObjectMetricSource",
    message: "k8s.io.api.autoscaling.v2.ObjectMetricSource",
    gvk: &[],
    fields: &[
        Field { name: "describedObject", shape: Shape::Struct(&AUTOSCALING_V2_CROSS_VERSION_OBJECT_REFERENCE), go: "v2.CrossVersionObjectReference", omit: Omit::Never, required: true, default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "target", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_TARGET), go: "v2.MetricTarget", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "metric", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_IDENTIFIER), go: "v2.MetricIdentifier", omit: Omit::Never, required: true, default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_OBJECT_METRIC_STATUS: Type = Type {
    name: "io.k8s.api.autoscaling.v2.ObjectMetricStatus",
    message: "k8s.io.api.autoscaling.v2.ObjectMetricStatus",
    gvk: &[],
    fields: &[
        Field { name: "metric", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_IDENTIFIER), go: "v2.MetricIdentifier", omit: Omit::Never, required: true, default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "current", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_VALUE_STATUS), go: "v2.MetricValueStatus", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "describedObject", shape: Shape::Struct(&AUTOSCALING_V2_CROSS_VERSION_OBJECT_REFERENCE), go: "v2.CrossVersionObjectReference", omit: Omit::Never, required: true, default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_PODS_METRIC_SOURCE: Type = Type {
    name: "io.k8s.api.autoscaling.v2.PodsMetricSource",
    message: "k8s.io.api.autoscaling.v2.PodsMetricSource",
    gvk: &[],
    fields: &[
        Field { name: "metric", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_IDENTIFIER), go: "v2.MetricIdentifier", omit: Omit::Never, required: true, default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "target", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_TARGET), go: "v2.MetricTarget", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_PODS_METRIC_STATUS: Type = Type {
    name: "io.k8s.api.autoscaling.v2.PodsMetricStatus",
    message: "k8s.io.api.autoscaling.v2.PodsMetricStatus",
    gvk: &[],
    fields: &[
        Field { name: "metric", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_IDENTIFIER), go: "v2.MetricIdentifier", omit: Omit::Never, required: true, default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "current", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_VALUE_STATUS), go: "v2.MetricValueStatus", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_RESOURCE_METRIC_SOURCE: Type = Type {
    name: "io.k8s.api.autoscaling.v2.ResourceMetricSource",
    message: "k8s.io.api.autoscaling.v2.ResourceMetricSource",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "v1.ResourceName", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "target", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_TARGET), go: "v2.MetricTarget", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V2_RESOURCE_METRIC_STATUS: Type = Type {
    name: "io.k8s.api.autoscaling.v2.ResourceMetricStatus",
    message: "k8s.io.api.autoscaling.v2.ResourceMetricStatus",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "v1.ResourceName", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "current", shape: Shape::Struct(&AUTOSCALING_V2_METRIC_VALUE_STATUS), go: "v2.MetricValueStatus", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
