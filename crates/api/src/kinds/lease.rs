//! Lease: who holds a lock, and until when.

use super::columns;
use crate::{
    Value,
    field::{Errors, Path, forbidden, invalid},
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part},
    schema::generated::COORDINATION_V1_LEASE,
    time::{Timestamp, age},
    value::Access,
};

pub static LEASE: Kind = Kind {
    group: "coordination.k8s.io",
    version: "v1",
    kind: "Lease",
    plural: "leases",
    singular: "lease",
    short_names: &[],
    categories: &[],
    namespaced: true,
    schema: &COORDINATION_V1_LEASE,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: true,
    unconditional_update: false,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&Lease),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::text(
        "Holder",
        "holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is \
                      used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.",
    ),
    columns::AGE,
];

#[derive(Debug)]
struct Lease;

/// Namespace of the Leases by which nodes say that they live.
const NODE_LEASES: &str = "kube-node-lease";

impl Hooks for Lease {
    fn is_heartbeat(&self, object: &Value, _old: Option<&Value>) -> bool {
        object["metadata"].str("namespace") == NODE_LEASES
    }

    fn prepare_create(&self, object: &mut Value) {
        drop_gated(object, None);
    }

    fn prepare_update(&self, _part: Part, object: &mut Value, old: &Value) -> Generation {
        drop_gated(object, Some(old));
        Generation::Keep
    }

    fn validate(&self, object: &Value) -> Errors {
        let mut errors = Errors::new();
        let (spec, path) = (&object["spec"], Path::new("spec"));
        if let Some(seconds) = spec.int("leaseDurationSeconds").filter(|s| *s <= 0) {
            errors.push(invalid(&path.child("leaseDurationSeconds"), seconds, "must be greater than 0"));
        }
        if let Some(count) = spec.int("leaseTransitions").filter(|n| *n < 0) {
            errors.push(invalid(&path.child("leaseTransitions"), count, "must be greater than or equal to 0"));
        }
        if !spec.str("preferredHolder").is_empty() && spec.str("strategy").is_empty() {
            errors.push(forbidden(&path.child("preferredHolder"), "can only be specified if strategy is defined"));
        }
        errors
    }

    fn qualified_finalizers(&self) -> bool {
        false
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let name = object["metadata"].str("name");
        vec![name.into(), object["spec"].str("holderIdentity").into(), age(object, now).into()]
    }
}

/// Fields of coordinated leader election, which is off, are dropped unless the object has them already.
fn drop_gated(object: &mut Value, old: Option<&Value>) {
    for name in ["strategy", "preferredHolder"] {
        if !old.is_some_and(|old| old["spec"].has(name))
            && let Some(spec) = object.get_mut("spec")
        {
            spec.drop(name);
        }
    }
}
