//! One value that a packet can have, of a known type: how wide it is in the kernel's registers, its bytes and its text. Pure.

use std::fmt::{self, Display};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes of an interface's name, with the zero at its end.
pub const INTERFACE_NAME: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    Ipv4,
    Ipv6,
    /// Of what is carried by IP.
    Protocol,
    Port,
    Mark,
    /// Any number of four bytes.
    Number,
    Interface,
    /// IPv4 or IPv6.
    Family,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Datum {
    Ipv4(Ipv4Addr),
    Ipv6(Ipv6Addr),
    Protocol(u8),
    Port(u16),
    Mark(u32),
    Number(u32),
    Interface(String),
    Family(crate::Family),
}

impl Type {
    /// Bytes of the value itself.
    pub fn width(self) -> usize {
        match self {
            Type::Protocol | Type::Family => 1,
            Type::Port => 2,
            Type::Ipv4 | Type::Mark | Type::Number => 4,
            Type::Ipv6 | Type::Interface => 16,
        }
    }

    /// Bytes that it takes in registers and keys.
    pub fn room(self) -> usize {
        self.width().next_multiple_of(4)
    }

    /// What the `nft` program calls it, by its number there: only for its listing.
    pub(crate) fn number(self) -> u32 {
        match self {
            Type::Family => 2,
            Type::Ipv4 => 7,
            Type::Ipv6 => 8,
            Type::Protocol => 12,
            Type::Port => 13,
            Type::Mark | Type::Number => 19,
            Type::Interface => 41,
        }
    }

    /// Reads one from the beginning of a key.
    pub fn read(self, bytes: &[u8]) -> Option<Datum> {
        let bytes = bytes.get(..self.width())?;
        Some(match self {
            Type::Ipv4 => Datum::Ipv4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
            Type::Ipv6 => Datum::Ipv6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
            Type::Protocol => Datum::Protocol(bytes[0]),
            Type::Port => Datum::Port(u16::from_be_bytes(bytes.try_into().ok()?)),
            Type::Mark => Datum::Mark(u32::from_ne_bytes(bytes.try_into().ok()?)),
            Type::Number => Datum::Number(u32::from_ne_bytes(bytes.try_into().ok()?)),
            Type::Interface => {
                Datum::Interface(String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned())
            }
            Type::Family if bytes[0] == crate::Family::Ipv4.number() => Datum::Family(crate::Family::Ipv4),
            Type::Family => Datum::Family(crate::Family::Ipv6),
        })
    }
}

impl Datum {
    pub fn kind(&self) -> Type {
        match self {
            Datum::Ipv4(_) => Type::Ipv4,
            Datum::Ipv6(_) => Type::Ipv6,
            Datum::Protocol(_) => Type::Protocol,
            Datum::Port(_) => Type::Port,
            Datum::Mark(_) => Type::Mark,
            Datum::Number(_) => Type::Number,
            Datum::Interface(_) => Type::Interface,
            Datum::Family(_) => Type::Family,
        }
    }

    /// The value's bytes alone.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Datum::Ipv4(address) => address.octets().to_vec(),
            Datum::Ipv6(address) => address.octets().to_vec(),
            Datum::Protocol(number) => vec![*number],
            Datum::Port(port) => port.to_be_bytes().to_vec(),
            Datum::Mark(number) | Datum::Number(number) => number.to_ne_bytes().to_vec(),
            Datum::Interface(name) => {
                let mut bytes = name.as_bytes().to_vec();
                bytes.resize(INTERFACE_NAME, 0);
                bytes
            }
            Datum::Family(family) => vec![family.number()],
        }
    }
}

impl From<IpAddr> for Datum {
    fn from(address: IpAddr) -> Datum {
        match address {
            IpAddr::V4(v4) => Datum::Ipv4(v4),
            IpAddr::V6(v6) => Datum::Ipv6(v6),
        }
    }
}

impl Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Datum::Ipv4(address) => address.fmt(f),
            Datum::Ipv6(address) => address.fmt(f),
            Datum::Protocol(number) => match protocol_name(*number) {
                Some(name) => f.write_str(name),
                None => number.fmt(f),
            },
            Datum::Port(port) => port.fmt(f),
            Datum::Mark(mark) => write!(f, "{mark:#x}"),
            Datum::Number(number) => number.fmt(f),
            Datum::Interface(name) => write!(f, "\"{name}\""),
            Datum::Family(family) => family.fmt(f),
        }
    }
}

fn protocol_name(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "icmp",
        6 => "tcp",
        17 => "udp",
        58 => "icmpv6",
        132 => "sctp",
        _ => return None,
    })
}
