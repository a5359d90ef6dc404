//! What the node knows of one pod beside its object: how far its steps are, every container's runs, and why one waits.

use super::backoff::Backoff;
use super::environment::Sources;
use super::plan::StopCause;
use super::probes::Probes;
use super::pulls::Pulls;
use super::resize::{Changes, Resizing};
use super::steps::{SANDBOX, STEPS};
use super::volumes::VolumesState;
use crate::runtime::{Exit, Image, Instance, InstanceState, Limits, Mount};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use stead_api::Value;
use stead_api::time::Timestamp;

/// Reason of an end that nobody saw (CS-9, CS-10).
pub const STATUS_UNKNOWN: &str = "ContainerStatusUnknown";
/// Message of one that was found out when everything was over (CS-9).
pub const NOT_LOCATED: &str = "The container could not be located when the pod was terminated";

/// Reason of a container that waits, or ended, because a rule wants all containers to start anew (RST-2).
pub const RESTARTING_ALL: &str = "RestartingAllContainers";
/// Its message.
pub const RESTARTING_ALL_MESSAGE: &str = "The container is removed because RestartAllContainers in place";

/// A pod on this node. Moments are on the steady clock unless they are timestamps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PodState {
    /// How far each of [`STEPS`] is.
    pub steps: [Progress; STEPS.len()],
    /// Every sandbox made or begun for this pod, the newest last.
    pub sandboxes: Vec<String>,
    /// Of the newest sandbox that was connected, primary first; none with the host's network.
    pub addresses: Vec<IpAddr>,
    pub containers: BTreeMap<String, ContainerState>,
    pub volumes: VolumesState,
    /// Images that could not be pulled.
    pub pulls: Pulls,
    /// The one container that is being started.
    pub starting: Option<Starting>,
    /// When the node accepted the pod (POD-9).
    pub start_time: Option<Timestamp>,
    /// Why the node ended the pod, if it did.
    pub ended: Option<TerminalReason>,
    /// Since when the pod is being taken down.
    pub down_since: Option<Duration>,
    /// The containers as they were then: what is shown until nothing runs any more.
    pub before_down: Option<BTreeMap<String, ContainerState>>,
    /// A container's rule asked for all containers to start anew (RST-2).
    pub restarting_all: bool,
    /// The limits of the pod's own cgroup, as they were set last; `None`: as the containers were given.
    pub limits: Option<Limits>,
    pub resizing: Resizing,
    /// What is being changed in place.
    pub changing: Changes,
    pub probes: Probes,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Progress {
    /// Not up: it was not brought up yet, or it was lost.
    #[default]
    Absent,
    /// Bringing it up failed; tried again at `retry_at`.
    Failed {
        retry_at: Duration,
    },
    Up,
    /// Taken down for good: the pod is over.
    Down,
}

/// The node's reason for ending a pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TerminalReason {
    pub reason: &'static str,
    pub message: String,
    /// The message of the condition `DisruptionTarget`, if the node disrupted a pod that did nothing wrong (COND-1).
    pub disruption: Option<String>,
    /// Instead of the pod's own grace (KILL-1).
    pub grace_s: Option<i64>,
    /// The pod was never taken: nothing else is said of it (POD-17).
    pub rejected: bool,
}

/// A start under way, with what its steps have found so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Starting {
    pub container: String,
    /// When the run before ended, if there was one.
    pub restart: Option<Duration>,
    /// The image as the pod's spec names it.
    pub reference: String,
    /// Index in `steps::START_STEPS`.
    pub step: usize,
    pub image: Option<Image>,
    /// When it began to be pulled.
    pub pull_began: Duration,
    pub sources: Sources,
    /// The files that every container is given.
    pub files: Vec<Mount>,
    /// The runtime was asked: from here on the container may run.
    pub committed: bool,
    /// It runs, and its postStart hook too.
    pub hook: bool,
}

/// One container of the pod.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContainerState {
    /// The newest run.
    pub current: Option<Instance>,
    /// The run before it.
    pub previous: Option<Instance>,
    /// When the newest run ended.
    pub ended_at: Option<Duration>,
    /// An end that was told before the start that it belongs to.
    early_exit: Option<(u32, Exit)>,
    /// What kept it from starting, until it starts.
    pub waiting: Option<WaitingReason>,
    /// The image whose start failed so.
    pub waiting_for: String,
    pub backoff: Backoff,
    pub stop: Stop,
    /// Why the newest run is to be stopped, if something has happened to it.
    pub doomed: Option<StopCause>,
    /// The newest run was stopped so that another follows, whatever the restart policy says.
    pub again: Option<Again>,
    /// What is shown until the postStart hook of the newest run is over (HOOK-2).
    pub before_start: Option<Box<ContainerState>>,
    /// The resources that the newest run was given, as its spec said them.
    pub resources: Option<Value>,
    /// The API was told that the newest run has ended.
    pub end_told: bool,
    /// What its readiness probe says; `None`: it has none.
    pub ready: Option<bool>,
    /// Whether its startup probe has passed in the newest run; `None`: it has none.
    pub startup_passed: Option<bool>,
    /// A probe of the newest run has failed for good.
    pub unhealthy: Option<Unhealthy>,
    /// The image it was started from, as shown, and its id.
    pub image: Option<(String, String)>,
    /// The newest run belongs to a sandbox that is gone: init containers run again (RST-10).
    pub stale: bool,
}

/// The run that follows one that was stopped for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// As if it were the first: there is no back-off (RST-5).
    Afresh,
    /// After the usual back-off.
    InTurn,
}

/// Why a running container is to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unhealthy {
    pub probe: ProbeKind,
    /// The probe's own grace (PRB-8).
    pub grace_s: Option<i64>,
}

/// The probes whose failure stops a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeKind {
    Liveness,
    Startup,
}

/// A failed start, as a waiting container's status shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingReason {
    /// One of CS-4.
    pub reason: &'static str,
    pub message: String,
    pub retry_at: Duration,
}

/// How far stopping a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stop {
    #[default]
    NotAsked,
    /// Its preStop hook runs. The grace counts from `since`.
    Hook { since: Duration },
    /// The signal is sent as soon as it is its turn (INIT-5).
    Turn { since: Duration },
    /// The stop signal was sent.
    Signalled { since: Duration, at: Duration },
    /// All its processes were killed then.
    Killed(Duration),
}

impl ContainerState {
    /// The attempt that the next run will be.
    pub fn next_attempt(&self) -> u32 {
        self.current.as_ref().or(self.previous.as_ref()).map_or(0, |run| run.attempt + 1)
    }

    pub fn running(&self) -> bool {
        matches!(self.current, Some(Instance { state: InstanceState::Running { .. }, .. }))
    }

    /// It runs, and its startup probe has passed (CS-12).
    pub fn is_started(&self) -> bool {
        self.running() && self.startup_passed != Some(false)
    }

    /// It has started, and its readiness probe, if it has one, holds (PRB-5).
    pub fn is_ready(&self) -> bool {
        self.is_started() && self.ready != Some(false)
    }

    /// It has run at least once, as far as is known.
    pub fn has_run(&self) -> bool {
        self.current.is_some() || self.previous.is_some()
    }

    /// How the run before the newest ended.
    pub fn previous_exit(&self) -> Option<&Exit> {
        match &self.previous {
            Some(Instance { state: InstanceState::Exited(exit), .. }) => Some(exit),
            _ => None,
        }
    }

    /// How the newest run ended, if it has.
    pub fn exit(&self) -> Option<&Exit> {
        match &self.current {
            Some(Instance { state: InstanceState::Exited(exit), .. }) => Some(exit),
            _ => None,
        }
    }

    /// Records a new run.
    pub fn started(&mut self, instance: Instance, at: Duration) {
        if self.current.as_ref().is_some_and(|c| c.attempt == instance.attempt) {
            return;
        }
        let attempt = instance.attempt;
        self.previous = self.current.replace(instance).or_else(|| self.previous.take());
        self.ended_at = self.exit().is_some().then_some(at);
        self.stop = Stop::NotAsked;
        self.waiting = None;
        self.stale = false;
        self.again = None;
        self.doomed = None;
        self.unhealthy = None;
        self.ready = None;
        self.startup_passed = None;
        self.end_told = false;
        if let Some((_, exit)) = self.early_exit.take().filter(|(early, _)| *early == attempt) {
            self.ended(attempt, exit, at);
        }
    }

    /// RST-2: its runs are forgotten but for their number, as if every one had been ended by the node.
    pub fn start_anew(&mut self) {
        if let Some(run) = &mut self.current {
            let finished_at = last_moment(run);
            run.state = InstanceState::Exited(Exit {
                code: 137,
                oom: false,
                started_at: None,
                finished_at,
                message: RESTARTING_ALL_MESSAGE.to_owned(),
                reason: Some(RESTARTING_ALL),
            });
            self.again = Some(Again::Afresh);
        }
        self.stale = true;
        self.ended_at = None;
        self.waiting = None;
    }

    /// Records the end of a run; one that ended before changes nothing.
    pub fn ended(&mut self, attempt: u32, exit: Exit, at: Duration) {
        match &mut self.current {
            Some(current) if current.attempt == attempt => {
                if matches!(current.state, InstanceState::Running { .. }) {
                    current.state = InstanceState::Exited(exit);
                    self.ended_at = Some(at);
                    self.before_start = None;
                }
            }
            Some(current) if current.attempt > attempt => {}
            _ => self.early_exit = Some((attempt, exit)),
        }
    }
}

fn last_moment(run: &Instance) -> Timestamp {
    match &run.state {
        InstanceState::Running { started_at } => *started_at,
        InstanceState::Exited(exit) => exit.finished_at,
    }
}

impl PodState {
    /// The sandbox died under its containers: another is made, and init containers run again (RST-10).
    pub fn sandbox_gone(&mut self) {
        // Its volumes are the pod's, not the sandbox's.
        self.steps[SANDBOX..].fill(Progress::Absent);
        self.containers.values_mut().for_each(|container| container.stale = true);
    }

    /// Every step is up: containers may start.
    pub fn is_up(&self) -> bool {
        self.steps.iter().all(|step| *step == Progress::Up)
    }

    /// Nothing of it runs, nothing is about to, and its sandbox is gone; volumes may still be there (KILL-7).
    pub fn is_nothing_left(&self) -> bool {
        let steps = self.steps[SANDBOX..].iter().all(|step| matches!(step, Progress::Absent | Progress::Down));
        steps && !self.any_running() && self.starting.as_ref().is_none_or(|starting| !starting.committed)
    }

    /// Every step has been taken down.
    pub fn is_down(&self) -> bool {
        self.steps.iter().all(|step| *step == Progress::Down)
    }

    pub fn container(&self, name: &str) -> Option<&ContainerState> {
        self.containers.get(name)
    }

    pub fn container_mut(&mut self, name: &str) -> &mut ContainerState {
        self.containers.entry(name.to_owned()).or_default()
    }

    pub fn any_running(&self) -> bool {
        self.containers.values().any(ContainerState::running)
    }

    /// As the API is to see it: a pod that is taken down is shown as it was until nothing of it runs, a container that its postStart hook
    /// holds up as it was before.
    pub fn shown(&self) -> Cow<'_, Self> {
        let frozen = self.before_down.as_ref().filter(|_| !self.is_nothing_left());
        if frozen.is_none() && self.containers.values().all(|container| container.before_start.is_none()) {
            return Cow::Borrowed(self);
        }
        let mut shown = Self { containers: frozen.unwrap_or(&self.containers).clone(), ..self.clone() };
        for (name, container) in &mut shown.containers {
            if let Some(now) = self.containers.get(name).filter(|now| now.running()) {
                (container.ready, container.startup_passed) = (now.ready, now.startup_passed); // KILL-7
            }
            if let Some(before) = container.before_start.take() {
                *container = *before;
            }
        }
        Cow::Owned(shown)
    }

    /// The runtime says that nothing of the pod runs any more, and nobody heard how these ended (CS-9).
    pub fn lose_running(&mut self, now: Timestamp, at: Duration) {
        for container in self.containers.values_mut() {
            let Some(Instance { attempt, state: InstanceState::Running { started_at }, .. }) = &container.current else { continue };
            let exit = Exit {
                code: 137,
                oom: false,
                started_at: Some(*started_at),
                finished_at: now,
                message: NOT_LOCATED.to_owned(),
                reason: Some(STATUS_UNKNOWN),
            };
            container.ended(*attempt, exit, at);
        }
    }
}
