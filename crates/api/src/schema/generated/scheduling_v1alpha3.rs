//! Types of `scheduling_v1alpha3`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static SCHEDULING_V1ALPHA3_TOPOLOGY_CONSTRAINT: Type = Type {
    name: "io.k8s.api.scheduling.v1alpha3.TopologyConstraint",
    message: "k8s.io.api.scheduling.v1alpha3.TopologyConstraint",
    gvk: &[],
    fields: &[
        Field { name: "key", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_ALL_DISRUPTION_MODE: Type = Type {
    name: "io.k8s.api.scheduling.v1alpha3.WorkloadPodGroupAllDisruptionMode",
    message: "k8s.io.api.scheduling.v1alpha3.WorkloadPodGroupAllDisruptionMode",
    gvk: &[],
    fields: &[
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_BASIC_SCHEDULING_POLICY: Type = Type {
    name: "io.k8s.api.scheduling.v1alpha3.WorkloadPodGroupBasicSchedulingPolicy",
    message: "k8s.io.api.scheduling.v1alpha3.WorkloadPodGroupBasicSchedulingPolicy",
    gvk: &[],
    fields: &[
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_DISRUPTION_MODE: Type = Type {
    name: "io.k8s.api.scheduling.v1alpha3.WorkloadPodGroupDisruptionMode",
    message: "k8s.io.api.scheduling.v1alpha3.WorkloadPodGroupDisruptionMode",
    gvk: &[],
    fields: &[
        Field { name: "single", shape: Shape::Struct(&SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_SINGLE_DISRUPTION_MODE), go: "v1alpha3.WorkloadPodGroupSingleDisruptionMode", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "all", shape: Shape::Struct(&SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_ALL_DISRUPTION_MODE), go: "v1alpha3.WorkloadPodGroupAllDisruptionMode", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_GANG_SCHEDULING_POLICY: Type = Type {
    name: "io.k8s.api.scheduling.v1alpha3.WorkloadPodGroupGangSchedulingPolicy",
    message: "k8s.io.api.scheduling.v1alpha3.WorkloadPodGroupGangSchedulingPolicy",
    gvk: &[],
    fields: &[
        Field { name: "minCount", shape: Shape::Int32, go: "int32", pointer: true, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_RESOURCE_CLAIM: Type = Type {
    name: "io.k8s.api.scheduling.v1alpha3.WorkloadPodGroupResourceClaim",
    message: "k8s.io.api.scheduling.v1alpha3.WorkloadPodGroupResourceClaim",
    gvk: &[],
    fields: &[
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "resourceClaimName", shape: Shape::String, go: "string", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "resourceClaimTemplateName", shape: Shape::String, go: "string", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_SCHEDULING_CONSTRAINTS: Type = Type {
    name: "io.k8s.api.scheduling.v1alpha3.WorkloadPodGroupSchedulingConstraints",
    message: "k8s.io.api.scheduling.v1alpha3.WorkloadPodGroupSchedulingConstraints",
    gvk: &[],
    fields: &[
        Field { name: "topology", shape: Shape::List(&Shape::Struct(&SCHEDULING_V1ALPHA3_TOPOLOGY_CONSTRAINT)), go: "[]v1alpha3.TopologyConstraint", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_SCHEDULING_POLICY: Type = Type {
    name: "io.k8s.api.scheduling.v1alpha3.WorkloadPodGroupSchedulingPolicy",
    message: "k8s.io.api.scheduling.v1alpha3.WorkloadPodGroupSchedulingPolicy",
    gvk: &[],
    fields: &[
        Field { name: "basic", shape: Shape::Struct(&SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_BASIC_SCHEDULING_POLICY), go: "v1alpha3.WorkloadPodGroupBasicSchedulingPolicy", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "gang", shape: Shape::Struct(&SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_GANG_SCHEDULING_POLICY), go: "v1alpha3.WorkloadPodGroupGangSchedulingPolicy", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static SCHEDULING_V1ALPHA3_WORKLOAD_POD_GROUP_SINGLE_DISRUPTION_MODE: Type = Type {
    name: "io.k8s.api.scheduling.v1alpha3.WorkloadPodGroupSingleDisruptionMode",
    message: "k8s.io.api.scheduling.v1alpha3.WorkloadPodGroupSingleDisruptionMode",
    gvk: &[],
    fields: &[
    ],
    embedded: &[],
    atomic: false,
};
