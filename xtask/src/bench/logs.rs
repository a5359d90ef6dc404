//! Logs: how fast a client reads what a container has printed.

use super::report::{self, Report, megabytes, time};
use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Value, json};
use std::io::Write;
use std::time::{Duration, Instant};
use stead_testing::https::JSON;
use stead_testing::program::Server;

const PODS: &str = "/api/v1/namespaces/default/pods";
/// What the container prints; of that the node keeps five files of 10 MiB.
const PRINTED_BYTES: usize = 100_000_000;
const LINE: &[u8] = b"2026-01-02 03:04:05 INFO a line as a database writes it when it is asked for something, with a few words more\n";
const STEP_MAX: Duration = Duration::from_secs(120);

/// A pod prints the lines of a file; they are read as `kubectl logs` reads them.
pub async fn measure(server: &Server, report: &mut Report) -> Result<()> {
    let folder = server.dir.join("lines");
    std::fs::create_dir_all(&folder).context("make the folder of lines")?;
    let mut file = std::io::BufWriter::new(std::fs::File::create(folder.join("lines")).context("make the file of lines")?);
    for _ in 0..PRINTED_BYTES / LINE.len() {
        file.write_all(LINE).context("write lines")?;
    }
    file.flush().context("write lines")?;
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "printer"}, "spec": {
        "restartPolicy": "Never",
        "volumes": [{"name": "lines", "hostPath": {"path": folder}}],
        "containers": [{"name": "main", "image": "localhost/stead:1", "command": ["cat", "/lines/lines"],
            "volumeMounts": [{"name": "lines", "mountPath": "/lines", "readOnly": true}]}]}});
    let begun = Instant::now();
    let mut api = server.connect().await?;
    api.call(Method::POST, PODS, JSON, &pod).await?;
    let path = format!("{PODS}/printer");
    let ended = async {
        loop {
            let pod = api.call(Method::GET, &path, JSON, &Value::Null).await?;
            match pod["status"]["phase"].as_str() {
                Some("Succeeded") => return anyhow::Ok(()),
                Some("Failed") => anyhow::bail!("the pod that prints failed: {}", pod["status"]),
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(STEP_MAX, ended).await.context("the pod has printed")??;
    let printed = begun.elapsed();
    let begun = Instant::now();
    let mut log = server.connect().await?.watch(&format!("{path}/log")).await?;
    let mut bytes = 0;
    while let Some(piece) = log.bytes().await? {
        bytes += piece.len();
    }
    let took = begun.elapsed();
    ensure!(bytes > 0, "the log is empty");
    let rate = megabytes((bytes as f64 / took.as_secs_f64()) as u64);
    let printing = megabytes((PRINTED_BYTES as f64 / printed.as_secs_f64()) as u64);
    report.add(
        report::LOGS,
        format!("{rate}/s ({} in {}; printed at {printing}/s, start and end of the pod included)", megabytes(bytes as u64), time(took)),
    );
    Ok(())
}
