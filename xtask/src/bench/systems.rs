//! The tutorial's systems, real ones on claims: from the first request that makes their objects until every pod is Ready, how much of that is
//! Stead's, and what its own processes use of memory beside them. What a pod without a probe is Ready for is little: Redis' and MySQL's have none.

use super::Extent;
use super::pods::{PODS, SETTLE, is_ready, wait_for_account};
use super::report::{self, Report, megabytes, time};
use anyhow::{Context, Result, bail, ensure};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use stead_testing::https::{Connection, JSON, Watch};
use stead_testing::program::Server;

const YAML: &str = "application/yaml";
/// ZooKeeper and Kafka begin with minutes of work where processors are few.
const READY_MAX: Duration = Duration::from_secs(600);
/// Room is promised, not used; a machine that measures need not have so much.
const CLAIM_SIZES: [&str; 3] = ["5Gi", "10Gi", "20Gi"];
const CLAIM_SIZE: &str = "512Mi";

struct System {
    name: &'static str,
    /// The archives of its images.
    images: &'static [&'static str],
    manifest: &'static str,
}

const SYSTEMS: [System; 5] = [
    System { name: "nginx", images: &["nginx"], manifest: include_str!("../../../examples/nginx.yaml") },
    System { name: "Redis", images: &["redis"], manifest: include_str!("../../../examples/redis.yaml") },
    System { name: "PostgreSQL", images: &["postgres"], manifest: include_str!("../../../examples/postgres.yaml") },
    System { name: "MySQL", images: &["mysql"], manifest: include_str!("../../../examples/mysql.yaml") },
    System {
        name: "ZooKeeper and Kafka",
        images: &["zookeeper", "kafka-3"],
        manifest: include_str!("../../../examples/kafka-zookeeper.yaml"),
    },
];

/// Measures each on a server of its own. One whose images cannot be made is left out, aloud.
pub async fn measure(root: &Path, binary: &Path, dir: &Path, extent: Extent, report: &mut Report) -> Result<()> {
    let mut rows: [Vec<String>; 4] = Default::default();
    for system in &SYSTEMS[..extent.of(SYSTEMS.len(), 2)] {
        let archives: Result<Vec<PathBuf>> = system.images.iter().map(|image| crate::images::archive(root, image)).collect();
        let archives = match archives {
            Ok(archives) => archives,
            Err(error) => {
                report.note(format!("LEFT OUT: {}: {error:#}", system.name));
                continue;
            }
        };
        super::progress(system.name);
        let place = dir.join(system.images[0]);
        let figures = figures(binary, &place, system, &archives, extent).await.with_context(|| system.name.to_owned())?;
        for (row, figure) in rows.iter_mut().zip(figures) {
            row.push(format!("{} {figure}", system.name));
        }
    }
    let quantities = [report::SYSTEMS_READY, report::SYSTEMS_STARTED, report::SYSTEMS_POD, report::SYSTEMS_MEMORY];
    quantities.into_iter().zip(rows).for_each(|(quantity, row)| report.add(quantity, row.join("; ")));
    Ok(())
}

/// A figure for each row.
async fn figures(binary: &Path, dir: &Path, system: &System, archives: &[PathBuf], extent: Extent) -> Result<[String; 4]> {
    std::fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))?;
    for archive in archives {
        imported(binary, &dir.join("data"), archive)?;
    }
    let server = Server::start(binary, dir, &[])?;
    let mut api = server.connect().await?;
    wait_for_account(&mut api).await?;
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mysql-secret"}, "stringData": {"password": "secret"}});
    api.call(Method::POST, "/api/v1/namespaces/default/secrets", JSON, &secret).await.context("create MySQL's Secret")?;
    let mut watch = server.connect().await?.watch(&format!("{PODS}?watch=true")).await?;
    let begun = Instant::now();
    let expected = apply(&mut api, &smaller(system.manifest)).await?;
    let pods = tokio::time::timeout(READY_MAX, ready(&mut watch, expected, begun)).await.context("every pod becomes Ready in time")??;
    let took = begun.elapsed();
    if let Extent::Full = extent {
        tokio::time::sleep(SETTLE).await;
    }
    let usage = server.usage();
    let own = usage.memory_bytes.saturating_sub(usage.shims_memory_bytes);
    let memory = format!("{} + {} in {} shims", megabytes(own), megabytes(usage.shims_memory_bytes), usage.processes.saturating_sub(1));
    server.stop()?;
    let last = pods.started().context("every pod has started")?;
    Ok([time(took), time(last), time(pods.slowest()), memory])
}

#[expect(clippy::disallowed_methods, reason = "a development task runs the binary")]
fn imported(binary: &Path, data_dir: &Path, archive: &Path) -> Result<()> {
    let mut import = Command::new(binary);
    import.args(["image", "import", "--data-dir"]).args([data_dir, archive]).stdout(Stdio::null());
    super::status(&mut import)
}

fn smaller(manifest: &str) -> String {
    CLAIM_SIZES
        .iter()
        .fold(manifest.to_owned(), |text, size| text.replace(&format!("storage: {size}\n"), &format!("storage: {CLAIM_SIZE}\n")))
}

/// Makes the objects of a manifest, in their order; how many pods its sets want.
async fn apply(api: &mut Connection, manifest: &str) -> Result<usize> {
    let mut expected = 0;
    for document in manifest.split("\n---\n") {
        let (status, answer) = api.send(Method::POST, path(document)?, YAML, document.to_owned().into()).await?;
        ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&answer));
        let made: Value = serde_json::from_slice(&answer).context("read the answer")?;
        expected += made["spec"]["replicas"].as_u64().and_then(|replicas| usize::try_from(replicas).ok()).unwrap_or_default();
    }
    Ok(expected)
}

/// Where objects of a document's kind are made.
fn path(document: &str) -> Result<&'static str> {
    match document.lines().find_map(|line| line.strip_prefix("kind: ")) {
        Some("Service") => Ok("/api/v1/namespaces/default/services"),
        Some("ConfigMap") => Ok("/api/v1/namespaces/default/configmaps"),
        Some("Secret") => Ok("/api/v1/namespaces/default/secrets"),
        Some("StatefulSet") => Ok("/apis/apps/v1/namespaces/default/statefulsets"),
        other => bail!("no path is known for {other:?}"),
    }
}

/// Follows pods until so many are Ready at the same time.
async fn ready(watch: &mut Watch, expected: usize, begun: Instant) -> Result<Pods> {
    let mut pods = Pods::default();
    while !pods.are_ready(expected) {
        let event = watch.next().await?;
        pods.take(&event["object"], begun.elapsed());
    }
    Ok(pods)
}

/// What was seen of pods, by name.
#[derive(Default)]
struct Pods(BTreeMap<String, Seen>);

struct Seen {
    created: Duration,
    /// When its container first ran.
    started: Option<Duration>,
    is_ready: bool,
}

impl Pods {
    fn take(&mut self, pod: &Value, at: Duration) {
        let seen = self.0.entry(pod["metadata"]["name"].to_string()).or_insert(Seen { created: at, started: None, is_ready: false });
        if pod["status"]["containerStatuses"][0]["state"]["running"].is_object() {
            seen.started.get_or_insert(at);
        }
        seen.is_ready = is_ready(pod);
    }

    fn are_ready(&self, expected: usize) -> bool {
        self.0.values().filter(|seen| seen.is_ready).count() >= expected
    }

    /// When the last of them had started.
    fn started(&self) -> Option<Duration> {
        self.0.values().map(|seen| seen.started).max()?
    }

    /// The longest that one of them took from its creation to its start: what Stead does with it, and nothing of what runs in it.
    fn slowest(&self) -> Duration {
        self.0.values().filter_map(|seen| Some(seen.started? - seen.created)).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_has_its_place_and_asks_for_little_room() {
        for system in &SYSTEMS {
            let manifest = smaller(system.manifest);
            assert!(manifest.split("\n---\n").all(|document| path(document).is_ok()), "{}", system.name);
            let sizes: Vec<&str> = manifest.lines().filter_map(|line| line.trim().strip_prefix("storage: ")).collect();
            assert!(!sizes.is_empty() && sizes.iter().all(|size| ["1Gi", CLAIM_SIZE].contains(size)), "{}: {sizes:?}", system.name);
        }
    }

    #[test]
    fn a_pods_start_is_told_from_what_it_waits_for() {
        let pod = |name: &str, running: bool, ready: &str| {
            let state = if running { json!({"running": {}}) } else { json!({"waiting": {}}) };
            json!({"metadata": {"name": name}, "status": {"containerStatuses": [{"state": state}], "conditions": [{"type": "Ready", "status": ready}]}})
        };
        let mut pods = Pods::default();
        let s = Duration::from_secs;
        for (name, running, ready, at) in
            [("a", false, "False", 1), ("a", true, "False", 2), ("a", true, "True", 9), ("b", false, "False", 10), ("b", true, "True", 13)]
        {
            assert!(!pods.are_ready(2));
            pods.take(&pod(name, running, ready), s(at));
        }
        assert!(pods.are_ready(2));
        assert_eq!((pods.started(), pods.slowest()), (Some(s(13)), s(3)));
    }
}
