//! Cluster addresses and node ports: what is taken and what is free. Pure: chance is injected, and the taken ones are told.
//! Input: ranges and the objects that hold addresses. Output: single addresses and ports, or why not.

use crate::Value;
use crate::value::Access;
use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

/// Whether an allocation is to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    Real,
    /// Nothing is checked against what is taken (W15).
    Dry,
}

/// Where addresses and ports come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranges {
    pub network: Ipv4Addr,
    /// Length of the network's prefix in bits, at most 30.
    pub prefix: u8,
    pub ports: RangeInclusive<u16>,
}

impl Ranges {
    /// `10.43.0.0/16`.
    pub fn cidr(&self) -> String {
        format!("{}/{}", self.network, self.prefix)
    }

    fn size(&self) -> u32 {
        u32::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0)
    }

    /// Whether a Service may have this address: neither the network's nor the broadcast address.
    pub fn contains(&self, ip: Ipv4Addr) -> bool {
        let offset = u32::from(ip).wrapping_sub(u32::from(self.network));
        (1..self.size()).contains(&offset)
    }
}

/// What is free of [`Ranges`] at this moment.
pub struct Pool<'a> {
    pub ranges: Ranges,
    ips: BTreeSet<Ipv4Addr>,
    ports: BTreeSet<u16>,
    /// A uniformly random number below its argument.
    random: &'a mut dyn FnMut(u64) -> u64,
}

impl fmt::Debug for Pool<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("ranges", &self.ranges).field("ips", &self.ips.len()).finish_non_exhaustive()
    }
}

impl<'a> Pool<'a> {
    pub fn new(ranges: Ranges, random: &'a mut dyn FnMut(u64) -> u64) -> Self {
        Self { ranges, ips: BTreeSet::new(), ports: BTreeSet::new(), random }
    }

    /// Notes what a stored Service holds.
    pub fn occupy(&mut self, service: &Value) {
        let spec = &service["spec"];
        let ips = spec.items("clusterIPs").iter().filter_map(|ip| ip.as_str()?.parse::<Ipv4Addr>().ok());
        self.ips.extend(ips);
        let ports = spec.items("ports").iter().filter_map(|port| port.int("nodePort")).chain(spec.int("healthCheckNodePort"));
        self.ports.extend(ports.filter_map(|port| u16::try_from(port).ok()).filter(|port| *port != 0));
    }

    /// Takes that address; the error says why not.
    pub fn take_ip(&mut self, ip: Ipv4Addr, run: Run) -> Result<(), String> {
        match (run, self.ranges.contains(ip)) {
            (Run::Dry, true) => Ok(()),
            (Run::Dry, false) => {
                Err(format!("the provided IP ({ip}) is not in the valid range. The range of valid IPs is {}", self.ranges.cidr()))
            }
            (Run::Real, false) => Err("the provided network does not match the current range".to_owned()),
            (Run::Real, true) if self.ips.insert(ip) => Ok(()),
            (Run::Real, true) => Err("provided IP is already allocated".to_owned()),
        }
    }

    /// Takes any free address; `None` if all are taken.
    pub fn take_any_ip(&mut self) -> Option<Ipv4Addr> {
        let count = self.ranges.size().saturating_sub(1);
        let start = u32::try_from((self.random)(u64::from(count.max(1)))).ok()?;
        let base = u32::from(self.ranges.network);
        let ip = (0..count).map(|step| Ipv4Addr::from(base + 1 + (start + step) % count)).find(|ip| !self.ips.contains(ip))?;
        self.ips.insert(ip);
        Some(ip)
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
            (Run::Real, Some(port)) if self.ports.insert(port) => Ok(()),
            (Run::Real, Some(_)) => Err("provided port is already allocated".to_owned()),
        }
    }

    /// Takes any free port; `None` if all are taken.
    pub fn take_any_port(&mut self) -> Option<u16> {
        let (first, last) = (u32::from(*self.ranges.ports.start()), u32::from(*self.ranges.ports.end()));
        let count = (last + 1).saturating_sub(first);
        let start = u32::try_from((self.random)(u64::from(count.max(1)))).ok()?;
        let ports = (0..count).filter_map(|step| u16::try_from(first + (start + step) % count).ok());
        let port = ports.into_iter().find(|port| !self.ports.contains(port))?;
        self.ports.insert(port);
        Some(port)
    }
}

#[cfg(test)]
mod tests {
    //! Tests of address and port allocation.

    use super::*;
    use crate::json;

    #[test]
    fn addresses_and_ports_are_given_once() {
        // W15: dry run does not check allocation
        let mut zero = |_| 0;
        let ranges = Ranges { network: Ipv4Addr::new(10, 43, 0, 0), prefix: 30, ports: 30000..=30001 };
        let mut pool = Pool::new(ranges, &mut zero);
        pool.occupy(&json!({"spec": {"clusterIPs": ["10.43.0.1"], "ports": [{"nodePort": 30000}]}}));
        assert!(pool.take_ip(Ipv4Addr::new(10, 43, 0, 1), Run::Dry).is_ok());
        assert_eq!(pool.take_ip(Ipv4Addr::new(10, 43, 0, 1), Run::Real).unwrap_err(), "provided IP is already allocated");
        assert!(pool.take_ip(Ipv4Addr::new(10, 43, 0, 3), Run::Real).is_err());
        assert_eq!(pool.take_any_ip(), Some(Ipv4Addr::new(10, 43, 0, 2)));
        assert_eq!(pool.take_any_ip(), None);
        assert_eq!(pool.take_any_port(), Some(30001));
        assert_eq!(pool.take_any_port(), None);
        assert!(pool.take_port(80, Run::Real).unwrap_err().ends_with("30000-30001"));
    }
}
