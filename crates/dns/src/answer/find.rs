//! What a name of the zone stands for. Pure.

use super::pod;
use crate::index::{Endpoint, Index, Port, ServiceKind};
use hickory_proto::rr::Name;
use std::net::IpAddr;

/// The Service that shows this server.
const NAME_SERVICE: (&str, &str) = ("kube-system", "kube-dns");

#[derive(Debug)]
pub enum Found<'a> {
    Nothing,
    /// A name that is there and has no records of its own.
    Empty,
    Apex,
    Version,
    NameServer(Vec<IpAddr>),
    Pod(IpAddr),
    /// A Service with addresses of its own, and those of its ports that were meant.
    Cluster {
        service: ServiceLabels<'a>,
        addresses: &'a [IpAddr],
        ports: Vec<&'a Port>,
    },
    External(&'a Name),
    /// Endpoints, one at least, and of each the ports that were meant.
    Endpoints {
        service: ServiceLabels<'a>,
        endpoints: Vec<(&'a Endpoint, Vec<&'a Port>)>,
    },
}

#[derive(Debug, Clone, Copy)]
pub struct ServiceLabels<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
}

/// Which ports are meant; an empty part means any.
#[derive(Debug, Clone, Copy)]
struct PortLabels<'a> {
    name: &'a str,
    protocol: &'a str,
}

impl PortLabels<'_> {
    fn accepts(&self, port: &Port) -> bool {
        (self.name.is_empty() || self.name == port.name) && (self.protocol.is_empty() || self.protocol == port.protocol)
    }

    fn choose<'p>(&self, ports: &'p [Port]) -> Vec<&'p Port> {
        ports.iter().filter(|port| self.accepts(port)).collect()
    }
}

/// What is below a Service in a name.
#[derive(Debug, Clone, Copy)]
enum Below<'a> {
    Itself,
    Host(&'a str),
    Port(PortLabels<'a>),
}

/// `labels` are in lower case, the one nearest the zone first.
pub fn find<'a>(index: &'a Index, labels: &[&'a str]) -> Found<'a> {
    match labels {
        [] => Found::Apex,
        ["dns-version"] => Found::Version,
        ["dns", "ns"] => Found::NameServer(name_server(index)),
        ["svc" | "pod"] => Found::Empty,
        ["svc" | "pod", namespace] if index.has_namespace(namespace) => Found::Empty,
        ["svc", namespace, name] => service(index, ServiceLabels { namespace, name }, Below::Itself),
        ["svc", namespace, name, host] => service(index, ServiceLabels { namespace, name }, Below::Host(host)),
        ["svc", namespace, name, protocol, port] => {
            let bare = |label: &'a str| label.strip_prefix('_').unwrap_or(label);
            let port = PortLabels { name: bare(port), protocol: bare(protocol) };
            service(index, ServiceLabels { namespace, name }, Below::Port(port))
        }
        ["pod", namespace, host] if index.has_namespace(namespace) => pod::address(host).map_or(Found::Nothing, Found::Pod),
        _ => Found::Nothing,
    }
}

/// The addresses at which this server is reached.
pub fn name_server(index: &Index) -> Vec<IpAddr> {
    let service = index.entry(NAME_SERVICE.0, NAME_SERVICE.1).and_then(|entry| entry.service.as_ref());
    service.into_iter().flat_map(|service| service.addresses()).collect()
}

fn service<'a>(index: &'a Index, labels: ServiceLabels<'a>, below: Below<'a>) -> Found<'a> {
    let Some(entry) = index.entry(labels.namespace, labels.name) else { return Found::Nothing };
    let Some(service) = &entry.service else { return Found::Nothing };
    let any = PortLabels { name: "", protocol: "" };
    let all = |endpoint: &'a Endpoint| (endpoint, endpoint.ports.iter().collect());
    let endpoints: Vec<(&Endpoint, Vec<&Port>)> = match (&service.kind, below) {
        (ServiceKind::External(target), Below::Itself) => return Found::External(target),
        (ServiceKind::External(_), Below::Host(_) | Below::Port(_)) => return Found::Nothing,
        (ServiceKind::Cluster(addresses), Below::Itself) => {
            return Found::Cluster { service: labels, addresses, ports: any.choose(&service.ports) };
        }
        (ServiceKind::Cluster(addresses), Below::Port(port)) => {
            let ports = port.choose(&service.ports);
            return if ports.is_empty() { Found::Nothing } else { Found::Cluster { service: labels, addresses, ports } };
        }
        (ServiceKind::Cluster(_) | ServiceKind::Headless, Below::Host(host)) => entry.host(host).map(all).collect(),
        (ServiceKind::Headless, Below::Itself) => entry.endpoints.iter().map(all).collect(),
        (ServiceKind::Headless, Below::Port(port)) => {
            let chosen = entry.endpoints.iter().map(|endpoint| (endpoint, port.choose(&endpoint.ports)));
            chosen.filter(|(_, ports)| !ports.is_empty()).collect()
        }
    };
    if endpoints.is_empty() { Found::Nothing } else { Found::Endpoints { service: labels, endpoints } }
}
