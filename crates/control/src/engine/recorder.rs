//! Turns [`Recorded`] into core/v1 Events: one object per distinct event, its count patched on repeats, and a budget
//! per object so that a loop cannot flood the store. Input: what happened and when. Output: calls.

use crate::plan::{Call, Key, Patch, Recorded};
use crate::resource::EVENTS;
use std::collections::{BTreeMap, VecDeque};
use stead_api::{Value, json, time::Timestamp, value::Access};

/// Distinct events whose count is remembered.
const EVENTS_MAX: usize = 4096;
/// Objects whose budget is remembered.
const BUDGETS_MAX: usize = 4096;
/// Events an object may have at once, as upstream's recorder allows.
const BURST: i64 = 25;
/// Seconds until an object may have one more.
const REFILL_S: i64 = 300;

/// What makes two events the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Sameness {
    component: &'static str,
    uid: String,
    reason: &'static str,
    message: String,
}

#[derive(Debug)]
struct Known {
    key: Key,
    count: u64,
    first: Timestamp,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// A call about it is on its way; `stale` if it happened again since.
    Writing {
        stale: bool,
    },
    Written,
}

#[derive(Debug, Clone, Copy)]
struct Budget {
    left: i64,
    filled: Timestamp,
}

/// An event call on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket(Sameness);

#[derive(Debug, Default)]
pub struct Recorder {
    known: BTreeMap<Sameness, Known>,
    order: VecDeque<Sameness>,
    budgets: BTreeMap<(&'static str, String), Budget>,
    budget_order: VecDeque<(&'static str, String)>,
    made: u64,
}

impl Recorder {
    /// Something happened. Returns the call that says so, unless it is dropped or joined to one on its way.
    pub fn record(&mut self, component: &'static str, event: Recorded, now: Timestamp) -> Option<(Ticket, Call)> {
        let same = Sameness { component, uid: event.regarding.str("uid").to_owned(), reason: event.reason, message: event.message.clone() };
        if !self.spend((component, same.uid.clone()), now) {
            return None;
        }
        if let Some(known) = self.known.get_mut(&same) {
            known.count += 1;
            return match known.state {
                State::Writing { .. } => {
                    known.state = State::Writing { stale: true };
                    None
                }
                State::Written => {
                    known.state = State::Writing { stale: false };
                    Some((Ticket(same), count_patch(known, now)))
                }
            };
        }
        let (key, call) = self.creation(&event, component, now);
        self.remember(same.clone(), Known { key, count: 1, first: now, state: State::Writing { stale: false } });
        Some((Ticket(same), call))
    }

    /// The call ended. Returns the next one about this event, if it happened again meanwhile.
    pub fn ended(&mut self, ticket: Ticket, succeeded: bool, now: Timestamp) -> Option<(Ticket, Call)> {
        let known = self.known.get_mut(&ticket.0)?;
        if !succeeded {
            // Expired, or its namespace is going: the next one starts afresh.
            self.known.remove(&ticket.0);
            self.order.retain(|same| *same != ticket.0);
            return None;
        }
        if known.state == (State::Writing { stale: true }) {
            known.state = State::Writing { stale: false };
            let call = count_patch(known, now);
            return Some((ticket, call));
        }
        known.state = State::Written;
        None
    }

    fn creation(&mut self, event: &Recorded, component: &str, now: Timestamp) -> (Key, Call) {
        self.made += 1;
        let namespace = match event.regarding.str("namespace") {
            "" => "default",
            namespace => namespace,
        };
        let stamp = now.0.unsigned_abs().wrapping_mul(1000).wrapping_add(self.made % 1000);
        let name = format!("{}.{stamp:x}", event.regarding.str("name"));
        let body = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace},
            "involvedObject": event.regarding, "reason": event.reason, "message": event.message,
            "source": {"component": component}, "firstTimestamp": now.rfc3339(), "lastTimestamp": now.rfc3339(), "count": 1,
            "type": event.ty, "reportingComponent": component, "reportingInstance": "",
        });
        (Key::new(namespace, name), Call::create(EVENTS, namespace, body))
    }

    fn remember(&mut self, same: Sameness, known: Known) {
        self.known.insert(same.clone(), known);
        self.order.push_back(same);
        if self.order.len() > EVENTS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// Whether this object may have one more event now.
    fn spend(&mut self, whose: (&'static str, String), now: Timestamp) -> bool {
        if !self.budgets.contains_key(&whose) {
            self.budget_order.push_back(whose.clone());
            if self.budget_order.len() > BUDGETS_MAX
                && let Some(oldest) = self.budget_order.pop_front()
            {
                self.budgets.remove(&oldest);
            }
        }
        let budget = self.budgets.entry(whose).or_insert(Budget { left: BURST, filled: now });
        let refills = (now.seconds() - budget.filled.seconds()).max(0) / REFILL_S;
        if refills > 0 {
            budget.left = (budget.left + refills).min(BURST);
            budget.filled = Timestamp::from_seconds(budget.filled.seconds() + refills * REFILL_S);
        }
        if budget.left == 0 {
            return false;
        }
        budget.left -= 1;
        true
    }
}

fn count_patch(known: &Known, now: Timestamp) -> Call {
    let body: Value = json!({"count": known.count, "firstTimestamp": known.first.rfc3339(), "lastTimestamp": now.rfc3339()});
    Call::Patch { resource: EVENTS, key: known.key.clone(), subresource: "", patch: Patch::Merge(body) }
}
