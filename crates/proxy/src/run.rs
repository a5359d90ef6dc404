//! Follows Services, EndpointSlices and this node's Node, and has every change applied at once. What cannot be applied is said and tried
//! again. Decides nothing about traffic.

use crate::applier::{Applied, Applier};
use crate::health::Listeners;
use crate::layout::Settings;
use crate::reconcile::is_own;
use crate::service::name_of;
use crate::state::State;
use futures::FutureExt;
use futures::stream::{SelectAll, Stream, StreamExt};
use std::pin::Pin;
use std::time::Duration;
use stead_api::Value;
use stead_client::{Client, Report, Resource, Scope, event::Event, event::Reference, event::Source, resource};
use stead_netfilter::{Error, Watch};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

const ENDPOINT_SLICES: Resource =
    Resource { api_version: "discovery.k8s.io/v1", plural: "endpointslices", kind: "EndpointSlice", namespaced: true };
/// Reports that are taken before they are applied together.
const TOGETHER_MAX: usize = 4096;
/// Between attempts.
const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Events that are on their way.
const EVENTS_MAX: usize = 16;

/// The user that it acts as.
pub const USER: &str = "system:kube-proxy";

pub struct Options {
    /// Acts as [`USER`].
    pub api: Client,
    pub node: String,
    pub settings: Settings,
    pub now: Box<dyn Fn() -> stead_api::time::Timestamp + Send + Sync>,
}

/// What is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Service,
    Slice,
    Node,
}

type Inputs = SelectAll<Pin<Box<dyn Stream<Item = (Kind, Report<Value>)> + Send>>>;

/// Runs until told to stop. The rules stay.
pub async fn run(options: Options, mut stop: watch::Receiver<bool>) {
    let Options { api, node, settings, now } = options;
    let (events, events_out) = mpsc::channel(EVENTS_MAX);
    let voice = Voice { node: node.clone(), events, said: String::new() };
    let work = work(inputs(&api, &node), State::new(settings), voice);
    let recording = stead_client::broadcast(api, now, events_out);
    tokio::select! {
        () = work => {}
        () = recording => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

fn inputs(api: &Client, node: &str) -> Inputs {
    let own = Scope { field_selector: format!("metadata.name={node}"), ..Scope::all(resource::NODES) };
    let scopes = [(Kind::Service, Scope::all(resource::SERVICES)), (Kind::Slice, Scope::all(ENDPOINT_SLICES)), (Kind::Node, own)];
    let follow = |(kind, scope)| {
        let reports = stead_client::follow(api.clone(), scope, |object: Value| Some(object));
        Box::pin(reports.map(move |report| (kind, report))) as Pin<Box<dyn Stream<Item = _> + Send>>
    };
    scopes.into_iter().map(follow).collect()
}

async fn work(mut inputs: Inputs, state: State, mut voice: Voice) {
    let mut worker = Worker { listed: Vec::new(), listeners: Listeners::default() };
    let mut wait = WAIT_FIRST;
    let Some(mut applier) = open(state, &mut voice).await else { return };
    let mut watch = listen(&applier.state.settings.table);
    let mut retry: Option<Instant> = None;
    loop {
        tokio::select! {
            input = inputs.next() => {
                let Some(input) = input else { return };
                worker.take(&mut applier.state, input);
                for _ in 1..TOGETHER_MAX {
                    let Some(Some(input)) = inputs.next().now_or_never() else { break };
                    worker.take(&mut applier.state, input);
                }
            }
            () = disturbed(&mut watch, applier.port()) => {
                tracing::warn!(table = applier.state.settings.table, "somebody else has changed rules of Services; they are put right");
                applier.disturbed();
            }
            () = at(retry) => {}
        }
        if !worker.knows_all() || retry.is_some_and(|at| at > Instant::now()) {
            continue;
        }
        let began = Instant::now();
        let done = tokio::task::spawn_blocking(move || {
            let result = step(&mut applier);
            (applier, result)
        });
        let (back, result) = match done.await {
            Ok(done) => done,
            Err(panic) => return tracing::error!(%panic, "the Services' rules are no longer kept up to date"),
        };
        applier = back;
        worker.listeners.set(applier.state.health());
        match result {
            Ok(Applied { services, bytes, flows_forgotten }) => {
                if services > 0 {
                    tracing::debug!(services, bytes, flows_forgotten, took_us = began.elapsed().as_micros(), "applied rules");
                }
                voice.succeeded();
                (wait, retry) = (WAIT_FIRST, None);
            }
            Err(error) => {
                voice.failed(&error);
                retry = Some(Instant::now() + wait);
                wait = (wait * 2).min(WAIT_MAX);
            }
        }
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn listen(table: &str) -> Option<Watch> {
    Watch::open(table, is_own).inspect_err(|error| tracing::warn!(%error, "what others change of Services' rules stays unseen")).ok()
}

/// Returns when somebody else has changed rules.
async fn disturbed(watch: &mut Option<Watch>, port: u32) {
    let Some(listening) = watch else { return std::future::pending().await };
    if let Err(error) = listening.disturbed(port).await {
        tracing::warn!(%error, "what others change of Services' rules stays unseen from now on");
        *watch = None;
    }
}

/// What may block for some milliseconds.
fn step(applier: &mut Applier) -> Result<Applied, Error> {
    if applier.is_due() { applier.apply() } else { Ok(Applied::default()) }
}

/// `None`: never.
async fn open(state: State, voice: &mut Voice) -> Option<Applier> {
    match Applier::open(state) {
        Ok(applier) => Some(applier),
        Err(error) => {
            voice.failed(&error);
            std::future::pending().await
        }
    }
}

struct Worker {
    /// What has been listed once.
    listed: Vec<Kind>,
    listeners: Listeners,
}

impl Worker {
    /// Before that what is not known would be taken for what is not there.
    fn knows_all(&self) -> bool {
        self.listed.len() == 3
    }

    fn note(&mut self, kind: Kind) {
        if !self.listed.contains(&kind) {
            self.listed.push(kind);
        }
    }

    fn take(&mut self, state: &mut State, (kind, report): (Kind, Report<Value>)) {
        match report {
            Report::Replaced { objects, .. } => {
                let names = objects.iter().map(name_of).collect();
                match kind {
                    Kind::Service => state.retain_services(&names),
                    Kind::Slice => state.retain_slices(&names),
                    Kind::Node => {}
                }
                objects.iter().for_each(|object| put(state, kind, object));
                // A node that is not registered yet has no addresses.
                if kind != Kind::Node || !objects.is_empty() {
                    self.note(kind);
                }
            }
            Report::Put(object) => {
                put(state, kind, &object);
                self.note(kind);
            }
            Report::Deleted(object) => match kind {
                Kind::Service => state.delete_service(&name_of(&object)),
                Kind::Slice => state.delete_slice(&name_of(&object)),
                Kind::Node => {}
            },
            Report::Bookmark { .. } => {}
        }
    }
}

fn put(state: &mut State, kind: Kind, object: &Value) {
    match kind {
        Kind::Service => state.put_service(object),
        Kind::Slice => state.put_slice(object),
        Kind::Node => state.set_node(object),
    }
}

/// Says what fails: in the log, and as an event of the node; each failure once.
struct Voice {
    node: String,
    events: mpsc::Sender<(Source, Event)>,
    said: String,
}

impl Voice {
    fn failed(&mut self, error: &Error) {
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
        let text = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        if text == self.said {
            return;
        }
        let hint = if error.is_unsupported() { " (this needs CAP_NET_ADMIN and a kernel with nf_tables)" } else { "" };
        tracing::error!(error = text, "Services have no traffic on this node as it is now{hint}");
        let regarding = Reference { kind: "Node".to_owned(), name: self.node.clone(), uid: self.node.clone(), ..Reference::default() };
        let message = format!("Services' rules cannot be applied: {text}{hint}");
        let source = Source { component: "kube-proxy".to_owned(), host: self.node.clone() };
        if self.events.try_send((source, Event::warning(regarding, "FailedServiceRules", message))).is_err() {
            tracing::debug!("an event is left out: there are too many");
        }
        self.said = text;
    }

    fn succeeded(&mut self) {
        if !self.said.is_empty() {
            tracing::info!("the Services' rules are applied again");
            self.said.clear();
        }
    }
}
