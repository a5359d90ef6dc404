//! The nodes and what is on them, kept up to date change by change. A pod counts on its node from the moment it is chosen: it is *assumed* there
//! until a watch shows it assigned (SCH-4). Input: changes. It decides nothing.

pub mod amounts;
pub mod company;
pub mod division;
mod kept;
mod labelled;
pub mod node;
pub mod selection;
pub mod tally;
pub mod term;

use crate::engine::{Cache, Change};
use crate::facts::pod::BY_NODE;
use crate::object::Object;
use crate::plan::Key;
use company::Groups;
use division::Division;
use kept::Kept;
use labelled::Labelled;
use node::{NodeInfo, Slot};
use selection::Selection;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_client::resource::{NAMESPACES, NODES, PODS};
use tally::{Counts, Tally, Wanted};
use term::Namespaces;

#[derive(Debug, Default)]
pub struct Snapshot {
    /// By slot; empty slots are used again.
    slots: Vec<Option<NodeInfo>>,
    free: Vec<Slot>,
    by_name: BTreeMap<String, Slot>,
    /// Pods that were given a node and are not seen there yet.
    assumed: BTreeMap<Key, (Slot, Arc<Object>)>,
    pub namespaces: Namespaces,
    pub groups: Groups,
    labelled: Labelled,
    tallies: RefCell<Kept<Tally>>,
    /// By label.
    divisions: RefCell<Kept<Arc<Division>>>,
    selections: RefCell<Kept<Arc<Selection>>>,
    /// How many nodes have an image, by its name.
    images: BTreeMap<String, i64>,
}

impl Snapshot {
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// In the order of slots, which is that in which they came.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeInfo> {
        self.slots.iter().flatten()
    }

    /// The same, from a slot on and round.
    pub fn nodes_from(&self, first: usize) -> impl Iterator<Item = &NodeInfo> {
        let (before, after) = self.slots.split_at(first.min(self.slots.len()));
        after.iter().chain(before).flatten()
    }

    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    pub fn node(&self, name: &str) -> Option<&NodeInfo> {
        self.at(*self.by_name.get(name)?)
    }

    pub fn at(&self, slot: Slot) -> Option<&NodeInfo> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// How many nodes have an image of this name.
    pub fn nodes_with_image(&self, name: &str) -> i64 {
        self.images.get(name).copied().unwrap_or(0)
    }

    /// How many pods each node has of those that `wanted` means; `text` stands for it.
    pub fn tally(&self, text: &str, wanted: impl FnOnce() -> Wanted) -> Arc<Counts> {
        let count = || {
            let wanted = wanted();
            match self.labelled.nodes(wanted.labels()) {
                Some(slots) => Tally::of(wanted, slots.into_iter().filter_map(|slot| self.at(slot)), &self.namespaces),
                None => Tally::of(wanted, self.nodes(), &self.namespaces),
            }
        };
        Arc::clone(&self.tallies.borrow_mut().answer(text, count).counts)
    }

    /// How a label divides the nodes.
    pub fn division(&self, label: &str) -> Arc<Division> {
        Arc::clone(self.divisions.borrow_mut().answer(label, || Arc::new(Division::of(label, self.nodes()))))
    }

    /// Which nodes a pod selects and prefers; `None` if it says nothing about that.
    pub fn selection(&self, pod: &Arc<Object>) -> Option<Arc<Selection>> {
        let (selector, affinity) = (pod.spec().get("nodeSelector"), pod.spec()["affinity"].get("nodeAffinity"));
        if selector.is_none() && affinity.is_none() {
            return None;
        }
        let text = format!("{} {}", selector.unwrap_or_default(), affinity.unwrap_or_default());
        Some(Arc::clone(self.selections.borrow_mut().answer(&text, || Arc::new(Selection::of(pod, self.nodes())))))
    }

    /// What has changed; `cache` knows the pods of a node that came.
    pub fn note(&mut self, change: &Change, cache: &Cache) {
        match change.resource {
            PODS => self.note_pod(change),
            NODES => self.note_node(change, cache),
            NAMESPACES => self.note_namespace(change),
            _ => {}
        }
    }

    fn note_pod(&mut self, change: &Change) {
        let counted = |pod: &&Arc<Object>| !pod.pod().node.is_empty() && !pod.pod().terminal();
        if let (Some(old), Some(new)) = (&change.old, &change.new)
            && counted(&old)
            && counted(&new)
            && counts_alike(old, new)
            && let Some(slot) = self.by_name.get(&new.pod().node)
            && let Some(info) = self.slots.get_mut(*slot as usize).and_then(Option::as_mut)
            && info.replace(new)
        {
            return;
        }
        if let Some(old) = change.old.as_ref().filter(counted)
            && let Some(slot) = self.by_name.get(&old.pod().node)
        {
            self.take(*slot, old);
        }
        let assigned = change.new.as_ref().filter(counted);
        if assigned.is_some() {
            self.forget(&change.key);
        }
        if let Some(new) = assigned
            && let Some(slot) = self.by_name.get(&new.pod().node)
        {
            self.put(*slot, new);
        }
    }

    fn note_node(&mut self, change: &Change, cache: &Cache) {
        for (node, times) in [(&change.old, -1), (&change.new, 1)] {
            for name in node.iter().flat_map(|node| node.node().images.keys()) {
                let count = self.images.entry(name.clone()).or_default();
                *count += times;
                if *count <= 0 {
                    self.images.remove(name);
                }
            }
        }
        let name = &change.key.name;
        let known = self.by_name.get(name).copied();
        match (&change.new, known) {
            (Some(node), Some(slot)) => {
                if let Some(info) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) {
                    let is_relabelled = info.node.labels != node.labels;
                    info.read(node);
                    if is_relabelled {
                        self.note_labels(slot);
                    }
                }
            }
            (Some(node), None) => {
                let slot = self.free.pop().unwrap_or_else(|| {
                    self.slots.push(None);
                    Slot::try_from(self.slots.len() - 1).unwrap_or(Slot::MAX)
                });
                self.slots[slot as usize] = Some(NodeInfo::new(slot, node));
                self.by_name.insert(name.clone(), slot);
                self.note_labels(slot);
                let pods: Vec<Arc<Object>> = cache.indexed(&BY_NODE, name).filter(|pod| !pod.pod().terminal()).cloned().collect();
                pods.iter().for_each(|pod| self.put(slot, pod));
            }
            (None, Some(slot)) => {
                self.by_name.remove(name);
                let pods = self.slots[slot as usize].take().map(|info| info.pods).unwrap_or_default();
                pods.iter().for_each(|pod| self.labelled.take(slot, pod));
                self.free.push(slot);
                self.assumed.retain(|_, (on, _)| *on != slot);
                self.tallies.get_mut().all().for_each(|tally| tally.forget_node(slot));
                self.divisions.get_mut().all().for_each(|division| Arc::make_mut(division).take(slot));
                self.groups.forget_node(slot);
            }
            (None, None) => {}
        }
    }

    /// A node came, or has other labels.
    fn note_labels(&mut self, slot: Slot) {
        let Some(node) = self.slots.get(slot as usize).and_then(Option::as_ref) else { return };
        self.divisions.get_mut().all().for_each(|division| Arc::make_mut(division).put(node));
        self.selections.get_mut().all().for_each(|selection| Arc::make_mut(selection).put(node));
    }

    fn note_namespace(&mut self, change: &Change) {
        let labels = |namespace: &Option<Arc<Object>>| namespace.as_ref().map(|namespace| namespace.labels.clone());
        if labels(&change.old) != labels(&change.new) {
            self.tallies.get_mut().clear();
        }
        match &change.new {
            Some(namespace) => drop(self.namespaces.insert(change.key.name.clone(), Arc::clone(namespace))),
            None => drop(self.namespaces.remove(&change.key.name)),
        }
    }

    /// Counts a pod on a node before it is assigned.
    pub fn assume(&mut self, pod: &Arc<Object>, slot: Slot) {
        self.assumed.insert(pod.key.clone(), (slot, Arc::clone(pod)));
        self.put(slot, pod);
    }

    /// The pods that were given a node and are not seen there yet.
    pub fn assumed(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.assumed.values().map(|(_, pod)| pod)
    }

    /// It does not go there after all, or is seen there now.
    pub fn forget(&mut self, pod: &Key) {
        if let Some((slot, pod)) = self.assumed.remove(pod) {
            self.take(slot, &pod);
        }
    }

    fn put(&mut self, slot: Slot, pod: &Arc<Object>) {
        let Some(info) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else { return };
        info.put(pod);
        self.labelled.put(slot, pod);
        self.tallies.get_mut().all().for_each(|tally| tally.count(slot, pod, 1, &self.namespaces));
        self.groups.count(slot, pod, 1);
    }

    fn take(&mut self, slot: Slot, pod: &Arc<Object>) {
        let Some(info) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else { return };
        if info.take(pod) {
            self.labelled.take(slot, pod);
            self.tallies.get_mut().all().for_each(|tally| tally.count(slot, pod, -1, &self.namespaces));
            self.groups.count(slot, pod, -1);
        }
    }
}

/// Whether nothing of a pod has changed by which it is counted.
fn counts_alike(old: &Object, new: &Object) -> bool {
    let of = |pod: &Object| (pod.deleting.is_some(), pod.uid.clone());
    let (before, after) = (old.pod(), new.pod());
    before.node == after.node && before.requests == after.requests && old.labels == new.labels && of(old) == of(new)
}
