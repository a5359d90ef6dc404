//! What a pod's state is after a restart of the agent, from what the runtime still has of it (SHIM-7). Pure.

use super::state::{ContainerState, PodState, Progress};
use crate::clock::Now;
use crate::runtime::{InstanceState, SandboxRecord};
use stead_api::Value;
use stead_api::time::Timestamp;
use stead_api::value::Access;

/// The state of a pod whose sandboxes these are, oldest first.
pub fn recovered(records: &[SandboxRecord], object: &Value, now: Now) -> PodState {
    let mut state = PodState { start_time: Timestamp::parse(object["status"].str("startTime")), ..PodState::default() };
    for record in records {
        state.sandboxes.push(record.id.clone());
        if !record.addresses.is_empty() {
            state.addresses.clone_from(&record.addresses);
        }
        // Tokens grow old and what is referred to may have changed meanwhile.
        state.volumes.stale = true;
        let progress = if record.ready { Progress::Up } else { Progress::Absent };
        state.steps = std::array::from_fn(|_| progress);
        for (name, runs) in &record.containers {
            let known: &mut ContainerState = state.container_mut(name);
            for run in runs {
                // A start whose outcome was never heard is made again, under the same number, in the next sandbox: that one counts.
                if known.current.as_ref().is_some_and(|current| current.attempt == run.attempt) {
                    known.current = None;
                }
                let at = match &run.state {
                    InstanceState::Running { .. } => now.steady,
                    InstanceState::Exited(exit) => now.steady_at(exit.finished_at),
                };
                known.started(run.clone(), at);
            }
            known.stale = !record.ready;
        }
    }
    for statuses in ["containerStatuses", "initContainerStatuses"] {
        for status in object["status"].items(statuses) {
            let (image, id) = (status.str("image").to_owned(), status.str("imageID").to_owned());
            if !id.is_empty() {
                state.container_mut(status.str("name")).image = Some((image, id));
            }
        }
    }
    state.probes.found(object, &state.containers);
    state
}
