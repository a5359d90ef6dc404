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

/// A container that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Running {
    uid: String,
    node: String,
    container: String,
}

#[derive(Debug)]
pub struct Truth {
    pods_watch: Watch,
    sets_watch: Watch,
    /// The newest version that each of them has told of.
    pods_seen: u64,
    sets_seen: u64,
    /// How often a pod was marked as not ready though its container ran.
    pub marked_unready: u64,
    /// Every state of each pod name, by revision; `None`: gone.
    history: BTreeMap<Key, Vec<(u64, Option<PodState>)>>,
    pub sets: BTreeMap<Key, Value>,
    /// Ordered sets by uid, those that are gone included.
    ordered: BTreeMap<String, Key>,
    /// The containers that run, by identity.
    running: BTreeMap<Key, Vec<Running>>,
}

impl Truth {
    pub fn new(api: &Api) -> Result<Self, String> {
        Ok(Self {
            pods_watch: watch(api, PODS, 0)?,
            sets_watch: watch(api, SETS, 0)?,
            pods_seen: 0,
            sets_seen: 0,
            marked_unready: 0,
            history: BTreeMap::new(),
            sets: BTreeMap::new(),
            ordered: BTreeMap::new(),
            running: BTreeMap::new(),
        })
    }

    /// The server was started anew. What it has must be what was last told of it: a write that was acknowledged is durable.
    pub fn reconnect(&mut self, api: &Api) -> Result<(), String> {
        self.observe()?;
        self.pods_watch = watch(api, PODS, self.pods_seen)?;
        self.sets_watch = watch(api, SETS, self.sets_seen)?;
        let list = api.get(PODS).map_err(|e| e.to_string())?;
        let found: BTreeMap<Key, u64> = list.items("items").iter().map(|pod| (key(pod), version(pod))).collect();
        let last = |history: &Vec<(u64, Option<PodState>)>| history.last().filter(|(_, pod)| pod.is_some()).map(|(revision, _)| *revision);
        let told: BTreeMap<Key, u64> = self.history.iter().filter_map(|(key, history)| Some((key.clone(), last(history)?))).collect();
        if found == told { Ok(()) } else { Err(format!("the store has {found:?} after a crash, and had acknowledged {told:?}")) }
    }

    /// Takes in what has happened.
    pub fn observe(&mut self) -> Result<(), String> {
        for line in self.sets_watch.lines() {
            let (ty, set) = event(&line)?;
            let key = key(&set);
            self.sets_seen = self.sets_seen.max(version(&set));
            if set["spec"].str("podManagementPolicy") == "OrderedReady" {
                self.ordered.insert(set["metadata"].str("uid").to_owned(), key.clone());
            }
            if ty == "DELETED" {
                self.sets.remove(&key);
            } else {
                self.sets.insert(key, set);
            }
        }
        for line in self.pods_watch.lines() {
            let (ty, pod) = event(&line)?;
            let (key, state, gone) = (key(&pod), state(&pod), ty == "DELETED");
            let revision = version(&pod);
            self.pods_seen = self.pods_seen.max(revision);
            let runs = self.running.get(&key).is_some_and(|running| running.iter().any(|run| run.uid == state.uid));
            let history = self.history.entry(key.clone()).or_default();
            if let Some((_, Some(before))) = history.last()
                && before.uid != state.uid
            {
                return Err(format!("{key}: a second pod of one name, {} after {}", state.uid, before.uid));
            }
            if runs && !state.ready && !state.deleting && matches!(history.last(), Some((_, Some(before))) if before.ready) {
                self.marked_unready += 1;
            }
            history.push((revision, (!gone).then_some(state)));
        }
        Ok(())
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

    /// A container starts. It must be the only one of its name and identity, and all of an identity are of one pod.
    pub fn start(&mut self, key: &Key, uid: &str, node: &str, container: &str) -> Result<(), String> {
        let running = self.running.entry(key.clone()).or_default();
        let alone = running.iter().all(|other| other.uid == uid && other.node == node && other.container != container);
        running.push(Running { uid: uid.to_owned(), node: node.to_owned(), container: container.to_owned() });
        if alone { Ok(()) } else { Err(format!("{key} runs more than once: {running:?}")) }
    }

    pub fn stop(&mut self, key: &Key, uid: &str, container: &str) {
        if let Some(running) = self.running.get_mut(key) {
            running.retain(|run| run.uid != uid || run.container != container);
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

const PODS: &str = "/api/v1/pods";
const SETS: &str = "/apis/apps/v1/statefulsets";

fn watch(api: &Api, path: &str, version: u64) -> Result<Watch, String> {
    api.watch(&format!("{path}?watch=true&resourceVersion={version}")).map_err(|e| e.to_string())
}

fn version(object: &Value) -> u64 {
    object["metadata"].str("resourceVersion").parse().unwrap_or(0)
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
