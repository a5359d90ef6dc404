//! How long a Job waits before the next pod (JOB-30..33). Pure.

use super::spec::{Spec, TRACKING, finished_at};
use crate::object::Object;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::time::Timestamp;

/// The delay after one failure; each further one doubles it.
const DELAY_FIRST_MS: i64 = 10_000;
const DELAY_MAX_MS: i64 = 600_000;
/// Failures that are remembered: with more of them the delay is the longest anyway.
const FAILURES_MAX: usize = 8;

/// When pods of a Job failed since the last success. It outlives the pods, for they may be deleted; after a restart it is made again of
/// those that are left, and a pod may then come early.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failures {
    /// By uid: when.
    failed: BTreeMap<String, Timestamp>,
    succeeded: Option<Timestamp>,
}

impl Failures {
    /// Takes note of what the Job's pods show.
    pub fn note(&mut self, spec: &Spec, pods: &[Arc<Object>]) {
        for pod in pods {
            if pod.pod().phase == "Succeeded" {
                self.succeeded = self.succeeded.max(Some(finished_at(pod)));
                continue;
            }
            // One that was deleted without the finalizer was not wanted any more.
            let counts = pod.pod().phase == "Failed" || pod.has_finalizer(TRACKING);
            if spec.has_failed(pod) && counts && !spec.is_ignored(pod) {
                self.failed.entry(pod.uid.clone()).or_insert_with(|| finished_at(pod));
            }
        }
        let succeeded = self.succeeded;
        self.failed.retain(|_, at| succeeded.is_none_or(|succeeded| *at > succeeded));
        while self.failed.len() > FAILURES_MAX {
            let oldest = self.failed.iter().min_by_key(|(uid, at)| (**at, (*uid).clone())).map(|(uid, _)| uid.clone());
            oldest.and_then(|uid| self.failed.remove(&uid));
        }
    }

    /// When the next pod may be made; `None`: nothing has failed.
    pub fn next_at(&self, now: Timestamp) -> Option<Timestamp> {
        let last = self.failed.values().max()?;
        let count = self.failed.len().try_into().unwrap_or(i64::MAX);
        Some(after(*last, delay_ms(count), now))
    }
}

/// JOB-30: the delay after so many failures in a row.
pub fn delay_ms(failures: i64) -> i64 {
    match u32::try_from(failures - 1) {
        Err(_) => 0,
        Ok(doublings) => DELAY_FIRST_MS.saturating_mul(2_i64.saturating_pow(doublings)).min(DELAY_MAX_MS),
    }
}

/// JOB-76: when the pod after this failed one of its index may be made.
pub fn next_of_index(failed: &Object, now: Timestamp) -> Timestamp {
    let facts = failed.pod().job();
    after(finished_at(failed), delay_ms(facts.failures + facts.ignored_failures + 1), now)
}

/// The end of a delay. A failure that lies further ahead than the delay is long says that the clock was put back since: nobody waits for it.
fn after(failure: Timestamp, delay_ms: i64, now: Timestamp) -> Timestamp {
    if failure > now.plus_millis(delay_ms) { now } else { failure.plus_millis(delay_ms) }
}
