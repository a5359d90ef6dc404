//! What shows the allocation of addresses: IPAddresses and ServiceCIDRs, kept in step with Services and mended where they are not.

use crate::client::{create, fresh, get, send};
use serde_json::{Value, json};
use std::time::Duration;
use stead_testing::http::Client;

const SERVICES: &str = "/api/v1/namespaces/default/services";
const ADDRESSES: &str = "/apis/networking.k8s.io/v1/ipaddresses";
const RANGES: &str = "/apis/networking.k8s.io/v1/servicecidrs";

async fn maintained(client: &Client, time: Duration) {
    assert!(tokio::time::timeout(time, client.server().maintain()).await.is_err(), "it has no end");
}

fn service(name: &str, ip: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {"clusterIP": ip, "ports": [{"port": 80}]}})
}

#[tokio::test(start_paused = true)]
async fn an_address_lives_as_long_as_its_service_has_it() {
    // SVA-1
    let client = fresh().await;
    create(&client, SERVICES, service("a", "10.43.7.7")).await;
    let path = format!("{ADDRESSES}/10.43.7.7");
    let (code, address) = get(&client, &path).await;
    assert_eq!((code, &address["spec"]["parentRef"]), (200, &json!({"resource": "services", "namespace": "default", "name": "a"})));
    assert_eq!(address["metadata"]["labels"]["ipaddress.kubernetes.io/ip-family"], "IPv4");
    let external = json!({"spec": {"type": "ExternalName", "externalName": "x.example", "clusterIP": null, "clusterIPs": null}});
    let mut body = get(&client, &format!("{SERVICES}/a")).await.1;
    body["spec"] = external["spec"].clone();
    let (code, answer) = send(&client, "PUT", &format!("{SERVICES}/a"), body).await;
    assert_eq!(code, 200, "{answer}");
    assert_eq!(get(&client, &path).await.0, 404);
    create(&client, SERVICES, service("b", "10.43.7.7")).await;
    assert_eq!(send(&client, "DELETE", &format!("{SERVICES}/b"), Value::Null).await.0, 200);
    assert_eq!(get(&client, &path).await.0, 404);
    assert_eq!(get(&client, &format!("{ADDRESSES}/10.43.0.1")).await.1["spec"]["parentRef"]["name"], "kubernetes");
}

#[tokio::test(start_paused = true)]
async fn a_refused_service_keeps_nothing() {
    let client = fresh().await;
    create(&client, SERVICES, service("a", "10.43.7.7")).await;
    let mut wrong = service("w", "10.43.8.8");
    wrong["spec"]["type"] = "Other".into();
    assert_eq!(send(&client, "POST", SERVICES, wrong).await.0, 422);
    assert_eq!(send(&client, "POST", SERVICES, service("a", "10.43.8.8")).await.0, 409, "the name is taken");
    assert_eq!(get(&client, &format!("{ADDRESSES}/10.43.8.8")).await.0, 404);
    create(&client, SERVICES, service("b", "10.43.8.8")).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_crash_left_apart_is_mended_and_said() {
    // SVA-2
    let client = fresh().await;
    create(&client, SERVICES, service("a", "10.43.7.7")).await;
    assert_eq!(send(&client, "DELETE", &format!("{ADDRESSES}/10.43.7.7"), Value::Null).await.0, 200);
    let labels = json!({"ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"});
    let parent = json!({"group": "", "resource": "services", "namespace": "default", "name": "gone"});
    let leaked = json!({"metadata": {"name": "10.43.9.9", "labels": labels}, "spec": {"parentRef": parent}});
    create(&client, ADDRESSES, leaked).await;
    let own = json!({"metadata": {"name": "10.43.9.8"}, "spec": {"parentRef": parent}});
    create(&client, ADDRESSES, own).await;
    assert_eq!(send(&client, "POST", SERVICES, service("c", "10.43.9.9")).await.0, 422, "an IPAddress is an allocation");
    maintained(&client, Duration::from_millis(130_000)).await;
    assert_eq!(get(&client, &format!("{ADDRESSES}/10.43.7.7")).await.1["spec"]["parentRef"]["name"], "a");
    assert_eq!(get(&client, &format!("{ADDRESSES}/10.43.9.9")).await.0, 404);
    assert_eq!(get(&client, &format!("{ADDRESSES}/10.43.9.8")).await.0, 200, "somebody else's stays");
    create(&client, SERVICES, service("c", "10.43.9.9")).await;
    let events = get(&client, "/api/v1/namespaces/default/events").await.1;
    let said: Vec<&str> = events["items"].as_array().unwrap().iter().filter_map(|event| event["message"].as_str()).collect();
    assert!(said.contains(&"Cluster IP [IPv4]: 10.43.7.7 is not allocated; repairing"), "{said:?}");
    assert!(said.contains(&"IPAddress: 10.43.9.9 for Service default/gone appears to have leaked: cleaning up"), "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn another_range_makes_the_cluster_larger_and_stays_while_it_is_used() {
    // SVA-3
    let client = fresh().await;
    let kubernetes = get(&client, &format!("{RANGES}/kubernetes")).await.1;
    assert_eq!(kubernetes["spec"], json!({"cidrs": ["10.43.0.0/16"]}));
    assert_eq!(kubernetes["status"]["conditions"][0]["status"], "True");
    assert_eq!(send(&client, "POST", SERVICES, service("a", "10.99.0.7")).await.0, 422);
    create(&client, RANGES, json!({"metadata": {"name": "more"}, "spec": {"cidrs": ["10.99.0.0/24"]}})).await;
    create(&client, SERVICES, service("a", "10.99.0.7")).await;
    maintained(&client, Duration::from_millis(1)).await;
    let path = format!("{RANGES}/more");
    assert_eq!(get(&client, &path).await.1["metadata"]["finalizers"], json!(["networking.k8s.io/service-cidr-finalizer"]));
    send(&client, "DELETE", &path, Value::Null).await;
    maintained(&client, Duration::from_millis(1)).await;
    assert_eq!(get(&client, &path).await.1["status"]["conditions"][0]["reason"], "Terminating");
    assert_eq!(send(&client, "POST", SERVICES, service("b", "10.99.0.8")).await.0, 422, "it is going");
    // What happens meanwhile is seen at once.
    let freed = async {
        send(&client, "DELETE", &format!("{SERVICES}/a"), Value::Null).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(get(&client, &path).await.0, 404);
    };
    tokio::join!(maintained(&client, Duration::from_millis(5)), freed);
}

#[tokio::test(start_paused = true)]
async fn a_range_of_each_family_gives_addresses_of_both() {
    // W20
    let client = Client::with_ranges("10.43.0.0/16,fd00:43::/112", 1).await.expect("the server starts");
    let dual = json!({"metadata": {"name": "d"}, "spec": {"ipFamilyPolicy": "PreferDualStack", "ports": [{"port": 80}]}});
    let made = create(&client, SERVICES, dual).await;
    assert_eq!(made["spec"]["ipFamilies"], json!(["IPv4", "IPv6"]));
    let six = made["spec"]["clusterIPs"][1].as_str().expect("an address").to_owned();
    assert_eq!(get(&client, &format!("{ADDRESSES}/{six}")).await.0, 200);
    assert_eq!(get(&client, &format!("{RANGES}/kubernetes")).await.1["spec"]["cidrs"], json!(["10.43.0.0/16", "fd00:43::/112"]));
    let mut down = made.clone();
    down["spec"]["ipFamilyPolicy"] = "SingleStack".into();
    assert_eq!(send(&client, "PUT", &format!("{SERVICES}/d"), down).await.0, 200);
    assert_eq!(get(&client, &format!("{ADDRESSES}/{six}")).await.0, 404);
}
