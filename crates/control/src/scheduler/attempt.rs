//! What comes of one attempt: a node, or why there is none and who goes for it. Pure.

use super::cycle::{Cycle, View};
use super::message::{NO_NODES, Tale};
use super::plugins::volumes::Bindings;
use super::plugins::{Plugins, node_affinity};
use super::preemption::{Preemption, preempt};
use super::snapshot::node::Slot;
use crate::object::Object;
use std::sync::Arc;
use stead_api::time::Timestamp;

#[derive(Debug)]
pub struct Attempt {
    pub decision: Decision,
    /// How many nodes were looked at.
    pub looked_at: usize,
    /// How far the next attempt begins from where this one did.
    pub went_on: usize,
}

#[derive(Debug)]
pub enum Decision {
    Placed { slot: Slot, node: String, volumes: Bindings },
    Refused(Refused),
}

/// Why a pod has to wait.
#[derive(Debug)]
pub struct Refused {
    pub message: String,
    pub refused_by: Plugins,
    pub nomination: Nomination,
    /// Pods that go in its favour.
    pub victims: Vec<Arc<Object>>,
}

/// Where room is kept for the pod from now on.
#[derive(Debug, PartialEq, Eq)]
pub enum Nomination {
    AsBefore,
    On(String),
    Nowhere,
}

/// Tries a pod; `first` is where the search for nodes begins.
pub fn attempt(pod: &Arc<Object>, view: View<'_>, first: usize, now: Timestamp) -> Attempt {
    let all = view.snapshot.len();
    let hopeless = |message: String, refused_by| Attempt {
        decision: Decision::Refused(Refused { message, refused_by, nomination: Nomination::Nowhere, victims: Vec::new() }),
        looked_at: 1,
        went_on: 0,
    };
    if all == 0 {
        return hopeless(NO_NODES.to_owned(), Plugins::ALL);
    }
    let mut cycle = match Cycle::begin(pod, view) {
        Ok(cycle) => cycle,
        Err(obstacle) => {
            return hopeless(format!("0/{all} nodes are available: {obstacle}."), [obstacle.plugin].into_iter().collect());
        }
    };
    let search = cycle.search(first);
    let (looked_at, went_on) = (search.looked_at, search.went_on);
    let placed = search.chosen.and_then(|slot| view.snapshot.at(slot)).and_then(|node| {
        let volumes = cycle.volumes.bindings(node, view.cache, view.reservations).ok()?;
        Some(Decision::Placed { slot: node.slot, node: node.name().to_owned(), volumes })
    });
    if let Some(decision) = placed {
        return Attempt { decision, looked_at, went_on };
    }
    let mut tale = Tale::default();
    search.refused.iter().for_each(|(_, refusal)| tale.add(&refusal.reasons));
    tale.add_many(node_affinity::UNNAMED.into(), search.unnamed);
    let refused_by = search.refused.iter().map(|(_, refusal)| refusal.plugin);
    let unnamed = (search.unnamed > 0).then_some(super::plugins::Plugin::NodeAffinity);
    let refused_by: Plugins = refused_by.chain(unnamed).collect();
    let preemption = preempt(&mut cycle, &search, first, now);
    let message = format!("{} {}", tale.text(all), preemption.text());
    let (nomination, victims) = match preemption {
        Preemption::Ineligible(_) => (Nomination::AsBefore, Vec::new()),
        Preemption::Nothing(_) => (Nomination::Nowhere, Vec::new()),
        Preemption::Found { node, victims } => (Nomination::On(node), victims),
    };
    Attempt { decision: Decision::Refused(Refused { message, refused_by, nomination, victims }), looked_at, went_on }
}
