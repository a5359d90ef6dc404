//! Messages written along the schema table (N10 to N14), from the last byte to the first, so that every length is known when it is
//! written and nothing is copied into place. Input: canonical values. Output: bytes. What the table has no tag for is left out.

use super::PREFIX;
use crate::{
    Map, Value,
    schema::{
        self, Field, Shape, Type,
        generated::{META_V1_LIST_META, META_V1_OBJECT_META},
    },
    time::{Timestamp, parse_go_duration},
    wire::{base64, json::TypeMeta},
};

/// The message of an object of that type, without its kind and apiVersion.
pub fn encode(ty: &'static Type, value: &Value) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.object(ty, value);
    writer.finish()
}

/// The body of a document that says its type; `None` if that has no message.
pub fn body(document: &Value) -> Option<Vec<u8>> {
    let member = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let type_meta = TypeMeta { api_version: member("apiVersion"), kind: member("kind") };
    let (group, version) = type_meta.api_version.split_once('/').unwrap_or(("", &type_meta.api_version));
    let ty = match (group, version, type_meta.kind.as_str()) {
        ("meta.k8s.io", _, "PartialObjectMetadata") => &PARTIAL_OBJECT_METADATA,
        ("meta.k8s.io", "v1beta1", "PartialObjectMetadataList") => &PARTIAL_OBJECT_METADATA_LIST_V1BETA1,
        ("meta.k8s.io", _, "PartialObjectMetadataList") => &PARTIAL_OBJECT_METADATA_LIST,
        (group, version, kind) => schema::by_gvk(group, version, kind).filter(|ty| !ty.message.is_empty())?,
    };
    Some(enveloped(&type_meta, &encode(ty, document)))
}

const fn metadata_type(name: &'static str, fields: &'static [Field]) -> Type {
    Type { name, message: name, gvk: &[], fields, embedded: &[], atomic: false }
}

// Types that no kind is stored as, and the published schema therefore lacks.
static PARTIAL_OBJECT_METADATA: Type = metadata_type(
    "PartialObjectMetadata",
    &[Field { name: "metadata", shape: Shape::Struct(&META_V1_OBJECT_META), tag: 1, ..Field::PLAIN }],
);
static PARTIAL_OBJECT_METADATA_LIST: Type = metadata_type(
    "PartialObjectMetadataList",
    &[
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), tag: 1, ..Field::PLAIN },
        Field { name: "items", shape: Shape::List(&Shape::Struct(&PARTIAL_OBJECT_METADATA)), tag: 2, ..Field::PLAIN },
    ],
);
static PARTIAL_OBJECT_METADATA_LIST_V1BETA1: Type = metadata_type(
    "PartialObjectMetadataList",
    &[
        Field { name: "items", shape: Shape::List(&Shape::Struct(&PARTIAL_OBJECT_METADATA)), tag: 1, ..Field::PLAIN },
        Field { name: "metadata", shape: Shape::Struct(&META_V1_LIST_META), tag: 2, ..Field::PLAIN },
    ],
);

/// A whole body: the envelope and a message in it.
pub fn enveloped(type_meta: &TypeMeta, message: &[u8]) -> Vec<u8> {
    let mut body = envelope_head(type_meta, message.len());
    body.extend_from_slice(message);
    body.extend_from_slice(ENVELOPE_TAIL);
    body
}

/// What a body begins with, up to its message of so many bytes; [`ENVELOPE_TAIL`] comes after that.
pub fn envelope_head(type_meta: &TypeMeta, message_bytes: usize) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.head(2, message_bytes);
    let mark = writer.mark();
    writer.bytes(2, type_meta.kind.as_bytes());
    writer.bytes(1, type_meta.api_version.as_bytes());
    writer.close(1, mark);
    [PREFIX, &writer.finish()].concat()
}

/// Content encoding and content type, both empty: the message is protobuf.
pub const ENVELOPE_TAIL: &[u8] = &[3 << 3 | 2, 0, 4 << 3 | 2, 0];

/// An item of a list with its tag and length: `repeated items = 2` of every list kind.
pub fn list_item(ty: &'static Type, item: &Value) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.object(ty, item);
    writer.close(2, 0);
    writer.finish()
}

/// The metadata of a list with its tag and length: `metadata = 1` of every list kind.
pub fn list_metadata(metadata: &Value) -> Vec<u8> {
    let mut writer = Writer::default();
    let mark = writer.mark();
    writer.object(&META_V1_LIST_META, metadata);
    writer.close(1, mark);
    writer.finish()
}

/// An event of a watch as it is sent: four bytes of length, then `type = 1` and the object's whole body in `object = 2`, a RawExtension.
pub fn watch_frame(happening: &str, body: &[u8]) -> Vec<u8> {
    let mut writer = Writer::default();
    let mark = writer.mark();
    writer.bytes(1, body);
    writer.close(2, mark);
    writer.bytes(1, happening.as_bytes());
    let length = u32::try_from(writer.mark()).expect("an object has less than 4 GiB");
    writer.back(&length.to_be_bytes());
    writer.finish()
}

/// Bytes in reverse.
#[derive(Default)]
struct Writer {
    reversed: Vec<u8>,
}

impl Writer {
    fn finish(mut self) -> Vec<u8> {
        self.reversed.reverse();
        self.reversed
    }

    /// Where something ends that begins later.
    fn mark(&self) -> usize {
        self.reversed.len()
    }

    fn back(&mut self, bytes: &[u8]) {
        self.reversed.extend(bytes.iter().rev());
    }

    fn varint(&mut self, number: u64) {
        let (mut bytes, mut length, mut rest) = ([0; 10], 0, number);
        loop {
            bytes[length] = rest as u8 & 0x7f | if rest >= 0x80 { 0x80 } else { 0 };
            length += 1;
            rest >>= 7;
            if rest == 0 {
                break;
            }
        }
        self.back(&bytes[..length]);
    }

    /// Key and length of what has so many bytes.
    fn head(&mut self, tag: u32, bytes: usize) {
        self.varint(bytes as u64);
        self.varint(u64::from(tag) << 3 | 2);
    }

    /// Begins what ends at the mark.
    fn close(&mut self, tag: u32, mark: usize) {
        self.head(tag, self.reversed.len() - mark);
    }

    fn bytes(&mut self, tag: u32, bytes: &[u8]) {
        self.back(bytes);
        self.head(tag, bytes.len());
    }

    fn number(&mut self, tag: u32, number: i64) {
        self.varint(number as u64);
        self.varint(u64::from(tag) << 3);
    }

    fn object(&mut self, ty: &'static Type, value: &Value) {
        if let Value::Object(map) = value {
            self.fields(ty.fields, 0, map);
        }
    }

    /// Fields of one message that is `depth` messages inside the one that JSON shows as an object (N12).
    fn fields(&mut self, fields: &'static [Field], depth: usize, map: &Map<String, Value>) {
        let mut end = fields.len();
        while let Some(last) = fields[..end].last() {
            let Some(tag) = last.within.get(depth) else {
                end -= 1;
                if let Some(value) = map.get(last.name).filter(|_| last.tag != 0) {
                    self.field(last, value);
                }
                continue;
            };
            // Neighbours in one embedded message; a message that comes twice is merged by its reader.
            let begin = fields[..end].iter().rposition(|field| field.within.get(depth) != Some(tag)).map_or(0, |other| other + 1);
            let mark = self.mark();
            self.fields(&fields[begin..end], depth + 1, map);
            if self.mark() > mark {
                self.close(*tag, mark);
            }
            end = begin;
        }
    }

    fn field(&mut self, field: &'static Field, value: &Value) {
        match (&field.shape, value) {
            (Shape::List(element), Value::Array(list)) if field.wrapped => self.items(field.tag, element, list),
            (Shape::List(element), Value::Array(list)) => {
                for value in list.iter().rev() {
                    self.single(field.tag, element, value);
                }
            }
            (Shape::Map(element), Value::Object(map)) => {
                for (key, value) in map.iter().rev() {
                    let mark = self.mark();
                    match (*element, value) {
                        (Shape::List(element), Value::Array(list)) => self.items(2, element, list),
                        (element, value) => self.single(2, element, value),
                    }
                    self.bytes(1, key.as_bytes());
                    self.close(field.tag, mark);
                }
            }
            (_, Value::Null) => {}
            (shape, value) => self.single(field.tag, shape, value),
        }
    }

    /// A message of `repeated items = 1` (N14: ExtraValue, Verbs).
    fn items(&mut self, tag: u32, element: &'static Shape, list: &[Value]) {
        let mark = self.mark();
        for value in list.iter().rev() {
            self.single(1, element, value);
        }
        self.close(tag, mark);
    }

    fn single(&mut self, tag: u32, shape: &'static Shape, value: &Value) {
        let text = value.as_str().unwrap_or_default();
        let mark = self.mark();
        match shape {
            Shape::Bool => return self.number(tag, i64::from(value == &Value::Bool(true))),
            Shape::Int32 | Shape::Int64 => return self.number(tag, value.as_i64().unwrap_or_default()),
            Shape::Double => {
                self.back(&value.as_f64().unwrap_or_default().to_le_bytes());
                return self.varint(u64::from(tag) << 3 | 1);
            }
            Shape::String => return self.bytes(tag, text.as_bytes()),
            Shape::Bytes => return self.bytes(tag, &base64::decode(text).unwrap_or_default()),
            Shape::Time | Shape::MicroTime => {
                if let Some(at) = Timestamp::parse(text) {
                    self.number(2, at.0.rem_euclid(1_000_000) * 1000);
                    self.number(1, at.seconds());
                }
            }
            Shape::Duration => {
                let nanoseconds = parse_go_duration(text).map_or(0, |duration| duration.as_nanos());
                self.number(1, i64::try_from(nanoseconds).unwrap_or(i64::MAX));
            }
            Shape::Quantity => match value {
                Value::Number(number) => self.bytes(1, number.to_string().as_bytes()),
                _ => self.bytes(1, text.as_bytes()),
            },
            Shape::IntOrString => {
                self.bytes(3, text.as_bytes());
                self.number(2, value.as_i64().unwrap_or_default());
                self.number(1, i64::from(value.is_string()));
            }
            Shape::Raw if value.is_null() => {}
            Shape::Raw => self.bytes(1, value.to_string().as_bytes()),
            Shape::Struct(ty) => self.object(ty, value),
            // No message holds one in a place of its own.
            Shape::List(_) | Shape::Map(_) => return,
        }
        self.close(tag, mark);
    }
}
