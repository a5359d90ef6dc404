//! The machine's part in probing: begins the checks that are due, gives up those of runs that ended, and takes in what came of them.

use super::{Machine, Purpose};
use crate::clock::Now;
use crate::pod::operation::Operation;
use crate::pod::plan::going_down;
use crate::pod::probes::{Due, Probed, Told};
use crate::pod::steps::{about, address};
use std::time::Duration;

impl Machine {
    /// Begins what is due; when to look again.
    pub(super) fn probe(&mut self, now: Now) -> Option<Duration> {
        self.drop_probes_of_ended_runs();
        let address = address(&self.object, &self.node, &self.state);
        let going_down = going_down(&self.object, &self.state);
        let (due, wake) = self.state.due_probes(now, &self.object, address.as_deref(), going_down);
        for Due { container, kind, check } in due {
            let purpose = Purpose::Probe { container: container.clone(), kind, attempt: check.attempt };
            // One that takes longer than its period is followed by the next at once.
            if !self.is_under_way(&purpose) {
                self.state.probes.begun(now.steady, &container, kind);
                self.run(purpose, Operation::Probe(Box::new(check)));
            }
        }
        wake
    }

    fn drop_probes_of_ended_runs(&mut self) {
        let ended = |purpose: &Purpose| match purpose {
            Purpose::Probe { container, attempt, .. } => {
                let known = self.state.container(container).filter(|known| known.running());
                known.and_then(|known| known.current.as_ref()).is_none_or(|run| run.attempt != *attempt)
            }
            _ => false,
        };
        let ended: Vec<Purpose> = self.under_way.values().filter(|purpose| ended(purpose)).cloned().collect();
        self.cancel(|purpose| ended.contains(purpose));
    }

    /// PRB-13.
    pub(super) fn probed(&mut self, now: Now, purpose: &Purpose, probed: &Probed) {
        let Purpose::Probe { container, kind, attempt } = purpose else { return };
        let Some(told) = self.state.probes.take(now.steady, container, *kind, *attempt, probed) else { return };
        let title = kind.title();
        let (reason, message) = match told {
            Told::Failed(text) => ("Unhealthy", format!("{title} probe failed: {text}")),
            Told::Warned(text) => ("ProbeWarning", format!("{title} probe warning: {text}")),
            Told::Unknown(text) => ("Unhealthy", format!("{title} probe errored and resulted in unknown state: {text}")),
        };
        self.record(about(&self.object, container, "Warning", reason, message));
    }
}
