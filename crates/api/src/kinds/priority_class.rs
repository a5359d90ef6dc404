//! PriorityClass: a named priority of pods. Only its labels, its description and whether it is the default may change.

use super::columns;
use crate::{
    Value,
    field::{self, Errors, Path},
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part},
    schema::generated::SCHEDULING_V1_PRIORITY_CLASS,
    time::{Timestamp, age},
    value::Access,
};

pub static PRIORITY_CLASS: Kind = Kind {
    group: "scheduling.k8s.io",
    version: "v1",
    kind: "PriorityClass",
    plural: "priorityclasses",
    singular: "priorityclass",
    short_names: &["pc"],
    categories: &[],
    namespaced: false,
    schema: &SCHEDULING_V1_PRIORITY_CLASS,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: false,
    stored_as: None,
    hooks: HooksRef::Static(&PriorityClass),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    Column { ty: "integer", ..columns::field("Value", &SCHEDULING_V1_PRIORITY_CLASS, "value") },
    Column { ty: "boolean", ..columns::field("Global-Default", &SCHEDULING_V1_PRIORITY_CLASS, "globalDefault") },
    columns::AGE,
    columns::field("PreemptionPolicy", &SCHEDULING_V1_PRIORITY_CLASS, "preemptionPolicy"),
];

/// The classes of every cluster: name, value, description.
pub const SYSTEM: [(&str, i64, &str); 2] = [
    (
        "system-cluster-critical",
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
    ("system-node-critical", 2_000_001_000, "Used for system critical pods that must not be moved from their current node."),
];
/// What pods do to others that they outrank, if their class does not say.
pub const DEFAULT_POLICY: &str = "PreemptLowerPriority";
const POLICIES: [&str; 2] = [DEFAULT_POLICY, "Never"];
/// The highest value outside of the system.
const USER_MAX: i64 = 1_000_000_000;

#[derive(Debug)]
struct PriorityClass;

impl Hooks for PriorityClass {
    fn default(&self, object: &mut Value) {
        object.default_to("preemptionPolicy", DEFAULT_POLICY);
    }

    fn prepare_create(&self, object: &mut Value) {
        object["metadata"]["generation"] = 1.into();
    }

    fn prepare_update(&self, _part: Part, _object: &mut Value, _old: &Value) -> Generation {
        Generation::Keep
    }

    fn validate(&self, object: &Value) -> Errors {
        let (name, value) = (object["metadata"].str("name"), object.int("value").unwrap_or_default());
        let mut errors = Errors::new();
        if name.starts_with("system-") {
            errors.extend(system_fault(name, value, object.flag("globalDefault")).map(|why| {
                let detail = format!("priority class names with 'system-' prefix are reserved for system use only. error: {why}");
                field::forbidden(&Path::new("metadata").child("name"), &detail)
            }));
        } else if value > USER_MAX {
            let detail = format!("maximum allowed value of a user defined priority is {USER_MAX}");
            errors.push(field::forbidden(&Path::new("value"), &detail));
        }
        let (policy, at) = (object.str("preemptionPolicy"), Path::new("preemptionPolicy"));
        match policy {
            "" => errors.push(field::required(&at, "")),
            policy if !POLICIES.contains(&policy) => errors.push(field::not_supported(&at, policy, &POLICIES)),
            _ => {}
        }
        errors
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        let mut errors = Errors::new();
        if object.int("value").unwrap_or_default() != old.int("value").unwrap_or_default() {
            errors.push(field::forbidden(&Path::new("value"), "may not be changed in an update."));
        }
        if object.get("preemptionPolicy") != old.get("preemptionPolicy") {
            errors.push(field::invalid(&Path::new("preemptionPolicy"), object.str("preemptionPolicy"), "field is immutable"));
        }
        errors
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![
            object["metadata"].str("name").into(),
            object.int("value").unwrap_or_default().into(),
            object.flag("globalDefault").into(),
            age(object, now).into(),
            object.str("preemptionPolicy").into(),
        ]
    }
}

/// Why an object is not one of the system's classes.
fn system_fault(name: &str, value: i64, is_default: bool) -> Option<String> {
    let Some((_, own, _)) = SYSTEM.iter().find(|(known, ..)| *known == name) else {
        return Some(format!("{name} is not a known system priority class"));
    };
    if value != *own {
        return Some(format!("value of {name} PriorityClass must be {own}"));
    }
    is_default.then(|| format!("globalDefault of {name} PriorityClass must be false"))
}
