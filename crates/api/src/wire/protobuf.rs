//! Protobuf bodies: the `k8s\0` envelope and, along the schema table, the messages of every kind (N10 to N14), read here and written
//! in `write`. Input: bytes, or canonical values. Output: the envelope and canonical values, or bytes. Never panics on any bytes.

mod read;
#[cfg(test)]
mod tests;
pub mod write;

use crate::{
    Map, Value,
    quantity::Quantity,
    schema::{
        self, Field, Shape, Type,
        walker::{self, DEPTH_MAX, DecodeError, Decoded, leaf},
    },
    time::Timestamp,
    value::depth,
    wire::{base64, json::TypeMeta},
};
use read::{Payload, Reader};

/// What every body begins with.
pub const PREFIX: &[u8] = b"k8s\0";

/// The outer message, `runtime.Unknown`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope<'b> {
    pub type_meta: TypeMeta,
    /// The kind's own message.
    pub raw: &'b [u8],
    pub content_encoding: String,
    /// Empty means protobuf.
    pub content_type: String,
}

/// Opens the envelope of a body.
pub fn envelope(body: &[u8]) -> Result<Envelope<'_>, DecodeError> {
    let inner = body.strip_prefix(PREFIX).ok_or_else(|| {
        let why = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]";
        DecodeError(if body.is_empty() { "empty data" } else { why }.to_owned())
    })?;
    let mut envelope = Envelope::default();
    let mut reader = Reader::new(inner);
    while let Some((tag, payload)) = reader.next()? {
        match (tag, payload) {
            (1, Payload::Bytes(bytes)) => {
                let mut reader = Reader::new(bytes);
                while let Some((tag, payload)) = reader.next()? {
                    match tag {
                        1 => envelope.type_meta.api_version = payload.text()?,
                        2 => envelope.type_meta.kind = payload.text()?,
                        _ => {}
                    }
                }
            }
            (2, Payload::Bytes(bytes)) => envelope.raw = bytes,
            (3, payload) => envelope.content_encoding = payload.text()?,
            (4, payload) => envelope.content_type = payload.text()?,
            (1 | 2, _) => return Err(wrong_wire_type()),
            _ => {}
        }
    }
    Ok(envelope)
}

/// Decodes a message of that type; `kind` and `apiVersion` are the envelope's and not in it.
pub fn decode(ty: &'static Type, message: &[u8]) -> Result<Value, DecodeError> {
    object(ty, message, None, 0)
}

/// Opens a body and decodes it as that type, whatever it says it is.
pub fn decode_as(ty: &'static Type, body: &[u8]) -> Result<Decoded, DecodeError> {
    let envelope = envelope(body)?;
    if envelope.content_type.ends_with("json") {
        return walker::decode_json(ty, envelope.raw);
    }
    let mut value = decode(ty, envelope.raw)?;
    if let Some(map) = value.as_object_mut() {
        map.insert("kind".to_owned(), envelope.type_meta.kind.into());
        map.insert("apiVersion".to_owned(), envelope.type_meta.api_version.into());
    }
    if depth(&value) > DEPTH_MAX {
        return Err(too_deep());
    }
    walker::canonical(ty, &mut value);
    Ok(Decoded { value, strict: Vec::new() })
}

/// Opens a body and decodes it as what it says it is. Any group has DeleteOptions.
pub fn decode_body(body: &[u8]) -> Result<(TypeMeta, Value), DecodeError> {
    let TypeMeta { api_version, kind } = envelope(body)?.type_meta;
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let ty = match kind.as_str() {
        "DeleteOptions" => Some(&schema::generated::META_V1_DELETE_OPTIONS),
        _ => schema::by_gvk(group, version, &kind),
    };
    let ty = ty.ok_or_else(|| DecodeError(format!("no kind \"{kind}\" is registered for version \"{api_version}\"")))?;
    let value = decode_as(ty, body)?.value;
    Ok((TypeMeta { api_version, kind }, value))
}

fn too_deep() -> DecodeError {
    DecodeError("proto: exceeded max depth".to_owned())
}

fn wrong_wire_type() -> DecodeError {
    DecodeError("proto: wrong wireType".to_owned())
}

/// A struct; a message that comes twice is merged, as protobuf says.
fn object(ty: &'static Type, message: &[u8], before: Option<Value>, depth: usize) -> Result<Value, DecodeError> {
    if depth > DEPTH_MAX {
        return Err(too_deep());
    }
    let mut slots = leaf::reopen(ty, before);
    fields(ty, &[], message, &mut slots, depth)?;
    Ok(leaf::assemble(ty, slots))
}

/// The fields of a message. `within` are the tags of embedded messages on the way here (N12).
fn fields(ty: &'static Type, within: &[u32], message: &[u8], slots: &mut [Option<Value>], depth: usize) -> Result<(), DecodeError> {
    let mut reader = Reader::new(message);
    while let Some((tag, payload)) = reader.next()? {
        if let Some(index) = ty.fields.iter().position(|field| field.tag == tag && field.within == within) {
            field(&ty.fields[index], payload, &mut slots[index], depth)?;
            continue;
        }
        let inner = [within, &[tag]].concat();
        if ty.fields.iter().any(|field| field.within.starts_with(&inner)) {
            fields(ty, &inner, payload.bytes()?, slots, depth)?;
        }
    }
    Ok(())
}

/// One occurrence of a field.
fn field(field: &'static Field, payload: Payload<'_>, slot: &mut Option<Value>, depth: usize) -> Result<(), DecodeError> {
    match field.shape {
        Shape::List(element) if field.wrapped => *slot = Some(items(element, payload.bytes()?, depth)?),
        Shape::List(element) => {
            let list = slot.get_or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = list {
                elements(element, payload, list, depth)?;
            }
        }
        Shape::Map(element) => {
            let map = slot.get_or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(map) = map {
                entry(element, payload.bytes()?, map, depth)?;
            }
        }
        shape => *slot = single(&shape, payload, slot.take(), depth)?,
    }
    Ok(())
}

/// One element, or several numbers packed together.
fn elements(shape: &'static Shape, payload: Payload<'_>, list: &mut Vec<Value>, depth: usize) -> Result<(), DecodeError> {
    if let (Shape::Int32 | Shape::Int64 | Shape::Bool, Payload::Bytes(bytes)) = (shape, payload) {
        let mut reader = Reader::new(bytes);
        while let Some(number) = reader.packed()? {
            list.extend(single(shape, Payload::Varint(number), None, depth)?);
        }
        return Ok(());
    }
    let value = single(shape, payload, None, depth)?;
    list.push(value.unwrap_or_else(|| leaf::zero_element(shape)));
    Ok(())
}

/// A message of `repeated items = 1` (N14: ExtraValue, Verbs).
fn items(element: &'static Shape, message: &[u8], depth: usize) -> Result<Value, DecodeError> {
    let mut list = Vec::new();
    let mut reader = Reader::new(message);
    while let Some((tag, payload)) = reader.next()? {
        if tag == 1 {
            elements(element, payload, &mut list, depth)?;
        }
    }
    Ok(Value::Array(list))
}

/// A map entry: `key = 1`, `value = 2`.
fn entry(shape: &'static Shape, message: &[u8], map: &mut Map<String, Value>, depth: usize) -> Result<(), DecodeError> {
    let (mut key, mut value) = (String::new(), None);
    let mut reader = Reader::new(message);
    while let Some((tag, payload)) = reader.next()? {
        match (tag, shape) {
            (1, _) => key = payload.text()?,
            (2, Shape::List(element)) => value = Some(items(element, payload.bytes()?, depth)?),
            (2, _) => value = single(shape, payload, None, depth)?,
            _ => {}
        }
    }
    map.insert(key, value.unwrap_or_else(|| leaf::zero_element(shape)));
    Ok(())
}

/// A value that is no list and no map; `None` is Go's zero of a time or raw value.
fn single(shape: &Shape, payload: Payload<'_>, before: Option<Value>, depth: usize) -> Result<Option<Value>, DecodeError> {
    Ok(Some(match shape {
        Shape::Bool => (payload.varint()? != 0).into(),
        // Negative numbers are sent as 64 bits; the type says how many count.
        Shape::Int32 => (payload.varint()? as i32).into(),
        Shape::Int64 => (payload.varint()? as i64).into(),
        Shape::Double => payload.double()?.into(),
        Shape::String => payload.text()?.into(),
        Shape::Bytes => base64::encode(payload.bytes()?).into(),
        Shape::Duration => format!("{}ns", message_number(payload, 1)?).into(),
        Shape::Time | Shape::MicroTime => return time(shape, payload),
        Shape::Quantity => quantity(payload)?,
        Shape::IntOrString => int_or_string(payload)?,
        Shape::Raw => return raw(payload),
        Shape::Struct(ty) => object(ty, payload.bytes()?, before, depth + 1)?,
        Shape::List(_) | Shape::Map(_) => return Err(wrong_wire_type()),
    }))
}

/// The number of that tag in a message, 0 if absent.
fn message_number(payload: Payload<'_>, wanted: u32) -> Result<i64, DecodeError> {
    let mut number = 0;
    let mut reader = Reader::new(payload.bytes()?);
    while let Some((tag, payload)) = reader.next()? {
        if tag == wanted {
            number = payload.varint()? as i64;
        }
    }
    Ok(number)
}

/// `seconds = 1`, `nanos = 2`; an empty message is no time.
fn time(shape: &Shape, payload: Payload<'_>) -> Result<Option<Value>, DecodeError> {
    let (seconds, nanos) = (message_number(payload, 1)?, message_number(payload, 2)?);
    let text_range = -62_135_596_800 + 1..=253_402_300_799;
    if seconds == 0 && nanos == 0 || !text_range.contains(&seconds) {
        return Ok(None);
    }
    let at = Timestamp(seconds * 1_000_000 + nanos.clamp(0, 999_999_999) / 1000);
    let text = if matches!(shape, Shape::MicroTime) { at.rfc3339_micro() } else { at.rfc3339() };
    Ok(Some(text.into()))
}

/// `string = 1`.
fn quantity(payload: Payload<'_>) -> Result<Value, DecodeError> {
    let mut text = String::new();
    let mut reader = Reader::new(payload.bytes()?);
    while let Some((tag, payload)) = reader.next()? {
        if tag == 1 {
            text = payload.text()?;
        }
    }
    if text.is_empty() {
        return Ok("0".into());
    }
    let quantity = Quantity::parse(text.trim()).map_err(|error| DecodeError(error.to_string()))?;
    Ok(quantity.to_string().into())
}

/// `type = 1` (0: number), `intVal = 2`, `strVal = 3`.
fn int_or_string(payload: Payload<'_>) -> Result<Value, DecodeError> {
    let (is_text, number) = (message_number(payload, 1)? != 0, message_number(payload, 2)?);
    if !is_text {
        return Ok((number as i32).into());
    }
    let mut text = String::new();
    let mut reader = Reader::new(payload.bytes()?);
    while let Some((tag, payload)) = reader.next()? {
        if tag == 3 {
            text = payload.text()?;
        }
    }
    Ok(text.into())
}

/// JSON in `bytes = 1`.
fn raw(payload: Payload<'_>) -> Result<Option<Value>, DecodeError> {
    let mut json: &[u8] = &[];
    let mut reader = Reader::new(payload.bytes()?);
    while let Some((tag, payload)) = reader.next()? {
        if tag == 1 {
            json = payload.bytes()?;
        }
    }
    if json.is_empty() {
        return Ok(None);
    }
    let value: Value = serde_json::from_slice(json).map_err(|error| DecodeError(format!("json: {error}")))?;
    Ok((!value.is_null()).then_some(value))
}
