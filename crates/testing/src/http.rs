//! Requests to an in-process server. Input: method, path, headers, body. Output: the whole answer, after its last byte.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use std::sync::Arc;
use std::time::Duration;
use stead_api::time::Timestamp;
use stead_server::{Config, Environment, Identity, Server};
use tower::Service;

use crate::environment::virtual_time;

/// Longest wait for an answer, in the time of the runtime: a watch without an end is a finding.
const ANSWER_MAX: Duration = Duration::from_secs(90);
/// The client of the golden cases.
const USER_AGENT: &str = "golden/1";

/// In the answer of a handler that panicked.
const PANICKED: &str = "This request caused apiserver to panic";

/// A complete answer.
#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    pub headers: http::HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// A header's value, if it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON; null if it is not.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A client of one server, as the administrator.
#[derive(Debug, Clone)]
pub struct Client {
    server: Server,
    environment: Arc<dyn Environment>,
}

impl Client {
    /// A fresh server with its store in memory.
    pub async fn fresh(seed: u64) -> Result<Self> {
        Self::on(stead_store::Store::memory(), seed).await
    }

    /// A server on that store.
    pub async fn on(store: stead_store::Store, seed: u64) -> Result<Self> {
        Self::start(store, seed, "10.43.0.0/16").await
    }

    /// A fresh server whose Services have addresses of these ranges.
    pub async fn with_ranges(service_cidr: &str, seed: u64) -> Result<Self> {
        Self::start(stead_store::Store::memory(), seed, service_cidr).await
    }

    async fn start(store: stead_store::Store, seed: u64, service_cidr: &str) -> Result<Self> {
        let config = Config {
            store,
            environment: Arc::new(virtual_time(seed)),
            service_cidr: service_cidr.to_owned(),
            advertise: "https://127.0.0.1:6443".to_owned(),
            token_key: Arc::new(stead_server::SigningKey::fresh().context("make a key")?),
            token_issuer: "https://kubernetes.default.svc".to_owned(),
            first_objects: Vec::new(),
        };
        Self::with(config).await
    }

    /// A server of that configuration.
    pub async fn with(config: Config) -> Result<Self> {
        let environment = Arc::clone(&config.environment);
        let server = Server::new(config).await.map_err(anyhow::Error::from).context("the server does not start")?;
        Ok(Self { server, environment })
    }

    /// The server's time.
    pub fn now(&self) -> Timestamp {
        self.environment.now()
    }

    /// Reads the server's time for as long as it likes.
    pub fn clock(&self) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
        let environment = Arc::clone(&self.environment);
        Arc::new(move || environment.now())
    }

    /// A `kube::Client` of the same server, as a component of the cluster and with no more rights than it has.
    pub fn kube(&self, user: &str) -> kube::Client {
        let (service, user) = (self.server.service(), user.to_owned());
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            let mut service = service.clone();
            let mut request = request.map(|body| body.map_err(std::io::Error::other).boxed_unsync());
            request.extensions_mut().insert(Identity::component(&user));
            async move { service.call(request).await }
        });
        kube::Client::new(service, "default")
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Sends a request as the golden tools do: a User-Agent, JSON both ways unless `headers` say otherwise; a header
    /// with `None` is not sent.
    pub async fn call(&self, method: &str, path: &str, body: Option<Bytes>, headers: &[(String, Option<String>)]) -> Result<Answer> {
        let request = request(method, path, body, headers)?;
        match tokio::time::timeout(ANSWER_MAX, self.send(request)).await {
            // As on the wire: a HEAD is answered without a body.
            Ok(answer) if method == "HEAD" => answer.map(|answer| Answer { body: Bytes::new(), ..answer }),
            Ok(Ok(answer)) if String::from_utf8_lossy(&answer.body).contains(PANICKED) => bail!("the server panicked"),
            Ok(answer) => answer,
            Err(_) => bail!("the answer does not end"),
        }
    }

    /// GETs a path; the body comes as the server sends it.
    pub async fn stream(&self, path: &str) -> Result<stead_server::Body> {
        let request = request("GET", path, None, &[])?;
        let Ok(response) = self.server.service().call(request).await;
        if response.status() != 200 {
            bail!("GET {path}: {}", response.status());
        }
        Ok(response.into_body())
    }

    async fn send(&self, request: http::Request<stead_server::Body>) -> Result<Answer> {
        let Ok(response) = self.server.service().call(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.context("the answer broke off")?.to_bytes();
        Ok(Answer { code: head.status.as_u16(), headers: head.headers, body })
    }
}

/// A request of the administrator.
fn request(
    method: &str,
    path: &str,
    body: Option<Bytes>,
    headers: &[(String, Option<String>)],
) -> Result<http::Request<stead_server::Body>> {
    let mut all: Vec<(&str, Option<&str>)> = vec![("User-Agent", Some(USER_AGENT)), ("Accept", Some("application/json"))];
    if body.is_some() {
        all.push(("Content-Type", Some("application/json")));
    }
    for (name, value) in headers {
        all.retain(|(other, _)| other != name);
        all.push((name, value.as_deref()));
    }
    let mut request = http::Request::builder().method(method).uri(path).header("Host", "127.0.0.1:6443");
    for (name, value) in all {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    let body = Full::new(body.unwrap_or_default()).map_err(|never| match never {}).boxed_unsync();
    let mut request = request.body(body).context("not a request")?;
    request.extensions_mut().insert(Identity::master("admin"));
    Ok(request)
}
