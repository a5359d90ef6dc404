//! What is asked of the kernel, as messages of its routing interface (rtnetlink). Pure: nothing is sent here.

use crate::link::{INSIDE, OUTSIDE_MAC, gateway};
use crate::range::Range;
use netlink_packet_core::{DefaultNla, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REPLACE};
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage, AddressScope};
use netlink_packet_route::link::{
    AfSpecInet, AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState};
use netlink_packet_route::route::{RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use std::net::IpAddr;
use std::os::fd::RawFd;

/// The loopback device, the first one of every network namespace.
const LOOPBACK: u32 = 1;
/// `IFLA_INET_CONF`, and settings in it by their number (`linux/ip.h`).
const INET_CONF: u16 = 1;
const FORWARDING: u16 = 1;
const RP_FILTER: u16 = 8;
const ROUTE_LOCALNET: u16 = 26;

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Ends the sentence `cannot ...`.
    pub what: &'static str,
    pub message: RouteNetlinkMessage,
    pub flags: u16,
}

/// Which protocols of the kernel a link is set up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ipv6 {
    /// The kernel does not have it.
    Absent,
    Present,
}

/// Makes both ends of a link: one here, the other in the network namespace of that descriptor. Both are down.
pub fn make_link(name: &str, mac: [u8; 6], namespace: RawFd, mtu: u32) -> Request {
    let mut inside = LinkMessage::default();
    inside.attributes = vec![
        LinkAttribute::IfName(INSIDE.to_owned()),
        LinkAttribute::Address(mac.to_vec()),
        LinkAttribute::Mtu(mtu),
        LinkAttribute::NetNsFd(namespace),
    ];
    let mut outside = LinkMessage::default();
    outside.attributes = vec![
        LinkAttribute::IfName(name.to_owned()),
        LinkAttribute::Address(OUTSIDE_MAC.to_vec()),
        LinkAttribute::Mtu(mtu),
        LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::Veth), LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(inside)))]),
    ];
    Request { what: "make a link", message: RouteNetlinkMessage::NewLink(outside), flags: NLM_F_CREATE | NLM_F_EXCL }
}

/// Settings of an end, then up: `inet` by number. Nobody speaks IPv6 on it by itself, since nobody needs to be found there.
fn bring_up(name: &str, inet: &[(u16, u32)], ipv6: Ipv6) -> [Request; 2] {
    let mut families = Vec::new();
    if !inet.is_empty() {
        let settings =
            inet.iter().flat_map(|(number, value)| [&8u16.to_ne_bytes()[..], &number.to_ne_bytes(), &value.to_ne_bytes()].concat());
        families.push(AfSpecUnspec::Inet(vec![AfSpecInet::Other(DefaultNla::new(INET_CONF, settings.collect()))]));
    }
    if ipv6 == Ipv6::Present {
        families.push(AfSpecUnspec::Inet6(vec![AfSpecInet6::AddrGenMode(In6AddrGenMode::None)]));
    }
    let mut settings = LinkMessage::default();
    settings.attributes = vec![LinkAttribute::IfName(name.to_owned()), LinkAttribute::AfSpecUnspec(families)];
    let mut up = LinkMessage::default();
    (up.header.flags, up.header.change_mask) = (LinkFlags::Up, LinkFlags::Up);
    up.attributes = vec![LinkAttribute::IfName(name.to_owned())];
    [
        Request { what: "set up a link", message: RouteNetlinkMessage::SetLink(settings), flags: 0 },
        Request { what: "bring a link up", message: RouteNetlinkMessage::SetLink(up), flags: 0 },
    ]
}

/// The end on the machine: what comes in by it is forwarded, if its sender is whom the link belongs to. That needs no setting of the whole
/// machine. What the machine sends to its own loopback address, to be passed on inside, may leave by it; the other way is the packet
/// filter's to close.
pub fn bring_outside_up(name: &str, ipv6: Ipv6) -> [Request; 2] {
    bring_up(name, &[(FORWARDING, 1), (RP_FILTER, 1), (ROUTE_LOCALNET, 1)], ipv6)
}

pub fn bring_inside_up(ipv6: Ipv6) -> [Request; 2] {
    bring_up(INSIDE, &[], ipv6)
}

/// Asks for a link by name.
pub fn get_link(name: &str) -> Request {
    let mut link = LinkMessage::default();
    link.attributes = vec![LinkAttribute::IfName(name.to_owned())];
    Request { what: "find a link", message: RouteNetlinkMessage::GetLink(link), flags: 0 }
}

/// Removes a link, both ends of it, with the routes and neighbours by it.
pub fn remove_link(name: &str) -> Request {
    let mut link = LinkMessage::default();
    link.attributes = vec![LinkAttribute::IfName(name.to_owned())];
    Request { what: "remove a link", message: RouteNetlinkMessage::DelLink(link), flags: 0 }
}

/// On the machine: who has that address is behind that link, and sees the machine as `own`, if it has an address of that family: the kernel would
/// take any, of another directory too. The route comes last: where it is, the link is whole.
pub fn reach_inside(link: u32, address: IpAddr, own: Option<IpAddr>, mac: [u8; 6]) -> [Request; 2] {
    let mut route = route(address);
    route.header.destination_prefix_length = full(address);
    route.header.scope = RouteScope::Link;
    route.attributes = vec![RouteAttribute::Destination(address.into()), RouteAttribute::Oif(link)];
    route.attributes.extend(own.map(|own| RouteAttribute::PrefSource(own.into())));
    [neighbour(link, address, mac), add_route(route)]
}

/// Inside: the address, and everybody else behind the gateway. Its hardware address is told, so that nobody has to answer for it.
pub fn reach_outside(link: u32, address: IpAddr) -> [Request; 3] {
    let mut default = route(address);
    default.header.flags = RouteFlags::Onlink;
    default.attributes = vec![RouteAttribute::Gateway(gateway(address).into()), RouteAttribute::Oif(link)];
    [add_address(link, address, None), neighbour(link, gateway(address), OUTSIDE_MAC), add_route(default)]
}

/// The machine's own address towards its containers; fails if anybody has it already.
pub fn add_machine_address(address: IpAddr, label: &str) -> Request {
    add_address(LOOPBACK, address, address.is_ipv4().then_some(label))
}

pub fn remove_machine_address(address: IpAddr) -> Request {
    let Request { message, .. } = add_address(LOOPBACK, address, None);
    let message = match message {
        RouteNetlinkMessage::NewAddress(address) => RouteNetlinkMessage::DelAddress(address),
        other => other,
    };
    Request { what: "remove an address", message, flags: 0 }
}

/// Asks for all links, addresses or routes.
pub fn all_links() -> Request {
    Request { what: "list links", message: RouteNetlinkMessage::GetLink(LinkMessage::default()), flags: NLM_F_DUMP }
}

pub fn all_addresses() -> Request {
    Request { what: "list addresses", message: RouteNetlinkMessage::GetAddress(AddressMessage::default()), flags: NLM_F_DUMP }
}

pub fn all_routes() -> Request {
    Request { what: "list routes", message: RouteNetlinkMessage::GetRoute(RouteMessage::default()), flags: NLM_F_DUMP }
}

/// Asks for all queues of links.
#[cfg(test)]
pub fn all_queues() -> Request {
    let message = RouteNetlinkMessage::GetQueueDiscipline(netlink_packet_route::tc::TcMessage::default());
    Request { what: "list queues", message, flags: NLM_F_DUMP }
}

fn family(address: IpAddr) -> AddressFamily {
    if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 }
}

fn full(address: IpAddr) -> u8 {
    Range::around(address, u8::MAX).prefix()
}

/// One address and no network around it.
pub fn add_address(link: u32, address: IpAddr, label: Option<&str>) -> Request {
    let mut message = AddressMessage::default();
    message.header.family = family(address);
    message.header.prefix_len = full(address);
    message.header.scope = AddressScope::Universe;
    message.header.index = link;
    message.attributes = vec![AddressAttribute::Local(address), AddressAttribute::Address(address)];
    if address.is_ipv6() {
        // Nobody else can have it, and nobody is to wait for that to be found out.
        message.attributes.push(AddressAttribute::Flags(AddressFlags::Nodad));
    }
    message.attributes.extend(label.map(|label| AddressAttribute::Label(label.to_owned())));
    Request { what: "add an address", message: RouteNetlinkMessage::NewAddress(message), flags: NLM_F_CREATE | NLM_F_EXCL }
}

fn neighbour(link: u32, address: IpAddr, mac: [u8; 6]) -> Request {
    let mut message = NeighbourMessage::default();
    message.header.family = family(address);
    message.header.ifindex = link;
    message.header.state = NeighbourState::Permanent;
    message.header.kind = RouteType::Unicast;
    let destination = match address {
        IpAddr::V4(v4) => NeighbourAddress::Inet(v4),
        IpAddr::V6(v6) => NeighbourAddress::Inet6(v6),
    };
    message.attributes = vec![NeighbourAttribute::Destination(destination), NeighbourAttribute::LinkLayerAddress(mac.to_vec())];
    Request { what: "add a neighbour", message: RouteNetlinkMessage::NewNeighbour(message), flags: NLM_F_CREATE | NLM_F_REPLACE }
}

fn route(family_of: IpAddr) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header.address_family = family(family_of);
    message.header.table = RouteHeader::RT_TABLE_MAIN;
    message.header.protocol = RouteProtocol::Static;
    message.header.kind = RouteType::Unicast;
    message.header.scope = RouteScope::Universe;
    message
}

fn add_route(route: RouteMessage) -> Request {
    Request { what: "add a route", message: RouteNetlinkMessage::NewRoute(route), flags: NLM_F_CREATE | NLM_F_REPLACE }
}
