//! PersistentVolume: storage that is there, whoever made it. Who binds it to a claim is elsewhere.

mod sources;
#[cfg(test)]
mod tests;
pub mod validation;

use super::{
    columns,
    persistent_volume_claim::{BETA_CLASS, access_modes, class},
    pod_spec::{defaults, warnings},
};
use crate::{
    Value,
    field::{Errors, Path},
    json,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, Subresource},
    schema::generated::{CORE_V1_PERSISTENT_VOLUME, CORE_V1_PERSISTENT_VOLUME_SPEC, CORE_V1_PERSISTENT_VOLUME_STATUS},
    time::{Timestamp, age},
    value::Access,
};

pub static PERSISTENT_VOLUME: Kind = Kind {
    group: "",
    version: "v1",
    kind: "PersistentVolume",
    plural: "persistentvolumes",
    singular: "persistentvolume",
    short_names: &["pv"],
    categories: &[],
    namespaced: false,
    schema: &CORE_V1_PERSISTENT_VOLUME,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: &["get", "patch", "update"] }],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: true,
    delete_returns_object: true,
    stored_as: None,
    hooks: HooksRef::Static(&PersistentVolume),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    columns::field("Capacity", &CORE_V1_PERSISTENT_VOLUME_SPEC, "capacity"),
    columns::field("Access Modes", &CORE_V1_PERSISTENT_VOLUME_SPEC, "accessModes"),
    columns::field("Reclaim Policy", &CORE_V1_PERSISTENT_VOLUME_SPEC, "persistentVolumeReclaimPolicy"),
    columns::field("Status", &CORE_V1_PERSISTENT_VOLUME_STATUS, "phase"),
    columns::field("Claim", &CORE_V1_PERSISTENT_VOLUME_SPEC, "claimRef"),
    columns::text("StorageClass", "StorageClass of the pv"),
    columns::text("VolumeAttributesClass", "VolumeAttributesClass of the pv"),
    columns::field("Reason", &CORE_V1_PERSISTENT_VOLUME_STATUS, "reason"),
    columns::AGE,
    columns::wide_field("VolumeMode", &CORE_V1_PERSISTENT_VOLUME_SPEC, "volumeMode"),
];

/// The annotation that named mount options before the field did.
const BETA_MOUNT_OPTIONS: &str = "volume.beta.kubernetes.io/mount-options";

#[derive(Debug)]
struct PersistentVolume;

impl Hooks for PersistentVolume {
    fn default(&self, object: &mut Value) {
        object.default_to("status", json!({}));
        object["status"].default_to("phase", "Pending");
        object.default_to("spec", json!({}));
        let spec = &mut object["spec"];
        spec.default_to("persistentVolumeReclaimPolicy", "Retain");
        spec.default_to("volumeMode", "Filesystem");
        if let Some(capacity) = spec.get_mut("capacity") {
            defaults::round_up(capacity);
        }
        defaults::driver_sources(spec);
    }

    fn prepare_create(&self, object: &mut Value) {
        object["status"] = json!({"phase": "Pending"});
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        Generation::Keep
    }

    fn stamp(&self, object: &mut Value, old: Option<&Value>, now: Timestamp) {
        const SINCE: &str = "lastPhaseTransitionTime";
        let before = old.map(|old| &old["status"]);
        let status = &mut object["status"];
        let entered = before.is_none_or(|before| before["phase"] != status["phase"]);
        // Who says himself when the phase began is believed.
        if entered && before.is_none_or(|before| status.get(SINCE).is_none_or(|since| Some(since) == before.get(SINCE))) {
            status[SINCE] = now.rfc3339().into();
        }
    }

    fn validate(&self, object: &Value) -> Errors {
        validation::create(object)
    }

    fn validate_update(&self, part: Part, object: &Value, old: &Value) -> Errors {
        match part {
            Part::Main => validation::update(object, old),
            Part::Status | Part::Other(_) => Errors::new(),
        }
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let (spec, path) = (&object["spec"], Path::new("spec"));
        let annotations = &object["metadata"]["annotations"];
        let mut texts = Vec::new();
        for (key, text) in [
            (BETA_CLASS, "deprecated since v1.8; use \"storageClassName\" attribute instead"),
            (BETA_MOUNT_OPTIONS, "deprecated since v1.31; use \"mountOptions\" attribute instead"),
        ] {
            if annotations.has(key) {
                texts.push(format!("metadata.annotations[{key}]: {text}"));
            }
        }
        if spec.str("persistentVolumeReclaimPolicy") == "Recycle" {
            let at = path.child("persistentVolumeReclaimPolicy");
            texts.push(format!(
                "{at}: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning."
            ));
        }
        let terms = spec["nodeAffinity"]["required"].items("nodeSelectorTerms");
        for (index, term) in terms.iter().enumerate() {
            let at = path.child("nodeAffinity").child("required").child("nodeSelectorTerms").index(index);
            warnings::node_term(term, false, &at, &mut texts);
        }
        for (member, text) in warnings::OLD_VOLUMES.iter().filter(|(member, _)| spec.has(member)) {
            texts.push(format!("{}: {text}", path.child(member)));
        }
        texts
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (meta, spec, status) = (&object["metadata"], &object["spec"], &object["status"]);
        let phase = if meta.has("deletionTimestamp") { "Terminating" } else { status.str("phase") };
        let claim = spec.get("claimRef").map_or(String::new(), |claim| format!("{}/{}", claim.str("namespace"), claim.str("name")));
        let attributes = Some(spec.str("volumeAttributesClassName")).filter(|name| !name.is_empty()).unwrap_or("<unset>");
        vec![
            meta.str("name").into(),
            spec["capacity"].str("storage").into(),
            access_modes(spec).into(),
            spec.str("persistentVolumeReclaimPolicy").into(),
            phase.into(),
            claim.into(),
            class(object).into(),
            attributes.into(),
            status.str("reason").into(),
            age(object, now).into(),
            Some(spec.str("volumeMode")).filter(|mode| !mode.is_empty()).unwrap_or("<unset>").into(),
        ]
    }
}
