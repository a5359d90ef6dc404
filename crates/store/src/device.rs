//! A simulated disk below redb, and a store on it, for tests. Keeps what was not synced apart; a power cut keeps a seeded
//! subset of it, at sector granularity, and then nothing works until it is powered again. Never in a program that users run.

use crate::backend::{Disk as DiskBackend, Opener};
use crate::{Handle, Limits, OpenError, Options, Place, Store, durable};
use redb::StorageBackend;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const SECTOR: usize = 512;

/// The disk. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Device(Arc<(Mutex<Disk>, Condvar)>);

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

#[derive(Debug)]
enum Act {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

impl Act {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::SetLen(len) => bytes.resize(*len, 0),
            Self::Write(at, data) => {
                let end = at + data.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*at..end].copy_from_slice(data);
            }
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Default)]
pub enum Plan {
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

/// A generator of numbers that replays from its seed (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Seeded(pub u64);

impl Seeded {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

impl Store {
    /// Opens what is on a simulated disk. Writes are committed in the caller, one sync for each, without a thread; after an
    /// I/O error they are refused until [`Store::recover`].
    pub fn on_device(device: &Device, limits: Limits) -> Result<Self, OpenError> {
        let (disk, contents) = DiskBackend::open_device(device.opener(), Path::new("simulated"))?;
        let (pipeline, writer) = durable(Box::new(disk), contents, Options { limits, seal: None });
        Ok(Self(Arc::new(Handle { pipeline, place: Place::Caller(Mutex::new(writer)) })))
    }

    /// Looks once whether a store that refuses writes can take them again, as the thread of a store on disk does from time to
    /// time. Only for a store without a thread.
    pub fn recover(&self) -> Result<(), String> {
        match &self.0.place {
            Place::Caller(writer) | Place::Held(writer) => writer.lock().expect("a writer does not panic").recover(),
            Place::Thread(_) => Err("its thread does so".to_owned()),
        }
    }
}

impl Default for Device {
    fn default() -> Self {
        Self::new()
    }
}

impl Device {
    /// An empty disk.
    pub fn new() -> Self {
        Self::of(Disk::default())
    }

    fn of(disk: Disk) -> Self {
        Self(Arc::new((Mutex::new(disk), Condvar::new())))
    }

    /// A disk with these contents.
    pub fn holding(bytes: &[u8]) -> Self {
        Self::of(Disk { durable: bytes.to_vec(), current: bytes.to_vec(), ..Disk::default() })
    }

    /// A way to open the disk from its medium: what a failed sync left in the system's memory alone is not seen again.
    pub(crate) fn opener(&self) -> Opener {
        let device = self.clone();
        Opener::new(move || {
            device.disk().drop_clean()?;
            Ok(Box::new(device.clone()))
        })
    }

    /// What goes wrong from now on.
    pub fn plan(&self, plan: Plan) {
        self.disk().plan = plan;
    }

    /// The power goes now; the seed says what it leaves of what was not synced.
    pub fn cut(&self, seed: u64) {
        self.disk().cut(seed);
    }

    pub fn is_off(&self) -> bool {
        matches!(self.disk().plan, Plan::Off)
    }

    /// The disk after power returned: what survived, and nothing goes wrong.
    pub fn powered(&self) -> Self {
        Self::holding(&self.disk().durable)
    }

    /// The disk after its user was killed: the system still has all that was written, synced or not. The killed one writes
    /// nothing more.
    pub fn after_kill(&self) -> Self {
        let mut disk = self.disk();
        let left = std::mem::take(&mut *disk);
        disk.plan = Plan::Off;
        Self::of(Disk { durable: left.durable, current: left.current, unsynced: left.unsynced, ..Disk::default() })
    }

    /// What readers see.
    pub fn contents(&self) -> Vec<u8> {
        self.disk().current.clone()
    }

    /// Puts other contents in the place of its own.
    pub fn replace(&self, bytes: &[u8]) {
        let mut disk = self.disk();
        (disk.durable, disk.current) = (bytes.to_vec(), bytes.to_vec());
        disk.unsynced.clear();
    }

    /// How many syncs there were.
    pub fn syncs(&self) -> u64 {
        self.disk().syncs
    }

    /// How many writes, syncs and length changes there were.
    pub fn acts(&self) -> u64 {
        let disk = self.disk();
        disk.syncs + disk.writes
    }

    /// The next sync waits.
    pub fn close_gate(&self) {
        self.disk().gate = Gate::Closed;
    }

    /// Returns once a sync stands before the closed gate.
    pub fn await_sync(&self) {
        let (_, changed) = &*self.0;
        let waited = changed.wait_timeout_while(self.disk(), Duration::from_secs(10), |disk| disk.gate != Gate::Waiting);
        assert!(!waited.expect("nothing panics with the disk locked").1.timed_out(), "nothing is synced");
    }

    /// Lets the sync through that waits, and all others.
    pub fn open_gate(&self) {
        self.disk().gate = Gate::Open;
        self.0.1.notify_all();
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Readers see the medium again, and what waits to be written.
    fn drop_clean(&mut self) -> io::Result<()> {
        if matches!(self.plan, Plan::Off) {
            return Err(io::Error::other("the power is off"));
        }
        self.current.clone_from(&self.durable);
        for act in &self.unsynced {
            act.apply(&mut self.current);
        }
        Ok(())
    }

    /// The power goes: some of what was not synced is kept.
    fn cut(&mut self, seed: u64) {
        self.keep_some(seed);
        self.plan = Plan::Off;
    }

    /// What was not synced reaches the medium.
    fn keep_all(&mut self) {
        for act in self.unsynced.drain(..) {
            act.apply(&mut self.durable);
        }
    }

    /// A seeded part of what was not synced reaches the medium.
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
        if let Err(failed) = disk.act() {
            // As systems do: what could not be written counts as written.
            disk.unsynced.clear();
            return Err(failed);
        }
        disk.syncs += 1;
        if disk.gate == Gate::Closed {
            disk.gate = Gate::Waiting;
            self.0.1.notify_all();
            disk = self.0.1.wait_while(disk, |disk| disk.gate == Gate::Waiting).unwrap_or_else(PoisonError::into_inner);
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
        disk.keep_all();
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
