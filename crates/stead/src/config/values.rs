//! Parsers of flag values: what passes here cannot fail later. An error says what was expected.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use stead_network::Range;

/// As many as Kubernetes promises to work with.
pub const SIMULATED_NODES_MAX: u32 = 5000;
/// A node's name is also the value of its label `kubernetes.io/hostname`.
const NODE_NAME_MAX: usize = 63;
/// With `kubernetes.default.svc.` before it a name of the certificate, and with a pod's and a Service's name a DNS name, of 253 at most.
const CLUSTER_DOMAIN_MAX: usize = 125;

/// `KIND/NAME`, or the code or name of a rule.
pub fn object_or_rule(text: &str) -> Result<String, String> {
    match text.split_once('/') {
        None if stead_lint::rule(text).is_some() => Ok(text.to_owned()),
        Some((kind, name)) if !kind.is_empty() && !name.is_empty() && !name.contains('/') => Ok(text.to_owned()),
        _ => Err("expected KIND/NAME, such as sts/web, or a code of `stead lint`, such as L101".to_owned()),
    }
}

/// An IPv4 range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cidr {
    address: Ipv4Addr,
    prefix: u32,
}

/// The ranges of pods' addresses: one, or one of each family, the primary one first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodRanges(Vec<Range>);

/// Prefixes that leave room for pods.
const IPV6_PREFIXES: std::ops::RangeInclusive<u8> = 32..=120;

impl PodRanges {
    pub fn ranges(&self) -> &[Range] {
        &self.0
    }

    pub fn overlaps(&self, services: &ServiceRanges) -> bool {
        self.0.iter().any(|range| services.0.0.iter().any(|other| range.overlaps(*other)))
    }
}

/// The ranges of Services' addresses: one, or one of each family, the default one first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRanges(PodRanges);

/// More addresses of a range than a /64 has are never looked at.
const IPV6_SERVICE_PREFIX_MIN: u8 = 64;
/// The place of the cluster's name server in a range.
const DNS_PLACE: u128 = 10;

impl ServiceRanges {
    /// Where the cluster's name server is asked, by pods that have addresses of these ranges.
    pub fn dns_addresses(&self, pods: &PodRanges) -> Vec<IpAddr> {
        let is_asked = |range: &&Range| pods.0.iter().any(|pods| pods.is_ipv4() == range.is_ipv4());
        self.0.0.iter().filter(is_asked).map(|range| range.nth(DNS_PLACE)).collect()
    }

    /// The first address of each family that can be given out.
    pub fn first_addresses(&self) -> Vec<IpAddr> {
        self.0.0.iter().map(|range| range.nth(1)).collect()
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let only = Range::around(address, if address.is_ipv4() { 32 } else { 128 });
        self.0.0.iter().any(|range| range.covers(only))
    }
}

impl fmt::Display for ServiceRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ServiceRanges {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let example = |why: String| why.replace("10.42.0.0/16,fd00:42::/56", "10.43.0.0/16,fd00:43::/112");
        let ranges: PodRanges = text.parse().map_err(example)?;
        match ranges.0.iter().find(|range| !range.is_ipv4() && range.prefix() < IPV6_SERVICE_PREFIX_MIN) {
            Some(_) => Err(format!("expected an IPv6 prefix of at least {IPV6_SERVICE_PREFIX_MIN} for Services")),
            None => Ok(Self(ranges)),
        }
    }
}

impl fmt::Display for PodRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(Range::to_string).collect();
        f.write_str(&texts.join(","))
    }
}

impl FromStr for PodRanges {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ranges = text.split(',').map(|text| pod_range(text.trim())).collect::<Result<Vec<_>, String>>()?;
        match &ranges[..] {
            [_] => Ok(Self(ranges)),
            [one, other] if one.is_ipv4() != other.is_ipv4() => Ok(Self(ranges)),
            _ => Err("expected one range, or one of each family, such as 10.42.0.0/16,fd00:42::/56".to_owned()),
        }
    }
}

fn pod_range(text: &str) -> Result<Range, String> {
    if !text.contains(':') {
        let ipv4: Cidr = text.parse()?;
        return Ok(Range::around(ipv4.address.into(), u8::try_from(ipv4.prefix).unwrap_or(u8::MAX)));
    }
    let range: Range = text.parse()?;
    let usable = matches!(range.address(), IpAddr::V6(first) if first.is_unique_local() || matches!(first.segments()[0], 0x2000..=0x3fff));
    match usable {
        _ if !IPV6_PREFIXES.contains(&range.prefix()) => {
            Err(format!("expected an IPv6 prefix from {} to {}", IPV6_PREFIXES.start(), IPV6_PREFIXES.end()))
        }
        true => Ok(range),
        false => Err("expected a range of addresses that machines may have".to_owned()),
    }
}

fn host_mask(prefix: u32) -> u32 {
    u32::MAX.checked_shr(prefix).unwrap_or(0)
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Cidr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected an IPv4 range such as 10.42.0.0/16".to_owned();
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let address: Ipv4Addr = address.parse().map_err(|_| wrong())?;
        let prefix: u32 = prefix.parse().map_err(|_| wrong())?;
        if !(8..=28).contains(&prefix) {
            return Err("expected a prefix from 8 to 28".to_owned());
        }
        let first = Ipv4Addr::from(u32::from(address) & !host_mask(prefix));
        if first != address {
            return Err(format!("{address} is not the first address of a /{prefix}; that is {first}/{prefix}"));
        }
        if address.is_loopback() || address.is_multicast() || address.is_link_local() || matches!(address.octets()[0], 0 | 240..) {
            return Err("expected a range of addresses that machines may have".to_owned());
        }
        Ok(Self { address, prefix })
    }
}

/// A resolver's address; port 53 unless another is given.
pub fn resolver(text: &str) -> Result<SocketAddr, String> {
    let of_port = |text: &str| text.parse::<SocketAddr>().ok();
    let alone = |text: &str| text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53));
    of_port(text).or_else(|| alone(text)).ok_or_else(|| "expected an address such as 192.0.2.1 or 192.0.2.1:53".to_owned())
}

/// A file of name servers, or nothing.
pub fn resolv_conf(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_dir() { Err("expected a file; this is a directory".to_owned()) } else { Ok(path) }
}

/// Permission bits in octal.
pub fn file_mode(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text.trim_start_matches("0o"), 8) {
        Ok(mode) if mode > 0o777 => Err("expected an octal file mode such as 600".to_owned()),
        Ok(mode) if mode & 0o400 == 0 => Err("the owner must be able to read the file: expected an octal file mode such as 600".to_owned()),
        Ok(mode) => Ok(mode),
        Err(_) => Err("expected an octal file mode such as 600".to_owned()),
    }
}

/// The name of a node, lower case (NODE-1).
pub fn node_name(text: &str) -> Result<String, String> {
    let name = text.trim().to_lowercase();
    let wrong = stead_api::names::dns_subdomain(&name);
    if let Some(reason) = wrong.first() {
        return Err(reason.clone());
    }
    if name.len() > NODE_NAME_MAX {
        return Err(format!("must be no more than {NODE_NAME_MAX} characters"));
    }
    Ok(name)
}

/// A DNS domain without a final dot.
pub fn cluster_domain(text: &str) -> Result<String, String> {
    let domain = text.trim_end_matches('.').to_lowercase();
    if let Some(reason) = stead_api::names::dns_subdomain(&domain).first() {
        return Err(reason.clone());
    }
    let label = domain.split('.').map(stead_api::names::dns_label).find_map(|wrong| wrong.into_iter().next());
    match label {
        Some(reason) => Err(reason),
        None if domain.len() > CLUSTER_DOMAIN_MAX => Err(format!("must be no more than {CLUSTER_DOMAIN_MAX} characters")),
        None => Ok(domain),
    }
}

/// A name or an address for the server's certificate; the first label of a name may be `*`.
pub fn subject_name(text: &str) -> Result<String, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    let name = text.trim_end_matches('.').to_lowercase();
    let wrong = stead_api::names::dns_subdomain(name.strip_prefix("*.").unwrap_or(&name));
    // Digits and dots alone are an address with a slip in it.
    let address = name.chars().all(|c| c.is_ascii_digit() || c == '.');
    if address || !wrong.is_empty() || text.contains(':') {
        return Err("expected a DNS name or an IP address, such as api.example.com or 192.0.2.7".to_owned());
    }
    Ok(name)
}

/// One item of `--controllers`.
pub fn controller(text: &str) -> Result<String, String> {
    text.parse::<stead_control::Selection>().map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

/// An address to listen on.
pub fn bind_address(text: &str) -> Result<IpAddr, String> {
    let address: IpAddr = text.parse().map_err(|_| "expected an IP address such as 127.0.0.1, or 0.0.0.0 for all".to_owned())?;
    if address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST) {
        return Err("nothing can listen on a multicast or broadcast address".to_owned());
    }
    Ok(address)
}

/// A file that is written: not a directory.
pub fn file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if text.is_empty() || text.ends_with('/') || path.is_dir() {
        return Err("expected the name of a file, not of a directory".to_owned());
    }
    Ok(path)
}

/// A directory, there or not.
pub fn directory(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if text.is_empty() {
        return Err("expected a directory".to_owned());
    }
    if path.exists() && !path.is_dir() {
        return Err("expected a directory; this is a file".to_owned());
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_checked() {
        let cidr = |text: &str| text.parse::<Cidr>();
        for bad in ["10.42.0.0", "10.42.0.1/16", "fd00::/64", "10.0.0.0/33", "10.0.0.0/x", "224.0.0.0/8", "127.0.0.0/8", "0.0.0.0/8"] {
            assert!(cidr(bad).is_err(), "{bad}");
        }
        assert!(cidr("10.42.0.1/16").unwrap_err().contains("10.42.0.0/16"));
        let pods = |text: &str| text.parse::<PodRanges>().unwrap();
        let services = |text: &str| text.parse::<ServiceRanges>();
        assert!(pods("fd00:42::/56,10.0.0.0/8").overlaps(&services("10.43.0.0/16").unwrap()));
        assert!(pods("10.43.0.0/24").overlaps(&services("10.43.0.0/16").unwrap()));
        assert!(!pods("10.42.0.0/16").overlaps(&services("10.43.0.0/16,fd00:42::/112").unwrap()));
        let both = services("fd00:43::/112,10.43.0.0/16").unwrap();
        assert_eq!(both.first_addresses(), ["fd00:43::1", "10.43.0.1"].map(|text| text.parse::<IpAddr>().unwrap()));
        let asked = |range: &str| both.dns_addresses(&pods(range)).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(asked("10.42.0.0/16,fd00:42::/56"), ["fd00:43::a", "10.43.0.10"]);
        assert_eq!(asked("10.42.0.0/16"), ["10.43.0.10"]);
        assert!(both.contains("10.43.7.7".parse().unwrap()) && !both.contains("10.44.0.1".parse().unwrap()));
        for bad in ["10.43.0.0/16,10.44.0.0/16", "fd00:43::/56", "10.43.0.0/16,fd00:43::/112,fd01::/112"] {
            assert!(services(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn modes_are_octal() {
        assert_eq!(file_mode("0644"), Ok(0o644));
        for bad in ["899", "7777", "", "0", "-600", "044"] {
            assert!(file_mode(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_that_would_fail_later_are_refused() {
        assert_eq!(node_name("Node-1.example"), Ok("node-1.example".to_owned()));
        for bad in ["BAD NAME", "a_b", "", "-a", "a..b", &"a".repeat(64)] {
            assert!(node_name(bad).is_err(), "{bad}");
        }
        assert_eq!(cluster_domain("Cluster.Local."), Ok("cluster.local".to_owned()));
        for bad in ["..x", "x..y", "", ".", "a b", &"a".repeat(64), &"a.".repeat(70)] {
            assert!(cluster_domain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn certificates_take_names_and_addresses() {
        assert_eq!(subject_name("API.example.com"), Ok("api.example.com".to_owned()));
        assert_eq!(subject_name("*.example.com"), Ok("*.example.com".to_owned()));
        assert_eq!(subject_name("2001:DB8::1"), Ok("2001:db8::1".to_owned()));
        for bad in ["", "a b", "192.0.2", "192.0.2.256", "https://x", "x:6443", "*"] {
            assert!(subject_name(bad).is_err(), "{bad}");
        }
    }
}
