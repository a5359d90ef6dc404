//! The cluster's name server in this process: where it listens, whom it asks, and how the cluster shows it.

use crate::config::ServerArgs;
use crate::inprocess;
use crate::supervisor::Supervisor;
use anyhow::Context;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use stead_dns::{Listener, Memory, Options, Shown, Zone};
use stead_server::{Environment, Server};

const PORT: u16 = 53;
/// How long clients may keep the cluster's names (DNS-1).
const TTL_S: u32 = 30;

/// Keeps the addresses that pods are told to ask for the Service that shows the name server.
pub fn reserve(args: &ServerArgs, server: &Server) {
    if args.agent() {
        server.reserve(stead_dns::SERVICE, &of_services(args));
    }
}

/// Starts it where pods run here, and where the host is to be answered. `towards_pods` are this machine's addresses for its pods.
pub async fn start(
    supervisor: &mut Supervisor,
    args: &ServerArgs,
    node_name: &str,
    server: &Server,
    towards_pods: &[IpAddr],
    machine: Arc<dyn Environment>,
) -> anyhow::Result<()> {
    if towards_pods.is_empty() && args.dns_listen.is_none() {
        return Ok(());
    }
    let host = match args.dns_listen {
        Some(address) => Some(Listener::bind(address, Memory::Unused).await.with_context(|| format!("listen on --dns-listen {address}"))?),
        None => None,
    };
    let options = Options {
        zone: Zone::new(&args.cluster_domain, TTL_S).context("--cluster-domain")?,
        resolvers: args.resolvers(),
        node_name: node_name.to_owned(),
        node: listeners(towards_pods, args.dns_listen),
        host,
        shown: shown(args, node_name, towards_pods),
        clock: Arc::new(move || machine.now()),
    };
    let client = stead_client::Client::new(inprocess::client(server.service(), stead_dns::USER, "kube-dns"), "stead-dns");
    let mut stop = supervisor.stopping();
    let stopped = async move { stop.wait_for(|stop| *stop).await.map(drop).unwrap_or_default() };
    supervisor.spawn("name server", async move { stead_dns::run(client, options, stopped).await.context("answer questions for names") });
    Ok(())
}

/// Where it listens for pods beside `--dns-listen`: not where that hears them already, for nothing else can listen there then.
fn listeners(towards_pods: &[IpAddr], dns_listen: Option<SocketAddr>) -> Vec<SocketAddr> {
    let hears = |address: &SocketAddr| {
        dns_listen.is_some_and(|all| all.ip().is_unspecified() && all.port() == PORT && (all.is_ipv6() || address.is_ipv4()))
    };
    let at_port = towards_pods.iter().map(|address| SocketAddr::new(*address, PORT));
    at_port.filter(|address| dns_listen != Some(*address) && !hears(address)).collect()
}

fn shown(args: &ServerArgs, node_name: &str, towards_pods: &[IpAddr]) -> Option<Shown> {
    let cluster = of_services(args);
    let is_reached = |listener: &IpAddr| cluster.iter().any(|address| address.is_ipv4() == listener.is_ipv4());
    let listeners: Vec<IpAddr> = towards_pods.iter().copied().filter(is_reached).collect();
    (!listeners.is_empty()).then(|| Shown { cluster, node: node_name.to_owned(), listeners })
}

/// The addresses that pods are told to ask, as far as they are a Service's: of each family the first.
fn of_services(args: &ServerArgs) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in args.dns().servers.into_iter().filter(|address| args.service_cidr.contains(*address)) {
        if addresses.iter().all(|known| known.is_ipv4() != address.is_ipv4()) {
            addresses.push(address);
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_else_listens_where_all_addresses_are_listened_on() {
        let of = |listen: &str| {
            let towards_pods = ["10.42.0.1".parse().unwrap(), "fd00:42::1".parse().unwrap()];
            listeners(&towards_pods, (!listen.is_empty()).then(|| listen.parse().unwrap()))
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        for beside in ["", "127.0.0.1:53", "0.0.0.0:5353"] {
            assert_eq!(of(beside), ["10.42.0.1:53", "[fd00:42::1]:53"], "{beside}");
        }
        assert_eq!(of("0.0.0.0:53"), ["[fd00:42::1]:53"]);
        assert_eq!(of("10.42.0.1:53"), ["[fd00:42::1]:53"]);
        assert_eq!(of("[::]:53"), [""; 0]);
    }
}
