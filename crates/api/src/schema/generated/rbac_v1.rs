//! Types of `rbac_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static RBAC_V1_AGGREGATION_RULE: Type = Type {
    name: "io.k8s.api.rbac.v1.AggregationRule",
    message: "k8s.io.api.rbac.v1.AggregationRule",
    gvk: &[],
    fields: &[
        Field { name: "clusterRoleSelectors", shape: Shape::List(&Shape::Struct(&META_V1_LABEL_SELECTOR)), go: "[]v1.LabelSelector", list: ListType::Atomic, tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static RBAC_V1_CLUSTER_ROLE: Type = Type {
    name: "io.k8s.api.rbac.v1.ClusterRole",
    message: "k8s.io.api.rbac.v1.ClusterRole",
    gvk: &[("rbac.authorization.k8s.io", "v1", "ClusterRole")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "rules", shape: Shape::List(&Shape::Struct(&RBAC_V1_POLICY_RULE)), go: "[]v1.PolicyRule", omit: Omit::Never, list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "aggregationRule", shape: Shape::Struct(&RBAC_V1_AGGREGATION_RULE), go: "v1.AggregationRule", pointer: true, tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static RBAC_V1_CLUSTER_ROLE_BINDING: Type = Type {
    name: "io.k8s.api.rbac.v1.ClusterRoleBinding",
    message: "k8s.io.api.rbac.v1.ClusterRoleBinding",
    gvk: &[("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "subjects", shape: Shape::List(&Shape::Struct(&RBAC_V1_SUBJECT)), go: "[]v1.Subject", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "roleRef", shape: Shape::Struct(&RBAC_V1_ROLE_REF), go: "v1.RoleRef", omit: Omit::Never, required: true, default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static RBAC_V1_CLUSTER_ROLE_BINDING_LIST: Type = Type {
    name: "io.k8s.api.rbac.v1.ClusterRoleBindingList",
    message: "k8s.io.api.rbac.v1.ClusterRoleBindingList",
    gvk: &[("rbac.authorization.k8s.io", "v1", "ClusterRoleBindingList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&RBAC_V1_CLUSTER_ROLE_BINDING)), go: "[]v1.ClusterRoleBinding", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static RBAC_V1_CLUSTER_ROLE_LIST: Type = Type {
    name: "io.k8s.api.rbac.v1.ClusterRoleList",
    message: "k8s.io.api.rbac.v1.ClusterRoleList",
    gvk: &[("rbac.authorization.k8s.io", "v1", "ClusterRoleList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&RBAC_V1_CLUSTER_ROLE)), go: "[]v1.ClusterRole", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static RBAC_V1_POLICY_RULE: Type = Type {
    name: "io.k8s.api.rbac.v1.PolicyRule",
    message: "k8s.io.api.rbac.v1.PolicyRule",
    gvk: &[],
    fields: &[
        Field { name: "verbs", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "apiGroups", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "resources", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
        Field { name: "resourceNames", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
        Field { name: "nonResourceURLs", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static RBAC_V1_ROLE: Type = Type {
    name: "io.k8s.api.rbac.v1.Role",
    message: "k8s.io.api.rbac.v1.Role",
    gvk: &[("rbac.authorization.k8s.io", "v1", "Role")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "rules", shape: Shape::List(&Shape::Struct(&RBAC_V1_POLICY_RULE)), go: "[]v1.PolicyRule", omit: Omit::Never, list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static RBAC_V1_ROLE_BINDING: Type = Type {
    name: "io.k8s.api.rbac.v1.RoleBinding",
    message: "k8s.io.api.rbac.v1.RoleBinding",
    gvk: &[("rbac.authorization.k8s.io", "v1", "RoleBinding")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "subjects", shape: Shape::List(&Shape::Struct(&RBAC_V1_SUBJECT)), go: "[]v1.Subject", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "roleRef", shape: Shape::Struct(&RBAC_V1_ROLE_REF), go: "v1.RoleRef", omit: Omit::Never, required: true, default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static RBAC_V1_ROLE_BINDING_LIST: Type = Type {
    name: "io.k8s.api.rbac.v1.RoleBindingList",
    message: "k8s.io.api.rbac.v1.RoleBindingList",
    gvk: &[("rbac.authorization.k8s.io", "v1", "RoleBindingList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&RBAC_V1_ROLE_BINDING)), go: "[]v1.RoleBinding", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static RBAC_V1_ROLE_LIST: Type = Type {
    name: "io.k8s.api.rbac.v1.RoleList",
    message: "k8s.io.api.rbac.v1.RoleList",
    gvk: &[("rbac.authorization.k8s.io", "v1", "RoleList")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), go: "v1.ListMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&RBAC_V1_ROLE)), go: "[]v1.Role", omit: Omit::Never, required: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static RBAC_V1_ROLE_REF: Type = Type {
    name: "io.k8s.api.rbac.v1.RoleRef",
    message: "k8s.io.api.rbac.v1.RoleRef",
    gvk: &[],
    fields: &[
        Field { name: "apiGroup", shape: Shape::String, go: "string", omit: Omit::Never, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "kind", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 2, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};

#[rustfmt::skip]
pub static RBAC_V1_SUBJECT: Type = Type {
    name: "io.k8s.api.rbac.v1.Subject",
    message: "k8s.io.api.rbac.v1.Subject",
    gvk: &[],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "apiGroup", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", omit: Omit::Never, required: true, default: Some("\"\""), tag: 3, ..Field::PLAIN },
        Field { name: "namespace", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: true,
};
