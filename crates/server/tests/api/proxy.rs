//! `proxy` below Services and pods: who is asked, and what comes back.

use crate::client::{create, fresh, get, send};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use stead_server::{Body, NodeService, Unreached};
use stead_testing::http::Client;
use tower::service_fn;

const PODS: &str = "/api/v1/namespaces/default/pods";
const SERVICES: &str = "/api/v1/namespaces/default/services";
const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

/// A program that says what it was asked; on `/moved` it leads to `/there`, and nobody listens at port 81.
fn program() -> NodeService {
    NodeService::new(service_fn(|request: http::Request<Body>| async move {
        let uri = request.uri().clone();
        let text = format!("{} {uri} {}", request.method(), request.headers().contains_key("authorization"));
        let body: Body = Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync();
        let mut response = http::Response::new(body);
        match (uri.port_u16(), uri.path()) {
            (Some(81), _) => drop(response.extensions_mut().insert(Unreached("dial tcp 10.42.0.5:81: connection refused".to_owned()))),
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
            assert_eq!(asked(&client, method, &path).await, (200, format!("{method} {uri} false")));
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
