//! What is in a volume: from a pod, its node and the objects that it refers to, to what the volume store sets up (VOL-3, VOL-7, VOL-8).

use super::claims::Bound;
use super::downward;
use super::source::{Files, Medium, Part, Reference, Source, TokenPart, mode, source};
use super::{Stage, VolumeFailure};
use crate::pod::huge_pages;
use crate::pod::limits::pod_limits;
use crate::pod::steps::NodeFacts;
use base64::Engine;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use stead_api::Value;
use stead_api::quantity::Quantity;
use stead_api::time::Timestamp;
use stead_api::value::Access;
use stead_client::Resource;
use stead_client::resource::{CONFIG_MAPS, SECRETS};
use stead_volumes::host_path::Kind;
use stead_volumes::{Change, Content, File, Group, Payload, Volume};

/// Mode of a token's file that only one user, or the pod's group, may read (VOL-12).
const PRIVATE_MODE: u32 = 0o600;

/// What volumes are made from beside the pod itself. A `None` object does not exist.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    pub objects: BTreeMap<(Resource, String), Option<Arc<Value>>>,
    /// Of the pod's service account, or why there is none.
    pub tokens: BTreeMap<TokenKey, Result<String, String>>,
    /// By volume: what the claims are bound to.
    pub claims: BTreeMap<String, Result<Bound, VolumeFailure>>,
    /// When the node first saw the pod.
    pub seen: Timestamp,
}

/// Names a token of a pod: its audience (empty: the API server's) and its life in seconds.
pub type TokenKey = (String, i64);

impl TokenPart<'_> {
    /// The token that stands there.
    pub fn key(&self) -> TokenKey {
        (self.audience.to_owned(), self.expiration_s)
    }
}

/// What is to be done for a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Store(Volume),
    HostPath(PathBuf, Kind),
    Bound(Bound),
    /// It is an image, which is mounted by itself, a claim that is mounted, or its containers are refused.
    Nothing,
}

/// What one volume of a pod is to be.
pub fn wanted(pod: &Value, volume: &Value, node: &NodeFacts, inputs: &Inputs) -> Result<Wanted, VolumeFailure> {
    let name = volume.str("name");
    if let Some(claim) = inputs.claims.get(name) {
        return claim.clone().map(Wanted::Bound);
    }
    own(pod, volume, node, inputs).map_err(|error| VolumeFailure::of(name, Stage::SetUp, error))
}

/// What one that stands for itself is to be.
fn own(pod: &Value, volume: &Value, node: &NodeFacts, inputs: &Inputs) -> Result<Wanted, String> {
    let name = volume.str("name");
    let (kind, content, read_only) = match source(volume) {
        // A claim that is not among the inputs is mounted.
        Source::Image(_) | Source::Claim(_) | Source::Absent(_) => return Ok(Wanted::Nothing),
        // VOL-20
        Source::Removed => return Err("no volume plugin matched".to_owned()),
        Source::HostPath { path, kind } => {
            let kind = Kind::parse(kind).ok_or_else(|| format!("{kind} is an invalid volume type"))?;
            return Ok(Wanted::HostPath(PathBuf::from(path), kind));
        }
        Source::EmptyDir { medium, size_limit } => {
            let content = match medium {
                Medium::Disk => Content::Directory,
                Medium::Memory => Content::Memory { size_bytes: memory_bytes(pod, node, size_limit) },
                Medium::HugePages(medium) => Content::HugePages { page_bytes: huge_pages::volume_page_bytes(pod, medium)? },
            };
            ("kubernetes.io~empty-dir", content, false)
        }
        Source::Files(files) => {
            let memory_bytes = files.in_memory.then(|| memory_bytes(pod, node, ""));
            (files.kind, Content::Files { payload: payload(pod, &files, node, inputs)?, memory_bytes }, true)
        }
    };
    let group = fs_group(pod).map(|gid| Group { gid, read_only, change: Change::Always });
    Ok(Wanted::Store(Volume { name: name.to_owned(), kind, content, group, mount_points: mount_points(pod, name) }))
}

fn fs_group(pod: &Value) -> Option<u32> {
    pod["spec"]["securityContext"].get("fsGroup").and_then(Value::as_u64).and_then(|gid| u32::try_from(gid).ok())
}

/// VOL-3: no more than the volume, the pod and the node may have.
fn memory_bytes(pod: &Value, node: &NodeFacts, size_limit: &str) -> u64 {
    let bytes = |text: &str| Quantity::parse(text).ok().map(|quantity| quantity.value_ceil()).filter(|bytes| *bytes > 0);
    let limits = [bytes(size_limit), pod_limits(pod).memory_bytes.filter(|bytes| *bytes > 0), bytes(node.allocatable.str("memory"))];
    limits.into_iter().flatten().min().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0)
}

fn payload(pod: &Value, files: &Files<'_>, node: &NodeFacts, inputs: &Inputs) -> Result<Payload, String> {
    let mut payload = Payload::default();
    let mut errors = Vec::new();
    for part in &files.parts {
        let added = match part {
            Part::ConfigMap(reference) => object(&mut payload, CONFIG_MAPS, reference, files.default_mode, inputs),
            Part::Secret(reference) => object(&mut payload, SECRETS, reference, files.default_mode, inputs),
            Part::Downward(items) => downward(&mut payload, pod, items, files.default_mode, node, inputs),
            Part::Token(part) => token(&mut payload, pod, part, files.default_mode, inputs),
            Part::Absent(kind) => Err(format!("the source {kind} is not supported by this version")),
        };
        errors.extend(added.err());
    }
    match errors.as_slice() {
        [] => Ok(payload),
        [one] => Err(one.clone()),
        several => Err(format!("[{}]", several.join(", "))),
    }
}

fn insert(payload: &mut Payload, path: &str, content: Vec<u8>, mode: u32, owner: Option<u32>) -> Result<(), String> {
    payload.insert(path, File { content, mode, owner }).map_err(|error| error.to_string())
}

/// The keys of a ConfigMap or Secret, all or those that are named.
fn object(payload: &mut Payload, resource: Resource, wanted: &Reference<'_>, default_mode: u32, inputs: &Inputs) -> Result<(), String> {
    let Some(object) = inputs.objects.get(&(resource, wanted.name.to_owned())).cloned().flatten() else {
        let what = resource.plural.trim_end_matches('s');
        return if wanted.optional { Ok(()) } else { Err(format!("{what} {:?} not found", wanted.name)) };
    };
    let values = values(resource, &object)?;
    if wanted.items.is_empty() {
        return values.into_iter().try_for_each(|(key, content)| insert(payload, &key, content, default_mode, None));
    }
    for item in wanted.items {
        let key = item.str("key");
        match values.get(key) {
            Some(content) => insert(payload, item.str("path"), content.clone(), mode(item.get("mode")).unwrap_or(default_mode), None)?,
            None if wanted.optional => {}
            None if resource == SECRETS => return Err(format!("references non-existent secret key: {key}")),
            None => return Err(format!("configmap references non-existent config key: {key}")),
        }
    }
    Ok(())
}

fn values(resource: Resource, object: &Value) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let decoded = |(key, value): (&String, &Value)| {
        let text = value.as_str().unwrap_or_default();
        let bytes = base64::engine::general_purpose::STANDARD.decode(text);
        bytes.map(|bytes| (key.clone(), bytes)).map_err(|_| format!("the value of key {key} is not base64"))
    };
    let plain = |(key, value): (&String, &Value)| Ok((key.clone(), value.as_str().unwrap_or_default().as_bytes().to_vec()));
    let data = object.map("data").into_iter().flatten();
    if resource == SECRETS {
        return data.map(decoded).collect();
    }
    data.map(plain).chain(object.map("binaryData").into_iter().flatten().map(decoded)).collect()
}

fn downward(
    payload: &mut Payload,
    pod: &Value,
    items: &[Value],
    default_mode: u32,
    node: &NodeFacts,
    inputs: &Inputs,
) -> Result<(), String> {
    for item in items {
        let text = downward::text(pod, item, &node.allocatable, inputs.seen)?;
        insert(payload, item.str("path"), text.into_bytes(), mode(item.get("mode")).unwrap_or(default_mode), None)?;
    }
    Ok(())
}

/// VOL-12.
fn token(payload: &mut Payload, pod: &Value, part: &TokenPart<'_>, default_mode: u32, inputs: &Inputs) -> Result<(), String> {
    let found = inputs.tokens.get(&part.key()).cloned();
    let text =
        found.unwrap_or_else(|| Err("it was not asked for".to_owned())).map_err(|error| format!("failed to fetch token: {error}"))?;
    let owner = only_user(pod);
    let mode = if owner.is_some() || fs_group(pod).is_some() { PRIVATE_MODE } else { default_mode };
    insert(payload, part.path, text.into_bytes(), mode, owner)
}

/// The user that every container runs as, if the pod says so.
fn only_user(pod: &Value) -> Option<u32> {
    let spec = &pod["spec"];
    let user = |container: &Value| {
        let of = |context: &Value| context.get("runAsUser").and_then(Value::as_u64);
        of(&container["securityContext"]).or_else(|| of(&spec["securityContext"]))
    };
    let mut users = super::source::containers(spec).map(user);
    let first = users.next()??;
    users.all(|user| user == Some(first)).then(|| u32::try_from(first).ok())?
}

/// Directories inside a volume that other mounts of a container lie on; of nested ones the outermost.
fn mount_points(pod: &Value, volume: &str) -> Vec<String> {
    let mut points = Vec::new();
    for container in super::source::containers(&pod["spec"]) {
        let mounts = container.items("volumeMounts");
        let whole = mounts.iter().filter(|m| m.str("name") == volume && !m.has("subPath") && !m.has("subPathExpr"));
        for outer in whole.map(|m| m.str("mountPath").trim_end_matches('/')) {
            let mut inside: Vec<&str> = mounts.iter().filter_map(|m| m.str("mountPath").strip_prefix(outer)?.strip_prefix('/')).collect();
            inside.retain(|path| !path.trim_matches('/').is_empty() && !path.split('/').any(|part| part == ".."));
            inside.sort_unstable();
            let mut last: Option<&str> = None;
            for path in inside {
                let nested = last.is_some_and(|last| path.strip_prefix(last).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
                if !nested {
                    points.push(path.trim_matches('/').to_owned());
                    last = Some(path.trim_end_matches('/'));
                }
            }
        }
    }
    points.sort();
    points.dedup();
    points
}
