//! Events live for an hour (V4).

use crate::client::{create, fresh, get};
use serde_json::{Value, json};
use std::time::Duration;

const EVENTS: &str = "/api/v1/namespaces/default/events";

fn event(name: &str) -> Value {
    json!({"metadata": {"name": name}, "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"}, "reason": "R"})
}

#[tokio::test(start_paused = true)]
async fn old_events_go_with_the_next_write() {
    let client = fresh().await;
    create(&client, EVENTS, event("old")).await;
    tokio::time::advance(Duration::from_secs(3599)).await;
    create(&client, EVENTS, event("late")).await;
    assert_eq!(get(&client, &format!("{EVENTS}/old")).await.0, 200);
    tokio::time::advance(Duration::from_secs(2)).await;
    create(&client, EVENTS, event("new")).await;
    assert_eq!(get(&client, &format!("{EVENTS}/old")).await.0, 404);
    assert_eq!(get(&client, &format!("{EVENTS}/late")).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn old_events_go_without_writes_too() {
    let client = fresh().await;
    create(&client, EVENTS, event("old")).await;
    tokio::time::advance(Duration::from_secs(3601)).await;
    let minute = std::time::Duration::from_millis(60_001);
    assert!(tokio::time::timeout(minute, client.server().maintain()).await.is_err(), "it has no end");
    assert_eq!(get(&client, &format!("{EVENTS}/old")).await.0, 404);
}
