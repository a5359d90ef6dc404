//! The engine: a deterministic state machine from watch reports and call outcomes to calls. It owns the caches, the
//! queue, the plans under way and the event recorder; it reads no clock, does no I/O and spawns nothing.
//!
//! ```text
//! Report ─▶ cache ─▶ keys ─▶ queue ─▶ reconcile ─▶ plan ─▶ calls out ─▶ Outcome ─▶ next calls, events, back-off
//! ```
//!
//! A key is not looked at again before the cache has seen what the key's own calls did (read your writes).

mod cache;
mod expect;
mod explain;
mod queue;
mod run;
#[cfg(test)]
mod tests;

pub use cache::{Cache, Change};
pub use explain::Explanation;
pub use queue::{BackOff, Work};

use crate::object::Object;
use crate::plan::{Call, Effect, Event, Guard, Key, Plan, Resource};
use crate::users;
use expect::{Expect, Expected};
use explain::Explained;
use queue::Queue;
use run::{At, Run};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use stead_api::{Value, time::Timestamp};
use stead_client::Failure;
use stead_client::event::{Again, Recorder, Source, Ticket};
use stead_client::resource::PODS;

/// A controller: which keys a change concerns, and what to do about a key. It holds nothing that it learnt but what can be made
/// anew from the caches, as the scheduler's snapshot and queue.
pub trait Controller: Send + Sync {
    /// kube-controller-manager's name for it, `statefulset-controller`.
    fn name(&self) -> &'static str;

    /// Source component of its events.
    fn component(&self) -> &'static str {
        self.name()
    }

    /// What it must see.
    fn watches(&self) -> Vec<Resource>;

    /// Keys to look at after a change of something that it watches.
    fn keys_for(&self, change: &Change, cache: &Cache, keys: &mut Vec<(Resource, Key)>);

    /// How long the keys of a change wait for more of the kind, so that what comes together is looked at once.
    fn patience(&self, _change: &Change) -> Duration {
        Duration::ZERO
    }

    /// How long a key waits after failures.
    fn back_off(&self) -> BackOff {
        BackOff::DEFAULT
    }

    /// What to do about a key. Pure.
    fn reconcile(&self, resource: Resource, key: &Key, cache: &Cache, now: Timestamp) -> Plan;
}

/// A controller of this engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ControllerId(usize);

/// Names a call between its start and its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// A call to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    pub id: CallId,
    pub call: Call,
    /// Who makes it.
    pub user: Arc<str>,
    /// Serial number of the plan that it belongs to; `None`: it records an event.
    pub plan: Option<u64>,
}

/// What time it is: `wall` for the meaning of objects, `steady` for back-off and timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    pub wall: Timestamp,
    /// Since any fixed point; never goes back.
    pub steady: Duration,
}

/// What a watch says.
pub type Report = stead_client::Report<Object>;

/// Something that happened.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every input is a watch report")]
pub enum Input {
    Watch {
        resource: Resource,
        report: Report,
    },
    Outcome {
        id: CallId,
        result: Result<Value, Failure>,
    },
    /// Time has passed.
    Tick,
}

/// Whose call it is.
#[derive(Debug)]
enum Caller {
    Effect { work: Work, at: At },
    Event { ticket: Ticket, call: Call, user: Arc<str> },
}

/// How many Event calls may be on their way or wait to be made again; beyond it events are dropped.
const EVENT_CALLS_MAX: usize = 256;

/// A wall clock that goes forward by so much more than the steady one was set, or the machine slept.
const CLOCK_JUMP_MIN: i64 = 1_000_000;

pub struct Engine {
    controllers: Vec<Box<dyn Controller>>,
    /// Of each controller.
    users: Vec<Arc<str>>,
    watchers: BTreeMap<Resource, Vec<ControllerId>>,
    cache: Cache,
    queue: Queue,
    runs: BTreeMap<Work, Run>,
    calls: BTreeMap<CallId, Caller>,
    event_calls: usize,
    /// Event calls that are to be made again, by when.
    event_retries: BTreeMap<Duration, Vec<(Again, Arc<str>)>>,
    /// What a key's own calls did and the cache has not seen yet.
    expected: Expected,
    /// Keys whose turn came while they expect something.
    parked: BTreeSet<Work>,
    recorder: Recorder,
    explained: Explained,
    /// How far the wall clock was ahead of the steady one at the last look, in microseconds.
    ahead: Option<i64>,
    next_call: u64,
    plans_made: u64,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("runs", &self.runs.len()).field("calls", &self.calls.len()).finish_non_exhaustive()
    }
}

impl Engine {
    pub fn new(controllers: Vec<Box<dyn Controller>>) -> Self {
        let mut cache = Cache::default();
        let mut watchers: BTreeMap<Resource, Vec<ControllerId>> = BTreeMap::new();
        for (index, controller) in controllers.iter().enumerate() {
            let watched: BTreeSet<Resource> = controller.watches().into_iter().collect();
            for resource in watched {
                cache.watch(resource);
                watchers.entry(resource).or_default().push(ControllerId(index));
            }
        }
        Self {
            users: controllers.iter().map(|controller| users::of(controller.name()).into()).collect(),
            controllers,
            watchers,
            cache,
            queue: Queue::default(),
            runs: BTreeMap::new(),
            calls: BTreeMap::new(),
            event_calls: 0,
            event_retries: BTreeMap::new(),
            expected: Expected::default(),
            parked: BTreeSet::new(),
            recorder: Recorder::default(),
            explained: Explained::default(),
            ahead: None,
            next_call: 0,
            plans_made: 0,
        }
    }

    /// What must be watched for it.
    pub fn resources(&self) -> Vec<Resource> {
        self.cache.resources().collect()
    }

    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Takes one input and returns the calls to start.
    pub fn step(&mut self, input: Input, now: Now) -> Vec<Start> {
        let mut starts = self.take(input, now);
        starts.extend(self.work(now));
        starts
    }

    /// Takes one input without looking at keys yet. Several inputs at hand are taken before [`work`](Self::work).
    pub fn take(&mut self, input: Input, now: Now) -> Vec<Start> {
        self.cache.set_time(now.wall);
        match input {
            Input::Watch { resource, report } => {
                self.report(resource, report, now);
                Vec::new()
            }
            Input::Outcome { id, result } => self.outcome(id, result, now),
            Input::Tick => Vec::new(),
        }
    }

    /// Looks at every key whose turn it is.
    pub fn work(&mut self, now: Now) -> Vec<Start> {
        self.notice_clock(now);
        self.queue.tick(now.steady);
        let mut starts = Vec::new();
        self.retry_events(now, &mut starts);
        if !self.synced() {
            return starts;
        }
        while let Some(work) = self.queue.take() {
            if self.expected.contains(&work) {
                self.queue.done(&work);
                self.parked.insert(work);
                continue;
            }
            self.reconcile(work, now, &mut starts);
        }
        starts
    }

    /// When to call [`step`](Self::step) with [`Input::Tick`], in steady time.
    pub fn next_timer(&self) -> Option<Duration> {
        self.event_retries.keys().next().copied().into_iter().chain(self.queue.next_timer()).min()
    }

    /// No key is queued or worked on, no call is on its way, and the cache has seen all that calls did. Timers do not count.
    pub fn is_idle(&self) -> bool {
        self.synced() && self.queue.is_idle() && self.calls.is_empty() && self.expected.is_empty() && self.parked.is_empty()
    }

    /// Every watched resource has been listed.
    pub fn synced(&self) -> bool {
        self.cache.resources().all(|resource| self.cache.synced(resource))
    }

    /// Timers run on the steady clock, and some stand for a time of the wall clock. When that has jumped ahead they may be overdue.
    fn notice_clock(&mut self, now: Now) {
        let ahead = now.wall.0.saturating_sub(i64::try_from(now.steady.as_micros()).unwrap_or(i64::MAX));
        if self.ahead.replace(ahead).is_some_and(|before| ahead.saturating_sub(before) > CLOCK_JUMP_MIN) {
            self.queue.ring();
        }
    }

    fn report(&mut self, resource: Resource, report: Report, now: Now) {
        let changes = match report {
            Report::Replaced { objects, version } => self.cache.replace(resource, objects, version),
            Report::Put(object) => self.cache.put(object).into_iter().collect(),
            Report::Deleted(object) => self.cache.delete(&object).into_iter().collect(),
            Report::Bookmark { version } => {
                self.cache.advance(resource, version);
                Vec::new()
            }
        };
        self.prune_expected(resource, &changes);
        changes.iter().for_each(|change| self.enqueue(change, now));
    }

    /// Queues what a change concerns, for those who watch its resource.
    fn enqueue(&mut self, change: &Change, now: Now) {
        let mut keys = Vec::new();
        for id in self.watchers.get(&change.resource).into_iter().flatten() {
            let controller = &self.controllers[id.0];
            if let Err(panic) = guarded(|| controller.keys_for(change, &self.cache, &mut keys)) {
                tracing::error!(controller = controller.name(), key = %change.key, panic, "the keys of a change cannot be told");
                keys.push((change.resource, change.key.clone()));
            }
            let patience = controller.patience(change);
            for (resource, key) in keys.drain(..) {
                let work = Work { controller: *id, resource, key };
                if patience.is_zero() { self.queue.add(work) } else { self.queue.add_at(work, now.steady + patience) }
            }
        }
    }

    /// Forgets expectations that the cache has met, and hands their keys back to the queue.
    fn prune_expected(&mut self, resource: Resource, changes: &[Change]) {
        for work in self.expected.prune(resource, changes, &self.cache) {
            if self.parked.remove(&work) {
                self.queue.add(work);
            }
        }
    }

    fn reconcile(&mut self, work: Work, now: Now, starts: &mut Vec<Start>) {
        let controller = &self.controllers[work.controller.0];
        // It changes nothing of the engine's, so that a panic in it leaves nothing half done.
        let planned = guarded(|| controller.reconcile(work.resource, &work.key, &self.cache, now.wall));
        let plan = planned.unwrap_or_else(|panic| {
            if self.queue.failures(&work) == 0 {
                tracing::error!(controller = controller.name(), key = %work.key, panic, "a reconcile panicked, will try again");
            }
            Plan { error: Some(format!("the controller panicked: {panic}")), ..Plan::default() }
        });
        tracing::trace!(controller = controller.name(), key = %work.key, reasons = ?plan.reasons, "planned");
        self.explained.plan(&work, &plan, now.wall);
        for event in plan.events.clone() {
            self.record(work.controller, event, now, starts);
        }
        self.plans_made += 1;
        self.runs.insert(work.clone(), Run::new(plan, self.plans_made));
        self.proceed(work, now, starts);
    }

    /// Starts what may start of this key's plan, or ends it.
    fn proceed(&mut self, work: Work, now: Now, starts: &mut Vec<Start>) {
        let Some(run) = self.runs.get_mut(&work) else { return };
        for at in run.start() {
            let Some(effect) = run.effect(at) else { continue };
            let id = CallId(self.next_call);
            self.next_call += 1;
            let user = self.users[work.controller.0].clone();
            starts.push(Start { id, call: effect.call.clone(), user, plan: Some(run.serial()) });
            self.calls.insert(id, Caller::Effect { work: work.clone(), at });
        }
        if run.is_over() {
            self.finish(&work, now);
        }
    }

    fn finish(&mut self, work: &Work, now: Now) {
        let Some(run) = self.runs.remove(work) else { return };
        let plan = run.plan();
        if let Some(error) = run.error() {
            let controller = self.controllers[work.controller.0].name();
            tracing::debug!(controller, key = %work.key, error, "will look again after a failure");
            self.explained.failed(work, error, now.wall);
            self.queue.retry(work.clone(), now.steady, self.controllers[work.controller.0].back_off());
        } else {
            self.queue.forget(work);
        }
        for (resource, key) in &plan.then {
            self.queue.add(Work { controller: work.controller, resource: *resource, key: key.clone() });
        }
        if let Some(delay) = plan.requeue_after {
            self.queue.add_at(work.clone(), now.steady + delay);
        }
        if let Some(at) = plan.requeue_at {
            let micros = u64::try_from(at.0.saturating_sub(now.wall.0)).unwrap_or(0);
            self.queue.add_at(work.clone(), now.steady + Duration::from_micros(micros));
        }
        self.queue.done(work);
    }

    fn outcome(&mut self, id: CallId, result: Result<Value, Failure>, now: Now) -> Vec<Start> {
        let mut starts = Vec::new();
        match self.calls.remove(&id) {
            None => {}
            Some(Caller::Event { ticket, call, user }) => {
                self.event_calls -= 1;
                if let Some(again) = self.recorder.ended(ticket, call, &result) {
                    self.event_calls += 1;
                    self.event_retries.entry(now.steady + again.after).or_default().push((again, user));
                }
                self.retry_events(now, &mut starts);
            }
            Some(Caller::Effect { work, at }) => {
                self.effect_ended(&work, at, result, now, &mut starts);
                self.proceed(work, now, &mut starts);
            }
        }
        starts
    }

    fn effect_ended(&mut self, work: &Work, at: At, result: Result<Value, Failure>, now: Now, starts: &mut Vec<Start>) {
        let Some(run) = self.runs.get_mut(work) else { return };
        let Some(effect) = run.effect(at) else { return };
        let is_missing = matches!(&result, Err(failure) if failure.reason() == "NotFound");
        let (result, event) = judge(effect, result);
        let expects = match &result {
            Ok(Some(answer)) => Expect::after(&effect.call, answer),
            Ok(None) if is_missing => Expect::after_not_found(&effect.call, &self.cache).into_iter().collect(),
            _ => Vec::new(),
        };
        run.ended(at, result.map(|_| ()));
        for expect in expects.into_iter().filter(|e| !e.is_met(&self.cache)) {
            self.expected.add(work, expect);
        }
        if let Some(event) = event {
            self.record(work.controller, event, now, starts);
        }
    }

    fn record(&mut self, controller: ControllerId, event: Event, now: Now, starts: &mut Vec<Start>) {
        if self.event_calls < EVENT_CALLS_MAX {
            let source = Source { component: self.controllers[controller.0].component().to_owned(), host: String::new() };
            if let Some((ticket, call)) = self.recorder.record(&source, event, now.wall) {
                self.event_calls += 1;
                self.start_event(ticket, call, self.users[controller.0].clone(), starts);
            }
        }
    }

    /// Makes the calls again whose time has come.
    fn retry_events(&mut self, now: Now, starts: &mut Vec<Start>) {
        while let Some(due) = self.event_retries.first_entry().filter(|first| *first.key() <= now.steady) {
            for (Again { ticket, call, .. }, user) in due.remove() {
                self.start_event(ticket, call, user, starts);
            }
        }
    }

    fn start_event(&mut self, ticket: Ticket, call: Call, user: Arc<str>, starts: &mut Vec<Start>) {
        let id = CallId(self.next_call);
        self.next_call += 1;
        self.calls.insert(id, Caller::Event { ticket, call: call.clone(), user: user.clone() });
        starts.push(Start { id, call, user, plan: None });
    }
}

/// Runs a controller's code; what it panicked with, if it did.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
    })
}

/// What an outcome means to its effect: the answer (`None` if a failure is tolerated) or what failed, and the event to record.
fn judge(effect: &Effect, result: Result<Value, Failure>) -> (Result<Option<Value>, String>, Option<Event>) {
    let failure = match (result, &effect.guard) {
        (Ok(answer), Some(guard)) => match hold(guard, &effect.call, &answer) {
            Ok(()) => return (Ok(None), None),
            Err(why) => return (Err(why), None),
        },
        (Err(failure), Some(Guard::Absent { .. })) if failure.reason() == "NotFound" => return (Ok(None), None),
        (Ok(answer), None) => {
            let name = answer["metadata"]["name"].as_str().unwrap_or_default();
            let event = effect.on_success.clone().map(|event| Event { message: event.message.replace("{name}", name), ..event });
            return (Ok(Some(answer)), event);
        }
        (Err(failure), _) => failure,
    };
    let reason = failure.reason();
    let message = failure.to_string();
    let event = effect.on_failure.clone().filter(|_| !effect.silent.contains(&reason));
    let event = event.map(|event| Event { message: event.message.replace("{error}", &message), ..event });
    if effect.tolerate.contains(&reason) {
        let done = effect.on_success.clone().filter(|_| !effect.silent.contains(&reason));
        return (Ok(None), done.or(event));
    }
    (Err(message), event)
}

/// Whether a read found what it must.
fn hold(guard: &Guard, call: &Call, answer: &Value) -> Result<(), String> {
    let meta = &answer["metadata"];
    let uid = meta["uid"].as_str().unwrap_or_default();
    let what = match call {
        Call::Get { resource, key } => format!("original {} {key}", resource.kind),
        other => other.resource().plural.to_owned(),
    };
    match guard {
        Guard::Alive { uid: wanted } if uid != wanted => Err(format!("{what} is gone: got uid {uid}, wanted {wanted}")),
        Guard::Alive { .. } => match meta["deletionTimestamp"].as_str() {
            Some(at) => Err(format!("{what} has just been deleted at {at}")),
            None => Ok(()),
        },
        Guard::Absent { uid: wanted } if wanted.is_empty() || uid == wanted => Err(format!("{what} is there after all")),
        Guard::Absent { .. } => Ok(()),
        Guard::Empty if answer["items"].as_array().is_some_and(|items| !items.is_empty()) => Err(format!("{what} are left")),
        Guard::Empty => Ok(()),
        Guard::Unused { claim } => {
            let pods = answer["items"].as_array().into_iter().flatten().map(|item| Object::parse(PODS, item.clone()));
            let mut users = pods.filter(|pod| pod.as_ref().is_none_or(|pod| pod.holds_claim(claim)));
            users
                .next()
                .map_or(Ok(()), |user| Err(format!("pod {} uses the claim after all", user.map_or_else(String::new, |pod| pod.key.name))))
        }
    }
}
