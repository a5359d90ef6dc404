//! Disks of nodes that exist in the API only: nothing is written, and each pool of a node has as much room as was said.

use super::NodeDisks;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use stead_disks::{Attached, Disk, Enforcement, Error, Expanded, Made, Phase, Result, Room, Swept, Wanted};
use tokio::sync::Notify;

/// Shared by all simulated nodes of one agent.
#[derive(Debug)]
pub struct SimulatedDisks {
    /// Of each pool of a node.
    bytes: u64,
    disks: Mutex<BTreeMap<String, Simulated>>,
    grown: Arc<Notify>,
}

#[derive(Debug)]
struct Simulated {
    node: String,
    disk: Disk,
    recorded: bool,
}

impl SimulatedDisks {
    /// Nodes whose pools have so many bytes each.
    pub fn new(bytes: u64) -> Self {
        Self { bytes, disks: Mutex::default(), grown: Arc::default() }
    }

    fn disks(&self) -> MutexGuard<'_, BTreeMap<String, Simulated>> {
        self.disks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn free(&self, disks: &BTreeMap<String, Simulated>, node: &str, pool: &Path) -> u64 {
        let taken: u64 = disks.values().filter(|disk| disk.node == node && disk.disk.pool == pool).map(|disk| disk.disk.made.bytes).sum();
        self.bytes.saturating_sub(taken)
    }

    fn check(&self, disks: &BTreeMap<String, Simulated>, node: &str, pool: &Path, wanted: u64) -> Result<()> {
        let available = self.free(disks, node, pool);
        if wanted > available {
            return Err(Error::NotEnoughRoom { pool: pool.to_owned(), wanted, available });
        }
        Ok(())
    }
}

impl NodeDisks for SimulatedDisks {
    fn create(&self, node: &str, wanted: &Wanted) -> Result<Made> {
        let mut disks = self.disks();
        if let Some(found) = disks.get(&wanted.name) {
            return Ok(found.disk.made.clone());
        }
        self.check(&disks, node, &wanted.pool, wanted.bytes)?;
        let made = Made { path: wanted.pool.join(&wanted.name), bytes: wanted.bytes, enforcement: Enforcement::ProjectQuota };
        let disk = Disk { name: wanted.name.clone(), pool: wanted.pool.clone(), made: made.clone(), phase: Phase::Ready };
        disks.insert(wanted.name.clone(), Simulated { node: node.to_owned(), disk, recorded: false });
        Ok(made)
    }

    fn recorded(&self, name: &str) {
        if let Some(disk) = self.disks().get_mut(name) {
            disk.recorded = true;
        }
    }

    fn unrecorded(&self) -> BTreeSet<String> {
        self.disks().iter().filter(|(_, disk)| !disk.recorded).map(|(name, _)| name.clone()).collect()
    }

    fn expand(&self, name: &str, bytes: u64) -> Result<Expanded> {
        let mut disks = self.disks();
        let found = disks.get(name).ok_or_else(|| Error::NotFound(name.to_owned()))?;
        self.check(&disks, &found.node, &found.disk.pool, bytes.saturating_sub(found.disk.made.bytes))?;
        let found = disks.get_mut(name).ok_or_else(|| Error::NotFound(name.to_owned()))?;
        found.disk.made.bytes = found.disk.made.bytes.max(bytes);
        Ok(Expanded { bytes: found.disk.made.bytes, waits: None })
    }

    fn attach(&self, name: &str) -> Result<Attached> {
        let disks = self.disks();
        let found = disks.get(name).ok_or_else(|| Error::NotFound(name.to_owned()))?;
        Ok(Attached { path: found.disk.made.path.clone(), bytes: found.disk.made.bytes, waits: None })
    }

    fn detach(&self, _name: &str) -> Result<()> {
        Ok(()) // nothing is held
    }

    fn remove(&self, name: &str, _now_unix_s: u64) -> Result<()> {
        self.disks().remove(name);
        Ok(())
    }

    fn sweep(&self, _now_unix_s: u64) -> Swept {
        Swept::default()
    }

    fn list(&self, node: &str) -> Vec<Disk> {
        self.disks().values().filter(|disk| disk.node == node).map(|disk| disk.disk.clone()).collect()
    }

    fn room(&self, node: &str, pool: &Path) -> Result<Room> {
        let available_bytes = self.free(&self.disks(), node, pool);
        Ok(Room { bytes: self.bytes, promised_bytes: self.bytes - available_bytes, available_bytes })
    }

    fn retention(&self) -> Option<Duration> {
        None
    }

    fn grown(&self) -> Arc<Notify> {
        Arc::clone(&self.grown)
    }
}
