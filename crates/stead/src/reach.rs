//! Where pods reach the API. A loopback address is of no use to them: then the server listens on this machine's addresses towards its
//! pods besides. Input: the address listened on, those addresses, those of the host. Output: what the Service `kubernetes` leads to.

use crate::listen::{self, Security};
use crate::supervisor::Supervisor;
use std::net::{IpAddr, SocketAddr};
use stead_server::Server;
use tokio::net::TcpListener;

/// Where pods reach the API, or would.
#[derive(Debug, PartialEq, Eq)]
pub enum Reach {
    /// The listener is there already.
    Already(Vec<SocketAddr>),
    /// Somebody has to listen there.
    Besides(Vec<SocketAddr>),
}

/// Decides it.
pub fn of(listened: SocketAddr, towards_pods: &[IpAddr], host: &[IpAddr]) -> Reach {
    let at_port = |ips: Vec<IpAddr>| ips.into_iter().map(|ip| SocketAddr::new(ip, listened.port())).collect();
    let ip = listened.ip();
    if ip.is_loopback() {
        return Reach::Besides(at_port(towards_pods.to_vec()));
    }
    if !ip.is_unspecified() {
        return Reach::Already(vec![listened]);
    }
    let covered = |of: &IpAddr| of.is_ipv4() || ip.is_ipv6();
    let mut ips: Vec<IpAddr> = towards_pods.iter().copied().filter(covered).collect();
    if ips.is_empty() {
        ips.extend(host.iter().copied().find(|of| covered(of) && !of.is_loopback()));
    }
    Reach::Already(at_port(ips))
}

/// Listens where it has to be. What cannot be listened on is said and left out: the server works, only its pods do not reach it.
pub async fn listen(reach: Reach, security: &Security, server: &Server, supervisor: &mut Supervisor) -> Vec<SocketAddr> {
    let besides = match reach {
        Reach::Already(addresses) => return addresses,
        Reach::Besides(addresses) => addresses,
    };
    let mut reached = Vec::new();
    for address in besides {
        match TcpListener::bind(address).await {
            Ok(listener) => {
                let serving = listen::serve(listener, security.clone(), server.service(), supervisor.stopping());
                supervisor.spawn("listener for pods", async move {
                    serving.await;
                    Ok(())
                });
                reached.push(address);
            }
            Err(error) => tracing::warn!(%address, %error, "pods do not reach the API: nothing can listen there"),
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(listened: &str, towards_pods: &[&str], host: &[&str]) -> Reach {
        let ips = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        of(listened.parse().unwrap(), &ips(towards_pods), &ips(host))
    }

    fn at(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn loopback_is_not_for_pods() {
        // NS1
        assert_eq!(reach("127.0.0.1:6443", &["10.42.0.1"], &["192.0.2.1"]), Reach::Besides(at(&["10.42.0.1:6443"])));
        assert_eq!(reach("[::1]:6443", &["fd00::1"], &[]), Reach::Besides(at(&["[fd00::1]:6443"])));
        assert_eq!(reach("127.0.0.1:6443", &[], &["192.0.2.1"]), Reach::Besides(Vec::new()), "nobody listens on the host's address");
    }

    #[test]
    fn a_listener_that_pods_reach_is_enough() {
        assert_eq!(reach("192.0.2.7:1", &["10.42.0.1"], &[]), Reach::Already(at(&["192.0.2.7:1"])));
        assert_eq!(reach("0.0.0.0:1", &["10.42.0.1", "fd00::1"], &[]), Reach::Already(at(&["10.42.0.1:1"])));
        assert_eq!(reach("[::]:1", &["10.42.0.1", "fd00::1"], &[]), Reach::Already(at(&["10.42.0.1:1", "[fd00::1]:1"])));
        assert_eq!(reach("0.0.0.0:1", &[], &["127.0.0.1", "192.0.2.1"]), Reach::Already(at(&["192.0.2.1:1"])));
    }
}
