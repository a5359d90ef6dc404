//! Applies a manifest to a played cluster as `kubectl apply` would: by the API's own pipeline, with its defaults, refusals and warnings.

use crate::manifests::Document;
use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use stead_api::kinds::KINDS;
use stead_api::value::Access;
use stead_api::{Value, json};
use stead_client::{paths, wire::warning_text};
use stead_server::{Identity, Server};
use tower::Service;

/// As whom manifests are applied.
const MANAGER: &str = "kubectl";
/// As whom `kubectl apply` writes on the client's side.
const CLIENT_SIDE: &str = "kubectl-client-side-apply";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What became of one object of the manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// `web.yaml:12`
    pub place: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub change: Change,
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Created,
    Configured,
    Unchanged,
    /// In the API's words.
    Refused(String),
}

/// An answer of the API.
struct Answer {
    code: u16,
    body: Value,
    warnings: Vec<String>,
}

/// What `kubectl apply` has written on the client's side belongs to whoever applies now, so that what a manifest no longer has goes.
pub fn owned_by_apply(mut object: Value) -> Value {
    let fields = object.get_mut("metadata").and_then(|meta| meta.get_mut("managedFields")).and_then(Value::as_array_mut);
    let Some(fields) = fields else { return object };
    let is_applied = |entry: &Value| entry.str("manager") == MANAGER && entry.str("operation") == "Apply";
    if !fields.iter().any(is_applied) {
        let own = fields.iter_mut().find(|entry| entry.str("manager") == CLIENT_SIDE && entry.str("subresource").is_empty());
        if let Some(entry) = own {
            entry["manager"] = MANAGER.into();
            entry["operation"] = "Apply".into();
        }
    }
    object
}

/// Applies one object.
pub async fn apply(server: &Server, document: &Document, default_namespace: &str) -> anyhow::Result<Applied> {
    let row = KINDS.iter().find(|row| row.kind == document.kind() && row.api_version() == document.api_version());
    let namespace = match row {
        Some(row) if !row.namespaced => "",
        _ if document.namespace().is_empty() => default_namespace,
        _ => document.namespace(),
    };
    let mut applied = Applied {
        place: document.place(),
        kind: document.kind().to_owned(),
        namespace: namespace.to_owned(),
        name: document.name().to_owned(),
        change: Change::Unchanged,
        warnings: Vec::new(),
    };
    let Some(row) = row else {
        applied.change = Change::Refused(format!("the API has no kind {} in version {}", document.kind(), document.api_version()));
        return Ok(applied);
    };
    let unreachable = document.unreachable_names();
    if !unreachable.is_empty() {
        let words: Vec<String> = unreachable.iter().map(ToString::to_string).collect();
        applied.change = Change::Refused(words.join(", "));
        return Ok(applied);
    }
    let collection = paths::collection(&row.api_version(), row.plural, namespace);
    let generated = document.object["metadata"].has("generateName") && document.name().is_empty();
    let (before, answer) = if generated {
        (Value::Null, send(server, "POST", &collection, "application/json", document.json.clone()).await?)
    } else {
        let path = format!("{collection}/{}", paths::segment(document.name()));
        let before = send(server, "GET", &path, "", Vec::new()).await?;
        let query = format!("{path}?fieldManager={MANAGER}&force=true&fieldValidation=Strict");
        let before = if before.code == 200 { before.body } else { Value::Null };
        (before, send(server, "PATCH", &query, "application/apply-patch+yaml", document.json.clone()).await?)
    };
    applied.change = match answer.code {
        400.. => Change::Refused(answer.body.str("message").to_owned()),
        _ if before.is_null() => Change::Created,
        _ if plain(before) == plain(answer.body.clone()) => Change::Unchanged,
        _ => Change::Configured,
    };
    if generated {
        applied.name = answer.body["metadata"].str("name").to_owned();
    }
    applied.warnings = answer.warnings;
    Ok(applied)
}

/// Without what every write changes.
fn plain(mut object: Value) -> Value {
    for field in ["managedFields", "resourceVersion", "generation"] {
        object["metadata"].drop(field);
    }
    if let Some(annotations) = object["metadata"].get_mut("annotations") {
        annotations.drop(LAST_APPLIED);
    }
    if object["metadata"].map("annotations").is_some_and(|annotations| annotations.is_empty()) {
        object["metadata"].drop("annotations");
    }
    object
}

/// Everything of a kind, for a last look.
pub async fn list(server: &Server, path: &str) -> anyhow::Result<Vec<Value>> {
    Ok(send(server, "GET", path, "", Vec::new()).await?.body.items("items").to_vec())
}

async fn send(server: &Server, method: &str, path: &str, content_type: &str, body: Vec<u8>) -> anyhow::Result<Answer> {
    let mut request = http::Request::builder().method(method).uri(path).header("Accept", "application/json");
    request = request.header("User-Agent", "kubectl/plan");
    if !content_type.is_empty() {
        request = request.header("Content-Type", content_type);
    }
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
    let mut request = request.body(body).context("build a request")?;
    request.extensions_mut().insert(Identity::master("plan"));
    let Ok(answer) = server.service().call(request).await;
    let code = answer.status().as_u16();
    let warnings = answer.headers().get_all(http::header::WARNING).iter().filter_map(warning_text).collect();
    let bytes = answer.into_body().collect().await.context("read an answer of the copy")?.to_bytes();
    Ok(Answer { code, body: serde_json::from_slice(&bytes).unwrap_or(json!({"message": String::from_utf8_lossy(&bytes)})), warnings })
}
