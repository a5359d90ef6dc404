//! What must not stop the server: deep objects, stored bytes that nobody can read, a handler that panics.

use crate::client::{CONFIG_MAPS, config_map, create, fresh, get, send, send_as};
use bytes::Bytes;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use stead_api::kinds::KINDS;
use stead_api::registry::Kind;
use stead_api::schema::Shape;
use stead_api::schema::walker::DEPTH_MAX;
use stead_api::time::Timestamp;
use stead_server::{Environment, Identity, Server, VirtualTime};
use stead_store::{Durability, Expect, NewValue, Store};
use stead_testing::environment::virtual_time;
use stead_testing::http::Client;
use tower::Service;

/// A value with so many maps and lists in each other.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, level| if level % 2 == 0 { json!({"f:a": inner}) } else { json!([inner]) })
}

fn collection(kind: &Kind) -> String {
    let root = if kind.group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{}", kind.api_version()) };
    let namespace = if kind.namespaced { "/namespaces/default" } else { "" };
    format!("{root}{namespace}/{}", kind.plural)
}

/// Objects of a kind with a value of that depth wherever any JSON may stand.
fn deep_objects(kind: &Kind, depth: usize) -> Vec<Value> {
    let entry = json!({
        "manager": "m", "operation": "Update", "apiVersion": kind.api_version(), "fieldsType": "FieldsV1", "fieldsV1": nested(depth),
    });
    let base = json!({
        "metadata": {"name": format!("deep-{depth}")},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "i"}], "ports": [{"port": 1}]},
        // Upstream answers 500 to Bindings that name no node.
        "target": {"name": "n"},
        "revision": 1,
    });
    let mut out = vec![base.clone()];
    out[0]["metadata"]["managedFields"] = json!([entry]);
    for field in kind.schema.fields.iter().filter(|field| matches!(field.shape, Shape::Raw)) {
        let mut object = base.clone();
        object[field.name] = nested(depth);
        out.push(object);
    }
    out
}

#[tokio::test(start_paused = true)]
async fn no_depth_stops_the_server_or_its_next_start() {
    let store = Store::memory();
    let client = Client::on(store.clone(), 7).await.expect("the server starts");
    create(&client, "/api/v1/namespaces/default/serviceaccounts", json!({"metadata": {"name": "default"}})).await;
    for kind in KINDS {
        let collection = collection(kind);
        for depth in [DEPTH_MAX - 5, DEPTH_MAX - 1, DEPTH_MAX, 125, 126, 127, 128, 600] {
            for object in deep_objects(kind, depth) {
                let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                let (code, answer) = send(&client, "POST", &collection, object.clone()).await;
                assert!(code < 500, "POST {collection} {depth}: {answer}");
                let (code, answer) = send(&client, "PUT", &format!("{collection}/{name}"), object).await;
                assert!(code < 500, "PUT {collection} {depth}: {answer}");
            }
        }
        let expected = if kind.verbs.contains(&"list") { 200 } else { 405 };
        assert_eq!(get(&client, &format!("{collection}?labelSelector=a")).await.0, expected, "{collection}");
    }
    let client = Client::on(store, 8).await.expect("the server starts on what it stored");
    assert_eq!(get(&client, CONFIG_MAPS).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn depth_is_counted_from_the_root() {
    let client = fresh().await;
    let path = "/apis/apps/v1/namespaces/default/controllerrevisions";
    create(&client, path, json!({"metadata": {"name": "most"}, "revision": 1, "data": nested(DEPTH_MAX - 1)})).await;
    let (code, answer) = send(&client, "POST", path, json!({"metadata": {"name": "more"}, "revision": 1, "data": nested(DEPTH_MAX)})).await;
    assert_eq!(code, 400, "{answer}");
    assert!(answer["message"].as_str().unwrap_or_default().ends_with("exceeded max depth"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn operations_of_a_patch_cannot_nest_beyond_the_bound() {
    let client = fresh().await;
    create(&client, CONFIG_MAPS, config_map("c")).await;
    let mut operations = vec![json!({"op": "add", "path": "/x", "value": {}})];
    let mut place = "/x".to_owned();
    for _ in 0..16 {
        operations.push(json!({"op": "copy", "from": "/x", "path": format!("{place}/x")}));
        place = place.repeat(2);
    }
    let (code, answer) = send_as(&client, "PATCH", &format!("{CONFIG_MAPS}/c"), operations.into(), "application/json-patch+json").await;
    assert_eq!(code, 422, "{answer}");
}

async fn spoil(store: &Store, key: &str) {
    let value = NewValue { bytes: b"{\"kind\":\"Ev".to_vec(), stamp: None };
    store.put(key, Expect::Anything, value, Durability::Durable).await.expect("stored");
}

#[tokio::test(start_paused = true)]
async fn bytes_that_nobody_can_read_stop_neither_the_start_nor_their_neighbours() {
    let store = Store::memory();
    for key in ["configmaps/default/bad", "events/default/bad", "services/default/bad"] {
        spoil(&store, &format!("/registry/{key}")).await;
    }
    let client = Client::on(store, 7).await.expect("the server starts");
    create(&client, CONFIG_MAPS, config_map("good")).await;
    assert_eq!(get(&client, &format!("{CONFIG_MAPS}/good")).await.0, 200);
    let service = json!({"metadata": {"name": "good"}, "spec": {"ports": [{"port": 80}]}});
    create(&client, "/api/v1/namespaces/default/services", service).await;

    let (code, answer) = get(&client, &format!("{CONFIG_MAPS}?labelSelector=a")).await;
    assert_eq!(code, 500, "a list without the object would be a lie");
    assert!(answer["message"].as_str().unwrap_or_default().contains("/registry/configmaps/default/bad"), "{answer}");
    let bad = format!("{CONFIG_MAPS}/bad");
    assert_eq!(send(&client, "DELETE", &bad, Value::Null).await.0, 500);
    let options = json!({"ignoreStoreReadErrorWithClusterBreakingPotential": true});
    assert_eq!(send(&client, "DELETE", &bad, options).await.0, 200);
    assert_eq!(get(&client, &format!("{CONFIG_MAPS}?labelSelector=a")).await.0, 200);

    let minute = std::time::Duration::from_millis(60_001);
    assert!(tokio::time::timeout(minute, client.server().maintain()).await.is_err(), "it has no end");
    assert_eq!(get(&client, "/api/v1/namespaces/default/events/bad").await.0, 404, "an Event that nobody can read is of no use");
}

/// An environment that panics when it is told to.
#[derive(Debug)]
struct Panics {
    inner: VirtualTime,
    now: AtomicBool,
}

impl Environment for Panics {
    fn now(&self) -> Timestamp {
        self.inner.now()
    }
    fn uid(&self) -> String {
        assert!(!self.now.load(Ordering::Relaxed), "told to");
        self.inner.uid()
    }
    fn random(&self, below: u64) -> u64 {
        self.inner.random(below)
    }
    fn sleep(&self, millis: u64) -> BoxFuture<'static, ()> {
        self.inner.sleep(millis)
    }
}

async fn post_config_map(server: &Server, name: &str) -> (u16, Value) {
    use http_body_util::BodyExt;
    let body = http_body_util::Full::new(Bytes::from(config_map(name).to_string())).map_err(|never| match never {}).boxed_unsync();
    let mut request = http::Request::post(CONFIG_MAPS).header("Content-Type", "application/json").body(body).expect("a request");
    request.extensions_mut().insert(Identity::master("admin"));
    let Ok(response) = server.service().call(request).await;
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    (code, serde_json::from_slice(&bytes).expect("JSON"))
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_one_answer_and_the_server_goes_on() {
    let environment = Arc::new(Panics { inner: virtual_time(7), now: AtomicBool::new(false) });
    let config = stead_server::Config {
        store: Store::memory(),
        environment: environment.clone(),
        service_cidr: "10.43.0.0/16".to_owned(),
        advertise: "https://127.0.0.1:6443".to_owned(),
        token_key: Arc::new(stead_server::SigningKey::fresh().expect("a key")),
        token_issuer: "https://kubernetes.default.svc".to_owned(),
        first_objects: Vec::new(),
    };
    let server = Server::new(config).await.expect("the server starts");
    environment.now.store(true, Ordering::Relaxed);
    let (code, answer) = post_config_map(&server, "c").await;
    assert_eq!((code, answer["reason"].as_str()), (500, Some("InternalError")));
    let message = "Internal error occurred: This request caused apiserver to panic. Look in the logs for details.";
    assert_eq!(answer["message"], message);
    environment.now.store(false, Ordering::Relaxed);
    assert_eq!(post_config_map(&server, "c").await.0, 201);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for_for_ever() {
    // T6
    use http_body_util::BodyExt;
    let client = fresh().await;
    let begun = futures::stream::iter([Ok(http_body::Frame::data(Bytes::from_static(b"{\"metadata\":")))]);
    let body = http_body_util::StreamBody::new(futures::StreamExt::chain(begun, futures::stream::pending())).boxed_unsync();
    let mut request = http::Request::post(CONFIG_MAPS).header("Content-Type", "application/json").body(body).expect("a request");
    request.extensions_mut().insert(Identity::master("admin"));
    let Ok(response) = client.server().service().call(request).await;
    assert_eq!(response.status(), 504);
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    let status: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(status["reason"], "Timeout");
}
