//! What of a pod's volumes its containers see, and how a status shows it (OCI-4, VOL-14 to VOL-16).

use super::source::{Source, source};
use crate::pod::environment::expand_strictly;
use crate::runtime::{Device, Mount, Propagation};
use std::path::{Path, PathBuf};
use stead_api::value::Access;
use stead_api::{Value, json};
use stead_volumes::SubPath;

/// Directory of the volumes that are images.
pub const IMAGE_KIND: &str = "kubernetes.io~image";
/// Directory of the volumes that claims are bound to.
pub const CLAIM_KIND: &str = "kubernetes.io~persistent-claim";

/// One mount, and what must be bound before it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub mount: Mount,
    pub sub_path: Option<SubPath>,
}

/// The mounts of a container, parents before children; `variables` are its own. Errors are messages of CreateContainerConfigError.
pub fn mounts(pod: &Value, container: &Value, pods: &Path, variables: &[(String, String)]) -> Result<Vec<Planned>, String> {
    let directory = pods.join(pod["metadata"].str("uid"));
    let mut planned = Vec::new();
    for (index, mount) in container.items("volumeMounts").iter().enumerate() {
        let name = mount.str("name");
        let volume = pod["spec"].items("volumes").iter().find(|volume| volume.str("name") == name);
        let found = volume.and_then(|volume| place(&directory, volume));
        let (root, fixed) =
            found.ok_or_else(|| format!("cannot find volume {name:?} to mount into container {:?}", container.str("name")))?;
        let sub_path = sub_path(mount, variables)?.map(|path| SubPath {
            root: root.clone(),
            path,
            volume: name.to_owned(),
            container: container.str("name").to_owned(),
            index,
        });
        let path = mount.str("mountPath");
        let destination = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let source = sub_path.as_ref().map_or(root, |sub_path| sub_path.place(&directory));
        let read_only = fixed || mount.flag("readOnly");
        let mount = Mount { source, destination, read_only, recursive_read_only: is_recursive(mount), propagation: propagation(mount) };
        planned.push(Planned { mount, sub_path });
    }
    planned.sort_by_key(|planned| depth(&planned.mount.destination));
    Ok(planned)
}

/// The devices of a container: volumes of mode Block (VOL-16).
pub fn devices(pod: &Value, container: &Value, pods: &Path) -> Result<Vec<Device>, String> {
    let directory = pods.join(pod["metadata"].str("uid"));
    let device = |device: &Value| {
        let name = device.str("name");
        let volume = pod["spec"].items("volumes").iter().find(|volume| volume.str("name") == name);
        let (host_path, read_only) = volume
            .and_then(|volume| place(&directory, volume))
            .ok_or_else(|| format!("cannot find volume {name:?} to pass into container {:?}", container.str("name")))?;
        Ok(Device { host_path, container_path: device.str("devicePath").to_owned(), read_only })
    };
    container.items("volumeDevices").iter().map(device).collect()
}

/// OCI-10. Every kernel that containers run on here can do it, so that it is always possible.
fn is_recursive(mount: &Value) -> bool {
    mount.flag("readOnly") && matches!(mount.str("recursiveReadOnly"), "Enabled" | "IfPossible")
}

/// OCI-9.
fn propagation(mount: &Value) -> Propagation {
    match mount.str("mountPropagation") {
        "HostToContainer" => Propagation::HostToContainer,
        "Bidirectional" => Propagation::Bidirectional,
        _ => Propagation::None,
    }
}

fn depth(path: &str) -> usize {
    path.split('/').filter(|part| !part.is_empty()).count()
}

/// The directory of an emptyDir.
pub fn empty_dir(pod: &Value, pods: &Path, volume: &str) -> Option<PathBuf> {
    let volume = pod["spec"].items("volumes").iter().find(|other| other.str("name") == volume)?;
    let directory = pods.join(pod["metadata"].str("uid"));
    matches!(source(volume), Source::EmptyDir { .. }).then(|| place(&directory, volume).map(|(path, _)| path))?
}

/// Where a volume lies, and whether containers may only read it.
fn place(directory: &Path, volume: &Value) -> Option<(PathBuf, bool)> {
    let volumes = |kind: &str| directory.join("volumes").join(kind).join(volume.str("name"));
    match source(volume) {
        Source::EmptyDir { .. } => Some((volumes("kubernetes.io~empty-dir"), false)),
        Source::HostPath { path, .. } => Some((PathBuf::from(path), false)),
        Source::Files(files) => Some((volumes(files.kind), true)),
        Source::Image(_) => Some((volumes(IMAGE_KIND), true)),
        Source::Claim(claim) => Some((volumes(CLAIM_KIND), claim.read_only)),
        Source::Removed | Source::Absent(_) => None,
    }
}

/// The path inside the volume, if one is asked for.
fn sub_path(mount: &Value, variables: &[(String, String)]) -> Result<Option<String>, String> {
    let path = match mount.str("subPathExpr") {
        "" => mount.str("subPath").to_owned(),
        expression => expand_strictly(expression, variables)?,
    };
    if path.starts_with('/') {
        return Err(format!("error SubPath `{path}` must not be an absolute path"));
    }
    if path.split('/').any(|part| part == "..") {
        return Err(format!("unable to provision SubPath `{path}`: must not contain '..'"));
    }
    Ok(Some(path).filter(|path| !path.is_empty()))
}

/// What of an error a user sees; the cause may tell of the node.
pub fn refused(sub_path: &SubPath) -> String {
    format!("failed to prepare subPath for volumeMount {:?} of container {:?}", sub_path.volume, sub_path.container)
}

/// `volumeMounts` of a container's status.
pub fn shown(container: &Value) -> Vec<Value> {
    let one = |mount: &Value| {
        let mut shown = json!({"name": mount.str("name"), "mountPath": mount.str("mountPath")});
        if mount.flag("readOnly") {
            shown["readOnly"] = true.into();
            shown["recursiveReadOnly"] = if is_recursive(mount) { "Enabled" } else { "Disabled" }.into();
        }
        shown
    };
    container.items("volumeMounts").iter().map(one).collect()
}
