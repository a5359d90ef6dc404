//! How the pods behind a Service become subsets (EP-2..6, EP-8). Pure.

use crate::backends::Backend;
use crate::facts::endpoint_slice::{Port, Target};
use crate::facts::endpoints::{Address, Subset};
use crate::facts::service::{Family, ServiceFacts};
use crate::object::Object;
use std::collections::BTreeMap;

/// More addresses than that are not published (EP-8).
pub const ADDRESSES_MAX: usize = 1000;

/// The address under which a pod is published; `None` if it is not (EP-2).
pub fn address_of<'a>(service: &ServiceFacts, pod: &'a Object) -> Option<&'a str> {
    let facts = pod.pod();
    let family = service.families().first().copied().unwrap_or(Family::V4);
    let may_go = service.publishes_not_ready;
    if facts.terminal() || (pod.deleting.is_some() && !may_go) {
        return None;
    }
    facts.addresses.iter().map(String::as_str).find(|address| Family::of(address) == Some(family))
}

/// Which of the backends are published under a port.
type Members = Vec<usize>;

/// All subsets: ports with the same addresses are one, each address is sorted in once.
pub fn pack(service: &Object, backends: &[Backend]) -> Vec<Subset> {
    let facts = service.service();
    let mut by_port: BTreeMap<Option<Port>, Members> = BTreeMap::new();
    for (index, backend) in backends.iter().enumerate() {
        if address_of(facts, backend.pod).is_none() {
            continue;
        }
        // EP-6
        if facts.ports.is_empty() && facts.is_headless {
            by_port.entry(None).or_default().push(index);
        }
        for (port, number) in facts.ports.iter().zip(backend.ports(facts)) {
            let Some(number) = number else { continue };
            let (name, protocol, app_protocol) = (port.name.clone(), port.protocol.clone(), port.app_protocol.clone());
            by_port.entry(Some(Port { name, number: Some(number), protocol, app_protocol })).or_default().push(index);
        }
    }
    let mut by_members: BTreeMap<Members, Vec<Port>> = BTreeMap::new();
    for (port, members) in by_port {
        by_members.entry(members).or_default().extend(port);
    }
    let mut subsets: Vec<Subset> = by_members.into_iter().map(|(members, ports)| subset(service, backends, &members, ports)).collect();
    subsets.sort_by(|a, b| a.ports.cmp(&b.ports));
    subsets
}

fn subset(service: &Object, backends: &[Backend], members: &[usize], ports: Vec<Port>) -> Subset {
    let mut subset = Subset { ports, ..Subset::default() };
    for backend in members.iter().filter_map(|index| backends.get(*index)) {
        let ready = service.service().publishes_not_ready || backend.pod.pod().ready;
        let list = if ready { &mut subset.ready } else { &mut subset.not_ready };
        list.extend(address(service, backend));
    }
    for list in [&mut subset.ready, &mut subset.not_ready] {
        list.sort_by(|a, b| (&a.ip, a.target.uid()).cmp(&(&b.ip, b.target.uid())));
    }
    subset
}

fn address(service: &Object, backend: &Backend) -> Option<Address> {
    Some(Address {
        ip: address_of(service.service(), backend.pod)?.to_owned(),
        hostname: backend.hostname(service),
        node: backend.node_name(),
        target: Target::Pod { name: backend.pod.key.name.clone(), uid: backend.pod.uid.clone() },
    })
}

/// EP-8: cuts to [`ADDRESSES_MAX`], those that are not ready first, every subset by its share. Whether it did.
pub fn truncate(subsets: &mut [Subset]) -> bool {
    let ready: usize = subsets.iter().map(|subset| subset.ready.len()).sum();
    let not_ready: usize = subsets.iter().map(|subset| subset.not_ready.len()).sum();
    if ready + not_ready <= ADDRESSES_MAX {
        return false;
    }
    let cuts_ready = ready > ADDRESSES_MAX;
    let (total, room) = if cuts_ready { (ready, ADDRESSES_MAX) } else { (not_ready, ADDRESSES_MAX - ready) };
    let mut left = room;
    for subset in subsets {
        let list = if cuts_ready { &mut subset.ready } else { &mut subset.not_ready };
        let share = (list.len() * room).div_ceil(total).min(left);
        list.truncate(share);
        left -= list.len();
        if cuts_ready {
            subset.not_ready.clear();
        }
    }
    true
}
