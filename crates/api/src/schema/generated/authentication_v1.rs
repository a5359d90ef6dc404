//! Types of `authentication_v1`, written by `cargo xtask codegen` from docs/schema; change the generator instead.

use super::*;

#[rustfmt::skip]
pub static AUTHENTICATION_V1_BOUND_OBJECT_REFERENCE: Type = Type {
    name: "io.k8s.api.authentication.v1.BoundObjectReference",
    message: "k8s.io.api.authentication.v1.BoundObjectReference",
    gvk: &[],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "name", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
        Field { name: "uid", shape: Shape::String, go: "types.UID", tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHENTICATION_V1_SELF_SUBJECT_REVIEW: Type = Type {
    name: "io.k8s.api.authentication.v1.SelfSubjectReview",
    message: "k8s.io.api.authentication.v1.SelfSubjectReview",
    gvk: &[("authentication.k8s.io", "v1", "SelfSubjectReview")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&AUTHENTICATION_V1_SELF_SUBJECT_REVIEW_STATUS), go: "v1.SelfSubjectReviewStatus", default: Some("{}"), tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHENTICATION_V1_SELF_SUBJECT_REVIEW_STATUS: Type = Type {
    name: "io.k8s.api.authentication.v1.SelfSubjectReviewStatus",
    message: "k8s.io.api.authentication.v1.SelfSubjectReviewStatus",
    gvk: &[],
    fields: &[
        Field { name: "userInfo", shape: Shape::Struct(&AUTHENTICATION_V1_USER_INFO), go: "v1.UserInfo", default: Some("{}"), tag: 1, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHENTICATION_V1_TOKEN_REQUEST: Type = Type {
    name: "io.k8s.api.authentication.v1.TokenRequest",
    message: "k8s.io.api.authentication.v1.TokenRequest",
    gvk: &[("authentication.k8s.io", "v1", "TokenRequest")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&AUTHENTICATION_V1_TOKEN_REQUEST_SPEC), go: "v1.TokenRequestSpec", omit: Omit::Never, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&AUTHENTICATION_V1_TOKEN_REQUEST_STATUS), go: "v1.TokenRequestStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHENTICATION_V1_TOKEN_REQUEST_SPEC: Type = Type {
    name: "io.k8s.api.authentication.v1.TokenRequestSpec",
    message: "k8s.io.api.authentication.v1.TokenRequestSpec",
    gvk: &[],
    fields: &[
        Field { name: "audiences", shape: Shape::List(&Shape::String), go: "[]string", omit: Omit::Never, list: ListType::Atomic, tag: 1, ..Field::PLAIN },
        Field { name: "expirationSeconds", shape: Shape::Int64, go: "int64", pointer: true, omit: Omit::Never, tag: 4, ..Field::PLAIN },
        Field { name: "boundObjectRef", shape: Shape::Struct(&AUTHENTICATION_V1_BOUND_OBJECT_REFERENCE), go: "v1.BoundObjectReference", pointer: true, omit: Omit::Never, tag: 3, ..Field::PLAIN },
        Field { name: "attestations", shape: Shape::Map(&Shape::List(&Shape::String)), go: "map[string]v1.AttestationValue", tag: 5, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHENTICATION_V1_TOKEN_REQUEST_STATUS: Type = Type {
    name: "io.k8s.api.authentication.v1.TokenRequestStatus",
    message: "k8s.io.api.authentication.v1.TokenRequestStatus",
    gvk: &[],
    fields: &[
        Field { name: "token", shape: Shape::String, go: "string", omit: Omit::Never, default: Some("\"\""), tag: 1, ..Field::PLAIN },
        Field { name: "expirationTimestamp", shape: Shape::Time, go: "v1.Time", omit: Omit::Never, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHENTICATION_V1_TOKEN_REVIEW: Type = Type {
    name: "io.k8s.api.authentication.v1.TokenReview",
    message: "k8s.io.api.authentication.v1.TokenReview",
    gvk: &[("authentication.k8s.io", "v1", "TokenReview")],
    fields: &[
        Field { name: "kind", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "apiVersion", shape: Shape::String, go: "string", inlined: &["TypeMeta"], ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), go: "v1.ObjectMeta", default: Some("{}"), tag: 1, ..Field::PLAIN },
        Field { name: "spec", shape: Shape::Struct(&AUTHENTICATION_V1_TOKEN_REVIEW_SPEC), go: "v1.TokenReviewSpec", omit: Omit::Never, required: true, default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "status", shape: Shape::Struct(&AUTHENTICATION_V1_TOKEN_REVIEW_STATUS), go: "v1.TokenReviewStatus", default: Some("{}"), tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHENTICATION_V1_TOKEN_REVIEW_SPEC: Type = Type {
    name: "io.k8s.api.authentication.v1.TokenReviewSpec",
    message: "k8s.io.api.authentication.v1.TokenReviewSpec",
    gvk: &[],
    fields: &[
        Field { name: "token", shape: Shape::String, go: "string", required: true, tag: 1, ..Field::PLAIN },
        Field { name: "audiences", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 2, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHENTICATION_V1_TOKEN_REVIEW_STATUS: Type = Type {
    name: "io.k8s.api.authentication.v1.TokenReviewStatus",
    message: "k8s.io.api.authentication.v1.TokenReviewStatus",
    gvk: &[],
    fields: &[
        Field { name: "authenticated", shape: Shape::Bool, go: "bool", tag: 1, ..Field::PLAIN },
        Field { name: "user", shape: Shape::Struct(&AUTHENTICATION_V1_USER_INFO), go: "v1.UserInfo", default: Some("{}"), tag: 2, ..Field::PLAIN },
        Field { name: "audiences", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 4, ..Field::PLAIN },
        Field { name: "error", shape: Shape::String, go: "string", tag: 3, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};

#[rustfmt::skip]
pub static AUTHENTICATION_V1_USER_INFO: Type = Type {
    name: "io.k8s.api.authentication.v1.UserInfo",
    message: "k8s.io.api.authentication.v1.UserInfo",
    gvk: &[],
    fields: &[
        Field { name: "username", shape: Shape::String, go: "string", tag: 1, ..Field::PLAIN },
        Field { name: "uid", shape: Shape::String, go: "string", tag: 2, ..Field::PLAIN },
        Field { name: "groups", shape: Shape::List(&Shape::String), go: "[]string", list: ListType::Atomic, tag: 3, ..Field::PLAIN },
        Field { name: "extra", shape: Shape::Map(&Shape::List(&Shape::String)), go: "map[string]v1.ExtraValue", tag: 4, ..Field::PLAIN },
    ],
    embedded: &[],
    atomic: false,
};
