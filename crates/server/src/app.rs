//! The way of a request: authentication, routing, authorization, handler, answer.
//! Input: HTTP requests. Output: HTTP responses. Health and version are answered here.

use crate::answer;
use crate::call::Call;
use crate::core::Core;
use crate::format::ResponseFormat;
use crate::negotiation::{self, Form, Offer, Transform};
use crate::request::{self, Route, Target, Verb};
use crate::table::Include;
use crate::{Body, authn, authz, body, discovery, fairness, health, openapi, query, serve, tokens};
use bytes::Bytes;
use futures::FutureExt;
use http::request::Parts;
use http::{Request, Response};
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use stead_api::{Status, json};
use tracing::Instrument;

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
    let identity = match authn::identity(&core, &parts) {
        Ok(identity) => identity,
        Err(status) => return answer::failure(&status),
    };
    let query = query::parse(parts.uri.query().unwrap_or_default());
    let method = parts.method.as_str();
    let rows = core.kinds.rows();
    let route = request::route(&rows, method, parts.uri.path(), &query);
    if let Err(status) = authz::check(&core, &identity, &route, parts.uri.path(), method, &query) {
        return answer::failure(&status);
    }
    match route {
        Route::NoPage => answer::text(404, "404 page not found\n"),
        Route::NoResource => answer::failure(&no_resource()),
        Route::NoMethod => answer::failure(&answer::no_method()),
        Route::Health { path } => health::answer(&core, &path, &query),
        Route::Version => version(),
        Route::Issuer { path } => tokens::answer(&core.tokens, &path, &core.advertise),
        Route::Debug { path } => core.debug.answer(method, &path, query).await,
        Route::Discovery(path) => discovery::answer(&rows, method, &path, &parts.headers, &core.advertise),
        Route::OpenApi(path) => {
            let now = core.environment.now();
            openapi::answer(&core.documents.of(&rows), method, &path, &query, &parts.headers, now)
        }
        Route::Resource(target) => {
            let Parts { method, uri, headers, mut extensions, .. } = parts;
            let width = fairness::width(&identity, &target);
            let _seat = match core.fairness.seat(&identity.user, width).await {
                Ok(seat) => seat,
                Err(status) => return answer::failure(&status),
            };
            extensions.insert(identity);
            if target.is_passed_on() {
                extensions.insert(uri);
            }
            let warnings = target.kind.hooks.deprecation().map(str::to_owned).into_iter().collect();
            let call = Call { target, method, query, headers, body: Bytes::new(), extensions, warnings };
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
    let answered = answered(core, &mut call, body, form).await;
    let mut response = answered.unwrap_or_else(|status| {
        if status.code >= 500 {
            tracing::warn!(code = status.code, reason = status.reason, message = status.message, "request failed");
        }
        answer::failure_as(&status, form.media)
    });
    answer::warn(&mut response, &call.warnings);
    response
}

async fn answered(core: &Arc<Core>, call: &mut Call, body: Body, form: Form) -> Result<Response<Body>, Status> {
    let format = prepare(core, call, form)?;
    let answer = if call.target.is_passed_on() {
        // It may be long, and the answer may begin before its end.
        serve::pass_on(core, call, body).await?
    } else {
        call.body = body::read_in_time(&*core.environment, body).await?;
        serve::serve(core, call, format).await?
    };
    answer.into_response(&core.objects, format)
}

fn prepare(core: &Core, call: &Call, form: Form) -> Result<ResponseFormat, Status> {
    check_name(&call.target.name)?;
    let include = match form.transform {
        Transform::Table(_) => Include::parse(&call.query)?,
        Transform::Plain | Transform::Metadata(_) | Transform::MetadataList(_) => Include::Metadata,
    };
    Ok(ResponseFormat { form, include, now: core.environment.now() })
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
