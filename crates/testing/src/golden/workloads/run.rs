//! The steps of a run: requests, and a kubelet that is played. Input: a step. Output: what is to be compared.

use super::look::{metadata, tidy};
use super::names::chosen_node;
use super::world::{LIMIT, World};
use crate::http::{Answer, Client};
use anyhow::{Context, Result};
use bytes::Bytes;
use regex::Regex;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use std::time::Duration;
use stead_api::time::Timestamp;
use tokio::time::{Instant, sleep};

/// The Node that the played kubelet binds pods to, unless the run says otherwise.
const NODE: &str = "manual";
/// A request took a moment when the runs were recorded, in which the controllers acted.
const LATENCY: Duration = Duration::from_millis(2);
/// Between two requests of the recorder.
const BETWEEN: Duration = Duration::from_millis(1);
/// Between two requests that wait for an answer.
const PAUSE: Duration = Duration::from_millis(500);
/// How often the nodes of a run say that they are there.
const HEARTBEAT: Duration = Duration::from_secs(8);

static POD: LazyLock<Regex> = LazyLock::new(|| Regex::new("/pods/([^/?]+)(/eviction)?$").expect("a valid pattern"));
static SET: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^([^/]+)/(\d+)").expect("a valid pattern"));

fn strategic() -> [(String, Option<String>); 1] {
    [("Content-Type".to_owned(), Some("application/strategic-merge-patch+json".to_owned()))]
}

/// A node says that it is there.
async fn alive(client: &Client, path: &str) -> Result<()> {
    let ready = json!({"type": "Ready", "status": "True", "reason": "Played", "lastHeartbeatTime": client.now().rfc3339()});
    let body = json!({"status": {"conditions": [ready]}}).to_string();
    client.call("PATCH", &format!("{path}/status"), Some(body.into()), &strategic()).await?;
    Ok(())
}

/// Keeps the nodes that the run made alive for as long as it is polled.
pub async fn beat(world: &World) -> Result<()> {
    loop {
        sleep(HEARTBEAT).await;
        let nodes: Vec<String> = world.state().made.iter().filter(|path| path.starts_with("/api/v1/nodes/")).cloned().collect();
        for path in nodes {
            alive(&world.client, &path).await?;
        }
    }
}

/// Does one step; what is to be compared.
pub async fn perform(world: &World, step: &Value, want: &Value) -> Result<Value> {
    {
        let mut state = world.state();
        state.names.is_named = step["named"] == true;
        state.burst();
    }
    let mut got = Map::new();
    let mut refused = Vec::new();
    match step["do"].as_str().unwrap_or_default() {
        "play" => {
            let verb = step["as"].as_str().unwrap_or_default();
            for (index, pod) in pods(world, &step["pods"]).into_iter().enumerate() {
                refused.extend(play(world, verb, &pod, step, &step["ips"][index]).await?);
                sleep(LATENCY).await;
            }
        }
        "auto" => refused = auto(world, &pods(world, &step["skip"])).await?,
        "wait" if step["minute"] == true => sleep(until_minute(world.client.now())).await,
        "wait" => sleep(Duration::from_secs_f64(step["seconds"].as_f64().unwrap_or(0.0))).await,
        method => request(world, method, step, &mut got).await?,
    }
    if !refused.is_empty() {
        got.insert("refused".into(), refused.iter().map(|text| world.plain(&text.as_str().into())).collect());
    }
    if step["settle"] == false {
        // Requests were recorded over a network: one reached the controllers before the next was sent.
        sleep(BETWEEN).await;
    } else {
        world.quiet(world.settle).await?;
        got.extend(world.snapshot(step, want).await?);
    }
    Ok(got.into())
}

/// Until the next minute's fourth second.
fn until_minute(now: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(64 - now.seconds().rem_euclid(60)).unwrap_or(0))
}

/// The names of the pods that a step means: names, labels, or patterns.
fn pods(world: &World, patterns: &Value) -> Vec<String> {
    let state = world.state();
    let mut names: Vec<&String> = state.objects["pods"].keys().collect();
    names.sort_by_key(|name| state.names.born(name));
    let mut out: Vec<String> = Vec::new();
    for pattern in patterns.as_array().into_iter().flatten().filter_map(Value::as_str) {
        let hits: Vec<String> = if pattern.contains('*') {
            let set = |found: &regex::Captures<'_>| {
                let number: usize = found[2].parse().unwrap_or(0);
                let sets = state.names.sets.get(&found[1]);
                sets.and_then(|sets| sets.get(number.wrapping_sub(1))).map_or(String::new(), |set| format!("{set}-"))
            };
            let pattern = wildcard(&SET.replace(pattern, set));
            let label = |name: &String| state.names.relabel(state.names.labels.get(name).unwrap_or(name));
            names.iter().filter(|name| pattern.is_match(&label(name))).map(|name| (*name).clone()).collect()
        } else {
            vec![state.names.resolve(pattern)]
        };
        out.extend(hits.into_iter().filter(|hit| !out.contains(hit)).collect::<Vec<_>>());
    }
    out
}

fn wildcard(pattern: &str) -> Regex {
    let pattern = regex::escape(pattern).replace(r"\*", ".*");
    Regex::new(&format!("^{pattern}$")).expect("an escaped text is a pattern")
}

async fn request(world: &World, method: &str, step: &Value, got: &mut Map<String, Value>) -> Result<()> {
    let (path, body) = {
        let mut state = world.state();
        let path = state.names.real(step["path"].as_str().unwrap_or_default())?;
        let body = match &step["body"] {
            Value::Null => None,
            Value::String(text) => Some(state.names.real(text)?),
            other => Some(state.names.real(&other.to_string())?),
        };
        if let Some(pod) = POD.captures(&path).filter(|found| method == "DELETE" || found.get(2).is_some()) {
            state.names.mine.insert(pod[1].to_owned());
        }
        (path, body)
    };
    let headers = step["headers"].as_object().into_iter().flatten();
    let headers: Vec<_> = headers.map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned))).collect();
    world.touch();
    let end = Instant::now() + LIMIT;
    let answer = loop {
        let answer = world.client.call(method, &path, body.clone().map(Bytes::from), &headers).await?;
        if is_awaited(&step["until"], &answer) || Instant::now() > end {
            break answer;
        }
        sleep(PAUSE).await;
    };
    sleep(LATENCY).await;
    note_answer(world, method, &path, step, &answer, got).await?;
    world.touch();
    Ok(())
}

fn is_awaited(until: &Value, answer: &Answer) -> bool {
    match until {
        Value::Null => true,
        Value::String(pointer) => answer.json().pointer(pointer).is_some_and(|value| !value.is_null()),
        code => *code == answer.code,
    }
}

async fn note_answer(world: &World, method: &str, path: &str, step: &Value, answer: &Answer, got: &mut Map<String, Value>) -> Result<()> {
    let document = answer.json();
    got.insert("code".into(), answer.code.into());
    if answer.code >= 400 {
        got.insert("message".into(), world.plain(&document["message"]));
        let causes = &document["details"]["causes"];
        if causes.as_array().is_some_and(|causes| !causes.is_empty()) {
            got.insert("causes".into(), world.plain(causes));
        }
    } else if method == "POST" && !path.contains(&format!("/namespaces/{}/", world.ns)) {
        let made = format!("{path}/{}", document["metadata"]["name"].as_str().unwrap_or_default());
        world.state().made.push(made.clone());
        if path == "/api/v1/nodes" {
            alive(&world.client, &made).await?;
        }
    }
    if let Some(pointers) = step["pick"].as_array().filter(|_| answer.code < 400) {
        let picked: Map<String, Value> =
            pointers.iter().filter_map(Value::as_str).map(|pointer| (pointer.to_owned(), picked(&document, pointer))).collect();
        got.insert("answer".into(), world.plain(&picked.into()));
    }
    Ok(())
}

fn picked(document: &Value, pointer: &str) -> Value {
    let value = if pointer.is_empty() { Some(document) } else { document.pointer(pointer) };
    match value {
        Some(Value::Object(members)) if members.contains_key("metadata") => {
            let mut members = members.clone();
            let seen = metadata(&Value::Object(members.clone()));
            members.insert("metadata".into(), seen.into());
            members.into()
        }
        Some(value) => tidy(value),
        None => Value::Null,
    }
}

/// The kubelet says something of a pod; what was refused.
async fn play(world: &World, verb: &str, pod: &str, step: &Value, ip: &Value) -> Result<Vec<String>> {
    let path = format!("/api/v1/namespaces/{}/pods/{pod}", world.ns);
    let object = world.state().objects["pods"].get(pod).cloned().unwrap_or_else(|| json!({"metadata": {}, "spec": {}}));
    let mut sent = Vec::new();
    world.touch();
    if verb == "gone" {
        if object["metadata"].get("deletionTimestamp").is_none() {
            world.state().names.mine.insert(pod.to_owned());
        }
        sent.push(world.client.call("DELETE", &path, Some(Bytes::from_static(br#"{"gracePeriodSeconds":0}"#)), &[]).await?);
    } else if object["spec"]["nodeName"].as_str().is_none_or(str::is_empty) {
        let asked = step["node"].as_str().map(|node| world.state().names.real(node)).transpose()?;
        let name = asked.or_else(|| chosen_node(&object)).unwrap_or_else(|| NODE.to_owned());
        let target = json!({"kind": "Node", "name": name});
        let body = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod}, "target": target});
        sent.push(world.client.call("POST", &format!("{path}/binding"), Some(body.to_string().into()), &[]).await?);
    }
    if !["bind", "gone"].contains(&verb) {
        if let Some(age) = step.get("age") {
            world.state().names.aged.insert(pod.to_owned(), age.clone());
        } else {
            world.state().names.aged.remove(pod);
        }
        let body = json!({"status": status(world.client.now(), verb, step, ip, &object)?}).to_string();
        sent.push(world.client.call("PATCH", &format!("{path}/status"), Some(body.into()), &strategic()).await?);
    }
    world.touch();
    let refused = sent.into_iter().filter(|answer| answer.code >= 300);
    Ok(refused.map(|a| format!("{verb} {pod}: {} {}", a.code, a.json()["message"].as_str().unwrap_or("None"))).collect())
}

fn status(now: Timestamp, verb: &str, step: &Value, ip: &Value, pod: &Value) -> Result<Value> {
    let at = Timestamp::from_seconds(now.seconds() - step["age"].as_i64().unwrap_or(0)).rfc3339();
    let phase = match verb {
        "fail" => "Failed",
        "succeed" => "Succeeded",
        _ => "Running",
    };
    let ready = if verb == "ready" { "True" } else { "False" };
    let mut status = json!({"phase": phase, "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": at}]});
    let ips: Vec<&Value> = ip.as_array().map_or_else(|| vec![ip], |all| all.iter().collect());
    if let Some(first) = ips.first().filter(|ip| ip.is_string()) {
        status["podIP"] = (*first).clone();
        status["podIPs"] = ips.iter().map(|ip| json!({"ip": ip})).collect();
    }
    if let Some(code) = step.get("exit") {
        let container = |c: &Value| {
            let ended = json!({"exitCode": code, "finishedAt": at, "startedAt": at});
            json!({"name": c["name"], "image": c["image"], "imageID": "", "ready": false, "restartCount": 0, "state": {"terminated": ended}})
        };
        status["containerStatuses"] = pod["spec"]["containers"].as_array().into_iter().flatten().map(container).collect();
    }
    let members = status.as_object_mut().context("a status is an object")?;
    let said = ["reason", "message"].into_iter().filter_map(|name| Some((name.to_owned(), step.get(name)?.clone())));
    members.extend(said);
    members.extend(step["status"].as_object().cloned().unwrap_or_default());
    Ok(status)
}

/// The kubelet ends every deletion and makes every pod ready, one at a time, until nothing is left to do.
async fn auto(world: &World, skip: &[String]) -> Result<Vec<String>> {
    let end = Instant::now() + 2 * LIMIT;
    let short = world.settle.mul_f64(0.6);
    let mut pause = short;
    while Instant::now() < end {
        world.quiet(pause).await?;
        world.state().burst();
        match next_act(world, skip) {
            Some((verb, pod)) => {
                let refused = play(world, verb, &pod, &Value::Null, &Value::Null).await?;
                if !refused.is_empty() {
                    return Ok(refused);
                }
                pause = short;
            }
            None if pause == world.settle => return Ok(Vec::new()),
            // Look once more, after a longer silence.
            None => pause = world.settle,
        }
    }
    Ok(Vec::new())
}

/// Deletions first, then the oldest owner's pods, by label.
fn next_act(world: &World, skip: &[String]) -> Option<(&'static str, String)> {
    let state = world.state();
    let open = state.objects["pods"].iter().filter(|(name, pod)| !skip.contains(name) && has_work(pod));
    let order = |(name, pod): (&String, &Value)| {
        let stays = !state.names.leaving.contains(pod["metadata"]["uid"].as_str().unwrap_or_default());
        let label = state.names.labels.get(name).unwrap_or(name).clone();
        (stays, age_of_owner(&state.names.sets, pod), label, name.clone())
    };
    let (stays, _, _, name) = open.map(order).min()?;
    Some((if stays { "ready" } else { "gone" }, name))
}

fn has_work(pod: &Value) -> bool {
    let phase = pod["status"]["phase"].as_str().unwrap_or_default();
    let ready = crate::golden::world::conditions(pod).get("Ready").is_some_and(|status| status == "True");
    pod["metadata"].get("deletionTimestamp").is_some() || !(["Failed", "Succeeded"].contains(&phase) || (phase == "Running" && ready))
}

/// How manieth of its Deployment's ReplicaSets owns it.
fn age_of_owner(sets: &std::collections::BTreeMap<String, Vec<String>>, pod: &Value) -> Option<usize> {
    let owner = pod["metadata"]["ownerReferences"][0]["name"].as_str().unwrap_or_default();
    sets.values().find_map(|sets| sets.iter().position(|set| set == owner))
}
