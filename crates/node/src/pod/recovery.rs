//! What a pod's state is after a restart of the agent, from what the runtime still has of it, and, where that is less, from what the API
//! was told (SHIM-7). Pure.

use super::restart::sidecar;
use super::state::{ContainerState, PodState, Progress, RESTARTING_ALL, STATUS_UNKNOWN};
use crate::clock::Now;
use crate::runtime::{Exit, Instance, InstanceState, SandboxRecord};
use stead_api::Value;
use stead_api::time::Timestamp;
use stead_api::value::Access;

/// Message of a container that is known from the API only (CS-10); the two spaces are upstream's.
const VANISHED: &str = "The container could not be located when the pod was deleted.  The container used to be Running";
/// Message of an init container whose end is known from what came after it only (CS-11).
const INFERRED: &str =
    "Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally";
/// The reasons that are not made from the exit code.
const REASONS: [&str; 3] = [STATUS_UNKNOWN, RESTARTING_ALL, "StartError"];

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
    for statuses in ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] {
        for status in object["status"].items(statuses) {
            complete(state.container_mut(status.str("name")), status, now);
        }
    }
    infer_inits(&mut state, object, now);
    state.probes.found(object, &state.containers);
    state
}

/// Takes from a container's status what the runtime does not know any more.
fn complete(known: &mut ContainerState, status: &Value, now: Now) {
    let (image, id) = (status.str("image").to_owned(), status.str("imageID").to_owned());
    if !id.is_empty() {
        known.image = Some((image, id));
    }
    known.resources = status.get("resources").filter(|_| known.running()).cloned();
    let count = status.int("restartCount").and_then(|count| u32::try_from(count).ok()).unwrap_or_default();
    let (now_state, last) = (&status["state"], &status["lastState"]["terminated"]);
    if known.current.is_none() {
        if now_state.has("terminated") {
            let run = ended(&now_state["terminated"], count);
            let at = exit(&run).map_or(now.steady, |exit| now.steady_at(exit.finished_at));
            known.started(run, at);
            known.stale = true;
        } else if now_state.has("running") {
            known.previous = Some(vanished(status, count, now)); // CS-10
            return;
        } else if last.is_object() {
            known.previous = Some(ended(last, count.saturating_sub(1)));
            return;
        }
    }
    if known.previous.is_none() && last.is_object() && known.current.as_ref().is_some_and(|run| run.attempt == count && count > 0) {
        known.previous = Some(ended(last, count - 1));
    }
}

fn exit(run: &Instance) -> Option<&Exit> {
    if let InstanceState::Exited(exit) = &run.state { Some(exit) } else { None }
}

/// A run as a status tells of its end.
fn ended(terminated: &Value, attempt: u32) -> Instance {
    let code = terminated.int("exitCode").and_then(|code| i32::try_from(code).ok()).unwrap_or(137);
    let time = |name: &str| Timestamp::parse(terminated.str(name));
    let exit = Exit {
        code,
        oom: terminated.str("reason") == "OOMKilled",
        started_at: time("startedAt"),
        finished_at: time("finishedAt").unwrap_or_default(),
        message: terminated.str("message").to_owned(),
        reason: REASONS.into_iter().find(|reason| *reason == terminated.str("reason")),
    };
    let id = terminated.str("containerID").rsplit_once("://").map_or("", |(_, id)| id).to_owned();
    Instance { attempt, id, image: String::new(), user: None, state: InstanceState::Exited(exit) }
}

fn vanished(status: &Value, attempt: u32, now: Now) -> Instance {
    let exit =
        Exit { code: 137, oom: false, started_at: None, finished_at: now.wall, message: VANISHED.to_owned(), reason: Some(STATUS_UNKNOWN) };
    let id = status.str("containerID").rsplit_once("://").map_or("", |(_, id)| id).to_owned();
    Instance { attempt, id, image: String::new(), user: None, state: InstanceState::Exited(exit) }
}

/// CS-11: where a regular container has run, the init containers before it have ended well.
fn infer_inits(state: &mut PodState, object: &Value, now: Now) {
    let spec = &object["spec"];
    let current = |container: &Value| state.container(container.str("name")).is_some_and(|c| c.current.is_some() && !c.stale);
    if !spec.items("containers").iter().any(current) {
        return;
    }
    for init in spec.items("initContainers").iter().filter(|init| !sidecar(init)) {
        let known = state.container_mut(init.str("name"));
        if known.current.is_none() {
            let exit = Exit { code: 0, oom: false, started_at: None, finished_at: now.wall, message: INFERRED.to_owned(), reason: None };
            let run = Instance { attempt: 0, id: String::new(), image: String::new(), user: None, state: InstanceState::Exited(exit) };
            known.started(run, now.steady);
        }
    }
}

#[cfg(test)]
mod tests;
