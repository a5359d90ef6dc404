//! The node agent of this process: real on this machine, or simulated nodes.

mod metrics;

use crate::config::ServerArgs;
use crate::supervisor::Supervisor;
use crate::{explain, inprocess};
use anyhow::Context;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stead_network::Range;
use stead_node::agent::{Clock, Storage};
use stead_node::disks::{LocalDisks, SimulatedDisks};
use stead_node::eviction::thresholds::Config;
use stead_node::kubelet_api::KubeletApi;
use stead_node::network::{self, Network};
use stead_node::questions;
use stead_node::registration::Machine;
use stead_node::shutdown::{self, Shutdown};
use stead_node::stats::Stats;
use stead_node::streams::Streams;
use stead_server::{Environment, NodeService, Server};
use tokio::sync::watch;

/// The image that needs no registry.
const BUILTIN_IMAGE: &str = "localhost/stead:1";

/// The name given, else the host's in lower case (NODE-1).
pub fn name(args: &ServerArgs) -> anyhow::Result<String> {
    if let Some(name) = &args.node_name {
        return Ok(name.clone());
    }
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
    node_name_of(&host)
}

fn node_name_of(host: &str) -> anyhow::Result<String> {
    if host.is_empty() {
        return Ok("stead".to_owned());
    }
    let said = |reason| anyhow::anyhow!("this host's name {host:?} cannot be a node's ({reason}); give another with --node-name");
    crate::config::node_name(host).map_err(said)
}

/// What the nodes of this process have for its other parts.
#[derive(Debug, Default)]
pub struct Nodes {
    /// This machine's addresses towards its pods.
    pub towards_pods: Vec<IpAddr>,
    /// With it others say that the machine shuts down; none: pods are left alone then.
    pub shutdown: Option<shutdown::Handle>,
    /// True once the API calls no pod ready that has ended while no server ran; none: no real ones can have.
    pub caught_up: Option<watch::Receiver<bool>>,
}

/// Starts the nodes that these settings ask for.
pub async fn start(
    supervisor: &mut Supervisor,
    args: &ServerArgs,
    name: &str,
    server: &Server,
    machine: Arc<dyn Environment>,
) -> anyhow::Result<Nodes> {
    use stead_node::real::Real;
    use stead_node::{agent, host, simulated::Simulated};
    let acting = |user: &str, agent| stead_client::Client::new(inprocess::client(server.service(), user, agent), agent);
    let clock: Clock = Arc::new(move || machine.now());
    let provisioning = acting(stead_node::provisioner::USER, "stead-provisioner");
    let stop = supervisor.stopping();
    let (explainer, questions) = questions::questions();
    let (caught_up, catching_up) = watch::channel(false);
    server.register_debug_page(explain::NODE_PAGE, explain::node_page(explainer));
    if args.simulated_nodes > 0 {
        let api = acting(stead_server::SIMULATED_NODES, "kubelet");
        let names = (0..args.simulated_nodes).map(|n| (simulated_name(n), vec![simulated_pods(n)]));
        let runtime = Simulated::new(clock.clone(), names);
        let version = stead_node::runtime::Runtime::version(&runtime);
        let base = host::machine("", &args.data_dir, &version, stead_server::KUBERNETES_VERSION);
        let machines: Vec<_> = (0..args.simulated_nodes).map(|n| simulated_machine(&base, n)).collect();
        let stats = Stats::default();
        register(server, &machines, &KubeletApi::new(api.clone(), runtime.clone(), clock.clone(), stop.clone()), &stats);
        let options = agent::Options {
            api,
            machines,
            runtime,
            volumes: None,
            storage: Some(simulated_storage(provisioning)),
            clock,
            stats,
            data_dir: None,
            eviction: Config::default(),
            questions,
            shutdown: Shutdown::never(),
            caught_up,
        };
        supervisor.spawn("simulated nodes", async move { agent::run(options, stop).await.map_err(Into::into) });
    } else if args.agent() {
        let api = acting(&format!("system:node:{name}"), "kubelet");
        let (containers, pulling) = open_runtime(args).await?;
        let network = open_network(args, &containers).await?;
        let towards_pods = network.machine_addresses();
        let machine = this_machine(args, name, &network);
        let proxying = acting(stead_proxy::USER, "kube-proxy");
        supervisor.spawn("services", services(&network, args, name, proxying, clock.clone(), stop.clone()));
        let (network, firewall) = Network::new(network, args.cluster_cidr.ranges().to_vec());
        keep_ways(supervisor, network.clone());
        let judging = acting(stead_firewall::USER, "stead-firewall");
        judge(supervisor, firewall, surroundings(judging, name, clock.clone()));
        let runtime = Real::new(containers, network, args.data_dir.join("logs"), machine.cpus, machine.memory_bytes)
            .confined(confinement(args)?)
            .pulling(pulling);
        let (machines, stats) = (vec![machine], Stats::default());
        register(server, &machines, &KubeletApi::new(api.clone(), runtime.clone(), clock.clone(), stop.clone()), &stats);
        let volumes = stead_volumes::Store::open(&pods_root(&args.data_dir)).context("open the pods' directories")?;
        let (handle, shutdown) = watch_for_shutdown(supervisor, args)?;
        let options = agent::Options {
            api,
            machines,
            runtime,
            volumes: Some(Arc::new(volumes)),
            storage: Some(open_storage(args, provisioning).await?),
            clock,
            stats,
            data_dir: Some(args.data_dir.clone()),
            eviction: args.care.eviction().map_err(anyhow::Error::msg)?,
            questions,
            shutdown,
            caught_up,
        };
        supervisor.spawn("node", async move { agent::run(options, stop).await.map_err(Into::into) });
        return Ok(Nodes { towards_pods, shutdown: handle, caught_up: Some(catching_up) });
    }
    Ok(Nodes::default())
}

/// What the firewall knows beside packets.
fn surroundings(api: stead_client::Client, name: &str, clock: Clock) -> stead_firewall::Surroundings {
    stead_firewall::Surroundings { api, node: name.to_owned(), now: Box::new(move || clock()) }
}

/// The node that a server without any flags would have on this machine.
pub fn imagined_machine(data_dir: &Path) -> anyhow::Result<Machine> {
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
    let mut machine =
        stead_node::host::machine(&node_name_of(&host)?, data_dir, stead_node::real::VERSION, stead_server::KUBERNETES_VERSION);
    machine.pod_ranges = vec!["10.42.0.0/24".to_owned()];
    Ok(machine)
}

/// This machine as its node shows it.
fn this_machine(args: &ServerArgs, name: &str, network: &stead_network::Network) -> Machine {
    use stead_node::host;
    let mut machine = host::machine(name, &args.data_dir, stead_node::real::VERSION, stead_server::KUBERNETES_VERSION);
    machine.dns = args.dns();
    let families: Vec<host::Family> = network.ranges().iter().map(|range| host::Family::of(range.address())).collect();
    machine.addresses = host::addresses(&families);
    machine.pod_ranges = network.ranges().iter().map(ToString::to_string).collect();
    machine
}

/// The disks that are there.
async fn open_storage(args: &ServerArgs, api: stead_client::Client) -> anyhow::Result<Storage> {
    let root = storage_root(&crate::file::resolved(&args.data_dir)?);
    let default_pool = args.storage.default_local_storage_path.clone().unwrap_or_else(|| root.join("volumes"));
    let retention = args.storage.trash_retention.0;
    let opened = tokio::task::spawn_blocking(move || LocalDisks::open(&root, retention)).await.context("open the disks of claims")?;
    Ok(Storage { api, disks: Arc::new(opened.context("open the disks of claims")?), default_pool })
}

/// As much room as one wants to try.
fn simulated_storage(api: stead_client::Client) -> Storage {
    Storage { api, disks: Arc::new(SimulatedDisks::new(1 << 44)), default_pool: PathBuf::from("/simulated") }
}

/// Listens to logind for shutdowns of the machine, if pods are to end then.
fn watch_for_shutdown(supervisor: &mut Supervisor, args: &ServerArgs) -> anyhow::Result<(Option<shutdown::Handle>, Shutdown)> {
    let config = args.care.shutdown().map_err(anyhow::Error::msg)?;
    if config.is_off() {
        return Ok((None, Shutdown::never()));
    }
    let total = config.total();
    let (handle, shutdown) = shutdown::shutdown(config);
    let (telling, mut stop) = (handle.clone(), supervisor.stopping());
    let socket = shutdown::logind::socket(&args.care.system_bus_address).context("--system-bus-address")?;
    supervisor.spawn("shutdown", async move {
        tokio::select! {
            () = shutdown::logind::listen(socket, telling, total) => anyhow::bail!("nobody listens to logind any more"),
            _ = stop.wait_for(|stop| *stop) => Ok(()),
        }
    });
    Ok((Some(handle), shutdown))
}

/// The containers that are there, and what gets images for others.
async fn open_runtime(args: &ServerArgs) -> anyhow::Result<(stead_runtime::Runtime, stead_node::real::Pulling)> {
    let images = stead_images::Store::open(&images_dir(&args.data_dir)).context("open the image store")?;
    let registries = args.private_registry.clone().unwrap_or_else(|| default_registries(&args.data_dir));
    let puller = stead_images::Puller::new(images.clone(), registries);
    let pulling = stead_node::real::Pulling { puller, docker_config: docker_config(&args.data_dir) };
    let options = stead_runtime::Options { images: Some(images), ..stead_runtime::Options::default() };
    let containers = stead_runtime::Runtime::open(&runtime_root(&args.data_dir), options).await.context("open the container runtime")?;
    containers.builtin(BUILTIN_IMAGE).await?;
    Ok((containers, pulling))
}

/// Lets new links of the machine pass on what is for pods.
fn keep_ways(supervisor: &mut Supervisor, network: Network) {
    let mut stopped = supervisor.stopping();
    supervisor.spawn("network", async move {
        tokio::select! {
            ended = network.keep_ways() => ended.context("hear of this machine's addresses"),
            _ = stopped.wait_for(|stop| *stop) => Ok(()),
        }
    });
}

/// Keeps the rules for pods' packets as policies and pods are.
fn judge(supervisor: &mut Supervisor, firewall: stead_firewall::Firewall, surroundings: stead_firewall::Surroundings) {
    let (judging, mut stopped) = (firewall.run(surroundings), supervisor.stopping());
    supervisor.spawn("firewall", async move {
        tokio::select! {
            () = judging => anyhow::bail!("nobody tells of sandboxes any more"),
            _ = stopped.wait_for(|stop| *stop) => Ok(()),
        }
    });
}

/// Leads what comes to Services to their endpoints.
fn services(
    network: &stead_network::Network,
    args: &ServerArgs,
    node: &str,
    api: stead_client::Client,
    clock: Clock,
    stop: watch::Receiver<bool>,
) -> impl Future<Output = anyhow::Result<()>> + use<> {
    let range = |range: &Range| stead_proxy::AddressRange { address: range.address(), bits: range.prefix() };
    let settings = stead_proxy::Settings {
        table: network.tag().table(),
        links: network.tag().links(),
        all_links: "st".to_owned(),
        pod_ranges: args.cluster_cidr.ranges().iter().map(range).collect(),
    };
    let options = stead_proxy::Options { api, node: node.to_owned(), settings, now: Box::new(move || clock()) };
    async move {
        stead_proxy::run(options, stop).await;
        Ok(())
    }
}

/// This machine's addresses towards its pods when a server last ran here; nothing where pods have none, or it is not known.
pub fn recorded_addresses(args: &ServerArgs) -> Vec<IpAddr> {
    if !args.agent() || args.simulated_nodes > 0 {
        return Vec::new();
    }
    let recorded = stead_network::recorded_addresses(&network::root(&args.data_dir));
    recorded.inspect_err(|error| tracing::debug!(%error, "the network's record cannot be read yet")).unwrap_or_default()
}

/// The network of the sandboxes that the runtime has; what is there of others is removed.
async fn open_network(args: &ServerArgs, containers: &stead_runtime::Runtime) -> anyhow::Result<stead_network::Network> {
    let running = containers.sandboxes().into_iter().filter(|sandbox| sandbox.state != stead_runtime::SandboxState::Stopped);
    let live: BTreeSet<String> = running.map(|sandbox| sandbox.spec.id).collect();
    let (dir, ranges) = (network::root(&args.data_dir), args.cluster_cidr.ranges().to_vec());
    let opened =
        tokio::task::spawn_blocking(move || stead_network::Network::open(&dir, &ranges, &live)).await.context("open the network")?;
    opened.with_context(|| format!("open the pods' network (--cluster-cidr {})", args.cluster_cidr))
}

fn confinement(args: &ServerArgs) -> anyhow::Result<stead_node::real::Confinement> {
    let profiles = std::path::absolute(&args.data_dir)?.join("seccomp");
    Ok(stead_node::real::Confinement { profiles, seccomp_default: args.seccomp_default, pod_processes_max: args.pod_max_pids })
}

/// Lets the API server reach these nodes.
fn register<R: Streams>(server: &Server, machines: &[Machine], api: &KubeletApi<R>, stats: &Stats) {
    for machine in machines {
        server.register_node(&machine.name, NodeService::new(api.clone().of_node(&machine.name, stats.clone())));
    }
    server.serve_metrics(Arc::new(metrics::Metrics(stats.clone())));
}

/// Where the container runtime keeps what it has.
pub fn runtime_root(data_dir: &Path) -> PathBuf {
    data_dir.join("containers")
}

/// The settings of registries of a server that was not told of others.
pub fn default_registries(data_dir: &Path) -> PathBuf {
    data_dir.join("registries.yaml")
}

/// Credentials of the node for registries, in docker's form.
pub fn docker_config(data_dir: &Path) -> PathBuf {
    data_dir.join("config.json")
}

/// Where images are kept.
pub fn images_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("images")
}

/// Where it is written down which disks of claims there are.
pub fn storage_root(data_dir: &Path) -> PathBuf {
    data_dir.join("storage")
}

/// Where each pod's directory is, with its volumes.
pub fn pods_root(data_dir: &Path) -> PathBuf {
    data_dir.join("pods")
}

/// A simulated node has room for as many pods as one wants to try.
fn simulated_machine(base: &Machine, n: u32) -> Machine {
    Machine {
        name: simulated_name(n),
        pod_ranges: vec![simulated_pods(n).to_string()],
        addresses: vec![format!("192.0.2.{}", n % 254 + 1)],
        cpus: 64,
        memory_bytes: 256 << 30,
        pods_max: 1100,
        ..base.clone()
    }
}

fn simulated_name(n: u32) -> String {
    format!("simulated-{n}")
}

/// Room for the pods of one simulated node, among the addresses that no machine has.
fn simulated_pods(n: u32) -> Range {
    const PREFIX: u8 = 20;
    Range::around(Ipv4Addr::from((240 << 24) + (n << (32 - PREFIX))).into(), PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_that_cannot_be_a_nodes_is_said() {
        assert_eq!(node_name_of("Box.example").unwrap(), "box.example");
        assert_eq!(node_name_of("").unwrap(), "stead");
        assert!(format!("{:#}", node_name_of("my_box").unwrap_err()).contains("--node-name"));
    }
}
