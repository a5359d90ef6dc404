//! StorageClasses: who provisions, when a volume is bound, and whether a claim without class gets it. The value keeps
//! allowedTopologies.

use super::{Facts, Kind};
use crate::object::Object;
use stead_api::kinds::pod_spec::node_selection::{Candidate, term_matches};
use stead_api::{Value, json, value::Access};
use stead_client::resource::STORAGE_CLASSES;

pub const KIND: Kind = Kind {
    resource: STORAGE_CLASSES,
    read: |_, value| {
        let facts = StorageClassFacts::of(value);
        if let Some(members) = value.as_object_mut() {
            *members = ["allowedTopologies"].iter().filter_map(|name| members.shift_remove_entry(*name)).collect();
        }
        Facts::StorageClass(Box::new(facts))
    },
    indexes: &[],
};

/// Annotation: claims that name no class get this one.
pub const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
/// The older name of [`DEFAULT`].
pub const BETA_DEFAULT: &str = "storageclass.beta.kubernetes.io/is-default-class";

/// The provisioner of the nodes of this program.
pub const LOCAL: &str = "stead.io/local";
/// Another name of [`LOCAL`]: what k3s's classes say.
pub const LOCAL_PATH: &str = "rancher.io/local-path";

/// Parsed facts of a class.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StorageClassFacts {
    pub provisioner: String,
    /// volumeBindingMode is WaitForFirstConsumer: the scheduler chooses for a claim's first pod.
    pub waits_for_consumer: bool,
    /// Annotation [`DEFAULT`] or [`BETA_DEFAULT`].
    pub is_default: bool,
    /// allowVolumeExpansion.
    pub expands: bool,
}

impl StorageClassFacts {
    pub(crate) const NONE: Self = Self { provisioner: String::new(), waits_for_consumer: false, is_default: false, expands: false };

    fn of(value: &Value) -> Self {
        let annotations = &value["metadata"]["annotations"];
        Self {
            provisioner: value.str("provisioner").to_owned(),
            waits_for_consumer: value.str("volumeBindingMode") == "WaitForFirstConsumer",
            is_default: [DEFAULT, BETA_DEFAULT].iter().any(|name| annotations.str(name) == "true"),
            expands: value.flag("allowVolumeExpansion"),
        }
    }

    /// The nodes of this program make its volumes.
    pub fn is_ours(&self) -> bool {
        is_ours(&self.provisioner)
    }
}

/// Whether a provisioner is that of the nodes of this program.
pub fn is_ours(provisioner: &str) -> bool {
    matches!(provisioner, LOCAL | LOCAL_PATH)
}

/// Whether allowedTopologies of a class have the node; none at all allow every node.
pub fn allows(class: &Object, node: &Object) -> bool {
    let terms = class.value.items("allowedTopologies");
    let candidate = Candidate { name: &node.key.name, labels: &node.labels };
    terms.is_empty() || terms.iter().any(|term| term_matches(&as_node_selector_term(term), candidate))
}

/// A TopologySelectorTerm as the NodeSelectorTerm that means the same.
fn as_node_selector_term(term: &Value) -> Value {
    let expression = |one: &Value| json!({"key": one["key"], "operator": "In", "values": one["values"]});
    json!({"matchExpressions": term.items("matchLabelExpressions").iter().map(expression).collect::<Value>()})
}
