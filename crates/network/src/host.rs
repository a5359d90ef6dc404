//! What the machine's network is like now: links, addresses and routes, as the kernel lists them, and what follows from them. Pure but for
//! [`look`].

use crate::error::Result;
use crate::link::Tag;
use crate::range::Range;
use crate::request::{Ipv6, all_addresses, all_links, all_routes};
use crate::socket::Socket;
use netlink_packet_route::address::AddressAttribute;
use netlink_packet_route::link::LinkAttribute;
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteHeader, RouteMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Where nothing says otherwise.
const MTU_DEFAULT: u32 = 1500;
/// What IPv6 needs at least, and what a virtual link can carry at most.
const MTU_MIN: u32 = 1280;
const MTU_MAX: u32 = 65535;

/// The machine at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Host {
    /// By index.
    links: BTreeMap<u32, Link>,
    addresses: Vec<Address>,
    routes: Vec<Route>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Link {
    name: String,
    mtu: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Address {
    range: Range,
    label: String,
    link: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Route {
    /// `None`: the default route.
    to: Option<Range>,
    ipv4: bool,
    link: u32,
    priority: u32,
}

/// Asks the kernel.
pub fn look(socket: &mut Socket) -> Result<Host> {
    let mut host = Host::default();
    for request in [all_links(), all_addresses(), all_routes()] {
        for answer in socket.perform(&[request])? {
            host.note(answer);
        }
    }
    Ok(host)
}

/// Whether the kernel has IPv6, and new links may have addresses of it.
pub fn ipv6() -> Ipv6 {
    let on = |of: &str| std::fs::read_to_string(format!("/proc/sys/net/ipv6/conf/{of}/disable_ipv6")).is_ok_and(|text| text.trim() == "0");
    if ["all", "default"].into_iter().all(on) { Ipv6::Present } else { Ipv6::Absent }
}

impl Host {
    fn note(&mut self, answer: RouteNetlinkMessage) {
        match answer {
            RouteNetlinkMessage::NewLink(message) => {
                let link = self.links.entry(message.header.index).or_default();
                for attribute in message.attributes {
                    match attribute {
                        LinkAttribute::IfName(name) => link.name = name,
                        LinkAttribute::Mtu(mtu) => link.mtu = mtu,
                        _ => {}
                    }
                }
            }
            RouteNetlinkMessage::NewAddress(message) => {
                let (mut at, mut label) = (None, String::new());
                for attribute in message.attributes {
                    match attribute {
                        AddressAttribute::Local(address) => at = Some(address),
                        AddressAttribute::Address(address) => at = at.or(Some(address)),
                        AddressAttribute::Label(text) => label = text,
                        _ => {}
                    }
                }
                let (prefix, link) = (message.header.prefix_len, message.header.index);
                self.addresses.extend(at.map(|at| Address { range: Range::around(at, prefix), label, link }));
            }
            RouteNetlinkMessage::NewRoute(message) if message.header.table == RouteHeader::RT_TABLE_MAIN => {
                self.routes.extend(route(message));
            }
            _ => {}
        }
    }

    /// The links that are of that directory.
    pub fn links_of(&self, tag: &Tag) -> BTreeSet<String> {
        self.links.values().filter(|link| tag.is_of(&link.name)).map(|link| link.name.clone()).collect()
    }

    /// Whether that link carries the route to an address: then it is whole.
    pub fn routed(&self, link: &str, address: IpAddr) -> bool {
        let to = Some(Range::around(address, u8::MAX));
        self.routes.iter().any(|route| route.to == to && self.name(route.link) == link)
    }

    /// The largest packet that the machine's way to elsewhere takes.
    pub fn mtu(&self) -> u32 {
        let default = self.routes.iter().filter(|route| route.to.is_none()).min_by_key(|route| route.priority);
        let mtu = default.and_then(|route| self.links.get(&route.link)).map_or(MTU_DEFAULT, |link| link.mtu);
        mtu.clamp(MTU_MIN, MTU_MAX)
    }

    /// Who uses addresses of `part`, a part of `range`, beside the directory of that tag, which has also given the machine the addresses
    /// `own`. Networks that are wider than the range, as those of a tunnel to elsewhere, do not count: what is narrower goes first.
    pub fn user_of(&self, part: Range, range: Range, tag: &Tag, own: &[IpAddr]) -> Option<String> {
        let clashes = |used: Range| range.covers(used) && used.overlaps(part);
        let is_own =
            |address: &Address| address.label == tag.label() || (address.label.is_empty() && own.contains(&address.range.address()));
        let address = self.addresses.iter().find(|address| !is_own(address) && clashes(address.range));
        let is_foreign = |to: Range| clashes(to) && !own.contains(&to.address());
        let route = self.routes.iter().find(|route| route.to.is_some_and(is_foreign) && !tag.is_of(self.name(route.link)));
        let address = address.map(|address| format!("address {} of {}", address.range, self.holder(address)));
        address.or_else(|| route.and_then(|route| Some(format!("route to {} by {}", route.to?, self.name(route.link)))))
    }

    /// Whether another directory uses this machine's network.
    pub fn has_others(&self, tag: &Tag) -> bool {
        let link = self.links.values().any(|link| Tag::of_any(&link.name) && !tag.is_of(&link.name));
        link || self.addresses.iter().any(|address| Tag::labels_any(&address.label) && address.label != tag.label())
    }

    /// The links by which others reach the machine: those that have an IPv4 address and are nobody's containers'.
    pub fn ways(&self) -> BTreeSet<&str> {
        let outside = |address: &&Address| address.range.is_ipv4() && !address.range.address().is_loopback();
        let names = self.addresses.iter().filter(outside).map(|address| self.name(address.link));
        names.filter(|name| !name.is_empty() && *name != "lo" && !Tag::of_any(name)).collect()
    }

    /// The link of the default IPv6 route.
    pub fn ipv6_uplinks(&self) -> BTreeSet<&str> {
        self.routes.iter().filter(|route| route.to.is_none() && !route.ipv4).map(|route| self.name(route.link)).collect()
    }

    /// The machine's addresses that are of that directory.
    pub fn addresses_of(&self, tag: &Tag) -> Vec<IpAddr> {
        self.addresses.iter().filter(|address| address.label == tag.label()).map(|address| address.range.address()).collect()
    }

    fn name(&self, link: u32) -> &str {
        self.links.get(&link).map(|link| link.name.as_str()).unwrap_or_default()
    }

    fn holder<'a>(&'a self, address: &'a Address) -> &'a str {
        if address.label.is_empty() { self.name(address.link) } else { &address.label }
    }
}

fn route(message: RouteMessage) -> Option<Route> {
    let (mut to, mut link, mut priority) = (None, None, 0);
    for attribute in message.attributes {
        match attribute {
            RouteAttribute::Destination(RouteAddress::Inet(address)) => to = Some(IpAddr::V4(address)),
            RouteAttribute::Destination(RouteAddress::Inet6(address)) => to = Some(IpAddr::V6(address)),
            RouteAttribute::Oif(index) => link = Some(index),
            RouteAttribute::Priority(number) => priority = number,
            _ => {}
        }
    }
    let prefix = message.header.destination_prefix_length;
    let ipv4 = message.header.address_family == AddressFamily::Inet;
    Some(Route { to: to.map(|to| Range::around(to, prefix)), ipv4, link: link?, priority })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn host() -> Host {
        let link = |name: &str, mtu| Link { name: name.to_owned(), mtu };
        let range = |text: &str| text.parse::<Range>().unwrap();
        let route = |to: Option<&str>, link, priority| Route { to: to.map(range), ipv4: true, link, priority };
        let own = Tag::of(Path::new("/own"));
        let other = Tag::of(Path::new("/other"));
        Host {
            links: BTreeMap::from([
                (1, link("lo", 65536)),
                (2, link("eth0", 1450)),
                (3, link("wlan0", 1280)),
                (4, link("tun0", 1400)),
                (5, link(&own.link(7), 1450)),
                (6, link("cni0", 1500)),
            ]),
            addresses: vec![
                Address { range: range("10.42.0.1/32"), label: other.label(), link: 1 },
                Address { range: range("10.42.3.1/32"), label: own.label(), link: 1 },
                Address { range: range("192.0.2.0/24"), label: "eth0".into(), link: 2 },
            ],
            routes: vec![
                route(None, 3, 600),
                route(None, 2, 100),
                route(Some("10.0.0.0/8"), 4, 0),
                route(Some("10.42.1.0/24"), 6, 0),
                route(Some("10.42.3.7/32"), 5, 0),
            ],
        }
    }

    #[test]
    fn packets_are_as_large_as_on_the_way_out() {
        assert_eq!(host().mtu(), 1450);
        assert_eq!(Host::default().mtu(), MTU_DEFAULT);
    }

    #[test]
    fn a_part_that_others_use_is_found() {
        let (host, own, range) = (host(), Tag::of(Path::new("/own")), "10.42.0.0/16".parse::<Range>().unwrap());
        let user = |part: &str| host.user_of(part.parse().unwrap(), range, &own, &[]);
        let other = Tag::of(Path::new("/other")).label();
        assert_eq!(user("10.42.0.0/24"), Some(format!("address 10.42.0.1/32 of {other}")));
        assert_eq!(user("10.42.1.0/24").as_deref(), Some("route to 10.42.1.0/24 by cni0"));
        assert_eq!((user("10.42.2.0/24"), user("10.42.3.0/24")), (None, None), "a wider network and one's own do not count");
    }

    #[test]
    fn own_links_and_addresses_are_found() {
        let (host, own) = (host(), Tag::of(Path::new("/own")));
        assert_eq!(host.ways().into_iter().collect::<Vec<_>>(), ["eth0"]);
        assert!(host.has_others(&own) && !Host::default().has_others(&own));
        assert_eq!(host.links_of(&own).into_iter().collect::<Vec<_>>(), [own.link(7)]);
        assert!(host.routed(&own.link(7), "10.42.3.7".parse().unwrap()) && !host.routed(&own.link(7), "10.42.3.8".parse().unwrap()));
        assert_eq!(host.addresses_of(&own), ["10.42.3.1".parse::<IpAddr>().unwrap()]);
    }
}
