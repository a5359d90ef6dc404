//! What a question is answered with (DNS-1 to DNS-13, DNSG-1 to DNSG-29). Pure: the index and a question in, records out, or who else is
//! to be asked.

mod alias;
mod find;
mod pod;
mod reverse;
#[cfg(test)]
mod tests;

use crate::index::{Endpoint, EndpointAddress, Index, Port};
use crate::name::Zone;
use find::{Found, ServiceLabels, find, name_server};
use hickory_proto::op::{Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, NS, PTR, SOA, SRV, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use reverse::Reverse;
use std::net::IpAddr;

/// DNS-1, DNSG-4.
const SCHEMA_VERSION: &str = "1.1.0";
const SCHEMA_VERSION_TTL_S: u32 = 28_800;
/// SRV records share this between them (DNSG-5).
const WEIGHT_ALL: usize = 100;
/// Of the SOA (DNSG-3): refresh, retry, expire.
const SOA_TIMES_S: (i32, i32, i32) = (7200, 1800, 86_400);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Answer(Answer),
    Elsewhere(Elsewhere),
}

/// What only somebody else knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elsewhere {
    /// The whole question.
    Question,
    /// The addresses that aliases lead to.
    Aliases(Vec<Alias>),
}

/// Aliases one after another, and the name outside the zone that the last one leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    pub records: Vec<Record>,
    /// `None`: the records say all.
    pub target: Option<Name>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub code: ResponseCode,
    pub authoritative: bool,
    pub recursion_available: bool,
    pub truncated: bool,
    pub authentic: bool,
    pub answers: Vec<Record>,
    pub authorities: Vec<Record>,
    pub additionals: Vec<Record>,
}

impl Answer {
    /// Nothing but a code.
    pub fn bare(code: ResponseCode) -> Self {
        Self {
            code,
            authoritative: false,
            recursion_available: false,
            truncated: false,
            authentic: false,
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
        }
    }

    /// Records that are ours.
    pub fn ours(answers: Vec<Record>) -> Self {
        Self { authoritative: true, answers, ..Self::bare(ResponseCode::NoError) }
    }
}

/// Answers; `rotation` says which of several addresses comes first.
pub fn answer(index: &Index, zone: &Zone, query: &Query, rotation: usize) -> Outcome {
    let known_class = matches!(query.query_class(), DNSClass::IN | DNSClass::ANY);
    if !known_class || matches!(query.query_type(), RecordType::AXFR | RecordType::IXFR) {
        return Outcome::Answer(Answer::bare(ResponseCode::Refused));
    }
    let asked = Asked { index, zone, name: query.name(), kind: query.query_type(), rotation };
    if let Some(below) = zone.below(query.name()) {
        return asked.of_zone(find(index, &below.to_vec()));
    }
    match Reverse::parse(query.name()) {
        Some(reverse) => asked.of_reverse(reverse),
        None => Outcome::Elsewhere(Elsewhere::Question),
    }
}

/// The question at hand.
struct Asked<'a> {
    index: &'a Index,
    zone: &'a Zone,
    name: &'a Name,
    kind: RecordType,
    rotation: usize,
}

/// Answers and additionals.
type Records = (Vec<Record>, Vec<Record>);

impl Asked<'_> {
    fn of_zone(&self, found: Found<'_>) -> Outcome {
        let apex = self.name.trim_to(self.zone.domain().iter().count());
        let (answers, additionals) = match &found {
            Found::Nothing => return Outcome::Answer(self.negative(ResponseCode::NXDomain, &apex)),
            Found::Empty => Records::default(),
            Found::Apex => self.of_apex(&apex),
            Found::Version if self.kind == RecordType::TXT => {
                let text = RData::TXT(TXT::new(vec![SCHEMA_VERSION.to_owned()]));
                (vec![Record::from_rdata(self.name.clone(), SCHEMA_VERSION_TTL_S, text)], Vec::new())
            }
            Found::Cluster { service, addresses, ports } if self.kind == RecordType::SRV => {
                self.services(self.zone.name(&[service.name, service.namespace, "svc"]), ports, addresses)
            }
            Found::Endpoints { service, endpoints } if self.kind == RecordType::SRV => self.endpoint_services(*service, endpoints),
            Found::External(target) => return self.aliased(&[target], &apex),
            Found::Endpoints { endpoints, .. } if found.addresses().is_empty() => {
                return self.aliased(&endpoints.iter().filter_map(|(endpoint, _)| endpoint.address.name()).collect::<Vec<_>>(), &apex);
            }
            Found::Version | Found::NameServer(_) | Found::Pod(_) | Found::Cluster { .. } | Found::Endpoints { .. } => {
                (self.addresses(self.name, &found.addresses()), Vec::new())
            }
        };
        Outcome::Answer(self.full_or_empty(answers, additionals, &apex))
    }

    fn of_reverse(&self, reverse: Reverse) -> Outcome {
        let apex = self.name.trim_to(reverse::APEX_LABELS);
        let names: Vec<Name> = match reverse {
            Reverse::Apex => {
                let (answers, additionals) = self.of_apex(&apex);
                return Outcome::Answer(self.full_or_empty(answers, additionals, &apex));
            }
            Reverse::Address(address) => self.names_of(address),
        };
        if names.is_empty() {
            return Outcome::Elsewhere(Elsewhere::Question);
        }
        let record = |name: Name| Record::from_rdata(self.name.clone(), self.zone.ttl_s, RData::PTR(PTR(name)));
        let answers = if self.kind == RecordType::PTR { names.into_iter().map(record).collect() } else { Vec::new() };
        Outcome::Answer(self.full_or_empty(answers, Vec::new(), &apex))
    }

    /// The Service at that address, else the endpoints there (DNSG-15).
    fn names_of(&self, address: IpAddr) -> Vec<Name> {
        let services = self.index.services_at(address);
        let names: Vec<Name> = services.filter_map(|service| self.zone.name(&[&service.name, &service.namespace, "svc"])).collect();
        if !names.is_empty() {
            return names;
        }
        let endpoints = self.index.endpoints_at(address);
        let name = |host: &str, service: &crate::index::ServiceName| self.zone.name(&[host, &service.name, &service.namespace, "svc"]);
        endpoints.filter_map(|endpoint| name(&endpoint.host, &endpoint.service)).collect()
    }

    fn of_apex(&self, apex: &Name) -> Records {
        match self.kind {
            RecordType::SOA => (vec![self.soa(apex)], Vec::new()),
            RecordType::NS => {
                let Some(server) = below(&["ns", "dns"], apex) else { return Records::default() };
                let record = Record::from_rdata(self.name.clone(), self.zone.ttl_s, RData::NS(NS(server.clone())));
                let of_zone = self.zone.domain().zone_of(apex);
                let addresses = if of_zone { name_server(self.index) } else { Vec::new() };
                (vec![record], addresses.iter().map(|address| self.address(&server, *address)).collect())
            }
            _ => Records::default(),
        }
    }

    /// SRV records of one target.
    fn services(&self, target: Option<Name>, ports: &[&Port], addresses: &[IpAddr]) -> Records {
        let Some(target) = target else { return Records::default() };
        let numbers = distinct(ports.iter().map(|port| port.number));
        let answers = numbers.iter().map(|number| self.service(numbers.len(), *number, target.clone())).collect();
        (answers, addresses.iter().map(|address| self.address(&target, *address)).collect())
    }

    /// SRV records of endpoints, whose ports are their own (DNSG-10).
    fn endpoint_services(&self, service: ServiceLabels<'_>, endpoints: &[(&Endpoint, Vec<&Port>)]) -> Records {
        let mut targets: Vec<(&str, Vec<u16>, Vec<IpAddr>)> = Vec::new();
        for (endpoint, ports) in endpoints {
            let Some(ip) = endpoint.address.ip().filter(|_| !ports.is_empty()) else { continue };
            let numbers = ports.iter().map(|port| port.number);
            // Endpoints of one host name follow one another in the index.
            match targets.last_mut().filter(|(host, ..)| *host == endpoint.host) {
                Some((_, known, addresses)) => {
                    *known = distinct(known.iter().copied().chain(numbers));
                    addresses.push(ip);
                }
                None => targets.push((&endpoint.host, distinct(numbers), vec![ip])),
            }
        }
        let count = targets.iter().map(|(_, numbers, _)| numbers.len()).sum();
        let mut records = Records::default();
        for (host, numbers, addresses) in &targets {
            let Some(target) = self.zone.name(&[host, service.name, service.namespace, "svc"]) else { continue };
            records.0.extend(numbers.iter().map(|number| self.service(count, *number, target.clone())));
            records.1.extend(addresses.iter().map(|address| self.address(&target, *address)));
        }
        self.rotate(&mut records.0);
        records
    }

    fn service(&self, count: usize, port: u16, target: Name) -> Record {
        let weight = u16::try_from(WEIGHT_ALL / count.max(1)).unwrap_or(u16::MAX).max(1);
        Record::from_rdata(self.name.clone(), self.zone.ttl_s, RData::SRV(SRV::new(0, weight, port, target)))
    }

    /// A or AAAA records, whichever is asked for.
    fn addresses(&self, name: &Name, addresses: &[IpAddr]) -> Vec<Record> {
        let wanted = |address: &&IpAddr| match self.kind {
            RecordType::A => address.is_ipv4(),
            RecordType::AAAA => address.is_ipv6(),
            _ => false,
        };
        let mut records: Vec<Record> = addresses.iter().filter(wanted).map(|address| self.address(name, *address)).collect();
        self.rotate(&mut records);
        records
    }

    fn address(&self, name: &Name, address: IpAddr) -> Record {
        let data = match address {
            IpAddr::V4(address) => RData::A(A(address)),
            IpAddr::V6(address) => RData::AAAA(AAAA(address)),
        };
        Record::from_rdata(name.clone(), self.zone.ttl_s, data)
    }

    fn rotate(&self, records: &mut [Record]) {
        if !records.is_empty() {
            records.rotate_left(self.rotation % records.len());
        }
    }

    /// Names that lead to others: the aliases alone, or with what they lead to (DNSG-21).
    fn aliased(&self, targets: &[&Name], apex: &Name) -> Outcome {
        let mut aliases = Vec::new();
        if matches!(self.kind, RecordType::A | RecordType::AAAA | RecordType::CNAME) {
            aliases.extend(targets.iter().filter_map(|target| self.follow(target)));
        }
        if aliases.iter().any(|alias| alias.target.is_some()) {
            return Outcome::Elsewhere(Elsewhere::Aliases(aliases));
        }
        Outcome::Answer(self.full_or_empty(aliases.into_iter().flat_map(|alias| alias.records).collect(), Vec::new(), apex))
    }

    fn full_or_empty(&self, answers: Vec<Record>, additionals: Vec<Record>, apex: &Name) -> Answer {
        if answers.is_empty() {
            return self.negative(ResponseCode::NoError, apex);
        }
        Answer { additionals, ..Answer::ours(answers) }
    }

    fn negative(&self, code: ResponseCode, apex: &Name) -> Answer {
        Answer { code, authorities: vec![self.soa(apex)], ..Answer::ours(Vec::new()) }
    }

    /// DNSG-2, DNSG-3.
    fn soa(&self, apex: &Name) -> Record {
        let name = |labels: &[&str]| below(labels, apex).unwrap_or_else(|| apex.clone());
        let (refresh, retry, expire) = SOA_TIMES_S;
        let (server, mailbox) = (name(&["ns", "dns"]), name(&["hostmaster"]));
        let soa = SOA::new(server, mailbox, self.index.serial(), refresh, retry, expire, self.zone.ttl_s);
        Record::from_rdata(apex.clone(), self.zone.ttl_s, RData::SOA(soa))
    }
}

impl Found<'_> {
    /// Its addresses, of both families, each once.
    fn addresses(&self) -> Vec<IpAddr> {
        match self {
            Found::Cluster { addresses, .. } => addresses.to_vec(),
            Found::Pod(address) => vec![*address],
            Found::NameServer(addresses) => addresses.clone(),
            Found::Endpoints { endpoints, .. } => {
                let mut addresses: Vec<IpAddr> = endpoints.iter().filter_map(|(endpoint, _)| endpoint.address.ip()).collect();
                addresses.sort_unstable();
                addresses.dedup();
                addresses
            }
            Found::Nothing | Found::Empty | Found::Apex | Found::Version | Found::External(_) => Vec::new(),
        }
    }
}

impl EndpointAddress {
    fn name(&self) -> Option<&Name> {
        match self {
            Self::Ip(_) => None,
            Self::Name(name) => Some(name),
        }
    }
}

fn below(labels: &[&str], name: &Name) -> Option<Name> {
    labels.iter().try_fold(Name::new(), |name, label| name.append_label(label.as_bytes()).ok())?.append_domain(name).ok()
}

fn distinct(numbers: impl Iterator<Item = u16>) -> Vec<u16> {
    let mut kept = Vec::new();
    for number in numbers {
        if !kept.contains(&number) {
            kept.push(number);
        }
    }
    kept
}
