//! Claims, volumes and classes: the default class, growing, what a new cluster begins with.

use crate::client::{MERGE, create, fresh, get, send, send_as};
use serde_json::{Value, json};
use std::sync::Arc;
use stead_server::Config;
use stead_testing::environment::virtual_time;
use stead_testing::http::Client;

const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";
const CLASSES: &str = "/apis/storage.k8s.io/v1/storageclasses";

fn class(name: &str, default: bool, may_grow: bool) -> Value {
    let annotations = if default { json!({"storageclass.kubernetes.io/is-default-class": "true"}) } else { json!({}) };
    json!({"metadata": {"name": name, "annotations": annotations}, "provisioner": "p", "allowVolumeExpansion": may_grow})
}

fn claim(name: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}})
}

#[tokio::test(start_paused = true)]
async fn a_claim_without_a_class_gets_the_default_one() {
    // M5, STO-1
    let client = fresh().await;
    assert_eq!(create(&client, CLAIMS, claim("early")).await["spec"]["storageClassName"], Value::Null);
    create(&client, CLASSES, class("other", false, false)).await;
    // Of the same second, the first by name.
    create(&client, CLASSES, class("b", true, false)).await;
    create(&client, CLASSES, class("a", true, false)).await;
    assert_eq!(create(&client, CLAIMS, claim("late")).await["spec"]["storageClassName"], "a");
    let mut none = claim("none");
    none["spec"]["storageClassName"] = "".into();
    assert_eq!(create(&client, CLAIMS, none).await["spec"]["storageClassName"], "");
}

#[tokio::test(start_paused = true)]
async fn a_bound_claim_grows_if_its_class_says_so() {
    // M7, STO-14
    let client = fresh().await;
    create(&client, CLASSES, class("yes", false, true)).await;
    create(&client, CLASSES, class("no", false, false)).await;
    let size = |size: &str| json!({"spec": {"resources": {"requests": {"storage": size}}}});
    for (name, code) in [("yes", 200), ("no", 403)] {
        let mut wish = claim(name);
        wish["spec"]["storageClassName"] = name.into();
        wish["spec"]["volumeName"] = "v".into();
        create(&client, CLAIMS, wish).await;
        let path = format!("{CLAIMS}/{name}");
        assert_eq!(send_as(&client, "PATCH", &path, size("2Gi"), MERGE).await.0, 422, "nothing is bound yet");
        let status = json!({"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}});
        assert_eq!(send_as(&client, "PATCH", &format!("{path}/status"), status, MERGE).await.0, 200);
        assert_eq!(send_as(&client, "PATCH", &path, size("3Gi"), MERGE).await.0, code);
    }
    // What failed to grow may be asked to grow less, but never to what it has.
    assert_eq!(send_as(&client, "PATCH", &format!("{CLAIMS}/yes"), size("2Gi"), MERGE).await.0, 200);
    assert_eq!(send_as(&client, "PATCH", &format!("{CLAIMS}/yes"), size("1Gi"), MERGE).await.0, 422);
}

#[tokio::test(start_paused = true)]
async fn what_a_cluster_begins_with_is_made_once() {
    let store = stead_store::Store::memory();
    let mut first = class("standard", true, true);
    first["apiVersion"] = "storage.k8s.io/v1".into();
    first["kind"] = "StorageClass".into();
    let config = || Config {
        store: store.clone(),
        environment: Arc::new(virtual_time(1)),
        service_cidr: "10.43.0.0/16".to_owned(),
        advertise: "https://127.0.0.1:6443".to_owned(),
        token_key: Arc::new(stead_server::SigningKey::fresh().expect("a key")),
        token_issuer: "https://kubernetes.default.svc".to_owned(),
        first_objects: vec![first.clone()],
    };
    let path = format!("{CLASSES}/standard");
    let client = Client::with(config()).await.expect("a server");
    assert_eq!(get(&client, &path).await.0, 200);
    assert_eq!(send(&client, "DELETE", &path, Value::Null).await.0, 200);
    let client = Client::with(config()).await.expect("a server again");
    assert_eq!(get(&client, &path).await.0, 404);
}
