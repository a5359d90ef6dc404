//! What the kernel has of the table, held against what it is to have, and the batch that makes the one the other. Running connections know
//! nothing of it. Pure but for [`Found::read`].

use crate::layout::{self, Name};
use crate::state::State;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use stead_netfilter::{Batch, Chain, Connection, Element, Family, Result, Set, dump};

/// What else is in the table, of others; and sets without a name of their own.
const OTHERS: &str = "pod-";
const ANONYMOUS: &str = "__";
/// Bytes of a chain's note.
const NOTE: usize = 16;

/// What the kernel has.
#[derive(Debug, Default)]
pub struct Found {
    /// Name to note.
    chains: BTreeMap<String, Vec<u8>>,
    sets: Vec<dump::FoundSet>,
    elements: BTreeMap<(Name, Family), Vec<Element>>,
}

/// Whether a chain or set of that name is Services' own.
pub fn is_own(name: &str) -> bool {
    !name.starts_with(OTHERS) && !name.starts_with(ANONYMOUS)
}

/// Tells of a chain what it is made of.
fn note(chain: &Chain) -> Vec<u8> {
    Sha256::digest(chain.to_string())[..NOTE].to_vec()
}

pub fn add_chain(batch: &mut Batch, chain: &Chain) {
    batch.declare_chain(chain, &note(chain));
    batch.add_rules(&chain.name, &chain.rules);
}

impl Found {
    pub fn read(connection: &mut Connection, table: &str) -> Result<Found> {
        let chains = dump::chains(connection, table)?.into_iter().filter(|chain| !chain.name.starts_with(OTHERS));
        let sets = dump::sets(connection, table)?.into_iter().filter(|set| !set.is_anonymous() && !set.name.starts_with(OTHERS));
        let mut found =
            Found { chains: chains.map(|chain| (chain.name, chain.note)).collect(), sets: sets.collect(), elements: BTreeMap::new() };
        for (name, family) in all_sets().filter(|(name, _)| *name != Name::Affinity) {
            found.elements.insert((name, family), dump::elements(connection, table, &name.set(family))?);
        }
        Ok(found)
    }

    fn has(&self, chain: &Chain) -> bool {
        self.chains.get(&chain.name).is_some_and(|found| *found == note(chain))
    }

    fn set(&self, name: &str) -> Option<&dump::FoundSet> {
        self.sets.iter().find(|set| set.name == name)
    }

    /// Whether something is there under a name of ours and is another thing: of another version of this program, or changed by others.
    fn is_other(&self, state: &State) -> bool {
        let other_chain = |chain: &Chain| self.chains.contains_key(&chain.name) && !self.has(chain);
        let other_set = |set: &Set| self.set(&set.name).is_some_and(|found| !found.is(set));
        chains(state).iter().any(other_chain) || layout::sets().iter().any(other_set)
    }
}

fn all_sets() -> impl Iterator<Item = (Name, Family)> {
    Family::ALL.into_iter().flat_map(|family| Name::ALL.map(|name| (name, family)))
}

/// Those that are always there, then those that Services need.
fn chains(state: &State) -> Vec<Chain> {
    let ways = state.ways().into_iter().map(|way| way.chain(&state.settings));
    layout::chains(&state.settings).into_iter().chain(ways).collect()
}

/// From what is there to what is to be.
pub fn batch(found: &Found, state: &State) -> Batch {
    let mut batch = Batch::new(&state.settings.table);
    batch.add_table();
    let nothing = Found::default();
    let found = if found.is_other(state) {
        take_away(&mut batch, found);
        &nothing
    } else {
        found
    };
    layout::sets().iter().filter(|set| found.set(&set.name).is_none()).for_each(|set| batch.add_set(set));
    let (there, missing): (Vec<Chain>, Vec<Chain>) = chains(state).into_iter().partition(|chain| found.chains.contains_key(&chain.name));
    missing.iter().for_each(|chain| add_chain(&mut batch, chain));
    // There are few, and to put them all anew is simpler than to tell whether one of them was made by somebody else.
    for chain in &there {
        batch.flush_chain(&chain.name);
        batch.add_rules(&chain.name, &chain.rules);
    }
    let wanted = state.elements();
    let none = Vec::new();
    let of = |all: &BTreeMap<(Name, Family), Vec<Element>>, set| all.get(&set).unwrap_or(&none).iter().cloned().collect::<BTreeSet<_>>();
    let differences: Vec<_> =
        all_sets().filter(|(name, _)| *name != Name::Affinity).map(|set| (set, of(&found.elements, set), of(&wanted, set))).collect();
    for ((name, family), there, to_be) in &differences {
        batch.delete_elements(&name.set(*family), there.difference(to_be));
    }
    for ((name, family), there, to_be) in &differences {
        batch.add_elements(&name.set(*family), to_be.difference(there));
    }
    batch
}

/// Everything of ours, but the table.
fn take_away(batch: &mut Batch, found: &Found) {
    found.chains.keys().for_each(|chain| batch.flush_chain(chain));
    // What names chains goes before them.
    found.sets.iter().filter(|set| set.is_verdict_map()).for_each(|set| batch.flush_set(&set.name));
    found.chains.keys().for_each(|chain| batch.delete_chain(chain));
    found.sets.iter().for_each(|set| batch.delete_set(&set.name));
}

/// Chains and sets of ours that nothing leads to any more, in a batch of its own: some kernels refuse to delete them together with what led there.
pub fn leftovers(found: &Found, state: &State) -> Batch {
    let wanted: BTreeSet<String> = chains(state).into_iter().map(|chain| chain.name).collect();
    let mut batch = Batch::new(&state.settings.table);
    for name in found.chains.keys().filter(|name| !wanted.contains(*name)) {
        batch.flush_chain(name);
        batch.delete_chain(name);
    }
    let sets = layout::sets();
    found.sets.iter().filter(|found| sets.iter().all(|set| set.name != found.name)).for_each(|set| batch.delete_set(&set.name));
    batch
}
