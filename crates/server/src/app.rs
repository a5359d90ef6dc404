//! The way of a request: authentication, routing, authorization, handler, answer.
//! Input: HTTP requests. Output: HTTP responses. Health and version are answered here.

use crate::answer::{self, Wish};
use crate::negotiation::{self, Form, Offer, Transform};
use crate::objects::Objects;
use crate::registry::queue::Queues;
use crate::registry::{self, Call};
use crate::request::{self, Route, Target, Verb};
use crate::table::Include;
use crate::{Body, Config, Environment, allocation, authn, authz, body, discovery, events, health, openapi, query};
use bytes::Bytes;
use futures::FutureExt;
use http::{Request, Response};
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use stead_api::allocation::Ranges;
use stead_api::{Status, json};
use tracing::Instrument;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Core {
    pub store: stead_store::Store,
    pub environment: Arc<dyn Environment>,
    pub advertise: String,
    /// Where the addresses and ports of Services come from.
    pub ranges: Ranges,
    pub queues: Queues,
    pub events: events::Budget,
    pub objects: Objects,
}

impl Core {
    pub(crate) fn new(config: Config) -> Result<Self, Status> {
        let ranges = allocation::parse_ranges(&config.service_cidr)?;
        Ok(Self {
            store: config.store,
            environment: config.environment,
            advertise: config.advertise,
            ranges,
            queues: Queues::default(),
            events: events::Budget::default(),
            objects: Objects::default(),
        })
    }
}

/// Answers one request.
pub(crate) async fn handle(core: Arc<Core>, request: Request<Body>) -> Response<Body> {
    let is_head = request.method() == http::Method::HEAD;
    let span = tracing::debug_span!("request", method = %request.method(), path = request.uri().path());
    let answered = AssertUnwindSafe(dispatch(core, request)).catch_unwind().instrument(span.clone()).await;
    let mut response = answered.unwrap_or_else(|panic| span.in_scope(|| panicked(&*panic)));
    let code = response.status().as_u16();
    span.in_scope(|| tracing::debug!(code, "answered"));
    if is_head {
        *response.body_mut() = body::full("");
    }
    response
}

/// A panic is a bug of one handler: the client is told, in upstream's words, and everybody else is served as before.
fn panicked(panic: &(dyn Any + Send)) -> Response<Body> {
    let why = body::panic_text(panic);
    tracing::error!(why, "a handler panicked");
    answer::failure(&Status::internal("This request caused apiserver to panic. Look in the logs for details."))
}

async fn dispatch(core: Arc<Core>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let identity = match authn::identity(&parts) {
        Ok(identity) => identity,
        Err(status) => return answer::failure(&status),
    };
    let query = query::parse(parts.uri.query().unwrap_or_default());
    let method = parts.method.as_str();
    let route = request::route(method, parts.uri.path(), &query);
    if let Err(status) = authz::check(&identity, &route, parts.uri.path(), method) {
        return answer::failure(&status);
    }
    match route {
        Route::NoPage => answer::text(404, "404 page not found\n"),
        Route::NoResource => answer::failure(&no_resource()),
        Route::NoMethod => answer::failure(&no_method()),
        Route::Health { path } => health::answer(&core, &path, &query),
        Route::Version => version(),
        Route::Discovery(path) => discovery::answer(method, &path, &parts.headers, &core.advertise),
        Route::OpenApi(path) => openapi::answer(&core, method, &path, &query, &parts.headers),
        Route::Resource(target) => {
            let call = Call { target, query, headers: parts.headers, body: Bytes::new(), warnings: Vec::new() };
            resource(&core, call, body).await
        }
    }
}

/// Answers a request for a resource in the form that the client wants.
async fn resource(core: &Arc<Core>, mut call: Call, body: Body) -> Response<Body> {
    let form = match negotiation::accept(&call.headers, &call.query, offer(&call.target)) {
        Ok(form) => form,
        Err(status) => return answer::failure(&status),
    };
    let answered = match prepare(core, &mut call, body, form).await {
        Ok(wish) => match registry::serve(core, &mut call, wish).await {
            Ok(answer) => answer.into_response(&core.objects, wish),
            Err(status) => Err(status),
        },
        Err(status) => Err(status),
    };
    let mut response = answered.unwrap_or_else(|status| {
        if status.code >= 500 {
            tracing::warn!(code = status.code, reason = status.reason, message = status.message, "request failed");
        }
        answer::failure_as(&status, form.media)
    });
    answer::warn(&mut response, &call.warnings);
    response
}

async fn prepare(core: &Core, call: &mut Call, body: Body, form: Form) -> Result<Wish, Status> {
    check_name(&call.target.name)?;
    let include = match form.transform {
        Transform::Table(_) => Include::parse(&call.query)?,
        Transform::Plain | Transform::Metadata(_) | Transform::MetadataList(_) => Include::Metadata,
    };
    call.body = body::read(body).await?;
    Ok(Wish { form, include, now: core.environment.now() })
}

/// Names that cannot be part of a path.
fn check_name(name: &str) -> Result<(), Status> {
    let why = match name {
        "." | ".." => format!("may not be '{name}'"),
        name if name.contains('%') => "may not contain '%'".to_owned(),
        _ => return Ok(()),
    };
    Err(Status::bad_request(format!("Name parameter invalid: {name:?}: {why}")))
}

fn offer(target: &Target) -> Offer {
    match (target.subresource, target.verb) {
        (Some(subresource), _) if matches!(subresource.name, "log" | "exec" | "attach" | "portforward" | "proxy") => Offer::Anything,
        (_, Verb::List | Verb::Watch) => Offer::Collection,
        _ => Offer::Objects,
    }
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
    answer::written(200, &document, Form::JSON.media)
}
