//! How a client wants to go on after the answer to its request: WebSocket or SPDY, and in which protocol. Pure.

use super::{Body, Refusal};
use bytes::Bytes;
use http::header::{CONNECTION, HeaderName, UPGRADE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use stead_streams::channels::{Protocol, Version};
use stead_streams::remote::choose_spdy;
use stead_streams::websocket::accept_key;
use stead_streams::{forward, remote};

const SPDY: &str = "SPDY/3.1";
const KEY: HeaderName = HeaderName::from_static("sec-websocket-key");
const ACCEPT: HeaderName = HeaderName::from_static("sec-websocket-accept");
const PROTOCOL: HeaderName = HeaderName::from_static("sec-websocket-protocol");
const STREAM_PROTOCOL: HeaderName = HeaderName::from_static("x-stream-protocol-version");
const ACCEPTED_STREAM_PROTOCOLS: HeaderName = HeaderName::from_static("x-accepted-stream-protocol-versions");

/// What is spoken from then on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    /// Numbered channels over WebSocket.
    Channels(Protocol),
    /// SPDY, with a remote command of that version.
    Spdy(Version),
}

/// The same of forwarded ports.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Forwarding {
    Channels(Protocol),
    Spdy,
    /// SPDY inside of WebSocket messages.
    Tunnel,
}

/// What is spoken, and the response that says so.
#[derive(Debug)]
pub(super) struct Upgrade<T> {
    pub spoken: T,
    pub response: Response<Body>,
}

enum Way {
    WebSocket { accept: String },
    Spdy,
}

/// For exec and attach.
pub(super) fn remote(headers: &HeaderMap) -> Result<Upgrade<Spoken>, Refusal> {
    match way(headers)? {
        Way::WebSocket { accept } => {
            let protocol = channels(headers)?;
            Ok(Upgrade { spoken: Spoken::Channels(protocol), response: websocket(&accept, protocol.name) })
        }
        Way::Spdy => {
            let (name, version) = choose_spdy(&values(headers, &STREAM_PROTOCOL)).map_err(|error| negotiation(&error))?;
            Ok(Upgrade { spoken: Spoken::Spdy(version), response: spdy(name) })
        }
    }
}

/// For portforward.
pub(super) fn forwarding(headers: &HeaderMap) -> Result<Upgrade<Forwarding>, Refusal> {
    match way(headers)? {
        Way::WebSocket { accept } if values(headers, &PROTOCOL).contains(&forward::TUNNEL_PROTOCOL) => {
            Ok(Upgrade { spoken: Forwarding::Tunnel, response: websocket(&accept, forward::TUNNEL_PROTOCOL) })
        }
        Way::WebSocket { accept } => {
            let protocol = channels(headers)?;
            Ok(Upgrade { spoken: Forwarding::Channels(protocol), response: websocket(&accept, protocol.name) })
        }
        Way::Spdy if values(headers, &STREAM_PROTOCOL).contains(&forward::SPDY_PROTOCOL) => {
            Ok(Upgrade { spoken: Forwarding::Spdy, response: spdy(forward::SPDY_PROTOCOL) })
        }
        Way::Spdy => {
            let offered = values(headers, &STREAM_PROTOCOL).join(" ");
            let text = format!(
                "unable to upgrade: unable to negotiate protocol: client supports [{offered}], server accepts [{}]",
                forward::SPDY_PROTOCOL
            );
            Err(Refusal { code: StatusCode::FORBIDDEN, text, headers: accepted(&[forward::SPDY_PROTOCOL]) })
        }
    }
}

fn way(headers: &HeaderMap) -> Result<Way, Refusal> {
    let has = |name, value: &str| values(headers, name).iter().any(|found| found.eq_ignore_ascii_case(value));
    if has(&CONNECTION, "upgrade") && has(&UPGRADE, "websocket") {
        let key = headers.get(KEY).and_then(|key| key.to_str().ok());
        let key = key.ok_or_else(|| Refusal::bad_request("unable to upgrade: Sec-WebSocket-Key is missing"))?;
        return Ok(Way::WebSocket { accept: accept_key(key) });
    }
    if has(&CONNECTION, "upgrade") && has(&UPGRADE, SPDY) {
        return Ok(Way::Spdy);
    }
    Err(Refusal::bad_request("Upgrade request required"))
}

/// STR-2.
fn channels(headers: &HeaderMap) -> Result<Protocol, Refusal> {
    let offered = values(headers, &PROTOCOL);
    if offered.is_empty() {
        return Ok(Protocol::unnamed());
    }
    let chosen = Protocol::choose(offered.iter().copied());
    chosen.ok_or_else(|| Refusal::bad_request(format!("unable to upgrade: no subprotocol of [{}] is supported", offered.join(" "))))
}

/// All values of a header, of repeated lines and separated by commas.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|value| !value.is_empty()).collect()
}

/// R20.
fn negotiation(error: &remote::NegotiationError) -> Refusal {
    Refusal { code: StatusCode::FORBIDDEN, text: error.to_string(), headers: accepted(&error.supported()) }
}

fn accepted(names: &[&'static str]) -> HeaderMap {
    names.iter().map(|name| (ACCEPTED_STREAM_PROTOCOLS, HeaderValue::from_static(name))).collect()
}

fn websocket(accept: &str, protocol: &str) -> Response<Body> {
    let mut all = vec![(ACCEPT, accept)];
    if !protocol.is_empty() {
        all.push((PROTOCOL, protocol));
    }
    switching("websocket", &all)
}

fn spdy(protocol: &str) -> Response<Body> {
    switching(SPDY, &[(STREAM_PROTOCOL, protocol)])
}

fn switching(to: &'static str, headers: &[(HeaderName, &str)]) -> Response<Body> {
    let mut response = Response::new(Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static(to));
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).expect("these are of letters, digits and signs");
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in all {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        map
    }

    const WEBSOCKET: [(&str, &str); 3] =
        [("connection", "keep-alive, Upgrade"), ("upgrade", "websocket"), ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")];
    const SPDY_WAY: [(&str, &str); 2] = [("connection", "Upgrade"), ("upgrade", "SPDY/3.1")];

    fn with(base: &[(&'static str, &'static str)], more: &[(&'static str, &'static str)]) -> HeaderMap {
        headers(&[base, more].concat())
    }

    #[test]
    fn websocket_is_answered_with_the_protocol_that_was_chosen() {
        // R10
        let upgrade =
            remote(&with(&WEBSOCKET, &[("sec-websocket-protocol", "v9.channel.k8s.io, v5.channel.k8s.io,v4.channel.k8s.io")])).unwrap();
        assert_eq!(upgrade.spoken, Spoken::Channels(Protocol::choose(["v5.channel.k8s.io"]).unwrap()));
        let expected = headers(&[
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            ("sec-websocket-protocol", "v5.channel.k8s.io"),
        ]);
        assert_eq!((upgrade.response.status(), upgrade.response.headers()), (StatusCode::SWITCHING_PROTOCOLS, &expected));
        let unnamed = remote(&with(&WEBSOCKET, &[])).unwrap();
        assert!(unnamed.response.headers().get("sec-websocket-protocol").is_none());
        let unknown = remote(&with(&WEBSOCKET, &[("sec-websocket-protocol", "chat")])).unwrap_err();
        assert_eq!(unknown.code, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn spdy_is_answered_with_one_of_the_versions_offered_in_repeated_lines() {
        // R20
        let versions = [
            ("x-stream-protocol-version", "v5.channel.k8s.io"),
            ("x-stream-protocol-version", "v4.channel.k8s.io"),
            ("x-stream-protocol-version", "channel.k8s.io"),
        ];
        let upgrade = remote(&with(&SPDY_WAY, &versions)).unwrap();
        assert_eq!(upgrade.spoken, Spoken::Spdy(Version::Four));
        let expected = headers(&[("connection", "Upgrade"), ("upgrade", "SPDY/3.1"), ("x-stream-protocol-version", "v4.channel.k8s.io")]);
        assert_eq!(upgrade.response.headers(), &expected);
        let refusal = remote(&with(&SPDY_WAY, &versions[..1])).unwrap_err();
        assert_eq!((refusal.code, refusal.headers.get_all(ACCEPTED_STREAM_PROTOCOLS).iter().count()), (StatusCode::FORBIDDEN, 4));
    }

    #[test]
    fn forwarded_ports_over_all_three() {
        // R30, R32
        let spdy = forwarding(&with(&SPDY_WAY, &[("x-stream-protocol-version", "portforward.k8s.io")])).unwrap();
        assert_eq!(spdy.spoken, Forwarding::Spdy);
        let tunnel = forwarding(&with(&WEBSOCKET, &[("sec-websocket-protocol", "SPDY/3.1+portforward.k8s.io")])).unwrap();
        assert_eq!(tunnel.spoken, Forwarding::Tunnel);
        assert_eq!(tunnel.response.headers()["sec-websocket-protocol"], "SPDY/3.1+portforward.k8s.io");
        let channels = forwarding(&with(&WEBSOCKET, &[("sec-websocket-protocol", "v4.channel.k8s.io")])).unwrap();
        assert!(matches!(channels.spoken, Forwarding::Channels(_)));
        assert_eq!(forwarding(&with(&SPDY_WAY, &[])).unwrap_err().code, StatusCode::FORBIDDEN);
    }

    #[test]
    fn a_request_without_an_upgrade_is_refused() {
        for headers in [HeaderMap::new(), headers(&[("upgrade", "websocket")]), headers(&[("connection", "Upgrade"), ("upgrade", "h2c")])] {
            assert_eq!(remote(&headers).unwrap_err(), Refusal::bad_request("Upgrade request required"));
        }
    }
}
