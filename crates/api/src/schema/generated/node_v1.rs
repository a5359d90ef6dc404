//! Types of `node_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static NODE_V1_OVERHEAD: Type = Type {
    name: "io.k8s.api.node.v1.Overhead",
    message: "k8s.io.api.node.v1.Overhead",
    gvk: &[],
    fields: &[
        Field { name: "podFixed", shape: Shape::Map(&Shape::Quantity), go: "v1.ResourceList", tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NODE_V1_RUNTIME_CLASS: Type = Type {
    name: "io.k8s.api.node.v1.RuntimeClass",
    message: "k8s.io.api.node.v1.RuntimeClass",
    gvk: &[("node.k8s.io", "v1", "RuntimeClass")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "handler", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "overhead", shape: Shape::Struct(&NODE_V1_OVERHEAD), go: "v1.Overhead", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "scheduling", shape: Shape::Struct(&NODE_V1_SCHEDULING), go: "v1.Scheduling", pointer: true, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NODE_V1_RUNTIME_CLASS_LIST: Type = Type {
    name: "io.k8s.api.node.v1.RuntimeClassList",
    message: "k8s.io.api.node.v1.RuntimeClassList",
    gvk: &[("node.k8s.io", "v1", "RuntimeClassList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&NODE_V1_RUNTIME_CLASS)), go: "[]v1.RuntimeClass", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static NODE_V1_SCHEDULING: Type = Type {
    name: "io.k8s.api.node.v1.Scheduling",
    message: "k8s.io.api.node.v1.Scheduling",
    gvk: &[],
    fields: &[
        Field { name: "nodeSelector", shape: Shape::Map(&Shape::String), go: "map[string]string", map_atomic: true, tag: 1, ..Field::PLAIN },
        Field { name: "tolerations", shape: Shape::List(&Shape::Struct(&CORE_V1_TOLERATION)), go: "[]v1.Toleration", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
