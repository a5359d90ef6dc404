//! The names and addresses that the server's certificate is for, and the addresses of this machine's links.

use nix::net::if_::InterfaceFlags;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// What the names are made of.
#[derive(Debug, Clone)]
pub struct NameSources {
    pub bind_address: IpAddr,
    pub node_name: String,
    pub cluster_domain: String,
    /// The first address of each range of Services.
    pub service_addresses: Vec<IpAddr>,
    /// This machine's addresses towards its pods, as far as they are known.
    pub towards_pods: Vec<IpAddr>,
    /// Given by the user.
    pub tls_sans: Vec<String>,
}

/// Every name that the API is reached by (DNS-19). A server that listens on every address is reached by those of the host.
pub fn server_names(named: &NameSources, host_addresses: impl IntoIterator<Item = IpAddr>) -> Vec<String> {
    let mut names: BTreeSet<String> =
        ["localhost", "127.0.0.1", "::1", "kubernetes", "kubernetes.default", "kubernetes.default.svc"].map(str::to_owned).into();
    names.insert(format!("kubernetes.default.svc.{}", named.cluster_domain));
    names.extend(named.service_addresses.iter().chain(&named.towards_pods).map(IpAddr::to_string));
    names.insert(named.node_name.clone());
    names.extend(named.tls_sans.iter().cloned());
    match named.bind_address {
        IpAddr::V4(any) if any.is_unspecified() => names.extend(host_addresses.into_iter().filter(IpAddr::is_ipv4).map(|a| a.to_string())),
        IpAddr::V6(any) if any.is_unspecified() => names.extend(host_addresses.into_iter().map(|a| a.to_string())),
        one => drop(names.insert(one.to_string())),
    }
    names.into_iter().collect()
}

/// The addresses of this machine's links. None if they cannot be read: the next look finds them.
pub fn host_addresses() -> Vec<IpAddr> {
    link_addresses().into_iter().map(|(_, address)| address).collect()
}

/// Those of them that other machines may reach it by.
pub fn outer_addresses() -> Vec<IpAddr> {
    outer(link_addresses())
}

/// Any address may stand on a loopback link, the first one of the pods' range for one: nobody elsewhere reaches it there.
fn outer(links: impl IntoIterator<Item = (InterfaceFlags, IpAddr)>) -> Vec<IpAddr> {
    let outer = |flags: InterfaceFlags, address: &IpAddr| !flags.contains(InterfaceFlags::IFF_LOOPBACK) && !address.is_loopback();
    links.into_iter().filter(|(flags, address)| outer(*flags, address)).map(|(_, address)| address).collect()
}

/// The addresses of links, without those that are good on one link alone.
fn link_addresses() -> Vec<(InterfaceFlags, IpAddr)> {
    let interfaces = match nix::ifaddrs::getifaddrs() {
        Ok(interfaces) => interfaces,
        Err(error) => {
            tracing::warn!(%error, "cannot read the addresses of this machine");
            return Vec::new();
        }
    };
    let addresses = interfaces.filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|a| IpAddr::from(a.ip()));
        let ip = v4.or_else(|| address.as_sockaddr_in6().map(|a| IpAddr::from(a.ip())))?;
        Some((interface.flags, ip))
    });
    addresses.filter(|(_, address)| !matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(bind_address: &str) -> NameSources {
        NameSources {
            bind_address: bind_address.parse().unwrap(),
            node_name: "n".to_owned(),
            cluster_domain: "cluster.local".to_owned(),
            service_addresses: vec!["10.43.0.1".parse().unwrap(), "fd00:43::1".parse().unwrap()],
            towards_pods: vec!["10.42.0.1".parse().unwrap()],
            tls_sans: vec!["api.example.com".to_owned(), "192.0.2.9".to_owned()],
        }
    }

    fn names(bind_address: &str) -> Vec<String> {
        server_names(&named(bind_address), ["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()])
    }

    #[test]
    fn the_names_of_the_service_and_those_given_are_always_there() {
        for bind in ["127.0.0.1", "0.0.0.0", "::", "192.0.2.7"] {
            let names = names(bind);
            for name in [
                "localhost",
                "kubernetes.default.svc.cluster.local",
                "10.43.0.1",
                "fd00:43::1",
                "10.42.0.1",
                "n",
                "api.example.com",
                "192.0.2.9",
            ] {
                assert!(names.iter().any(|n| n == name), "{name} for {bind} in {names:?}"); // DNS-19
            }
        }
    }

    #[test]
    fn a_server_on_every_address_is_named_by_all_of_the_host() {
        let has = |bind: &str, name: &str| names(bind).iter().any(|n| n == name);
        assert!(has("0.0.0.0", "192.0.2.1") && !has("0.0.0.0", "2001:db8::1"));
        assert!(has("::", "192.0.2.1") && has("::", "2001:db8::1"));
        assert!(!has("127.0.0.1", "192.0.2.1"));
        assert!(has("192.0.2.7", "192.0.2.7"));
    }

    #[test]
    fn an_address_on_a_loopback_link_is_no_outer_one() {
        let (lo, eth) = (InterfaceFlags::IFF_UP | InterfaceFlags::IFF_LOOPBACK, InterfaceFlags::IFF_UP | InterfaceFlags::IFF_BROADCAST);
        let links =
            [(lo, "127.0.0.1"), (lo, "10.42.0.1"), (lo, "fd00:42::1"), (eth, "127.0.0.2"), (eth, "192.0.2.1"), (eth, "2001:db8::1")];
        let outer = outer(links.map(|(flags, address)| (flags, address.parse().unwrap())));
        assert_eq!(outer.iter().map(ToString::to_string).collect::<Vec<_>>(), ["192.0.2.1", "2001:db8::1"]);
        let on_links = link_addresses();
        assert!(
            on_links.iter().any(|(flags, address)| address.is_loopback() && flags.contains(InterfaceFlags::IFF_LOOPBACK)),
            "{on_links:?}"
        );
    }
}
