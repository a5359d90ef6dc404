//! Exec and port-forward through the gateway: bytes of a client's connection in, bytes out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use super::{One, POD, send, set_state, with_pod};
use futures::FutureExt;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use stead_node::runtime::ExecError;
use stead_node::streams::{Duplex, Process, Streams, Wanted};
use stead_server::{Body, Identity};
use stead_testing::http::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// `cat` copies its input to its output and succeeds, `exit N` ends with N, there is nothing else. On port 80 everything comes back.
impl Streams for One {
    async fn run(&self, id: &str, argv: Vec<String>, _wanted: Wanted) -> Result<Process, ExecError> {
        assert_eq!(id, "id");
        let words: Vec<&str> = argv.iter().map(String::as_str).collect();
        let nothing = Process { stdin: None, stdout: None, stderr: None, terminal: None, end: futures::future::pending().boxed() };
        match words[..] {
            ["cat"] => {
                let (stdin, mut input) = tokio::io::duplex(16);
                let (mut output, stdout) = tokio::io::duplex(16);
                let end = async move {
                    tokio::io::copy(&mut input, &mut output).await.map_err(|error| error.to_string())?;
                    Ok(0)
                };
                Ok(Process { stdin: Some(Box::new(stdin)), stdout: Some(Box::new(stdout)), end: end.boxed(), ..nothing })
            }
            ["exit", code] => Ok(Process { end: futures::future::ready(Ok(code.parse().unwrap())).boxed(), ..nothing }),
            _ => Err(ExecError::Failed("no such program".to_owned())),
        }
    }

    async fn attach(&self, _id: &str, _wanted: Wanted) -> Result<Process, String> {
        Err("it cannot be joined".to_owned())
    }

    async fn connect(&self, pod: &str, port: u16) -> Result<Box<dyn Duplex>, String> {
        assert!(!pod.is_empty());
        let (ours, theirs) = tokio::io::duplex(16);
        if port != 80 {
            return Err("connection refused".to_owned());
        }
        tokio::spawn(async move {
            let (mut reader, mut writer) = tokio::io::split(theirs);
            tokio::io::copy(&mut reader, &mut writer).await.unwrap();
        });
        Ok(Box::new(ours))
    }
}

/// A connection of HTTP/1.1 to the server.
fn connection(client: &Client) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let service = client.server().service();
    let handler = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let mut request = request.map(|body| Body::new(http_body_util::BodyExt::map_err(body, std::io::Error::other)));
        request.extensions_mut().insert(Identity::master("admin"));
        tower::ServiceExt::oneshot(service.clone(), request)
    });
    tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(theirs), handler).with_upgrades());
    ours
}

/// Sends a request for an upgrade, and gives the head of the answer.
async fn ask(stream: &mut DuplexStream, method: &str, path: &str, headers: &[&str]) -> String {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    stream.write_all(format!("{method} {POD}/{path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n{lines}\r\n").as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

const WEBSOCKET: [&str; 2] = ["Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];

async fn websocket(client: &Client, path: &str, protocol: &str) -> DuplexStream {
    let mut stream = connection(client);
    let protocol = format!("Sec-WebSocket-Protocol: {protocol}");
    let head = ask(&mut stream, "GET", path, &[WEBSOCKET[0], WEBSOCKET[1], "Sec-WebSocket-Version: 13", &protocol]).await;
    let head = head.to_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(head.contains(&format!("{}\r\n", protocol.to_lowercase())), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    stream
}

/// A client's message, masked with zeros.
fn message(payload: &[u8]) -> Vec<u8> {
    [&[0x82, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0], payload].concat()
}

/// The server's next message; None for its close.
async fn next(stream: &mut DuplexStream) -> Option<Vec<u8>> {
    let first = stream.read_u8().await.unwrap();
    let length = match stream.read_u8().await.unwrap() {
        126 => usize::from(stream.read_u16().await.unwrap()),
        short => usize::from(short),
    };
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.unwrap();
    (first == 0x82).then_some(payload)
}

fn status(message: &[u8]) -> Value {
    assert_eq!(message[0], 3, "the error channel");
    serde_json::from_slice(&message[1..]).unwrap()
}

async fn with_running_pod(dir: &std::path::Path) -> (Client, One) {
    let (client, one) = with_pod(dir).await;
    set_state(&client, json!({"running": {"startedAt": "2026-10-30T15:12:30Z"}})).await;
    (client, one)
}

#[tokio::test]
async fn a_program_takes_input_to_its_end_and_its_status_comes_last() {
    // R10 to R12, STR-3, STR-7
    let dir = tempfile::tempdir().unwrap();
    let (client, one) = with_running_pod(dir.path()).await;
    let mut stream = websocket(&client, "exec?command=cat&stdin=true&stdout=true&stderr=true", "v5.channel.k8s.io").await;
    assert_eq!(next(&mut stream).await.unwrap(), [1]);
    stream.write_all(&[message(b"\0hello"), message(&[255, 0])].concat()).await.unwrap();
    assert_eq!(next(&mut stream).await.unwrap(), b"\x01hello");
    assert_eq!(status(&next(&mut stream).await.unwrap()), json!({"metadata": {}, "status": "Success"}));
    assert_eq!(next(&mut stream).await, None);
    stream.write_all(&[0x88, 0x80, 0, 0, 0, 0]).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);

    let mut stream = websocket(&client, "exec?command=exit&command=7&stdout=true", "v4.channel.k8s.io").await;
    next(&mut stream).await.unwrap();
    let ended = status(&next(&mut stream).await.unwrap());
    assert_eq!(ended["details"]["causes"][0], json!({"reason": "ExitCode", "message": "7"}));
    assert_eq!(ended["message"], "command terminated with non-zero exit code: error executing command [exit 7], exit code 7");

    let mut stream = websocket(&client, "exec?command=none&stdout=true", "v4.channel.k8s.io").await;
    next(&mut stream).await.unwrap();
    let message = "Internal error occurred: error executing command in container: no such program";
    assert_eq!(status(&next(&mut stream).await.unwrap())["message"], message);
    drop((stream, one));
}

#[tokio::test]
async fn what_cannot_be_upgraded_is_a_status() {
    // STR-11, R14, R20
    let dir = tempfile::tempdir().unwrap();
    let (client, _one) = with_pod(dir.path()).await;
    let refused = |stream: &'static [&'static str], path: &'static str| {
        let mut connection = connection(&client);
        async move { ask(&mut connection, "POST", path, stream).await }
    };
    let spdy = &["Upgrade: SPDY/3.1", "X-Stream-Protocol-Version: v4.channel.k8s.io"];
    assert!(refused(spdy, "exec?command=cat&stdout=true").await.starts_with("HTTP/1.1 500 "), "it does not run");
    let unknown = &["Upgrade: SPDY/3.1", "X-Stream-Protocol-Version: v9.channel.k8s.io"];
    assert!(refused(unknown, "exec?command=cat&stdout=true").await.starts_with("HTTP/1.1 403 "));
    assert!(refused(&["Upgrade: h2c"], "exec?command=cat&stdout=true").await.starts_with("HTTP/1.1 400 "));
    for (path, message) in [
        ("exec?command=cat", "you must specify at least 1 of stdin, stdout, stderr"),
        ("exec?command=cat&stdout=true", "Upgrade request required"),
        ("attach?stdout=true", "Upgrade request required"),
        ("portforward?ports=80", "Upgrade request required"),
        ("exec?container=x&command=cat&stdout=true", "container x is not valid for pod p"),
    ] {
        let answer = send(&client, "POST", &format!("{POD}/{path}"), Value::Null).await;
        assert_eq!((answer.code, answer.json()["message"].as_str()), (400, Some(message)), "{path}");
    }
}

#[tokio::test]
async fn a_port_is_forwarded_inside_of_websocket_channels() {
    // R32, STR-12, STR-13
    let dir = tempfile::tempdir().unwrap();
    let (client, _one) = with_running_pod(dir.path()).await;
    let mut stream = websocket(&client, "portforward?ports=80,81", "v4.channel.k8s.io").await;
    for channel in 0..4 {
        assert_eq!(next(&mut stream).await.unwrap(), [channel, 80 + channel / 2, 0]);
    }
    let refusal = next(&mut stream).await.unwrap();
    assert_eq!(refusal[0], 3);
    let text = String::from_utf8(refusal[1..].to_vec()).unwrap();
    assert!(text.starts_with("error forwarding port 81 to pod ") && text.ends_with(": connection refused"), "{text}");
    stream.write_all(&message(b"\0comes back")).await.unwrap();
    assert_eq!(next(&mut stream).await.unwrap(), b"\0comes back");
}
