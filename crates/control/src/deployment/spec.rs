//! A Deployment's spec as its controller reads it: parsed once per look, percentages resolved.

use crate::amount::{self, Rounded};
use crate::object::Object;
use std::sync::Arc;
use stead_api::selector::LabelSelector;
use stead_api::{Value, value::Access};

/// A number of pods or seconds that stands for no limit.
const NO_LIMIT: i64 = i32::MAX as i64;

/// A parsed Deployment.
#[derive(Debug, Clone)]
pub struct Spec {
    pub object: Arc<Object>,
    pub replicas: i64,
    pub paused: bool,
    pub strategy: Strategy,
    pub min_ready_s: i64,
    /// `None` keeps every old set (DEP-70).
    pub revision_history_limit: Option<usize>,
    /// `None`: progress is not watched (DEP-82).
    pub progress_deadline_s: Option<i64>,
    pub selector: LabelSelector,
    pub generation: i64,
}

/// How pods are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    Recreate,
    /// In numbers of pods (DEP-30).
    RollingUpdate {
        max_surge: i64,
        max_unavailable: i64,
    },
}

impl Spec {
    pub fn parse(object: Arc<Object>) -> Self {
        let spec = object.spec();
        let replicas = spec.int("replicas").unwrap_or(1);
        let limited = |name: &str, default: i64| Some(spec.int(name).unwrap_or(default)).filter(|n| *n != NO_LIMIT);
        Self {
            replicas,
            paused: spec.flag("paused"),
            strategy: strategy(&spec["strategy"], replicas),
            min_ready_s: spec.int("minReadySeconds").unwrap_or(0),
            revision_history_limit: limited("revisionHistoryLimit", 10).and_then(|n| usize::try_from(n).ok()),
            progress_deadline_s: limited("progressDeadlineSeconds", 600),
            selector: object.selector(),
            generation: object.value["metadata"].int("generation").unwrap_or(0),
            object,
        }
    }

    pub fn template(&self) -> &Value {
        &self.object.spec()["template"]
    }

    /// Pods that there may be beyond `replicas`.
    pub fn max_surge(&self) -> i64 {
        match self.strategy {
            Strategy::Recreate => 0,
            Strategy::RollingUpdate { max_surge, .. } => max_surge,
        }
    }

    /// Pods of `replicas` that may be missing.
    pub fn max_unavailable(&self) -> i64 {
        match self.strategy {
            Strategy::Recreate => 0,
            Strategy::RollingUpdate { max_unavailable, .. } => max_unavailable,
        }
    }
}

/// DEP-30.
fn strategy(strategy: &Value, replicas: i64) -> Strategy {
    if strategy.str("type") == "Recreate" {
        return Strategy::Recreate;
    }
    let rolling = &strategy["rollingUpdate"];
    let max_surge = amount::of(&rolling["maxSurge"], replicas, Rounded::Up);
    let mut max_unavailable = amount::of(&rolling["maxUnavailable"], replicas, Rounded::Down);
    if max_surge == 0 && max_unavailable == 0 {
        max_unavailable = 1;
    }
    let max_unavailable = if replicas == 0 { 0 } else { max_unavailable.min(replicas) };
    Strategy::RollingUpdate { max_surge, max_unavailable }
}
