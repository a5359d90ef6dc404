//! When a container is probed, and what its results mean: started, ready, failed (PRB-1 to PRB-8). Pure: no clock, no I/O.
//!
//! ```text
//! run, time ─▶ due checks ─▶ (performed elsewhere) ─▶ results ─▶ started? ready? failed?
//! ```
//!
//! One [`Worker`] for each probe of each container that runs; a new run begins with new ones.

mod check;
mod worker;

pub use check::{Action, Check, http_get};
pub use worker::Told;
use worker::{Begin, Worker};

use super::state::{ContainerState, PodState, ProbeKind, Stop, Unhealthy};
use crate::clock::Now;
use crate::runtime::{Instance, InstanceState};
use std::collections::BTreeMap;
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;

/// What a probe asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Startup,
    Liveness,
    Readiness,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Startup, Self::Liveness, Self::Readiness];

    /// The container's member.
    fn member(self) -> &'static str {
        match self {
            Self::Startup => "startupProbe",
            Self::Liveness => "livenessProbe",
            Self::Readiness => "readinessProbe",
        }
    }

    /// In events about failures.
    pub fn title(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Liveness => "Liveness",
            Self::Readiness => "Readiness",
        }
    }

    /// In the event that tells of the end it leads to.
    pub fn word(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Liveness => "liveness",
            Self::Readiness => "readiness",
        }
    }
}

/// How one probe went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed {
    Success,
    /// It counts as success, and there is something to be said.
    Warning(String),
    Failure(String),
    /// It could not be made: neither of both.
    Unknown(String),
}

/// The probes of a pod's containers, by container.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Probes {
    runs: BTreeMap<String, Run>,
    /// What the API said of runs that were found at the agent's start.
    found: BTreeMap<String, Found>,
}

/// The probes of one run.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    attempt: u32,
    workers: BTreeMap<Kind, Worker>,
}

/// A run that went on while the agent was away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Found {
    attempt: u32,
    started: bool,
    ready: bool,
}

/// A probe that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub container: String,
    pub kind: Kind,
    pub check: Check,
}

impl Probes {
    /// Notes what the API says of the runs that the agent finds at its start: what was ready stays so (PRB-14).
    pub fn found(&mut self, pod: &Value, containers: &BTreeMap<String, ContainerState>) {
        let statuses = ["initContainerStatuses", "containerStatuses"].into_iter().flat_map(|list| pod["status"].items(list));
        for status in statuses {
            let Some(run) = containers.get(status.str("name")).filter(|known| known.running()).and_then(|known| known.current.as_ref())
            else {
                continue;
            };
            let id = status.str("containerID").rsplit("://").next().unwrap_or_default();
            let same = id == run.id;
            let found = Found { attempt: run.attempt, started: same && status.flag("started"), ready: same && status.flag("ready") };
            self.found.insert(status.str("name").to_owned(), found);
        }
    }

    /// The result of a probe of that run; what is worth telling. One that is not expected any more changes nothing.
    pub fn take(&mut self, now: Duration, container: &str, kind: Kind, attempt: u32, probed: &Probed) -> Option<Told> {
        let run = self.runs.get_mut(container).filter(|run| run.attempt == attempt)?;
        run.workers.get_mut(&kind)?.take(now, probed)
    }

    /// A probe of that kind was begun.
    pub fn begun(&mut self, now: Duration, container: &str, kind: Kind) {
        if let Some(worker) = self.runs.get_mut(container).and_then(|run| run.workers.get_mut(&kind)) {
            worker.begun(now);
        }
    }

    fn worker(&self, name: &str, known: &ContainerState, kind: Kind) -> Option<&Worker> {
        let attempt = known.current.as_ref()?.attempt;
        self.runs.get(name).filter(|run| run.attempt == attempt)?.workers.get(&kind)
    }
}

impl PodState {
    /// Notes in each container that runs what its probes say of it, for the plan and the status.
    fn note_probes(&mut self, container: &Value) {
        let name = container.str("name");
        let Some(known) = self.containers.get_mut(name).filter(|known| known.running()) else { return };
        let worker = |kind| self.probes.worker(name, known, kind);
        let (startup, readiness) = (worker(Kind::Startup).map(Worker::succeeds), worker(Kind::Readiness).map(Worker::succeeds));
        let failed = [(Kind::Startup, ProbeKind::Startup), (Kind::Liveness, ProbeKind::Liveness)];
        let failed = failed.into_iter().find(|(kind, _)| worker(*kind).is_some_and(Worker::has_failed));
        let grace_s = |kind: Kind| container[kind.member()].int("terminationGracePeriodSeconds"); // PRB-8
        known.unhealthy = failed.map(|(kind, probe)| Unhealthy { probe, grace_s: grace_s(kind) });
        (known.startup_passed, known.ready) = (startup, readiness);
    }

    /// Keeps a worker for each probe of what runs, and says which are due and when to look again.
    ///
    /// `going_down`: only readiness is probed, so that the pod leaves its endpoints honestly (PRB-6).
    pub fn due_probes(&mut self, now: Now, pod: &Value, address: Option<&str>, going_down: bool) -> (Vec<Due>, Option<Duration>) {
        let (mut due, mut wake) = (Vec::new(), None);
        let spec = &pod["spec"];
        for container in spec.items("initContainers").iter().filter(|c| super::plan::sidecar(c)).chain(spec.items("containers")) {
            let name = container.str("name");
            let Some((attempt, began, stopping)) = self.running_since(now, name) else { continue };
            self.keep_workers(now, pod, container, attempt, began);
            self.note_probes(container);
            let started = self.container(name).is_some_and(|known| known.startup_passed != Some(false));
            let sandbox = self.sandboxes.last().cloned().unwrap_or_default();
            let Some(run) = self.probes.runs.get_mut(name) else { continue };
            for (kind, worker) in &mut run.workers {
                let wanted = match kind {
                    Kind::Startup => !started && !going_down && !stopping,
                    Kind::Liveness => started && !going_down && !stopping,
                    Kind::Readiness => started,
                };
                if !wanted || worker.is_idle() {
                    continue;
                }
                match worker.due(now.steady) {
                    at if at > now.steady => wake = Some(wake.map_or(at, |wake: Duration| wake.min(at))),
                    _ => {
                        let check = Check::of(&container[kind.member()], container, sandbox.clone(), attempt, address);
                        due.push(Due { container: name.to_owned(), kind: *kind, check });
                    }
                }
            }
        }
        (due, wake)
    }

    /// The attempt that runs, since when, and whether it is being stopped.
    fn running_since(&self, now: Now, name: &str) -> Option<(u32, Duration, bool)> {
        let known = self.container(name)?;
        match &known.current {
            Some(Instance { attempt, state: InstanceState::Running { started_at }, .. }) => {
                Some((*attempt, now.steady_at(*started_at), known.stop != Stop::NotAsked))
            }
            _ => None,
        }
    }

    fn keep_workers(&mut self, now: Now, pod: &Value, container: &Value, attempt: u32, began: Duration) {
        let name = container.str("name");
        if self.probes.runs.get(name).is_some_and(|run| run.attempt == attempt) {
            return;
        }
        let found = self.probes.found.remove(name).filter(|found| found.attempt == attempt);
        let mut workers = BTreeMap::new();
        for kind in Kind::ALL.into_iter().filter(|kind| container[kind.member()].is_object()) {
            let succeeded = found.is_some_and(|found| match kind {
                Kind::Startup | Kind::Liveness => found.started,
                Kind::Readiness => found.ready,
            });
            let part = part(&[pod["metadata"].str("uid"), name, kind.word()]);
            let begin = if succeeded { Begin::Found { now: now.steady, part } } else { Begin::Started(began) };
            workers.insert(kind, Worker::new(kind, &container[kind.member()], begin));
        }
        self.probes.runs.insert(name.to_owned(), Run { attempt, workers });
    }
}

/// A number below 1 that is the same for the same words: spreads probes over their period after a restart (PRB-2).
fn part(words: &[&str]) -> f64 {
    // FNV-1a; the high bits of what it gives are even.
    let hash = words
        .iter()
        .flat_map(|word| word.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    f64::from(u32::try_from(hash >> 32).unwrap_or_default()) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests;
