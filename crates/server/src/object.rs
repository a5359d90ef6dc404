//! Objects between the wire and the store. Input: request bytes, stored bytes, values. Output: canonical values with their
//! strict-decoding complaints, and stored bytes with room for the resourceVersion.

use crate::query::FieldValidation;
use stead_api::registry::Kind;
use stead_api::schema::walker;
use stead_api::value::Access;
use stead_api::{Status, Value};
use stead_store::NewValue;

/// Reads an object of this kind from a request body.
pub(crate) fn from_request(
    kind: &'static Kind,
    body: &[u8],
    validation: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<Value, Status> {
    let decoded = walker::decode_json(kind.schema, body).map_err(|error| cannot_handle(kind, &error.0))?;
    match validation {
        FieldValidation::Ignore => {}
        FieldValidation::Warn => warnings.extend(decoded.strict),
        FieldValidation::Strict if decoded.strict.is_empty() => {}
        FieldValidation::Strict => {
            return Err(cannot_handle(kind, &format!("strict decoding error: {}", decoded.strict.join(", "))));
        }
    }
    let mut object = decoded.value;
    set_type(kind, &mut object);
    kind.hooks.default(&mut object);
    Ok(object)
}

/// E7: `Pod in version "v1" cannot be handled as a Pod: <why>`.
pub(crate) fn cannot_handle(kind: &Kind, why: &str) -> Status {
    Status::bad_request(format!("{0} in version \"{1}\" cannot be handled as a {0}: {why}", kind.kind, kind.version))
}

/// Fills in kind and apiVersion.
pub(crate) fn set_type(kind: &Kind, object: &mut Value) {
    if let Some(map) = object.as_object_mut() {
        map.insert("kind".to_owned(), kind.kind.into());
        map.insert("apiVersion".to_owned(), kind.api_version().into());
    }
}

/// Reads stored bytes. They are canonical but for the nulls that the encoder writes.
pub(crate) fn from_store(kind: &'static Kind, bytes: &[u8]) -> Value {
    let mut object: Value = serde_json::from_slice(bytes).expect("the store holds what the encoder wrote");
    if memchr::memmem::find(bytes, b"null").is_some() {
        walker::canonical(kind.schema, &mut object);
    }
    object
}

/// The stored form, with an empty resourceVersion that the store fills in.
pub(crate) fn to_store(kind: &'static Kind, object: &mut Value) -> NewValue {
    const MARK: &[u8] = b"\"resourceVersion\":\"#\"";
    set_version(object, Some("#"));
    let mut bytes = walker::encode(kind.schema, object);
    // Of the metadata's fields only name, namespace and uid come before it, none of which can hold this text.
    let at = memchr::memmem::find(&bytes, MARK).expect("every object has metadata") + MARK.len() - 2;
    bytes.remove(at);
    NewValue { bytes, stamp: Some(at) }
}

/// The bytes of an object as they would be stored at that version (`None`: with no version).
pub(crate) fn to_bytes(kind: &'static Kind, object: &mut Value, version: Option<&str>) -> Vec<u8> {
    set_version(object, version);
    walker::encode(kind.schema, object)
}

fn set_version(object: &mut Value, version: Option<&str>) {
    let meta = meta_mut(object);
    match version {
        Some(version) => meta["resourceVersion"] = version.into(),
        None => drop(meta.drop("resourceVersion")),
    }
}

/// The metadata, made if it is absent.
pub(crate) fn meta_mut(object: &mut Value) -> &mut Value {
    let meta = object
        .as_object_mut()
        .expect("a decoded object is a map")
        .entry("metadata")
        .or_insert_with(|| Value::Object(stead_api::Map::new()));
    if !meta.is_object() {
        *meta = Value::Object(stead_api::Map::new());
    }
    meta
}
