//! The machine's part in resizing a running pod: asks for room, changes limits in place, and says how it goes (CG-14).

use super::{Machine, Purpose};
use crate::clock::Now;
use crate::pod::operation::Operation;
use crate::pod::resize::{Refusal, Resizing, changes, generation, summary};
use crate::pod::steps::about;
use std::sync::Arc;
use std::time::Duration;

/// Pause before a resize that has no room, or that failed, is tried again.
const RETRY: Duration = Duration::from_secs(10);

impl Machine {
    pub(super) fn allot(&mut self, now: Now) -> bool {
        if self.may_begin(now, &Purpose::Allot) {
            self.run(Purpose::Allot, Operation::Allot(Arc::clone(&self.object)));
        }
        false
    }

    pub(super) fn allotted(&mut self, now: Now, outcome: Result<(), Refusal>) {
        let generation = generation(&self.object);
        match outcome {
            Ok(()) => {
                self.record_resize("Normal", "ResizeStarted", "started", None);
                self.state.resizing = Resizing::InProgress { generation, error: None, retry_at: now.steady };
            }
            Err(refusal) => {
                let known = matches!(&self.state.resizing, Resizing::Pending { refusal: before, .. } if *before == refusal);
                if !known {
                    let event = if refusal.reason == "Deferred" { "ResizeDeferred" } else { "ResizeInfeasible" };
                    self.record_resize("Warning", event, refusal.reason, Some(&refusal.message));
                }
                self.state.resizing = Resizing::Pending { generation, refusal, retry_at: now.steady + RETRY };
            }
        }
    }

    pub(super) fn resize(&mut self, now: Now) -> bool {
        let Some(sandbox) = self.state.sandboxes.last().cloned().filter(|_| self.may_begin(now, &Purpose::Resize)) else { return false };
        let changes = changes(&self.object, &self.state);
        let steps = changes.steps.clone();
        self.state.changing = changes;
        self.run(Purpose::Resize, Operation::Resize { sandbox, changes: steps });
        false
    }

    pub(super) fn changed_in_place(&mut self, now: Now, outcome: Result<(), String>) {
        let changes = std::mem::take(&mut self.state.changing);
        let Resizing::InProgress { error, retry_at, .. } = &mut self.state.resizing else { return };
        match outcome {
            Ok(()) => {
                *error = None;
                for (container, resources) in changes.given {
                    self.state.container_mut(&container).resources = Some(resources);
                }
                self.state.limits = Some(changes.of_pod);
            }
            Err(failure) => {
                *retry_at = now.steady + RETRY;
                let known = error.as_ref() == Some(&failure);
                *error = Some(failure.clone());
                if !known {
                    self.record_resize("Warning", "ResizeError", "error", Some(&failure));
                }
            }
        }
    }

    /// Everything is as the pod's spec says.
    pub(super) fn resized(&mut self) -> bool {
        if matches!(self.state.resizing, Resizing::InProgress { .. }) {
            self.record_resize("Normal", "ResizeCompleted", "completed", None);
        }
        self.state.resizing = Resizing::No;
        true
    }

    fn record_resize(&mut self, ty: &'static str, reason: &'static str, word: &str, error: Option<&str>) {
        let message = format!("Pod resize {word}: {}", summary(&self.object, error));
        self.record(about(&self.object, "", ty, reason, message));
    }
}
