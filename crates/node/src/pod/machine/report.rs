//! When the machine writes a pod's status: whenever the API has another than the node's, whoever changed it; never the same twice.

use super::{Machine, Purpose};
use crate::clock::Now;
use crate::pod::operation::{Operation, WriteFailure};
use crate::pod::status::{same, same_but_for, status, status_patch};
use crate::pod::steps::about;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stead_api::Value;
use stead_api::value::Access;

/// How long a status waits while operations are under way that will change it again.
const HOLD: Duration = Duration::from_secs(2);
/// How long it waits for a container that was stopped for the next to follow: its end is shown as the next one's past.
const HOLD_RESTART: Duration = Duration::from_secs(10);
/// How long what follows the end of a container waits until the API was told of it.
const TELL_MAX: Duration = Duration::from_secs(3);
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
    /// Containers whose end, or for sidecars start, the API was not told of yet, and since when.
    untold: BTreeMap<String, Duration>,
    /// Those whose end is in the status that is being written.
    telling: BTreeMap<String, Duration>,
    /// The API calls the pod ready, and it is not, as far as is known.
    overstated: bool,
}

impl Report {
    /// Of a pod at which nobody has looked yet.
    pub(super) fn of(object: &Value) -> Self {
        Self { overstated: is_ready(&object["status"]), ..Self::default() }
    }

    /// The API has this status, or one that it made of it.
    fn is_in(&self, status: &Value, object: &Value) -> bool {
        let theirs = &object["status"];
        same(status, theirs) || self.written.as_ref().is_some_and(|(ours, became)| alike(ours, status) && same(became, theirs))
    }

    /// The end of a container, or the start of a sidecar, is to be told.
    pub(super) fn tell(&mut self, now: Duration, container: &str) {
        self.untold.entry(container.to_owned()).or_insert(now);
    }

    /// Until when what follows these ends waits for them to be told of.
    pub(super) fn untold_until(&self, now: Duration, of: impl Fn(&str) -> bool) -> Option<Duration> {
        let untold = self.untold.iter().chain(&self.telling).filter(|(name, _)| of(name));
        untold.map(|(_, since)| *since + TELL_MAX).max().filter(|at| *at > now)
    }

    /// The API calls the pod ready, and it is not.
    pub(super) fn is_overstated(&self) -> bool {
        self.overstated
    }

    /// What keeps the API from having the pod's status, in words.
    pub(super) fn trouble(&self, now: Duration) -> Option<String> {
        if self.refused.is_some() {
            return Some("the API refuses the pod's status".to_owned());
        }
        let in_s = self.retry_at.map_or(0, |at| at.saturating_sub(now).as_secs());
        (self.failures > 0).then(|| format!("its status could not be written, {} times in a row; again in {in_s}s", self.failures))
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
            self.report.overstated &= !self.gone;
            return;
        }
        let status = self.status_now(now);
        self.report.overstated = is_ready(&self.object["status"]) && !is_ready(&status);
        if self.report.is_in(&status, &self.object) {
            self.report.differs_since = None;
            let nothing_to_say = std::mem::take(&mut self.report.untold);
            return self.told(now, nothing_to_say.into_keys());
        }
        let since = *self.report.differs_since.get_or_insert(now.steady);
        let held_until = self.hold(now).filter(|_| self.object["status"].has("startTime")).map(|hold| since + hold);
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

    /// How long a status is held back because something is under way that will soon change it again.
    fn hold(&self, now: Now) -> Option<Duration> {
        // It ended while nobody looked, maybe long ago: whoever asks now is not to be sent to it.
        if self.report.overstated && self.report.written.is_none() {
            return None;
        }
        let starting = self.is_under_way(&Purpose::Start);
        if !self.report.untold.is_empty() && !starting {
            return None;
        }
        let replaced = self.state.containers.values().any(|known| {
            let held_up = known.ended_at.and_then(|at| known.backoff.until(at)).is_some_and(|at| at > now.steady);
            known.again.is_some() && known.exit().is_some() && known.waiting.is_none() && !held_up
        });
        let busy = starting || self.under_way.values().any(|purpose| matches!(purpose, Purpose::Up(_)));
        busy.then_some(if replaced { HOLD_RESTART } else { HOLD })
    }

    /// The API knows that these have ended: what made them fail to start gives way to their back-off.
    fn told(&mut self, now: Now, containers: impl Iterator<Item = String>) {
        for name in containers {
            let known = self.state.container_mut(&name);
            if known.exit().is_none() {
                continue;
            }
            known.end_told = true;
            if known.ended_at.and_then(|at| known.backoff.until(at)).is_some_and(|at| at > now.steady) {
                known.waiting = None;
            }
        }
    }

    /// Nobody has listened for long: what follows goes on.
    pub(super) fn give_up_telling(&mut self, now: Now) {
        if self.report.untold_until(now.steady, |_| true).is_none() {
            let names: Vec<String> = self.report.untold.keys().chain(self.report.telling.keys()).cloned().collect();
            self.told(now, names.into_iter());
        }
    }

    fn write_status(&mut self, status: Value) {
        let meta = &self.object["metadata"];
        let (namespace, name) = (meta.str("namespace").to_owned(), meta.str("name").to_owned());
        let patch = status_patch(&self.object, &status);
        self.report.writing = Some(status);
        self.report.telling = std::mem::take(&mut self.report.untold);
        self.report.differs_since = None;
        self.run(Purpose::WriteStatus, Operation::WriteStatus { namespace, name, patch });
    }

    pub(super) fn status_written(&mut self, now: Now, written: Result<Arc<Value>, WriteFailure>) {
        let Some(status) = self.report.writing.take() else { return };
        self.report.retry_at = None;
        let telling = std::mem::take(&mut self.report.telling);
        if !matches!(&written, Ok(object) if object["metadata"]["uid"] == self.object["metadata"]["uid"]) {
            self.report.untold.extend(telling);
        } else {
            self.told(now, telling.into_keys());
        }
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

fn is_ready(status: &Value) -> bool {
    status.items("conditions").iter().any(|condition| condition.str("type") == "Ready" && condition.str("status") == "True")
}

/// The same but for when conditions changed: that is the time of looking as long as the API has no such condition.
fn alike(a: &Value, b: &Value) -> bool {
    same_but_for(Some("lastTransitionTime"), a, b)
}
