//! The server over the memory store needs no runtime: whoever polls it gets the answer. A simulation relies on that, and
//! tests of what is said when.

use futures::FutureExt;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use std::sync::Arc;
use stead_api::Value;
use stead_api::time::Timestamp;
use stead_server::{Config, Environment, Identity, Server};
use tower::Service;

#[derive(Debug)]
struct Still;

impl Environment for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_000_000_000)
    }
    fn uid(&self) -> String {
        "00000000-0000-4000-8000-000000000000".to_owned()
    }
    fn random(&self, _: u64) -> u64 {
        0
    }
    fn sleep(&self, _: u64) -> BoxFuture<'static, ()> {
        futures::future::pending().boxed()
    }
}

fn server(store: stead_store::Store) -> BoxFuture<'static, Result<Server, stead_api::Status>> {
    let config = Config {
        store,
        environment: Arc::new(Still),
        service_cidr: "10.43.0.0/16".to_owned(),
        advertise: "https://127.0.0.1:6443".to_owned(),
        token_key: Arc::new(stead_server::SigningKey::fresh().expect("a key")),
        token_issuer: "https://kubernetes.default.svc".to_owned(),
        first_objects: Vec::new(),
    };
    Server::new(config).boxed()
}

/// The status of an answer, and its object.
fn send(server: &Server, method: &str, path: &str, body: &'static str) -> BoxFuture<'static, (u16, Value)> {
    send_as(server, Identity::master("test"), method, path, body.to_owned())
}

fn send_as(server: &Server, who: Identity, method: &str, path: &str, body: String) -> BoxFuture<'static, (u16, Value)> {
    let bytes = Full::new(bytes::Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
    let media = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let mut request = http::Request::builder().method(method).uri(path).header("content-type", media).body(bytes).expect("a request");
    request.extensions_mut().insert(who);
    let answer = server.service().call(request);
    async move {
        let Ok(response) = answer.await;
        let code = response.status().as_u16();
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        (code, serde_json::from_slice(&bytes).expect("a document"))
    }
    .boxed()
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const MAP: &str = "/api/v1/namespaces/default/configmaps/a";

#[test]
fn start_and_write_complete_when_first_polled() {
    let server = server(stead_store::Store::memory()).now_or_never().expect("no waiting").expect("a server");
    let (code, _) = send(&server, "POST", MAPS, r#"{"metadata":{"name":"a"}}"#).now_or_never().expect("no waiting");
    assert_eq!(code, 201);
}

/// A server whose store commits only when told to, with a ConfigMap.
fn held() -> (stead_store::Store, Server) {
    let store = stead_store::Store::memory_held();
    let mut starting = server(store.clone());
    let server = loop {
        if let Some(server) = (&mut starting).now_or_never() {
            break server.expect("a server");
        }
        store.commit();
    };
    let mut created = send(&server, "POST", MAPS, r#"{"metadata":{"name":"a"}}"#);
    assert!((&mut created).now_or_never().is_none());
    store.commit();
    assert_eq!(created.now_or_never().expect("it is durable").0, 201);
    (store, server)
}

/// What cannot be answered yet.
fn waits(request: &mut BoxFuture<'static, (u16, Value)>) -> bool {
    request.now_or_never().is_none()
}

// Writers of one object share a sync: each builds on the one before, which is not durable and not seen by readers.
#[test]
fn writers_of_one_object_do_not_wait_for_each_others_sync() {
    let (store, server) = held();
    let patches = [r#"{"data":{"a":"1"}}"#, r#"{"data":{"b":"2"}}"#, r#"{"data":{"b":"3","c":"4"}}"#];
    let mut patches = patches.map(|patch| send(&server, "PATCH", MAP, patch));
    assert!(patches.iter_mut().all(waits));
    let (_, seen) = send(&server, "GET", MAP, "").now_or_never().expect("reads do not wait");
    assert_eq!(seen["data"], Value::Null);
    store.commit();
    let versions = patches.map(|patch| {
        let (code, object) = patch.now_or_never().expect("it is durable");
        assert_eq!(code, 200);
        object["metadata"]["resourceVersion"].as_str().expect("a version").parse::<u64>().expect("a number")
    });
    assert_eq!(versions, [versions[0], versions[0] + 1, versions[0] + 2]);
    let (_, seen) = send(&server, "GET", MAP, "").now_or_never().expect("reads do not wait");
    assert_eq!(seen["data"], stead_api::json!({"a": "1", "b": "3", "c": "4"}));
}

// An answer that follows from a state that is not durable waits for it, whatever it is.
#[test]
fn nothing_is_said_of_what_is_not_durable() {
    let (store, server) = held();
    let mut deleted = send(&server, "DELETE", MAP, "");
    assert!(waits(&mut deleted));
    let mut missed = send(&server, "PATCH", MAP, r#"{"data":{"a":"1"}}"#);
    assert!(waits(&mut missed));
    assert_eq!(send(&server, "GET", MAP, "").now_or_never().expect("reads do not wait").0, 200);
    store.commit();
    assert_eq!((deleted.now_or_never().expect("it is durable").0, missed.now_or_never().expect("it is durable").0), (200, 404));
}

#[test]
fn a_patch_that_changes_nothing_waits_for_the_one_that_did() {
    let (store, server) = held();
    let mut first = send(&server, "PATCH", MAP, r#"{"data":{"a":"1"}}"#);
    let mut second = send(&server, "PATCH", MAP, r#"{"data":{"a":"1"}}"#);
    assert!(waits(&mut first) && waits(&mut second));
    store.commit();
    let (first, second) = (first.now_or_never().expect("it is durable"), second.now_or_never().expect("it is durable"));
    assert_eq!((first.0, &first.1), (second.0, &second.1));
}

// A13: a flood is counted, not timed.
#[test]
fn a_flood_of_one_user_keeps_nobody_else_waiting() {
    let (store, server) = held();
    let binding = r#"{"metadata":{"name":"all"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
        "subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"all"}]}"#;
    let mut bound = send(&server, "POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding);
    assert!(waits(&mut bound));
    store.commit();
    assert_eq!(bound.now_or_never().expect("it is durable").0, 201);
    let user = |name: &str| Identity { user: name.to_owned(), groups: vec!["all".to_owned()], ..Identity::default() };
    let post = |who: Identity, name: String| send_as(&server, who, "POST", MAPS, format!("{{\"metadata\":{{\"name\":\"{name}\"}}}}"));
    let mut flood: Vec<_> = (0..5000).map(|n| post(user("eve"), format!("eve-{n}"))).collect();
    let mut refused = 0;
    flood.retain_mut(|request| match request.now_or_never() {
        None => true,
        Some((code, status)) => {
            assert_eq!((code, &status["reason"], &status["details"]["retryAfterSeconds"]), (429, &"TooManyRequests".into(), &1.into()));
            refused += 1;
            false
        }
    });
    // A round of them is under way, and the line is full.
    assert_eq!((flood.len(), refused), (16 + 1024, 5000 - 16 - 1024));
    let read = send_as(&server, user("bob"), "GET", MAP, String::new());
    assert_eq!(read.now_or_never().expect("bob does not wait for eve").0, 200);
    // Of bob's writes one commit is enough, whatever eve has in her line; so it is of the administrator's.
    let mut of_bob = post(user("bob"), "bob".to_owned());
    let mut of_admin = send(&server, "POST", MAPS, r#"{"metadata":{"name":"admin"}}"#);
    assert!(waits(&mut of_bob) && waits(&mut of_admin));
    store.commit();
    assert_eq!((of_bob.now_or_never().expect("done").0, of_admin.now_or_never().expect("done").0), (201, 201));
    // What waits is served to its end.
    let mut made = 0;
    while !flood.is_empty() {
        flood.retain_mut(|request| match request.now_or_never() {
            None => true,
            Some((code, _)) => {
                assert_eq!(code, 201);
                made += 1;
                false
            }
        });
        store.commit();
    }
    assert_eq!(made, 16 + 1024);
}
