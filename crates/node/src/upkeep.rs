//! Looks after a node as a whole: says that it lives, takes samples of what it uses, and ends pods when it runs short. The thin layer
//! around [`crate::heartbeat`], [`crate::stats`] and [`crate::eviction`], which decide.

use crate::clock::Now;
use crate::eviction::thresholds::Config;
use crate::eviction::{Decision, Evictor, Reclaimed};
use crate::heartbeat::{BEAT, Heartbeat, Said};
use crate::image_gc;
use crate::node::{Node, of_node};
use crate::pod::steps::about;
use crate::registration::{Machine, NodeState};
use crate::roster::Order;
use crate::runtime::Runtime;
use crate::stats::{Observer, Sample, Stats};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stead_api::value::Access;
use stead_api::{Value, json};
use stead_client::resource::{LEASES, NODES};
use stead_client::{Client, Failure, Key, Patch};

/// Between two samples (STAT-3, NODE-10).
const SAMPLE_EVERY: Duration = Duration::from_secs(10);
/// Why a node is not ready whose machine shuts down.
const SHUTTING_DOWN: &str = "node is shutting down";
const RECONNECT: Duration = Duration::from_millis(200);

/// Takes samples of this machine's node, and acts on them.
pub async fn look_after<R: Runtime>(node: Option<Arc<Node<R>>>, stats: Stats, data_dir: Option<PathBuf>, config: Config) {
    let (Some(node), Some(data_dir)) = (node, data_dir) else { return std::future::pending().await };
    let mut watch = Watch { observer: Observer::new(data_dir), evictor: Evictor::new(config), node, stats };
    loop {
        watch.round().await;
        tokio::time::sleep(SAMPLE_EVERY).await;
    }
}

struct Watch<R> {
    node: Arc<Node<R>>,
    stats: Stats,
    observer: Observer,
    evictor: Evictor,
}

impl<R: Runtime> Watch<R> {
    async fn round(&mut self) {
        let (now, sample) = self.sample().await;
        let mut decision = self.evictor.decide(now.steady, &sample, Reclaimed::NotYet);
        if let Some(resource) = decision.reclaiming {
            let message = format!("Attempting to reclaim {resource}");
            self.node.record_event(of_node(&self.node.facts.name, "Warning", "EvictionThresholdMet", message));
        }
        if decision.reclaim {
            image_gc::remove_unused(&self.node).await;
            let (now, sample) = self.sample().await;
            decision = self.evictor.decide(now.steady, &sample, Reclaimed::Done);
        }
        self.carry_out(decision);
    }

    async fn sample(&mut self) -> (Now, Arc<Sample>) {
        let now = self.node.now();
        let sample = self.observer.sample(&self.node.runtime, &self.node.roster, now.wall, now.steady).await;
        let samples = self.stats.put(&self.node.facts.name, sample);
        (now, samples.last.unwrap_or_default())
    }

    fn carry_out(&self, decision: Decision) {
        self.node.roster.room().under_pressure(decision.pressures);
        let pods = self.node.roster.all();
        for eviction in decision.evictions {
            let Some(pod) = pods.get(&eviction.uid) else { continue };
            self.node.record_event(about(&pod.object, "", "Warning", "Evicted", eviction.message.clone()));
            if pod.orders.try_send(Order::End(eviction.into())).is_err() {
                tracing::warn!(pod = pod.object["metadata"].str("name"), "a pod that is to be evicted could not be told");
            }
        }
    }
}

/// Registers the nodes, renews their Leases, keeps their statuses right.
pub async fn keep_alive<R: Runtime>(machines: Vec<Machine>, nodes: BTreeMap<String, Arc<Node<R>>>) {
    let mut heartbeats: Vec<Heartbeat> = machines.iter().map(|_| Heartbeat::default()).collect();
    loop {
        let mut missed = false;
        for (machine, heartbeat) in machines.iter().zip(&mut heartbeats) {
            let Some(node) = nodes.get(&machine.name) else { continue };
            match beat(node, machine, heartbeat).await {
                // What many nodes that are only pretended say would drown all else.
                Ok(said) if machines.len() == 1 => {
                    said.into_iter().for_each(|said| node.record_event(of_node(&machine.name, said.ty, said.reason, said.message)));
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(node = machine.name, %error, "a node could not report");
                    missed = true;
                }
            }
        }
        let hurried = async {
            match nodes.values().next() {
                Some(node) if nodes.len() == 1 => node.roster.hurried().await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            () = tokio::time::sleep(if missed { RECONNECT } else { BEAT }) => {}
            () = hurried => {}
        }
    }
}

async fn beat<R: Runtime>(node: &Node<R>, machine: &Machine, heartbeat: &mut Heartbeat) -> Result<Vec<Said>, Failure> {
    let (api, now) = (&node.api, node.now());
    let key = Key::cluster(machine.name.as_str());
    let object = match api.find(NODES, &key).await? {
        Some(object) => object,
        None => api.create(NODES, "", machine.node()).await?,
    };
    let state = {
        let mut room = node.roster.room();
        room.node_is(&object);
        NodeState {
            pressures: room.pressures().to_vec(),
            not_ready: room.is_shutting_down().then_some(SHUTTING_DOWN),
            network_impairment: node.runtime.network_impairment(),
        }
    };
    renew(api, machine.lease(now.wall, object["metadata"].str("uid"))).await?;
    let beat = heartbeat.beat(now, machine, &object, &state);
    if let Some(labels) = beat.labels.clone() {
        api.patch(NODES, &key, "", Patch::Merge(labels)).await?;
    }
    if let Some(status) = beat.status.clone() {
        api.patch(NODES, &key, "status", Patch::Strategic(status)).await?;
    }
    heartbeat.written(now, &beat);
    Ok(beat.said)
}

async fn renew(api: &Client, lease: Value) -> Result<(), Failure> {
    let namespace = "kube-node-lease";
    let key = Key::new(namespace, lease["metadata"].str("name"));
    match api.patch(LEASES, &key, "", Patch::Merge(json!({"spec": lease["spec"]}))).await {
        Err(failure) if failure.is_not_found() => api.create(LEASES, namespace, lease).await.map(drop),
        other => other.map(drop),
    }
}
