//! The node's kubelet API: the paths of a kubelet that the API server asks, as a tower service. Never decides who may ask.
//!
//! Input: a request as a kubelet takes it. Output: its response; failures are plain text, which the API server makes a Status of.

mod follow;
mod forward;
mod look;
mod options;
mod reader;
mod records;
mod remote;
mod run;
mod sessions;
mod upgrade;

use self::options::LogOptions;
use self::reader::LogReader;
use self::remote::RemoteOptions;
use self::sessions::Sessions;
use self::upgrade::{Forwarding, Spoken, Upgrade};
use crate::node::Clock;
use crate::stats::Stats;
use crate::streams::Streams;
use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use stead_api::Value;
use stead_api::value::Access;
use stead_client::resource::PODS;
use stead_client::{Client, Key};
use stead_streams::forward::Forward;
use stead_streams::remote::{Remote, Wanted};
use tokio::sync::watch;

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
    sessions: Sessions,
    stop: watch::Receiver<bool>,
}

/// A failure as a kubelet tells it.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    code: StatusCode,
    text: String,
    headers: HeaderMap,
}

impl Refusal {
    fn new(code: StatusCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), headers: HeaderMap::new() }
    }

    fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    fn internal(text: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    fn unserved(what: &str) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, format!("{what} is not served by this version"))
    }
}

impl<R: Streams> KubeletApi<R> {
    /// `stop` ends the logs that are followed.
    pub fn new(api: Client, runtime: R, clock: Clock, stop: watch::Receiver<bool>) -> Self {
        Self { api, runtime, clock, stats: Stats::default(), node: String::new(), sessions: Sessions::default(), stop }
    }

    /// The same for the node of that name, with its statistics.
    pub fn of_node(self, node: &str, stats: Stats) -> Self {
        Self { node: node.to_owned(), stats, ..self }
    }

    async fn serve(&self, request: Request<Body>) -> Result<Response<Body>, Refusal> {
        let path = request.uri().path().trim_matches('/').to_owned();
        let segments: Vec<&str> = path.split('/').collect();
        match segments.as_slice() {
            ["containerLogs", namespace, pod, container] if request.method() == Method::GET => {
                self.container_logs(&Key::new(*namespace, *pod), container, request.uri().query().unwrap_or_default()).await
            }
            ["containerLogs", _, _, _] => Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "405: Method Not Allowed")),
            ["stats" | "metrics" | "healthz" | "pods", ..] if request.method() == Method::GET => {
                self.look(&segments, request.uri().query().unwrap_or_default()).await
            }
            ["exec", namespace, pod, container] => self.exec(&Key::new(*namespace, *pod), container, request).await,
            ["attach", namespace, pod, container] => self.attach(&Key::new(*namespace, *pod), container, request).await,
            ["portForward", namespace, pod] => self.port_forward(&Key::new(*namespace, *pod), request).await,
            _ => Err(Refusal::unserved("this path of a node")),
        }
    }

    async fn pod(&self, key: &Key) -> Result<Value, Refusal> {
        let found = self.api.find(PODS, key).await.map_err(|failure| Refusal::internal(failure.to_string()))?;
        found.ok_or_else(|| Refusal::not_found(format!("pod {:?} does not exist", key.name)))
    }

    /// STR-1, STR-7.
    async fn exec(&self, key: &Key, container: &str, mut request: Request<Body>) -> Result<Response<Body>, Refusal> {
        let options = RemoteOptions::parse(request.uri().query().unwrap_or_default()).map_err(Refusal::bad_request)?;
        let Upgrade { spoken, response } = upgrade::remote(request.headers())?;
        let id = run::running_id(&self.pod(key).await?, container).map_err(Refusal::internal)?;
        let RemoteOptions { argv, wanted } = options;
        let command = format!("[{}]", argv.join(" "));
        let told = move |code| format!("error executing command {command}, exit code {code}");
        let runtime = self.runtime.clone();
        let start = async move {
            let begun = runtime.run(&id, argv, wanted).await;
            begun.map_err(|error| format!("error executing command in container: {error}"))
        };
        let remote = speak(spoken, wanted);
        let serve = move |connection| remote::serve(connection, remote, start.boxed(), told);
        self.sessions.begin(hyper::upgrade::on(&mut request), serve)?;
        Ok(response)
    }

    /// STR-10.
    async fn attach(&self, key: &Key, container: &str, mut request: Request<Body>) -> Result<Response<Body>, Refusal> {
        let options = RemoteOptions::parse(request.uri().query().unwrap_or_default()).map_err(Refusal::bad_request)?;
        let Upgrade { spoken, response } = upgrade::remote(request.headers())?;
        let id = run::running_id(&self.pod(key).await?, container).map_err(Refusal::internal)?;
        let (runtime, wanted) = (self.runtime.clone(), options.wanted);
        let start = async move {
            let joined = runtime.attach(&id, wanted).await;
            joined.map_err(|error| format!("error attaching to container: {error}"))
        };
        let remote = speak(spoken, wanted);
        let serve = move |connection| remote::serve(connection, remote, start.boxed(), |code| format!("exit code {code}"));
        self.sessions.begin(hyper::upgrade::on(&mut request), serve)?;
        Ok(response)
    }

    /// STR-12, STR-13.
    async fn port_forward(&self, key: &Key, mut request: Request<Body>) -> Result<Response<Body>, Refusal> {
        let Upgrade { spoken, response } = upgrade::forwarding(request.headers())?;
        let forward = match spoken {
            Forwarding::Spdy => Forward::spdy(),
            Forwarding::Tunnel => Forward::tunnel(),
            Forwarding::Channels(protocol) => {
                let ports = forward::ports(request.uri().query().unwrap_or_default()).map_err(Refusal::bad_request)?;
                Forward::websocket(protocol, &ports)
            }
        };
        let uid = self.pod(key).await?["metadata"].str("uid").to_owned();
        let runtime = self.runtime.clone();
        let connect: forward::Connect = Arc::new(move |port| {
            let (runtime, uid) = (runtime.clone(), uid.clone());
            let failed = move |uid: &str, error: String| format!("error forwarding port {port} to pod {uid}, uid : {error}");
            async move { runtime.connect(&uid, port).await.map_err(|error| failed(&uid, error)) }.boxed()
        });
        self.sessions.begin(hyper::upgrade::on(&mut request), move |connection| forward::serve(connection, forward, connect))?;
        Ok(response)
    }

    /// LOG-7.
    async fn container_logs(&self, key: &Key, container: &str, query: &str) -> Result<Response<Body>, Refusal> {
        let options = LogOptions::parse(query, (self.clock)()).map_err(Refusal::bad_request)?;
        let pod = self.pod(key).await?;
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
        let is_running = move || runtime.output(&bare).is_some_and(|output| output.running);
        let body = follow::body(reader, is_running, self.stop.clone());
        Ok(text(StatusCode::OK, body))
    }
}

fn speak(spoken: Spoken, wanted: Wanted) -> Remote {
    match spoken {
        Spoken::Channels(protocol) => Remote::websocket(protocol, wanted),
        Spoken::Spdy(version) => Remote::spdy(version, wanted),
    }
}

fn text(code: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain"));
    response
}

impl<R: Streams> tower::Service<Request<Body>> for KubeletApi<R> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let refused = |refusal: Refusal| {
                let mut response = text(refusal.code, Full::new(refusal.text.into()).map_err(|never| match never {}).boxed_unsync());
                response.headers_mut().extend(refusal.headers);
                response
            };
            Ok(this.serve(request).await.unwrap_or_else(refused))
        })
    }
}
