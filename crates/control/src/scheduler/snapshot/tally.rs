//! How many pods each node has of those that something means, counted once and then kept up to date.

use super::node::{NodeInfo, Slot};
use super::term::{Namespaces, Term};
use crate::object::Object;
use std::sync::Arc;

/// Pods by the slot of their node.
#[derive(Debug, Clone, Default)]
pub struct Counts(Vec<i64>);

impl Counts {
    pub fn at(&self, slot: Slot) -> i64 {
        self.0.get(slot as usize).copied().unwrap_or(0)
    }

    pub fn set(&mut self, slot: Slot, count: i64) {
        let slot = slot as usize;
        if self.0.len() <= slot {
            self.0.resize(slot + 1, 0);
        }
        self.0[slot] = count;
    }

    /// The nodes that have any.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, i64)> {
        (0..).zip(&self.0).filter(|(_, count)| **count != 0).map(|(slot, count)| (slot, *count))
    }
}

/// What is counted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// All of these mean the pod.
    pub terms: Vec<Term>,
    pub leaving: Leaving,
}

/// Whether pods that are being deleted count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// As others (SCH-63).
    Counts,
    /// No more (SCH-65).
    Ignored,
}

impl Wanted {
    /// Labels that every pod has which is counted.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.terms.iter().flat_map(Term::labels)
    }

    pub fn means(&self, pod: &Object, namespaces: &Namespaces) -> bool {
        let counts = self.leaving == Leaving::Counts || pod.deleting.is_none();
        counts && self.terms.iter().all(|term| term.means(pod, namespaces))
    }
}

#[derive(Debug)]
pub struct Tally {
    wanted: Wanted,
    /// Shared with attempts; copied if one holds it while it changes.
    pub counts: Arc<Counts>,
}

impl Tally {
    /// Counts on these nodes; no other has any.
    pub fn of<'n>(wanted: Wanted, nodes: impl Iterator<Item = &'n NodeInfo>, namespaces: &Namespaces) -> Self {
        let mut counts = Counts::default();
        for node in nodes {
            let count = node.pods.iter().filter(|pod| wanted.means(pod, namespaces)).count();
            counts.set(node.slot, i64::try_from(count).unwrap_or(i64::MAX));
        }
        Self { wanted, counts: Arc::new(counts) }
    }

    /// A pod came to a node, or left it.
    pub fn count(&mut self, slot: Slot, pod: &Object, times: i64, namespaces: &Namespaces) {
        if self.wanted.means(pod, namespaces) {
            let before = self.counts.at(slot);
            Arc::make_mut(&mut self.counts).set(slot, before + times);
        }
    }

    /// A node went with all its pods.
    pub fn forget_node(&mut self, slot: Slot) {
        Arc::make_mut(&mut self.counts).set(slot, 0);
    }
}
