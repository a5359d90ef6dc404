//! How verbs reach a server: which kubeconfig is meant, and a client from it.

use crate::config::default_kubeconfig;
use crate::running::{self, Found};
use anyhow::{Context, bail};
use http::Request;
use kube::{Client, Config};
use std::path::{Path, PathBuf};
use stead_api::Value;

/// The file that the user names, or that of the data directory's server.
pub fn kubeconfig(named: Option<&Path>, data_dir: &Path) -> anyhow::Result<PathBuf> {
    if let Some(file) = named {
        return Ok(file.to_owned());
    }
    match running::find(data_dir)? {
        Found::Ready(running) => Ok(running.kubeconfig),
        Found::Unready(_) | Found::Orphaned(_) => Ok(default_kubeconfig(data_dir)),
        Found::Nothing => {
            bail!("no server runs on {}: `stead up` starts one; or give another --data-dir, or a --kubeconfig", data_dir.display())
        }
    }
}

/// A client with the current context of that file.
pub async fn client(kubeconfig: &Path) -> anyhow::Result<Client> {
    Client::try_from(config(kubeconfig).await?).context("make a client")
}

/// Where the current context of that file leads, and as whom.
pub async fn config(kubeconfig: &Path) -> anyhow::Result<Config> {
    let file = kube::config::Kubeconfig::read_from(kubeconfig).with_context(|| format!("read {}", kubeconfig.display()))?;
    let has_proxy = file.clusters.iter().filter_map(|named| named.cluster.as_ref()).any(|cluster| cluster.proxy_url.is_some());
    let options = kube::config::KubeConfigOptions::default();
    let mut config = kube::Config::from_custom_kubeconfig(file, &options).await.context("use the kubeconfig")?;
    if !has_proxy {
        // HTTPS_PROXY and its like are for the world outside; the server is asked by its own address.
        config.proxy_url = None;
    }
    Ok(config)
}

/// A refusal of the server says all that there is to say.
pub fn in_words(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<kube::Error>() {
        Some(kube::Error::Api(status)) => anyhow::anyhow!("{}", status.message),
        _ => error,
    }
}

pub async fn get(client: &Client, path: &str) -> anyhow::Result<Value> {
    let request = Request::get(path).body(Vec::new()).context("build a request")?;
    client.request::<Value>(request).await.with_context(|| format!("get {path}"))
}
