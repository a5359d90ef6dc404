//! Types of `policy_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static POLICY_V1_EVICTION: Type = Type {
    name: "io.k8s.api.policy.v1.Eviction",
    message: "k8s.io.api.policy.v1.Eviction",
    gvk: &[("policy", "v1", "Eviction")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "deleteOptions", shape: Shape::Struct(&META_V1_DELETE_OPTIONS), go: "v1.DeleteOptions", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static POLICY_V1_POD_DISRUPTION_BUDGET: Type = Type {
    name: "io.k8s.api.policy.v1.PodDisruptionBudget",
    message: "k8s.io.api.policy.v1.PodDisruptionBudget",
    gvk: &[("policy", "v1", "PodDisruptionBudget")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&POLICY_V1_POD_DISRUPTION_BUDGET_SPEC), go: "v1.PodDisruptionBudgetSpec", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&POLICY_V1_POD_DISRUPTION_BUDGET_STATUS), go: "v1.PodDisruptionBudgetStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static POLICY_V1_POD_DISRUPTION_BUDGET_LIST: Type = Type {
    name: "io.k8s.api.policy.v1.PodDisruptionBudgetList",
    message: "k8s.io.api.policy.v1.PodDisruptionBudgetList",
    gvk: &[("policy", "v1", "PodDisruptionBudgetList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&POLICY_V1_POD_DISRUPTION_BUDGET)), go: "[]v1.PodDisruptionBudget", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static POLICY_V1_POD_DISRUPTION_BUDGET_SPEC: Type = Type {
    name: "io.k8s.api.policy.v1.PodDisruptionBudgetSpec",
    message: "k8s.io.api.policy.v1.PodDisruptionBudgetSpec",
    gvk: &[],
    fields: &[
        Field { name: "minAvailable", shape: Shape::IntOrString, go: "intstr.IntOrString", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "selector", shape: Shape::Struct(&META_V1_LABEL_SELECTOR), go: "v1.LabelSelector", pointer: true, patch: PatchStrategy { merge: false, retain_keys: false, merge_key: "" }, tag: 2, ..Field::PLAIN },
        Field { name: "maxUnavailable", shape: Shape::IntOrString, go: "intstr.IntOrString", pointer: true, tag: 3, ..Field::PLAIN },
        Field { name: "unhealthyPodEvictionPolicy", shape: Shape::String, go: "v1.UnhealthyPodEvictionPolicyType", pointer: true, enum_values: &["AlwaysAllow", "IfHealthyBudget"], tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static POLICY_V1_POD_DISRUPTION_BUDGET_STATUS: Type = Type {
    name: "io.k8s.api.policy.v1.PodDisruptionBudgetStatus",
    message: "k8s.io.api.policy.v1.PodDisruptionBudgetStatus",
    gvk: &[],
    fields: &[
        Field { name: "observedGeneration", shape: Shape::Int64, go: "int64", tag: 1, ..Field::PLAIN },
        Field { name: "disruptedPods", shape: Shape::Map(&Shape::Time), go: "map[string]v1.Time", tag: 2, ..Field::PLAIN },
        Field { name: "disruptionsAllowed", shape: Shape::Int32, go: "int32", omit: Omit::Never, default: Some("0"), tag: 3, ..Field::PLAIN },
        Field { name: "currentHealthy", shape: Shape::Int32, go: "int32", omit: Omit::Never, default: Some("0"), tag: 4, ..Field::PLAIN },
        Field { name: "desiredHealthy", shape: Shape::Int32, go: "int32", omit: Omit::Never, default: Some("0"), tag: 5, ..Field::PLAIN },
        Field { name: "expectedPods", shape: Shape::Int32, go: "int32", omit: Omit::Never, default: Some("0"), tag: 6, ..Field::PLAIN },
        Field { name: "conditions", shape: Shape::List(&Shape::Struct(&META_V1_CONDITION)), go: "[]v1.Condition", list: ListType::Map(&["type"]), patch: PatchStrategy { merge: true, retain_keys: false, merge_key: "type" }, tag: 7, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
