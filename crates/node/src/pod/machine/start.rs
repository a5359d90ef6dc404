//! The machine's starts: one container at a time through all steps of a start, its postStart hook included.

use super::{Machine, Purpose, find};
use crate::clock::Now;
use crate::pod::operation::{Operation, Outcome};
use crate::pod::plan::{Action, going_down, initialized};
use crate::pod::restart::sidecar;
use crate::pod::state::Starting;
use crate::pod::steps::{START_STEPS, Start, StartFailure};
use std::sync::Arc;
use std::time::Duration;
use stead_api::value::Access;

impl Machine {
    pub(super) fn start(&mut self, now: Now, container: &str, restart: Option<Duration>) -> bool {
        let Some(reference) = find(&self.object, container).map(|c| c.str("image").to_owned()) else { return false };
        self.state.starting = Some(Starting { container: container.to_owned(), restart, reference, ..Starting::default() });
        self.continue_start(now);
        self.state.starting.is_none()
    }

    /// Goes on with the start under way, step by step, until one has to be waited for.
    fn continue_start(&mut self, now: Now) {
        while let Some(index) = self.state.starting.as_ref().map(|starting| starting.step) {
            let Some(step) = START_STEPS.get(index) else { return self.start_is_over(now) };
            match self.with_start(now, |start| step.begin(start)) {
                Some(Ok(Some(operation))) => return self.run(Purpose::Start, operation),
                Some(Ok(None)) => self.next_start_step(),
                Some(Err(failure)) => self.start_failed(now, failure),
                None => self.state.starting = None,
            }
        }
    }

    pub(super) fn advance_start(&mut self, now: Now, outcome: Outcome) {
        let Some(step) = self.state.starting.as_ref().and_then(|starting| START_STEPS.get(starting.step)) else { return };
        match self.with_start(now, |start| step.take(start, outcome)) {
            Some(Ok(events)) => {
                events.into_iter().for_each(|event| self.record(event));
                self.next_start_step();
                self.continue_start(now);
            }
            Some(Err(failure)) => self.start_failed(now, failure),
            None => self.state.starting = None,
        }
    }

    fn with_start<T>(&mut self, now: Now, run: impl FnOnce(&mut Start<'_>) -> T) -> Option<T> {
        let object = Arc::clone(&self.object);
        let name = self.state.starting.as_ref()?.container.clone();
        let container = find(&object, &name)?;
        Some(run(&mut Start { pod: &object, container, node: &self.node, now, state: &mut self.state }))
    }

    fn next_start_step(&mut self) {
        if let Some(starting) = &mut self.state.starting {
            starting.step += 1;
        }
    }

    fn start_failed(&mut self, now: Now, failure: StartFailure) {
        failure.events.into_iter().for_each(|event| self.record(event));
        let Some(starting) = self.state.starting.take() else { return };
        let known = self.state.container_mut(&starting.container);
        known.waiting = failure.waiting;
        known.waiting_for = starting.reference;
        self.look_at_end(now, &starting.container);
    }

    /// Of the runs before the newest only the last is kept (GC-2).
    fn start_is_over(&mut self, now: Now) {
        let Some(starting) = self.state.starting.take() else { return };
        let container = starting.container;
        self.look_at_end(now, &container); // it may have come to nothing, or to its end already
        let spec = &self.object["spec"];
        if spec.items("initContainers").iter().any(|init| init["name"] == container.as_str() && sidecar(init))
            && !initialized(spec, &self.state)
        {
            self.report.tell(now.steady, &container); // what waits for it follows
        }
        let attempt = self.state.container(&container).and_then(|known| known.current.as_ref()).map_or(0, |run| run.attempt);
        if let Some(before) = attempt.checked_sub(1).filter(|before| *before > 0) {
            let sandboxes = self.state.sandboxes.clone();
            self.run(Purpose::ForgetRuns, Operation::ForgetRuns { sandboxes, container, before });
        }
    }

    /// Gives up a start that the plan no longer wants, as long as nothing can run yet, and the postStart hook of a pod that is over.
    pub(super) fn drop_unwanted_start(&mut self, actions: &[Action]) {
        let Some(starting) = &self.state.starting else { return };
        let name = starting.container.clone();
        let unwanted = if starting.hook {
            going_down(&self.object, &self.state)
        } else if starting.committed {
            false
        } else {
            let wanted = actions.iter().any(|action| matches!(action, Action::Start { container, .. } if *container == name));
            !wanted || find(&self.object, &name).is_none_or(|c| c.str("image") != starting.reference)
        };
        if unwanted {
            self.state.starting = None;
            self.state.container_mut(&name).before_start = None;
            self.cancel(|purpose| *purpose == Purpose::Start);
        }
    }

    /// RST-2: everything has ended; what follows is as in a new pod, but for the sandbox and the counts.
    pub(super) fn start_anew(&mut self) -> bool {
        self.state.restarting_all = false;
        let spec = self.object["spec"].clone();
        for container in spec.items("initContainers").iter().chain(spec.items("containers")) {
            self.state.container_mut(container.str("name")).start_anew();
        }
        true
    }
}
