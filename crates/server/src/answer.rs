//! Answers: what a handler found, made into an HTTP response.

use crate::{Body, body};
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use stead_api::registry::Kind;
use stead_api::{Status, Value};

/// What a handler answers.
pub(crate) enum Answer {
    /// One object of the kind, as stored.
    Object { code: u16, kind: &'static Kind, bytes: Bytes },
    /// A document of another type: a success Status, a Scale.
    Document { code: u16, value: Value },
    /// A list's bytes.
    List { bytes: Bytes },
    /// A complete response: streams and text.
    Response(Response<Body>),
}

impl Answer {
    pub(crate) fn into_response(self) -> Response<Body> {
        match self {
            Self::Object { code, bytes, .. } => json(code, with_newline(&bytes)),
            Self::Document { code, value } => json(code, with_newline(value.to_string().as_bytes())),
            Self::List { bytes } => json(200, bytes),
            Self::Response(response) => response,
        }
    }
}

/// The response of a failure.
pub(crate) fn failure(status: &Status) -> Response<Body> {
    let mut response = json(status.code, with_newline(status.body().to_string().as_bytes()));
    let seconds = status.details.as_ref().and_then(|d| d["retryAfterSeconds"].as_i64()).unwrap_or_default();
    if seconds > 0 {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Adds `Warning` headers (N30).
pub(crate) fn warn(response: &mut Response<Body>, warnings: &[String]) {
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
}

/// A plain text response.
pub(crate) fn text(code: u16, text: impl Into<Bytes>) -> Response<Body> {
    respond(code, "text/plain; charset=utf-8", text.into())
}

pub(crate) fn json(code: u16, bytes: Bytes) -> Response<Body> {
    let mut response = respond(code, "application/json", bytes);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

fn respond(code: u16, content_type: &'static str, bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(body::full(bytes));
    *response.status_mut() = http::StatusCode::from_u16(code).expect("codes are three digits");
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn with_newline(bytes: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(bytes.len() + 1);
    out.extend_from_slice(bytes);
    out.push(b'\n');
    out.into()
}
