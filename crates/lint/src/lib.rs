//! What is wrong with manifests though the API takes them, and what the API will say of them. Input: an object, and what else there is in
//! the cluster and in the other manifests. Output: findings, each with its rule, place, and the mend in one line. Pure: no I/O, no clock.

mod availability;
mod containers;
mod findings;
mod identity;
mod objects;
mod places;
mod references;
mod rules;
mod storage;
mod updates;
mod variables;
mod workload;
mod written;

pub use findings::{Finding, ObjectName};
pub use objects::Objects;
pub use rules::{RULES, Rule, rule};
pub use written::{Unreadable, canonical};

use findings::Findings;
use std::sync::Arc;
use stead_api::Value;
use workload::Workload;

/// What there is beside the object that is looked at.
pub trait Known {
    fn find(&self, kind: &'static str, namespace: &str, name: &str) -> Option<Arc<Value>>;
    /// Those of a namespace; empty: all there are.
    fn list(&self, kind: &'static str, namespace: &str) -> Vec<Arc<Value>>;
}

/// Kinds of which [`Known`] is asked.
pub const ASKED: &[&str] = &[
    "ConfigMap",
    "LimitRange",
    "Node",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "Secret",
    "Service",
    "ServiceAccount",
    "StorageClass",
];

/// Everything to be said of an object in canonical form, with its defaults. Kinds without pods have nothing.
pub fn check(object: &Value, namespace: &str, known: &dyn Known) -> Vec<Finding> {
    let Some(workload) = Workload::of(object, namespace) else { return Vec::new() };
    let mut findings = Findings::new(object, namespace);
    if workload.is_set() {
        identity::check(&workload, known, &mut findings);
        storage::check(&workload, known, &mut findings);
        updates::check(&workload, &mut findings);
    }
    references::check(&workload, known, &mut findings);
    variables::check(&workload, known, &mut findings);
    containers::check(&workload, known, &mut findings);
    availability::check(&workload, known, &mut findings);
    findings.into_list()
}

#[cfg(test)]
mod tests;
