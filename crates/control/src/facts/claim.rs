//! PersistentVolumeClaims: what they ask for and where they stand. The value keeps owners, selector, and of the status phase,
//! capacity and access modes as they are written.

use super::{Facts, Index, Kind, bytes, keep, texts};
use stead_api::{Value, value::Access};
use stead_client::resource::PERSISTENT_VOLUME_CLAIMS;

pub const KIND: Kind = Kind {
    resource: PERSISTENT_VOLUME_CLAIMS,
    read: |_, value| {
        let facts = ClaimFacts::of(value);
        keep(value, "metadata", &["ownerReferences"]);
        keep(value, "spec", &["selector"]);
        keep(value, "status", &["phase", "capacity", "accessModes"]);
        Facts::Claim(Box::new(facts))
    },
    indexes: &[BY_VOLUME, UNBOUND],
};

/// By spec.volumeName.
pub const BY_VOLUME: Index = Index {
    resource: PERSISTENT_VOLUME_CLAIMS,
    name: "volume",
    terms: |_, facts| Some(facts.claim().volume.clone()).filter(|name| !name.is_empty()).into_iter().collect(),
};

/// Those that no volume is bound to nor asked for by name, by class; those without one under the empty name.
pub const UNBOUND: Index = Index {
    resource: PERSISTENT_VOLUME_CLAIMS,
    name: "unbound",
    terms: |_, facts| {
        let claim = facts.claim();
        if claim.volume.is_empty() && !claim.is_bind_completed { vec![claim.class().to_owned()] } else { Vec::new() }
    },
};

/// Annotation: the binding was completed once.
pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// Annotation of claims and volumes: the other side was filled in by a controller, not by a user.
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// Annotation: the node that the scheduler chose for the first pod that uses it.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// Annotation: who is to make a volume.
pub const PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
/// The older name of [`PROVISIONER`].
pub const BETA_PROVISIONER: &str = "volume.beta.kubernetes.io/storage-provisioner";
/// Annotation of claims and volumes: the class, before there was a field (PVB-7).
pub const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
/// Condition: since when no pod uses it (PVB-15).
pub const UNUSED: &str = "Unused";

/// Parsed facts of a claim.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClaimFacts {
    /// status.phase.
    pub phase: ClaimPhase,
    /// The beta annotation, else spec.storageClassName; `None`: neither is there, so the default class is wanted.
    pub class_name: Option<String>,
    /// spec.volumeName; empty if not set.
    pub volume: String,
    /// Bytes that it asks for.
    pub request: i64,
    /// spec.accessModes.
    pub access_modes: Vec<String>,
    /// spec.volumeMode is Block.
    pub is_block: bool,
    /// spec.volumeAttributesClassName; empty if not set.
    pub attributes_class: String,
    /// Annotation [`BIND_COMPLETED`].
    pub is_bind_completed: bool,
    /// Annotation [`BOUND_BY_CONTROLLER`].
    pub is_bound_by_controller: bool,
    /// Annotation [`SELECTED_NODE`]; empty if not set.
    pub selected_node: String,
    /// Annotation [`PROVISIONER`]; empty if not set.
    pub provisioner: String,
    /// status.capacity.storage in bytes; `None` if it is not there.
    pub capacity: Option<i64>,
    /// status.accessModes.
    pub granted_modes: Vec<String>,
    /// Condition [`UNUSED`]: whether it says so.
    pub unused: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClaimPhase {
    /// Also what has no phase yet.
    #[default]
    Pending,
    Bound,
    Lost,
}

impl ClaimPhase {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Bound => "Bound",
            Self::Lost => "Lost",
        }
    }
}

impl ClaimFacts {
    pub(crate) const NONE: Self = Self {
        phase: ClaimPhase::Pending,
        class_name: None,
        volume: String::new(),
        request: 0,
        access_modes: Vec::new(),
        is_block: false,
        attributes_class: String::new(),
        is_bind_completed: false,
        is_bound_by_controller: false,
        selected_node: String::new(),
        provisioner: String::new(),
        capacity: None,
        granted_modes: Vec::new(),
        unused: None,
    };

    fn of(value: &Value) -> Self {
        let (annotations, spec, status) = (&value["metadata"]["annotations"], &value["spec"], &value["status"]);
        let unused = status.items("conditions").iter().find(|condition| condition.str("type") == UNUSED);
        Self {
            phase: match status.str("phase") {
                "Bound" => ClaimPhase::Bound,
                "Lost" => ClaimPhase::Lost,
                _ => ClaimPhase::Pending,
            },
            class_name: class_name(value),
            volume: spec.str("volumeName").to_owned(),
            request: bytes(&spec["resources"]["requests"]).unwrap_or(0),
            access_modes: texts(spec, "accessModes"),
            is_block: spec.str("volumeMode") == "Block",
            attributes_class: spec.str("volumeAttributesClassName").to_owned(),
            is_bind_completed: annotations.has(BIND_COMPLETED),
            is_bound_by_controller: annotations.has(BOUND_BY_CONTROLLER),
            selected_node: annotations.str(SELECTED_NODE).to_owned(),
            provisioner: annotations.str(PROVISIONER).to_owned(),
            capacity: bytes(&status["capacity"]),
            granted_modes: texts(status, "accessModes"),
            unused: unused.map(|condition| condition.str("status") == "True"),
        }
    }

    /// The class by name; empty if it has none (PVB-7).
    pub fn class(&self) -> &str {
        self.class_name.as_deref().unwrap_or_default()
    }

    /// It has a volume, and status says so.
    pub fn is_bound(&self) -> bool {
        self.phase == ClaimPhase::Bound && self.is_bind_completed && !self.volume.is_empty()
    }
}

/// The class that a claim or volume names (PVB-7).
pub(super) fn class_name(value: &Value) -> Option<String> {
    let beta = value["metadata"]["annotations"].get(BETA_CLASS);
    beta.or_else(|| value["spec"].get("storageClassName")).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Object;
    use stead_api::json;

    #[test]
    fn no_class_differs_from_the_empty_class() {
        // PVB-7, PVP-8
        let class = |spec: Value, annotations: Value| {
            let value = json!({"metadata": {"name": "data", "namespace": "n", "annotations": annotations}, "spec": spec});
            Object::parse(PERSISTENT_VOLUME_CLAIMS, value).unwrap().claim().class_name.clone()
        };
        assert_eq!(class(json!({}), json!({})), None);
        assert_eq!(class(json!({"storageClassName": ""}), json!({})), Some(String::new()));
        assert_eq!(class(json!({"storageClassName": "a"}), json!({BETA_CLASS: "b"})), Some("b".to_owned()));
    }

    #[test]
    fn a_claim_is_unbound_until_it_names_a_volume() {
        let terms = |spec: Value| {
            let value = json!({"metadata": {"name": "data", "namespace": "n"}, "spec": spec});
            let claim = Object::parse(PERSISTENT_VOLUME_CLAIMS, value).unwrap();
            ((UNBOUND.terms)(&claim.key, &claim.facts), (BY_VOLUME.terms)(&claim.key, &claim.facts))
        };
        assert_eq!(terms(json!({"storageClassName": "a"})), (vec!["a".to_owned()], vec![]));
        assert_eq!(terms(json!({"volumeName": "v"})), (vec![], vec!["v".to_owned()]));
    }
}
