//! How many pods each node has of those that something means, counted once and then kept up to date. Owns a bounded number of such counts.

use super::node::{NodeInfo, Slot};
use super::term::{Namespaces, Term};
use crate::object::Object;
use std::collections::BTreeMap;

/// How many counts are kept; the one that was not asked for longest is forgotten first.
const TALLIES_MAX: usize = 64;

/// Pods by node; nodes without any are left out.
pub type Counts = BTreeMap<Slot, i64>;

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
    pub fn means(&self, pod: &Object, namespaces: &Namespaces) -> bool {
        let counts = self.leaving == Leaving::Counts || pod.deleting.is_none();
        counts && self.terms.iter().all(|term| term.means(pod, namespaces))
    }
}

#[derive(Debug, Default)]
pub struct Tallies {
    /// By the text of what is counted.
    known: BTreeMap<String, Tally>,
    asked: u64,
}

#[derive(Debug)]
struct Tally {
    wanted: Wanted,
    counts: Counts,
    asked: u64,
}

impl Tallies {
    /// The counts of what is wanted; `wanted` says what `text` stands for.
    pub fn of<'n>(
        &mut self,
        text: &str,
        wanted: impl FnOnce() -> Wanted,
        nodes: impl Iterator<Item = &'n NodeInfo>,
        namespaces: &Namespaces,
    ) -> &Counts {
        self.asked += 1;
        if !self.known.contains_key(text) {
            self.forget_the_oldest();
            let wanted = wanted();
            let of = |node: &NodeInfo| {
                let count = node.pods.iter().filter(|pod| wanted.means(pod, namespaces)).count();
                (count > 0).then_some((node.slot, i64::try_from(count).unwrap_or(i64::MAX)))
            };
            let counts = nodes.filter_map(of).collect();
            self.known.insert(text.to_owned(), Tally { wanted, counts, asked: 0 });
        }
        let tally = self.known.get_mut(text).expect("it was put in just now");
        tally.asked = self.asked;
        &tally.counts
    }

    fn forget_the_oldest(&mut self) {
        if self.known.len() >= TALLIES_MAX
            && let Some(oldest) = self.known.iter().min_by_key(|(_, tally)| tally.asked).map(|(text, _)| text.clone())
        {
            self.known.remove(&oldest);
        }
    }

    /// A pod came to a node, or left it.
    pub fn count(&mut self, slot: Slot, pod: &Object, times: i64, namespaces: &Namespaces) {
        for tally in self.known.values_mut().filter(|tally| tally.wanted.means(pod, namespaces)) {
            let count = tally.counts.entry(slot).or_default();
            *count += times;
            if *count <= 0 {
                tally.counts.remove(&slot);
            }
        }
    }

    /// A node went with all its pods.
    pub fn forget_node(&mut self, slot: Slot) {
        for tally in self.known.values_mut() {
            tally.counts.remove(&slot);
        }
    }

    /// Namespaces have other labels.
    pub fn clear(&mut self) {
        self.known.clear();
    }
}
