//! Applies the example and follows its pods until all are ready, saying which became so, and what the others wait for.

use super::manifest;
use super::waiting::{is_ready, unready};
use crate::cli::connect::{client, get};
use crate::cli::print_line;
use anyhow::{Context, bail};
use futures::{StreamExt, TryStreamExt};
use http::Request;
use indicatif::ProgressBar;
use kube::Client;
use kube::core::WatchEvent;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use stead_api::Value;
use stead_api::value::Access;

/// How long the example may take to come up before `up` gives up watching.
const READY_MAX: Duration = Duration::from_secs(120);
/// How often what is waited for is said.
const EXPLAIN_EVERY: Duration = Duration::from_secs(5);

/// Applies the example and shows it until it is whole.
pub async fn show(kubeconfig: &Path) -> anyhow::Result<()> {
    let client = client(kubeconfig).await?;
    let mut made = 0;
    for (path, object) in manifest::objects() {
        made += usize::from(create_if_missing(&client, path, &manifest::applied(object)).await?);
    }
    if made == 0 {
        print_line("the example is there already: nothing changed");
    }
    let mut example = Example::find(client).await?;
    let in_time = tokio::time::timeout(READY_MAX, example.follow()).await;
    if let Ok(ended) = in_time {
        ended?;
        print_line("");
        table(&example.pods);
        print_line("");
        return Ok(());
    }
    let reasons = example.reasons().await.join("\n  ");
    bail!("the example is not ready after {} s:\n  {reasons}", READY_MAX.as_secs())
}

/// Creates the object unless one of its name exists; what exists is not touched. Says what it did.
async fn create_if_missing(client: &Client, path: &str, object: &Value) -> anyhow::Result<bool> {
    let what = format!("{}/{}", object.str("kind").to_lowercase(), object["metadata"].str("name"));
    let request = Request::post(format!("{path}?fieldManager=stead-up")).header("Content-Type", "application/json");
    let request = request.body(serde_json::to_vec(object)?).context("build a request")?;
    match client.request::<Value>(request).await {
        Ok(_) => {
            print_line(&format!("{what} created"));
            Ok(true)
        }
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => {
            print_line(&format!("{what} unchanged"));
            Ok(false)
        }
        Err(error) => Err(error).with_context(|| format!("create {what}")),
    }
}

/// The StatefulSet of the example as it is, which may be another than we made, and its pods as they come.
struct Example {
    client: Client,
    replicas: usize,
    selector: String,
    pods: BTreeMap<String, Value>,
}

impl Example {
    async fn find(client: Client) -> anyhow::Result<Self> {
        let set = get(&client, manifest::STATEFUL_SET).await?;
        let replicas = usize::try_from(set["spec"].int("replicas").unwrap_or(1)).unwrap_or_default();
        let labels = set["spec"]["selector"]["matchLabels"].as_object().cloned().unwrap_or_default();
        let selector = labels.iter().map(|(k, v)| format!("{k}%3D{}", v.as_str().unwrap_or_default())).collect::<Vec<_>>().join("%2C");
        Ok(Self { client, replicas, selector, pods: BTreeMap::new() })
    }

    fn is_ready(&self) -> bool {
        self.pods.len() >= self.replicas && self.pods.values().all(is_ready)
    }

    /// Returns when all pods are ready.
    async fn follow(&mut self) -> anyhow::Result<()> {
        if self.replicas == 0 {
            return Ok(());
        }
        let begun = Instant::now();
        let spinner = ProgressBar::new_spinner();
        spinner.enable_steady_tick(Duration::from_millis(100));
        let path = format!("/api/v1/namespaces/default/pods?labelSelector={}&watch=true", self.selector);
        let request = Request::get(path).body(Vec::new()).context("build a request")?;
        let mut events = self.client.request_events::<Value>(request).await.context("watch the pods")?.boxed();
        let mut explain = tokio::time::interval_at(tokio::time::Instant::now() + EXPLAIN_EVERY, EXPLAIN_EVERY);
        let mut explained = Vec::new();
        loop {
            let event = tokio::select! {
                event = events.try_next() => event.context("watch the pods")?.context("the server ended the watch of the pods")?,
                _ = explain.tick() => {
                    let reasons = self.reasons().await;
                    spinner.suspend(|| print_reasons(&reasons, &explained, begun.elapsed()));
                    explained = reasons;
                    continue;
                }
            };
            if let Some(ready) = self.observe(event)? {
                spinner.suspend(|| print_line(&format!("  {ready} ready after {:.2} s", begun.elapsed().as_secs_f64())));
                explain.reset();
            }
            if self.is_ready() {
                spinner.finish_and_clear();
                return Ok(());
            }
        }
    }

    /// Takes an event in; the name of the pod that has become ready by it.
    fn observe(&mut self, event: WatchEvent<Value>) -> anyhow::Result<Option<String>> {
        match event {
            WatchEvent::Added(pod) | WatchEvent::Modified(pod) => {
                let name = pod["metadata"].str("name").to_owned();
                let became_ready = is_ready(&pod) && !self.pods.get(&name).is_some_and(is_ready);
                self.pods.insert(name.clone(), pod);
                return Ok(became_ready.then_some(name));
            }
            WatchEvent::Deleted(pod) => drop(self.pods.remove(pod["metadata"].str("name"))),
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(status) => bail!("watch the pods: {}", status.message),
        }
        Ok(None)
    }

    /// Why the example is not ready: what its pods wait for, and the newest warnings about them.
    async fn reasons(&self) -> Vec<String> {
        let events = get(&self.client, "/api/v1/namespaces/default/events?fieldSelector=type%3DWarning").await.unwrap_or_default();
        unready(&self.pods, self.replicas, events.items("items"))
    }
}

/// Reasons that were printed before are not printed again.
fn print_reasons(reasons: &[String], before: &[String], waited: Duration) {
    for reason in reasons.iter().filter(|reason| !before.contains(reason)) {
        print_line(&format!("  waiting: {reason}"));
    }
    if reasons.iter().all(|reason| before.contains(reason)) {
        print_line(&format!("  still waiting after {} s", waited.as_secs()));
    }
}

fn table(pods: &BTreeMap<String, Value>) {
    print_line(&format!("{:<10} {:<7} {:<10} {}", "NAME", "READY", "STATUS", "RESTARTS"));
    for (name, pod) in pods {
        let statuses = pod["status"].items("containerStatuses");
        let running = statuses.iter().filter(|s| s.flag("ready")).count();
        let restarts: i64 = statuses.iter().filter_map(|s| s.int("restartCount")).sum();
        let total = pod["spec"].items("containers").len();
        print_line(&format!("{name:<10} {:<7} {:<10} {restarts}", format!("{running}/{total}"), pod["status"].str("phase")));
    }
}
