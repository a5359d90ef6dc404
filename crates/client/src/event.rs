//! Turns what happened into core/v1 Events as upstream's recorder does (EVT-4): repeats of one event are counted in one
//! object, many that differ in their message alone are combined, and each object has a budget, so that a loop cannot
//! flood the store; a call that found no server is made again later. Input: what happened and when. Output: calls, at most one on its way for each
//! event. It sends nothing.

use crate::call::{Call, Key, Patch};
use crate::failure::Failure;
use crate::resource::EVENTS;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use stead_api::{Value, json, time::Timestamp};

/// Distinct events, groups of similar ones, and budgets that are remembered.
const REMEMBERED_MAX: usize = 4096;
/// Events that an object may have at once from one source.
const BURST: i64 = 25;
/// Seconds until it may have one more.
const REFILL_S: i64 = 300;
/// So many messages of similar events are told one by one; with one more they are combined.
const SIMILAR_MAX: usize = 10;
/// Seconds after which similar events are counted anew.
const SIMILAR_S: i64 = 600;
/// A call is made so often, with that pause, where it may yet come through (upstream's `maxTriesPerEvent` and `defaultSleepDuration`).
const TRIES_MAX: u32 = 12;
const PAUSE: Duration = Duration::from_secs(10);
const COMBINED: &str = "(combined from similar events): ";

/// Who says so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    pub component: String,
    /// Of node components only.
    pub host: String,
}

/// An ObjectReference.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reference {
    pub api_version: String,
    pub kind: String,
    /// Empty for cluster-scoped objects.
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub resource_version: String,
    /// `spec.containers{name}`; empty for the object itself.
    pub field_path: String,
}

/// Something that happened to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `Normal` or `Warning`.
    pub ty: &'static str,
    pub reason: &'static str,
    pub message: String,
    pub regarding: Reference,
}

impl Event {
    pub fn normal(regarding: Reference, reason: &'static str, message: impl Into<String>) -> Self {
        Self { ty: "Normal", reason, message: message.into(), regarding }
    }

    pub fn warning(regarding: Reference, reason: &'static str, message: impl Into<String>) -> Self {
        Self { ty: "Warning", reason, message: message.into(), regarding }
    }
}

/// A call about an event that is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket(String);

/// Remembers what was recorded.
#[derive(Debug, Default)]
pub struct Recorder {
    recorded: Bounded<Recorded>,
    similar: Bounded<Similar>,
    budgets: Bounded<Budget>,
    made: u64,
}

/// An event and what its object says.
#[derive(Debug)]
struct Recorded {
    name: String,
    source: Source,
    event: Event,
    count: u64,
    first: Timestamp,
    last: Timestamp,
    state: State,
    /// Calls about it that did not come through since one did.
    failures: u32,
}

/// The next call about an event.
#[derive(Debug, PartialEq)]
pub struct Again {
    pub ticket: Ticket,
    pub call: Call,
    /// How long it waits before it is made.
    pub after: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It has no object.
    Unwritten,
    /// A call is on its way; `again` if it happened meanwhile.
    Creating {
        again: bool,
    },
    Patching {
        again: bool,
    },
    Written,
}

/// Events that differ in their message alone.
#[derive(Debug, Default)]
struct Similar {
    messages: BTreeSet<String>,
    last: Timestamp,
}

#[derive(Debug)]
struct Budget {
    left: i64,
    filled: Timestamp,
}

impl Recorder {
    /// Something happened. Returns the call that says so, unless it is dropped or joined to one on its way.
    pub fn record(&mut self, source: &Source, event: Event, now: Timestamp) -> Option<(Ticket, Call)> {
        let object = object_key(source, &event.regarding);
        let (event, key) = self.combine(&object, event, now);
        match self.recorded.get_mut(&key) {
            Some(known) => {
                known.count += 1;
                known.last = now;
                known.event.message = event.message;
            }
            None => {
                let name = self.name(&event.regarding, now);
                let recorded =
                    Recorded { name, source: source.clone(), event, count: 1, first: now, last: now, state: State::Unwritten, failures: 0 };
                self.recorded.insert(key.clone(), recorded);
            }
        }
        if self.spend(object, now) { self.next_call(key) } else { None }
    }

    /// The call ended. Returns the next one about this event: if it happened again meanwhile, if its object is gone, or if nobody could answer.
    pub fn ended(&mut self, Ticket(key): Ticket, call: Call, result: &Result<Value, Failure>) -> Option<Again> {
        let known = self.recorded.get_mut(&key)?;
        let again = match (result, known.state) {
            (Err(failure), _) if may_pass(failure) && known.failures + 1 < TRIES_MAX => {
                known.failures += 1;
                return Some(Again { ticket: Ticket(key), call, after: PAUSE });
            }
            (Ok(_), State::Creating { again } | State::Patching { again }) => {
                (known.state, known.failures) = (State::Written, 0);
                again
            }
            // A call whose answer was lost has made it.
            (Err(failure), State::Creating { again }) if known.failures > 0 && failure.reason() == "AlreadyExists" => {
                (known.state, known.failures) = (State::Written, 0);
                again
            }
            (Ok(_), State::Unwritten | State::Written) => false,
            // It has expired or was deleted: it is told anew, with what it had counted.
            (Err(failure), State::Patching { .. }) if failure.is_not_found() => {
                known.state = State::Unwritten;
                true
            }
            (Err(_), _) => {
                self.recorded.remove(&key);
                false
            }
        };
        let (ticket, call) = if again { self.next_call(key)? } else { return None };
        Some(Again { ticket, call, after: Duration::ZERO })
    }

    /// The event to record in place of this one, and its key: itself, or the one that combines those similar to it.
    fn combine(&mut self, object: &str, event: Event, now: Timestamp) -> (Event, String) {
        let group = [object, event.ty, event.reason].join("\0");
        let similar = self.similar.get_or_insert_with(&group, Similar::default);
        if now.seconds() - similar.last.seconds() > SIMILAR_S {
            similar.messages.clear();
        }
        similar.last = now;
        similar.messages.insert(event.message.clone());
        if similar.messages.len() < SIMILAR_MAX {
            let key = [&group, &event.regarding.field_path, &event.message].map(String::as_str).join("\0");
            return (event, key);
        }
        similar.messages.pop_first();
        (Event { message: format!("{COMBINED}{}", event.message), ..event }, group)
    }

    fn next_call(&mut self, key: String) -> Option<(Ticket, Call)> {
        let known = self.recorded.get_mut(&key)?;
        let call = match &mut known.state {
            State::Creating { again } | State::Patching { again } => {
                *again = true;
                return None;
            }
            State::Unwritten => {
                known.state = State::Creating { again: false };
                Call::create(EVENTS, namespace(&known.event.regarding), known.object())
            }
            State::Written => {
                known.state = State::Patching { again: false };
                let key = Key::new(namespace(&known.event.regarding), known.name.clone());
                Call::Patch { resource: EVENTS, key, subresource: "", patch: Patch::Merge(known.count_patch()) }
            }
        };
        Some((Ticket(key), call))
    }

    /// Unique among the events of this recorder.
    fn name(&mut self, regarding: &Reference, now: Timestamp) -> String {
        self.made += 1;
        let stamp = now.0.unsigned_abs().wrapping_mul(1000).wrapping_add(self.made % 1000);
        format!("{}.{stamp:x}", regarding.name)
    }

    /// Whether this object may have one more event now.
    fn spend(&mut self, object: String, now: Timestamp) -> bool {
        let budget = self.budgets.get_or_insert_with(&object, || Budget { left: BURST, filled: now });
        let refills = (now.seconds() - budget.filled.seconds()).max(0) / REFILL_S;
        if refills > 0 {
            budget.left = (budget.left + refills).min(BURST);
            budget.filled = Timestamp::from_seconds(budget.filled.seconds() + refills * REFILL_S);
        }
        let allowed = budget.left > 0;
        budget.left -= i64::from(allowed);
        allowed
    }
}

impl Recorded {
    fn object(&self) -> Value {
        let Event { ty, reason, message, regarding } = &self.event;
        let mut source = json!({ "component": self.source.component });
        if !self.source.host.is_empty() {
            source["host"] = self.source.host.as_str().into();
        }
        json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": self.name, "namespace": namespace(regarding)},
            "involvedObject": regarding.object(), "reason": reason, "message": message, "source": source,
            "firstTimestamp": self.first.rfc3339(), "lastTimestamp": self.last.rfc3339(), "count": self.count, "type": ty,
            "reportingComponent": self.source.component, "reportingInstance": self.source.host,
        })
    }

    fn count_patch(&self) -> Value {
        json!({
            "count": self.count, "firstTimestamp": self.first.rfc3339(), "lastTimestamp": self.last.rfc3339(),
            "message": self.event.message,
        })
    }
}

impl Reference {
    /// Without empty members.
    fn object(&self) -> Value {
        let members = [
            ("kind", &self.kind),
            ("namespace", &self.namespace),
            ("name", &self.name),
            ("uid", &self.uid),
            ("apiVersion", &self.api_version),
            ("resourceVersion", &self.resource_version),
            ("fieldPath", &self.field_path),
        ];
        let filled = members.into_iter().filter(|(_, text)| !text.is_empty());
        Value::Object(filled.map(|(name, text)| (name.to_owned(), text.as_str().into())).collect())
    }
}

/// Whether the same call may come through later: nobody answered, or a server that cannot write now did.
fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::NoAnswer(_) => true,
        Failure::Refused(refusal) => matches!(refusal.code, 409 | 429 | 500..) && refusal.reason != "AlreadyExists",
    }
}

/// Where the event's object is: with what it is about, and in `default` for cluster-scoped objects.
fn namespace(regarding: &Reference) -> &str {
    if regarding.namespace.is_empty() { "default" } else { &regarding.namespace }
}

/// An object as a source sees it, whatever its version.
fn object_key(source: &Source, regarding: &Reference) -> String {
    let Reference { api_version, kind, namespace, name, uid, .. } = regarding;
    [&source.component, &source.host, api_version, kind, namespace, name, uid].map(String::as_str).join("\0")
}

/// A map that forgets its oldest entry beyond [`REMEMBERED_MAX`].
#[derive(Debug)]
struct Bounded<T> {
    entries: BTreeMap<String, T>,
    order: VecDeque<String>,
}

impl<T> Default for Bounded<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), order: VecDeque::new() }
    }
}

impl<T> Bounded<T> {
    fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.entries.get_mut(key)
    }

    fn insert(&mut self, key: String, value: T) {
        if self.entries.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
    }

    fn get_or_insert_with(&mut self, key: &str, make: impl FnOnce() -> T) -> &mut T {
        if !self.entries.contains_key(key) {
            self.insert(key.to_owned(), make());
        }
        self.entries.get_mut(key).expect("it was inserted just now")
    }

    fn remove(&mut self, key: &str) {
        if self.entries.remove(key).is_some() {
            self.order.retain(|known| known != key);
        }
    }
}

#[cfg(test)]
mod tests;
