//! The objects that every cluster has come back (NS1).

use crate::client::{fresh, get, send};
use serde_json::{Value, json};
use std::time::Duration;
use stead_testing::http::Client;

/// Lets the server look after its objects for that long.
async fn maintained(client: &Client, time: Duration) {
    assert!(tokio::time::timeout(time, client.server().maintain()).await.is_err(), "it has no end");
}

#[tokio::test(start_paused = true)]
async fn the_service_kubernetes_comes_back_within_ten_seconds() {
    let client = fresh().await;
    let path = "/api/v1/namespaces/default/services/kubernetes";
    let before = get(&client, path).await.1;
    assert_eq!(send(&client, "DELETE", path, Value::Null).await.0, 200);
    assert_eq!(get(&client, path).await.0, 404);
    maintained(&client, Duration::from_millis(10_001)).await;
    let after = get(&client, path).await.1;
    assert_eq!(after["spec"], before["spec"]);
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
}

#[tokio::test(start_paused = true)]
async fn namespaces_of_the_system_stay_or_come_back_within_a_minute() {
    let client = fresh().await;
    for name in ["default", "kube-system", "kube-public"] {
        let (code, answer) = send(&client, "DELETE", &format!("/api/v1/namespaces/{name}"), Value::Null).await;
        let text = format!("namespaces \"{name}\" is forbidden: this namespace may not be deleted");
        assert_eq!((code, answer["message"].as_str()), (403, Some(text.as_str())));
    }
    let path = "/api/v1/namespaces/kube-node-lease";
    assert_eq!(send(&client, "DELETE", path, Value::Null).await.0, 200);
    let finalized = json!({"metadata": {"name": "kube-node-lease"}, "spec": {"finalizers": []}});
    assert_eq!(send(&client, "PUT", &format!("{path}/finalize"), finalized).await.0, 200);
    assert_eq!(get(&client, path).await.0, 404);
    maintained(&client, Duration::from_millis(60_001)).await;
    assert_eq!(get(&client, path).await.1["status"]["phase"], "Active");
}
