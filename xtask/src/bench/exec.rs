//! Exec: how long a program that does nothing takes in a container, for a client that is none itself.

use super::report::{self, Report, quantile, time};
use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use stead_testing::https::JSON;
use stead_testing::program::Server;

const PODS: &str = "/api/v1/namespaces/default/pods";
const ROUNDS: usize = 50;
const STEP_MAX: Duration = Duration::from_secs(60);
/// A WebSocket as kubectl asks for it.
const HEADERS: [(&str, &str); 5] = [
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-websocket-protocol", "v5.channel.k8s.io"),
];
/// How the program ended.
const ENDED_WELL: &[u8] = b"\"status\":\"Success\"";

/// A new connection for each program, up to the word that it has ended.
pub async fn measure(server: &Server, report: &mut Report) -> Result<()> {
    let path = format!("{PODS}/idle-one");
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "idle-one"}, "spec": {"terminationGracePeriodSeconds": 0,
        "containers": [{"name": "main", "image": "localhost/stead:1", "command": ["sleep", "100000"]}]}});
    let mut api = server.connect().await?;
    api.call(Method::POST, PODS, JSON, &pod).await?;
    let runs = async {
        while api.call(Method::GET, &path, JSON, &Value::Null).await?["status"]["phase"] != "Running" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(STEP_MAX, runs).await.context("the pod runs")??;
    let (command, mut times) = (format!("{path}/exec?command=true&stdout=true&stderr=true"), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let run = server.connect().await?.upgrade_and_read(&command, &HEADERS, ENDED_WELL);
        tokio::time::timeout(STEP_MAX, run).await.context("the program ends")??;
        times.push(begun.elapsed());
    }
    // The server closes connections that are idle for long.
    server.connect().await?.call(Method::DELETE, &path, JSON, &Value::Null).await?;
    let (p50, p99) = (time(quantile(&mut times, 0.5)), time(quantile(&mut times, 0.99)));
    report.add(report::EXEC, format!("{p50} / {p99}"));
    Ok(())
}
