//! Which pods of lower priority go so that one finds a node (SCH-110 to SCH-123). Pure.

use super::cycle::{Cycle, Search};
use super::message::Tale;
use super::plugins::{Reasons, Remedy};
use super::snapshot::node::NodeInfo;
use crate::engine::Cache;
use crate::object::Object;
use crate::plan::Key;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stead_api::selector::LabelSelector;
use stead_api::{time::Timestamp, value::Access};
use stead_client::resource::POD_DISRUPTION_BUDGETS;

/// So many nodes are tried at least (SCH-114).
const CANDIDATES_MIN: usize = 100;

/// What preemption does for a pod.
#[derive(Debug, PartialEq)]
pub enum Preemption {
    /// It may not preempt; where room is kept for it stays.
    Ineligible(&'static str),
    /// Nothing that it may do helps; why, in upstream's words.
    Nothing(String),
    /// These go, and room is kept for it on the node.
    Found { node: String, victims: Vec<Arc<Object>> },
}

impl Preemption {
    /// What a message says of it.
    pub fn text(&self) -> String {
        match self {
            Self::Ineligible(why) => format!("preemption: {why}"),
            Self::Nothing(why) => format!("preemption: {why}"),
            Self::Found { node, victims } => {
                format!("preemption: found a potential placement for pod on node {node}, preempting {} victims", victims.len())
            }
        }
    }
}

/// Looks for a node; `search` says why each refuses, and `first` at which of them to begin.
pub fn preempt(cycle: &mut Cycle<'_>, search: &Search, first: usize, now: Timestamp) -> Preemption {
    if let Some(why) = ineligible(cycle, search) {
        return Preemption::Ineligible(why);
    }
    let (mut tale, mut candidates) = (Tale::default(), Vec::new());
    let snapshot = cycle.view.snapshot;
    let curable: Vec<&NodeInfo> = search
        .refused
        .iter()
        .filter(|(_, refusal)| refusal.remedy == Remedy::Preemption)
        .filter_map(|(slot, _)| snapshot.at(*slot))
        .collect();
    let enough = (curable.len() / 10).max(CANDIDATES_MIN);
    let (before, after) = curable.split_at(if curable.is_empty() { 0 } else { first % curable.len() });
    let mut ordered: Vec<&NodeInfo> = after.iter().chain(before).copied().collect();
    // Of equals the one where room is kept already stays, so that it does not go round.
    let nominated = cycle.view.queue.get(&cycle.pod.key).map(|waiting| waiting.nominated.as_str()).unwrap_or_default();
    ordered.sort_by_key(|node| node.name() != nominated);
    for node in ordered {
        match victims_on(cycle, node, now) {
            Ok(candidate) => candidates.push(candidate),
            Err(reasons) => tale.add(&reasons),
        }
        if candidates.len() >= enough {
            break;
        }
    }
    let best = candidates.into_iter().reduce(|best, next| if rank(&next, now) < rank(&best, now) { next } else { best });
    if let Some(Candidate { node, victims, .. }) = best {
        return Preemption::Found { node, victims };
    }
    tale.add_many("Preemption is not helpful for scheduling".into(), snapshot.len() - curable.len());
    Preemption::Nothing(tale.text(snapshot.len()))
}

/// SCH-36, SCH-117.
fn ineligible(cycle: &Cycle<'_>, search: &Search) -> Option<&'static str> {
    let facts = cycle.pod.pod();
    if !facts.preempts {
        return Some("not eligible due to preemptionPolicy=Never.");
    }
    let nominated = &cycle.view.queue.get(&cycle.pod.key)?.nominated;
    let node = cycle.view.snapshot.node(nominated)?;
    let is_hopeless = |(slot, refusal): &(u32, super::plugins::Refusal)| *slot == node.slot && refusal.remedy == Remedy::Nothing;
    if search.refused.iter().any(is_hopeless) {
        return None;
    }
    let goes = |pod: &Arc<Object>| pod.pod().priority < facts.priority && pod.deleting.is_some() && pod.pod().is_preempted;
    node.pods.iter().any(goes).then_some("not eligible due to a terminating pod on the nominated node.")
}

/// A node that could take the pod if its victims went.
#[derive(Debug)]
struct Candidate {
    node: String,
    /// The most important first.
    victims: Vec<Arc<Object>>,
    /// Victims whose budget does not cover them.
    violations: usize,
}

/// SCH-113: the smaller the better.
fn rank(candidate: &Candidate, now: Timestamp) -> (usize, i64, i64, usize, Reverse<Timestamp>) {
    let priority = |pod: &Arc<Object>| pod.pod().priority;
    let highest = candidate.victims.first().map_or(i64::MIN, priority);
    let sum = candidate.victims.iter().map(|pod| priority(pod) + (1 << 31)).sum();
    let of_highest = candidate.victims.iter().filter(|pod| priority(pod) == highest);
    let earliest = of_highest.map(|pod| started(pod, now)).min().unwrap_or(now);
    (candidate.violations, highest, sum, candidate.victims.len(), Reverse(earliest))
}

/// A pod that has not started counts as starting now.
fn started(pod: &Object, now: Timestamp) -> Timestamp {
    pod.pod().started.unwrap_or(now)
}

/// SCH-111: all lower ones go, then the most important come back as long as the pod still fits.
fn victims_on(cycle: &mut Cycle<'_>, node: &NodeInfo, now: Timestamp) -> Result<Candidate, Reasons> {
    let own = cycle.pod.pod().priority;
    let mut lower: Vec<Arc<Object>> = node.pods.iter().filter(|pod| pod.pod().priority < own).cloned().collect();
    if lower.is_empty() {
        return Err(Reasons::one("No preemption victims found for incoming pod"));
    }
    lower.sort_by_key(|pod| importance(pod, now));
    let mut trial = Trial { cycle, node, left: node.clone() };
    let away: Vec<(Arc<Object>, bool)> = lower.iter().map(|pod| (Arc::clone(pod), trial.leave(pod))).collect();
    if let Some(refusal) = trial.cycle.refuses_beside_nominated(&trial.left) {
        away.iter().for_each(|(pod, conflicted)| trial.come(pod, *conflicted));
        return Err(refusal.reasons);
    }
    let violating = violating(&lower, trial.cycle.view.cache);
    let (mut victims, mut violations) = (Vec::new(), 0);
    for violates in [true, false] {
        for (pod, conflicted) in away.iter().filter(|(pod, _)| violating.contains(&pod.key) == violates) {
            trial.come(pod, *conflicted);
            if trial.cycle.refuses_beside_nominated(&trial.left).is_some() {
                trial.leave(pod);
                victims.push((Arc::clone(pod), *conflicted));
                violations += usize::from(violates);
            }
        }
    }
    victims.iter().for_each(|(pod, conflicted)| trial.come(pod, *conflicted));
    let mut victims: Vec<Arc<Object>> = victims.into_iter().map(|(pod, _)| pod).collect();
    victims.sort_by_key(|pod| importance(pod, now));
    Ok(Candidate { node: node.name().to_owned(), victims, violations })
}

/// The most important first: priority, then who runs longest.
fn importance(pod: &Object, now: Timestamp) -> (Reverse<i64>, Timestamp) {
    (Reverse(pod.pod().priority), started(pod, now))
}

/// A node without some of its pods, and the attempt as it is then.
struct Trial<'t, 'a> {
    cycle: &'t mut Cycle<'a>,
    node: &'t NodeInfo,
    left: NodeInfo,
}

impl Trial<'_, '_> {
    /// Takes a pod away; whether it used a claim that the pod must have alone.
    fn leave(&mut self, pod: &Arc<Object>) -> bool {
        self.left.take(pod);
        self.cycle.shift(pod, self.node, -1);
        self.cycle.volumes.leave(&pod.key)
    }

    fn come(&mut self, pod: &Arc<Object>, conflicted: bool) {
        self.left.put(pod);
        self.cycle.shift(pod, self.node, 1);
        if conflicted {
            self.cycle.volumes.come(&pod.key);
        }
    }
}

/// SCH-112: the pods that budgets do not cover, in this order.
fn violating(pods: &[Arc<Object>], cache: &Cache) -> BTreeSet<Key> {
    let mut left: BTreeMap<Key, i64> = BTreeMap::new();
    let mut violating = BTreeSet::new();
    for pod in pods {
        let mut violates = false;
        for budget in cache.namespace(POD_DISRUPTION_BUDGETS, &pod.key.namespace) {
            let selector = LabelSelector::from_object(budget.spec().get("selector"));
            let is_disrupted = budget.status().map("disruptedPods").is_some_and(|pods| pods.contains_key(&pod.key.name));
            if selector.is_everything() || !selector.matches_labels(&pod.labels) || is_disrupted {
                continue;
            }
            let allowed = || budget.status().int("disruptionsAllowed").unwrap_or(0);
            let left = left.entry(budget.key.clone()).or_insert_with(allowed);
            *left -= 1;
            violates |= *left < 0;
        }
        if violates {
            violating.insert(pod.key.clone());
        }
    }
    violating
}
