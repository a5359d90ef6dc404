//! Watches a played world and writes down what becomes of pods and claims, each with what it was held back by: the reasons that the
//! controllers' own plans had given just before. Input: watches. Output: steps, in the order in which they happened.

use super::stage::full_name;
use crate::inprocess;
use futures::stream::{SelectAll, StreamExt};
use futures::{FutureExt, Stream};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS};
use stead_client::{Client, Key, Report, Resource, Scope, follow};
use stead_control::Explainer;
use stead_server::Server;
use tokio::time::Instant;

/// A world that does more is not shown to its end.
const STEPS_MAX: usize = 10_000;
/// How often the plans of sets are looked at while nothing happens.
const LOOK: Duration = Duration::from_millis(200);
/// Who may see pods, claims and sets.
const WATCHER: &str = "system:kube-controller-manager";
/// What a plan's reason begins with that names something to wait for.
const WAITING: &str = "waiting: ";

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    CreatePod,
    Schedule { node: String },
    Ready,
    Unready,
    DeletePod,
    PodGone,
    CreateClaim,
    Bind { to: Volume },
    DeleteClaim,
}

/// What a claim is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Volume {
    /// One that there is.
    Present(String),
    /// One that is made for it, of that class; its name is not known before.
    New { class: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its place in the order of all changes.
    revision: u64,
    pub act: Act,
    pub namespace: String,
    pub name: String,
    /// What held it back until then.
    pub after: Vec<String>,
}

impl Act {
    /// Whether two steps, one behind the other, were made by nobody who put them in order.
    fn is_beside(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Bind { .. }, Self::Bind { .. }) | (Self::Ready, Self::Ready))
    }
}

impl Step {
    /// Its place by name, where ten comes after nine.
    fn place(&self) -> (String, String, u64) {
        let stem = self.name.trim_end_matches(|c: char| c.is_ascii_digit());
        let ordinal = self.name[stem.len()..].parse().unwrap_or_default();
        (self.namespace.clone(), stem.to_owned(), ordinal)
    }
}

/// What was last seen of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    is_going: bool,
    is_ready: bool,
    /// The pod's node, the claim's volume.
    place: String,
}

type Watch = Pin<Box<dyn Stream<Item = (Resource, Report<Value>)> + Send>>;

pub struct Observer {
    watches: SelectAll<Watch>,
    explainer: Explainer,
    /// By uid.
    seen: BTreeMap<String, Seen>,
    /// Sets that changed, and what their plans wait for.
    waits: BTreeMap<Key, Vec<String>>,
    steps: Vec<Step>,
    last_step: Instant,
    known: Known,
}

/// What is there before anything is applied.
pub struct Known {
    /// Names of PersistentVolumes.
    pub volumes: BTreeSet<String>,
    /// Full names of images; `None`: that is not known.
    pub images: Option<BTreeSet<String>>,
}

impl Observer {
    /// What is there now is where it begins.
    pub async fn begin(server: &Server, explainer: Explainer, known: Known) -> anyhow::Result<Self> {
        let client = Client::new(inprocess::client(server.service(), WATCHER, "stead"), "stead");
        let mut watches: SelectAll<Watch> = SelectAll::new();
        for resource in [PODS, PERSISTENT_VOLUME_CLAIMS, STATEFUL_SETS] {
            watches.push(Box::pin(follow(client.clone(), Scope::all(resource), Some).map(move |report| (resource, report))));
        }
        let (seen, waits) = (BTreeMap::new(), BTreeMap::new());
        let mut observer = Self { watches, explainer, seen, waits, steps: Vec::new(), last_step: Instant::now(), known };
        let mut listed = BTreeSet::new();
        while listed.len() < 3 {
            let Some((resource, report)) = observer.watches.next().await else { anyhow::bail!("a watch of the copy ended") };
            if matches!(report, Report::Replaced { .. }) {
                listed.insert(resource.plural);
            }
            observer.take(resource, report);
        }
        observer.steps.clear();
        observer.waits.clear();
        Ok(observer)
    }

    /// Takes what has been told by now.
    pub async fn catch_up(&mut self) {
        while let Some(Some((resource, report))) = self.watches.next().now_or_never() {
            self.take(resource, report);
        }
    }

    /// Watches until nothing has happened for that long. `false`: it still moves after the longest time.
    pub async fn watch_until(&mut self, quiet: Duration, longest: Duration) -> bool {
        let (end, mut look) = (Instant::now() + longest, tokio::time::interval(LOOK));
        self.last_step = Instant::now();
        loop {
            let now = Instant::now();
            if now >= self.last_step + quiet {
                return true;
            }
            if now >= end || self.steps.len() >= STEPS_MAX {
                return false;
            }
            tokio::select! {
                told = self.watches.next() => match told {
                    Some((resource, report)) => self.take(resource, report),
                    None => return false,
                },
                _ = look.tick() => self.look().await,
            }
        }
    }

    /// In the order in which they were written; what happens side by side, each by a worker of its own, in the order of names.
    pub fn into_steps(mut self) -> Vec<Step> {
        self.steps.sort_by_key(|step| step.revision);
        for run in self.steps.chunk_by_mut(|a, b| a.act.is_beside(&b.act)) {
            run.sort_by_cached_key(Step::place);
        }
        self.steps
    }

    /// What the plan of a set waits for.
    pub fn waits_of(&self, key: &Key) -> &[String] {
        self.waits.get(key).map_or(&[], Vec::as_slice)
    }

    /// Asks for the plans of the sets that have changed.
    async fn look(&mut self) {
        let keys: Vec<Key> = self.waits.keys().cloned().collect();
        for key in keys {
            // One that is gone has no plan.
            let explained = self.explainer.explain("statefulsets.apps", key.clone()).await.unwrap_or_default();
            let reasons = explained.iter().filter(|one| one.controller.contains("statefulset")).flat_map(|one| &one.reasons);
            let waits: Vec<String> = reasons.filter_map(|reason| reason.strip_prefix(WAITING)).map(str::to_owned).collect();
            if !waits.is_empty() {
                self.waits.insert(key, waits);
            }
        }
    }

    fn take(&mut self, resource: Resource, report: Report<Value>) {
        match report {
            Report::Replaced { objects, .. } => objects.iter().for_each(|object| self.put(resource, object)),
            Report::Put(object) => self.put(resource, &object),
            Report::Deleted(object) => self.deleted(resource, &object),
            Report::Bookmark { .. } => {}
        }
    }

    fn put(&mut self, resource: Resource, object: &Value) {
        let is_pod = resource == PODS;
        if resource == STATEFUL_SETS {
            self.waits.entry(key(object)).or_default();
            return;
        }
        let uid = object["metadata"].str("uid").to_owned();
        let now = Seen {
            is_going: object["metadata"].has("deletionTimestamp"),
            is_ready: is_pod && is_ready(object),
            place: object["spec"].str(if is_pod { "nodeName" } else { "volumeName" }).to_owned(),
        };
        let was = self.seen.insert(uid, now.clone());
        let is_new = was.is_none();
        let was = was.unwrap_or_default();
        if is_new {
            let after = self.held_back(object);
            self.note(if is_pod { Act::CreatePod } else { Act::CreateClaim }, object, after);
        }
        if now.place != was.place {
            let act = if is_pod { Act::Schedule { node: now.place } } else { Act::Bind { to: self.volume(object) } };
            self.note(act, object, Vec::new());
        }
        if now.is_going && !was.is_going {
            let after = self.held_back(object);
            self.note(if is_pod { Act::DeletePod } else { Act::DeleteClaim }, object, after);
        }
        if now.is_ready != was.is_ready && !now.is_going {
            let after = if now.is_ready { self.starting(object) } else { Vec::new() };
            self.note(if now.is_ready { Act::Ready } else { Act::Unready }, object, after);
        }
    }

    fn deleted(&mut self, resource: Resource, object: &Value) {
        let was = self.seen.remove(object["metadata"].str("uid"));
        if resource == PODS && was.is_some() {
            if !was.is_some_and(|was| was.is_going) {
                let after = self.held_back(object);
                self.note(Act::DeletePod, object, after);
            }
            self.note(Act::PodGone, object, Vec::new());
        }
    }

    fn volume(&self, claim: &Value) -> Volume {
        let name = claim["spec"].str("volumeName");
        if self.known.volumes.contains(name) {
            return Volume::Present(name.to_owned());
        }
        Volume::New { class: claim["spec"].str("storageClassName").to_owned() }
    }

    /// What a pod does before it is ready: pulls, and passes its probes.
    fn starting(&mut self, pod: &Value) -> Vec<String> {
        let mut words = Vec::new();
        for container in pod["spec"].items("initContainers").iter().chain(pod["spec"].items("containers")) {
            let image = container.str("image");
            // What was pulled once is there.
            if self.known.images.as_mut().is_some_and(|images| images.insert(full_name(image))) {
                words.push(format!("pull of {image}, which is not on this machine"));
            }
        }
        words.extend(probes(pod));
        words
    }

    /// What the plan of the object's set waited for; told once.
    fn held_back(&mut self, object: &Value) -> Vec<String> {
        let owners = object["metadata"].items("ownerReferences");
        let Some(owner) = owners.iter().find(|owner| owner.str("kind") == "StatefulSet" && owner.flag("controller")) else {
            return Vec::new();
        };
        let key = Key::new(object["metadata"].str("namespace"), owner.str("name"));
        self.waits.get_mut(&key).map(std::mem::take).unwrap_or_default()
    }

    fn note(&mut self, act: Act, object: &Value, after: Vec<String>) {
        let meta = &object["metadata"];
        let revision = meta.str("resourceVersion").parse().unwrap_or(u64::MAX);
        self.steps.push(Step { revision, act, namespace: meta.str("namespace").to_owned(), name: meta.str("name").to_owned(), after });
        self.last_step = Instant::now();
    }
}

fn key(object: &Value) -> Key {
    Key::new(object["metadata"].str("namespace"), object["metadata"].str("name"))
}

pub fn is_ready(pod: &Value) -> bool {
    pod["status"].items("conditions").iter().any(|condition| condition.str("type") == "Ready" && condition.str("status") == "True")
}

/// The probes that a pod has to pass before it is ready.
fn probes(pod: &Value) -> Vec<String> {
    let mut words = Vec::new();
    for container in pod["spec"].items("containers") {
        for probe in ["startupProbe", "readinessProbe"] {
            if container.has(probe) {
                let delay_s = container[probe].int("initialDelaySeconds").unwrap_or(0);
                let from = if delay_s > 0 { format!(" from {delay_s} s on") } else { String::new() };
                words.push(format!("{probe} of {}{from}", container.str("name")));
            }
        }
    }
    words
}
