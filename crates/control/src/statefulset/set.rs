//! A StatefulSet's spec and status as its controller reads them: parsed once per look, with defaults where a server gave none.

use crate::object::Object;
use std::sync::Arc;
use stead_api::selector::LabelSelector;
use stead_api::{Value, json, value::Access};

/// A parsed StatefulSet.
#[derive(Debug, Clone)]
pub struct Set {
    pub object: Arc<Object>,
    /// spec.replicas.
    pub replicas: i64,
    /// The first ordinal.
    pub start: i64,
    pub parallel: bool,
    pub strategy: Strategy,
    pub min_ready_s: i64,
    /// Negative keeps every revision.
    pub revision_history_limit: i64,
    pub selector: LabelSelector,
    pub generation: i64,
}

/// spec.updateStrategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    OnDelete,
    /// `None`: type RollingUpdate without `rollingUpdate`.
    RollingUpdate(Option<Rolling>),
    /// A type that is not known here.
    Unknown(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rolling {
    /// Slots below it stay at the current revision.
    pub partition: i64,
    pub max_unavailable: Option<MaxUnavailable>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxUnavailable {
    Count(i64),
    Percent(i64),
}

impl Set {
    /// The owner reference of what it makes (ID-5).
    pub fn owner_reference(&self) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "name": self.name(), "uid": self.object.uid,
            "controller": true, "blockOwnerDeletion": true,
        })
    }

    pub fn parse(object: Arc<Object>) -> Self {
        let spec = object.spec();
        Self {
            replicas: spec.int("replicas").unwrap_or(1).max(0),
            start: spec.get("ordinals").and_then(|o| o.int("start")).unwrap_or(0),
            parallel: spec.str("podManagementPolicy") == "Parallel",
            strategy: strategy(spec.get("updateStrategy").unwrap_or(&Value::Null)),
            min_ready_s: spec.int("minReadySeconds").unwrap_or(0),
            revision_history_limit: spec.int("revisionHistoryLimit").unwrap_or(10),
            selector: LabelSelector::from_object(spec.get("selector")),
            generation: object.value["metadata"].int("generation").unwrap_or(0),
            object,
        }
    }

    pub fn name(&self) -> &str {
        &self.object.key.name
    }

    pub fn template(&self) -> &Value {
        &self.object.spec()["template"]
    }

    pub fn claim_templates(&self) -> &[Value] {
        self.object.spec().items("volumeClaimTemplates")
    }

    /// The slot of an ordinal, if it is in range.
    pub fn slot(&self, ordinal: i32) -> Option<i64> {
        let slot = i64::from(ordinal) - self.start;
        (0..self.replicas).contains(&slot).then_some(slot)
    }

    /// `<set>-<ordinal>` (ID-1).
    pub fn pod_name(&self, slot: i64) -> String {
        format!("{}-{}", self.name(), self.start + slot)
    }

    /// Slots below it are not updated (UPD-5).
    pub fn partition(&self) -> i64 {
        match &self.strategy {
            Strategy::RollingUpdate(Some(rolling)) => rolling.partition,
            Strategy::RollingUpdate(None) | Strategy::OnDelete | Strategy::Unknown(_) => 0,
        }
    }

    /// How many slots may be unavailable during an update (RU-1).
    pub fn max_unavailable(&self) -> i64 {
        let asked = match &self.strategy {
            Strategy::RollingUpdate(Some(rolling)) => rolling.max_unavailable,
            Strategy::RollingUpdate(None) | Strategy::OnDelete | Strategy::Unknown(_) => None,
        };
        match asked {
            None => 1,
            Some(MaxUnavailable::Count(count)) => count,
            Some(MaxUnavailable::Percent(percent)) => (self.replicas * percent / 100).max(1),
        }
    }
}

fn strategy(value: &Value) -> Strategy {
    match value.str("type") {
        "OnDelete" => Strategy::OnDelete,
        "RollingUpdate" | "" => Strategy::RollingUpdate(value.get("rollingUpdate").filter(|v| !v.is_null()).map(rolling)),
        other => Strategy::Unknown(other.to_owned()),
    }
}

fn rolling(value: &Value) -> Rolling {
    let max_unavailable = match value.get("maxUnavailable") {
        Some(Value::String(text)) => text.strip_suffix('%').and_then(|n| n.parse().ok()).map(MaxUnavailable::Percent),
        Some(Value::Number(number)) => number.as_i64().map(MaxUnavailable::Count),
        _ => None,
    };
    Rolling { partition: value.int("partition").unwrap_or(0), max_unavailable }
}
