//! The objects and patches that the provisioner writes, and what it says of them. Pure.

use super::facts::{KnownDisk, PROVISIONER, SELECTED_NODE, volume_name};
use crate::pod::volumes::claims::PROVISIONED_BY;
use stead_api::quantity::{Format, Quantity};
use stead_api::value::Access;
use stead_api::{Value, json};
use stead_client::event::{Event, Reference};
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES};
use stead_client::{Call, DeleteOptions, Key, Patch, Resource};
use stead_disks::Enforcement;

/// Annotation of a PersistentVolume: what holds it to its size.
pub const ENFORCEMENT: &str = "stead.io/capacity-enforcement";
/// Finalizer of a PersistentVolume whose data goes with it (STO-20).
pub const FINALIZER: &str = "external-provisioner.volume.kubernetes.io/finalizer";

/// STO-8.
pub fn persistent_volume(claim: &Value, class: &Value, disk: &KnownDisk) -> Value {
    let meta = &claim["metadata"];
    let policy = match class.str("reclaimPolicy") {
        "" => "Delete",
        policy => policy,
    };
    let finalizers: &[&str] = if policy == "Delete" { &[FINALIZER] } else { &[] };
    let affinity = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": [disk.node]});
    json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {"name": volume_name(claim), "finalizers": finalizers,
            "annotations": {PROVISIONED_BY: PROVISIONER, ENFORCEMENT: enforcement(&disk.enforcement)}},
        "spec": {"capacity": {"storage": quantity(disk.bytes, &claim["spec"]["resources"]["requests"]["storage"])},
            "accessModes": claim["spec"]["accessModes"],
            "claimRef": {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": meta["namespace"], "name": meta["name"],
                "uid": meta["uid"], "resourceVersion": meta["resourceVersion"]},
            "persistentVolumeReclaimPolicy": policy, "storageClassName": class["metadata"]["name"],
            "volumeMode": if claim["spec"].str("volumeMode") == "Block" { "Block" } else { "Filesystem" },
            "local": {"path": disk.path.display().to_string()},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [affinity]}]}}},
    })
}

/// For programs.
fn enforcement(enforcement: &Enforcement) -> String {
    match enforcement {
        Enforcement::ProjectQuota => "project-quota".to_owned(),
        Enforcement::Image => "image".to_owned(),
        Enforcement::Unenforced { why } => format!("none: {why}"),
    }
}

/// What holds a volume to its size, in words.
pub fn enforced(claim: &Value, disk: &KnownDisk) -> Event {
    let name = volume_name(claim);
    match &disk.enforcement {
        Enforcement::ProjectQuota => {
            Event::normal(about_claim(claim), "CapacityEnforced", format!("A project quota holds volume {name} to its size"))
        }
        Enforcement::Image => {
            Event::normal(about_claim(claim), "CapacityEnforced", format!("A file of that size holds volume {name} to its size"))
        }
        Enforcement::Unenforced { why } => {
            Event::warning(about_claim(claim), "CapacityNotEnforced", format!("Nothing holds volume {name} to its size: {why}"))
        }
    }
}

/// As a user has written it, where that is the same amount.
pub fn quantity(bytes: u64, written: &Value) -> String {
    if super::facts::bytes(written) == bytes
        && let Some(text) = written.as_str()
    {
        return text.to_owned();
    }
    Quantity::from_value(i64::try_from(bytes).unwrap_or(i64::MAX), Format::BinarySi).to_string()
}

/// Lets the scheduler choose again (STO-6).
pub fn unselect(claim: &Value) -> Call {
    patch(PERSISTENT_VOLUME_CLAIMS, claim, "", json!({"metadata": {"annotations": {SELECTED_NODE: null}}}))
}

/// A merge patch of the object as it is known, and of no later one.
pub fn patch(resource: Resource, object: &Value, subresource: &'static str, mut body: Value) -> Call {
    body["metadata"]["uid"] = object["metadata"]["uid"].clone();
    body["metadata"]["resourceVersion"] = object["metadata"]["resourceVersion"].clone();
    Call::Patch { resource, key: key(object), subresource, patch: Patch::Merge(body) }
}

/// The finalizers of a volume with or without our own.
pub fn finalizer(volume: &Value, wanted: bool) -> Call {
    let others = volume["metadata"].items("finalizers").iter().filter(|one| *one != FINALIZER).cloned();
    let own = wanted.then(|| Value::from(FINALIZER));
    let finalizers: Vec<Value> = others.chain(own).collect();
    patch(PERSISTENT_VOLUMES, volume, "", json!({"metadata": {"finalizers": finalizers}}))
}

/// Whether the volume has our finalizer.
pub fn has_finalizer(volume: &Value) -> bool {
    volume["metadata"].items("finalizers").iter().any(|one| one == FINALIZER)
}

/// The volume's object goes.
pub fn delete(volume: &Value) -> Call {
    let options = DeleteOptions { uid: Some(volume["metadata"].str("uid").to_owned()), ..DeleteOptions::default() };
    Call::Delete { resource: PERSISTENT_VOLUMES, key: key(volume), options }
}

fn key(object: &Value) -> Key {
    Key::new(object["metadata"].str("namespace"), object["metadata"].str("name"))
}

pub fn about_claim(claim: &Value) -> Reference {
    about("PersistentVolumeClaim", claim)
}

pub fn about_volume(volume: &Value) -> Reference {
    about("PersistentVolume", volume)
}

fn about(kind: &str, object: &Value) -> Reference {
    let meta = &object["metadata"];
    Reference {
        api_version: "v1".to_owned(),
        kind: kind.to_owned(),
        namespace: meta.str("namespace").to_owned(),
        name: meta.str("name").to_owned(),
        uid: meta.str("uid").to_owned(),
        resource_version: meta.str("resourceVersion").to_owned(),
        field_path: String::new(),
    }
}
