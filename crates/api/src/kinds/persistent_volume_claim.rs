//! PersistentVolumeClaim: not served yet, but for reading that there is none. Clients that look at all that belongs to a
//! StatefulSet list and watch claims, and a 404 would stop them; whoever creates one is told that the method is not allowed.
//! It is not in discovery either.

use super::columns;
use crate::{
    registry::{Column, Hooks, Kind},
    schema::generated::CORE_V1_PERSISTENT_VOLUME_CLAIM,
};

pub static PERSISTENT_VOLUME_CLAIM: Kind = Kind {
    group: "",
    version: "v1",
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    singular: "persistentvolumeclaim",
    short_names: &["pvc"],
    categories: &[],
    namespaced: true,
    schema: &CORE_V1_PERSISTENT_VOLUME_CLAIM,
    verbs: &["get", "list", "watch"],
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: true,
    hooks: &PersistentVolumeClaim,
};

const COLUMNS: &[Column] = &[columns::NAME, columns::AGE];

#[derive(Debug)]
struct PersistentVolumeClaim;

impl Hooks for PersistentVolumeClaim {}
