//! Validation errors with field paths, printed exactly as Kubernetes prints them.
//! Input: paths and offending values. Output: [`Error`]s, and the causes and message of an Invalid status.

use crate::{Value, wire::json::go_quote};
use std::fmt;

/// A field path such as `spec.containers[0].name` or `metadata.labels[a/b]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Path(String);

impl Path {
    pub fn new(root: &str) -> Self {
        Self(root.to_owned())
    }
    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.to_owned()) } else { Self(format!("{}.{name}", self.0)) }
    }
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }
    pub fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `Required value`
    Required,
    /// `Invalid value: V`
    Invalid(Value),
    /// `Invalid value`, of something too large to show.
    Unfit,
    /// `Duplicate value: V`
    Duplicate(Value),
    /// `Not found: V`
    NotFound(Value),
    /// `Unsupported value: V: supported values: "A", "B"`
    NotSupported { value: Value, supported: Vec<String> },
    /// `Forbidden`
    Forbidden,
    /// `Too long: may not be more than N bytes` (the detail is made from `max`).
    TooLong { max: usize },
    /// `Too many: N: must have at most M items`
    TooMany { actual: usize, max: usize },
    /// `Invalid value: V` with cause reason FieldValueTypeInvalid.
    TypeInvalid(Value),
    /// `Internal error`
    Internal,
}

/// One validation error.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    pub path: Path,
    pub kind: Kind,
    /// May be empty.
    pub detail: String,
}

/// Errors in the order found.
pub type Errors = Vec<Error>;

/// `Required value: detail`.
pub fn required(path: &Path, detail: &str) -> Error {
    Error { path: path.clone(), kind: Kind::Required, detail: detail.to_owned() }
}
/// `Invalid value: value: detail`.
pub fn invalid(path: &Path, value: impl Into<Value>, detail: &str) -> Error {
    Error { path: path.clone(), kind: Kind::Invalid(value.into()), detail: detail.to_owned() }
}
/// `Invalid value: detail`, of something too large to show.
pub fn unfit(path: &Path, detail: &str) -> Error {
    Error { path: path.clone(), kind: Kind::Unfit, detail: detail.to_owned() }
}
/// `Too many: actual: must have at most max items`.
pub fn too_many(path: &Path, actual: usize, max: usize) -> Error {
    Error { path: path.clone(), kind: Kind::TooMany { actual, max }, detail: String::new() }
}
/// `Duplicate value: value`.
pub fn duplicate(path: &Path, value: impl Into<Value>) -> Error {
    Error { path: path.clone(), kind: Kind::Duplicate(value.into()), detail: String::new() }
}
/// `Not found: value`.
pub fn not_found(path: &Path, value: impl Into<Value>) -> Error {
    Error { path: path.clone(), kind: Kind::NotFound(value.into()), detail: String::new() }
}
/// `Forbidden: detail`.
pub fn forbidden(path: &Path, detail: &str) -> Error {
    Error { path: path.clone(), kind: Kind::Forbidden, detail: detail.to_owned() }
}
/// `Unsupported value: value: supported values: ...`; `supported` in the order to print.
pub fn not_supported(path: &Path, value: impl Into<Value>, supported: &[&str]) -> Error {
    let supported = supported.iter().map(|s| (*s).to_owned()).collect();
    Error { path: path.clone(), kind: Kind::NotSupported { value: value.into(), supported }, detail: String::new() }
}
/// `Too long: may not be more than max bytes`.
pub fn too_long(path: &Path, max: usize) -> Error {
    Error { path: path.clone(), kind: Kind::TooLong { max }, detail: String::new() }
}

impl Error {
    /// The text after the path: `Invalid value: -1: must be ...`.
    pub fn body(&self) -> String {
        let quoted = |value: &Value| value.as_str().map_or_else(|| value.to_string(), go_quote);
        let (head, detail) = match &self.kind {
            Kind::Required => ("Required value".to_owned(), self.detail.clone()),
            Kind::Invalid(v) | Kind::TypeInvalid(v) => (format!("Invalid value: {}", quoted(v)), self.detail.clone()),
            Kind::Unfit => ("Invalid value".to_owned(), self.detail.clone()),
            Kind::Duplicate(v) => (format!("Duplicate value: {}", quoted(v)), self.detail.clone()),
            Kind::NotFound(v) => (format!("Not found: {}", quoted(v)), self.detail.clone()),
            Kind::NotSupported { value, supported } => {
                let list: Vec<String> = supported.iter().map(|s| go_quote(s)).collect();
                (format!("Unsupported value: {}", quoted(value)), format!("supported values: {}", list.join(", ")))
            }
            Kind::Forbidden => ("Forbidden".to_owned(), self.detail.clone()),
            Kind::TooLong { max } => ("Too long".to_owned(), format!("may not be more than {max} bytes")),
            Kind::TooMany { actual, max } => (format!("Too many: {actual}"), format!("must have at most {max} items")),
            Kind::Internal => ("Internal error".to_owned(), self.detail.clone()),
        };
        if detail.is_empty() { head } else { format!("{head}: {detail}") }
    }

    /// The cause reason of a Status: `FieldValueInvalid`, ...
    pub fn reason(&self) -> &'static str {
        match self.kind {
            Kind::Required => "FieldValueRequired",
            Kind::Invalid(_) | Kind::Unfit => "FieldValueInvalid",
            Kind::Duplicate(_) => "FieldValueDuplicate",
            Kind::NotFound(_) => "FieldValueNotFound",
            Kind::NotSupported { .. } => "FieldValueNotSupported",
            Kind::Forbidden => "FieldValueForbidden",
            Kind::TooLong { .. } => "FieldValueTooLong",
            Kind::TooMany { .. } => "FieldValueTooMany",
            Kind::TypeInvalid(_) => "FieldValueTypeInvalid",
            Kind::Internal => "InternalError",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.body())
    }
}
