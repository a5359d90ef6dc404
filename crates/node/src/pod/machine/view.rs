//! What others may see of a pod's machine.

use super::Machine;
use crate::roster::RunSeen;
use crate::runtime::{Instance, InstanceState};
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::Value;
use stead_api::value::Access;

impl Machine {
    /// The pod's object as far as the machine knows it.
    pub fn object(&self) -> &Arc<Value> {
        &self.object
    }

    /// The newest sandbox, if the pod is up.
    pub fn sandbox(&self) -> Option<&str> {
        self.state.sandboxes.last().filter(|_| self.state.is_up()).map(String::as_str)
    }

    /// What runs, by container.
    pub fn runs(&self) -> BTreeMap<String, RunSeen> {
        let run = |run: &Instance| match run.state {
            InstanceState::Running { started_at } => Some(RunSeen { attempt: run.attempt, started_at }),
            InstanceState::Exited(_) => None,
        };
        let running = |(name, known): (&String, &crate::pod::state::ContainerState)| Some((name.clone(), run(known.current.as_ref()?)?));
        self.state.containers.iter().filter_map(running).collect()
    }

    /// The API calls the pod ready, and it is not: what says so is still to be written.
    pub fn is_overstated(&self) -> bool {
        self.report.is_overstated()
    }

    /// Nothing of the pod runs, and nothing will.
    pub fn has_ended(&self) -> bool {
        self.state.is_down() || matches!(self.object["status"].str("phase"), "Succeeded" | "Failed")
    }
}
