//! Amounts of resources, the common ones apart so that comparing them looks nothing up.

use std::collections::BTreeMap;

/// Milli-units of cpu, units of everything else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amounts {
    pub cpu: i64,
    pub memory: i64,
    pub ephemeral_storage: i64,
    /// Extended resources and huge pages, by name; `pods` is not among them.
    pub other: BTreeMap<String, i64>,
}

impl Amounts {
    pub fn of(amounts: &BTreeMap<String, i64>) -> Self {
        let of = |name: &str| amounts.get(name).copied().unwrap_or(0);
        let is_other = |name: &str| !matches!(name, "cpu" | "memory" | "ephemeral-storage" | "pods");
        let other = amounts.iter().filter(|(name, _)| is_other(name)).map(|(name, amount)| (name.clone(), *amount)).collect();
        Self { cpu: of("cpu"), memory: of("memory"), ephemeral_storage: of("ephemeral-storage"), other }
    }

    /// Adds so many times another's; below zero takes away.
    pub fn add(&mut self, more: &Self, times: i64) {
        let add = |own: &mut i64, more: i64| *own = own.saturating_add(more.saturating_mul(times));
        add(&mut self.cpu, more.cpu);
        add(&mut self.memory, more.memory);
        add(&mut self.ephemeral_storage, more.ephemeral_storage);
        for (name, amount) in &more.other {
            match self.other.get_mut(name) {
                Some(own) => add(own, *amount),
                None => drop(self.other.insert(name.clone(), amount.saturating_mul(times))),
            }
        }
    }

    pub fn other(&self, name: &str) -> i64 {
        self.other.get(name).copied().unwrap_or(0)
    }

    pub fn is_zero(&self) -> bool {
        (self.cpu, self.memory, self.ephemeral_storage) == (0, 0, 0) && self.other.values().all(|amount| *amount == 0)
    }
}
