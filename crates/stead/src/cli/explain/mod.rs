//! `stead explain KIND/NAME`: why an object is as it is, from what a running server's controllers last decided; of a pod on a node also
//! from what it is about to do there, and of a claim what disk it has.

mod disk;
mod kinds;
mod text;

use super::connect::{self, client, get};
use super::print_line;
use crate::config::{ExplainArgs, Output};
use crate::explain::{NODE_PAGE, PAGE};
use crate::observed;
use anyhow::Context;
use kinds::Resource;
use kube::Client;
use stead_api::value::Access;
use stead_api::{Value, json};

/// Asks the server, and prints its answer.
pub fn run(args: &ExplainArgs) -> anyhow::Result<()> {
    if let Some(rule) = stead_lint::rule(&args.object) {
        print_rule(rule, args.output)?;
        return Ok(());
    }
    let kubeconfig = connect::kubeconfig(args.kubeconfig.as_deref(), &args.data_dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let explained = runtime.block_on(async { explain(&client(&kubeconfig).await?, args).await })?;
    match args.output {
        Some(Output::Json) => print_line(&serde_json::to_string_pretty(&explained)?),
        None => text::lines(&explained).iter().for_each(|line| print_line(line)),
    }
    Ok(())
}

/// A rule of `stead lint`, for which no server is asked.
fn print_rule(rule: &stead_lint::Rule, output: Option<Output>) -> anyhow::Result<()> {
    match output {
        Some(Output::Json) => {
            let document = json!({"code": rule.code, "rule": rule.name, "text": rule.text()});
            print_line(&serde_json::to_string_pretty(&document)?);
        }
        None => print_line(&format!("{} {}\n\n{}", rule.code, rule.name, rule.text())),
    }
    Ok(())
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
    let mut explained = get(client, &format!("/debug/{PAGE}?{query}")).await.map_err(connect::in_words)?;
    if resource.qualified() == "pods" {
        let pod = get(client, &format!("/api/v1/namespaces/{namespace}/pods/{name}")).await.map_err(connect::in_words)?;
        if !pod["spec"].str("nodeName").is_empty() {
            let answer = get(client, &format!("/debug/{NODE_PAGE}?{query}")).await.map_err(connect::in_words);
            // A node that does not answer leaves what it last wrote.
            explained["node"] = answer.unwrap_or_else(|error| json!({"reasons": [observed::waits_for(&pod)], "error": error.to_string()}));
            explained["node"]["node"] = pod["spec"]["nodeName"].clone();
        }
    }
    if resource.qualified() == "persistentvolumeclaims" {
        explained["disk"] = disk::of(client, namespace, name).await.map_err(connect::in_words)?;
    }
    Ok(explained)
}
