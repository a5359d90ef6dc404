//! Puts the parts together: store, API, listener, controllers, node; runs them until told to stop.

use crate::certificates::names::{NameSources, host_addresses};
use crate::certificates::renewal::Certificates;
use crate::config::ServerArgs;
use crate::environment::Machine;
use crate::kubeconfig::Kubeconfigs;
use crate::listen::{self, CertificateResolver, Security};
use crate::running::{self, Running};
use crate::sealing::Sealing;
use crate::secrets_key::rotation::Rotation;
use crate::supervisor::Supervisor;
use crate::{cli, dns, explain, file, inprocess, node, outbound, preflight, reach, secrets_key, token_key};
use anyhow::Context;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stead_api::kinds::storage_class;
use stead_node::shutdown;
use stead_server::{Config, Environment, LintWarnings, Server, Service};
use stead_store::{OpenError, Options as StoreOptions, Store};
use stead_ui::Ui;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How long the start waits for the nodes to say which pods have ended meanwhile.
const CATCH_UP_MAX: Duration = Duration::from_secs(10);
/// How late freed memory goes back to the system.
const MEMORY_GIVEN_BACK_EVERY: Duration = Duration::from_secs(30);

/// Runs a server until SIGTERM or SIGINT; on SIGPWR until its pods have ended.
pub async fn run(args: ServerArgs) -> anyhow::Result<()> {
    let begun = Instant::now();
    let args = absolute(args)?;
    // Listened for from the start: a signal that comes early must not kill half-way.
    let mut signals = Signals::new()?;
    if let Err(error) = stead_sys::process::raise_nofile_limit() {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
    check_machine(&args)?;
    file::private_dir(&args.data_dir)?;
    let (store, rotation) = open_store(&args.data_dir)?;
    let mut supervisor = Supervisor::default();
    supervisor.spawn("secrets keys", rotation.run(supervisor.stopping()));
    let ended = match start(&args, &store, &mut supervisor, &mut signals).await {
        Ok(Started::Ready(running, shutdown)) => {
            running.write(&args.data_dir)?;
            tracing::info!(url = running.url, elapsed_ms = begun.elapsed().as_millis(), "ready");
            cli::print_line(&format!("ready {} kubeconfig {}", running.url, running.kubeconfig.display()));
            tokio::select! {
                () = until_told(&mut signals, shutdown.as_ref()) => Ok(()),
                error = supervisor.first_death() => Err(error),
            }
        }
        Ok(Started::Stopped) => Ok(()),
        Err(error) => Err(error),
    };
    tracing::info!("stopping; pods that run go on running");
    let stopped = supervisor.stop().await;
    let closed = store.close().await.context("close the store");
    Running::forget(&args.data_dir);
    ended.and(stopped).and(closed)
}

/// Refuses to start where containers are impossible.
fn check_machine(args: &ServerArgs) -> anyhow::Result<()> {
    let verdict = preflight::look(args, Machine::default().now());
    verdict.remarks.iter().for_each(|remark| tracing::warn!("{remark}"));
    anyhow::ensure!(verdict.missing.is_empty(), "{}", verdict.missing.join("; "));
    Ok(())
}

/// Waits for the signal that ends the server. One that tells of a loss of power ends its pods first.
async fn until_told(signals: &mut Signals, shutdown: Option<&shutdown::Handle>) {
    let Told::PowerFails = signals.end().await else { return };
    let Some(shutdown) = shutdown else {
        return tracing::warn!("SIGPWR, but --shutdown-grace-period is 0: pods are left alone");
    };
    tracing::info!("SIGPWR: the machine shuts down, pods end");
    shutdown.begin();
    tokio::select! {
        () = shutdown.done() => {}
        _ = signals.end() => {}
    }
}

/// How a start ended.
enum Started {
    Ready(Running, Option<shutdown::Handle>),
    /// A signal came first.
    Stopped,
}

/// Starts every component and waits until the API is ready.
async fn start(args: &ServerArgs, store: &Store, supervisor: &mut Supervisor, signals: &mut Signals) -> anyhow::Result<Started> {
    let node_name = node::name(args)?;
    let listener = listener(SocketAddr::new(args.bind_address, args.https_listen_port)).await?;
    let listened = listener.local_addr()?;
    let url = url(listened);
    let machine: Arc<dyn Environment> = Arc::new(Machine::default());
    let service_cidr = args.service_cidr.to_string();
    let token_key = token_key::open(&args.data_dir.join("tls"))?;
    let token_issuer = format!("https://kubernetes.default.svc.{}", args.cluster_domain);
    let config = Config {
        store: store.clone(),
        environment: machine.clone(),
        service_cidr,
        advertise: url.clone(),
        token_key,
        token_issuer,
        first_objects: vec![standard_class()],
    };
    let server = Server::new(config).await.context("start the API server")?;
    server.set_lint_warnings(if args.lint_warnings { LintWarnings::On } else { LintWarnings::Off });
    dns::reserve(args, &server);
    server.register_outbound(outbound::service()?);
    let certificates = Certificates::open(args.data_dir.join("tls"), name_sources(args, &node_name), machine.clone())?;
    let kubeconfigs = Kubeconfigs::new(args, &url)?;
    kubeconfigs.publish(certificates.pki())?;
    let kubeconfig = kubeconfigs.file().to_owned();
    let root_ca = certificates.pki().authorities.clone();
    server.register_site(Arc::new(ui(machine.clone(), listened, certificates.presented.clone())));
    let security =
        Security { tls: listen::tls(certificates.presented.clone())?, clients: certificates.clients.clone(), clock: machine.clone() };
    let serving = listen::serve(listener, security.clone(), server.service(), supervisor.stopping());
    supervisor.spawn("listener", async move {
        serving.await;
        Ok(())
    });
    let towards_pods = tokio::sync::watch::Sender::new(Vec::new());
    supervisor.spawn(
        "certificates",
        certificates.run(move |pki| kubeconfigs.publish_again(pki), towards_pods.subscribe(), supervisor.stopping()),
    );
    supervisor.spawn("maintenance", maintain(server.clone(), supervisor.stopping()));
    supervisor.spawn("memory", give_back_memory(supervisor.stopping()));
    start_controllers(supervisor, args, &server, &machine, root_ca)?;
    // A shim that does not answer holds the start up for a while; whoever wants us to stop does not wait for that.
    let nodes = tokio::select! {
        started = node::start(supervisor, args, &node_name, &server, machine.clone()) => started?,
        _ = signals.end() => return Ok(Started::Stopped),
    };
    // Known from here on; it may be another one than the last time.
    towards_pods.send_replace(nodes.towards_pods.clone());
    dns::start(supervisor, args, &node_name, &server, &nodes.towards_pods, machine).await?;
    let reach = reach::of(listened, &nodes.towards_pods, &host_addresses());
    server.publish(reach::listen(reach, &security, &server, supervisor).await).await.context("say where pods reach the API")?;
    let service = server.service();
    tokio::select! {
        ready = wait_ready(&service, nodes.caught_up) => ready?,
        error = supervisor.first_death() => return Err(error),
        _ = signals.end() => return Ok(Started::Stopped),
    }
    Ok(Started::Ready(Running::this(url, kubeconfig, args.settings())?, nodes.shutdown))
}

/// The page at `/ui`.
fn ui(machine: Arc<dyn Environment>, listened: SocketAddr, presented: Arc<CertificateResolver>) -> Ui {
    Ui::new(machine, listened.port(), Box::new(move || presented.fingerprint()))
}

/// The class of claims that name none: directories and file systems on the nodes' own disks.
pub fn standard_class() -> Value {
    json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "standard", "annotations": {storage_class::IS_DEFAULT: "true"}},
        "provisioner": storage_class::LOCAL_PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": true,
    })
}

fn name_sources(args: &ServerArgs, node_name: &str) -> NameSources {
    NameSources {
        bind_address: args.bind_address,
        node_name: node_name.to_owned(),
        cluster_domain: args.cluster_domain.clone(),
        service_addresses: args.service_cidr.first_addresses(),
        towards_pods: node::recorded_addresses(args),
        tls_sans: args.tls_san.clone(),
    }
}

async fn listener(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AddrInUse => "; another server has that port: give another with --https-listen-port, 0 for any free one",
            std::io::ErrorKind::AddrNotAvailable => "; no interface of this machine has that address",
            std::io::ErrorKind::PermissionDenied => "; ports below 1024 need root",
            _ => "",
        };
        anyhow::anyhow!("listen on {address}: {error}{hint}")
    })
}

/// The signals that end a server, and the one that does not.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    power: Signal,
    hangup: Signal,
}

/// What a signal tells.
enum Told {
    End,
    PowerFails,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("listen for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            power: listen(SignalKind::from_raw(nix::sys::signal::Signal::SIGPWR as i32))?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Waits for SIGTERM, SIGINT or SIGPWR.
    async fn end(&mut self) -> Told {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return Told::End,
                _ = self.interrupt.recv() => return Told::End,
                _ = self.power.recv() => return Told::PowerFails,
                _ = self.hangup.recv() => {} // a closed terminal is no reason to stop
            }
        }
    }
}

/// The store of a data directory, and what follows its keys. One that is gone is refused; where an earlier version left no mark of it, what else is there
/// gives it away.
fn open_store(data_dir: &Path) -> anyhow::Result<(Store, Rotation)> {
    let path = running::store(data_dir);
    let remains: Vec<&str> = ["tls", "containers"].into_iter().filter(|name| data_dir.join(name).exists()).collect();
    let begins_empty = !path.exists();
    let tls = data_dir.join("tls");
    let keys = secrets_key::open(&tls)?;
    let sealing = Arc::new(Sealing::new(&keys));
    let options = StoreOptions { seal: Some(sealing.clone()), ..StoreOptions::default() };
    let opened = Store::open(&path, options);
    if let Err(OpenError::Locked { pid, .. }) = &opened {
        let who = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
        let dir = data_dir.display();
        anyhow::bail!(
            "{dir} is in use by {who}, which serves it: `stead status --data-dir {dir}` shows it, `stead down --data-dir {dir}` ends it, and another --data-dir is for a second server"
        );
    }
    let store =
        opened.with_context(|| format!("open the store, its Secrets sealed by the keys in {}", secrets_key::path(&tls).display()))?;
    // All there is, the first of them seals now.
    secrets_key::forget_former(&tls, &keys)?;
    if begins_empty && !remains.is_empty() {
        let path = path.display();
        tracing::warn!(%path, ?remains, "there was no store beside the remains of an earlier cluster: beginning with an empty one");
    }
    let used = keys.into_iter().take(1).collect();
    Ok((store.clone(), Rotation::new(tls, sealing, store, used)))
}

/// Paths that go into records and mounts must hold wherever they are read.
fn absolute(args: ServerArgs) -> anyhow::Result<ServerArgs> {
    let data_dir = std::path::absolute(&args.data_dir).with_context(|| format!("find {}", args.data_dir.display()))?;
    Ok(ServerArgs { data_dir, ..args })
}

/// Looks after what every cluster has until told to stop.
async fn maintain(server: Server, mut stop: watch::Receiver<bool>) -> anyhow::Result<()> {
    tokio::select! {
        () = server.maintain() => Ok(()),
        stopped = stop.wait_for(|stop| *stop) => stopped.map(drop).map_err(Into::into),
    }
}

/// Gives memory that was freed after a burst back to the system, until told to stop.
async fn give_back_memory(mut stop: watch::Receiver<bool>) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            () = tokio::time::sleep(MEMORY_GIVEN_BACK_EVERY) => stead_sys::memory::give_back(),
            stopped = stop.wait_for(|stop| *stop) => return stopped.map(drop).map_err(Into::into),
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

fn start_controllers(
    supervisor: &mut Supervisor,
    args: &ServerArgs,
    server: &Server,
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
    let service = server.service();
    let clients: stead_control::Clients = Box::new(move |user| {
        let agent = if user == stead_control::SCHEDULER { "kube-scheduler" } else { "kube-controller-manager" };
        inprocess::client(service.clone(), user, agent)
    });
    let (explainer, questions) = stead_control::questions();
    server.register_debug_page(explain::PAGE, explain::page(explainer));
    supervisor.spawn("controllers", async move {
        let stopped = async move { stop.wait_for(|stop| *stop).await.map(drop).unwrap_or_default() };
        stead_control::run(clients, options, questions, stopped).await;
        Ok(())
    });
    Ok(())
}

/// Waits until the API is ready, and tells the truth about the pods of this process.
async fn wait_ready(service: &Service, caught_up: Option<watch::Receiver<bool>>) -> anyhow::Result<()> {
    wait_api_ready(service).await?;
    let Some(mut caught_up) = caught_up else { return Ok(()) };
    if tokio::time::timeout(CATCH_UP_MAX, caught_up.wait_for(|done| *done)).await.is_err() {
        tracing::warn!("pods that have ended are still shown as ready: their status cannot be written");
    }
    Ok(())
}

/// Asks `/readyz` until it says ok.
async fn wait_api_ready(service: &Service) -> anyhow::Result<()> {
    let client = inprocess::client(service.clone(), "system:stead", "stead");
    loop {
        let request = http::Request::get("/readyz").body(Vec::new()).context("build a request")?;
        match client.request_text(request).await {
            Ok(_) => return Ok(()),
            Err(error) => tracing::debug!(%error, "not ready yet"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
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
}
