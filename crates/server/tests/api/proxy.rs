//! `proxy` below Services and pods: who is asked, and what comes back.

use crate::client::{create, fresh, get, send};
use bytes::Bytes;
use futures::StreamExt;
use http_body_util::{BodyExt, Full, StreamBody};
use serde_json::{Value, json};
use stead_server::{Body, Identity, NodeService, Unreached};
use stead_testing::http::Client;
use tower::{ServiceExt, service_fn};

const PODS: &str = "/api/v1/namespaces/default/pods";
const SERVICES: &str = "/api/v1/namespaces/default/services";
const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Programs that say what they were asked. On `/moved` one leads to `/there`, `/page` is a page, `/back` gives what was sent, while it is sent,
/// and nobody listens at port 81.
fn program() -> NodeService {
    NodeService::new(service_fn(|request: http::Request<Body>| async move {
        let uri = request.uri().clone();
        let header = |name: &str| request.headers().get(name).map_or("-", |value| value.to_str().expect("text")).to_owned();
        let text = format!("{} {uri} {}", request.method(), header("authorization"));
        let headers = format!("{} {} {}", header("host"), header("x-forwarded-uri"), header("accept-encoding"));
        if uri.path() == "/back" {
            return Ok(http::Response::new(request.into_body()));
        }
        let mut response = http::Response::new(full(text));
        response.headers_mut().insert("access-control-allow-origin", http::HeaderValue::from_static("*"));
        match (uri.port_u16(), uri.path()) {
            (Some(81), _) => drop(response.extensions_mut().insert(Unreached("dial tcp 10.42.0.5:81: connection refused".to_owned()))),
            (_, "/headers") => *response.body_mut() = full(headers),
            (_, "/page") => {
                response.headers_mut().insert("content-type", http::HeaderValue::from_static("text/html"));
                *response.body_mut() = full("<a href=\"/x\">x</a>");
            }
            (_, "/long") => {
                response.headers_mut().insert("content-type", http::HeaderValue::from_static("text/html"));
                *response.body_mut() = full("<a href=\"/x\">".repeat(1 << 20));
            }
            (_, "/moved") => drop(response.headers_mut().insert("location", http::HeaderValue::from_static("/there"))),
            _ => {}
        }
        Ok(response)
    }))
}

/// A server with a pod `web-0` behind a Service `web`, port `http` at 8080 and `none` at 81.
async fn world() -> Client {
    let client = fresh().await;
    client.server().register_outbound(program());
    create(&client, "/api/v1/namespaces/default/serviceaccounts", json!({"metadata": {"name": "default"}})).await;
    let container = json!({"name": "c", "image": "i", "ports": [{"containerPort": 8080}]});
    create(&client, PODS, json!({"metadata": {"name": "web-0"}, "spec": {"containers": [container]}})).await;
    let ports = json!([{"name": "http", "port": 80}, {"name": "none", "port": 81}]);
    create(&client, SERVICES, json!({"metadata": {"name": "web"}, "spec": {"ports": ports}})).await;
    let mut pod = get(&client, &format!("{PODS}/web-0")).await.1;
    pod["status"] = json!({"podIP": "10.42.0.5", "podIPs": [{"ip": "10.42.0.5"}]});
    assert_eq!(send(&client, "PUT", &format!("{PODS}/web-0/status"), pod).await.0, 200);
    let target = json!({"kind": "Pod", "namespace": "default", "name": "web-0"});
    let slice = json!({
        "metadata": {"name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 8080}, {"name": "none", "port": 81}],
        "endpoints": [{"addresses": ["10.42.0.5"], "targetRef": target}, {"addresses": ["192.0.2.1"]}],
    });
    create(&client, SLICES, slice).await;
    client
}

#[tokio::test(start_paused = true)]
async fn endpoints_of_a_services_first_family_are_asked() {
    // R56: a program may listen by IPv4 alone behind a Service of both families.
    let client = world().await;
    let ips = json!([{"ip": "10.42.0.5"}, {"ip": "fd00::5"}]);
    let mut pod = get(&client, &format!("{PODS}/web-0")).await.1;
    pod["status"] = json!({"podIP": "10.42.0.5", "podIPs": ips});
    assert_eq!(send(&client, "PUT", &format!("{PODS}/web-0/status"), pod).await.0, 200);
    let target = json!({"kind": "Pod", "namespace": "default", "name": "web-0"});
    let slice = json!({
        "metadata": {"name": "web-0", "labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv6",
        "ports": [{"name": "http", "port": 8080}], "endpoints": [{"addresses": ["fd00::5"], "targetRef": target}],
    });
    create(&client, SLICES, slice).await;
    for path in ["web:80", "web:http"].repeat(20) {
        assert_eq!(asked(&client, "GET", &format!("{SERVICES}/{path}/proxy/")).await, (200, "GET http://10.42.0.5:8080/ -".to_owned()));
    }
}

async fn asked(client: &Client, method: &str, path: &str) -> (u16, String) {
    let answer = client.call(method, path, None, &[("Authorization".to_owned(), Some("Basic eA==".to_owned()))]).await.expect("an answer");
    (answer.code, String::from_utf8_lossy(&answer.body).into_owned())
}

#[tokio::test(start_paused = true)]
async fn programs_are_asked_what_the_client_asked() {
    // R56
    let client = world().await;
    for (path, uri) in [
        (format!("{SERVICES}/web:80/proxy/a%2Fb?x=1"), "http://10.42.0.5:8080/a%2Fb?x=1"),
        (format!("{SERVICES}/web:http/proxy/"), "http://10.42.0.5:8080/"),
        (format!("{SERVICES}/https:web:http/proxy/"), "https://10.42.0.5:8080/"),
        (format!("{PODS}/web-0/proxy/x/"), "http://10.42.0.5:8080/x/"),
        (format!("{PODS}/web-0:9/proxy/"), "http://10.42.0.5:9/"),
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            assert_eq!(asked(&client, method, &path).await, (200, format!("{method} {uri} -")));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn paths_and_redirects_lead_through_the_server() {
    // R56
    let client = world().await;
    let base = format!("{SERVICES}/web:http/proxy");
    let header = async |path: &str| {
        let answer = client.call("GET", path, None, &[]).await.expect("an answer");
        (answer.code, answer.headers.get("location").map(|location| location.to_str().unwrap().to_owned()))
    };
    assert_eq!(header(&format!("{base}?x=1")).await, (301, Some(format!("{base}/?x=1"))));
    assert_eq!(header(&format!("{base}/moved")).await, (200, Some(format!("{base}/there"))));
    let page = async |path: &str| client.call("GET", &format!("{base}/{path}"), None, &[]).await.expect("an answer");
    let short = page("page").await;
    assert_eq!(String::from_utf8_lossy(&short.body), format!("<a href=\"{base}/x\">x</a>"));
    assert_eq!(short.header("content-length"), Some(short.body.len().to_string().as_str()));
    assert_eq!(short.header("access-control-allow-origin"), None, "that is not for the API's site");
    assert_eq!(page("long").await.body, "<a href=\"/x\">".repeat(1 << 20), "what is too long stays as it is");
}

#[tokio::test(start_paused = true)]
async fn programs_hear_what_the_client_says_of_itself() {
    // R56
    let client = world().await;
    let path = format!("{SERVICES}/web:http/proxy/headers");
    for (accept, encoding) in [("text/html,*/*", "-"), ("application/json", "gzip")] {
        let headers = [("Accept", accept), ("Accept-Encoding", "gzip")];
        let headers = headers.map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
        let answer = client.call("GET", &path, None, &headers).await.expect("an answer");
        assert_eq!(String::from_utf8_lossy(&answer.body), format!("127.0.0.1:6443 {path} {encoding}"));
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_have_no_bound_and_go_both_ways_at_once() {
    // R56
    const PIECES: usize = 64;
    const PIECE: usize = 256 * 1024;
    let client = world().await;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(1);
    let pieces = futures::stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|piece| (piece, receiver)) });
    let body: Body = StreamBody::new(pieces.map(|piece| Ok(http_body::Frame::data(piece)))).boxed_unsync();
    let mut request = http::Request::post(format!("{SERVICES}/web:http/proxy/back")).body(body).unwrap();
    request.extensions_mut().insert(Identity::master("admin"));
    let response = client.server().service().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200, "it begins before anything was sent");
    let mut answer = response.into_body();
    for n in 0..PIECES {
        let piece = Bytes::from(vec![u8::try_from(n).unwrap(); PIECE]);
        sender.send(piece.clone()).await.unwrap();
        assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), piece);
    }
    drop(sender);
    assert!(answer.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn programs_of_a_node_are_reached_by_its_address() {
    // R56
    let client = world().await;
    create(&client, "/api/v1/nodes", json!({"metadata": {"name": "n"}})).await;
    let node = "/api/v1/nodes/n";
    for (ip, code, said) in [("127.0.0.1", 400, "address not allowed"), ("192.0.2.7", 200, "GET https://192.0.2.7:9100/metrics?x=1 -")] {
        let mut object = get(&client, node).await.1;
        object["status"] = json!({"addresses": [{"type": "InternalIP", "address": ip}]});
        assert_eq!(send(&client, "PUT", &format!("{node}/status"), object).await.0, 200);
        let (answered, text) = asked(&client, "GET", "/api/v1/nodes/https:n:9100/proxy/metrics?x=1").await;
        assert!(answered == code && text.contains(said), "{text}");
    }
    let kubelet = service_fn(|request: http::Request<Body>| async move { Ok(http::Response::new(full(request.uri().to_string()))) });
    client.server().register_node("n", NodeService::new(kubelet));
    for id in ["n", "n:10250", "https:n:10250"] {
        assert_eq!(asked(&client, "GET", &format!("/api/v1/nodes/{id}/proxy/a%2Fb?x=1")).await, (200, "/a%2Fb?x=1".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_reached_is_said() {
    // R56
    let client = world().await;
    let said = async |path: &str| send(&client, "GET", path, Value::Null).await.1.to_string();
    assert!(said(&format!("{SERVICES}/web:none/proxy/")).await.contains("error trying to reach service: dial tcp 10.42.0.5:81"));
    assert!(said(&format!("{SERVICES}/web:79/proxy/")).await.contains("no service port 79 found for service"));
    assert!(said(&format!("{SERVICES}/web:other/proxy/")).await.contains("no endpoints available for service"));
    create(&client, PODS, json!({"metadata": {"name": "new"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})).await;
    assert!(said(&format!("{PODS}/new/proxy/")).await.contains("address not allowed"));
}
