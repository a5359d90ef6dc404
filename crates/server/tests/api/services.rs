//! Addresses and node ports of Services: each once, freed on deletion, known after a restart.

use crate::client::{create, fresh, get, send};
use futures::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use stead_server::{Config, Server};
use stead_testing::environment::virtual_time;
use stead_testing::http::Client;

const SERVICES: &str = "/api/v1/namespaces/default/services";

fn node_port(name: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}})
}

#[tokio::test(start_paused = true)]
async fn no_address_is_given_twice() {
    let client = fresh().await;
    let made = join_all((0..40).map(|i| create(&client, SERVICES, node_port(&format!("s{i}"))))).await;
    let ips: BTreeSet<&str> = made.iter().filter_map(|service| service["spec"]["clusterIP"].as_str()).collect();
    let ports: BTreeSet<i64> = made.iter().filter_map(|service| service["spec"]["ports"][0]["nodePort"].as_i64()).collect();
    assert_eq!((ips.len(), ports.len()), (40, 40));
    assert!(!ips.contains("10.43.0.1"), "the first address is the Service kubernetes'");
}

#[tokio::test(start_paused = true)]
async fn an_address_is_free_again_once_its_service_is_gone() {
    let client = fresh().await;
    let wish = |name: &str| json!({"metadata": {"name": name}, "spec": {"clusterIP": "10.43.7.7", "ports": [{"port": 80}]}});
    create(&client, SERVICES, wish("a")).await;
    let (code, status) = send(&client, "POST", SERVICES, wish("b")).await;
    assert_eq!(code, 422, "{status}");
    send(&client, "DELETE", &format!("{SERVICES}/a"), Value::Null).await;
    create(&client, SERVICES, wish("b")).await;
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_kept_for_a_service_is_no_other_s() {
    let client = Client::with_ranges("10.43.0.0/29", 1).await.expect("a server");
    let kept: Vec<std::net::IpAddr> = vec!["10.43.0.4".parse().unwrap()];
    client.server().reserve("kube-system/kube-dns", &kept);
    let of = |name: &str, ip: Value| json!({"metadata": {"name": name}, "spec": {"clusterIP": ip, "ports": [{"port": 80}]}});
    let (code, status) = send(&client, "POST", SERVICES, of("a", "10.43.0.4".into())).await;
    assert_eq!(code, 422, "{status}");
    let given: Vec<Value> = join_all((0..4).map(|n| create(&client, SERVICES, of(&format!("s{n}"), Value::Null)))).await;
    assert!(given.iter().all(|service| service["spec"]["clusterIP"] != "10.43.0.4"), "{given:?}");
    let (code, status) = send(&client, "POST", SERVICES, of("full", Value::Null)).await;
    assert!(code >= 400, "nothing is left but what is kept: {status}");
    let its_own = "/api/v1/namespaces/kube-system/services";
    create(&client, its_own, of("kube-dns", "10.43.0.4".into())).await;
    send(&client, "DELETE", &format!("{its_own}/kube-dns"), Value::Null).await;
    assert_eq!(send(&client, "POST", SERVICES, of("a", "10.43.0.4".into())).await.0, 422, "it is kept after that, too");
}

#[tokio::test(start_paused = true)]
async fn a_restart_makes_nothing_anew() {
    // NS1
    let store = stead_store::Store::memory();
    let config = || Config {
        store: store.clone(),
        environment: Arc::new(virtual_time(1)),
        service_cidr: "10.43.0.0/16".to_owned(),
        advertise: "https://127.0.0.1:6443".to_owned(),
        token_key: Arc::new(stead_server::SigningKey::fresh().expect("a key")),
        token_issuer: "https://kubernetes.default.svc".to_owned(),
        first_objects: Vec::new(),
    };
    Server::new(config()).await.expect("a server");
    let revision = store.revision();
    Server::new(config()).await.expect("a server again");
    assert_eq!(store.revision(), revision);
}

#[tokio::test(start_paused = true)]
async fn the_service_kubernetes_leads_to_where_the_server_is_reached() {
    // NS1
    let client = fresh().await;
    let endpoints = "/api/v1/namespaces/default/endpoints/kubernetes";
    let slice = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes";
    assert_eq!(get(&client, endpoints).await.0, 404, "nothing is said before it is known");
    let publish = async |addresses: &[&str]| {
        client.server().publish(addresses.iter().map(|address| address.parse().unwrap()).collect()).await.expect("published");
    };
    publish(&["10.42.0.1:6443", "[fd00::1]:6443"]).await;
    let made = get(&client, endpoints).await.1;
    assert_eq!(
        made["subsets"],
        json!([{"addresses": [{"ip": "10.42.0.1"}], "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}]}])
    );
    assert_eq!(made["metadata"]["labels"], json!({"endpointslice.kubernetes.io/skip-mirror": "true"}));
    let made = get(&client, slice).await.1;
    assert_eq!(made["endpoints"], json!([{"addresses": ["10.42.0.1"], "conditions": {"ready": true}}]));
    assert_eq!(made["metadata"]["labels"], json!({"kubernetes.io/service-name": "kubernetes"}));
    publish(&["10.42.0.1:6443"]).await;
    assert_eq!(get(&client, slice).await.1["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"]);
    publish(&["10.42.1.1:7443"]).await;
    assert_eq!(get(&client, endpoints).await.1["subsets"][0]["addresses"][0]["ip"], "10.42.1.1");
    assert_eq!(get(&client, slice).await.1["ports"][0]["port"], 7443);
    let service = "/api/v1/namespaces/default/services/kubernetes";
    let mut changed = get(&client, service).await.1;
    changed["spec"]["ports"][0]["targetPort"] = 1.into();
    assert_eq!(send(&client, "PUT", service, changed).await.0, 200);
    publish(&[]).await;
    assert_eq!(get(&client, service).await.1["spec"]["ports"][0]["targetPort"], 6443);
    assert_eq!((get(&client, endpoints).await.0, get(&client, slice).await.0), (404, 404));
}
