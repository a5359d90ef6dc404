//! From a Service and its endpoints to the elements of the table's sets. Pure: the same input gives the same elements.

use crate::endpoints::{Choice, Node, Slice, choose};
use crate::layout::{Entry, Name, Scope, Spread};
use crate::service::{Service, ServicePort, TrafficPolicy, protocol_name};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use stead_netfilter::{Datum, Element, Family};

/// An element, and which set of which family it is of.
pub type Placed = (Name, Family, Element);

/// What a Service makes of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    pub elements: Vec<Placed>,
    /// The chains that its elements lead to.
    pub spreads: BTreeSet<Spread>,
    /// Its addresses for UDP, and where what comes to them may go.
    pub udp: Vec<(SocketAddr, Vec<SocketAddr>)>,
    /// Endpoints on this node, of all its ports: by addresses.
    pub local_endpoints: usize,
}

/// The number of a Service's port in the table. Two that get the same one by chance are one in 2^64.
pub fn id(service: &str, port: &ServicePort) -> [Datum; 2] {
    let hash = Sha256::digest(format!("{service}/{}/{}", protocol_name(port.protocol), port.name));
    let number = |at: usize| Datum::Number(u32::from_ne_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]));
    [number(0), number(4)]
}

pub fn make(name: &str, service: &Service, slices: &[&Slice], node: &Node) -> Made {
    let mut made = Made::default();
    let mut local = BTreeSet::new();
    for family in Family::ALL.into_iter().filter(|family| service.cluster_ips.iter().any(|ip| Family::of(*ip) == *family)) {
        for port in &service.ports {
            let choice = choose(slices.iter().copied(), family, &port.name, port.protocol, node);
            local.extend(choice.local.iter().map(SocketAddr::ip));
            PortMaker { service, port, family, id: id(name, port), choice: &choice, made: &mut made }.make(node);
        }
    }
    made.local_endpoints = local.len();
    made
}

struct PortMaker<'a> {
    service: &'a Service,
    port: &'a ServicePort,
    family: Family,
    id: [Datum; 2],
    choice: &'a Choice,
    made: &'a mut Made,
}

impl PortMaker<'_> {
    fn make(&mut self, node: &Node) {
        let scope = |policy| if policy == TrafficPolicy::Local { Scope::Local } else { Scope::Cluster };
        let (internal, external) = (scope(self.service.internal), scope(self.service.external));
        let load_balancer = match self.service.source_ranges.is_empty() {
            true => Entry::External(external),
            false => Entry::Firewalled(external),
        };
        let is_external = !self.service.external_ips.is_empty() || !self.service.load_balancer_ips.is_empty() || self.port.node_port != 0;
        for ip in &self.service.cluster_ips {
            self.entry(*ip, self.port.port, Entry::ClusterIp(internal), internal);
            if self.is_here(*ip) {
                self.put(Name::ClusterIps, Element::new(&[Datum::from(*ip)]));
            }
        }
        for ip in &self.service.external_ips {
            self.entry(*ip, self.port.port, Entry::External(external), external);
        }
        for ip in &self.service.load_balancer_ips {
            self.entry(*ip, self.port.port, load_balancer, external);
        }
        if self.port.node_port != 0 {
            for ip in &node.addresses {
                self.entry(*ip, self.port.node_port, Entry::External(external), external);
            }
        }
        // Pods and the node itself reach all endpoints even by addresses whose traffic stays on the node (NFT-8).
        let uses = |scope| internal == scope || (is_external && (external == scope || scope == Scope::Cluster));
        for scope in [Scope::Cluster, Scope::Local].into_iter().filter(|scope| uses(*scope)) {
            self.group(scope);
        }
        for range in &self.service.source_ranges {
            let (first, last) = range.ends();
            if self.is_here(first) {
                let element = Element::new(&self.key([first.into()])).to(&self.key([last.into()]));
                self.put(Name::SourceRanges, element);
            }
        }
        for ip in self.choice.local.iter().map(SocketAddr::ip) {
            self.put(Name::Hairpins, Element::new(&[ip.into(), ip.into()]));
        }
    }

    fn is_here(&self, ip: IpAddr) -> bool {
        Family::of(ip) == self.family
    }

    fn put(&mut self, name: Name, element: Element) {
        self.made.elements.push((name, self.family, element));
    }

    /// The id with more behind it.
    fn key<const N: usize>(&self, more: [Datum; N]) -> Vec<Datum> {
        self.id.iter().cloned().chain(more).collect()
    }

    fn entry(&mut self, ip: IpAddr, port: u16, entry: Entry, scope: Scope) {
        if !self.is_here(ip) || port == 0 {
            return;
        }
        let key = [Datum::from(ip), Datum::Protocol(self.port.protocol), Datum::Port(port)];
        self.put(Name::Entries, Element::new(&key).value(&[entry.datum()]));
        self.put(Name::ServiceIds, Element::new(&key).value(&self.id.clone()));
        if self.port.protocol == 17 {
            // Whom pods and the node reach by it counts as well.
            let mut to = self.choice.cluster.clone();
            to.extend(self.choice.local.iter().filter(|_| scope == Scope::Local));
            self.made.udp.push((SocketAddr::new(ip, port), to));
        }
    }

    fn group(&mut self, scope: Scope) {
        let endpoints = match scope {
            Scope::Cluster => &self.choice.cluster,
            Scope::Local => &self.choice.local,
        };
        if endpoints.is_empty() {
            // Where others have some, what stays on this node goes nowhere; where nobody has, it is refused (SVC-6, SVC-7).
            if self.choice.has_any {
                let element = Element::new(&self.key([scope.datum()])).value(&[Datum::Number(0), Datum::Number(0)]);
                self.put(Name::Groups, element);
            }
            return;
        }
        let count = u32::try_from(endpoints.len()).unwrap_or(u32::MAX);
        let affinity_s = self.service.affinity_s.unwrap_or_default();
        let spread = Spread { family: self.family, is_local: scope == Scope::Local, count, affinity_s };
        let element = Element::new(&self.key([scope.datum()])).value(&[Datum::Number(count), Datum::Number(affinity_s)]);
        self.put(Name::Groups, element);
        self.made.spreads.insert(spread);
        for (number, endpoint) in (0..count).zip(endpoints.clone()) {
            let target = [endpoint.ip().into(), Datum::Port(endpoint.port())];
            let element = Element::new(&self.key([scope.datum(), Datum::Number(number)])).value(&target);
            self.put(Name::Endpoints, element);
            if affinity_s > 0 {
                let [ip, port] = target;
                let element = Element::new(&self.key([scope.datum(), ip, port]));
                self.put(Name::StickyEndpoints, element);
            }
        }
    }
}
