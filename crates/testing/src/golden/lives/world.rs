//! One namespace of a life, its pods followed by a watch. Owns the requests, the waits and the looks; what a look shows is
//! `look.rs`'s. Input: the steps. Output: what came of each.

use super::life::{Life, strings};
use super::look::{self, Names, holds, sketch};
use super::site::Site;
use crate::golden::case::{Saved, fill, spaced};
use crate::golden::compare::strip;
use crate::https::Connection;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use fancy_regex::Regex;
use http::Method;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// Events of others than the node.
const ALIEN: [&str; 3] = ["default-scheduler", "taint-eviction-controller", "pod-garbage-collector"];
/// Events of the recorded node that come by chance.
static NOISE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = "^FailedMount .*(not registered|timed out waiting for the condition|kube-root-ca.crt)|^FailedKillPod |failed to sync (configmap|secret) cache";
    Regex::new(pattern).expect("a valid pattern")
});
/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How long a namespace may take to get what controllers put into each.
const FILLED_MAX: Duration = Duration::from_secs(20);
/// How long a wait waits if its step does not say.
const WAIT_S: f64 = 60.0;
/// Between two looks at what the watch showed, and at what must be asked for.
const GLANCE: Duration = Duration::from_millis(50);
const ASK: Duration = Duration::from_millis(300);

/// The namespace and what is known of it.
pub struct World<'a> {
    site: &'a Site,
    life: &'a Life,
    ns: String,
    node: String,
    connection: Option<Connection>,
    state: Arc<Mutex<State>>,
    /// Where the last step for what passes quickly stood in the past, and the pod as it was.
    mark: usize,
    then: Option<Rc<Value>>,
    /// Ends with the world.
    _watch: JoinSet<()>,
}

/// What the watch has said.
#[derive(Debug, Default)]
pub struct State {
    pods: BTreeMap<String, Value>,
    past: Vec<Value>,
    traces: BTreeMap<String, Vec<String>>,
    names: Names,
}

impl State {
    fn saw(&mut self, pod: &Value) {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        self.names.extend(look::names(pod));
        let trace = self.traces.entry(name.clone()).or_default();
        trace.extend(sketch(pod).filter(|now| trace.last() != Some(now)));
        self.past.push(pod.clone());
        self.pods.insert(name, pod.clone());
    }

    fn lost(&mut self, name: &str) {
        self.pods.remove(name);
        self.traces.entry(name.to_owned()).or_default().push("gone".to_owned());
    }

    /// After a watch broke off: what is there now.
    fn listed(&mut self, pods: &[Value]) {
        let there: BTreeSet<&str> = pods.iter().filter_map(|pod| pod["metadata"]["name"].as_str()).collect();
        for name in self.pods.keys().cloned().collect::<Vec<_>>() {
            if !there.contains(name.as_str()) {
                self.lost(&name);
            }
        }
        for pod in pods {
            let known = pod["metadata"]["name"].as_str().and_then(|name| self.pods.get(name));
            if known.is_none_or(|known| known["metadata"]["resourceVersion"] != pod["metadata"]["resourceVersion"]) {
                self.saw(pod);
            }
        }
    }
}

impl<'a> World<'a> {
    /// Makes the namespace, waits until it has what every namespace has, and starts to follow its pods.
    pub async fn new(site: &'a Site, life: &'a Life, ns: String) -> Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let mut world = Self { site, life, ns, node: String::new(), connection: None, state, mark: 0, then: None, _watch: JoinSet::new() };
        let made = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": &world.ns}});
        let (code, answer) = world.call("POST", "/api/v1/namespaces", Some(made.to_string().into()), &[]).await?;
        if code != 201 {
            bail!("cannot make a namespace: {code} {}", String::from_utf8_lossy(&answer));
        }
        let end = Instant::now() + FILLED_MAX;
        while Instant::now() < end && !(world.has("configmaps/kube-root-ca.crt").await? && world.has("serviceaccounts/default").await?) {
            sleep(ASK).await;
        }
        let (_, nodes) = world.call("GET", "/api/v1/nodes", None, &[]).await?;
        let nodes: Value = serde_json::from_slice(&nodes).context("read the nodes")?;
        world.node = nodes["items"][0]["metadata"]["name"].as_str().context("there is a node")?.to_owned();
        let follow = follow(site.clone(), world.below("pods"), Arc::clone(&world.state));
        world._watch.spawn(follow);
        Ok(world)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A path within the namespace.
    fn below(&self, path: &str) -> String {
        format!("/api/v1/namespaces/{}/{path}", self.ns)
    }

    async fn has(&mut self, path: &str) -> Result<bool> {
        Ok(self.get(path).await?.0 == 200)
    }

    /// What is there, as JSON if it is.
    async fn get(&mut self, path: &str) -> Result<(u16, Value)> {
        let path = self.below(path);
        let (code, body) = self.call("GET", &path, None, &[]).await?;
        let value = serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into());
        Ok((code, value))
    }

    /// Sends a request; once more on a connection that the server has closed.
    async fn call(&mut self, method: &str, path: &str, body: Option<Bytes>, headers: &[(String, Option<String>)]) -> Result<(u16, Bytes)> {
        let mut all = vec![("User-Agent", Some("golden/1")), ("Accept", Some("application/json"))];
        all.extend(body.is_some().then_some(("Content-Type", Some("application/json"))));
        for (name, value) in headers {
            all.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            all.push((name, value.as_deref()));
        }
        let all: Vec<(&str, &str)> = all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let method = Method::from_bytes(method.as_bytes()).context("a method")?;
        let body = body.unwrap_or_default();
        let kept = self.connection.take();
        for connection in [kept, None] {
            let is_new = connection.is_none();
            let mut connection = match connection {
                Some(connection) => connection,
                None => self.site.connect().await?,
            };
            let sent = timeout(ANSWER_MAX, connection.send_with(method.clone(), path, &all, body.clone())).await;
            match sent.context("no answer in time").flatten() {
                Ok((code, answer)) => {
                    self.connection = Some(connection);
                    return Ok((code.as_u16(), answer));
                }
                Err(error) if is_new => return Err(error),
                Err(_) => {}
            }
        }
        bail!("{method} {path} was not sent")
    }

    /// Does a step; its own outcome, the look comes after.
    pub async fn act(&mut self, step: &Value) -> Result<Map<String, Value>> {
        match step["do"].as_str().unwrap_or_default() {
            "wait" => self.wait(step, Duration::from_secs_f64(step["timeout"].as_f64().unwrap_or(WAIT_S))).await,
            "pause" => {
                sleep(Duration::from_secs_f64(step["seconds"].as_f64().unwrap_or_default())).await;
                Ok(Map::new())
            }
            "restart" => self.site.restart().map(|()| Map::new()),
            "trace" => Ok(Map::new()),
            method => self.request(method, step).await,
        }
    }

    async fn request(&mut self, method: &str, step: &Value) -> Result<Map<String, Value>> {
        let path = fill(&step["path"], &self.ns, &Saved::new())?;
        let path = path.as_str().unwrap_or_default();
        let path = if path.starts_with('/') { path.to_owned() } else { self.below(path) };
        let saved = Saved::from([("node".to_owned(), self.node.as_str().into())]);
        let body = step.get("body").filter(|body| !body.is_null());
        let body = body.map(|body| fill(body, &self.ns, &saved)).transpose()?.map(|body| Bytes::from(spaced(&body)));
        let headers = step["headers"].as_object().into_iter().flatten();
        let headers: Vec<_> = headers.map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned))).collect();
        let (code, answer) = self.call(method, &path, body, &headers).await?;
        let mut outcome = Map::from_iter([("code".to_owned(), code.into())]);
        if code >= 400 {
            let answer: Value = serde_json::from_slice(&answer).context("an error that is no Status")?;
            outcome.insert("message".to_owned(), self.plain(&answer["message"]));
        }
        Ok(outcome)
    }

    /// Waits until all that the step is for holds at once.
    pub async fn wait(&mut self, step: &Value, longest: Duration) -> Result<Map<String, Value>> {
        let end = Instant::now() + longest;
        let (pod, all) = (step["pod"].as_str().unwrap_or_default(), strings(&step["for"]));
        if passes_quickly(step) {
            return Ok(self.wait_in_the_past(pod, &all, end).await);
        }
        let asks = all.iter().any(|what| what.starts_with("event:") || what.starts_with("log:"));
        loop {
            let mut left = Vec::new();
            for what in &all {
                if !self.holds(pod, what).await? {
                    left.push(what.clone());
                }
            }
            if left.is_empty() {
                return Ok(Map::new());
            }
            if Instant::now() > end {
                return Ok(self.never(&left, pod, 1));
            }
            sleep(if asks { ASK } else { GLANCE }).await;
        }
    }

    /// For what passes quickly: begins where the last such wait stood.
    async fn wait_in_the_past(&mut self, pod: &str, all: &[String], end: Instant) -> Map<String, Value> {
        loop {
            let next = self.state().past.get(self.mark).cloned();
            if let Some(then) = next {
                self.mark += 1;
                let found = then["metadata"]["name"] == pod && all.iter().all(|what| holds(&then, what));
                self.then = Some(Rc::new(then));
                if found {
                    return Map::new();
                }
                continue;
            }
            if Instant::now() > end {
                return self.never(all, pod, 3);
            }
            sleep(GLANCE).await;
        }
    }

    fn never(&self, left: &[String], pod: &str, last: usize) -> Map<String, Value> {
        let state = self.state();
        let trace = state.traces.get(pod).map_or(&[][..], Vec::as_slice);
        let last = &trace[trace.len().saturating_sub(last)..];
        Map::from_iter([("never".to_owned(), json!(left)), ("last".to_owned(), json!(last))])
    }

    async fn holds(&mut self, pod: &str, what: &str) -> Result<bool> {
        let known = self.state().pods.get(pod).cloned();
        if what == "gone" {
            return Ok(known.is_none() && self.state().traces.get(pod).and_then(|trace| trace.last()).is_some_and(|last| last == "gone"));
        }
        if let Some(rest) = what.strip_prefix("event:") {
            let (reason, part) = rest.split_once('=').unwrap_or((rest, ""));
            let of_pod = |event: &Event| event[0].split(' ').next() == Some(pod);
            return Ok(self.events().await?.iter().filter(|e| of_pod(e)).any(|e| e[2] == reason && e[3].contains(part)));
        }
        let Some(known) = known else { return Ok(false) };
        match what.strip_prefix("log:") {
            Some(rest) => {
                let (container, part) = rest.split_once('=').unwrap_or((rest, ""));
                Ok(self.log(&format!("{pod}/{container}")).await?.join("\n").contains(part))
            }
            None => Ok(holds(&known, what)),
        }
    }

    /// The lines of `pod/container?query`.
    async fn log(&mut self, which: &str) -> Result<Vec<String>> {
        let (name, query) = which.split_once('?').unwrap_or((which, ""));
        let (pod, container) = name.split_once('/').unwrap_or((name, ""));
        let (code, answer) = self.get(&format!("pods/{pod}/log?container={container}&{query}")).await?;
        let text = match answer {
            Value::String(text) => text,
            answer if code == 200 => String::from_utf8_lossy(&spaced(&answer)).into_owned(),
            answer => format!("{code} {}", answer["message"].as_str().unwrap_or("None")),
        };
        Ok(text.split('\n').map(str::to_owned).collect())
    }

    /// The node's events about pods: pod and part, type, reason, message.
    async fn events(&mut self) -> Result<BTreeSet<Event>> {
        let (_, answer) = self.get("events").await?;
        let items = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let alien = |event: &Value| {
            let reporter = &event["reportingComponent"];
            let source = event["source"].get("component").unwrap_or(reporter);
            [source, reporter].into_iter().filter_map(Value::as_str).any(|name| ALIEN.contains(&name))
        };
        let ours = items.iter().filter(|event| event["involvedObject"]["kind"] == "Pod" && !alien(event));
        Ok(ours
            .map(|event| {
                let at = &event["involvedObject"];
                let place = format!("{} {}", text(&at["name"]), text(&at["fieldPath"])).trim().to_owned();
                [place, text(&event["type"]), text(&event["reason"]), text(&event["message"])]
            })
            .collect())
    }

    fn plain(&self, value: &Value) -> Value {
        look::plain(value, &self.ns, &self.state().names, &self.life.rules)
    }

    /// What is compared after a step.
    pub async fn look(&mut self, step: &Value) -> Result<Map<String, Value>> {
        let pod = step["pod"].as_str().unwrap_or_default();
        let seen = if step["do"] == "trace" {
            return Ok(members(self.plain(&json!({"trace": self.state().traces.get(pod).cloned().unwrap_or_default()}))));
        } else if passes_quickly(step) {
            let then = self.then.as_deref().unwrap_or(&Value::Null);
            json!({"pods": {pod: look::status(then, &self.life.rules)}})
        } else {
            self.look_at_all(step).await?
        };
        let without = [strings(&step["without"]), self.life.rules.without.clone()].concat();
        let mut seen = members(strip(&self.plain(&seen), &without));
        if let Some(Value::Array(events)) = seen.get_mut("events") {
            // Alike once what differs is replaced.
            events.sort_by_key(strings);
            events.dedup();
        }
        Ok(seen)
    }

    async fn look_at_all(&mut self, step: &Value) -> Result<Value> {
        let rules = &self.life.rules;
        let pods: Map<String, Value> = self.state().pods.iter().map(|(name, pod)| (name.clone(), look::status(pod, rules))).collect();
        let by_chance = |event: &Event| {
            let text = format!("{} {}", event[2], event[3]);
            rules.maybe.iter().chain([&*NOISE]).any(|pattern| pattern.is_match(&text).unwrap_or(false))
        };
        let events: Vec<Event> = self.events().await?.into_iter().filter(|event| !by_chance(event)).collect();
        let mut seen = json!({"pods": pods, "events": events});
        let wanted = strings(&step["logs"]);
        let mut logs = Map::new();
        for which in &wanted {
            logs.insert(which.clone(), self.log(which).await?.into());
        }
        if !wanted.is_empty() {
            seen["logs"] = logs.into();
        }
        Ok(seen)
    }

    /// Leaves nothing behind.
    pub async fn close(mut self) -> Result<()> {
        let pods = self.state().pods.clone();
        for (name, pod) in pods {
            let path = self.below(&format!("pods/{name}"));
            if pod["metadata"].get("finalizers").is_some() {
                let kind = [("Content-Type".to_owned(), Some("application/merge-patch+json".to_owned()))];
                self.call("PATCH", &path, Some(Bytes::from_static(br#"{"metadata":{"finalizers":null}}"#)), &kind).await?;
            }
            self.call("DELETE", &path, Some(Bytes::from_static(br#"{"gracePeriodSeconds":0}"#)), &[]).await?;
        }
        self.call("DELETE", &format!("/api/v1/namespaces/{}", self.ns), None, &[]).await?;
        // What a life made on the node through hostPath.
        let folder = format!("/tmp/golden-{}", self.ns);
        for removed in [std::fs::remove_dir_all(&folder), std::fs::remove_file(format!("{folder}-file"))] {
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).context("remove what a life made"),
                _ => {}
            }
        }
        Ok(())
    }
}

/// An event: pod and part, type, reason, message.
type Event = [String; 4];

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// A wait for what passes quickly: it looks at the pod as it was on the watch.
pub fn passes_quickly(step: &Value) -> bool {
    step["settle"].as_f64() == Some(0.0)
}

/// Keeps the state as a watch of the pods shows it, over restarts of the server.
async fn follow(site: Site, path: String, state: Arc<Mutex<State>>) {
    loop {
        // A server that is away comes back, or the life says what it never saw.
        follow_once(&site, &path, &state).await.unwrap_or_default();
        sleep(GLANCE).await;
    }
}

async fn follow_once(site: &Site, path: &str, state: &Mutex<State>) -> Result<()> {
    let mut connection = site.connect().await?;
    let list = connection.call(Method::GET, path, "application/json", &Value::Null).await?;
    state.lock().unwrap_or_else(PoisonError::into_inner).listed(list["items"].as_array().map_or(&[], Vec::as_slice));
    let version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    let mut watch = connection.watch(&format!("{path}?watch=1&resourceVersion={version}")).await?;
    loop {
        let event = watch.next().await?;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        match event["type"].as_str() {
            Some("ADDED" | "MODIFIED") => state.saw(&event["object"]),
            Some("DELETED") => {
                let name = event["object"]["metadata"]["name"].as_str().unwrap_or_default();
                state.names.extend(look::names(&event["object"]));
                let trace = state.traces.entry(name.to_owned()).or_default();
                trace.extend(sketch(&event["object"]).filter(|now| trace.last() != Some(now)));
                state.lost(name);
            }
            _ => {}
        }
    }
}
