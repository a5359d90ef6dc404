//! An HTTP GET against a pod, as probes (PRB-10) and lifecycle hooks (HOOK-3) make it: one connection for each request, no proxy, no
//! certificate checks, redirects to the same host followed, little of the body read. Failures have Go's words.

use super::{dial, tls};
use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION, USER_AGENT};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// So much of a body is read.
pub const BODY_BYTES_MAX: usize = 10 << 10;
/// Requests that one GET may lead to.
const REQUESTS_MAX: usize = 10;

/// The end of the failure of a request whose server knows no TLS.
pub const PLAIN_ANSWER: &str = "http: server gave HTTP response to HTTPS client";

/// How to speak to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Get {
    pub scheme: Scheme,
    /// To connect to.
    pub host: String,
    pub port: u16,
    /// With its query.
    pub path: String,
    /// As the pod names them; `Host` replaces the one of the address, an empty `Accept` or `User-Agent` removes the usual one.
    pub headers: Vec<(String, String)>,
    /// Of the `User-Agent`, before `/VERSION`: `kube-probe`, `kube-lifecycle`.
    pub agent: &'static str,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub code: u16,
    /// Its first [`BODY_BYTES_MAX`] bytes.
    pub body: String,
}

/// Why nothing usable came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// There was no response.
    Request(String),
    /// It broke off.
    Body(String),
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Url {
    scheme: Scheme,
    host: String,
    port: u16,
    /// `HOST:PORT` as it was written.
    authority: String,
    /// Path and query, escaped.
    target: String,
}

impl Url {
    fn text(&self) -> String {
        format!("{}://{}{}", self.scheme.name(), self.authority, self.target)
    }
}

/// Makes the request.
///
/// # Errors
/// In Go's words: `Get "http://10.0.0.1:80/": dial tcp 10.0.0.1:80: connect: connection refused`.
pub async fn get(get: &Get, timeout: Duration) -> Result<Answer, Failure> {
    let mut url = Url {
        scheme: get.scheme,
        host: get.host.clone(),
        port: get.port,
        authority: dial::authority(&get.host, get.port),
        target: escaped(&get.path),
    };
    let mut headers = headers(get).map_err(Failure::Request)?;
    let deadline = tokio::time::Instant::now() + timeout;
    for _ in 0..REQUESTS_MAX {
        let failed = |text: String| Failure::Request(format!("Get {:?}: {text}", url.text()));
        let late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
        let answered = tokio::time::timeout_at(deadline, exchange(&url, &headers, deadline)).await;
        let (location, answer) = match answered {
            Ok(Ok(answered)) => answered,
            Ok(Err(Failure::Request(text))) => return Err(failed(text)),
            Ok(Err(failure)) => return Err(failure),
            Err(_) => return Err(failed(late.to_owned())),
        };
        let Some(next) = location.and_then(|location| redirected(&url, &location)) else { return Ok(answer) };
        if next.host != url.host {
            return Ok(answer);
        }
        if next.authority != url.authority {
            headers.remove(HOST);
        }
        url = next;
    }
    Err(Failure::Request(format!("Get {:?}: stopped after {REQUESTS_MAX} redirects", url.text())))
}

/// One request; also where its answer points to, if it is a redirect.
async fn exchange(url: &Url, headers: &HeaderMap, deadline: tokio::time::Instant) -> Result<(Option<String>, Answer), Failure> {
    let stream = dial::dial(&url.host, url.port).await.map_err(Failure::Request)?;
    match url.scheme {
        Scheme::Http => over(stream, url, headers, deadline).await,
        Scheme::Https => {
            let stream = tls::connect(&url.host, stream).await.map_err(Failure::Request)?;
            over(stream, url, headers, deadline).await
        }
    }
}

async fn over<S>(stream: S, url: &Url, headers: &HeaderMap, deadline: tokio::time::Instant) -> Result<(Option<String>, Answer), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let words = |error: hyper::Error| Failure::Request(words(&error));
    let mut request = Request::get(url.target.as_str()).body(Empty::<Bytes>::new()).map_err(|error| Failure::Request(error.to_string()))?;
    *request.headers_mut() = headers.clone();
    if !headers.contains_key(HOST) {
        let host = HeaderValue::from_str(&url.authority).map_err(|error| Failure::Request(error.to_string()))?;
        request.headers_mut().insert(HOST, host);
    }
    let handshake = hyper::client::conn::http1::Builder::new().title_case_headers(true).handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(words)?;
    let answered = async {
        let response = sender.send_request(request).await.map_err(words)?;
        read(response, deadline).await
    };
    let (mut answered, mut connection) = (std::pin::pin!(answered), std::pin::pin!(connection));
    tokio::select! {
        biased;
        answer = &mut answered => answer,
        // The server has closed; what it sent before is still to be read. Why it closed shows there.
        _ = &mut connection => answered.await,
    }
}

/// The response's code and the beginning of its body.
async fn read(response: Response<Incoming>, deadline: tokio::time::Instant) -> Result<(Option<String>, Answer), Failure> {
    let code = response.status().as_u16();
    let redirect = matches!(code, 301 | 302 | 303 | 307 | 308);
    let location =
        response.headers().get(LOCATION).filter(|_| redirect).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let (mut body, mut bytes) = (response.into_body(), Vec::new());
    while bytes.len() < BODY_BYTES_MAX {
        match tokio::time::timeout_at(deadline, body.frame()).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
            Ok(Some(Err(error))) => return Err(Failure::Body(words(&error))),
            Err(_) => {
                let late = "context deadline exceeded (Client.Timeout or context cancellation while reading body)";
                return Err(Failure::Body(late.to_owned()));
            }
        }
    }
    bytes.truncate(BODY_BYTES_MAX);
    Ok((location, Answer { code, body: String::from_utf8_lossy(&bytes).into_owned() }))
}

fn words(error: &hyper::Error) -> String {
    if error.is_incomplete_message() {
        return "EOF".to_owned();
    }
    if error.is_parse() {
        return "net/http: HTTP/1.x transport connection broken: malformed HTTP response".to_owned();
    }
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    cause.map_or_else(|| error.to_string(), |cause| format!("read: {}", dial::words(cause)))
}

/// What is sent beside `Host`.
fn headers(get: &Get) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &get.headers {
        let field = HeaderName::try_from(name.as_str()).map_err(|_| format!("net/http: invalid header field name {name:?}"))?;
        let value = HeaderValue::try_from(value.as_str()).map_err(|_| format!("net/http: invalid header field value for {name:?}"))?;
        // One Host alone is sent.
        if field != HOST || !headers.contains_key(HOST) {
            headers.append(field, value);
        }
    }
    let version = concat!("/", "1.37");
    for (name, usual) in [(USER_AGENT, format!("{}{version}", get.agent)), (ACCEPT, "*/*".to_owned())] {
        match headers.get(&name).map(HeaderValue::is_empty) {
            Some(true) => drop(headers.remove(&name)),
            Some(false) => {}
            None => drop(headers.insert(name, HeaderValue::try_from(usual).map_err(|error| error.to_string())?)),
        }
    }
    if headers.get(HOST).is_some_and(HeaderValue::is_empty) {
        headers.remove(HOST);
    }
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(headers)
}

/// A path and its query as they are sent: without a fragment, and with what may not stand there escaped.
fn escaped(path: &str) -> String {
    let broken = path.bytes().enumerate().any(|(at, byte)| {
        let hex = |n: usize| path.as_bytes().get(at + n).is_some_and(u8::is_ascii_hexdigit);
        byte == b'%' && !(hex(1) && hex(2))
    });
    let path = if broken { path } else { path.split('#').next().unwrap_or_default() };
    let mut target = if path.starts_with('/') { String::new() } else { "/".to_owned() };
    for byte in path.bytes() {
        let plain = byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) && !(broken && b"%?#".contains(&byte));
        if plain { target.push(char::from(byte)) } else { target.push_str(&format!("%{byte:02X}")) }
    }
    target
}

/// Where a redirect from `url` leads; `None` if that is no HTTP address.
fn redirected(url: &Url, location: &str) -> Option<Url> {
    let (scheme, rest) = match location.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?']) => match scheme.to_ascii_lowercase().as_str() {
            "http" => (Scheme::Http, rest),
            "https" => (Scheme::Https, rest),
            _ => return None,
        },
        _ => match location.strip_prefix("//") {
            Some(rest) => (url.scheme, rest),
            None => return Some(Url { target: relative(&url.target, location), ..url.clone() }),
        },
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = authority.rsplit_once('@').map_or(authority, |(_, authority)| authority);
    let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (authority, scheme.port()),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Some(Url { scheme, host, port, authority: authority.to_owned(), target: escaped(path) })
}

fn relative(from: &str, to: &str) -> String {
    let path = from.split('?').next().unwrap_or_default();
    match to.chars().next() {
        Some('/') => escaped(to),
        Some('?') => escaped(&format!("{path}{to}")),
        Some('#') | None => from.to_owned(),
        Some(_) => escaped(&format!("{}/{to}", path.rsplit_once('/').map_or("", |(directory, _)| directory))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_sent_as_they_may_be() {
        // PRB-10
        let cases =
            [("/", "/"), ("", "/"), ("healthz", "/healthz"), ("/a b?x=ä#f", "/a%20b?x=%C3%A4"), ("/%20", "/%20"), ("/%zz?x", "/%25zz%3Fx")];
        for (path, sent) in cases {
            assert_eq!(escaped(path), sent, "{path}");
        }
    }

    #[test]
    fn the_usual_headers_can_be_replaced_and_removed() {
        // PRB-10
        let sent = |given: &[(&str, &str)]| {
            let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let get = Get { scheme: Scheme::Http, host: "h".into(), port: 1, path: "/".into(), headers: given, agent: "kube-probe" };
            let headers = headers(&get).unwrap();
            let mut lines: Vec<String> = headers.iter().map(|(n, v)| format!("{n}: {}", v.to_str().unwrap())).collect();
            lines.sort();
            lines.join(", ")
        };
        assert_eq!(sent(&[]), "accept: */*, connection: close, user-agent: kube-probe/1.37");
        assert_eq!(sent(&[("Accept", ""), ("user-agent", "")]), "connection: close");
        assert_eq!(sent(&[("Accept", "a"), ("User-Agent", "u")]), "accept: a, connection: close, user-agent: u");
        assert_eq!(
            sent(&[("X", "1"), ("X", "2"), ("Host", "a"), ("Host", "b")]),
            "accept: */*, connection: close, host: a, user-agent: kube-probe/1.37, x: 1, x: 2"
        );
    }

    #[test]
    fn redirects_are_resolved() {
        let url =
            Url { scheme: Scheme::Http, host: "10.0.0.1".into(), port: 8080, authority: "10.0.0.1:8080".into(), target: "/a/b?c".into() };
        let to = |location: &str| redirected(&url, location).map(|url| url.text());
        assert_eq!(to("/x").unwrap(), "http://10.0.0.1:8080/x");
        assert_eq!(to("x?y").unwrap(), "http://10.0.0.1:8080/a/x?y");
        assert_eq!(to("?y").unwrap(), "http://10.0.0.1:8080/a/b?y");
        assert_eq!(to("https://10.0.0.1/x").unwrap(), "https://10.0.0.1/x");
        assert_eq!(to("//other:1").unwrap(), "http://other:1/");
        assert_eq!(to("mailto://x"), None);
    }
}
