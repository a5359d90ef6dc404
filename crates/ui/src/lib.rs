//! The page at `/ui`: its files, the links that sign a browser in once, and the sessions that its scripts ask in. All that the page shows
//! it reads from the API as the session's user. Input: requests that the server passes on. Output: responses; it opens no socket.

mod assets;
mod links;
mod origin;
mod scope;
mod secret;
mod sessions;

pub use sessions::SESSION_HEADER;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use links::Links;
use secret::Secret;
use serde_json::{Value, json};
use sessions::{Claimed, Sessions};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stead_api::Status;
use stead_api::time::Timestamp;
use stead_server::{Audience, Body, Environment, Identity, Site, SiteRequest, Wanted};

/// Where links are asked for.
pub const LINKS_PATH: &str = "/ui/links";

/// The certificate that browsers see, as they show it: the SHA-256 of it in hexadecimal, with colons; `None`: unknown.
pub type Fingerprint = Box<dyn Fn() -> Option<String> + Send + Sync>;

/// The page and its sessions, all in memory: none outlives the server.
pub struct Ui {
    environment: Arc<dyn Environment>,
    fingerprint: Fingerprint,
    /// Of this server: browsers send cookies to all ports of a host.
    cookie: String,
    links: Mutex<Links>,
    sessions: Mutex<Sessions>,
}

impl fmt::Debug for Ui {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ui").field("cookie", &self.cookie).finish_non_exhaustive()
    }
}

impl Ui {
    /// A page without sessions, of the server that listens on `port`.
    pub fn new(environment: Arc<dyn Environment>, port: u16, fingerprint: Fingerprint) -> Self {
        let cookie = format!("__Host-stead-{port}");
        Self { environment, fingerprint, cookie, links: Mutex::default(), sessions: Mutex::default() }
    }

    /// A link for whoever asks, and for nobody else: it opens no more than its maker may.
    fn make_link(&self, user: &Identity) -> Response<Body> {
        let secret = Secret::new(&*self.environment);
        let now = self.environment.now();
        let ends = locked(&self.links).add(&secret, user.clone(), now);
        // What follows the `#` is sent to no server and stands in no log.
        let path = format!("/ui#once={}", secret.text());
        document(201, &json!({"path": path, "user": user.user, "expiresAt": ends.rfc3339(), "certificateSHA256": (self.fingerprint)()}))
    }

    /// A session for the link that the page was opened with.
    fn sign_in(&self, head: &Parts, body: &Bytes) -> Result<Response<Body>, Status> {
        let is_json = head.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
        if !is_json || !origin::is_own(head) {
            return Err(Status::new(403, "Forbidden", "only the page itself signs in"));
        }
        let asked: Value = serde_json::from_slice(body).map_err(|error| Status::bad_request(format!("read the body: {error}")))?;
        let now = self.environment.now();
        let user = Secret::parse(asked["once"].as_str().unwrap_or_default()).and_then(|once| locked(&self.links).take(&once, now));
        let Some(user) = user else {
            return Err(Status::new(401, "Unauthorized", "this link was used already or is too old: `stead ui` prints another"));
        };
        let (cookie, half) = (Secret::new(&*self.environment), Secret::new(&*self.environment));
        let ends = locked(&self.sessions).open(&cookie, &half, user.clone(), now);
        let mut response = document(201, &whoami(&user, Some(ends), Some(&half)));
        let seconds = (ends.0 - now.0) / 1_000_000;
        self.set_cookie(&mut response, &format!("{}; Max-Age={seconds}", cookie.text()))?;
        Ok(response)
    }

    fn sign_out(&self, head: &Parts) -> Result<Response<Body>, Status> {
        if let Some(claimed) = Claimed::of(head, &self.cookie) {
            locked(&self.sessions).close(&claimed);
        }
        let mut response = document(200, &json!({}));
        self.set_cookie(&mut response, "; Max-Age=0")?;
        Ok(response)
    }

    fn set_cookie(&self, response: &mut Response<Body>, value: &str) -> Result<(), Status> {
        let cookie = format!("{}={value}; Path=/; Secure; HttpOnly; SameSite=Strict", self.cookie);
        let cookie = HeaderValue::from_str(&cookie).map_err(|_| Status::internal("a cookie has letters that headers have not"))?;
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        Ok(())
    }

    /// Who asks, for the page to show.
    fn who(&self, head: &Parts, user: &Identity) -> Response<Body> {
        let claimed = Claimed::of(head, &self.cookie);
        let ends = claimed.and_then(|claimed| locked(&self.sessions).find(&claimed, self.environment.now())).map(|(_, ends)| ends);
        document(200, &whoami(user, ends, None))
    }
}

impl Site for Ui {
    fn audience(&self, method: &Method, path: &str) -> Audience {
        match (path, method) {
            ("links", _) => Audience::Permitted,
            ("session", &Method::POST) => Audience::Everybody,
            ("session", _) => Audience::Known,
            _ => Audience::Everybody,
        }
    }

    fn answer(&self, request: SiteRequest<'_>) -> Result<Response<Body>, Status> {
        let SiteRequest { path, head, body, identity } = request;
        match (path, &head.method, identity) {
            ("links", &Method::POST, Some(user)) => Ok(self.make_link(user)),
            ("session", &Method::POST, _) => self.sign_in(head, &body),
            ("session", &Method::GET, Some(user)) => Ok(self.who(head, user)),
            ("session", &Method::DELETE, Some(_)) => self.sign_out(head),
            (path, &Method::GET | &Method::HEAD, _) => Ok(assets::response(path)),
            _ => Err(Status::new(405, "MethodNotAllowed", "the page does not know this method")),
        }
    }

    fn session(&self, head: &Parts) -> Option<Result<Identity, Status>> {
        let claimed = Claimed::of(head, &self.cookie)?;
        let refused = || Status::new(401, "Unauthorized", "the session has ended: `stead ui` prints a link to another");
        if !origin::is_own(head) {
            return Some(Err(refused()));
        }
        let found = locked(&self.sessions).find(&claimed, self.environment.now());
        Some(found.map(|(user, _)| user).ok_or_else(refused))
    }

    fn session_may(&self, wanted: Wanted<'_>) -> bool {
        scope::allows(wanted)
    }
}

fn whoami(user: &Identity, ends: Option<Timestamp>, half: Option<&Secret>) -> Value {
    let mut who = json!({"user": user.user, "groups": user.groups, "endsAt": ends.map(|ends| ends.rfc3339())});
    if let Some(half) = half {
        who["session"] = half.text().into();
    }
    who
}

fn document(code: u16, value: &Value) -> Response<Body> {
    let mut response = Response::new(full(format!("{value}\n")));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
