//! Changed bytes and texts to everything that decodes them. What is understood must be understood again in the form it is kept in.

use super::mutation;
use crate::golden::case::Case;
use crate::simulation::Chance;
use bytes::BytesMut;
use stead_api::kinds::KINDS;
use stead_api::patch::{self, Body, Validation};
use stead_api::quantity::Quantity;
use stead_api::registry::Kind;
use stead_api::schema::walker;
use stead_api::selector::{FieldSelector, LabelSelector};
use stead_api::time::{Timestamp, parse_go_duration};
use stead_api::wire::{Format, base64, go_json, protobuf};
use stead_api::{Value, json};
use stead_streams::{spdy, websocket};

/// What real clients sent.
pub(super) struct Seeds {
    /// Objects and the rows of their kinds.
    objects: Vec<(&'static Kind, Value)>,
    /// Bodies of patches.
    patches: Vec<Value>,
    /// Values of `labelSelector` and `fieldSelector`.
    selectors: Vec<String>,
}

impl Seeds {
    pub(super) fn of(cases: &[Case]) -> Self {
        let mut seeds = Self { objects: Vec::new(), patches: Vec::new(), selectors: Vec::new() };
        for step in cases.iter().flat_map(|case| &case.steps) {
            let body = &step["body"];
            let is_of = |row: &&&Kind| body["kind"] == row.kind && body["apiVersion"] == row.api_version();
            if let Some(row) = KINDS.iter().find(is_of) {
                seeds.objects.push((row, body.clone()));
            }
            if step["do"] == "PATCH" && (body.is_object() || body.is_array()) {
                seeds.patches.push(body.clone());
            }
            let query = step["path"].as_str().and_then(|path| path.split_once('?')).map_or("", |(_, query)| query);
            for value in query.split('&').filter_map(|pair| pair.split_once("elector=").map(|(_, value)| value)) {
                seeds.selectors.push(value.replace("%3D", "=").replace("%2C", ",").replace("%20", " "));
            }
        }
        seeds
    }

    fn object(&self, chance: &mut Chance) -> &(&'static Kind, Value) {
        &self.objects[mutation::index(chance, self.objects.len())]
    }
}

/// What was decoded is the same when it is written and decoded again.
fn stays(kind: &Kind, format: Format, body: &[u8]) -> Result<(), String> {
    let Ok(decoded) = format.decode(kind.schema, body) else { return Ok(()) };
    let mut object = decoded.value;
    walker::canonical(kind.schema, &mut object);
    let written = go_json::encode(&object);
    let again = Format::Json.decode(kind.schema, &written).map_err(|error| format!("not understood again: {error}"))?;
    let mut again = again.value;
    walker::canonical(kind.schema, &mut again);
    if go_json::encode(&again) == written {
        return Ok(());
    }
    Err(format!("another object the second time: {}", String::from_utf8_lossy(body)))
}

pub(super) fn json(chance: &mut Chance, seeds: &Seeds) -> Result<(), String> {
    let ((kind, object), (_, other)) = (seeds.object(chance), seeds.object(chance));
    let body = match chance.below(3) {
        0 => mutation::bytes(chance, object.to_string().as_bytes(), other.to_string().as_bytes()),
        _ => mutation::document(chance, object, other).to_string().into_bytes(),
    };
    Format::Json.type_meta(&body).map(drop).unwrap_or_default();
    stays(kind, Format::Json, &body)
}

pub(super) fn yaml(chance: &mut Chance, seeds: &Seeds) -> Result<(), String> {
    let ((kind, object), (_, other)) = (seeds.object(chance), seeds.object(chance));
    // JSON is YAML, too; the other form has its own ends of lines and quotes.
    let written = |value: &Value| match serde_saphyr::to_string(value) {
        Ok(text) => text,
        Err(_) => value.to_string(),
    };
    let body = mutation::bytes(chance, written(object).as_bytes(), written(other).as_bytes());
    Format::Yaml.type_meta(&body).map(drop).unwrap_or_default();
    stays(kind, Format::Yaml, &body)
}

pub(super) fn protobuf(chance: &mut Chance, seeds: &Seeds) -> Result<(), String> {
    let ((kind, object), (_, other)) = (seeds.object(chance), seeds.object(chance));
    let encoded = |value: &Value| protobuf::write::body(value).unwrap_or_default();
    let body = mutation::bytes(chance, &encoded(object), &encoded(other));
    protobuf::decode_body(&body).map(drop).unwrap_or_default();
    stays(kind, Format::Protobuf, &body)
}

pub(super) fn patches(chance: &mut Chance, seeds: &Seeds) -> Result<(), String> {
    let (kind, object) = seeds.object(chance);
    let lent = &seeds.patches[mutation::index(chance, seeds.patches.len())];
    let patch = match chance.below(3) {
        0 => mutation::document(chance, object, lent),
        1 => mutation::document(chance, lent, object),
        _ => json!([{"op": "replace", "path": mutation::text(chance, "/spec/template/spec/containers/0/name", ""), "value": lent},
            {"op": "copy", "from": "/metadata", "path": mutation::text(chance, "/spec/0", "")}]),
    };
    let Ok(body) = Body::parse(patch.to_string().as_bytes()) else { return Ok(()) };
    let Ok(current) = Format::Json.decode(kind.schema, object.to_string().as_bytes()) else { return Ok(()) };
    let mut current = current.value;
    walker::canonical(kind.schema, &mut current);
    let formats = [patch::Format::Json, patch::Format::Merge, patch::Format::Strategic];
    for format in formats {
        let decode = |value: Value| walker::decode_json(kind.schema, value.to_string().as_bytes());
        if let Ok(patched) = patch::apply(format, kind.schema, &current, body.clone(), Validation::Warn, &decode) {
            stays(kind, Format::Json, &go_json::encode(&patched.object))?;
        }
    }
    Ok(())
}

pub(super) fn selectors(chance: &mut Chance, seeds: &Seeds) -> Result<(), String> {
    let lent = |chance: &mut Chance| seeds.selectors[mutation::index(chance, seeds.selectors.len())].clone();
    let (seed, other) = (lent(chance), lent(chance));
    let text = mutation::text(chance, &seed, &other);
    let (kind, object) = seeds.object(chance);
    if let Ok(selector) = LabelSelector::parse(&text) {
        selector.matches_object(object);
    }
    if let Ok(selector) = FieldSelector::parse(&text)
        && selector.check(kind).is_ok()
    {
        selector.matches(kind, object);
    }
    let document = mutation::document(
        chance,
        &json!({"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}),
        object,
    );
    LabelSelector::from_object(Some(&document)).matches_object(object);
    Ok(())
}

/// Texts that stand for amounts, times and bytes.
pub(super) fn quantities(chance: &mut Chance, _: &Seeds) -> Result<(), String> {
    let seeds = ["100m", "1.5Gi", "12e6", "-3k", "9223372036854775807", "2026-01-02T03:04:05.678901Z", "1h2m3.5s", "cGFzc3dvcmQ="];
    let of = |chance: &mut Chance| seeds[mutation::index(chance, seeds.len())];
    let (seed, other) = (of(chance), of(chance));
    let text = mutation::text(chance, seed, other);
    if let Ok(quantity) = Quantity::parse(&text) {
        let (written, again) = (quantity.to_string(), Quantity::parse(&quantity.to_string()));
        quantity.value_ceil();
        quantity.milli_value_ceil();
        if again.as_ref().map(ToString::to_string) != Ok(written.clone()) {
            return Err(format!("{text:?} is written {written:?}, which is read as another amount"));
        }
    }
    if let Some(time) = Timestamp::parse(&text) {
        time.rfc3339_micro();
    }
    parse_go_duration(&text);
    base64::decode(&text).map(drop).unwrap_or_default();
    Ok(())
}

/// Frames of upgraded connections, in pieces of any length.
pub(super) fn streams(chance: &mut Chance, _: &Seeds) -> Result<(), String> {
    let mut sent = BytesMut::new();
    let headers: spdy::Headers = vec![("streamtype".to_owned(), "stdin".to_owned())];
    let mut encoder = spdy::Encoder::default();
    encoder.put_reply(1, &headers, &mut sent);
    spdy::Encoder::put_ping(1, &mut sent);
    let mut other = BytesMut::new();
    websocket::put_head(websocket::Kind::Binary, 300, &mut other);
    other.extend_from_slice(&[0; 300]);
    let frames = [mutation::bytes(chance, &sent, &other), mutation::bytes(chance, &other, &sent)];
    for bytes in frames {
        let piece = 1 + mutation::index(chance, 64);
        let (mut one, mut two) = (spdy::Decoder::default(), websocket::Decoder::default());
        for piece in bytes.chunks(piece) {
            one.push(piece);
            while let Ok(Some(_)) = one.next_frame() {}
            two.push(piece);
            while let Ok(Some(_)) = two.next_message() {}
        }
    }
    Ok(())
}
