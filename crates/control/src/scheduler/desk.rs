//! What the scheduler knows from one look to the next: the snapshot, the queue, and what it has decided. All of it can be made anew from the caches,
//! but for how long who has waited. Input: changes, and keys whose turn it is. Output: plans.

use super::attempt::{Decision, Nomination, Refused, attempt};
use super::cycle::View;
use super::effects::{self, Why};
use super::hints::{Happening, Hopeful};
use super::is_waiting;
use super::plugins::volumes::{Bindings, is_bound, reaches};
use super::queue::{BACK_OFF_MAX_US, Binding, PARKED_MAX_US, Parked, Queue, Stage, State, Waiting};
use super::reservations::Reservations;
use super::snapshot::Snapshot;
use super::snapshot::node::Slot;
use crate::engine::{Cache, Change};
use crate::object::Object;
use crate::plan::{Key, Plan, Resource};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use stead_api::time::Timestamp;
use stead_client::resource::{NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS};

/// How long a pod waits for its claims to be bound (SCH-76).
const BIND_MAX_US: i64 = 600_000_000;
/// Nodes that are looked at before others have their turn.
const LOOKS_MAX: usize = 50_000;
/// Attempts before others have their turn.
const ATTEMPTS_MAX: usize = 500;
/// Until attempts go on.
const PAUSE: Duration = Duration::from_millis(1);

#[derive(Debug, Default)]
pub struct Desk {
    snapshot: Snapshot,
    queue: Queue,
    reservations: Reservations,
    /// Plans that were made and not carried out yet.
    decided: BTreeMap<Key, Plan>,
    /// Where the next search for nodes begins.
    first: usize,
}

/// The one key under which attempts are made; plans are carried out under the keys of their pods.
pub fn turn() -> Key {
    Key::cluster("")
}

impl Desk {
    /// Everything that the caches know, as if it came just now.
    pub fn of(cache: &Cache) -> Self {
        let mut desk = Self::default();
        // Pods first: a node that comes finds those that are on it in the cache.
        for resource in [PODS].into_iter().chain(cache.resources().filter(|resource| *resource != PODS)) {
            for object in cache.list(resource) {
                let change = Change { resource, key: object.key.clone(), old: None, new: Some(Arc::clone(object)) };
                desk.note(&change, cache);
            }
        }
        desk
    }

    /// Something has changed; keys to look at.
    pub fn note(&mut self, change: &Change, cache: &Cache) -> Vec<Key> {
        let now = cache.now();
        self.snapshot.note(change, cache);
        let mut keys = Vec::new();
        let given_up = if change.resource == PODS { self.note_pod(change, now) } else { None };
        for happening in Happening::of(change).into_iter().chain(given_up.as_deref().map(Happening::RoomGivenUp)) {
            self.wake_helped(&happening, now);
        }
        if matches!(change.resource, PERSISTENT_VOLUME_CLAIMS | PERSISTENT_VOLUMES | NODES) {
            keys.extend(self.queue.binding().filter(|(_, binding)| binding.stage == Stage::Volumes).map(|(key, _)| key.clone()));
        }
        if self.queue.next().is_some() {
            keys.push(turn());
        }
        keys
    }

    fn wake_helped(&mut self, happening: &Happening<'_>, now: Timestamp) {
        let helped = |(key, parked): (&Key, &Parked)| {
            let pod = &self.queue.get(key)?.pod;
            let hopeful = Hopeful { pod, refused_by: parked.refused_by };
            hopeful.is_helped(happening, &self.snapshot.namespaces).then(|| key.clone())
        };
        let helped: Vec<Key> = self.queue.parked().filter_map(helped).collect();
        helped.iter().for_each(|key| self.queue.wake(key, now));
    }

    /// Returns a pod that gave up room which was kept for it.
    fn note_pod(&mut self, change: &Change, now: Timestamp) -> Option<Arc<Object>> {
        let new = change.new.as_ref().filter(|pod| is_waiting(pod));
        let known = self.queue.get(&change.key).map(|waiting| waiting.pod.uid.clone());
        let mut given_up = None;
        if known.as_ref().is_some_and(|uid| new.is_none_or(|new| new.uid != *uid)) {
            let node = change.new.as_ref().map(|new| new.pod().node.as_str()).unwrap_or_default();
            given_up = self.forget(&change.key, node);
        }
        let Some(new) = new else { return given_up };
        let is_new = self.queue.put(new);
        if !is_new && let Some(old) = &change.old {
            let lost_its_node = !old.pod().nominated.is_empty() && new.pod().nominated.is_empty();
            if lost_its_node {
                self.keep_room(new, "", now);
            }
            let is_parked = matches!(self.queue.get(&new.key).map(|waiting| &waiting.state), Some(State::Parked(_)));
            if is_parked && (lost_its_node || asks_for_else(old, new)) {
                self.queue.wake(&new.key, now);
            }
        }
        given_up
    }

    /// Room is kept for a pod on that node (empty: on none); what was kept for it elsewhere is there for others.
    fn keep_room(&mut self, pod: &Object, node: &str, now: Timestamp) {
        let before = self.queue.get(&pod.key).map(|waiting| waiting.nominated.clone()).unwrap_or_default();
        self.queue.nominate(&pod.key, node);
        if !before.is_empty() && before != node {
            self.wake_helped(&Happening::RoomGivenUp(pod), now);
        }
    }

    /// A pod waits no more; it is returned if room was kept for it elsewhere than on the node that it has (empty: it has none).
    fn forget(&mut self, key: &Key, has: &str) -> Option<Arc<Object>> {
        self.decided.remove(key);
        let waiting = self.queue.remove(key)?;
        self.snapshot.forget(key);
        let mut kept = vec![waiting.nominated.as_str()];
        if let State::Binding(binding) = &waiting.state {
            self.reservations.release(&binding.volumes);
            kept.push(&binding.node);
        }
        let is_elsewhere = kept.iter().any(|node| !node.is_empty() && *node != has);
        is_elsewhere.then_some(waiting.pod)
    }

    /// What to do about a key.
    pub fn look(&mut self, key: &Key, cache: &Cache, now: Timestamp) -> Plan {
        if *key == turn() {
            return self.try_all(cache, now);
        }
        if let Some(plan) = self.decided.remove(key) {
            return plan;
        }
        let Some(waiting) = self.queue.get(key) else { return Plan::default() };
        match &waiting.state {
            State::Ready | State::BackingOff { .. } => then_turn(),
            State::Parked(parked) if victims_stay(parked, cache) => self.fail(key, now),
            State::Parked(parked) => {
                let until = Timestamp(parked.since.0.saturating_add(PARKED_MAX_US));
                self.wait(key, until, PARKED_MAX_US, now)
            }
            State::Failed { until } => {
                let until = *until;
                self.wait(key, until, BACK_OFF_MAX_US, now)
            }
            State::Binding(binding) if binding.stage == Stage::Asked => self.fail(key, now),
            State::Binding(binding) => {
                let (pod, binding) = (Arc::clone(&waiting.pod), binding.clone());
                self.await_volumes(&pod, &binding, cache, now)
            }
        }
    }

    /// A pod is tried at that time, which is at most so far away: if it is farther, the clock was put back, and the pod has waited.
    fn wait(&mut self, key: &Key, until: Timestamp, wait_max_us: i64, now: Timestamp) -> Plan {
        let left_us = until.0.saturating_sub(now.0);
        if left_us > 0 && left_us <= wait_max_us {
            return Plan { requeue_at: Some(until), ..Plan::default() };
        }
        self.queue.set(key, State::Ready);
        then_turn()
    }

    /// What was asked for a pod has failed: it is tried again after a while.
    fn fail(&mut self, key: &Key, now: Timestamp) -> Plan {
        self.give_up(key, now);
        let until = self.queue.retry_at(key, now);
        self.queue.set(key, State::Failed { until });
        Plan { requeue_at: Some(until), then: self.turns(), ..Plan::default() }
    }

    /// The turn of those that have become ready.
    fn turns(&self) -> Vec<(Resource, Key)> {
        self.queue.next().map(|_| (PODS, turn())).into_iter().collect()
    }

    /// It does not go to its node after all.
    fn give_up(&mut self, key: &Key, now: Timestamp) {
        if let Some(Waiting { state: State::Binding(binding), pod, .. }) = self.queue.get(key) {
            let (volumes, pod) = (binding.volumes.clone(), Arc::clone(pod));
            self.reservations.release(&volumes);
            self.snapshot.forget(key);
            self.queue.failed(key, now);
            self.wake_helped(&Happening::RoomGivenUp(&pod), now);
        }
    }

    /// Attempts for all whose turn it is, in order; their plans are carried out next.
    fn try_all(&mut self, cache: &Cache, now: Timestamp) -> Plan {
        let (mut plan, mut listed) = (Plan::default(), BTreeSet::new());
        let mut looks = 0;
        for _ in 0..ATTEMPTS_MAX {
            let Some(key) = self.queue.next().cloned() else { return plan };
            if looks > LOOKS_MAX {
                break;
            }
            // One that was woken by the attempt of another is tried again, and its plan is carried out once.
            looks += self.try_one(&key, cache, now);
            if listed.insert(key.clone()) {
                plan.then.push((PODS, key));
            }
        }
        plan.requeue_after = Some(PAUSE);
        plan
    }

    fn try_one(&mut self, key: &Key, cache: &Cache, now: Timestamp) -> usize {
        let Some(pod) = self.queue.get(key).map(|waiting| Arc::clone(&waiting.pod)) else { return 0 };
        let view = View { snapshot: &self.snapshot, cache, queue: &self.queue, reservations: &self.reservations };
        let attempt = attempt(&pod, view, self.first, now);
        self.first = (self.first + attempt.went_on).checked_rem(self.snapshot.slots()).unwrap_or(0);
        let plan = match attempt.decision {
            Decision::Placed { slot, node, volumes } => self.place(&pod, slot, node, volumes, now),
            Decision::Refused(refused) => self.refuse(&pod, refused, now),
        };
        self.decided.insert(key.clone(), plan);
        attempt.looked_at
    }

    fn place(&mut self, pod: &Arc<Object>, slot: Slot, node: String, volumes: Bindings, now: Timestamp) -> Plan {
        self.snapshot.assume(pod, slot);
        let stage = if volumes.is_empty() { Stage::Asked } else { Stage::Volumes };
        self.reservations.reserve(&volumes, &node);
        let plan = match stage {
            Stage::Asked => effects::bind(pod, &node),
            Stage::Volumes => effects::bind_volumes(pod, &node, &volumes),
        };
        self.queue.set(&pod.key, State::Binding(Binding { node: node.clone(), volumes, since: now, stage }));
        if self.queue.get(&pod.key).is_some_and(|waiting| waiting.nominated != node) {
            self.keep_room(pod, "", now);
        }
        plan
    }

    fn refuse(&mut self, pod: &Arc<Object>, refused: Refused, now: Timestamp) -> Plan {
        self.queue.failed(&pod.key, now);
        match &refused.nomination {
            Nomination::AsBefore => {}
            Nomination::Nowhere => self.keep_room(pod, "", now),
            Nomination::On(node) => self.keep_room(pod, node, now),
        }
        let nominated = self.queue.get(&pod.key).map(|waiting| waiting.nominated.clone()).unwrap_or_default();
        let why = Why { reason: "Unschedulable", message: &refused.message, nominated: &nominated };
        let mut plan = effects::refuse(pod, why, now);
        effects::preempt(&mut plan, pod, &nominated, &refused.victims, now);
        if refused.victims.iter().any(|victim| victim.deleting.is_none()) {
            plan.step(self.displace(pod, &nominated));
        }
        plan.requeue_after = u64::try_from(PARKED_MAX_US).ok().map(Duration::from_micros);
        let going = refused.victims.iter().filter(|victim| victim.deleting.is_none());
        let victims = going.map(|victim| (victim.key.clone(), victim.uid.clone())).collect();
        self.queue.set(&pod.key, State::Parked(Parked { refused_by: refused.refused_by, since: now, victims }));
        plan
    }

    /// Room is kept no more for pods of lower priority on a node (SCH-116).
    fn displace(&mut self, pod: &Object, node: &str) -> Vec<crate::plan::Effect> {
        let lower = self.queue.nominated(node).map(|waiting| &waiting.pod).filter(|other| other.pod().priority < pod.pod().priority);
        let lower: Vec<Arc<Object>> = lower.cloned().collect();
        lower.iter().for_each(|other| self.queue.nominate(&other.key, ""));
        lower.iter().map(|other| effects::forget_nomination(other)).collect()
    }

    /// Binds a pod once its claims are bound (SCH-76, SCH-77).
    fn await_volumes(&mut self, pod: &Arc<Object>, binding: &Binding, cache: &Cache, now: Timestamp) -> Plan {
        match volumes_stand(binding, cache) {
            Ok(Bound::All) => {
                let asked = Binding { stage: Stage::Asked, ..binding.clone() };
                self.queue.set(&pod.key, State::Binding(asked));
                effects::bind(pod, &binding.node)
            }
            Ok(Bound::NotYet) => {
                let until = Timestamp(binding.since.0.saturating_add(BIND_MAX_US));
                if binding.since > now {
                    // The clock was put back: its time begins anew.
                    self.queue.set(&pod.key, State::Binding(Binding { since: now, ..binding.clone() }));
                    return Plan { requeue_at: Some(Timestamp(now.0.saturating_add(BIND_MAX_US))), ..Plan::default() };
                }
                if until > now {
                    let mut plan = Plan { requeue_at: Some(until), ..Plan::default() };
                    plan.because(format!("it goes to node {} when its claims are bound", binding.node));
                    return plan;
                }
                self.volumes_failed(pod, "timed out waiting for the condition", now)
            }
            Err(why) => self.volumes_failed(pod, &why, now),
        }
    }

    fn volumes_failed(&mut self, pod: &Arc<Object>, why: &str, now: Timestamp) -> Plan {
        self.give_up(&pod.key, now);
        self.keep_room(pod, "", now);
        let until = self.queue.retry_at(&pod.key, now);
        self.queue.set(&pod.key, State::Failed { until });
        let message = format!("running PreBind plugin \"VolumeBinding\": binding volumes: {why}");
        let mut plan = effects::refuse(pod, Why { reason: "SchedulerError", message: &message, nominated: "" }, now);
        plan.requeue_at = Some(until);
        plan.then = self.turns();
        plan
    }
}

fn then_turn() -> Plan {
    Plan { then: vec![(PODS, turn())], ..Plan::default() }
}

/// Whether pods that were to go do not.
fn victims_stay(parked: &Parked, cache: &Cache) -> bool {
    parked.victims.iter().any(|(key, uid)| cache.get(PODS, key).is_some_and(|victim| victim.uid == *uid && victim.deleting.is_none()))
}

/// Whether a pod asks for something else than before.
fn asks_for_else(old: &Object, new: &Object) -> bool {
    let (before, after) = (old.pod(), new.pod());
    old.labels != new.labels
        || old.value != new.value
        || before.tolerations != after.tolerations
        || before.requests != after.requests
        || before.priority != after.priority
}

#[derive(Debug, PartialEq, Eq)]
enum Bound {
    All,
    NotYet,
}

/// How far the claims of a pod are, or why they cannot be bound for its node.
fn volumes_stand(binding: &Binding, cache: &Cache) -> Result<Bound, String> {
    let node = cache.get(NODES, &Key::cluster(binding.node.as_str())).ok_or_else(|| format!("node {:?} not found", binding.node))?;
    let mut stand = Bound::All;
    for known in binding.volumes.claims() {
        let name = known.key.to_string();
        let claim = cache.get(PERSISTENT_VOLUME_CLAIMS, &known.key).filter(|claim| claim.uid == known.uid);
        let claim = claim.ok_or_else(|| format!("persistentvolumeclaim {name:?} not found"))?;
        let is_provisioned = binding.volumes.provisioned.iter().any(|own| own.key == claim.key);
        if is_provisioned && claim.version > known.version && claim.claim().selected_node != binding.node {
            return Err(format!("selectedNode annotation reset for PVC {name:?}"));
        }
        if !is_bound(claim) {
            stand = Bound::NotYet;
            continue;
        }
        match cache.get(PERSISTENT_VOLUMES, &Key::cluster(claim.claim().volume.as_str())) {
            Some(volume) if !reaches(volume, node) => {
                return Err(format!(
                    "pv {:?} node affinity doesn't match node {:?}: no matching NodeSelectorTerms",
                    volume.key.name, binding.node
                ));
            }
            Some(_) => {}
            None => stand = Bound::NotYet,
        }
    }
    Ok(stand)
}
