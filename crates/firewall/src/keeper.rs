//! Keeps what is in force as it is wanted, and answers those who wait for a sandbox's verdict. Has no time of its own.

use crate::content::Content;
use crate::gate::Command;
use crate::kernel::Rules;
use crate::object::{Namespace, Pod, Policy};
use crate::world::World;
use crate::{policies, unenforced, ways};
use std::collections::BTreeMap;
use stead_client::Report;
use stead_client::event::Event;
use tokio::sync::{oneshot, watch};

/// What was heard.
pub enum Heard {
    Pod(Report<Pod>),
    Namespace(Report<Namespace>),
    Policy(Report<Policy>),
    Command(Command),
}

/// Those who wait for a sandbox's verdict, by its pod's uid.
type Waiting = Vec<(String, oneshot::Sender<Result<(), String>>)>;

/// Which lists have been told of.
#[derive(Debug, Default)]
struct Told {
    pods: bool,
    namespaces: bool,
    policies: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The kernel's rules are not what is wanted now.
    Behind,
    InForce,
    /// The kernel has no such rules, or this process may not make any: why.
    Impossible(String),
}

/// See the module.
pub struct Keeper {
    pub world: World,
    /// `None` while it is lent to a thread that may wait.
    rules: Option<Box<dyn Rules>>,
    told: Told,
    waiting: Waiting,
    pub state: State,
    /// Why nothing can be judged, if so, for others to know.
    impaired: watch::Sender<Option<String>>,
    said: unenforced::Told,
}

impl Keeper {
    pub fn new(world: World, rules: Box<dyn Rules>, impaired: watch::Sender<Option<String>>) -> Keeper {
        let (told, said) = (Told::default(), unenforced::Told::default());
        Keeper { world, rules: Some(rules), told, waiting: Vec::new(), state: State::Behind, impaired, said }
    }

    pub fn note(&mut self, heard: Heard) {
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
        if self.state == State::InForce {
            self.state = State::Behind;
        }
    }

    /// Somebody else has changed rules of pods.
    pub fn disturbed(&mut self) {
        tracing::warn!("somebody else has changed the rules for packets of pods; they are put right");
        if let Some(rules) = &mut self.rules {
            rules.disturbed();
        }
        self.state = State::Behind;
    }

    /// Tries anew what could not be done.
    pub fn retry(&mut self) {
        self.state = State::Behind;
    }

    /// What changes that are made here are told of with.
    pub fn port(&self) -> u32 {
        self.rules.as_ref().map_or(0, |rules| rules.port())
    }

    /// Puts what is wanted into force, and answers those whose sandboxes it judges. Gives what is to be said.
    pub async fn keep(&mut self) -> Vec<Event> {
        let is_told = self.told.pods && self.told.namespaces && self.told.policies;
        if self.state == State::Behind && is_told {
            self.apply().await;
        }
        self.answer();
        match &self.state {
            State::Impossible(why) => self.said.events(&self.world, why),
            State::Behind | State::InForce => Vec::new(),
        }
    }

    fn answer(&mut self) {
        let mut refused = Vec::new();
        let world = &self.world;
        let judged = |uid: &str| -> Option<Result<(), String>> {
            let pod = world.pod(uid);
            let is_known = pod.is_some() || !world.sandboxes.contains_key(uid);
            match &self.state {
                State::Behind => None,
                State::InForce => is_known.then_some(Ok(())),
                State::Impossible(why) => is_known.then(|| pod.and_then(|pod| unenforced::refusal(world, pod, why)).map_or(Ok(()), Err)),
            }
        };
        let waiting = std::mem::take(&mut self.waiting);
        for (uid, done) in waiting {
            let Some(verdict) = judged(&uid) else {
                self.waiting.push((uid, done));
                continue;
            };
            refused.extend(verdict.is_err().then_some(uid));
            if done.send(verdict).is_err() {
                tracing::debug!("nobody waits for a verdict any more");
            }
        }
        // They go again, without having been let in.
        for uid in refused {
            self.world.sandboxes.remove(&uid);
        }
    }

    async fn apply(&mut self) {
        let (content, udp) = (content(&self.world), ways::udp_ports(&self.world));
        match self.with_rules(move |rules| rules.apply(content, udp)).await {
            Ok(()) => {
                if self.impaired.send_replace(None).is_some() {
                    tracing::info!("packets of pods can be judged now");
                    self.said = unenforced::Told::default();
                }
                self.state = State::InForce;
            }
            Err(error) if error.is_unsupported() => {
                let why =
                    format!("this machine cannot judge packets, which needs nf_tables in its kernel and CAP_NET_ADMIN: {}", chain(&error));
                if self.impaired.send_replace(Some(why.clone())).is_none() {
                    tracing::error!(
                        why,
                        "NetworkPolicies and hostPorts have no effect, pods that a policy is for do not start, and no pod reaches anything outside the cluster"
                    );
                }
                self.state = State::Impossible(why);
            }
            Err(error) => tracing::warn!(error = chain(&error), "packets of pods are judged as before for now"),
        }
    }

    /// The kernel's answers may take a while: not in a task's time.
    async fn with_rules<T: Send + 'static>(&mut self, work: impl FnOnce(&mut dyn Rules) -> T + Send + 'static) -> T {
        let mut rules = self.rules.take().expect("it is lent to one at a time");
        let worked = tokio::task::spawn_blocking(move || {
            let result = work(rules.as_mut());
            (rules, result)
        });
        match worked.await {
            Ok((rules, result)) => {
                self.rules = Some(rules);
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
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
