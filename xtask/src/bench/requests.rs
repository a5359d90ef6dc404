//! Requests over HTTPS: durable creates, patches of one object, lists, watch fan-out, and a start with what that left.

use super::disk::fdatasync;
use super::report::{self, Quantity, Report, quantile, rate, time};
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use stead_testing::https::{APPLY_PATCH, Connection, JSON, MERGE_PATCH, Target};
use stead_testing::program::Server;
use tokio::task::JoinSet;

pub const CLIENTS: usize = 64;
const CREATES_ALONE: usize = 1_000;
/// With those of one client this makes the 10,000 objects of the second start.
const CREATES: usize = 9_000;
const PATCHES: usize = 6_400;
const WATCHERS: usize = 1_000;
const CHANGES: usize = 200;
const APPLIES: usize = 500;
/// Each takes an address of the range.
const SERVICES: usize = 5_000;
const SERVICES_PATH: &str = "/api/v1/namespaces/default/services";
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// Measures a server without node and scheduler.
pub async fn run(binary: &Path, dir: &Path, report: &mut Report) -> Result<()> {
    let flags = ["--disable-agent", "--disable-scheduler"];
    let server = Server::start(binary, dir, &flags)?;
    report.add(report::START_EMPTY, format!("{} (fdatasync {})", time(server.ready), time(fdatasync(dir)?)));
    let target = server.target()?;
    creates(&target, dir, report).await?;
    patches(&target, dir, report).await?;
    applies(&target, dir, report).await?;
    server.stop()?;
    let server = Server::start(binary, dir, &flags)?;
    report.add(report::START_FULL, time(server.ready));
    fan_out(&server.target()?, "", report::FAN_OUT, report).await?;
    fan_out(&server.target()?, "&labelSelector=%21absent", report::FAN_OUT_SELECTED, report).await?;
    server.stop()?;
    super::lists::measure(binary, &dir.with_extension("pods"), report).await.context("lists of many pods")?;
    let dir = dir.with_extension("services");
    let server = Server::start(binary, &dir, &flags)?;
    services(&server.target()?, &dir, report).await
}

/// Each gets an address, which is written down, too.
async fn services(target: &Target, dir: &Path, report: &mut Report) -> Result<()> {
    let disk = fdatasync(dir)?;
    let body = |n: usize| {
        let spec = json!({"selector": {"app": format!("s{n}")}, "ports": [{"port": 80}]});
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("s{n}")}, "spec": spec}).to_string()
    };
    let (took, mut times) = spread(target, CLIENTS, SERVICES, move |n| (Method::POST, SERVICES_PATH.to_owned(), JSON, body(n))).await?;
    let (p50, p99) = (time(quantile(&mut times, 0.5)), time(quantile(&mut times, 0.99)));
    report.add(report::SERVICES, format!("{}, p50 {p50}, p99 {p99} (fdatasync {})", rate(SERVICES, took), time(disk)));
    Ok(())
}

async fn creates(target: &Target, dir: &Path, report: &mut Report) -> Result<()> {
    for (quantity, clients, count) in [(report::CREATES_1, 1, CREATES_ALONE), (report::CREATES_64, CLIENTS, CREATES)] {
        let disk = fdatasync(dir)?;
        let body = move |n: usize| {
            let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("c{clients}-{n}")}, "data": {"k": "x".repeat(1000)}});
            object.to_string()
        };
        let (took, mut times) = spread(target, clients, count, move |n| (Method::POST, CONFIG_MAPS.to_owned(), JSON, body(n))).await?;
        let (p50, p99) = (time(quantile(&mut times, 0.5)), time(quantile(&mut times, 0.99)));
        report.add(quantity, format!("{}, p50 {p50}, p99 {p99} (fdatasync {})", rate(count, took), time(disk)));
    }
    Ok(())
}

async fn patches(target: &Target, dir: &Path, report: &mut Report) -> Result<()> {
    let disk = fdatasync(dir)?;
    let path = format!("{CONFIG_MAPS}/c1-0");
    let patch = move |n: usize| (Method::PATCH, path.clone(), MERGE_PATCH, json!({"data": {"n": n.to_string()}}).to_string());
    let (took, mut times) = spread(target, CLIENTS, PATCHES, patch).await?;
    let [p50, p99, slowest] = [0.5, 0.99, 1.0].map(|q| time(quantile(&mut times, q)));
    let measured = format!("{}, p50 {p50}, p99 {p99}, slowest {slowest}, no conflict seen (fdatasync {})", rate(PATCHES, took), time(disk));
    report.add(report::PATCHES, measured);
    Ok(())
}

/// One client that applies one object again and again, with another value each time.
async fn applies(target: &Target, dir: &Path, report: &mut Report) -> Result<()> {
    let disk = fdatasync(dir)?;
    let path = format!("{CONFIG_MAPS}/applied?fieldManager=bench");
    let body = |n: usize| {
        let data = json!({"n": n.to_string(), "k": "x".repeat(1000)});
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied", "labels": {"app": "bench"}}, "data": data})
            .to_string()
    };
    let (_, mut times) = spread(target, 1, APPLIES, move |n| (Method::PATCH, path.clone(), APPLY_PATCH, body(n))).await?;
    let (p50, p99) = (time(quantile(&mut times, 0.5)), time(quantile(&mut times, 0.99)));
    report.add(report::APPLY, format!("p50 {p50}, p99 {p99} (fdatasync {})", time(disk)));
    Ok(())
}

/// Sends `count` requests from that many clients, each with a connection of its own; any failure is an error.
pub async fn spread<F>(target: &Target, clients: usize, count: usize, request: F) -> Result<(Duration, Vec<Duration>)>
where
    F: Fn(usize) -> (Method, String, &'static str, String) + Send + Sync + 'static,
{
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(target.connect().await?);
    }
    let (next, request) = (Arc::new(AtomicUsize::new(0)), Arc::new(request));
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for connection in connections {
        let (next, request) = (next.clone(), request.clone());
        tasks.spawn(async move { client(connection, &next, count, &*request).await });
    }
    let mut times = Vec::with_capacity(count);
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    Ok((begun.elapsed(), times))
}

async fn client<F>(mut connection: Connection, next: &AtomicUsize, count: usize, request: &F) -> Result<Vec<Duration>>
where
    F: Fn(usize) -> (Method, String, &'static str, String),
{
    let mut times = Vec::new();
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= count {
            return Ok(times);
        }
        let (method, path, content_type, body) = request(n);
        let begun = Instant::now();
        let (status, answer) = connection.send(method, &path, content_type, Bytes::from(body)).await?;
        times.push(begun.elapsed());
        ensure!(status.is_success(), "{path}: {status}: {}", String::from_utf8_lossy(&answer));
    }
}

/// How many events a second reach a thousand watchers of one kind.
async fn fan_out(target: &Target, selector: &str, quantity: Quantity, report: &mut Report) -> Result<()> {
    let mut writer = target.connect().await?;
    let list = writer.call(Method::GET, &format!("{CONFIG_MAPS}?limit=1"), JSON, &Value::Null).await?;
    let version = list["metadata"]["resourceVersion"].as_str().context("a list has a version")?.to_owned();
    let path = format!("{CONFIG_MAPS}?watch=true&resourceVersion={version}{selector}");
    let mut watches = Vec::with_capacity(WATCHERS);
    for _ in 0..WATCHERS {
        watches.push(target.connect().await?.watch(&path).await?);
    }
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for mut watch in watches {
        tasks.spawn(async move {
            let mut events = 0;
            while events < CHANGES {
                let data = watch.bytes().await?.context("the watch ended")?;
                events += data.iter().filter(|b| **b == b'\n').count();
            }
            anyhow::Ok(())
        });
    }
    let patch =
        |n: usize| (Method::PATCH, format!("{CONFIG_MAPS}/c1-{}", n % 10), MERGE_PATCH, json!({"data": {"f": n.to_string()}}).to_string());
    let (written, _) = spread(target, 16, CHANGES, patch).await?;
    while let Some(done) = tokio::time::timeout(Duration::from_secs(60), tasks.join_next()).await.context("the watchers see every event")? {
        done??;
    }
    let events = rate(WATCHERS * CHANGES, begun.elapsed());
    report.add(quantity, format!("{} ({CHANGES} changes written in {})", events.replace("per s", "events/s"), time(written)));
    Ok(())
}
