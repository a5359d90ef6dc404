//! Many pods that nothing places: what they weigh, what listing them takes, and what informers cost that all begin at once.

use super::pods::wait_for_account;
use super::report::{self, Report, megabytes, quantile, time};
use super::requests::{CLIENTS, spread};
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use stead_testing::https::{Connection, JSON, PROTOBUF, Target};
use stead_testing::program::Server;
use tokio::task::JoinSet;

const PODS: usize = 10_000;
const LISTS: usize = 15;
/// Clients whose informers begin at once.
const INFORMERS: usize = 50;
const PATH: &str = "/api/v1/namespaces/default/pods";

/// Measures a server without a node.
pub async fn measure(binary: &Path, dir: &Path, report: &mut Report) -> Result<()> {
    let server = Server::start(binary, dir, &["--disable-agent"])?;
    let target = server.target()?;
    wait_for_account(&mut target.connect().await?).await?;
    let before = server.usage().memory_bytes;
    spread(&target, CLIENTS, PODS, |n| (Method::POST, PATH.to_owned(), JSON, heavy_pod(n).to_string())).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let after = server.usage().memory_bytes;
    report.add(report::MEMORY_10000, megabytes(after));
    report.add(report::MEMORY_PER_POD, format!("{:.1} kB", after.saturating_sub(before) as f64 / PODS as f64 / 1e3));
    let json = lists(&target, JSON).await?;
    report.add(report::LIST, format!("{json}; memory after {LISTS} lists {}", megabytes(server.usage().memory_bytes)));
    report.add(report::LIST_PROTOBUF, lists(&target, PROTOBUF).await?);
    informers(&target, report).await?;
    server.stop()
}

/// The whole list again and again: the median time, and the size.
async fn lists(target: &Target, accept: &str) -> Result<String> {
    let mut connection = target.connect().await?;
    let (mut times, mut size) = (Vec::new(), 0);
    for _ in 0..LISTS {
        let begun = Instant::now();
        size = list(&mut connection, PATH, accept).await?.len();
        times.push(begun.elapsed());
    }
    Ok(format!("{} ({})", time(quantile(&mut times, 0.5)), megabytes(size as u64)))
}

async fn list(connection: &mut Connection, path: &str, accept: &str) -> Result<Bytes> {
    let (status, answer) = connection.send_with(Method::GET, path, &[("accept", accept)], Bytes::new()).await?;
    ensure!(status == StatusCode::OK, "list pods: {status}");
    Ok(answer)
}

/// Each lists as client-go's do, in protobuf and from what the server has at hand, and then watches.
async fn informers(target: &Target, report: &mut Report) -> Result<()> {
    let version = target.connect().await?.call(Method::GET, &format!("{PATH}?limit=1"), JSON, &Value::Null).await?;
    let version = version["metadata"]["resourceVersion"].as_str().context("a list has a version")?.to_owned();
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..INFORMERS {
        let (target, watch) = (target.clone(), format!("{PATH}?watch=true&resourceVersion={version}"));
        tasks.spawn(async move {
            let mut connection = target.connect().await?;
            let size = list(&mut connection, &format!("{PATH}?resourceVersion=0"), PROTOBUF).await?.len();
            connection.watch(&watch).await?;
            anyhow::Ok(size)
        });
    }
    let mut size = 0;
    while let Some(done) = tasks.join_next().await {
        size += done??;
    }
    report.add(report::INFORMERS, format!("{} ({})", time(begun.elapsed()), megabytes(size as u64)));
    Ok(())
}

/// A pod of about 2 kB as stored, like those of ordinary charts, that waits for a scheduler which is not there.
fn heavy_pod(n: usize) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("pod-{n}"), "labels": {"app": "bench", "statefulset.kubernetes.io/pod-name": format!("pod-{n}")}},
        "spec": {"schedulerName": "none", "containers": [{"name": "main", "image": "localhost/stead:1", "ports": [{"containerPort": 80, "name": "web"}],
            "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}}}]}})
}
