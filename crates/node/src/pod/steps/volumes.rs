//! The pod's directory and its volumes: before its sandbox (VOL-1), taken down when nothing runs in it, removed with the object.

use super::{NodeFacts, PodStep, about};
use crate::pod::operation::Operation;
use crate::pod::state::PodState;
use stead_api::Value;
use stead_client::event::Event;

pub struct Volumes;

impl PodStep for Volumes {
    fn up(&self, _pod: &Value, _node: &NodeFacts, state: &mut PodState) -> (Operation, Option<Event>) {
        state.volumes.stale = false;
        state.volumes.removed = false;
        (Operation::SetUpVolumes { seen: state.start_time.unwrap_or_default() }, None)
    }

    fn up_failed(&self, pod: &Value, error: &str) -> Event {
        about(pod, "", "Warning", "FailedMount", error.to_owned())
    }

    fn down(&self, _state: &PodState) -> Vec<Operation> {
        vec![Operation::TearDownVolumes]
    }

    fn remove(&self, state: &PodState) -> Vec<Operation> {
        // Where nothing was made there is nothing to remove; after a restart only looking tells.
        if state.volumes.removed { Vec::new() } else { vec![Operation::RemovePodDirectory] }
    }

    fn removed(&self, state: &mut PodState) {
        state.volumes.removed = true;
    }
}
