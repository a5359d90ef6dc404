//! Probes against servers in this process.

use super::*;
use crate::probe::http::{Get, Scheme};
use ::http::{HeaderMap, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const LONG: Duration = Duration::from_secs(60);

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Nobody listens there.
async fn unused() -> SocketAddr {
    listener().await.1
}

fn get(address: SocketAddr, path: &str) -> Get {
    let headers = vec![("X-A".to_owned(), "b".to_owned())];
    Get { scheme: Scheme::Http, host: address.ip().to_string(), port: address.port(), path: path.into(), headers, agent: "kube-probe" }
}

async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(request).unwrap()
}

/// Answers each request, a connection for each, with the next of these; gives the requests.
async fn serve(listener: TcpListener, answers: &[&str]) -> Vec<String> {
    let mut requests = Vec::new();
    for answer in answers {
        let (mut stream, _) = listener.accept().await.unwrap();
        requests.push(read_request(&mut stream).await);
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
    requests
}

async fn probed(answer: &str) -> Probed {
    let (listener, address) = listener().await;
    let get = get(address, "/");
    let answers = [answer];
    tokio::join!(super::http(&get, LONG), serve(listener, &answers)).0
}

#[tokio::test]
async fn the_request_is_a_kubelets() {
    // PRB-10
    let (listener, address) = listener().await;
    let get = get(address, "/cgi-bin/x?y=1");
    let answers = ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"];
    let (answer, requests) = tokio::join!(http::get(&get, LONG), serve(listener, &answers));
    assert_eq!(answer, Ok(http::Answer { code: 200, body: "hi".into() }));
    let mut lines: Vec<&str> = requests[0].trim().split("\r\n").collect();
    assert_eq!(lines.remove(0), "GET /cgi-bin/x?y=1 HTTP/1.1");
    lines.sort_unstable();
    let host = format!("Host: {address}");
    assert_eq!(lines, ["Accept: */*", "Connection: close", &host, "User-Agent: kube-probe/1.37", "X-A: b"]);
}

#[tokio::test]
async fn codes_decide() {
    // PRB-10
    assert_eq!(probed("HTTP/1.1 204 No Content\r\n\r\n").await, Probed::Success);
    assert_eq!(probed("HTTP/1.0 200 OK\r\n\r\nuntil it closes").await, Probed::Success);
    assert_eq!(probed("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await, failed("HTTP probe failed with statuscode: 404"));
    assert_eq!(probed("HTTP/1.1 304 Not Modified\r\n\r\n").await, Probed::Warning("Probe terminated redirects, Response body: ".into()));
    let elsewhere = "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 3\r\n\r\nbye";
    assert_eq!(probed(elsewhere).await, Probed::Warning("Probe terminated redirects, Response body: bye".into()));
}

fn failed(text: &str) -> Probed {
    Probed::Failure(text.to_owned())
}

#[tokio::test]
async fn redirects_to_the_same_host_are_followed() {
    // PRB-10
    let (listener, address) = listener().await;
    let get = get(address, "/a/b");
    let answers = [
        "HTTP/1.1 302 Found\r\nLocation: /c\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 308 Moved\r\nLocation: d\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
    ];
    let (probed, requests) = tokio::join!(super::http(&get, LONG), serve(listener, &answers));
    assert_eq!(probed, failed("HTTP probe failed with statuscode: 500"));
    assert_eq!(requests.iter().map(|r| r.split(' ').nth(1).unwrap()).collect::<Vec<_>>(), ["/a/b", "/c", "/d"]);
}

#[tokio::test]
async fn redirects_have_an_end() {
    // PRB-10
    let (listener, address) = listener().await;
    let get = get(address, "/a");
    let answers = ["HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"; 10];
    let (probed, _) = tokio::join!(super::http(&get, LONG), serve(listener, &answers));
    assert_eq!(probed, failed(&format!("Get \"http://{address}/a\": stopped after 10 redirects")));
}

#[tokio::test]
async fn no_more_of_a_body_is_read_than_is_wanted() {
    // PRB-10: one that never ends.
    let (listener, address) = listener().await;
    let get = get(address, "/");
    let endless = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b'x'; 1024]).await.is_ok() {}
    };
    let (answer, ()) = tokio::join!(http::get(&get, LONG), endless);
    assert_eq!(answer.unwrap().body.len(), http::BODY_BYTES_MAX);
}

#[tokio::test]
async fn failures_have_gos_words() {
    // PRB-10, PRB-11
    let address = unused().await;
    let refused = format!("dial tcp {address}: connect: connection refused");
    assert_eq!(super::http(&get(address, "/x"), LONG).await, failed(&format!("Get \"http://{address}/x\": {refused}")));
    assert_eq!(dial::connect(&address.ip().to_string(), address.port(), LONG).await.unwrap_err(), refused);
    let (listener, address) = listener().await;
    let get = get(address, "/");
    let close = async { drop(listener.accept().await.unwrap()) };
    let (probed, ()) = tokio::join!(super::http(&get, LONG), close);
    let Probed::Failure(text) = probed else { panic!("{probed:?}") };
    assert!(text.starts_with(&format!("Get \"http://{address}/\": ")), "{text}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_late() {
    // PRB-10
    let (listener, address) = listener().await;
    let text = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
    assert_eq!(super::http(&get(address, "/"), Duration::from_millis(10)).await, failed(&format!("Get \"http://{address}/\": {text}")));
    drop(listener);
}

fn acceptor() -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(vec!["nobody.example".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn https_asks_no_certificate() {
    // PRB-10
    let (listener, address) = listener().await;
    let get = Get { scheme: Scheme::Https, ..get(address, "/") };
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor().accept(stream).await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        stream.flush().await.unwrap();
    };
    let (probed, ()) = tokio::join!(super::http(&get, LONG), server);
    assert_eq!(probed, Probed::Success);
}

#[tokio::test]
async fn https_to_an_http_server_is_named() {
    // PRB-10
    let (listener, address) = listener().await;
    let get = Get { scheme: Scheme::Https, ..get(address, "/") };
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.map_or(0, |n| n)
    };
    let (probed, _) = tokio::join!(super::http(&get, LONG), server);
    assert_eq!(probed, failed(&format!("Get \"https://{address}/\": http: server gave HTTP response to HTTPS client")));
}

/// A gRPC server that answers one call.
async fn health(listener: TcpListener, body: Vec<u8>, status: &'static str) -> String {
    let (asked_in, asked) = tokio::sync::oneshot::channel();
    let asked_in = std::sync::Mutex::new(Some(asked_in));
    let service = hyper::service::service_fn(|request: ::http::Request<hyper::body::Incoming>| {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", status.parse().unwrap());
        let frames = [Frame::data(Bytes::from(body.clone())), Frame::trailers(trailers)];
        let asked_in = asked_in.lock().unwrap().take();
        async move {
            let path = request.uri().path().to_owned();
            let question = request.into_body().collect().await.unwrap().to_bytes();
            asked_in.unwrap().send(format!("{path} {question:?}")).unwrap();
            Ok::<_, std::convert::Infallible>(Response::new(StreamBody::new(futures::stream::iter(frames.map(Ok::<_, std::io::Error>)))))
        }
    });
    let (stream, _) = listener.accept().await.unwrap();
    let served = hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
    drop(served.await);
    asked.await.unwrap()
}

#[tokio::test]
async fn a_grpc_service_tells_of_its_health() {
    // PRB-11
    let cases: [(Vec<u8>, &str, Probed); 3] = [
        (vec![0, 0, 0, 0, 2, 8, 1], "0", Probed::Success),
        (vec![0, 0, 0, 0, 2, 8, 2], "0", failed("service unhealthy (responded with \"NOT_SERVING\")")),
        (vec![], "12", failed("error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ")),
    ];
    for (body, status, expected) in cases {
        let (listener, address) = listener().await;
        let host = address.ip().to_string();
        let (probed, asked) = tokio::join!(grpc::check(&host, address.port(), "s", LONG), health(listener, body, status));
        assert_eq!(probed, expected);
        assert_eq!(asked, r#"/grpc.health.v1.Health/Check b"\0\0\0\0\x03\n\x01s""#);
    }
    let address = unused().await;
    let text = format!("timeout: failed to connect service \"{address}\" within 1m0s: context deadline exceeded");
    assert_eq!(grpc::check(&address.ip().to_string(), address.port(), "", LONG).await, failed(&text));
}

#[test]
fn durations_have_gos_form() {
    assert_eq!([1, 60, 3661].map(|s| go_duration(Duration::from_secs(s))), ["1s", "1m0s", "1h1m1s"]);
}
