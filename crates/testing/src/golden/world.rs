//! One namespace of a run, followed by watches. Input: what the watches say. Output: what happened to pods in order, and
//! snapshots in which a uid is replaced by the object's kind, name and how manieth of that name it is (`Pod/web-0#2`).

use super::case::Saved;
use super::compare::normalise;
use crate::http::Client;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// What is watched: the snapshot's name for it, the kind, the path below the namespace's.
pub const WATCHED: &[(&str, &str, &str)] = &[
    ("sets", "StatefulSet", "/apis/apps/v1/namespaces/{ns}/statefulsets"),
    ("pods", "Pod", "/api/v1/namespaces/{ns}/pods"),
    ("revisions", "ControllerRevision", "/apis/apps/v1/namespaces/{ns}/controllerrevisions"),
    ("claims", "PersistentVolumeClaim", "/api/v1/namespaces/{ns}/persistentvolumeclaims"),
];

/// A namespace that is still changing after so long is a finding.
const LIMIT: Duration = Duration::from_secs(60);
/// Metadata that a snapshot leaves out.
const UNSEEN: &[&str] = &["managedFields", "resourceVersion", "namespace", "name", "creationTimestamp", "selfLink"];

/// The namespace and what is known of it.
#[derive(Debug)]
pub struct World {
    pub client: Client,
    pub ns: String,
    state: Arc<Mutex<State>>,
    /// Ends with the world.
    _watches: JoinSet<()>,
}

/// What the watches have said.
#[derive(Debug)]
pub struct State {
    changed: Instant,
    pub objects: BTreeMap<&'static str, BTreeMap<String, Value>>,
    uids: Vec<(String, String)>,
    count: BTreeMap<(&'static str, String), usize>,
    ops: Vec<String>,
    leaving: BTreeSet<String>,
    seen: BTreeSet<[String; 4]>,
}

impl World {
    /// Starts to follow a namespace.
    pub async fn new(client: Client, ns: String) -> Result<Self> {
        let state = State {
            changed: Instant::now(),
            objects: WATCHED.iter().map(|(name, ..)| (*name, BTreeMap::new())).collect(),
            uids: Vec::new(),
            count: BTreeMap::new(),
            ops: Vec::new(),
            leaving: BTreeSet::new(),
            seen: BTreeSet::new(),
        };
        let mut world = Self { client, ns, state: Arc::new(Mutex::new(state)), _watches: JoinSet::new() };
        for (name, kind, path) in WATCHED {
            world.follow(name, kind, path).await?;
        }
        Ok(world)
    }

    async fn follow(&mut self, name: &'static str, kind: &'static str, path: &str) -> Result<()> {
        let path = self.path(path);
        let list = self.client.call("GET", &path, None, &[]).await?;
        // A kind that is not served has no objects.
        let Some(version) = list.json()["metadata"]["resourceVersion"].as_str().map(str::to_owned) else { return Ok(()) };
        let mut body = self.client.stream(&format!("{path}?watch=1&resourceVersion={version}")).await?;
        let state = Arc::clone(&self.state);
        self._watches.spawn(async move {
            let mut pending = Vec::new();
            while let Some(Ok(frame)) = body.frame().await {
                let Ok(data) = frame.into_data() else { continue };
                pending.extend_from_slice(&data);
                while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = pending.drain(..=end).collect();
                    if let Ok(event) = serde_json::from_slice::<Value>(&line) {
                        lock(&state).note(name, kind, &event);
                    }
                }
            }
        });
        Ok(())
    }

    pub fn path(&self, path: &str) -> String {
        path.replace("{ns}", &self.ns)
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
            tokio::time::sleep_until(until).await;
        }
    }

    /// Without uids, times, the namespace's name.
    pub fn plain(&self, value: &Value) -> Value {
        let mut text = value.to_string();
        for (uid, label) in &self.state().uids {
            text = text.replace(uid, label);
        }
        let value = serde_json::from_str(&text).unwrap_or(Value::Null);
        normalise(&value, &self.ns, &Saved::new(), &[])
    }

    /// Puts uids for `<Pod/web-0#1>`.
    pub fn with_uids(&self, text: &str) -> String {
        self.state().uids.iter().fold(text.to_owned(), |text, (uid, label)| text.replace(&format!("<{label}>"), uid))
    }

    /// What is to be compared after a step.
    pub async fn snapshot(&self, step: &Value) -> Result<Value> {
        let events = self.new_events().await?;
        let full = step["full"] == true;
        let (objects, mut ops) = {
            let mut state = self.state();
            (state.objects.clone(), std::mem::take(&mut state.ops))
        };
        let mut out = Map::new();
        for (name, ..) in WATCHED {
            let seen: Map<String, Value> = objects[name].iter().map(|(key, o)| (key.clone(), seen(name, o, full))).collect();
            out.insert((*name).to_owned(), self.plain(&Value::Object(seen)));
        }
        for name in objects["revisions"].keys() {
            // Neither normalised nor read and written again: its bytes count.
            let path = format!("{}/{name}", self.path(WATCHED[2].2));
            let answer = self.client.call("GET", &path, None, &[]).await?;
            out["revisions"][name.as_str()]["data"] = member(&answer.body, "data").into();
        }
        if step["unordered"] == true {
            ops.sort();
        }
        out.insert("ops".into(), ops.into());
        out.insert("events".into(), json!(events));
        for name in step["without"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            out.remove(name);
        }
        Ok(Value::Object(out))
    }

    /// The controller's Events that no snapshot has shown.
    async fn new_events(&self) -> Result<Vec<[String; 4]>> {
        let answer = self.client.call("GET", &self.path("/api/v1/namespaces/{ns}/events"), None, &[]).await?;
        let list = answer.json();
        let items = list["items"].as_array().with_context(|| format!("no list of events: {list}"))?;
        let mut all = BTreeSet::new();
        for event in items {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let by = [&event["source"]["component"], &event["reportingComponent"]];
            let ours = by.into_iter().any(|component| component == "statefulset-controller");
            // The second are upstream's races against its own cache.
            if ours && !text(&event["message"]).contains("Operation cannot be fulfilled") {
                let about = &event["involvedObject"];
                let about = format!("{}/{}", text(&about["kind"]), text(&about["name"]));
                all.insert([text(&event["type"]), text(&event["reason"]), about, text(&self.plain(&event["message"]))]);
            }
        }
        let mut state = self.state();
        let new = all.difference(&state.seen).cloned().collect();
        state.seen.extend(all);
        Ok(new)
    }

    /// Leaves nothing behind: sets first, so that nothing comes again.
    pub async fn close(self) -> Result<()> {
        let merge = [("Content-Type".to_owned(), Some("application/merge-patch+json".to_owned()))];
        let delete = Bytes::from_static(br#"{"propagationPolicy":"Background","gracePeriodSeconds":0}"#);
        for index in [0, 1, 3] {
            let (name, _, path) = WATCHED[index];
            let names: Vec<String> = self.state().objects[name].keys().cloned().collect();
            for object in names {
                let path = format!("{}/{object}", self.path(path));
                let free = Bytes::from_static(br#"{"metadata":{"finalizers":null}}"#);
                self.client.call("PATCH", &path, Some(free), &merge).await?;
                self.client.call("DELETE", &path, Some(delete.clone()), &[]).await?;
            }
        }
        self.client.call("DELETE", &self.path("/api/v1/namespaces/{ns}"), None, &[]).await?;
        sleep(Duration::from_millis(200)).await;
        Ok(())
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn note(&mut self, name: &'static str, kind: &str, event: &Value) {
        let what = event["type"].as_str().unwrap_or_default();
        if !matches!(what, "ADDED" | "MODIFIED" | "DELETED") {
            return;
        }
        let object = &event["object"];
        let meta = &object["metadata"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (key, uid) = (text(&meta["name"]), text(&meta["uid"]));
        self.changed = Instant::now();
        if !self.uids.iter().any(|(known, _)| *known == uid) {
            let count = self.count.entry((name, key.clone())).or_default();
            *count += 1;
            self.uids.push((uid.clone(), format!("{kind}/{key}#{count}")));
        }
        if name == "pods" {
            if what == "ADDED" {
                let revision = meta["labels"]["controller-revision-hash"].as_str().unwrap_or("None");
                self.ops.push(format!("+{key}@{revision}"));
            }
            if what == "DELETED" {
                self.ops.push(format!("x{key}"));
            } else if meta.get("deletionTimestamp").is_some() && self.leaving.insert(uid) {
                self.ops.push(format!("-{key}"));
            }
        }
        let objects = self.objects.entry(name).or_default();
        if what == "DELETED" {
            objects.remove(&key);
        } else {
            objects.insert(key, object.clone());
        }
    }
}

/// The exact text of a member of a JSON object.
pub fn member(body: &[u8], name: &str) -> Option<String> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).ok()?;
    members.get(name).map(|raw| raw.get().to_owned())
}

/// What a snapshot shows of an object.
fn seen(name: &str, object: &Value, full: bool) -> Value {
    let mut metadata = object["metadata"].as_object().cloned().unwrap_or_default();
    metadata.retain(|key, _| !UNSEEN.contains(&key.as_str()));
    match name {
        "sets" => json!({"metadata": metadata, "replicas": object["spec"]["replicas"], "status": object["status"]}),
        "pods" => json!({
            "metadata": metadata,
            "phase": object["status"]["phase"],
            "conditions": conditions(object),
            "spec": pod_spec(&object["spec"], full),
        }),
        "revisions" => json!({"metadata": metadata, "revision": object["revision"]}),
        _ => claim(object, metadata),
    }
}

/// Of claims whose class is not `golden`, what the server's default class and provisioner decide is left out.
fn claim(object: &Value, mut metadata: Map<String, Value>) -> Value {
    let mut spec = object["spec"].as_object().cloned().unwrap_or_default();
    if spec.get("storageClassName").is_some_and(|class| class == "golden") {
        return json!({"metadata": metadata, "spec": spec, "phase": object["status"]["phase"]});
    }
    spec.retain(|key, _| key != "storageClassName" && key != "volumeName");
    let mut annotations = metadata.get("annotations").and_then(Value::as_object).cloned().unwrap_or_default();
    annotations.retain(|key, _| !key.contains("kubernetes.io/"));
    metadata.insert("annotations".into(), annotations.into());
    json!({"metadata": metadata, "spec": spec, "phase": null})
}

fn pod_spec(spec: &Value, full: bool) -> Value {
    let spec = ordered_claims(spec);
    if full {
        return spec;
    }
    let mut out = Map::new();
    for name in ["hostname", "subdomain", "nodeName"] {
        out.extend(spec.get(name).map(|value| (name.to_owned(), value.clone())));
    }
    let list = |name: &str| spec[name].as_array().cloned().unwrap_or_default();
    out.insert("images".into(), list("containers").iter().map(|c| c["image"].clone()).collect());
    let claims = list("volumes").into_iter().filter_map(|volume| {
        let claim = volume.get("persistentVolumeClaim")?["claimName"].clone();
        Some((volume["name"].as_str()?.to_owned(), claim))
    });
    out.insert("claims".into(), Value::Object(claims.collect()));
    Value::Object(out)
}

/// Upstream builds a pod's claim volumes in no order.
fn ordered_claims(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Some(volumes) = spec.get_mut("volumes").and_then(Value::as_array_mut) {
        let is_claim = |volume: &&Value| volume.get("persistentVolumeClaim").is_some();
        let mut claims: Vec<Value> = volumes.iter().filter(is_claim).cloned().collect();
        claims.sort_by_key(|volume| volume["name"].as_str().map(str::to_owned));
        let mut claims = claims.into_iter();
        for volume in volumes.iter_mut().filter(|volume| volume.get("persistentVolumeClaim").is_some()) {
            *volume = claims.next().unwrap_or_default();
        }
    }
    spec
}

/// A pod's conditions by type.
pub fn conditions(pod: &Value) -> Map<String, Value> {
    let list = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
    list.into_iter().filter_map(|c| Some((c["type"].as_str()?.to_owned(), c["status"].clone()))).collect()
}
