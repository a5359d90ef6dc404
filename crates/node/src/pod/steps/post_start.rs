//! The postStart hook: beside the container's own process, and before anything else of the pod's starts (HOOK-2). After a restart of the
//! agent it does not run again, whether it had ended or not.

use super::{Start, StartFailure, StartStep, address};
use crate::pod::hooks::{Hook, failure_text, hook};
use crate::pod::operation::{Operation, Outcome};
use crate::pod::plan::StopCause;
use crate::pod::state::{ContainerState, WaitingReason};
use stead_client::event::Event;

pub struct PostStart;

impl Start<'_> {
    fn hook(&self) -> Option<Hook> {
        hook(self.container, "postStart", address(self.pod, self.node, self.state).as_deref())
    }
}

impl StartStep for PostStart {
    fn begin(&self, start: &mut Start<'_>) -> Result<Option<Operation>, StartFailure> {
        let running = start.state.container(start.name()).filter(|known| known.running()).and_then(|known| known.current.as_ref());
        let (Some(attempt), Some(hook)) = (running.map(|run| run.attempt), start.hook()) else { return Ok(None) };
        let Some(sandbox) = start.state.sandboxes.last().cloned() else { return Ok(None) };
        if let Some(starting) = &mut start.state.starting {
            starting.hook = true;
        }
        Ok(Some(Operation::Hook { sandbox, container: start.name().to_owned(), attempt, hook }))
    }

    fn take(&self, start: &mut Start<'_>, outcome: Outcome) -> Result<Vec<Event>, StartFailure> {
        let (Outcome::Hook(outcome), Some(hook)) = (outcome, start.hook()) else { return Ok(Vec::new()) };
        let name = start.name().to_owned();
        let Err(failure) = outcome else {
            start.state.container_mut(&name).before_start = None;
            return Ok(Vec::new());
        };
        // It is killed, and shown as before until it has ended.
        if start.state.container(&name).is_some_and(ContainerState::running) {
            start.state.container_mut(&name).doomed = Some(StopCause::PostStartHook);
        }
        let message = failure_text(start.pod, start.container, &hook, &failure);
        let events = vec![start.warning("FailedPostStartHook", "PostStartHook failed".to_owned())];
        let waiting = WaitingReason { reason: "PostStartHookError", message, retry_at: start.now.steady };
        Err(StartFailure { waiting: Some(waiting), events })
    }
}
