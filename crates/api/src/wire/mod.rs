//! Wire formats: the syntax of JSON, YAML and protobuf bodies. Meaning is the schema walker's.

pub mod base64;
pub mod go_json;
pub mod json;
pub mod protobuf;
pub mod yaml;

use crate::schema::{
    Type,
    walker::{self, DecodeError, Decoded},
};
use json::TypeMeta;

/// The format of a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/json`
    Json,
    /// `application/yaml`
    Yaml,
    /// `application/vnd.kubernetes.protobuf`
    Protobuf,
}

impl Format {
    /// What the body says it is; empty where it says nothing. The error follows
    /// `the object provided is unrecognized (must be of type K): `, before the [`summary`] in parentheses.
    pub fn type_meta(self, body: &[u8]) -> Result<TypeMeta, String> {
        match self {
            Self::Json => json::type_meta(body),
            Self::Yaml => json::type_meta(&yaml::to_json(body)?.json),
            Self::Protobuf => protobuf::envelope(body).map(|envelope| envelope.type_meta).map_err(|error| error.0),
        }
    }

    /// Decodes the body as that type. The error follows `K in version "V" cannot be handled as a K: `.
    pub fn decode(self, ty: &'static Type, body: &[u8]) -> Result<Decoded, DecodeError> {
        match self {
            Self::Json => walker::decode_json(ty, body),
            Self::Yaml => walker::decode_yaml(ty, body),
            Self::Protobuf => protobuf::decode_as(ty, body),
        }
    }
}

/// The start of a body as error messages show it: text if it looks like JSON, hexadecimal otherwise.
pub fn summary(body: &[u8]) -> String {
    const BYTES_MAX: usize = 30;
    let (shown, more) = match body.get(..BYTES_MAX) {
        Some(start) if body.len() > BYTES_MAX => (start, " ..."),
        _ => (body, ""),
    };
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(shown)),
        Some(_) => {
            let hex: String = shown.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{hex}{more}")
        }
    }
}
