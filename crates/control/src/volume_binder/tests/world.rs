//! Claims, volumes and classes as a server keeps them: carries plans out one call at a time, refuses what is out of date, and takes
//! finalizers seriously. It plays the provisioner of a node.

use crate::engine::{Cache, Change, Controller};
use crate::object::Object;
use crate::plan::{Call, Effect, Event, Guard, Key, Patch, Plan};
use crate::volume_binder::VolumeBinder;
use std::collections::{BTreeMap, BTreeSet};
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, Resource};

#[derive(Default)]
pub struct World {
    pub cache: Cache,
    raw: BTreeMap<(Resource, Key), Value>,
    version: u64,
    pub queue: BTreeSet<(Resource, Key)>,
    /// `Reason: message`, each once.
    pub events: BTreeSet<String>,
    pub writes: usize,
}

pub const NS: &str = "n";

pub fn claim(name: &str) -> Key {
    Key::new(NS, name)
}

/// A volume of a class, with these members of spec changed.
pub fn volume(name: &str, class: &str, spec: Value) -> Value {
    let mut value = json!({
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": class, "volumeMode": "Filesystem",
            "nfs": {"server": "s", "path": "/"}, "persistentVolumeReclaimPolicy": "Retain",
        },
    });
    merge(&mut value["spec"], &spec);
    value
}

/// A claim of a class, with these members of spec changed.
pub fn asking(name: &str, class: &str, spec: Value) -> Value {
    let mut value = json!({
        "metadata": {"name": name, "namespace": NS},
        "spec": {
            "resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"], "storageClassName": class, "volumeMode": "Filesystem",
        },
    });
    merge(&mut value["spec"], &spec);
    value
}

pub fn class(name: &str, provisioner: &str, mode: &str) -> Value {
    json!({"metadata": {"name": name}, "provisioner": provisioner, "volumeBindingMode": mode})
}

pub fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in patch {
        if value.is_null() {
            target.drop(name);
        } else {
            merge(&mut target[name.as_str()], value);
        }
    }
}

impl World {
    pub fn put(&mut self, resource: Resource, mut value: Value) {
        self.version += 1;
        value["metadata"]["resourceVersion"] = self.version.to_string().into();
        value["metadata"].default_to("uid", format!("uid-{}", self.version));
        value["metadata"].default_to("creationTimestamp", Timestamp::from_seconds(i64::try_from(self.version).unwrap()).rfc3339());
        let key = Key::new(value["metadata"].str("namespace"), value["metadata"].str("name"));
        self.raw.insert((resource, key), value.clone());
        let change = self.cache.put(Object::parse(resource, value).unwrap());
        self.changed(change);
    }

    pub fn raw(&self, resource: Resource, key: &Key) -> Option<&Value> {
        self.raw.get(&(resource, key.clone()))
    }

    pub fn names(&self, resource: Resource) -> Vec<Key> {
        self.raw.keys().filter(|(kind, _)| *kind == resource).map(|(_, key)| key.clone()).collect()
    }

    pub fn edit(&mut self, resource: Resource, key: &Key, patch: Value) {
        let Some(mut value) = self.raw(resource, key).cloned() else { return };
        merge(&mut value, &patch);
        self.put(resource, value);
    }

    pub fn delete(&mut self, resource: Resource, key: &Key) {
        if let Some(value) = self.raw.remove(&(resource, key.clone())) {
            let change = self.cache.delete(&Object::parse(resource, value).unwrap());
            self.changed(change);
        }
    }

    fn changed(&mut self, change: Option<Change>) {
        let mut keys = Vec::new();
        if let Some(change) = change {
            VolumeBinder.keys_for(&change, &self.cache, &mut keys);
        }
        self.queue.extend(keys);
    }

    pub fn plan(&self, resource: Resource, key: &Key) -> Plan {
        VolumeBinder.reconcile(resource, key, &self.cache, Timestamp::default())
    }

    /// Every object is looked at anew, as after a start.
    pub fn restart(&mut self) {
        self.queue = self.raw.keys().cloned().collect();
        self.queue.insert((PERSISTENT_VOLUME_CLAIMS, super::super::ALL));
    }

    /// Looks at one key and makes at most `calls` of its calls; the others are lost.
    pub fn look(&mut self, work: &(Resource, Key), calls: usize) {
        self.queue.remove(work);
        let plan = self.plan(work.0, &work.1);
        self.events.extend(plan.events.iter().map(told));
        for effect in plan.effects().take(calls) {
            if !self.carry_out(effect) {
                self.queue.insert(work.clone());
                break;
            }
        }
    }

    /// Looks at keys until none is left.
    pub fn settle(&mut self) {
        for _ in 0..10_000 {
            let Some(work) = self.queue.first().cloned() else { return };
            self.look(&work, usize::MAX);
        }
        panic!("it does not come to rest: {:?}", self.queue);
    }

    /// Whether a call did what it should.
    pub fn carry_out(&mut self, effect: &Effect) -> bool {
        match &effect.call {
            Call::Get { resource, key } => {
                let there = self.raw(*resource, key).map(|value| value["metadata"].str("uid"));
                match &effect.guard {
                    Some(Guard::Absent { uid }) => there.is_none_or(|found| !uid.is_empty() && found != uid),
                    other => panic!("unforeseen guard {other:?}"),
                }
            }
            Call::Patch { resource, key, patch: Patch::Merge(body), .. } => {
                let Some(mut value) = self.raw(*resource, key).cloned() else { return false };
                let is_stale = |name: &str| body["metadata"].has(name) && body["metadata"].str(name) != value["metadata"].str(name);
                if is_stale("uid") || is_stale("resourceVersion") {
                    return false;
                }
                self.writes += 1;
                merge(&mut value, body);
                self.events.extend(effect.on_success.iter().map(told));
                self.put(*resource, value);
                true
            }
            other => panic!("unforeseen call {other:?}"),
        }
    }

    /// What a node's provisioner does for a claim that waits for it.
    pub fn provision(&mut self, key: &Key) {
        let Some(object) = self.cache.get(PERSISTENT_VOLUME_CLAIMS, key) else { return };
        let facts = object.claim();
        if facts.provisioner.is_empty() || !facts.volume.is_empty() || facts.selected_node.is_empty() {
            return;
        }
        let name = format!("pvc-{}", object.uid);
        if self.cache.get(PERSISTENT_VOLUMES, &Key::cluster(name.as_str())).is_some() {
            return;
        }
        let host = json!([{"key": "kubernetes.io/hostname", "operator": "In", "values": [facts.selected_node]}]);
        let affinity = json!({"required": {"nodeSelectorTerms": [{ "matchExpressions": host }]}});
        let claim_ref = json!({"kind": "PersistentVolumeClaim", "namespace": key.namespace, "name": key.name, "uid": object.uid});
        let spec = json!({
            "nfs": null, "local": {"path": "/x"}, "claimRef": claim_ref, "persistentVolumeReclaimPolicy": "Delete", "nodeAffinity": affinity,
        });
        let mut made = volume(&name, facts.class(), spec);
        made["metadata"]["annotations"] = json!({"pv.kubernetes.io/provisioned-by": facts.provisioner});
        made["metadata"]["finalizers"] = json!(["external-provisioner.volume.kubernetes.io/finalizer"]);
        self.put(PERSISTENT_VOLUMES, made);
    }

    /// phase and volumeName of a claim.
    pub fn stands(&self, name: &str) -> (String, String) {
        let value = self.raw(PERSISTENT_VOLUME_CLAIMS, &claim(name)).cloned().unwrap_or_default();
        (value["status"].str("phase").to_owned(), value["spec"].str("volumeName").to_owned())
    }

    /// phase of a volume, and the claim that it names.
    pub fn volume_stands(&self, name: &str) -> (String, String) {
        let value = self.raw(PERSISTENT_VOLUMES, &Key::cluster(name)).cloned().unwrap_or_default();
        (value["status"].str("phase").to_owned(), value["spec"]["claimRef"].str("name").to_owned())
    }
}

fn told(event: &Event) -> String {
    format!("{} {}: {}", event.regarding.name, event.reason, event.message)
}
