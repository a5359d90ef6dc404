//! How verbs reach a server: a client from a kubeconfig.

use anyhow::Context;
use http::Request;
use kube::Client;
use std::path::Path;
use stead_api::Value;

/// A client with the current context of that file.
pub async fn client(kubeconfig: &Path) -> anyhow::Result<Client> {
    let file = kube::config::Kubeconfig::read_from(kubeconfig).with_context(|| format!("read {}", kubeconfig.display()))?;
    let config =
        kube::Config::from_custom_kubeconfig(file, &kube::config::KubeConfigOptions::default()).await.context("use the kubeconfig")?;
    Client::try_from(config).context("make a client")
}

pub async fn get(client: &Client, path: &str) -> anyhow::Result<Value> {
    let request = Request::get(path).body(Vec::new()).context("build a request")?;
    client.request::<Value>(request).await.with_context(|| format!("get {path}"))
}
