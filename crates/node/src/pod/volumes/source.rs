//! The volumes of a pod's spec, parsed: every kind that this version knows, and the words for those that it does not.

use std::collections::BTreeSet;
use stead_api::Value;
use stead_api::value::Access;
use stead_client::Resource;
use stead_client::resource::{CONFIG_MAPS, PERSISTENT_VOLUME_CLAIMS, SECRETS};

/// Files' modes where a pod gives none.
const DEFAULT_MODE: u32 = 0o644;

/// What a volume is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Source<'a> {
    EmptyDir {
        medium: Medium<'a>,
        size_limit: &'a str,
    },
    HostPath {
        path: &'a str,
        kind: &'a str,
    },
    Files(Files<'a>),
    Image(ImageSource<'a>),
    Claim(ClaimSource<'a>),
    /// Of a kind that no kubelet has a plugin for any more.
    Removed,
    /// Of a kind that this version does not have.
    Absent(String),
}

/// What an emptyDir is kept on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium<'a> {
    Disk,
    Memory,
    /// As the pod names it: of the size that it says, else of the one that the pod asks for.
    HugePages(&'a str),
}

/// The files of an image, read-only (VOL-19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageSource<'a> {
    pub reference: &'a str,
    pub pull_policy: &'a str,
}

/// A volume that a PersistentVolumeClaim is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimSource<'a> {
    /// `None`: the one made for this pod alone, which is named after pod and volume (VOL-18).
    pub claim: Option<&'a str>,
    pub read_only: bool,
}

/// Files that the node writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Files<'a> {
    /// The kind's directory.
    pub kind: &'static str,
    pub in_memory: bool,
    pub default_mode: u32,
    pub parts: Vec<Part<'a>>,
}

/// Where some of the files come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Part<'a> {
    ConfigMap(Reference<'a>),
    Secret(Reference<'a>),
    Downward(&'a [Value]),
    Token(TokenPart<'a>),
    /// Of a kind that this version does not have.
    Absent(String),
}

/// Keys of an object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reference<'a> {
    pub name: &'a str,
    pub items: &'a [Value],
    pub optional: bool,
}

/// A token of the pod's service account.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenPart<'a> {
    pub path: &'a str,
    pub audience: &'a str,
    pub expiration_s: i64,
}

const TOKEN_EXPIRATION_S: i64 = 3600;

/// The source of one volume.
pub fn source(volume: &Value) -> Source<'_> {
    let Some((kind, value)) =
        volume.as_object().and_then(|members| members.iter().find(|(name, value)| *name != "name" && !value.is_null()))
    else {
        return Source::EmptyDir { medium: Medium::Disk, size_limit: "" };
    };
    match kind.as_str() {
        "emptyDir" => empty_dir(value),
        "hostPath" => Source::HostPath { path: value.str("path"), kind: value.str("type") },
        "configMap" => files("kubernetes.io~configmap", false, value, vec![Part::ConfigMap(reference(value, "name"))]),
        "secret" => files("kubernetes.io~secret", true, value, vec![Part::Secret(reference(value, "secretName"))]),
        "downwardAPI" => files("kubernetes.io~downward-api", true, value, vec![Part::Downward(value.items("items"))]),
        "projected" => files("kubernetes.io~projected", true, value, value.items("sources").iter().map(part).collect()),
        "image" => Source::Image(ImageSource { reference: value.str("reference"), pull_policy: value.str("pullPolicy") }),
        "persistentVolumeClaim" => Source::Claim(ClaimSource { claim: Some(value.str("claimName")), read_only: value.flag("readOnly") }),
        "ephemeral" => Source::Claim(ClaimSource { claim: None, read_only: false }),
        "cephfs" | "flocker" | "glusterfs" | "photonPersistentDisk" | "quobyte" | "rbd" | "scaleIO" | "storageos" => Source::Removed,
        other => Source::Absent(other.to_owned()),
    }
}

fn empty_dir(value: &Value) -> Source<'_> {
    let medium = match value.str("medium") {
        "" => Medium::Disk,
        "Memory" => Medium::Memory,
        medium if medium == "HugePages" || medium.starts_with("HugePages-") => Medium::HugePages(medium),
        other => return Source::Absent(format!("emptyDir with medium {other}")),
    };
    Source::EmptyDir { medium, size_limit: value.str("sizeLimit") }
}

fn files<'a>(kind: &'static str, in_memory: bool, value: &Value, parts: Vec<Part<'a>>) -> Source<'a> {
    Source::Files(Files { kind, in_memory, default_mode: mode(value.get("defaultMode")).unwrap_or(DEFAULT_MODE), parts })
}

/// A file mode, if one is given.
pub fn mode(value: Option<&Value>) -> Option<u32> {
    value.and_then(Value::as_u64).and_then(|mode| u32::try_from(mode).ok()).map(|mode| mode & 0o777)
}

fn reference<'a>(value: &'a Value, name: &str) -> Reference<'a> {
    Reference { name: value.str(name), items: value.items("items"), optional: value.flag("optional") }
}

fn part(source: &Value) -> Part<'_> {
    let Some((kind, value)) = source.as_object().and_then(|members| members.iter().find(|(_, value)| !value.is_null())) else {
        return Part::Absent("an empty source".to_owned());
    };
    match kind.as_str() {
        "configMap" => Part::ConfigMap(reference(value, "name")),
        "secret" => Part::Secret(reference(value, "name")),
        "downwardAPI" => Part::Downward(value.items("items")),
        "serviceAccountToken" => Part::Token(TokenPart {
            path: value.str("path"),
            audience: value.str("audience"),
            expiration_s: value.int("expirationSeconds").unwrap_or(TOKEN_EXPIRATION_S),
        }),
        other => Part::Absent(other.to_owned()),
    }
}

/// Every container of a pod, in the order in which they are looked at.
pub fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    spec.items("initContainers").iter().chain(spec.items("containers")).chain(spec.items("ephemeralContainers"))
}

/// The volumes that some container uses: no other is set up.
pub fn used(pod: &Value) -> Vec<&Value> {
    let spec = &pod["spec"];
    let mut names = BTreeSet::new();
    for container in containers(spec) {
        names.extend(container.items("volumeMounts").iter().chain(container.items("volumeDevices")).map(|mount| mount.str("name")));
        names.extend(container.items("env").iter().map(|var| var["valueFrom"]["fileKeyRef"].str("volumeName")));
    }
    spec.items("volumes").iter().filter(|volume| names.contains(volume.str("name"))).collect()
}

/// The objects that a pod's volumes are made of.
pub fn referenced(pod: &Value) -> Vec<(Resource, String)> {
    let mut found = Vec::new();
    for volume in used(pod) {
        let parts = match source(volume) {
            Source::Files(files) => files.parts,
            Source::Claim(claim) => {
                found.push((PERSISTENT_VOLUME_CLAIMS, claim_name(pod, volume, claim)));
                continue;
            }
            _ => continue,
        };
        for part in parts {
            let object = match part {
                Part::ConfigMap(reference) => (CONFIG_MAPS, reference.name.to_owned()),
                Part::Secret(reference) => (SECRETS, reference.name.to_owned()),
                Part::Downward(_) | Part::Token(_) | Part::Absent(_) => continue,
            };
            if !found.contains(&object) {
                found.push(object);
            }
        }
    }
    found
}

/// The claim that a volume of a pod stands for (VOL-18).
pub fn claim_name(pod: &Value, volume: &Value, source: ClaimSource<'_>) -> String {
    source.claim.map_or_else(|| format!("{}-{}", pod["metadata"].str("name"), volume.str("name")), str::to_owned)
}

/// Whether the volumes show what of the pod's own object may change.
pub fn shows_metadata(pod: &Value) -> bool {
    used(pod).into_iter().any(|volume| match source(volume) {
        Source::Files(files) => files.parts.iter().any(|part| matches!(part, Part::Downward(_))),
        Source::EmptyDir { .. } | Source::HostPath { .. } | Source::Image(_) | Source::Claim(_) | Source::Removed | Source::Absent(_) => {
            false
        }
    })
}

/// What of a volume this version does not have, in words.
pub fn absent(volume: &Value) -> Option<String> {
    let name = volume.str("name");
    match source(volume) {
        Source::Absent(kind) => Some(format!("volume {name:?} of type {kind}")),
        Source::Files(files) => files.parts.into_iter().find_map(|part| match part {
            Part::Absent(kind) => Some(format!("volume {name:?} with the source {kind}")),
            Part::ConfigMap(_) | Part::Secret(_) | Part::Downward(_) | Part::Token(_) => None,
        }),
        Source::EmptyDir { .. } | Source::HostPath { .. } | Source::Image(_) | Source::Claim(_) | Source::Removed => None,
    }
}
