//! The way to a node: its service gets what a kubelet would, and may take the client's connection over.

use crate::client::{create, fresh, get, send};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use std::convert::Infallible;
use stead_api::Status;
use stead_server::{Body, Identity, MetricsSource, NodeService, Used, UsedBy};
use stead_testing::http::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

const POD: &str = "/api/v1/namespaces/default/pods/p";

fn text(text: impl Into<bytes::Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A server with the pod `p` on the node `n`.
async fn with_pod() -> Client {
    let client = fresh().await;
    create(&client, "/api/v1/namespaces/default/serviceaccounts", json!({"metadata": {"name": "default"}})).await;
    create(&client, "/api/v1/nodes", json!({"metadata": {"name": "n"}})).await;
    let pod = json!({"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]}});
    create(&client, "/api/v1/namespaces/default/pods", pod).await;
    client
}

#[tokio::test(start_paused = true)]
async fn a_node_that_nobody_registered_serves_nothing() {
    let client = with_pod().await;
    for (what, method) in [("log", "GET"), ("exec?command=ls", "POST"), ("attach", "POST"), ("portforward?ports=80", "POST")] {
        let (code, answer) = send(&client, method, &format!("{POD}/{what}"), Value::Null).await;
        let name = what.split('?').next().unwrap_or_default();
        assert_eq!((code, answer["message"].as_str()), (501, Some(format!("pods/{name} is not served by this version").as_str())));
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_is_asked_as_a_kubelet_is() {
    let client = with_pod().await;
    let echo = tower::service_fn(|request: http::Request<Body>| async move {
        let asked = json!({
            "asked": format!("{} {}", request.method(), request.uri()),
            "private": request.headers().contains_key("authorization") || request.headers().contains_key("impersonate-user"),
        });
        Ok::<_, Infallible>(http::Response::new(text(asked.to_string())))
    });
    client.server().register_node("n", NodeService::new(echo));
    for (path, asked) in [
        ("log?tailLines=5&follow=true&pretty=1", "GET /containerLogs/default/p/c?tailLines=5&follow=true"),
        ("exec?command=ls&command=-l&stdin=true&stdout=1&tty=false", "GET /exec/default/p/c?command=ls&command=-l&input=1&output=1"),
        ("attach?container=c&stderr=1&tty=1", "GET /attach/default/p/c?error=1&tty=1"),
        ("portforward?ports=80,81", "GET /portForward/default/p?port=80&port=81"),
    ] {
        let answer = get(&client, &format!("{POD}/{path}")).await.1;
        assert_eq!(answer, json!({"asked": asked, "private": false}));
    }
    client.server().forget_node("n");
    assert_eq!(get(&client, &format!("{POD}/log")).await.0, 501);
}

#[tokio::test(start_paused = true)]
async fn what_a_node_says_in_text_becomes_a_status() {
    // R3
    let client = with_pod().await;
    for (code, reason, message) in [
        (400, "BadRequest", "why"),
        (404, "NotFound", "the server could not find the requested resource ( pods/log p)"),
        (500, "InternalError", "Internal error occurred: why"),
        (501, "NotImplemented", "why"),
    ] {
        let refuse = tower::service_fn(move |_| async move {
            let mut response = http::Response::new(text("why"));
            *response.status_mut() = http::StatusCode::from_u16(code).expect("a code");
            Ok::<_, Infallible>(response)
        });
        client.server().register_node("n", NodeService::new(refuse));
        let (answered, status) = get(&client, &format!("{POD}/log")).await;
        assert_eq!((answered, status["kind"].as_str()), (code, Some("Status")));
        assert_eq!((status["reason"].as_str(), status["message"].as_str()), (Some(reason), Some(message)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_speaks_no_protocol_of_the_client_says_which_it_speaks() {
    // R20
    let client = with_pod().await;
    let refuse = tower::service_fn(|_| async {
        let mut response = http::Response::new(text("no protocol in common"));
        *response.status_mut() = http::StatusCode::FORBIDDEN;
        for name in ["v4.channel.k8s.io", "channel.k8s.io"] {
            response.headers_mut().append("x-accepted-stream-protocol-versions", http::HeaderValue::from_static(name));
        }
        Ok::<_, Infallible>(response)
    });
    client.server().register_node("n", NodeService::new(refuse));
    let answer = client.call("POST", &format!("{POD}/exec?command=ls"), None, &[]).await.unwrap();
    let accepted: Vec<_> =
        answer.headers.get_all("x-accepted-stream-protocol-versions").iter().map(|name| name.to_str().unwrap()).collect();
    assert_eq!((answer.code, accepted), (403, vec!["v4.channel.k8s.io", "channel.k8s.io"]));
    assert_eq!(answer.json()["message"], "no protocol in common");
}

#[tokio::test(start_paused = true)]
async fn the_metrics_api_is_served_once_there_is_a_source() {
    // STAT-5
    #[derive(Debug)]
    struct Source;
    fn of(namespace: &str, name: &str, parts: &[&str]) -> UsedBy {
        UsedBy {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            at: stead_api::time::Timestamp::from_seconds(1000),
            window: std::time::Duration::from_secs(10),
            parts: parts.iter().map(|part| ((*part).to_owned(), Used { cpu_nano_cores: 5, memory_bytes: 2048 })).collect(),
        }
    }
    impl MetricsSource for Source {
        fn nodes(&self) -> Result<Vec<UsedBy>, Status> {
            Ok(vec![of("", "n", &[""]), of("", "gone", &[""])])
        }
        fn pods(&self) -> Result<Vec<UsedBy>, Status> {
            Ok(vec![of("default", "p", &["a", "b"])])
        }
    }
    let client = with_pod().await;
    assert_eq!(get(&client, "/apis/metrics.k8s.io/v1beta1/nodes").await.0, 404);
    client.server().serve_metrics(std::sync::Arc::new(Source));
    let groups = get(&client, "/apis").await.1;
    assert!(groups["groups"].as_array().unwrap().iter().any(|group| group["name"] == "metrics.k8s.io"), "{groups}");
    let nodes = get(&client, "/apis/metrics.k8s.io/v1beta1/nodes").await.1;
    assert_eq!((&nodes["kind"], nodes["items"].as_array().unwrap().len()), (&json!("NodeMetricsList"), 1));
    assert_eq!(nodes["items"][0]["usage"], json!({"cpu": "5n", "memory": "2Ki"}));
    let pods = get(&client, "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=x%3Dy").await.1;
    assert_eq!(pods["items"], json!([]));
    let pod = get(&client, "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/p").await.1;
    assert_eq!((&pod["kind"], &pod["window"], &pod["timestamp"]), (&json!("PodMetrics"), &json!("10s"), &json!("1970-01-01T00:16:40Z")));
    assert_eq!(pod["containers"][1], json!({"name": "b", "usage": {"cpu": "5n", "memory": "2Ki"}}));
    let (code, status) = get(&client, "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/other").await;
    assert_eq!((code, status["message"].as_str()), (404, Some("pods.metrics.k8s.io \"default/other\" not found")));
    assert_eq!(send(&client, "DELETE", "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/p", Value::Null).await.0, 405);
}

#[tokio::test(start_paused = true)]
async fn a_nodes_own_paths_are_reached_through_the_server() {
    // NODE-16
    let client = with_pod().await;
    let node = tower::service_fn(|request: http::Request<Body>| async move {
        Ok::<_, Infallible>(http::Response::new(text(json!({"path": request.uri().to_string()}).to_string())))
    });
    client.server().register_node("n", NodeService::new(node));
    for (path, asked) in [("/stats/summary?a=b", "/stats/summary?a=b"), ("/healthz", "/healthz"), ("/", "/")] {
        let (code, answer) = get(&client, &format!("/api/v1/nodes/n/proxy{path}")).await;
        assert_eq!((code, answer["path"].as_str()), (200, Some(asked)));
    }
    assert_eq!(get(&client, "/api/v1/nodes/n/proxy").await.0, 301);
    assert_eq!(get(&client, "/api/v1/nodes/other/proxy/healthz").await.0, 404);
}

/// A node that upgrades every connection and sends back what it gets.
fn upgrading() -> NodeService {
    NodeService::new(tower::service_fn(|mut request: http::Request<Body>| async move {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut connection = hyper_util::rt::TokioIo::new(upgrade.await.expect("the server upgrades"));
            let mut buffer = [0; 64];
            while let Ok(n @ 1..) = connection.read(&mut buffer).await {
                connection.write_all(&buffer[..n]).await.expect("the client reads");
            }
        });
        let mut response = http::Response::new(text(""));
        *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
        response.headers_mut().insert("connection", http::HeaderValue::from_static("Upgrade"));
        response.headers_mut().insert("upgrade", http::HeaderValue::from_static("echo"));
        Ok::<_, Infallible>(response)
    }))
}

/// Serves one connection of the administrator, as the listener does.
async fn serve_one(listener: TcpListener, client: Client) {
    let (stream, _) = listener.accept().await.expect("a client comes");
    let service = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let mut request = request.map(|body| body.map_err(std::io::Error::other).boxed_unsync());
        request.extensions_mut().insert(Identity::master("admin"));
        client.server().service().oneshot(request)
    });
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(hyper_util::rt::TokioIo::new(stream), service);
    connection.with_upgrades().await.expect("the connection ends well");
}

#[tokio::test]
async fn a_connection_is_upgraded_through_the_gateway() {
    let client = with_pod().await;
    client.server().register_node("n", upgrading());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(serve_one(listener, client));
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let request = format!("GET {POD}/exec?command=cat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a response"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    for word in [&b"over"[..], b"the", b"gateway"] {
        stream.write_all(word).await.expect("sent");
        let mut back = vec![0; word.len()];
        stream.read_exact(&mut back).await.expect("sent back");
        assert_eq!(back, word);
    }
    drop(stream);
    server.await.expect("the server ends");
}
