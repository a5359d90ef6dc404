//! The agent: registers its nodes, keeps them alive, follows their pods and runs one machine for each.
//!
//! One agent may stand for several nodes (simulated ones); it watches pods once for all of them.

use crate::disks::NodeDisks;
use crate::eviction;
use crate::following::following;
pub use crate::node::Clock;
use crate::node::{Node, Shared};
use crate::pod::machine::{Explanation, PodUpdate, is_accepted};
use crate::pod::runner::{Runner, without_managed_fields};
use crate::pods::{Begin, Order, Pods};
use crate::provisioner;
use crate::questions::{Question, Questions};
use crate::registration::Machine;
use crate::roster;
use crate::runtime::{Heard, Runtime};
use crate::shutdown::{Shutdown, look_out};
use crate::stats::Stats;
use crate::upkeep::{keep_alive, look_after};
use crate::volumes::Volumes;
use futures::{FutureExt, StreamExt};
use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stead_client::event::{Event, Source};
use stead_client::resource::PODS;
use stead_client::{Client, Report, Scope};
use stead_volumes::Store;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Events waiting to be sent; more are dropped.
const EVENTS_MAX: usize = 4096;
/// Ends of containers and sandboxes that wait for one pod.
const HEARD_MAX: usize = 256;
/// Pause before the runner of a pod that panicked is replaced.
const REPLACE: Duration = Duration::from_secs(10);

/// What an agent is made of.
pub struct Options<R> {
    pub api: Client,
    /// One machine, or many simulated ones.
    pub machines: Vec<Machine>,
    pub runtime: R,
    /// Where its pods' volumes are; none for nodes without containers.
    pub volumes: Option<Arc<Store>>,
    /// Where claims' bytes live; none: nothing is provisioned.
    pub storage: Option<Storage>,
    pub clock: Clock,
    /// Samples of what the nodes and their pods use go there.
    pub stats: Stats,
    /// Where the pods' directories lie; `None` if there is nothing to be measured.
    pub data_dir: Option<PathBuf>,
    /// When pods are evicted.
    pub eviction: eviction::thresholds::Config,
    /// What others ask about its pods.
    pub questions: Questions,
    /// The machine's shutdown.
    pub shutdown: Shutdown,
    /// Told once the API calls no pod ready that has ended while no agent ran.
    pub caught_up: watch::Sender<bool>,
}

/// The disks of an agent's nodes.
pub struct Storage {
    /// The client of the provisioner, which acts as [`provisioner::USER`].
    pub api: Client,
    pub disks: Arc<dyn NodeDisks>,
    /// Where those lie whose class names no directory.
    pub default_pool: PathBuf,
}

/// A pod's runner as the agent sees it.
struct Handle {
    updates: watch::Sender<PodUpdate>,
    heard: mpsc::Sender<Heard>,
}

/// Everything that the agent's loop owns.
struct Agent<R> {
    nodes: BTreeMap<String, Arc<Node<R>>>,
    pods: Pods,
    /// By pod uid.
    runners: HashMap<String, Handle>,
    tasks: JoinSet<End>,
}

/// How a runner ended, with its pod's uid.
enum End {
    Over(String),
    /// It panicked, some time ago.
    Died(String),
}

/// Runs until told to stop. Containers go on running afterwards.
pub async fn run<R: Runtime>(options: Options<R>, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
    let (events_in, events_out) = mpsc::channel(EVENTS_MAX);
    let began = Instant::now();
    let records = options.runtime.list().await.map_err(Failure::Runtime)?;
    let (following, follower) = following(options.api.clone());
    let directories = options.volumes.as_ref().map_or(Ok(Vec::new()), |store| store.owners()).map_err(Failure::Volumes)?;
    let disks = options.storage.as_ref().map(|storage| Arc::clone(&storage.disks));
    let providing = provide(&options, began, events_in.clone());
    let shared = Shared {
        api: options.api.clone(),
        runtime: options.runtime.clone(),
        volumes: options.volumes.map(|store| Volumes { store, following, disks }),
        clock: options.clock.clone(),
        began,
        events: events_in,
    };
    let nodes = options.machines.iter().map(|machine| (machine.name.clone(), Arc::new(Node::new(&shared, machine))));
    let nodes: BTreeMap<String, Arc<Node<R>>> = nodes.collect();
    let pods = Pods::new(nodes.keys().cloned(), records, directories);
    let looking_after = look_after(nodes.values().next().cloned(), options.stats.clone(), options.data_dir.clone(), options.eviction);
    let catching_up = catch_up(nodes.clone(), options.caught_up);
    let alive = keep_alive(options.machines.clone(), nodes.clone());
    let keeping_images = crate::image_gc::keep(nodes.values().next().filter(|_| options.data_dir.is_some()).cloned());
    let looking_out = look_out(nodes.values().next().cloned(), options.shutdown);
    let agent = Agent { nodes, pods, runners: HashMap::new(), tasks: JoinSet::new() };
    let clock = options.clock.clone();
    let recording = stead_client::broadcast(options.api.clone(), move || clock(), events_out);
    let working = agent.follow(options.api.clone(), options.runtime.clone(), options.questions);
    // Held so that there is somebody who may ask, also where nobody does.
    let _shared = shared;
    tokio::select! {
        () = alive => Err(Failure::Ended("node heartbeats")),
        () = looking_after => Err(Failure::Ended("node statistics")),
        () = catching_up => Err(Failure::Ended("look at the first pods")),
        () = looking_out => Err(Failure::Ended("watch for a shutdown of the machine")),
        () = keeping_images => Err(Failure::Ended("image garbage collection")),
        () = providing => Err(Failure::Ended("provisioner")),
        () = recording => Err(Failure::Ended("event recorder")),
        () = working => Err(Failure::Ended("pod watch")),
        () = follower.run() => Err(Failure::Ended("watches of what pods refer to")),
        _ = stop.wait_for(|stop| *stop) => Ok(()),
    }
}

/// Makes the volumes of claims, where there are disks.
fn provide<R: Runtime>(options: &Options<R>, began: Instant, events: mpsc::Sender<(Source, Event)>) -> impl Future<Output = ()> + use<R> {
    let provisioner = options.storage.as_ref().map(|storage| provisioner::Options {
        api: storage.api.clone(),
        nodes: options.machines.iter().map(|machine| machine.name.clone()).collect(),
        disks: Arc::clone(&storage.disks),
        store: options.volumes.clone(),
        default_pool: storage.default_pool.clone(),
        clock: options.clock.clone(),
        began,
        events,
    });
    async move {
        match provisioner {
            Some(options) => provisioner::run(options).await,
            None => std::future::pending().await,
        }
    }
}

/// Says when what ended while no agent ran is told, or cannot be.
async fn catch_up<R>(nodes: BTreeMap<String, Arc<Node<R>>>, caught_up: watch::Sender<bool>) {
    for node in nodes.values() {
        node.roster.until(|pods| pods.values().all(|pod| !pod.overstated)).await;
    }
    caught_up.send_replace(true);
    std::future::pending().await
}

/// Why an agent ended.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("the container runtime cannot be listed: {0}")]
    Runtime(String),
    #[error("the pods' directories cannot be listed")]
    Volumes(#[source] stead_volumes::Error),
    #[error("the {0} ended by itself")]
    Ended(&'static str),
}

impl<R: Runtime> Agent<R> {
    async fn follow(mut self, api: Client, runtime: R, mut questions: Questions) {
        let field_selector = match self.nodes.keys().next() {
            Some(name) if self.nodes.len() == 1 => format!("spec.nodeName={name}"),
            _ => "spec.nodeName!=".to_owned(),
        };
        let mut reports =
            stead_client::follow(api, Scope { field_selector, ..Scope::all(PODS) }, |pod| Some(Arc::new(without_managed_fields(pod))));
        loop {
            tokio::select! {
                report = reports.next() => match report {
                    Some(report) => {
                        let is_all = matches!(report, Report::Replaced { .. });
                        let orders = self.pods.change(report);
                        self.carry_out(orders);
                        if is_all {
                            self.nodes.values().for_each(|node| node.roster.complete());
                        }
                    }
                    None => return,
                },
                Some(heard) = runtime.hear() => self.heard(heard),
                question = questions.next() => self.answer(question),
                Some(done) = self.tasks.join_next() => self.reap(done, &runtime).await,
            }
        }
    }

    /// Hands it on to the pod's runner; one that is dropped says that there is no such pod.
    fn answer(&self, question: Question) {
        let Question { namespace, name, answer } = question;
        if let Some(holder) = self.pods.waits_for(&namespace, &name) {
            let reason = format!("its name belongs to an earlier pod, {holder}, until nothing of that is left on this node");
            return drop(answer.send(Explanation { waits_for: vec![reason], ..Explanation::default() }));
        }
        let orders = self.nodes.values().find_map(|node| node.roster.orders_of(&namespace, &name));
        if orders.is_some_and(|orders| orders.try_send(roster::Order::Explain(answer)).is_err()) {
            tracing::warn!(namespace, name, "a pod's runner could not be asked");
        }
    }

    fn carry_out(&mut self, orders: Vec<Order>) {
        // First of all what was taken before counts, whatever its place in the list.
        for order in &orders {
            if let Order::Begin(begin) = order
                && let Some(node) = self.nodes.get(&begin.node)
                && is_accepted(&begin.object, &begin.records)
            {
                node.roster.room().take(&begin.object);
            }
        }
        for order in orders {
            match order {
                Order::Begin(begin) => self.begin(begin),
                Order::Update { uid, update } => {
                    if let Some(handle) = self.runners.get(&uid) {
                        handle.updates.send_replace(update);
                    }
                }
            }
        }
    }

    fn begin(&mut self, begin: Begin) {
        let Begin { uid, node, object, records } = begin;
        let Some(node) = self.nodes.get(&node).cloned() else { return };
        let (updates, updates_out) = watch::channel(PodUpdate::Object(object.clone()));
        let (heard, heard_out) = mpsc::channel(HEARD_MAX);
        let runner = Runner::new(node, object, &records, updates_out, heard_out);
        self.runners.insert(uid.clone(), Handle { updates, heard });
        self.tasks.spawn(async move {
            match AssertUnwindSafe(runner.run()).catch_unwind().await {
                Ok(()) => End::Over(uid),
                Err(_) => {
                    tokio::time::sleep(REPLACE).await;
                    End::Died(uid)
                }
            }
        });
    }

    fn heard(&mut self, heard: Heard) {
        let Some(uid) = self.pods.heard(&heard) else { return };
        if let Some(handle) = self.runners.get(&uid)
            && handle.heard.try_send(heard).is_err()
        {
            tracing::error!(pod = uid, "the end of a container or sandbox could not be handed on");
        }
    }

    async fn reap(&mut self, done: Result<End, tokio::task::JoinError>, runtime: &R) {
        match done {
            Ok(End::Over(uid)) => {
                self.runners.remove(&uid);
                let orders = self.pods.over(&uid);
                self.carry_out(orders);
            }
            Ok(End::Died(uid)) => self.replace(uid, runtime).await,
            Err(error) => tracing::error!(%error, "the runner of a pod was lost"),
        }
    }

    /// Another runner in place of one that panicked, from what the runtime says.
    async fn replace(&mut self, uid: String, runtime: &R) {
        let records = match runtime.list().await {
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
        let Some(handle) = self.runners.remove(&uid) else { return };
        tracing::error!(pod = uid, "the runner of a pod panicked and is replaced");
        let last = handle.updates.borrow().clone();
        let orders = self.pods.replace(&uid, records, last);
        self.carry_out(orders);
    }
}

#[cfg(test)]
mod tests;
