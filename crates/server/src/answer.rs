//! Answers: what a handler found, made into an HTTP response of the negotiated form.

use crate::format::ResponseFormat;
use crate::negotiation::{Form, Media, Pretty, Transform};
use crate::objects::Objects;
use crate::table::{self, Columns, Style};
use crate::{Body, body, object, scale, yaml};
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use std::sync::Arc;
use stead_api::registry::Kind;
use stead_api::wire::{json::TypeMeta, protobuf};
use stead_api::{Status, Value, json as make};
use stead_store::Entry;

/// What a handler answers.
pub(crate) enum Answer {
    /// One object of the kind, as stored.
    Object { code: u16, kind: Arc<Kind>, bytes: Bytes },
    /// A document of another type, such as a success Status.
    Document { code: u16, value: Value },
    /// A Scale.
    Scale(Value),
    /// A collection.
    List(List),
    /// A complete response: streams and text.
    Response(Response<Body>),
}

/// The objects of a list, as stored, and its metadata.
pub(crate) struct List {
    pub kind: Arc<Kind>,
    /// `resourceVersion`, `continue`, `remainingItemCount`.
    pub metadata: Value,
    pub items: Vec<Entry>,
}

const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// Larger lists are sent in pieces, as they are put together.
const ONE_PIECE_BYTES_MAX: usize = 256 * 1024;

impl Answer {
    pub(crate) fn into_response(self, objects: &Objects, format: ResponseFormat) -> Result<Response<Body>, Status> {
        match self {
            Self::Object { code, kind, bytes } => object_response(code, &kind, &bytes, format),
            Self::Document { code, value } => Ok(written(code, &value, format.form.media)),
            Self::Scale(scale) => Ok(written(200, &scale::shown(scale, format), format.form.media)),
            Self::List(list) => list_response(objects, list, format),
            Self::Response(response) => Ok(response),
        }
    }
}

fn object_response(code: u16, kind: &Kind, bytes: &Bytes, format: ResponseFormat) -> Result<Response<Body>, Status> {
    if format.form == Form::JSON {
        return Ok(respond(code, "application/json", with_newline(&object::shown(kind, kind.plural, bytes)?)));
    }
    let value = match format.form.transform {
        Transform::Plain => shown_value(kind, kind.plural, bytes)?,
        transform => transformed(kind, &object::from_store(kind, kind.plural, bytes)?, transform, format, Columns::Described)?,
    };
    Ok(written(code, &value, format.form.media))
}

/// An object in the form of a transform.
pub(crate) fn transformed(
    kind: &Kind,
    object: &Value,
    transform: Transform,
    format: ResponseFormat,
    columns: Columns,
) -> Result<Value, Status> {
    match transform {
        Transform::Plain => Ok(object.clone()),
        Transform::Table(version) => {
            let style = Style { version, include: format.include, now: format.now };
            Ok(table::table(kind, style, table::version_of(object), &[object], columns))
        }
        Transform::Metadata(version) => Ok(table::metadata_only(version, object)),
        Transform::MetadataList(_) => {
            let what = format!("*{}.{}", package(kind), kind.kind);
            Err(unfit("PartialObjectMetadataList", "not a list", &what))
        }
    }
}

fn unfit(asked: &str, is: &str, what: &str) -> Status {
    Status::new(406, "NotAcceptable", format!("you requested {asked}, but the requested object is {is} ({what})"))
}

/// The package of upstream's internal type, which its text names.
fn package(kind: &Kind) -> &'static str {
    match kind.group.split('.').next() {
        None | Some("") => "core",
        Some(package) => package,
    }
}

fn list_response(objects: &Objects, list: List, format: ResponseFormat) -> Result<Response<Body>, Status> {
    if format.form == Form::JSON {
        return plain_list(list);
    }
    if format.form == (Form { media: Media::Protobuf, transform: Transform::Plain }) {
        return protobuf_list(objects, &list);
    }
    let value = match format.form.transform {
        Transform::Plain => {
            let items: Vec<Value> = list.items.iter().map(|entry| list_item(&list.kind, entry)).collect::<Result<_, _>>()?;
            make!({"kind": format!("{}List", list.kind.kind), "apiVersion": list.kind.api_version(), "metadata": list.metadata, "items": items})
        }
        Transform::Table(version) => {
            let style = Style { version, include: format.include, now: format.now };
            let rows = list.items.iter().map(|entry| Ok(table::row(&list.kind, style, &*objects.read(&list.kind, entry)?)));
            table::document(style, list.metadata, list.kind.columns, rows.collect::<Result<_, Status>>()?, Columns::Described)
        }
        Transform::MetadataList(version) => {
            let items = list.items.iter().map(|entry| Ok(table::metadata_only(version, &*objects.read(&list.kind, entry)?)));
            table::metadata_list(version, list.metadata, items.collect::<Result<_, Status>>()?)
        }
        Transform::Metadata(_) => {
            let what = format!("*{}.{}List", package(&list.kind), list.kind.kind);
            return Err(unfit("PartialObjectMetadata", "a list", &what));
        }
    };
    Ok(written(200, &value, format.form.media))
}

/// The list document, spliced from stored bytes: in one piece if it is short, else piece by piece as the client takes them.
fn plain_list(mut list: List) -> Result<Response<Body>, Status> {
    if list.kind.stored_as.is_some() {
        for entry in &mut list.items {
            entry.value = object::shown(&list.kind, &entry.key, &entry.value)?;
        }
    }
    let size: usize = list.items.iter().map(|entry| entry.value.len()).sum();
    let mut pieces = Pieces::of(list);
    if size <= ONE_PIECE_BYTES_MAX {
        let whole = pieces.next().unwrap_or_default();
        return Ok(respond(200, "application/json", whole));
    }
    Ok(with_type(200, "application/json", body::streamed(futures::stream::iter(pieces))))
}

/// The list as protobuf. Its length comes first, so every item is known before the first is sent; they are put together as the client takes them.
fn protobuf_list(objects: &Objects, list: &List) -> Result<Response<Body>, Status> {
    let kind = &list.kind;
    let items: Vec<Bytes> = list.items.iter().map(|entry| objects.list_item(kind, entry)).collect::<Result<_, _>>()?;
    let metadata = protobuf::write::list_metadata(&list.metadata);
    let size = metadata.len() + items.iter().map(Bytes::len).sum::<usize>();
    let type_meta = TypeMeta { api_version: kind.api_version(), kind: format!("{}List", kind.kind) };
    let head = [protobuf::write::envelope_head(&type_meta, size), metadata].concat();
    let parts = std::iter::once(head.into()).chain(items).chain([Bytes::from_static(protobuf::write::ENVELOPE_TAIL)]);
    let pieces = in_pieces(parts);
    if size <= ONE_PIECE_BYTES_MAX {
        return Ok(respond(200, PROTOBUF, pieces.collect::<Vec<_>>().concat().into()));
    }
    Ok(with_type(200, PROTOBUF, body::streamed(futures::stream::iter(pieces))))
}

/// Joins short parts to pieces that are worth sending.
fn in_pieces(mut parts: impl Iterator<Item = Bytes>) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(move || {
        let mut piece = Vec::from(parts.next()?);
        while piece.len() < ONE_PIECE_BYTES_MAX
            && let Some(part) = parts.next()
        {
            piece.extend_from_slice(&part);
        }
        Some(piece.into())
    })
}

/// A list document under construction.
struct Pieces {
    /// What comes before the next item; `None` once the end is written.
    before: Option<Vec<u8>>,
    items: std::vec::IntoIter<Entry>,
    /// What stored bytes begin with and list items leave out.
    item_head: String,
}

impl Pieces {
    fn of(list: List) -> Self {
        let api_version = list.kind.api_version();
        let head = format!(r#"{{"kind":"{}List","apiVersion":"{api_version}","metadata":{},"items":["#, list.kind.kind, list.metadata);
        let item_head = format!(r#"{{"kind":"{}","apiVersion":"{api_version}","#, list.kind.kind);
        Self { before: Some(head.into_bytes()), items: list.items.into_iter(), item_head }
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut piece = self.before.take()?;
        while let Some(Entry { value, .. }) = self.items.next() {
            piece.push(b'{');
            let rest = value.strip_prefix(self.item_head.as_bytes()).or_else(|| value.get(1..));
            piece.extend_from_slice(rest.unwrap_or_default());
            if self.items.len() == 0 {
                break;
            }
            piece.push(b',');
            if piece.len() > ONE_PIECE_BYTES_MAX {
                self.before = Some(Vec::with_capacity(ONE_PIECE_BYTES_MAX));
                return Some(piece.into());
            }
        }
        piece.extend_from_slice(b"]}\n");
        Some(piece.into())
    }
}

/// An element of a list: without kind and apiVersion.
fn list_item(kind: &Kind, entry: &Entry) -> Result<Value, Status> {
    let mut item = shown_value(kind, &entry.key, &entry.value)?;
    if let Some(map) = item.as_object_mut() {
        map.shift_remove("kind");
        map.shift_remove("apiVersion");
    }
    Ok(item)
}

/// What plain JSON shows, nulls included.
fn shown_value(kind: &Kind, key: &str, bytes: &Bytes) -> Result<Value, Status> {
    serde_json::from_slice(&object::shown(kind, key, bytes)?).map_err(|error| object::unreadable(key, &error.to_string()))
}

pub(crate) fn no_method() -> Status {
    Status::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource").with_details(make!({}))
}

/// The response of a failure, as JSON.
pub(crate) fn failure(status: &Status) -> Response<Body> {
    failure_as(status, Form::JSON.media)
}

/// The response of a failure.
pub(crate) fn failure_as(status: &Status, media: Media) -> Response<Body> {
    let mut response = written(status.code, &status.body(), media);
    let seconds = status.details.as_ref().and_then(|d| d["retryAfterSeconds"].as_i64()).unwrap_or_default();
    if seconds > 0 {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A success Status about one object (E13).
pub(crate) fn success(kind: &Kind, name: &str, uid: &str) -> Value {
    let mut details = kind.details(name);
    if !uid.is_empty() {
        details["uid"] = uid.into();
    }
    make!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}

/// All warnings together may be this long (N30), in characters; beyond it each is cut.
const WARNINGS_MAX: usize = 4096;
const WARNING_MAX: usize = 256;

/// Adds `Warning` headers (N30), each text once.
pub(crate) fn warn(response: &mut Response<Body>, warnings: &[String]) {
    let mut seen: Vec<&str> = Vec::new();
    for warning in warnings {
        if !seen.contains(&warning.as_str()) {
            seen.push(warning);
        }
    }
    let cut = seen.iter().map(|warning| warning.chars().count()).sum::<usize>() > WARNINGS_MAX;
    for warning in seen {
        let shown: String = if cut { warning.chars().take(WARNING_MAX).collect() } else { warning.to_owned() };
        let quoted = shown.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_bytes(format!("299 - \"{quoted}\"").as_bytes()) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
}

/// A plain text response.
pub(crate) fn text(code: u16, text: impl Into<Bytes>) -> Response<Body> {
    respond(code, "text/plain; charset=utf-8", text.into())
}

/// A value in that medium.
pub(crate) fn written(code: u16, value: &Value, media: Media) -> Response<Body> {
    match media {
        Media::Json { pretty: Pretty::Compact } => respond(code, "application/json", with_newline(value.to_string().as_bytes())),
        Media::Json { pretty: Pretty::Indented } => respond(code, "application/json", format!("{value:#}\n").into()),
        Media::Yaml => respond(code, "application/yaml", yaml::encode(value).into()),
        Media::Protobuf => match protobuf::write::body(value) {
            Some(body) => respond(code, PROTOBUF, body.into()),
            None => written(code, value, Form::JSON.media),
        },
    }
}

/// A JSON response of these bytes.
pub(crate) fn json(code: u16, bytes: Bytes) -> Response<Body> {
    respond(code, "application/json", bytes)
}

fn respond(code: u16, content_type: &'static str, bytes: Bytes) -> Response<Body> {
    with_type(code, content_type, body::full(bytes))
}

pub(crate) fn with_type(code: u16, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(code).expect("codes are three digits");
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

fn with_newline(bytes: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(bytes.len() + 1);
    out.extend_from_slice(bytes);
    out.push(b'\n');
    out.into()
}
