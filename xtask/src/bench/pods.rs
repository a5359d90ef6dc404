//! Pods: how fast they come up and go, in containers and on simulated nodes, and what they cost when idle.

use super::report::{self, Quantity, Report, megabytes, quantile, time};
use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};
use stead_testing::https::{Connection, JSON, MERGE_PATCH, Watch};
use stead_testing::program::Server;

const ONE_AT_A_TIME: usize = 50;
const IDLE_PODS: usize = 30;
const IDLE: Duration = Duration::from_secs(20);
/// Time for a system to come to rest before it is called idle.
pub const SETTLE: Duration = Duration::from_secs(12);
pub const STEP_MAX: Duration = Duration::from_secs(180);
pub const PODS: &str = "/api/v1/namespaces/default/pods";
const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";

/// Measures pods in real containers.
pub async fn containers(binary: &Path, dir: &Path, report: &mut Report) -> Result<()> {
    let begun = Instant::now();
    let server = Server::start(binary, dir, &[])?;
    wait_for_account(&mut server.connect().await?).await?;
    up(&server, "first", 3, "OrderedReady").await?;
    report.add(report::START_TO_SET, time(begun.elapsed()));
    down(&server, "first").await?;
    idle(&server, report, [report::MEMORY_IDLE, report::CPU_IDLE, report::WRITTEN_IDLE]).await;
    one_at_a_time(&server, report).await?;
    super::exec::measure(&server, report).await.context("exec")?;
    super::logs::measure(&server, report).await.context("logs")?;
    super::names::measure(&server, report).await.context("names and Services")?;
    for (quantity, replicas) in [(report::ORDERED_3, 3), (report::ORDERED_10, 10)] {
        let took = up(&server, &format!("ordered-{replicas}"), replicas, "OrderedReady").await?;
        report.add(quantity, time(took));
        down(&server, &format!("ordered-{replicas}")).await?;
    }
    up(&server, "idle", IDLE_PODS, "Parallel").await?;
    idle(&server, report, [report::MEMORY_30, report::CPU_30, report::WRITTEN_30]).await;
    report.add(report::SHIM, format!("{:.2} MB", server.usage().shims_memory_bytes as f64 / IDLE_PODS as f64 / 1e6));
    let server = taken_over(server, binary, report).await?;
    down(&server, "idle").await?;
    let took = up(&server, "parallel", 100, "Parallel").await?;
    let gone = down(&server, "parallel").await?;
    report.add(report::PARALLEL_100, format!("{} / {}", time(took), time(gone)));
    Ok(())
}

/// Measures the control plane's share: nodes that run no containers.
pub async fn simulated(binary: &Path, dir: &Path, report: &mut Report) -> Result<()> {
    let server = Server::start(binary, dir, &["--simulated-nodes", "3"])?;
    wait_for_account(&mut server.connect().await?).await?;
    let took = up(&server, "parallel", 100, "Parallel").await?;
    let gone = down(&server, "parallel").await?;
    report.add(report::SIMULATED_UP_DOWN, format!("{} / {}", time(took), time(gone)));
    for (quantity, name, replicas, policy) in
        [(report::SIMULATED_100, "ordered", 100, "OrderedReady"), (report::SIMULATED_1000, "many", 1000, "Parallel")]
    {
        let took = up(&server, name, replicas, policy).await?;
        report.add(quantity, time(took));
        let gone = down(&server, name).await?;
        if replicas == 1000 {
            report.add(report::SIMULATED_1000_DOWN, time(gone));
        }
    }
    Ok(())
}

/// Replaces the server's program while 30 pods run: time until it answers, and until it has seen the end of every one of their containers,
/// which are killed as soon as it answers.
async fn taken_over(server: Server, binary: &Path, report: &mut Report) -> Result<Server> {
    let rebuilt = server.dir.join("rebuilt");
    let mut bytes = std::fs::read(binary).context("read the binary")?;
    bytes.extend_from_slice(b"rebuilt");
    std::fs::write(&rebuilt, bytes).context("write the rebuilt binary")?;
    std::fs::set_permissions(&rebuilt, std::fs::metadata(binary)?.permissions()).context("make it a program")?;
    let server = server.replace(&rebuilt, &[])?;
    let mut watch = watch(&server, "idle").await?;
    let begun = Instant::now();
    let killed = server.kill_workload()?;
    ensure!(killed >= IDLE_PODS, "{killed} processes run in the {IDLE_PODS} pods");
    let mut seen = BTreeSet::new();
    let wait = async {
        while seen.len() < IDLE_PODS {
            let event = watch.next().await?;
            if has_ended(&event["object"]["status"]["containerStatuses"][0]) {
                seen.insert(event["object"]["metadata"]["name"].to_string());
            }
        }
        anyhow::Ok(begun.elapsed())
    };
    let took = tokio::time::timeout(STEP_MAX, wait).await.context("the ends of the containers are seen")??;
    report.add(report::TAKEN_OVER, format!("{} to ready, {} more to have seen 30 killed containers end", time(server.ready), time(took)));
    Ok(server)
}

fn has_ended(container: &Value) -> bool {
    container["restartCount"].as_u64().unwrap_or_default() > 0 || container["state"]["running"].is_null()
}

/// Pods are refused until their ServiceAccount is there.
pub async fn wait_for_account(api: &mut Connection) -> Result<()> {
    let path = "/api/v1/namespaces/default/serviceaccounts/default";
    let wait = async { while api.call(Method::GET, path, JSON, &Value::Null).await.is_err() {} };
    tokio::time::timeout(STEP_MAX, wait).await.context("the default ServiceAccount appears")
}

/// The built-in image, whose pods end as soon as they are told to.
pub fn spec() -> Value {
    json!({"terminationGracePeriodSeconds": 5, "containers": [{"name": "main", "image": "localhost/stead:1", "ports": [{"containerPort": 80}]}]})
}

/// The same with probes; every pod has a token volume.
fn probed_spec() -> Value {
    let mut spec = spec();
    let probe = json!({"httpGet": {"port": 80}, "periodSeconds": 1});
    spec["containers"][0]["readinessProbe"] = probe.clone();
    spec["containers"][0]["livenessProbe"] = probe;
    spec
}

/// Applies a set; time until all its pods are Ready.
pub async fn up(server: &Server, name: &str, replicas: usize, policy: &str) -> Result<Duration> {
    up_of(server, &set(name, replicas, policy)).await
}

/// A set of the built-in image, its pods labelled with its name.
pub fn set(name: &str, replicas: usize, policy: &str) -> Value {
    let labels = json!({"app": name});
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}, "spec": {
        "replicas": replicas, "podManagementPolicy": policy, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": spec()}}})
}

/// The same of any set whose pods are labelled so.
pub async fn up_of(server: &Server, set: &Value) -> Result<Duration> {
    let mut api = server.connect().await?;
    let name = set["metadata"]["name"].as_str().context("a set has a name")?;
    let replicas = set["spec"]["replicas"].as_u64().and_then(|n| usize::try_from(n).ok()).context("a set has replicas")?;
    let mut watch = watch(server, name).await?;
    let begun = Instant::now();
    api.call(Method::POST, SETS, JSON, set).await?;
    let mut ready = BTreeSet::new();
    let wait = async {
        while ready.len() < replicas {
            let event = watch.next().await?;
            if is_ready(&event["object"]) {
                ready.insert(event["object"]["metadata"]["name"].to_string());
            }
        }
        anyhow::Ok(begun.elapsed())
    };
    tokio::time::timeout(STEP_MAX, wait).await.with_context(|| format!("{replicas} pods of {name} become ready"))?
}

/// Scales a set to nothing, then deletes it; time until its last pod is gone.
pub async fn down(server: &Server, name: &str) -> Result<Duration> {
    let mut api = server.connect().await?;
    let list = api.call(Method::GET, &format!("{PODS}?labelSelector=app%3D{name}"), JSON, &Value::Null).await?;
    let mut left = list["items"].as_array().map_or(0, Vec::len);
    let mut watch = watch(server, name).await?;
    let begun = Instant::now();
    let policy = json!({"spec": {"replicas": 0}});
    api.call(Method::PATCH, &format!("{SETS}/{name}/scale"), MERGE_PATCH, &policy).await?;
    let wait = async {
        while left > 0 {
            left -= usize::from(watch.next().await?["type"] == "DELETED");
        }
        anyhow::Ok(begun.elapsed())
    };
    let took = tokio::time::timeout(STEP_MAX, wait).await.with_context(|| format!("the pods of {name} go"))??;
    // The server closes connections that are idle for long.
    server.connect().await?.call(Method::DELETE, &format!("{SETS}/{name}"), JSON, &Value::Null).await?;
    Ok(took)
}

async fn watch(server: &Server, name: &str) -> Result<Watch> {
    server.connect().await?.watch(&format!("{PODS}?watch=true&labelSelector=app%3D{name}")).await
}

pub fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.is_some_and(|all| all.iter().any(|c| c["type"] == "Ready" && c["status"] == "True"))
}

/// From the create request to the event that says Running, one pod after another; and how much of it the network is: what the same pods take in
/// the machine's own, by turns, without a probe, since they would all have the same port.
async fn one_at_a_time(server: &Server, report: &mut Report) -> Result<()> {
    let mut times = Vec::new();
    for n in 0..ONE_AT_A_TIME {
        times.push(single_with(server, n, probed_spec()).await?);
    }
    let (p50, p99) = (time(quantile(&mut times, 0.5)), time(quantile(&mut times, 0.99)));
    report.add(report::CREATE_TO_RUNNING, format!("{p50} / {p99}"));
    let (mut own, mut shared) = (Vec::new(), Vec::new());
    for n in 0..ONE_AT_A_TIME {
        own.push(single_with(server, n, spec()).await?);
        let mut spec = spec();
        spec["hostNetwork"] = json!(true);
        spec["containers"][0]["ports"] = json!([]);
        spec["containers"][0]["command"] = json!(["sleep", "86400"]);
        shared.push(single_with(server, n, spec).await?);
    }
    let (own, shared) = (quantile(&mut own, 0.5), quantile(&mut shared, 0.5));
    report.add(
        report::NETWORK,
        format!("{} ({} with a network of its own, {} without)", time(own.saturating_sub(shared)), time(own), time(shared)),
    );
    Ok(())
}

/// One pod that comes and goes; how long it took to run.
/// One pod of this spec: from its creation to Running. It is gone at the end.
pub async fn single_with(server: &Server, n: usize, spec: Value) -> Result<Duration> {
    let (mut api, mut watch) = (server.connect().await?, watch(server, "single").await?);
    let name = format!("single-{n}");
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "single"}}, "spec": spec});
    let begun = Instant::now();
    api.call(Method::POST, PODS, JSON, &pod).await?;
    until(&mut watch, |event| event["object"]["status"]["phase"] == "Running").await.with_context(|| format!("{name} runs"))?;
    let took = begun.elapsed();
    api.call(Method::DELETE, &format!("{PODS}/{name}"), JSON, &Value::Null).await?;
    until(&mut watch, |event| event["type"] == "DELETED").await.with_context(|| format!("{name} goes"))?;
    Ok(took)
}

/// The first event that is wanted.
pub async fn until(watch: &mut Watch, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
    let wait = async {
        loop {
            let event = watch.next().await?;
            if wanted(&event) {
                return anyhow::Ok(event);
            }
        }
    };
    tokio::time::timeout(STEP_MAX, wait).await.context("in time")?
}

/// What a system at rest uses.
async fn idle(server: &Server, report: &mut Report, [memory, cpu, written]: [Quantity; 3]) {
    tokio::time::sleep(SETTLE).await;
    let before = server.usage();
    tokio::time::sleep(IDLE).await;
    let after = server.usage();
    let (ours, theirs) = (megabytes(after.memory_bytes), megabytes(after.workload_memory_bytes));
    report.add(memory, format!("{ours} in {} processes, and {theirs} in what runs in the containers", after.processes));
    report.add(cpu, format!("{:.2} %", after.cpu_percent(&before)));
    report.add(written, format!("{:.0} B/s", after.written_per_s(&before)));
}
