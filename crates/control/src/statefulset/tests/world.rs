//! A world of one set: carries plans out as a server would, and plays the kubelet.

use crate::engine::Cache;
use crate::object::Object;
use crate::plan::{Call, Effect, Key, Patch, Plan};
use crate::statefulset::{observe::Observed, plan::plan};
use std::collections::BTreeMap;
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::{CONTROLLER_REVISIONS, PODS, Resource, STATEFUL_SETS};

pub struct World {
    pub cache: Cache,
    pub now: Timestamp,
    pub version: u64,
    /// Whole objects; the cache keeps only what controllers read.
    raw: BTreeMap<(Resource, Key), Value>,
    /// `+web-0@hash`, `-web-0`, `xweb-0`, as golden runs write them.
    pub ops: Vec<String>,
}

pub const UID: &str = "set-uid";

/// A defaulted set `web` with these members of spec changed.
pub fn set(spec: Value) -> Value {
    let mut set = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "web", "namespace": "d", "uid": UID, "generation": 1},
        "spec": {
            "replicas": 3, "serviceName": "nginx", "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10,
            "selector": {"matchLabels": {"app": "web"}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 1}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}},
        },
        "status": {"replicas": 0, "availableReplicas": 0},
    });
    merge(&mut set["spec"], &spec);
    set
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
    pub fn new(spec: Value) -> Self {
        let mut world = Self {
            cache: Cache::default(),
            now: Timestamp::from_seconds(1_800_000_000),
            version: 10,
            raw: BTreeMap::new(),
            ops: Vec::new(),
        };
        world.put(STATEFUL_SETS, set(spec));
        world
    }

    pub fn put(&mut self, resource: Resource, mut value: Value) {
        self.version += 1;
        value["metadata"]["resourceVersion"] = self.version.to_string().into();
        value["metadata"].default_to("uid", format!("uid-{}", self.version));
        value["metadata"].default_to("creationTimestamp", self.now.rfc3339());
        self.raw.insert((resource, Self::key(value["metadata"].str("name"))), value.clone());
        self.cache.put(Object::parse(resource, value).unwrap());
    }

    pub fn key(name: &str) -> Key {
        Key::new("d", name)
    }

    /// The whole object.
    pub fn value(&self, resource: Resource, name: &str) -> Value {
        self.raw.get(&(resource, Self::key(name))).unwrap_or_else(|| panic!("no {name}")).clone()
    }

    /// Changes members of the set's spec, as a user would.
    pub fn change(&mut self, spec: Value) {
        let mut set = self.value(STATEFUL_SETS, "web");
        merge(&mut set["spec"], &spec);
        set["metadata"]["generation"] = (set["metadata"].int("generation").unwrap() + 1).into();
        self.put(STATEFUL_SETS, set);
    }

    pub fn image(&mut self, image: &str) {
        self.change(json!({"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}));
    }

    pub fn observed(&self) -> Observed {
        Observed::of(&self.cache, &Self::key("web")).unwrap()
    }

    pub fn plan(&self) -> Plan {
        plan(self.now, &self.observed())
    }

    /// Carries plans out until none is left to do; returns what happened to pods.
    pub fn settle(&mut self) -> Vec<String> {
        for _ in 0..200 {
            let plan = self.plan();
            if plan.is_empty() {
                return std::mem::take(&mut self.ops);
            }
            self.carry_out(&plan);
        }
        panic!("no fixed point: {:?}", self.plan());
    }

    pub fn carry_out(&mut self, plan: &Plan) {
        let effects: Vec<Effect> = plan.effects().cloned().collect();
        for effect in effects {
            self.call(&effect.call);
        }
    }

    pub fn call(&mut self, call: &Call) {
        match call {
            Call::Create { resource, body, .. } => {
                let name = body["metadata"].str("name").to_owned();
                if self.cache.get(*resource, &Self::key(&name)).is_some() {
                    return;
                }
                let mut body = body.clone();
                if *resource == PODS {
                    body["status"] = json!({"phase": "Pending"});
                    let revision = body["metadata"]["labels"]["controller-revision-hash"].as_str().unwrap_or("?");
                    self.ops.push(format!("+{name}@{revision}"));
                }
                self.put(*resource, body);
            }
            Call::Delete { resource: PODS, key, .. } => {
                let mut pod = self.value(PODS, &key.name);
                pod["metadata"]["deletionTimestamp"] = self.now.rfc3339().into();
                self.ops.push(format!("-{}", key.name));
                self.put(PODS, pod);
            }
            Call::Delete { resource, key, .. } => self.remove(*resource, &key.name),
            Call::Patch { resource, key, patch: Patch::Merge(patch), .. } => {
                let mut value = self.value(*resource, &key.name);
                merge(&mut value, patch);
                self.put(*resource, value);
            }
            Call::Patch { resource, key, patch: Patch::Strategic(patch), .. } => {
                if self.cache.get(*resource, key).is_some() {
                    let mut value = self.value(*resource, &key.name);
                    let mut patch = patch.clone();
                    if patch["metadata"]["ownerReferences"][0]["$patch"] == "delete" {
                        patch["metadata"]["ownerReferences"] = json!(null);
                    }
                    merge(&mut value, &patch);
                    self.put(*resource, value);
                }
            }
            Call::Get { .. } => {}
            other => panic!("{other:?}"),
        }
    }

    pub fn remove(&mut self, resource: Resource, name: &str) {
        self.version += 1;
        let mut object = self.cache.get(resource, &Self::key(name)).unwrap().as_ref().clone();
        object.version = self.version;
        self.cache.delete(&object);
        self.raw.remove(&(resource, Self::key(name)));
    }

    pub fn pods(&self) -> Vec<String> {
        self.cache.list(PODS).map(|p| p.key.name.clone()).collect()
    }

    pub fn is_deleting(&self, name: &str) -> bool {
        self.cache.get(PODS, &Self::key(name)).is_some_and(|p| p.deleting.is_some())
    }

    /// The kubelet says: ready, unready, fail, succeed, unknown; gone ends a deletion.
    pub fn play(&mut self, what: &str, name: &str) {
        if what == "gone" {
            self.ops.push(format!("x{name}"));
            return self.remove(PODS, name);
        }
        let mut pod = self.value(PODS, name);
        let (phase, ready) = match what {
            "ready" => ("Running", "True"),
            "unready" => ("Running", "False"),
            "fail" => ("Failed", "False"),
            "succeed" => ("Succeeded", "False"),
            _ => ("Unknown", "Unknown"),
        };
        let ready = json!([{"type": "Ready", "status": ready, "lastTransitionTime": self.now.rfc3339()}]);
        pod["status"] = json!({"phase": phase, "conditions": ready});
        self.put(PODS, pod);
    }

    /// The kubelet makes every pod ready and ends every deletion, one at a time, until nothing is left to do.
    pub fn auto(&mut self) -> Vec<String> {
        let mut ops = self.settle();
        for _ in 0..500 {
            let pending = self.cache.list(PODS).find_map(|p| match (p.deleting.is_some(), p.pod().ready) {
                (true, _) => Some(("gone", p.key.name.clone())),
                (false, false) if !p.pod().terminal() => Some(("ready", p.key.name.clone())),
                (false, _) => None,
            });
            let Some((what, name)) = pending else { return ops };
            self.play(what, &name);
            ops.extend(self.settle());
        }
        panic!("the kubelet never finishes: {ops:?}");
    }

    pub fn status(&self) -> Value {
        self.value(STATEFUL_SETS, "web")["status"].clone()
    }

    pub fn revisions(&self) -> Vec<(String, i64)> {
        let mut all: Vec<_> =
            self.cache.list(CONTROLLER_REVISIONS).map(|r| (r.key.name.clone(), r.value.int("revision").unwrap())).collect();
        all.sort_by_key(|(_, number)| *number);
        all
    }

    /// The name of the newest revision.
    pub fn newest(&self) -> String {
        self.revisions().last().unwrap().0.clone()
    }
}

/// Ops without revisions: `+web-0 -web-1`.
pub fn brief(ops: &[String]) -> String {
    let short: Vec<&str> = ops.iter().map(|op| op.split('@').next().unwrap()).collect();
    short.join(" ")
}
