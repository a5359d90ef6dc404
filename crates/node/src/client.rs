//! The node's calls to the API server, over `kube::Client`: dynamic objects in, dynamic objects out.

use futures::{Stream, StreamExt};
use http::Request;
use kube::Client;
use kube::core::WatchEvent;
use serde::de::DeserializeOwned;
use stead_api::{Value, json};

/// A client of the API server.
#[derive(Clone)]
pub struct Api(Client);

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Api")
    }
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server said no; `code` is the HTTP status.
    #[error("{message}")]
    Refused { code: u16, reason: String, message: String },
    #[error("no answer from the API server: {0}")]
    NoAnswer(String),
}

impl CallError {
    /// The object is not there, or is not the one meant.
    pub fn gone(&self) -> bool {
        matches!(self, Self::Refused { code: 404 | 409, .. })
    }
}

impl From<kube::Error> for CallError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Refused { code: status.code, reason: status.reason, message: status.message },
            other => Self::NoAnswer(other.to_string()),
        }
    }
}

/// Result of a call.
pub type Answer<T = Value> = Result<T, CallError>;

impl Api {
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    async fn send<T: DeserializeOwned>(&self, method: http::Method, path: &str, content_type: &str, body: Vec<u8>) -> Answer<T> {
        let request = Request::builder().method(method).uri(path).header("Content-Type", content_type).header("Accept", "application/json");
        let request = request.body(body).map_err(|error| CallError::NoAnswer(error.to_string()))?;
        Ok(self.0.request(request).await?)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(http::Method::GET, path, "application/json", Vec::new()).await
    }

    pub async fn create(&self, path: &str, object: &Value) -> Answer {
        self.send(http::Method::POST, path, "application/json", bytes(object)).await
    }

    pub async fn update(&self, path: &str, object: &Value) -> Answer {
        self.send(http::Method::PUT, path, "application/json", bytes(object)).await
    }

    pub async fn merge_patch(&self, path: &str, patch: &Value) -> Answer {
        self.send(http::Method::PATCH, path, "application/merge-patch+json", bytes(patch)).await
    }

    pub async fn strategic_patch(&self, path: &str, patch: &Value) -> Answer {
        self.send(http::Method::PATCH, path, "application/strategic-merge-patch+json", bytes(patch)).await
    }

    /// Removes an object at once, if it is still the one of that uid.
    pub async fn delete_now(&self, path: &str, uid: &str) -> Answer {
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0, "preconditions": {"uid": uid}});
        self.send(http::Method::DELETE, path, "application/json", bytes(&options)).await
    }

    /// Changes after a version. `query` begins with `?`.
    pub async fn watch(
        &self,
        path: &str,
        query: &str,
        version: &str,
    ) -> Answer<impl Stream<Item = Answer<WatchEvent<Value>>> + Send + use<>> {
        let join = if query.is_empty() { '?' } else { '&' };
        let uri = format!("{path}{query}{join}watch=true&allowWatchBookmarks=true&resourceVersion={version}");
        let request = Request::get(uri).header("Accept", "application/json").body(Vec::new());
        let request = request.map_err(|error| CallError::NoAnswer(error.to_string()))?;
        let events = self.0.request_events::<Value>(request).await?;
        Ok(events.map(|event| event.map_err(CallError::from)))
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}
