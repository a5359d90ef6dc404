//! What the node knows of one pod beside its object: the sandbox, every container's runs, and troubles.

use super::backoff::Backoff;
use crate::runtime::{Exit, Instance, InstanceState, SandboxRecord};
use std::collections::BTreeMap;
use stead_api::time::Timestamp;

/// A pod on this node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodState {
    pub sandbox: Sandbox,
    pub containers: BTreeMap<String, ContainerState>,
    /// When the node accepted the pod (POD-9).
    pub start_time: Option<Timestamp>,
    /// Why the node ended the pod, if it did.
    pub ended: Option<Verdict>,
}

/// The pod's shared namespaces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Sandbox {
    /// Not made yet.
    #[default]
    Absent,
    /// Making it failed; tried again at `retry_at`.
    Failed {
        retry_at: Timestamp,
    },
    Ready,
    /// Removed for good: the pod is over.
    Removed,
}

/// The node's word on a pod that shall not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub reason: &'static str,
    pub message: String,
}

/// One container of the pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerState {
    /// The newest run.
    pub current: Option<Instance>,
    /// The run before it.
    pub previous: Option<Instance>,
    /// What kept it from starting, until it starts.
    pub trouble: Option<Trouble>,
    pub backoff: Backoff,
    pub stop: Stop,
    /// The image it was started from, as shown, and its id.
    pub image: Option<(String, String)>,
    /// Failed pulls so far, for the pull's own back-off.
    pub pull_failures: u32,
    /// The newest run belongs to a sandbox that is gone: init containers run again, others start anew (RST-10).
    pub stale: bool,
}

/// A failed start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// A waiting reason of CS-4.
    pub reason: &'static str,
    pub message: String,
    pub retry_at: Timestamp,
}

/// How far stopping a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stop {
    #[default]
    NotAsked,
    /// The stop signal was sent then.
    Signalled(Timestamp),
    /// All its processes were killed.
    Killed,
}

impl ContainerState {
    /// The attempt that the next run will be.
    pub fn next_attempt(&self) -> u32 {
        self.current.as_ref().map_or(0, |run| run.attempt + 1)
    }

    pub fn running(&self) -> bool {
        matches!(self.current, Some(Instance { state: InstanceState::Running { .. }, .. }))
    }

    /// How the newest run ended, if it has.
    pub fn exit(&self) -> Option<&Exit> {
        match &self.current {
            Some(Instance { state: InstanceState::Exited(exit), .. }) => Some(exit),
            _ => None,
        }
    }

    /// Records a new run.
    pub fn started(&mut self, instance: Instance) {
        if self.current.as_ref().is_some_and(|c| c.attempt == instance.attempt) {
            return;
        }
        self.previous = self.current.replace(instance);
        self.stop = Stop::NotAsked;
        self.trouble = None;
        self.pull_failures = 0;
        self.stale = false;
    }

    /// Records the end of a run; one that is not the newest, or ended before, changes nothing.
    pub fn ended(&mut self, attempt: u32, exit: Exit) {
        if let Some(current) = &mut self.current
            && current.attempt == attempt
            && matches!(current.state, InstanceState::Running { .. })
        {
            current.state = InstanceState::Exited(exit);
        }
    }
}

impl PodState {
    /// The state of a pod whose sandbox the runtime still has, after a restart of the agent (SHIM-7).
    pub fn recovered(record: &SandboxRecord, start_time: Option<Timestamp>) -> Self {
        let containers = record.containers.iter().map(|(name, runs)| {
            let mut state = ContainerState::default();
            for run in runs {
                state.started(run.clone());
            }
            (name.clone(), state)
        });
        let mut containers: BTreeMap<String, ContainerState> = containers.collect();
        containers.values_mut().for_each(|container| container.stale = !record.ready);
        let sandbox = if record.ready { Sandbox::Ready } else { Sandbox::Absent };
        Self { sandbox, containers, start_time, ended: None }
    }

    /// The sandbox died under its containers: another is made, and init containers run again (RST-10).
    pub fn sandbox_gone(&mut self) {
        self.sandbox = Sandbox::Absent;
        self.containers.values_mut().for_each(|container| container.stale = true);
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
}
