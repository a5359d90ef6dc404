//! Follows the API and the sandboxes, and keeps the kernel's rules as they want. The only part with tasks and time.

use crate::content::Content;
use crate::gate::{COMMANDS_MAX, Command, Connected, Gate};
use crate::kernel::Kernel;
use crate::object::{self, Namespace, Pod, Policy};
use crate::world::{Place, World};
use crate::{foreign, policies, ways};
use futures::stream::{self, Stream, StreamExt, select_all};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;
use stead_client::resource::{NAMESPACES, PODS};
use stead_client::{Client, Report, Resource, Scope, follow};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

const NETWORK_POLICIES: Resource =
    Resource { api_version: "networking.k8s.io/v1", plural: "networkpolicies", kind: "NetworkPolicy", namespaced: true };
/// Changes that are put into force together.
const CHANGES_MAX: usize = 1024;
/// Between looks at whether the rules are still there.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Before rules that were refused are tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Where the rules go, and for whom they are.
#[derive(Debug, Clone)]
pub struct Settings {
    pub table: String,
    pub place: Place,
}

/// Keeps the rules of one node; [`Firewall::run`] is to be driven.
#[derive(Debug)]
pub struct Firewall {
    world: World,
    kernel: Kernel,
    commands: mpsc::Receiver<Command>,
}

enum Heard {
    Pod(Report<Pod>),
    Namespace(Report<Namespace>),
    Policy(Report<Policy>),
    Command(Command),
}

/// Those who wait for a sandbox's verdict, by its pod's uid.
type Waiting = Vec<(String, oneshot::Sender<()>)>;

impl Firewall {
    /// For sandboxes that are connected already, and those that will be. What was in force before stays so until all is known.
    pub fn new(settings: Settings, connected: impl IntoIterator<Item = Connected>) -> (Firewall, Gate) {
        let (commands_in, commands) = mpsc::channel(COMMANDS_MAX);
        let mut world = World::new(settings.place);
        world.sandboxes = connected.into_iter().map(|sandbox| (sandbox.uid.clone(), sandbox)).collect();
        (Firewall { world, kernel: Kernel::new(settings.table), commands }, Gate { commands: commands_in })
    }

    /// Rules of others that keep packets of its pods back, a sentence each with the line that helps.
    pub fn obstacles(&self) -> stead_netfilter::Result<Vec<String>> {
        foreign::obstacles(&self.world.place)
    }

    /// Works for as long as sandboxes may be connected.
    pub async fn run(self, api: Client) {
        let Firewall { world, kernel, commands } = self;
        let mut heard = heard(api, commands).ready_chunks(CHANGES_MAX);
        let mut keeper = Keeper { world, kernel: Some(kernel), told: Told::default(), waiting: Vec::new(), state: State::Behind };
        let mut next = Instant::now() + LOOK_EVERY;
        loop {
            tokio::select! {
                changes = heard.next() => match changes {
                    Some(changes) => changes.into_iter().for_each(|change| keeper.note(change)),
                    None => return,
                },
                () = sleep_until(next) => keeper.look().await,
            }
            keeper.keep().await;
            next = Instant::now() + if keeper.state == State::Behind { RETRY } else { LOOK_EVERY };
        }
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

/// Which lists have been told of.
#[derive(Debug, Default)]
struct Told {
    pods: bool,
    namespaces: bool,
    policies: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The kernel's rules are not what is wanted now.
    Behind,
    InForce,
    /// The kernel has no such rules, or this process may not make any.
    Impossible,
}

struct Keeper {
    world: World,
    /// `None` while it is lent to a thread that may wait.
    kernel: Option<Kernel>,
    told: Told,
    waiting: Waiting,
    state: State,
}

impl Keeper {
    fn note(&mut self, heard: Heard) {
        let is_settled = self.state == State::Impossible;
        match heard {
            Heard::Pod(report) => self.told.pods |= change(&mut self.world.pods, report, |pod| pod.name.clone(), |pod| pod),
            Heard::Policy(report) => {
                self.told.policies |= change(&mut self.world.policies, report, |policy: &Policy| policy.name.clone(), |policy| policy);
            }
            Heard::Namespace(report) => {
                let name = |namespace: &Namespace| namespace.name.clone();
                self.told.namespaces |= change(&mut self.world.namespaces, report, name, |namespace| namespace.labels);
            }
            Heard::Command(Command::Admit(sandbox, done)) => {
                self.waiting.push((sandbox.uid.clone(), done));
                self.world.sandboxes.insert(sandbox.uid.clone(), sandbox);
            }
            Heard::Command(Command::Forget { uid, link }) => {
                if self.world.sandboxes.get(&uid).is_some_and(|sandbox| sandbox.link == link) {
                    self.world.sandboxes.remove(&uid);
                }
            }
        }
        if !is_settled {
            self.state = State::Behind;
        }
    }

    /// Puts what is wanted into force, and answers those whose sandboxes it judges.
    async fn keep(&mut self) {
        let is_told = self.told.pods && self.told.namespaces && self.told.policies;
        if self.state == State::Behind && is_told {
            self.apply().await;
        }
        let world = &self.world;
        let answers = |uid: &str| match self.state {
            State::Behind => false,
            State::InForce => world.knows(uid) || !world.sandboxes.contains_key(uid),
            State::Impossible => true,
        };
        for (_, done) in self.waiting.extract_if(.., |(uid, _)| answers(uid)) {
            if done.send(()).is_err() {
                tracing::debug!("nobody waits for a verdict any more");
            }
        }
    }

    async fn apply(&mut self) {
        let (content, udp) = (content(&self.world), ways::udp_ports(&self.world));
        match self.with_kernel(move |kernel| kernel.apply(content, udp)).await {
            Ok(()) => self.state = State::InForce,
            Err(error) if error.is_unsupported() => {
                tracing::error!(
                    error = chain(&error),
                    "this machine's packets cannot be judged: NetworkPolicies and hostPorts have no effect, and pods reach nothing outside the cluster"
                );
                self.state = State::Impossible;
            }
            Err(error) => tracing::warn!(error = chain(&error), "packets of pods are judged as before for now"),
        }
    }

    async fn look(&mut self) {
        if self.state != State::InForce {
            return;
        }
        match self.with_kernel(Kernel::is_gone).await {
            Ok(false) => {}
            Ok(true) => {
                tracing::warn!("somebody has removed the rules for packets of pods; they are made again");
                self.state = State::Behind;
            }
            Err(error) => tracing::warn!(error = chain(&error), "cannot see whether the rules for packets of pods are there"),
        }
    }

    /// The kernel's answers may take a while: not in a task's time.
    async fn with_kernel<T: Send + 'static>(&mut self, work: impl FnOnce(&mut Kernel) -> T + Send + 'static) -> T {
        let mut kernel = self.kernel.take().expect("it is lent to one at a time");
        let worked = tokio::task::spawn_blocking(move || {
            let result = work(&mut kernel);
            (kernel, result)
        });
        match worked.await {
            Ok((kernel, result)) => {
                self.kernel = Some(kernel);
                result
            }
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// Takes a report in; gives whether it was a whole list.
fn change<T, K: Ord, V>(kept: &mut BTreeMap<K, V>, report: Report<T>, key: impl Fn(&T) -> K, value: impl Fn(T) -> V) -> bool {
    match report {
        Report::Replaced { objects, .. } => {
            *kept = objects.into_iter().map(|object| (key(&object), value(object))).collect();
            return true;
        }
        Report::Put(object) => drop(kept.insert(key(&object), value(object))),
        Report::Deleted(object) => drop(kept.remove(&key(&object))),
        Report::Bookmark { .. } => {}
    }
    false
}

/// All that is wanted at that moment.
pub(crate) fn content(world: &World) -> Content {
    let mut content = Content::default();
    policies::add(&mut content, world);
    ways::add(&mut content, world);
    content
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
