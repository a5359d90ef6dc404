//! ResourceQuotas as the server charges them; nobody counts here but the tests (M4, QUO-3 to QUO-9).

use crate::client::{CONFIG_MAPS, MERGE, config_map, create, fresh, get, send, send_as};
use futures::future::join_all;
use serde_json::{Value, json};
use stead_testing::http::Client;

const QUOTAS: &str = "/api/v1/namespaces/default/resourcequotas";

/// A quota whose use was counted.
async fn quota(client: &Client, name: &str, hard: Value, used: Value) {
    create(client, QUOTAS, json!({"metadata": {"name": name}, "spec": {"hard": hard}})).await;
    let status = json!({"status": {"hard": hard, "used": used}});
    assert_eq!(send_as(client, "PATCH", &format!("{QUOTAS}/{name}/status"), status, MERGE).await.0, 200);
}

async fn used(client: &Client, name: &str) -> Value {
    get(client, &format!("{QUOTAS}/{name}")).await.1["status"]["used"].clone()
}

#[tokio::test(start_paused = true)]
async fn many_writers_at_once_have_no_more_than_there_is() {
    // M4
    let client = fresh().await;
    quota(&client, "a", json!({"configmaps": "7", "secrets": "1"}), json!({"configmaps": "0", "secrets": "0"})).await;
    quota(&client, "b", json!({"count/configmaps": "9"}), json!({"count/configmaps": "0"})).await;
    let names: Vec<String> = (0..40).map(|n| format!("c{n}")).collect();
    let codes = join_all(names.iter().map(|name| send(&client, "POST", CONFIG_MAPS, config_map(name)))).await;
    assert_eq!(codes.iter().filter(|(code, _)| *code == 201).count(), 7);
    assert_eq!(codes.iter().filter(|(code, _)| *code == 403).count(), 33);
    assert_eq!(used(&client, "a").await, json!({"configmaps": "7", "secrets": "0"}));
    assert_eq!(used(&client, "b").await, json!({"count/configmaps": "7"}));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_written_is_not_paid() {
    // M4
    let client = fresh().await;
    quota(&client, "q", json!({"configmaps": "5"}), json!({"configmaps": "0"})).await;
    create(&client, CONFIG_MAPS, config_map("a")).await;
    assert_eq!(send(&client, "POST", CONFIG_MAPS, config_map("a")).await.0, 409);
    assert_eq!(send(&client, "POST", &format!("{CONFIG_MAPS}?dryRun=All"), config_map("b")).await.0, 201);
    assert_eq!(used(&client, "q").await, json!({"configmaps": "1"}));
}

#[tokio::test(start_paused = true)]
async fn who_changes_pays_the_difference() {
    // QUO-7
    let client = fresh().await;
    let services = "/api/v1/namespaces/default/services";
    quota(&client, "q", json!({"services": "5", "services.nodeports": "2"}), json!({"services": "1", "services.nodeports": "0"})).await;
    create(&client, services, json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}})).await;
    let path = format!("{services}/s");
    let patch = |spec: Value| send_as(&client, "PATCH", &path, json!({ "spec": spec }), MERGE);
    assert_eq!(patch(json!({"type": "NodePort"})).await.0, 200);
    assert_eq!(used(&client, "q").await, json!({"services": "2", "services.nodeports": "1"}));
    let ports = json!([{"name": "a", "port": 80}, {"name": "b", "port": 81}, {"name": "c", "port": 82}]);
    let (code, refusal) = patch(json!({ "ports": ports })).await;
    let why = "services \"s\" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=1, limited: \
               services.nodeports=2";
    assert_eq!((code, refusal["message"].as_str()), (403, Some(why)));
    assert_eq!(patch(json!({"type": "ClusterIP"})).await.0, 200);
    assert_eq!(used(&client, "q").await, json!({"services": "2", "services.nodeports": "1"}), "what is given back is counted by others");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_counted_yet_is_refused() {
    // QUO-1
    let client = fresh().await;
    quota(&client, "q", json!({"configmaps": "5"}), json!({})).await;
    let (code, refusal) = send(&client, "POST", CONFIG_MAPS, config_map("a")).await;
    let why = "configmaps \"a\" is forbidden: status unknown for quota: q, resources: configmaps";
    assert_eq!((code, refusal["message"].as_str()), (403, Some(why)));
}
