//! A DaemonSet's spec as its controller reads it, and the pods that its template makes. Pure.

use crate::amount::{self, Rounded};
use crate::facts::pod::Toleration;
use crate::object::Object;
use std::sync::Arc;
use stead_api::selector::LabelSelector;
use stead_api::{Map, Value, json, value::Access};

/// Label of pods: which template they were made from.
pub const HASH_LABEL: &str = "controller-revision-hash";
/// Label of pods: how often the template had changed, as [`GENERATION`] of the set says.
pub const GENERATION_LABEL: &str = "pod-template-generation";
const GENERATION: &str = "deprecated.daemonset.template.generation";

/// Taints that no pod of a set minds (DS-4).
const TOLERATED: [(&str, &str); 6] = [
    ("not-ready", "NoExecute"),
    ("unreachable", "NoExecute"),
    ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"),
    ("pid-pressure", "NoSchedule"),
    ("unschedulable", "NoSchedule"),
];

/// A parsed DaemonSet.
#[derive(Debug, Clone)]
pub struct Set {
    pub object: Arc<Object>,
    pub selector: LabelSelector,
    pub strategy: Strategy,
    pub min_ready_s: i64,
    pub revision_history_limit: usize,
    pub generation: i64,
    /// As the labels of its pods say it.
    pub template_generation: String,
    pub tolerations: Vec<Toleration>,
}

/// How pods are replaced; amounts as they are written.
#[derive(Debug, Clone, PartialEq)]
pub enum Strategy {
    OnDelete,
    RollingUpdate { max_unavailable: Value, max_surge: Value },
}

impl Set {
    pub fn parse(object: Arc<Object>) -> Self {
        let (spec, metadata) = (object.spec(), &object.value["metadata"]);
        let rolling = &spec["updateStrategy"]["rollingUpdate"];
        let strategy = match spec["updateStrategy"].str("type") {
            "OnDelete" => Strategy::OnDelete,
            _ => Strategy::RollingUpdate { max_unavailable: rolling["maxUnavailable"].clone(), max_surge: rolling["maxSurge"].clone() },
        };
        Self {
            selector: object.selector(),
            strategy,
            min_ready_s: spec.int("minReadySeconds").unwrap_or(0),
            revision_history_limit: spec.int("revisionHistoryLimit").and_then(|n| usize::try_from(n).ok()).unwrap_or(10),
            generation: metadata.int("generation").unwrap_or(0),
            template_generation: metadata["annotations"].str(GENERATION).to_owned(),
            tolerations: tolerations(&spec["template"]["spec"]).iter().map(Toleration::of).collect(),
            object,
        }
    }

    pub fn template(&self) -> &Value {
        &self.object.spec()["template"]
    }

    /// Whether two pods of it may share a node.
    pub fn allows_surge(&self) -> bool {
        match &self.strategy {
            Strategy::OnDelete => false,
            Strategy::RollingUpdate { max_surge, .. } => amount::of(max_surge, 100, Rounded::Up) > 0,
        }
    }

    /// Whether a pod is of the template with this hash.
    pub fn is_updated(&self, pod: &Object, hash: &str) -> bool {
        let generation = &self.template_generation;
        pod.label(HASH_LABEL) == hash || (!generation.is_empty() && pod.label(GENERATION_LABEL) == generation)
    }

    /// What the pod on a node is made from (DS-3, DS-4, DS-5).
    pub fn template_for(&self, node: &str, hash: &str) -> Value {
        let mut template = self.template().clone();
        template.default_to("metadata", json!({}));
        template["metadata"].default_to("labels", json!({}));
        let labels = &mut template["metadata"]["labels"];
        labels[HASH_LABEL] = hash.into();
        if !self.template_generation.is_empty() {
            labels[GENERATION_LABEL] = self.template_generation.as_str().into();
        }
        template.default_to("spec", json!({}));
        let spec = &mut template["spec"];
        spec["tolerations"] = tolerations(spec).into();
        spec.default_to("affinity", json!({}));
        spec["affinity"].default_to("nodeAffinity", json!({}));
        spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = json!({
            "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}],
        });
        template
    }
}

/// The template's own tolerations and those of every set (DS-4); one for the same taints is replaced where it stands.
fn tolerations(spec: &Value) -> Vec<Value> {
    let mut all = spec.items("tolerations").to_vec();
    let network = spec.flag("hostNetwork").then_some(("network-unavailable", "NoSchedule"));
    for (taint, effect) in TOLERATED.into_iter().chain(network) {
        let mut wanted = Map::new();
        wanted.insert("key".into(), format!("node.kubernetes.io/{taint}").into());
        wanted.insert("operator".into(), "Exists".into());
        wanted.insert("effect".into(), effect.into());
        let wanted = Value::Object(wanted);
        let is_same =
            |known: &&mut Value| ["key", "operator", "effect", "value"].iter().all(|member| known.str(member) == wanted.str(member));
        match all.iter_mut().find(is_same) {
            Some(known) => *known = wanted,
            None => all.push(wanted),
        }
    }
    all
}
