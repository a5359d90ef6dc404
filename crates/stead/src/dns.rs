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
        node: towards_pods.iter().map(|address| SocketAddr::new(*address, PORT)).collect(),
        host,
        shown: shown(args, node_name, towards_pods),
        clock: Arc::new(move || machine.now()),
    };
    let client = stead_client::Client::new(inprocess::client(server.service(), "kube-dns"), "stead-dns");
    let mut stop = supervisor.stopping();
    let stopped = async move { stop.wait_for(|stop| *stop).await.map(drop).unwrap_or_default() };
    supervisor.spawn("name server", async move { stead_dns::run(client, options, stopped).await.context("answer questions for names") });
    Ok(())
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
