//! Scale, binding and the paths whose streams are not served (R1, R3, R50, R54).

use crate::client::{MERGE, create, fresh, get, send, send_as};
use serde_json::{Value, json};
use stead_testing::http::Client;

const PODS: &str = "/api/v1/namespaces/default/pods";
const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";

async fn with_pod() -> Client {
    let client = fresh().await;
    create(&client, "/api/v1/namespaces/default/serviceaccounts", json!({"metadata": {"name": "default"}})).await;
    create(&client, PODS, json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})).await;
    client
}

#[tokio::test(start_paused = true)]
async fn scaling_changes_the_number_and_nothing_else() {
    // R1
    let client = fresh().await;
    let set = json!({"metadata": {"name": "web"}, "spec": {
        "serviceName": "s", "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
    }});
    let made = create(&client, SETS, set).await;
    let (code, scale) = send_as(&client, "PATCH", &format!("{SETS}/web/scale"), json!({"spec": {"replicas": 3}}), MERGE).await;
    assert_eq!((code, &scale["spec"]["replicas"], &scale["status"]["selector"]), (200, &json!(3), &json!("a=b")));
    let (_, scaled) = get(&client, &format!("{SETS}/web")).await;
    assert_eq!((scaled["metadata"]["generation"].as_i64(), scaled["spec"]["replicas"].as_i64()), (Some(2), Some(3)));
    assert_eq!(scaled["spec"]["template"], made["spec"]["template"]);
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_bound_once() {
    // R54
    let client = with_pod().await;
    let bind = |node: &str| json!({"metadata": {"name": "p"}, "target": {"kind": "Node", "name": node}});
    let path = format!("{PODS}/p/binding");
    let bindings = ["a", "b", "c", "d"].map(|node| send(&client, "POST", &path, bind(node)));
    let codes: Vec<u16> = futures::future::join_all(bindings).await.into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes.iter().filter(|code| **code == 201).count(), 1);
    assert_eq!(codes.iter().filter(|code| **code == 409).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_bound_needs_no_room_kept() {
    // SCH-8
    let client = with_pod().await;
    let nominated = json!({"status": {"nominatedNodeName": "n"}});
    let (_, waiting) = send_as(&client, "PATCH", &format!("{PODS}/p/status"), nominated, MERGE).await;
    assert_eq!(waiting["status"]["nominatedNodeName"], "n");
    send(&client, "POST", &format!("{PODS}/p/binding"), json!({"metadata": {"name": "p"}, "target": {"name": "n"}})).await;
    assert_eq!(get(&client, &format!("{PODS}/p")).await.1["status"]["nominatedNodeName"], json!(null));
}

#[tokio::test(start_paused = true)]
async fn an_eviction_marks_and_deletes() {
    // R50
    let client = with_pod().await;
    let (code, status) = send(&client, "POST", &format!("{PODS}/p/eviction"), json!({"metadata": {"name": "p"}})).await;
    assert_eq!((code, status["code"].as_i64()), (201, Some(201)));
    assert_eq!(get(&client, &format!("{PODS}/p")).await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn streams_say_what_is_missing() {
    // R3
    let client = with_pod().await;
    assert_eq!(get(&client, &format!("{PODS}/p/log")).await.0, 204);
    let (code, status) = get(&client, &format!("{PODS}/p/exec?command=ls")).await;
    assert_eq!((code, status["message"].as_str()), (400, Some("pod p does not have a host assigned")));
    create(&client, "/api/v1/nodes", json!({"metadata": {"name": "n"}})).await;
    send(&client, "POST", &format!("{PODS}/p/binding"), json!({"metadata": {"name": "p"}, "target": {"name": "n"}})).await;
    let (code, status) = get(&client, &format!("{PODS}/p/log")).await;
    assert_eq!((code, status["reason"].as_str()), (501, Some("NotImplemented")));
}

#[tokio::test(start_paused = true)]
async fn the_account_of_a_pod_must_exist_and_is_mounted() {
    // M2
    let client = fresh().await;
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let (code, status) = send(&client, "POST", PODS, pod.clone()).await;
    let text = "pods \"p\" is forbidden: error looking up service account default/default: serviceaccount \"default\" not found";
    assert_eq!((code, status["message"].as_str()), (403, Some(text)));
    create(&client, "/api/v1/namespaces/default/serviceaccounts", json!({"metadata": {"name": "default"}})).await;
    let made = create(&client, PODS, pod).await;
    let mount = &made["spec"]["containers"][0]["volumeMounts"][0];
    assert_eq!(mount["mountPath"], "/var/run/secrets/kubernetes.io/serviceaccount");
    assert_eq!(made["spec"]["volumes"][0]["name"], mount["name"]);
    assert_ne!(made["spec"]["volumes"][0]["projected"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_pod_waits_for_the_account_that_its_namespace_is_about_to_have() {
    // M2
    let client = fresh().await;
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let (accounts, account) = ("/api/v1/namespaces/default/serviceaccounts", json!({"metadata": {"name": "default"}}));
    let (made, _) = futures::join!(create(&client, PODS, pod), create(&client, accounts, account));
    assert_eq!(made["spec"]["serviceAccountName"], "default");
}
