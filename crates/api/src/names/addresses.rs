//! Addresses and networks in text: how leniently upstream reads them, and its words for what is wrong with them.
//! Input: a string. Output: what was read, or texts. Never looks at objects or paths.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address as upstream reads it: IPv4 octets may have leading zeros, which are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SloppyIp {
    pub ip: IpAddr,
    pub leading_zeros: bool,
}

/// Parses an address leniently; `None` if it is none.
pub fn parse_ip(value: &str) -> Option<SloppyIp> {
    if !value.contains(':') {
        let (v4, leading_zeros) = sloppy_v4(value)?;
        return Some(SloppyIp { ip: v4.into(), leading_zeros });
    }
    let (head, tail) = value.rsplit_once(':')?;
    if !tail.contains('.') {
        return Some(SloppyIp { ip: value.parse::<Ipv6Addr>().ok()?.into(), leading_zeros: false });
    }
    let (v4, leading_zeros) = sloppy_v4(tail)?;
    let ip = format!("{head}:{v4}").parse::<Ipv6Addr>().ok()?.into();
    Some(SloppyIp { ip, leading_zeros })
}

fn sloppy_v4(value: &str) -> Option<(Ipv4Addr, bool)> {
    let mut octets = [0u8; 4];
    let mut leading_zeros = false;
    let mut parts = value.split('.');
    for octet in &mut octets {
        let part = parts.next().filter(|p| !p.is_empty() && p.bytes().all(|c| c.is_ascii_digit()))?;
        leading_zeros |= part.len() > 1 && part.starts_with('0');
        *octet = part.parse().ok()?;
    }
    parts.next().is_none().then_some((Ipv4Addr::from(octets), leading_zeros))
}

fn mapped(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some())
}

/// An IP address in a field that predates strict rules: any spelling of IPv6, but nothing ambiguous.
pub fn ip_address(value: &str) -> Vec<String> {
    let Some(parsed) = parse_ip(value) else {
        return vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned()];
    };
    let mut errors = Vec::new();
    if parsed.leading_zeros {
        errors.push("must not have leading 0s".to_owned());
    } else if mapped(parsed.ip) {
        errors.push("must not be an IPv4-mapped IPv6 address".to_owned());
    }
    errors
}

/// The warning about an address that is valid but not spelt canonically.
pub fn ip_warning(path: &str, value: &str) -> Option<String> {
    let parsed = parse_ip(value)?;
    if parsed.leading_zeros || mapped(parsed.ip) {
        let standard = parsed.ip.to_canonical();
        return Some(format!(
            "{path}: non-standard IP address {value:?} will be considered invalid in a future Kubernetes release: use \"{standard}\""
        ));
    }
    let canonical = parsed.ip.to_string();
    (parsed.ip.is_ipv6() && canonical != value)
        .then(|| format!("{path}: IPv6 address {value:?} should be in RFC 5952 canonical format ({canonical:?})"))
}

/// A network in CIDR notation, read leniently: the address as written and the prefix length.
pub fn parse_cidr(value: &str) -> Option<(SloppyIp, u8)> {
    let (address, length) = value.split_once('/')?;
    let address = parse_ip(address)?;
    let max = if address.ip.is_ipv4() { 32 } else { 128 };
    let digits = !length.is_empty() && length.bytes().all(|c| c.is_ascii_digit());
    let length: u8 = length.parse().ok().filter(|n| digits && *n <= max)?;
    Some((address, length))
}

/// The warning about a network that is valid but not spelt canonically.
pub fn cidr_warning(path: &str, value: &str) -> Option<String> {
    let (address, length) = parse_cidr(value.trim())?;
    let canonical = format!("{}/{length}", address.ip);
    (address.ip.is_ipv6() && canonical != value)
        .then(|| format!("{path}: IPv6 CIDR value {value:?} should be in RFC 5952 canonical format ({canonical:?})"))
}

/// The network's address, its host bits cleared.
pub fn masked(ip: IpAddr, length: u8) -> IpAddr {
    match ip {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            Ipv4Addr::from(u32::from(v4) & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            Ipv6Addr::from(u128::from(v6) & mask).into()
        }
    }
}

/// A network in CIDR notation, strictly: no leading zeros, no mapped address, no host bits.
pub fn cidr(value: &str) -> Vec<String> {
    let Some((address, length)) = parse_cidr(value) else {
        return vec!["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)".to_owned()];
    };
    let digits = value.rsplit('/').next().unwrap_or_default();
    let mut errors = Vec::new();
    if address.leading_zeros || (digits.len() > 1 && digits.starts_with('0')) {
        errors.push("must not have leading 0s in IP or prefix length".to_owned());
    } else if mapped(address.ip) {
        errors.push("must not have an IPv4-mapped IPv6 address".to_owned());
    }
    if masked(address.ip, length) != address.ip {
        errors.push("must not have bits set beyond the prefix length".to_owned());
    }
    errors
}

/// An address in a field of today: nothing ambiguous, and spelt canonically.
pub fn strict_ip_address(value: &str) -> Vec<String> {
    let mut errors = ip_address(value);
    if errors.is_empty()
        && let Some(parsed) = parse_ip(value)
        && parsed.ip.to_string() != value
    {
        errors.push(format!("must be in canonical form (\"{}\")", parsed.ip));
    }
    errors
}

/// A network in a field of today: nothing ambiguous, and spelt canonically.
pub fn strict_cidr(value: &str) -> Vec<String> {
    let mut errors = cidr(value);
    if errors.is_empty()
        && let Some((address, length)) = parse_cidr(value)
    {
        let canonical = format!("{}/{length}", address.ip);
        if canonical != value {
            errors.push(format!("must be in canonical form (\"{canonical}\")"));
        }
    }
    errors
}

/// Why nobody else can reach an address.
pub fn special_ip(text: &str) -> Option<String> {
    let ip = parse_ip(text)?.ip;
    let (local, multicast) = match ip {
        IpAddr::V4(v4) => (v4.is_link_local(), v4.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(v6) => (v6.is_unicast_link_local(), v6.segments()[0] & 0xff0f == 0xff02),
    };
    match ip {
        _ if ip.is_unspecified() => Some(format!("may not be unspecified ({text})")),
        _ if ip.is_loopback() => Some("may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned()),
        _ if local => Some("may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned()),
        _ if multicast => Some("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned()),
        _ => None,
    }
}
