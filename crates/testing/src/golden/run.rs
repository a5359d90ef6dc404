//! Runs: scripts of requests, and of a played kubelet, against the real controllers; after each step the namespace is
//! compared with what was recorded. Input: `runs/*.json`. Output: what came of it.

use super::case::{Saved, fill, namespace};
use super::compare::diff;
use super::world::{WATCHED, World, conditions};
use super::{CaseResult, Failure};
use crate::http::Client;
use anyhow::{Context, Result};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use stead_api::time::Timestamp;
use tokio::time::{Instant, sleep};

/// The Node that the played kubelet binds pods to.
const NODE: &str = "manual";
/// How long nothing may change before a snapshot; time is virtual.
const SETTLE: Duration = Duration::from_millis(700);
/// Between two acts of the played kubelet.
const PAUSE: Duration = Duration::from_millis(245);
/// A request took a moment when the runs were recorded, in which the controllers acted.
const LATENCY: Duration = Duration::from_millis(2);
/// How long the kubelet may be busy.
const LIMIT: Duration = Duration::from_secs(60);
/// How often the Node says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(8);

/// A run as recorded.
#[derive(Debug, Clone)]
pub struct Run {
    pub area: String,
    pub name: String,
    pub steps: Vec<Value>,
}

/// Reads every `*.json` of a folder, in order.
pub fn load(folder: &Path) -> Result<Vec<Run>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut files: Vec<_> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();
    let mut runs = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        let run: Value = serde_json::from_str(&text).with_context(|| format!("reading {}", file.display()))?;
        let text = |name: &str| run[name].as_str().unwrap_or_default().to_owned();
        runs.push(Run { area: text("area"), name: text("name"), steps: run["steps"].as_array().cloned().unwrap_or_default() });
    }
    Ok(runs)
}

/// Makes the played kubelet's Node and keeps it Ready for as long as it is polled; without that the node controller
/// would mark its pods not ready.
pub async fn heartbeat(client: &Client) -> Result<()> {
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}});
    client.call("POST", "/api/v1/nodes", Some(node.to_string().into()), &[]).await?;
    loop {
        let ready = json!({"type": "Ready", "status": "True", "reason": "Played", "lastHeartbeatTime": client.now().rfc3339()});
        let body = json!({"status": {"conditions": [ready]}}).to_string();
        client.call("PATCH", &format!("/api/v1/nodes/{NODE}/status"), Some(body.into()), &strategic()).await?;
        sleep(HEARTBEAT).await;
    }
}

fn strategic() -> [(String, Option<String>); 1] {
    [("Content-Type".to_owned(), Some("application/strategic-merge-patch+json".to_owned()))]
}

/// Replays a run up to its first step that differs: what follows a difference differs too.
pub async fn replay(client: &Client, run: &Run, number: usize) -> Result<CaseResult> {
    let ns = namespace(client, number).await?;
    let world = World::new(client.clone(), ns).await?;
    let wanted = unfold(run.steps.iter().map(|step| step["expect"].clone()).collect());
    let mut failed = Vec::new();
    for (index, (step, want)) in run.steps.iter().zip(&wanted).enumerate() {
        let differences = match perform(&world, step).await {
            Ok(got) => diff(want, &got),
            Err(error) => vec![format!("no answer: {error:#}")],
        };
        if !differences.is_empty() {
            failed.push(Failure { step: index, what: what(step), differences });
            break;
        }
    }
    let steps = failed.first().map_or(run.steps.len(), |failure| failure.step + 1);
    if let Err(error) = world.close().await {
        failed.push(Failure { step: steps, what: "the end".to_owned(), differences: vec![format!("{error:#}")] });
    }
    Ok(CaseResult { area: format!("runs/{}", run.area), name: run.name.clone(), steps, failed })
}

/// What a step does, in a line.
pub fn what(step: &Value) -> String {
    let mut out = step["do"].as_str().unwrap_or_default().to_owned();
    for name in ["as", "pods", "path", "seconds", "body"] {
        if let Some(value) = step.get(name) {
            out += &format!(" {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
    }
    out.chars().take(160).collect()
}

/// Puts back what a recorded snapshot shows as `=`: alike in the snapshot before.
fn unfold(mut snapshots: Vec<Value>) -> Vec<Value> {
    let mut last: BTreeMap<(&str, String), Value> = BTreeMap::new();
    for snapshot in snapshots.iter_mut().filter(|snapshot| snapshot.get("ops").is_some()) {
        let mut now = BTreeMap::new();
        for (kind, ..) in WATCHED {
            for (name, item) in snapshot.get_mut(*kind).and_then(Value::as_object_mut).into_iter().flatten() {
                if item == "=" {
                    *item = last.get(&(*kind, name.clone())).cloned().unwrap_or_default();
                }
                now.insert((*kind, name.clone()), item.clone());
            }
        }
        last = now;
    }
    snapshots
}

/// Between two requests of the recorder.
const BETWEEN: Duration = Duration::from_millis(1);

/// Does one step; what is to be compared.
async fn perform(world: &World, step: &Value) -> Result<Value> {
    let mut got = Map::new();
    let mut refused = Vec::new();
    let verb = step["as"].as_str().unwrap_or_default();
    match step["do"].as_str().unwrap_or_default() {
        "play" => {
            for pod in strings(&step["pods"]) {
                refused.extend(play(world, verb, &pod, step["age"].as_i64().unwrap_or(0)).await?);
            }
        }
        "auto" => refused = auto(world, &strings(&step["skip"])).await?,
        "wait" => sleep(Duration::from_secs_f64(step["seconds"].as_f64().unwrap_or(0.0))).await,
        method => request(world, method, step, &mut got).await?,
    }
    if !refused.is_empty() {
        got.insert("refused".into(), refused.iter().map(|text| world.plain(&text.as_str().into())).collect());
    }
    if step["settle"] != false {
        world.quiet(SETTLE).await?;
        if let Value::Object(snapshot) = world.snapshot(step).await? {
            got.extend(snapshot);
        }
    } else {
        // Requests were recorded over a network: one reached the controllers before the next was sent.
        sleep(BETWEEN).await;
    }
    Ok(Value::Object(got))
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

async fn request(world: &World, method: &str, step: &Value, got: &mut Map<String, Value>) -> Result<()> {
    let nothing = Saved::new();
    let path = fill(&step["path"], &world.ns, &nothing)?;
    let body = match fill(step.get("body").unwrap_or(&Value::Null), &world.ns, &nothing)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        mut other => {
            other.sort_all_objects();
            Some(other.to_string())
        }
    };
    let body = body.map(|body| Bytes::from(world.with_uids(&body)));
    let headers = step["headers"].as_object().into_iter().flatten();
    let headers: Vec<_> = headers.map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned))).collect();
    world.touch();
    let answer = world.client.call(method, path.as_str().unwrap_or_default(), body, &headers).await?;
    sleep(LATENCY).await;
    got.insert("code".into(), answer.code.into());
    if answer.code >= 400 {
        got.insert("message".into(), world.plain(&answer.json()["message"]));
    }
    world.touch();
    Ok(())
}

/// The kubelet says something of a pod; what was refused.
async fn play(world: &World, verb: &str, pod: &str, age_s: i64) -> Result<Vec<String>> {
    let path = format!("{}/{pod}", world.path(WATCHED[1].2));
    let mut sent = Vec::new();
    world.touch();
    let bound = world.state().objects["pods"].get(pod).is_some_and(|pod| pod["spec"]["nodeName"].as_str().is_some_and(|n| !n.is_empty()));
    if verb == "bind" || verb != "gone" && !bound {
        let target = json!({"kind": "Node", "name": NODE});
        let body = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod}, "target": target});
        sent.push(world.client.call("POST", &format!("{path}/binding"), Some(body.to_string().into()), &[]).await?);
    }
    if verb == "gone" {
        sent.push(world.client.call("DELETE", &path, Some(Bytes::from_static(br#"{"gracePeriodSeconds":0}"#)), &[]).await?);
    } else if verb != "bind" {
        let body = status(verb, Timestamp::from_seconds(world.client.now().seconds() - age_s)).to_string();
        sent.push(world.client.call("PATCH", &format!("{path}/status"), Some(body.into()), &strategic()).await?);
    }
    world.touch();
    let refused = sent.into_iter().filter(|answer| answer.code >= 300);
    Ok(refused.map(|a| format!("{verb} {pod}: {} {}", a.code, a.json()["message"].as_str().unwrap_or("None"))).collect())
}

fn status(verb: &str, at: Timestamp) -> Value {
    let phase = match verb {
        "fail" => "Failed",
        "succeed" => "Succeeded",
        _ => "Running",
    };
    let ready = if verb == "ready" { "True" } else { "False" };
    json!({"status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": at.rfc3339()}]}})
}

/// The kubelet makes every pod ready and ends every deletion, one at a time, lowest ordinal first, until nothing is left to do.
async fn auto(world: &World, skip: &[String]) -> Result<Vec<String>> {
    let end = Instant::now() + LIMIT;
    let mut pause = PAUSE;
    while Instant::now() < end {
        world.quiet(pause).await?;
        match next_act(world, skip) {
            Some((verb, pod)) => {
                let refused = play(world, verb, &pod, 0).await?;
                if !refused.is_empty() {
                    return Ok(refused);
                }
                pause = PAUSE;
            }
            None if pause == SETTLE => return Ok(Vec::new()),
            // Look once more, after a longer silence.
            None => pause = SETTLE,
        }
    }
    Ok(Vec::new())
}

fn next_act(world: &World, skip: &[String]) -> Option<(&'static str, String)> {
    let state = world.state();
    let mut pods: Vec<(&String, &Value)> = state.objects["pods"].iter().filter(|(name, _)| !skip.contains(name)).collect();
    pods.sort_by_key(|(name, _)| ordinal(name));
    pods.into_iter().find_map(|(name, pod)| {
        if pod["metadata"].get("deletionTimestamp").is_some() {
            return Some(("gone", name.clone()));
        }
        let ready = conditions(pod).get("Ready").is_some_and(|status| status == "True");
        match pod["status"]["phase"].as_str() {
            Some("Failed" | "Succeeded") => None,
            Some("Running") if ready => None,
            _ => Some(("ready", name.clone())),
        }
    })
}

/// Parent and ordinal of a pod's name.
fn ordinal(name: &str) -> (String, i64) {
    let parts = name.rsplit_once('-').and_then(|(parent, number)| Some((parent.to_owned(), number.parse().ok()?)));
    parts.unwrap_or_else(|| (name.to_owned(), -1))
}
