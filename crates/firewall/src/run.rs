//! Follows the API, the sandboxes and the kernel, and has the rules kept as they want. With `lookout.rs` the only part with tasks and time.

use crate::content::PREFIX;
use crate::gate::{COMMANDS_MAX, Command, Connected, Gate};
use crate::keeper::{Heard, Keeper, State, chain};
use crate::kernel::Kernel;
use crate::lookout::look_out;
use crate::object;
use crate::world::{Place, World};
use futures::stream::{self, Stream, StreamExt, select_all};
use std::pin::Pin;
use std::time::Duration;
use stead_api::time::Timestamp;
use stead_client::event::{Event, Reference, Source};
use stead_client::resource::{NAMESPACES, PODS};
use stead_client::{Client, Resource, Scope, follow};
use stead_netfilter::Watch;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

const NETWORK_POLICIES: Resource =
    Resource { api_version: "networking.k8s.io/v1", plural: "networkpolicies", kind: "NetworkPolicy", namespaced: true };
/// Changes that are put into force together.
const CHANGES_MAX: usize = 1024;
/// Before rules that were refused are tried again, and where there can be none.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_IMPOSSIBLE: Duration = Duration::from_secs(30);
/// Events that are on their way.
const EVENTS_MAX: usize = 256;

/// Where the rules go, and for whom they are.
#[derive(Debug, Clone)]
pub struct Settings {
    pub table: String,
    pub place: Place,
}

/// The user that it acts as.
pub const USER: &str = "system:serviceaccount:kube-system:firewall";

/// Whom the rules are kept for and with.
pub struct Surroundings {
    /// Acts as [`USER`].
    pub api: Client,
    /// The node's name.
    pub node: String,
    pub now: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

/// Keeps the rules of one node; [`Firewall::run`] is to be driven.
#[derive(Debug)]
pub struct Firewall {
    world: World,
    table: String,
    commands: mpsc::Receiver<Command>,
    impaired: watch::Sender<Option<String>>,
}

impl Firewall {
    /// For sandboxes that are connected already, and those that will be. What was in force before stays so until all is known.
    pub fn new(settings: Settings, connected: impl IntoIterator<Item = Connected>) -> (Firewall, Gate) {
        let (commands_in, commands) = mpsc::channel(COMMANDS_MAX);
        let mut world = World::new(settings.place);
        world.sandboxes = connected.into_iter().map(|sandbox| (sandbox.uid.clone(), sandbox)).collect();
        let impaired = watch::Sender::new(None);
        (Firewall { world, table: settings.table, commands, impaired }, Gate { commands: commands_in })
    }

    /// Why packets of pods cannot be judged here, as long as that is so.
    pub fn impaired(&self) -> watch::Receiver<Option<String>> {
        self.impaired.subscribe()
    }

    /// Works for as long as sandboxes may be connected.
    pub async fn run(self, surroundings: Surroundings) {
        let Firewall { world, table, commands, impaired } = self;
        let Surroundings { api, node, now } = surroundings;
        let (events, events_out) = mpsc::channel(EVENTS_MAX);
        let recording = stead_client::broadcast(api.clone(), now, events_out);
        let of_node = Reference { kind: "Node".to_owned(), name: node.clone(), uid: node.clone(), ..Reference::default() };
        let source = Source { component: "kubelet".to_owned(), host: node };
        let looking = look_out(world.place.clone(), |obstacle| {
            say(&events, &source, Event::warning(of_node.clone(), "PacketsBlocked", obstacle));
        });
        let watch = listen(&table);
        let keeper = Keeper::new(world, Box::new(Kernel::new(table)), impaired);
        tokio::select! {
            () = work(keeper, watch, heard(api, commands), |event| say(&events, &source, event)) => {}
            () = recording => {}
            () = looking => {}
        }
    }
}

async fn work(mut keeper: Keeper, mut watch: Option<Watch>, heard: impl Stream<Item = Heard> + Unpin, say: impl Fn(Event)) {
    let mut heard = heard.ready_chunks(CHANGES_MAX);
    let mut retry: Option<Instant> = None;
    loop {
        tokio::select! {
            changes = heard.next() => match changes {
                Some(changes) => changes.into_iter().for_each(|change| keeper.note(change)),
                None => return,
            },
            () = disturbed(&mut watch, keeper.port()) => keeper.disturbed(),
            () = at(retry) => {
                retry = None;
                keeper.retry();
            }
        }
        keeper.keep().await.into_iter().for_each(&say);
        retry = match keeper.state {
            State::InForce => None,
            State::Behind => Some(Instant::now() + RETRY),
            State::Impossible(_) => retry.or_else(|| Some(Instant::now() + RETRY_IMPOSSIBLE)),
        };
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Listens to what others do to the rules, where the kernel has any.
fn listen(table: &str) -> Option<Watch> {
    let opened = Watch::open(table, |name| name.starts_with(PREFIX));
    opened.inspect_err(|error| tracing::warn!(error = chain(error), "what others change of the rules for pods' packets stays unseen")).ok()
}

/// Returns when somebody else has changed rules.
async fn disturbed(watch: &mut Option<Watch>, port: u32) {
    let Some(listening) = watch else { return std::future::pending().await };
    if let Err(error) = listening.disturbed(port).await {
        tracing::warn!(error = chain(&error), "what others change of the rules for pods' packets stays unseen from now on");
        *watch = None;
    }
}

fn say(events: &mpsc::Sender<(Source, Event)>, source: &Source, event: Event) {
    if events.try_send((source.clone(), event)).is_err() {
        tracing::warn!("an event was dropped: too many wait");
    }
}

fn heard(api: Client, commands: mpsc::Receiver<Command>) -> impl Stream<Item = Heard> + Unpin {
    let all = |resource| Scope::all(resource);
    let pods = follow(api.clone(), all(PODS), |object| Some(object::pod(&object))).map(Heard::Pod);
    let namespaces = follow(api.clone(), all(NAMESPACES), |object| Some(object::namespace(&object))).map(Heard::Namespace);
    let policies = follow(api, all(NETWORK_POLICIES), |object| Some(object::policy(&object))).map(Heard::Policy);
    let commands = stream::unfold(commands, |mut commands| async { Some((commands.recv().await?, commands)) }).map(Heard::Command);
    let all: [Pin<Box<dyn Stream<Item = Heard> + Send>>; 4] = [pods.boxed(), namespaces.boxed(), policies.boxed(), commands.boxed()];
    select_all(all)
}
