//! One sync of a Job, in upstream's order (JOB-17): whether it is over, else more or fewer pods, then what is counted. Pure.
//!
//! ```text
//! a pod ends -> its uid is in the status -> its finalizer goes -> the counter is raised and the uid dropped
//! ```
//!
//! Each arrow is a write of its own that is taken only when the one before has been seen, so that no crash counts a pod twice or never.

use super::backoff::{self, Failures};
use super::indexes::Indexes;
use super::pods;
use super::spec::{Spec, TRACKING, finished_at};
use super::status::{COMPLETE, FAILED, FAILURE_TARGET, SUCCESS_CRITERIA_MET, SUSPENDED, Status, holds};
use crate::object::Object;
use crate::ownership::{Claimed, release_finalizer};
use crate::plan::{Effect, Event, Pace, Plan};
use crate::pods::{delete, is_active};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stead_api::{time::Timestamp, value::Access};

/// Pods that one sync makes or removes at most.
const BURST_MAX: usize = 500;
/// Uids of pods that are not counted yet, at most (JOB-22).
const UNCOUNTED_MAX: usize = 500;

/// Input of the plan.
pub struct Observed<'a> {
    pub job: &'a Arc<Object>,
    pub spec: &'a Spec,
    pub claimed: &'a Claimed,
    pub failures: &'a Failures,
}

/// How a Job ends.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ending {
    kind: EndingKind,
    reason: String,
    message: String,
    /// The status says so already.
    recorded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndingKind {
    Success,
    Failure,
}

impl Ending {
    fn failure(reason: &str, message: &str) -> Option<Self> {
        Some(Self { kind: EndingKind::Failure, reason: reason.to_owned(), message: message.to_owned(), recorded: false })
    }

    fn success(reason: &str, message: &str) -> Option<Self> {
        Some(Self { kind: EndingKind::Success, reason: reason.to_owned(), message: message.to_owned(), recorded: false })
    }

    fn recorded(job: &Object) -> Option<Self> {
        let success = holds(job, SUCCESS_CRITERIA_MET).map(|condition| (EndingKind::Success, condition));
        let (kind, condition) = success.or_else(|| holds(job, FAILURE_TARGET).map(|c| (EndingKind::Failure, c)))?;
        Some(Self { kind, reason: condition.str("reason").to_owned(), message: condition.str("message").to_owned(), recorded: true })
    }

    /// The conditions that announce and state it.
    fn conditions(&self) -> (&'static str, &'static str) {
        match self.kind {
            EndingKind::Success => (SUCCESS_CRITERIA_MET, COMPLETE),
            EndingKind::Failure => (FAILURE_TARGET, FAILED),
        }
    }
}

/// What to do about a Job that is not finished.
pub fn plan(now: Timestamp, observed: &Observed) -> Plan {
    let mut sync = Sync::new(now, observed);
    sync.plan.before.clone_from(&observed.claimed.before);
    sync.decide();
    sync.act();
    sync.track();
    sync.plan
}

/// A sync under way.
struct Sync<'a> {
    now: Timestamp,
    job: &'a Arc<Object>,
    spec: &'a Spec,
    failures: &'a Failures,
    pods: &'a [Arc<Object>],
    active: Vec<Arc<Object>>,
    /// As it was, then as it becomes.
    status: Status,
    /// Those written and those of pods that have not been counted.
    succeeded: i64,
    failed: i64,
    recorded_indexes: Indexes,
    succeeded_indexes: Indexes,
    failed_indexes: Option<Indexes>,
    /// The last failed pod of an index whose next one is not there yet (JOB-75).
    replaced: BTreeMap<i64, Arc<Object>>,
    ending: Option<Ending>,
    event: Option<Event>,
    plan: Plan,
}

impl<'a> Sync<'a> {
    fn new(now: Timestamp, observed: &Observed<'a>) -> Self {
        let (job, spec, pods) = (observed.job, observed.spec, observed.claimed.objects.as_slice());
        let status = Status::of(job);
        let active: Vec<_> = pods.iter().filter(|pod| is_active(pod)).cloned().collect();
        let recorded_indexes = spec.parse_indexes(&status.completed_indexes);
        Self {
            now,
            job,
            spec,
            failures: observed.failures,
            pods,
            active,
            succeeded: 0,
            failed: 0,
            succeeded_indexes: recorded_indexes.clone(),
            recorded_indexes,
            failed_indexes: spec.backoff_limit_per_index.map(|_| spec.parse_indexes(status.failed_indexes.as_deref().unwrap_or_default())),
            replaced: BTreeMap::new(),
            ending: None,
            event: None,
            plan: Plan::default(),
            status,
        }
    }

    /// Pods that have not been counted and are not about to be.
    fn uncounted(&self) -> impl Iterator<Item = &'a Arc<Object>> + use<'a> {
        self.pods.iter().filter(|pod| pod.has_finalizer(TRACKING))
    }

    /// JOB-17.
    fn decide(&mut self) {
        let (spec, known) = (self.spec, self.status.uncounted.clone());
        let is_new = |pod: &&Arc<Object>, known: &[String]| spec.counts(pod) && !known.contains(&pod.uid);
        let succeeded = self.uncounted().filter(|pod| pod.pod().phase == "Succeeded" && is_new(pod, &known.succeeded)).count();
        let failed = self.uncounted().filter(|pod| spec.has_failed(pod) && is_new(pod, &known.failed) && !spec.is_ignored(pod)).count();
        self.succeeded = self.status.succeeded + number(succeeded) + number(known.succeeded.len());
        self.failed = self.status.failed + number(failed) + number(known.failed.len());
        if self.status.started.is_none() && !spec.suspended {
            self.status.started = Some(self.now.rfc3339()); // JOB-18
        }
        self.ending = Ending::recorded(self.job).or_else(|| self.failed_by_policy()).or_else(|| self.failed_by_limit());
        if spec.indexed {
            self.judge_indexes();
        }
        if let Some(ending) = &self.ending {
            self.plan.because(format!("it ends: {}", ending.message));
        }
    }

    /// JOB-82.
    fn failed_by_policy(&self) -> Option<Ending> {
        let failed = self.pods.iter().filter(|pod| self.spec.failure_policy.is_some() && self.spec.has_failed(pod));
        let message = failed.filter_map(|pod| self.spec.judge(pod).message).next()?;
        Ending::failure("PodFailurePolicy", &message)
    }

    /// JOB-34, JOB-35, JOB-50.
    fn failed_by_limit(&mut self) -> Option<Ending> {
        if self.failed > self.spec.backoff_limit || self.restarted_too_often() {
            return Ending::failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }
        let deadline_s = self.spec.deadline_s.filter(|_| !self.spec.suspended)?;
        let started = self.status.started.as_deref().and_then(Timestamp::parse)?;
        let deadline = started.plus_millis(deadline_s.saturating_mul(1000));
        if deadline > self.now {
            self.look_again(deadline);
            return None;
        }
        Ending::failure("DeadlineExceeded", "Job was active longer than specified deadline")
    }

    fn restarted_too_often(&self) -> bool {
        let alive = self.pods.iter().filter(|pod| matches!(pod.pod().phase.as_str(), "Running" | "Pending"));
        let restarts: i64 = alive.map(|pod| pod.pod().job().restarts).sum();
        self.spec.restarts_containers && restarts >= self.spec.backoff_limit.max(1)
    }

    fn look_again(&mut self, at: Timestamp) {
        self.plan.requeue_at = self.plan.requeue_at.map_or(Some(at), |known| Some(known.min(at)));
    }

    /// JOB-71, JOB-74, JOB-77, JOB-86.
    fn judge_indexes(&mut self) {
        let spec = self.spec;
        // JOB-41: one that went with a failing Job stays a failure, whatever it ends with.
        let is_success = |pod: &&Arc<Object>| pod.pod().phase == "Succeeded" && !self.status.uncounted.failed.contains(&pod.uid);
        let done = self.uncounted().filter(is_success);
        self.succeeded_indexes = self.recorded_indexes.with(done.filter_map(|pod| spec.index_of(pod)));
        self.succeeded = self.succeeded_indexes.total();
        if let Some(known) = &self.failed_indexes {
            // JOB-78: pods that the failure itself removed say nothing about their indexes.
            let is_over = self.ending.as_ref().is_some_and(|ending| ending.recorded);
            let lost = self.uncounted().filter(|pod| !is_over && spec.has_failed(pod) && spec.fails_index(pod));
            let failed = known.with(lost.filter_map(|pod| spec.index_of(pod)));
            if self.ending.is_none() {
                self.ending = failed_indexes(spec, failed.total(), self.succeeded);
            }
            self.failed_indexes = Some(failed);
            self.find_replaced();
        }
        if self.ending.is_none()
            && let Some(at) = spec.success_rules.iter().position(|rule| rule.is_met(&self.succeeded_indexes))
        {
            self.ending = Ending::success("SuccessPolicy", &format!("Matched rules at index {at}"));
        }
    }

    /// JOB-75.
    fn find_replaced(&mut self) {
        let spec = self.spec;
        let active: BTreeSet<i64> = self.active.iter().filter_map(|pod| spec.index_of(pod)).collect();
        let order = |pod: &Object| {
            let facts = pod.pod().job();
            (facts.failures + facts.ignored_failures, finished_at(pod))
        };
        for pod in self.uncounted().filter(|pod| spec.has_failed(pod)) {
            let Some(index) = spec.index_of(pod) else { continue };
            let has_failed = self.failed_indexes.as_ref().is_some_and(|failed| failed.has(index));
            if active.contains(&index) || has_failed || self.succeeded_indexes.has(index) {
                continue;
            }
            let last = self.replaced.entry(index).or_insert_with(|| Arc::clone(pod));
            if order(last) <= order(pod) {
                *last = Arc::clone(pod);
            }
        }
    }

    /// Removes pods of a Job that ends, else makes and removes as many as it wants.
    fn act(&mut self) {
        self.status.active = number(self.active.len());
        self.status.ready = number(self.active.iter().filter(|pod| pod.pod().ready).count());
        self.status.terminating = number(self.pods.iter().filter(|pod| pod.deleting.is_some() && !pod.pod().terminal()).count());
        match self.ending.clone() {
            Some(Ending { kind: EndingKind::Failure, .. }) => self.remove(&self.active.clone()), // JOB-40
            // They are not to count as failed, so their finalizers go first, and that the Job succeeds is on record before.
            Some(Ending { recorded: true, .. }) => self.discard(&self.active.clone()),
            Some(_) => {}
            None => {
                let managed = self.job.deleting.is_none();
                if managed {
                    self.manage();
                }
                let is_complete = match self.spec.completions {
                    None => self.succeeded > 0, // JOB-47
                    Some(completions) => self.succeeded >= completions,
                };
                if is_complete && self.status.active == 0 {
                    self.ending = Ending::success("CompletionsReached", "Reached expected number of succeeded pods"); // JOB-43
                } else if managed {
                    self.note_suspension();
                }
            }
        }
    }

    /// JOB-60..62.
    fn note_suspension(&mut self) {
        let regarding = self.job.reference();
        let event = |reason: &'static str, message: &str| Some(Event::normal(regarding.clone(), reason, message));
        if self.spec.suspended {
            if self.status.set((SUSPENDED, "True"), ("JobSuspended", "Job suspended"), self.now) {
                self.event = event("Suspended", "Job suspended");
            }
            self.status.started = None;
        } else if self.status.set((SUSPENDED, "False"), ("JobResumed", "Job resumed"), self.now) {
            self.event = event("Resumed", "Job resumed");
            self.status.started = Some(self.now.rfc3339());
        }
    }

    fn manage(&mut self) {
        let active = self.active.len();
        if self.spec.suspended {
            self.plan.because("it is suspended");
            return self.discard(&self.active.clone()); // JOB-60
        }
        let parallelism = usize::try_from(self.spec.parallelism).unwrap_or(0);
        // JOB-25
        let wanted = match self.spec.completions {
            None if self.succeeded > 0 => active,
            None => parallelism,
            Some(completions) => usize::try_from(completions - self.succeeded).unwrap_or(0).min(parallelism),
        };
        let going = pods::surplus(self.spec, &self.active, active.saturating_sub(wanted));
        if !going.is_empty() {
            self.plan.because(format!("{} pods more than {wanted}", going.len()));
            return self.discard(&going);
        }
        // JOB-27, JOB-87
        let present = if self.spec.replaces_failed_only { self.status.terminating } else { 0 };
        let missing = wanted.saturating_sub(active).saturating_sub(usize::try_from(present).unwrap_or(0));
        if missing > 0 {
            self.make(missing.min(BURST_MAX));
        }
    }

    fn make(&mut self, missing: usize) {
        let (job, spec) = (self.job, self.spec);
        if spec.backoff_limit_per_index.is_none()
            && let Some(at) = self.failures.next_at(self.now).filter(|at| *at > self.now)
        {
            self.plan.because(format!("waiting: {missing} pods are made once the back-off is over, at {}", at.rfc3339()));
            return self.look_again(at);
        }
        let template = pods::template(job, spec);
        let creations: Vec<Effect> = match spec.indexed {
            false => vec![pods::create(job, &template); missing],
            true => {
                let indexes = self.indexes_to_make(missing);
                let create = |index: &i64| pods::create_indexed(job, spec, &template, *index, self.replaced.get(index));
                indexes.iter().map(create).collect()
            }
        };
        if !creations.is_empty() {
            self.plan.because(format!("{} pods are missing", creations.len()));
            self.status.active += number(creations.len());
            self.plan.step_at(Pace::SlowStart, creations);
        }
    }

    /// The lowest indexes without a pod, those that wait left out (JOB-70, JOB-76).
    fn indexes_to_make(&mut self, missing: usize) -> Vec<i64> {
        let spec = self.spec;
        let is_there = |pod: &&Arc<Object>| {
            let terminates = pod.deleting.is_some() && !pod.pod().terminal();
            is_active(pod) || (spec.replaces_failed_only && terminates)
        };
        let mut taken = self.succeeded_indexes.with(self.pods.iter().filter(is_there).filter_map(|pod| spec.index_of(pod)));
        if let Some(failed) = &self.failed_indexes {
            taken = taken.and(failed);
        }
        let mut now = Vec::new();
        for index in taken.missing(spec.indexes()).take(missing) {
            match self.replaced.get(&index).map(|pod| backoff::next_of_index(pod, self.now)).filter(|at| *at > self.now) {
                None => now.push(index),
                Some(at) => {
                    self.plan.because(format!("waiting: index {index} is tried again at {}", at.rfc3339()));
                    self.look_again(at);
                }
            }
        }
        now
    }

    /// Deletes pods, which count.
    fn remove(&mut self, pods: &[Arc<Object>]) {
        self.plan.step_at(Pace::SlowStart, pods.iter().map(|pod| delete(self.job, pod)).collect());
        let is_bound = |pod: &&Arc<Object>| !pod.pod().node.is_empty();
        self.status.active -= number(pods.len());
        self.status.terminating += number(pods.iter().filter(is_bound).count());
        self.status.ready -= number(pods.iter().filter(|pod| pod.pod().ready).count());
    }

    /// Deletes pods that are not to count (JOB-26).
    fn discard(&mut self, pods: &[Arc<Object>]) {
        let pods = &pods[..pods.len().min(BURST_MAX)];
        let tracked = pods.iter().filter(|pod| pod.has_finalizer(TRACKING));
        self.plan.step_at(Pace::SlowStart, tracked.map(|pod| release_finalizer(pod, TRACKING)).collect());
        self.remove(pods);
    }

    /// JOB-22: takes the next step with each pod that has ended, and writes the status.
    fn track(&mut self) {
        let mut steps = Tracking::default();
        let mut pods: Vec<&Arc<Object>> = self.uncounted().collect();
        pods.sort_by_key(|pod| (self.spec.index_of(pod), &pod.key.name));
        for pod in pods {
            if steps.uncounted.len() + self.status.uncounted.len() + steps.indexes >= UNCOUNTED_MAX || !self.may_release(pod) {
                steps.kept.insert(pod.uid.clone());
                continue;
            }
            let is_new = self.record(pod, &mut steps);
            let is_announced = self.ending.as_ref().is_none_or(|ending| ending.recorded);
            if is_new || !is_announced {
                steps.kept.insert(pod.uid.clone());
            } else {
                steps.released.push(Arc::clone(pod));
            }
        }
        self.plan.step_at(Pace::SlowStart, steps.released.iter().map(|pod| release_finalizer(pod, TRACKING)).collect());
        self.write(steps);
    }

    /// Whether nothing is to be learnt from this pod any more.
    fn may_release(&self, pod: &Arc<Object>) -> bool {
        let is_over = self.job.deleting.is_some() || self.ending.is_some();
        if is_over || pod.pod().phase == "Succeeded" {
            return true;
        }
        let is_replaced_later = || self.replaced.values().any(|replaced| replaced.uid == pod.uid);
        self.spec.has_failed(pod) && !is_replaced_later()
    }

    /// Notes what counts of a pod; false: it is on record, or does not count.
    fn record(&self, pod: &Arc<Object>, steps: &mut Tracking) -> bool {
        let known = &self.status.uncounted;
        if pod.pod().phase == "Succeeded" && !known.failed.contains(&pod.uid) {
            if self.spec.indexed {
                let is_new = self.spec.index_of(pod).is_some_and(|index| !self.recorded_indexes.has(index));
                steps.indexes += usize::from(is_new);
                return is_new;
            }
            let is_new = !known.succeeded.contains(&pod.uid);
            steps.uncounted.succeeded.extend(is_new.then(|| pod.uid.clone()));
            return is_new;
        }
        // JOB-41
        let fails = self.ending.as_ref().is_some_and(|ending| ending.kind == EndingKind::Failure);
        let counts = (fails || self.spec.has_failed(pod)) && self.spec.counts(pod) && !self.spec.is_ignored(pod);
        let is_new = counts && !known.failed.contains(&pod.uid);
        steps.uncounted.failed.extend(is_new.then(|| pod.uid.clone()));
        is_new
    }

    fn write(&mut self, steps: Tracking) {
        let mut failed = Status::of(self.job);
        failed.conditions.clone_from(&self.status.conditions);
        failed.started.clone_from(&self.status.started);
        self.count(&steps);
        if let Some(ending) = self.ending.clone() {
            self.conclude(&ending, &steps);
        }
        let event = self.event.take();
        self.plan.finally.extend(self.status.write(self.job, event.clone()));
        if !self.plan.steps.is_empty() {
            // What was seen, not what should have come of it.
            let seen = |is: &dyn Fn(&Object) -> bool| number(self.pods.iter().filter(|pod| is(pod)).count());
            failed.active = number(self.active.len());
            failed.ready = seen(&|pod| is_active(pod) && pod.pod().ready);
            failed.terminating = seen(&|pod| pod.deleting.is_some() && !pod.pod().terminal());
            self.plan.finally_failed = Some(failed.write(self.job, event).into_iter().collect());
        }
    }

    fn count(&mut self, steps: &Tracking) {
        let status = &mut self.status;
        let pending = |uids: &mut Vec<String>| {
            let before = uids.len();
            uids.retain(|uid| steps.kept.contains(uid));
            number(before - uids.len())
        };
        status.succeeded += pending(&mut status.uncounted.succeeded);
        status.failed += pending(&mut status.uncounted.failed);
        status.uncounted.succeeded.extend(steps.uncounted.succeeded.iter().cloned());
        status.uncounted.failed.extend(steps.uncounted.failed.iter().cloned());
        if self.spec.indexed {
            status.succeeded = self.succeeded_indexes.total();
            status.completed_indexes = self.succeeded_indexes.to_string();
            status.failed_indexes = self.failed_indexes.as_ref().map(Indexes::to_string);
        }
    }

    /// JOB-40, JOB-43: announces the end, and states it once nothing is left to count or to wait for.
    fn conclude(&mut self, ending: &Ending, steps: &Tracking) {
        let (announcement, statement) = ending.conditions();
        let text = (ending.reason.as_str(), ending.message.as_str());
        if !ending.recorded {
            self.status.set((announcement, "True"), text, self.now);
            return;
        }
        let is_settled = self.status.uncounted.len() == 0 && steps.kept.is_empty() && self.status.active == 0;
        if !is_settled || self.status.terminating > 0 {
            self.plan.because("waiting: its last pods are going");
            return;
        }
        self.status.set((statement, "True"), text, self.now);
        self.plan.requeue_at = None;
        let regarding = self.job.reference();
        self.event = Some(match ending.kind {
            EndingKind::Failure => Event::warning(regarding, event_reason(&ending.reason), ending.message.clone()),
            EndingKind::Success => {
                // After the clock was put back, too, the end is not before the beginning: the server refuses that.
                let started = self.status.started.clone().unwrap_or_default();
                self.status.completed = Some(self.now.rfc3339().max(started));
                if self.spec.completions.is_some_and(|completions| self.status.succeeded > completions) {
                    let text = "Too many succeeded pods running after completion count reached"; // JOB-49
                    self.plan.events.push(Event::warning(regarding.clone(), "TooManySucceededPods", text));
                }
                Event::normal(regarding, "Completed", "Job completed")
            }
        });
    }
}

/// What is done with the pods that carry the finalizer.
#[derive(Debug, Default)]
struct Tracking {
    /// Uids of those that keep it.
    kept: BTreeSet<String>,
    released: Vec<Arc<Object>>,
    /// Newly on record.
    uncounted: super::status::Uncounted,
    indexes: usize,
}

/// JOB-77.
fn failed_indexes(spec: &Spec, failed: i64, succeeded: i64) -> Option<Ending> {
    if spec.max_failed_indexes.is_some_and(|most| failed > most) {
        return Ending::failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
    }
    if failed > 0 && failed + succeeded >= spec.indexes() {
        return Ending::failure("FailedIndexes", "Job has failed indexes");
    }
    None
}

/// The reason of a failure's event; another one than these was written by somebody else.
fn event_reason(reason: &str) -> &'static str {
    const REASONS: [&str; 5] =
        ["PodFailurePolicy", "BackoffLimitExceeded", "DeadlineExceeded", "MaxFailedIndexesExceeded", "FailedIndexes"];
    REASONS.into_iter().find(|known| *known == reason).unwrap_or("JobFailed")
}

fn number(count: usize) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
