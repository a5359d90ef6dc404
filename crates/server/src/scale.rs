//! The Scale of an object (R1): its number of replicas as an autoscaling/v1 document. Input: an object. Output: values.

use crate::format::ResponseFormat;
use crate::negotiation::Transform;
use crate::object::Expected;
use crate::table::{self, Style};
use stead_api::registry::Column;
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
            "selector": LabelSelector::from_object(parent["spec"].get("selector")).to_string(),
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
    Column { name: "Name", ty: "string", format: "", description: NAME_DESCRIPTION, priority: 0 },
    Column {
        name: "Desired",
        ty: "integer",
        format: "",
        description: "replicas is the desired number of instances for the scaled object.",
        priority: 0,
    },
    Column {
        name: "Available",
        ty: "integer",
        format: "",
        description: "replicas is the actual number of observed instances of the scaled object.",
        priority: 0,
    },
    Column { name: "Age", ty: "string", format: "", description: AGE_DESCRIPTION, priority: 0 },
];
const NAME_DESCRIPTION: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const AGE_DESCRIPTION: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

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
