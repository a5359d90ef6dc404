//! What `kubectl` is warned of when it writes a StatefulSet, and that nobody else is.

use crate::client::{create, fresh};
use serde_json::{Value, json};
use stead_server::LintWarnings;
use stead_testing::http::{Answer, Client};

const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";
const KUBECTL: &str = "kubectl/v1.37.2 (linux/amd64) kubernetes/abcdef0";

fn set(replicas: i64) -> Value {
    json!({
        "metadata": {"name": "web"},
        "spec": {
            "serviceName": "nginx", "replicas": replicas, "selector": {"matchLabels": {"app": "nginx"}},
            "template": {
                "metadata": {"labels": {"app": "nginx"}},
                "spec": {"containers": [{"name": "c", "image": "nginx", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}]},
            },
        },
    })
}

async fn write(client: &Client, method: &str, path: &str, body: Value, agent: &str) -> Answer {
    let patch = "application/strategic-merge-patch+json".to_owned();
    let content = (method == "PATCH").then(|| ("Content-Type".to_owned(), Some(patch)));
    let command = (agent == KUBECTL).then(|| ("Kubectl-Command".to_owned(), Some("kubectl apply".to_owned())));
    let agent = [("User-Agent".to_owned(), Some(agent.to_owned()))];
    let headers: Vec<_> = content.into_iter().chain(command).chain(agent).collect();
    client.call(method, path, Some(body.to_string().into()), &headers).await.expect("an answer")
}

/// The codes of the warnings.
fn codes(answer: &Answer) -> Vec<String> {
    assert!(answer.code < 300, "{}: {}", answer.code, answer.json());
    let all = answer.headers.get_all("warning").iter().map(|value| value.to_str().expect("text"));
    all.map(|text| text.trim_start_matches("299 - \"").split(':').next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn kubectl_is_warned_when_it_applies_a_set() {
    let client = fresh().await;
    let path = format!("{SETS}?fieldManager=kubectl-client-side-apply");
    assert_eq!(codes(&write(&client, "POST", &path, set(1), KUBECTL).await), ["L101", "L302"]);
    let one = |replicas: i64| json!({"spec": {"replicas": replicas}});
    let path = format!("{SETS}/web?fieldManager=kubectl-client-side-apply");
    assert_eq!(codes(&write(&client, "PATCH", &path, one(2), KUBECTL).await), ["L101", "L302", "L601"]);
    assert_eq!(codes(&write(&client, "PATCH", &path, one(2), KUBECTL).await), [""; 0], "nothing changes");
}

#[tokio::test(start_paused = true)]
async fn what_is_there_counts() {
    let client = fresh().await;
    let service = json!({"metadata": {"name": "nginx"}, "spec": {"clusterIP": "None", "selector": {"app": "nginx"}}});
    create(&client, "/api/v1/namespaces/default/services", service).await;
    let answer = write(&client, "POST", &format!("{SETS}?fieldManager=kubectl-create"), set(1), KUBECTL).await;
    assert_eq!(codes(&answer), ["L302"]);
}

#[tokio::test(start_paused = true)]
async fn nobody_else_is_told_and_other_verbs_are_not() {
    let client = fresh().await;
    let path = format!("{SETS}?fieldManager=kubectl-client-side-apply&dryRun=All");
    for agent in ["Helm/3.19", "golden/1", "python", "kubectl"] {
        assert_eq!(codes(&write(&client, "POST", &path, set(1), agent).await), [""; 0], "{agent}");
    }
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}});
    let pods = "/api/v1/namespaces/default/pods?fieldManager=kubectl-create&dryRun=All";
    create(&client, "/api/v1/namespaces/default/serviceaccounts", json!({"metadata": {"name": "default"}})).await;
    assert_eq!(codes(&write(&client, "POST", pods, pod, KUBECTL).await), [""; 0]);
    create(&client, SETS, set(1)).await;
    let path = format!("{SETS}/web?fieldManager=kubectl-label");
    assert_eq!(codes(&write(&client, "PATCH", &path, json!({"spec": {"replicas": 4}}), KUBECTL).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_told_so_says_nothing() {
    let client = fresh().await;
    client.server().set_lint_warnings(LintWarnings::Off);
    let path = format!("{SETS}?fieldManager=kubectl-client-side-apply");
    assert_eq!(codes(&write(&client, "POST", &path, set(1), KUBECTL).await), [""; 0]);
}
