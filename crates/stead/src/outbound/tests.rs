//! Programs that listen, asked through the service: bodies, TLS, upgraded connections.

use super::*;
use bytes::Bytes;
use futures::StreamExt;
use http_body_util::{Full, StreamBody};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::ServiceExt;

const PIECES: u8 = 64;
const PIECE: usize = 256 * 1024;

/// Listens on loopback; serves connections with `answer` for as long as the test goes on.
async fn listening<A, F>(secure: Option<tokio_rustls::TlsAcceptor>, answer: A) -> (String, JoinSet<()>)
where
    A: Fn(Request<Incoming>) -> F + Copy + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let secure = secure.clone();
            connections.spawn(async move {
                let stream: Box<dyn Stream> = match secure {
                    Some(secure) => Box::new(secure.accept(stream).await.unwrap()),
                    None => Box::new(stream),
                };
                let service = hyper::service::service_fn(|request| async move { Ok::<_, Infallible>(answer(request).await) });
                let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                connection.with_upgrades().await.ok();
            });
        }
    });
    (address, tasks)
}

fn boxed(body: Incoming) -> Body {
    body.map_err(std::io::Error::other).boxed_unsync()
}

fn text(text: String) -> Body {
    Full::new(Bytes::from(text)).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// Sends back what it is sent, while it is sent.
async fn echo(request: Request<Incoming>) -> Response<Body> {
    Response::new(boxed(request.into_body()))
}

/// Takes any protocol that is wanted, and sends back what comes; without a wish, or on `/no`, it says what it was asked.
async fn upgrading(mut request: Request<Incoming>) -> Response<Body> {
    let Some(protocol) = request.headers().get(header::UPGRADE).filter(|_| request.uri().path() != "/no").cloned() else {
        return Response::new(text(format!("{:?}", request.headers().get(header::CONNECTION))));
    };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let (mut from, mut to) = tokio::io::split(TokioIo::new(upgrade.await.unwrap()));
        tokio::io::copy(&mut from, &mut to).await.unwrap();
        to.shutdown().await.unwrap();
    });
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(header::UPGRADE, protocol);
    response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("Upgrade"));
    response
}

async fn bodies_go_both_ways(url: String) {
    let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(1);
    let pieces = futures::stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|piece| (piece, receiver)) });
    let body = StreamBody::new(pieces.map(|piece| Ok(hyper::body::Frame::data(piece)))).boxed_unsync();
    let outbound = service().unwrap();
    let response = outbound.clone().oneshot(Request::post(url).body(body).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200, "it begins before anything was sent");
    let mut answer = response.into_body();
    for n in 0..PIECES {
        sender.send(Bytes::from(vec![n; PIECE])).await.unwrap();
        let mut back = Vec::new();
        while back.len() < PIECE {
            back.extend(answer.frame().await.unwrap().unwrap().into_data().unwrap());
        }
        assert!(back.len() == PIECE && back.iter().all(|byte| *byte == n));
    }
    drop(sender);
    assert!(answer.frame().await.is_none());
}

#[tokio::test]
async fn bodies_have_no_bound_and_go_both_ways_at_once() {
    // R56
    let (address, _tasks) = listening(None, echo).await;
    bodies_go_both_ways(format!("http://{address}/")).await;
}

/// With a certificate that nobody has signed, for another name.
fn speaking_tls() -> tokio_rustls::TlsAcceptor {
    let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["elsewhere".to_owned()]).unwrap();
    let key = rustls_pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    Arc::new(config).into()
}

#[tokio::test]
async fn a_program_may_speak_tls_with_any_certificate() {
    // R56
    let (address, _tasks) = listening(Some(speaking_tls()), echo).await;
    bodies_go_both_ways(format!("https://{address}/")).await;
    let plain = service().unwrap().oneshot(Request::get(format!("http://{address}/")).body(empty()).unwrap()).await.unwrap();
    assert!(plain.extensions().get::<Unreached>().is_some(), "who speaks TLS is no HTTP server");
}

/// A connection to a server that asks the program at `base` what its clients ask; its answer's head comes first.
async fn through(base: &str, asked: &str) -> (String, TcpStream, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = listener.local_addr().unwrap();
    let (base, mut tasks) = (base.to_owned(), JoinSet::new());
    tasks.spawn(async move {
        let outbound = service().unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let outbound = &outbound;
        let pass_on = hyper::service::service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(boxed);
            *request.uri_mut() = format!("{base}{}", request.uri()).parse().unwrap();
            outbound.clone().oneshot(request)
        });
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), pass_on);
        connection.with_upgrades().await.unwrap();
        // The service drives what was upgraded.
        std::future::pending::<()>().await;
    });
    let mut stream = TcpStream::connect(front).await.unwrap();
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (String::from_utf8(head).unwrap(), stream, tasks)
}

fn wish(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n")
}

#[tokio::test]
async fn an_upgraded_connection_is_the_client_s_and_the_program_s_own() {
    // R56
    let (plain, _tasks) = listening(None, upgrading).await;
    let (secure, _secure_tasks) = listening(Some(speaking_tls()), upgrading).await;
    for base in [format!("http://{plain}"), format!("https://{secure}")] {
        let (head, mut stream, _front) = through(&base, &wish("/")).await;
        assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("upgrade: websocket"), "{base}: {head}");
        for n in 0..PIECES {
            let piece = vec![n; 4096];
            stream.write_all(&piece).await.unwrap();
            let mut back = vec![0; piece.len()];
            stream.read_exact(&mut back).await.unwrap();
            assert_eq!(back, piece);
        }
        stream.write_all(b"last").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "last", "{base}: the end of one direction is not the end of the other");
    }
}

#[tokio::test]
async fn a_program_that_upgrades_nothing_answers_as_it_does() {
    // R56
    let (address, _tasks) = listening(None, upgrading).await;
    let (head, mut stream, _front) = through(&format!("http://{address}"), &wish("/no")).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let mut body = [0; 15];
    stream.read_exact(&mut body).await.unwrap();
    assert_eq!(&body, b"Some(\"Upgrade\")");
}

#[tokio::test]
async fn nobody_who_listens_is_said() {
    // R56
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let response = service().unwrap().oneshot(Request::get(format!("http://{gone}/")).body(empty()).unwrap()).await.unwrap();
    let Unreached(why) = response.extensions().get().unwrap();
    assert_eq!(*why, format!("dial tcp {gone}: connect: connection refused"));
}
