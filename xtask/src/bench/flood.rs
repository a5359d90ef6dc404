//! One user floods the server, and another one asks for what users ask for: how long that one waits.

use super::pods::wait_for_account;
use super::report::{self, Report, quantile, time};
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use stead_testing::https::{Connection, JSON, MERGE_PATCH, Target};
use stead_testing::program::Server;
use tokio::sync::watch;
use tokio::task::JoinSet;

const REQUESTS: usize = 50_000;
const WATCHES: usize = 5_000;
/// Connections that send the requests, each as fast as it is answered.
const SENDERS: usize = 500;
/// One of so many requests is a change that all watches see.
const READS_PER_CHANGE: usize = 100;
/// TLS handshakes at a time.
const DIALS: usize = 100;
/// What the events of changes have in them.
const CHANGE: &[u8] = b"\"MODIFIED\"";
/// After the flood the last watch has shown a change within this time.
const SHOWN_WITHIN: Duration = Duration::from_secs(60);
/// The other one's pause between requests.
const PAUSE: Duration = Duration::from_millis(5);
const FLOODED: &str = "/api/v1/namespaces/default/configmaps";
const QUIET: &str = "/api/v1/namespaces/kube-public/configmaps";

/// Measures a server without node and scheduler.
pub async fn measure(binary: &Path, dir: &Path, report: &mut Report) -> Result<()> {
    let server = Server::start(binary, dir, &["--disable-agent", "--disable-scheduler"])?;
    let admin = server.target()?;
    let mut connection = admin.connect().await?;
    wait_for_account(&mut connection).await?;
    let eve = user(&admin, &mut connection, "default", "eve").await?;
    let bob = user(&admin, &mut connection, "kube-public", "bob").await?;
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "seen"}, "data": {"k": "x".repeat(1000)}});
    connection.call(Method::POST, FLOODED, JSON, &object).await?;
    let alone = quiet(&bob, stop_after(Duration::from_secs(2))).await?;
    let (opening, opened) = beside(&bob, watches(&eve)).await?;
    let mut watches = opened?;
    let begun = Instant::now();
    let (flooded, refused) = beside(&bob, requests(&eve)).await?;
    let (refused, took) = (refused?, begun.elapsed());
    let memory = report::megabytes(server.usage().memory_bytes);
    watches.shown_all().await?;
    let [alone, opening, flooded] = [alone, opening, flooded].map(|mut times| {
        let [p50, p99, slowest] = [0.5, 0.99, 1.0].map(|share| time(quantile(&mut times, share)));
        format!("{p50} / {p99} / {slowest}")
    });
    let measured = format!(
        "{flooded} ({alone} without the flood, {opening} while its watches are opened; it took {}, {refused} of it were refused; server {memory})",
        time(took)
    );
    report.add(report::FLOOD, measured);
    server.stop()
}

/// What the other one waits for while something is done, and what came of that.
async fn beside<T>(bob: &Target, done: impl Future<Output = T>) -> Result<(Vec<Duration>, T)> {
    let (stop, stopped) = watch::channel(false);
    let bob = bob.clone();
    // A thread and a runtime of its own, as another machine would be.
    let asked = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start a runtime")?;
        runtime.block_on(quiet(&bob, stopped))
    });
    let done = done.await;
    stop.send_replace(true);
    Ok((asked.await??, done))
}

/// A service account that may change what is in its namespace.
async fn user(admin: &Target, connection: &mut Connection, namespace: &str, name: &str) -> Result<Target> {
    let accounts = format!("/api/v1/namespaces/{namespace}/serviceaccounts");
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}});
    connection.call(Method::POST, &accounts, JSON, &account).await?;
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": name}]});
    let bindings = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings");
    connection.call(Method::POST, &bindings, JSON, &binding).await?;
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let token = connection.call(Method::POST, &format!("{accounts}/{name}/token"), JSON, &request).await?;
    admin.with_token(token["status"]["token"].as_str().context("a token is given")?)
}

fn stop_after(time: Duration) -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        stop.send_replace(true);
    });
    stopped
}

/// What users ask for, one after the other, until told to stop: how long each took.
async fn quiet(bob: &Target, stop: watch::Receiver<bool>) -> Result<Vec<Duration>> {
    let mut connection = bob.connect().await?;
    let mut times = Vec::new();
    for n in 0.. {
        if *stop.borrow() {
            break;
        }
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "c"}, "data": {"n": "1"}});
        let (method, path, body) = match n % 3 {
            0 => (Method::POST, QUIET.to_owned(), object.to_string()),
            1 => (Method::GET, format!("{QUIET}/kube-root-ca.crt"), String::new()),
            _ => (Method::GET, format!("{QUIET}?limit=50"), String::new()),
        };
        let begun = Instant::now();
        let (status, answer) = connection.send(method, &path, JSON, Bytes::from(body)).await?;
        times.push(begun.elapsed());
        ensure!(status.is_success(), "{path}: {status}: {}", String::from_utf8_lossy(&answer));
        tokio::time::sleep(PAUSE).await;
    }
    Ok(times)
}

/// Watches that are read as fast as events come.
struct Watches {
    reading: JoinSet<Result<()>>,
    /// How many have shown a change.
    shown: Arc<AtomicUsize>,
}

impl Watches {
    /// None has ended, and each has shown a change: else others had less beside them than is said.
    async fn shown_all(&mut self) -> Result<()> {
        let ended = tokio::time::timeout(SHOWN_WITHIN, async {
            while self.shown.load(Ordering::Relaxed) < WATCHES {
                tokio::select! {
                    ended = self.reading.join_next() => return ended,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
            self.reading.try_join_next()
        });
        match ended.await {
            Ok(None) => Ok(()),
            Ok(Some(ended)) => ended?.and_then(|()| bail!("a watch has ended")),
            Err(_) => bail!("{} of {WATCHES} watches have shown what was changed", self.shown.load(Ordering::Relaxed)),
        }
    }
}

async fn watches(eve: &Target) -> Result<Watches> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut dials = JoinSet::new();
    for _ in 0..DIALS {
        let (eve, next) = (eve.clone(), next.clone());
        dials.spawn(async move {
            let mut watches = Vec::new();
            while next.fetch_add(1, Ordering::Relaxed) < WATCHES {
                watches.push(eve.connect().await?.watch(&format!("{FLOODED}?watch=true")).await?);
            }
            anyhow::Ok(watches)
        });
    }
    let (mut reading, shown) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
    while let Some(dialled) = dials.join_next().await {
        for mut watch in dialled?? {
            let shown = shown.clone();
            reading.spawn(async move {
                let is_change = |bytes: &Bytes| bytes.windows(CHANGE.len()).any(|part| part == CHANGE);
                while !is_change(&watch.bytes().await?.context("a watch goes on")?) {}
                shown.fetch_add(1, Ordering::Relaxed);
                while watch.bytes().await?.is_some() {}
                anyhow::Ok(())
            });
        }
    }
    Ok(Watches { reading, shown })
}

/// As many requests as fast as they are answered; how many were refused.
async fn requests(eve: &Target) -> Result<usize> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let (eve, next) = (eve.clone(), next.clone());
        senders.spawn(async move {
            let (mut connection, mut refused) = (eve.connect().await?, 0);
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= REQUESTS {
                    return anyhow::Ok(refused);
                }
                let (method, path, body) = match n % READS_PER_CHANGE {
                    0 => (Method::PATCH, format!("{FLOODED}/seen"), json!({"data": {"n": n.to_string()}}).to_string()),
                    1..10 => (Method::GET, FLOODED.to_owned(), String::new()),
                    _ => (Method::GET, format!("{FLOODED}/seen"), String::new()),
                };
                let (status, answer) = connection.send(method, &path, MERGE_PATCH, Bytes::from(body)).await?;
                refused += usize::from(status == StatusCode::TOO_MANY_REQUESTS);
                let is_well = status.is_success() || status == StatusCode::TOO_MANY_REQUESTS;
                ensure!(is_well, "{path}: {status}: {}", String::from_utf8_lossy(&answer));
            }
        });
    }
    let mut refused = 0;
    while let Some(sent) = senders.join_next().await {
        refused += sent??;
    }
    Ok(refused)
}
