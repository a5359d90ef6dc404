//! Objects and settings for tests.

use serde_json::{Value, json};
use stead_proxy::{AddressRange, Settings, State};

pub fn settings(tag: &str) -> Settings {
    Settings {
        table: format!("stead-{tag}"),
        links: format!("st{tag}"),
        all_links: "st".to_owned(),
        pod_ranges: ["10.42.0.0/16", "fd00:42::/56"].iter().map(|range| AddressRange::parse(range).unwrap()).collect(),
    }
}

pub fn state(tag: &str, node_addresses: &[&str]) -> State {
    let mut state = State::new(settings(tag));
    let addresses: Vec<Value> = node_addresses.iter().map(|address| json!({"type": "InternalIP", "address": address})).collect();
    state.set_node(&json!({
        "metadata": {"name": "here", "labels": {"topology.kubernetes.io/zone": "a"}},
        "status": {"addresses": addresses},
    }));
    state
}

/// A Service of namespace `default`; its ports are named by their protocol and number: `TCP/80`.
pub fn service(name: &str, cluster_ips: &[&str], ports: &[&str], more: Value) -> Value {
    let ports: Vec<Value> = ports
        .iter()
        .map(|port| {
            let mut parts = port.split('/');
            let (protocol, number) = (parts.next().unwrap(), parts.next().unwrap().parse::<u16>().unwrap());
            let node_port = parts.next().map_or(0, |port| port.parse::<u16>().unwrap());
            json!({"name": format!("p{number}"), "protocol": protocol, "port": number, "nodePort": node_port})
        })
        .collect();
    let mut object = json!({
        "metadata": {"namespace": "default", "name": name},
        "spec": {"clusterIP": cluster_ips[0], "clusterIPs": cluster_ips, "ports": ports, "type": "ClusterIP"},
    });
    for (field, value) in more.as_object().unwrap() {
        match field.as_str() {
            "ingress" => object["status"] = json!({"loadBalancer": {"ingress": value}}),
            field => object["spec"][field] = value.clone(),
        }
    }
    object
}

/// A slice of a Service. Endpoints are an address, where they are, and what they are: `10.42.0.5 here ready`.
pub fn slice(service: &str, ports: &[(&str, &str, u16)], endpoints: &[&str]) -> Value {
    let ports: Vec<Value> =
        ports.iter().map(|(name, protocol, number)| json!({"name": name, "protocol": protocol, "port": number})).collect();
    let ipv6 = endpoints.first().is_some_and(|endpoint| endpoint.split(' ').next().unwrap().contains(':'));
    let endpoints: Vec<Value> = endpoints
        .iter()
        .map(|endpoint| {
            let mut words = endpoint.split(' ');
            let (address, node) = (words.next().unwrap(), words.next().unwrap());
            let words: Vec<&str> = words.collect();
            let mut endpoint = json!({
                "addresses": [address],
                "nodeName": node,
                "conditions": {"ready": words.contains(&"ready"), "serving": words.contains(&"ready") || words.contains(&"serving"), "terminating": words.contains(&"terminating")},
            });
            if let Some(zone) = words.iter().find_map(|word| word.strip_prefix("zone=")) {
                endpoint["hints"] = json!({"forZones": [{"name": zone}]});
            }
            endpoint
        })
        .collect();
    json!({
        "metadata": {
            "namespace": "default",
            "name": format!("{service}-{}", if ipv6 { "v6" } else { "v4" }),
            "labels": {"kubernetes.io/service-name": service},
        },
        "addressType": if ipv6 { "IPv6" } else { "IPv4" },
        "ports": ports,
        "endpoints": endpoints,
    })
}
