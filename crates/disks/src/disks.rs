//! All disks of this machine: what is asked of them one step after the other, with a record before each.

use crate::error::{Error, Result, failed, unless_missing};
use crate::ledger::{self, Ledger};
use crate::loops::Owner;
use crate::probe::{self, Kind, Probed};
use crate::record::{Backing, Phase, Record, check_name, check_pool};
use crate::room::{Claim, Room};
use crate::steps::Steps;
use crate::wanted::{Attached, Disk, Expanded, Made, Swept, Usage, Wanted};
use crate::{directory, image, pool, quota, room};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use stead_volumes::{Removed, remove_some};

/// What an administrator may decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long the trash is kept. 0: it goes as soon as it can.
    pub trash_retention_s: u64,
    /// How much may be promised of a file system, in percent of what can be given away.
    pub overcommit_percent: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { trash_retention_s: 0, overcommit_percent: 100 }
    }
}

/// All disks; one process at a time has them open. Safe to be used from several threads: those who want the same disk wait for each other.
#[derive(Debug)]
pub struct Disks {
    settings: Settings,
    owner: Owner,
    ledger: Ledger,
    /// What file systems can do, by their number.
    probed: Mutex<BTreeMap<u64, Probed>>,
    steps: Steps,
}

impl Disks {
    /// The smallest disk.
    pub const BYTES_MIN: u64 = 1 << 20;
    /// The largest: what a file system in an image can grow to.
    pub const BYTES_MAX: u64 = 8 << 40;

    /// Opens what is on record below `state`, a path without symbolic links, or begins it. Nothing is attached by that, see [`Disks::attach_all`].
    pub fn open(state: &Path, settings: Settings) -> Result<Disks> {
        pool::prepare(state)?;
        let ledger = Ledger::open(&state.join("journal"))?;
        for record in ledger.all() {
            let in_trash = record.is_kept() && !pool::exists(&record.home())? && pool::exists(&record.trash())?;
            if in_trash {
                // Removed while the disk was so full that not even that could be written down.
                let since_unix_s = changed_unix_s(&record.trash())?;
                ledger.put_even_if_full(record.with(Phase::Trashed { since_unix_s }));
            }
        }
        Ok(Disks { settings, owner: Owner::of(state), ledger, probed: Mutex::new(BTreeMap::new()), steps: Steps::default() })
    }

    /// What can be had in a pool, which is made if it is not there. Tried once for each file system.
    pub fn probe(&self, pool: &Path) -> Result<Probed> {
        check_pool(pool).map_err(Error::Invalid)?;
        pool::prepare(pool)?;
        let device = pool::device(pool)?;
        let mut probed = self.probed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = probed.get(&device) {
            return Ok(known.clone());
        }
        let found = probe::probe(pool, &self.owner)?;
        tracing::info!(pool = %pool.display(), quota = ?found.project_quota, image = ?found.image, "tried what disks can be had");
        probed.insert(device, found.clone());
        Ok(found)
    }

    /// Makes a disk and attaches it. Asked again for one that is there, it says what was made; one that was half made is finished. On a
    /// failure nothing is left.
    pub fn create(&self, wanted: &Wanted) -> Result<Made> {
        check(wanted)?;
        let _holder = self.ledger.hold(&wanted.name);
        let record = match self.ledger.get(&wanted.name) {
            Some(record) if record.is_kept() => return Ok(record.made()),
            Some(record) if record.phase == Phase::Making => record,
            Some(record) => return Err(Error::Removed(record.name)),
            None => self.reserve(wanted)?,
        };
        match self.build(&record).and_then(|()| self.ledger.put(record.with(Phase::Ready))) {
            Ok(record) => Ok(record.made()),
            #[cfg(test)]
            Err(error @ Error::Stopped(_)) => Err(error),
            Err(error) => {
                if let Err(left) = self.unmake(&record) {
                    tracing::warn!(disk = record.name, error = %left, "what was made of a disk could not be removed again; it is tried again");
                }
                Err(error)
            }
        }
    }

    /// Decides what a disk is made of, and writes down that it is about to be made.
    fn reserve(&self, wanted: &Wanted) -> Result<Record> {
        let probed = self.probe(&wanted.pool)?;
        let kind = probe::decide(&wanted.pool, wanted.demand, wanted.content, &probed)?;
        // Until the project's number is on record and has a limit nobody else may take it.
        let _lock = match kind {
            Kind::ProjectQuota { .. } => Some(pool::lock_file_system(&wanted.pool)?),
            _ => None,
        };
        let backing = match kind {
            Kind::Directory { permissions, why } => Backing::Directory { permissions, why },
            Kind::ProjectQuota { permissions } => {
                let project = quota::free_project(&wanted.pool, &self.ledger.lock().records)?;
                Backing::ProjectQuota { permissions, project }
            }
            Kind::Image { permissions } => Backing::Image { permissions },
            Kind::Device => Backing::Device,
        };
        let bytes = wanted.bytes.next_multiple_of(ROUNDED_BYTES);
        let (name, pool, promised_bytes) = (wanted.name.clone(), wanted.pool.clone(), promised_bytes(&backing, bytes));
        let record = Record { name, generation: 0, pool, backing, bytes, promised_bytes, phase: Phase::Making };
        if pool::exists(&record.home())? {
            return Err(Error::InTheWay { path: record.home() });
        }
        // A removal must not need room for that.
        pool::trash(&record.pool)?;
        self.steps.before("write down that a disk is made")?;
        self.ledger.reserve(&record, |others| self.fits(&record, others, promised_bytes))?;
        Ok(record)
    }

    /// Makes all of a disk, from nothing or from what an attempt before has left.
    fn build(&self, record: &Record) -> Result<()> {
        pool::prepare(&record.pool)?;
        self.steps.before("make the directory")?;
        match &record.backing {
            Backing::Directory { permissions, .. } => directory::make(&record.home(), *permissions)?,
            Backing::ProjectQuota { permissions, project } => quota::make(&record.home(), *permissions, *project, record.bytes)?,
            Backing::Image { permissions } => image::make(record, *permissions, &self.owner, &self.steps)?,
            Backing::Device => image::make_device(record, &self.owner, &self.steps)?,
        }
        pool::sync(&record.pool)?;
        self.steps.before("write down that a disk is ready")
    }

    /// Removes what is there of a disk that nobody was told of.
    fn unmake(&self, record: &Record) -> Result<()> {
        self.give_back(record)?;
        while remove_some(&record.home(), &mut UNMADE_MAX.clone()).map_err(words)? == Removed::Some {}
        self.forget(record)
    }

    /// Gives a disk more room. Bytes that are not more than it has change nothing: a disk never shrinks.
    pub fn expand(&self, name: &str, bytes: u64) -> Result<Expanded> {
        let _holder = self.ledger.hold(name);
        let record = self.kept(name)?;
        let bytes = bytes.next_multiple_of(ROUNDED_BYTES);
        if bytes > Self::BYTES_MAX {
            return Err(too_large(bytes));
        }
        if bytes <= record.bytes {
            if record.phase != Phase::Ready {
                // A growth that has not come to its end is taken back.
                self.ledger.put(record.with(Phase::Ready))?;
            }
            return Ok(Expanded { bytes: record.bytes, waits: None });
        }
        let promised_bytes = promised_bytes(&record.backing, bytes).max(record.promised_bytes);
        let growing = Record { generation: record.generation + 1, ..record.with(Phase::Growing { bytes, promised_bytes }) };
        self.steps.before("write down that a disk grows")?;
        let more = promised_bytes.saturating_sub(record.promise());
        self.ledger.reserve(&growing, |others| self.fits(&growing, others, more))?;
        self.grow(&growing)
    }

    /// Does what a record says is under way.
    fn grow(&self, record: &Record) -> Result<Expanded> {
        let Phase::Growing { bytes, promised_bytes } = record.phase else {
            return Ok(Expanded { bytes: record.bytes, waits: None });
        };
        self.steps.before("give a disk more room")?;
        let waits = match &record.backing {
            Backing::Directory { .. } => None,
            Backing::ProjectQuota { project, .. } => quota::limit(&record.home(), *project, bytes).map(|()| None)?,
            Backing::Image { .. } => image::grow(record, promised_bytes, &self.owner, &self.steps)?,
            Backing::Device => image::grow_device(record, promised_bytes, &self.owner, &self.steps).map(|()| None)?,
        };
        if waits.is_some() {
            return Ok(Expanded { bytes: record.bytes, waits });
        }
        self.steps.before("write down that a disk has grown")?;
        self.ledger.put(Record { bytes, promised_bytes, phase: Phase::Ready, ..record.clone() })?;
        Ok(Expanded { bytes, waits: None })
    }

    /// Makes a disk usable: after a start, or each time before it is used. Finishes a growth that was under way. Done again it changes nothing.
    pub fn attach(&self, name: &str) -> Result<Attached> {
        let _holder = self.ledger.hold(name);
        let record = self.kept(name)?;
        if !pool::is_directory(&record.home()) {
            return Err(Error::Missing { path: record.home() });
        }
        let path = match &record.backing {
            Backing::Directory { .. } => record.path(),
            Backing::ProjectQuota { project, .. } => quota::limit(&record.home(), *project, record.bytes).map(|()| record.path())?,
            Backing::Image { .. } => image::mount_image(&record, &self.owner).map(|()| record.path())?,
            Backing::Device => image::attach_device(&record, &self.owner)?,
        };
        let grown = self.grow(&record)?;
        Ok(Attached { path, bytes: grown.bytes, waits: grown.waits })
    }

    /// Attaches every disk that there is; says which could not be, and why.
    pub fn attach_all(&self) -> Vec<(String, Error)> {
        let kept = self.ledger.all().into_iter().filter(Record::is_kept);
        kept.filter_map(|record| self.attach(&record.name).err().map(|error| (record.name, error))).collect()
    }

    /// Gives back what a disk takes of the machine while nobody uses it. Its data stays.
    pub fn detach(&self, name: &str) -> Result<()> {
        let _holder = self.ledger.hold(name);
        self.give_back(&self.kept(name)?)
    }

    /// The same for every disk, where the program is to leave nothing on the machine but data. Says which are still used.
    pub fn detach_all(&self) -> Vec<(String, Error)> {
        let kept = self.ledger.all().into_iter().filter(|record| !record.is_trashed());
        let give_back = |record: Record| {
            let _holder = self.ledger.hold(&record.name);
            self.give_back(&record).err().map(|error| (record.name.clone(), error))
        };
        kept.filter_map(give_back).collect()
    }

    fn give_back(&self, record: &Record) -> Result<()> {
        match record.backing {
            Backing::Directory { .. } | Backing::ProjectQuota { .. } => Ok(()),
            Backing::Image { .. } | Backing::Device => image::detach(record, &self.owner),
        }
    }

    /// Moves a disk to the trash of its pool, for ever out of its user's sight; `now_unix_s` is when. What is not there is removed.
    pub fn remove(&self, name: &str, now_unix_s: u64) -> Result<()> {
        let _holder = self.ledger.hold(name);
        let Some(record) = self.ledger.get(name).filter(|record| !record.is_trashed()) else { return Ok(()) };
        self.steps.before("write down that a disk is removed")?;
        self.finish_removal(self.ledger.put_even_if_full(record.with(Phase::Removing { since_unix_s: now_unix_s })), now_unix_s)
    }

    fn finish_removal(&self, record: Record, since_unix_s: u64) -> Result<()> {
        let (home, place) = (record.home(), record.trash());
        if !pool::exists(&home)? && !pool::exists(&place)? {
            tracing::warn!(disk = record.name, path = %home.display(), "a disk that is removed was not there");
            self.ledger.forget(&record);
            return Ok(());
        }
        self.give_back(&record)?;
        let trash = pool::trash(&record.pool)?;
        self.steps.before("move a disk to the trash")?;
        unless_missing(fs::rename(&home, &place)).map_err(failed("move to the trash", &home))?;
        self.steps.before("bring that to disk")?;
        pool::sync(&trash)?;
        pool::sync(&record.pool)?;
        self.steps.before("write down that a disk is in the trash")?;
        self.ledger.put_even_if_full(record.with(Phase::Trashed { since_unix_s }));
        Ok(())
    }

    /// Finishes removals, and removes at most `entries` files and directories (some hundreds or more) of what has been in the trash long
    /// enough. One disk that cannot be removed does not hold up the others.
    pub fn sweep(&self, now_unix_s: u64, mut entries: u64) -> Swept {
        let mut swept = Swept::default();
        for record in self.ledger.all() {
            if record.is_kept() || record.phase == Phase::Making {
                continue;
            }
            let _holder = self.ledger.hold(&record.name);
            if let Err(error) = self.sweep_one(&record.name, now_unix_s, &mut entries, &mut swept) {
                swept.failures.push((record.name, error.to_string()));
            }
        }
        swept
    }

    fn sweep_one(&self, name: &str, now_unix_s: u64, entries: &mut u64, swept: &mut Swept) -> Result<()> {
        if let Some(record) = self.ledger.get(name)
            && let Phase::Removing { since_unix_s } = record.phase
        {
            self.finish_removal(record, since_unix_s)?;
        }
        let Some(record) = self.ledger.get(name) else { return Ok(()) };
        let Phase::Trashed { since_unix_s } = record.phase else { return Ok(()) };
        let due_unix_s = since_unix_s.saturating_add(self.settings.trash_retention_s);
        if due_unix_s > now_unix_s {
            swept.next_unix_s = Some(swept.next_unix_s.map_or(due_unix_s, |next| next.min(due_unix_s)));
            return Ok(());
        }
        self.steps.before("empty the trash")?;
        if image::shorten(&record.trash_file(), entries)? || remove_some(&record.trash(), entries).map_err(words)? == Removed::Some {
            swept.more = true;
            return Ok(());
        }
        self.forget(&record)?;
        swept.has_cleared = true;
        Ok(())
    }

    /// Crosses out a disk of which nothing is left.
    fn forget(&self, record: &Record) -> Result<()> {
        if pool::exists(&record.pool)? {
            let place = record.place();
            pool::sync(place.parent().filter(|parent| parent.exists()).unwrap_or(&record.pool))?;
            if let Backing::ProjectQuota { project, .. } = record.backing {
                quota::forget(&record.pool, project)?;
            }
        }
        self.steps.before("cross a disk out")?;
        self.ledger.forget(record);
        Ok(())
    }

    /// Every disk on record, by name.
    pub fn list(&self) -> Vec<Disk> {
        self.ledger.all().into_iter().map(disk).collect()
    }

    /// What is used of a disk that is attached.
    pub fn usage(&self, name: &str) -> Result<Usage> {
        let record = self.kept(name)?;
        let Backing::Device = record.backing else { return pool::usage(&record.path()) };
        let used_bytes = allocated(&record.file()).min(record.bytes);
        Ok(Usage { bytes: record.bytes, used_bytes, available_bytes: record.bytes - used_bytes, inodes: 0, free_inodes: 0 })
    }

    /// What a pool, which is made if it is not there, can still give.
    pub fn room(&self, pool: &Path) -> Result<Room> {
        let probed = self.probe(pool)?;
        let records = self.ledger.lock().records.clone();
        let room = self.room_beside(pool, &records)?;
        // An image has a file system in its file, which takes room too.
        let own_bytes = match probed {
            Probed { project_quota: Err(_), image: Ok(()) } => image::file_bytes(room.available_bytes) - room.available_bytes,
            _ => 0,
        };
        Ok(Room { available_bytes: room.available_bytes.saturating_sub(own_bytes), ..room })
    }

    fn fits(&self, record: &Record, records: &BTreeMap<String, Record>, wanted: u64) -> Result<()> {
        let available = self.room_beside(&record.pool, records)?.available_bytes;
        let is_promise = !matches!(record.backing, Backing::Directory { .. });
        if available < if is_promise { wanted } else { 1 } {
            return Err(Error::NotEnoughRoom { pool: record.pool.clone(), wanted, available });
        }
        Ok(())
    }

    fn room_beside(&self, pool: &Path, records: &BTreeMap<String, Record>) -> Result<Room> {
        let device = pool::device(pool)?;
        let near = records.values().filter(|record| pool::device(&record.pool).is_ok_and(|other| other == device));
        let claims: Vec<Claim> = near.filter_map(claim).collect();
        Ok(room::room(pool::space(pool)?, self.settings.overcommit_percent, &claims))
    }

    fn kept(&self, name: &str) -> Result<Record> {
        match self.ledger.get(name) {
            Some(record) if record.is_kept() => Ok(record),
            Some(record) if record.phase != Phase::Making => Err(Error::Removed(record.name)),
            _ => Err(Error::NotFound(name.to_owned())),
        }
    }
}

/// Every disk on record below `state`, by name, read beside whoever has them open.
pub fn recorded(state: &Path) -> Result<Vec<Disk>> {
    let records = ledger::read(&state.join("journal"))?;
    Ok(records.into_values().map(disk).collect())
}

fn disk(record: Record) -> Disk {
    Disk { made: record.made(), name: record.name, pool: record.pool, phase: record.phase }
}

/// Gives back what the disks on record below `state` take of the machine, from what the machine itself says: those records, and the disks, may be
/// gone. What is still used stays, and is said.
pub fn detach_owned(state: &Path) -> Result<Vec<Error>> {
    image::detach_owned(&Owner::of(state))
}

/// Entries that are removed at a time of what was never given to anybody.
const UNMADE_MAX: u64 = 1000;
/// Sizes of disks are multiples of this.
const ROUNDED_BYTES: u64 = 4096;

/// What a disk of a size may come to take of its pool.
fn promised_bytes(backing: &Backing, bytes: u64) -> u64 {
    if matches!(backing, Backing::Image { .. }) { image::file_bytes(bytes) } else { bytes }
}

/// What a disk means for its pool's file system. What is in the trash is used, and asks for no more.
fn claim(record: &Record) -> Option<Claim> {
    let promised_bytes = record.promise();
    match &record.backing {
        _ if record.is_trashed() => None,
        Backing::Directory { .. } => Some(Claim::Unheld { bytes: record.bytes }),
        Backing::ProjectQuota { project, .. } => {
            Some(Claim::Held { promised_bytes, used_bytes: quota::used(&record.pool, *project).unwrap_or(0) })
        }
        Backing::Image { .. } | Backing::Device => Some(Claim::Held { promised_bytes, used_bytes: allocated(&record.file()) }),
    }
}

/// What a file takes of its disk. One that cannot be looked at takes nothing, so all of its promise is still to come.
fn allocated(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |found| std::os::unix::fs::MetadataExt::blocks(&found) * 512)
}

fn changed_unix_s(path: &Path) -> Result<u64> {
    let found = fs::symlink_metadata(path).map_err(failed("look at", path))?;
    Ok(u64::try_from(std::os::unix::fs::MetadataExt::ctime(&found)).unwrap_or(0))
}

fn check(wanted: &Wanted) -> Result<()> {
    check_name(&wanted.name).map_err(Error::Invalid)?;
    check_pool(&wanted.pool).map_err(Error::Invalid)?;
    match wanted.bytes {
        ..Disks::BYTES_MIN => Err(Error::Invalid(format!("a disk has at least {} bytes, not {}", Disks::BYTES_MIN, wanted.bytes))),
        Disks::BYTES_MIN..=Disks::BYTES_MAX => Ok(()),
        too_many => Err(too_large(too_many)),
    }
}

fn too_large(bytes: u64) -> Error {
    Error::Invalid(format!("a disk has at most {} bytes, not {bytes}", Disks::BYTES_MAX))
}

/// The error of a removal, in this crate's terms.
fn words(error: stead_volumes::Error) -> Error {
    match error {
        stead_volumes::Error::Io { operation, path, source } => Error::Io { operation, path, source },
        other => Error::Invalid(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
