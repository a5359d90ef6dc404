//! The desk over time: changes come one by one, plans are carried out or fail.

use super::super::desk::{Desk, turn};
use crate::engine::Cache;
use crate::object::Object;
use crate::plan::{Call, Key, Patch, Plan, Resource};
use stead_api::{Value, json, time::Timestamp, value::Access};
use stead_client::resource::{
    CSI_NODES, CSI_STORAGE_CAPACITIES, NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, POD_DISRUPTION_BUDGETS, PODS, STORAGE_CLASSES,
};

/// A desk with its caches; whatever it asks for is done unless it is a binding.
pub(super) struct Life {
    cache: Cache,
    desk: Desk,
    version: u64,
    now_s: i64,
    /// Keys to look at.
    pub keys: Vec<Key>,
    /// `pod>node` of each binding that was asked for.
    pub bound: Vec<String>,
    /// `pod: message` of each refusal that was said.
    pub said: Vec<String>,
    deleted: Vec<String>,
}

pub(super) fn wants(cpu: &str) -> Value {
    json!({"containers": [{"resources": {"requests": {"cpu": cpu}}}]})
}

pub(super) fn with(mut base: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

impl Life {
    pub fn new() -> Self {
        let mut life = Self {
            cache: Cache::default(),
            desk: Desk::default(),
            version: 1,
            now_s: 1_800_000_000,
            keys: Vec::new(),
            bound: Vec::new(),
            said: Vec::new(),
            deleted: Vec::new(),
        };
        life.pass(0);
        life
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.now_s)
    }

    fn pass(&mut self, seconds: i64) {
        self.now_s += seconds;
        self.cache.set_time(self.now());
    }

    pub fn put(&mut self, resource: Resource, mut value: Value) {
        self.version += 1;
        let meta = &mut value["metadata"];
        meta["resourceVersion"] = self.version.to_string().into();
        if meta.get("uid").is_none() {
            meta["uid"] = format!("uid-of-{}", meta["name"].as_str().unwrap()).into();
        }
        meta["creationTimestamp"] = self.now().rfc3339().into();
        let change = self.cache.put(Object::parse(resource, value).unwrap()).unwrap();
        self.keys.extend(self.desk.note(&change, &self.cache));
    }

    pub fn delete(&mut self, resource: Resource, namespace: &str, name: &str) {
        let object = self.cache.get(resource, &Key::new(namespace, name)).unwrap().clone();
        let change = self.cache.delete(&object).unwrap();
        self.keys.extend(self.desk.note(&change, &self.cache));
    }

    pub fn node(&mut self, name: &str, cpu: &str) {
        self.node_with(name, cpu, json!({}));
    }

    pub fn node_with(&mut self, name: &str, cpu: &str, spec: Value) {
        let labels = json!({"kubernetes.io/hostname": name});
        let allocatable = json!({"cpu": cpu, "memory": "8Gi", "pods": "110"});
        self.put(NODES, json!({"metadata": {"name": name, "labels": labels}, "spec": spec, "status": {"allocatable": allocatable}}));
    }

    pub fn pod(&mut self, name: &str, spec: Value) {
        let spec = with(json!({"schedulerName": "default-scheduler", "containers": []}), spec);
        let meta = json!({"name": name, "namespace": "d", "labels": {"app": name}});
        self.put(PODS, json!({"metadata": meta, "spec": spec, "status": {"phase": "Pending"}}));
    }

    /// Looks at every key until none is left; how many plans asked for something.
    pub fn work(&mut self) -> usize {
        let mut asked = 0;
        while let Some(key) = if self.keys.is_empty() { None } else { Some(self.keys.remove(0)) } {
            let plan = self.desk.look(&key, &self.cache, self.now());
            asked += usize::from(!plan.is_empty());
            self.keys.extend(plan.then.iter().map(|(_, key)| key.clone()));
            self.carry_out(&plan);
        }
        asked
    }

    fn look_at(&mut self, pod: &str) -> usize {
        self.keys.push(Key::new("d", pod));
        self.work()
    }

    fn carry_out(&mut self, plan: &Plan) {
        let told = |event: &crate::plan::Event| format!("{}: {}", event.regarding.name, event.message);
        self.said.extend(plan.events.iter().map(told));
        let calls: Vec<Call> = plan.effects().map(|effect| effect.call.clone()).collect();
        for call in calls {
            match call {
                Call::Create { subresource: (pod, "binding"), body, .. } => {
                    self.bound.push(format!("{pod}>{}", body["target"].str("name")))
                }
                Call::Patch { resource, key, patch: Patch::Merge(patch), .. } => self.bound.push(match resource {
                    PERSISTENT_VOLUMES => format!("{}={}", key.name, patch["spec"]["claimRef"].str("name")),
                    _ => format!("{}@{}", key.name, patch["metadata"]["annotations"].str("volume.kubernetes.io/selected-node")),
                }),
                Call::Delete { key, .. } => self.deleted.push(key.name),
                _ => {}
            }
        }
    }

    pub fn bound(&mut self) -> Vec<String> {
        self.work();
        std::mem::take(&mut self.bound)
    }

    pub fn class(&mut self, name: &str, provisioner: &str) {
        let mode = "WaitForFirstConsumer";
        self.put(STORAGE_CLASSES, json!({"metadata": {"name": name}, "provisioner": provisioner, "volumeBindingMode": mode}));
    }

    pub fn claim(&mut self, name: &str, spec: Value) {
        let spec = with(json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}), spec);
        let is_bound = spec.get("volumeName").is_some();
        let annotations = if is_bound { json!({"pv.kubernetes.io/bind-completed": "yes"}) } else { json!({}) };
        let meta = json!({"name": name, "namespace": "d", "annotations": annotations});
        let status = json!({"phase": if is_bound { "Bound" } else { "Pending" }});
        self.put(PERSISTENT_VOLUME_CLAIMS, json!({"metadata": meta, "spec": spec, "status": status}));
    }

    pub fn volume(&mut self, name: &str, node: &str, spec: Value) {
        let on_node = json!([{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}]);
        let spec = with(
            json!({"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "slow",
                "nodeAffinity": {"required": {"nodeSelectorTerms": on_node}}}),
            spec,
        );
        self.put(PERSISTENT_VOLUMES, json!({"metadata": {"name": name}, "spec": spec, "status": {"phase": "Available"}}));
    }
}

pub(super) fn uses(claims: &[&str]) -> Value {
    let volume = |claim: &&str| json!({"name": claim, "persistentVolumeClaim": {"claimName": claim}});
    json!({"volumes": claims.iter().map(volume).collect::<Value>()})
}

// SCH-3
#[test]
fn the_higher_priority_goes_first() {
    let mut life = Life::new();
    life.pod("low", wants("1"));
    life.pod("high", with(wants("1"), json!({"priority": 5})));
    life.node("n", "1");
    assert_eq!(life.bound(), ["high>n"]);
}

// SCH-20, SCH-27
#[test]
fn what_cannot_help_retries_nobody() {
    let mut life = Life::new();
    life.node("n", "1");
    life.pod("p", wants("2"));
    assert_eq!(life.work(), 1);
    life.node_with("n", "1", json!({"unschedulable": true}));
    life.node("small", "1");
    life.pod("other", json!({"nodeName": "n"}));
    assert_eq!(life.work(), 0);
    assert_eq!(life.said.len(), 1);
    life.node("small", "2");
    assert_eq!(life.bound(), ["p>small"]);
}

// SCH-21
#[test]
fn room_that_is_given_up_is_taken() {
    let mut life = Life::new();
    life.node("n", "1");
    life.pod("old", with(wants("1"), json!({"nodeName": "n"})));
    life.pod("new", wants("1"));
    life.work();
    life.delete(PODS, "d", "old");
    assert_eq!(life.bound(), ["new>n"]);
}

// SCH-12, SCH-22: a binding that failed is asked for again after a while, not at once.
#[test]
fn a_failed_binding_is_tried_again_later() {
    let mut life = Life::new();
    life.node("n", "1");
    life.pod("p", wants("1"));
    assert_eq!(life.bound(), ["p>n"]);
    life.look_at("p");
    life.keys.push(turn());
    assert_eq!(life.bound(), [""; 0]);
    life.pass(1);
    life.look_at("p");
    assert_eq!(life.bound(), ["p>n"]);
}

// SCH-22: a clock that is put back keeps nobody waiting.
#[test]
fn a_failed_binding_is_tried_again_though_the_clock_was_put_back() {
    let mut life = Life::new();
    life.node("n", "1");
    life.pod("p", wants("1"));
    life.work();
    life.look_at("p");
    life.bound.clear();
    life.pass(-23 * 60);
    life.look_at("p");
    assert_eq!(life.bound(), ["p>n"]);
}

// SCH-23
#[test]
fn a_parked_pod_is_tried_after_five_minutes() {
    let mut life = Life::new();
    life.node("n", "1");
    life.pod("p", wants("2"));
    assert_eq!((life.work(), life.said.len()), (1, 1));
    let again = life.desk.look(&Key::new("d", "p"), &life.cache, life.now());
    assert_eq!((again.requeue_at, again.then.len()), (Some(Timestamp::from_seconds(life.now_s + 300)), 0));
    life.pass(300);
    assert_eq!(life.desk.look(&Key::new("d", "p"), &life.cache, life.now()).then.len(), 1);
}

// SCH-24: a pod in back-off is tried after those that are ready.
#[test]
fn who_has_just_failed_waits_for_who_has_not() {
    let mut life = Life::new();
    life.node("n", "1");
    life.pod("low", wants("2"));
    life.work();
    life.pass(2);
    life.pod("high", with(wants("2"), json!({"priority": 5})));
    life.work();
    life.node("n", "2");
    assert_eq!(life.bound(), ["low>n"]);
}

// SCH-73, SCH-76: two pods never get one volume.
#[test]
fn a_volume_is_promised_once() {
    let mut life = Life::new();
    life.node("a", "4");
    life.node("b", "4");
    life.class("slow", "kubernetes.io/no-provisioner");
    life.volume("va", "a", json!({}));
    life.volume("vb", "b", json!({"capacity": {"storage": "2Gi"}}));
    for name in ["x", "y", "z"] {
        life.claim(name, json!({"storageClassName": "slow"}));
        life.pod(name, uses(&[name]));
    }
    assert_eq!(life.bound(), ["va=x", "vb=y"]);
    let reason = "z: 0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.";
    assert!(life.said[0].starts_with(reason), "{:?}", life.said);
    // The claim is bound: now the pod is.
    life.claim("x", json!({"storageClassName": "slow", "volumeName": "va"}));
    assert_eq!(life.bound(), ["x>a"]);
}

// SCH-74, SCH-76, SCH-77
#[test]
fn who_makes_a_volume_is_told_the_node() {
    let mut life = Life::new();
    life.node("n", "4");
    life.class("made", "example.com/p");
    life.claim("data", json!({"storageClassName": "made"}));
    life.pod("p", uses(&["data"]));
    assert_eq!(life.bound(), ["data@n"]);
    // The provisioner takes the node back: the pod is tried again after a while.
    life.claim("data", json!({"storageClassName": "made"}));
    life.work();
    let why = "p: running PreBind plugin \"VolumeBinding\": binding volumes: selectedNode annotation reset for PVC \"d/data\"";
    assert_eq!(life.said, [why]);
    life.pass(1);
    life.look_at("p");
    assert_eq!(life.bound(), ["data@n"]);
}

// STO-22, SCH-74
#[test]
fn a_volume_is_made_where_there_is_room_for_it() {
    let room = |life: &mut Life, node: &str, capacity: &str| {
        let meta = json!({"name": format!("made-{node}"), "namespace": "kube-system"});
        let topology = json!({"matchLabels": {"kubernetes.io/hostname": node}});
        let told = json!({"metadata": meta, "storageClassName": "made", "capacity": capacity, "nodeTopology": topology});
        life.put(CSI_STORAGE_CAPACITIES, told);
    };
    let mut life = Life::new();
    ["m", "n"].iter().for_each(|node| life.node(node, "4"));
    life.class("made", "stead.io/local");
    room(&mut life, "m", "1023Mi");
    room(&mut life, "n", "1Gi");
    life.claim("data", json!({"storageClassName": "made"}));
    life.pod("p", uses(&["data"]));
    assert_eq!(life.bound(), ["data@n"]);

    let mut life = Life::new();
    life.node("m", "4");
    life.class("made", "stead.io/local");
    room(&mut life, "m", "1023Mi");
    life.claim("data", json!({"storageClassName": "made"}));
    life.pod("p", uses(&["data"]));
    assert_eq!(life.bound(), [""; 0]);
    assert!(life.said[0].contains("0/1 nodes are available: 1 node(s) did not have enough free storage."), "{:?}", life.said);
    // More room is a reason to try again.
    room(&mut life, "m", "2Gi");
    life.pass(1);
    assert_eq!(life.bound(), ["data@m"]);
}

// SCH-76
#[test]
fn claims_that_are_not_bound_in_time_are_given_up() {
    let mut life = Life::new();
    life.node("n", "4");
    life.class("made", "example.com/p");
    life.claim("data", json!({"storageClassName": "made"}));
    life.pod("p", uses(&["data"]));
    life.work();
    life.pass(599);
    assert_eq!(life.look_at("p"), 0);
    life.pass(1);
    life.look_at("p");
    let why = "p: running PreBind plugin \"VolumeBinding\": binding volumes: timed out waiting for the condition";
    assert_eq!(life.said, [why]);
}

// SCH-69
#[test]
fn a_claim_for_one_pod_has_one_also_before_it_is_seen() {
    let mut life = Life::new();
    life.node("n", "4");
    life.volume("v", "n", json!({"accessModes": ["ReadWriteOncePod"]}));
    life.claim("data", json!({"accessModes": ["ReadWriteOncePod"], "volumeName": "v"}));
    life.pod("p", uses(&["data"]));
    life.pod("q", uses(&["data"]));
    assert_eq!(life.bound(), ["p>n"]);
    assert!(life.said[0].contains("ReadWriteOncePod access mode already in-use by another pod"), "{:?}", life.said);
}

// SCH-79
#[test]
fn a_node_attaches_so_many_volumes() {
    let mut life = Life::new();
    life.node("n", "4");
    let driver = json!({"name": "example.com", "allocatable": {"count": 1}});
    life.put(CSI_NODES, json!({"metadata": {"name": "n"}, "spec": {"drivers": [driver]}}));
    for name in ["a", "b"] {
        life.volume(name, "n", json!({"csi": {"driver": "example.com", "volumeHandle": name}}));
        life.claim(name, json!({"volumeName": name}));
    }
    life.pod("p", uses(&["a"]));
    life.pod("same", uses(&["a"]));
    life.pod("q", uses(&["b"]));
    assert_eq!(life.bound(), ["p>n", "same>n"]);
    assert!(life.said[0].starts_with("q: 0/1 nodes are available: 1 node(s) exceed max volume count."), "{:?}", life.said);
}

// SCH-111, SCH-112, SCH-115, SCH-116
#[test]
fn the_least_that_is_needed_goes_and_budgets_are_spared() {
    let mut life = Life::new();
    life.node("n", "2");
    for name in ["a", "b"] {
        life.pod(name, with(wants("1"), json!({"nodeName": "n"})));
    }
    let selector = json!({"matchLabels": {"app": "a"}});
    life.put(
        POD_DISRUPTION_BUDGETS,
        json!({"metadata": {"name": "keep", "namespace": "d"}, "spec": {"selector": selector}, "status": {"disruptionsAllowed": 0}}),
    );
    life.pod("p", with(wants("1"), json!({"priority": 5})));
    life.work();
    assert_eq!((life.deleted.as_slice(), life.bound.len()), (["b".to_owned()].as_slice(), 0));
    life.delete(PODS, "d", "b");
    assert_eq!(life.bound(), ["p>n"]);
}

// SCH-63: that a pod is about to go does not make room for who shuns it.
#[test]
fn a_shunned_pod_that_begins_to_go_retries_nobody() {
    let mut life = Life::new();
    life.node("n", "1");
    life.pod("a", json!({"nodeName": "n"}));
    let term = json!([{"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "a"}}}]);
    life.pod("p", json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}}));
    life.work();
    let meta = json!({"name": "a", "namespace": "d", "labels": {"app": "a"}, "deletionTimestamp": "2027-01-15T08:00:00Z"});
    life.put(PODS, json!({"metadata": meta, "spec": {"nodeName": "n"}, "status": {"phase": "Running"}}));
    assert_eq!(life.keys, []);
    life.delete(PODS, "d", "a");
    assert_eq!(life.bound(), ["p>n"]);
}

// SCH-116
#[test]
fn room_is_kept_for_whom_others_go() {
    let mut life = Life::new();
    life.node("n", "1");
    life.pod("a", with(wants("1"), json!({"nodeName": "n"})));
    life.pod("p", with(wants("1"), json!({"priority": 5})));
    life.work();
    life.deleted.clear();
    life.pod("late", with(wants("1"), json!({"priority": 4})));
    life.work();
    assert_eq!(life.deleted, [""; 0]);
    life.delete(PODS, "d", "a");
    assert_eq!(life.bound(), ["p>n"]);
}
