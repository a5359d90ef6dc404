//! Objects as caches hold them: parsed metadata, and of the rest what [`crate::facts`] says.
//! Input: JSON objects of a list or watch. Output: [`Object`]. It never keeps managedFields, nor the containers of pods.

use crate::facts::claim::ClaimFacts;
use crate::facts::endpoint_slice::SliceFacts;
use crate::facts::endpoints::EndpointsFacts;
use crate::facts::service::ServiceFacts;
use crate::facts::storage_capacity::StorageCapacityFacts;
use crate::facts::storage_class::StorageClassFacts;
use crate::facts::volume::VolumeFacts;
use crate::facts::{self, Facts, node::NodeFacts, pod::PodFacts};
use std::collections::BTreeMap;
use stead_api::kinds::resource_quota::counted::{Counted, Counting};
use stead_api::selector::LabelSelector;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::event::Reference;
use stead_client::resource::REPLICATION_CONTROLLERS;
use stead_client::{Call, DeleteOptions, Key, Resource};

/// A cached object.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    pub resource: Resource,
    pub key: Key,
    pub uid: String,
    /// resourceVersion; 0 if it is not a number.
    pub version: u64,
    pub labels: BTreeMap<String, String>,
    pub owners: Vec<Owner>,
    pub finalizers: Vec<String>,
    pub created: Timestamp,
    /// deletionTimestamp.
    pub deleting: Option<Timestamp>,
    /// The object without what the other fields hold and what no controller reads; null if nothing is left.
    pub value: Value,
    pub facts: Facts,
    /// What quotas count of it beside its being there.
    pub counted: Counted,
}

/// An ownerReference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub api_version: String,
    pub kind: String,
    pub name: String,
    pub uid: String,
    pub controller: bool,
    pub blocks_deletion: bool,
}

impl Object {
    /// Parses an object of a list or watch; `None` without a name.
    pub fn parse(resource: Resource, mut value: Value) -> Option<Self> {
        let meta = value.get_mut("metadata")?.as_object_mut()?;
        let text = |name: &str| meta.get(name).and_then(Value::as_str).unwrap_or_default();
        let time = |name: &str| meta.get(name).and_then(Value::as_str).and_then(Timestamp::parse);
        let key = Key::new(text("namespace"), text("name"));
        if key.name.is_empty() {
            return None;
        }
        let uid = text("uid").to_owned();
        let version = text("resourceVersion").parse().unwrap_or(0);
        let (created, deleting) = (time("creationTimestamp").unwrap_or_default(), time("deletionTimestamp"));
        let labels = strings(meta.get("labels"));
        let owners = list(meta.get("ownerReferences")).iter().map(Owner::parse).collect();
        let finalizers = list(meta.get("finalizers")).iter().filter_map(Value::as_str).map(str::to_owned).collect();
        meta.shift_remove("managedFields");
        let counted = Counted::of(Counting { group: resource.group(), plural: resource.plural }, &value);
        let facts = facts::read(resource, &key, &mut value);
        Some(Self { resource, key, uid, version, labels, owners, finalizers, created, deleting, value, facts, counted })
    }

    /// The owner that is its controller.
    pub fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.controller)
    }

    pub fn owned_by(&self, uid: &str) -> bool {
        self.owners.iter().any(|owner| owner.uid == uid)
    }

    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map(String::as_str).unwrap_or_default()
    }

    pub fn has_finalizer(&self, name: &str) -> bool {
        self.finalizers.iter().any(|f| f == name)
    }

    /// Deletes exactly this object, never a later one of the same name.
    pub fn delete(&self) -> Call {
        let options = DeleteOptions { uid: Some(self.uid.clone()), ..DeleteOptions::default() };
        Call::Delete { resource: self.resource, key: self.key.clone(), options }
    }

    /// How events refer to it.
    pub fn reference(&self) -> Reference {
        Reference {
            api_version: self.resource.api_version.to_owned(),
            kind: self.resource.kind.to_owned(),
            namespace: self.key.namespace.clone(),
            name: self.key.name.clone(),
            uid: self.uid.clone(),
            resource_version: self.version.to_string(),
            field_path: String::new(),
        }
    }

    pub fn spec(&self) -> &Value {
        &self.value["spec"]
    }

    /// spec.selector; a ReplicationController's is of labels alone.
    pub fn selector(&self) -> LabelSelector {
        match self.spec().map("selector").filter(|_| self.resource == REPLICATION_CONTROLLERS) {
            Some(labels) => LabelSelector::from_map(Some(labels)),
            None => LabelSelector::from_object(self.spec().get("selector")),
        }
    }

    pub fn status(&self) -> &Value {
        &self.value["status"]
    }

    /// What is parsed of a pod; that of other kinds is empty.
    pub fn pod(&self) -> &PodFacts {
        self.facts.pod()
    }

    /// What is parsed of a node; that of other kinds is empty.
    pub fn node(&self) -> &NodeFacts {
        self.facts.node()
    }

    /// What is parsed of a Service; that of other kinds is empty.
    pub fn service(&self) -> &ServiceFacts {
        self.facts.service()
    }

    /// What is parsed of Endpoints; that of other kinds is empty.
    pub fn endpoints(&self) -> &EndpointsFacts {
        self.facts.endpoints()
    }

    /// What is parsed of an EndpointSlice; that of other kinds is empty.
    pub fn slice(&self) -> &SliceFacts {
        self.facts.slice()
    }

    /// What is parsed of a claim; that of other kinds is empty.
    pub fn claim(&self) -> &ClaimFacts {
        self.facts.claim()
    }

    /// What is parsed of a PersistentVolume; that of other kinds is empty.
    pub fn volume(&self) -> &VolumeFacts {
        self.facts.volume()
    }

    /// What is parsed of a StorageClass; that of other kinds is empty.
    pub fn storage_class(&self) -> &StorageClassFacts {
        self.facts.storage_class()
    }

    /// What is parsed of a CSIStorageCapacity; that of other kinds is empty.
    pub fn storage_capacity(&self) -> &StorageCapacityFacts {
        self.facts.storage_capacity()
    }

    /// An ownerReference to it, as its controller.
    pub fn owner_reference(&self) -> Value {
        json!({
            "apiVersion": self.resource.api_version, "kind": self.resource.kind, "name": self.key.name, "uid": self.uid,
            "controller": true, "blockOwnerDeletion": true,
        })
    }

    /// The claims that this pod uses.
    pub fn claim_keys(&self) -> impl Iterator<Item = Key> {
        self.pod().claim_keys(&self.key.namespace)
    }

    /// Whether a pod may have a claim mounted: it is on a node and has not ended (PVT-2).
    pub fn holds_claim(&self, claim: &Key) -> bool {
        !self.pod().node.is_empty() && !self.pod().terminal() && self.claim_keys().any(|key| key == *claim)
    }
}

impl Owner {
    fn parse(value: &Value) -> Self {
        Self {
            api_version: value.str("apiVersion").to_owned(),
            kind: value.str("kind").to_owned(),
            name: value.str("name").to_owned(),
            uid: value.str("uid").to_owned(),
            controller: value.flag("controller"),
            blocks_deletion: value.flag("blockOwnerDeletion"),
        }
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A map of strings, as labels are.
pub fn strings(value: Option<&Value>) -> BTreeMap<String, String> {
    let entries = value.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
}
