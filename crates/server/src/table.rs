//! Tables and metadata-only forms of objects (N20-N26). Input: objects of a kind. Output: `Table`, `PartialObjectMetadata`
//! and lists of it, as values.

use crate::negotiation::MetaVersion;
use crate::query::{self, Query};
use stead_api::registry::{Column, Kind};
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Map, Status, Value, json};

/// What a row carries beside its cells (N22).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Include {
    Nothing,
    Metadata,
    Object,
}

impl Include {
    pub(crate) fn parse(query: &Query) -> Result<Self, Status> {
        match query::value(query, "includeObject") {
            None | Some("" | "Metadata") => Ok(Self::Metadata),
            Some("Object") => Ok(Self::Object),
            Some("None") => Ok(Self::Nothing),
            Some(other) => Err(Status::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: {other:?}: must be 'Metadata', 'Object', 'None', or empty"
            ))),
        }
    }
}

/// Whether the stream has sent its columns already (N23).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    Described,
    Left,
}

/// How tables of one request are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub version: MetaVersion,
    pub include: Include,
    pub now: Timestamp,
}

/// A table of these objects; `metadata` is the list's, or that of the one object.
pub(crate) fn table(kind: &Kind, style: Style, metadata: Value, objects: &[&Value], columns: Columns) -> Value {
    let rows: Vec<Value> = objects.iter().map(|object| row(kind, style, object)).collect();
    document(style, metadata, kind.columns, rows, columns)
}

/// The table document.
pub(crate) fn document(style: Style, metadata: Value, definitions: &[Column], rows: Vec<Value>, columns: Columns) -> Value {
    let definitions = match columns {
        Columns::Left => Value::Null,
        Columns::Described => definitions.iter().map(definition).collect(),
    };
    json!({
        "kind": "Table",
        "apiVersion": style.version.api_version(),
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    })
}

fn definition(column: &Column) -> Value {
    json!({
        "name": column.name,
        "type": column.ty,
        "format": column.format,
        "description": column.description.text(),
        "priority": column.priority,
    })
}

/// The row of one object.
pub(crate) fn row(kind: &Kind, style: Style, object: &Value) -> Value {
    let mut row = Map::new();
    row.insert("cells".to_owned(), kind.hooks.cells(object, style.now).into());
    if let Some(conditions) = kind.hooks.row_conditions(object) {
        row.insert("conditions".to_owned(), conditions);
    }
    row.insert("object".to_owned(), carried(style, object));
    Value::Object(row)
}

/// What the row of an object carries.
pub(crate) fn carried(style: Style, object: &Value) -> Value {
    match style.include {
        Include::Nothing => Value::Null,
        Include::Metadata => metadata_only(style.version, object),
        Include::Object => object.clone(),
    }
}

/// The metadata of a table of one object.
pub(crate) fn version_of(object: &Value) -> Value {
    match object["metadata"].str("resourceVersion") {
        "" => json!({}),
        version => json!({"resourceVersion": version}),
    }
}

/// `PartialObjectMetadata` of an object.
pub(crate) fn metadata_only(version: MetaVersion, object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": version.api_version(), "metadata": object["metadata"]})
}

/// `PartialObjectMetadataList`; an empty one has no items at all.
pub(crate) fn metadata_list(version: MetaVersion, metadata: Value, items: Vec<Value>) -> Value {
    let items = if items.is_empty() { Value::Null } else { items.into() };
    json!({"kind": "PartialObjectMetadataList", "apiVersion": version.api_version(), "metadata": metadata, "items": items})
}
