//! Many small Deployments on simulated nodes: from the first create until all are available.

use super::pods::{STEP_MAX, spec, wait_for_account};
use super::report::{self, Report, time};
use super::requests::{CLIENTS, spread};
use anyhow::{Context, Result};
use http::Method;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;
use stead_testing::https::JSON;
use stead_testing::program::Server;

const DEPLOYMENTS: usize = 1_000;
const REPLICAS: u64 = 3;
const PATH: &str = "/apis/apps/v1/namespaces/default/deployments";

pub async fn measure(binary: &Path, dir: &Path, report: &mut Report) -> Result<()> {
    let server = Server::start(binary, dir, &["--simulated-nodes", "50"])?;
    let target = server.target()?;
    wait_for_account(&mut target.connect().await?).await?;
    let mut watch = target.connect().await?.watch(&format!("{PATH}?watch=true")).await?;
    let deployment = |n: usize| {
        let labels = json!({"app": format!("d{n}")});
        let template = json!({"metadata": {"labels": labels}, "spec": spec()});
        let spec = json!({"replicas": REPLICAS, "selector": {"matchLabels": labels}, "template": template});
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": format!("d{n}")}, "spec": spec}).to_string()
    };
    let begun = Instant::now();
    let created = spread(&target, CLIENTS, DEPLOYMENTS, move |n| (Method::POST, PATH.to_owned(), JSON, deployment(n)));
    let available = async {
        let mut available = BTreeSet::new();
        while available.len() < DEPLOYMENTS {
            let deployment = watch.next().await?["object"].take();
            if deployment["status"]["availableReplicas"] == REPLICAS {
                available.insert(deployment["metadata"]["name"].to_string());
            }
        }
        anyhow::Ok(begun.elapsed())
    };
    let all = async { tokio::try_join!(created, available) };
    let ((created, _), took) = tokio::time::timeout(STEP_MAX, all).await.context("all Deployments become available")??;
    report.add(report::DEPLOYMENTS, format!("{} (created in {})", time(took), time(created)));
    server.stop()
}
