//! ServiceAccount: an identity for pods. It has no printed columns but its name and age.

use super::columns;
use crate::{
    Value, json,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, Subresource},
    schema::generated::CORE_V1_SERVICE_ACCOUNT,
    value::Access,
};

pub static SERVICE_ACCOUNT: Kind = Kind {
    group: "",
    version: "v1",
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    singular: "serviceaccount",
    short_names: &["sa"],
    categories: &[],
    namespaced: true,
    schema: &CORE_V1_SERVICE_ACCOUNT,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "token", gvk: Some(("authentication.k8s.io", "v1", "TokenRequest")), verbs: &["create"] }],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: true,
    stored_as: None,
    hooks: HooksRef::Static(&ServiceAccount),
};

const ENFORCE_MOUNTABLE: &str = "kubernetes.io/enforce-mountable-secrets";

const COLUMNS: &[Column] = &[columns::NAME, columns::AGE];

#[derive(Debug)]
struct ServiceAccount;

impl Hooks for ServiceAccount {
    fn prepare_create(&self, object: &mut Value) {
        keep_secret_names(object);
    }

    fn prepare_update(&self, _part: Part, object: &mut Value, _old: &Value) -> Generation {
        keep_secret_names(object);
        Generation::Keep
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let has = |object: &Value| object["metadata"]["annotations"].has(ENFORCE_MOUNTABLE);
        if !has(object) || old.is_some_and(has) {
            return Vec::new();
        }
        vec![format!(
            "metadata.annotations[{ENFORCE_MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
        )]
    }
}

/// Secrets are referred to by name alone.
fn keep_secret_names(object: &mut Value) {
    for secret in object.items_mut("secrets") {
        let name = secret.str("name").to_owned();
        *secret = if name.is_empty() { json!({}) } else { json!({"name": name}) };
    }
}
