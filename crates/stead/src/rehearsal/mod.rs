//! What applying manifests would do, played to its end: a copy of a cluster's objects in memory, the real API server, controllers and
//! scheduler, and nodes that only pretend, under virtual time. Input: objects, manifests, the images that are on the machine. Output: what
//! happens, step by step, and what is stuck at the end. Nothing is written to disk, and no node is asked.

mod apply;
mod crew;
mod ended;
mod nodes;
mod observer;
mod stage;
#[cfg(test)]
mod tests;

pub use apply::{Applied, Change};
pub use ended::Stuck;
pub use observer::{Act, Step, Volume};
pub use stage::full_name;

use crate::manifests::Document;
use anyhow::Context;
use crew::Crew;
use observer::{Known, Observer};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use stead_api::Value;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_server::{Config, Environment, Server, SigningKey, VirtualTime};
use stead_store::Store;

/// How long the copy is left alone first, so that its controllers have seen everything.
const SETTLING: Duration = Duration::from_secs(5);
/// Nothing happens any more after so long without a step; what the manifests themselves wait for comes on top.
const QUIET: Duration = Duration::from_secs(120);
/// A world that still moves then is left as it is.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What is played.
pub struct Scene {
    /// The cluster's objects; none: a new cluster.
    pub objects: Vec<Value>,
    /// Of objects that name none.
    pub namespace: String,
    /// When it begins.
    pub now: Timestamp,
    /// The images that the machine has, by their full names; `None`: that is not known.
    pub images: Option<BTreeSet<String>>,
    /// The node of a cluster without any.
    pub machine: stead_node::registration::Machine,
    /// What a new cluster has from its beginning.
    pub first_objects: Vec<Value>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Each object of the manifests, in order.
    pub applied: Vec<Applied>,
    pub steps: Vec<Step>,
    pub stuck: Vec<Stuck>,
    /// It still moved when it was left.
    pub is_unfinished: bool,
}

impl Outcome {
    /// Whether applying would change anything.
    pub fn changes(&self) -> bool {
        let changes = |applied: &Applied| matches!(applied.change, Change::Created | Change::Configured);
        !self.steps.is_empty() || self.applied.iter().any(changes)
    }
}

/// Plays it.
pub fn play(scene: Scene, documents: &[Document]) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.context("start the runtime")?.block_on(played(scene, documents))
}

async fn played(scene: Scene, documents: &[Document]) -> anyhow::Result<Outcome> {
    let namespace = scene.namespace.clone();
    let mut world = World::begin(scene).await?;
    let applied = world.apply(documents, &namespace).await?;
    let is_unfinished = !world.play_out(QUIET + longest_wait(documents)).await?;
    let stuck = ended::stuck(&world.server, &world.observer, &applied).await?;
    Ok(Outcome { applied, steps: world.observer.into_steps(), stuck, is_unfinished })
}

/// A copy of a cluster in which time passes.
struct World {
    server: Server,
    crew: Crew,
    observer: Observer,
}

impl World {
    async fn begin(scene: Scene) -> anyhow::Result<Self> {
        let clock: Arc<dyn Environment> = Arc::new(VirtualTime::new(scene.now, 0));
        let store = Store::memory();
        let objects: Vec<Value> = scene.objects.into_iter().map(apply::owned_by_apply).collect();
        let machines = nodes::machines(&objects, scene.machine);
        let disk_bytes = nodes::disk_bytes(&objects);
        let stage = stage::Stage::new(clock.clone(), &machines, scene.images.clone(), nodes::records(&objects));
        let known = Known { volumes: nodes::volumes(&objects), images: scene.images };
        let config = Config {
            store: store.clone(),
            environment: Arc::clone(&clock),
            service_cidr: service_ranges(&objects),
            advertise: "https://127.0.0.1:6443".to_owned(),
            token_key: Arc::new(SigningKey::fresh().context("make a key")?),
            token_issuer: "https://kubernetes.default.svc".to_owned(),
            first_objects: scene.first_objects,
        };
        stead_server::copy_into(&store, objects).await.map_err(anyhow::Error::from).context("copy the cluster")?;
        let server = Server::new(config).await.map_err(anyhow::Error::from).context("start the API of the copy")?;
        let crew = Crew::start(&server, clock, machines, stage, disk_bytes)?;
        tokio::time::sleep(SETTLING).await;
        let observer = Observer::begin(&server, crew.explainer.clone(), known).await?;
        Ok(Self { server, crew, observer })
    }

    async fn apply(&mut self, documents: &[Document], namespace: &str) -> anyhow::Result<Vec<Applied>> {
        let mut applied = Vec::new();
        for document in documents {
            applied.push(apply::apply(&self.server, document, namespace).await?);
            self.observer.catch_up().await;
        }
        Ok(applied)
    }

    /// `false`: it has none in sight.
    async fn play_out(&mut self, patience: Duration) -> anyhow::Result<bool> {
        tokio::select! {
            ended = self.observer.watch_until(patience, LONGEST) => Ok(ended),
            who = self.crew.first_end() => anyhow::bail!("a part of the copy ended: {who}"),
        }
    }
}

/// The ranges of Services' addresses, as the copy has them.
fn service_ranges(objects: &[Value]) -> String {
    let own = objects.iter().find(|object| object.str("kind") == "ServiceCIDR" && object["metadata"].str("name") == "kubernetes");
    let ranges: Vec<&str> = own.map(|object| object["spec"].items("cidrs")).unwrap_or_default().iter().filter_map(Value::as_str).collect();
    if ranges.is_empty() { "10.43.0.0/16".to_owned() } else { ranges.join(",") }
}

/// The longest that a manifest lets pass without anything to be seen.
fn longest_wait(documents: &[Document]) -> Duration {
    let of = |document: &Document| {
        let spec = &document.object["spec"];
        let template = if document.kind() == "Pod" { spec } else { &spec["template"]["spec"] };
        let probes = template.items("containers").iter().flat_map(|container| {
            ["startupProbe", "readinessProbe"].map(|probe| {
                let number = |name: &str, default: i64| container[probe].int(name).unwrap_or(default);
                number("initialDelaySeconds", 0).saturating_add(number("periodSeconds", 10).saturating_mul(number("successThreshold", 1)))
            })
        });
        let longest = probes.max().unwrap_or(0).saturating_add(spec.int("minReadySeconds").unwrap_or(0));
        Duration::from_secs(u64::try_from(longest).unwrap_or(0))
    };
    documents.iter().map(of).max().unwrap_or_default().min(LONGEST)
}
