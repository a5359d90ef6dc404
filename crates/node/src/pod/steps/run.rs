//! The run itself: from image and environment to a started container. Only here may a container begin to run.

use super::{Start, StartFailure, StartStep};
use crate::pod::container::container_spec;
use crate::pod::hooks::has_hook;
use crate::pod::operation::{Operation, Outcome};
use crate::pod::plan::changed;
use crate::pod::state::{Again, Starting, WaitingReason};
use crate::runtime::{Exit, Instance, InstanceState, StartError};
use std::path::Path;
use stead_api::value::Access;
use stead_client::event::Event;

pub struct Run;

impl StartStep for Run {
    fn begin(&self, start: &mut Start<'_>) -> Result<Option<Operation>, StartFailure> {
        let (Some(starting), Some(sandbox)) = (start.state.starting.clone(), start.state.sandboxes.last().cloned()) else {
            return Ok(None);
        };
        let attempt = start.state.container_mut(&starting.container).next_attempt();
        let image = starting.image.unwrap_or_default();
        let spec = container_spec(start.pod, start.container, attempt, &image, &starting.sources, start.node);
        let mut spec = spec.map_err(|error| start.failure("CreateContainerConfigError", error, "Error: "))?;
        spec.mounts.splice(0..0, starting.files);
        // What is mounted above others goes first, or it would hide them.
        spec.mounts.sort_by_key(|mount| Path::new(&mount.destination).components().count());
        spec.processes_of = target(start).map_err(|error| start.failure("CreateContainerConfigError", error, "Error: "))?;
        if let Some(starting) = &mut start.state.starting {
            starting.committed = true;
        }
        Ok(Some(Operation::StartContainer { sandbox, spec: Box::new(spec) }))
    }

    fn take(&self, start: &mut Start<'_>, outcome: Outcome) -> Result<Vec<Event>, StartFailure> {
        let Outcome::Started(started) = outcome else { return Ok(Vec::new()) };
        let Some(starting) = start.state.starting.clone() else { return Ok(Vec::new()) };
        match started {
            Ok(instance) => {
                note_run(start, &starting, instance);
                let created = start.normal("Created", "Container created".to_owned());
                Ok(vec![created, start.normal("Started", "Container started".to_owned())])
            }
            Err(StartError::Create(message)) => Err(start.failure("CreateContainerError", message, "Error: ")),
            Err(StartError::SandboxGone) => {
                // Not the container's failure: its start is still to come.
                start.state.sandbox_gone();
                Err(StartFailure { waiting: None, events: Vec::new() })
            }
            Err(StartError::Start { id, message }) => {
                let finished_at = start.now.wall;
                let exit =
                    Exit { code: 128, oom: false, started_at: None, finished_at, message: message.clone(), reason: Some("StartError") };
                let attempt = start.state.container_mut(&starting.container).next_attempt();
                let image = starting.reference.clone();
                note_run(start, &starting, Instance { attempt, id, image, user: None, state: InstanceState::Exited(exit) });
                let created = start.normal("Created", "Container created".to_owned());
                let failed = start.warning("Failed", format!("Error: {message}"));
                let known = start.state.container_mut(&starting.container);
                known.waiting = Some(WaitingReason { reason: "RunContainerError", message, retry_at: start.now.steady });
                Ok(vec![created, failed])
            }
        }
    }
}

/// The run whose processes an ephemeral container is to see (INIT-8).
fn target(start: &Start<'_>) -> Result<Option<(String, u32)>, String> {
    let name = start.container.str("targetContainerName");
    if name.is_empty() {
        return Ok(None);
    }
    let running = start.state.container(name).filter(|known| known.running()).and_then(|known| known.current.as_ref());
    running.map(|run| Some((name.to_owned(), run.attempt))).ok_or_else(|| format!("unable to find target container {name}"))
}

/// The container has run: only now does its back-off rise (RST-3).
fn note_run(start: &mut Start<'_>, starting: &Starting, mut instance: Instance) {
    let now = start.now.steady;
    instance.image.clone_from(&starting.reference);
    let hooked = has_hook(start.container, "postStart") && matches!(instance.state, InstanceState::Running { .. });
    let known = start.state.container_mut(&starting.container);
    let before = hooked.then(|| Box::new(known.clone()));
    let afresh = known.again == Some(Again::Afresh) || changed(start.container, known);
    known.image = starting.image.as_ref().map(|image| (image.reference.clone(), image.id.clone()));
    known.started(instance, now);
    known.resources = Some(start.container["resources"].clone());
    if known.running() {
        known.before_start = before;
    }
    match starting.restart {
        Some(finished) => known.backoff.raise(now, finished),
        None if afresh => known.backoff = Default::default(), // RST-5
        None => {}
    }
}
