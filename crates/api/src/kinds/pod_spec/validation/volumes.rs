//! Validation of a pod's volumes: exactly one source each, unique names, and the sources that kubelets have themselves.
//! Sources of storage drivers are in [`super::volume_drivers`].

use super::{Subject, Volumes, claims, descending_path, needed, no_backsteps, projected, texts, volume_drivers};
use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::pod_spec::amount,
    names,
    value::Access,
};
use std::collections::BTreeSet;

const FILE_MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";
const HOST_PATH_TYPES: [&str; 8] = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
const DOWNWARD_FIELDS: [&str; 5] = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

/// Validates `volumes`. Returns those without fault, which mounts may name.
pub fn validate<'a>(volumes: &'a [Value], subject: Subject<'_>, path: &Path) -> (Volumes<'a>, Errors) {
    let mut errors = Errors::new();
    let mut good = Volumes::new();
    // A template has no name yet, so its claims have none either.
    let pod = if subject.is_pod { subject.metadata.str("name") } else { "" };
    let made: BTreeSet<String> =
        volumes.iter().filter(|v| !pod.is_empty() && v.has("ephemeral")).map(|v| format!("{pod}-{}", v.str("name"))).collect();
    for (i, volume) in volumes.iter().enumerate() {
        let at = path.index(i);
        let name = volume.str("name");
        let mut own = source(volume, pod, &at);
        if name.is_empty() {
            own.push(field::required(&at.child("name"), ""));
        } else {
            own.extend(texts(&at.child("name"), name, names::dns_label(name)));
        }
        if good.contains_key(name) {
            own.push(field::duplicate(&at.child("name"), name));
        }
        if own.is_empty() {
            good.insert(name, volume);
        }
        errors.extend(own);
        let claim = volume.get("persistentVolumeClaim").map_or("", |claim| claim.str("claimName"));
        if made.contains(claim) {
            let detail = "must not reference a PVC that gets created for an ephemeral volume";
            errors.push(field::invalid(&at.child("persistentVolumeClaim").child("claimName"), claim, detail));
        }
    }
    (good, errors)
}

/// Validates one volume source, given its path.
pub type SourceRule = fn(&Value, &Path) -> Errors;

/// The sources in the order upstream looks at them.
static SOURCES: [(&str, SourceRule); 30] = [
    ("emptyDir", empty_dir),
    ("hostPath", host_path),
    ("gitRepo", git_repo),
    ("gcePersistentDisk", volume_drivers::gce_disk),
    ("awsElasticBlockStore", volume_drivers::aws_disk),
    ("secret", |source, path| key_files(source, "secretName", path)),
    ("nfs", volume_drivers::nfs),
    ("iscsi", volume_drivers::iscsi),
    ("glusterfs", volume_drivers::glusterfs),
    ("flocker", volume_drivers::flocker),
    ("persistentVolumeClaim", |source, path| needed(source, "claimName", path)),
    ("rbd", volume_drivers::rbd),
    ("cinder", volume_drivers::cinder),
    ("cephfs", volume_drivers::cephfs),
    ("quobyte", volume_drivers::quobyte),
    ("downwardAPI", downward_api),
    ("fc", volume_drivers::fc),
    ("flexVolume", volume_drivers::flex),
    ("configMap", |source, path| key_files(source, "name", path)),
    ("azureFile", volume_drivers::azure_file),
    ("vsphereVolume", |source, path| needed(source, "volumePath", path)),
    ("photonPersistentDisk", |source, path| needed(source, "pdID", path)),
    ("portworxVolume", |source, path| needed(source, "volumeID", path)),
    ("azureDisk", volume_drivers::azure_disk),
    ("storageos", volume_drivers::storage_os),
    ("projected", projected::validate),
    ("scaleIO", volume_drivers::scale_io),
    ("csi", volume_drivers::csi),
    ("ephemeral", ephemeral),
    ("image", image),
];

/// The member's name in an error about a second source. Some are misspelt upstream.
fn second_name(member: &str) -> &str {
    match member {
        "cephfs" => "cephFS",
        "downwardAPI" => "downwarAPI",
        other => other,
    }
}

fn source(volume: &Value, pod: &str, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let name = volume.str("name");
    let mut count = 0;
    for (member, rule) in SOURCES {
        let Some(source) = volume.get(member).filter(|s| !s.is_null()) else { continue };
        count += 1;
        if count > 1 {
            let at = path.child(second_name(member));
            errors.push(field::forbidden(&at, "may not specify more than 1 volume type"));
        } else {
            let shown = if member == "gcePersistentDisk" { "persistentDisk" } else { member };
            errors.extend(rule(source, &path.child(shown)));
            if member == "ephemeral" && !pod.is_empty() && !name.is_empty() {
                let claim = format!("{pod}-{name}");
                let faults = names::dns_subdomain(&claim).into_iter().map(|text| format!("PVC name \"{claim}\": {text}"));
                errors.extend(texts(&path.child("name"), name, faults.collect()));
            }
        }
        if member == "iscsi" {
            errors.extend(volume_drivers::iscsi_name(source, name, path));
        }
    }
    if count == 0 {
        errors.push(field::required(path, "must specify a volume type"));
    }
    errors
}

fn empty_dir(source: &Value, path: &Path) -> Errors {
    match source.get("sizeLimit").and_then(amount::of) {
        Some(limit) if limit.signum() < 0 => {
            vec![field::forbidden(&path.child("sizeLimit"), "SizeLimit field must be a valid resource quantity")]
        }
        _ => Errors::new(),
    }
}

/// Validates a directory or file of the host.
pub fn host_path(source: &Value, path: &Path) -> Errors {
    let missing = needed(source, "path", path);
    if !missing.is_empty() {
        return missing;
    }
    let mut errors = no_backsteps(source.str("path"), &path.child("path"));
    let ty = source.str("type");
    if !HOST_PATH_TYPES.contains(&ty) {
        errors.push(field::not_supported(&path.child("type"), ty, &HOST_PATH_TYPES));
    }
    errors
}

fn git_repo(source: &Value, path: &Path) -> Errors {
    let mut errors = needed(source, "repository", path);
    errors.extend(descending_path(source.str("directory"), &path.child("directory")));
    errors
}

fn image(source: &Value, path: &Path) -> Errors {
    let mut errors = needed(source, "reference", path);
    errors.extend(super::choice(source, "pullPolicy", &["Always", "IfNotPresent", "Never"], path));
    errors
}

fn ephemeral(source: &Value, path: &Path) -> Errors {
    let at = path.child("volumeClaimTemplate");
    match source.get("volumeClaimTemplate") {
        None => vec![field::required(&at, "")],
        Some(template) => claims::template(template, &at),
    }
}

fn downward_api(source: &Value, path: &Path) -> Errors {
    let mut errors = mode(source, "defaultMode", path);
    for file in source.items("items") {
        // Upstream tells these errors at the volume, not at the item.
        errors.extend(downward_file(file, path));
    }
    errors
}

/// Validates a file of the downward API.
pub fn downward_file(file: &Value, path: &Path) -> Errors {
    let mut errors = needed(file, "path", path);
    errors.extend(local_path(file.str("path"), &path.child("path")));
    if let Some(reference) = file.get("fieldRef") {
        errors.extend(super::env::object_field(reference, &DOWNWARD_FIELDS, &path.child("fieldRef")));
        if file.has("resourceFieldRef") {
            let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
            errors.push(field::invalid(path, "resource", detail));
        }
    } else if let Some(reference) = file.get("resourceFieldRef") {
        errors.extend(super::env::resource_field(reference, &path.child("resourceFieldRef"), true));
    } else {
        errors.push(field::required(path, "one of fieldRef and resourceFieldRef is required"));
    }
    errors.extend(mode(file, "mode", path));
    errors
}

/// Validates the name, the mode and the items of a secret or config map.
fn key_files(source: &Value, name: &str, path: &Path) -> Errors {
    let mut errors = needed(source, name, path);
    errors.extend(mode(source, "defaultMode", path));
    for (i, item) in source.items("items").iter().enumerate() {
        errors.extend(key_to_path(item, &path.child("items").index(i)));
    }
    errors
}

/// Validates which key goes into which file.
pub fn key_to_path(item: &Value, path: &Path) -> Errors {
    let mut errors = needed(item, "key", path);
    errors.extend(needed(item, "path", path));
    errors.extend(local_path(item.str("path"), &path.child("path")));
    errors.extend(mode(item, "mode", path));
    errors
}

/// Validates permission bits.
pub fn mode(holder: &Value, member: &str, path: &Path) -> Errors {
    match holder.int(member) {
        Some(mode) if !(0..=0o777).contains(&mode) => vec![field::invalid(&path.child(member), mode, FILE_MODE)],
        _ => Errors::new(),
    }
}

/// Validates a path below a volume whose first part is not kept for kubelets.
pub fn local_path(value: &str, path: &Path) -> Errors {
    let mut errors = descending_path(value, path);
    if value.starts_with("..") && !value.starts_with("../") {
        errors.push(field::invalid(path, value, "must not start with '..'"));
    }
    errors
}

/// What a pod's own validation adds: tokens need a service account.
pub fn tokens_without_account(spec: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if !spec.str("serviceAccountName").is_empty() {
        return errors;
    }
    for (i, volume) in spec.items("volumes").iter().enumerate() {
        let sources = volume.get("projected").map_or(&[][..], |p| p.items("sources"));
        for (j, _) in sources.iter().enumerate().filter(|(_, s)| s.has("serviceAccountToken")) {
            let at = path.child("volumes").index(i).child("projected").child("sources").index(j);
            let detail = "must not be specified when serviceAccountName is not set";
            errors.push(field::forbidden(&at.child("serviceAccountToken"), detail));
        }
    }
    errors
}
