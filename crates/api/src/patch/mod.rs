//! The patch algorithms: JSON patch, JSON merge patch, strategic merge patch, and field ownership with server-side apply.
//!
//! Input: the current object, the patch body, the schema table. Output: the patched object in canonical form and the
//! warnings of field validation, or the Status that upstream answers.

mod json;
mod literal;
pub mod managed;
mod merge;
mod restore;
mod strategic;
#[cfg(test)]
mod tests;

use crate::schema::Type;
use crate::schema::walker::{DecodeError, Decoded};
use crate::{Status, Value, field, json as make};

/// The patch types, by media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/json-patch+json`
    Json,
    /// `application/merge-patch+json`
    Merge,
    /// `application/strategic-merge-patch+json`
    Strategic,
}

/// What becomes of unknown and duplicate fields (`fieldValidation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validation {
    /// Dropped silently.
    Ignore,
    /// Dropped, with a warning each.
    Warn,
    /// Refused.
    Strict,
}

/// A patched object.
#[derive(Debug)]
pub struct Patched {
    /// Canonical; not defaulted yet.
    pub object: Value,
    /// `Warning` texts.
    pub warnings: Vec<String>,
}

/// Turns a patched document into an object of its type; also judges `kind` and `apiVersion`, which a patch may change.
pub type Decode<'a> = &'a dyn Fn(Value) -> Result<Decoded, DecodeError>;

impl Format {
    /// By the media type of `Content-Type`, without parameters.
    pub fn of(media_type: &str) -> Option<Self> {
        match media_type.to_ascii_lowercase().as_str() {
            "application/json-patch+json" => Some(Self::Json),
            "application/merge-patch+json" => Some(Self::Merge),
            "application/strategic-merge-patch+json" => Some(Self::Strategic),
            _ => None,
        }
    }
}

/// The body of a patch, read once however often it is applied.
#[derive(Debug, Clone)]
pub struct Body(literal::Document);

impl Body {
    /// The error is the answer to what is no JSON at all: it comes before the object is looked up.
    pub fn parse(body: &[u8]) -> Result<Self, Status> {
        literal::parse(body).map(Self).map_err(|_| Status::bad_request("invalid JSON patch"))
    }
}

/// Applies a patch to `current`, the object as a client reads it (with kind, apiVersion and managedFields).
pub fn apply(
    format: Format,
    ty: &'static Type,
    current: &Value,
    body: Body,
    validation: Validation,
    decode: Decode<'_>,
) -> Result<Patched, Status> {
    let Body(document) = body;
    match format {
        Format::Json => {
            let strict = json::judge(&document, validation)?;
            let patched = json::apply(current.clone(), document.value)?;
            decoded(patched, strict, validation, decode)
        }
        Format::Merge => {
            merge::judge(&document.value, validation)?;
            let strict = document.duplicates;
            let patched = merge::apply(current.clone(), document.value)?;
            decoded(patched, strict, validation, decode)
        }
        Format::Strategic => strategic_object(ty, current, document, validation, decode),
    }
}

fn decoded(patched: Value, strict: Vec<String>, validation: Validation, decode: Decode<'_>) -> Result<Patched, Status> {
    let quoted = || sorted(&patched).to_string();
    // Upstream decodes the text of the patched document, whose members are sorted.
    let decoded = decode(sorted(&patched)).map_err(|error| refused(quoted(), &error.to_string()))?;
    judged(decoded, strict, validation, quoted)
}

fn strategic_object(
    ty: &'static Type,
    current: &Value,
    document: literal::Document,
    validation: Validation,
    decode: Decode<'_>,
) -> Result<Patched, Status> {
    let patch = match document.value {
        Value::Object(patch) => patch,
        Value::Null => crate::Map::new(),
        other => {
            let what = literal::kind_name(&other);
            let message = format!("json: cannot unmarshal {what} into Go value of type map[string]interface {{}}");
            return Err(Status::bad_request(message));
        }
    };
    let quoted = strategic::printed(&Value::Object(patch.clone()));
    let patched = strategic::apply(ty, current, patch)?;
    restore::check(ty, &patched).map_err(|why| refused(quoted.clone(), &why))?;
    let mut decoded = decode(patched).map_err(|error| refused(quoted.clone(), &error.to_string()))?;
    decoded.strict.sort();
    judged(decoded, document.duplicates, validation, || quoted)
}

/// Turns strict errors, those of the patch first, into warnings or a refusal.
fn judged(decoded: Decoded, mut strict: Vec<String>, validation: Validation, quoted: impl FnOnce() -> String) -> Result<Patched, Status> {
    strict.extend(decoded.strict);
    match validation {
        Validation::Strict if !strict.is_empty() => Err(refused(quoted(), &format!("strict decoding error: {}", strict.join(", ")))),
        Validation::Warn => Ok(Patched { object: decoded.value, warnings: strict }),
        Validation::Strict | Validation::Ignore => Ok(Patched { object: decoded.value, warnings: Vec::new() }),
    }
}

/// 422 about the patch as a whole; upstream names no object there.
fn refused(quoted: String, why: &str) -> Status {
    let error = field::invalid(&field::Path::new("patch"), quoted, why);
    let cause = make!({"reason": error.reason(), "message": error.body(), "field": "patch"});
    Status::new(422, "Invalid", format!(" \"\" is invalid: {error}")).with_details(make!({"causes": [cause]}))
}

/// A copy with sorted members: how upstream writes a document that went through maps.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut members: Vec<(&String, &Value)> = map.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            Value::Object(members.into_iter().map(|(name, v)| (name.clone(), sorted(v))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}
