//! How a label divides the nodes: those with the same value of it are one *place*. Places are numbers, so that no value is compared while pods are placed.

use super::node::{NodeInfo, Slot};
use std::collections::BTreeMap;

/// The number of a value; numbers of values that no node has any more are given out again.
pub type Place = u32;

/// Stands for no place.
const NOWHERE: Place = Place::MAX;

#[derive(Debug, Clone, Default)]
pub struct Division {
    label: String,
    /// By slot.
    place_of: Vec<Place>,
    by_value: BTreeMap<String, Place>,
    /// How many nodes each place has.
    nodes: Vec<usize>,
    free: Vec<Place>,
}

impl Division {
    pub fn of<'n>(label: &str, nodes: impl Iterator<Item = &'n NodeInfo>) -> Self {
        let mut division = Self { label: label.to_owned(), ..Self::default() };
        nodes.for_each(|node| division.put(node));
        division
    }

    pub fn label(&self) -> &str {
        &self.label
    }

    /// `None` if the node does not have the label.
    pub fn place(&self, slot: Slot) -> Option<usize> {
        self.place_of.get(slot as usize).filter(|place| **place != NOWHERE).map(|place| *place as usize)
    }

    /// All places are below this.
    pub fn places(&self) -> usize {
        self.nodes.len()
    }

    /// A node came, or has other labels.
    pub fn put(&mut self, node: &NodeInfo) {
        let before = self.place(node.slot);
        match node.label(&self.label) {
            Some(value) if before.is_some() && before == self.by_value.get(value).map(|place| *place as usize) => {}
            Some(value) => {
                self.take(node.slot);
                let place = self.place_for(value);
                self.nodes[place as usize] += 1;
                let slot = node.slot as usize;
                if self.place_of.len() <= slot {
                    self.place_of.resize(slot + 1, NOWHERE);
                }
                self.place_of[slot] = place;
            }
            None => self.take(node.slot),
        }
    }

    fn place_for(&mut self, value: &str) -> Place {
        if let Some(known) = self.by_value.get(value) {
            return *known;
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.nodes.push(0);
            Place::try_from(self.nodes.len() - 1).unwrap_or(NOWHERE)
        });
        self.by_value.insert(value.to_owned(), place);
        place
    }

    /// A node went.
    pub fn take(&mut self, slot: Slot) {
        let Some(place) = self.place(slot) else { return };
        self.place_of[slot as usize] = NOWHERE;
        self.nodes[place] -= 1;
        if self.nodes[place] == 0 {
            self.by_value.retain(|_, known| *known as usize != place);
            self.free.push(u32::try_from(place).unwrap_or(NOWHERE));
        }
    }
}
