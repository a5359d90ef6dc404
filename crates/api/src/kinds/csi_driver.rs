//! CSIDriver: what a storage driver can do and wants to be told. This version runs no such drivers: their objects are kept.

use super::columns;
use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part},
    schema::generated::{STORAGE_V1_CSI_DRIVER, STORAGE_V1_CSI_DRIVER_SPEC},
    time::{Timestamp, age},
    value::Access,
};
use std::collections::BTreeSet;

pub static CSI_DRIVER: Kind = Kind {
    group: "storage.k8s.io",
    version: "v1",
    kind: "CSIDriver",
    plural: "csidrivers",
    singular: "csidriver",
    short_names: &[],
    categories: &[],
    namespaced: false,
    schema: &STORAGE_V1_CSI_DRIVER,
    verbs: ALL_VERBS,
    subresources: &[],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: false,
    delete_returns_object: true,
    stored_as: None,
    hooks: HooksRef::Static(&CsiDriver),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    flag("AttachRequired", "attachRequired"),
    flag("PodInfoOnMount", "podInfoOnMount"),
    flag("StorageCapacity", "storageCapacity"),
    columns::field("TokenRequests", &STORAGE_V1_CSI_DRIVER_SPEC, "tokenRequests"),
    flag("RequiresRepublish", "requiresRepublish"),
    columns::field("Modes", &STORAGE_V1_CSI_DRIVER_SPEC, "volumeLifecycleModes"),
    columns::AGE,
];

const fn flag(name: &'static str, field: &'static str) -> Column {
    Column { ty: "boolean", ..columns::field(name, &STORAGE_V1_CSI_DRIVER_SPEC, field) }
}

const GROUP_POLICIES: [&str; 3] = ["File", "None", "ReadWriteOnceWithFSType"];
const LIFECYCLES: [&str; 2] = ["Persistent", "Ephemeral"];
/// The shortest and the longest life of a token, in seconds.
const TOKEN_S_MIN: i64 = 600;
const TOKEN_S_MAX: i64 = 1 << 32;
/// How often a driver may be asked at most for what a node can hold.
const UPDATE_PERIOD_S_MIN: i64 = 10;

#[derive(Debug)]
struct CsiDriver;

impl Hooks for CsiDriver {
    fn default(&self, object: &mut Value) {
        object.default_to("spec", json!({}));
        let spec = &mut object["spec"];
        for (member, value) in [
            ("attachRequired", true),
            ("podInfoOnMount", false),
            ("storageCapacity", false),
            ("requiresRepublish", false),
            ("seLinuxMount", false),
        ] {
            spec.default_to(member, value);
        }
        spec.default_to("fsGroupPolicy", "ReadWriteOnceWithFSType");
        if spec.items("volumeLifecycleModes").is_empty() {
            spec["volumeLifecycleModes"] = json!(["Persistent"]);
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        object["metadata"]["generation"] = 1.into();
    }

    fn prepare_update(&self, _part: Part, object: &mut Value, old: &Value) -> Generation {
        Generation::by_spec(object, old)
    }

    fn validate(&self, object: &Value) -> Errors {
        let (spec, path) = (&object["spec"], Path::new("spec"));
        let mut errors = Errors::new();
        let policy = spec.str("fsGroupPolicy");
        if !GROUP_POLICIES.contains(&policy) {
            errors.push(field::not_supported(&path.child("fsGroupPolicy"), policy, &GROUP_POLICIES));
        }
        errors.extend(token_requests(spec.items("tokenRequests"), &path.child("tokenRequests")));
        for mode in spec.items("volumeLifecycleModes").iter().filter(|mode| !LIFECYCLES.iter().any(|known| mode == known)) {
            errors.push(field::not_supported(&path.child("volumeLifecycleModes"), mode.clone(), &LIFECYCLES));
        }
        const PERIOD: &str = "nodeAllocatableUpdatePeriodSeconds";
        if let Some(period) = spec.int(PERIOD).filter(|period| *period < UPDATE_PERIOD_S_MIN) {
            errors.push(field::invalid(&path.child(PERIOD), period, "must be greater than or equal to 10 seconds"));
        }
        errors
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        let mut errors = self.validate(object);
        // Upstream misspells the first one's path.
        for (member, shown) in [("attachRequired", "attachedRequired"), ("volumeLifecycleModes", "volumeLifecycleModes")] {
            let value = &object["spec"][member];
            if *value != old["spec"][member] {
                errors.push(field::invalid(&Path::new("spec").child(shown), value.clone(), "field is immutable"));
            }
        }
        errors
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let spec = &object["spec"];
        let modes: Vec<&str> = spec.items("volumeLifecycleModes").iter().filter_map(Value::as_str).collect();
        let audiences: Vec<&str> = spec.items("tokenRequests").iter().map(|request| request.str("audience")).collect();
        vec![
            object["metadata"].str("name").into(),
            spec.get("attachRequired").and_then(Value::as_bool).unwrap_or(true).into(),
            spec.flag("podInfoOnMount").into(),
            spec.flag("storageCapacity").into(),
            if spec.has("tokenRequests") { audiences.join(",") } else { "<unset>".to_owned() }.into(),
            spec.flag("requiresRepublish").into(),
            if modes.is_empty() { "<none>".to_owned() } else { modes.join(",") }.into(),
            age(object, now).into(),
        ]
    }
}

fn token_requests(requests: &[Value], path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut audiences = BTreeSet::new();
    for (index, request) in requests.iter().enumerate() {
        let (audience, at) = (request.str("audience"), path.index(index));
        if !audiences.insert(audience) {
            errors.push(field::duplicate(&at.child("audience"), audience));
            continue;
        }
        let Some(seconds) = request.int("expirationSeconds") else { continue };
        let at = at.child("expirationSeconds");
        if seconds < TOKEN_S_MIN {
            errors.push(field::invalid(&at, seconds, "may not specify a duration less than 10 minutes"));
        }
        if seconds > TOKEN_S_MAX {
            errors.push(field::invalid(&at, seconds, "may not specify a duration larger than 2^32 seconds"));
        }
    }
    errors
}
