//! Creates, updates and patches (W1-W17, P2).

use crate::client::{CONFIG_MAPS, MERGE, config_map, create, fresh, get, send, send_as, watch};
use futures::future::join_all;
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn the_server_says_who_and_when() {
    // W1
    let client = fresh().await;
    let mut body = config_map("a");
    body["metadata"]["uid"] = "mine".into();
    body["metadata"]["creationTimestamp"] = "2001-01-01T00:00:00Z".into();
    let made = create(&client, CONFIG_MAPS, body).await;
    assert_eq!(made["metadata"]["creationTimestamp"], "2026-01-02T03:04:05Z");
    assert_ne!(made["metadata"]["uid"], "mine");
    assert_eq!(get(&client, &format!("{CONFIG_MAPS}/a")).await.1, made);
}

#[tokio::test(start_paused = true)]
async fn a_numeric_version_on_create_is_refused() {
    // W1
    let client = fresh().await;
    let mut body = config_map("a");
    body["metadata"]["resourceVersion"] = "5".into();
    let (code, status) = send(&client, "POST", CONFIG_MAPS, body).await;
    assert_eq!((code, status["message"].as_str()), (500, Some("resourceVersion should not be set on objects to be created")));
}

#[tokio::test(start_paused = true)]
async fn names_are_generated_from_a_cut_base() {
    // W3
    let client = fresh().await;
    let long = "x".repeat(80);
    let made = create(&client, CONFIG_MAPS, json!({"metadata": {"generateName": long}})).await;
    let name = made["metadata"]["name"].as_str().expect("a name");
    assert_eq!(name.len(), 63);
    assert!(name.starts_with(&"x".repeat(58)) && !name.ends_with('x'));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_must_exist_and_live() {
    // W4
    let client = fresh().await;
    let (code, status) = send(&client, "POST", "/api/v1/namespaces/none/configmaps", config_map("a")).await;
    assert_eq!((code, status["message"].as_str()), (404, Some("namespaces \"none\" not found")));
    create(&client, "/api/v1/namespaces", json!({"metadata": {"name": "going"}})).await;
    send(&client, "DELETE", "/api/v1/namespaces/going", Value::Null).await;
    let (code, status) = send(&client, "POST", "/api/v1/namespaces/going/configmaps", config_map("a")).await;
    assert_eq!((code, status["details"]["causes"][0]["reason"].as_str()), (403, Some("NamespaceTerminating")));
}

#[tokio::test(start_paused = true)]
async fn a_stale_version_conflicts_and_none_does_not() {
    // W6
    let client = fresh().await;
    let first = create(&client, CONFIG_MAPS, config_map("a")).await;
    let path = format!("{CONFIG_MAPS}/a");
    let mut next = first.clone();
    next["data"] = json!({"k": "1"});
    assert_eq!(send(&client, "PUT", &path, next.clone()).await.0, 200);
    let (code, status) = send(&client, "PUT", &path, next).await;
    assert_eq!((code, status["reason"].as_str()), (409, Some("Conflict")));
    assert_eq!(send(&client, "PUT", &path, config_map("a")).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_changes_nothing_is_none() {
    // W9
    let client = fresh().await;
    let made = create(&client, CONFIG_MAPS, config_map("a")).await;
    let version = made["metadata"]["resourceVersion"].as_str().expect("a version").to_owned();
    tokio::time::advance(std::time::Duration::from_secs(5)).await;
    let (_, same) = send(&client, "PUT", &format!("{CONFIG_MAPS}/a"), config_map("a")).await;
    assert_eq!(same, made);
    assert!(watch(&client, &format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=1&resourceVersion={version}")).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_stores_nothing() {
    // W15
    let client = fresh().await;
    let (code, shown) = send(&client, "POST", &format!("{CONFIG_MAPS}?dryRun=All"), config_map("a")).await;
    assert_eq!((code, shown["metadata"].get("resourceVersion")), (201, None));
    assert_eq!(get(&client, &format!("{CONFIG_MAPS}/a")).await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn many_patches_of_one_object_all_succeed() {
    // P2
    let client = fresh().await;
    create(&client, CONFIG_MAPS, config_map("a")).await;
    let path = format!("{CONFIG_MAPS}/a");
    let patches = (0..64).map(|i| {
        let (client, path) = (&client, &path);
        async move { send_as(client, "PATCH", path, json!({"data": {format!("k{i}"): "v"}}), MERGE).await.0 }
    });
    assert!(join_all(patches).await.into_iter().all(|code| code == 200));
    let (_, patched) = get(&client, &path).await;
    assert_eq!(patched["data"].as_object().map(serde_json::Map::len), Some(64));
}

#[tokio::test(start_paused = true)]
async fn unknown_fields_warn_are_refused_or_pass() {
    // W16, N30
    let client = fresh().await;
    let mut body = config_map("a");
    body["bogus"] = 1.into();
    let path = |validation: &str| format!("{CONFIG_MAPS}?dryRun=All&fieldValidation={validation}");
    let answer = client.call("POST", &path("Warn"), Some(body.to_string().into()), &[]).await.expect("an answer");
    assert_eq!((answer.code, answer.header("warning")), (201, Some("299 - \"unknown field \\\"bogus\\\"\"")));
    assert_eq!(send(&client, "POST", &path("Strict"), body.clone()).await.0, 400);
    assert_eq!(send(&client, "POST", &path("Ignore"), body).await.0, 201);
}
