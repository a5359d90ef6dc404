//! Questions that are asked by a POST and stored nowhere: rows for discovery and routing; the server answers them.

use crate::registry::{Hooks, HooksRef, Kind};
use crate::schema::generated::{AUTHENTICATION_V1_SELF_SUBJECT_REVIEW, AUTHENTICATION_V1_TOKEN_REVIEW};

pub static SELF_SUBJECT_REVIEW: Kind = Kind {
    kind: "SelfSubjectReview",
    plural: "selfsubjectreviews",
    singular: "selfsubjectreview",
    schema: &AUTHENTICATION_V1_SELF_SUBJECT_REVIEW,
    ..REVIEW
};

pub static TOKEN_REVIEW: Kind =
    Kind { kind: "TokenReview", plural: "tokenreviews", singular: "tokenreview", schema: &AUTHENTICATION_V1_TOKEN_REVIEW, ..REVIEW };

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
