//! The wire form of calls: which HTTP request a [`Call`] is, and what an answer means. Input: calls, status codes and
//! bodies. Output: requests, values and [`Failure`]s. It sends nothing.

use crate::engine::Report;
use crate::object::Object;
use crate::plan::{Call, DeleteOptions, Key, Patch, Resource};
use stead_api::{Map, Status, Value, value::Access};

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// Nothing is known of the outcome.
    #[error("no answer from the API server: {0}")]
    NoAnswer(String),
}

/// A Status that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: u16,
    pub reason: String,
    pub message: String,
}

impl Failure {
    /// The Status' reason; empty if there is none.
    pub fn reason(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.reason,
            Self::NoAnswer(_) => "",
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Refused(Refusal { code: status.code, reason: status.reason.to_owned(), message: status.message })
    }
}

/// An HTTP request before it has a transport.
pub type Request = http::Request<Vec<u8>>;

/// The request that a call is. `agent` becomes its field manager.
pub fn request(call: &Call, agent: &str) -> Result<Request, http::Error> {
    let (method, path, content_type, body) = match call {
        Call::Get { resource, key } => ("GET", object_path(*resource, key, ""), "", None),
        Call::List { resource, namespace, limit } => ("GET", format!("{}?limit={limit}", collection_path(*resource, namespace)), "", None),
        Call::Create { resource, namespace, subresource: (name, sub), body } if !name.is_empty() => {
            ("POST", object_path(*resource, &Key::new(namespace.clone(), name.clone()), sub), JSON, Some(body))
        }
        Call::Create { resource, namespace, body, .. } => ("POST", collection_path(*resource, namespace), JSON, Some(body)),
        Call::Update { resource, key, subresource, body } => ("PUT", object_path(*resource, key, subresource), JSON, Some(body)),
        Call::Patch { resource, key, subresource, patch } => {
            let (ty, body) = match patch {
                Patch::Json(body) => ("application/json-patch+json", body),
                Patch::Merge(body) => ("application/merge-patch+json", body),
                Patch::Strategic(body) => ("application/strategic-merge-patch+json", body),
            };
            ("PATCH", object_path(*resource, key, subresource), ty, Some(body))
        }
        Call::Delete { resource, key, options } => {
            let body = delete_body(options);
            return build("DELETE", object_path(*resource, key, ""), JSON, Some(&body), agent);
        }
        Call::DeleteCollection { resource, namespace } => ("DELETE", collection_path(*resource, namespace), "", None),
    };
    build(method, path, content_type, body, agent)
}

const JSON: &str = "application/json";

fn build(method: &str, path: String, content_type: &str, body: Option<&Value>, agent: &str) -> Result<Request, http::Error> {
    let mut builder = http::Request::builder().method(method).uri(path).header("Accept", JSON).header("User-Agent", agent);
    if !content_type.is_empty() {
        builder = builder.header("Content-Type", content_type);
    }
    builder.body(body.map(|b| b.to_string().into_bytes()).unwrap_or_default())
}

/// The path of a collection; an empty namespace means all of them, or none for a cluster-scoped resource.
pub fn collection_path(resource: Resource, namespace: &str) -> String {
    let root = if resource.api_version.contains('/') { "apis" } else { "api" };
    let (version, plural) = (resource.api_version, resource.plural);
    if namespace.is_empty() || !resource.namespaced {
        format!("/{root}/{version}/{plural}")
    } else {
        format!("/{root}/{version}/namespaces/{namespace}/{plural}")
    }
}

fn object_path(resource: Resource, key: &Key, subresource: &str) -> String {
    let path = format!("{}/{}", collection_path(resource, &key.namespace), key.name);
    if subresource.is_empty() { path } else { format!("{path}/{subresource}") }
}

fn delete_body(options: &DeleteOptions) -> Value {
    let mut body = Map::new();
    body.insert("apiVersion".into(), "v1".into());
    body.insert("kind".into(), "DeleteOptions".into());
    if let Some(seconds) = options.grace_period_s {
        body.insert("gracePeriodSeconds".into(), seconds.into());
    }
    if let Some(policy) = options.propagation {
        body.insert("propagationPolicy".into(), policy.into());
    }
    let mut preconditions = Map::new();
    if let Some(uid) = &options.uid {
        preconditions.insert("uid".into(), uid.as_str().into());
    }
    if let Some(version) = &options.resource_version {
        preconditions.insert("resourceVersion".into(), version.as_str().into());
    }
    if !preconditions.is_empty() {
        body.insert("preconditions".into(), preconditions.into());
    }
    body.into()
}

/// What an answer means.
pub fn outcome(code: u16, body: &[u8]) -> Result<Value, Failure> {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    if (200..300).contains(&code) {
        return Ok(value);
    }
    let text = String::from_utf8_lossy(body);
    let message = match value.str("message") {
        "" => text.trim(),
        message => message,
    };
    let refusal = Refusal { code, reason: value.str("reason").to_owned(), message: message.to_owned() };
    Err(Failure::Refused(refusal))
}

/// A whole list, or the page after `continue_token`.
pub fn list_path(resource: Resource, continue_token: &str) -> String {
    let path = format!("{}?limit={PAGE}", collection_path(resource, ""));
    if continue_token.is_empty() { path } else { format!("{path}&continue={continue_token}") }
}

/// A watch of everything after a version.
pub fn watch_path(resource: Resource, version: &str, timeout_s: u32) -> String {
    let path = collection_path(resource, "");
    format!("{path}?watch=true&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={timeout_s}")
}

/// Objects per page of a list.
const PAGE: u32 = 500;

/// A page of a list.
#[derive(Debug)]
pub struct Page {
    pub objects: Vec<Object>,
    pub version: String,
    /// Where the next page begins; empty after the last.
    pub continue_token: String,
}

/// Reads the answer to [`list_path`].
pub fn page(resource: Resource, mut list: Value) -> Page {
    let mut objects = Vec::new();
    if let Some(Value::Array(items)) = list.get_mut("items").map(Value::take) {
        objects.extend(items.into_iter().filter_map(|item| Object::parse(resource, item)));
    }
    let meta = &list["metadata"];
    Page { objects, version: meta.str("resourceVersion").to_owned(), continue_token: meta.str("continue").to_owned() }
}

/// A line of a watch.
#[derive(Debug)]
pub struct Line {
    /// Where a new watch has to begin after this line; `None` if the line does not move it.
    pub version: Option<String>,
    /// `None`: the line says nothing.
    pub report: Option<Report>,
}

/// Reads a line of the answer to [`watch_path`]. An ERROR event is a failure.
pub fn line(resource: Resource, line: &[u8]) -> Result<Line, Failure> {
    let unreadable = |e: serde_json::Error| Failure::NoAnswer(format!("a watch event cannot be read: {e}"));
    let mut event: Value = serde_json::from_slice(line).map_err(unreadable)?;
    let object = event.get_mut("object").map(Value::take).unwrap_or_default();
    let ty = event.str("type");
    if ty == "ERROR" {
        let code = object.int("code").and_then(|code| u16::try_from(code).ok()).unwrap_or(500);
        let refusal = Refusal { code, reason: object.str("reason").to_owned(), message: object.str("message").to_owned() };
        return Err(Failure::Refused(refusal));
    }
    let version = object["metadata"]["resourceVersion"].as_str().map(str::to_owned);
    let report = match ty {
        "BOOKMARK" => version.as_deref().and_then(|v| v.parse().ok()).map(|version| Report::Bookmark { version }),
        "DELETED" => Object::parse(resource, object).map(Report::Deleted),
        _ => Object::parse(resource, object).map(Report::Put),
    };
    Ok(Line { version, report })
}
