//! The claims of a set's pods, and directories of the node.

use crate::findings::Findings;
use crate::rules::{ACCESS_MODE, CLAIMS_LEFT, CLAIMS_LOST, CLASS_UNKNOWN, HOST_PATH, NO_DEFAULT_CLASS};
use crate::workload::Workload;
use crate::{Known, Value};
use std::sync::Arc;
use stead_api::kinds::persistent_volume_claim::BETA_CLASS;
use stead_api::kinds::storage_class::{self, LOCAL_PROVISIONER};
use stead_api::value::Access;

/// Names of claims that a message shows.
const SHOWN_MAX: usize = 4;

pub fn check(set: &Workload<'_>, known: &dyn Known, findings: &mut Findings) {
    let classes = known.list("StorageClass", "");
    for (index, claim) in set.spec().items("volumeClaimTemplates").iter().enumerate() {
        let at = format!("spec.volumeClaimTemplates[{index}]");
        class(claim, &at, &classes, findings);
    }
    host_paths(set, findings);
    retention(set, known, findings);
}

fn class(claim: &Value, at: &str, classes: &[Arc<Value>], findings: &mut Findings) {
    let spec = &claim["spec"];
    let annotated = claim["metadata"]["annotations"].get(BETA_CLASS).and_then(Value::as_str);
    let named = spec.get("storageClassName").and_then(Value::as_str).or(annotated);
    let name = claim["metadata"].str("name");
    let is_default = |class: &&Arc<Value>| storage_class::is_default(class);
    let found = match named {
        // An empty name asks for a volume that somebody has made by hand.
        Some("") => return,
        Some(named) => classes.iter().find(|class| class["metadata"].str("name") == named),
        None => classes.iter().find(is_default),
    };
    match (found, named) {
        (Some(class), _) => modes(name, spec, at, class, findings),
        (None, Some(named)) => {
            let names: Vec<&str> = classes.iter().map(|class| class["metadata"].str("name")).collect();
            let there = if names.is_empty() { "there is none".to_owned() } else { format!("there is {}", names.join(", ")) };
            let message = format!("claims of {name:?} ask for StorageClass {named:?}, and {there}: they stay Pending");
            let fix = names.first().map_or_else(|| "add a StorageClass".to_owned(), |name| format!("storageClassName: {name}"));
            findings.add(&CLASS_UNKNOWN, format!("{at}.spec.storageClassName"), message, fix);
        }
        (None, None) => {
            let message = format!("claims of {name:?} name no StorageClass, and none is the default: they stay Pending");
            let fix = classes.first().map_or_else(
                || "add a StorageClass with the annotation storageclass.kubernetes.io/is-default-class: \"true\"".to_owned(),
                |class| format!("storageClassName: {}", class["metadata"].str("name")),
            );
            findings.add(&NO_DEFAULT_CLASS, format!("{at}.spec"), message, fix);
        }
    }
}

/// This program's own disks are of one node, and one pod's or several of that node.
fn modes(name: &str, spec: &Value, at: &str, class: &Value, findings: &mut Findings) {
    if class.str("provisioner") != LOCAL_PROVISIONER {
        return;
    }
    let other = spec.items("accessModes").iter().filter_map(Value::as_str).find(|mode| !mode.starts_with("ReadWriteOnce"));
    if let Some(mode) = other {
        let class = class["metadata"].str("name");
        let message = format!("claims of {name:?} ask for {mode}, and StorageClass {class} has disks of one node only: they stay Pending");
        findings.add(&ACCESS_MODE, format!("{at}.spec.accessModes"), message, "accessModes: [ReadWriteOnce]");
    }
}

fn host_paths(set: &Workload<'_>, findings: &mut Findings) {
    for (index, volume) in set.pod_spec().items("volumes").iter().enumerate().filter(|(_, volume)| volume.has("hostPath")) {
        let (name, path) = (volume.str("name"), volume["hostPath"].str("path"));
        let message = format!("volume {name:?} is the node's own {path}: all ordinals on a node share it, and it does not move with them");
        let fix = format!("a volumeClaimTemplate named {name} instead of the hostPath");
        findings.add(&HOST_PATH, set.path(&format!("spec.volumes[{index}].hostPath")), message, fix);
    }
}

fn retention(set: &Workload<'_>, known: &dyn Known, findings: &mut Findings) {
    let templates = set.spec().items("volumeClaimTemplates");
    if templates.is_empty() {
        return;
    }
    let deletes = set.spec()["persistentVolumeClaimRetentionPolicy"].str("whenScaled") == "Delete";
    if deletes && set.replicas() == 0 {
        let message = "replicas is 0 and whenScaled is Delete: the claims of every ordinal and their data are deleted".to_owned();
        let fix = "persistentVolumeClaimRetentionPolicy: {whenScaled: Retain}";
        return findings.add(&CLAIMS_LOST, "spec.persistentVolumeClaimRetentionPolicy.whenScaled", message, fix);
    }
    let left = if deletes { Vec::new() } else { left(set, templates, known) };
    if !left.is_empty() {
        let more = if left.len() > SHOWN_MAX { format!(" and {} more", left.len() - SHOWN_MAX) } else { String::new() };
        let shown = left[..left.len().min(SHOWN_MAX)].join(" ");
        let message = format!("claims of ordinals that there are no more stay with their data: {}{more}", shown.replace(' ', ", "));
        let fix = format!("keep them to scale up again, or, if the data can go: kubectl -n {} delete pvc {shown}", set.namespace);
        findings.add(&CLAIMS_LEFT, "spec.replicas", message, fix);
    }
}

/// Claims of ordinals beyond the set's end.
fn left(set: &Workload<'_>, templates: &[Value], known: &dyn Known) -> Vec<String> {
    let end = set.spec()["ordinals"].int("start").unwrap_or(0) + set.replicas();
    let claims = known.list("PersistentVolumeClaim", set.namespace);
    let is_beyond = |name: &str| {
        let ordinal = templates.iter().find_map(|template| {
            let prefix = format!("{}-{}-", template["metadata"].str("name"), set.name());
            name.strip_prefix(&prefix)?.parse::<i64>().ok()
        });
        ordinal.is_some_and(|ordinal| ordinal >= end)
    };
    claims.iter().map(|claim| claim["metadata"].str("name").to_owned()).filter(|name| is_beyond(name)).collect()
}
