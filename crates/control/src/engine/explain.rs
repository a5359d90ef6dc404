//! Why each key is as it is: the reasons of the last plan of every key that had any. Input: plans. Output:
//! [`Explanation`]s. It decides nothing.

use super::Work;
use crate::plan::{Key, Plan, Resource};
use std::collections::{BTreeMap, VecDeque};
use stead_api::time::Timestamp;

/// Keys whose reasons are kept; the oldest are forgotten first.
const KEYS_MAX: usize = 8192;

/// What a controller last decided about an object, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// kube-controller-manager's name for it.
    pub controller: &'static str,
    pub resource: Resource,
    pub key: Key,
    /// When it decided.
    pub at: Timestamp,
    /// One line each.
    pub reasons: Vec<String>,
    /// Why it will try again.
    pub error: Option<String>,
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
