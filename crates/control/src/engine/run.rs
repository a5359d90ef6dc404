//! One plan being carried out: which effects may start now, and what the outcomes add up to.
//!
//! ```text
//! Before (one by one) -> Step 0 -> Step 1 -> ... -> Finally (one by one, whatever fails) -> Over
//!    | failure              | failure: skip to Finally
//!    +-> Over               (Together: a failure is noted, nothing is skipped)
//! ```

use crate::plan::{BATCH_MAX, Call, Effect, Pace, Patch, Plan};
use stead_api::Value;

/// A plan under way.
#[derive(Debug)]
pub struct Run {
    plan: Plan,
    serial: u64,
    stage: Stage,
    /// The next effect of the stage.
    next: usize,
    in_flight: usize,
    batch: usize,
    failed: bool,
    error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Step(usize),
    Finally,
    Over,
}

/// Which effect of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    stage: Stage,
    index: usize,
}

impl Run {
    pub fn new(mut plan: Plan, serial: u64) -> Self {
        let error = plan.error.take();
        Self { plan, serial, stage: Stage::Before, next: 0, in_flight: 0, batch: 1, failed: false, error }
    }

    pub fn effect(&self, at: At) -> Option<&Effect> {
        self.effects(at.stage).get(at.index)
    }

    pub fn serial(&self) -> u64 {
        self.serial
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The first failure.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// The effects that may start now. None and not over: an outcome is awaited.
    pub fn start(&mut self) -> Vec<At> {
        while self.in_flight == 0 && self.stage != Stage::Over {
            let left = self.effects(self.stage).len().saturating_sub(self.next);
            let stop = self.failed && self.stage != Stage::Finally;
            if left == 0 || stop {
                self.enter(self.following(stop));
                continue;
            }
            let count = left.min(self.width());
            self.batch = (self.batch * 2).min(BATCH_MAX);
            self.in_flight = count;
            let first = self.next;
            self.next += count;
            return (first..first + count).map(|index| At { stage: self.stage, index }).collect();
        }
        Vec::new()
    }

    /// An effect ended; `Err` with its message if it did not do what it should.
    pub fn ended(&mut self, at: At, result: Result<(), String>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Err(message) = result {
            let together = matches!(at.stage, Stage::Step(s) if self.plan.steps.get(s).is_some_and(|s| s.pace == Pace::Together));
            self.failed |= !together;
            self.error.get_or_insert(message);
        }
    }

    fn effects(&self, stage: Stage) -> &[Effect] {
        match stage {
            Stage::Before => &self.plan.before,
            Stage::Step(step) => self.plan.steps.get(step).map(|s| s.effects.as_slice()).unwrap_or_default(),
            Stage::Finally => &self.plan.finally,
            Stage::Over => &[],
        }
    }

    fn width(&self) -> usize {
        let Stage::Step(step) = self.stage else { return 1 };
        match self.plan.steps.get(step).map(|s| s.pace) {
            Some(Pace::SlowStart) => self.batch,
            Some(Pace::Together) => usize::MAX,
            Some(Pace::OneByOne) | None => 1,
        }
    }

    fn following(&self, stop: bool) -> Stage {
        match self.stage {
            Stage::Before if stop => Stage::Over,
            Stage::Before => Stage::Step(0),
            Stage::Step(_) if stop => Stage::Finally,
            Stage::Step(step) if step + 1 < self.plan.steps.len() => Stage::Step(step + 1),
            Stage::Step(_) => Stage::Finally,
            Stage::Finally | Stage::Over => Stage::Over,
        }
    }

    fn enter(&mut self, stage: Stage) {
        if stage == Stage::Finally
            && let Some(error) = &self.error
            && let Some(effects) = self.plan.finally_failed.take()
        {
            self.plan.finally = effects.into_iter().map(|effect| Effect { call: telling(effect.call, error), ..effect }).collect();
        }
        self.stage = stage;
        self.next = 0;
        self.batch = 1;
    }
}

/// The call with `{error}` in the texts of its body replaced.
fn telling(call: Call, error: &str) -> Call {
    match call {
        Call::Create { resource, namespace, subresource, body } => {
            Call::Create { resource, namespace, subresource, body: told(body, error) }
        }
        Call::Update { resource, key, subresource, body } => Call::Update { resource, key, subresource, body: told(body, error) },
        Call::Patch { resource, key, subresource, patch } => {
            let patch = match patch {
                Patch::Json(body) => Patch::Json(told(body, error)),
                Patch::Merge(body) => Patch::Merge(told(body, error)),
                Patch::Strategic(body) => Patch::Strategic(told(body, error)),
            };
            Call::Patch { resource, key, subresource, patch }
        }
        other @ (Call::Get { .. } | Call::List { .. } | Call::Delete { .. } | Call::DeleteCollection { .. }) => other,
    }
}

fn told(value: Value, error: &str) -> Value {
    match value {
        Value::String(text) => text.replace("{error}", error).into(),
        Value::Array(items) => items.into_iter().map(|item| told(item, error)).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, told(value, error))).collect::<stead_api::Map<_, _>>().into()
        }
        other => other,
    }
}
