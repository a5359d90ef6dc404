//! When the machine writes a pod's status: whenever the API has another than the node's, whoever changed it; never the same twice.

use super::{Machine, Purpose};
use crate::clock::Now;
use crate::pod::operation::{Operation, WriteFailure};
use crate::pod::status::{same, same_but_for, status, status_patch};
use crate::pod::steps::about;
use std::sync::Arc;
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;

/// How long a status waits while operations are under way that will change it again.
const HOLD: Duration = Duration::from_millis(200);
/// Pause after a write that failed; doubled up to the next for each that follows.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(30);
/// Pause between two corrections of what others made of the status: as long as the node itself counts as lost, they will do it again.
const CORRECTION: Duration = Duration::from_secs(10);
/// Pause before a status that was refused is written again as it was.
const REFUSED_RETRY: Duration = Duration::from_secs(300);

/// What was reported, and how it went.
#[derive(Debug, Default)]
pub struct Report {
    writing: Option<Value>,
    /// The last status written, and what the API made of it.
    written: Option<(Value, Value)>,
    /// A status that the API will not have.
    refused: Option<Value>,
    /// Since when the API has had another.
    differs_since: Option<Duration>,
    retry_at: Option<Duration>,
    failures: u32,
    /// When what others had made of the status was last put right.
    corrected_at: Option<Duration>,
}

impl Report {
    /// The API has this status, or one that it made of it.
    fn is_in(&self, status: &Value, object: &Value) -> bool {
        let theirs = &object["status"];
        same(status, theirs) || self.written.as_ref().is_some_and(|(ours, became)| alike(ours, status) && same(became, theirs))
    }

    fn is_refused(&self, status: &Value) -> bool {
        self.refused.as_ref().is_some_and(|refused| alike(refused, status))
    }
}

impl Machine {
    fn status_now(&self, now: Now) -> Value {
        status(now.wall, &self.object, &self.state, &self.node)
    }

    /// Nothing is left to be said, or it cannot be.
    pub(super) fn is_status_settled(&self, now: Now) -> bool {
        let status = self.status_now(now);
        self.report.writing.is_none() && (self.report.is_in(&status, &self.object) || self.report.is_refused(&status))
    }

    /// Writes the status if the API has another.
    pub(super) fn report_status(&mut self, now: Now) {
        if self.gone || self.report.writing.is_some() {
            return;
        }
        let status = self.status_now(now);
        if self.report.is_in(&status, &self.object) {
            self.report.differs_since = None;
            return;
        }
        let since = *self.report.differs_since.get_or_insert(now.steady);
        let held = self.is_busy() && self.object["status"].has("startTime");
        let held_until = held.then_some(since + HOLD);
        let retry_at = self.report.retry_at.filter(|_| self.report.failures > 0 || self.report.is_refused(&status));
        let correction = self.report.written.as_ref().is_some_and(|(ours, _)| alike(ours, &status));
        let correct_at = self.report.corrected_at.filter(|_| correction).map(|at| at + CORRECTION);
        match held_until.max(retry_at).max(correct_at).filter(|at| *at > now.steady) {
            Some(at) => return self.wake_at(at),
            None if correction => self.report.corrected_at = Some(now.steady),
            None => {}
        }
        self.write_status(status);
    }

    /// Something is under way that will soon change the status again.
    fn is_busy(&self) -> bool {
        self.under_way.values().any(|purpose| matches!(purpose, Purpose::Up(_) | Purpose::Down(_) | Purpose::Start))
    }

    fn write_status(&mut self, status: Value) {
        let meta = &self.object["metadata"];
        let (namespace, name) = (meta.str("namespace").to_owned(), meta.str("name").to_owned());
        let patch = status_patch(&self.object, &status);
        self.report.writing = Some(status);
        self.report.differs_since = None;
        self.run(Purpose::WriteStatus, Operation::WriteStatus { namespace, name, patch });
    }

    pub(super) fn status_written(&mut self, now: Now, written: Result<Arc<Value>, WriteFailure>) {
        let Some(status) = self.report.writing.take() else { return };
        self.report.retry_at = None;
        match written {
            Ok(object) if object["metadata"]["uid"] == self.object["metadata"]["uid"] => {
                self.report.failures = 0;
                self.report.refused = None;
                self.report.written = Some((status, object["status"].clone()));
                if super::version(&object) >= super::version(&self.object) && !self.gone {
                    self.object = object;
                }
            }
            Err(WriteFailure::Refused(message)) => {
                self.report.failures = 0;
                if !self.report.is_refused(&status) {
                    let text = format!("The pod's status was refused: {message}");
                    self.record(about(&self.object, "", "Warning", "FailedStatusUpdate", text));
                }
                self.report.refused = Some(status);
                self.report.retry_at = Some(now.steady + REFUSED_RETRY);
            }
            Ok(_) | Err(WriteFailure::Gone | WriteFailure::Failed(_)) => {
                let pause = RETRY_FIRST * (1 << self.report.failures.min(8));
                self.report.failures += 1;
                self.report.retry_at = Some(now.steady + pause.min(RETRY_MAX));
            }
        }
    }
}

/// The same but for when conditions changed: that is the time of looking as long as the API has no such condition.
fn alike(a: &Value, b: &Value) -> bool {
    same_but_for(Some("lastTransitionTime"), a, b)
}
