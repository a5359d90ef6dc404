//! The pages for people below `/ui`, and the sessions that scripts of these pages ask in. Somebody registers a [`Site`]; nothing here knows
//! what it shows or how it tells sessions apart. Input: requests. Output: its answers, or the Status that refuses.

use crate::authn::{Caller, Credentials};
use crate::body;
use crate::core::Core;
use crate::request::Route;
use crate::{Body, Identity, answer};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use std::sync::{Arc, OnceLock};
use stead_api::Status;

/// The longest body that is sent to a page.
const BODY_BYTES_MAX: usize = 4096;
/// What browsers say of the page that made them send a request.
const FETCH_SITE: &str = "sec-fetch-site";

/// Whom a path of a site is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Everybody, with whatever credentials: they are not looked at.
    Everybody,
    /// Whoever has a name.
    Known,
    /// Whoever the roles allow the path to, by a certificate of his own.
    Permitted,
}

/// A request to a site.
#[derive(Debug)]
pub struct SiteRequest<'a> {
    /// The path below `/ui`, without slashes around it.
    pub path: &'a str,
    pub head: &'a Parts,
    pub body: Bytes,
    /// Who asks; nobody if the path is for everybody.
    pub identity: Option<&'a Identity>,
}

/// What a session asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'a> {
    Resource { verb: &'a str, group: &'a str, resource: &'a str, subresource: &'a str, path: &'a str },
    Path { method: &'a str, path: &'a str },
}

/// Answers below `/ui`, and knows its sessions.
pub trait Site: std::fmt::Debug + Send + Sync {
    fn audience(&self, method: &Method, path: &str) -> Audience;
    fn answer(&self, request: SiteRequest<'_>) -> Result<Response<Body>, Status>;
    /// Whose session a request is of, or why it is of none; `None`: it does not say that it is of one.
    fn session(&self, head: &Parts) -> Option<Result<Identity, Status>>;
    /// Whether a session may ask for that, if its user may.
    fn session_may(&self, wanted: Wanted<'_>) -> bool;
}

/// The site, once there is one.
#[derive(Debug, Default)]
pub(crate) struct Registered(OnceLock<Arc<dyn Site>>);

impl Registered {
    /// The first one stays.
    pub(crate) fn set(&self, site: Arc<dyn Site>) {
        self.0.get_or_init(|| site);
    }

    pub(crate) fn get(&self) -> Option<&dyn Site> {
        self.0.get().map(AsRef::as_ref)
    }
}

/// Whether a page of another site made a browser ask for a change or an upgraded connection: nobody meant that. Other programs than
/// browsers do not say such a thing.
pub(crate) fn is_forged(head: &Parts) -> bool {
    let elsewhere = head.headers.get(FETCH_SITE).is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"));
    elsewhere && (!matches!(head.method, Method::GET | Method::HEAD) || upgrades(&head.headers))
}

fn upgrades(headers: &HeaderMap) -> bool {
    headers.contains_key(http::header::UPGRADE)
}

pub(crate) fn forged() -> Response<Body> {
    answer::failure(&Status::new(403, "Forbidden", "a page of another site may not ask for this"))
}

/// Refuses what is not for sessions. An upgraded connection never is: its owner could be any page.
pub(crate) fn confine(core: &Core, caller: &Caller, route: &Route, head: &Parts) -> Result<(), Status> {
    let (Credentials::Session, Some(site)) = (caller.credentials, core.site.get()) else { return Ok(()) };
    let (method, path) = (head.method.as_str(), head.uri.path());
    let wanted = match route {
        Route::Resource(target) => Wanted::Resource {
            verb: target.verb.name(),
            group: target.kind.group,
            resource: target.kind.plural,
            subresource: target.subresource.map(|subresource| subresource.name).unwrap_or_default(),
            path,
        },
        _ => Wanted::Path { method, path },
    };
    if !upgrades(&head.headers) && site.session_may(wanted) {
        return Ok(());
    }
    Err(Status::new(403, "Forbidden", format!("forbidden: a session of /ui may not {} {path:?}: use kubectl", method.to_lowercase())))
}

/// Answers a path that is for everybody; `None`: who asks is to be found out first.
pub(crate) async fn answer_everybody(core: &Core, route: &Route, head: &Parts, body: Body) -> Result<Response<Body>, Body> {
    match (route, core.site.get()) {
        (Route::Site { path }, Some(site)) if site.audience(&head.method, path) == Audience::Everybody => {
            Ok(answered(core, site, (head, path, None), body).await)
        }
        _ => Err(body),
    }
}

/// Answers somebody. Whoever is let in by roles comes with a certificate: what a site gives him would else outlive a token, or a session.
pub(crate) async fn answer(core: &Core, path: &str, head: &Parts, body: Body, caller: &Caller) -> Response<Body> {
    let Some(site) = core.site.get() else { return answer::text(404, "404 page not found\n") };
    match (site.audience(&head.method, path), caller.credentials) {
        (Audience::Known, Credentials::None) => return answer::failure(&Status::new(401, "Unauthorized", "Unauthorized")),
        (Audience::Permitted, Credentials::Token | Credentials::Session | Credentials::None) => {
            return answer::failure(&Status::new(403, "Forbidden", "forbidden: this is for users with a client certificate"));
        }
        _ => {}
    }
    answered(core, site, (head, path, Some(&caller.identity)), body).await
}

async fn answered(core: &Core, site: &dyn Site, asked: (&Parts, &str, Option<&Identity>), body: Body) -> Response<Body> {
    let (head, path, identity) = asked;
    let body = match body::read_in_time_up_to(&*core.environment, body, BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(status) => return answer::failure(&status),
    };
    site.answer(SiteRequest { path, head, body, identity }).unwrap_or_else(|status| answer::failure(&status))
}

/// Whether roles are asked about a path.
pub(crate) fn is_judged(core: &Core, method: &str, path: &str) -> bool {
    let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
    core.site.get().is_none_or(|site| site.audience(&method, path) == Audience::Permitted)
}
