//! How the cluster shows its name server: the Service `kube-dns` in `kube-system`, as everywhere, and a slice that says where this node's
//! server listens. Both are made again when somebody deletes them.

use std::net::IpAddr;
use std::time::Duration;
use stead_api::{Value, json};
use stead_client::resource::{ENDPOINT_SLICES, SERVICES};
use stead_client::{Call, Client, Failure, Key, Patch};

const NAMESPACE: &str = "kube-system";
const NAME: &str = "kube-dns";
const PORT: u16 = 53;
/// How often they are looked after.
const LOOKED_AFTER_EVERY: Duration = Duration::from_secs(10);

/// What is to be shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The Service's addresses, the primary one first.
    pub cluster: Vec<IpAddr>,
    pub node: String,
    /// Where this node's server listens on port 53.
    pub listener: IpAddr,
}

/// Looks after them for as long as it is polled.
pub async fn publish(client: &Client, shown: &Shown) {
    let mut last = String::new();
    loop {
        let error = match ensure(client, shown).await {
            Ok(()) => String::new(),
            Err(failure) => failure.to_string(),
        };
        if !error.is_empty() && error != last {
            tracing::warn!(error, "the Service kube-dns is not as it should be: pods may not reach the name server");
        }
        last = error;
        tokio::time::sleep(LOOKED_AFTER_EVERY).await;
    }
}

async fn ensure(client: &Client, shown: &Shown) -> Result<(), Failure> {
    if client.find(SERVICES, &Key::new(NAMESPACE, NAME)).await?.is_none() {
        client.create(SERVICES, NAMESPACE, service(&shown.cluster)).await?;
    }
    let slice = slice(shown);
    let name = slice["metadata"]["name"].as_str().unwrap_or_default();
    match client.find(ENDPOINT_SLICES, &Key::new(NAMESPACE, name)).await? {
        None => client.create(ENDPOINT_SLICES, NAMESPACE, slice).await.map(drop),
        Some(there) if there["endpoints"] == slice["endpoints"] => Ok(()),
        // The address of the node may be another one after its range was.
        Some(_) => {
            let patch = Patch::Merge(json!({"endpoints": slice["endpoints"]}));
            let call = Call::Patch { resource: ENDPOINT_SLICES, key: Key::new(NAMESPACE, name), subresource: "", patch };
            client.call(&call).await.map(drop)
        }
    }
}

fn service(addresses: &[IpAddr]) -> Value {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let port = |name: &str, protocol: &str| json!({"name": name, "port": PORT, "protocol": protocol, "targetPort": PORT});
    let families: Vec<&str> = addresses.iter().map(|address| if address.is_ipv4() { "IPv4" } else { "IPv6" }).collect();
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": NAME, "namespace": NAMESPACE,
            "labels": {"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"},
        },
        "spec": {
            "type": "ClusterIP", "clusterIP": texts.first(), "clusterIPs": texts, "ipFamilies": families,
            "ipFamilyPolicy": if texts.len() > 1 { "RequireDualStack" } else { "SingleStack" },
            "ports": [port("dns", "UDP"), port("dns-tcp", "TCP")],
        },
    })
}

fn slice(shown: &Shown) -> Value {
    let port = |name: &str, protocol: &str| json!({"name": name, "port": PORT, "protocol": protocol});
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {
            "name": format!("{NAME}-{}", shown.node), "namespace": NAMESPACE,
            "labels": {"kubernetes.io/service-name": NAME, "endpointslice.kubernetes.io/managed-by": "stead"},
        },
        "addressType": if shown.listener.is_ipv4() { "IPv4" } else { "IPv6" },
        "endpoints": [{"addresses": [shown.listener.to_string()], "conditions": {"ready": true}, "nodeName": shown.node}],
        "ports": [port("dns", "UDP"), port("dns-tcp", "TCP")],
    })
}
