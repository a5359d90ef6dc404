//! The pods that wait for a node: who is tried next, who waits for something to happen, and who was given a node that nobody has seen yet. Pure.
//!
//! ```text
//! Ready ─▶ (an attempt) ─▶ Parked ─▶ Ready or BackingOff (something happened that could help) ─▶ (an attempt)
//!                      └─▶ Binding ─▶ (seen on its node)
//!                              └─▶ Failed (the binding failed) ─▶ (an attempt)
//! ```

use super::plugins::Plugins;
use super::plugins::volumes::Bindings;
use crate::object::Object;
use crate::plan::Key;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stead_api::time::Timestamp;

/// The wait after the first failed attempt; it doubles with each further one (SCH-22).
const BACK_OFF_FIRST_US: i64 = 1_000_000;
pub const BACK_OFF_MAX_US: i64 = 10_000_000;
/// After so long a parked pod is tried though nothing has happened that could help (SCH-23).
pub const PARKED_MAX_US: i64 = 300_000_000;

#[derive(Debug)]
pub struct Waiting {
    pub pod: Arc<Object>,
    pub state: State,
    attempts: u32,
    /// When it came, or last failed.
    entered: Timestamp,
    /// The version in which it came, for those that came in one second.
    version: u64,
    /// The node where room is kept for it; empty if none.
    pub nominated: String,
}

#[derive(Debug)]
pub enum State {
    /// It is tried as soon as its turn comes.
    Ready,
    /// The same, after all that are ready.
    BackingOff { until: Timestamp },
    /// It waits for something that could help against those who refused it.
    Parked(Parked),
    /// An effect failed: it is tried again at that time, not before.
    Failed { until: Timestamp },
    /// It has a node.
    Binding(Binding),
}

#[derive(Debug, Clone, Default)]
pub struct Parked {
    pub refused_by: Plugins,
    pub since: Timestamp,
    /// Pods that are to go in its favour, by uid.
    pub victims: Vec<(Key, String)>,
}

#[derive(Debug, Clone)]
pub struct Binding {
    pub node: String,
    /// What its claims wait for; the pod is bound when they are.
    pub volumes: Bindings,
    pub since: Timestamp,
    pub stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Its claims are being bound.
    Volumes,
    /// The binding was asked for.
    Asked,
}

/// The order of those that are ready (SCH-3): priority, then who waits longest.
type Rank = (i64, Timestamp, u64, Key);

#[derive(Debug, Default)]
pub struct Queue {
    pods: BTreeMap<Key, Waiting>,
    ready: BTreeSet<Rank>,
    /// By the second in which its wait ends.
    backing_off: BTreeSet<(i64, Rank)>,
    parked: BTreeSet<Key>,
    binding: BTreeSet<Key>,
    /// By the node where room is kept for them.
    nominated: BTreeMap<String, BTreeSet<Key>>,
}

impl Queue {
    pub fn get(&self, key: &Key) -> Option<&Waiting> {
        self.pods.get(key)
    }

    /// Those that wait for something to happen.
    pub fn parked(&self) -> impl Iterator<Item = (&Key, &Parked)> {
        self.parked.iter().filter_map(|key| match &self.pods.get(key)?.state {
            State::Parked(parked) => Some((key, parked)),
            _ => None,
        })
    }

    /// Those that have a node.
    pub fn binding(&self) -> impl Iterator<Item = (&Key, &Binding)> {
        self.binding.iter().filter_map(|key| match &self.pods.get(key)?.state {
            State::Binding(binding) => Some((key, binding)),
            _ => None,
        })
    }

    /// A pod that came, or that changed; whether it is new.
    pub fn put(&mut self, pod: &Arc<Object>) -> bool {
        if let Some(known) = self.pods.get_mut(&pod.key) {
            known.pod = Arc::clone(pod);
            return false;
        }
        let waiting = Waiting {
            pod: Arc::clone(pod),
            state: State::Ready,
            attempts: 0,
            entered: pod.created,
            version: pod.version,
            nominated: String::new(),
        };
        self.list(waiting);
        self.nominate(&pod.key, &pod.pod().nominated);
        true
    }

    pub fn remove(&mut self, key: &Key) -> Option<Waiting> {
        self.nominate(key, "");
        let waiting = self.pods.remove(key)?;
        self.unlist(&waiting);
        Some(waiting)
    }

    fn list(&mut self, waiting: Waiting) {
        let key = waiting.pod.key.clone();
        match waiting.state {
            State::Ready => drop(self.ready.insert(rank(&waiting))),
            State::BackingOff { until } => drop(self.backing_off.insert((second(until), rank(&waiting)))),
            State::Parked(_) => drop(self.parked.insert(key.clone())),
            State::Binding(_) => drop(self.binding.insert(key.clone())),
            State::Failed { .. } => {}
        }
        self.pods.insert(key, waiting);
    }

    fn unlist(&mut self, waiting: &Waiting) {
        match waiting.state {
            State::Ready => drop(self.ready.remove(&rank(waiting))),
            State::BackingOff { until } => drop(self.backing_off.remove(&(second(until), rank(waiting)))),
            State::Parked(_) => drop(self.parked.remove(&waiting.pod.key)),
            State::Binding(_) => drop(self.binding.remove(&waiting.pod.key)),
            State::Failed { .. } => {}
        }
    }

    /// Where it stands from now on.
    pub fn set(&mut self, key: &Key, state: State) {
        let Some(mut waiting) = self.pods.remove(key) else { return };
        self.unlist(&waiting);
        waiting.state = state;
        self.list(waiting);
    }

    /// Keeps room for it on a node; no more if that is empty.
    pub fn nominate(&mut self, key: &Key, node: &str) {
        let Some(waiting) = self.pods.get_mut(key) else { return };
        if let Some(keys) = self.nominated.get_mut(&waiting.nominated) {
            keys.remove(key);
            if keys.is_empty() {
                self.nominated.remove(&waiting.nominated);
            }
        }
        node.clone_into(&mut waiting.nominated);
        if !node.is_empty() {
            self.nominated.entry(node.to_owned()).or_default().insert(key.clone());
        }
    }

    /// An attempt failed: it is parked.
    pub fn failed(&mut self, key: &Key, now: Timestamp) {
        let Some(mut waiting) = self.pods.remove(key) else { return };
        self.unlist(&waiting);
        waiting.attempts = waiting.attempts.saturating_add(1);
        waiting.entered = now;
        waiting.state = State::Parked(Parked { since: now, ..Parked::default() });
        self.list(waiting);
    }

    /// Something happened that could help a parked pod: it is tried, after its back-off if others are ready (SCH-22).
    pub fn wake(&mut self, key: &Key, now: Timestamp) {
        let Some(waiting) = self.pods.get(key) else { return };
        let until = Timestamp(waiting.entered.0.saturating_add(back_off_us(waiting.attempts)));
        // A clock that was put back makes nobody wait longer.
        let waits = waiting.attempts > 0 && until > now && waiting.entered <= now;
        self.set(key, if waits { State::BackingOff { until } } else { State::Ready });
    }

    /// When a pod whose effects failed is tried again.
    pub fn retry_at(&self, key: &Key, now: Timestamp) -> Timestamp {
        let attempts = self.pods.get(key).map_or(1, |waiting| waiting.attempts);
        Timestamp(now.0.saturating_add(back_off_us(attempts.max(1))))
    }

    /// Whose turn it is; it stays where it stands until it is told otherwise.
    pub fn next(&self) -> Option<&Key> {
        let first = self.ready.first().or_else(|| self.backing_off.first().map(|(_, rank)| rank));
        first.map(|(.., key)| key)
    }

    /// Whether room is kept anywhere.
    pub fn has_nominated(&self) -> bool {
        !self.nominated.is_empty()
    }

    /// The pods for which room is kept on a node, but those that have it already.
    pub fn nominated(&self, node: &str) -> impl Iterator<Item = &Waiting> {
        let keys = self.nominated.get(node).into_iter().flatten();
        keys.filter_map(|key| self.pods.get(key)).filter(|waiting| !matches!(waiting.state, State::Binding(_)))
    }
}

fn rank(waiting: &Waiting) -> Rank {
    let pod = &waiting.pod;
    (-pod.pod().priority, waiting.entered, waiting.version, pod.key.clone())
}

fn second(time: Timestamp) -> i64 {
    time.0.div_euclid(1_000_000)
}

fn back_off_us(attempts: u32) -> i64 {
    let doubled = 2_i64.checked_pow(attempts.saturating_sub(1)).and_then(|factor| BACK_OFF_FIRST_US.checked_mul(factor));
    doubled.unwrap_or(BACK_OFF_MAX_US).min(BACK_OFF_MAX_US)
}
