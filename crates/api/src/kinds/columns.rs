//! Printed columns that many kinds share, and the shorthand to write the others.
//! Descriptions are those of the API's fields, as a table carries them.

use crate::registry::Column;

/// The first column of nearly every kind.
pub const NAME: Column = Column {
    name: "Name",
    ty: "string",
    format: "name",
    description: "Name must be unique within a namespace. Is required when creating resources, although some resources may \
                      allow a client to request the generation of an appropriate name automatically. Name is primarily intended for \
                      creation idempotence and configuration definition. Cannot be updated. More info: \
                      https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names",
    priority: 0,
};

/// Time since creation.
pub const AGE: Column = text(
    "Age",
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not \
                      guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It \
                      is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More \
                      info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
);

/// A column of texts that is always printed.
pub const fn text(name: &'static str, description: &'static str) -> Column {
    Column { name, ty: "string", format: "", description, priority: 0 }
}

/// A column that only `-o wide` prints.
pub const fn wide(name: &'static str, description: &'static str) -> Column {
    Column { name, ty: "string", format: "", description, priority: 1 }
}
