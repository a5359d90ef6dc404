//! What a reconcile decides: effects in order, what it waits for, and why. Plain data; deciding never acts.

use std::collections::BTreeMap;
use std::time::Duration;
use stead_api::{Value, json, time::Timestamp};
pub use stead_client::event::Event;
pub use stead_client::{Call, DeleteOptions, Key, Patch, Resource};

/// What a read must have found, for the effect to count as done. A fresh look where a cache may be behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// The object has this uid and is not being deleted.
    Alive { uid: String },
    /// The object does not exist, or has another uid than this; an empty uid stands for any.
    Absent { uid: String },
    /// The list is empty.
    Empty,
    /// None of the listed pods is on a node, has not ended, and uses this claim (PVT-2).
    Unused { claim: Key },
}

/// A call with what follows from its outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    pub call: Call,
    /// Only on reads.
    pub guard: Option<Guard>,
    /// Failure reasons that count as done: `NotFound` on delete, for example.
    pub tolerate: &'static [&'static str],
    /// `{name}` in the message is replaced by the name in the answer, which the server may have made up.
    pub on_success: Option<Event>,
    /// `{error}` in the message is replaced by the failure's message. Not recorded for reasons in `silent`.
    pub on_failure: Option<Event>,
    /// Failure reasons that record no event.
    pub silent: &'static [&'static str],
}

impl Effect {
    pub fn new(call: Call) -> Self {
        Self { call, guard: None, tolerate: &[], on_success: None, on_failure: None, silent: &[] }
    }

    /// A read whose answer must satisfy the guard.
    pub fn guard(call: Call, guard: Guard) -> Self {
        Self { guard: Some(guard), ..Self::new(call) }
    }

    pub fn tolerating(self, reasons: &'static [&'static str]) -> Self {
        Self { tolerate: reasons, ..self }
    }
}

/// How the effects of a step run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// In order; the first failure ends the plan's steps.
    OneByOne,
    /// Batches of 1, 2, 4 ... at once (SYNC-16); a failure ends the plan's steps after its batch.
    SlowStart,
    /// All at once; each for itself.
    Together,
}

/// The largest batch of [`Pace::SlowStart`].
pub const BATCH_MAX: usize = 500;

/// Effects that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub pace: Pace,
    pub effects: Vec<Effect>,
}

/// What to do about one key.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Run first, one by one; a failure ends the whole plan, `finally` included.
    pub before: Vec<Effect>,
    /// In order; a failed step ends them.
    pub steps: Vec<Step>,
    /// Run after the steps whether or not they failed (status, history), each whatever became of the others.
    pub finally: Vec<Effect>,
    /// In place of `finally` if a step failed; `{error}` in the texts of their bodies is replaced by the message of the first failure.
    pub finally_failed: Option<Vec<Effect>>,
    /// Events without a call.
    pub events: Vec<Event>,
    /// Look again then, even if nothing changes.
    pub requeue_after: Option<Duration>,
    /// Look again at this time.
    pub requeue_at: Option<Timestamp>,
    /// Keys of the same controller to look at next.
    pub then: Vec<(Resource, Key)>,
    /// Retry with back-off: the plan could not be made whole.
    pub error: Option<String>,
    /// Why this plan is what it is, and what it waits for; one line each.
    pub reasons: Vec<String>,
}

impl Plan {
    /// Whether it asks for no call and no event.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.steps.iter().all(|s| s.effects.is_empty()) && self.finally.is_empty() && self.events.is_empty()
    }

    /// Every effect in the order that it would run.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.before.iter().chain(self.steps.iter().flat_map(|s| &s.effects)).chain(&self.finally)
    }

    pub fn because(&mut self, reason: impl Into<String>) {
        self.reasons.push(reason.into());
    }

    /// Adds a step that runs one by one.
    pub fn step(&mut self, effects: Vec<Effect>) {
        self.step_at(Pace::OneByOne, effects);
    }

    /// Adds a step; an empty one is left out.
    pub fn step_at(&mut self, pace: Pace, effects: Vec<Effect>) {
        if !effects.is_empty() {
            self.steps.push(Step { pace, effects });
        }
    }
}

/// The strategic patch of an object's metadata, valid only for this uid.
pub fn metadata_patch(uid: &str, mut metadata: Value) -> Patch {
    if let Some(map) = metadata.as_object_mut() {
        map.insert("uid".into(), uid.into());
    }
    Patch::Strategic(json!({ "metadata": metadata }))
}

/// What of a map of strings a merge patch has to say so that `old` becomes `new`; `None` if they are alike.
pub fn map_patch(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Option<Value> {
    let put = new.iter().filter(|(name, value)| old.get(*name) != Some(value)).map(|(name, value)| (name.clone(), value.as_str().into()));
    let drop = old.keys().filter(|name| !new.contains_key(*name)).map(|name| (name.clone(), Value::Null));
    let patch: stead_api::Map<String, Value> = put.chain(drop).collect();
    (!patch.is_empty()).then_some(Value::Object(patch))
}
