//! Printed columns that many kinds share, and the shorthand to write the others.
//! Descriptions are those of the API's fields, as a table carries them.

use crate::{
    Map, Value,
    registry::{Column, Described},
    schema::{Type, generated::META_V1_OBJECT_META},
    selector::LabelSelector,
    value::Access,
};

/// The first column of nearly every kind.
pub const NAME: Column = Column { format: "name", ..field("Name", &META_V1_OBJECT_META, "name") };

/// Time since creation.
pub const AGE: Column = field("Age", &META_V1_OBJECT_META, "creationTimestamp");

/// When it was created: of kinds that print nothing of their own.
pub const CREATED_AT: Column = Column { ty: "date", ..field("Created At", &META_V1_OBJECT_META, "creationTimestamp") };

/// A column of texts that is always printed.
pub const fn text(name: &'static str, description: &'static str) -> Column {
    Column { name, ty: "string", format: "", description: Described::As(description), priority: 0 }
}

/// A column that only `-o wide` prints.
pub const fn wide(name: &'static str, description: &'static str) -> Column {
    Column { priority: 1, ..text(name, description) }
}

/// A column that shows a field, always printed.
pub const fn field(name: &'static str, ty: &'static Type, field: &'static str) -> Column {
    Column { description: Described::AsField(ty, field), ..text(name, "") }
}

/// A column that shows a field, which only `-o wide` prints.
pub const fn wide_field(name: &'static str, ty: &'static Type, field: &'static str) -> Column {
    Column { priority: 1, ..self::field(name, ty, field) }
}

/// Labels as `a=b,c=d`, or `<none>`.
pub fn labels(labels: Option<&Map<String, Value>>) -> String {
    match LabelSelector::from_map(labels).to_string() {
        text if text.is_empty() => "<none>".to_owned(),
        text => text,
    }
}

/// Go's first moment: when what was never created was created.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// The cells of [`NAME`] and [`CREATED_AT`].
pub fn name_and_creation(object: &Value) -> Vec<Value> {
    let metadata = &object["metadata"];
    let created = metadata.get("creationTimestamp").and_then(Value::as_str).unwrap_or(NEVER);
    vec![metadata.str("name").into(), created.into()]
}
