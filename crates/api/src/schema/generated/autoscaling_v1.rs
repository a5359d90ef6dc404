//! Types of `autoscaling_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static AUTOSCALING_V1_CROSS_VERSION_OBJECT_REFERENCE: Type = Type {
    name: "io.k8s.api.autoscaling.v1.CrossVersionObjectReference",
    message: "k8s.io.api.autoscaling.v1.CrossVersionObjectReference",
    gvk: &[],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static AUTOSCALING_V1_HORIZONTAL_POD_AUTOSCALER: Type = Type {
    name: "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler",
    message: "k8s.io.api.autoscaling.v1.HorizontalPodAutoscaler",
    gvk: &[("autoscaling", "v1", "HorizontalPodAutoscaler")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&AUTOSCALING_V1_HORIZONTAL_POD_AUTOSCALER_SPEC), go: "v1.HorizontalPodAutoscalerSpec", required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&AUTOSCALING_V1_HORIZONTAL_POD_AUTOSCALER_STATUS), go: "v1.HorizontalPodAutoscalerStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V1_HORIZONTAL_POD_AUTOSCALER_LIST: Type = Type {
    name: "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerList",
    message: "k8s.io.api.autoscaling.v1.HorizontalPodAutoscalerList",
    gvk: &[("autoscaling", "v1", "HorizontalPodAutoscalerList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&AUTOSCALING_V1_HORIZONTAL_POD_AUTOSCALER)), go: "[]v1.HorizontalPodAutoscaler", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V1_HORIZONTAL_POD_AUTOSCALER_SPEC: Type = Type {
    name: "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec",
    message: "k8s.io.api.autoscaling.v1.HorizontalPodAutoscalerSpec",
    gvk: &[],
    fields: &[
        Field { name: "scaleTargetRef", shape: Shape::Struct(&AUTOSCALING_V1_CROSS_VERSION_OBJECT_REFERENCE), go: "v1.CrossVersionObjectReference", omit: Omit::Never, required: true, default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "minReplicas", shape: Shape::Int32, go: "int32", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "maxReplicas", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 3, ..Field::PLAIN },
        Field { name: "targetCPUUtilizationPercentage", shape: Shape::Int32, go: "int32", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V1_HORIZONTAL_POD_AUTOSCALER_STATUS: Type = Type {
    name: "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus",
    message: "k8s.io.api.autoscaling.v1.HorizontalPodAutoscalerStatus",
    gvk: &[],
    fields: &[
        Field { name: "observedGeneration", shape: Shape::Int64, go: "int64", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "lastScaleTime", shape: Shape::Time, go: "v1.Time", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "currentReplicas", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 3, ..Field::PLAIN },
        Field { name: "desiredReplicas", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 4, ..Field::PLAIN },
        Field { name: "currentCPUUtilizationPercentage", shape: Shape::Int32, go: "int32", pointer: true, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V1_SCALE: Type = Type {
    name: "io.k8s.api.autoscaling.v1.Scale",
    message: "k8s.io.api.autoscaling.v1.Scale",
    gvk: &[("autoscaling", "v1", "Scale")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&AUTOSCALING_V1_SCALE_SPEC), go: "v1.ScaleSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&AUTOSCALING_V1_SCALE_STATUS), go: "v1.ScaleStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V1_SCALE_SPEC: Type = Type {
    name: "io.k8s.api.autoscaling.v1.ScaleSpec",
    message: "k8s.io.api.autoscaling.v1.ScaleSpec",
    gvk: &[],
    fields: &[
        Field { name: "replicas", shape: Shape::Int32, go: "int32", default: Some("0"), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTOSCALING_V1_SCALE_STATUS: Type = Type {
    name: "io.k8s.api.autoscaling.v1.ScaleStatus",
    message: "k8s.io.api.autoscaling.v1.ScaleStatus",
    gvk: &[],
    fields: &[
        Field { name: "replicas", shape: Shape::Int32, go: "int32", omit: Omit::Never, required: true, default: Some("0"), tag: 1, ..Field::PLAIN },
        Field { name: "selector", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
