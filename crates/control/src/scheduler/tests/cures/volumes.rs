//! What cures a pod whose claims hold it back.

use super::{Case, all_are_cured, labelled, on};
use crate::scheduler::tests::life::{Life, uses};
use stead_api::{Value, json};
use stead_client::resource::{CSI_NODES, CSI_STORAGE_CAPACITIES, NODES, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES};

/// The claim of the pod, bound to a volume on a node.
fn bound(life: &mut Life, volume: &str) {
    life.claim("data", json!({"storageClassName": "slow", "volumeName": volume}));
}

fn waiting(life: &mut Life) {
    life.claim("data", json!({"storageClassName": "slow"}));
    life.pod("p", uses(&["data"]));
}

fn room(life: &mut Life, capacity: &str) {
    let meta = json!({"name": "made-n", "namespace": "kube-system"});
    let topology = json!({"matchLabels": {"kubernetes.io/hostname": "n"}});
    let told = json!({"metadata": meta, "storageClassName": "made", "capacity": capacity, "nodeTopology": topology});
    life.put(CSI_STORAGE_CAPACITIES, told);
}

fn zoned(life: &mut Life, zone: &str) {
    let spec = json!({"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "slow"});
    let meta = json!({"name": "v", "labels": {"topology.kubernetes.io/zone": zone}});
    life.put(PERSISTENT_VOLUMES, json!({"metadata": meta, "spec": spec, "status": {"phase": "Bound"}}));
}

// SCH-70 to SCH-72, SCH-78
#[test]
fn a_claim_that_can_be_used_is_used_at_once() {
    fn elsewhere(life: &mut Life) {
        life.node("n", "4");
        life.volume("v", "m", json!({}));
        bound(life, "v");
        life.pod("p", uses(&["data"]));
    }
    fn unbound(life: &mut Life) {
        life.node("n", "4");
        life.volume("v", "n", json!({}));
        waiting(life);
    }
    fn in_another_zone(life: &mut Life) {
        labelled(life, "n", "4", json!({"topology.kubernetes.io/zone": "a"}));
        zoned(life, "b");
        bound(life, "v");
        life.pod("p", uses(&["data"]));
    }
    all_are_cured(&[
        Case {
            refused: |life| {
                life.node("n", "4");
                life.volume("v", "n", json!({}));
                life.pod("p", uses(&["data"]));
            },
            why: "persistentvolumeclaim \"data\" not found",
            event: "the claim is made",
            happens: |life| bound(life, "v"),
            bound: "p>n",
        },
        Case { refused: unbound, why: "unbound immediate", event: "the claim is bound", happens: |life| bound(life, "v"), bound: "p>n" },
        Case {
            refused: unbound,
            why: "unbound immediate",
            event: "the class comes, and waits for pods",
            happens: |life| life.class("slow", "kubernetes.io/no-provisioner"),
            bound: "v=data",
        },
        Case {
            refused: |life| {
                life.node("n", "4");
                bound(life, "v");
                life.pod("p", uses(&["data"]));
            },
            why: "non-existent pv",
            event: "the volume comes",
            happens: |life| life.volume("v", "n", json!({})),
            bound: "p>n",
        },
        Case {
            refused: elsewhere,
            why: "PersistentVolume's node affinity",
            event: "the node comes",
            happens: |life| life.node("m", "4"),
            bound: "p>m",
        },
        Case {
            refused: elsewhere,
            why: "PersistentVolume's node affinity",
            event: "the node is labelled",
            happens: |life| {
                life.put(NODES, json!({"metadata": {"name": "n", "labels": {"kubernetes.io/hostname": "m"}}, "status": {"allocatable": {"cpu": "4", "pods": "9"}}}))
            },
            bound: "p>n",
        },
        Case {
            refused: in_another_zone,
            why: "volume zone",
            event: "the volume is labelled",
            happens: |life| zoned(life, "a__b"),
            bound: "p>n",
        },
        Case {
            refused: in_another_zone,
            why: "volume zone",
            event: "the node is labelled",
            happens: |life| labelled(life, "n", "4", json!({"topology.kubernetes.io/zone": "b"})),
            bound: "p>n",
        },
    ]);
}

// SCH-73 to SCH-77, STO-22
#[test]
fn a_volume_that_can_be_had_is_taken_at_once() {
    fn nothing(life: &mut Life) {
        life.node("n", "4");
        life.class("slow", "kubernetes.io/no-provisioner");
        waiting(life);
    }
    fn made_elsewhere(life: &mut Life) {
        life.node("n", "4");
        topology(life, "m");
        life.claim("data", json!({"storageClassName": "made"}));
        life.pod("p", uses(&["data"]));
    }
    fn topology(life: &mut Life, node: &str) {
        let expressions: Value = json!([{"key": "kubernetes.io/hostname", "values": [node]}]);
        let class = json!({"metadata": {"name": "made"}, "provisioner": "example.com/p", "volumeBindingMode": "WaitForFirstConsumer",
            "allowedTopologies": [{"matchLabelExpressions": expressions}]});
        life.put(STORAGE_CLASSES, class);
    }
    fn little_room(life: &mut Life) {
        life.node("n", "4");
        life.class("made", "stead.io/local");
        room(life, "1Mi");
        life.claim("data", json!({"storageClassName": "made"}));
        life.pod("p", uses(&["data"]));
    }
    /// The one volume is promised to another pod's claim.
    fn promised(life: &mut Life) {
        life.node("n", "4");
        life.class("slow", "kubernetes.io/no-provisioner");
        life.volume("v", "n", json!({}));
        life.claim("first", json!({"storageClassName": "slow"}));
        life.pod("first", uses(&["first"]));
        life.work();
        waiting(life);
    }
    let nothing_to_bind = "available persistent volumes to bind";
    all_are_cured(&[
        Case {
            refused: nothing,
            why: nothing_to_bind,
            event: "a volume comes",
            happens: |life| life.volume("v", "n", json!({})),
            bound: "v=data",
        },
        Case {
            refused: nothing,
            why: nothing_to_bind,
            event: "somebody makes volumes",
            happens: |life| life.class("slow", "example.com/p"),
            bound: "data@n",
        },
        Case {
            refused: made_elsewhere,
            why: nothing_to_bind,
            event: "the class allows the node",
            happens: |life| topology(life, "n"),
            bound: "data@n",
        },
        Case {
            refused: little_room,
            why: "enough free storage",
            event: "there is room",
            happens: |life| room(life, "2Gi"),
            bound: "data@n",
        },
        Case {
            refused: promised,
            why: nothing_to_bind,
            event: "who was promised the volume is gone",
            happens: |life| life.delete(PODS, "d", "first"),
            bound: "v=data",
        },
    ]);
}

// SCH-69, SCH-79
#[test]
fn what_others_use_no_more_is_used_at_once() {
    fn alone(life: &mut Life) {
        life.node("n", "4");
        life.volume("v", "n", json!({"accessModes": ["ReadWriteOncePod"]}));
        life.claim("data", json!({"accessModes": ["ReadWriteOncePod"], "volumeName": "v"}));
        life.pod("old", on("n", uses(&["data"])));
        life.pod("p", uses(&["data"]));
    }
    fn attached(life: &mut Life) {
        life.node("n", "4");
        limit(life, 1);
        for name in ["a", "b"] {
            life.volume(name, "n", json!({"csi": {"driver": "example.com", "volumeHandle": name}}));
            life.claim(name, json!({"volumeName": name}));
        }
        life.pod("old", on("n", uses(&["a"])));
        life.pod("p", uses(&["b"]));
    }
    fn limit(life: &mut Life, count: i64) {
        let driver = json!({"name": "example.com", "allocatable": {"count": count}});
        life.put(CSI_NODES, json!({"metadata": {"name": "n"}, "spec": {"drivers": [driver]}}));
    }
    let (used, attachments) = ("already in-use by another pod", "exceed max volume count");
    all_are_cured(&[
        Case { refused: alone, why: used, event: "the other pod is gone", happens: |life| life.delete(PODS, "d", "old"), bound: "p>n" },
        Case { refused: attached, why: attachments, event: "a pod is gone", happens: |life| life.delete(PODS, "d", "old"), bound: "p>n" },
        Case { refused: attached, why: attachments, event: "the node attaches more", happens: |life| limit(life, 2), bound: "p>n" },
    ]);
}
