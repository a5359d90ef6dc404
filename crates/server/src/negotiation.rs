//! Content negotiation (N1-N4, N20, N26). Input: `Accept` and `Content-Type` headers. Output: in what form the answer
//! goes out and how the body is read, or the Status that refuses both.

use crate::query::{self, Query};
use http::{HeaderMap, header};
use stead_api::{Status, json};

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Media {
    Json {
        pretty: Pretty,
    },
    Yaml,
    /// What has no message goes out as JSON all the same.
    Protobuf,
}

/// Whether JSON is laid out for a reader (N2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Pretty {
    Compact,
    Indented,
}

/// Version of the group `meta.k8s.io` that a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum MetaVersion {
    V1,
    V1Beta1,
}

impl MetaVersion {
    pub(crate) fn api_version(self) -> &'static str {
        match self {
            Self::V1 => "meta.k8s.io/v1",
            Self::V1Beta1 => "meta.k8s.io/v1beta1",
        }
    }
}

/// What is made of an object before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Transform {
    Plain,
    Table(MetaVersion),
    Metadata(MetaVersion),
    MetadataList(MetaVersion),
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub media: Media,
    pub transform: Transform,
}

impl Form {
    pub(crate) const JSON: Self = Self { media: Media::Json { pretty: Pretty::Compact }, transform: Transform::Plain };
}

/// What an endpoint can answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// Objects: JSON, YAML, protobuf, tables, metadata.
    Objects,
    /// A collection, which can be watched too.
    Collection,
    /// Whatever a node sends: the endpoint does not look at `Accept` itself.
    Anything,
}

const OFFERED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
const OFFERED_TO_WATCH: &str = ", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

/// Picks the form of the answer.
pub(crate) fn accept(headers: &HeaderMap, query: &Query, offer: Offer) -> Result<Form, Status> {
    let values: Vec<&str> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let accept = values.join(",");
    let pretty = pretty(headers, query);
    if accept.is_empty() {
        return Ok(Form { media: Media::Json { pretty }, transform: Transform::Plain });
    }
    if offer != Offer::Anything && !routed(&accept) {
        let watched = if offer == Offer::Collection { OFFERED_TO_WATCH } else { "" };
        let message = format!("406: Not Acceptable\n\nAvailable representations: {OFFERED}{watched}");
        return Err(Status::new(406, "NotAcceptable", message).with_details(json!({})));
    }
    let mut clauses: Vec<Clause> = accept.split(',').filter_map(Clause::parse).collect();
    clauses.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    match clauses.iter().find_map(|clause| clause.form(pretty)) {
        Some(form) => Ok(form),
        None if offer == Offer::Anything => Ok(Form::JSON),
        None => Err(Status::new(406, "NotAcceptable", format!("only the following media types are accepted: {OFFERED}"))),
    }
}

/// The router's own look at `Accept`: one of the types literally, or `*/*`.
fn routed(accept: &str) -> bool {
    accept
        .split(',')
        .map(|clause| clause.split(';').next().unwrap_or_default().trim_matches(' '))
        .any(|ty| matches!(ty, "*/*" | "application/json" | "application/yaml" | "application/vnd.kubernetes.protobuf"))
}

fn pretty(headers: &HeaderMap, query: &Query) -> Pretty {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let on = match query::value(query, "pretty") {
        Some(value) => !matches!(value, "0" | "false"),
        None => ["curl", "Wget", "Mozilla/5.0"].iter().any(|prefix| agent.starts_with(prefix)),
    };
    if on { Pretty::Indented } else { Pretty::Compact }
}

/// One part of an `Accept` header.
struct Clause<'a> {
    ty: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    quality: f64,
}

impl<'a> Clause<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let ty = parts.next().filter(|ty| !ty.is_empty())?;
        let mut clause = Self { ty, parameters: Vec::new(), quality: 1.0 };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim() {
                "q" => clause.quality = value.trim().parse().unwrap_or(1.0),
                name => clause.parameters.push((name, value.trim())),
            }
        }
        Some(clause)
    }

    fn parameter(&self, name: &str) -> &'a str {
        self.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value).unwrap_or_default()
    }

    fn form(&self, pretty: Pretty) -> Option<Form> {
        let pretty = match self.parameter("pretty") {
            "1" | "true" => Pretty::Indented,
            _ => pretty,
        };
        let media = match self.ty {
            "application/json" | "*/*" | "application/*" => Media::Json { pretty },
            "application/yaml" => Media::Yaml,
            "application/vnd.kubernetes.protobuf" => Media::Protobuf,
            _ => return None,
        };
        let transform = self.transform()?;
        // A table has no message (N20).
        let can_be = media != Media::Protobuf || !matches!(transform, Transform::Table(_));
        can_be.then_some(Form { media, transform })
    }

    fn transform(&self) -> Option<Transform> {
        let kind = self.parameter("as");
        if kind.is_empty() {
            return Some(Transform::Plain);
        }
        let version = match (self.parameter("g"), self.parameter("v")) {
            ("meta.k8s.io", "v1") => MetaVersion::V1,
            ("meta.k8s.io", "v1beta1") => MetaVersion::V1Beta1,
            _ => return None,
        };
        match kind {
            "Table" => Some(Transform::Table(version)),
            "PartialObjectMetadata" => Some(Transform::Metadata(version)),
            "PartialObjectMetadataList" => Some(Transform::MetadataList(version)),
            _ => None,
        }
    }
}

/// How a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Json,
    Yaml,
    Protobuf,
}

/// The reader of a body of POST, PUT or DELETE (N1).
pub(crate) fn content_type(headers: &HeaderMap) -> Result<Reader, Status> {
    let unknown = || {
        let message = format!("the body of the request was in an unknown format - accepted media types include: {OFFERED}");
        Status::new(415, "UnsupportedMediaType", message)
    };
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(Reader::Json);
    };
    match media_type(value.to_str().map_err(|_| unknown())?).as_deref() {
        Some("" | "application/json") => Ok(Reader::Json),
        Some("application/yaml") => Ok(Reader::Yaml),
        Some("application/vnd.kubernetes.protobuf") => Ok(Reader::Protobuf),
        _ => Err(unknown()),
    }
}

/// The type of a `Content-Type`, in lower case and without its parameters; `None` if it is malformed.
pub(crate) fn media_type(value: &str) -> Option<String> {
    let mut parts = value.split(';');
    let ty = parts.next().unwrap_or_default().trim().to_lowercase();
    if ty.is_empty() {
        return value.is_empty().then_some(ty);
    }
    for parameter in parts.map(str::trim).filter(|parameter| !parameter.is_empty()) {
        parameter.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty())?;
    }
    (!ty.contains([',', ' '])).then_some(ty)
}

#[cfg(test)]
mod tests;
