//! A Job's status: what it says, what is changed of it, and how that is written. Pure.

use crate::object::Object;
use crate::plan::{Call, Effect, Event, Patch};
use stead_api::{Map, Value, json, time::Timestamp, value::Access};
use stead_client::resource::JOBS;

pub const COMPLETE: &str = "Complete";
pub const FAILED: &str = "Failed";
pub const FAILURE_TARGET: &str = "FailureTarget";
pub const SUCCESS_CRITERIA_MET: &str = "SuccessCriteriaMet";
pub const SUSPENDED: &str = "Suspended";

/// A status, as it was or as it becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    pub active: i64,
    pub ready: i64,
    pub terminating: i64,
    pub succeeded: i64,
    pub failed: i64,
    pub uncounted: Uncounted,
    pub conditions: Vec<Value>,
    pub started: Option<String>,
    pub completed: Option<String>,
    pub completed_indexes: String,
    pub failed_indexes: Option<String>,
}

/// Uids of pods that ended, whose finalizer goes before they are counted (JOB-22).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uncounted {
    pub succeeded: Vec<String>,
    pub failed: Vec<String>,
}

impl Uncounted {
    pub fn len(&self) -> usize {
        self.succeeded.len() + self.failed.len()
    }
}

/// The condition of this type, if it is True.
pub fn holds<'a>(job: &'a Object, ty: &str) -> Option<&'a Value> {
    job.status().items("conditions").iter().find(|c| c.str("type") == ty && c.str("status") == "True")
}

/// JOB-16.
pub fn is_finished(job: &Object) -> bool {
    holds(job, COMPLETE).or_else(|| holds(job, FAILED)).is_some()
}

impl Status {
    pub fn of(job: &Object) -> Self {
        let status = job.status();
        let number = |name: &str| status.int(name).unwrap_or(0);
        let text = |name: &str| status.get(name).and_then(Value::as_str).map(str::to_owned);
        let uids = |name: &str| -> Vec<String> {
            status["uncountedTerminatedPods"].items(name).iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self {
            active: number("active"),
            ready: number("ready"),
            terminating: number("terminating"),
            succeeded: number("succeeded"),
            failed: number("failed"),
            uncounted: Uncounted { succeeded: uids("succeeded"), failed: uids("failed") },
            conditions: status.items("conditions").to_vec(),
            started: text("startTime"),
            completed: text("completionTime"),
            completed_indexes: text("completedIndexes").unwrap_or_default(),
            failed_indexes: text("failedIndexes"),
        }
    }

    /// Sets a condition (JOB-44, ALL-14); false: it was so.
    pub fn set(&mut self, (ty, status): (&str, &str), (reason, message): (&str, &str), now: Timestamp) -> bool {
        let known = self.conditions.iter_mut().find(|condition| condition.str("type") == ty);
        let same = |c: &Value| c.str("status") == status && c.str("reason") == reason && c.str("message") == message;
        let condition = json!({
            "type": ty, "status": status, "lastProbeTime": now.rfc3339(), "lastTransitionTime": now.rfc3339(),
            "reason": reason, "message": message,
        });
        match known {
            Some(known) if same(known) => return false,
            Some(known) => *known = condition,
            None if status == "False" => return false,
            None => self.conditions.push(condition),
        }
        true
    }

    fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        for (name, number) in [("active", self.active), ("succeeded", self.succeeded), ("failed", self.failed)] {
            put(name, if number == 0 { Value::Null } else { number.into() });
        }
        put("ready", self.ready.into());
        put("terminating", self.terminating.into());
        let uids = |uids: &[String]| -> Value {
            if uids.is_empty() { Value::Null } else { uids.iter().map(|uid| Value::from(uid.as_str())).collect() }
        };
        put("uncountedTerminatedPods", json!({"succeeded": uids(&self.uncounted.succeeded), "failed": uids(&self.uncounted.failed)}));
        put("conditions", if self.conditions.is_empty() { Value::Null } else { self.conditions.clone().into() });
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
        put("startTime", text(&self.started));
        put("completionTime", text(&self.completed));
        put("completedIndexes", if self.completed_indexes.is_empty() { Value::Null } else { self.completed_indexes.as_str().into() });
        put("failedIndexes", text(&self.failed_indexes));
        members
    }

    /// Writes it if the Job's differs.
    pub fn write(&self, job: &Object, event: Option<Event>) -> Option<Effect> {
        let is_whole = ["ready", "terminating", "uncountedTerminatedPods"].iter().all(|member| job.status().has(member));
        if *self == Self::of(job) && is_whole {
            return None;
        }
        let body = json!({"metadata": {"resourceVersion": job.version.to_string()}, "status": Value::Object(self.members())});
        let call = Call::Patch { resource: JOBS, key: job.key.clone(), subresource: "status", patch: Patch::Merge(body) };
        Some(Effect { on_success: event, ..Effect::new(call) }.tolerating(&["NotFound"]))
    }
}
