//! The health check of gRPC (PRB-11): one unary call of `grpc.health.v1.Health/Check` over HTTP/2 without TLS. Its two messages have a
//! field each, so they are read and written here.

use super::dial;
use crate::pod::probes::Probed;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::time::Duration;
use stead_api::time::go_duration;

const PATH: &str = "/grpc.health.v1.Health/Check";
/// Longer answers are no health checks.
const ANSWER_BYTES_MAX: usize = 1 << 10;
/// gRPC's code of a call that nobody serves.
const UNIMPLEMENTED: &str = "12";
const DEADLINE_EXCEEDED: &str = "4";

/// Asks whether that service serves.
pub async fn check(host: &str, port: u16, service: &str, timeout: Duration) -> Probed {
    let deadline = tokio::time::Instant::now() + timeout;
    let authority = dial::authority(host, port);
    let stream = match tokio::time::timeout_at(deadline, dial::dial(host, port)).await {
        Ok(Ok(stream)) => stream,
        // gRPC tries to connect until the time is over.
        Ok(Err(_)) | Err(_) => {
            let late =
                format!("timeout: failed to connect service {authority:?} within {}: context deadline exceeded", go_duration(timeout));
            return Probed::Failure(late);
        }
    };
    match tokio::time::timeout_at(deadline, call(stream, &authority, service)).await {
        Ok(Ok(1)) => Probed::Success,
        Ok(Ok(status)) => Probed::Failure(format!("service unhealthy (responded with {:?})", status_name(status))),
        Ok(Err(text)) => Probed::Failure(text),
        Err(_) => Probed::Failure(format!("timeout: health rpc did not complete within {}", go_duration(timeout))),
    }
}

/// The serving status, or why there is none.
async fn call(stream: tokio::net::TcpStream, authority: &str, service: &str) -> Result<u64, String> {
    let failed = |error: &dyn std::fmt::Display| format!("error: health rpc probe failed: {error}");
    let request = Request::post(format!("http://{authority}{PATH}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("user-agent", "kube-probe/1.37")
        .body(Full::new(question(service)))
        .map_err(|error| failed(&error))?;
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(|error| failed(&error))?;
    let answered = async {
        let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
        let (head, body) = response.into_parts();
        if !head.status.is_success() {
            return Err(failed(&format!("unexpected HTTP status code received from server: {}", head.status)));
        }
        let collected = http_body_util::Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| failed(&error))?;
        let trailers = collected.trailers().cloned().unwrap_or(head.headers);
        outcome(&trailers)?;
        answer(&collected.to_bytes()).ok_or_else(|| failed(&"malformed answer"))
    };
    let (mut answered, mut connection) = (std::pin::pin!(answered), std::pin::pin!(connection));
    tokio::select! {
        biased;
        answer = &mut answered => answer,
        _ = &mut connection => answered.await,
    }
}

/// What the trailers say of the call.
fn outcome(trailers: &HeaderMap) -> Result<(), String> {
    let text = |name: &str| trailers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default();
    let (code, message) = (text("grpc-status"), text("grpc-message"));
    match code.as_str() {
        "0" => Ok(()),
        UNIMPLEMENTED => Err(format!("error: this server does not implement the grpc health protocol (grpc.health.v1.Health): {message}")),
        DEADLINE_EXCEEDED => Err("timeout: health rpc did not complete".to_owned()),
        code => Err(format!("error: health rpc probe failed: rpc error: code = {} desc = {message}", code_name(code))),
    }
}

/// The framed request: field 1 is the service's name.
fn question(service: &str) -> Bytes {
    let mut message = BytesMut::new();
    if !service.is_empty() {
        message.put_u8(1 << 3 | 2);
        put_varint(&mut message, service.len() as u64);
        message.put_slice(service.as_bytes());
    }
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(0); // not compressed
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put(message);
    framed.freeze()
}

fn put_varint(out: &mut BytesMut, mut number: u64) {
    while number >= 0x80 {
        out.put_u8(number as u8 | 0x80);
        number >>= 7;
    }
    out.put_u8(number as u8);
}

/// The status in a framed answer: field 1, 0 if it is left out. `None` if this is no such answer.
fn answer(framed: &[u8]) -> Option<u64> {
    let (head, message) = framed.split_at_checked(5)?;
    let length = u32::from_be_bytes(head[1..].try_into().ok()?) as usize;
    match message.get(..length)? {
        _ if head[0] != 0 => None,
        [] => Some(0),
        [8, status] if *status < 0x80 => Some(u64::from(*status)),
        _ => None,
    }
}

fn status_name(status: u64) -> String {
    ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]
        .get(usize::try_from(status).unwrap_or(usize::MAX))
        .map_or_else(|| status.to_string(), |name| (*name).to_owned())
}

/// gRPC's names of its codes.
fn code_name(code: &str) -> String {
    let names = [
        "OK",
        "Canceled",
        "Unknown",
        "InvalidArgument",
        "DeadlineExceeded",
        "NotFound",
        "AlreadyExists",
        "PermissionDenied",
        "ResourceExhausted",
        "FailedPrecondition",
        "Aborted",
        "OutOfRange",
        "Unimplemented",
        "Internal",
        "Unavailable",
        "DataLoss",
        "Unauthenticated",
    ];
    let name = code.parse::<usize>().ok().and_then(|code| names.get(code));
    name.map_or_else(|| format!("Code({code})"), |name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_framed() {
        // PRB-11
        assert_eq!(&question("")[..], [0, 0, 0, 0, 0]);
        assert_eq!(&question("ab")[..], [0, 0, 0, 0, 4, 10, 2, b'a', b'b']);
        assert_eq!(answer(&[0, 0, 0, 0, 2, 8, 1]), Some(1));
        assert_eq!(answer(&[0, 0, 0, 0, 0]), Some(0));
        assert_eq!(answer(&[0, 0, 0, 0, 9, 8, 1]), None);
        assert_eq!(answer(&[0, 0]), None);
    }

    #[test]
    fn failures_have_the_words_of_a_kubelet() {
        // PRB-11
        let failed = |code: &'static str| {
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", code.parse().unwrap());
            trailers.insert("grpc-message", "m".parse().unwrap());
            outcome(&trailers).unwrap_err()
        };
        assert_eq!(failed("12"), "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): m");
        assert_eq!(failed("5"), "error: health rpc probe failed: rpc error: code = NotFound desc = m");
        assert_eq!((status_name(2), status_name(9)), ("NOT_SERVING".to_owned(), "9".to_owned()));
    }
}
