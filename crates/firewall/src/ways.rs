//! The ways of pods' packets beside policies: who may send by which link, how senders look outside the cluster, and the node's ports that are
//! passed on to pods. Pure.

use crate::content::{Content, rule};
use crate::object::{HostPort, UDP};
use crate::policies::{of, short};
use crate::world::{Place, World};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use stead_netfilter::{Base, Chain, Datum, Element, Family, Field, Hook, Rule, Set, SetRef, Statement, Term, Test, Type};

/// Before anything remembers the packet.
const SENDERS_PRIORITY: i32 = -300;
/// Just behind Services' own choices.
const HOST_PORTS_PRIORITY: i32 = -99;
const LEAVING_PRIORITY: i32 = 101;

/// Whom a packet is for that nobody is to answer as oneself: groups of receivers (NETW-4).
fn groups(family: Family) -> (IpAddr, u8) {
    match family {
        Family::Ipv4 => (Ipv4Addr::new(224, 0, 0, 0).into(), 4),
        Family::Ipv6 => (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0).into(), 8),
    }
}

/// The machine's name for itself.
fn loopback() -> Test {
    Test::Within(Ipv4Addr::new(127, 0, 0, 0).into(), 8)
}

/// Adds all of it.
pub fn add(content: &mut Content, world: &World) {
    senders(content, world);
    host_ports(content, world);
    leaving(content, &world.place);
}

/// By a pod's link comes only what has the pod's address; and nothing for what only the machine itself may reach.
fn senders(content: &mut Content, world: &World) {
    let set = |family: Family| Set::new(format!("pod-senders-{}", short(family)), &[Type::Interface, family.address()]);
    let mut rules = vec![
        rule([Statement::Match(Field::InputName, Test::NotBeginsWith(world.place.links.clone())), Statement::accept()]),
        rule([of(Family::Ipv4), Statement::Match(Field::Destination(Family::Ipv4), loopback()), Statement::drop()]),
    ];
    for family in Family::ALL {
        let set = set(family);
        let who = vec![Field::InputName.into(), Field::Source(family).into()];
        rules.push(rule([of(family), Statement::In(who, SetRef::Named(set.name.clone())), Statement::accept()]));
        content.set(set, []);
    }
    rules.push(rule([Statement::drop()]));
    content.chain(Chain::at("pod-senders", Base::filter(Hook::Prerouting, SENDERS_PRIORITY), rules));
    for sandbox in world.sandboxes.values() {
        for address in &sandbox.addresses {
            let element = Element::new(&[Datum::Interface(sandbox.link.clone()), (*address).into()]);
            content.set(set(Family::of(*address)), [element]);
        }
    }
}

/// The maps of a family's passed-on ports: for any address of the node, and for a certain one.
struct Maps {
    any: Set,
    at: Set,
    /// Pods that reach themselves by the node's port.
    itself: Set,
}

impl Maps {
    fn of(family: Family) -> Maps {
        let (address, short) = (family.address(), short(family));
        let to = [address, Type::Port];
        Maps {
            any: Set::map(format!("pod-hostports-{short}"), &[Type::Protocol, Type::Port], &to),
            at: Set::map(format!("pod-hostports-at-{short}"), &[address, Type::Protocol, Type::Port], &to),
            itself: Set::new(format!("pod-itself-{short}"), &[address, address]),
        }
    }

    fn names(self) -> [Set; 3] {
        [self.any, self.at, self.itself]
    }
}

/// NETW-7.
fn host_ports(content: &mut Content, world: &World) {
    for family in Family::ALL {
        Maps::of(family).names().into_iter().for_each(|set| content.set(set, []));
    }
    let choose = || Family::ALL.into_iter().flat_map(pass_on).collect::<Vec<Rule>>();
    content.chain(Chain::at("pod-hostports", Base::nat(Hook::Prerouting, HOST_PORTS_PRIORITY), choose()));
    content.chain(Chain::at("pod-hostports-own", Base::nat(Hook::Output, HOST_PORTS_PRIORITY), choose()));
    for (sandbox, pod) in world.local() {
        for (port, host) in pod.ports.iter().filter_map(|port| Some((port, port.host?))) {
            for address in sandbox.addresses.iter().filter(|address| is_for(host, **address)) {
                let maps = Maps::of(Family::of(*address));
                let mut key = vec![Datum::Protocol(port.protocol), Datum::Port(host.number)];
                let to = [(*address).into(), Datum::Port(port.number)];
                match host.address.filter(|address| !address.is_unspecified()) {
                    None => content.set(maps.any, [Element::new(&key).value(&to)]),
                    Some(at) => {
                        key.insert(0, at.into());
                        content.set(maps.at, [Element::new(&key).value(&to)]);
                    }
                }
                content.set(maps.itself, [Element::new(&[(*address).into(), (*address).into()])]);
            }
        }
    }
}

fn is_for(host: HostPort, address: IpAddr) -> bool {
    host.address.is_none_or(|of| of.is_ipv4() == address.is_ipv4())
}

/// What is for the node at such a port is for the pod. IPv6 has no way from the loopback address to elsewhere.
fn pass_on(family: Family) -> Vec<Rule> {
    let maps = Maps::of(family);
    let own = Statement::is(Field::DestinationRoute, Datum::Number(Field::LOCAL));
    let value = vec![family.address(), Type::Port];
    let ports = [Term::Field(Field::Protocol), Term::Field(Field::DestinationPort)];
    let mut at = vec![Term::Field(Field::Destination(family))];
    at.extend(ports.clone());
    let to = |key: Vec<Term>, map: Set| Statement::Dnat(family, vec![Term::Map { key, map: map.name, value: value.clone() }]);
    let before = |statement: Statement| {
        let mut statements = vec![of(family), own.clone()];
        if family == Family::Ipv6 {
            statements.push(Statement::is_not(Field::Destination(family), Datum::Ipv6(Ipv6Addr::LOCALHOST)));
        }
        statements.push(statement);
        rule(statements)
    };
    vec![before(to(at, maps.at)), before(to(ports.to_vec(), maps.any))]
}

/// NETW-4, and answers to what was passed on must come back this way.
fn leaving(content: &mut Content, place: &Place) {
    let mut rules = Vec::new();
    for family in Family::ALL {
        let (source, destination) = (Field::Source(family), Field::Destination(family));
        let passed_on = Statement::Match(Field::ConnectionStatus, Test::HasAny(Field::DESTINATION_CHANGED));
        let itself = Statement::In(vec![source.into(), destination.into()], SetRef::Named(Maps::of(family).itself.name));
        rules.push(rule([of(family), passed_on.clone(), itself, Statement::Masquerade]));
        if family == Family::Ipv4 {
            let ours = Statement::Match(Field::OutputName, Test::BeginsWith(place.links.clone()));
            rules.push(rule([of(family), passed_on, Statement::Match(source, loopback()), ours, Statement::Masquerade]));
        }
        let (group, bits) = groups(family);
        for own in place.own.iter().filter(|range| Family::of(range.address()) == family) {
            let mut statements = vec![of(family), Statement::Match(source, Test::Within(own.address(), own.prefix()))];
            let inside = place.cluster.iter().filter(|range| range.is_ipv4() == own.is_ipv4());
            statements.extend(inside.map(|range| Statement::Match(destination, Test::NotWithin(range.address(), range.prefix()))));
            statements.extend([Statement::Match(destination, Test::NotWithin(group, bits)), Statement::Masquerade]);
            rules.push(rule(statements));
        }
    }
    content.chain(Chain::at("pod-leaving", Base::nat(Hook::Postrouting, LEAVING_PRIORITY), rules));
}

/// The node's UDP ports that are passed on, and to whom: what was sent to them before may be remembered otherwise.
pub fn udp_ports(world: &World) -> BTreeSet<(u16, IpAddr)> {
    let ports = world.local().flat_map(|(sandbox, pod)| {
        let hosts = pod.ports.iter().filter(|port| port.protocol == UDP).filter_map(|port| port.host);
        hosts.flat_map(|host| sandbox.addresses.iter().map(move |address| (host.number, *address)))
    });
    ports.collect()
}
