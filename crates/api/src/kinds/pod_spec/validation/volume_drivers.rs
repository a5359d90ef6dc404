//! Validation of the volume sources of storage drivers.

use super::{needed, sorted, texts};
use crate::{
    Value,
    field::{self, Errors, Path},
    names,
    value::Access,
};

const PARTITION: &str = "must be between 0 and 255, inclusive";
const MAX_DRIVER: usize = 63;
const MAX_ISCSI_NAME: usize = 64;
const MAX_TENANT: usize = 65;
const HOST_PORT: &str = "must be a host:port pair or multiple pairs separated by commas";

fn all_needed(source: &Value, members: &[&str], path: &Path) -> Errors {
    members.iter().flat_map(|member| needed(source, member, path)).collect()
}

fn monitors(source: &Value, path: &Path) -> Errors {
    if source.items("monitors").is_empty() { vec![field::required(&path.child("monitors"), "")] } else { Errors::new() }
}

fn byte(source: &Value, member: &str, path: &Path) -> Errors {
    match source.int(member) {
        Some(value) if !(0..=255).contains(&value) => vec![field::invalid(&path.child(member), value, PARTITION)],
        _ => Errors::new(),
    }
}

fn secret_name(source: &Value, member: &str, path: &Path) -> Errors {
    source.get(member).map_or_else(Errors::new, |reference| needed(reference, "name", &path.child(member)))
}

pub fn gce_disk(source: &Value, path: &Path) -> Errors {
    let mut errors = needed(source, "pdName", path);
    errors.extend(byte(source, "partition", path));
    errors
}

pub fn aws_disk(source: &Value, path: &Path) -> Errors {
    let mut errors = needed(source, "volumeID", path);
    errors.extend(byte(source, "partition", path));
    errors
}

pub fn nfs(source: &Value, path: &Path) -> Errors {
    let mut errors = all_needed(source, &["server", "path"], path);
    let given = source.str("path");
    if !given.starts_with('/') {
        errors.push(field::invalid(&path.child("path"), given, "must be an absolute path"));
    }
    errors
}

pub fn iscsi(source: &Value, path: &Path) -> Errors {
    let mut errors = all_needed(source, &["targetPortal", "iqn"], path);
    let name = source.str("iqn");
    if !name.is_empty() {
        errors.extend(initiator_fault(name).map(|detail| field::invalid(&path.child("iqn"), name, detail)));
    }
    errors.extend(byte(source, "lun", path));
    if (source.flag("chapAuthDiscovery") || source.flag("chapAuthSession")) && !source.has("secretRef") {
        errors.push(field::required(&path.child("secretRef"), ""));
    }
    if let Some(name) = source.get("initiatorName").and_then(Value::as_str) {
        errors.extend(initiator_fault(name).map(|detail| field::invalid(&path.child("initiatorname"), name, detail)));
    }
    errors
}

const ISCSI_NAME: &str =
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";

/// With an initiator name the volume's name becomes part of a name that is limited.
fn iscsi_name_too_long(source: &Value, volume: &str) -> bool {
    source.has("initiatorName") && volume.len() + 1 + source.str("targetPortal").len() > MAX_ISCSI_NAME
}

/// The limit of that name, told at the name of a pod's volume.
pub fn iscsi_name(source: &Value, volume: &str, path: &Path) -> Option<field::Error> {
    iscsi_name_too_long(source, volume).then(|| field::invalid(&path.child("name"), volume, ISCSI_NAME))
}

/// The limit of that name, told at the portal of a PersistentVolume.
pub fn iscsi_portal(source: &Value, volume: &str, path: &Path) -> Option<field::Error> {
    iscsi_name_too_long(source, volume).then(|| field::invalid(&path.child("targetportal"), source.str("targetPortal"), ISCSI_NAME))
}

fn initiator_fault(name: &str) -> Option<&'static str> {
    let valid = match name.get(..3) {
        Some("iqn") => is_iqn(name),
        Some("eui") => is_hex_name(name, 16),
        Some("naa") => is_hex_name(name, 32),
        _ => return Some("must be valid format starting with iqn, eui, or naa"),
    };
    (!valid).then_some("must be valid format")
}

/// `iqn.2001-04.com.example:disk`; what follows the first parts is free but for a few characters.
fn is_iqn(name: &str) -> bool {
    let Some((year, rest)) = name.strip_prefix("iqn.").and_then(|rest| rest.split_once('-')) else { return false };
    let Some((month, rest)) = rest.split_once('.') else { return false };
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    let Some((authority, target)) = rest.split_once(':') else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let banned = |c: char| matches!(c, ',' | ';' | '*' | '&' | '$' | '|') || c.is_whitespace();
    digits(year, 4)
        && digits(month, 2)
        && !authority.is_empty()
        && authority.chars().all(plain)
        && !target.is_empty()
        && !target.contains(banned)
}

fn is_hex_name(name: &str, length: usize) -> bool {
    let rest = &name[3..];
    let mut chars = rest.chars();
    chars.next().is_some() && rest.chars().count() == length + 1 && chars.all(|c| c.is_ascii_alphanumeric())
}

pub fn glusterfs(source: &Value, path: &Path) -> Errors {
    all_needed(source, &["endpoints", "path"], path)
}

pub fn flocker(source: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let [name, uuid] = ["datasetName", "datasetUUID"].map(|m| source.str(m));
    if name.is_empty() && uuid.is_empty() {
        errors.push(field::required(path, "one of datasetName and datasetUUID is required"));
    }
    if !name.is_empty() && !uuid.is_empty() {
        let detail = "datasetName and datasetUUID can not be specified simultaneously";
        errors.push(field::invalid(path, "resource", detail));
    }
    if name.contains('/') {
        errors.push(field::invalid(&path.child("datasetName"), name, "must not contain '/'"));
    }
    errors
}

pub fn rbd(source: &Value, path: &Path) -> Errors {
    let mut errors = monitors(source, path);
    errors.extend(needed(source, "image", path));
    errors
}

pub fn cinder(source: &Value, path: &Path) -> Errors {
    let mut errors = needed(source, "volumeID", path);
    errors.extend(secret_name(source, "secretRef", path));
    errors
}

pub fn cephfs(source: &Value, path: &Path) -> Errors {
    monitors(source, path)
}

pub fn quobyte(source: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let registry = source.str("registry");
    let at = path.child("registry");
    if registry.is_empty() {
        errors.push(field::required(&at, HOST_PORT));
    } else if source.str("tenant").len() >= MAX_TENANT {
        let detail = "must be a UUID and may not exceed a length of 64 characters";
        errors.push(field::required(&path.child("tenant"), detail));
    } else {
        let wrong = registry.split(',').filter(|pair| !is_host_port(pair)).count();
        errors.extend((0..wrong).map(|_| field::invalid(&at, registry, HOST_PORT)));
    }
    errors.extend(needed(source, "volume", path));
    errors
}

fn is_host_port(pair: &str) -> bool {
    match pair.strip_prefix('[') {
        Some(rest) => rest.split_once("]:").is_some_and(|(_, port)| !port.contains([':', '[', ']'])),
        None => pair.matches(':').count() == 1 && !pair.contains(['[', ']']),
    }
}

pub fn fc(source: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let [targets, ids] = ["targetWWNs", "wwids"].map(|m| source.items(m));
    let at = path.child("targetWWNs");
    if targets.is_empty() && ids.is_empty() {
        errors.push(field::required(&at, "must specify either targetWWNs or wwids, but not both"));
    }
    if !targets.is_empty() && !ids.is_empty() {
        let detail = "targetWWNs and wwids can not be specified simultaneously";
        errors.push(field::invalid(&at, targets.to_vec(), detail));
    }
    if !targets.is_empty() {
        if source.has("lun") {
            errors.extend(byte(source, "lun", path));
        } else {
            errors.push(field::required(&path.child("lun"), "lun is required if targetWWNs is specified"));
        }
    }
    errors
}

pub fn flex(source: &Value, path: &Path) -> Errors {
    let mut errors = needed(source, "driver", path);
    for option in sorted(source.map("options")).into_keys() {
        let namespace = option.split_once('/').map_or(option, |(namespace, _)| namespace);
        let normalized = format!(".{}", namespace.to_lowercase());
        if normalized.ends_with(".kubernetes.io") || normalized.ends_with(".k8s.io") {
            let detail = "kubernetes.io and k8s.io namespaces are reserved";
            errors.push(field::invalid(&path.child("options").key(option), option, detail));
        }
    }
    errors
}

pub fn azure_file(source: &Value, path: &Path) -> Errors {
    all_needed(source, &["secretName", "shareName"], path)
}

pub fn azure_disk(source: &Value, path: &Path) -> Errors {
    let mut errors = all_needed(source, &["diskName", "diskURI"], path);
    for (member, supported) in [("cachingMode", ["None", "ReadOnly", "ReadWrite"]), ("kind", ["Dedicated", "Managed", "Shared"])] {
        if let Some(value) = source.get(member).and_then(Value::as_str)
            && !supported.contains(&value)
        {
            errors.push(field::not_supported(&path.child(member), value, &supported));
        }
    }
    let (uri, at) = (source.str("diskURI"), path.child("diskURI"));
    match source.get("kind").and_then(Value::as_str) {
        Some("Managed") if !uri.starts_with("/subscriptions/") => {
            let form = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
            errors.push(field::not_supported(&at, uri, &[form]));
        }
        Some(kind) if kind != "Managed" && !uri.starts_with("https://") => {
            let form = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
            errors.push(field::not_supported(&at, uri, &[form]));
        }
        _ => {}
    }
    errors
}

pub fn storage_os(source: &Value, path: &Path) -> Errors {
    let mut errors = needed(source, "volumeName", path);
    for member in ["volumeName", "volumeNamespace"] {
        let value = source.str(member);
        if !value.is_empty() {
            errors.extend(texts(&path.child(member), value, names::dns_label(value)));
        }
    }
    errors.extend(secret_name(source, "secretRef", path));
    errors
}

pub fn scale_io(source: &Value, path: &Path) -> Errors {
    all_needed(source, &["gateway", "system", "volumeName"], path)
}

/// The name of a CSI driver: a subdomain of at most 63 bytes, in any case.
pub fn driver_name(driver: &str, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if driver.len() > MAX_DRIVER {
        errors.push(field::too_long(path, MAX_DRIVER));
    }
    errors.extend(texts(path, driver, names::dns_subdomain(&driver.to_lowercase())));
    errors
}

pub fn csi(source: &Value, path: &Path) -> Errors {
    let driver = source.str("driver");
    let mut errors = needed(source, "driver", path);
    if !driver.is_empty() {
        errors.extend(driver_name(driver, &path.child("driver")));
    }
    if let Some(reference) = source.get("nodePublishSecretRef") {
        let name = reference.str("name");
        errors.extend(secret_name(source, "nodePublishSecretRef", path));
        if !name.is_empty() {
            errors.extend(texts(&path.child("name"), name, names::dns_subdomain(name)));
        }
    }
    errors
}
