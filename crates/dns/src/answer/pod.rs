//! Names of pods' addresses: `10-42-0-5`, `fd00-42--5` (DNSG-23). Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub fn address(label: &str) -> Option<IpAddr> {
    let is_v4 = label.matches('-').count() == 3 && !label.contains("--");
    if is_v4 {
        return label.replace('-', ".").parse::<Ipv4Addr>().ok().map(IpAddr::V4);
    }
    let address: Ipv6Addr = label.replace('-', ":").parse().ok()?;
    Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_dashes_are_names() {
        // DNSG-23
        for (label, wanted) in [
            ("10-42-0-5", "10.42.0.5"),
            ("0-0-0-0", "0.0.0.0"),
            ("fd00-42--5", "fd00:42::5"),
            ("10--0-5", "10::0:5"),
            ("--1", "::1"),
            ("1-2-3-4-5-6-7-8", "1:2:3:4:5:6:7:8"),
        ] {
            assert_eq!(address(label), Some(wanted.parse().unwrap()), "{label}");
        }
        for label in ["10-42-0", "10-42-0-256", "10-42-0-5-6", "web", "010-042-000-005", "10-42-0-05", "", "a", "fd00-42---5"] {
            assert_eq!(address(label), None, "{label}");
        }
    }
}
