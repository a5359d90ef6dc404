//! The server over the memory store needs no runtime: whoever polls it gets the answer. A simulation relies on that.

use futures::FutureExt;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use std::sync::Arc;
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
    fn suffix(&self, n: usize) -> String {
        "b".repeat(n)
    }
    fn random(&self, _: u64) -> u64 {
        0
    }
    fn sleep(&self, _: u64) -> BoxFuture<'static, ()> {
        futures::future::pending().boxed()
    }
}

#[test]
fn start_and_write_complete_when_first_polled() {
    let config = Config {
        store: stead_store::Store::memory(),
        environment: Arc::new(Still),
        service_cidr: "10.43.0.0/16".to_owned(),
        advertise: "https://127.0.0.1:6443".to_owned(),
    };
    let server = Server::new(config).now_or_never().expect("no waiting").expect("a server");
    let body = Full::new(bytes::Bytes::from_static(br#"{"metadata":{"name":"a"}}"#)).map_err(|never| match never {}).boxed_unsync();
    let mut request = http::Request::post("/api/v1/namespaces/default/configmaps").body(body).expect("a request");
    request.extensions_mut().insert(Identity::master("test"));
    let Ok(response) = server.service().call(request).now_or_never().expect("no waiting");
    assert_eq!(response.status(), 201);
}
