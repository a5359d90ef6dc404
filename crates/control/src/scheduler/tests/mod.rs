//! Placements over caches: every object is there at once, and every pod is tried.

mod cures;
mod kept;
mod life;

use super::desk::{Desk, turn};
use crate::engine::Cache;
use crate::object::Object;
use crate::plan::{Call, Plan};
use stead_api::{Value, json, time::Timestamp};
use stead_client::resource::{NAMESPACES, NODES, PODS};

struct World {
    cache: Cache,
    version: u64,
}

fn merged(mut base: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

impl World {
    fn new() -> Self {
        Self { cache: Cache::default(), version: 1 }
    }

    fn node(&mut self, name: &str, spec: Value) -> &mut Self {
        let labels = json!({"kubernetes.io/hostname": name, "zone": name.chars().next().unwrap().to_string()});
        let allocatable = json!({"cpu": "2", "memory": "4Gi", "pods": "4"});
        self.put(NODES, json!({"metadata": {"name": name, "labels": labels}, "spec": spec, "status": {"allocatable": allocatable}}))
    }

    fn pod(&mut self, name: &str, spec: Value) -> &mut Self {
        let spec = merged(json!({"schedulerName": "default-scheduler", "containers": []}), spec);
        self.put(PODS, json!({"metadata": {"name": name, "namespace": "d", "labels": {"app": name.split('-').next().unwrap()}}, "spec": spec, "status": {"phase": "Pending"}}))
    }

    fn put(&mut self, resource: crate::plan::Resource, mut value: Value) -> &mut Self {
        self.version += 1;
        value["metadata"]["uid"] = format!("u{}", self.version).into();
        value["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.cache.put(Object::parse(resource, value).unwrap());
        self
    }

    fn plan(&self) -> Plan {
        let (now, mut desk, mut all) = (Timestamp::from_seconds(1_800_000_000), Desk::of(&self.cache), Plan::default());
        for (_, key) in desk.look(&turn(), &self.cache, now).then {
            let plan = desk.look(&key, &self.cache, now);
            all.before.extend(plan.before);
            all.steps.extend(plan.steps);
            all.events.extend(plan.events);
        }
        all
    }

    /// `pod>node` of each binding.
    fn bindings(&self) -> Vec<String> {
        let text = |call: &Call| match call {
            Call::Create { subresource: (pod, "binding"), body, .. } => Some(format!("{pod}>{}", body["target"]["name"].as_str().unwrap())),
            _ => None,
        };
        self.plan().effects().filter_map(|e| text(&e.call)).collect()
    }

    fn refusal(&self) -> String {
        assert_eq!(self.bindings(), [""; 0]);
        self.plan().events[0].message.clone()
    }
}

fn wants(cpu: &str) -> Value {
    json!({"containers": [{"resources": {"requests": {"cpu": cpu}}}]})
}

#[test]
fn pods_spread_over_the_room_there_is() {
    let mut world = World::new();
    world.node("a", json!({})).node("b", json!({}));
    world.pod("x", wants("1")).pod("y", wants("1")).pod("z", wants("500m"));
    assert_eq!(world.bindings(), ["x>a", "y>b", "z>a"]);
}

#[test]
fn one_look_never_promises_the_same_room_twice() {
    let mut world = World::new();
    world.node("a", json!({}));
    for i in 0..3 {
        world.pod(&format!("p-{i}"), wants("900m"));
    }
    assert_eq!(world.bindings(), ["p-0>a", "p-1>a"]);
    assert_eq!(
        world.plan().events[0].message,
        "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    );
    // Too many pods.
    let mut world = World::new();
    world.node("a", json!({}));
    for i in 0..5 {
        world.pod(&format!("p-{i}"), json!({}));
    }
    assert_eq!(world.bindings().len(), 4);
    assert_eq!(
        world.plan().events[0].message,
        "0/1 nodes are available: 1 Too many pods. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    );
}

#[test]
fn running_pods_take_room_and_ended_ones_do_not() {
    for (phase, bound) in [("Running", 0), ("Succeeded", 1)] {
        let mut world = World::new();
        world.node("a", json!({})).pod("p", wants("2"));
        let spec = merged(wants("1"), json!({"nodeName": "a"}));
        world.put(PODS, json!({"metadata": {"name": "q", "namespace": "d"}, "spec": spec, "status": {"phase": phase}}));
        assert_eq!(world.bindings().len(), bound, "{phase}");
    }
}

#[test]
fn selectors_affinity_taints_and_cordons_bar_nodes() {
    let required = |operator: &str, values: &[&str]| {
        let expression = json!({"key": "zone", "operator": operator, "values": values});
        json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}}})
    };
    for (spec, bound) in [
        (json!({"nodeSelector": {"zone": "b"}}), "p>b"),
        (required("In", &["b"]), "p>b"),
        (required("NotIn", &["a", "c", "d"]), "p>b"),
        (json!({"nodeSelector": {"zone": "c"}, "tolerations": [{"operator": "Exists"}]}), "p>c"),
        (json!({"nodeSelector": {"zone": "c"}, "tolerations": [{"key": "k", "value": "v", "effect": "NoSchedule"}]}), "p>c"),
    ] {
        let mut world = World::new();
        let taint = json!([{"key": "k", "value": "v", "effect": "NoSchedule"}]);
        world.node("a", json!({})).node("b", json!({})).node("c", json!({"taints": taint})).node("d", json!({"unschedulable": true}));
        world.pod("p", spec.clone());
        assert_eq!(world.bindings(), [bound], "{spec}");
    }
}

/// SCH-34, SCH-35, SCH-36, SCH-39: what preemption does or would do, in upstream's words.
#[test]
fn a_refusal_says_why_no_other_pod_goes() {
    let refusal = |spec: Value, priority: i64| {
        let mut world = World::new();
        world.node("a", json!({})).pod("taker", merged(wants("1500m"), json!({"nodeName": "a", "priority": priority})));
        world.pod("p", merged(wants("1"), spec));
        world.refusal()
    };
    let head = "0/1 nodes are available: 1 Insufficient cpu.";
    let none = " preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";
    assert_eq!(refusal(json!({}), 0), format!("{head}{none}"));
    let found = " preemption: found a potential placement for pod on node a, preempting 1 victims";
    assert_eq!(refusal(json!({"priority": 5}), 0), format!("{head}{found}"));
    let never = json!({"priority": 5, "preemptionPolicy": "Never"});
    assert_eq!(refusal(never, 0), format!("{head} preemption: not eligible due to preemptionPolicy=Never."));
}

#[test]
fn a_refusal_counts_reasons_in_upstreams_words() {
    let mut world = World::new();
    world.pod("p", merged(wants("3"), json!({"nodeSelector": {"zone": "a"}})));
    assert_eq!(world.refusal(), "no nodes available to schedule pods");
    let taint = json!([{"key": "k", "effect": "NoExecute"}]);
    world
        .node("a1", json!({}))
        .node("a2", json!({}))
        .node("b", json!({}))
        .node("c", json!({"taints": taint}))
        .node("d", json!({"unschedulable": true}));
    let wanted = "0/5 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s), \
                  1 node(s) were unschedulable, 2 Insufficient cpu. preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling.";
    assert_eq!(world.refusal(), wanted);
}

#[test]
fn a_refusal_is_said_once() {
    let mut world = World::new();
    world.pod("p", json!({}));
    let plan = world.plan();
    assert_eq!((plan.effects().count(), plan.events.len()), (1, 1));
    let condition = json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": plan.events[0].message});
    let spec = json!({"schedulerName": "default-scheduler"});
    world.put(
        PODS,
        json!({"metadata": {"name": "p", "namespace": "d"}, "spec": spec, "status": {"phase": "Pending", "conditions": [condition]}}),
    );
    assert!(world.plan().is_empty());
}

#[test]
fn gated_foreign_and_leaving_pods_are_left_alone() {
    let mut world = World::new();
    world.node("a", json!({}));
    world.pod("gated", json!({"schedulingGates": [{"name": "x"}]})).pod("foreign", json!({"schedulerName": "mine"}));
    assert!(world.plan().is_empty());
}

#[test]
fn pods_keep_apart_and_together_as_they_ask() {
    let term = |app: &str, topology: &str| json!({"requiredDuringSchedulingIgnoredDuringExecution": [{"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": topology}]});
    let apart = json!({"affinity": {"podAntiAffinity": term("zk", "kubernetes.io/hostname")}});
    let mut world = World::new();
    world.node("a", json!({})).node("b", json!({}));
    world.pod("zk-0", apart.clone()).pod("zk-1", apart.clone()).pod("zk-2", apart);
    assert_eq!(world.bindings(), ["zk-0>a", "zk-1>b"]);
    assert_eq!(
        world.plan().events[0].message,
        "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod."
    );
    let together = json!({"affinity": {"podAffinity": term("web", "zone")}});
    let mut world = World::new();
    world.node("a", json!({})).node("b", json!({}));
    world.pod("web-0", together.clone()).pod("web-1", together.clone()).pod("web-2", together);
    assert_eq!(world.bindings(), ["web-0>a", "web-1>a", "web-2>a"]);
}

#[test]
fn host_ports_clash_on_one_node() {
    let port = json!({"containers": [{"ports": [{"protocol": "TCP", "hostPort": 80}]}]});
    let mut world = World::new();
    world.node("a", json!({})).pod("p", port.clone()).pod("q", port);
    assert_eq!(world.bindings(), ["p>a"]);
    assert_eq!(
        world.plan().events[0].message,
        "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    );
}

fn preferring(what: &str, terms: Value) -> Value {
    json!({"affinity": {what: {"preferredDuringSchedulingIgnoredDuringExecution": terms}}})
}

// SCH-92
#[test]
fn a_preferred_node_affinity_weighs_among_equal_nodes() {
    let on = |zone: &str| json!({"matchExpressions": [{"key": "zone", "operator": "In", "values": [zone]}]});
    let mut world = World::new();
    world.node("a", json!({})).node("b", json!({})).node("c", json!({}));
    let terms = json!([{"weight": 10, "preference": on("b")}, {"weight": 90, "preference": on("c")}]);
    for name in ["w-0", "w-1", "w-2"] {
        world.pod(name, preferring("nodeAffinity", terms.clone()));
    }
    assert_eq!(world.bindings(), ["w-0>c", "w-1>c", "w-2>c"]);
}

// SCH-91
#[test]
fn a_node_that_pods_had_better_not_use_comes_last() {
    let soft = json!({"taints": [{"key": "spare", "value": "yes", "effect": "PreferNoSchedule"}]});
    let mut world = World::new();
    world.node("a", soft.clone()).node("b", soft).node("c", json!({}));
    world.pod("w-0", json!({})).pod("w-1", json!({}));
    world.pod("x-0", json!({"tolerations": [{"key": "spare", "operator": "Exists"}]}));
    assert_eq!(world.bindings(), ["w-0>c", "w-1>c", "x-0>a"]);
}

// SCH-97
#[test]
fn preferred_company_attracts_and_repels() {
    let term =
        |app: &str| json!([{"weight": 100, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": app}}}}]);
    let mut world = World::new();
    world.node("a", json!({})).node("b", json!({}));
    world.pod("db-0", json!({"nodeName": "b"}));
    world.pod("near-0", preferring("podAffinity", term("db"))).pod("far-0", preferring("podAntiAffinity", term("db")));
    assert_eq!(world.bindings(), ["near-0>b", "far-0>a"]);
}

// SCH-57
#[test]
fn a_term_may_select_namespaces_by_their_labels() {
    let against = |team: &str| {
        let term = json!({"topologyKey": "zone", "labelSelector": {}, "namespaceSelector": {"matchLabels": {"team": team}}});
        json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}})
    };
    let mut world = World::new();
    world.node("a", json!({}));
    world.put(NAMESPACES, json!({"metadata": {"name": "d", "labels": {"team": "x"}}}));
    world.pod("db-0", json!({"nodeName": "a"})).pod("w-0", against("y"));
    assert_eq!(world.bindings(), ["w-0>a"]);
    world.put(NAMESPACES, json!({"metadata": {"name": "d", "labels": {"team": "y"}}}));
    assert_eq!(
        world.refusal(),
        "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    );
}
