//! Objects between the wire and the store. Input: request bytes, stored bytes, values. Output: canonical values with their
//! strict-decoding complaints, and stored bytes with room for the resourceVersion.

use crate::negotiation::Reader;
use crate::query::FieldValidation;
use bytes::Bytes;
use stead_api::field::Errors;
use stead_api::registry::{Form, Kind};
use stead_api::schema::walker::{self, DecodeError, Decoded};
use stead_api::schema::{self, Type};
use stead_api::wire::{self, json::TypeMeta};
use stead_api::{Status, Value, json};
use stead_store::NewValue;

/// What a body must hold: a kind's object, or one of a subresource's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    pub group: &'static str,
    pub version: &'static str,
    pub kind: &'static str,
    pub schema: &'static Type,
}

impl From<&Kind> for Expected {
    fn from(kind: &Kind) -> Self {
        Self { group: kind.group, version: kind.version, kind: kind.kind, schema: kind.schema }
    }
}

impl Expected {
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// E7: `Pod in version "v1" cannot be handled as a Pod: <why>`.
    fn cannot_handle(&self, kind: &str, version: &str, why: &str) -> Status {
        Status::bad_request(format!("{kind} in version {version:?} cannot be handled as a {}: {why}", self.kind))
    }

    /// What is wrong with a body's type, if it is not the expected one; empty members default to the URL's.
    pub(crate) fn mismatch(
        &self,
        api_version: &str,
        kind: &str,
        read: impl FnOnce(&'static Type) -> Result<Decoded, DecodeError>,
    ) -> Option<String> {
        let kind = if kind.is_empty() { self.kind } else { kind };
        let own = self.api_version();
        let api_version = match api_version.trim_start_matches('/') {
            "" => own.as_str(),
            given => given,
        };
        if kind == self.kind && api_version == own {
            return None;
        }
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let known = schema::by_gvk(group, version, kind);
        if let Some(Err(DecodeError(why))) = known.map(read) {
            // It is read as what it says it is before it is found to be the wrong thing.
            return Some(why);
        }
        if known.is_none() {
            return Some(format!("no kind {kind:?} is registered for version {api_version:?} in scheme \"pkg/runtime/scheme.go:111\""));
        }
        let package = |group: &str| group.split('.').next().filter(|g| !g.is_empty()).unwrap_or("core").to_owned();
        Some(format!("converting ({version}.{kind}) to ({}.{}): unknown conversion", package(self.group), self.kind))
    }
}

/// Reads an object from a request body; it is canonical, and not defaulted yet.
pub(crate) fn decode(
    expected: Expected,
    reader: Reader,
    body: &[u8],
    validation: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<Value, Status> {
    let unrecognized = |why: String| {
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): {why} ({})",
            expected.kind,
            wire::summary(body)
        ))
    };
    let TypeMeta { api_version, kind } = type_of(reader, body).map_err(unrecognized)?;
    if api_version.matches('/').count() > 1 {
        return Err(unrecognized(format!("unexpected GroupVersion string: {api_version}")));
    }
    let shown_kind = if kind.is_empty() { expected.kind } else { &kind };
    let shown_version = match api_version.rsplit('/').next() {
        None | Some("") => expected.version,
        Some(version) => version,
    };
    if let Some(why) = expected.mismatch(&api_version, &kind, |ty| read(ty, reader, body)) {
        return Err(mismatched(&expected, &api_version, shown_kind, shown_version, &why));
    }
    let decoded = read(expected.schema, reader, body).map_err(|error| expected.cannot_handle(shown_kind, shown_version, &error.0))?;
    judge_strict(&decoded, validation, warnings).map_err(|why| expected.cannot_handle(shown_kind, shown_version, &why))?;
    let mut object = decoded.value;
    if let Some(map) = object.as_object_mut() {
        map.insert("kind".to_owned(), expected.kind.into());
        map.insert("apiVersion".to_owned(), expected.api_version().into());
    }
    Ok(object)
}

/// 422 about an object that is not of a served kind.
pub(crate) fn invalid(expected: &Expected, name: &str, errors: &Errors) -> Status {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let list = if let [one] = texts.as_slice() { one.clone() } else { format!("[{}]", texts.join(", ")) };
    let what = if expected.group.is_empty() { expected.kind.to_owned() } else { format!("{}.{}", expected.kind, expected.group) };
    let causes: Vec<Value> = errors.iter().map(|e| json!({"reason": e.reason(), "message": e.body(), "field": e.path.as_str()})).collect();
    let mut details = json!({});
    for (member, value) in [("name", name), ("group", expected.group), ("kind", expected.kind)] {
        if !value.is_empty() {
            details[member] = value.into();
        }
    }
    details["causes"] = causes.into();
    Status::new(422, "Invalid", format!("{what} \"{name}\" is invalid: {list}")).with_details(details)
}

/// Versions that upstream knows but serves under another name answer with another text.
fn mismatched(expected: &Expected, api_version: &str, kind: &str, version: &str, why: &str) -> Status {
    let group = api_version.split_once('/').map(|(group, _)| group).unwrap_or_default();
    let old_version = kind == expected.kind && KNOWN_OLD.contains(&(group, version, kind));
    if old_version {
        let own = expected.api_version();
        return Status::bad_request(format!("the API version in the data ({api_version}) does not match the expected API version ({own})"));
    }
    expected.cannot_handle(kind, version, why)
}

/// Versions that upstream can still convert from, though it does not serve them.
const KNOWN_OLD: &[(&str, &str, &str)] = &[
    ("apps", "v1beta1", "StatefulSet"),
    ("apps", "v1beta2", "StatefulSet"),
    ("apps", "v1beta1", "ControllerRevision"),
    ("apps", "v1beta2", "ControllerRevision"),
    ("coordination.k8s.io", "v1beta1", "Lease"),
    ("extensions", "v1beta1", "Scale"),
    ("policy", "v1beta1", "Eviction"),
];

fn judge_strict(decoded: &Decoded, validation: FieldValidation, warnings: &mut Vec<String>) -> Result<(), String> {
    match validation {
        FieldValidation::Ignore => Ok(()),
        FieldValidation::Strict => decoded.strict_error().map_or(Ok(()), Err),
        FieldValidation::Warn => {
            warnings.extend(decoded.warnings());
            Ok(())
        }
    }
}

/// apiVersion and kind of a body, or upstream's complaint about it.
pub(crate) fn type_of(reader: Reader, body: &[u8]) -> Result<TypeMeta, String> {
    match reader {
        Reader::Json => wire::json::type_meta(body),
        Reader::Yaml => wire::json::type_meta(&wire::yaml::to_json(body)?.json),
        Reader::Protobuf => Ok(wire::protobuf::envelope(body).map_err(|error| error.0)?.type_meta),
    }
}

/// Reads a body that has the right type.
pub(crate) fn read(ty: &'static Type, reader: Reader, body: &[u8]) -> Result<Decoded, DecodeError> {
    match reader {
        Reader::Json => walker::decode_json(ty, body),
        Reader::Yaml => walker::decode_yaml(ty, body),
        Reader::Protobuf => wire::protobuf::decode_as(ty, body),
    }
}

/// Reads the bytes stored at a key, as an object in the version of this row.
pub(crate) fn from_store(kind: &Kind, key: &str, bytes: &[u8]) -> Result<Value, Status> {
    let Some(stored) = &kind.stored_as else { return from_bytes(kind.schema, key, bytes) };
    let mut object = from_bytes(stored.schema, key, bytes)?;
    kind.hooks.convert(&mut object, Form::Served);
    object["apiVersion"] = kind.api_version().into();
    walker::canonical(kind.schema, &mut object);
    Ok(object)
}

/// Reads bytes that the encoder wrote for that type. They are canonical but for the nulls that it writes.
pub(crate) fn from_bytes(ty: &'static Type, key: &str, bytes: &[u8]) -> Result<Value, Status> {
    let mut object: Value = serde_json::from_slice(bytes).map_err(|error| unreadable(key, &error.to_string()))?;
    if !object.is_object() {
        return Err(unreadable(key, "not an object"));
    }
    if memchr::memmem::find(bytes, b"null").is_some() {
        walker::canonical(ty, &mut object);
    }
    Ok(object)
}

/// Stored bytes in the version of this row.
pub(crate) fn shown(kind: &Kind, key: &str, bytes: &Bytes) -> Result<Bytes, Status> {
    match kind.stored_as {
        None => Ok(bytes.clone()),
        Some(_) => Ok(walker::encode(kind.schema, &from_store(kind, key, bytes)?).into()),
    }
}

/// 500 about stored bytes that are no object.
pub(crate) fn unreadable(key: &str, why: &str) -> Status {
    Status::internal(&format!("the object stored at {key} cannot be read: {why}"))
}

/// The stored form, with an empty resourceVersion that the store fills in, whatever the object says.
pub(crate) fn to_store(kind: &Kind, object: &Value) -> NewValue {
    let (bytes, stamp) = match &kind.stored_as {
        None => walker::encode_stamped(kind.schema, object),
        Some(stored) => walker::encode_stamped(stored.schema, &converted(kind, object)),
    };
    NewValue { bytes, stamp: Some(stamp) }
}

/// The bytes of an object as they would be stored, at the revision that it has.
pub(crate) fn to_bytes(kind: &Kind, object: &Value) -> Vec<u8> {
    match &kind.stored_as {
        None => walker::encode(kind.schema, object),
        Some(stored) => walker::encode(stored.schema, &converted(kind, object)),
    }
}

fn converted(kind: &Kind, object: &Value) -> Value {
    let mut object = object.clone();
    kind.hooks.convert(&mut object, Form::Stored);
    object["apiVersion"] = kind.stored_api_version().into();
    object
}

pub(crate) fn set_version(object: &mut Value, version: &str) {
    meta_mut(object)["resourceVersion"] = version.into();
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
