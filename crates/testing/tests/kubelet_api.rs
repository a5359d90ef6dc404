//! A node's kubelet API behind the server's gateway: logs from the request of a client to the file of a container.

#[path = "kubelet_api/streams.rs"]
mod streams;

use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use stead_node::kubelet_api::KubeletApi;
use stead_node::runtime::{Output, Outputs};
use stead_server::{Body, NodeService};
use stead_testing::http::{Answer, Client};
use tokio::sync::watch;

const POD: &str = "/api/v1/namespaces/default/pods/p";

/// One container, `id`.
#[derive(Debug, Clone)]
struct One(Arc<Container>);

#[derive(Debug)]
struct Container {
    log: PathBuf,
    running: AtomicBool,
}

impl Outputs for One {
    fn output(&self, id: &str) -> Option<Output> {
        if id != "id" {
            return None;
        }
        Some(Output { log: Some(self.0.log.clone()), running: self.0.running.load(Ordering::SeqCst) })
    }
}

async fn send(client: &Client, method: &str, path: &str, body: Value) -> Answer {
    let body = (!body.is_null()).then(|| Bytes::from(body.to_string()));
    let content_type = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    client.call(method, path, body, &[("Content-Type".to_owned(), Some(content_type.to_owned()))]).await.expect("an answer")
}

/// A server, the pod `p` on the node `n`, and its container.
async fn with_pod(dir: &Path) -> (Client, One) {
    with_pod_until(dir, watch::channel(false).1).await
}

async fn with_pod_until(dir: &Path, stop: watch::Receiver<bool>) -> (Client, One) {
    let client = Client::fresh(7).await.expect("the server starts");
    let pod = json!({"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]}});
    for (path, object) in [
        ("/api/v1/namespaces/default/serviceaccounts", json!({"metadata": {"name": "default"}})),
        ("/api/v1/nodes", json!({"metadata": {"name": "n"}})),
        ("/api/v1/namespaces/default/pods", pod),
    ] {
        assert_eq!(send(&client, "POST", path, object).await.code, 201);
    }
    let one = One(Arc::new(Container { log: dir.join("0.log"), running: AtomicBool::new(true) }));
    let api = stead_client::Client::new(client.kube("system:node:n"), "kubelet");
    client.server().register_node("n", NodeService::new(KubeletApi::new(api, one.clone(), client.clock(), stop)));
    (client, one)
}

async fn set_state(client: &Client, state: Value) {
    let status = json!({"status": {"containerStatuses": [
        {"name": "c", "image": "i", "imageID": "", "ready": true, "restartCount": 0, "containerID": "fake://id", "state": state}]}});
    assert_eq!(send(client, "PATCH", &format!("{POD}/status"), status).await.code, 200);
}

fn print(log: &Path, text: &str) {
    let mut file = std::fs::File::options().append(true).create(true).open(log).expect("the log opens");
    for line in text.lines() {
        writeln!(file, "2026-10-30T15:12:30.000000001Z stdout F {line}").expect("the log can be written");
    }
}

/// Reads until so much has come.
async fn read(body: &mut Body, bytes: usize) -> String {
    let mut text = Vec::new();
    while text.len() < bytes {
        text.extend(body.frame().await.expect("the log goes on").expect("it does not break off").into_data().expect("data"));
    }
    String::from_utf8(text).expect("text")
}

#[tokio::test]
async fn a_log_is_read_through_the_gateway() {
    // R2, R3, LOG-7
    let dir = tempfile::tempdir().unwrap();
    let (client, one) = with_pod(dir.path()).await;
    set_state(&client, json!({"waiting": {"reason": "ContainerCreating"}})).await;
    let refused = send(&client, "GET", &format!("{POD}/log"), Value::Null).await;
    let message = "container \"c\" in pod \"p\" is waiting to start: ContainerCreating";
    assert_eq!((refused.code, refused.json()["message"].as_str()), (400, Some(message)));
    set_state(&client, json!({"waiting": null, "running": {"startedAt": "2026-10-30T15:12:30Z"}})).await;
    print(&one.0.log, "one\ntwo\nthree");
    for (query, text) in [
        ("", "one\ntwo\nthree\n"),
        ("?tailLines=2&limitBytes=6", "two\nth"),
        ("?timestamps=true&tailLines=1", "2026-10-30T15:12:30.000000001Z three\n"),
        ("?sinceTime=2026-10-30T15:12:31Z", ""),
    ] {
        let answer = send(&client, "GET", &format!("{POD}/log{query}"), Value::Null).await;
        assert_eq!((answer.code, answer.header("content-type")), (200, Some("text/plain")));
        assert_eq!(String::from_utf8_lossy(&answer.body), text, "{query}");
    }
    let refused = send(&client, "GET", &format!("{POD}/log?previous=true"), Value::Null).await;
    let message = "previous terminated container \"c\" in pod \"p\" not found";
    assert_eq!((refused.code, refused.json()["message"].as_str()), (400, Some(message)));
    // The run in the status is one that the node has forgotten.
    let status = json!({"status": {"containerStatuses": [{"name": "c", "image": "i", "imageID": "", "containerID": "fake://gone",
        "ready": true, "restartCount": 0, "state": {"running": {"startedAt": "2026-10-30T15:12:30Z"}}}]}});
    assert_eq!(send(&client, "PATCH", &format!("{POD}/status"), status).await.code, 200);
    let refused = send(&client, "GET", &format!("{POD}/log"), Value::Null).await;
    assert_eq!((refused.code, refused.json()["message"].as_str()), (400, Some("unable to retrieve container logs for fake://gone")));
}

#[tokio::test]
async fn a_follower_reads_over_rotations_to_the_containers_end() {
    // LOG-11
    let dir = tempfile::tempdir().unwrap();
    let (client, one) = with_pod(dir.path()).await;
    set_state(&client, json!({"running": {"startedAt": "2026-10-30T15:12:30Z"}})).await;
    print(&one.0.log, "old\nnew");
    let mut body = client.stream(&format!("{POD}/log?follow=true&tailLines=1")).await.unwrap();
    assert_eq!(read(&mut body, 4).await, "new\n");
    print(&one.0.log, "newer");
    assert_eq!(read(&mut body, 6).await, "newer\n");
    std::fs::rename(&one.0.log, dir.path().join("0.log.20261030-151230")).unwrap();
    print(&one.0.log, "newest");
    assert_eq!(read(&mut body, 7).await, "newest\n");
    print(&one.0.log, "last words");
    one.0.running.store(false, Ordering::SeqCst);
    assert_eq!(body.collect().await.unwrap().to_bytes(), "last words\n");
}

#[tokio::test]
async fn nothing_is_left_of_a_follower_that_went_away() {
    // LOG-11
    let dir = tempfile::tempdir().unwrap();
    let (client, one) = with_pod(dir.path()).await;
    set_state(&client, json!({"running": {"startedAt": "2026-10-30T15:12:30Z"}})).await;
    print(&one.0.log, "one");
    let holders = Arc::strong_count(&one.0);
    let mut body = client.stream(&format!("{POD}/log?follow=true")).await.unwrap();
    assert_eq!(read(&mut body, 4).await, "one\n");
    assert_eq!(Arc::strong_count(&one.0), holders + 1);
    drop(body);
    assert_eq!(Arc::strong_count(&one.0), holders);
}

#[tokio::test]
async fn a_follower_ends_when_the_node_stops() {
    let dir = tempfile::tempdir().unwrap();
    let (stop, stopping) = watch::channel(false);
    let (client, one) = with_pod_until(dir.path(), stopping).await;
    set_state(&client, json!({"running": {"startedAt": "2026-10-30T15:12:30Z"}})).await;
    print(&one.0.log, "one");
    let mut body = client.stream(&format!("{POD}/log?follow=true")).await.unwrap();
    assert_eq!(read(&mut body, 4).await, "one\n");
    stop.send(true).unwrap();
    let rest = tokio::time::timeout(std::time::Duration::from_secs(30), body.collect()).await.expect("the log ends");
    assert_eq!(rest.unwrap().to_bytes(), "");
}
