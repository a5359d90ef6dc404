//! The objects of a running cluster, for verbs that look at manifests beside them and change nothing.

use crate::cli::connect::{client, get};
use crate::config::BesideArgs;
use crate::running::{self, Found};
use anyhow::Context;
use kube::Client;
use std::path::PathBuf;
use stead_api::Value;
use stead_api::registry::Kind;
use stead_api::value::Access;
use stead_client::paths::collection;

/// Objects that one answer has at most.
const PAGE: usize = 500;

/// A server that was found, and the namespace of objects that name none.
pub struct Beside {
    pub client: Option<Client>,
    pub namespace: String,
}

impl Beside {
    /// The server of `--kubeconfig`, that of the data directory, or none if none runs.
    pub async fn find(args: &BesideArgs) -> anyhow::Result<Self> {
        let client = match kubeconfig(args)? {
            Some(file) => Some(client(&file).await?),
            None => None,
        };
        let of_context = || client.as_ref().map_or("default", |client| client.default_namespace());
        let namespace = args.namespace.clone().unwrap_or_else(|| of_context().to_owned());
        Ok(Self { client, namespace })
    }

    /// Every object of these kinds; none where there is no server.
    pub async fn objects(&self, kinds: impl Iterator<Item = &Kind>) -> anyhow::Result<Vec<Value>> {
        let mut objects = Vec::new();
        if let Some(client) = &self.client {
            for kind in kinds {
                objects.extend(list(client, kind).await?);
            }
        }
        Ok(objects)
    }
}

fn kubeconfig(args: &BesideArgs) -> anyhow::Result<Option<PathBuf>> {
    if args.offline {
        return Ok(None);
    }
    if let Some(file) = &args.kubeconfig {
        return Ok(Some(file.clone()));
    }
    match running::find(&args.data_dir) {
        Ok(Found::Ready(running)) => Ok(Some(running.kubeconfig)),
        Ok(Found::Nothing | Found::Unready(_) | Found::Orphaned(_)) => Ok(None),
        Err(error) => Err(error.context("look for a server (--offline looks at none)")),
    }
}

async fn list(client: &Client, kind: &Kind) -> anyhow::Result<Vec<Value>> {
    let version = kind.api_version();
    let path = collection(&version, kind.plural, "");
    let mut objects = Vec::new();
    let mut next = String::new();
    loop {
        let query =
            form_urlencoded::Serializer::new(String::new()).append_pair("limit", &PAGE.to_string()).append_pair("continue", &next).finish();
        let page = get(client, &format!("{path}?{query}")).await.context("look at the cluster (--offline looks at none)")?;
        for object in page.items("items") {
            let mut object = object.clone();
            // A list says once what its items are.
            object["apiVersion"] = version.clone().into();
            object["kind"] = kind.kind.into();
            objects.push(object);
        }
        next = page["metadata"].str("continue").to_owned();
        if next.is_empty() {
            return Ok(objects);
        }
    }
}
