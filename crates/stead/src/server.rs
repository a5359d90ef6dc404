//! Puts the parts together: store, API, listener, controllers, node; runs them until told to stop.

use crate::config::ServerArgs;
use crate::environment::Machine;
use crate::listen::{self, Presented};
use crate::pki::Pki;
use crate::running::Running;
use crate::supervisor::Supervisor;
use crate::{cli, file, inprocess, kubeconfig};
use anyhow::Context;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stead_node::agent::Clock;
use stead_server::{Config, Environment, Server, Service};
use stead_store::{Options as StoreOptions, Store};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// The image that needs no registry.
const BUILTIN_IMAGE: &str = "localhost/stead:1";
/// How often certificates are looked at.
const RENEWAL: Duration = Duration::from_secs(12 * 3600);

/// Old Events go about this late.
const EVENTS_SWEPT_EVERY: Duration = Duration::from_secs(60);

/// Runs a server until SIGTERM or SIGINT.
pub async fn run(args: ServerArgs) -> anyhow::Result<()> {
    let begun = Instant::now();
    let args = absolute(args)?;
    // Listened for from the start: a signal that comes early must not kill half-way.
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hangup = signal(SignalKind::hangup())?;
    file::private_dir(&args.data_dir)?;
    let store = Store::open(args.data_dir.join("store.redb"), StoreOptions::default()).context("open the store")?;
    let address = SocketAddr::new(args.bind_address, args.https_listen_port);
    let listener = TcpListener::bind(address).await.with_context(|| format!("listen on {address}"))?;
    let url = url(listener.local_addr()?);
    let machine: Arc<dyn Environment> = Arc::new(Machine::default());
    let config =
        Config { store: store.clone(), environment: machine.clone(), service_cidr: args.service_cidr.clone(), advertise: url.clone() };
    let server = Server::new(config).await.context("start the API server")?;
    let mut supervisor = Supervisor::default();
    let certificates = Certificates::new(&args, &url, machine.clone())?;
    certificates.publish()?;
    let tls = listen::tls(&certificates.pki, certificates.presented.clone())?;
    let root_ca = certificates.pki.ca.certificate.clone();
    let stop = supervisor.stopping();
    let serving = listen::serve(listener, tls, server.service(), stop.clone());
    supervisor.spawn("listener", async move {
        serving.await;
        Ok(())
    });
    supervisor.spawn("certificates", certificates.keep(stop));
    supervisor.spawn("events", expire_events(server.clone(), supervisor.stopping()));
    start_controllers(&mut supervisor, &args, server.service(), &machine, root_ca)?;
    let kubeconfig = std::path::absolute(args.kubeconfig())?;
    let starting = async {
        start_node(&mut supervisor, &args, server.service(), machine).await?;
        wait_ready(&server.service()).await
    };
    // A shim that does not answer holds the start up for a while; whoever wants us to stop does not wait for that.
    let mut stopping = tokio::select! {
        started = starting => started.map(|()| false)?,
        _ = term.recv() => true,
        _ = int.recv() => true,
    };
    if !stopping {
        Running::this(url.clone(), kubeconfig.clone())?.write(&args.data_dir)?;
        tracing::info!(url, elapsed_ms = begun.elapsed().as_millis(), "ready");
        cli::say(&format!("ready {url} kubeconfig {}", kubeconfig.display()));
    }
    let died = loop {
        if stopping {
            break None;
        }
        tokio::select! {
            _ = term.recv() => stopping = true,
            _ = int.recv() => stopping = true,
            _ = hangup.recv() => {} // a closed terminal is no reason to stop
            error = supervisor.first_death() => break Some(error),
        }
    };
    tracing::info!("stopping; pods go on running");
    let stopped = supervisor.stop().await;
    let closed = store.close().await.context("close the store");
    Running::forget(&args.data_dir);
    died.map_or(Ok(()), Err).and(stopped).and(closed)
}

/// Paths that go into records and mounts must hold wherever they are read.
fn absolute(args: ServerArgs) -> anyhow::Result<ServerArgs> {
    let data_dir = std::path::absolute(&args.data_dir).with_context(|| format!("find {}", args.data_dir.display()))?;
    Ok(ServerArgs { data_dir, ..args })
}

/// Removes old Events now and then.
async fn expire_events(server: Server, mut stop: watch::Receiver<bool>) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVENTS_SWEPT_EVERY) => {}
            stopped = stop.wait_for(|stop| *stop) => return stopped.map(drop).map_err(Into::into),
        }
        if let Err(error) = server.expire_events().await {
            tracing::warn!(%error, "old events stay");
        }
    }
}

/// The URL by which clients reach the listener.
fn url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    format!("https://{}", SocketAddr::new(ip, address.port()))
}

/// Certificates and the kubeconfigs that carry them, renewed together.
struct Certificates {
    pki: Pki,
    presented: Arc<Presented>,
    dir: PathBuf,
    names: Vec<String>,
    url: String,
    args: ServerArgs,
    machine: Arc<dyn Environment>,
}

impl Certificates {
    fn new(args: &ServerArgs, url: &str, machine: Arc<dyn Environment>) -> anyhow::Result<Self> {
        let dir = args.data_dir.join("tls");
        let names = names(args);
        let pki = Pki::ensure(&dir, &names, machine.now()).context("prepare certificates")?;
        let presented = Arc::new(Presented::new(&pki)?);
        Ok(Self { pki, presented, dir, names, url: url.to_owned(), args: args.clone(), machine })
    }

    /// Writes the kubeconfig; without a file of their own, users find us as a context of theirs.
    fn publish(&self) -> anyhow::Result<()> {
        let document = kubeconfig::document(&self.url, &self.pki);
        kubeconfig::write(&self.args.kubeconfig(), &document, self.args.write_kubeconfig_mode)?;
        if self.args.write_kubeconfig.is_some() {
            return Ok(());
        }
        #[expect(clippy::disallowed_methods, reason = "who calls us is told by the environment alone")]
        let (home, sudo_user) = (std::env::var("HOME").ok(), std::env::var("SUDO_USER").ok());
        for path in kubeconfig::user_files(home.as_deref(), sudo_user.as_deref()) {
            if let Err(error) = kubeconfig::merge_into(&path, &document) {
                tracing::warn!(path = %path.display(), error = format!("{error:#}"), "a kubeconfig was left as it is");
            }
        }
        Ok(())
    }

    /// Renews what is due, for as long as the server runs.
    async fn keep(mut self, mut stop: watch::Receiver<bool>) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                () = tokio::time::sleep(RENEWAL) => {}
                stopped = stop.wait_for(|stop| *stop) => return stopped.map(drop).map_err(Into::into),
            }
            let renewed = Pki::ensure(&self.dir, &self.names, self.machine.now())?;
            if renewed != self.pki {
                tracing::info!("certificates renewed");
                self.pki = renewed;
                self.presented.replace(&self.pki)?;
                self.publish()?;
            }
        }
    }
}

/// Every name that the API is reached by (DNS-19).
fn names(args: &ServerArgs) -> Vec<String> {
    let domain = &args.cluster_domain;
    let mut names: Vec<String> =
        ["localhost", "127.0.0.1", "::1", "kubernetes", "kubernetes.default", "kubernetes.default.svc"].map(str::to_owned).to_vec();
    names.push(format!("kubernetes.default.svc.{domain}"));
    names.extend(first_address(&args.service_cidr));
    if !args.bind_address.is_unspecified() {
        names.push(args.bind_address.to_string());
    }
    names.push(node_name(args));
    names.sort();
    names.dedup();
    names
}

fn first_address(cidr: &str) -> Option<String> {
    let network: Ipv4Addr = cidr.split('/').next()?.parse().ok()?;
    Some(Ipv4Addr::from(u32::from(network) + 1).to_string())
}

/// The name given, else the host's in lower case (NODE-1).
fn node_name(args: &ServerArgs) -> String {
    let host = || nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    args.node_name.clone().or_else(host).filter(|name| !name.is_empty()).unwrap_or_else(|| "stead".to_owned()).to_lowercase()
}

fn start_controllers(
    supervisor: &mut Supervisor,
    args: &ServerArgs,
    service: Service,
    machine: &Arc<dyn Environment>,
    root_ca: String,
) -> anyhow::Result<()> {
    let machine = machine.clone();
    let options = stead_control::Options {
        controllers: args.controllers.join(",").parse().context("--controllers")?,
        scheduler: !args.disable_scheduler,
        root_ca,
        clock: Arc::new(move || machine.now()),
    };
    let mut stop = supervisor.stopping();
    let client = inprocess::client(service, "kube-controller-manager");
    supervisor.spawn("controllers", async move {
        stead_control::run(client, options, async move { stop.wait_for(|stop| *stop).await.map(drop).unwrap_or_default() }).await;
        Ok(())
    });
    Ok(())
}

async fn start_node(supervisor: &mut Supervisor, args: &ServerArgs, service: Service, machine: Arc<dyn Environment>) -> anyhow::Result<()> {
    use stead_node::{agent, host, real::Real, simulated::Simulated};
    let api = stead_client::Client::new(inprocess::client(service, "kubelet"), "kubelet");
    let clock: Clock = Arc::new(move || machine.now());
    let stop = supervisor.stopping();
    if args.simulated_nodes > 0 {
        let runtime = Simulated::new(clock.clone());
        let version = stead_node::runtime::Runtime::version(&runtime);
        let base = host::machine("", &args.data_dir, &version, stead_server::KUBERNETES_VERSION);
        let machines = (0..args.simulated_nodes).map(|n| simulated_machine(&base, n)).collect();
        let options = agent::Options { api, machines, runtime, clock };
        supervisor.spawn("simulated nodes", async move { agent::run(options, stop).await.map_err(Into::into) });
    } else if args.agent() {
        let containers = open_runtime(&args.data_dir).await?;
        containers.builtin(BUILTIN_IMAGE).await.context("make the built-in image")?;
        let machine = host::machine(&node_name(args), &args.data_dir, stead_node::real::VERSION, stead_server::KUBERNETES_VERSION);
        let runtime = Real::new(containers, args.data_dir.join("logs"), machine.cpus, machine.memory_bytes);
        let machines = vec![machine];
        let options = agent::Options { api, machines, runtime, clock };
        supervisor.spawn("node", async move { agent::run(options, stop).await.map_err(Into::into) });
    }
    Ok(())
}

async fn open_runtime(data_dir: &Path) -> anyhow::Result<stead_runtime::Runtime> {
    let root = data_dir.join("containers");
    stead_runtime::Runtime::open(&root, stead_runtime::Options::default()).await.context("open the container runtime")
}

/// A simulated node has room for as many pods as one wants to try.
fn simulated_machine(base: &stead_node::registration::Machine, n: u32) -> stead_node::registration::Machine {
    stead_node::registration::Machine {
        name: format!("simulated-{n}"),
        addresses: vec![format!("192.0.2.{}", n % 254 + 1)],
        cpus: 64,
        memory_bytes: 256 << 30,
        pods_max: 1100,
        ..base.clone()
    }
}

/// Asks `/readyz` until it says ok.
async fn wait_ready(service: &Service) -> anyhow::Result<()> {
    let client = inprocess::client(service.clone(), "stead");
    loop {
        let request = http::Request::get("/readyz").body(Vec::new()).context("build a request")?;
        match client.request_text(request).await {
            Ok(_) => return Ok(()),
            Err(error) => tracing::debug!(%error, "not ready yet"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Ends every container below a data directory whose server does not run; the number of pods it ended.
pub fn stop_containers(data_dir: &Path) -> anyhow::Result<usize> {
    if !data_dir.join("containers").exists() {
        return Ok(0);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(async {
        let containers = open_runtime(data_dir).await?;
        containers.stop_all().await.context("stop the containers")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_an_address_that_can_be_called() {
        assert_eq!(url("0.0.0.0:1".parse().unwrap()), "https://127.0.0.1:1");
        assert_eq!(url("192.0.2.1:6443".parse().unwrap()), "https://192.0.2.1:6443");
        assert_eq!(url("[::]:1".parse().unwrap()), "https://[::1]:1");
    }

    #[test]
    fn a_relative_data_directory_is_made_absolute() {
        // The node's logs lie below it, and their paths are written down (LOG-1).
        let cli = <crate::config::Cli as clap::Parser>::try_parse_from(["stead", "server", "--data-dir", "data"]).unwrap();
        let crate::config::Verb::Server(args) = cli.verb else { panic!("not server") };
        assert_eq!(absolute(*args).unwrap().data_dir, std::env::current_dir().unwrap().join("data"));
    }

    #[test]
    fn the_first_service_address() {
        assert_eq!(first_address("10.43.0.0/16").as_deref(), Some("10.43.0.1"));
    }
}
