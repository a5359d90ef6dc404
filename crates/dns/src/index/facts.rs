//! What DNS needs of a Service and of an EndpointSlice, read from the API's objects. Pure.

use crate::name;
use hickory_proto::rr::Name;
use std::net::IpAddr;
use stead_api::Value;
use stead_api::value::Access;

/// The label by which a slice says whose it is (DNSG-18).
const SERVICE_LABEL: &str = "kubernetes.io/service-name";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub kind: ServiceKind,
    pub ports: Vec<Port>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceKind {
    Cluster(Vec<IpAddr>),
    /// Its endpoints are its addresses.
    Headless,
    External(Name),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Empty: unnamed.
    pub name: String,
    /// In lower case.
    pub protocol: String,
    pub number: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    pub service: String,
    /// Only ready ones.
    pub endpoints: Vec<Endpoint>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its host name, or its address in dashes (DNSG-13).
    pub host: String,
    pub address: EndpointAddress,
    pub ports: Vec<Port>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointAddress {
    Ip(IpAddr),
    Name(Name),
}

impl EndpointAddress {
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some(*ip),
            Self::Name(_) => None,
        }
    }
}

impl Service {
    /// `None`: it has no name, because it has no address yet or its external name is one (DNSG-22).
    pub fn parse(object: &Value) -> Option<Self> {
        let spec = &object["spec"];
        let kind = match (spec.str("type"), spec.str("clusterIP")) {
            ("ExternalName", _) => ServiceKind::External(external(spec.str("externalName"))?),
            (_, "None") => ServiceKind::Headless,
            (_, "") => return None,
            (_, first) => {
                let all = spec.items("clusterIPs").iter().filter_map(Value::as_str);
                let mut addresses: Vec<IpAddr> = all.filter_map(|text| text.parse().ok()).collect();
                if addresses.is_empty() {
                    addresses.extend(first.parse::<IpAddr>().ok());
                }
                ServiceKind::Cluster(addresses)
            }
        };
        Some(Self { kind, ports: ports(spec.items("ports")) })
    }

    /// Its cluster addresses.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let addresses = match &self.kind {
            ServiceKind::Cluster(addresses) => addresses.as_slice(),
            ServiceKind::Headless | ServiceKind::External(_) => &[],
        };
        addresses.iter().copied()
    }
}

fn external(text: &str) -> Option<Name> {
    let name = name::parse(text).filter(|name| !name.is_root());
    if text.parse::<IpAddr>().is_ok() { None } else { name.map(|name| name.to_lowercase()) }
}

/// A port without a number stands for every port, and has no record.
fn ports(items: &[Value]) -> Vec<Port> {
    let port = |item: &Value| {
        Some(Port {
            name: item.str("name").to_owned(),
            protocol: if item.has("protocol") { item.str("protocol").to_ascii_lowercase() } else { "tcp".to_owned() },
            number: u16::try_from(item.int("port")?).ok()?,
        })
    };
    items.iter().filter_map(port).collect()
}

impl Slice {
    /// `None`: nobody's.
    pub fn parse(object: &Value) -> Option<Self> {
        let service = object["metadata"]["labels"].str(SERVICE_LABEL);
        let ports = ports(object.items("ports"));
        let is_named = object.str("addressType") == "FQDN";
        let ready = |endpoint: &&Value| endpoint["conditions"].get("ready").and_then(Value::as_bool).unwrap_or(true);
        let endpoints = object.items("endpoints").iter().filter(ready).flat_map(|endpoint| {
            let hostname = endpoint.str("hostname");
            let ports = &ports;
            endpoint.items("addresses").iter().filter_map(Value::as_str).filter_map(move |text| {
                let address = match is_named {
                    true => EndpointAddress::Name(external(text)?),
                    false => EndpointAddress::Ip(text.parse().ok()?),
                };
                let host = if hostname.is_empty() { text.replace(['.', ':'], "-") } else { hostname.to_owned() };
                Some(Endpoint { host: host.to_ascii_lowercase(), address, ports: ports.clone() })
            })
        });
        (!service.is_empty()).then(|| Self { service: service.to_owned(), endpoints: endpoints.collect() })
    }
}
