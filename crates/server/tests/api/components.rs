//! Components of the cluster have their own rights and no more: controllers by roles, nodes by what their pods need.

use crate::client::{create, fresh};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use stead_server::Identity;
use stead_testing::http::Client;
use tower::Service;

const POD: &str = "/api/v1/namespaces/default/pods/p";
const SECRETS: &str = "/api/v1/namespaces/default/secrets";

/// The code and the message of an answer to a component.
async fn ask(client: &Client, user: &str, method: &str, path: &str, body: Value) -> (u16, String) {
    let content_type = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let body = Full::new(bytes::Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
    let mut request = http::Request::builder().method(method).uri(path).header("Content-Type", content_type).body(body).expect("a request");
    request.extensions_mut().insert(Identity::component(user));
    let Ok(response) = client.server().service().call(request).await;
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    let message = serde_json::from_slice::<Value>(&bytes).unwrap_or_default()["message"].as_str().unwrap_or_default().to_owned();
    (code, message)
}

async fn get(client: &Client, user: &str, path: &str) -> (u16, String) {
    ask(client, user, "GET", path, Value::Null).await
}

/// Pod `p` on node `n` with the Secret `used`, node `m` without pods, and the Secret `other`.
async fn with_pod() -> Client {
    let client = fresh().await;
    create(&client, "/api/v1/namespaces/default/serviceaccounts", json!({"metadata": {"name": "default"}})).await;
    for node in ["n", "m"] {
        create(&client, "/api/v1/nodes", json!({"metadata": {"name": node}})).await;
    }
    for secret in ["used", "other"] {
        create(&client, SECRETS, json!({"metadata": {"name": secret}})).await;
    }
    let volumes = json!([{"name": "v", "secret": {"secretName": "used"}}]);
    let spec = json!({"nodeName": "n", "containers": [{"name": "c", "image": "i"}], "volumes": volumes});
    create(&client, "/api/v1/namespaces/default/pods", json!({"metadata": {"name": "p"}, "spec": spec})).await;
    client
}

#[tokio::test(start_paused = true)]
async fn a_controller_does_its_work_and_no_other() {
    let client = fresh().await;
    let sets = "system:serviceaccount:kube-system:statefulset-controller";
    assert_eq!(get(&client, sets, "/api/v1/namespaces/default/pods").await.0, 200);
    let (code, message) = get(&client, sets, SECRETS).await;
    let text =
        format!("secrets is forbidden: User \"{sets}\" cannot list resource \"secrets\" in API group \"\" in the namespace \"default\"");
    assert_eq!((code, message), (403, text));
    for (user, path, code) in [
        ("system:kube-scheduler", "/api/v1/nodes", 200),
        ("system:kube-scheduler", SECRETS, 403),
        ("system:kube-controller-manager", SECRETS, 200),
        ("system:kube-proxy", "/api/v1/services", 200),
        ("system:kube-proxy", "/api/v1/pods", 403),
        ("system:serviceaccount:kube-system:default", "/api/v1/pods", 403),
    ] {
        assert_eq!(get(&client, user, path).await.0, code, "{user} {path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_reads_what_its_pods_name() {
    let client = with_pod().await;
    let (own, other) = ("system:node:n", "system:node:m");
    assert_eq!(get(&client, own, &format!("{SECRETS}/used")).await.0, 200);
    assert_eq!(get(&client, own, &format!("{SECRETS}?fieldSelector=metadata.name%3Dused")).await.0, 200);
    let text = "secrets \"other\" is forbidden: User \"system:node:n\" cannot get resource \"secrets\" in API group \"\" in the namespace \
                \"default\": no relationship found between node 'n' and this object";
    assert_eq!(get(&client, own, &format!("{SECRETS}/other")).await, (403, text.to_owned()));
    assert_eq!(get(&client, own, SECRETS).await.0, 403);
    assert_eq!(get(&client, other, &format!("{SECRETS}/used")).await.0, 403);
    assert_eq!((get(&client, own, POD).await.0, get(&client, other, POD).await.0), (200, 403));
    assert_eq!(get(&client, own, "/api/v1/pods?fieldSelector=spec.nodeName%3Dn").await.0, 200);
    assert_eq!(get(&client, own, "/api/v1/pods?fieldSelector=spec.nodeName%3Dm").await.0, 403);
    assert_eq!((get(&client, own, "/api/v1/nodes/n").await.0, get(&client, own, "/api/v1/nodes/m").await.0), (200, 403));
    // What is seen by the pod is seen no longer than the pod.
    assert_eq!(ask(&client, own, "DELETE", &format!("{POD}?gracePeriodSeconds=0"), Value::Null).await.0, 200);
    assert_eq!(get(&client, own, &format!("{SECRETS}/used")).await.0, 403);
}

#[tokio::test(start_paused = true)]
async fn a_node_writes_its_own() {
    let client = with_pod().await;
    let (own, other) = ("system:node:n", "system:node:m");
    let status = json!({"status": {"message": "seen"}});
    assert_eq!(ask(&client, own, "PATCH", &format!("{POD}/status"), status.clone()).await.0, 200);
    let text = "pods \"p\" is forbidden: node \"m\" can only update pod status for pods with spec.nodeName set to itself";
    assert_eq!(ask(&client, other, "PATCH", &format!("{POD}/status"), status).await, (403, text.to_owned()));
    let text = "pods \"p\" is forbidden: node \"m\" can only delete pods with spec.nodeName set to itself";
    assert_eq!(ask(&client, other, "DELETE", POD, Value::Null).await, (403, text.to_owned()));
    let label = |key: &str| json!({"metadata": {"labels": {key: "x"}}});
    assert_eq!(ask(&client, own, "PATCH", "/api/v1/nodes/n", label("example.com/x")).await.0, 200);
    let text = "nodes \"n\" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/x";
    assert_eq!(ask(&client, own, "PATCH", "/api/v1/nodes/n", label("node-restriction.kubernetes.io/x")).await, (403, text.to_owned()));
    let text = "nodes \"m\" is forbidden: node \"n\" is not allowed to modify node \"m\"";
    assert_eq!(ask(&client, own, "PATCH", "/api/v1/nodes/m", label("example.com/x")).await, (403, text.to_owned()));
    let pod = json!({"metadata": {"name": "q"}, "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]}});
    let text =
        "pods \"q\" is forbidden: pod does not have \"kubernetes.io/config.mirror\" annotation, node \"n\" can only create mirror pods";
    assert_eq!(ask(&client, own, "POST", "/api/v1/namespaces/default/pods", pod).await, (403, text.to_owned()));
    let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
    let lease = |name: &str| json!({"metadata": {"name": name}, "spec": {}});
    assert_eq!(ask(&client, own, "POST", leases, lease("n")).await.0, 201);
    let text = "leases.coordination.k8s.io \"m\" is forbidden: can only access node lease with the same name as the requesting node";
    assert_eq!(ask(&client, own, "POST", leases, lease("m")).await, (403, text.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_node_has_tokens_that_end_with_its_pods() {
    let client = with_pod().await;
    let uid = crate::client::get(&client, POD).await.1["metadata"]["uid"].clone();
    let path = "/api/v1/namespaces/default/serviceaccounts/default/token";
    let request = |bound: Value| json!({"spec": {"audiences": ["a"], "boundObjectRef": bound}});
    let to_pod = json!({"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": uid});
    assert_eq!(ask(&client, "system:node:n", "POST", path, request(to_pod.clone())).await.0, 201);
    assert_eq!(ask(&client, "system:node:m", "POST", path, request(to_pod.clone())).await.0, 403);
    let mut anyone = to_pod.clone();
    anyone.as_object_mut().expect("an object").remove("uid");
    for (bound, why) in
        [(Value::Null, "node requested token not bound to a pod"), (anyone, "node requested token with a pod binding without a uid")]
    {
        let (code, message) = ask(&client, "system:node:n", "POST", path, request(bound)).await;
        assert_eq!((code, message), (403, format!("serviceaccounts \"default\" is forbidden: {why}")));
    }
}
