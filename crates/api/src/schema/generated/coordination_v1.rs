//! Types of `coordination_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static COORDINATION_V1_LEASE: Type = Type {
    name: "io.k8s.api.coordination.v1.Lease",
    message: "k8s.io.api.coordination.v1.Lease",
    gvk: &[("coordination.k8s.io", "v1", "Lease")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&COORDINATION_V1_LEASE_SPEC), go: "v1.LeaseSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static COORDINATION_V1_LEASE_LIST: Type = Type {
    name: "io.k8s.api.coordination.v1.LeaseList",
    message: "k8s.io.api.coordination.v1.LeaseList",
    gvk: &[("coordination.k8s.io", "v1", "LeaseList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&COORDINATION_V1_LEASE)), go: "[]v1.Lease", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static COORDINATION_V1_LEASE_SPEC: Type = Type {
    name: "io.k8s.api.coordination.v1.LeaseSpec",
    message: "k8s.io.api.coordination.v1.LeaseSpec",
    gvk: &[],
    fields: &[
        Field { name: "holderIdentity", shape: Shape::String, go: "string", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "leaseDurationSeconds", shape: Shape::Int32, go: "int32", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "acquireTime", shape: Shape::MicroTime, go: "v1.MicroTime", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "renewTime", shape: Shape::MicroTime, go: "v1.MicroTime", pointer: true, tag: 4, ..Field::PLAIN },
        Field { name: "leaseTransitions", shape: Shape::Int32, go: "int32", pointer: true, tag: 5, ..Field::PLAIN },
        Field { name: "strategy", shape: Shape::String, go: "v1.CoordinatedLeaseStrategy", pointer: true, tag: 6, ..Field::PLAIN },
        Field { name: "preferredHolder", shape: Shape::String, go: "string", pointer: true, tag: 7, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
