//! The node's kubelet API: the paths of a kubelet that the API server asks, as a tower service. Never decides who may ask.
//!
//! Input: a request as a kubelet takes it. Output: its response; failures are plain text, which the API server makes a Status of.

mod follow;
mod look;
mod options;
mod reader;
mod records;
mod run;

use self::options::LogOptions;
use self::reader::LogReader;
use crate::node::Clock;
use crate::runtime::Outputs;
use crate::stats::Stats;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use std::convert::Infallible;
use std::task::{Context, Poll};
use stead_api::value::Access;
use stead_client::resource::PODS;
use stead_client::{Client, Key};

/// Body of a request or response.
pub type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, std::io::Error>;

/// What one agent serves for its nodes; every clone is equal.
#[derive(Clone)]
pub struct KubeletApi<R> {
    api: Client,
    runtime: R,
    clock: Clock,
    /// What is used, of the node of that name.
    stats: Stats,
    node: String,
}

/// A failure as a kubelet tells it.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    code: StatusCode,
    text: String,
}

impl Refusal {
    fn bad_request(text: impl Into<String>) -> Self {
        Self { code: StatusCode::BAD_REQUEST, text: text.into() }
    }

    fn not_found(text: impl Into<String>) -> Self {
        Self { code: StatusCode::NOT_FOUND, text: text.into() }
    }

    fn internal(text: impl Into<String>) -> Self {
        Self { code: StatusCode::INTERNAL_SERVER_ERROR, text: text.into() }
    }

    fn unserved(what: &str) -> Self {
        Self { code: StatusCode::NOT_IMPLEMENTED, text: format!("{what} is not served by this version") }
    }
}

impl<R: Outputs> KubeletApi<R> {
    pub fn new(api: Client, runtime: R, clock: Clock) -> Self {
        Self { api, runtime, clock, stats: Stats::default(), node: String::new() }
    }

    /// The same for the node of that name, with its statistics.
    pub fn of_node(self, node: &str, stats: Stats) -> Self {
        Self { node: node.to_owned(), stats, ..self }
    }

    async fn serve(&self, request: Request<Body>) -> Result<Response<Body>, Refusal> {
        let segments: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
        match segments.as_slice() {
            ["containerLogs", namespace, pod, container] if request.method() == Method::GET => {
                self.container_logs(&Key::new(*namespace, *pod), container, request.uri().query().unwrap_or_default()).await
            }
            ["containerLogs", _, _, _] => Err(Refusal { code: StatusCode::METHOD_NOT_ALLOWED, text: "405: Method Not Allowed".to_owned() }),
            ["stats" | "metrics" | "healthz" | "pods", ..] if request.method() == Method::GET => {
                self.look(&segments, request.uri().query().unwrap_or_default()).await
            }
            ["exec", ..] => Err(Refusal::unserved("pods/exec")),
            ["attach", ..] => Err(Refusal::unserved("pods/attach")),
            ["portForward", ..] => Err(Refusal::unserved("pods/portforward")),
            _ => Err(Refusal::unserved("this path of a node")),
        }
    }

    /// LOG-7.
    async fn container_logs(&self, key: &Key, container: &str, query: &str) -> Result<Response<Body>, Refusal> {
        let options = LogOptions::parse(query, (self.clock)()).map_err(Refusal::bad_request)?;
        let found = self.api.find(PODS, key).await.map_err(|failure| Refusal::internal(failure.to_string()))?;
        let pod = found.ok_or_else(|| Refusal::not_found(format!("pod {:?} does not exist", key.name)))?;
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        if !lists.iter().any(|list| pod["spec"].items(list).iter().any(|known| known.str("name") == container)) {
            return Err(Refusal::not_found(format!("container {container:?} not found in pod {:?}", key.name)));
        }
        let id = run::container_id(&pod, container, options.run).map_err(Refusal::bad_request)?;
        let unknown = || Refusal::bad_request(format!("unable to retrieve container logs for {id}"));
        let bare = id.rsplit_once("://").map_or(id.as_str(), |(_, bare)| bare).to_owned();
        let output = self.runtime.output(&bare).ok_or_else(unknown)?;
        let opened = tokio::task::spawn_blocking(move || LogReader::open(output.log, &options)).await;
        let reader = opened.map_err(std::io::Error::other).flatten().map_err(|error| Refusal::internal(error.to_string()))?;
        let runtime = self.runtime.clone();
        let body = follow::body(reader, move || runtime.output(&bare).is_some_and(|output| output.running));
        Ok(text(StatusCode::OK, body))
    }
}

fn text(code: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain"));
    response
}

impl<R: Outputs> tower::Service<Request<Body>> for KubeletApi<R> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let refused =
                |refusal: Refusal| text(refusal.code, Full::new(refusal.text.into()).map_err(|never| match never {}).boxed_unsync());
            Ok(this.serve(request).await.unwrap_or_else(refused))
        })
    }
}
