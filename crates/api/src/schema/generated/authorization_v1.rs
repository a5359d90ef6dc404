//! Types of `authorization_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static AUTHORIZATION_V1_FIELD_SELECTOR_ATTRIBUTES: Type = Type {
    name: "io.k8s.api.authorization.v1.FieldSelectorAttributes",
    message: "k8s.io.api.authorization.v1.FieldSelectorAttributes",
    gvk: &[],
    fields: &[
        Field { name: "rawSelector", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "requirements", shape: Shape::List(&Shape::Struct(&META_V1_FIELD_SELECTOR_REQUIREMENT)), go: "[]v1.FieldSelectorRequirement", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHORIZATION_V1_LABEL_SELECTOR_ATTRIBUTES: Type = Type {
    name: "io.k8s.api.authorization.v1.LabelSelectorAttributes",
    message: "k8s.io.api.authorization.v1.LabelSelectorAttributes",
    gvk: &[],
    fields: &[
        Field { name: "rawSelector", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "requirements", shape: Shape::List(&Shape::Struct(&META_V1_LABEL_SELECTOR_REQUIREMENT)), go: "[]v1.LabelSelectorRequirement", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHORIZATION_V1_LOCAL_SUBJECT_ACCESS_REVIEW: Type = Type {
    name: "io.k8s.api.authorization.v1.LocalSubjectAccessReview",
    message: "k8s.io.api.authorization.v1.LocalSubjectAccessReview",
    gvk: &[("authorization.k8s.io", "v1", "LocalSubjectAccessReview")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&AUTHORIZATION_V1_SUBJECT_ACCESS_REVIEW_SPEC), go: "v1.SubjectAccessReviewSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&AUTHORIZATION_V1_SUBJECT_ACCESS_REVIEW_STATUS), go: "v1.SubjectAccessReviewStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHORIZATION_V1_NON_RESOURCE_ATTRIBUTES: Type = Type {
    name: "io.k8s.api.authorization.v1.NonResourceAttributes",
    message: "k8s.io.api.authorization.v1.NonResourceAttributes",
    gvk: &[],
    fields: &[
        Field { name: "path", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "verb", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHORIZATION_V1_NON_RESOURCE_RULE: Type = Type {
    name: "io.k8s.api.authorization.v1.NonResourceRule",
    message: "k8s.io.api.authorization.v1.NonResourceRule",
    gvk: &[],
    fields: &[
        Field { name: "verbs", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "nonResourceURLs", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHORIZATION_V1_RESOURCE_ATTRIBUTES: Type = Type {
    name: "io.k8s.api.authorization.v1.ResourceAttributes",
    message: "k8s.io.api.authorization.v1.ResourceAttributes",
    gvk: &[],
    fields: &[
        Field { name: "namespace", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "verb", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "group", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "version", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
        Field { name: "resource", shape: Shape::String, go: "string", tag: 5, ..Field::PLAIN },
        Field { name: "subresource", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", tag: 7, ..Field::PLAIN },
        Field { name: "fieldSelector", shape: Shape::Struct(&AUTHORIZATION_V1_FIELD_SELECTOR_ATTRIBUTES), go: "v1.FieldSelectorAttributes", pointer: true, tag: 8, ..Field::PLAIN },
        Field { name: "labelSelector", shape: Shape::Struct(&AUTHORIZATION_V1_LABEL_SELECTOR_ATTRIBUTES), go: "v1.LabelSelectorAttributes", pointer: true, tag: 9, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHORIZATION_V1_RESOURCE_RULE: Type = Type {
    name: "io.k8s.api.authorization.v1.ResourceRule",
    message: "k8s.io.api.authorization.v1.ResourceRule",
    gvk: &[],
    fields: &[
        Field { name: "verbs", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "apiGroups", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "resources", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
        Field { name: "resourceNames", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHORIZATION_V1_SELF_SUBJECT_ACCESS_REVIEW: Type = Type {
    name: "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
    message: "k8s.io.api.authorization.v1.SelfSubjectAccessReview",
    gvk: &[("authorization.k8s.io", "v1", "SelfSubjectAccessReview")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&AUTHORIZATION_V1_SELF_SUBJECT_ACCESS_REVIEW_SPEC), go: "v1.SelfSubjectAccessReviewSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&AUTHORIZATION_V1_SUBJECT_ACCESS_REVIEW_STATUS), go: "v1.SubjectAccessReviewStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHORIZATION_V1_SELF_SUBJECT_ACCESS_REVIEW_SPEC: Type = Type {
    name: "io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec",
    message: "k8s.io.api.authorization.v1.SelfSubjectAccessReviewSpec",
    gvk: &[],
    fields: &[
        Field { name: "resourceAttributes", shape: Shape::Struct(&AUTHORIZATION_V1_RESOURCE_ATTRIBUTES), go: "v1.ResourceAttributes", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "nonResourceAttributes", shape: Shape::Struct(&AUTHORIZATION_V1_NON_RESOURCE_ATTRIBUTES), go: "v1.NonResourceAttributes", pointer: true, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHORIZATION_V1_SELF_SUBJECT_RULES_REVIEW: Type = Type {
    name: "io.k8s.api.authorization.v1.SelfSubjectRulesReview",
    message: "k8s.io.api.authorization.v1.SelfSubjectRulesReview",
    gvk: &[("authorization.k8s.io", "v1", "SelfSubjectRulesReview")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&AUTHORIZATION_V1_SELF_SUBJECT_RULES_REVIEW_SPEC), go: "v1.SelfSubjectRulesReviewSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&AUTHORIZATION_V1_SUBJECT_RULES_REVIEW_STATUS), go: "v1.SubjectRulesReviewStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHORIZATION_V1_SELF_SUBJECT_RULES_REVIEW_SPEC: Type = Type {
    name: "io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec",
    message: "k8s.io.api.authorization.v1.SelfSubjectRulesReviewSpec",
    gvk: &[],
    fields: &[
        Field { name: "namespace", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHORIZATION_V1_SUBJECT_ACCESS_REVIEW: Type = Type {
    name: "io.k8s.api.authorization.v1.SubjectAccessReview",
    message: "k8s.io.api.authorization.v1.SubjectAccessReview",
    gvk: &[("authorization.k8s.io", "v1", "SubjectAccessReview")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&AUTHORIZATION_V1_SUBJECT_ACCESS_REVIEW_SPEC), go: "v1.SubjectAccessReviewSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&AUTHORIZATION_V1_SUBJECT_ACCESS_REVIEW_STATUS), go: "v1.SubjectAccessReviewStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHORIZATION_V1_SUBJECT_ACCESS_REVIEW_SPEC: Type = Type {
    name: "io.k8s.api.authorization.v1.SubjectAccessReviewSpec",
    message: "k8s.io.api.authorization.v1.SubjectAccessReviewSpec",
    gvk: &[],
    fields: &[
        Field { name: "resourceAttributes", shape: Shape::Struct(&AUTHORIZATION_V1_RESOURCE_ATTRIBUTES), go: "v1.ResourceAttributes", pointer: true, tag: 1, ..Field::PLAIN },
        Field { name: "nonResourceAttributes", shape: Shape::Struct(&AUTHORIZATION_V1_NON_RESOURCE_ATTRIBUTES), go: "v1.NonResourceAttributes", pointer: true, tag: 2, ..Field::PLAIN },
        Field { name: "user", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "groups", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
        Field { name: "extra", shape: Shape::Map(&Shape::List(&Shape::String)), go: "map[string]v1.ExtraValue", tag: 5, ..Field::PLAIN },
        Field { name: "uid", shape: Shape::String, go: "string", tag: 6, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHORIZATION_V1_SUBJECT_ACCESS_REVIEW_STATUS: Type = Type {
    name: "io.k8s.api.authorization.v1.SubjectAccessReviewStatus",
    message: "k8s.io.api.authorization.v1.SubjectAccessReviewStatus",
    gvk: &[],
    fields: &[
        Field { name: "allowed", shape: Shape::Bool, go: "bool", omit: Omit::Never, required: true, default: Some("false"), tag: 1, ..Field::PLAIN },
        Field { name: "denied", shape: Shape::Bool, go: "bool", tag: 4, ..Field::PLAIN },
        Field { name: "reason", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "evaluationError", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHORIZATION_V1_SUBJECT_RULES_REVIEW_STATUS: Type = Type {
    name: "io.k8s.api.authorization.v1.SubjectRulesReviewStatus",
    message: "k8s.io.api.authorization.v1.SubjectRulesReviewStatus",
    gvk: &[],
    fields: &[
        Field { name: "resourceRules", shape: Shape::List(&Shape::Struct(&AUTHORIZATION_V1_RESOURCE_RULE)), go: "[]v1.ResourceRule", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "nonResourceRules", shape: Shape::List(&Shape::Struct(&AUTHORIZATION_V1_NON_RESOURCE_RULE)), go: "[]v1.NonResourceRule", omit: Omit::Never, required: true, list: ListType::Atomic, tag: 2, ..Field::PLAIN },
        Field { name: "incomplete", shape: Shape::Bool, go: "bool", omit: Omit::Never, required: true, default: Some("false"), tag: 3, ..Field::PLAIN },
        Field { name: "evaluationError", shape: Shape::String, go: "string", tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
