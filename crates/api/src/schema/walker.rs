//! Walks values along the schema table. Input: JSON, YAML or protobuf, or values that a hook or patch made.
//! Output: canonical values, and the bytes that Go's encoder would write for them.
//!
//! *Canonical* is exactly what Go's encoder writes of an object that has been stored once: members in table order, map keys sorted.
//! Unknown fields and omitted zeros are gone; always-written zeros are present (`resources: {}`, `replicas: 0`). Null stands only
//! where Go writes it: a zero time by value (`lastProbeTime`), an empty list or map without `omitempty` (`selector`, `containers`).

mod canonical;
mod decode;
mod encode;
mod scalar;
#[cfg(test)]
pub(crate) mod tests;

use super::Type;
use crate::{Value, wire};

pub use canonical::zero;

/// What other decoders build values with.
pub(crate) mod leaf {
    pub(crate) use super::canonical::{assemble, reopen, zero_element};
}

/// Maps and lists nest at most this deep, counted from the root of the object, raw fields included. The JSON reader takes 127
/// levels; the rest is for what the server adds: managedFields repeat the path of a field below their own.
pub const DEPTH_MAX: usize = 100;

/// A decoded object and what strict decoding has against it.
#[derive(Debug)]
pub struct Decoded {
    /// Canonical, see [`self`].
    pub value: Value,
    /// In upstream's order and words: `unknown field "spec.foo"`, `duplicate field "spec.bar"`.
    pub strict: Vec<String>,
}

impl Decoded {
    /// The strict errors as warning texts: those of the YAML reader come several to one error.
    pub fn warnings(&self) -> Vec<String> {
        let lines = |text: &String| match text.strip_prefix(wire::yaml::DUPLICATES_HEAD) {
            Some(list) => list.lines().map(|line| line.trim().to_owned()).collect(),
            None => vec![text.clone()],
        };
        self.strict.iter().flat_map(lines).collect()
    }

    /// `strict decoding error: ...`, if there is any.
    pub fn strict_error(&self) -> Option<String> {
        (!self.strict.is_empty()).then(|| format!("strict decoding error: {}", self.strict.join(", ")))
    }
}

/// A value of the wrong type somewhere; the text is Go's, e.g.
/// `json: cannot unmarshal string into Go struct field StatefulSetSpec.spec.replicas of type int32`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(pub String);

/// Decodes a JSON document.
pub fn decode_json(ty: &'static Type, bytes: &[u8]) -> Result<Decoded, DecodeError> {
    wire::json::check(bytes).map_err(DecodeError)?;
    decode::checked(ty, bytes)
}

/// Decodes the first document of a YAML stream.
pub fn decode_yaml(ty: &'static Type, bytes: &[u8]) -> Result<Decoded, DecodeError> {
    let yaml = wire::yaml::to_json(bytes).map_err(DecodeError)?;
    let mut decoded = decode::checked(ty, &yaml.json)?;
    if let Some(duplicates) = yaml.duplicates {
        decoded.strict.insert(0, duplicates);
    }
    Ok(decoded)
}

/// Decodes a value that a patch produced (same rules as [`decode_json`], duplicates cannot occur).
pub fn decode_value(ty: &'static Type, value: Value) -> Result<Decoded, DecodeError> {
    // One path for all: the text of a value this program has made always passes the syntax check.
    decode::checked(ty, value.to_string().as_bytes())
}

/// Brings a value that hooks have changed back to canonical form; unknown fields are dropped.
pub fn canonical(ty: &'static Type, value: &mut Value) {
    canonical::object(ty, value);
}

/// The bytes Go's `encoding/json` writes: fields in table order, map keys sorted, `<`, `>`, `&`, U+2028 and U+2029 escaped.
/// A value that is not canonical is written as its canonical form, but for the text of quantities and times.
pub fn encode(ty: &'static Type, value: &Value) -> Vec<u8> {
    encode::object(ty, value, encode::Stamp::No).0
}

/// As [`encode`], with `"resourceVersion":""` in the metadata, and the offset between those quotes.
/// Without metadata in the type the offset is 0.
pub fn encode_stamped(ty: &'static Type, value: &Value) -> (Vec<u8>, usize) {
    encode::object(ty, value, encode::Stamp::Empty)
}
