//! One attempt for one pod: which nodes can take it, and which of them suits it best (SCH-4 to SCH-7). Pure.

use super::plugins::{
    Obstacle, Plugin, Refusal, fit, image_locality, node_affinity, node_ports, pod_affinity, proportional, reversed, spread, taints,
    volumes,
};
use super::queue::Queue;
use super::reservations::Reservations;
use super::snapshot::Snapshot;
use super::snapshot::amounts::Amounts;
use super::snapshot::node::{NodeInfo, Slot};
use super::snapshot::selection::Selection;
use crate::engine::Cache;
use crate::object::Object;
use std::collections::BTreeSet;
use std::sync::Arc;

const TAINT_WEIGHT: i64 = 3;
const NODE_AFFINITY_WEIGHT: i64 = 2;
const SPREAD_WEIGHT: i64 = 2;
const POD_AFFINITY_WEIGHT: i64 = 2;
/// So many nodes that can take a pod are looked for at least (SCH-7).
const FEASIBLE_MIN: usize = 100;

/// All that an attempt may look at.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub snapshot: &'a Snapshot,
    pub cache: &'a Cache,
    pub queue: &'a Queue,
    pub reservations: &'a Reservations,
}

/// What is known of a pod before any node is looked at.
#[derive(Debug, Clone)]
pub struct Cycle<'a> {
    pub pod: &'a Arc<Object>,
    pub view: View<'a>,
    pub wanted: Amounts,
    /// The only nodes that are looked at (SCH-37).
    named: Option<BTreeSet<String>>,
    selection: Option<Arc<Selection>>,
    images: image_locality::State<'a>,
    spread: spread::State,
    company: pod_affinity::State,
    pub volumes: volumes::State,
}

/// What came of looking at the nodes.
#[derive(Debug)]
pub struct Search {
    pub chosen: Option<Slot>,
    /// Those that were refused, where no node can take it.
    pub refused: Vec<(Slot, Refusal)>,
    /// Nodes outside of those that the pod names.
    pub unnamed: usize,
    /// How many nodes were looked at.
    pub looked_at: usize,
    /// Slots to go on from next time.
    pub went_on: usize,
}

impl<'a> Cycle<'a> {
    /// Looks at the pod, or says why no node can take it.
    pub fn begin(pod: &'a Arc<Object>, view: View<'a>) -> Result<Self, Obstacle> {
        let named = node_affinity::named(pod).map_err(|text| Obstacle { plugin: Plugin::NodeAffinity, text: text.to_owned() })?;
        let mut volumes = volumes::State::of(pod, view.cache)?;
        if !volumes.is_empty() {
            view.snapshot.assumed().for_each(|other| volumes.conflict_with(pod, other, view.cache));
        }
        let selection = view.snapshot.selection(pod);
        Ok(Self {
            pod,
            view,
            wanted: Amounts::of(&pod.pod().requests),
            named,
            spread: spread::State::of(pod, selection.as_deref(), view.snapshot),
            selection,
            images: image_locality::State::of(pod, view.snapshot),
            company: pod_affinity::State::of(pod, view.snapshot),
            volumes,
        })
    }

    /// Why a node cannot take the pod: the first plugin that refuses (SCH-40).
    pub fn refuses(&self, node: &NodeInfo) -> Option<Refusal> {
        let (pod, facts) = (self.pod, node.node.node());
        taints::refuses_cordoned(pod, facts)
            .or_else(|| taints::refuses_tainted(pod, facts))
            .or_else(|| node_affinity::refuses(self.selection.as_deref(), node.slot))
            .or_else(|| node_ports::refuses(pod, node))
            .or_else(|| fit::refuses(&self.wanted, node))
            .or_else(|| self.volumes.refuses(node, self.view.cache, self.view.reservations))
            .or_else(|| self.spread.refuses(node))
            .or_else(|| self.company.refuses(node))
    }

    /// The same where room is kept for others: with them and without them (SCH-116).
    pub fn refuses_beside_nominated(&self, node: &NodeInfo) -> Option<Refusal> {
        if !self.view.queue.has_nominated() {
            return self.refuses(node);
        }
        let own = self.pod.pod().priority;
        let others = self.view.queue.nominated(node.name()).map(|waiting| &waiting.pod);
        let others: Vec<&Arc<Object>> = others.filter(|other| other.pod().priority >= own && other.uid != self.pod.uid).collect();
        if !others.is_empty() {
            let (mut crowded, mut cycle) = (node.clone(), self.clone());
            for other in others {
                crowded.put(other);
                cycle.shift(other, node, 1);
            }
            if let Some(refusal) = cycle.refuses(&crowded) {
                return Some(refusal);
            }
        }
        self.refuses(node)
    }

    /// Another pod came to a node, or left it; `node` is as it is without that.
    pub fn shift(&mut self, other: &Object, node: &NodeInfo, times: i64) {
        self.spread.shift(self.pod, self.selection.as_deref(), other, node, times, self.view.snapshot);
        self.company.shift(self.pod, other, node, times, self.view.snapshot);
    }

    /// Looks at nodes from a slot on, until enough can take it, and chooses the best of them.
    pub fn search(&self, first: usize) -> Search {
        let mut search = Search { chosen: None, refused: Vec::new(), unnamed: 0, looked_at: 0, went_on: 0 };
        if let Some(slot) = self.nominated() {
            return Search { chosen: Some(slot), looked_at: 1, ..search };
        }
        let enough = self.enough();
        let mut feasible: Vec<&NodeInfo> = Vec::new();
        match &self.named {
            Some(names) => {
                let nodes = names.iter().filter_map(|name| self.view.snapshot.node(name));
                nodes.for_each(|node| self.look_at(node, &mut feasible, &mut search));
                search.unnamed = self.view.snapshot.len() - search.looked_at;
            }
            None => {
                for node in self.view.snapshot.nodes_from(first) {
                    self.look_at(node, &mut feasible, &mut search);
                    if feasible.len() >= enough {
                        break;
                    }
                }
                search.went_on = search.looked_at;
            }
        }
        search.chosen = self.best(&feasible);
        search
    }

    fn look_at(&self, node: &'a NodeInfo, feasible: &mut Vec<&'a NodeInfo>, search: &mut Search) {
        search.looked_at += 1;
        match self.refuses_beside_nominated(node) {
            None => feasible.push(node),
            Some(refusal) => search.refused.push((node.slot, refusal)),
        }
    }

    /// SCH-5: the nominated node is taken if it can take the pod.
    fn nominated(&self) -> Option<Slot> {
        let name = &self.view.queue.get(&self.pod.key)?.nominated;
        let node = self.view.snapshot.node(name)?;
        self.refuses_beside_nominated(node).is_none().then_some(node.slot)
    }

    /// SCH-7: how many nodes that can take it are looked for.
    fn enough(&self) -> usize {
        let all = self.view.snapshot.len();
        if all < FEASIBLE_MIN {
            return all;
        }
        let percent = 50_usize.saturating_sub(all / 125).max(5);
        (all * percent / 100).max(FEASIBLE_MIN)
    }

    /// SCH-90; of equals the first. `None` only if there are none.
    fn best(&self, feasible: &[&NodeInfo]) -> Option<Slot> {
        if let [only] = feasible {
            return Some(only.slot);
        }
        let (pod, snapshot) = (self.pod, self.view.snapshot);
        let mut totals: Vec<i64> = feasible.iter().map(|node| self.own_score(node)).collect();
        let mut add = |weight: i64, scores: Vec<i64>| {
            totals.iter_mut().zip(scores).for_each(|(total, score)| *total += weight * score);
        };
        add(TAINT_WEIGHT, reversed(feasible.iter().map(|node| taints::avoided(pod, node.node.node())).collect()));
        if let Some(selection) = self.selection.as_ref().filter(|selection| selection.has_preferences()) {
            add(NODE_AFFINITY_WEIGHT, proportional(feasible.iter().map(|node| selection.preference(node.slot)).collect()));
        }
        if let Some(scores) = spread::scores(pod, self.selection.as_deref(), feasible, snapshot, self.view.cache) {
            add(SPREAD_WEIGHT, scores);
        }
        if let Some(scores) = pod_affinity::scores(pod, feasible, snapshot) {
            add(POD_AFFINITY_WEIGHT, scores);
        }
        let scored = totals.into_iter().zip(feasible);
        scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, node)| node.slot)
    }

    /// What a node scores whatever the others are like; each weighs 1.
    fn own_score(&self, node: &NodeInfo) -> i64 {
        fit::least_allocated(self.pod.pod().scored, node) + fit::balanced(&self.wanted, node) + self.images.score(node)
    }
}
