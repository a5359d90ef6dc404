//! What is known of a cluster's workloads, as lists and watches of its server tell, and how each stands: what is ready, and what the rest
//! waits for. Pure. Input: reports, the ends of logs, how far pulls are. Output: [`Readiness`]s of workloads and their pods.

pub mod document;
mod fields;
mod pods;
mod sets;
#[cfg(test)]
mod tests;
mod waiting;

pub use pods::PodView;
pub use waiting::waits_for;

use std::collections::BTreeMap;
use stead_api::Value;
use stead_api::value::Access;
use stead_client::Resource;
use stead_client::resource::{
    DAEMON_SETS, DEPLOYMENTS, EVENTS, JOBS, PERSISTENT_VOLUME_CLAIMS, PODS, REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS,
};
use stead_client::wire::Report;

/// What is followed to know how workloads stand.
pub const FOLLOWED: [Resource; 9] =
    [STATEFUL_SETS, DEPLOYMENTS, DAEMON_SETS, REPLICA_SETS, REPLICATION_CONTROLLERS, JOBS, PODS, PERSISTENT_VOLUME_CLAIMS, EVENTS];
/// Kinds that have a standing, in the order in which they are shown.
const WORKLOADS: [Resource; 7] = [STATEFUL_SETS, DEPLOYMENTS, DAEMON_SETS, REPLICATION_CONTROLLERS, REPLICA_SETS, JOBS, PODS];

/// A namespace and a name.
type Place = (String, String);

/// The objects as they were last seen.
#[derive(Debug, Default)]
pub struct Observed {
    objects: BTreeMap<Resource, BTreeMap<Place, Value>>,
    /// By namespace and the name of what they are about, then by their own name.
    events: BTreeMap<Place, BTreeMap<String, Value>>,
    tails: BTreeMap<Run, Vec<String>>,
    pulls: BTreeMap<Place, Vec<Pull>>,
}

/// One ended run of a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    pub namespace: String,
    pub pod: String,
    /// The pod's uid: a later pod of the same name has other logs.
    pub uid: String,
    pub container: String,
    /// Restarts after it.
    pub restarts: i64,
    /// Whether a later run has begun or is waited for.
    pub is_previous: bool,
}

/// How far an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    pub image: String,
    pub percent: u8,
    /// What is done of what, in words.
    pub words: String,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Readiness {
    Ready,
    Waiting,
    /// It will not become ready by itself.
    Failed,
}

impl Readiness {
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
        }
    }
}

/// A workload and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    pub kind: &'static str,
    pub namespace: String,
    pub name: String,
    pub standing: Readiness,
    pub wanted: i64,
    pub ready: i64,
    /// Why it is not ready, beside what its pods say.
    pub reasons: Vec<String>,
    /// Those of a StatefulSet by ordinal, also those that are not there.
    pub pods: Vec<PodView>,
}

impl Observed {
    /// Takes in what a list or watch of that resource in that namespace (empty: in all) told.
    pub fn take(&mut self, resource: Resource, namespace: &str, report: Report<Value>) {
        if resource == EVENTS {
            return self.take_events(namespace, report);
        }
        let known = self.objects.entry(resource).or_default();
        match report {
            Report::Replaced { objects, .. } => {
                known.retain(|(other, _), _| is_elsewhere(other, namespace));
                known.extend(objects.into_iter().map(|object| (place(&object), object)));
            }
            Report::Put(object) => drop(known.insert(place(&object), object)),
            Report::Deleted(object) => drop(known.remove(&place(&object))),
            Report::Bookmark { .. } => {}
        }
    }

    fn take_events(&mut self, namespace: &str, report: Report<Value>) {
        let about = |event: &Value| (event["metadata"].str("namespace").to_owned(), event["involvedObject"].str("name").to_owned());
        let news = match report {
            Report::Replaced { objects, .. } => {
                self.events.retain(|(other, _), _| is_elsewhere(other, namespace));
                objects
            }
            Report::Put(event) => vec![event],
            Report::Deleted(event) => {
                if let Some(events) = self.events.get_mut(&about(&event)) {
                    events.remove(event["metadata"].str("name"));
                }
                Vec::new()
            }
            Report::Bookmark { .. } => Vec::new(),
        };
        for event in news {
            let name = event["metadata"].str("name").to_owned();
            self.events.entry(about(&event)).or_default().insert(name, event);
        }
    }

    /// Takes in the last lines that a run has printed.
    pub fn take_tail(&mut self, run: Run, lines: Vec<String>) {
        self.tails.insert(run, lines);
    }

    /// Takes in how far a pod's images are; none: nothing is pulled.
    pub fn take_pulls(&mut self, namespace: &str, pod: &str, pulls: Vec<Pull>) {
        self.pulls.insert((namespace.to_owned(), pod.to_owned()), pulls);
    }

    /// Every workload that no other one owns.
    pub fn workloads(&self) -> Vec<Workload> {
        let all = WORKLOADS.iter().flat_map(|resource| self.all(*resource).map(|object| (*resource, object)));
        let roots = all.filter(|(_, object)| fields::controller(object).is_none_or(|owner| !self.is_shown(object, owner)));
        roots.filter_map(|(resource, object)| self.standing(resource, object)).collect()
    }

    /// One workload; none if it is not there.
    pub fn workload(&self, resource: Resource, namespace: &str, name: &str) -> Option<Workload> {
        self.standing(resource, self.get(resource, namespace, name)?)
    }

    /// Whether objects of that kind have a standing.
    pub fn has_standing(kind: &str, api_version: &str) -> Option<Resource> {
        WORKLOADS.into_iter().find(|resource| resource.kind == kind && resource.api_version == api_version)
    }

    /// Whether that owner, of one of the object's kind of owners, is among the workloads.
    fn is_shown(&self, object: &Value, owner: &Value) -> bool {
        let resource = WORKLOADS.iter().find(|resource| resource.kind == owner.str("kind"));
        resource.is_some_and(|resource| self.get(*resource, object["metadata"].str("namespace"), owner.str("name")).is_some())
    }

    /// Every object of a resource that was told of.
    pub fn all(&self, resource: Resource) -> impl Iterator<Item = &Value> {
        self.objects.get(&resource).into_iter().flat_map(BTreeMap::values)
    }

    fn get(&self, resource: Resource, namespace: &str, name: &str) -> Option<&Value> {
        self.objects.get(&resource)?.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// The pods that an object owns, directly or by way of a ReplicaSet.
    fn pods_of<'a>(&'a self, owner: &'a Value) -> impl Iterator<Item = &'a Value> {
        let (uid, namespace) = (owner["metadata"].str("uid"), owner["metadata"].str("namespace"));
        let between = self.all(REPLICA_SETS).filter(move |set| fields::is_owned_by(set, uid));
        let owners: Vec<&str> = std::iter::once(uid).chain(between.map(|set| set["metadata"].str("uid"))).collect();
        let in_namespace = self.all(PODS).filter(move |pod| pod["metadata"].str("namespace") == namespace);
        in_namespace.filter(move |pod| owners.iter().any(|owner| fields::is_owned_by(pod, owner)))
    }

    /// The events about an object, the oldest first.
    fn events_of(&self, object: &Value) -> Vec<&Value> {
        let metadata = &object["metadata"];
        let is_about = |event: &&Value| {
            let about = &event["involvedObject"];
            about.str("uid") == metadata.str("uid") || about.str("uid").is_empty()
        };
        let named = self.events.get(&place(object)).into_iter().flat_map(BTreeMap::values);
        let mut events: Vec<&Value> = named.filter(is_about).collect();
        events.sort_by_key(|event| event.str("lastTimestamp"));
        events
    }

    /// The newest warning about an object, in words.
    fn warning_of(&self, object: &Value) -> Option<String> {
        let events = self.events_of(object);
        let newest = events.iter().rev().find(|event| event.str("type") == "Warning")?;
        Some(waiting::joined(newest.str("reason"), newest.str("message")))
    }

    /// Ended runs whose last words are not known and would say why a container fails.
    pub fn runs_to_read(&self, workloads: &[Workload]) -> Vec<Run> {
        let pods = workloads.iter().flat_map(|workload| &workload.pods).filter(|pod| pod.standing != Readiness::Ready);
        let found = pods.filter_map(|pod| self.get(PODS, &pod.namespace, &pod.name));
        found.flat_map(pods::failed_runs).filter(|run| !self.tails.contains_key(run)).collect()
    }

    /// Pods for which an image is being pulled.
    pub fn pulling(&self, workloads: &[Workload]) -> Vec<Place> {
        let pods = workloads.iter().flat_map(|workload| &workload.pods).filter(|pod| pod.reason == pods::PULLING);
        pods.map(|pod| (pod.namespace.clone(), pod.name.clone())).collect()
    }
}

/// Whether a list of the one namespace (empty: of all) says nothing of the other.
fn is_elsewhere(other: &str, listed: &str) -> bool {
    !listed.is_empty() && other != listed
}

fn place(object: &Value) -> Place {
    (object["metadata"].str("namespace").to_owned(), object["metadata"].str("name").to_owned())
}
