//! The network of real sandboxes: an owner of an address is a pod by its name, a holder is a sandbox. Keeps the kernel's slow answers away
//! from the tasks of the pods.

use crate::pod::bandwidth;
use crate::real::{pod_of, text};
use crate::volumes::blocking;
use futures::FutureExt;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use stead_firewall::{Connected, Firewall, Gate, Place, Settings};
use stead_network as net;
use stead_network::{Owner, Range, Tenure};
use tokio::sync::watch;

/// Between looks at the machine's links.
const WAYS_APART: Duration = Duration::from_millis(200);

/// Shared by all that makes and stops sandboxes.
#[derive(Clone)]
pub struct Network {
    network: Arc<net::Network>,
    /// Says what its sandboxes' packets may pass.
    gate: Gate,
    impaired: watch::Receiver<Option<String>>,
}

impl Network {
    /// With the firewall that judges packets of its sandboxes, which is to be driven; `cluster` are the ranges of all pods' addresses.
    pub fn new(network: net::Network, cluster: Vec<Range>) -> (Self, Firewall) {
        let place = Place { links: network.tag().links(), own: network.ranges(), cluster };
        let settings = Settings { table: network.tag().table(), place };
        let connected: Vec<Connected> = network.holders().iter().filter_map(|holder| connected(&network, holder)).collect();
        let (firewall, gate) = Firewall::new(settings, connected);
        let impaired = firewall.impaired();
        (Self { network: Arc::new(network), gate, impaired }, firewall)
    }

    /// Why packets of its sandboxes cannot be judged, as long as that is so.
    pub fn impairment(&self) -> Option<String> {
        self.impaired.borrow().clone()
    }

    /// Connects a sandbox, or finds it connected. Nothing of it passes before it is judged as its pod's policies want.
    pub async fn attach(&self, labels: &BTreeMap<String, String>, sandbox: &str, namespace: PathBuf) -> Result<Vec<IpAddr>, String> {
        let addresses = self.take_up(labels, sandbox, namespace).await?;
        if let Some(connected) = connected(&self.network, sandbox) {
            self.gate.admit(connected).await.map_err(|error| failure(sandbox, &error))?;
        }
        Ok(addresses)
    }

    /// The same for one that is found at a start, whose pod need not exist any more: waits for no verdict.
    pub async fn attach_found(&self, labels: &BTreeMap<String, String>, sandbox: &str, namespace: PathBuf) -> Result<Vec<IpAddr>, String> {
        let is_new = self.network.link(sandbox).is_none();
        let addresses = self.take_up(labels, sandbox, namespace).await?;
        if let Some(connected) = connected(&self.network, sandbox).filter(|_| is_new) {
            self.gate.announce(connected).await;
        }
        Ok(addresses)
    }

    async fn take_up(&self, labels: &BTreeMap<String, String>, sandbox: &str, namespace: PathBuf) -> Result<Vec<IpAddr>, String> {
        let (owner, holder, rates) = (owner(labels), sandbox.to_owned(), bandwidth::rates(labels));
        let attached = self.blocking(move |network| network.attach_limited(&owner, &holder, &namespace, rates)).await;
        attached.map_err(|error| failure(sandbox, &text(&error)))
    }

    /// Takes a sandbox's link and address back. One that has none is done.
    pub async fn detach(&self, sandbox: &str) -> Result<(), String> {
        if let Some(link) = self.network.link(sandbox) {
            self.gate.forget(pod_of(sandbox), &link).await;
        }
        let holder = sandbox.to_owned();
        let detached = self.blocking(move |network| network.detach(&holder)).await;
        detached.map_err(|error| format!("failed to destroy network for sandbox {sandbox:?}: {}", text(&error)))
    }

    /// Sets up links by which others reach the machine as they come, for as long as the kernel tells of them.
    pub async fn keep_ways(self) -> std::io::Result<()> {
        let mut ways = net::Ways::listen()?;
        loop {
            ways.changed().await?;
            // Addresses come several at a time.
            tokio::time::sleep(WAYS_APART).await;
            while ways.changed().now_or_never().is_some() {}
            if let Err(error) = self.blocking(net::Network::open_ways).await {
                tracing::warn!(error = text(&error), "links with new addresses may not forward what is for pods");
            }
        }
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&net::Network) -> T + Send + 'static) -> T {
        let network = Arc::clone(&self.network);
        blocking(move || work(&network)).await
    }
}

fn connected(network: &net::Network, sandbox: &str) -> Option<Connected> {
    let (link, addresses) = (network.link(sandbox)?, network.addresses(sandbox)?);
    Some(Connected { uid: pod_of(sandbox).to_owned(), link, addresses })
}

/// The label of a sandbox that says that its pod comes again under its name: the ordinal of a set.
pub const ORDINAL: &str = "ordinal";

/// Whose address it is: that of an ordinal outlives its pod.
pub fn owner(labels: &BTreeMap<String, String>) -> Owner {
    let label = |name: &str| labels.get(name).map(String::as_str).unwrap_or_default();
    let tenure = if labels.contains_key(ORDINAL) { Tenure::Kept } else { Tenure::Passing };
    Owner { name: format!("{}/{}", label("namespace"), label("name")), tenure }
}

/// NETW-10.
pub fn failure(sandbox: &str, reason: &str) -> String {
    format!("failed to setup network for sandbox {sandbox:?}: {reason}")
}

/// Where the network keeps what it has.
pub fn root(data_dir: &Path) -> PathBuf {
    data_dir.join("network")
}
