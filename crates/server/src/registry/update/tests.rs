//! Writers whose admission waits: nobody else waits with them, and what they write fits what others wrote meanwhile.

use crate::admission::{Admission, Attributes, Operation, Plugin};
use crate::cluster::Cluster;
use crate::core::Core;
use crate::{Body, Environment, Identity, Server, Service, allocation, body, bootstrap, debug, gateway, lines, openapi};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::Request;
use http_body_util::BodyExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Status, Value, json};
use tokio::sync::{Semaphore, mpsc};
use tower::ServiceExt;

#[derive(Debug, Default)]
struct Counting(AtomicU64);

impl Environment for Counting {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_000_000)
    }
    fn uid(&self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.0.fetch_add(1, Ordering::Relaxed))
    }
    fn random(&self, _below: u64) -> u64 {
        0
    }
    fn sleep(&self, millis: u64) -> BoxFuture<'static, ()> {
        tokio::time::sleep(Duration::from_millis(millis)).boxed()
    }
}

/// When the plugin waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Mutate,
    Validate,
}

/// Waits for a permit at objects with the annotation `slow`; tells of each that it was asked about.
#[derive(Debug)]
struct Waiting {
    stage: Stage,
    asked: mpsc::UnboundedSender<Value>,
    permits: Arc<Semaphore>,
}

impl Waiting {
    async fn wait(&self, stage: Stage, object: &Value) {
        if stage == self.stage && object["metadata"]["annotations"].has("slow") {
            self.asked.send(object.clone()).unwrap();
            self.permits.acquire().await.unwrap().forget();
        }
    }
}

impl Plugin for Waiting {
    fn name(&self) -> &'static str {
        "Waiting"
    }
    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        !matches!(attributes.operation, Operation::Delete)
    }
    fn mutate<'a>(&'a self, _: &'a Attributes<'_>, object: &'a mut Value) -> BoxFuture<'a, Result<(), Status>> {
        self.wait(Stage::Mutate, object).map(Ok).boxed()
    }
    fn validate<'a>(&'a self, _: &'a Attributes<'_>, object: &'a Value) -> BoxFuture<'a, Result<Vec<String>, Status>> {
        self.wait(Stage::Validate, object).map(|()| Ok(Vec::new())).boxed()
    }
}

/// A server with such a plugin, what the plugin was asked, and its permits.
async fn server(stage: Stage) -> (Service, mpsc::UnboundedReceiver<Value>, Arc<Semaphore>) {
    let (asked, questions) = mpsc::unbounded_channel();
    let permits = Arc::new(Semaphore::new(0));
    let plugin = Waiting { stage, asked, permits: Arc::clone(&permits) };
    let ranges = allocation::parse_ranges("10.43.0.0/16").unwrap();
    let core = Arc::new(Core {
        cluster: Cluster::new(stead_store::Store::memory(), Arc::new(Counting::default()), ranges),
        admission: Admission::default().and(Box::new(plugin)),
        authorization: crate::authz::Index::default(),
        fairness: crate::fairness::Fairness::default(),
        references: crate::authz::node::References::default(),
        gateway: gateway::Gateway::default(),
        debug: debug::DebugPages::default(),
        lint: crate::lint::Setting::default(),
        site: crate::site::Registered::default(),
        documents: openapi::Documents::default(),
        lines: lines::Lines::default(),
        metrics: crate::metrics::Metrics::default(),
        advertise: "https://127.0.0.1:6443".to_owned(),
        reached: crate::kubernetes_service::Reached::default(),
        tokens: crate::tokens::Tokens { key: Arc::new(crate::SigningKey::fresh().unwrap()), issuer: String::new() },
    });
    bootstrap::run(&core, Vec::new()).await.unwrap();
    (Server { core }.service(), questions, permits)
}

async fn send(service: Service, method: &'static str, path: &'static str, content: Value) -> (u16, Value) {
    let content_type = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let mut request = Request::builder().method(method).uri(path).header("Content-Type", content_type);
    request.extensions_mut().unwrap().insert(Identity::master("test"));
    let body: Body = body::full(Bytes::from(content.to_string()));
    // A writer that waits for another's plugin waits for ever: the paused clock then runs to this end at once.
    let answered = tokio::time::timeout(Duration::from_secs(60), service.oneshot(request.body(body).unwrap()));
    let Ok(response) = answered.await.unwrap_or_else(|_| panic!("{method} {path} was not answered"));
    let code = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (code, serde_json::from_slice(&bytes).unwrap())
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const MAP: &str = "/api/v1/namespaces/default/configmaps/c";
const SERVICES: &str = "/api/v1/namespaces/default/services";

fn slow_patch() -> Value {
    json!({"metadata": {"annotations": {"slow": "yes"}}, "data": {"slow": "1"}})
}

#[tokio::test(start_paused = true)]
async fn another_writer_of_the_object_goes_on_while_admission_waits() {
    for stage in [Stage::Mutate, Stage::Validate] {
        let (service, mut asked, permits) = server(stage).await;
        assert_eq!(send(service.clone(), "POST", MAPS, json!({"metadata": {"name": "c"}})).await.0, 201);
        let slow = tokio::spawn(send(service.clone(), "PATCH", MAP, slow_patch()));
        assert_eq!(asked.recv().await.unwrap()["data"], json!({"slow": "1"}));
        let (code, other) = send(service.clone(), "PATCH", MAP, json!({"data": {"other": "1"}})).await;
        assert_eq!((code, &other["data"]), (200, &json!({"other": "1"})), "{stage:?}");
        // The state has moved, so the writer begins again from its patch, and the plugin is asked about what it would become now.
        permits.add_permits(2);
        let (code, object) = slow.await.unwrap();
        assert_eq!((code, &object["data"]), (200, &json!({"other": "1", "slow": "1"})), "{stage:?}");
        assert_eq!(asked.recv().await.unwrap()["data"], json!({"other": "1", "slow": "1"}));
        assert!(asked.try_recv().is_err(), "{stage:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn admission_that_waited_is_asked_once_if_nobody_else_wrote() {
    let (service, mut asked, permits) = server(Stage::Validate).await;
    send(service.clone(), "POST", MAPS, json!({"metadata": {"name": "c"}})).await;
    let slow = tokio::spawn(send(service.clone(), "PATCH", MAP, slow_patch()));
    asked.recv().await.unwrap();
    permits.add_permits(1);
    assert_eq!(slow.await.unwrap().0, 200);
    assert!(asked.try_recv().is_err());
}

// W6
#[tokio::test(start_paused = true)]
async fn a_writer_that_names_a_version_is_refused_if_it_has_passed_while_admission_waited() {
    let (service, mut asked, permits) = server(Stage::Mutate).await;
    let (_, made) = send(service.clone(), "POST", MAPS, json!({"metadata": {"name": "c"}})).await;
    let mut patch = slow_patch();
    patch["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"].clone();
    let slow = tokio::spawn(send(service.clone(), "PATCH", MAP, patch));
    asked.recv().await.unwrap();
    assert_eq!(send(service.clone(), "PATCH", MAP, json!({"data": {"other": "1"}})).await.0, 200);
    permits.add_permits(2);
    let (code, status) = slow.await.unwrap();
    assert_eq!((code, status.str("reason")), (409, "Conflict"), "{status}");
}

#[tokio::test(start_paused = true)]
async fn an_object_deleted_while_admission_waits_is_not_found() {
    let (service, mut asked, permits) = server(Stage::Validate).await;
    send(service.clone(), "POST", MAPS, json!({"metadata": {"name": "c"}})).await;
    let slow = tokio::spawn(send(service.clone(), "PATCH", MAP, slow_patch()));
    asked.recv().await.unwrap();
    assert_eq!(send(service.clone(), "DELETE", MAP, json!({})).await.0, 200);
    permits.add_permits(1);
    assert_eq!(slow.await.unwrap().0, 404);
}

#[tokio::test(start_paused = true)]
async fn an_address_is_kept_for_a_writer_whose_admission_waits() {
    let (service, mut asked, permits) = server(Stage::Validate).await;
    let named = |name: &str, annotations: Value| {
        let spec = json!({"clusterIP": "10.43.0.50", "ports": [{"port": 80}]});
        json!({"metadata": {"name": name, "annotations": annotations}, "spec": spec})
    };
    let slow = tokio::spawn(send(service.clone(), "POST", SERVICES, named("a", json!({"slow": "yes"}))));
    asked.recv().await.unwrap();
    let (code, status) = send(service.clone(), "POST", SERVICES, named("b", json!({}))).await;
    assert!(code == 422 && status.str("message").contains("10.43.0.50"), "{status}");
    permits.add_permits(1);
    assert_eq!(slow.await.unwrap().0, 201);
}
