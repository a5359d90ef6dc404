//! OpenAPI (section O): the index and documents of version 3, complete for what is served, and the stub of version 2 that old
//! clients insist on.
//!
//! Input: the path's segments, the query, the headers. Output: the response. The documents are made once for the kinds that
//! are served, from their rows and schema tables.

mod paths;
mod schemas;
#[cfg(test)]
mod tests;

use crate::kinds::Rows;
use crate::{Body, answer, digest};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use stead_api::registry::Kind;
use stead_api::time::Timestamp;
use stead_api::{Map, Status, Value, json};

/// Content type of version 2 in protobuf; never the `@` form of the request (Z4).
const PROTOBUF_V2: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/// How long a client may keep a document whose hash is in its URL.
const KEEP_S: i64 = 365 * 24 * 3600;
/// Version of the API that is described.
const VERSION: &str = "v1.37.2";

/// A document of version 3.
#[derive(Debug)]
pub(crate) struct Document {
    bytes: Bytes,
    hash: String,
}

/// Every document by its key: `api/v1`, `apis/apps/v1`.
pub(crate) type ByKey = BTreeMap<String, Document>;

/// The documents of the rows that they were asked for last, made when they are asked for.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    made: Mutex<Option<(Arc<Rows>, Arc<ByKey>)>>,
}

impl Documents {
    pub(crate) fn of(&self, rows: &Arc<Rows>) -> Arc<ByKey> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match &*made {
            Some((of, documents)) if Arc::ptr_eq(of, rows) => documents.clone(),
            Some(_) | None => {
                let documents = Arc::new(documents(rows));
                *made = Some((rows.clone(), documents.clone()));
                documents
            }
        }
    }
}

fn documents(rows: &Rows) -> ByKey {
    let mut groups: BTreeMap<String, Vec<&Kind>> = BTreeMap::new();
    for kind in rows.iter() {
        let key = if kind.group.is_empty() { format!("api/{}", kind.version) } else { format!("apis/{}", kind.api_version()) };
        groups.entry(key).or_default().push(kind);
    }
    let made = groups.into_iter().map(|(key, kinds)| {
        let bytes = Bytes::from(document(&key, &kinds).to_string());
        let hash = digest::hex(&bytes);
        (key, Document { bytes, hash })
    });
    made.collect()
}

/// Answers `/openapi/...`.
pub(crate) fn answer(
    documents: &ByKey,
    method: &str,
    segments: &[String],
    query: &[(String, String)],
    headers: &HeaderMap,
    now: Timestamp,
) -> Response<Body> {
    if method != "GET" {
        return answer::failure(&answer::no_method());
    }
    match segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["openapi", "v2"] => version_2(headers),
        ["openapi", "v3"] => index(documents, headers),
        ["openapi", "v3", key @ ..] => match documents.get(&key.join("/")) {
            Some(document) => version_3(document, &key.join("/"), query, headers, now),
            None => answer::text(404, "404 page not found\n"),
        },
        _ => answer::text(404, "404 page not found\n"),
    }
}

/// O3.
fn index(documents: &ByKey, headers: &HeaderMap) -> Response<Body> {
    let paths: Map<String, Value> = documents
        .iter()
        .map(|(key, document)| (key.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{key}?hash={}", document.hash)})))
        .collect();
    let bytes = Bytes::from(json!({"paths": paths}).to_string());
    tagged(answer::json(200, bytes.clone()), &digest::hex(&bytes), headers)
}

/// O4.
fn version_3(document: &Document, key: &str, query: &[(String, String)], headers: &HeaderMap, now: Timestamp) -> Response<Body> {
    let asked = query.iter().find(|(name, _)| name == "hash").map(|(_, hash)| hash.as_str());
    if asked.is_some_and(|hash| hash != document.hash) {
        let mut response = answer::text(301, "");
        if let Ok(url) = HeaderValue::from_str(&format!("/openapi/v3/{key}?hash={}", document.hash)) {
            response.headers_mut().insert(header::LOCATION, url);
        }
        return response;
    }
    let mut response = tagged(answer::json(200, document.bytes.clone()), &document.hash, headers);
    if asked.is_some() {
        let expires = paths::http_date(Timestamp::from_seconds(now.seconds() + KEEP_S));
        let out = response.headers_mut();
        out.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, immutable"));
        if let Ok(expires) = HeaderValue::from_str(&expires) {
            out.insert(header::EXPIRES, expires);
        }
    }
    response
}

/// Adds the ETag; 304 if the client has that already.
fn tagged(mut response: Response<Body>, hash: &str, headers: &HeaderMap) -> Response<Body> {
    let etag = format!("\"{hash}\"");
    if headers.get(header::IF_NONE_MATCH).is_some_and(|given| given == etag.as_str()) {
        *response.status_mut() = http::StatusCode::NOT_MODIFIED;
        *response.body_mut() = crate::body::full("");
    }
    let out = response.headers_mut();
    out.insert(header::VARY, HeaderValue::from_static("Accept"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        out.insert(header::ETAG, etag);
    }
    response
}

/// O7, Z4: a document that says nothing but what it is; who reads it goes on with version 3.
fn version_2(headers: &HeaderMap) -> Response<Body> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for clause in accept.split(',').map(|clause| clause.split(';').next().unwrap_or_default().trim()) {
        match clause {
            "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" | PROTOBUF_V2 => {
                let mut response = answer::json(200, protobuf_stub().into());
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROTOBUF_V2));
                return response;
            }
            "" | "*/*" | "application/*" | "application/json" => {
                let document =
                    json!({"swagger": "2.0", "info": {"title": "Kubernetes", "version": VERSION}, "paths": {}, "definitions": {}});
                return answer::json(200, document.to_string().into());
            }
            _ => {}
        }
    }
    answer::failure(&Status::new(
        406,
        "NotAcceptable",
        format!("only the following media types are accepted: application/json, {PROTOBUF_V2}"),
    ))
}

/// `Document {swagger = 1, info = 2 {title = 1, version = 2}}` of gnostic's openapiv2.
fn protobuf_stub() -> Vec<u8> {
    let field = |tag: u8, bytes: &[u8]| {
        let length = u8::try_from(bytes.len()).expect("the stub's parts are short");
        [&[tag << 3 | 2, length], bytes].concat()
    };
    let info = [field(1, b"Kubernetes"), field(2, VERSION.as_bytes())].concat();
    [field(1, b"2.0"), field(2, &info)].concat()
}

fn document(key: &str, kinds: &[&Kind]) -> Value {
    let mut paths = Map::new();
    for kind in kinds {
        paths.extend(paths::of_kind(&format!("/{key}"), kind));
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION},
        "paths": paths,
        "components": {"schemas": schemas::of_kinds(kinds)},
    })
}
