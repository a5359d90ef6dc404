//! From a volume that names a claim to what is bound into the pod (VOL-16 to VOL-18), pure: the claim must be bound to a PersistentVolume
//! that points back at it, and that one must be for this node and of a kind that this version has.

use super::mounts::CLAIM_KIND;
use super::source::{ClaimSource, containers};
use super::{Stage, VolumeFailure};
use std::path::PathBuf;
use stead_api::Value;
use stead_api::value::Access;
use stead_volumes::host_path::Kind;
use stead_volumes::{Change, Error, Group, Outside, Shape, Sharing};

/// Annotation of a PersistentVolume that was provisioned: by whom.
pub const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// The provisioner that is part of this node, and a name that its classes may have elsewhere.
pub const PROVISIONERS: [&str; 2] = ["stead.io/local", "rancher.io/local-path"];
/// What `spec` of a PersistentVolume has beside its source.
const NO_SOURCES: [&str; 9] = [
    "capacity",
    "accessModes",
    "claimRef",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "mountOptions",
    "volumeMode",
    "nodeAffinity",
    "volumeAttributesClassName",
];

/// What a claim is bound to, as it is bound into a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The PersistentVolume's name.
    pub name: String,
    pub outside: Outside,
    /// It is a path of the machine, to be checked first and made where that is allowed (VOL-4).
    pub host_path: Option<Kind>,
}

impl Bound {
    /// Why it could not be bound into the pod that names it so.
    pub fn failure(&self, error: &Error) -> VolumeFailure {
        let stage = match self.outside.shape {
            Shape::BlockDevice => Stage::Map,
            Shape::Directory if matches!(error, Error::Missing(_)) => Stage::NewMounter,
            Shape::Directory | Shape::Any => Stage::SetUp,
        };
        let error = match error {
            Error::InUse { .. } => "volume uses the ReadWriteOncePod access mode and is already in use by another pod".to_owned(),
            error => error.to_string(),
        };
        VolumeFailure { shown: self.name.clone(), ..VolumeFailure::of(&self.outside.name, stage, error) }
    }
}

/// One volume of a pod that stands for a claim.
#[derive(Debug, Clone, Copy)]
pub struct ClaimVolume<'a> {
    pub pod: &'a Value,
    pub volume: &'a Value,
    pub source: ClaimSource<'a>,
    /// The claim's name.
    pub name: &'a str,
}

impl<'a> ClaimVolume<'a> {
    /// The PersistentVolume that the claim is bound to.
    pub fn persistent_volume(&self, claim: Option<&'a Value>) -> Result<(&'a Value, &'a str), VolumeFailure> {
        let claim = claim.ok_or_else(|| {
            self.of_claim(&format!("failed to fetch PVC from API server: persistentvolumeclaims {:?} not found", self.name))
        })?;
        if self.source.claim.is_none() && !is_for_pod(claim, self.pod) {
            let (namespace, pod) = (self.pod["metadata"].str("namespace"), self.pod["metadata"].str("name"));
            let error = format!("PVC {namespace}/{} was not created for pod {namespace}/{pod} (pod is not owner)", self.name);
            return Err(self.failed(Stage::Process, error));
        }
        match claim["spec"].str("volumeName") {
            _ if claim["metadata"].has("deletionTimestamp") => Err(self.of_claim("PVC is being deleted")),
            _ if claim["status"].str("phase") != "Bound" => Err(self.of_claim("PVC is not bound")),
            "" => Err(self.of_claim("PVC has empty pvc.Spec.VolumeName")),
            name => Ok((claim, name)),
        }
    }

    /// What is to be bound; `is_selected` says whether the node is by a NodeSelector.
    pub fn bound(
        &self,
        claim: &Value,
        (name, found): (&str, Option<&Value>),
        is_selected: impl Fn(&Value) -> bool,
    ) -> Result<Bound, VolumeFailure> {
        let Some(found) = found else {
            let error = format!("failed to fetch PV {name} from API server: persistentvolumes {name:?} not found");
            return Err(self.of_claim(&error));
        };
        let spec = &found["spec"];
        self.points_back(claim, name, spec)?;
        let is_block = spec.str("volumeMode") == "Block";
        self.is_used_as(is_block)?;
        let shown = |stage, error: String| VolumeFailure { shown: name.to_owned(), ..self.failed(stage, error) };
        if spec["nodeAffinity"].has("required") && !is_selected(&spec["nodeAffinity"]["required"]) {
            return Err(shown(Stage::NodeAffinity, "no matching NodeSelectorTerms".to_owned()));
        }
        let sources = spec.as_object().into_iter().flatten().filter(|(key, value)| !value.is_null() && !NO_SOURCES.contains(&key.as_str()));
        let kind = sources.map(|(key, _)| key.as_str()).next().unwrap_or_default();
        let source = match kind {
            "local" | "hostPath" => &spec[kind],
            kind => return Err(shown(Stage::SetUp, format!("a PersistentVolume of type {kind} is not supported by this version"))),
        };
        if let [option, ..] = spec.items("mountOptions") {
            let option = option.as_str().unwrap_or_default();
            return Err(shown(Stage::SetUp, format!("mountOptions ({option}) are not supported by this version")));
        }
        let host_path = match (kind, Kind::parse(source.str("type"))) {
            ("local", _) => None,
            (_, Some(kind)) => Some(kind),
            (_, None) => return Err(shown(Stage::SetUp, format!("{} is an invalid volume type", source.str("type")))),
        };
        let outside = Outside {
            name: self.volume.str("name").to_owned(),
            kind: CLAIM_KIND,
            source: PathBuf::from(source.str("path")),
            shape: match (is_block, kind) {
                (true, _) => Shape::BlockDevice,
                (false, "local") => Shape::Directory,
                (false, _) => Shape::Any,
            },
            sharing: if has_mode(spec, "ReadWriteOncePod") { Sharing::Alone } else { Sharing::Shared },
            group: self.group(found).filter(|_| kind == "local" && !is_block),
        };
        Ok(Bound { name: name.to_owned(), outside, host_path })
    }

    /// STO-5: the two name each other.
    fn points_back(&self, claim: &Value, name: &str, spec: &Value) -> Result<(), VolumeFailure> {
        let uid = claim["metadata"].str("uid");
        if !spec.has("claimRef") {
            let error = "but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim";
            return Err(self.of_claim(&format!("found PV object {name} {error}")));
        }
        let theirs = spec["claimRef"].str("uid");
        if theirs != uid {
            let error = format!("found PV object {name} but its pv.Spec.ClaimRef.UID {theirs} does not point to claim.UID {uid}");
            return Err(self.of_claim(&error));
        }
        Ok(())
    }

    /// STO-16: a device is no directory.
    fn is_used_as(&self, is_block: bool) -> Result<(), VolumeFailure> {
        let name = self.volume.str("name");
        let mode = if is_block { "Block" } else { "Filesystem" };
        let wrong = if is_block { "volumeMounts" } else { "volumeDevices" };
        let is_in = |container: &Value| container.items(wrong).iter().any(|mount| mount.str("name") == name);
        if containers(&self.pod["spec"]).any(is_in) {
            return Err(self.failed(Stage::Process, format!("volume {name} has volumeMode {mode}, but is specified in {wrong}")));
        }
        Ok(())
    }

    /// SEC-5, SEC-7: whom the volume is given to. One that was made here needs no walk once it has been given.
    fn group(&self, volume: &Value) -> Option<Group> {
        let context = &self.pod["spec"]["securityContext"];
        let gid = context.get("fsGroup").and_then(Value::as_u64).and_then(|gid| u32::try_from(gid).ok())?;
        let change = match context.str("fsGroupChangePolicy") {
            "" if is_ours(volume) => Change::OnRootMismatch,
            "OnRootMismatch" => Change::OnRootMismatch,
            _ => Change::Always,
        };
        (!self.source.read_only).then_some(Group { gid, read_only: false, change })
    }

    fn of_claim(&self, error: &str) -> VolumeFailure {
        let namespace = self.pod["metadata"].str("namespace");
        self.failed(Stage::Process, format!("error processing PVC {namespace}/{}: {error}", self.name))
    }

    fn failed(&self, stage: Stage, error: String) -> VolumeFailure {
        VolumeFailure::of(self.volume.str("name"), stage, error)
    }
}

/// Whether this node's own provisioner has made it, or one whose work it takes over.
pub fn is_ours(volume: &Value) -> bool {
    let by = volume["metadata"]["annotations"].str(PROVISIONED_BY);
    PROVISIONERS.contains(&by)
}

/// Whether it can be used in that way.
pub fn has_mode(spec: &Value, mode: &str) -> bool {
    spec.items("accessModes").iter().any(|one| one == mode)
}

/// VOL-18.
fn is_for_pod(claim: &Value, pod: &Value) -> bool {
    let mut owners = claim["metadata"].items("ownerReferences").iter();
    owners.any(|owner| owner.flag("controller") && owner.str("uid") == pod["metadata"].str("uid"))
}

#[cfg(test)]
mod tests;
