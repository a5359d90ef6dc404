//! A conversation with one endpoint about one repository: says who asks as the registry wants it (IMG-15), and asks again what failed for a
//! reason that passes.

use super::challenge::{self, Challenge};
use super::credentials::Credential;
use super::endpoints::Endpoint;
use super::transport::{Failure, Transport, resolve};
use crate::error::{Error, Result};
use base64::Engine;
use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::Deserialize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Tries of a request that fails for a reason that passes.
const TRIES_MAX: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Largest answer of a token server, and of an error.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Without any byte for that long, a transfer is given up (IMG-9).
const STALL: Duration = Duration::from_secs(60);

/// What a repository is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Pull,
    Push,
}

/// See the file's head.
#[derive(Debug)]
pub struct Session {
    endpoint: Endpoint,
    transport: Transport,
    credential: Option<Credential>,
    access: Access,
    authorization: Mutex<Option<HeaderValue>>,
}

#[derive(Debug, Deserialize)]
struct Token {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
}

impl Session {
    pub fn new(endpoint: Endpoint, credential: Option<Credential>, access: Access) -> Result<Session> {
        let transport = Transport::new(&endpoint.tls)?;
        let authorization = Mutex::new(match &credential {
            Some(Credential::Registry { token }) => bearer(token),
            _ => None,
        });
        Ok(Session { endpoint, transport, credential, access, authorization })
    }

    /// `https://r.example/v2/library/busybox/manifests/1.36`.
    pub fn url(&self, what: &str) -> String {
        let url = format!("{}/{}/{what}", self.endpoint.url, self.endpoint.repository);
        match &self.endpoint.mirror_of {
            Some(registry) => format!("{url}{}ns={registry}", if url.contains('?') { '&' } else { '?' }),
            None => url,
        }
    }

    /// Where an answer sends us on.
    pub fn resolve(&self, url: &str, location: &str) -> Option<String> {
        resolve(&url.parse::<Uri>().ok()?, location).map(|uri| uri.to_string())
    }

    /// Asks; gives an answer that is no error, or why there is none.
    pub async fn send(&self, method: Method, url: &str, headers: &HeaderMap, body: Bytes) -> Result<Response<Incoming>> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (error, pause) = match self.try_send(&method, url, headers, body.clone()).await? {
                Ok(answer) if !passes(answer.status()) => return accept(&method, url, answer).await,
                Ok(answer) => {
                    let pause = retry_after(&answer);
                    match accept(&method, url, answer).await {
                        Ok(answer) => return Ok(answer),
                        Err(error) => (error, pause),
                    }
                }
                Err(failure) => (Error::refused(format!("failed to do request: {failure}")), None),
            };
            // A connection that is refused is not there in a moment either; whoever asked tries again later.
            if tries >= TRIES_MAX || (pause.is_none() && error.to_string().contains("onnection refused")) {
                return Err(error);
            }
            tokio::time::sleep(pause.unwrap_or(PAUSE * 2_u32.pow(tries - 1)).min(PAUSE_MAX)).await;
        }
    }

    /// Once, or twice where the registry wants to know first who asks. Nobody else is told, whatever he wants to know: manifests and answers
    /// say where to go on, and may lead anywhere.
    async fn try_send(&self, method: &Method, url: &str, headers: &HeaderMap, body: Bytes) -> Result<Result<Response<Incoming>, Failure>> {
        if place(url) != place(&self.endpoint.url) {
            return Ok(self.transport.send(method, url, &with(headers, None), body).await);
        }
        let known = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let first = match self.transport.send(method, url, &with(headers, known.as_ref()), body.clone()).await {
            Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => answer,
            other => return Ok(other),
        };
        let challenges = first.headers().get_all(WWW_AUTHENTICATE).iter();
        let Some(challenge) = challenges.filter_map(|header| challenge::parse(header.to_str().ok()?)).next() else { return Ok(Ok(first)) };
        let Some(authorization) = self.authorize(url, challenge).await? else { return Ok(Ok(first)) };
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(authorization.clone());
        Ok(self.transport.send(method, url, &with(headers, Some(&authorization)), body).await)
    }

    /// What answers the challenge; None if nothing does.
    async fn authorize(&self, url: &str, challenge: Challenge) -> Result<Option<HeaderValue>> {
        match (challenge, &self.credential) {
            (Challenge::Basic, Some(Credential::Password { username, password })) => Ok(basic(username, password)),
            (Challenge::Basic, _) => Ok(None),
            (Challenge::Bearer { .. }, Some(Credential::Registry { .. })) => Ok(None),
            (Challenge::Bearer { realm, service, scope }, _) => {
                if url.starts_with("https:") && !realm.starts_with("https:") && self.credential.is_some() {
                    return Err(Error::refused(format!("failed to authorize: {realm:?} would be told the password without encryption")));
                }
                let actions = if self.access == Access::Push { "pull,push" } else { "pull" };
                let scope = if scope.is_empty() { format!("repository:{}:{actions}", self.endpoint.repository) } else { scope };
                self.token(&realm, &service, &scope).await.map(|token| bearer(&token))
            }
        }
    }

    async fn token(&self, realm: &str, service: &str, scope: &str) -> Result<String> {
        let form = |more: &[(&str, &str)]| {
            let mut form = form_urlencoded::Serializer::new(String::new());
            let all = [("service", service), ("scope", scope)].into_iter().chain(more.iter().copied());
            form.extend_pairs(all.filter(|(_, value)| !value.is_empty())).finish()
        };
        let mut headers = HeaderMap::new();
        let (method, url, body) = match &self.credential {
            Some(Credential::Identity { token }) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
                let more = [("grant_type", "refresh_token"), ("client_id", "stead"), ("refresh_token", token)];
                (Method::POST, realm.to_owned(), form(&more))
            }
            credential => {
                if let Some(Credential::Password { username, password }) = credential {
                    headers.extend(basic(username, password).map(|value| (AUTHORIZATION, value)));
                }
                (Method::GET, format!("{realm}{}{}", if realm.contains('?') { '&' } else { '?' }, form(&[])), String::new())
            }
        };
        let failed =
            |reason: String| Error::refused(format!("failed to authorize: failed to fetch {} token: {reason}", self.kind_of_token()));
        let answer = self.transport.send(&method, &url, &headers, body.into()).await.map_err(|failure| failed(failure.to_string()))?;
        if answer.status() != StatusCode::OK {
            return Err(failed(format!("unexpected status from {method} request to {url}: {}", answer.status())));
        }
        let bytes = read_all(answer, ANSWER_BYTES_MAX).await?;
        let token: Token = serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
        let token = if token.token.is_empty() { token.access_token } else { token.token };
        if token.is_empty() { Err(failed("the answer has no token".to_owned())) } else { Ok(token) }
    }

    fn kind_of_token(&self) -> &'static str {
        if self.credential.is_some() { "oauth" } else { "anonymous" }
    }
}

/// Scheme, host and port of a URL.
fn place(url: &str) -> Option<(String, String, u16)> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?;
    let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    Some((scheme.to_owned(), uri.host()?.to_owned(), port))
}

fn passes(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT || status.is_server_error()
}

fn retry_after(answer: &Response<Incoming>) -> Option<Duration> {
    answer.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

async fn accept(method: &Method, url: &str, answer: Response<Incoming>) -> Result<Response<Incoming>> {
    let status = answer.status();
    match status {
        _ if status.is_success() => Ok(answer),
        StatusCode::NOT_FOUND => Err(Error::refused("not found")),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let reason = "pull access denied, repository does not exist or may require authorization";
            Err(Error::refused(format!("{reason}: authorization failed: unexpected status from {method} request to {url}: {status}")))
        }
        _ => {
            let said = read_all(answer, ANSWER_BYTES_MAX).await.map(|bytes| errors(&bytes)).unwrap_or_default();
            Err(Error::refused(format!("unexpected status from {method} request to {url}: {status}{said}")))
        }
    }
}

/// What the body of an error says, in the distribution protocol's form.
fn errors(body: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) else { return String::new() };
    let list = value["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let words = list
        .iter()
        .map(|error| format!("{}: {}", error["code"].as_str().unwrap_or_default(), error["message"].as_str().unwrap_or_default()));
    let words = words.collect::<Vec<_>>().join(", ");
    if words.is_empty() { words } else { format!(" ({words})") }
}

fn with(headers: &HeaderMap, authorization: Option<&HeaderValue>) -> HeaderMap {
    let mut all = headers.clone();
    all.insert(USER_AGENT, HeaderValue::from_static(concat!("stead/", env!("CARGO_PKG_VERSION"))));
    if !all.contains_key(ACCEPT) {
        all.insert(ACCEPT, HeaderValue::from_static("*/*"));
    }
    all.extend(authorization.map(|value| (AUTHORIZATION, value.clone())));
    all
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn bearer(token: &str) -> Option<HeaderValue> {
    secret(&format!("Bearer {token}"))
}

fn basic(username: &str, password: &str) -> Option<HeaderValue> {
    secret(&format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"))))
}

/// A whole body that is not larger than that.
pub async fn read_all(answer: Response<Incoming>, bytes_max: usize) -> Result<Bytes> {
    let mut body = answer.into_body();
    let mut bytes = BytesMut::new();
    while let Some(chunk) = next(&mut body).await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > bytes_max {
            return Err(Error::refused(format!("an answer of more than {bytes_max} bytes is refused")));
        }
    }
    Ok(bytes.freeze())
}

/// The next piece of a body; None at its end.
pub async fn next(body: &mut Incoming) -> Result<Option<Bytes>> {
    loop {
        let frame = tokio::time::timeout(STALL, body.frame()).await;
        match frame.map_err(|_| Error::refused(format!("the registry sent nothing for {} s", STALL.as_secs())))? {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(error)) => return Err(Error::refused(format!("the transfer broke off: {}", crate::error::causes(&error)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::endpoints::Tls;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    /// Refuses the first request that comes, and wants a password; gives its head.
    async fn refuse(listener: TcpListener) -> String {
        let mut connection = BufReader::new(listener.accept().await.unwrap().0);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            connection.read_line(&mut head).await.unwrap();
        }
        let answer = b"HTTP/1.1 401 X\r\nwww-authenticate: Basic realm=\"x\"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        connection.write_all(answer).await.unwrap();
        head
    }

    #[tokio::test]
    async fn another_host_is_not_told_who_asks() {
        // IMG-15
        let password = Credential::Password { username: "me".to_owned(), password: "secret".to_owned() };
        for credential in [Credential::Registry { token: "secret".to_owned() }, password] {
            let endpoint = Endpoint {
                url: "https://r.example/v2".to_owned(),
                host: "r.example".to_owned(),
                repository: "app".to_owned(),
                mirror_of: None,
                credential: None,
                tls: Tls::default(),
            };
            let session = Session::new(endpoint, Some(credential), Access::Pull).unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let elsewhere = format!("http://{}/layer", listener.local_addr().unwrap());
            let (headers, body) = (HeaderMap::new(), Bytes::new());
            // The listener goes with the one request: a second one would fail otherwise than with 401.
            let (head, answer) = tokio::join!(refuse(listener), session.send(Method::GET, &elsewhere, &headers, body));
            assert!(!head.to_lowercase().contains("authorization"), "{head}");
            assert!(answer.unwrap_err().to_string().contains("401"));
        }
    }

    #[test]
    fn a_place_is_scheme_host_and_port() {
        assert_eq!(place("https://r.example/v2/a"), place("https://r.example:443/b"));
        for other in ["http://r.example/", "https://r.example:444/", "https://s.example/", "/v2/"] {
            assert_ne!(place("https://r.example/v2/a"), place(other), "{other}");
        }
    }
}
