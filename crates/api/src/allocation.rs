//! Cluster addresses and node ports: what is taken and what is free. Pure: chance is injected, and the taken ones are told.
//! Input: ranges and what objects hold. Output: single addresses and ports, or why not.
//!
//! The lower part of each range is for those who name an address or port: whoever leaves the choice gets one above it while there is
//! any, so that the two seldom meet.

use crate::Value;
use crate::value::Access;
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Whether an allocation is to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    Real,
    /// Nothing is checked against what is taken (W15).
    Dry,
}

/// An address family, in the words of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    pub fn of(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }
}

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    pub address: IpAddr,
    pub prefix: u8,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// How many addresses of a range are given out at most; upstream's bound for IPv6.
const ADDRESSES_MAX: u128 = 1 << 64;

impl Network {
    /// Reads `10.43.0.0/16`; host bits are cleared.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = crate::names::parse_cidr(text)?;
        Some(Self { address: crate::names::masked(address.ip, prefix), prefix })
    }

    pub fn family(&self) -> Family {
        Family::of(self.address)
    }

    /// How many addresses Services may have: not the network's own, and for IPv4 not the broadcast address.
    fn count(&self) -> u128 {
        let (bits, kept) = match self.family() {
            Family::V4 => (32, 2),
            Family::V6 => (128, 1),
        };
        let size = 1u128.checked_shl(bits - u32::from(self.prefix)).unwrap_or(u128::MAX);
        size.saturating_sub(kept).min(ADDRESSES_MAX)
    }

    /// The address at that place; the first of them is at 0.
    fn at(&self, place: u128) -> IpAddr {
        match self.address {
            IpAddr::V4(base) => Ipv4Addr::from(u32::from(base).wrapping_add(u32::try_from(place + 1).unwrap_or_default())).into(),
            IpAddr::V6(base) => Ipv6Addr::from(u128::from(base).wrapping_add(place + 1)).into(),
        }
    }

    /// The first address that a Service can have.
    pub fn first(&self) -> IpAddr {
        self.at(0)
    }

    /// Whether a Service may have this address.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let offset = match (self.address, ip) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => u128::from(u32::from(ip).wrapping_sub(u32::from(base))),
            (IpAddr::V6(base), IpAddr::V6(ip)) => u128::from(ip).wrapping_sub(u128::from(base)),
            _ => return false,
        };
        (1..=self.count()).contains(&offset)
    }
}

/// Where addresses and ports come from. The first network's family is the default one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranges {
    pub networks: Vec<Network>,
    pub ports: RangeInclusive<u16>,
}

impl Ranges {
    /// The families that addresses exist for, the default one first.
    pub fn families(&self) -> Vec<Family> {
        let mut families = Vec::with_capacity(2);
        for family in self.networks.iter().map(Network::family) {
            if !families.contains(&family) {
                families.push(family);
            }
        }
        families
    }

    fn of(&self, family: Family) -> impl Iterator<Item = &Network> {
        self.networks.iter().filter(move |network| network.family() == family)
    }
}

/// The addresses and ports that an object has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    pub ips: Vec<IpAddr>,
    pub ports: Vec<u16>,
}

impl Holdings {
    /// What a Service has.
    pub fn of(service: &Value) -> Self {
        let spec = &service["spec"];
        let ips = spec.items("clusterIPs").iter().filter_map(|ip| crate::names::parse_ip(ip.as_str()?)).map(|parsed| parsed.ip);
        let ports = spec.items("ports").iter().filter_map(|port| port.int("nodePort")).chain(spec.int("healthCheckNodePort"));
        let ports = ports.filter_map(|port| u16::try_from(port).ok()).filter(|port| *port != 0);
        Self { ips: ips.collect(), ports: ports.collect() }
    }
}

/// Who holds what. A holder may be noted several times, and holds until it is taken off as often.
#[derive(Debug, Default)]
pub struct Taken {
    ips: HashMap<IpAddr, Vec<Arc<str>>>,
    ports: HashMap<u16, Vec<Arc<str>>>,
}

impl Taken {
    pub fn note(&mut self, holder: &Arc<str>, holdings: &Holdings) {
        for ip in &holdings.ips {
            self.ips.entry(*ip).or_default().push(holder.clone());
        }
        for port in &holdings.ports {
            self.ports.entry(*port).or_default().push(holder.clone());
        }
    }

    pub fn take_off(&mut self, holder: &str, holdings: &Holdings) {
        for ip in &holdings.ips {
            take_off(&mut self.ips, ip, holder);
        }
        for port in &holdings.ports {
            take_off(&mut self.ports, port, holder);
        }
    }

    fn has_ip(&self, ip: IpAddr, but: &str) -> bool {
        self.ips.get(&ip).is_some_and(|holders| holders.iter().any(|holder| **holder != *but))
    }

    fn has_port(&self, port: u16, but: &str) -> bool {
        self.ports.get(&port).is_some_and(|holders| holders.iter().any(|holder| **holder != *but))
    }
}

fn take_off<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Vec<Arc<str>>>, key: &K, holder: &str) {
    let Some(holders) = map.get_mut(key) else { return };
    if let Some(index) = holders.iter().position(|known| **known == *holder) {
        holders.swap_remove(index);
    }
    if holders.is_empty() {
        map.remove(key);
    }
}

/// What is free of [`Ranges`] for one object at this moment.
pub struct Pool<'a> {
    pub ranges: &'a Ranges,
    taken: &'a Taken,
    /// Whose own addresses and ports are free for it.
    holder: &'a str,
    fresh: Holdings,
    /// A uniformly random number below its argument.
    random: &'a mut dyn FnMut(u64) -> u64,
}

impl fmt::Debug for Pool<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("ranges", &self.ranges).field("holder", &self.holder).finish_non_exhaustive()
    }
}

impl<'a> Pool<'a> {
    pub fn new(ranges: &'a Ranges, taken: &'a Taken, holder: &'a str, random: &'a mut dyn FnMut(u64) -> u64) -> Self {
        Self { ranges, taken, holder, fresh: Holdings::default(), random }
    }

    fn free_ip(&self, ip: IpAddr) -> bool {
        !self.taken.has_ip(ip, self.holder) && !self.fresh.ips.contains(&ip)
    }

    fn free_port(&self, port: u16) -> bool {
        !self.taken.has_port(port, self.holder) && !self.fresh.ports.contains(&port)
    }

    /// Takes that address; the error says why not.
    pub fn take_ip(&mut self, ip: IpAddr, run: Run) -> Result<(), String> {
        match (run, self.ranges.networks.iter().any(|network| network.contains(ip))) {
            (Run::Dry, true) => Ok(()),
            (Run::Dry, false) => {
                let range = self.ranges.of(Family::of(ip)).next().or(self.ranges.networks.first()).map(Network::to_string);
                let range = range.unwrap_or_default();
                Err(format!("the provided IP ({ip}) is not in the valid range. The range of valid IPs is {range}"))
            }
            (Run::Real, false) => Err("the provided network does not match the current range".to_owned()),
            (Run::Real, true) if self.free_ip(ip) => {
                self.fresh.ips.push(ip);
                Ok(())
            }
            (Run::Real, true) => Err("provided IP is already allocated".to_owned()),
        }
    }

    /// Takes any free address of a family; `None` if all are taken.
    pub fn take_any_ip(&mut self, family: Family) -> Option<IpAddr> {
        let networks: Vec<Network> = self.ranges.of(family).copied().collect();
        let ip = networks.into_iter().find_map(|network| {
            let count = network.count();
            let reserved = addresses_reserved(count);
            // The upper part first.
            self.free_in(reserved, count - reserved, |pool, place| Some(network.at(place)).filter(|ip| pool.free_ip(*ip)))
                .or_else(|| self.free_in(0, reserved, |pool, place| Some(network.at(place)).filter(|ip| pool.free_ip(*ip))))
        })?;
        self.fresh.ips.push(ip);
        Some(ip)
    }

    /// The first free of `count` places from `first` on, beginning anywhere among them.
    fn free_in<T>(&mut self, first: u128, count: u128, free: impl Fn(&Self, u128) -> Option<T>) -> Option<T> {
        if count == 0 {
            return None;
        }
        let start = u128::from((self.random)(u64::try_from(count).unwrap_or(u64::MAX)));
        (0..count).find_map(|step| free(self, first + (start + step) % count))
    }

    /// Takes that port; the error says why not.
    pub fn take_port(&mut self, port: i64, run: Run) -> Result<(), String> {
        let known = u16::try_from(port).ok().filter(|port| self.ranges.ports.contains(port));
        match (run, known) {
            (Run::Dry, _) => Ok(()),
            (Run::Real, None) => {
                let (first, last) = (self.ranges.ports.start(), self.ranges.ports.end());
                Err(format!("provided port is not in the valid range. The range of valid ports is {first}-{last}"))
            }
            (Run::Real, Some(port)) if self.free_port(port) => {
                self.fresh.ports.push(port);
                Ok(())
            }
            (Run::Real, Some(_)) => Err("provided port is already allocated".to_owned()),
        }
    }

    /// Takes any free port; `None` if all are taken.
    pub fn take_any_port(&mut self) -> Option<u16> {
        let base = u128::from(*self.ranges.ports.start());
        let count = u128::try_from(self.ranges.ports.len()).unwrap_or_default();
        let reserved = ports_reserved(count);
        let free = |pool: &Self, place: u128| u16::try_from(base + place).ok().filter(|port| pool.free_port(*port));
        let port = self.free_in(reserved, count - reserved, free).or_else(|| self.free_in(0, reserved, free))?;
        self.fresh.ports.push(port);
        Some(port)
    }
}

/// How many addresses at the beginning are for those who name one: a sixteenth, from 16 to 256; none of a range so small.
fn addresses_reserved(count: u128) -> u128 {
    if count <= 16 { 0 } else { (count / 16).clamp(16, 256) }
}

/// How many ports at the beginning are for those who name one: a thirty-second, from 16 to 128; none of a range so small.
fn ports_reserved(count: u128) -> u128 {
    if count <= 16 { 0 } else { (count / 32).clamp(16, 128) }
}

#[cfg(test)]
mod tests {
    //! Tests of address and port allocation.

    use super::*;
    use crate::json;

    fn ranges(networks: &[&str], ports: RangeInclusive<u16>) -> Ranges {
        Ranges { networks: networks.iter().map(|text| Network::parse(text).unwrap()).collect(), ports }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_and_ports_are_given_once() {
        // W15: dry run does not check allocation
        let mut zero = |_| 0;
        let ranges = ranges(&["10.43.0.0/30"], 30000..=30001);
        let mut taken = Taken::default();
        let service = json!({"spec": {"clusterIPs": ["10.43.0.1"], "ports": [{"nodePort": 30000}]}});
        taken.note(&"n/other".into(), &Holdings::of(&service));
        let mut pool = Pool::new(&ranges, &taken, "n/s", &mut zero);
        assert!(pool.take_ip(ip("10.43.0.1"), Run::Dry).is_ok());
        assert_eq!(pool.take_ip(ip("10.43.0.1"), Run::Real).unwrap_err(), "provided IP is already allocated");
        assert!(pool.take_ip(ip("10.43.0.3"), Run::Real).is_err());
        assert_eq!(pool.take_any_ip(Family::V4), Some(ip("10.43.0.2")));
        assert_eq!(pool.take_any_ip(Family::V4), None);
        assert_eq!(pool.take_any_ip(Family::V6), None);
        assert_eq!(pool.take_any_port(), Some(30001));
        assert_eq!(pool.take_any_port(), None);
        assert!(pool.take_port(80, Run::Real).unwrap_err().ends_with("30000-30001"));
    }

    #[test]
    fn whoever_leaves_the_choice_gets_what_nobody_names() {
        let mut zero = |_| 0;
        let ranges = ranges(&["10.43.0.0/16", "fd00::/108"], 30000..=32767);
        let taken = Taken::default();
        let mut pool = Pool::new(&ranges, &taken, "n/s", &mut zero);
        assert_eq!(pool.take_any_ip(Family::V4), Some(ip("10.43.1.1")));
        assert_eq!(pool.take_any_ip(Family::V6), Some(ip("fd00::101")));
        assert_eq!(pool.take_any_port(), Some(30086));
        assert!(pool.take_ip(ip("10.43.0.1"), Run::Real).is_ok());
    }

    #[test]
    fn a_second_network_takes_over_when_the_first_is_full() {
        let mut zero = |_| 0;
        let ranges = ranges(&["10.43.0.0/30", "10.44.0.0/30"], 30000..=30001);
        let mut taken = Taken::default();
        let all = Holdings { ips: vec![ip("10.43.0.1"), ip("10.43.0.2")], ports: Vec::new() };
        taken.note(&"n/other".into(), &all);
        assert_eq!(Pool::new(&ranges, &taken, "n/s", &mut zero).take_any_ip(Family::V4), Some(ip("10.44.0.1")));
        taken.take_off("n/other", &all);
        assert_eq!(Pool::new(&ranges, &taken, "n/s", &mut zero).take_any_ip(Family::V4), Some(ip("10.43.0.1")));
    }
}
