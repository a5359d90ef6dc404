//! From a Service and its endpoints to the elements of the table's sets. Pure: the same input gives the same elements.

use crate::endpoints::{Choice, Node, Slice, choose};
use crate::layout::{Entry, Goal, Name, Scope, Sticky, Way};
use crate::service::{Service, ServicePort, TrafficPolicy, protocol_name};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use stead_netfilter::{Datum, Decision, Element, Family};

/// An element, and which set of which family it is of.
pub type Placed = (Name, Family, Element);

/// What a Service makes of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    pub elements: Vec<Placed>,
    /// The chains that its elements lead to, each once.
    pub ways: Vec<Way>,
    /// Its addresses for UDP, and where what comes to them may go.
    pub udp: Vec<(SocketAddr, Vec<SocketAddr>)>,
    /// Endpoints on this node, of all its ports: addresses of the family that has more of them.
    pub local_endpoints: usize,
}

/// Tells the clients of a Service's port from those of others. Two that get the same one by chance are one in 2^64.
fn id(service: &str, port: &ServicePort) -> [u32; 2] {
    let hash = Sha256::digest(format!("{service}/{}/{}", protocol_name(port.protocol), port.name));
    let number = |at: usize| u32::from_be_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]);
    [number(0), number(4)]
}

pub fn make(name: &str, service: &Service, slices: &[&Slice], node: &Node) -> Made {
    let mut made = Made::default();
    for family in Family::ALL.into_iter().filter(|family| service.cluster_ips.iter().any(|ip| Family::of(*ip) == *family)) {
        let mut local = BTreeSet::new();
        for port in &service.ports {
            let choice = choose(slices.iter().copied(), family, &port.name, port.protocol, node);
            local.extend(choice.local.iter().map(SocketAddr::ip));
            PortMaker { service, port, family, id: id(name, port), choice: &choice, made: &mut made }.make(node);
        }
        made.local_endpoints = made.local_endpoints.max(local.len());
    }
    made.ways.sort_unstable();
    made.ways.dedup();
    // Kept as long as the Service.
    made.elements.shrink_to_fit();
    made.ways.shrink_to_fit();
    made
}

struct PortMaker<'a> {
    service: &'a Service,
    port: &'a ServicePort,
    family: Family,
    id: [u32; 2],
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
        for ip in &self.service.cluster_ips {
            self.entry(*ip, self.port.port, Entry::ClusterIp(internal));
            if self.is_here(*ip) {
                self.put(Name::ClusterIps, Element::new(&[Datum::from(*ip)]));
            }
        }
        let has_sources = |ip: &IpAddr| matches!(load_balancer, Entry::Firewalled(_)) && self.service.load_balancer_ips.contains(ip);
        for ip in self.service.external_ips.iter().filter(|ip| !has_sources(ip)) {
            self.entry(*ip, self.port.port, Entry::External(external));
        }
        for ip in &self.service.load_balancer_ips {
            self.entry(*ip, self.port.port, load_balancer);
        }
        if self.port.node_port != 0 {
            for ip in &node.addresses {
                self.entry(*ip, self.port.node_port, Entry::External(external));
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

    fn entry(&mut self, ip: IpAddr, port: u16, entry: Entry) {
        if !self.is_here(ip) || port == 0 {
            return;
        }
        let (Entry::ClusterIp(scope) | Entry::External(scope) | Entry::Firewalled(scope)) = entry;
        let is_local = scope == Scope::Local;
        let key = [Datum::from(ip), Datum::Protocol(self.port.protocol), Datum::Port(port)];
        let goal = |endpoints: &[SocketAddr]| self.goal(endpoints);
        let sources = match entry {
            Entry::Firewalled(_) => self.service.source_ranges.iter().filter(|range| self.is_here(range.address)).copied().collect(),
            Entry::ClusterIp(_) | Entry::External(_) => Vec::new(),
        };
        let cluster = if is_local && matches!(entry, Entry::ClusterIp(_)) { Goal::Refused } else { goal(&self.choice.cluster) };
        let way = Way { family: self.family, entry, cluster, sources, local: is_local.then(|| goal(&self.choice.local)) };
        self.put(Name::ServiceIps, Element::new(&key).verdict(Decision::Goto(way.name())));
        if matches!(way.cluster, Goal::Spread(_)) {
            self.endpoints(Name::Endpoints, &key, &self.choice.cluster);
        }
        if matches!(way.local, Some(Goal::Spread(_))) {
            self.endpoints(Name::LocalEndpoints, &key, &self.choice.local);
        }
        self.made.ways.extend(way.without_sources());
        self.made.ways.push(way);
        if self.port.protocol == 17 {
            // Whom pods and the node reach by it counts as well.
            let mut to = self.choice.cluster.clone();
            to.extend(self.choice.local.iter().filter(|_| is_local));
            self.made.udp.push((SocketAddr::new(ip, port), to));
        }
    }

    fn goal(&self, endpoints: &[SocketAddr]) -> Goal {
        match (endpoints.len(), self.service.affinity_s) {
            (0, _) if self.choice.has_any => Goal::Lost,
            (0, _) => Goal::Refused,
            (count, None) => Goal::Spread(u32::try_from(count).unwrap_or(u32::MAX)),
            (_, Some(affinity_s)) => Goal::Sticky(Sticky { id: self.id, affinity_s, endpoints: endpoints.to_vec() }),
        }
    }

    fn endpoints(&mut self, name: Name, key: &[Datum; 3], endpoints: &[SocketAddr]) {
        for (number, endpoint) in (0..).zip(endpoints) {
            let key: Vec<Datum> = key.iter().cloned().chain([Datum::Number(number)]).collect();
            self.put(name, Element::new(&key).value(&[endpoint.ip().into(), Datum::Port(endpoint.port())]));
        }
    }
}
