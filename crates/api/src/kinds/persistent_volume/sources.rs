//! Where a PersistentVolume's bytes are: exactly one source, by upstream's order and rules. Several differ from a pod's volumes of
//! the same name in that they name secrets with their namespace. Input: the volume's spec. Output: upstream's errors.

use crate::{
    Value,
    field::{self, Errors, Path},
    kinds::pod_spec::validation::{needed, no_backsteps, texts, volume_drivers, volumes},
    names,
    value::Access,
};

/// What the rule of a source looks at.
#[derive(Debug, Clone, Copy)]
struct Subject<'a> {
    source: &'a Value,
    spec: &'a Value,
    /// The volume's name.
    name: &'a str,
    at_spec: &'a Path,
}

type Rule = fn(Subject<'_>, &Path) -> Errors;

/// The sources in the order upstream looks at them, with their names in an error about a second one, and in their own errors.
static SOURCES: [(&str, &str, &str, Rule); 22] = [
    ("hostPath", "hostPath", "hostPath", |s, path| volumes::host_path(s.source, path)),
    ("gcePersistentDisk", "gcePersistentDisk", "persistentDisk", |s, path| volume_drivers::gce_disk(s.source, path)),
    ("awsElasticBlockStore", "awsElasticBlockStore", "awsElasticBlockStore", |s, path| volume_drivers::aws_disk(s.source, path)),
    ("glusterfs", "glusterfs", "glusterfs", glusterfs),
    ("flocker", "flocker", "flocker", |s, path| volume_drivers::flocker(s.source, path)),
    ("nfs", "nfs", "nfs", |s, path| volume_drivers::nfs(s.source, path)),
    ("rbd", "rbd", "rbd", |s, path| volume_drivers::rbd(s.source, path)),
    ("quobyte", "quobyte", "quobyte", |s, path| volume_drivers::quobyte(s.source, path)),
    ("cephfs", "cephFS", "cephfs", |s, path| volume_drivers::cephfs(s.source, path)),
    ("iscsi", "iscsi", "iscsi", iscsi),
    ("cinder", "cinder", "cinder", |s, path| with_secret(volume_drivers::cinder(s.source, path), s.source, path)),
    ("fc", "fc", "fc", |s, path| volume_drivers::fc(s.source, path)),
    ("flexVolume", "flexVolume", "flexVolume", |s, path| volume_drivers::flex(s.source, path)),
    ("azureFile", "azureFile", "azureFile", azure_file),
    ("vsphereVolume", "vsphereVolume", "vsphereVolume", |s, path| needed(s.source, "volumePath", path)),
    ("photonPersistentDisk", "photonPersistentDisk", "photonPersistentDisk", |s, path| needed(s.source, "pdID", path)),
    ("portworxVolume", "portworxVolume", "portworxVolume", |s, path| needed(s.source, "volumeID", path)),
    ("azureDisk", "azureDisk", "azureDisk", |s, path| volume_drivers::azure_disk(s.source, path)),
    ("scaleIO", "scaleIO", "scaleIO", |s, path| volume_drivers::scale_io(s.source, path)),
    ("local", "local", "local", local),
    ("storageos", "storageos", "storageos", |s, path| with_secret(volume_drivers::storage_os(s.source, path), s.source, path)),
    ("csi", "csi", "csi", csi),
];

/// The sources that a spec names, as one value: they never change.
pub fn of(spec: &Value) -> Value {
    SOURCES.iter().filter(|(member, ..)| spec.has(member)).map(|(member, ..)| ((*member).to_owned(), spec[*member].clone())).collect()
}

/// Validates that there is one source, and that one.
pub fn validate(spec: &Value, name: &str, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let mut found = false;
    for (member, second, shown, rule) in SOURCES {
        let Some(source) = spec.get(member).filter(|source| !source.is_null()) else { continue };
        // Upstream never counts a flexVolume as one too many.
        if found && member != "flexVolume" {
            errors.push(field::forbidden(&path.child(second), "may not specify more than 1 volume type"));
        } else {
            errors.extend(rule(Subject { source, spec, name, at_spec: path }, &path.child(shown)));
        }
        found = true;
    }
    if !found {
        errors.push(field::required(path, "must specify a volume type"));
    }
    errors
}

fn glusterfs(subject: Subject<'_>, path: &Path) -> Errors {
    let mut errors = volume_drivers::glusterfs(subject.source, path);
    if let Some(namespace) = subject.source.get("endpointsNamespace").and_then(Value::as_str) {
        let at = path.child("endpointsNamespace");
        if namespace.is_empty() {
            errors.push(field::invalid(&at, namespace, "if the endpointnamespace is set, it must be a valid namespace name"));
        } else {
            errors.extend(texts(&at, namespace, names::dns_label(namespace)));
        }
    }
    errors
}

fn iscsi(subject: Subject<'_>, path: &Path) -> Errors {
    let mut errors = with_secret(volume_drivers::iscsi(subject.source, path), subject.source, path);
    errors.extend(volume_drivers::iscsi_portal(subject.source, subject.name, path));
    errors
}

fn azure_file(subject: Subject<'_>, path: &Path) -> Errors {
    let mut errors = volume_drivers::azure_file(subject.source, path);
    if subject.source.get("secretNamespace").is_some_and(|namespace| namespace == "") {
        errors.push(field::required(&path.child("secretNamespace"), ""));
    }
    errors
}

fn local(subject: Subject<'_>, path: &Path) -> Errors {
    let mut errors = needed(subject.source, "path", path);
    errors.extend(no_backsteps(subject.source.str("path"), &path.child("path")));
    if !subject.spec.has("nodeAffinity") {
        errors.push(field::required(&subject.at_spec.child("nodeAffinity"), "Local volume requires node affinity"));
    }
    errors
}

fn csi(subject: Subject<'_>, path: &Path) -> Errors {
    let source = subject.source;
    let mut errors = needed(source, "driver", path);
    errors.extend(volume_drivers::driver_name(source.str("driver"), &path.child("driver")));
    errors.extend(needed(source, "volumeHandle", path));
    for member in ["controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"] {
        if let Some(reference) = source.get(member).filter(|reference| !reference.is_null()) {
            errors.extend(secret(reference, &path.child(member)));
        }
    }
    errors
}

/// A secret of any namespace, by well-formed names.
fn secret(reference: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    for (member, rule) in [("name", names::dns_subdomain as fn(&str) -> Vec<String>), ("namespace", names::dns_label)] {
        match reference.str(member) {
            "" => errors.push(field::required(&path.child(member), "")),
            value => errors.extend(texts(&path.child(member), value, rule(value))),
        }
    }
    errors
}

/// What a volume adds to the rules of a pod's: its secret has a namespace.
fn with_secret(mut errors: Errors, source: &Value, path: &Path) -> Errors {
    if let Some(reference) = source.get("secretRef").filter(|reference| !reference.is_null()) {
        errors.extend(needed(reference, "namespace", &path.child("secretRef")));
    }
    errors
}
