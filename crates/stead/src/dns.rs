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

/// Starts it where pods run here, and where the host is to be answered. `pods_reach` is this machine's address for its pods.
pub async fn start(
    supervisor: &mut Supervisor,
    args: &ServerArgs,
    node_name: &str,
    server: &Server,
    pods_reach: Option<IpAddr>,
    machine: Arc<dyn Environment>,
) -> anyhow::Result<()> {
    if pods_reach.is_none() && args.dns_listen.is_none() {
        return Ok(());
    }
    let host = match args.dns_listen {
        Some(address) => Some(Listener::bind(address, Memory::Unused).await.with_context(|| format!("listen on --dns-listen {address}"))?),
        None => None,
    };
    let options = Options {
        zone: Zone::new(&args.cluster_domain, TTL_S).context("--cluster-domain")?,
        resolvers: args.resolvers(),
        node: pods_reach.map(|address| SocketAddr::new(address, PORT)),
        host,
        shown: pods_reach.and_then(|listener| shown(args, node_name, listener)),
        clock: Arc::new(move || machine.now()),
    };
    let client = stead_client::Client::new(inprocess::client(server.service(), "kube-dns"), "stead-dns");
    let mut stop = supervisor.stopping();
    let stopped = async move { stop.wait_for(|stop| *stop).await.map(drop).unwrap_or_default() };
    supervisor.spawn("name server", async move { stead_dns::run(client, options, stopped).await.context("answer questions for names") });
    Ok(())
}

/// The addresses that pods are told to ask, as far as they are a Service's.
fn shown(args: &ServerArgs, node_name: &str, listener: IpAddr) -> Option<Shown> {
    let is_of_services = |address: &IpAddr| args.service_cidr.contains(*address);
    let cluster: Vec<IpAddr> = args.dns().servers.into_iter().filter(is_of_services).take(1).collect();
    (!cluster.is_empty()).then(|| Shown { cluster, node: node_name.to_owned(), listener })
}
