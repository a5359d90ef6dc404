//! One namespace of a run, followed by watches. Input: what the watches say. Output: what happened to pods and Jobs, and snapshots in
//! which made-up names and uids are labels.

use super::look::{KINDS, WIDE, view};
use super::names::Names;
use crate::golden::world::member;
use crate::http::Client;
use anyhow::{Result, bail};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

/// A namespace that is still changing after so long is a finding.
pub const LIMIT: Duration = Duration::from_secs(60);
/// Events come when they like: how long they are waited for.
const LATE: Duration = Duration::from_secs(6);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// Events that come by chance: upstream's cache, recorder and repair loop.
const BY_CHANCE: &[&str] = &["(combined", "Cluster IP ["];

/// (type, reason, kind/name, message).
pub type Event = [String; 4];

/// The namespace and what is known of it.
#[derive(Debug)]
pub struct World {
    pub client: Client,
    pub ns: String,
    pub settle: Duration,
    shown: Vec<String>,
    state: Arc<Mutex<State>>,
    /// Ends with the world.
    _watches: JoinSet<()>,
}

/// What the watches have said.
#[derive(Debug)]
pub struct State {
    changed: Instant,
    pub objects: BTreeMap<&'static str, BTreeMap<String, Value>>,
    pub names: Names,
    /// What happened, and since where it has no order.
    ops: Vec<String>,
    mark: usize,
    seen: BTreeSet<Event>,
    /// Paths of what the run made outside its namespace.
    pub made: Vec<String>,
}

impl World {
    /// Starts to follow a namespace.
    pub async fn new(client: Client, ns: String, settle: Duration, shown: Vec<String>) -> Result<Self> {
        let is_followed = |kind: &str| shown.iter().any(|name| name == kind) || ["pods", "replicasets"].contains(&kind);
        let followed: Vec<_> = KINDS.iter().filter(|(plural, ..)| is_followed(plural)).collect();
        let state = State {
            changed: Instant::now(),
            objects: followed.iter().map(|(plural, ..)| (*plural, BTreeMap::new())).collect(),
            names: Names::new(&ns),
            ops: Vec::new(),
            mark: 0,
            seen: BTreeSet::new(),
            made: Vec::new(),
        };
        let mut world = Self { client, ns, settle, shown, state: Arc::new(Mutex::new(state)), _watches: JoinSet::new() };
        for (plural, kind, path) in followed {
            world.follow(plural, kind, path).await?;
        }
        Ok(world)
    }

    async fn follow(&mut self, plural: &'static str, kind: &'static str, path: &str) -> Result<()> {
        let path = path.replace("{ns}", &self.ns);
        let list = self.client.call("GET", &path, None, &[]).await?;
        // Not served: what the run has of it will be missing.
        let Some(version) = list.json()["metadata"]["resourceVersion"].as_str().map(str::to_owned) else { return Ok(()) };
        let mut body = self.client.stream(&format!("{path}?watch=1&resourceVersion={version}")).await?;
        let (state, ns) = (Arc::clone(&self.state), self.ns.clone());
        self._watches.spawn(async move {
            let mut pending = Vec::new();
            while let Some(Ok(frame)) = body.frame().await {
                let Ok(data) = frame.into_data() else { continue };
                pending.extend_from_slice(&data);
                while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = pending.drain(..=end).collect();
                    if let Ok(event) = serde_json::from_slice::<Value>(&line)
                        && concerns(plural, &ns, &event["object"])
                    {
                        lock(&state).note(plural, kind, &event);
                    }
                }
            }
        });
        Ok(())
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Something has been done now.
    pub fn touch(&self) {
        self.state().changed = Instant::now();
    }

    /// Waits until nothing has changed for so long.
    pub async fn quiet(&self, silence: Duration) -> Result<()> {
        let end = Instant::now() + LIMIT;
        loop {
            let until = self.state().changed + silence;
            if until <= Instant::now() {
                return Ok(());
            }
            if Instant::now() > end {
                bail!("still changing after {} s: {:?}", LIMIT.as_secs(), self.state().ops);
            }
            sleep_until(until).await;
        }
    }

    pub fn plain(&self, value: &Value) -> Value {
        self.state().names.plain(value)
    }

    /// What is to be compared after a step; `want` is what is expected, worth waiting for.
    pub async fn snapshot(&self, step: &Value, want: &Value) -> Result<Map<String, Value>> {
        self.state().burst();
        let skipped: Vec<&str> = step["without"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let events = if skipped.contains(&"events") { BTreeSet::new() } else { self.late_events(&want["events"]).await? };
        let (objects, ops) = {
            let mut state = self.state();
            state.mark = 0;
            (state.objects.clone(), std::mem::take(&mut state.ops))
        };
        let mut out = Map::new();
        for (plural, objects) in
            objects.iter().filter(|(plural, objects)| self.shows(plural) && !objects.is_empty() && !skipped.contains(plural))
        {
            let mut views: Map<String, Value> = objects.iter().map(|(name, object)| (name.clone(), view(plural, object, step))).collect();
            if *plural == "controllerrevisions" {
                self.add_data(&mut views).await?;
            }
            out.insert((*plural).to_owned(), views.into());
        }
        let Value::Object(mut out) = self.plain(&out.into()) else { bail!("a snapshot is an object") };
        let mut state = self.state();
        if !skipped.contains(&"events") {
            let new: Vec<&Event> = events.difference(&state.seen).collect();
            out.insert("events".into(), json!(new));
        }
        state.seen.extend(events);
        if !skipped.contains(&"ops") {
            out.insert("ops".into(), state.names.plain(&json!(ops)));
        }
        Ok(out)
    }

    fn shows(&self, plural: &str) -> bool {
        self.shown.iter().any(|shown| shown == plural)
    }

    /// The data of revisions as text: neither normalised nor read and written again.
    async fn add_data(&self, views: &mut Map<String, Value>) -> Result<()> {
        for (name, view) in views {
            let path = format!("/apis/apps/v1/namespaces/{}/controllerrevisions/{name}", self.ns);
            let answer = self.client.call("GET", &path, None, &[]).await?;
            view["data"] = member(&answer.body, "data").into();
        }
        Ok(())
    }

    /// Reads Events until they are as wanted, or nothing new has come for a while.
    async fn late_events(&self, want: &Value) -> Result<BTreeSet<Event>> {
        let end = Instant::now() + LATE;
        loop {
            let events = self.events().await?;
            let new = json!(events.difference(&self.state().seen).collect::<Vec<_>>());
            if new == *want || Instant::now() > end {
                return Ok(events);
            }
            sleep(PAUSE).await;
        }
    }

    async fn events(&self) -> Result<BTreeSet<Event>> {
        let mut paths = vec![format!("/api/v1/namespaces/{}/events", self.ns)];
        if self.state().objects.contains_key("persistentvolumes") {
            paths.push("/api/v1/namespaces/default/events?fieldSelector=involvedObject.kind=PersistentVolume".to_owned());
        }
        let mut all = BTreeSet::new();
        for path in paths {
            let list = self.client.call("GET", &path, None, &[]).await?.json();
            let state = self.state();
            for event in list["items"].as_array().into_iter().flatten() {
                let about = &event["involvedObject"];
                let message = event["message"].as_str().unwrap_or_default();
                let is_ours = about["namespace"].as_str().is_some_and(|ns| !ns.is_empty())
                    || state.names.knows(about["uid"].as_str().unwrap_or_default());
                let is_chance =
                    message.contains("Operation cannot be fulfilled") || BY_CHANCE.iter().any(|start| message.starts_with(start));
                if is_ours && !is_chance {
                    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                    let about = format!("{}/{}", text(&about["kind"]), text(&about["name"]));
                    let plain = state.names.plain(&json!([event["type"], event["reason"], about, message]));
                    all.insert([0, 1, 2, 3].map(|index| text(&plain[index])));
                }
            }
        }
        Ok(all)
    }

    /// Leaves nothing behind: what makes pods first, so that nothing comes again.
    pub async fn close(self) -> Result<()> {
        let merge = [("Content-Type".to_owned(), Some("application/merge-patch+json".to_owned()))];
        let end = Bytes::from_static(br#"{"propagationPolicy":"Background","gracePeriodSeconds":0}"#);
        for (plural, _, path) in KINDS {
            if !WIDE.contains(plural) && *plural != "pods" {
                self.client.call("DELETE", &path.replace("{ns}", &self.ns), Some(end.clone()), &[]).await?;
            }
        }
        let paths: Vec<String> = {
            let state = self.state();
            let path =
                |plural: &str| KINDS.iter().find(|(known, ..)| *known == plural).map_or("", |(.., path)| path).replace("{ns}", &self.ns);
            let there = state.objects.iter().flat_map(|(plural, objects)| objects.keys().map(|name| format!("{}/{name}", path(plural))));
            there.chain(state.made.iter().cloned()).chain([format!("/api/v1/namespaces/{}", self.ns)]).collect()
        };
        for path in paths {
            let free = Bytes::from_static(br#"{"metadata":{"finalizers":null}}"#);
            self.client.call("PATCH", &path, Some(free), &merge).await?;
            self.client.call("DELETE", &path, Some(end.clone()), &[]).await?;
        }
        sleep(Duration::from_millis(200)).await;
        Ok(())
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether an object is of this run.
fn concerns(plural: &str, ns: &str, object: &Value) -> bool {
    !WIDE.contains(&plural)
        || object["metadata"]["name"].as_str().is_some_and(|name| name.starts_with(ns))
        || object["spec"]["claimRef"]["namespace"] == ns
}

impl State {
    fn note(&mut self, plural: &'static str, kind: &str, event: &Value) {
        let what = event["type"].as_str().unwrap_or_default();
        if !matches!(what, "ADDED" | "MODIFIED" | "DELETED") {
            return;
        }
        let object = &event["object"];
        let meta = &object["metadata"];
        let (name, uid) = (meta["name"].as_str().unwrap_or_default().to_owned(), meta["uid"].as_str().unwrap_or_default());
        let nothing = json!({"metadata": {}});
        let was = self.objects[plural].get(&name).unwrap_or(&nothing);
        // The heart of a node beats on.
        if plural != "nodes" || view(plural, object, &Value::Null) != view(plural, was, &Value::Null) {
            self.changed = Instant::now();
        }
        if !self.names.knows(uid) {
            self.names.christen(plural, kind, object);
        }
        if ["pods", "jobs"].contains(&plural) {
            self.note_op(what, &name, uid, object);
        }
        let objects = self.objects.entry(plural).or_default();
        if what == "DELETED" {
            objects.remove(&name);
        } else {
            objects.insert(name, object.clone());
        }
    }

    fn note_op(&mut self, what: &str, name: &str, uid: &str, object: &Value) {
        let is_going = object["metadata"].get("deletionTimestamp").is_some();
        if what == "ADDED" {
            self.ops.push(format!("+{}", self.names.relabel(name)));
        }
        if (what == "DELETED" || is_going) && !self.names.leaving.contains(uid) {
            self.names.leaves(object, &self.objects["pods"]);
            if what != "DELETED" {
                self.ops.push(format!("-{}", self.names.relabel(name)));
            }
        }
        if what == "DELETED" {
            self.ops.push(format!("x{}", self.names.relabel(name)));
        }
    }

    /// What happens between two acts of the replayer has no order.
    pub fn burst(&mut self) {
        let slices = self.objects.get("endpointslices").cloned().unwrap_or_default();
        self.names.sort_fresh_slices(&slices);
        let names = &self.names;
        self.ops[self.mark..].sort_by_cached_key(|op| names.relabel(op));
        self.mark = self.ops.len();
    }
}
