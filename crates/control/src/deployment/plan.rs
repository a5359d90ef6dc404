//! One sync of a Deployment, in upstream's order (DEP-20..22): find the new set, then scale, or roll towards it by the strategy, trim the
//! history, write the status. Pure.

use super::revision;
use super::sets::{self, DESIRED_REPLICAS, Set};
use super::spec::{Spec, Strategy};
use super::status::{Conditions, PROGRESSING, Status, TIMED_OUT, Truth};
use super::{rolling, scaling};
use crate::object::Object;
use crate::ownership::Claimed;
use crate::plan::{Call, Effect, Event, Plan};
use crate::template_hash;
use std::sync::Arc;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_client::NAMESPACE_TERMINATING;
use stead_client::resource::REPLICA_SETS;

/// Input of the plan.
pub struct Observed {
    pub spec: Spec,
    /// Its ReplicaSets.
    pub claimed: Claimed,
    /// What has the name that a new set would have, whosever it is.
    pub namesake: Option<Arc<Object>>,
    /// A pod of an old set has not ended (DEP-45). Asked for with Recreate only.
    pub pods: Vec<Arc<Object>>,
}

/// What to do about a Deployment.
pub fn plan(now: Timestamp, observed: &Observed) -> Plan {
    let spec = &observed.spec;
    let mut plan = Plan { before: observed.claimed.before.clone(), ..Plan::default() };
    if spec.selector.is_everything() {
        let text = "This deployment is selecting all pods. A non-empty selector is required.";
        plan.events.push(Event::warning(spec.object.reference(), "SelectingAll", text)); // DEP-15
        return plan;
    }
    let mut sync = Sync::new(now, observed);
    sync.run(&mut plan);
    sync.finish(plan)
}

/// Name of the set that would be made for the template now, and its hash.
pub fn name_of_new(spec: &Spec) -> (String, String) {
    let hash = template_hash::of(spec.template(), spec.object.status().int("collisionCount"));
    (format!("{}-{hash}", spec.object.key.name), hash)
}

/// What a sync ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Counted, and progress judged.
    Rollout,
    /// Counted alone.
    Scale,
}

/// A sync under way.
pub struct Sync<'a> {
    pub spec: &'a Spec,
    observed: &'a Observed,
    /// Oldest first, the new one among them.
    pub sets: Vec<Set>,
    /// Where the new one is.
    pub new: Option<usize>,
    former: Status,
    conditions: Conditions,
    collision_count: Option<i64>,
    revision: Option<String>,
    pub effects: Vec<Effect>,
    /// What is done instead of the rest if the new set cannot be made.
    refused: Option<Vec<Effect>>,
    ending: Ending,
    now: Timestamp,
}

impl<'a> Sync<'a> {
    fn new(now: Timestamp, observed: &'a Observed) -> Self {
        let spec = &observed.spec;
        let mut objects = observed.claimed.objects.clone();
        objects.sort_by(|a, b| (a.created, &a.key.name).cmp(&(b.created, &b.key.name)));
        let former = Status::written(spec, now);
        // DEP-4
        let new = objects.iter().position(|set| sets::are_equal(&set.spec()["template"], spec.template()));
        Self {
            spec,
            observed,
            sets: objects.iter().map(Set::of).collect(),
            new,
            conditions: former.conditions.clone(),
            collision_count: former.collision_count,
            former,
            revision: None,
            effects: Vec::new(),
            refused: None,
            ending: Ending::Rollout,
            now,
        }
    }

    /// DEP-20.
    fn run(&mut self, plan: &mut Plan) {
        if self.spec.object.deleting.is_some() {
            plan.because("it is being deleted");
            self.ending = Ending::Scale;
            return;
        }
        self.note_pause();
        self.adjust_new();
        let is_scaling =
            self.sets.iter().any(|set| set.replicas > 0 && set.number(DESIRED_REPLICAS).is_some_and(|n| n != self.spec.replicas));
        if self.spec.paused || is_scaling {
            plan.because(if self.spec.paused { "it is paused" } else { "the number of replicas has changed" });
            self.ending = Ending::Scale;
            scaling::scale(self);
            if self.spec.paused {
                self.trim(); // DEP-63
            }
            return;
        }
        match self.spec.strategy {
            Strategy::RollingUpdate { max_surge, max_unavailable } => {
                let made = self.new.is_none();
                if made && !self.make_new(plan, max_surge) {
                    return;
                }
                let acted = rolling::grow(self, max_surge) || rolling::shrink(self, max_unavailable, plan);
                if !acted && !made {
                    self.trim_if_complete();
                }
            }
            Strategy::Recreate => self.recreate(plan),
        }
    }

    /// DEP-45..49.
    fn recreate(&mut self, plan: &mut Plan) {
        let old: Vec<usize> = self.old().filter(|at| self.sets[*at].replicas > 0).collect();
        if !old.is_empty() {
            plan.because("the old pods go first");
            old.into_iter().for_each(|at| self.scale(at, 0));
            return;
        }
        if self.has_old_pods() {
            plan.because("waiting: old pods are left");
            return;
        }
        if self.new.is_none() && !self.make_new(plan, 0) {
            return;
        }
        if let Some(new) = self.new {
            self.scale(new, self.spec.replicas);
        }
        self.trim_if_complete();
    }

    fn has_old_pods(&self) -> bool {
        let new = self.new.and_then(|new| self.sets[new].object.as_ref());
        let is_old = |pod: &Object| pod.controller().is_some_and(|owner| new.is_none_or(|new| owner.uid != new.uid));
        self.old().any(|at| self.sets[at].counted("replicas") > 0)
            || self.observed.pods.iter().any(|pod| is_old(pod) && !pod.pod().terminal())
    }

    /// Where the old sets are, oldest first.
    pub fn old(&self) -> impl Iterator<Item = usize> + use<> {
        let new = self.new;
        (0..self.sets.len()).filter(move |at| Some(*at) != new)
    }

    pub fn scale(&mut self, at: usize, replicas: i64) {
        let spec = self.spec;
        if self.sets[at].replicas != replicas {
            self.effects.extend(self.sets[at].scale(replicas, spec));
        }
    }

    /// spec.replicas of all sets.
    pub fn total(&self) -> i64 {
        self.sets.iter().map(|set| set.replicas).sum()
    }

    /// DEP-61.
    fn note_pause(&mut self) {
        if self.spec.progress_deadline_s.is_none() || self.conditions.reason(PROGRESSING) == TIMED_OUT {
            return;
        }
        let was_paused = self.conditions.reason(PROGRESSING) == "DeploymentPaused";
        if self.spec.paused && !was_paused {
            self.conditions.set(PROGRESSING, Truth::Unknown, "DeploymentPaused", "Deployment is paused".to_owned());
        } else if !self.spec.paused && was_paused {
            self.conditions.set(PROGRESSING, Truth::Unknown, "DeploymentResumed", "Deployment is resumed".to_owned());
        }
    }

    /// The number that the new set's revision is at least (DEP-7).
    fn next_revision(&self) -> i64 {
        self.old().filter_map(|at| self.sets[at].number(sets::REVISION)).max().unwrap_or(0).max(0) + 1
    }

    /// DEP-5..10: what an existing new set takes over.
    fn adjust_new(&mut self) {
        let Some(new) = self.new else { return };
        let next = self.next_revision();
        let set = &mut self.sets[new];
        revision::copy_annotations(set, self.spec);
        revision::raise(set, next);
        set.wait_for_readiness(self.spec.min_ready_s);
        self.revision = set.annotations.get(sets::REVISION).cloned();
        let name = set.name.clone();
        self.effects.extend(set.change());
        if self.spec.progress_deadline_s.is_some() && self.conditions.get(PROGRESSING).is_none() {
            let text = format!("Found new replica set {name:?}");
            self.conditions.set(PROGRESSING, Truth::True, "FoundNewReplicaSet", text);
        }
    }

    /// DEP-1, DEP-13, DEP-31: makes the new set with the size that it may have. False: its name is taken.
    fn make_new(&mut self, plan: &mut Plan, max_surge: i64) -> bool {
        let spec = self.spec;
        let (name, hash) = name_of_new(spec);
        if self.observed.namesake.is_some() {
            plan.because(format!("{name} is there and not the set that is wanted"));
            self.collision_count = Some(self.collision_count.unwrap_or(0) + 1);
            return false;
        }
        let next = self.next_revision();
        let mut set = Set::to_make(name, spec.min_ready_s);
        let room = spec.replicas + max_surge - self.total();
        set.replicas = match spec.strategy {
            Strategy::RollingUpdate { .. } => room.clamp(0, spec.replicas),
            Strategy::Recreate => spec.replicas,
        };
        revision::copy_annotations(&mut set, spec);
        revision::raise(&mut set, next);
        set.note_scale(spec);
        plan.because(format!("no set has the template yet: {} is made", set.name));
        let call = Call::create(REPLICA_SETS, &spec.object.key.namespace, sets::body(&set, &hash, spec));
        let failed = format!("Failed to create new replica set {:?}: {{error}}", set.name);
        let scaled = format!("Scaled up replica set {} from 0 to {}", set.name, set.replicas);
        self.effects.push(Effect {
            on_success: (set.replicas > 0).then(|| Event::normal(spec.object.reference(), "ScalingReplicaSet", scaled)),
            on_failure: Some(Event::warning(spec.object.reference(), "ReplicaSetCreateError", failed.clone())),
            silent: &["AlreadyExists", NAMESPACE_TERMINATING],
            ..Effect::new(call)
        });
        if spec.progress_deadline_s.is_some() {
            let mut refused = self.former.clone();
            refused.conditions.set(PROGRESSING, Truth::False, "ReplicaSetCreateError", failed); // DEP-91
            self.refused = Some(refused.write(spec, None).into_iter().collect());
            let text = format!("Created new replica set {:?}", set.name);
            self.conditions.set(PROGRESSING, Truth::True, "NewReplicaSetCreated", text);
        }
        self.revision = set.annotations.get(sets::REVISION).cloned();
        self.new = Some(self.sets.len());
        self.sets.push(set);
        true
    }

    /// DEP-22.
    fn trim_if_complete(&mut self) {
        if self.former.is_complete(self.spec) {
            self.trim();
        }
    }

    /// DEP-70..72.
    fn trim(&mut self) {
        let Some(limit) = self.spec.revision_history_limit else { return };
        let old = self.old().map(|at| &self.sets[at]).filter(|set| set.object.as_ref().is_some_and(|object| object.deleting.is_none()));
        let mut old: Vec<&Set> = old.collect();
        let surplus = old.len().saturating_sub(limit);
        old.sort_by_key(|set| (set.number(sets::REVISION).unwrap_or(0), set.created));
        for object in old.into_iter().take(surplus).filter_map(|set| set.object.as_ref()) {
            let generation = object.value["metadata"].int("generation").unwrap_or(0);
            let (size, status) = (object.spec().int("replicas").unwrap_or(1), object.status());
            let is_unused = size == 0 && status.int("replicas").unwrap_or(0) == 0;
            if is_unused && generation <= status.int("observedGeneration").unwrap_or(0) {
                self.effects.push(Effect::new(object.delete()).tolerating(&["NotFound"]));
            }
        }
    }

    /// The status comes last, and only after all else was done.
    fn finish(mut self, mut plan: Plan) -> Plan {
        let new = self.new.map(|new| &self.sets[new]);
        let conditions = self.conditions.clone();
        let mut status = Status::count(self.spec, &self.sets, new, self.collision_count, conditions);
        if self.ending == Ending::Rollout {
            status.judge(&self.former, self.spec, &self.sets, new);
            plan.requeue_at = status.deadline(self.spec).filter(|at| *at > self.now);
        }
        self.effects.extend(status.write(self.spec, self.revision.as_deref()));
        plan.finally_failed = self.refused;
        plan.step(self.effects);
        plan
    }
}
