//! One sync of a CronJob (CJ-1..16): what its Jobs have come to, the slot that is due, the history. Pure.
//!
//! A Job is made under the name of its slot and is in the status only after it has been seen, so that no crash makes it twice.

use super::schedule::{Problem, Timetable};
use crate::job::{COMPLETE, FAILED, holds, is_finished};
use crate::object::Object;
use crate::plan::{Call, DeleteOptions, Effect, Event, Patch, Plan};
use std::sync::Arc;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::NAMESPACE_TERMINATING;
use stead_client::resource::{CRON_JOBS, JOBS};

const SCHEDULED_AT: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/// CJ-2: how long after a slot it is looked for.
const DELAY_MS: i64 = 100;

/// Input of the plan.
pub struct Observed<'a> {
    pub cron_job: &'a Arc<Object>,
    /// Those that it controls.
    pub jobs: Vec<Arc<Object>>,
    /// Names of the active ones that are there, whosever they are.
    pub present: Vec<String>,
    pub now: Timestamp,
}

/// What to do about a CronJob.
pub fn plan(observed: &Observed) -> Plan {
    let status = observed.cron_job.status();
    let time = |name: &str| Timestamp::parse(status.str(name));
    let mut sync = Sync {
        cron_job: observed.cron_job,
        jobs: &observed.jobs,
        present: &observed.present,
        now: observed.now,
        active: status.items("active").to_vec(),
        last: time("lastScheduleTime"),
        last_successful: time("lastSuccessfulTime"),
        plan: Plan::default(),
        replaced: Vec::new(),
        starts: Vec::new(),
    };
    sync.note_jobs();
    if sync.cron_job.deleting.is_none() {
        sync.start_due();
    }
    sync.finish()
}

struct Sync<'a> {
    cron_job: &'a Arc<Object>,
    jobs: &'a [Arc<Object>],
    present: &'a [String],
    now: Timestamp,
    /// References to Jobs.
    active: Vec<Value>,
    last: Option<Timestamp>,
    last_successful: Option<Timestamp>,
    plan: Plan,
    /// Deletions of active Jobs, before the status is written without them: what is not in it is not looked for any more.
    replaced: Vec<Effect>,
    /// What the due slot asks for, after the status is written.
    starts: Vec<Effect>,
}

impl Sync<'_> {
    fn normal(&mut self, reason: &'static str, message: String) {
        self.plan.events.push(Event::normal(self.cron_job.reference(), reason, message));
    }

    fn warning(&mut self, reason: &'static str, message: String) {
        self.plan.events.push(Event::warning(self.cron_job.reference(), reason, message));
    }

    /// CJ-10, CJ-11.
    fn note_jobs(&mut self) {
        let jobs = self.jobs;
        let mut jobs: Vec<&Arc<Object>> = jobs.iter().collect();
        jobs.sort_by_key(|job| (slot(self.cron_job, job), &job.key.name));
        for job in &jobs {
            let (name, finished) = (&job.key.name, is_finished(job));
            // Made by the last sync.
            let is_new = slot(self.cron_job, job).filter(|slot| self.last.is_none_or(|last| *slot > last));
            let is_active = self.active.iter().any(|active| active.str("uid") == job.uid);
            if let Some(slot) = is_new {
                self.last = Some(slot);
                if !finished && !is_active {
                    self.active.push(reference(job));
                }
            } else if !is_active && !finished {
                let text = format!("Saw a job that the controller did not create or forgot: {name}");
                self.warning("UnexpectedJob", text);
            }
            if finished && (is_active || is_new.is_some()) {
                self.active.retain(|active| active.str("uid") != job.uid);
                let condition = if holds(job, COMPLETE).is_some() { COMPLETE } else { FAILED };
                self.normal("SawCompletedJob", format!("Saw completed job: {name}, condition: {condition}"));
            }
            if holds(job, COMPLETE).is_some() {
                self.last_successful = self.last_successful.max(Timestamp::parse(job.status().str("completionTime")));
            }
        }
        for gone in std::mem::take(&mut self.active) {
            if jobs.iter().any(|job| job.uid == gone.str("uid")) || self.present.iter().any(|name| name == gone.str("name")) {
                self.active.push(gone);
            } else {
                self.normal("MissingJob", format!("Active job went missing: {}", gone.str("name")));
            }
        }
    }

    /// CJ-2..9.
    fn start_due(&mut self) {
        let spec = self.cron_job.spec();
        let table = match Timetable::parse(spec.str("schedule"), spec.get("timeZone").and_then(Value::as_str)) {
            Ok(table) => table,
            Err(Problem::Zone(zone)) => {
                return self.warning("UnknownTimeZone", format!("invalid timeZone: {zone:?}: unknown time zone {zone}"));
            }
            Err(Problem::Schedule(why)) => {
                return self.warning("UnparseableSchedule", format!("unparseable schedule: {:?} : {why}", spec.str("schedule")));
            }
        };
        if spec.flag("suspend") {
            return self.plan.because("it is suspended"); // CJ-6
        }
        self.plan.requeue_at = table.next(self.now).map(|next| next.plus_millis(DELAY_MS));
        if let Some(next) = self.plan.requeue_at {
            self.plan.because(format!("waiting: the next slot is at {}", table.rfc3339(next)));
        }
        let deadline_s = spec.int("startingDeadlineSeconds");
        let earliest = deadline_s.map_or(Timestamp(i64::MIN), |deadline_s| self.now.plus_millis(deadline_s.saturating_mul(-1000)));
        let since = self.last.unwrap_or(self.cron_job.created).max(earliest);
        let Some(missed) = table.missed(since, self.now) else { return };
        if missed.too_many {
            let text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
            self.warning("TooManyMissedTimes", text.to_owned());
        }
        // CJ-4: never so, but for the fraction of a second that a deadline cuts off.
        if missed.latest < earliest {
            return;
        }
        match spec.str("concurrencyPolicy") {
            "Forbid" if !self.active.is_empty() => {
                let text = "Not starting job because prior execution is running and concurrency policy is Forbid";
                return self.normal("JobAlreadyActive", text.to_owned());
            }
            "Replace" => {
                let jobs = self.jobs.iter().filter(|job| self.active.iter().any(|active| active.str("uid") == job.uid));
                self.replaced.extend(jobs.map(|job| delete(self.cron_job, job)));
                self.active.clear();
            }
            _ => {}
        }
        self.plan.because(format!("the slot of {} is due", table.rfc3339(missed.latest)));
        self.starts.push(create(self.cron_job, &table, missed.latest));
    }

    fn finish(mut self) -> Plan {
        let mut effects = std::mem::take(&mut self.replaced);
        effects.extend(self.write());
        effects.append(&mut self.starts);
        effects.extend(self.trim());
        self.plan.step(effects);
        self.plan
    }

    /// CJ-12.
    fn trim(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (condition, limit) in [(COMPLETE, "successfulJobsHistoryLimit"), (FAILED, "failedJobsHistoryLimit")] {
            let Some(limit) = self.cron_job.spec().int(limit).and_then(|limit| usize::try_from(limit).ok()) else { continue };
            let ended = self.jobs.iter().filter(|job| job.deleting.is_none() && holds(job, condition).is_some());
            let mut ended: Vec<&Arc<Object>> = ended.collect();
            ended.sort_by_key(|job| (Timestamp::parse(job.status().str("startTime")), &job.key.name));
            let surplus = ended.len().saturating_sub(limit);
            effects.extend(ended.into_iter().take(surplus).map(|job| delete(self.cron_job, job)));
        }
        effects
    }

    fn write(&self) -> Option<Effect> {
        let old = self.cron_job.status();
        let time = |at: Option<Timestamp>| at.map_or(Value::Null, |at| at.rfc3339().into());
        let active = if self.active.is_empty() { Value::Null } else { Value::from(self.active.clone()) };
        let (last, successful) = (time(self.last), time(self.last_successful));
        let member = |name: &str| old.get(name).cloned().unwrap_or_default();
        if member("active") == active && member("lastScheduleTime") == last && member("lastSuccessfulTime") == successful {
            return None;
        }
        let body = json!({
            "metadata": {"resourceVersion": self.cron_job.version.to_string()},
            "status": {"active": active, "lastScheduleTime": last, "lastSuccessfulTime": successful},
        });
        let (key, patch) = (self.cron_job.key.clone(), Patch::Merge(body));
        Some(Effect::new(Call::Patch { resource: CRON_JOBS, key, subresource: "status", patch }).tolerating(&["NotFound"]))
    }
}

/// The slot that a Job was made for, if this CronJob made it.
fn slot(cron_job: &Object, job: &Object) -> Option<Timestamp> {
    let minutes: i64 = job.key.name.strip_prefix(&cron_job.key.name)?.strip_prefix('-')?.parse().ok()?;
    let at = Timestamp::parse(job.value["metadata"]["annotations"].str(SCHEDULED_AT))?;
    (at.seconds().div_euclid(60) == minutes).then_some(at)
}

fn reference(job: &Object) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "name": job.key.name, "namespace": job.key.namespace,
        "resourceVersion": job.version.to_string(), "uid": job.uid,
    })
}

/// CJ-1.
fn create(cron_job: &Object, table: &Timetable, slot: Timestamp) -> Effect {
    let template = &cron_job.spec()["jobTemplate"];
    let given = |member: &str| template["metadata"].map(member).cloned().map_or_else(|| json!({}), Value::Object);
    let mut annotations = given("annotations");
    annotations[SCHEDULED_AT] = table.rfc3339(slot).into();
    let name = format!("{}-{}", cron_job.key.name, slot.seconds().div_euclid(60));
    let body = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": name, "namespace": cron_job.key.namespace, "labels": given("labels"), "annotations": annotations,
            "ownerReferences": [cron_job.owner_reference()],
        },
        "spec": template["spec"],
    });
    let regarding = cron_job.reference();
    let effect = Effect {
        on_success: Some(Event::normal(regarding.clone(), "SuccessfulCreate", format!("Created job {name}"))),
        on_failure: Some(Event::warning(regarding, "FailedCreate", "Error creating job: {error}")),
        silent: &["AlreadyExists", NAMESPACE_TERMINATING],
        ..Effect::new(Call::create(JOBS, &cron_job.key.namespace, body))
    };
    effect.tolerating(&["AlreadyExists", NAMESPACE_TERMINATING])
}

fn delete(cron_job: &Object, job: &Object) -> Effect {
    let options = DeleteOptions { uid: Some(job.uid.clone()), propagation: Some("Background"), ..DeleteOptions::default() };
    let regarding = cron_job.reference();
    let effect = Effect {
        on_success: Some(Event::normal(regarding.clone(), "SuccessfulDelete", format!("Deleted job {}", job.key.name))),
        on_failure: Some(Event::warning(regarding, "FailedDelete", "Deleted job: {error}")),
        silent: &["NotFound"],
        ..Effect::new(Call::Delete { resource: JOBS, key: job.key.clone(), options })
    };
    effect.tolerating(&["NotFound"])
}
