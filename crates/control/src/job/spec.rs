//! What a Job asks for, read from its spec, and how it looks at its pods. Pure.

use super::indexes::Indexes;
use super::policy::{Action, FailurePolicy, Judgement, SuccessRule};
use crate::object::Object;
use stead_api::{Value, time::Timestamp, value::Access};

/// Finalizer of pods that have not been counted (JOB-4).
pub const TRACKING: &str = "batch.kubernetes.io/job-tracking";

#[derive(Debug, Clone)]
pub struct Spec {
    pub parallelism: i64,
    /// `None`: a work queue.
    pub completions: Option<i64>,
    pub indexed: bool,
    pub backoff_limit: i64,
    pub backoff_limit_per_index: Option<i64>,
    pub max_failed_indexes: Option<i64>,
    pub suspended: bool,
    pub deadline_s: Option<i64>,
    /// Only pods whose phase is Failed have failed and are replaced (JOB-19, JOB-87).
    pub replaces_failed_only: bool,
    /// restartPolicy OnFailure.
    pub restarts_containers: bool,
    pub failure_policy: Option<FailurePolicy>,
    pub success_rules: Vec<SuccessRule>,
}

impl Spec {
    pub fn parse(spec: &Value) -> Self {
        let completions = spec.int("completions");
        let policy = spec.get("podFailurePolicy").filter(|policy| !policy.is_null());
        let rules = spec["successPolicy"].items("rules").iter();
        Self {
            parallelism: spec.int("parallelism").unwrap_or(1),
            completions,
            indexed: spec.str("completionMode") == "Indexed",
            backoff_limit: spec.int("backoffLimit").unwrap_or(6),
            backoff_limit_per_index: spec.int("backoffLimitPerIndex"),
            max_failed_indexes: spec.int("maxFailedIndexes"),
            suspended: spec.flag("suspend"),
            deadline_s: spec.int("activeDeadlineSeconds"),
            replaces_failed_only: spec.str("podReplacementPolicy") == "Failed" || policy.is_some(),
            restarts_containers: spec["template"]["spec"].str("restartPolicy") == "OnFailure",
            failure_policy: policy.map(FailurePolicy::parse),
            success_rules: rules.map(|rule| SuccessRule::parse(rule, completions.unwrap_or(0))).collect(),
        }
    }

    /// spec.completions of an Indexed Job.
    pub fn indexes(&self) -> i64 {
        self.completions.unwrap_or(0)
    }

    /// The pod's index, if it is one of this Job's.
    pub fn index_of(&self, pod: &Object) -> Option<i64> {
        pod.pod().job().index.filter(|index| self.indexed && *index < self.indexes())
    }

    /// Whether what the pod does counts: in an Indexed Job it needs an index.
    pub fn counts(&self, pod: &Object) -> bool {
        !self.indexed || self.index_of(pod).is_some()
    }

    /// JOB-19, JOB-20, JOB-84.
    pub fn has_failed(&self, pod: &Object) -> bool {
        match pod.pod().phase.as_str() {
            "Failed" => true,
            "Succeeded" => false,
            _ => !self.replaces_failed_only && pod.deleting.is_some(),
        }
    }

    /// What a failed pod means.
    pub fn judge(&self, pod: &Object) -> Judgement {
        match &self.failure_policy {
            Some(policy) => policy.judge(pod),
            None => Judgement { action: Action::Count, message: None },
        }
    }

    pub fn is_ignored(&self, failed: &Object) -> bool {
        self.judge(failed).action == Action::Ignore
    }

    /// JOB-74: whether this failed pod was the last that its index may have.
    pub fn fails_index(&self, failed: &Object) -> bool {
        let limit = self.backoff_limit_per_index.unwrap_or(i64::MAX);
        match self.judge(failed).action {
            Action::FailIndex => true,
            Action::Ignore => false,
            Action::FailJob | Action::Count => failed.pod().job().failures >= limit,
        }
    }

    pub fn parse_indexes(&self, text: &str) -> Indexes {
        Indexes::parse(text, self.indexes())
    }
}

/// JOB-31.
pub fn finished_at(pod: &Object) -> Timestamp {
    let (facts, job) = (pod.pod(), pod.pod().job());
    let unready = facts.ready_since.filter(|_| !facts.ready);
    let deleted = pod.deleting.map(|at| at.plus_millis(-1000 * job.grace_period_s));
    job.finished.or(unready).or(deleted).unwrap_or(pod.created)
}
