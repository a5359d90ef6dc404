//! What runs inside the machine between power cuts: it starts the server, tells what is there, waits for the pods, then writes and rolls
//! without end and tells what was acknowledged; `claims` does the same with volumes, `databases` with rows of databases. Each line goes out whole and ends in a full stop, so that a torn one can be told.

mod claims;
mod databases;

use anyhow::{Context, Result, ensure};
pub use databases::DATABASES;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use stead_testing::https::{Connection, JSON, MERGE_PATCH, Target};
use stead_testing::program::Server;
use tokio::task::JoinSet;
use tokio::time::Instant;

const WRITERS: u64 = 4;
/// Every tenth change of a ConfigMap deletes it.
const DELETED_EVERY: u64 = 10;
/// On an idle host a minute; the first start of a database is the longest.
const STEP_MAX: Duration = Duration::from_secs(1500);
const SILENCE_MAX: Duration = Duration::from_secs(45);
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const PODS: &str = "/api/v1/pods";
const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";
const SET: &str = "web";

#[derive(clap::Args)]
pub struct Args {
    /// The program to run
    #[arg(long)]
    stead: PathBuf,
    /// Directory that outlives the cuts
    #[arg(long)]
    dir: PathBuf,
    /// Which start this is; `last` ends in order
    #[arg(long)]
    round: String,
    #[command(flatten)]
    databases: databases::Options,
}

/// What a key shows after that many changes: the number of the last one, or nothing after a deletion.
pub fn content(key: &str, change: u64) -> Option<u64> {
    let object = || (change > 0 && (key == SET || !change.is_multiple_of(DELETED_EVERY))).then_some(change);
    claims::content(key, change).or_else(|| databases::content(key, change)).unwrap_or_else(object)
}

/// Whether a key is told of once the pods run, as what is in volumes is.
pub fn is_on_disk(key: &str) -> bool {
    claims::content(key, 1).or_else(|| databases::content(key, 1)).is_some()
}

pub fn run(args: &Args) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("start the runtime")?;
    runtime.block_on(async {
        let result = round(args).await;
        if let Err(error) = &result {
            print(&format!("failed: {error:#}"));
        }
        result
    })
}

async fn round(args: &Args) -> Result<()> {
    databases::bring(&args.databases, &args.dir.join("data"))?;
    let server = Server::start(&args.stead, &args.dir, &[])?;
    let target = server.target()?;
    let mut api = target.connect().await?;
    let databases = databases::wanted(&args.databases);
    let rolls = report(&mut api).await?;
    if rolls.is_none() {
        wait_for_account(&mut api, "default").await?;
        api.call(Method::POST, SETS, JSON, &set(SET)).await.context("create the set")?;
        claims::begin(&mut api).await?;
        if !databases.is_empty() {
            databases::begin(&mut api).await?;
        }
        for database in databases {
            database.begin(&mut api).await.with_context(|| database.name)?;
        }
    }
    let sets: Vec<String> =
        [SETS, claims::SETS].map(str::to_owned).into_iter().chain(databases.iter().map(databases::Database::sets)).collect();
    tokio::select! {
        settled = runs_once(&target, &sets) => settled?,
        never = tell_what_waits(&target) => never?,
    }
    // The one that was open meanwhile was idle for long, and is closed.
    claims::report(&mut target.connect().await?, &server.data_dir().join("storage/volumes")).await?;
    let mut sessions = Vec::new();
    for database in databases {
        sessions.push(database.connect(&args.databases, &args.dir.join("kubeconfig")).await?);
    }
    print("settled .");
    if args.round == "last" {
        return server.stop();
    }
    let mut tasks = JoinSet::new();
    for writer in 0..WRITERS {
        tasks.spawn(write(target.clone(), format!("r{}-{writer}", args.round)));
    }
    tasks.spawn(roll(target.clone(), rolls.unwrap_or_default()));
    tasks.spawn(claims::keep(target.clone()));
    tasks.spawn(claims::cycle(target, args.round.clone()));
    sessions.into_iter().for_each(|session| drop(tasks.spawn(session.fill())));
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

/// Tells everything that is there; how often the set was rolled, if it is there.
async fn report(api: &mut Connection) -> Result<Option<u64>> {
    let path = format!("{CONFIG_MAPS}?labelSelector=cut");
    let list = api.call(Method::GET, &path, JSON, &Value::Null).await?;
    for item in list["items"].as_array().context("a list has items")? {
        let (name, change) = (item["metadata"]["name"].as_str(), item["data"]["change"].as_str());
        print(&format!("found {} {} .", name.context("it has a name")?, change.context("it has a change")?));
    }
    let sets = api.call(Method::GET, SETS, JSON, &Value::Null).await?;
    let rolls = match &sets["items"][0] {
        Value::Null => None,
        set => Some(set["spec"]["template"]["metadata"]["annotations"]["roll"].as_str().unwrap_or("0").parse::<u64>()?),
    };
    if let Some(rolls) = rolls.filter(|rolls| *rolls > 0) {
        print(&format!("found {SET} {rolls} ."));
    }
    print(&format!("ready {} .", revision(&list)?));
    Ok(rolls)
}

async fn wait_for_account(api: &mut Connection, namespace: &str) -> Result<()> {
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
    let wait = async { while api.call(Method::GET, &path, JSON, &Value::Null).await.is_err() {} };
    tokio::time::timeout(STEP_MAX, wait).await.context("the default ServiceAccount appears")
}

/// Three pods, at once, so that starts and rolls are many.
fn set(name: &str) -> Value {
    let labels = json!({"app": name});
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}, "spec": {
        "replicas": 3, "podManagementPolicy": "Parallel", "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {
            "terminationGracePeriodSeconds": 5, "containers": [{"name": "main", "image": "localhost/stead:1"}]}}}})
}

/// Waits until every pod of the set of a namespace is of the newest revision and Ready.
async fn settle(target: &Target, sets: &str) -> Result<()> {
    let mut watch = target.connect().await?.watch(&format!("{sets}?watch=true")).await?;
    let wait = async {
        while !is_settled(&watch.next().await?["object"]) {}
        anyhow::Ok(())
    };
    tokio::time::timeout(STEP_MAX, wait).await.context("in time")?
}

fn is_settled(set: &Value) -> bool {
    let (wanted, status) = (&set["spec"]["replicas"], &set["status"]);
    let all = ["replicas", "readyReplicas", "updatedReplicas"].iter().all(|field| &status[*field] == wanted);
    all && status["observedGeneration"] == set["metadata"]["generation"] && status["currentRevision"] == status["updateRevision"]
}

/// Waits until every pod is ready and has processes, and no process is of a pod that is no more. A set's status alone may be from before the cut.
async fn runs_once(target: &Target, sets: &[String]) -> Result<()> {
    let deadline = Instant::now() + STEP_MAX;
    loop {
        for sets in sets {
            settle(target, sets).await.with_context(|| format!("{sets} settle"))?;
        }
        let list = target.connect().await?.call(Method::GET, PODS, JSON, &Value::Null).await?;
        let items = list["items"].as_array().context("a list has items")?;
        let wanted: BTreeSet<String> = items.iter().filter_map(|pod| Some(pod["metadata"]["uid"].as_str()?.to_owned())).collect();
        let running = running();
        if running == wanted {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "there are processes of the pods {running:?}, but the pods are {wanted:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Says again and again which pods are not ready, for whoever wonders why nothing else is said.
async fn tell_what_waits(target: &Target) -> Result<()> {
    loop {
        tokio::time::sleep(SILENCE_MAX).await;
        let list = target.connect().await?.call(Method::GET, PODS, JSON, &Value::Null).await?;
        let pods = list["items"].as_array().context("a list has items")?;
        for status in pods.iter().map(|pod| &pod["status"]).filter(|status| status["containerStatuses"][0]["ready"] != true) {
            print(&format!("waits: {} {}", status["phase"], status["containerStatuses"]));
        }
    }
}

/// The uids of the pods that have a live process on this machine, from the names of cgroups.
fn running() -> BTreeSet<String> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    let alive = |dir: &Path| std::fs::read_to_string(dir.join("stat")).is_ok_and(|stat| !stat.contains(") Z "));
    let cgroup = |dir: PathBuf| alive(&dir).then(|| std::fs::read_to_string(dir.join("cgroup")).ok()).flatten();
    processes.filter_map(cgroup).filter_map(|text| uid(&text)).collect()
}

/// The first uid in a text.
fn uid(text: &str) -> Option<String> {
    const DASHES: [usize; 4] = [8, 13, 18, 23];
    let fits = |window: &&[u8]| {
        window.iter().enumerate().all(|(at, byte)| if DASHES.contains(&at) { *byte == b'-' } else { byte.is_ascii_hexdigit() })
    };
    let found = text.as_bytes().windows(36).find(fits)?;
    Some(String::from_utf8_lossy(found).into_owned())
}

/// Changes one ConfigMap again and again: create, updates, deletion, create.
async fn write(target: Target, key: String) -> Result<()> {
    let mut api = target.connect().await?;
    let path = format!("{CONFIG_MAPS}/{key}");
    for change in 1.. {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": key, "labels": {"cut": ""}}, "data": {"change": change.to_string()}});
        let patch = json!({"data": {"change": change.to_string()}});
        let answer = match (content(&key, change - 1), content(&key, change)) {
            (None, _) => api.call(Method::POST, CONFIG_MAPS, JSON, &object).await?,
            (Some(_), Some(_)) => api.call(Method::PATCH, &path, MERGE_PATCH, &patch).await?,
            (Some(_), None) => {
                let (status, _) = api.send(Method::DELETE, &path, JSON, bytes::Bytes::new()).await?;
                ensure!(status == StatusCode::OK, "delete {key}: {status}");
                json!({"metadata": {"resourceVersion": "0"}})
            }
        };
        print(&format!("ack {key} {change} {} .", revision(&answer)?));
    }
    Ok(())
}

/// Rolls and scales the set again and again.
async fn roll(target: Target, before: u64) -> Result<()> {
    if before > 0 {
        // It has outlived a cut, and the next one may come at any time.
        print(&format!("ack {SET} {before} 0 ."));
    }
    for roll in before + 1.. {
        let replicas = [3, 5, 2][(roll % 3) as usize];
        let patch = json!({"spec": {"replicas": replicas, "template": {"metadata": {"annotations": {"roll": roll.to_string()}}}}});
        let mut api = target.connect().await?;
        let answer = api.call(Method::PATCH, &format!("{SETS}/{SET}"), MERGE_PATCH, &patch).await?;
        print(&format!("ack {SET} {roll} {} .", revision(&answer)?));
        settle(&target, SETS).await.with_context(|| format!("roll {roll}"))?;
    }
    Ok(())
}

fn revision(object: &Value) -> Result<u64> {
    object["metadata"]["resourceVersion"].as_str().context("an answer has a resourceVersion")?.parse().context("read a resourceVersion")
}

fn print(line: &str) {
    crate::say(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pods_uid_is_in_its_cgroups_name() {
        let name = "0::/stead/burstable/pod0f0e0d0c-0b0a-4909-8807-060504030201/c1";
        assert_eq!(uid(name).as_deref(), Some("0f0e0d0c-0b0a-4909-8807-060504030201"));
        assert_eq!(uid("0::/init"), None);
    }
}
