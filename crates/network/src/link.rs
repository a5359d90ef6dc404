//! What the link between the machine and one network namespace is called and how it is addressed. Pure.

use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// Name of a link's end inside.
pub const INSIDE: &str = "eth0";
/// Whom containers send everything to that is not for themselves: no machine has these addresses, so that they clash with none.
pub const GATEWAY_V4: Ipv4Addr = Ipv4Addr::new(169, 254, 1, 1);
pub const GATEWAY_V6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
/// Hardware address of every link's end on the machine. Each link is a network of its own, so they may be equal.
pub const OUTSIDE_MAC: [u8; 6] = [0xee; 6];

/// Hexadecimal digits of a tag.
const DIGITS: usize = 8;

/// Tells the links of one data directory from those of others, as its hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// Of a directory without symbolic links.
    pub fn of(dir: &Path) -> Tag {
        let hash = Sha256::digest(dir.as_os_str().as_encoded_bytes());
        let mut text = String::new();
        hash.iter().take(DIGITS / 2).for_each(|byte| write!(text, "{byte:02x}").expect("writing to a string does not fail"));
        Tag(text)
    }

    /// What the names of all its links begin with.
    pub fn links(&self) -> String {
        format!("st{}", self.0)
    }

    /// The table of its rules for packets.
    pub fn table(&self) -> String {
        format!("stead-{}", self.0)
    }

    /// Name of the end on the machine of the link of a place; at most 15 bytes, as the kernel wants.
    pub fn link(&self, place: u32) -> String {
        format!("st{}{place}", self.0)
    }

    /// Name of the device that slows down what comes out of that link.
    pub fn shaper(&self, place: u32) -> String {
        format!("sb{}{place}", self.0)
    }

    /// Whether a link is one of this directory's.
    pub fn is_of(&self, link: &str) -> bool {
        let rest = prefix(link).and_then(|rest| rest.strip_prefix(self.0.as_str()));
        rest.is_some_and(|place| !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// Whether a link is of any directory.
    pub fn of_any(link: &str) -> bool {
        let rest = prefix(link).and_then(|rest| rest.split_at_checked(DIGITS));
        rest.is_some_and(|(tag, place)| {
            tag.bytes().all(|byte| byte.is_ascii_hexdigit()) && Tag(tag.to_owned()).is_of(&format!("st{tag}{place}"))
        })
    }

    /// Label of the machine's own address.
    pub fn label(&self) -> String {
        format!("lo:{}", self.0)
    }

    /// Whether a label is any directory's.
    pub fn labels_any(label: &str) -> bool {
        label.strip_prefix("lo:").is_some_and(|tag| tag.len() == DIGITS && tag.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }
}

/// What follows the beginning that names of links of any directory have.
fn prefix(link: &str) -> Option<&str> {
    link.strip_prefix("st").or_else(|| link.strip_prefix("sb"))
}

/// The gateway of a family.
pub fn gateway(family_of: IpAddr) -> IpAddr {
    if family_of.is_ipv4() { GATEWAY_V4.into() } else { GATEWAY_V6.into() }
}

/// Hardware address of the end inside, made of its primary address.
pub fn inside_mac(address: IpAddr) -> [u8; 6] {
    let last = match address {
        IpAddr::V4(v4) => v4.octets(),
        IpAddr::V6(v6) => {
            let octets = v6.octets();
            [octets[12], octets[13], octets[14], octets[15]]
        }
    };
    [0x0a, 0x58, last[0], last[1], last[2], last[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_links_are_short_and_tell_directories_apart() {
        let (one, other) = (Tag::of(Path::new("/var/lib/stead/network")), Tag::of(Path::new("/tmp/network")));
        assert!(one.link(4096).len() <= 15 && one.label().len() <= 15);
        assert!(one.is_of(&one.link(2)) && !one.is_of(&other.link(2)) && !one.is_of("eth0") && !one.is_of(&one.link(2)[..10]));
        assert!(one.is_of(&one.shaper(2)) && Tag::of_any(&one.shaper(4096)) && one.shaper(4096).len() <= 15);
        assert!(Tag::of_any(&other.link(3)) && !Tag::of_any("st0") && !Tag::of_any("station0123"));
    }

    #[test]
    fn hardware_addresses_are_unicast_and_local() {
        assert_eq!(inside_mac("10.42.0.5".parse().unwrap()), [0x0a, 0x58, 10, 42, 0, 5]);
        for mac in [OUTSIDE_MAC, inside_mac("fd00::7".parse().unwrap())] {
            assert_eq!(mac[0] & 3, 2);
        }
    }
}
