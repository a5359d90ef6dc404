//! The provisioner without I/O: reports and outcomes come in with the time, steps go out, at most one at a time for each volume. What
//! failed is tried again later, after a pause that doubles.

use super::facts::Facts;
use super::plan::{Operation, Past, Purpose, Step, plan};
use super::{capacity, objects, reclaim, resize};
use crate::clock::Now;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;
use stead_client::event::Event as Recorded;
use stead_client::resource::PERSISTENT_VOLUMES;
use stead_client::{Call, Failure, Report};
use stead_disks::{Disk, Expanded, Made};

const RETRY_FIRST: Duration = Duration::from_secs(1);
/// After a write of an object that others have written meanwhile.
const CONFLICT_RETRY_FIRST: Duration = Duration::from_millis(20);
const RETRY_MAX: Duration = Duration::from_secs(300);
const RETRY_DOUBLINGS_MAX: u32 = 10;

/// Something that has happened.
#[derive(Debug)]
pub enum Event {
    Claims(Report<Arc<Value>>),
    Volumes(Report<Arc<Value>>),
    Classes(Report<Arc<Value>>),
    /// The disks of a node are these; some of them are not recorded.
    Disks {
        node: String,
        disks: Vec<Disk>,
        unrecorded: BTreeSet<String>,
    },
    /// The step for the volume of that name has ended.
    Ended(String, Outcome),
    /// Something that took room is gone.
    RoomGained,
    /// The time that [`Machine::wake`] named has come.
    Tick,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Made(Result<Made, DiskFailure>),
    Expanded(Result<Expanded, DiskFailure>),
    Done(Result<(), DiskFailure>),
    /// A disk that was not recorded is gone, or there is a PersistentVolume of its name after all.
    Unrecorded(Result<Option<Arc<Value>>, String>),
    Called(Result<Value, Failure>),
}

/// Why something could not be done to a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskFailure {
    pub error: String,
    /// Another node may well be able to.
    pub may_succeed_elsewhere: bool,
}

impl From<stead_disks::Error> for DiskFailure {
    fn from(error: stead_disks::Error) -> Self {
        Self { may_succeed_elsewhere: error.may_succeed_elsewhere(), error: error.to_string() }
    }
}

impl DiskFailure {
    pub fn here(error: impl Into<String>) -> Self {
        Self { error: error.into(), may_succeed_elsewhere: false }
    }
}

/// To be done for the machine.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Begin {
        volume: String,
        operation: Operation,
    },
    Tell(Recorded),
    /// Something was made, grown, removed or refused: what a node can still give may be another amount than was told.
    RoomChanged,
}

/// A step that failed.
#[derive(Debug)]
struct Retry {
    operation: Operation,
    failures: u32,
    /// Not before; `None`: that time has come.
    at: Option<Duration>,
    /// It may succeed as soon as there is more room.
    wants_room: bool,
}

/// What is remembered of a volume beside its objects.
#[derive(Debug, Default)]
struct Memory {
    under_way: Option<Step>,
    retries: BTreeMap<Purpose, Retry>,
    is_refused_here: bool,
    is_gone: bool,
    not_grown_to: Option<u64>,
    waits_with: Option<u64>,
}

impl Memory {
    fn is_empty(&self) -> bool {
        let Self { under_way, retries, is_refused_here, is_gone, not_grown_to, waits_with } = self;
        under_way.is_none() && retries.is_empty() && !is_refused_here && !is_gone && not_grown_to.is_none() && waits_with.is_none()
    }
}

/// See the module.
#[derive(Debug)]
pub struct Machine {
    pub facts: Facts,
    default_pool: PathBuf,
    /// How long the trash is kept, if it is.
    retention: Option<Duration>,
    /// Which of claims, volumes and classes have been told of as a whole: before that, what is missing means nothing.
    told: [bool; 3],
    memory: BTreeMap<String, Memory>,
    /// Names to be looked at.
    due: BTreeSet<String>,
    commands: Vec<Command>,
}

impl Machine {
    /// For these nodes; volumes whose class names no directory lie in `default_pool`.
    pub fn new(nodes: impl IntoIterator<Item = String>, default_pool: PathBuf, retention: Option<Duration>) -> Self {
        Self {
            facts: Facts::new(nodes),
            default_pool,
            retention,
            told: [false; 3],
            memory: BTreeMap::new(),
            due: BTreeSet::new(),
            commands: Vec::new(),
        }
    }

    /// Takes an event in and says what is to be done.
    pub fn step(&mut self, now: Now, event: Event) -> Vec<Command> {
        let is_all = |report: &Report<Arc<Value>>| matches!(report, Report::Replaced { .. });
        let knew_all = self.told == [true; 3];
        match event {
            Event::Claims(report) => {
                self.told[0] |= is_all(&report);
                self.due.append(&mut self.facts.claims_changed(report));
            }
            Event::Volumes(report) => {
                self.told[1] |= is_all(&report);
                self.due.append(&mut self.facts.volumes_changed(report));
            }
            Event::Classes(report) => {
                self.told[2] |= is_all(&report);
                self.facts.classes_changed(report);
                // What a class said may have been why something failed.
                self.memory.values_mut().for_each(|memory| drop(memory.retries.remove(&Purpose::Provision)));
                self.due = self.facts.names();
                self.commands.push(Command::RoomChanged);
            }
            Event::Disks { node, disks, unrecorded } => {
                self.facts.disks_are(&node, disks, &unrecorded);
                self.due = self.facts.names();
            }
            Event::Ended(name, outcome) => self.ended(now, name, outcome),
            Event::RoomGained => self.room_gained(now),
            Event::Tick => {}
        }
        if self.told == [true; 3] {
            if !knew_all {
                // Before that there were no pools, whichever of the three was told of last.
                self.commands.push(Command::RoomChanged);
            }
            self.settle(now);
        }
        std::mem::take(&mut self.commands)
    }

    /// When a [`Event::Tick`] is wanted, on the steady clock.
    pub fn wake(&self) -> Option<Duration> {
        let waiting = self.memory.values().filter(|memory| memory.under_way.is_none());
        waiting.flat_map(|memory| memory.retries.values()).filter_map(|retry| retry.at).min()
    }

    /// What each node is to say that it can give, by class.
    pub fn pools(&self) -> Vec<capacity::Pool> {
        if self.told == [true; 3] { capacity::pools(&self.facts, &self.default_pool) } else { Vec::new() }
    }

    fn settle(&mut self, now: Now) {
        for (name, memory) in self.memory.iter_mut().filter(|(_, memory)| memory.under_way.is_none()) {
            for retry in memory.retries.values_mut().filter(|retry| retry.at.is_some_and(|at| at <= now.steady)) {
                retry.at = None;
                self.due.insert(name.clone());
            }
        }
        for name in std::mem::take(&mut self.due) {
            self.look_at(now, name);
        }
    }

    /// What had no room is tried again at once.
    fn room_gained(&mut self, now: Now) {
        let retries = self.memory.values_mut().flat_map(|memory| memory.retries.values_mut());
        for retry in retries.filter(|retry| retry.wants_room && retry.at.is_some()) {
            retry.at = Some(now.steady);
        }
        self.commands.push(Command::RoomChanged);
    }

    fn look_at(&mut self, now: Now, name: String) {
        let memory = self.memory.entry(name.clone()).or_default();
        if memory.under_way.is_some() {
            return; // looked at again when that ends
        }
        if self.facts.wanting(&name).is_none() {
            memory.is_refused_here = false;
        }
        let past = Past {
            now: now.wall,
            is_refused_here: memory.is_refused_here,
            is_gone: memory.is_gone,
            not_grown_to: memory.not_grown_to,
            waits_with: memory.waits_with,
        };
        let step = plan(&self.facts, &name, &self.default_pool, past);
        let is_known =
            self.facts.volumes.contains_key(&name) || self.facts.disks.contains_key(&name) || self.facts.wanting(&name).is_some();
        match step {
            // A claim whose node is being chosen anew comes back: how often it failed still counts then.
            None => memory.retries.retain(|purpose, retry| *purpose == Purpose::Provision && (is_known || retry.at.is_some())),
            Some(step) if is_held_back(memory, &step) => {}
            Some(step) => {
                self.commands.extend(step.told.iter().cloned().map(Command::Tell));
                self.commands.push(Command::Begin { volume: name.clone(), operation: step.operation.clone() });
                memory.under_way = Some(step);
            }
        }
        if !is_known && memory.under_way.is_none() {
            (memory.is_gone, memory.not_grown_to, memory.waits_with) = (false, None, None);
        }
        if memory.is_empty() {
            self.memory.remove(&name);
        }
    }

    fn ended(&mut self, now: Now, name: String, outcome: Outcome) {
        let Some(step) = self.memory.get_mut(&name).and_then(|memory| memory.under_way.take()) else { return };
        let failure = match outcome {
            Outcome::Made(Ok(made)) => self.made(&name, &step, made),
            Outcome::Expanded(Ok(expanded)) => self.expanded(&name, &step, &expanded),
            Outcome::Done(Ok(())) => self.done(now, &name, &step),
            Outcome::Unrecorded(Ok(None)) => self.done(now, &name, &step),
            Outcome::Unrecorded(Ok(Some(volume))) => {
                self.facts.put_volume(volume);
                None
            }
            Outcome::Called(Ok(object)) => self.called(&name, &step, object),
            // It is gone already, as was asked for.
            Outcome::Called(Err(failure)) if failure.is_not_found() && step.purpose == Purpose::Delete => None,
            // Another one, or none: the watch will tell.
            Outcome::Called(Err(failure)) => Some((DiskFailure::here(failure.to_string()), !failure.is_gone())),
            Outcome::Unrecorded(Err(error)) => Some((DiskFailure::here(error), true)),
            Outcome::Made(Err(failure)) | Outcome::Expanded(Err(failure)) | Outcome::Done(Err(failure)) => Some((failure, true)),
        };
        match failure {
            None => drop(self.memory.entry(name.clone()).or_default().retries.remove(&step.purpose)),
            Some((failure, is_told)) => self.failed(now, &name, step, &failure, is_told),
        }
        self.due.insert(name);
    }

    fn failed(&mut self, now: Now, name: &str, step: Step, failure: &DiskFailure, is_told: bool) {
        let first = if is_told { RETRY_FIRST } else { CONFLICT_RETRY_FIRST };
        let memory = self.memory.entry(name.to_owned()).or_default();
        let failures =
            memory.retries.get(&step.purpose).filter(|retry| is_same(&retry.operation, &step.operation)).map_or(0, |r| r.failures);
        let at = now.steady + (first * (1 << failures.min(RETRY_DOUBLINGS_MAX))).min(RETRY_MAX);
        match (&step.purpose, &step.operation) {
            (Purpose::Provision, _) => memory.is_refused_here = failure.may_succeed_elsewhere,
            (Purpose::Expand, Operation::ExpandDisk { bytes, .. }) => memory.not_grown_to = Some(*bytes),
            _ => {}
        }
        if is_told {
            let told = self.told_of_failure(name, &step, failure);
            self.commands.extend(told.map(Command::Tell));
        }
        let wants_room = failure.may_succeed_elsewhere;
        if wants_room {
            self.commands.push(Command::RoomChanged);
        }
        let memory = self.memory.entry(name.to_owned()).or_default();
        memory.retries.insert(step.purpose, Retry { operation: step.operation, failures: failures + 1, at: Some(at), wants_room });
    }

    fn told_of_failure(&self, name: &str, step: &Step, failure: &DiskFailure) -> Option<Recorded> {
        let error = &failure.error;
        match step.purpose {
            Purpose::Provision | Purpose::Publish => {
                let (claim, _) = self.facts.wanting(name)?;
                let class = claim["spec"].str("storageClassName");
                let message = format!("failed to provision volume with StorageClass {class:?}: {error}");
                Some(Recorded::warning(objects::about_claim(claim), "ProvisioningFailed", message))
            }
            Purpose::Expand | Purpose::RaiseVolume => {
                let claim = self.facts.claim_of(self.facts.volumes.get(name)?)?;
                Some(resize::failed(claim, error))
            }
            Purpose::Reclaim | Purpose::Delete | Purpose::Finalizer => Some(reclaim::failed(self.facts.volumes.get(name)?, error)),
            Purpose::Record | Purpose::Unselect | Purpose::MarkResize | Purpose::FinishResize => None,
        }
    }

    fn made(&mut self, name: &str, step: &Step, made: Made) -> Option<(DiskFailure, bool)> {
        if let Operation::CreateDisk { node, wanted } = &step.operation {
            let disk = super::facts::KnownDisk {
                node: node.clone(),
                name: wanted.name.clone(),
                path: made.path,
                bytes: made.bytes,
                enforcement: made.enforcement,
                is_made: true,
                is_recorded: false,
            };
            self.facts.disks.insert(name.to_owned(), disk);
            self.commands.push(Command::RoomChanged);
        }
        None
    }

    fn expanded(&mut self, name: &str, step: &Step, expanded: &Expanded) -> Option<(DiskFailure, bool)> {
        let Operation::ExpandDisk { bytes: wanted, .. } = &step.operation else { return None };
        let mut has = expanded.bytes;
        if let Some(disk) = self.facts.disks.get_mut(name) {
            // A pod that began meanwhile may have brought it to its end, and that was told of before this: a disk never shrinks.
            disk.bytes = disk.bytes.max(has);
            has = disk.bytes;
        }
        let memory = self.memory.entry(name.to_owned()).or_default();
        memory.not_grown_to = None;
        memory.waits_with = expanded.waits.as_ref().filter(|_| has < *wanted).map(|_| *wanted);
        self.commands.push(Command::RoomChanged);
        None
    }

    fn done(&mut self, now: Now, name: &str, step: &Step) -> Option<(DiskFailure, bool)> {
        match &step.operation {
            Operation::Record(_) => self.facts.disks.get_mut(name).into_iter().for_each(|disk| disk.is_recorded = true),
            Operation::RemoveUnrecorded { .. } | Operation::RemoveDisk { .. } => {
                let disk = self.facts.disks.remove(name);
                if let Some(volume) = self.facts.volumes.get(name) {
                    self.commands.push(Command::Tell(reclaim::removed(volume, disk.as_ref(), self.retention)));
                }
                self.memory.entry(name.to_owned()).or_default().is_gone = true;
                self.room_gained(now);
            }
            Operation::ConfirmGone(_) => self.memory.entry(name.to_owned()).or_default().is_gone = true,
            Operation::CreateDisk { .. } | Operation::ExpandDisk { .. } | Operation::Call(_) | Operation::Refuse(_) => {}
        }
        None
    }

    fn called(&mut self, name: &str, step: &Step, object: Value) -> Option<(DiskFailure, bool)> {
        match step.purpose {
            Purpose::Publish => {
                if let (Some((claim, _)), Some(disk)) = (self.facts.wanting(name), self.facts.disks.get(name)) {
                    let message = format!("Successfully provisioned volume {name}");
                    let succeeded = Recorded::normal(objects::about_claim(claim), "ProvisioningSucceeded", message);
                    let enforced = objects::enforced(claim, disk);
                    self.commands.extend([Command::Tell(succeeded), Command::Tell(enforced)]);
                }
            }
            Purpose::FinishResize => {
                if let Some(claim) = self.facts.volumes.get(name).and_then(|volume| self.facts.claim_of(volume)) {
                    let node = self.facts.disks.get(name).map(|disk| disk.node.clone()).unwrap_or_default();
                    self.commands.extend(resize::finished(claim, &node).into_iter().map(Command::Tell));
                }
            }
            _ => {}
        }
        // What was written is known at once: until the watch tells of it the same would be written again.
        if let Operation::Call(call) = &step.operation {
            let object = Arc::new(object);
            match call.as_ref() {
                Call::Create { .. } | Call::Patch { .. } if call.resource() == PERSISTENT_VOLUMES => drop(self.facts.put_volume(object)),
                Call::Create { .. } | Call::Patch { .. } => drop(self.facts.claims_changed(Report::Put(object))),
                Call::Delete { .. } if object["metadata"].has("deletionTimestamp") => drop(self.facts.put_volume(object)),
                _ => {}
            }
        }
        None
    }
}

fn is_held_back(memory: &Memory, step: &Step) -> bool {
    memory.retries.get(&step.purpose).is_some_and(|retry| retry.at.is_some() && is_same(&retry.operation, &step.operation))
}

/// Calls differ by the time and the version that stand in them.
fn is_same(a: &Operation, b: &Operation) -> bool {
    matches!((a, b), (Operation::Call(_), Operation::Call(_))) || a == b
}
