//! What really is: every state that pods and sets had, by revision, and the containers that run. Checks at each step that an
//! identity runs at most once and that order is kept; tells at the end whether the world is as it was asked to be.

use super::api::{Api, Watch};
use std::collections::BTreeMap;
use stead_api::{Value, value::Access};
use stead_client::Key;
use stead_control::facts::pod::identity;

/// A pod at one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodState {
    pub uid: String,
    pub node: String,
    pub phase: String,
    pub ready: bool,
    pub deleting: bool,
    pub revision_label: String,
    /// Uid of its controller.
    pub owner: String,
}

/// A change that has happened.
#[derive(Debug, Clone)]
pub struct Change {
    pub key: Key,
    pub pod: PodState,
    pub gone: bool,
}

#[derive(Debug)]
pub struct Truth {
    pods_watch: Watch,
    sets_watch: Watch,
    /// Every state of each pod name, by revision; `None`: gone.
    history: BTreeMap<Key, Vec<(u64, Option<PodState>)>>,
    pub sets: BTreeMap<Key, Value>,
    /// Ordered sets by uid, those that are gone included.
    ordered: BTreeMap<String, Key>,
    /// (uid, node) of the containers that run, by identity.
    running: BTreeMap<Key, Vec<(String, String)>>,
}

impl Truth {
    pub fn new(api: &Api) -> Result<Self, String> {
        let watch = |path: &str| api.watch(&format!("{path}?watch=true&resourceVersion=0")).map_err(|e| e.to_string());
        Ok(Self {
            pods_watch: watch("/api/v1/pods")?,
            sets_watch: watch("/apis/apps/v1/statefulsets")?,
            history: BTreeMap::new(),
            sets: BTreeMap::new(),
            ordered: BTreeMap::new(),
            running: BTreeMap::new(),
        })
    }

    /// Takes in what has happened; returns the changes of pods.
    pub fn observe(&mut self) -> Result<Vec<Change>, String> {
        for line in self.sets_watch.lines() {
            let (ty, set) = event(&line)?;
            let key = key(&set);
            if set["spec"].str("podManagementPolicy") == "OrderedReady" {
                self.ordered.insert(set["metadata"].str("uid").to_owned(), key.clone());
            }
            if ty == "DELETED" {
                self.sets.remove(&key);
            } else {
                self.sets.insert(key, set);
            }
        }
        let mut changes = Vec::new();
        for line in self.pods_watch.lines() {
            let (ty, pod) = event(&line)?;
            let (key, state, gone) = (key(&pod), state(&pod), ty == "DELETED");
            let revision = pod["metadata"].str("resourceVersion").parse().unwrap_or(0);
            let history = self.history.entry(key.clone()).or_default();
            if let Some((_, Some(before))) = history.last()
                && before.uid != state.uid
            {
                return Err(format!("{key}: a second pod of one name, {} after {}", state.uid, before.uid));
            }
            history.push((revision, (!gone).then(|| state.clone())));
            changes.push(Change { key, pod: state, gone });
        }
        Ok(changes)
    }

    /// The pod of that name as it was at a revision.
    fn at(&self, key: &Key, revision: u64) -> Option<&PodState> {
        let history = self.history.get(key)?;
        let after = history.partition_point(|(r, _)| *r <= revision);
        history.get(after.checked_sub(1)?)?.1.as_ref()
    }

    pub fn now(&self, key: &Key) -> Option<&PodState> {
        self.at(key, u64::MAX)
    }

    /// Pods that exist now.
    pub fn pods(&self) -> impl Iterator<Item = (&Key, &PodState)> {
        self.history.iter().filter_map(|(key, history)| Some((key, history.last()?.1.as_ref()?)))
    }

    /// A container starts. It must be the only one of its identity.
    pub fn start(&mut self, key: &Key, uid: &str, node: &str) -> Result<(), String> {
        let running = self.running.entry(key.clone()).or_default();
        running.push((uid.to_owned(), node.to_owned()));
        if running.len() > 1 {
            return Err(format!("{key} runs more than once: {running:?}"));
        }
        Ok(())
    }

    pub fn stop(&mut self, key: &Key, uid: &str) {
        if let Some(running) = self.running.get_mut(key) {
            running.retain(|(other, _)| other != uid);
        }
        self.running.retain(|_, running| !running.is_empty());
    }

    /// A pod was created by a controller whose caches had seen everything up to `seen` (ORD-7).
    pub fn created(&self, key: &Key, seen: u64) -> Result<(), String> {
        let Some(pod) = self.now(key) else { return Ok(()) };
        if !self.ordered.contains_key(&pod.owner) {
            return Ok(());
        }
        let (parent, ordinal) = identity(&key.name);
        for lower in 0..ordinal {
            let lower = Key::new(key.namespace.clone(), format!("{parent}-{lower}"));
            if !self.at(&lower, seen).is_some_and(|p| p.ready && !p.deleting) {
                return Err(format!("{key} was created while {lower} was not ready at {seen}"));
            }
        }
        Ok(())
    }

    /// A pod was deleted by the StatefulSet controller (DOWN-2, RU-3): what is above it must be well, or this pod has ended.
    pub fn deleted(&self, key: &Key, seen: u64) -> Result<(), String> {
        let Some(pod) = self.at(key, seen) else { return Ok(()) };
        if !self.ordered.contains_key(&pod.owner) || matches!(pod.phase.as_str(), "Failed" | "Succeeded") {
            return Ok(());
        }
        let (parent, ordinal) = identity(&key.name);
        for (other, _) in self.history.range(Key::new(key.namespace.clone(), "")..) {
            let (other_parent, other_ordinal) = identity(&other.name);
            if other.namespace != key.namespace || other_parent != parent || other_ordinal <= ordinal {
                continue;
            }
            if self.at(other, seen).is_some_and(|p| p.owner == pod.owner && (p.deleting || !p.ready)) {
                return Err(format!("{key} was deleted while {other} was not well at {seen}"));
            }
        }
        Ok(())
    }

    /// What is not as it was asked to be; empty at the end of a good run.
    pub fn unmet(&self) -> Vec<String> {
        let mut unmet = Vec::new();
        let mut wanted: BTreeMap<Key, &str> = BTreeMap::new();
        for (key, set) in &self.sets {
            if set["metadata"].has("deletionTimestamp") {
                unmet.push(format!("{key} is still being deleted"));
            }
            let (spec, status) = (&set["spec"], &set["status"]);
            let replicas = spec.int("replicas").unwrap_or(1);
            let partition = spec["updateStrategy"]["rollingUpdate"].int("partition").unwrap_or(0);
            if status.int("readyReplicas").unwrap_or(0) != replicas || status.int("observedGeneration") != set["metadata"].int("generation")
            {
                unmet.push(format!("{key}: {replicas} replicas, status {status}"));
            }
            for slot in 0..replicas {
                let pod = Key::new(key.namespace.clone(), format!("{}-{slot}", key.name));
                let hash = if slot < partition { "" } else { status.str("updateRevision") };
                wanted.insert(pod, hash);
            }
        }
        for (key, hash) in &wanted {
            match self.now(key) {
                Some(pod) if pod.ready && !pod.deleting && (hash.is_empty() || pod.revision_label == *hash) => {}
                other => unmet.push(format!("{key}: {other:?}, wanted ready at {hash:?}")),
            }
            if self.running.get(key).map(Vec::len) != Some(1) {
                unmet.push(format!("{key} does not run exactly once"));
            }
        }
        // What was orphaned stays, and nobody asks how it is.
        let orphaned = |key: &Key| self.now(key).is_some_and(|pod| pod.owner.is_empty() && !pod.deleting);
        let strange = |key: &&Key| !wanted.contains_key(*key) && !orphaned(key);
        unmet.extend(self.pods().map(|(key, _)| key).filter(strange).map(|key| format!("{key} is not wanted")));
        unmet.extend(self.running.keys().filter(strange).map(|key| format!("{key} runs and is not wanted")));
        unmet
    }
}

fn event(line: &[u8]) -> Result<(String, Value), String> {
    let mut event: Value = serde_json::from_slice(line).map_err(|e| e.to_string())?;
    let object = event.get_mut("object").map(Value::take).unwrap_or_default();
    let ty = event.str("type").to_owned();
    if ty == "ERROR" { Err(object.to_string()) } else { Ok((ty, object)) }
}

fn key(object: &Value) -> Key {
    Key::new(object["metadata"].str("namespace"), object["metadata"].str("name"))
}

fn state(pod: &Value) -> PodState {
    let (meta, status) = (&pod["metadata"], &pod["status"]);
    let ready = status.items("conditions").iter().any(|c| c.str("type") == "Ready" && c.str("status") == "True");
    let owner = meta.items("ownerReferences").iter().find(|o| o.flag("controller"));
    PodState {
        uid: meta.str("uid").to_owned(),
        node: pod["spec"].str("nodeName").to_owned(),
        phase: status.str("phase").to_owned(),
        ready: ready && status.str("phase") == "Running",
        deleting: meta.has("deletionTimestamp"),
        revision_label: meta["labels"].str("controller-revision-hash").to_owned(),
        owner: owner.map(|o| o.str("uid").to_owned()).unwrap_or_default(),
    }
}
