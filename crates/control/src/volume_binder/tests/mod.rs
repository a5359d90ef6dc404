mod properties;
mod world;

use stead_api::json;
use stead_client::resource::{NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES};
use world::{NS, World, asking, claim, class, volume};

fn texts(pair: &(String, String)) -> (&str, &str) {
    (&pair.0, &pair.1)
}

fn node(name: &str) -> stead_api::Value {
    json!({
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    })
}

fn pod(name: &str, uses: &str, scheduled: &str) -> stead_api::Value {
    json!({
        "metadata": {"name": name, "namespace": NS},
        "spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": uses}}]},
        "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": scheduled, "reason": "Unschedulable"}]},
    })
}

#[test]
fn the_smallest_of_the_plainest_volumes_is_taken() {
    // PVB-4, PVB-5
    let mut world = World::default();
    world.put(PERSISTENT_VOLUMES, volume("many", "c", json!({"accessModes": ["ReadWriteOnce", "ReadOnlyMany"]})));
    world.put(PERSISTENT_VOLUMES, volume("large", "c", json!({"capacity": {"storage": "9Gi"}})));
    world.put(PERSISTENT_VOLUMES, volume("fits", "c", json!({"capacity": {"storage": "2Gi"}})));
    world.put(PERSISTENT_VOLUMES, volume("other", "d", json!({})));
    world.settle();
    world.put(PERSISTENT_VOLUME_CLAIMS, asking("data", "c", json!({})));
    world.settle();
    assert_eq!(texts(&world.stands("data")), ("Bound", "fits"));
    let bound = world.raw(PERSISTENT_VOLUME_CLAIMS, &claim("data")).unwrap();
    assert_eq!(bound["status"]["capacity"]["storage"], "2Gi", "PVB-2");
    assert_eq!(texts(&world.volume_stands("fits")), ("Bound", "data"));
}

#[test]
fn as_many_claims_as_volumes_are_bound_in_few_writes() {
    let mut world = World::default();
    for index in 0..100 {
        world.put(PERSISTENT_VOLUMES, volume(&format!("v{index}"), "c", json!({})));
    }
    world.settle();
    world.writes = 0;
    for index in 0..100 {
        world.put(PERSISTENT_VOLUME_CLAIMS, asking(&format!("c{index}"), "c", json!({})));
    }
    world.settle();
    assert!((0..100).all(|index| world.stands(&format!("c{index}")).0 == "Bound"));
    assert_eq!(world.writes, 400, "four for each");
}

#[test]
fn a_start_between_any_two_writes_goes_on() {
    // PVB-1, STO-5
    for calls in 0..4 {
        let mut world = World::default();
        world.put(PERSISTENT_VOLUMES, volume("a", "c", json!({})));
        world.settle();
        world.put(PERSISTENT_VOLUME_CLAIMS, asking("data", "c", json!({})));
        let mut left = calls;
        while left > 0
            && let Some(work) = world.queue.first().cloned()
        {
            let before = world.writes;
            world.look(&work, left);
            left -= world.writes - before;
        }
        world.restart();
        world.settle();
        assert_eq!(texts(&world.stands("data")), ("Bound", "a"), "after {calls} writes");
        assert_eq!(texts(&world.volume_stands("a")), ("Bound", "data"));
    }
}

#[test]
fn a_write_that_comes_late_undoes_nothing() {
    // A volume that is Available again while a claim has it would lose its protection.
    let mut world = World::default();
    world.put(PERSISTENT_VOLUMES, volume("a", "c", json!({})));
    let late = world.plan(PERSISTENT_VOLUMES, &stead_client::Key::cluster("a"));
    world.settle();
    world.put(PERSISTENT_VOLUME_CLAIMS, asking("data", "c", json!({})));
    world.settle();
    assert!(!world.carry_out(late.effects().next().expect("it becomes Available")));
    assert_eq!(world.volume_stands("a").0, "Bound");
}

#[test]
fn nothing_is_written_at_rest() {
    let mut world = World::default();
    world.put(PERSISTENT_VOLUMES, volume("a", "c", json!({})));
    world.put(PERSISTENT_VOLUME_CLAIMS, asking("data", "c", json!({})));
    world.put(PERSISTENT_VOLUME_CLAIMS, asking("more", "c", json!({})));
    world.settle();
    world.writes = 0;
    world.restart();
    world.settle();
    assert_eq!(world.writes, 0);
}

#[test]
fn a_bound_claim_whose_volume_is_gone_is_lost_only_if_it_is_gone_indeed() {
    // PVB-20
    let mut world = World::default();
    world.put(PERSISTENT_VOLUMES, volume("a", "c", json!({})));
    world.put(PERSISTENT_VOLUME_CLAIMS, asking("data", "c", json!({})));
    world.settle();
    let there = world.raw(PERSISTENT_VOLUMES, &stead_client::Key::cluster("a")).unwrap().clone();
    world.delete(PERSISTENT_VOLUMES, &stead_client::Key::cluster("a"));
    let plan = world.plan(PERSISTENT_VOLUME_CLAIMS, &claim("data"));
    assert_eq!(plan.before.len(), 1, "a live look comes first");
    world.settle();
    assert_eq!(world.stands("data").0, "Lost");
    assert!(world.raw(PERSISTENT_VOLUME_CLAIMS, &claim("data")).unwrap()["status"].get("capacity").is_none());
    let mut again = there;
    world::merge(&mut again, &json!({"metadata": {"uid": "another"}, "status": null}));
    world.put(PERSISTENT_VOLUMES, again);
    world.settle();
    assert_eq!(texts(&world.stands("data")), ("Bound", "a"));
}

#[test]
fn a_claim_without_class_gets_the_newest_default() {
    // PVP-8
    let mut world = World::default();
    world.put(PERSISTENT_VOLUME_CLAIMS, asking("data", "", json!({"storageClassName": null})));
    world.settle();
    assert!(world.events.iter().any(|event| event.contains("no storage class is set")), "PVB-13");
    for name in ["old", "new"] {
        let mut made = class(name, "example.com/x", "WaitForFirstConsumer");
        made["metadata"]["annotations"] = json!({"storageclass.kubernetes.io/is-default-class": "true"});
        world.put(STORAGE_CLASSES, made);
    }
    world.settle();
    assert_eq!(world.raw(PERSISTENT_VOLUME_CLAIMS, &claim("data")).unwrap()["spec"]["storageClassName"], "new");
}

#[test]
fn an_immediate_claim_of_ours_gets_the_node_with_most_room() {
    let mut world = World::default();
    for name in ["a", "b", "c"] {
        world.put(NODES, node(name));
    }
    world.edit(NODES, &stead_client::Key::cluster("a"), json!({"spec": {"unschedulable": true}}));
    world.put(STORAGE_CLASSES, class("fast", "stead.io/local", "Immediate"));
    world.put(PERSISTENT_VOLUME_CLAIMS, asking("one", "fast", json!({})));
    world.settle();
    world.provision(&claim("one"));
    world.settle();
    world.put(PERSISTENT_VOLUME_CLAIMS, asking("two", "fast", json!({})));
    world.settle();
    let node = |world: &World, name: &str| {
        let value = world.raw(PERSISTENT_VOLUME_CLAIMS, &claim(name)).unwrap();
        value["metadata"]["annotations"]["volume.kubernetes.io/selected-node"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!((node(&world, "one").as_str(), node(&world, "two").as_str()), ("b", "c"), "a is unschedulable, b has a volume");
    assert_eq!(world.stands("one").0, "Bound");
    let capacity = |host: &str, bytes: &str| {
        json!({
            "metadata": {"name": format!("{host}-fast"), "namespace": "kube-system"}, "storageClassName": "fast", "capacity": bytes,
            "nodeTopology": {"matchLabels": {"kubernetes.io/hostname": host}},
        })
    };
    world.put(stead_client::resource::CSI_STORAGE_CAPACITIES, capacity("b", "8Gi"));
    world.put(stead_client::resource::CSI_STORAGE_CAPACITIES, capacity("c", "512Mi"));
    world.put(PERSISTENT_VOLUME_CLAIMS, asking("three", "fast", json!({})));
    world.put(PERSISTENT_VOLUME_CLAIMS, asking("huge", "fast", json!({"resources": {"requests": {"storage": "9Gi"}}})));
    world.settle();
    assert_eq!((node(&world, "three").as_str(), node(&world, "huge").as_str()), ("b", ""));
    let why = world.plan(PERSISTENT_VOLUME_CLAIMS, &claim("huge")).reasons.join("\n");
    assert!(why.contains("b has room for 8589934592 bytes, not for 9663676416"), "{why}");
    // No claim waits without a reason in its events.
    let is_told = |event: &String| event.starts_with("huge ProvisioningFailed: no node can make its volume: ");
    assert!(world.events.iter().any(is_told), "{:?}", world.events);
}

#[test]
fn a_missing_class_is_told_to_the_pod_that_waits_for_it() {
    let mut world = World::default();
    world.put(STORAGE_CLASSES, class("standard", "stead.io/local", "WaitForFirstConsumer"));
    world.put(PERSISTENT_VOLUME_CLAIMS, asking("data", "fsat", json!({})));
    world.put(PODS, pod("p", "data", "Unknown"));
    world.settle();
    assert!(world.events.contains("data ProvisioningFailed: storageclass.storage.k8s.io \"fsat\" not found"), "PVB-14");
    world.put(PODS, pod("q", "data", "False"));
    world.settle();
    let told: Vec<&String> = world.events.iter().filter(|event| event.contains("StorageClassMissing")).collect();
    assert_eq!(
        told,
        ["q StorageClassMissing: claim data asks for storage class \"fsat\", which does not exist. Classes: standard. \
          A claim's class cannot be changed: kubectl delete pvc data -n n, and make it anew with one of these"]
    );
}

#[test]
fn a_volume_that_was_made_for_nothing_goes_and_one_that_was_taken_is_given_back() {
    // STO-10
    let mut world = World::default();
    world.put(PERSISTENT_VOLUMES, volume("a", "c", json!({})));
    world.settle();
    world.put(PERSISTENT_VOLUME_CLAIMS, asking("data", "c", json!({})));
    world.settle();
    let uid = world.raw(PERSISTENT_VOLUME_CLAIMS, &claim("data")).unwrap()["metadata"]["uid"].clone();
    let of_data = json!({"claimRef": {"namespace": NS, "name": "data", "uid": uid}, "persistentVolumeReclaimPolicy": "Delete"});
    let mut taken = volume("taken", "c", of_data.clone());
    taken["metadata"]["annotations"] = json!({"pv.kubernetes.io/provisioned-by": "x", "pv.kubernetes.io/bound-by-controller": "yes"});
    world.put(PERSISTENT_VOLUMES, taken);
    let mut made = volume("made", "c", of_data);
    made["metadata"]["annotations"] = json!({"pv.kubernetes.io/provisioned-by": "x"});
    world.put(PERSISTENT_VOLUMES, made);
    world.settle();
    assert_eq!(texts(&world.volume_stands("taken")), ("Available", ""));
    assert_eq!(texts(&world.volume_stands("made")), ("Released", "data"));
}

#[test]
fn a_volume_of_a_gone_node_keeps_the_record_and_lets_itself_be_forgotten() {
    // LOCV-11
    let mut world = World::default();
    world.put(NODES, node("a"));
    world.put(STORAGE_CLASSES, class("fast", "rancher.io/local-path", "Immediate"));
    world.put(PERSISTENT_VOLUME_CLAIMS, asking("data", "fast", json!({})));
    world.settle();
    world.provision(&claim("data"));
    world.settle();
    let (phase, name) = world.stands("data");
    assert_eq!(phase, "Bound");
    world.delete(NODES, &stead_client::Key::cluster("a"));
    world.settle();
    let why = world.plan(PERSISTENT_VOLUME_CLAIMS, &claim("data")).reasons.join("\n");
    assert!(why.contains("the volume is on node a, which is gone"), "{why}");
    world.delete(PERSISTENT_VOLUME_CLAIMS, &claim("data"));
    world.settle();
    assert_eq!(world.volume_stands(&name).0, "Released");
    let key = stead_client::Key::cluster(name.as_str());
    assert_eq!(world.raw(PERSISTENT_VOLUMES, &key).unwrap()["metadata"]["annotations"]["stead.io/node-gone"], "a");
    assert_eq!(world.events.iter().filter(|event| event.contains("VolumeFailedDelete: Node a is gone")).count(), 1);
    world.edit(PERSISTENT_VOLUMES, &key, json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}));
    world.settle();
    assert_eq!(world.raw(PERSISTENT_VOLUMES, &key).unwrap()["metadata"]["finalizers"], json!([]));
}
