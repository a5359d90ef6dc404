//! Namespaces that ask for a pod security standard (M8).

use crate::client::{MERGE, create, fresh};
use bytes::Bytes;
use serde_json::{Value, json};
use stead_testing::http::Client;

const PODS: &str = "/api/v1/namespaces/ns/pods";

/// Code, message and warnings of an answer.
async fn judged(client: &Client, method: &str, path: &str, body: Value, media: &str) -> (u16, String, Vec<String>) {
    let headers = [("Content-Type".to_owned(), Some(media.to_owned()))];
    let answer = client.call(method, path, Some(Bytes::from(body.to_string())), &headers).await.expect("an answer");
    let warnings = answer.headers.get_all("warning").iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    (answer.code, answer.json()["message"].as_str().unwrap_or_default().to_owned(), warnings.collect())
}

async fn with_namespace(labels: Value) -> Client {
    let client = fresh().await;
    create(&client, "/api/v1/namespaces", json!({"metadata": {"name": "ns", "labels": labels}})).await;
    create(&client, "/api/v1/namespaces/ns/serviceaccounts", json!({"metadata": {"name": "default"}})).await;
    client
}

fn pod(name: &str, privileged: bool) -> Value {
    let container = json!({"name": "c", "image": "i", "securityContext": {"privileged": privileged}});
    json!({"metadata": {"name": name}, "spec": {"containers": [container]}})
}

const WHY: &str = "privileged (container \"c\" must not set securityContext.privileged=true)";

#[tokio::test(start_paused = true)]
async fn a_pod_that_violates_the_enforced_standard_is_refused() {
    let client = with_namespace(json!({"pod-security.kubernetes.io/enforce": "baseline"})).await;
    create(&client, PODS, pod("good", false)).await;
    let (code, message, _) = judged(&client, "POST", PODS, pod("x", true), "application/json").await;
    assert_eq!((code, message), (403, format!("pods \"x\" is forbidden: violates PodSecurity \"baseline:latest\": {WHY}")));
    let dry = judged(&client, "POST", &format!("{PODS}?dryRun=All"), pod("x", true), "application/json").await;
    assert_eq!(dry.0, 403);
}

#[tokio::test(start_paused = true)]
async fn what_would_be_refused_is_warned_of() {
    let client = with_namespace(json!({"pod-security.kubernetes.io/warn": "baseline"})).await;
    let (code, _, warnings) = judged(&client, "POST", PODS, pod("x", true), "application/json").await;
    let text =
        "would violate PodSecurity \\\"baseline:latest\\\": privileged (container \\\"c\\\" must not set securityContext.privileged=true)";
    let expected = format!("299 - \"{text}\"");
    assert_eq!((code, warnings), (201, vec![expected.clone()]));
    let set = json!({
        "metadata": {"name": "s"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod("", true)["spec"]},
        },
    });
    let (code, _, warnings) = judged(&client, "POST", "/apis/apps/v1/namespaces/ns/statefulsets", set, "application/json").await;
    assert_eq!((code, warnings), (201, vec![expected]));
}

#[tokio::test(start_paused = true)]
async fn labels_are_checked_and_present_pods_are_told_of() {
    let client = with_namespace(json!({})).await;
    for name in ["b", "a"] {
        create(&client, PODS, pod(name, true)).await;
    }
    let patch = |level: &str| json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": level}}});
    let (code, message, _) = judged(&client, "PATCH", "/api/v1/namespaces/ns", patch("none"), MERGE).await;
    let text = "Namespace \"ns\" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"none\": must be one of \
                privileged, baseline, restricted";
    assert_eq!((code, message.as_str()), (422, text));
    let (code, _, warnings) = judged(&client, "PATCH", "/api/v1/namespaces/ns", patch("baseline"), MERGE).await;
    let told = [
        "299 - \"existing pods in namespace \\\"ns\\\" violate the new PodSecurity enforce level \\\"baseline:latest\\\"\"",
        "299 - \"a (and 1 other pod): privileged\"",
    ];
    assert_eq!((code, warnings), (200, told.map(str::to_owned).to_vec()));
}
