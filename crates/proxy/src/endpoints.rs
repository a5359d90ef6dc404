//! EndpointSlices: what of them decides where traffic goes, and which endpoints a port of a Service has (SVC-6). Pure.

use crate::service::{ServiceName, port, protocol};
use std::net::{IpAddr, SocketAddr};
use stead_api::Value;
use stead_api::value::Access;
use stead_netfilter::Family;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    pub service: ServiceName,
    pub family: Family,
    pub ports: Vec<SlicePort>,
    pub endpoints: Vec<Endpoint>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlicePort {
    pub name: String,
    pub protocol: u8,
    pub port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub address: IpAddr,
    pub is_ready: bool,
    pub is_serving: bool,
    pub is_terminating: bool,
    /// Empty: not known.
    pub node: String,
    pub zone_hints: Vec<String>,
    pub node_hints: Vec<String>,
}

/// What is known of this node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    pub name: String,
    /// Its addresses, by which its ports are reached.
    pub addresses: Vec<IpAddr>,
    /// Empty: none.
    pub zone: String,
}

/// Where traffic of one port of a Service goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// In order, each once.
    pub cluster: Vec<SocketAddr>,
    /// Of this node.
    pub local: Vec<SocketAddr>,
    /// Whether there is any endpoint at all, on whatever node.
    pub has_any: bool,
}

/// The label that names a slice's Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// `None` for one of no Service, or of no addresses.
pub fn read(object: &Value) -> Option<Slice> {
    let metadata = &object["metadata"];
    let family = match object.str("addressType") {
        "IPv4" => Family::Ipv4,
        "IPv6" => Family::Ipv6,
        _ => return None,
    };
    let service = metadata["labels"].str(SERVICE_NAME);
    (!service.is_empty()).then(|| Slice {
        service: format!("{}/{service}", metadata.str("namespace")).into(),
        family,
        ports: object.items("ports").iter().filter_map(slice_port).collect(),
        endpoints: object.items("endpoints").iter().filter_map(|endpoint| self::endpoint(endpoint, family)).collect(),
    })
}

fn slice_port(value: &Value) -> Option<SlicePort> {
    // Without a number it stands for all ports, of which there is nothing to say.
    let number = port(value, "port");
    (number != 0).then_some(SlicePort { name: value.str("name").to_owned(), protocol: protocol(value.str("protocol"))?, port: number })
}

fn endpoint(value: &Value, family: Family) -> Option<Endpoint> {
    // All addresses of an endpoint are the same one; the first counts.
    let address: IpAddr = value.items("addresses").first()?.as_str()?.parse().ok()?;
    let condition = |name: &str| value["conditions"].get(name).and_then(Value::as_bool);
    let names = |field: &str| value["hints"].items(field).iter().map(|hint| hint.str("name").to_owned()).collect();
    let is_ready = condition("ready").unwrap_or(true);
    (Family::of(address) == family).then(|| Endpoint {
        address,
        is_ready,
        is_serving: condition("serving").unwrap_or(is_ready),
        is_terminating: condition("terminating").unwrap_or(false),
        node: value.str("nodeName").to_owned(),
        zone_hints: names("forZones"),
        node_hints: names("forNodes"),
    })
}

impl Endpoint {
    fn is_last_resort(&self) -> bool {
        self.is_serving && self.is_terminating
    }
}

/// The endpoints of a port, by its name and protocol, in one address family.
pub fn choose<'a>(slices: impl Iterator<Item = &'a Slice>, family: Family, name: &str, protocol: u8, node: &Node) -> Choice {
    let mut all: Vec<(&Endpoint, u16)> = Vec::new();
    for slice in slices.filter(|slice| slice.family == family) {
        let ports = slice.ports.iter().filter(|port| port.name == name && port.protocol == protocol);
        all.extend(ports.flat_map(|port| slice.endpoints.iter().map(|endpoint| (endpoint, port.port))));
    }
    let ready = |(endpoint, _): &&(&Endpoint, u16)| endpoint.is_ready;
    let last_resort = |(endpoint, _): &&(&Endpoint, u16)| endpoint.is_last_resort();
    let is_local = |(endpoint, _): &&(&Endpoint, u16)| endpoint.node == node.name && !node.name.is_empty();
    let either = |some: Vec<SocketAddr>, other: Vec<SocketAddr>| if some.is_empty() { other } else { some };
    Choice {
        cluster: either(near(all.iter().filter(ready), node), sockets(all.iter().filter(last_resort))),
        local: either(sockets(all.iter().filter(ready).filter(is_local)), sockets(all.iter().filter(last_resort).filter(is_local))),
        has_any: all.iter().any(|(endpoint, _)| endpoint.is_ready || endpoint.is_last_resort()),
    }
}

fn sockets<'a>(endpoints: impl Iterator<Item = &'a (&'a Endpoint, u16)>) -> Vec<SocketAddr> {
    let mut sockets: Vec<SocketAddr> = endpoints.map(|(endpoint, port)| SocketAddr::new(endpoint.address, *port)).collect();
    sockets.sort_unstable();
    sockets.dedup();
    sockets
}

/// Those that hints say are for this node, or its zone, if all have hints and some are.
fn near<'a>(endpoints: impl Iterator<Item = &'a (&'a Endpoint, u16)> + Clone, node: &Node) -> Vec<SocketAddr> {
    let by = |hints: fn(&Endpoint) -> &[String], here: &str| {
        let all_have = endpoints.clone().all(|(endpoint, _)| !hints(endpoint).is_empty());
        let near = endpoints.clone().filter(|(endpoint, _)| hints(endpoint).iter().any(|hint| hint == here));
        if all_have && !here.is_empty() { sockets(near) } else { Vec::new() }
    };
    let of_node = by(|endpoint| &endpoint.node_hints, &node.name);
    if !of_node.is_empty() {
        return of_node;
    }
    let of_zone = by(|endpoint| &endpoint.zone_hints, &node.zone);
    if of_zone.is_empty() { sockets(endpoints) } else { of_zone }
}

/// What a Node object says.
pub fn node(object: &Value) -> Node {
    let metadata = &object["metadata"];
    let addresses = object["status"].items("addresses").iter().filter(|address| matches!(address.str("type"), "InternalIP" | "ExternalIP"));
    Node {
        name: metadata.str("name").to_owned(),
        addresses: addresses.filter_map(|address| address.str("address").parse().ok()).filter(|ip: &IpAddr| !ip.is_loopback()).collect(),
        zone: metadata["labels"].str("topology.kubernetes.io/zone").to_owned(),
    }
}
