//! Short requests for tests. Input: method, path, JSON. Output: code and JSON.

use bytes::Bytes;
use serde_json::{Value, json};
use stead_testing::http::Client;

pub const MERGE: &str = "application/merge-patch+json";

pub async fn fresh() -> Client {
    Client::fresh(7).await.expect("the server starts")
}

/// Sends JSON (null: no body) and returns the code and the answer's JSON.
pub async fn send(client: &Client, method: &str, path: &str, body: Value) -> (u16, Value) {
    send_as(client, method, path, body, "application/json").await
}

pub async fn send_as(client: &Client, method: &str, path: &str, body: Value, content_type: &str) -> (u16, Value) {
    let body = (!body.is_null()).then(|| Bytes::from(body.to_string()));
    let headers = [("Content-Type".to_owned(), Some(content_type.to_owned()))];
    let answer = client.call(method, path, body, &headers).await.expect("an answer");
    (answer.code, answer.json())
}

pub async fn get(client: &Client, path: &str) -> (u16, Value) {
    send(client, "GET", path, Value::Null).await
}

/// POSTs and expects 201.
pub async fn create(client: &Client, path: &str, body: Value) -> Value {
    let (code, made) = send(client, "POST", path, body).await;
    assert_eq!(code, 201, "{made}");
    made
}

/// The events of a watch that ends by its own timeout.
pub async fn watch(client: &Client, path: &str) -> Vec<Value> {
    let answer = client.call("GET", path, None, &[]).await.expect("an answer");
    let text = String::from_utf8(answer.body.to_vec()).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("one document a line")).collect()
}

/// `TYPE name` of each event.
pub fn outline(events: &[Value]) -> Vec<String> {
    events
        .iter()
        .map(|e| format!("{} {}", e["type"].as_str().unwrap_or(""), e["object"]["metadata"]["name"].as_str().unwrap_or("")))
        .collect()
}

pub fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
}

pub const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
