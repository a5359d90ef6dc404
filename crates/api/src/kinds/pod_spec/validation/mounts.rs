//! Validation of a container's volume mounts and block devices, against the pod's volumes and each other.

use super::{Volumes, descending_path, no_backsteps};
use crate::{
    Value,
    field::{self, Errors, Path},
    value::Access,
};
use std::collections::{BTreeMap, BTreeSet};

/// The paths of mounts or devices by volume name; the last of a name counts.
fn by_name<'a>(list: &'a [Value], path: &str) -> BTreeMap<&'a str, &'a str> {
    list.iter().map(|entry| (entry.str("name"), entry.str(path))).collect()
}

/// Validates `volumeMounts`. Some errors are told at the list, not its element, as upstream does.
pub fn mounts(container: &Value, volumes: &Volumes<'_>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let devices = by_name(container.items("volumeDevices"), "devicePath");
    let mut paths = BTreeSet::new();
    for (i, mount) in container.items("volumeMounts").iter().enumerate() {
        let at = path.index(i);
        let (name, mount_path) = (mount.str("name"), mount.str("mountPath"));
        if name.is_empty() {
            errors.push(field::required(&at.child("name"), ""));
        }
        if !volumes.contains_key(name) {
            errors.push(field::not_found(&at.child("name"), name));
        }
        if mount_path.is_empty() {
            errors.push(field::required(&at.child("mountPath"), ""));
        }
        if !paths.insert(mount_path) {
            errors.push(field::invalid(&at.child("mountPath"), mount_path, "must be unique"));
        }
        if devices.contains_key(name) {
            errors.push(field::invalid(&at.child("name"), name, "must not already exist in volumeDevices"));
        }
        if devices.values().any(|p| *p == mount_path) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.push(field::invalid(&at.child("mountPath"), mount_path, detail));
        }
        errors.extend(sub_paths(mount, path, &at));
        errors.extend(propagation(mount, container, path));
    }
    errors
}

fn sub_paths(mount: &Value, list: &Path, at: &Path) -> Errors {
    let mut errors = Errors::new();
    let (plain, expression) = (mount.str("subPath"), mount.str("subPathExpr"));
    if !plain.is_empty() {
        errors.extend(descending_path(plain, &list.child("subPath")));
    }
    if !expression.is_empty() {
        if !plain.is_empty() {
            let detail = "subPathExpr and subPath are mutually exclusive";
            errors.push(field::invalid(&at.child("subPathExpr"), expression, detail));
        }
        errors.extend(descending_path(expression, &list.child("subPathExpr")));
    }
    errors
}

fn propagation(mount: &Value, container: &Value, list: &Path) -> Errors {
    let mut errors = Errors::new();
    let privileged = container.get("securityContext").is_some_and(|s| s.flag("privileged"));
    let at = list.child("mountPropagation");
    let propagation = mount.get("mountPropagation").and_then(Value::as_str);
    match propagation {
        None | Some("HostToContainer" | "None") => {}
        Some("Bidirectional") if privileged => {}
        Some("Bidirectional") => {
            let detail = "Bidirectional mount propagation is available only to privileged containers";
            errors.push(field::forbidden(&at, detail));
        }
        Some(other) => {
            errors.push(field::not_supported(&at, other, &["Bidirectional", "HostToContainer", "None"]));
        }
    }
    errors.extend(recursive_read_only(mount, propagation, &list.child("recursiveReadOnly")));
    errors
}

fn recursive_read_only(mount: &Value, propagation: Option<&str>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    match mount.get("recursiveReadOnly").and_then(Value::as_str) {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if !mount.flag("readOnly") {
                errors.push(field::forbidden(path, "may only be specified when readOnly is true"));
            }
            if propagation.is_some_and(|p| p != "None") {
                let detail = "may only be specified when mountPropagation is None or not specified";
                errors.push(field::forbidden(path, detail));
            }
        }
        Some(other) => errors.push(field::not_supported(path, other, &["Disabled", "Enabled", "IfPossible"])),
    }
    errors
}

/// Validates `volumeDevices`.
pub fn devices(container: &Value, volumes: &Volumes<'_>, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mounts = by_name(container.items("volumeMounts"), "mountPath");
    let (mut names, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for (i, device) in container.items("volumeDevices").iter().enumerate() {
        let at = path.index(i);
        let (name_at, path_at) = (at.child("name"), at.child("devicePath"));
        let (name, device_path) = (device.str("name"), device.str("devicePath"));
        if name.is_empty() {
            errors.push(field::required(&name_at, ""));
        } else if !names.insert(name) {
            errors.push(field::invalid(&name_at, name, "must be unique"));
        }
        match volumes.get(name) {
            None => errors.push(field::not_found(&name_at, name)),
            Some(volume) if volume.has("persistentVolumeClaim") || volume.has("ephemeral") => {}
            Some(_) => {
                let detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.push(field::invalid(&name_at, name, detail));
            }
        }
        if device_path.is_empty() {
            errors.push(field::required(&path_at, ""));
        }
        if paths.contains(device_path) {
            errors.push(field::invalid(&path_at, device_path, "must be unique"));
        }
        if no_backsteps(device_path, &path_at).is_empty() {
            paths.insert(device_path);
        } else {
            errors.push(field::invalid(&path_at, device_path, "can not contain backsteps ('..')"));
        }
        if mounts.contains_key(name) {
            errors.push(field::invalid(&name_at, name, "must not already exist in volumeMounts"));
        }
        if mounts.values().any(|p| *p == device_path) {
            let detail = "must not already exist as a path in volumeMounts";
            errors.push(field::invalid(&path_at, device_path, detail));
        }
    }
    errors
}
