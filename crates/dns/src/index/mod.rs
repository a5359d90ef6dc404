//! What the names are made of: namespaces, Services and the endpoints of their slices, and which names each address has. Changed object by
//! object. Pure; it answers nothing itself.

mod facts;
#[cfg(test)]
mod tests;

pub use facts::{Endpoint, EndpointAddress, Port, Service, ServiceKind, Slice};

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use stead_api::Value;
use stead_api::value::Access;

/// What happened to an object of the API.
#[derive(Debug)]
pub enum Change<'a> {
    Namespace(&'a Value),
    NamespaceGone(&'a str),
    Service(&'a Value),
    ServiceGone { namespace: &'a str, name: &'a str },
    Slice(&'a Value),
    SliceGone { namespace: &'a str, name: &'a str },
}

#[derive(Debug, Default)]
pub struct Index {
    namespaces: HashSet<String>,
    /// By namespace, then name; also Services that only slices speak of.
    services: HashMap<String, HashMap<String, Entry>>,
    /// Which Service a slice belongs to, by namespace and name of the slice.
    slices: HashMap<(String, String), String>,
    /// The names of endpoints that have an address.
    endpoints: HashMap<IpAddr, BTreeSet<EndpointName>>,
    /// The Services that have a cluster address.
    cluster: HashMap<IpAddr, BTreeSet<ServiceName>>,
    /// Counts changes: the serial of the zone.
    serial: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceName {
    pub namespace: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndpointName {
    pub service: ServiceName,
    pub host: String,
}

/// A Service and what its slices say.
#[derive(Debug, Default)]
pub struct Entry {
    pub service: Option<Service>,
    slices: BTreeMap<String, Slice>,
    /// The ready endpoints of all slices; equal ones once.
    pub endpoints: Vec<Endpoint>,
    /// Where in `endpoints` those of a host name are.
    hosts: HashMap<String, Vec<usize>>,
}

impl Entry {
    pub fn host(&self, host: &str) -> impl Iterator<Item = &Endpoint> {
        self.hosts.get(host).into_iter().flatten().map(|at| &self.endpoints[*at])
    }

    /// The names of addresses, in order.
    fn addresses(&self) -> BTreeSet<(IpAddr, String)> {
        self.endpoints.iter().filter_map(|endpoint| Some((endpoint.address.ip()?, endpoint.host.clone()))).collect()
    }

    fn rebuild(&mut self) {
        let mut merged: BTreeMap<(String, EndpointAddress), Vec<Port>> = BTreeMap::new();
        for endpoint in self.slices.values().flat_map(|slice| &slice.endpoints) {
            let ports = merged.entry((endpoint.host.clone(), endpoint.address.clone())).or_default();
            for port in &endpoint.ports {
                if !ports.contains(port) {
                    ports.push(port.clone());
                }
            }
        }
        self.endpoints = merged.into_iter().map(|((host, address), ports)| Endpoint { host, address, ports }).collect();
        self.hosts.clear();
        for (at, endpoint) in self.endpoints.iter().enumerate() {
            self.hosts.entry(endpoint.host.clone()).or_default().push(at);
        }
    }
}

impl Index {
    /// An empty index, whose zone has this serial at first.
    pub fn new(serial: u32) -> Self {
        Self { serial, ..Self::default() }
    }

    pub fn serial(&self) -> u32 {
        self.serial
    }

    pub fn has_namespace(&self, name: &str) -> bool {
        self.namespaces.contains(name)
    }

    pub fn entry(&self, namespace: &str, name: &str) -> Option<&Entry> {
        self.services.get(namespace)?.get(name)
    }

    /// The Services at a cluster address.
    pub fn services_at(&self, address: IpAddr) -> impl Iterator<Item = &ServiceName> {
        self.cluster.get(&address).into_iter().flatten()
    }

    /// The endpoints at an address.
    pub fn endpoints_at(&self, address: IpAddr) -> impl Iterator<Item = &EndpointName> {
        self.endpoints.get(&address).into_iter().flatten()
    }

    /// The names of the namespaces, Services or slices that are known.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.namespaces.iter().map(String::as_str)
    }

    pub fn services(&self) -> impl Iterator<Item = (&str, &str)> {
        self.services.iter().flat_map(|(namespace, entries)| {
            entries.iter().filter(|(_, entry)| entry.service.is_some()).map(move |(name, _)| (namespace.as_str(), name.as_str()))
        })
    }

    pub fn slices(&self) -> impl Iterator<Item = (&str, &str)> {
        self.slices.keys().map(|(namespace, name)| (namespace.as_str(), name.as_str()))
    }

    pub fn apply(&mut self, change: &Change<'_>) {
        self.serial = self.serial.wrapping_add(1);
        match change {
            Change::Namespace(object) => {
                self.namespaces.insert(object["metadata"].str("name").to_owned());
            }
            Change::NamespaceGone(name) => {
                self.namespaces.remove(*name);
            }
            Change::Service(object) => {
                let meta = &object["metadata"];
                self.put_service(meta.str("namespace"), meta.str("name"), Service::parse(object));
            }
            Change::ServiceGone { namespace, name } => self.put_service(namespace, name, None),
            Change::Slice(object) => {
                let meta = &object["metadata"];
                self.put_slice(meta.str("namespace"), meta.str("name"), Slice::parse(object));
            }
            Change::SliceGone { namespace, name } => self.put_slice(namespace, name, None),
        }
    }

    fn put_service(&mut self, namespace: &str, name: &str, service: Option<Service>) {
        let key = ServiceName { namespace: namespace.to_owned(), name: name.to_owned() };
        let entry = self.services.entry(namespace.to_owned()).or_default().entry(name.to_owned()).or_default();
        let old = std::mem::replace(&mut entry.service, service);
        for address in old.iter().flat_map(Service::addresses) {
            forget(&mut self.cluster, address, &key);
        }
        for address in entry.service.iter().flat_map(Service::addresses) {
            self.cluster.entry(address).or_default().insert(key.clone());
        }
        self.drop_unused(namespace, name);
    }

    fn put_slice(&mut self, namespace: &str, name: &str, slice: Option<Slice>) {
        let key = (namespace.to_owned(), name.to_owned());
        let service = slice.as_ref().map(|slice| slice.service.clone());
        let before = match &service {
            Some(service) => self.slices.insert(key, service.clone()),
            None => self.slices.remove(&key),
        };
        if let Some(before) = before.filter(|before| Some(before) != service.as_ref()) {
            self.change_slices(namespace, &before, |slices| drop(slices.remove(name)));
        }
        if let (Some(service), Some(slice)) = (service, slice) {
            self.change_slices(namespace, &service, |slices| drop(slices.insert(name.to_owned(), slice)));
        }
    }

    fn change_slices(&mut self, namespace: &str, service: &str, change: impl FnOnce(&mut BTreeMap<String, Slice>)) {
        let entry = self.services.entry(namespace.to_owned()).or_default().entry(service.to_owned()).or_default();
        let old = entry.addresses();
        change(&mut entry.slices);
        entry.rebuild();
        let new = entry.addresses();
        let name = |host: &String| EndpointName {
            service: ServiceName { namespace: namespace.to_owned(), name: service.to_owned() },
            host: host.clone(),
        };
        for (address, host) in old.difference(&new) {
            forget(&mut self.endpoints, *address, &name(host));
        }
        for (address, host) in new.difference(&old) {
            self.endpoints.entry(*address).or_default().insert(name(host));
        }
        self.drop_unused(namespace, service);
    }

    fn drop_unused(&mut self, namespace: &str, name: &str) {
        let Some(entries) = self.services.get_mut(namespace) else { return };
        if entries.get(name).is_some_and(|entry| entry.service.is_none() && entry.slices.is_empty()) {
            entries.remove(name);
        }
        if entries.is_empty() {
            self.services.remove(namespace);
        }
    }
}

fn forget<T: Ord>(names: &mut HashMap<IpAddr, BTreeSet<T>>, address: IpAddr, name: &T) {
    if let Some(of_address) = names.get_mut(&address) {
        of_address.remove(name);
        if of_address.is_empty() {
            names.remove(&address);
        }
    }
}
