//! What the node knows of one pod beside its object: how far its steps are, every container's runs, and why one waits.

use super::backoff::Backoff;
use super::environment::Sources;
use super::probes::Probes;
use super::steps::{SANDBOX, STEPS};
use super::volumes::VolumesState;
use crate::runtime::{Exit, Image, Instance, InstanceState};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use stead_api::time::Timestamp;

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
    /// The one container that is being started.
    pub starting: Option<Starting>,
    /// When the node accepted the pod (POD-9).
    pub start_time: Option<Timestamp>,
    /// Why the node ended the pod, if it did.
    pub ended: Option<TerminalReason>,
    /// Since when the pod is being taken down.
    pub down_since: Option<Duration>,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalReason {
    pub reason: &'static str,
    pub message: String,
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
    pub sources: Sources,
    /// The runtime was asked: from here on the container may run.
    pub committed: bool,
}

/// One container of the pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
    pub backoff: Backoff,
    pub stop: Stop,
    /// The image it was started from, as shown, and its id.
    pub image: Option<(String, String)>,
    /// Failed pulls so far, for the pull's own back-off.
    pub pull_failures: u32,
    /// The newest run belongs to a sandbox that is gone: init containers run again (RST-10).
    pub stale: bool,
    /// The newest run was stopped because its definition changed: another follows whatever the restart policy says.
    pub replaced: bool,
    /// A probe of the newest run has failed for good.
    pub unhealthy: Option<Unhealthy>,
    /// What the readiness probe of the newest run says, if there is one.
    pub ready: Option<bool>,
    /// Whether its startup probe has succeeded, if there is one.
    pub startup_passed: Option<bool>,
}

/// The probe by which a run has failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeKind {
    Liveness,
    Startup,
}

/// Why a running container is to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unhealthy {
    pub probe: ProbeKind,
    /// The probe's own grace (PRB-8).
    pub grace_s: Option<i64>,
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
    /// The stop signal was sent then.
    Signalled(Duration),
    /// All its processes were killed then.
    Killed(Duration),
}

impl ContainerState {
    /// The attempt that the next run will be.
    pub fn next_attempt(&self) -> u32 {
        self.current.as_ref().map_or(0, |run| run.attempt + 1)
    }

    pub fn running(&self) -> bool {
        matches!(self.current, Some(Instance { state: InstanceState::Running { .. }, .. }))
    }

    /// It runs, and its startup probe, if it has one, has succeeded (CS-12).
    pub fn is_started(&self) -> bool {
        self.running() && self.startup_passed != Some(false)
    }

    /// It has started, and its readiness probe, if it has one, holds (PRB-5).
    pub fn is_ready(&self) -> bool {
        self.is_started() && self.ready != Some(false)
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
        self.previous = self.current.replace(instance);
        self.ended_at = self.exit().is_some().then_some(at);
        self.stop = Stop::NotAsked;
        self.waiting = None;
        self.pull_failures = 0;
        self.stale = false;
        self.replaced = false;
        self.unhealthy = None;
        self.ready = None;
        self.startup_passed = None;
        if let Some((_, exit)) = self.early_exit.take().filter(|(early, _)| *early == attempt) {
            self.ended(attempt, exit, at);
        }
    }

    /// Records the end of a run; one that ended before changes nothing.
    pub fn ended(&mut self, attempt: u32, exit: Exit, at: Duration) {
        match &mut self.current {
            Some(current) if current.attempt == attempt => {
                if matches!(current.state, InstanceState::Running { .. }) {
                    current.state = InstanceState::Exited(exit);
                    self.ended_at = Some(at);
                }
            }
            Some(current) if current.attempt > attempt => {}
            _ => self.early_exit = Some((attempt, exit)),
        }
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

    /// The runtime says that nothing of the pod runs any more, and nobody heard how these ended (CS-9).
    pub fn lose_running(&mut self, now: Timestamp, at: Duration) {
        for container in self.containers.values_mut() {
            let Some(Instance { attempt, state: InstanceState::Running { started_at }, .. }) = &container.current else { continue };
            let exit = Exit {
                code: 137,
                oom: false,
                started_at: Some(*started_at),
                finished_at: now,
                message: "The container could not be located when the pod was terminated".to_owned(),
                reason: Some("ContainerStatusUnknown"),
            };
            container.ended(*attempt, exit, at);
        }
    }
}
