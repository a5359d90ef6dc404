//! Ranges of IP addresses of either family. Pure.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// `ADDRESS/PREFIX`; the address is the first of the range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Range {
    address: IpAddr,
    prefix: u8,
}

impl Range {
    /// The range of that prefix around an address.
    pub fn around(address: IpAddr, prefix: u8) -> Range {
        let prefix = prefix.min(bits(address));
        let first = number(address) & !(length(bits(address) - prefix) - 1);
        Range { address: of_number(address, first), prefix }
    }

    /// The first address, which no machine has.
    pub fn address(self) -> IpAddr {
        self.address
    }

    pub fn prefix(self) -> u8 {
        self.prefix
    }

    pub fn is_ipv4(self) -> bool {
        self.address.is_ipv4()
    }

    /// How many addresses; at most 2^127.
    pub fn size(self) -> u128 {
        length(bits(self.address) - self.prefix)
    }

    /// The address at a place; it must be smaller than the length.
    pub fn nth(self, place: u128) -> IpAddr {
        of_number(self.address, number(self.address) + place)
    }

    /// Whether every address of the other one is in this one.
    pub fn covers(self, other: Range) -> bool {
        self.is_ipv4() == other.is_ipv4() && self.prefix <= other.prefix && Range::around(other.address, self.prefix) == self
    }

    pub fn overlaps(self, other: Range) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// Its parts of that prefix, first to last; itself if it is no larger.
    pub fn parts(self, prefix: u8) -> impl Iterator<Item = Range> {
        let prefix = prefix.max(self.prefix);
        let count = length(prefix - self.prefix);
        let each = length(bits(self.address) - prefix);
        (0..count).map(move |place| Range { address: self.nth(place * each), prefix })
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn length(bits: u8) -> u128 {
    1 << bits.min(127)
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

/// Of the same family as another address.
fn of_number(like: IpAddr, number: u128) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)).into(),
        IpAddr::V6(_) => Ipv6Addr::from(number).into(),
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl From<Range> for String {
    fn from(range: Range) -> String {
        range.to_string()
    }
}

impl TryFrom<String> for Range {
    type Error = String;

    fn try_from(text: String) -> Result<Range, String> {
        text.parse()
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Range, String> {
        let wrong = || "expected a range such as 10.42.0.0/16".to_owned();
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let prefix: u8 = prefix.parse().map_err(|_| wrong())?;
        if prefix > bits(address) {
            return Err(format!("expected a prefix of {} at most", bits(address)));
        }
        let range = Range::around(address, prefix);
        if range.address == address {
            Ok(range)
        } else {
            Err(format!("{address} is not the first address of a /{prefix}; that is {range}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Range {
        text.parse().unwrap()
    }

    #[test]
    fn ranges_are_read_and_printed() {
        for text in ["10.42.0.0/16", "0.0.0.0/0", "10.1.2.3/32", "fd00:42::/56", "::/0", "fd00::1/128"] {
            assert_eq!(range(text).to_string(), text);
        }
        for text in ["10.42.0.0", "10.42.0.1/16", "10.42.0.0/33", "fd00::1/64", "x/8", "10.42.0.0/-1", ""] {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
    }

    #[test]
    fn parts_follow_each_other() {
        let parts: Vec<String> = range("10.42.0.0/22").parts(24).map(|part| part.to_string()).collect();
        assert_eq!(parts, ["10.42.0.0/24", "10.42.1.0/24", "10.42.2.0/24", "10.42.3.0/24"]);
        assert_eq!(range("10.42.0.0/28").parts(24).collect::<Vec<_>>(), [range("10.42.0.0/28")]);
        assert_eq!(range("fd00:42::/56").parts(64).nth(255), Some(range("fd00:42:0:ff::/64")));
    }

    #[test]
    fn ranges_that_share_an_address_overlap() {
        assert!(range("10.0.0.0/8").covers(range("10.42.0.0/16")) && !range("10.42.0.0/16").covers(range("10.0.0.0/8")));
        assert!(range("10.42.0.0/16").overlaps(range("10.0.0.0/8")) && range("10.42.0.0/24").overlaps(range("10.42.0.1/32")));
        assert!(!range("10.42.0.0/24").overlaps(range("10.42.1.0/24")) && !range("0.0.0.0/0").overlaps(range("::/0")));
    }

    #[test]
    fn addresses_have_places() {
        assert_eq!(range("10.42.0.0/24").nth(255), "10.42.0.255".parse::<IpAddr>().unwrap());
        assert_eq!(range("fd00::/64").nth(2), "fd00::2".parse::<IpAddr>().unwrap());
        assert_eq!((range("10.42.0.0/24").size(), range("10.1.1.1/32").size()), (256, 1));
    }
}
