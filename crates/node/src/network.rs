//! The network of real sandboxes: an owner of an address is a pod by its name, a holder is a sandbox. Keeps the kernel's slow answers away
//! from the tasks of the pods.

use crate::real::text;
use crate::volumes::blocking;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stead_network as net;
use stead_network::{Owner, Tenure};

/// Shared by all that makes and stops sandboxes.
#[derive(Clone)]
pub struct Network(Arc<net::Network>);

impl Network {
    pub fn new(network: net::Network) -> Self {
        Self(Arc::new(network))
    }

    /// Connects a sandbox, or finds it connected.
    pub async fn attach(&self, labels: &BTreeMap<String, String>, sandbox: &str, namespace: PathBuf) -> Result<Vec<IpAddr>, String> {
        let (owner, holder) = (owner(labels), sandbox.to_owned());
        let attached = self.blocking(move |network| network.attach(&owner, &holder, &namespace)).await;
        attached.map_err(|error| failure(sandbox, &text(&error)))
    }

    /// Takes a sandbox's link and address back. One that has none is done.
    pub async fn detach(&self, sandbox: &str) -> Result<(), String> {
        let holder = sandbox.to_owned();
        let detached = self.blocking(move |network| network.detach(&holder)).await;
        detached.map_err(|error| format!("failed to destroy network for sandbox {sandbox:?}: {}", text(&error)))
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&net::Network) -> T + Send + 'static) -> T {
        let network = Arc::clone(&self.0);
        blocking(move || work(&network)).await
    }
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
