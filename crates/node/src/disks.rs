//! What a node needs of the disks below its claims. The real ones and the simulated ones stand behind the same trait, so that the
//! provisioner is the same code for both.
//!
//! A disk is *recorded* once its PersistentVolume exists. One that was made and never recorded, because the node was cut short between the
//! two, may be removed again; any other goes only when somebody says so.

mod simulated;

pub use simulated::SimulatedDisks;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stead_disks::{Attached, Disk, Disks, Expanded, Made, Result, Room, Swept, Wanted};
use stead_journal::{Journal, Thing};
use tokio::sync::Notify;

/// Entries of the trash that are removed at a time.
const SWEEP_MAX: u64 = 10_000;
/// How long the trash is kept at most: a hundred years.
const RETENTION_MAX: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Disks of a node. Calls block.
pub trait NodeDisks: Send + Sync {
    /// Makes a disk that is not recorded, or says what was made of it before.
    fn create(&self, node: &str, wanted: &Wanted) -> Result<Made>;
    /// Its PersistentVolume exists.
    fn recorded(&self, name: &str);
    /// Those that are not recorded.
    fn unrecorded(&self) -> BTreeSet<String>;
    fn expand(&self, name: &str, bytes: u64) -> Result<Expanded>;
    /// Brings a disk to where its user finds it.
    fn attach(&self, name: &str) -> Result<Attached>;
    /// Gives back what an unused disk takes of the machine.
    fn detach(&self, name: &str) -> Result<()>;
    /// Moves it to the trash. One that is not there is removed.
    fn remove(&self, name: &str, now_unix_s: u64) -> Result<()>;
    /// Removes some of the trash.
    fn sweep(&self, now_unix_s: u64) -> Swept;
    /// Every disk there is of a node, those in the trash too.
    fn list(&self, node: &str) -> Vec<Disk>;
    fn room(&self, node: &str, pool: &Path) -> Result<Room>;
    /// How long what is removed can still be had; nothing: not at all.
    fn retention(&self) -> Option<Duration>;
    /// Notified by whoever has brought a growth to its end.
    fn grown(&self) -> Arc<Notify>;
}

/// Disks of this machine.
#[derive(Debug)]
pub struct LocalDisks {
    disks: Disks,
    unrecorded: Journal<Unrecorded>,
    retention: Duration,
    grown: Arc<Notify>,
}

/// A disk of which nobody knows yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
struct Unrecorded(String);

impl Thing for Unrecorded {
    fn outlives_power(&self) -> bool {
        true
    }
}

impl LocalDisks {
    /// Opens what is on record below `state`. A disk is attached when a pod is to use it.
    pub fn open(state: &Path, retention: Duration) -> Result<Self> {
        let retention = retention.min(RETENTION_MAX);
        let settings = stead_disks::Settings { trash_retention_s: retention.as_secs(), ..stead_disks::Settings::default() };
        let disks = Disks::open(state, settings)?;
        let unrecorded = Journal::open(&state.join("unrecorded"))?;
        Ok(Self { disks, unrecorded, retention, grown: Arc::default() })
    }
}

impl NodeDisks for LocalDisks {
    fn create(&self, _node: &str, wanted: &Wanted) -> Result<Made> {
        let unrecorded = [Unrecorded(wanted.name.clone())];
        self.unrecorded.make(&unrecorded)?;
        let made = self.disks.create(wanted);
        if made.is_err() {
            self.unrecorded.gone(&unrecorded);
        }
        made
    }

    fn recorded(&self, name: &str) {
        self.unrecorded.gone(&[Unrecorded(name.to_owned())]);
    }

    fn unrecorded(&self) -> BTreeSet<String> {
        self.unrecorded.live().into_iter().map(|Unrecorded(name)| name).collect()
    }

    fn expand(&self, name: &str, bytes: u64) -> Result<Expanded> {
        self.disks.expand(name, bytes)
    }

    fn attach(&self, name: &str) -> Result<Attached> {
        self.disks.attach(name)
    }

    fn detach(&self, name: &str) -> Result<()> {
        self.disks.detach(name)
    }

    fn remove(&self, name: &str, now_unix_s: u64) -> Result<()> {
        self.disks.remove(name, now_unix_s)?;
        self.recorded(name);
        Ok(())
    }

    fn sweep(&self, now_unix_s: u64) -> Swept {
        self.disks.sweep(now_unix_s, SWEEP_MAX)
    }

    fn list(&self, _node: &str) -> Vec<Disk> {
        self.disks.list()
    }

    fn room(&self, _node: &str, pool: &Path) -> Result<Room> {
        self.disks.room(pool)
    }

    fn retention(&self) -> Option<Duration> {
        Some(self.retention).filter(|retention| !retention.is_zero())
    }

    fn grown(&self) -> Arc<Notify> {
        Arc::clone(&self.grown)
    }
}
