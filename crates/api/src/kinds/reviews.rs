//! Questions that are asked by a POST and stored nowhere: rows for discovery and routing; the server answers them.

use crate::registry::{Hooks, HooksRef, Kind};
use crate::schema::generated::{
    AUTHENTICATION_V1_SELF_SUBJECT_REVIEW, AUTHENTICATION_V1_TOKEN_REVIEW, AUTHORIZATION_V1_LOCAL_SUBJECT_ACCESS_REVIEW,
    AUTHORIZATION_V1_SELF_SUBJECT_ACCESS_REVIEW, AUTHORIZATION_V1_SELF_SUBJECT_RULES_REVIEW, AUTHORIZATION_V1_SUBJECT_ACCESS_REVIEW,
};

pub static SELF_SUBJECT_REVIEW: Kind = Kind {
    kind: "SelfSubjectReview",
    plural: "selfsubjectreviews",
    singular: "selfsubjectreview",
    schema: &AUTHENTICATION_V1_SELF_SUBJECT_REVIEW,
    ..REVIEW
};

pub static TOKEN_REVIEW: Kind =
    Kind { kind: "TokenReview", plural: "tokenreviews", singular: "tokenreview", schema: &AUTHENTICATION_V1_TOKEN_REVIEW, ..REVIEW };

pub static LOCAL_SUBJECT_ACCESS_REVIEW: Kind = Kind {
    kind: "LocalSubjectAccessReview",
    plural: "localsubjectaccessreviews",
    singular: "localsubjectaccessreview",
    namespaced: true,
    schema: &AUTHORIZATION_V1_LOCAL_SUBJECT_ACCESS_REVIEW,
    ..ACCESS_REVIEW
};

pub static SELF_SUBJECT_ACCESS_REVIEW: Kind = Kind {
    kind: "SelfSubjectAccessReview",
    plural: "selfsubjectaccessreviews",
    singular: "selfsubjectaccessreview",
    schema: &AUTHORIZATION_V1_SELF_SUBJECT_ACCESS_REVIEW,
    ..ACCESS_REVIEW
};

pub static SELF_SUBJECT_RULES_REVIEW: Kind = Kind {
    kind: "SelfSubjectRulesReview",
    plural: "selfsubjectrulesreviews",
    singular: "selfsubjectrulesreview",
    schema: &AUTHORIZATION_V1_SELF_SUBJECT_RULES_REVIEW,
    ..ACCESS_REVIEW
};

pub static SUBJECT_ACCESS_REVIEW: Kind = Kind {
    kind: "SubjectAccessReview",
    plural: "subjectaccessreviews",
    singular: "subjectaccessreview",
    schema: &AUTHORIZATION_V1_SUBJECT_ACCESS_REVIEW,
    ..ACCESS_REVIEW
};

/// Those about what somebody may do.
const ACCESS_REVIEW: Kind = Kind { group: "authorization.k8s.io", ..REVIEW };

/// What they have in common.
const REVIEW: Kind = Kind {
    group: "authentication.k8s.io",
    version: "v1",
    kind: "",
    plural: "",
    singular: "",
    short_names: &[],
    categories: &[],
    namespaced: false,
    schema: &AUTHENTICATION_V1_TOKEN_REVIEW,
    verbs: &["create"],
    subresources: &[],
    selectable: &[],
    columns: &[],
    create_on_update: false,
    unconditional_update: false,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&Review),
};

#[derive(Debug)]
struct Review;

impl Hooks for Review {}
