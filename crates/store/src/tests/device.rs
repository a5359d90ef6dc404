//! A simulated disk below redb. Keeps what was not synced apart; a power cut keeps a seeded subset of it, at sector
//! granularity, and then nothing works until it is powered again.

use super::Seeded;
use crate::backend::{Opener, Source};
use redb::StorageBackend;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

const SECTOR: usize = 512;

#[derive(Debug, Clone)]
pub(super) struct Device(Arc<(Mutex<Disk>, Condvar)>);

#[derive(Debug, Default)]
struct Disk {
    /// What survives.
    durable: Vec<u8>,
    /// What readers see.
    current: Vec<u8>,
    unsynced: Vec<Act>,
    syncs: u64,
    writes: u64,
    plan: Plan,
    /// Whether a sync waits until it is let through.
    gate: Gate,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Gate {
    #[default]
    Open,
    Closed,
    /// A sync stands before it.
    Waiting,
}

#[derive(Debug, Clone)]
enum Act {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

/// What goes wrong.
#[derive(Debug, Clone, Default)]
pub(super) enum Plan {
    #[default]
    Nothing,
    /// The power goes during the sync of this number (1 is the next); the seed says what it leaves.
    CutAt { sync: u64, seed: u64 },
    /// Each act is an I/O error from this act on (1 is the next); syncs, writes and length changes count.
    FailFrom { act: u64 },
    /// The sync of this number (1 is the next) fails; the seed says which of the unsynced sectors reached the medium.
    FailSync { sync: u64, seed: u64 },
    /// The power is off.
    Off,
    /// The disk panics in the next sync.
    Panic,
}

impl Device {
    pub(super) fn new() -> Self {
        Self(Arc::new((Mutex::new(Disk::default()), Condvar::new())))
    }

    /// A disk with these contents.
    pub(super) fn holding(bytes: &[u8]) -> Self {
        let device = Self::new();
        let mut disk = device.disk();
        disk.durable = bytes.to_vec();
        disk.current = bytes.to_vec();
        drop(disk);
        device
    }

    /// A way to open the disk. From the medium, what was not synced is gone, as a system may drop it after a failed sync.
    pub(super) fn opener(&self) -> Opener {
        let device = self.clone();
        Opener::new(move |source| {
            if source == Source::Medium {
                device.disk().forget_unsynced()?;
            }
            Ok(Box::new(device.clone()))
        })
    }

    pub(super) fn plan(&self, plan: Plan) {
        self.disk().plan = plan;
    }

    pub(super) fn is_off(&self) -> bool {
        matches!(self.disk().plan, Plan::Off)
    }

    /// The disk after power returned: what survived, and nothing goes wrong.
    pub(super) fn powered(&self) -> Self {
        Self::holding(&self.disk().durable)
    }

    pub(super) fn contents(&self) -> Vec<u8> {
        self.disk().current.clone()
    }

    /// Puts other contents in the place of its own.
    pub(super) fn replace(&self, bytes: &[u8]) {
        let mut disk = self.disk();
        (disk.durable, disk.current) = (bytes.to_vec(), bytes.to_vec());
        disk.unsynced.clear();
    }

    pub(super) fn syncs(&self) -> u64 {
        self.disk().syncs
    }

    /// How many writes, syncs and length changes there were.
    pub(super) fn acts(&self) -> u64 {
        let disk = self.disk();
        disk.syncs + disk.writes
    }

    pub(super) fn close_gate(&self) {
        self.disk().gate = Gate::Closed;
    }

    /// Returns once a sync stands before the closed gate.
    pub(super) fn await_sync(&self) {
        let (_, changed) = &*self.0;
        let waited = changed.wait_timeout_while(self.disk(), Duration::from_secs(10), |disk| disk.gate != Gate::Waiting);
        assert!(!waited.unwrap().1.timed_out(), "nothing is synced");
    }

    pub(super) fn open_gate(&self) {
        self.disk().gate = Gate::Open;
        self.0.1.notify_all();
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Disk {
    fn act(&mut self) -> io::Result<()> {
        match &mut self.plan {
            Plan::Off => return Err(io::Error::other("the power is off")),
            Plan::FailFrom { act: 0 | 1 } => return Err(io::Error::other("injected")),
            Plan::FailFrom { act } => *act -= 1,
            Plan::Nothing | Plan::CutAt { .. } | Plan::FailSync { .. } | Plan::Panic => {}
        }
        Ok(())
    }

    fn forget_unsynced(&mut self) -> io::Result<()> {
        if matches!(self.plan, Plan::Off) {
            return Err(io::Error::other("the power is off"));
        }
        self.current = self.durable.clone();
        self.unsynced.clear();
        Ok(())
    }

    /// The power goes: some of what was not synced is kept.
    fn cut(&mut self, seed: u64) {
        self.keep_some(seed);
        self.plan = Plan::Off;
    }

    fn keep_some(&mut self, seed: u64) {
        let mut seeded = Seeded(seed);
        // One cut in four keeps nothing, one everything, the rest half.
        let keep = [0, 100, 50, 50][seeded.below(4) as usize];
        for act in std::mem::take(&mut self.unsynced) {
            match act {
                Act::SetLen(len) if seeded.below(100) < keep => self.durable.resize(len, 0),
                Act::SetLen(_) => {}
                Act::Write(offset, data) => {
                    for (n, sector) in data.chunks(SECTOR).enumerate() {
                        let at = offset + n * SECTOR;
                        if seeded.below(100) < keep && at + sector.len() <= self.durable.len() {
                            self.durable[at..at + sector.len()].copy_from_slice(sector);
                        }
                    }
                }
            }
        }
    }
}

impl StorageBackend for Device {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk().current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let disk = self.disk();
        if matches!(disk.plan, Plan::Off) {
            return Err(io::Error::other("the power is off"));
        }
        let at = offset as usize;
        out.copy_from_slice(disk.current.get(at..at + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut disk = self.disk();
        disk.act()?;
        disk.writes += 1;
        disk.current.resize(len as usize, 0);
        disk.unsynced.push(Act::SetLen(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.disk();
        disk.act()?;
        disk.syncs += 1;
        if disk.gate == Gate::Closed {
            disk.gate = Gate::Waiting;
            self.0.1.notify_all();
            disk = self.0.1.wait_while(disk, |disk| disk.gate == Gate::Waiting).unwrap();
        }
        match disk.plan.clone() {
            Plan::CutAt { sync: 0 | 1, seed } => {
                disk.cut(seed);
                return Err(io::Error::other("the power went"));
            }
            Plan::CutAt { sync, seed } => disk.plan = Plan::CutAt { sync: sync - 1, seed },
            Plan::FailSync { sync: 0 | 1, seed } => {
                disk.keep_some(seed);
                disk.plan = Plan::Nothing;
                return Err(io::Error::other("injected"));
            }
            Plan::FailSync { sync, seed } => disk.plan = Plan::FailSync { sync: sync - 1, seed },
            Plan::Panic => panic!("injected"),
            Plan::Nothing | Plan::FailFrom { .. } | Plan::Off => {}
        }
        disk.durable = disk.current.clone();
        disk.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut disk = self.disk();
        disk.act()?;
        disk.writes += 1;
        let at = offset as usize;
        if disk.current.len() < at + data.len() {
            disk.current.resize(at + data.len(), 0);
        }
        disk.current[at..at + data.len()].copy_from_slice(data);
        disk.unsynced.push(Act::Write(at, data.to_vec()));
        Ok(())
    }
}
