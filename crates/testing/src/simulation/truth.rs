//! What really is: every state that pods and sets had, by revision, and the containers that run. Checks at each step that an
//! identity runs at most once and that order is kept; tells at the end whether the world is as it was asked to be.

use super::api::{Api, Watch};
use super::deployments;
use super::jobs;
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

    /// The server was started anew on what its store has. That must be what was last told of it, but for so many writes that
    /// nobody had an answer to.
    pub fn reconnect(&mut self, api: &Api, unanswered_max: usize) -> Result<(), String> {
        self.observe()?;
        let get = |path| api.get(path).map_err(|e| e.to_string());
        let (sets, pods) = (get(SETS)?, get(PODS)?);
        let told_sets: BTreeMap<Key, u64> = self.sets.iter().map(|(key, set)| (key.clone(), version(set))).collect();
        let told_pods: BTreeMap<Key, u64> = self.versions().collect();
        let (new_sets, old_sets) = differences(&told_sets, &sets);
        let (new_pods, old_pods) = differences(&told_pods, &pods);
        if new_sets.len() + old_sets.len() + new_pods.len() + old_pods.len() > unanswered_max {
            return Err(format!("not as acknowledged after a crash: {new_sets:?} {new_pods:?}, not there {old_sets:?} {old_pods:?}"));
        }
        (self.sets_seen, self.pods_seen) = (version(&sets), version(&pods));
        for set in new_sets {
            self.saw_set(set, Change::Put);
        }
        for key in old_sets {
            self.sets.remove(&key);
        }
        for pod in new_pods {
            self.saw_pod(&pod, Change::Put)?;
        }
        for key in old_pods {
            self.history.entry(key).or_default().push((self.pods_seen, None));
        }
        self.pods_watch = watch(api, PODS, self.pods_seen)?;
        self.sets_watch = watch(api, SETS, self.sets_seen)?;
        Ok(())
    }

    /// The newest version of each pod that exists.
    fn versions(&self) -> impl Iterator<Item = (Key, u64)> {
        let last = |history: &Vec<(u64, Option<PodState>)>| history.last().filter(|(_, pod)| pod.is_some()).map(|(revision, _)| *revision);
        self.history.iter().filter_map(move |(key, history)| Some((key.clone(), last(history)?)))
    }

    /// Takes in what has happened.
    pub fn observe(&mut self) -> Result<(), String> {
        for line in self.sets_watch.lines() {
            let (change, set) = event(&line)?;
            self.saw_set(set, change);
        }
        for line in self.pods_watch.lines() {
            let (change, pod) = event(&line)?;
            self.saw_pod(&pod, change)?;
        }
        Ok(())
    }

    fn saw_set(&mut self, set: Value, change: Change) {
        let key = key(&set);
        self.sets_seen = self.sets_seen.max(version(&set));
        if set["spec"].str("podManagementPolicy") == "OrderedReady" {
            self.ordered.insert(set["metadata"].str("uid").to_owned(), key.clone());
        }
        match change {
            Change::Put => drop(self.sets.insert(key, set)),
            Change::Delete => drop(self.sets.remove(&key)),
        }
    }

    fn saw_pod(&mut self, pod: &Value, change: Change) -> Result<(), String> {
        let (key, state, revision) = (key(pod), state(pod), version(pod));
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
        history.push((revision, (change == Change::Put).then_some(state)));
        Ok(())
    }

    /// The pod of that name as it was at a revision.
    pub fn at(&self, key: &Key, revision: u64) -> Option<&PodState> {
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

    /// The power went: nothing runs any more.
    pub fn stop_all(&mut self) {
        self.running.clear();
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
        // They are looked at elsewhere.
        let of_others = |key: &Key| [deployments::NAMESPACE, jobs::NAMESPACE].contains(&key.namespace.as_str());
        let strange = |key: &&Key| !wanted.contains_key(*key) && !orphaned(key) && !of_others(key);
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

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Put,
    Delete,
}

fn event(line: &[u8]) -> Result<(Change, Value), String> {
    let mut event: Value = serde_json::from_slice(line).map_err(|e| e.to_string())?;
    let object = event.get_mut("object").map(Value::take).unwrap_or_default();
    match event.str("type") {
        "ERROR" => Err(object.to_string()),
        "DELETED" => Ok((Change::Delete, object)),
        _ => Ok((Change::Put, object)),
    }
}

/// The objects of a list that are not as told, and the keys that are not in it.
fn differences(told: &BTreeMap<Key, u64>, list: &Value) -> (Vec<Value>, Vec<Key>) {
    let listed: BTreeMap<Key, u64> = list.items("items").iter().map(|object| (key(object), version(object))).collect();
    let new = list.items("items").iter().filter(|object| told.get(&key(object)) != Some(&version(object))).cloned().collect();
    (new, told.keys().filter(|key| !listed.contains_key(*key)).cloned().collect())
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
