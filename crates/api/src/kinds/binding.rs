//! Binding: that a pod is to run on a node. It is posted, to the pod or to this collection, and stored nowhere.

use crate::{
    registry::{Hooks, HooksRef, Kind},
    schema::generated::CORE_V1_BINDING,
};

pub static BINDING: Kind = Kind {
    group: "",
    version: "v1",
    kind: "Binding",
    plural: "bindings",
    singular: "binding",
    short_names: &[],
    categories: &[],
    namespaced: true,
    schema: &CORE_V1_BINDING,
    verbs: &["create"],
    subresources: &[],
    selectable: &[],
    columns: &[],
    create_on_update: false,
    unconditional_update: false,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&Binding),
};

#[derive(Debug)]
struct Binding;

impl Hooks for Binding {}
