//! The way of a request: authentication, routing, authorization, handler, answer.
//! Input: HTTP requests. Output: HTTP responses. Health and version are answered here.

use crate::answer::{self, Answer};
use crate::registry::queue::Queues;
use crate::registry::{self, Call};
use crate::request::{self, Route};
use crate::{Body, Config, Environment, authn, authz, body, discovery, openapi};
use http::{Request, Response};
use stead_api::{Status, json};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Core {
    pub store: stead_store::Store,
    pub environment: Arc<dyn Environment>,
    pub advertise: String,
    /// Address of the Service `kubernetes`.
    pub first_service_ip: String,
    pub queues: Queues,
}

impl Core {
    pub(crate) fn new(config: Config) -> Result<Self, Status> {
        let first_service_ip = config
            .service_cidr
            .split_once('/')
            .and_then(|(base, _)| base.parse::<Ipv4Addr>().ok())
            .map(|base| Ipv4Addr::from(u32::from(base) + 1).to_string())
            .ok_or_else(|| Status::internal(&format!("{:?} is not a range of service addresses", config.service_cidr)))?;
        Ok(Self {
            store: config.store,
            environment: config.environment,
            advertise: config.advertise,
            first_service_ip,
            queues: Queues::default(),
        })
    }
}

/// Answers one request.
pub(crate) async fn handle(core: Arc<Core>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let identity = authn::identity(&parts.extensions);
    let query = request::parse_query(parts.uri.query().unwrap_or_default());
    let route = request::route(parts.method.as_str(), parts.uri.path(), &query);
    if let Err(status) = authz::check(&identity, &route, parts.uri.path(), parts.method.as_str()) {
        return answer::failure(&status);
    }
    let target = match route {
        Route::NoPage => return answer::text(404, "404 page not found\n"),
        Route::NoResource => return answer::failure(&no_resource()),
        Route::NoMethod => return answer::failure(&no_method()),
        Route::Health { .. } => return answer::text(200, "ok"),
        Route::Version => return version(),
        Route::Discovery(path) => return discovery::answer(parts.method.as_str(), &path, &parts.headers, &core.advertise),
        Route::OpenApi(path) => return openapi::answer(&core, parts.method.as_str(), &path, &query, &parts.headers),
        Route::Resource(target) => target,
    };
    let body = match body::read(body).await {
        Ok(body) => body,
        Err(status) => return answer::failure(&status),
    };
    let mut call = Call { target, query, headers: parts.headers, identity, body, warnings: Vec::new() };
    let mut response = match registry::serve(&core, &mut call).await {
        Ok(answer) => answer.into_response(),
        Err(status) => answer::failure(&status),
    };
    answer::warn(&mut response, &call.warnings);
    response
}

fn no_resource() -> Status {
    Status::new(404, "NotFound", "the server could not find the requested resource").with_details(json!({}))
}

pub(crate) fn no_method() -> Status {
    Status::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource").with_details(json!({}))
}

/// O1. The version of Kubernetes whose behaviour is served.
fn version() -> Response<Body> {
    let document = json!({
        "major": "1",
        "minor": "37",
        "gitVersion": concat!("v1.37.2+stead", env!("CARGO_PKG_VERSION")),
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": "linux/amd64",
    });
    Answer::Document { code: 200, value: document }.into_response()
}
