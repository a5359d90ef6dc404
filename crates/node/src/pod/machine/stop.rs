//! The machine's stops: the preStop hook, the signal, the kill, and what is said of them.

use super::{Machine, Purpose, find};
use crate::clock::Now;
use crate::pod::hooks::{HookFailure, hook};
use crate::pod::operation::Operation;
use crate::pod::plan::StopCause;
use crate::pod::state::{Again, ProbeKind, Stop};
use crate::pod::steps::{about, address};
use stead_api::value::Access;

impl Machine {
    /// Says why, and runs the preStop hook, if there is one (HOOK-4). The grace counts from here.
    pub(super) fn begin_stop(&mut self, now: Now, container: &str, cause: StopCause) -> bool {
        let Some((sandbox, attempt)) = self.newest(container) else { return false };
        self.stopping(container, cause);
        let since = now.steady;
        let address = address(&self.object, &self.node, &self.state);
        let hook = find(&self.object, container).and_then(|spec| hook(spec, "preStop", address.as_deref()));
        self.state.container_mut(container).stop = if hook.is_some() { Stop::Hook { since } } else { Stop::Turn { since } };
        if let Some(hook) = hook {
            let operation = Operation::Hook { sandbox, container: container.to_owned(), attempt, hook };
            self.run(Purpose::PreStop(container.to_owned()), operation);
        }
        true
    }

    pub(super) fn pre_stop_ended(&mut self, container: &str, outcome: Result<(), HookFailure>) {
        if outcome.is_err() {
            self.record(about(&self.object, container, "Warning", "FailedPreStopHook", "PreStopHook failed".to_owned()));
        }
        self.end_hook(container);
    }

    /// The preStop hook is over, or is given up.
    pub(super) fn end_hook(&mut self, container: &str) -> bool {
        self.cancel(|purpose| *purpose == Purpose::PreStop(container.to_owned()));
        let known = self.state.container_mut(container);
        if let Stop::Hook { since } = known.stop {
            known.stop = Stop::Turn { since };
        }
        true
    }

    /// The stop signal is sent once (KILL-3).
    pub(super) fn signal(&mut self, now: Now, container: String) -> bool {
        let Some((sandbox, attempt)) = self.newest(&container) else { return false };
        let image = find(&self.object, &container).map(|c| c.str("image").to_owned()).unwrap_or_default();
        let known = self.state.container_mut(&container);
        let Stop::Turn { since } = known.stop else { return false };
        known.stop = Stop::Signalled { since, at: now.steady };
        self.run(Purpose::Signal(container.clone()), Operation::Signal { sandbox, container, attempt, image });
        true
    }

    pub(super) fn kill(&mut self, now: Now, container: String, cause: StopCause) -> bool {
        let purpose = Purpose::Kill(container.clone());
        if !self.may_begin(now, &purpose) {
            return false;
        }
        let Some((sandbox, attempt)) = self.newest(&container) else { return false };
        if self.state.container(&container).is_some_and(|known| known.stop == Stop::NotAsked) && !self.retries.contains_key(&purpose) {
            self.stopping(&container, cause);
        }
        self.cancel(|other| *other == Purpose::PreStop(container.clone()));
        self.run(purpose, Operation::Kill { sandbox, container, attempt });
        false
    }

    /// KILL-5.
    fn stopping(&mut self, name: &str, cause: StopCause) {
        let (again, message) = match cause {
            StopCause::PodEnds | StopCause::AllRestart => (None, format!("Stopping container {name}")),
            StopCause::DefinitionChanged => (Some(Again::Afresh), format!("Container {name} definition changed, will be restarted")),
            StopCause::Resize => (Some(Again::InTurn), format!("Container {name} resize requires restart")),
            StopCause::PostStartHook => (None, "FailedPostStartHook".to_owned()),
            StopCause::ProbeFailed(probe, again) => {
                let probe = match probe {
                    ProbeKind::Liveness => "liveness",
                    ProbeKind::Startup => "startup",
                };
                let restart = if again { ", will be restarted" } else { "" };
                (again.then_some(Again::InTurn), format!("Container {name} failed {probe} probe{restart}"))
            }
        };
        let known = self.state.container_mut(name);
        known.again = again.or(known.again);
        self.record(about(&self.object, name, "Normal", "Killing", message));
    }

    fn newest(&self, name: &str) -> Option<(String, u32)> {
        let attempt = self.state.container(name)?.current.as_ref()?.attempt;
        Some((self.state.sandboxes.last()?.clone(), attempt))
    }
}
