//! PersistentVolumeClaim: a wish for storage. Who fulfils it is elsewhere.

mod validation;

use super::columns;
use crate::{
    Value,
    field::Errors,
    json,
    kinds::pod_spec::{defaults, warnings},
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, Subresource},
    schema::generated::{CORE_V1_PERSISTENT_VOLUME_CLAIM, CORE_V1_PERSISTENT_VOLUME_CLAIM_SPEC, CORE_V1_PERSISTENT_VOLUME_CLAIM_STATUS},
    time::{Timestamp, age},
    value::Access,
};

pub static PERSISTENT_VOLUME_CLAIM: Kind = Kind {
    group: "",
    version: "v1",
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    singular: "persistentvolumeclaim",
    short_names: &["pvc"],
    categories: &[],
    namespaced: true,
    schema: &CORE_V1_PERSISTENT_VOLUME_CLAIM,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: &["get", "patch", "update"] }],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: true,
    stored_as: None,
    hooks: HooksRef::Static(&PersistentVolumeClaim),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::field("Status", &CORE_V1_PERSISTENT_VOLUME_CLAIM_STATUS, "phase"),
    columns::field("Volume", &CORE_V1_PERSISTENT_VOLUME_CLAIM_SPEC, "volumeName"),
    columns::field("Capacity", &CORE_V1_PERSISTENT_VOLUME_CLAIM_STATUS, "capacity"),
    columns::field("Access Modes", &CORE_V1_PERSISTENT_VOLUME_CLAIM_STATUS, "accessModes"),
    columns::text("StorageClass", "StorageClass of the pvc"),
    columns::text("VolumeAttributesClass", "VolumeAttributesClass of the pvc"),
    columns::AGE,
    columns::wide_field("VolumeMode", &CORE_V1_PERSISTENT_VOLUME_CLAIM_SPEC, "volumeMode"),
];

/// The annotation that named a claim's class before the field did.
pub const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

#[derive(Debug)]
struct PersistentVolumeClaim;

impl Hooks for PersistentVolumeClaim {
    fn default(&self, object: &mut Value) {
        object.default_to("status", json!({}));
        object["status"].default_to("phase", "Pending");
        for member in ["capacity", "allocatedResources"] {
            if let Some(amounts) = object["status"].get_mut(member) {
                defaults::round_up(amounts);
            }
        }
        object.default_to("spec", json!({}));
        defaults::claim_spec(&mut object["spec"]);
    }

    fn prepare_create(&self, object: &mut Value) {
        object["status"] = json!({"phase": "Pending"});
        data_sources(&mut object["spec"]);
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        if part == Part::Main {
            data_sources(&mut object["spec"]);
        }
        Generation::Keep
    }

    fn validate(&self, object: &Value) -> Errors {
        validation::create(object)
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        match part {
            Part::Main => validation::update(object, old),
            Part::Status | Part::Other(_) => validation::status(object),
        }
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut texts = Vec::new();
        if object["metadata"]["annotations"].has(BETA_CLASS) {
            texts.push(format!("metadata.annotations[{BETA_CLASS}]: deprecated since v1.8; use \"storageClassName\" attribute instead"));
        }
        warnings::claim_spec(&object["spec"], &crate::field::Path::new("spec"), &mut texts);
        texts
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (meta, spec, status) = (&object["metadata"], &object["spec"], &object["status"]);
        let phase = if meta.has("deletionTimestamp") { "Terminating" } else { status.str("phase") };
        let bound = !spec.str("volumeName").is_empty();
        let (capacity, modes) = match bound {
            true => (status["capacity"].str("storage").to_owned(), access_modes(status)),
            false => (String::new(), String::new()),
        };
        let attributes = Some(spec.str("volumeAttributesClassName")).filter(|name| !name.is_empty()).unwrap_or("<unset>");
        vec![
            meta.str("name").into(),
            phase.into(),
            spec.str("volumeName").into(),
            capacity.into(),
            modes.into(),
            class(object).into(),
            attributes.into(),
            age(object, now).into(),
            spec.str("volumeMode").into(),
        ]
    }
}

/// The class of a claim or volume, by the old annotation or by the field.
pub fn class(object: &Value) -> &str {
    match object["metadata"]["annotations"].str(BETA_CLASS) {
        "" => object["spec"].str("storageClassName"),
        old => old,
    }
}

/// `RWO,ROX,RWX,RWOP`, in that order, each once.
pub(super) fn access_modes(holder: &Value) -> String {
    let short = [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let modes = holder.items("accessModes");
    let present = short.iter().filter(|(long, _)| modes.iter().any(|mode| mode == long));
    present.map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}

/// A source that nothing here could ever read is dropped; otherwise both ways of naming a source say the same.
fn data_sources(spec: &mut Value) {
    let readable = |source: &Value| {
        let pair = (source.str("apiGroup"), source.str("kind"));
        matches!(pair, ("", "PersistentVolumeClaim") | ("snapshot.storage.k8s.io", "VolumeSnapshot"))
    };
    if spec.has("dataSource") && !spec.has("dataSourceRef") && !readable(&spec["dataSource"]) {
        spec.drop("dataSource");
    }
    let (source, reference) = (spec.get("dataSource").cloned(), spec.get("dataSourceRef").cloned());
    match (source, reference) {
        (Some(source), None) => spec["dataSourceRef"] = source,
        (None, Some(reference)) if reference.str("namespace").is_empty() => {
            let mut source = reference;
            source.drop("namespace");
            spec["dataSource"] = source;
        }
        _ => {}
    }
}
