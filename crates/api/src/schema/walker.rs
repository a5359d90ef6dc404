//! Walks values along the schema table. Input: JSON, YAML or protobuf, or values that a hook or patch made.
//! Output: canonical values, and the bytes that Go's encoder would write for them.

use super::Type;
use crate::Value;

/// A decoded object and what strict decoding has against it.
#[derive(Debug)]
pub struct Decoded {
    /// Canonical: exactly the members Go's encoder writes. Unknown fields, omitted zeros and nulls are gone; always-written
    /// zeros are present, and the few nulls Go writes (`lastProbeTime`, nil lists without omitempty) are there as null.
    pub value: Value,
    /// In upstream's order and words: `unknown field "spec.foo"`, `duplicate field "spec.bar"`.
    pub strict: Vec<String>,
}

/// A value of the wrong type somewhere; the text is Go's, e.g.
/// `json: cannot unmarshal string into Go struct field StatefulSetSpec.spec.replicas of type int32`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(pub String);

/// Decodes a JSON document.
pub fn decode_json(_ty: &'static Type, _bytes: &[u8]) -> Result<Decoded, DecodeError> {
    unimplemented!()
}

/// Decodes the first document of a YAML stream.
pub fn decode_yaml(_ty: &'static Type, _bytes: &[u8]) -> Result<Decoded, DecodeError> {
    unimplemented!()
}

/// Decodes a value that a patch produced (same rules as [`decode_json`], duplicates cannot occur).
pub fn decode_value(_ty: &'static Type, _value: Value) -> Result<Decoded, DecodeError> {
    unimplemented!()
}

/// Brings a value that hooks have changed back to canonical form; unknown fields are dropped.
pub fn canonical(_ty: &'static Type, _value: &mut Value) {
    unimplemented!()
}

/// As [`encode`], with `"resourceVersion":""` in the metadata, and the offset between those quotes.
pub fn encode_stamped(_ty: &'static Type, _value: &Value) -> (Vec<u8>, usize) {
    unimplemented!()
}

/// The bytes Go's `encoding/json` writes: fields in table order, map keys sorted, `<`, `>`, `&`, U+2028 and U+2029 escaped.
pub fn encode(_ty: &'static Type, _value: &Value) -> Vec<u8> {
    unimplemented!()
}
