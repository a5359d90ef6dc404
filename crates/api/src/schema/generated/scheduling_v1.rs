//! Types of `scheduling_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static SCHEDULING_V1_PRIORITY_CLASS: Type = Type {
    name: "io.k8s.api.scheduling.v1.PriorityClass",
    message: "k8s.io.api.scheduling.v1.PriorityClass",
    gvk: &[("scheduling.k8s.io", "v1", "PriorityClass")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "value", shape: Shape::Int32, go: "int32", omit: Omit::Never, default: Some("0"), tag: 2, ..Field::PLAIN },
        Field { name: "globalDefault", shape: Shape::Bool, go: "bool", tag: 3, ..Field::PLAIN },
        Field { name: "description", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "preemptionPolicy", shape: Shape::String, go: "v1.PreemptionPolicy", pointer: true, enum_values: &["Never", "PreemptLowerPriority"], tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static SCHEDULING_V1_PRIORITY_CLASS_LIST: Type = Type {
    name: "io.k8s.api.scheduling.v1.PriorityClassList",
    message: "k8s.io.api.scheduling.v1.PriorityClassList",
    gvk: &[("scheduling.k8s.io", "v1", "PriorityClassList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&SCHEDULING_V1_PRIORITY_CLASS)), go: "[]v1.PriorityClass", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
