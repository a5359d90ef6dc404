//! One sync of a StatefulSet, in upstream's order (sections 4 to 8, 10, 11): claim pods, choose revisions, fill slots,
//! remove condemned pods, update, write the status, truncate the history. Pure.

use super::claims::{Claims, Place};
use super::identity;
use super::observe::Observed;
use super::revision::{self, Chosen, Revision};
use super::set::{Set, Strategy};
use super::status::{self, Status, is_available, is_running_and_ready};
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Guard, Pace, Plan};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_client::resource::STATEFUL_SETS;

/// When a claim of a former pod is looked for again (STALE-3). Upstream does that only when anything else happens to the set.
const STALE_AGAIN: Duration = Duration::from_secs(10);
/// Pods that one plan creates at most; the next plan goes on.
const CREATIONS_MAX: usize = 1000;

/// What to do about a set.
pub fn plan(now: Timestamp, observed: &Observed) -> Plan {
    let set = &observed.set;
    let mut plan = Plan::default();
    if set.object.deleting.is_some() {
        refresh(now, observed, &mut plan);
        return plan;
    }
    if let Strategy::Unknown(name) = &set.strategy {
        let message = format!("statefulset {} uses the unknown update strategy {name}", set.object.key);
        plan.because(message.clone());
        plan.events.push(Event::warning(set.object.reference(), "UnknownStrategy", message));
        return plan;
    }
    let pods = claim_pods(observed, &mut plan);
    let chosen = revision::choose(observed);
    plan.before.extend(chosen.effect.clone());
    let sync = Sync { set, chosen: &chosen, now, view: View::new(set, &pods), claims: Claims::new(set, &observed.claims) };
    sync.act(&mut plan);
    let status = sync.status();
    plan.finally.extend(status::write(set, &status));
    plan.finally.extend(revision::truncation(observed, &chosen, &pods));
    sync.wait_for_availability(&status, &mut plan);
    plan
}

/// SYNC-10: a set being deleted only has its status kept.
fn refresh(now: Timestamp, observed: &Observed, plan: &mut Plan) {
    plan.because("the set is being deleted");
    let (set, old) = (&observed.set, observed.set.object.status());
    let members = observed.pods.iter().filter(|pod| pod.controller().is_some() && identity::is_member(set, pod));
    let revisions = (old.str("currentRevision"), old.str("updateRevision"));
    let status = status::count(set, members, revisions, old.int("collisionCount").unwrap_or(0), now);
    let status = Status { current_revision: revisions.0.to_owned(), ..status };
    plan.finally.extend(status::write(set, &status));
}

/// Adopts and releases (OWN-1..4); returns the pods that are the set's.
fn claim_pods(observed: &Observed, plan: &mut Plan) -> Vec<Arc<Object>> {
    let set = &observed.set;
    let mut kept = Vec::new();
    let mut changes = revision::adoptions(observed);
    let mut adopts = !changes.is_empty();
    for pod in &observed.pods {
        match (pod.controller().is_some(), identity::is_member(set, pod)) {
            (true, true) => kept.push(Arc::clone(pod)),
            (true, false) => changes.push(identity::release(set, pod)),
            (false, true) if pod.deleting.is_none() => {
                adopts = true;
                changes.push(identity::adopt(set, pod));
                kept.push(Arc::clone(pod));
            }
            (false, _) => {}
        }
    }
    if adopts {
        let get = Call::Get { resource: STATEFUL_SETS, key: set.object.key.clone() };
        plan.before.push(Effect::guard(get, Guard::Alive { uid: set.object.uid.clone() }));
    }
    plan.before.extend(changes);
    kept
}

/// Pods by place (SYNC-7).
struct View {
    /// By slot.
    slots: BTreeMap<i64, Arc<Object>>,
    /// Highest ordinal first (SYNC-8).
    condemned: Vec<Arc<Object>>,
}

impl View {
    fn new(set: &Set, pods: &[Arc<Object>]) -> Self {
        let mut slots: BTreeMap<i64, Arc<Object>> = BTreeMap::new();
        let mut condemned = Vec::new();
        for pod in pods.iter().filter(|pod| pod.pod().ordinal >= 0) {
            match set.slot(pod.pod().ordinal) {
                // Of two pods for one slot the one with the proper name wins.
                Some(slot) if slots.contains_key(&slot) && pod.key.name != set.pod_name(slot) => {}
                Some(slot) => {
                    slots.insert(slot, Arc::clone(pod));
                }
                None => condemned.push(Arc::clone(pod)),
            }
        }
        condemned.sort_by(|a, b| (b.pod().ordinal, &a.key).cmp(&(a.pod().ordinal, &b.key)));
        Self { slots, condemned }
    }

    fn pods(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.slots.values().chain(&self.condemned)
    }
}

/// Whether later phases run (SYNC-12).
#[derive(PartialEq, Eq)]
enum Flow {
    GoOn,
    Stop,
}

struct Sync<'a> {
    set: &'a Set,
    chosen: &'a Chosen,
    now: Timestamp,
    view: View,
    claims: Claims<'a>,
}

impl Sync<'_> {
    /// SYNC-11.
    fn act(&self, plan: &mut Plan) {
        let flow = if self.set.parallel { self.fill_in_parallel(plan) } else { self.fill_in_order(plan) };
        if flow == Flow::Stop {
            return;
        }
        self.settle_condemned(plan);
        let flow = if self.set.parallel { self.remove_in_parallel(plan) } else { self.remove_in_order(plan) };
        if flow == Flow::Stop {
            return;
        }
        self.update(plan);
    }

    /// ST-3.
    fn available(&self, pod: &Object) -> bool {
        is_available(pod, self.set.min_ready_s, self.now)
    }

    /// ST-4.
    fn unavailable(&self, pod: &Object) -> bool {
        !self.available(pod) || pod.deleting.is_some()
    }

    /// ORD-1..8, one slot after the other.
    fn fill_in_order(&self, plan: &mut Plan) -> Flow {
        let mut effects = Vec::new();
        let mut flow = Flow::GoOn;
        for slot in 0..self.set.replicas {
            let name = self.set.pod_name(slot);
            let Some(pod) = self.view.slots.get(&slot) else {
                plan.because(format!("{name} is missing"));
                effects.extend(self.creation(slot, &name, plan));
                flow = Flow::Stop;
                break;
            };
            if pod.pod().pending() {
                effects.extend(self.claims.create_missing(&name)); // PVC-6
            }
            if let Some(reason) = self.obstacle(pod) {
                plan.because(format!("waiting: {name} {reason}"));
                if pod.pod().terminal() && pod.deleting.is_none() {
                    effects.push(identity::delete(self.set, pod));
                }
                flow = Flow::Stop;
                break;
            }
            effects.extend(self.repair(pod, plan));
        }
        plan.step(effects);
        flow
    }

    /// What makes the pod of an empty slot, its claims first; nothing while a claim is in the way.
    fn creation(&self, slot: i64, name: &str, plan: &mut Plan) -> Vec<Effect> {
        if self.claims.stale(name) {
            plan.because(format!("waiting: a claim of the former {name} must go first"));
            plan.requeue_after.get_or_insert(STALE_AGAIN);
            return Vec::new();
        }
        if let Some(claim) = self.claims.vanishing(name) {
            let what = format!("Create Pod {name} in StatefulSet {}", self.set.name());
            let message = format!("{what} failed error: pvc {claim} is being deleted");
            plan.because(message.clone());
            plan.events.push(Event::warning(self.set.object.reference(), "FailedCreate", message));
            return Vec::new();
        }
        let mut effects = self.claims.create_missing(name);
        effects.push(identity::create(self.set, slot, self.revision_for(slot)));
        effects
    }

    /// ORD-8: restores the pod's labels and volumes and its claims' owners.
    fn repair(&self, pod: &Object, plan: &mut Plan) -> Vec<Effect> {
        let (mut effects, events) = self.claims.settle_owners(pod, Place::InRange);
        plan.events.extend(events);
        let settled = !effects.is_empty();
        let volumes = self.claims.missing_volumes(pod);
        if !volumes.is_empty() {
            plan.because(format!("{} does not use the claims of {} templates", pod.key.name, volumes.len()));
            effects.extend(self.claims.create_missing(&pod.key.name));
        }
        if !volumes.is_empty() || !identity::is_intact(self.set, pod) {
            plan.because(format!("{} is not as its set says", pod.key.name));
            effects.push(identity::restore(self.set, pod, volumes));
        } else if settled {
            plan.because(format!("the owners of {}'s claims are not what the policy says", pod.key.name));
            // RET-8: told of as a change of the pod.
            let message = format!("Update Pod {} in StatefulSet {} successful", pod.key.name, self.set.name());
            if let Some(last) = effects.last_mut() {
                last.on_success = Some(Event::normal(self.set.object.reference(), "SuccessfulUpdate", message));
            }
        }
        effects
    }

    /// RET-2: claims of condemned pods change hands before the first of those pods goes.
    fn settle_condemned(&self, plan: &mut Plan) {
        let mut effects = Vec::new();
        for pod in &self.view.condemned {
            let (more, events) = self.claims.settle_owners(pod, Place::Condemned);
            effects.extend(more);
            plan.events.extend(events);
        }
        plan.step(effects);
    }

    /// Why an ordered set goes no further than this pod.
    fn obstacle(&self, pod: &Object) -> Option<&'static str> {
        if pod.pod().terminal() {
            Some("has ended and must go first")
        } else if pod.deleting.is_some() {
            Some("is being deleted")
        } else if !is_running_and_ready(pod) {
            Some("is not ready")
        } else if !self.available(pod) {
            Some("has not been ready for minReadySeconds")
        } else {
            None
        }
    }

    /// ORD-1, ORD-8, ORD-11: every slot for itself.
    fn fill_in_parallel(&self, plan: &mut Plan) -> Flow {
        let mut effects = Vec::new();
        let mut creations = 0;
        for slot in 0..self.set.replicas {
            match self.view.slots.get(&slot) {
                None => {
                    let name = self.set.pod_name(slot);
                    effects.extend(self.creation(slot, &name, plan));
                    creations += 1;
                    if creations == CREATIONS_MAX {
                        plan.requeue_after = Some(Duration::ZERO);
                        break;
                    }
                }
                Some(pod) if pod.pod().terminal() => {
                    if pod.deleting.is_none() {
                        effects.push(identity::delete(self.set, pod));
                    }
                }
                Some(pod) => {
                    if pod.pod().pending() {
                        effects.extend(self.claims.create_missing(&pod.key.name)); // PVC-6
                    }
                    effects.extend(self.repair(pod, plan));
                }
            }
        }
        if creations > 0 {
            plan.because(format!("{creations} pods are missing"));
        }
        plan.step_at(Pace::SlowStart, effects);
        Flow::GoOn
    }

    /// DOWN-2: the highest ordinal first, one at a time.
    fn remove_in_order(&self, plan: &mut Plan) -> Flow {
        let Some(pod) = self.view.condemned.first() else { return Flow::GoOn };
        let name = &pod.key.name;
        if pod.deleting.is_some() {
            plan.because(format!("waiting: {name} is being deleted"));
        } else if self.unavailable_or_unready(pod) && !self.is_first_unavailable(pod) {
            plan.because(format!("waiting: {name} is not ready, and a lower pod is not either"));
        } else {
            plan.because(format!("{name} is out of range"));
            if self.view.condemned.len() == 1 {
                plan.events.extend(self.claims.kept());
            }
            plan.step(vec![identity::delete(self.set, pod)]);
        }
        Flow::Stop
    }

    fn unavailable_or_unready(&self, pod: &Object) -> bool {
        !is_running_and_ready(pod) || !self.available(pod)
    }

    /// SYNC-9, given that every slot is available, which an ordered set's are when this matters.
    fn is_first_unavailable(&self, pod: &Object) -> bool {
        let lowest = self.view.condemned.iter().rev().find(|p| self.unavailable(p));
        lowest.is_some_and(|lowest| lowest.uid == pod.uid)
    }

    /// DOWN-4.
    fn remove_in_parallel(&self, plan: &mut Plan) -> Flow {
        let doomed = self.view.condemned.iter().filter(|pod| pod.deleting.is_none());
        let effects: Vec<Effect> = doomed.map(|pod| identity::delete(self.set, pod)).collect();
        if !effects.is_empty() {
            plan.events.extend(self.claims.kept());
        }
        plan.step_at(Pace::SlowStart, effects);
        Flow::GoOn
    }

    /// RU-1..8, OD-1.
    fn update(&self, plan: &mut Plan) {
        if !matches!(self.set.strategy, Strategy::RollingUpdate(_)) {
            return;
        }
        let partition = self.set.partition();
        let old = |pod: &&Arc<Object>| pod.label(revision::REVISION_LABEL) != self.chosen.update.name && pod.deleting.is_none();
        let candidates: Vec<&Arc<Object>> = self.view.slots.range(partition..).rev().map(|(_, pod)| pod).filter(old).collect();
        if candidates.is_empty() {
            return;
        }
        let available = self.view.slots.values().filter(|pod| !self.unavailable(pod)).count();
        let unavailable = self.set.replicas - i64::try_from(available).unwrap_or(i64::MAX);
        let (broken, good): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|pod| !self.available(pod));
        let budget = usize::try_from(self.set.max_unavailable() - unavailable).unwrap_or(0);
        let waiting = good.len().saturating_sub(budget);
        // RU-5: what is broken already costs no availability.
        let mut doomed = if self.set.parallel { broken } else { Vec::new() };
        doomed.extend(good.into_iter().take(budget));
        if waiting > 0 {
            plan.because(format!("{waiting} pods wait for their update: {unavailable} slots are unavailable"));
        }
        plan.step(doomed.into_iter().map(|pod| identity::delete(self.set, pod)).collect());
    }

    /// REV-15.
    fn revision_for(&self, slot: i64) -> &Revision {
        let current = match &self.set.strategy {
            Strategy::RollingUpdate(Some(rolling)) => slot < rolling.partition,
            Strategy::RollingUpdate(None) => slot < self.set.object.status().int("currentReplicas").unwrap_or(0),
            Strategy::OnDelete | Strategy::Unknown(_) => false,
        };
        if current { &self.chosen.current } else { &self.chosen.update }
    }

    fn status(&self) -> Status {
        let revisions = (self.chosen.current.name.as_str(), self.chosen.update.name.as_str());
        status::count(self.set, self.view.pods(), revisions, self.chosen.collision_count, self.now)
    }

    /// MRS-3: comes back when the next ready pod becomes available.
    fn wait_for_availability(&self, status: &Status, plan: &mut Plan) {
        if self.set.min_ready_s > 0 && status.available != self.set.replicas {
            let times = self.view.pods().filter_map(|pod| status::available_at(pod, self.set.min_ready_s));
            plan.requeue_at = times.filter(|at| *at > self.now).min();
        }
    }
}
