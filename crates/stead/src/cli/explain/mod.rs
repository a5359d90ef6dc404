//! `stead explain KIND/NAME`: why an object is as it is, from what a running server's controllers last decided; of a pod on a node also
//! from what it is about to do there, and of a claim what disk it has.

mod disk;
mod kinds;
mod text;

use super::connect::{client, get};
use super::print_line;
use super::up::waiting;
use crate::config::{ExplainArgs, Output, default_kubeconfig};
use crate::explain::{NODE_PAGE, PAGE};
use crate::running::{self, Found};
use anyhow::{Context, bail};
use kinds::Resource;
use kube::Client;
use std::path::PathBuf;
use stead_api::value::Access;
use stead_api::{Value, json};

/// Asks the server, and prints its answer.
pub fn run(args: &ExplainArgs) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let explained = runtime.block_on(async { explain(&client(&kubeconfig).await?, args).await })?;
    match args.output {
        Some(Output::Json) => print_line(&serde_json::to_string_pretty(&explained)?),
        None => text::lines(&explained).iter().for_each(|line| print_line(line)),
    }
    Ok(())
}

/// The file that the user names, or that of the data directory's server.
fn kubeconfig(args: &ExplainArgs) -> anyhow::Result<PathBuf> {
    if let Some(file) = &args.kubeconfig {
        return Ok(file.clone());
    }
    match running::find(&args.data_dir)? {
        Found::Ready(running) => Ok(running.kubeconfig),
        Found::Unready(_) | Found::Orphaned(_) => Ok(default_kubeconfig(&args.data_dir)),
        Found::Nothing => bail!("no server runs on {}: give another --data-dir, or a --kubeconfig", args.data_dir.display()),
    }
}

async fn explain(client: &Client, args: &ExplainArgs) -> anyhow::Result<Value> {
    let (word, name) = args.object.split_once('/').context("expected KIND/NAME, such as sts/web")?;
    let resource = kinds::find(client, word).await?;
    let namespace = match (&resource, &args.namespace) {
        (Resource { namespaced: false, .. }, _) => "",
        (_, Some(namespace)) => namespace,
        (_, None) => client.default_namespace(),
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("resource", &resource.qualified())
        .append_pair("namespace", namespace)
        .append_pair("name", name)
        .finish();
    let mut explained = in_words(get(client, &format!("/debug/{PAGE}?{query}")).await)?;
    if resource.qualified() == "pods" {
        let pod = in_words(get(client, &format!("/api/v1/namespaces/{namespace}/pods/{name}")).await)?;
        if !pod["spec"].str("nodeName").is_empty() {
            let answer = in_words(get(client, &format!("/debug/{NODE_PAGE}?{query}")).await);
            // A node that does not answer leaves what it last wrote.
            explained["node"] = answer.unwrap_or_else(|error| json!({"reasons": [waiting::waits_for(&pod)], "error": error.to_string()}));
            explained["node"]["node"] = pod["spec"]["nodeName"].clone();
        }
    }
    if resource.qualified() == "persistentvolumeclaims" {
        explained["disk"] = in_words(disk::of(client, namespace, name).await)?;
    }
    Ok(explained)
}

/// A refusal of the server says all that there is to say.
fn in_words(answer: anyhow::Result<Value>) -> anyhow::Result<Value> {
    answer.map_err(|error| match error.downcast_ref::<kube::Error>() {
        Some(kube::Error::Api(status)) => anyhow::anyhow!("{}", status.message),
        _ => error,
    })
}
