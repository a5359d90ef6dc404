//! Deletion: finalizers, grace, preconditions, propagation, collections (W30-W35, G4-G6, M1, NS2).

use crate::client::{CONFIG_MAPS, MERGE, config_map, create, fresh, get, outline, send, send_as, watch};
use serde_json::{Value, json};
use stead_testing::http::Client;

#[tokio::test(start_paused = true)]
async fn finalizers_hold_an_object_until_the_last_is_gone() {
    // W33
    let client = fresh().await;
    let mut body = config_map("a");
    body["metadata"]["finalizers"] = json!(["example.com/f"]);
    let made = create(&client, CONFIG_MAPS, body).await;
    let path = format!("{CONFIG_MAPS}/a");
    let (code, marked) = send(&client, "DELETE", &path, Value::Null).await;
    assert_eq!((code, marked["metadata"]["deletionGracePeriodSeconds"].as_i64()), (200, Some(0)));
    let (code, _) = send_as(&client, "PATCH", &path, json!({"metadata": {"finalizers": null}}), MERGE).await;
    assert_eq!((code, get(&client, &path).await.0), (200, 404));
    let version = made["metadata"]["resourceVersion"].as_str().expect("a version");
    let events = watch(&client, &format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=1&resourceVersion={version}")).await;
    assert_eq!(outline(&events), ["MODIFIED a", "DELETED a"]);
    assert_eq!(events[1]["object"]["metadata"]["finalizers"], json!(["example.com/f"]));
}

#[tokio::test(start_paused = true)]
async fn preconditions_must_hold() {
    // W31
    let client = fresh().await;
    let made = create(&client, CONFIG_MAPS, config_map("a")).await;
    let path = format!("{CONFIG_MAPS}/a");
    let wrong = json!({"preconditions": {"uid": "other"}});
    assert_eq!(send(&client, "DELETE", &path, wrong).await.0, 409);
    let right = json!({"preconditions": {"uid": made["metadata"]["uid"]}});
    let (code, status) = send(&client, "DELETE", &path, right).await;
    assert_eq!((code, &status["details"]["uid"]), (200, &made["metadata"]["uid"]));
}

#[tokio::test(start_paused = true)]
async fn propagation_is_asked_for_by_finalizer() {
    // G4, G5, G6
    let client = fresh().await;
    let path = format!("{CONFIG_MAPS}/a");
    for (policy, finalizer) in [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")] {
        create(&client, CONFIG_MAPS, config_map("a")).await;
        let (_, kept) = send(&client, "DELETE", &path, json!({"propagationPolicy": policy})).await;
        assert_eq!(kept["metadata"]["finalizers"], json!([finalizer]));
        // A later wish replaces it.
        send(&client, "DELETE", &path, json!({"propagationPolicy": "Background"})).await;
        assert_eq!(get(&client, &path).await.0, 404);
    }
}

#[tokio::test(start_paused = true)]
async fn a_bound_pod_gets_its_grace_and_only_less() {
    // W34
    let client = fresh().await;
    create(&client, "/api/v1/namespaces/default/serviceaccounts", json!({"metadata": {"name": "default"}})).await;
    let pods = "/api/v1/namespaces/default/pods";
    let pod = json!({"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]}});
    create(&client, pods, pod).await;
    let path = format!("{pods}/p");
    let (_, first) = send(&client, "DELETE", &path, Value::Null).await;
    assert_eq!(first["metadata"]["deletionGracePeriodSeconds"], 30);
    let (_, longer) = send(&client, "DELETE", &path, json!({"gracePeriodSeconds": 60})).await;
    assert_eq!(longer["metadata"]["deletionGracePeriodSeconds"], 30);
    let (_, shorter) = send(&client, "DELETE", &path, json!({"gracePeriodSeconds": 5})).await;
    assert_eq!(shorter["metadata"]["deletionGracePeriodSeconds"], 5);
    send(&client, "DELETE", &path, json!({"gracePeriodSeconds": 0})).await;
    assert_eq!(get(&client, &path).await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn a_collection_goes_by_selector() {
    // W35
    let client = fresh().await;
    for name in ["a", "b"] {
        let mut body = config_map(name);
        body["metadata"]["labels"] = json!({"n": name});
        create(&client, CONFIG_MAPS, body).await;
    }
    let (code, gone) = send(&client, "DELETE", &format!("{CONFIG_MAPS}?labelSelector=n%3Da"), Value::Null).await;
    assert_eq!((code, gone["items"][0]["metadata"]["name"].as_str()), (200, Some("a")));
    assert_eq!(get(&client, &format!("{CONFIG_MAPS}/a")).await.0, 404);
    assert_eq!(get(&client, &format!("{CONFIG_MAPS}/b")).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn namespaces_of_the_system_stay_and_others_end_by_finalize() {
    // M1, NS2
    let client = fresh().await;
    assert_eq!(send(&client, "DELETE", "/api/v1/namespaces/default", Value::Null).await.0, 403);
    create(&client, "/api/v1/namespaces", json!({"metadata": {"name": "x"}})).await;
    let (_, mut marked) = send(&client, "DELETE", "/api/v1/namespaces/x", Value::Null).await;
    assert_eq!(marked["status"]["phase"], "Terminating");
    marked["spec"] = json!({});
    assert_eq!(send(&client, "PUT", "/api/v1/namespaces/x/finalize", marked).await.0, 200);
    assert_eq!(get(&client, "/api/v1/namespaces/x").await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn racing_deletes_remove_once() {
    // W30
    let client = fresh().await;
    create(&client, CONFIG_MAPS, config_map("a")).await;
    let path = format!("{CONFIG_MAPS}/a");
    let deletes = (0..8).map(|_| send(&client, "DELETE", &path, Value::Null));
    let codes: Vec<u16> = futures::future::join_all(deletes).await.into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes.iter().filter(|code| **code == 200).count(), 1);
    assert_eq!(codes.iter().filter(|code| **code == 404).count(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_removal_cut_off_after_the_mark_is_done_by_the_next_delete() {
    // W34
    let store = stead_store::Store::memory();
    let client = Client::on(store.clone(), 3).await.expect("a server");
    create(&client, "/api/v1/namespaces/default/serviceaccounts", json!({"metadata": {"name": "default"}})).await;
    let pods = "/api/v1/namespaces/default/pods";
    create(&client, pods, json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})).await;
    let entry = store.get("/registry/pods/default/p").expect("the pod");
    let mut pod: Value = serde_json::from_slice(&entry.value).expect("JSON");
    pod["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z".into();
    pod["metadata"]["deletionGracePeriodSeconds"] = 0.into();
    let marked = stead_store::NewValue { bytes: pod.to_string().into_bytes(), stamp: None };
    let expect = stead_store::Expect::Revision(entry.revision);
    store.put(&entry.key, expect, marked, stead_store::Durability::Durable).await.expect("the mark");
    assert_eq!(send(&client, "DELETE", &format!("{pods}/p"), json!({"gracePeriodSeconds": 0})).await.0, 200);
    assert_eq!(get(&client, &format!("{pods}/p")).await.0, 404);
}
