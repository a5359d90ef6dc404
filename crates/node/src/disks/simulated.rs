//! Disks of nodes that exist in the API only: nothing is written, and each pool of a node has as much room as was said. What holds a disk to its size,
//! who uses it, and what others take of a pool are words that whoever simulates a node may say.

use super::NodeDisks;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use stead_disks::{Attached, Content, Demand, Disk, Enforcement, Error, Expanded, Made, Phase, Result, Room, Swept, Wanted};
use tokio::sync::Notify;

/// Shared by all simulated nodes of one agent.
#[derive(Debug)]
pub struct SimulatedDisks {
    /// Of each pool of a node.
    bytes: u64,
    /// What holds a disk to its size if nothing else is demanded; an image can be had wherever anything holds disks.
    best: Enforcement,
    state: Mutex<State>,
    grown: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    disks: BTreeMap<String, Simulated>,
    /// What others take of each pool.
    filled_bytes: u64,
}

#[derive(Debug)]
struct Simulated {
    node: String,
    disk: Disk,
    recorded: bool,
    /// An image grows when nobody uses it.
    users: BTreeSet<String>,
}

impl Simulated {
    /// So much is promised.
    fn bytes(&self) -> u64 {
        match self.disk.phase {
            Phase::Growing { bytes, .. } => bytes.max(self.disk.made.bytes),
            _ => self.disk.made.bytes,
        }
    }

    /// Does what is under way, unless a user holds it up. Why it waits.
    fn grow(&mut self) -> Option<String> {
        let Phase::Growing { bytes, .. } = self.disk.phase else { return None };
        if self.disk.made.enforcement == Enforcement::Image && !self.users.is_empty() {
            return Some("its file system is in use".to_owned());
        }
        (self.disk.made.bytes, self.disk.phase) = (bytes, Phase::Ready);
        None
    }
}

impl SimulatedDisks {
    /// Nodes whose pools have so many bytes each.
    pub fn new(bytes: u64) -> Self {
        Self { bytes, best: Enforcement::ProjectQuota, state: Mutex::default(), grown: Arc::default() }
    }

    /// The same where something else is the best that can be had.
    pub fn held_by(self, best: Enforcement) -> Self {
        Self { best, ..self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn free(&self, state: &State, node: &str, pool: &Path) -> u64 {
        let promised: u64 = state.disks.values().filter(|disk| disk.node == node && disk.disk.pool == pool).map(Simulated::bytes).sum();
        self.bytes.saturating_sub(promised).saturating_sub(state.filled_bytes)
    }

    fn check(&self, state: &State, node: &str, pool: &Path, wanted: u64) -> Result<()> {
        let available = self.free(state, node, pool);
        if wanted > available {
            return Err(Error::NotEnoughRoom { pool: pool.to_owned(), wanted, available });
        }
        Ok(())
    }

    fn enforcement(&self, wanted: &Wanted) -> Result<Enforcement> {
        let has_images = !matches!(self.best, Enforcement::Unenforced { .. });
        let unavailable = |what| Err(Error::Unavailable { what, pool: wanted.pool.clone(), why: "it is simulated without".to_owned() });
        match (wanted.content, wanted.demand) {
            (Content::Device, _) | (_, Demand::Image) if has_images => Ok(Enforcement::Image),
            (Content::Device, _) | (_, Demand::Image) => unavailable("an image"),
            (_, Demand::ProjectQuota) if self.best != Enforcement::ProjectQuota => unavailable("a project quota"),
            (_, Demand::Unenforced) => Ok(Enforcement::Unenforced { why: "asked for without".to_owned() }),
            (_, Demand::Auto | Demand::ProjectQuota) => Ok(self.best.clone()),
        }
    }

    /// Somebody uses the disk whose path that is.
    pub fn hold(&self, path: &Path, user: &str) {
        if let Some(disk) = self.state().disks.values_mut().find(|disk| disk.disk.made.path == path) {
            disk.users.insert(user.to_owned());
        }
    }

    /// Somebody uses no disk any more.
    pub fn give_up(&self, user: &str) {
        for disk in self.state().disks.values_mut() {
            disk.users.remove(user);
        }
    }

    /// Those who use any.
    pub fn users(&self) -> BTreeSet<String> {
        self.state().disks.values().flat_map(|disk| disk.users.iter().cloned()).collect()
    }

    /// Others have so much of each pool from now on.
    pub fn fill(&self, bytes: u64) {
        self.state().filled_bytes = bytes;
    }
}

impl NodeDisks for SimulatedDisks {
    fn create(&self, node: &str, wanted: &Wanted) -> Result<Made> {
        let mut state = self.state();
        if let Some(found) = state.disks.get(&wanted.name) {
            return Ok(found.disk.made.clone());
        }
        let enforcement = self.enforcement(wanted)?;
        self.check(&state, node, &wanted.pool, wanted.bytes)?;
        let made = Made { path: wanted.pool.join(&wanted.name), bytes: wanted.bytes, enforcement };
        let disk = Disk { name: wanted.name.clone(), pool: wanted.pool.clone(), made: made.clone(), phase: Phase::Ready };
        state.disks.insert(wanted.name.clone(), Simulated { node: node.to_owned(), disk, recorded: false, users: BTreeSet::new() });
        Ok(made)
    }

    fn recorded(&self, name: &str) {
        if let Some(disk) = self.state().disks.get_mut(name) {
            disk.recorded = true;
        }
    }

    fn unrecorded(&self) -> BTreeSet<String> {
        self.state().disks.iter().filter(|(_, disk)| !disk.recorded).map(|(name, _)| name.clone()).collect()
    }

    fn expand(&self, name: &str, bytes: u64) -> Result<Expanded> {
        let mut state = self.state();
        let missing = || Error::NotFound(name.to_owned());
        let found = state.disks.get(name).ok_or_else(missing)?;
        self.check(&state, &found.node, &found.disk.pool, bytes.saturating_sub(found.bytes()))?;
        let found = state.disks.get_mut(name).ok_or_else(missing)?;
        // What has not grown yet is taken back by asking for less.
        found.disk.phase = if bytes > found.disk.made.bytes { Phase::Growing { bytes, promised_bytes: bytes } } else { Phase::Ready };
        let waits = found.grow();
        Ok(Expanded { bytes: found.disk.made.bytes, waits })
    }

    fn attach(&self, name: &str) -> Result<Attached> {
        let mut state = self.state();
        let found = state.disks.get_mut(name).ok_or_else(|| Error::NotFound(name.to_owned()))?;
        let waits = found.grow();
        Ok(Attached { path: found.disk.made.path.clone(), bytes: found.disk.made.bytes, waits })
    }

    fn detach(&self, _name: &str) -> Result<()> {
        Ok(()) // nothing is held
    }

    fn remove(&self, name: &str, _now_unix_s: u64) -> Result<()> {
        let mut state = self.state();
        if let Some(used) = state.disks.get(name).filter(|disk| !disk.users.is_empty()) {
            return Err(Error::InUse { path: used.disk.made.path.clone() });
        }
        state.disks.remove(name);
        Ok(())
    }

    fn sweep(&self, _now_unix_s: u64) -> Swept {
        Swept::default()
    }

    fn list(&self, node: &str) -> Vec<Disk> {
        self.state().disks.values().filter(|disk| disk.node == node).map(|disk| disk.disk.clone()).collect()
    }

    fn room(&self, node: &str, pool: &Path) -> Result<Room> {
        let available_bytes = self.free(&self.state(), node, pool);
        Ok(Room { bytes: self.bytes, promised_bytes: self.bytes - available_bytes, available_bytes })
    }

    fn retention(&self) -> Option<Duration> {
        None
    }

    fn grown(&self) -> Arc<Notify> {
        Arc::clone(&self.grown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stead_disks::FileSystem;

    const MIB: u64 = 1 << 20;

    fn wanted(demand: Demand) -> Wanted {
        let content = Content::Directory { permissions: 0o777, file_system: FileSystem::Ext4 };
        Wanted { name: "a".to_owned(), pool: "/p".into(), bytes: MIB, demand, content }
    }

    #[test]
    fn an_image_grows_when_nobody_uses_it() {
        // STO-15
        let disks = SimulatedDisks::new(10 * MIB);
        let made = disks.create("n", &wanted(Demand::Image)).unwrap();
        assert_eq!(made.enforcement, Enforcement::Image);
        disks.hold(&made.path, "pod");
        let expanded = disks.expand("a", 3 * MIB).unwrap();
        assert!(expanded.bytes == MIB && expanded.waits.is_some(), "{expanded:?}");
        assert_eq!(disks.room("n", Path::new("/p")).unwrap().available_bytes, 7 * MIB);
        assert!(disks.attach("a").unwrap().waits.is_some());
        assert!(disks.remove("a", 0).is_err());
        disks.give_up("pod");
        assert_eq!(disks.attach("a").unwrap(), Attached { path: made.path, bytes: 3 * MIB, waits: None });
        disks.remove("a", 0).unwrap();
    }

    #[test]
    fn what_cannot_be_had_is_refused() {
        // LOCV-6
        let none = Enforcement::Unenforced { why: "none".to_owned() };
        let of = |best: &Enforcement, demand| SimulatedDisks::new(MIB).held_by(best.clone()).create("n", &wanted(demand));
        assert_eq!(of(&none, Demand::Auto).unwrap().enforcement, none);
        assert!(matches!(of(&none, Demand::Image), Err(Error::Unavailable { .. })));
        assert!(matches!(of(&Enforcement::Image, Demand::ProjectQuota), Err(Error::Unavailable { .. })));
        let full = SimulatedDisks::new(MIB);
        full.fill(1);
        assert!(matches!(full.create("n", &wanted(Demand::Auto)), Err(Error::NotEnoughRoom { .. })));
    }
}
