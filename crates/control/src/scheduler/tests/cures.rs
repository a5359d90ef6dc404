//! What happened that could help a pod has it tried at once (SCH-20 to SCH-25): for each reason why a pod waits, each event that cures it. No time
//! passes in between, so that whoever has to wait for a timer fails here.

mod kept_room;
mod volumes;

use super::life::{Life, wants, with};
use stead_api::{Value, json};
use stead_client::resource::{NAMESPACES, NODES, PODS};

/// A reason, and an event that cures it.
pub(super) struct Case {
    /// The pod `p` waits.
    pub refused: fn(&mut Life),
    /// A part of what is said of it.
    pub why: &'static str,
    /// What happens, in words and in deed.
    pub event: &'static str,
    pub happens: fn(&mut Life),
    /// What is bound then.
    pub bound: &'static str,
}

pub(super) fn all_are_cured(cases: &[Case]) {
    for Case { refused, why, event, happens, bound } in cases {
        let mut life = Life::new();
        refused(&mut life);
        life.work();
        let said = life.said.last().cloned().unwrap_or_default();
        assert!(said.starts_with("p: ") && said.contains(why), "{event}: {said}, not {why}");
        life.bound.clear();
        happens(&mut life);
        assert!(life.bound().iter().any(|done| done == bound), "{why}: {event} did not help; {:?}", life.said);
    }
}

/// A node with labels beside its name.
pub(super) fn labelled(life: &mut Life, name: &str, cpu: &str, labels: Value) {
    let labels = with(json!({"kubernetes.io/hostname": name}), labels);
    let allocatable = json!({"cpu": cpu, "memory": "8Gi", "pods": "110"});
    life.put(NODES, json!({"metadata": {"name": name, "labels": labels}, "status": {"allocatable": allocatable}}));
}

/// A pod as it is now, with these labels and this status beside its phase.
fn changed(life: &mut Life, name: &str, labels: Value, spec: Value, status: Value) {
    let spec = with(json!({"schedulerName": "default-scheduler", "containers": []}), spec);
    let meta = json!({"name": name, "namespace": "d", "labels": labels});
    life.put(PODS, json!({"metadata": meta, "spec": spec, "status": with(json!({"phase": "Running"}), status)}));
}

fn on(node: &str, spec: Value) -> Value {
    with(spec, json!({"nodeName": node}))
}

fn tainted(life: &mut Life) {
    life.node_with("n", "4", json!({"taints": [{"key": "k", "effect": "NoSchedule"}]}));
}

fn port() -> Value {
    json!({"containers": [{"ports": [{"protocol": "TCP", "hostPort": 80}]}]})
}

fn full(life: &mut Life) {
    life.node("n", "1");
    life.pod("old", on("n", wants("1")));
    life.pod("p", wants("1"));
}

// SCH-10, SCH-41 to SCH-46
#[test]
fn nodes_that_came_or_changed_are_tried_at_once() {
    fn cordoned(life: &mut Life) {
        life.node_with("n", "4", json!({"unschedulable": true}));
        life.pod("p", json!({}));
    }
    fn unlabelled(life: &mut Life) {
        life.node("n", "4");
        life.pod("p", json!({"nodeSelector": {"disk": "fast"}}));
    }
    fn barred(life: &mut Life) {
        tainted(life);
        life.pod("p", json!({}));
    }
    fn named(life: &mut Life) {
        life.node("n", "4");
        let term = json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["m"]}]});
        let affinity = json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}});
        life.pod("p", json!({"affinity": {"nodeAffinity": affinity}}));
    }
    let (cordon, affinity, taint) = ("were unschedulable", "node affinity/selector", "untolerated taint");
    all_are_cured(&[
        Case {
            refused: |life| life.pod("p", json!({})),
            why: "no nodes available",
            event: "the first node comes",
            happens: |life| life.node("n", "1"),
            bound: "p>n",
        },
        Case { refused: cordoned, why: cordon, event: "the cordon is lifted", happens: |life| life.node("n", "4"), bound: "p>n" },
        Case { refused: cordoned, why: cordon, event: "another node comes", happens: |life| life.node("m", "4"), bound: "p>m" },
        Case {
            refused: cordoned,
            why: cordon,
            event: "the pod tolerates it",
            happens: |life| life.pod("p", json!({"tolerations": [{"operator": "Exists"}]})),
            bound: "p>n",
        },
        Case { refused: barred, why: taint, event: "the taint is removed", happens: |life| life.node("n", "4"), bound: "p>n" },
        Case {
            refused: barred,
            why: taint,
            event: "the pod tolerates it",
            happens: |life| life.pod("p", json!({"tolerations": [{"key": "k", "operator": "Exists"}]})),
            bound: "p>n",
        },
        Case {
            refused: unlabelled,
            why: affinity,
            event: "the node is labelled",
            happens: |life| labelled(life, "n", "4", json!({"disk": "fast"})),
            bound: "p>n",
        },
        Case {
            refused: unlabelled,
            why: affinity,
            event: "a node with the label comes",
            happens: |life| labelled(life, "m", "4", json!({"disk": "fast"})),
            bound: "p>m",
        },
        Case { refused: named, why: "[NodeAffinity]", event: "the named node comes", happens: |life| life.node("m", "4"), bound: "p>m" },
    ]);
}

// SCH-21, SCH-47 to SCH-55
#[test]
fn room_that_is_there_is_taken_at_once() {
    fn crowded(life: &mut Life) {
        life.node("n", "4");
        life.pod("old", on("n", port()));
        life.pod("p", port());
    }
    fn many(life: &mut Life) {
        few(life, "1");
        life.pod("old", json!({"nodeName": "n"}));
        life.pod("p", json!({}));
    }
    fn few(life: &mut Life, pods: &str) {
        life.put(NODES, json!({"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": pods}}}));
    }
    fn extended(life: &mut Life) {
        life.node("n", "4");
        life.pod("p", json!({"containers": [{"resources": {"requests": {"example.com/gpu": "1"}}}]}));
    }
    let (cpu, ports) = ("Insufficient cpu", "free ports");
    all_are_cured(&[
        Case { refused: full, why: cpu, event: "a pod is gone", happens: |life| life.delete(PODS, "d", "old"), bound: "p>n" },
        Case {
            refused: full,
            why: cpu,
            event: "a pod has ended",
            happens: |life| changed(life, "old", json!({}), on("n", wants("1")), json!({"phase": "Succeeded"})),
            bound: "p>n",
        },
        Case {
            refused: full,
            why: cpu,
            event: "a pod asks for less",
            happens: |life| {
                life.node("n", "1500m");
                life.work();
                changed(life, "old", json!({}), on("n", wants("500m")), json!({}));
            },
            bound: "p>n",
        },
        Case {
            refused: full,
            why: cpu,
            event: "what a pod was given is less, too",
            happens: |life| {
                let given = |cpu: &str| json!({"containerStatuses": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]});
                let asks = json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": "100m"}}}]});
                life.node("n", "1500m");
                changed(life, "old", json!({}), on("n", asks.clone()), given("1"));
                assert_eq!(life.bound(), [""; 0], "SCH-55: it has it still");
                changed(life, "old", json!({}), on("n", asks), given("100m"));
            },
            bound: "p>n",
        },
        Case { refused: full, why: cpu, event: "the node has more", happens: |life| life.node("n", "2"), bound: "p>n" },
        Case { refused: full, why: cpu, event: "a node comes", happens: |life| life.node("m", "1"), bound: "p>m" },
        Case { refused: full, why: cpu, event: "the pod asks for less", happens: |life| life.pod("p", wants("0")), bound: "p>n" },
        Case { refused: many, why: "Too many pods", event: "the node takes more", happens: |life| few(life, "2"), bound: "p>n" },
        Case {
            refused: extended,
            why: "Insufficient example.com/gpu",
            event: "the node has the resource",
            happens: |life| {
                let allocatable = json!({"cpu": "4", "memory": "8Gi", "pods": "110", "example.com/gpu": "1"});
                life.put(NODES, json!({"metadata": {"name": "n"}, "status": {"allocatable": allocatable}}));
            },
            bound: "p>n",
        },
        Case { refused: crowded, why: ports, event: "the port is free", happens: |life| life.delete(PODS, "d", "old"), bound: "p>n" },
        Case { refused: crowded, why: ports, event: "a node comes", happens: |life| life.node("m", "4"), bound: "p>m" },
    ]);
}

fn term(app: &str, topology: &str) -> Value {
    json!({"topologyKey": topology, "labelSelector": {"matchLabels": {"app": app}}})
}

fn required(kind: &str, term: Value) -> Value {
    json!({"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}})
}

// SCH-56 to SCH-63
#[test]
fn company_that_came_or_went_is_noticed_at_once() {
    fn alone(life: &mut Life) {
        labelled(life, "n", "4", json!({"zone": "a"}));
        life.pod("p", required("podAffinity", term("db", "zone")));
    }
    fn shunning(life: &mut Life) {
        labelled(life, "n", "4", json!({"zone": "a"}));
        life.pod("db", json!({"nodeName": "n"}));
        life.pod("p", required("podAntiAffinity", term("db", "zone")));
    }
    fn shunned(life: &mut Life) {
        labelled(life, "n", "4", json!({"zone": "a"}));
        life.pod("db", on("n", required("podAntiAffinity", term("p", "zone"))));
        life.pod("p", json!({}));
    }
    fn in_zone(life: &mut Life) {
        labelled(life, "n", "4", json!({"zone": "a"}));
        labelled(life, "m", "4", json!({"zone": "a"}));
        life.pod("db", json!({"nodeName": "n"}));
        life.pod("p", required("podAntiAffinity", term("db", "zone")));
    }
    fn of_teams(life: &mut Life) {
        labelled(life, "n", "4", json!({"zone": "a"}));
        life.put(NAMESPACES, json!({"metadata": {"name": "d", "labels": {"team": "x"}}}));
        life.pod("db", json!({"nodeName": "n"}));
        let term = json!({"topologyKey": "zone", "labelSelector": {}, "namespaceSelector": {"matchLabels": {"team": "y"}}});
        life.pod("p", required("podAffinity", term));
    }
    let (affinity, anti, existing) = ("match pod affinity rules", "match pod anti-affinity rules", "existing pods anti-affinity");
    all_are_cured(&[
        Case {
            refused: alone,
            why: affinity,
            event: "the company comes",
            happens: |life| life.pod("db", json!({"nodeName": "n"})),
            bound: "p>n",
        },
        Case {
            refused: |life| {
                alone(life);
                life.pod("web", json!({"nodeName": "n"}));
            },
            why: affinity,
            event: "a pod is relabelled",
            happens: |life| changed(life, "web", json!({"app": "db"}), json!({"nodeName": "n"}), json!({})),
            bound: "p>n",
        },
        Case {
            refused: alone,
            why: affinity,
            event: "the company is placed",
            happens: |life| {
                life.pod("db", json!({}));
                life.work();
                life.pod("db", json!({"nodeName": "n"}));
            },
            bound: "p>n",
        },
        Case {
            refused: of_teams,
            why: affinity,
            event: "a namespace is relabelled",
            happens: |life| life.put(NAMESPACES, json!({"metadata": {"name": "d", "labels": {"team": "y"}}})),
            bound: "p>n",
        },
        Case {
            refused: |life| {
                life.node("n", "4");
                life.pod("db", json!({"nodeName": "n"}));
                life.pod("p", required("podAffinity", term("db", "zone")));
            },
            why: affinity,
            event: "the node is labelled",
            happens: |life| labelled(life, "n", "4", json!({"zone": "a"})),
            bound: "p>n",
        },
        Case { refused: shunning, why: anti, event: "the company goes", happens: |life| life.delete(PODS, "d", "db"), bound: "p>n" },
        Case {
            refused: shunning,
            why: anti,
            event: "a pod is relabelled",
            happens: |life| changed(life, "db", json!({"app": "web"}), json!({"nodeName": "n"}), json!({})),
            bound: "p>n",
        },
        Case {
            refused: shunning,
            why: anti,
            event: "a node elsewhere comes",
            happens: |life| labelled(life, "m", "4", json!({"zone": "b"})),
            bound: "p>m",
        },
        Case {
            refused: in_zone,
            why: anti,
            event: "the node of the company goes",
            happens: |life| life.delete(NODES, "", "n"),
            bound: "p>m",
        },
        Case {
            refused: in_zone,
            why: anti,
            event: "a node is in another zone",
            happens: |life| labelled(life, "m", "4", json!({"zone": "b"})),
            bound: "p>m",
        },
        Case { refused: shunned, why: existing, event: "who shuns it goes", happens: |life| life.delete(PODS, "d", "db"), bound: "p>n" },
        Case {
            refused: shunned,
            why: existing,
            event: "the pod is relabelled",
            happens: |life| {
                let meta = json!({"name": "p", "namespace": "d", "labels": {"app": "q"}});
                life.put(PODS, json!({"metadata": meta, "spec": {"schedulerName": "default-scheduler"}, "status": {"phase": "Pending"}}));
            },
            bound: "p>n",
        },
    ]);
}

// SCH-64 to SCH-68
#[test]
fn what_evens_pods_out_is_noticed_at_once() {
    fn constraint() -> Value {
        let selector = json!({"matchLabels": {"app": "p"}});
        json!({"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector})
    }
    /// One pod is in zone a; zone b is cordoned and empty.
    fn uneven(life: &mut Life) {
        labelled(life, "n", "4", json!({"zone": "a"}));
        cordoned(life, json!({"zone": "b"}));
        changed(life, "one", json!({"app": "p"}), json!({"nodeName": "n"}), json!({}));
        life.pod("p", json!({"topologySpreadConstraints": [constraint()]}));
    }
    fn cordoned(life: &mut Life, labels: Value) {
        let labels = with(json!({"kubernetes.io/hostname": "m"}), labels);
        let allocatable = json!({"cpu": "4", "memory": "8Gi", "pods": "110"});
        let node =
            json!({"metadata": {"name": "m", "labels": labels}, "spec": {"unschedulable": true}, "status": {"allocatable": allocatable}});
        life.put(NODES, node);
    }
    let spread = "topology spread constraints";
    all_are_cured(&[
        Case { refused: uneven, why: spread, event: "a pod goes", happens: |life| life.delete(PODS, "d", "one"), bound: "p>n" },
        Case {
            refused: uneven,
            why: spread,
            event: "a pod begins to go",
            happens: |life| {
                let meta = json!({"name": "one", "namespace": "d", "labels": {"app": "p"}, "deletionTimestamp": "2027-01-15T08:00:00Z"});
                life.put(PODS, json!({"metadata": meta, "spec": {"nodeName": "n"}, "status": {"phase": "Running"}}));
            },
            bound: "p>n",
        },
        Case {
            refused: uneven,
            why: spread,
            event: "a pod is relabelled",
            happens: |life| changed(life, "one", json!({"app": "q"}), json!({"nodeName": "n"}), json!({})),
            bound: "p>n",
        },
        Case {
            refused: uneven,
            why: spread,
            event: "a pod comes where there are too few",
            happens: |life| changed(life, "two", json!({"app": "p"}), json!({"nodeName": "m"}), json!({})),
            bound: "p>n",
        },
        Case { refused: uneven, why: spread, event: "the empty zone goes", happens: |life| life.delete(NODES, "", "m"), bound: "p>n" },
        Case {
            refused: uneven,
            why: spread,
            event: "the empty node is in no zone",
            happens: |life| cordoned(life, json!({})),
            bound: "p>n",
        },
        Case {
            refused: uneven,
            why: spread,
            event: "a node in a zone of its own comes",
            happens: |life| labelled(life, "o", "4", json!({"zone": "c"})),
            bound: "p>o",
        },
        Case {
            refused: |life| {
                labelled(life, "n", "4", json!({"zone": "a"}));
                cordoned(life, json!({"zone": "b"}));
                changed(life, "one", json!({"app": "p"}), json!({"nodeName": "n"}), json!({}));
                life.pod("p", json!({"topologySpreadConstraints": [with(constraint(), json!({"nodeTaintsPolicy": "Honor"}))]}));
            },
            why: spread,
            event: "the empty zone is tainted",
            happens: |life| {
                let labels = json!({"kubernetes.io/hostname": "m", "zone": "b"});
                let spec = json!({"unschedulable": true, "taints": [{"key": "k", "effect": "NoSchedule"}]});
                let allocatable = json!({"cpu": "4", "memory": "8Gi", "pods": "110"});
                life.put(NODES, json!({"metadata": {"name": "m", "labels": labels}, "spec": spec, "status": {"allocatable": allocatable}}));
            },
            bound: "p>n",
        },
    ]);
}

// SCH-25
#[test]
fn a_pod_without_gates_is_tried_at_once() {
    let mut life = Life::new();
    life.node("n", "4");
    life.pod("p", json!({"schedulingGates": [{"name": "one"}, {"name": "two"}]}));
    life.pod("p", json!({"schedulingGates": [{"name": "two"}]}));
    assert_eq!(life.bound(), [""; 0]);
    life.pod("p", json!({}));
    assert_eq!(life.bound(), ["p>n"]);
}
