//! VolumeAttachment: the wish to attach a volume of a storage driver to a node, and what came of it.

use super::{columns, persistent_volume, pod_spec::defaults};
use crate::{
    Value,
    field::{self, Errors, Path},
    json,
    kinds::pod_spec::validation::{needed, sorted, texts, volume_drivers},
    meta, names,
    registry::{ALL_VERBS, Column, Generation, Hooks, HooksRef, Kind, Part, Subresource},
    schema::generated::{
        STORAGE_V1_VOLUME_ATTACHMENT, STORAGE_V1_VOLUME_ATTACHMENT_SOURCE, STORAGE_V1_VOLUME_ATTACHMENT_SPEC,
        STORAGE_V1_VOLUME_ATTACHMENT_STATUS,
    },
    time::{Timestamp, age},
    value::Access,
};

pub static VOLUME_ATTACHMENT: Kind = Kind {
    group: "storage.k8s.io",
    version: "v1",
    kind: "VolumeAttachment",
    plural: "volumeattachments",
    singular: "volumeattachment",
    short_names: &[],
    categories: &[],
    namespaced: false,
    schema: &STORAGE_V1_VOLUME_ATTACHMENT,
    verbs: ALL_VERBS,
    subresources: &[Subresource { name: "status", gvk: None, verbs: &["get", "patch", "update"] }],
    selectable: &[],
    columns: COLUMNS,
    create_on_update: false,
    unconditional_update: false,
    delete_returns_object: true,
    stored_as: None,
    hooks: HooksRef::Static(&VolumeAttachment),
};

const COLUMNS: &[Column] = &[
    columns::NAME,
    Column { format: "name", ..columns::field("Attacher", &STORAGE_V1_VOLUME_ATTACHMENT_SPEC, "attacher") },
    columns::field("PV", &STORAGE_V1_VOLUME_ATTACHMENT_SOURCE, "persistentVolumeName"),
    columns::field("Node", &STORAGE_V1_VOLUME_ATTACHMENT_SPEC, "nodeName"),
    Column { ty: "boolean", ..columns::field("Attached", &STORAGE_V1_VOLUME_ATTACHMENT_STATUS, "attached") },
    columns::AGE,
];

/// Bytes of what a driver says of an attachment.
const METADATA_MAX: usize = 256 * 1024;
/// Bytes of a driver's error. Upstream tells the limit of the metadata instead.
const MESSAGE_MAX: usize = 1024;

#[derive(Debug)]
struct VolumeAttachment;

impl Hooks for VolumeAttachment {
    fn default(&self, object: &mut Value) {
        if let Some(volume) = object.pointer_mut("/spec/source/inlineVolumeSpec") {
            defaults::driver_sources(volume);
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        object["status"] = json!({"attached": false});
    }

    fn prepare_update(&self, part: Part, object: &mut Value, old: &Value) -> Generation {
        part.restore_rest(object, old);
        if part == Part::Status {
            meta::restore_for_status(object, old);
        }
        Generation::Keep
    }

    fn validate(&self, object: &Value) -> Errors {
        let mut errors = judge(object);
        let (spec, path) = (&object["spec"], Path::new("spec"));
        // What attachments of earlier versions were spared.
        errors.extend(needed(spec, "attacher", &path));
        errors.extend(volume_drivers::driver_name(spec.str("attacher"), &path.child("attacher")));
        if let Some(name) = spec["source"].get("persistentVolumeName").and_then(Value::as_str) {
            errors.extend(texts(&path.child("source").child("persistentVolumeName"), name, names::dns_subdomain(name)));
        }
        errors
    }

    fn validate_update(&self, _part: Part, object: &Value, old: &Value) -> Errors {
        let mut errors = judge(object);
        if object["spec"] != old["spec"] {
            errors.push(field::invalid(&Path::new("spec"), object["spec"].clone(), "field is immutable"));
        }
        errors
    }

    fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, status) = (&object["spec"], &object["status"]);
        vec![
            object["metadata"].str("name").into(),
            spec.str("attacher").into(),
            spec["source"].str("persistentVolumeName").into(),
            spec.str("nodeName").into(),
            status.flag("attached").into(),
            age(object, now).into(),
        ]
    }
}

fn judge(object: &Value) -> Errors {
    let (spec, path) = (&object["spec"], Path::new("spec"));
    let mut errors = needed(spec, "attacher", &path);
    errors.extend(source(&spec["source"], &path.child("source")));
    let node = spec.str("nodeName");
    errors.extend(texts(&path.child("nodeName"), node, names::dns_subdomain(node)));
    errors.extend(status(&object["status"], &Path::new("status")));
    errors
}

fn source(source: &Value, path: &Path) -> Errors {
    const ONE: &str = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
    match (source.get("inlineVolumeSpec"), source.get("persistentVolumeName")) {
        (None, None) => vec![field::required(path, ONE)],
        (Some(_), Some(_)) => vec![field::forbidden(path, ONE)],
        (None, Some(name)) if name == "" => {
            vec![field::required(&path.child("persistentVolumeName"), "must specify non empty persistentVolumeName")]
        }
        (None, Some(_)) => Errors::new(),
        (Some(volume), None) => persistent_volume::validation::inline(volume, &path.child("inlineVolumeSpec")),
    }
}

fn status(status: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let said = sorted(status.map("attachmentMetadata"));
    let bytes: usize = said.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
    if bytes > METADATA_MAX {
        errors.push(field::too_long(&path.child("attachmentMetadata"), METADATA_MAX));
    }
    for member in ["attachError", "detachError"] {
        let (error, at) = (&status[member], path.child(member));
        if error.str("message").len() > MESSAGE_MAX {
            errors.push(field::too_long(&at.child("message"), METADATA_MAX));
        }
        if let Some(code) = error.int("errorCode").filter(|code| *code < 0) {
            errors.push(field::invalid(&at.child("errorCode"), code, &names::between(0, i64::from(i32::MAX))));
        }
    }
    errors
}
