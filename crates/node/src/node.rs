//! What everything that works for one node shares: its API client, its runtime, its clocks and the way to record events.

use crate::admission::Room;
use crate::clock::Now;
use crate::image_gc;
use crate::pod::pull_progress::PullsUnderWay;
use crate::pod::steps::NodeFacts;
use crate::registration::Machine;
use crate::roster::Roster;
use crate::runtime::Runtime;
use crate::volumes::Volumes;
use std::sync::Arc;
use stead_api::Value;
use stead_api::time::Timestamp;
use stead_client::event::{Event, Reference, Source};
use stead_client::resource::SERVICES;
use stead_client::{Client, Key, Resource};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The wall clock, injected.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What all nodes of one agent have in common.
pub struct Shared<R> {
    pub api: Client,
    pub runtime: R,
    pub volumes: Option<Volumes>,
    pub clock: Clock,
    /// The zero of the steady clock.
    pub began: Instant,
    pub events: mpsc::Sender<(Source, Event)>,
}

/// One node.
pub struct Node<R> {
    pub api: Client,
    pub runtime: R,
    pub facts: Arc<NodeFacts>,
    pub roster: Roster,
    /// None where there are no containers.
    pub volumes: Option<Volumes>,
    pub(crate) image_uses: image_gc::Known,
    pub(crate) pulls: PullsUnderWay,
    clock: Clock,
    began: Instant,
    events: mpsc::Sender<(Source, Event)>,
}

impl<R: Runtime> Node<R> {
    /// What is shared by a node of these facts; `began` is the zero of the steady clock.
    pub fn new(shared: &Shared<R>, machine: &Machine) -> Self {
        let facts = machine.facts(&shared.runtime.version());
        let roster = Roster::new(Room::new(&machine.name, &machine.allocatable(), &machine.labels()));
        Self {
            api: shared.api.clone(),
            runtime: shared.runtime.clone(),
            facts: Arc::new(facts),
            roster,
            volumes: shared.volumes.clone(),
            image_uses: image_gc::Known::default(),
            pulls: PullsUnderWay::default(),
            clock: shared.clock.clone(),
            began: shared.began,
            events: shared.events.clone(),
        }
    }

    pub fn now(&self) -> Now {
        Now { wall: (self.clock)(), steady: self.began.elapsed() }
    }

    /// A steady moment as tokio's timers want it.
    pub fn instant(&self, steady: std::time::Duration) -> Instant {
        self.began + steady
    }

    /// Records an event; it is dropped when too many wait.
    pub fn record_event(&self, event: Event) {
        let source = Source { component: "kubelet".to_owned(), host: self.facts.name.clone() };
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

/// An event about the node; a kubelet names itself there by its name only, and clients look for that.
pub fn of_node(name: &str, ty: &'static str, reason: &'static str, message: String) -> Event {
    let regarding = Reference { kind: "Node".to_owned(), name: name.to_owned(), uid: name.to_owned(), ..Reference::default() };
    Event { ty, reason, message, regarding }
}
