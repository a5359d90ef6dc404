//! `stead up`: a server in the background if none runs, the user's manifests or the built-in example, and their pods as they come up.

mod apply;
mod background;
mod batch;
mod catalogue;
mod example;
mod follow;
mod manifest;
mod shown;
mod tell;

use super::connect::client;
use super::kubectl;
use crate::config::UpArgs;
use crate::manifests::Document;
use crate::observed::{Readiness, Workload, document};
use crate::running::Running;
use crate::{kubeconfig, proxies};
use anyhow::{Context, bail};
use apply::{Applied, DEFAULT_NAMESPACE};
use follow::{End, Target};
use kube::Client;
use std::collections::BTreeSet;
use stead_api::{Value, json};
use tell::Teller;

/// Runs the verb.
pub fn run(args: &UpArgs) -> anyhow::Result<()> {
    // What is wrong with the files is said before anything is started.
    let manifests = match args.files.as_slice() {
        [] => None,
        files => Some(batch::read(files, args.depth())?),
    };
    let teller = Teller::new(args.output);
    let running = background::running(args, &teller)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    runtime.block_on(bring_up(args, manifests.as_deref(), &running, &teller))
}

async fn bring_up(args: &UpArgs, manifests: Option<&[Document]>, running: &Running, teller: &Teller) -> anyhow::Result<()> {
    let client = client(&running.kubeconfig).await?;
    let applied = match manifests {
        None => example::create(&client, teller).await?,
        Some(manifests) => apply::all(&client, manifests, args, teller).await?,
    };
    let targets = Target::of(&applied);
    if args.waits() && !targets.is_empty() {
        wait(args, &client, &targets, teller).await?;
    }
    next(args, running, &applied, teller)
}

/// Waits until all is ready; otherwise the error says what is not, and why.
async fn wait(args: &UpArgs, client: &Client, targets: &[Target], teller: &Teller) -> anyhow::Result<()> {
    let (end, workloads) = follow::until_ready(client, targets, args.patience(), teller).await?;
    let result = match end {
        End::Ready => "ready",
        End::Failed => "failed",
        End::TimedOut => "timeout",
    };
    let documents: Vec<Value> = workloads.iter().map(document::of_workload).collect();
    teller.event(json!({"event": "finished", "result": result, "workloads": documents}), None);
    if end == End::Ready {
        table(&workloads, teller);
        return Ok(());
    }
    let what = if args.files.is_empty() { "the example is not ready" } else { "not everything is ready" };
    let when = match end {
        End::Ready | End::Failed => "and will not become so by itself".to_owned(),
        End::TimedOut => format!("after {} s", args.patience().as_secs()),
    };
    let reasons: Vec<String> = shown::unready(&workloads).iter().map(|line| follow::indented(line)).collect();
    bail!("{what} {when}:\n  {}\n{}", reasons.join("\n  "), more(&workloads, args))
}

/// What to type to know more of what is not ready.
fn more(workloads: &[Workload], args: &UpArgs) -> String {
    let Some(workload) = workloads.iter().find(|workload| workload.standing != Readiness::Ready) else { return String::new() };
    let pod = workload.pods.iter().find(|pod| pod.standing != Readiness::Ready && !pod.is_missing());
    let kind = workload.kind.to_lowercase();
    let object = pod.map_or_else(|| format!("{kind}/{}", workload.name), |pod| format!("pod/{}", pod.name));
    let namespace = &workload.namespace;
    let namespace = if namespace == DEFAULT_NAMESPACE { String::new() } else { format!(" -n {namespace}") };
    format!("Next: stead explain {object}{namespace}{}", args.server.data_dir_flag())
}

fn table(workloads: &[Workload], teller: &Teller) {
    let pods: Vec<_> = workloads.iter().flat_map(|workload| &workload.pods).collect();
    if pods.is_empty() {
        return;
    }
    let width = pods.iter().map(|pod| pod.name.len()).max().unwrap_or(0).max(10);
    teller.line("");
    teller.line(&format!("{:<width$} {:<7} {:<10} {}", "NAME", "READY", "STATUS", "RESTARTS"));
    for pod in pods {
        let ready = format!("{}/{}", pod.containers_ready, pod.containers);
        teller.line(&format!("{:<width$} {ready:<7} {:<10} {}", pod.name, pod.phase, pod.restarts));
    }
    teller.line("");
}

/// Says what to type next.
fn next(args: &UpArgs, running: &Running, applied: &[Applied], teller: &Teller) -> anyhow::Result<()> {
    let namespaces: BTreeSet<&str> = applied.iter().map(|object| object.namespace.as_str()).filter(|name| !name.is_empty()).collect();
    let (namespace, all) = match namespaces.into_iter().collect::<Vec<_>>()[..] {
        [] => (DEFAULT_NAMESPACE, ""),
        [one] => (one, ""),
        _ => (DEFAULT_NAMESPACE, " -A"),
    };
    let command = kubeconfig::kubectl_command(&running.kubeconfig, &std::path::absolute(&args.server.data_dir)?, namespace)?;
    for remark in command.remark.into_iter().chain(proxies::remark(&running.url)).chain(kubectl::remark().map(str::to_owned)) {
        teller.say(&remark);
    }
    let next = format!("{} get pods -w{all}", command.kubectl);
    teller.event(json!({"event": "next", "command": next}), Some(&format!("Next: {next}")));
    Ok(())
}
