//! The claims of a set's pods: their names, how they are made, and whose they are by the retention policy (PVC-1..9, RET-1..13).
//! Pure: reads the claims that the cache has, plans calls.

use super::set::Set;
use crate::object::{Object, Owner};
use crate::plan::{Call, Effect, Event, Patch};
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::{Map, Value, json, value::Access};
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS};

/// Claims that one event names.
const NAMED_MAX: usize = 10;

/// A set's claims as they are.
pub struct Claims<'a> {
    set: &'a Set,
    found: &'a BTreeMap<String, Arc<Object>>,
    when_deleted: bool,
    when_scaled: bool,
}

/// Whether a pod is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    InRange,
    Condemned,
}

impl<'a> Claims<'a> {
    pub fn new(set: &'a Set, found: &'a BTreeMap<String, Arc<Object>>) -> Self {
        let policy = &set.object.spec()["persistentVolumeClaimRetentionPolicy"];
        let deletes = |when: &str| policy.str(when) == "Delete";
        Self { set, found, when_deleted: deletes("whenDeleted"), when_scaled: deletes("whenScaled") }
    }

    /// Each claim template with the name of this pod's claim (PVC-1).
    fn of_pod<'b>(&'b self, pod: &'b str) -> impl Iterator<Item = (&'b Value, String)> {
        self.set.claim_templates().iter().map(move |template| (template, format!("{}-{pod}", template["metadata"].str("name"))))
    }

    fn existing<'b>(&'b self, pod: &'b str) -> impl Iterator<Item = &'b Arc<Object>> {
        self.of_pod(pod).filter_map(|(_, name)| self.found.get(&name))
    }

    /// STALE-1: a claim still belongs to a former pod of this name, and will go with it.
    pub fn stale(&self, pod: &str) -> bool {
        let former = |owner: &Owner| owner.kind == PODS.kind && owner.name == pod;
        self.when_scaled && self.existing(pod).any(|claim| claim.owners.iter().any(former))
    }

    /// PVC-5: the claim that keeps this pod from being made.
    pub fn vanishing(&self, pod: &str) -> Option<String> {
        self.existing(pod).find(|claim| claim.deleting.is_some()).map(|claim| claim.key.name.clone())
    }

    /// The volumes of claim templates that a pod does not use (PVC-9).
    pub fn missing_volumes(&self, pod: &Object) -> Vec<Value> {
        let missing = self.of_pod(&pod.key.name).filter(|(_, claim)| !pod.pod().claims.contains(claim));
        missing
            .map(|(template, claim)| json!({"name": template["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim}}))
            .collect()
    }

    /// RET-13: what scaling down leaves behind with data in it, told once the last pod goes.
    pub fn kept(&self) -> Option<Event> {
        let prefixes: Vec<String> = self
            .set
            .claim_templates()
            .iter()
            .map(|template| format!("{}-{}-", template["metadata"].str("name"), self.set.name()))
            .collect();
        let is_out_of_range = |claim: &Object| {
            let mut ordinals = prefixes.iter().filter_map(|prefix| claim.key.name.strip_prefix(prefix.as_str())?.parse().ok());
            ordinals.any(|ordinal| self.set.slot(ordinal).is_none())
        };
        let kept = self.found.values().filter(|claim| claim.deleting.is_none() && claim.claim().is_bound() && is_out_of_range(claim));
        let names: Vec<&str> = kept.map(|claim| claim.key.name.as_str()).collect();
        if self.when_scaled || names.is_empty() {
            return None;
        }
        let more = if names.len() > NAMED_MAX { format!(" and {} more", names.len() - NAMED_MAX) } else { String::new() };
        let shown = names[..names.len().min(NAMED_MAX)].join(", ");
        let message = format!(
            "Scaled down, and kept with their data: claims {shown}{more}. They are used again when the set is scaled up; \
             to give the data up: kubectl delete pvc NAME -n {}",
            self.set.object.key.namespace
        );
        Some(Event::normal(self.set.object.reference(), "ClaimsKept", message))
    }

    /// Creates the claims that a pod lacks (PVC-2, PVC-4), owned as the policy says at once.
    pub fn create_missing(&self, pod: &str) -> Vec<Effect> {
        let missing = self.of_pod(pod).filter(|(_, name)| !self.found.contains_key(name));
        missing.map(|(template, name)| self.create(pod, template, &name)).collect()
    }

    fn create(&self, pod: &str, template: &Value, name: &str) -> Effect {
        let what = format!("Create Claim {name}");
        let set = self.set.name();
        Effect {
            silent: &["AlreadyExists"],
            on_success: Some(Event::normal(
                self.set.object.reference(),
                "SuccessfulCreate",
                format!("{what} Pod {pod} in StatefulSet {set} success"),
            )),
            on_failure: Some(Event::warning(
                self.set.object.reference(),
                "FailedCreate",
                format!("{what} for Pod {pod} in StatefulSet {set} failed error: {{error}}"),
            )),
            ..Effect::new(Call::create(PERSISTENT_VOLUME_CLAIMS, &self.set.object.key.namespace, self.build(template, name)))
        }
    }

    fn build(&self, template: &Value, name: &str) -> Value {
        let mut labels = template["metadata"].map("labels").cloned().unwrap_or_default();
        labels.extend(self.set.object.spec()["selector"].map("matchLabels").cloned().unwrap_or_default());
        let mut metadata = Map::new();
        metadata.insert("name".into(), name.into());
        metadata.insert("namespace".into(), self.set.object.key.namespace.as_str().into());
        if !labels.is_empty() {
            metadata.insert("labels".into(), labels.into());
        }
        for member in ["annotations", "finalizers"] {
            if let Some(value) = template["metadata"].get(member) {
                metadata.insert(member.into(), value.clone());
            }
        }
        let mut owners = template["metadata"].items("ownerReferences").to_vec();
        if self.when_deleted {
            owners.push(self.set.owner_reference());
        }
        if !owners.is_empty() {
            metadata.insert("ownerReferences".into(), owners.into());
        }
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"]})
    }

    /// Brings the owners of a pod's claims to what the policy says (RET-2, RET-4); empty where all is right.
    pub fn settle_owners(&self, pod: &Object, place: Place) -> (Vec<Effect>, Vec<Event>) {
        let (mut effects, mut events) = (Vec::new(), Vec::new());
        for claim in self.existing(&pod.key.name).filter(|claim| claim.deleting.is_none()) {
            let Some(owners) = self.owners(claim, pod, place) else { continue };
            if self.has_foreign_controller(claim, pod) {
                let message = format!(
                    "PersistentVolumeClaim {} has a conflicting OwnerReference that acts as a manging controller, \
                     the retention policy is ignored for this claim",
                    claim.key.name
                );
                events.push(Event::warning(self.set.object.reference(), "ConflictingController", message));
            }
            let metadata = json!({"uid": claim.uid, "resourceVersion": claim.version.to_string(), "ownerReferences": owners});
            let patch = Patch::Merge(json!({ "metadata": metadata }));
            let call = Call::Patch { resource: PERSISTENT_VOLUME_CLAIMS, key: claim.key.clone(), subresource: "", patch };
            effects.push(Effect::new(call).tolerating(&["NotFound"]));
        }
        (effects, events)
    }

    /// The owners that a claim should have; `None`: it has them (RET-5).
    fn owners(&self, claim: &Object, pod: &Object, place: Place) -> Option<Vec<Value>> {
        let references = claim.value["metadata"].items("ownerReferences");
        let set = (STATEFUL_SETS.api_version, STATEFUL_SETS.kind, self.set.name(), self.set.object.uid.as_str());
        let pod = (PODS.api_version, PODS.kind, pod.key.name.as_str(), pod.uid.as_str());
        if references.iter().any(|r| [set, pod].iter().any(|who| same_name(r, who) && r.str("uid") != who.3)) {
            return None; // stale: somebody before us; leave it alone
        }
        let foreign = (self.when_deleted || self.when_scaled)
            && references.iter().any(|r| r.flag("controller") && r.str("uid") != set.3 && r.str("uid") != pod.3);
        let (wants_set, wants_pod) = match (place, foreign) {
            (_, true) => (false, false),
            (Place::InRange, false) => (self.when_deleted, false),
            (Place::Condemned, false) => (self.when_deleted && !self.when_scaled, self.when_scaled),
        };
        let right = |who: &(&str, &str, &str, &str), wanted: bool| match references.iter().find(|r| r.str("uid") == who.3) {
            Some(reference) => wanted && reference.flag("controller"),
            None => !wanted,
        };
        if right(&set, wants_set) && right(&pod, wants_pod) {
            return None;
        }
        let mut owners: Vec<Value> = references.iter().filter(|r| !same_name(r, &set) && !same_name(r, &pod)).cloned().collect();
        for (who, wanted) in [(set, wants_set), (pod, wants_pod)] {
            if wanted {
                let (api_version, kind, name, uid) = who;
                owners.push(json!({
                    "apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "controller": true, "blockOwnerDeletion": true,
                }));
            }
        }
        Some(owners)
    }

    /// RET-6, RET-7.
    fn has_foreign_controller(&self, claim: &Object, pod: &Object) -> bool {
        let ours = [self.set.object.uid.as_str(), pod.uid.as_str()];
        let foreign =
            claim.value["metadata"].items("ownerReferences").iter().any(|r| r.flag("controller") && !ours.contains(&r.str("uid")));
        (self.when_deleted || self.when_scaled) && foreign
    }
}

fn same_name(reference: &Value, who: &(&str, &str, &str, &str)) -> bool {
    (reference.str("apiVersion"), reference.str("kind"), reference.str("name")) == (who.0, who.1, who.2)
}

/// A pod's volumes: one for each claim template, then the template's own that none of them shadows (PVC-3).
pub fn volumes(set: &Set, pod: &str, template: &Value) -> Vec<Value> {
    let claim = |t: &Value| {
        let name = t["metadata"].str("name");
        json!({"name": name, "persistentVolumeClaim": {"claimName": format!("{name}-{pod}")}})
    };
    let mut volumes: Vec<Value> = set.claim_templates().iter().map(claim).collect();
    let claimed = volumes.len();
    for volume in template.items("volumes") {
        if !volumes[..claimed].iter().any(|v| v.str("name") == volume.str("name")) {
            volumes.push(volume.clone());
        }
    }
    volumes
}
