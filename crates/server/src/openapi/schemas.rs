//! The schemas of a document: every type that its kinds reach. Input: the schema table. Output: JSON. Pure.

use std::collections::BTreeSet;
use stead_api::registry::Kind;
use stead_api::schema::descriptions::description;
use stead_api::schema::{Field, ListType, Shape, Type, by_gvk, by_name};
use stead_api::{Map, Value, json};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const RAW: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";

/// The OpenAPI name of a kind's list.
pub(super) fn list_name(kind: &Kind) -> String {
    format!("{}List", kind.schema.name)
}

/// All schemas that the kinds, their lists and subresources need, by name.
pub(super) fn of_kinds(kinds: &[&Kind]) -> Map<String, Value> {
    let mut types: Vec<&'static Type> = Vec::new();
    for kind in kinds {
        types.push(kind.schema);
        types.extend(by_name(&list_name(kind)));
        let bodies = kind.subresources.iter().filter_map(|sub| sub.gvk);
        types.extend(bodies.filter_map(|(group, version, kind)| by_gvk(group, version, kind)));
    }
    types.extend(["Status", "DeleteOptions"].iter().filter_map(|name| by_name(&format!("{META}.{name}"))));
    let mut out = Map::new();
    let mut done = BTreeSet::new();
    while let Some(ty) = types.pop() {
        if done.insert(ty.name) {
            types.extend(ty.fields.iter().filter_map(|field| inner(&field.shape)));
            out.insert(ty.name.to_owned(), of_type(ty));
        }
    }
    out.extend(leaves());
    out.sort_keys();
    out
}

/// The struct that a shape holds, however deep.
fn inner(shape: &Shape) -> Option<&'static Type> {
    match shape {
        Shape::Struct(ty) => Some(ty),
        Shape::List(element) | Shape::Map(element) => inner(element),
        _ => None,
    }
}

/// Types that write themselves, and so have no fields in the table.
fn leaves() -> Map<String, Value> {
    let time = json!({"type": "string", "format": "date-time"});
    let all = [
        (format!("{META}.Time"), time.clone()),
        (format!("{META}.MicroTime"), time),
        (format!("{META}.Duration"), json!({"type": "string"})),
        (format!("{META}.FieldsV1"), json!({"type": "object"})),
        (format!("{META}.Patch"), json!({"type": "object"})),
        (RAW.to_owned(), json!({"type": "object"})),
        (QUANTITY.to_owned(), json!({"oneOf": [{"type": "string"}, {"type": "number"}]})),
        (INT_OR_STRING.to_owned(), json!({"oneOf": [{"type": "integer"}, {"type": "string"}], "format": "int-or-string"})),
    ];
    all.into_iter().collect()
}

fn of_type(ty: &'static Type) -> Value {
    let properties: Map<String, Value> = ty.fields.iter().map(|field| (field.name.to_owned(), property(ty, field))).collect();
    let mut out = json!({});
    describe(&mut out, ty, "");
    out["type"] = "object".into();
    out["properties"] = properties.into();
    let required: Vec<&str> = ty.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    if !required.is_empty() {
        out["required"] = required.into();
    }
    if !ty.gvk.is_empty() {
        out["x-kubernetes-group-version-kind"] =
            ty.gvk.iter().map(|(group, version, kind)| json!({"group": group, "kind": kind, "version": version})).collect();
    }
    if ty.atomic {
        out["x-kubernetes-map-type"] = "atomic".into();
    }
    out
}

/// Puts in what the type, or its field, is for.
fn describe(out: &mut Value, ty: &'static Type, field: &str) {
    if let Some(text) = description(ty.name, field) {
        out["description"] = text.into();
    }
}

fn property(ty: &'static Type, field: &'static Field) -> Value {
    let mut out = json!({});
    describe(&mut out, ty, field.name);
    merge(&mut out, shape(&field.shape, field));
    if !field.enum_values.is_empty() {
        out["enum"] = field.enum_values.into();
    }
    if let Some(default) = field.default.and_then(|text| serde_json::from_str::<Value>(text).ok()) {
        out["default"] = default;
    }
    extensions(&mut out, field);
    out
}

/// O6.
fn extensions(out: &mut Value, field: &Field) {
    match field.list {
        ListType::Unset => {}
        ListType::Atomic => out["x-kubernetes-list-type"] = "atomic".into(),
        ListType::Set => out["x-kubernetes-list-type"] = "set".into(),
        ListType::Map(keys) => {
            out["x-kubernetes-list-map-keys"] = keys.into();
            out["x-kubernetes-list-type"] = "map".into();
        }
    }
    if field.map_atomic {
        out["x-kubernetes-map-type"] = "atomic".into();
    }
    let strategies: Vec<&str> = [(field.patch.merge, "merge"), (field.patch.retain_keys, "retainKeys")]
        .into_iter()
        .filter(|(on, _)| *on)
        .map(|(_, name)| name)
        .collect();
    if !strategies.is_empty() {
        out["x-kubernetes-patch-strategy"] = strategies.join(",").into();
    }
    if !field.patch.merge_key.is_empty() {
        out["x-kubernetes-patch-merge-key"] = field.patch.merge_key.into();
    }
}

fn merge(out: &mut Value, other: Value) {
    if let (Value::Object(out), Value::Object(other)) = (out, other) {
        out.extend(other);
    }
}

fn shape(shape_of: &Shape, field: &Field) -> Value {
    match shape_of {
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Int32 => json!({"type": "integer", "format": "int32"}),
        Shape::Int64 => json!({"type": "integer", "format": "int64"}),
        Shape::Double => json!({"type": "number", "format": "double"}),
        Shape::String => json!({"type": "string"}),
        Shape::Bytes => json!({"type": "string", "format": "byte"}),
        Shape::Time => reference(&format!("{META}.Time")),
        Shape::MicroTime => reference(&format!("{META}.MicroTime")),
        Shape::Duration => reference(&format!("{META}.Duration")),
        Shape::Quantity => reference(QUANTITY),
        Shape::IntOrString => reference(INT_OR_STRING),
        Shape::Raw if field.name == "fieldsV1" => reference(&format!("{META}.FieldsV1")),
        Shape::Raw => reference(RAW),
        Shape::Struct(ty) => {
            let mut out = reference(ty.name);
            if !field.pointer {
                out["default"] = json!({});
            }
            out
        }
        Shape::List(element) => json!({"type": "array", "items": shape(element, field)}),
        Shape::Map(element) => json!({"type": "object", "additionalProperties": shape(element, field)}),
    }
}

/// A reference with room for a description and a default beside it.
fn reference(name: &str) -> Value {
    json!({"allOf": [{"$ref": format!("#/components/schemas/{name}")}]})
}
