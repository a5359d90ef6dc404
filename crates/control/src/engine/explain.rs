//! Why each key is as it is: the reasons of the last plan of every key that had any, and what it waits for. Input: plans. Output:
//! [`Explanation`]s. It decides nothing.

use super::{Caller, ControllerId, Engine, Now, Work};
use crate::plan::{Call, Key, Plan, Resource};
use std::collections::{BTreeMap, VecDeque};
use stead_api::time::Timestamp;

/// Keys whose reasons are kept; the oldest are forgotten first.
const KEYS_MAX: usize = 8192;
/// Lines about what one key waits for.
const AWAITED_MAX: usize = 20;

/// What a controller last decided about an object, why, and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// kube-controller-manager's name for it.
    pub controller: &'static str,
    /// When it decided; `None` if it gave no reason.
    pub at: Option<Timestamp>,
    /// One line each.
    pub reasons: Vec<String>,
    /// Calls on their way, and what a watch is to show before it looks again.
    pub waits_for: Vec<String>,
    /// When it looks again though nothing changes.
    pub looks_again_at: Option<Timestamp>,
    /// Why it will try again.
    pub error: Option<String>,
}

impl Engine {
    /// What each controller last decided about an object, why, and what it waits for. One that has nothing to say of it is left out.
    pub fn explain(&self, resource: Resource, key: &Key, now: Now) -> Vec<Explanation> {
        let controllers = (0..self.controllers.len()).map(ControllerId);
        controllers.filter_map(|controller| self.explanation(controller, resource, key, now)).collect()
    }

    fn explanation(&self, controller: ControllerId, resource: Resource, key: &Key, now: Now) -> Option<Explanation> {
        let own = Work { controller, resource, key: key.clone() };
        let is_known = self.explained.get(&own).is_some()
            || self.runs.contains_key(&own)
            || !self.expected.of(&own).is_empty()
            || self.queue.due(&own).is_some();
        // A controller with one key for all objects names each in its reasons.
        let (work, prefix) = if is_known { (own, String::new()) } else { (Work { key: Key::cluster(""), ..own }, format!("{key}: ")) };
        let known = self.explained.get(&work);
        let lines = known.iter().flat_map(|known| &known.reasons);
        let reasons: Vec<String> = lines.filter_map(|line| line.strip_prefix(prefix.as_str())).map(str::to_owned).collect();
        if !is_known && reasons.is_empty() {
            return None;
        }
        Some(Explanation {
            controller: self.controllers[controller.0].name(),
            at: known.map(|known| known.at),
            reasons,
            waits_for: self.awaited(&work),
            looks_again_at: self.due(&work, now),
            error: known.and_then(|known| known.error.clone()),
        })
    }

    /// What a key waits for, at most [`AWAITED_MAX`] lines.
    fn awaited(&self, work: &Work) -> Vec<String> {
        let calls = self.runs.get(work).into_iter().flat_map(|run| {
            let own = self.calls.values().filter_map(|caller| match caller {
                Caller::Effect { work: whose, at } if whose == work => Some(*at),
                Caller::Effect { .. } | Caller::Event { .. } => None,
            });
            own.filter_map(|at| run.effect(at)).map(|effect| answer_to(&effect.call))
        });
        calls.chain(self.expected.of(work).iter().map(ToString::to_string)).take(AWAITED_MAX).collect()
    }

    fn due(&self, work: &Work, now: Now) -> Option<Timestamp> {
        let left = self.queue.due(work)?.saturating_sub(now.steady);
        Some(Timestamp(now.wall.0.saturating_add(i64::try_from(left.as_micros()).unwrap_or(i64::MAX))))
    }
}

/// A call that is on its way, after "waits for".
fn answer_to(call: &Call) -> String {
    let plural = call.resource().plural;
    let (verb, about) = match call {
        Call::Get { key, .. } => ("get", key.to_string()),
        Call::Update { key, .. } => ("update", key.to_string()),
        Call::Patch { key, .. } => ("patch", key.to_string()),
        Call::Delete { key, .. } => ("delete", key.to_string()),
        Call::Create { subresource: (name, sub), namespace, .. } if !sub.is_empty() => (*sub, Key::new(namespace, name).to_string()),
        Call::Create { namespace, body, .. } => {
            ("create", Key::new(namespace, body["metadata"]["name"].as_str().unwrap_or_default()).to_string())
        }
        Call::List { namespace, .. } => ("list", format!("in {namespace:?}")),
        Call::DeleteCollection { namespace, .. } => ("deletecollection", format!("in {namespace:?}")),
    };
    format!("the answer to {verb} of {plural} {about}")
}

/// What is remembered of a plan.
#[derive(Debug, Clone)]
pub struct Reasons {
    pub at: Timestamp,
    pub reasons: Vec<String>,
    pub error: Option<String>,
}

#[derive(Debug, Default)]
pub struct Explained {
    last: BTreeMap<Work, Reasons>,
    order: VecDeque<Work>,
}

impl Explained {
    /// Takes the place of what was remembered of this key.
    pub fn plan(&mut self, work: &Work, plan: &Plan, now: Timestamp) {
        let says_nothing = plan.reasons.is_empty() && plan.error.is_none();
        if says_nothing && !self.last.contains_key(work) {
            return;
        }
        let reasons = Reasons { at: now, reasons: plan.reasons.clone(), error: plan.error.clone() };
        if self.last.insert(work.clone(), reasons).is_none() {
            self.order.push_back(work.clone());
        }
        if self.order.len() > KEYS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.last.remove(&oldest);
        }
    }

    /// The plan was carried out up to this failure.
    pub fn failed(&mut self, work: &Work, error: &str, now: Timestamp) {
        match self.last.get_mut(work) {
            Some(known) => known.error = Some(error.to_owned()),
            None => self.plan(work, &Plan { error: Some(error.to_owned()), ..Plan::default() }, now),
        }
    }

    /// `None` if the last plan gave no reason.
    pub fn get(&self, work: &Work) -> Option<&Reasons> {
        self.last.get(work).filter(|known| !known.reasons.is_empty() || known.error.is_some())
    }
}
