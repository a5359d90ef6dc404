//! What a rule can look at: fields of the packet, of its connection and of its way. Pure.

use crate::datum::Type;
use crate::numbers::*;
use std::fmt::{self, Display};
use std::net::IpAddr;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    Ipv4,
    Ipv6,
}

impl Family {
    pub const ALL: [Family; 2] = [Family::Ipv4, Family::Ipv6];

    pub fn of(address: IpAddr) -> Family {
        if address.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 }
    }

    pub(crate) fn number(self) -> u8 {
        match self {
            Family::Ipv4 => NFPROTO_IPV4,
            Family::Ipv6 => NFPROTO_IPV6,
        }
    }

    /// The type of its addresses.
    pub fn address(self) -> Type {
        match self {
            Family::Ipv4 => Type::Ipv4,
            Family::Ipv6 => Type::Ipv6,
        }
    }

    fn header(self) -> &'static str {
        match self {
            Family::Ipv4 => "ip",
            Family::Ipv6 => "ip6",
        }
    }
}

impl Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::Ipv4 => "ipv4",
            Family::Ipv6 => "ipv6",
        })
    }
}

/// The two ways of a connection: as its first packet went, and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    Original,
    Reply,
}

/// Fields of an address family must only be looked at where the packet is known to be of it ([`Field::Family`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    Family,
    Protocol,
    Source(Family),
    Destination(Family),
    SourcePort,
    DestinationPort,
    IcmpType,
    InputName,
    OutputName,
    /// The kind of link by which it came in, as `veth`; empty for devices.
    InputKind,
    OutputKind,
    Mark,
    /// Bits, see [`Field::NEW`] and its neighbours.
    ConnectionState,
    /// Bits, see [`Field::DESTINATION_CHANGED`].
    ConnectionStatus,
    ConnectionMark,
    ConnectionDirection,
    ConnectionSource(Direction, Family),
    ConnectionDestination(Direction, Family),
    ConnectionSourcePort(Direction),
    ConnectionDestinationPort(Direction),
    /// What the machine's routes say of an address: see [`Field::LOCAL`].
    SourceRoute,
    DestinationRoute,
}

impl Field {
    /// Of [`Field::ConnectionState`].
    pub const INVALID: u32 = 1;
    pub const ESTABLISHED: u32 = 2;
    pub const RELATED: u32 = 4;
    pub const NEW: u32 = 8;
    /// Of [`Field::ConnectionStatus`].
    pub const SOURCE_CHANGED: u32 = 1 << 4;
    pub const DESTINATION_CHANGED: u32 = 1 << 5;
    /// Of [`Field::SourceRoute`]: an address of the machine itself.
    pub const LOCAL: u32 = 2;

    pub fn kind(self) -> Type {
        match self {
            Field::Family => Type::Family,
            Field::Protocol | Field::IcmpType => Type::Protocol,
            Field::Source(family) | Field::Destination(family) => family.address(),
            Field::ConnectionSource(_, family) | Field::ConnectionDestination(_, family) => family.address(),
            Field::SourcePort | Field::DestinationPort | Field::ConnectionSourcePort(_) | Field::ConnectionDestinationPort(_) => Type::Port,
            Field::InputName | Field::OutputName | Field::InputKind | Field::OutputKind => Type::Interface,
            Field::Mark | Field::ConnectionMark => Type::Mark,
            Field::ConnectionState | Field::ConnectionStatus | Field::SourceRoute | Field::DestinationRoute => Type::Number,
            // One byte.
            Field::ConnectionDirection => Type::Protocol,
        }
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = |direction: &Direction| match direction {
            Direction::Original => "original",
            Direction::Reply => "reply",
        };
        match self {
            Field::Family => f.write_str("meta nfproto"),
            Field::Protocol => f.write_str("meta l4proto"),
            Field::Source(family) => write!(f, "{} saddr", family.header()),
            Field::Destination(family) => write!(f, "{} daddr", family.header()),
            Field::SourcePort => f.write_str("th sport"),
            Field::DestinationPort => f.write_str("th dport"),
            Field::IcmpType => f.write_str("icmp type"),
            Field::InputName => f.write_str("iifname"),
            Field::OutputName => f.write_str("oifname"),
            Field::InputKind => f.write_str("meta iifkind"),
            Field::OutputKind => f.write_str("meta oifkind"),
            Field::Mark => f.write_str("meta mark"),
            Field::ConnectionState => f.write_str("ct state"),
            Field::ConnectionStatus => f.write_str("ct status"),
            Field::ConnectionMark => f.write_str("ct mark"),
            Field::ConnectionDirection => f.write_str("ct direction"),
            Field::ConnectionSource(direction, family) => write!(f, "ct {} {} saddr", way(direction), family.header()),
            Field::ConnectionDestination(direction, family) => write!(f, "ct {} {} daddr", way(direction), family.header()),
            Field::ConnectionSourcePort(direction) => write!(f, "ct {} proto-src", way(direction)),
            Field::ConnectionDestinationPort(direction) => write!(f, "ct {} proto-dst", way(direction)),
            Field::SourceRoute => f.write_str("fib saddr type"),
            Field::DestinationRoute => f.write_str("fib daddr type"),
        }
    }
}
