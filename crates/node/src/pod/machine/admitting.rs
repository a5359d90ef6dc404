//! Whether the node takes the pod at all (POD-17): asked once, before anything is made for it.

use super::{Machine, Purpose};
use crate::admission::Rejection;
use crate::pod::operation::Operation;
use crate::pod::plan::going_down;
use crate::pod::state::TerminalReason;
use crate::pod::steps::about;
use crate::runtime::SandboxRecord;
use std::sync::Arc;
use stead_api::Value;
use stead_api::value::Access;

/// Begins the message of a pod that was not taken.
const REJECTED: &str = "Pod was rejected: ";

/// Whether the node has taken the pod before: it said so, or something was made for it.
pub fn is_accepted(object: &Value, records: &[SandboxRecord]) -> bool {
    !records.is_empty() || object["status"].has("startTime")
}

/// What is known of a pod that was rejected before the agent's start.
pub fn former_rejection(object: &Value) -> Option<TerminalReason> {
    let (status, message) = (&object["status"], object["status"].str("message"));
    let rejected = status.str("phase") == "Failed" && message.starts_with(REJECTED) && status.items("containerStatuses").is_empty();
    rejected.then(|| TerminalReason { message: message.to_owned(), rejected: true, ..TerminalReason::default() })
}

impl Machine {
    /// Whether there is anything to be done for the pod; asks the node if it was not asked yet.
    pub(super) fn is_admitted(&mut self) -> bool {
        // One that goes anyhow is not judged.
        if self.admitted || going_down(&self.object, &self.state) {
            return true;
        }
        if !self.is_under_way(&Purpose::Admit) {
            self.run(Purpose::Admit, Operation::Admit(Arc::clone(&self.object)));
        }
        false
    }

    pub(super) fn admission_is(&mut self, judged: Result<(), Rejection>) {
        self.admitted = true;
        let Err(Rejection { reason, message, .. }) = judged else { return };
        if going_down(&self.object, &self.state) {
            return;
        }
        self.record(about(&self.object, "", "Warning", reason, message.clone()));
        let message = format!("{REJECTED}{message}");
        self.state.ended = Some(TerminalReason { reason, message, rejected: true, ..TerminalReason::default() });
    }
}
