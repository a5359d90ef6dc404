//! All that this program wants in its part of a table, as a value, and the changes from one such value to the next. Pure.

use std::collections::{BTreeMap, BTreeSet};
use stead_netfilter::{Batch, Chain, Element, Rule, Set};

/// Every chain and set of this part has a name that begins so; others in the table are not touched.
pub const PREFIX: &str = "pod-";

/// Chains and sets by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    chains: BTreeMap<String, Chain>,
    sets: BTreeMap<String, (Set, BTreeSet<Element>)>,
}

impl Content {
    pub fn chain(&mut self, chain: Chain) {
        self.chains.insert(chain.name.clone(), chain);
    }

    /// Adds a set with these elements, or these elements to the set.
    pub fn set(&mut self, set: Set, elements: impl IntoIterator<Item = Element>) {
        let name = set.name.clone();
        self.sets.entry(name).or_insert_with(|| (set, BTreeSet::new())).1.extend(elements);
    }

    pub fn has_chain(&self, name: &str) -> bool {
        self.chains.contains_key(name)
    }

    /// Puts all of it in the place of what the kernel has, of which the names are known.
    pub fn whole(&self, table: &str, chains: &[String], sets: &[String]) -> Changes {
        let mut batch = Batch::new(table);
        batch.add_table();
        chains.iter().for_each(|chain| batch.flush_chain(chain));
        for set in sets {
            batch.flush_set(set);
            batch.delete_set(set);
        }
        self.add(&mut batch, &Content::default());
        Changes { batch, dead: chains.iter().filter(|chain| !self.chains.contains_key(*chain)).cloned().collect() }
    }

    /// What makes this of `before`, which the kernel has. Only what differs is touched.
    pub fn changes(&self, table: &str, before: &Content) -> Changes {
        let mut batch = Batch::new(table);
        self.add(&mut batch, before);
        let dead: Vec<String> = before.chains.keys().filter(|name| !self.chains.contains_key(*name)).cloned().collect();
        dead.iter().for_each(|name| batch.flush_chain(name));
        before.sets.keys().filter(|name| !self.sets.contains_key(*name)).for_each(|name| batch.delete_set(name));
        Changes { batch, dead }
    }

    fn add(&self, batch: &mut Batch, before: &Content) {
        let none = BTreeSet::new();
        for (name, (set, _)) in &self.sets {
            if !before.sets.contains_key(name) {
                batch.add_set(set);
            }
        }
        for chain in self.chains.values().filter(|chain| !before.chains.contains_key(&chain.name)) {
            batch.declare_chain(chain, &[]);
        }
        for (name, (set, elements)) in &self.sets {
            let former = before.sets.get(name).map_or(&none, |(_, elements)| elements);
            batch.delete_elements(set, former.difference(elements));
            batch.add_elements(set, elements.difference(former));
        }
        for chain in self.chains.values() {
            match before.chains.get(&chain.name) {
                Some(former) if former == chain => {}
                former => {
                    if former.is_some() {
                        batch.flush_chain(&chain.name);
                    }
                    batch.add_rules(&chain.name, &chain.rules);
                }
            }
        }
    }
}

/// What goes to the kernel.
#[derive(Debug)]
pub struct Changes {
    pub batch: Batch,
    /// Chains that nothing names any more once the batch is in force. Older kernels (before 6.2) let go of them only some time after it.
    pub dead: Vec<String>,
}

impl std::fmt::Display for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (set, elements) in self.sets.values() {
            writeln!(f, "{set}")?;
            elements.iter().try_for_each(|element| writeln!(f, "\t{element}"))?;
        }
        self.chains.values().try_for_each(|chain| write!(f, "{chain}"))
    }
}

/// A rule of these statements.
pub fn rule(statements: impl IntoIterator<Item = stead_netfilter::Statement>) -> Rule {
    Rule(statements.into_iter().collect())
}
