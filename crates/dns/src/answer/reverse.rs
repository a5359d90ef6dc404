//! Names of addresses: `5.0.42.10.in-addr.arpa` and the 32 digits of `ip6.arpa`, whole addresses only (DNSG-27). Pure.

use crate::name::Labels;
use hickory_proto::rr::Name;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Labels of a reverse zone's own name.
pub const APEX_LABELS: usize = 2;
const V4_LABELS: usize = 4;
const V6_LABELS: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reverse {
    Apex,
    Address(IpAddr),
}

impl Reverse {
    /// `None`: no such name, or only part of an address.
    pub fn parse(name: &Name) -> Option<Self> {
        let count = name.iter().count();
        if !matches!(count, APEX_LABELS | 6 | 34) {
            return None;
        }
        let labels = Labels::of(name, count);
        match labels.to_vec().as_slice() {
            ["arpa", "in-addr" | "ip6"] => Some(Self::Apex),
            ["arpa", "in-addr", octets @ ..] if octets.len() == V4_LABELS => v4(octets),
            ["arpa", "ip6", digits @ ..] if digits.len() == V6_LABELS => v6(digits),
            _ => None,
        }
    }
}

fn v4(octets: &[&str]) -> Option<Reverse> {
    octets.join(".").parse::<Ipv4Addr>().ok().map(|address| Reverse::Address(address.into()))
}

fn v6(digits: &[&str]) -> Option<Reverse> {
    let value = digits.iter().try_fold(0u128, |value, digit| {
        let is_digit = digit.len() == 1 && digit.bytes().all(|byte| byte.is_ascii_hexdigit());
        let digit = if is_digit { u128::from_str_radix(digit, 16).ok()? } else { return None };
        Some(value << 4 | digit)
    })?;
    Some(Reverse::Address(Ipv6Addr::from(value).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Reverse> {
        Reverse::parse(&crate::name::parse(text).unwrap())
    }

    #[test]
    fn only_whole_addresses_have_names() {
        // DNSG-27
        let address = |text: &str| Some(Reverse::Address(text.parse().unwrap()));
        assert_eq!(parse("108.0.43.10.In-Addr.ARPA"), address("10.43.0.108"));
        let v6 = "1.6.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.4.0.0.0.0.d.F.ip6.arpa";
        assert_eq!(parse(v6), address("fd00:42::161"));
        for apex in ["in-addr.arpa", "ip6.arpa"] {
            assert_eq!(parse(apex), Some(Reverse::Apex));
        }
        for text in ["0.43.10.in-addr.arpa", "256.0.43.10.in-addr.arpa", "0108.0.43.10.in-addr.arpa", "x.108.0.43.10.in-addr.arpa", "arpa"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("108.0.43.10.ip6.arpa"), None);
        assert_eq!(parse(&v6.replacen('1', "11", 1)), None);
    }
}
