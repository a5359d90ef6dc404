//! The Scale of an object (R1): its number of replicas as an autoscaling/v1 document. Input: an object. Output: values.

use crate::format::ResponseFormat;
use crate::negotiation::Transform;
use crate::object::Expected;
use crate::table::{self, Style};
use stead_api::kinds::columns;
use stead_api::registry::Column;
use stead_api::schema::generated::{AUTOSCALING_V1_SCALE_SPEC, AUTOSCALING_V1_SCALE_STATUS};
use stead_api::schema::{self, walker};
use stead_api::selector::LabelSelector;
use stead_api::value::Access;
use stead_api::{Value, json};

pub(crate) fn expected() -> Expected {
    let schema = schema::by_name("io.k8s.api.autoscaling.v1.Scale").expect("the table has Scale");
    Expected { group: "autoscaling", version: "v1", kind: "Scale", schema }
}

/// The Scale of an object.
pub(crate) fn of(parent: &Value) -> Value {
    let meta = &parent["metadata"];
    let mut scale = json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {},
        "spec": {"replicas": parent["spec"]["replicas"]},
        "status": {
            "replicas": parent["status"].int("replicas").unwrap_or_default(),
            "selector": selector(parent).to_string(),
        },
    });
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = meta.get(field) {
            scale["metadata"][field] = value.clone();
        }
    }
    walker::canonical(expected().schema, &mut scale);
    scale
}

/// Whose pods are counted. A ReplicationController selects by a map of labels.
fn selector(parent: &Value) -> LabelSelector {
    let selector = parent["spec"].get("selector");
    match parent.str("kind") {
        "ReplicationController" => LabelSelector::from_map(selector.and_then(Value::as_object)),
        _ => LabelSelector::from_object(selector),
    }
}

/// As the encoder writes it.
pub(crate) fn encoded(scale: &Value) -> Value {
    serde_json::from_slice(&walker::encode(expected().schema, scale)).expect("the encoder writes JSON")
}

/// A Scale in the form of a transform.
pub(crate) fn shown(scale: Value, format: ResponseFormat) -> Value {
    match format.form.transform {
        Transform::Table(version) => table(Style { version, include: format.include, now: format.now }, &scale),
        Transform::Metadata(version) => table::metadata_only(version, &scale),
        Transform::Plain | Transform::MetadataList(_) => scale,
    }
}

const COLUMNS: &[Column] = &[
    Column { format: "", ..columns::NAME },
    Column { ty: "integer", ..columns::field("Desired", &AUTOSCALING_V1_SCALE_SPEC, "replicas") },
    Column { ty: "integer", ..columns::field("Available", &AUTOSCALING_V1_SCALE_STATUS, "replicas") },
    columns::AGE,
];

/// The table of one Scale.
fn table(style: Style, scale: &Value) -> Value {
    let cells = json!([
        scale["metadata"]["name"],
        scale["spec"].int("replicas").unwrap_or_default(),
        scale["status"].int("replicas").unwrap_or_default(),
        stead_api::time::age(scale, style.now),
    ]);
    let row = json!({"cells": cells, "object": table::carried(style, scale)});
    table::document(style, table::version_of(scale), COLUMNS, vec![row], table::Columns::Described)
}
