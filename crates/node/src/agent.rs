//! The agent: registers its nodes, keeps them alive, follows their pods and runs one worker for each.
//!
//! One agent may stand for several nodes (simulated ones); it watches pods once for all of them.

use crate::pod::status::Facts;
use crate::pod::worker::{News, Worker, recovered};
use crate::registration::Machine;
use crate::runtime::{Ended, InstanceState, Runtime, SandboxRecord};
use futures::{FutureExt, StreamExt};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_api::{Value, json};
use stead_client::event::{Event, Source};
use stead_client::resource::{LEASES, NODES, PODS, SERVICES};
use stead_client::{Client, Failure as CallFailure, Key, Patch, Report, Resource, Scope};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Seconds between renewals of a node's Lease (NODE-6).
const LEASE_RENEWAL: Duration = Duration::from_secs(10);
/// Renewals between writes of a status that has not changed: five minutes (NODE-5).
const STATUS_EVERY: u32 = 30;
/// Events waiting to be sent; more are dropped.
const EVENTS_MAX: usize = 4096;
/// Ends of containers that wait for one worker.
const EXITS_MAX: usize = 256;
const RECONNECT: Duration = Duration::from_millis(200);
/// Pause before a worker that panicked is replaced.
const REPLACE: Duration = Duration::from_secs(10);

/// The clock, injected.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What an agent is made of.
pub struct Options<R> {
    pub api: Client,
    /// One machine, or many simulated ones.
    pub machines: Vec<Machine>,
    pub runtime: R,
    pub clock: Clock,
}

/// What a worker shares with the others of its node.
pub struct Node<R> {
    pub name: String,
    pub api: Client,
    pub runtime: R,
    pub memory_bytes: i64,
    pub allocatable: Value,
    host_ips: Vec<String>,
    clock: Clock,
    events: mpsc::Sender<(Source, Event)>,
}

impl<R: Runtime> Node<R> {
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub fn facts(&self) -> Facts {
        let version = self.runtime.version();
        let runtime_name = version.split("://").next().unwrap_or_default().to_owned();
        Facts { host_ips: self.host_ips.clone(), runtime_name }
    }

    /// Records an event; dropped when too many wait.
    pub fn record_event(&self, event: Event) {
        let source = Source { component: "kubelet".to_owned(), host: self.name.clone() };
        if self.events.try_send((source, event)).is_err() {
            tracing::warn!("an event was dropped: too many wait");
        }
    }

    /// An object that may be missing.
    pub async fn optional(&self, resource: Resource, namespace: &str, name: &str) -> Result<Option<Value>, String> {
        self.api.find(resource, &Key::new(namespace, name)).await.map_err(|failure| failure.to_string())
    }

    /// Services that a pod's environment names: its namespace's, and `kubernetes`.
    pub async fn services(&self, namespace: &str) -> Result<Vec<Value>, String> {
        let mut services = self.api.list(SERVICES, namespace).await.map_err(|failure| failure.to_string())?;
        if namespace != "default" {
            services.extend(self.optional(SERVICES, "default", "kubernetes").await?);
        }
        Ok(services)
    }
}

/// A worker as the agent sees it.
struct Handle {
    name: String,
    news: watch::Sender<News>,
    exits: mpsc::Sender<Ended>,
}

/// Everything that the agent's loop owns.
struct Agent<R> {
    nodes: BTreeMap<String, Arc<Node<R>>>,
    workers: HashMap<String, Handle>,
    tasks: JoinSet<End>,
    /// Pods that wait until the former holder of their name has gone (KILL-11), by `namespace/name`.
    waiting: BTreeMap<String, Arc<Value>>,
    /// Sandboxes that no worker has taken over yet, by pod uid.
    found: HashMap<String, Vec<SandboxRecord>>,
}

/// How a worker ended, with its pod's uid.
enum End {
    Done(String),
    /// It panicked, some time ago.
    Died(String),
}

/// Runs until told to stop. Containers go on running afterwards.
pub async fn run<R: Runtime>(options: Options<R>, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
    let (events_in, events_out) = mpsc::channel(EVENTS_MAX);
    let mut found: HashMap<String, Vec<SandboxRecord>> = HashMap::new();
    for record in options.runtime.list().await.map_err(Failure::Runtime)? {
        found.entry(record.labels.get("uid").cloned().unwrap_or_default()).or_default().push(record);
    }
    let node = |machine: &Machine| Node {
        name: machine.name.clone(),
        api: options.api.clone(),
        runtime: options.runtime.clone(),
        memory_bytes: machine.memory_bytes,
        allocatable: machine.allocatable(),
        host_ips: machine.addresses.clone(),
        clock: options.clock.clone(),
        events: events_in.clone(),
    };
    let nodes = options.machines.iter().map(|m| (m.name.clone(), Arc::new(node(m)))).collect();
    let agent = Agent { nodes, workers: HashMap::new(), tasks: JoinSet::new(), waiting: BTreeMap::new(), found };
    let alive = keep_alive(options.api.clone(), options.machines.clone(), options.clock.clone());
    let clock = options.clock.clone();
    let telling = stead_client::broadcast(options.api.clone(), move || clock(), events_out);
    let following = agent.follow(options.api.clone(), options.runtime.clone());
    tokio::select! {
        () = alive => Err(Failure::Ended("node heartbeats")),
        () = telling => Err(Failure::Ended("event recorder")),
        () = following => Err(Failure::Ended("pod watch")),
        _ = stop.wait_for(|stop| *stop) => Ok(()),
    }
}

/// Why an agent ended.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("the container runtime cannot be listed: {0}")]
    Runtime(String),
    #[error("the {0} ended by itself")]
    Ended(&'static str),
}

/// Registers the nodes, renews their Leases, writes their statuses.
async fn keep_alive(api: Client, machines: Vec<Machine>, clock: Clock) {
    let mut round = 0u32;
    let mut registered: BTreeMap<String, String> = BTreeMap::new();
    loop {
        for machine in &machines {
            if let Err(error) = beat(&api, machine, clock(), round, &mut registered).await {
                tracing::warn!(node = machine.name, %error, "a node could not report");
                registered.remove(&machine.name);
            }
        }
        let pause = if registered.len() < machines.len() { RECONNECT } else { LEASE_RENEWAL };
        tokio::time::sleep(pause).await;
        round = round.wrapping_add(1);
    }
}

async fn beat(
    api: &Client,
    machine: &Machine,
    now: Timestamp,
    round: u32,
    registered: &mut BTreeMap<String, String>,
) -> Result<(), CallFailure> {
    let key = Key::cluster(machine.name.as_str());
    let first = !registered.contains_key(&machine.name);
    if first || round.is_multiple_of(STATUS_EVERY) {
        let node = match api.find(NODES, &key).await? {
            Some(node) => node,
            None => api.create(NODES, "", machine.node()).await?,
        };
        if first {
            api.patch(NODES, &key, "", Patch::Merge(json!({"metadata": {"labels": machine.labels()}}))).await?;
        }
        let status = machine.status(now, node["status"].items("conditions"));
        api.patch(NODES, &key, "status", Patch::Strategic(json!({ "status": status }))).await?;
        registered.insert(machine.name.clone(), node["metadata"].str("uid").to_owned());
    }
    renew(api, machine.lease(now, &registered[&machine.name])).await
}

async fn renew(api: &Client, lease: Value) -> Result<(), CallFailure> {
    let namespace = "kube-node-lease";
    let key = Key::new(namespace, lease["metadata"].str("name"));
    match api.patch(LEASES, &key, "", Patch::Merge(json!({"spec": lease["spec"]}))).await {
        Err(failure) if failure.is_not_found() => api.create(LEASES, namespace, lease).await.map(drop),
        other => other.map(drop),
    }
}

impl<R: Runtime> Agent<R> {
    async fn follow(mut self, api: Client, runtime: R) {
        let field_selector = match self.nodes.keys().next() {
            Some(name) if self.nodes.len() == 1 => format!("spec.nodeName={name}"),
            _ => "spec.nodeName!=".to_owned(),
        };
        let mut pods = stead_client::follow(api, Scope { resource: PODS, field_selector }, |mut pod| {
            pod["metadata"].as_object_mut()?.shift_remove("managedFields"); // nothing reads it
            Some(Arc::new(pod))
        });
        loop {
            tokio::select! {
                report = pods.next() => match report {
                    Some(report) => self.take(report),
                    None => return,
                },
                Some(ended) = runtime.next_exit() => self.route(ended),
                Some(done) = self.tasks.join_next() => self.reap(done).await,
            }
        }
    }

    fn take(&mut self, report: Report<Arc<Value>>) {
        match report {
            Report::Replaced { objects, .. } => self.replace_all(objects),
            Report::Put(pod) => self.object(pod),
            Report::Deleted(pod) => self.gone(pod["metadata"].str("uid")),
            Report::Bookmark { .. } => {}
        }
    }

    /// These are all pods that there are.
    fn replace_all(&mut self, pods: Vec<Arc<Value>>) {
        let present: BTreeSet<&str> = pods.iter().map(|pod| pod["metadata"].str("uid")).collect();
        let lost: Vec<String> = self.workers.keys().filter(|uid| !present.contains(uid.as_str())).cloned().collect();
        lost.iter().for_each(|uid| self.gone(uid));
        let orphans: Vec<String> = self.found.keys().filter(|uid| !present.contains(uid.as_str())).cloned().collect();
        // First of all: a pod that has an orphan's name waits for it.
        orphans.into_iter().for_each(|uid| self.end_orphan(uid));
        for pod in pods {
            self.object(pod);
        }
    }

    fn object(&mut self, pod: Arc<Value>) {
        let meta = &pod["metadata"];
        let Some(node) = self.nodes.get(pod["spec"].str("nodeName")).cloned() else { return };
        let uid = meta.str("uid").to_owned();
        if let Some(handle) = self.workers.get(&uid) {
            handle.news.send_replace(News::Object(pod));
            return;
        }
        let name = format!("{}/{}", meta.str("namespace"), meta.str("name"));
        if let Some((_, former)) = self.workers.iter().find(|(_, handle)| handle.name == name) {
            former.news.send_replace(News::Gone);
            self.waiting.insert(name, pod);
            return;
        }
        self.employ(node, name, uid, pod);
    }

    fn employ(&mut self, node: Arc<Node<R>>, name: String, uid: String, pod: Arc<Value>) {
        let records = self.found.remove(&uid).unwrap_or_default();
        let (state, sandboxes) = recovered(&records, &pod);
        let (news, news_out) = watch::channel(News::Object(pod.clone()));
        let (exits, exits_out) = mpsc::channel(EXITS_MAX);
        let worker = Worker::new(node, pod, news_out, exits_out, state, sandboxes);
        self.workers.insert(uid.clone(), Handle { name, news, exits });
        self.tasks.spawn(async move {
            match AssertUnwindSafe(worker.run()).catch_unwind().await {
                Ok(()) => End::Done(uid),
                Err(_) => {
                    tokio::time::sleep(REPLACE).await;
                    End::Died(uid)
                }
            }
        });
    }

    /// Ends what runs for a pod that the API does not know (KILL-10). Its worker holds the pod's name until nothing is left (KILL-11).
    fn end_orphan(&mut self, uid: String) {
        let (Some(node), Some(records)) = (self.nodes.values().next().cloned(), self.found.get(&uid)) else { return };
        let pod = remembered(&uid, records);
        let name = format!("{}/{}", pod["metadata"].str("namespace"), pod["metadata"].str("name"));
        tracing::info!(pod = name, uid, "ending what runs for a pod that is gone");
        self.employ(node, name, uid.clone(), Arc::new(pod));
        self.gone(&uid);
    }

    fn gone(&mut self, uid: &str) {
        if let Some(handle) = self.workers.get(uid) {
            handle.news.send_replace(News::Gone);
        }
        self.waiting.retain(|_, pod| pod["metadata"].str("uid") != uid);
    }

    fn route(&mut self, ended: Ended) {
        let pod = ended.sandbox.rsplit_once('-').map_or(ended.sandbox.as_str(), |(uid, _)| uid).to_owned();
        match self.workers.get(&pod) {
            Some(handle) => {
                if handle.exits.try_send(ended).is_err() {
                    tracing::error!(pod = handle.name, "a container's end could not be handed on");
                }
            }
            // Its worker is still to come, and must not take it for running.
            None => self.found.get_mut(&pod).into_iter().flatten().for_each(|record| note(record, &ended)),
        }
    }

    async fn reap(&mut self, done: Result<End, tokio::task::JoinError>) {
        let (uid, died) = match done {
            Ok(End::Done(uid)) => (uid, false),
            Ok(End::Died(uid)) => (uid, true),
            Err(error) => return tracing::error!(%error, "a pod worker was lost"),
        };
        if died {
            return self.replace(uid).await;
        }
        let Some(handle) = self.workers.remove(&uid) else { return };
        if let Some(pod) = self.waiting.remove(&handle.name) {
            self.object(pod);
        }
    }

    /// Another worker in place of one that panicked, from what the runtime says.
    async fn replace(&mut self, uid: String) {
        let Some(node) = self.nodes.values().next().cloned() else { return };
        let records = match node.runtime.list().await {
            Ok(records) => records.into_iter().filter(|record| record.labels.get("uid") == Some(&uid)).collect(),
            Err(error) => {
                tracing::error!(pod = uid, error, "the containers of a pod cannot be listed");
                self.tasks.spawn(async move {
                    tokio::time::sleep(REPLACE).await;
                    End::Died(uid)
                });
                return;
            }
        };
        let Some(handle) = self.workers.remove(&uid) else { return };
        tracing::error!(pod = handle.name, "the worker of a pod panicked and is replaced");
        self.found.insert(uid.clone(), records);
        let last = handle.news.borrow().clone();
        match last {
            News::Object(pod) => self.object(pod),
            News::Gone => self.end_orphan(uid),
        }
    }
}

/// A pod as far as its sandboxes tell: enough to end it.
fn remembered(uid: &str, records: &[SandboxRecord]) -> Value {
    let label = |name: &str| records.iter().find_map(|record| record.labels.get(name)).map(String::as_str).unwrap_or_default();
    let names: BTreeSet<&String> = records.iter().flat_map(|record| record.containers.keys()).collect();
    let containers: Vec<Value> = names.into_iter().map(|name| json!({ "name": name })).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": label("namespace"), "name": label("name"), "uid": uid},
        "spec": {"containers": containers},
    })
}

/// Notes the end of a container in a record made before it.
fn note(record: &mut SandboxRecord, ended: &Ended) {
    if record.id != ended.sandbox {
        return;
    }
    let runs = record.containers.get_mut(&ended.container).into_iter().flatten();
    for run in runs.filter(|run| run.attempt == ended.attempt && matches!(run.state, InstanceState::Running { .. })) {
        run.state = InstanceState::Exited(ended.exit.clone());
    }
}

#[cfg(test)]
mod tests;
