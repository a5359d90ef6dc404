//! The way of a request: authentication, routing, authorization, handler, answer.
//! Input: HTTP requests. Output: HTTP responses. Health and version are answered here.

use crate::answer;
use crate::authn::Caller;
use crate::call::Call;
use crate::core::Core;
use crate::fairness::Admitted;
use crate::format::ResponseFormat;
use crate::negotiation::{self, Form, Offer, Transform};
use crate::query::Query;
use crate::request::{self, Route, Target, Verb};
use crate::table::Include;
use crate::{AnsweredTo, Body, Identity, authn, authz, body, discovery, fairness, health, keys, openapi, query, serve, site, tokens};

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
    if site::is_forged(&parts) {
        return site::forged();
    }
    let query = query::parse(parts.uri.query().unwrap_or_default());
    let route = request::route(&core.kinds.rows(), parts.method.as_str(), parts.uri.path(), &query);
    let body = match site::answer_everybody(&core, &route, &parts, body).await {
        Ok(answered) => return answered,
        Err(body) => body,
    };
    let caller = match authn::caller(&core, &parts) {
        Ok(caller) => caller,
        Err(status) => return answer::failure(&status),
    };
    let user = AnsweredTo(caller.identity.user.clone());
    let mut response = match may_ask(&core, &caller, &route, &parts, &query) {
        Ok(()) => answer_to(&core, caller, route, query, parts, body).await,
        Err(status) => answer::failure(&status),
    };
    response.extensions_mut().insert(user);
    response
}

/// Whether the caller may do what is asked, and his session be used for it.
fn may_ask(core: &Core, caller: &Caller, route: &Route, parts: &Parts, query: &Query) -> Result<(), Status> {
    authz::check(core, &caller.identity, route, parts.uri.path(), parts.method.as_str(), query)?;
    site::confine(core, caller, route, parts)
}

async fn answer_to(core: &Arc<Core>, caller: Caller, route: Route, query: Query, parts: Parts, body: Body) -> Response<Body> {
    let method = parts.method.as_str();
    let rows = core.kinds.rows();
    match route {
        Route::NoPage => answer::text(404, "404 page not found\n"),
        Route::NoResource => answer::failure(&no_resource()),
        Route::NoMethod => answer::failure(&answer::no_method()),
        Route::Health { path } => health::answer(core, &path, &query),
        Route::Version => version(),
        Route::Issuer { path } => tokens::answer(&core.tokens, &path, &core.advertise),
        Route::Debug { path } => core.debug.answer(method, &path, query).await,
        Route::Site { path } => site::answer(core, &path, &parts, body, &caller).await,
        Route::Discovery(path) => discovery::answer(&rows, method, &path, &parts.headers, &core.advertise),
        Route::OpenApi(path) => {
            let now = core.environment.now();
            openapi::answer(&core.documents.of(&rows), method, &path, &query, &parts.headers, now)
        }
        Route::Resource(target) => in_turn(core, caller.identity, target, query, parts, body).await,
    }
}

/// Answers a request for a resource when its turn comes.
async fn in_turn(core: &Arc<Core>, identity: Identity, target: Target, query: Query, parts: Parts, body: Body) -> Response<Body> {
    let stored = || core.store.extent(&keys::prefix(&target.kind, &target.namespace));
    let cost = fairness::cost(&identity, &target, &query, stored);
    let admitted = match core.fairness.admit(&identity.user, cost).await {
        Ok(admitted) => admitted,
        Err(status) => return answer::failure(&status),
    };
    let Parts { method, uri, headers, mut extensions, .. } = parts;
    extensions.insert(identity);
    if let Admitted::Lasting(place) = &admitted {
        extensions.insert(place.turns());
    }
    if target.is_passed_on() {
        extensions.insert(uri);
    }
    let warnings = target.kind.hooks.deprecation().map(str::to_owned).into_iter().collect();
    let call = Call { target, method, query, headers, body: Bytes::new(), extensions, warnings };
    let response = resource(core, call, body).await;
    match admitted {
        Admitted::Free | Admitted::Seated(_) => response,
        Admitted::Lasting(place) => response.map(|body| body::holding(body, place)),
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
