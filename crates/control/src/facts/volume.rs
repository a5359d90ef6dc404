//! PersistentVolumes: what they offer, whose they are, and what becomes of them. The value keeps capacity, access modes and
//! node affinity as they are written.

use super::claim::{BOUND_BY_CONTROLLER, class_name};
use super::{Facts, Index, Kind, bytes, keep, texts};
use stead_api::{Value, value::Access};
use stead_client::Key;
use stead_client::resource::PERSISTENT_VOLUMES;

pub const KIND: Kind = Kind {
    resource: PERSISTENT_VOLUMES,
    read: |_, value| {
        let facts = VolumeFacts::of(value);
        keep(value, "metadata", &[]);
        keep(value, "spec", &["capacity", "accessModes", "nodeAffinity"]);
        keep(value, "status", &[]);
        Facts::Volume(Box::new(facts))
    },
    indexes: &[BY_CLAIM, FREE, BY_NODE],
};

/// By the claim that spec.claimRef names, `namespace/name`.
pub const BY_CLAIM: Index = Index {
    resource: PERSISTENT_VOLUMES,
    name: "claim",
    terms: |_, facts| facts.volume().claim.as_ref().map(|claim| claim.key.to_string()).into_iter().collect(),
};

/// Those that are nobody's, by class; those without one under the empty name.
pub const FREE: Index = Index {
    resource: PERSISTENT_VOLUMES,
    name: "free",
    terms: |_, facts| {
        let volume = facts.volume();
        if volume.phase == VolumePhase::Available && volume.claim.is_none() { vec![volume.class.clone()] } else { Vec::new() }
    },
};

/// By the node that it is on; those of no single node under no term.
pub const BY_NODE: Index = Index {
    resource: PERSISTENT_VOLUMES,
    name: "node",
    terms: |_, facts| Some(facts.volume().node.clone()).filter(|node| !node.is_empty()).into_iter().collect(),
};

/// Label of nodes that volumes on a node's disk ask for.
pub const HOSTNAME: &str = "kubernetes.io/hostname";
/// Annotation: the node whose end left a volume's bytes behind (LOCV-11).
pub const NODE_GONE: &str = "stead.io/node-gone";
/// Annotation: who made it.
pub const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";

/// Parsed facts of a volume.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VolumeFacts {
    pub phase: VolumePhase,
    /// spec.claimRef.
    pub claim: Option<ClaimRef>,
    /// The class by name; empty if it has none (PVB-7).
    pub class: String,
    /// spec.capacity.storage in bytes.
    pub capacity: i64,
    pub access_modes: Vec<String>,
    /// spec.volumeMode is Block.
    pub is_block: bool,
    /// spec.volumeAttributesClassName; empty if not set.
    pub attributes_class: String,
    /// spec.csi: driver and volumeHandle.
    pub csi: Option<(String, String)>,
    /// spec.persistentVolumeReclaimPolicy.
    pub reclaim: Reclaim,
    /// The member of spec that says where its bytes are: `local`, `nfs`, `csi`.
    pub source: String,
    /// The one value of label `kubernetes.io/hostname` that its node affinity asks for; empty if it asks for something else.
    pub node: String,
    /// Annotation [`NODE_GONE`]; empty if not set.
    pub node_gone: String,
    /// Annotation [`PROVISIONED_BY`]; empty if not set.
    pub provisioned_by: String,
    /// Annotation [`BOUND_BY_CONTROLLER`].
    pub is_bound_by_controller: bool,
}

/// spec.claimRef.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRef {
    pub key: Key,
    /// Empty: reserved for whatever claim has the name.
    pub uid: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VolumePhase {
    /// Also what has no phase yet.
    #[default]
    Pending,
    Available,
    Bound,
    Released,
    Failed,
}

/// What becomes of a volume whose claim is gone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reclaim {
    #[default]
    Retain,
    Delete,
    Recycle,
    /// One that this version does not know.
    Unknown,
}

impl VolumePhase {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Available => "Available",
            Self::Bound => "Bound",
            Self::Released => "Released",
            Self::Failed => "Failed",
        }
    }
}

/// Members of a spec that are no source.
const NO_SOURCE: &[&str] = &[
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

impl VolumeFacts {
    pub(crate) const NONE: Self = Self {
        phase: VolumePhase::Pending,
        claim: None,
        class: String::new(),
        capacity: 0,
        access_modes: Vec::new(),
        is_block: false,
        attributes_class: String::new(),
        csi: None,
        reclaim: Reclaim::Retain,
        source: String::new(),
        node: String::new(),
        node_gone: String::new(),
        provisioned_by: String::new(),
        is_bound_by_controller: false,
    };

    fn of(value: &Value) -> Self {
        let (annotations, spec) = (&value["metadata"]["annotations"], &value["spec"]);
        let claim = spec.get("claimRef").filter(|claim| !claim.is_null());
        let source = spec.as_object().into_iter().flatten().map(|(name, _)| name).find(|name| !NO_SOURCE.contains(&name.as_str()));
        Self {
            phase: match value["status"].str("phase") {
                "Available" => VolumePhase::Available,
                "Bound" => VolumePhase::Bound,
                "Released" => VolumePhase::Released,
                "Failed" => VolumePhase::Failed,
                _ => VolumePhase::Pending,
            },
            claim: claim
                .map(|claim| ClaimRef { key: Key::new(claim.str("namespace"), claim.str("name")), uid: claim.str("uid").to_owned() }),
            class: class_name(value).unwrap_or_default(),
            capacity: bytes(&spec["capacity"]).unwrap_or(0),
            access_modes: texts(spec, "accessModes"),
            is_block: spec.str("volumeMode") == "Block",
            attributes_class: spec.str("volumeAttributesClassName").to_owned(),
            csi: spec.get("csi").map(|csi| (csi.str("driver").to_owned(), csi.str("volumeHandle").to_owned())),
            reclaim: match spec.str("persistentVolumeReclaimPolicy") {
                "Retain" | "" => Reclaim::Retain,
                "Delete" => Reclaim::Delete,
                "Recycle" => Reclaim::Recycle,
                _ => Reclaim::Unknown,
            },
            source: source.cloned().unwrap_or_default(),
            node: node(&spec["nodeAffinity"]["required"]).unwrap_or_default().to_owned(),
            node_gone: annotations.str(NODE_GONE).to_owned(),
            provisioned_by: annotations.str(PROVISIONED_BY).to_owned(),
            is_bound_by_controller: annotations.has(BOUND_BY_CONTROLLER),
        }
    }

    /// Whether it is this claim's: bound to it, or reserved for its name.
    pub fn is_of(&self, claim: &Key, uid: &str) -> bool {
        self.claim.as_ref().is_some_and(|own| own.key == *claim && (own.uid.is_empty() || own.uid == uid))
    }
}

/// The only node that a required affinity lets have it.
fn node(required: &Value) -> Option<&str> {
    let [term] = required.items("nodeSelectorTerms") else { return None };
    let asks_for_host = |one: &&Value| one.str("key") == HOSTNAME && one.str("operator") == "In";
    let [host] = term.items("matchExpressions").iter().find(asks_for_host)?.items("values") else { return None };
    host.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Object;
    use stead_api::json;

    #[test]
    fn a_volume_is_of_the_claim_that_it_names() {
        // PVB-7, PVB-8, PVB-9
        let volume = Object::parse(
            PERSISTENT_VOLUMES,
            json!({
                "metadata": {"name": "a", "annotations": {"volume.beta.kubernetes.io/storage-class": "old"}},
                "spec": {
                    "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "new", "volumeMode": "Filesystem",
                    "claimRef": {"namespace": "n", "name": "data"}, "local": {"path": "/x"}, "persistentVolumeReclaimPolicy": "Delete",
                },
                "status": {"phase": "Available"},
            }),
        )
        .unwrap();
        let facts = volume.volume();
        assert_eq!((facts.class.as_str(), facts.source.as_str(), facts.capacity), ("old", "local", 1 << 30));
        assert!(facts.is_of(&Key::new("n", "data"), "any"));
        assert!(!facts.is_of(&Key::new("n", "other"), "any"));
        assert_eq!((FREE.terms)(&volume.key, &volume.facts), [""; 0]);
        assert_eq!((BY_CLAIM.terms)(&volume.key, &volume.facts), ["n/data"]);
    }
}
