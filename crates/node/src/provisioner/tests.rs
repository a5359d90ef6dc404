//! The provisioner's machine over a world of its own: objects as an API server would keep them, disks that are only simulated.

mod faults;
mod trash;
mod world;

use super::facts::{PROVISIONER, SELECTED_NODE};
use super::objects::{ENFORCEMENT, FINALIZER};
use crate::disks::NodeDisks;
use stead_api::value::Access;
use stead_api::{Value, json};
use world::{GIB, World, claim, class};

fn world() -> World {
    let mut world = World::new(10 * GIB);
    world.put_class(class(json!({})));
    world
}

/// With the claim `c` provisioned and bound.
fn bound() -> World {
    let mut world = world();
    world.put_claim(claim("c", "1Gi"));
    world.settle();
    world.bind("pvc-c");
    world.settle();
    world
}

fn release(world: &mut World) {
    world.remove_claim("c");
    world.volume_mut("pvc-c")["status"]["phase"] = "Released".into();
    world.settle();
}

#[test]
fn a_claim_with_a_node_gets_a_disk_and_then_a_volume() {
    // STO-7, STO-8, STO-9, LOCV-1
    let mut world = world();
    world.put_claim(claim("c", "1Gi"));
    world.settle();
    let volume = world.volume("pvc-c").unwrap().clone();
    let (meta, spec) = (&volume["metadata"], &volume["spec"]);
    assert_eq!(meta["annotations"], json!({"pv.kubernetes.io/provisioned-by": PROVISIONER, ENFORCEMENT: "project-quota"}));
    assert_eq!(meta["finalizers"], json!([FINALIZER]));
    assert_eq!(spec["local"], json!({"path": "/pool/pvc-c_ns_c"}));
    assert_eq!((spec["capacity"]["storage"].as_str(), spec["claimRef"]["uid"].as_str()), (Some("1Gi"), Some("c")));
    assert_eq!((spec.str("persistentVolumeReclaimPolicy"), spec.str("storageClassName")), ("Delete", "standard"));
    assert_eq!(super::facts::node_of(&volume), Some("n"));
    assert!(world.disks.unrecorded().is_empty());
    assert_eq!(
        world.told,
        [
            "Provisioning External provisioner is provisioning volume for claim \"ns/c\"",
            "ProvisioningSucceeded Successfully provisioned volume pvc-c",
            "CapacityEnforced A project quota holds volume pvc-c to its size",
        ]
    );
}

#[test]
fn claims_that_are_another_s_are_left_alone() {
    // STO-6
    let mut world = world();
    let mut other = claim("a", "1Gi");
    other["metadata"]["annotations"]["volume.kubernetes.io/storage-provisioner"] = "other.io/x".into();
    let mut elsewhere = claim("b", "1Gi");
    elsewhere["metadata"]["annotations"][SELECTED_NODE] = "m".into();
    let mut unscheduled = claim("d", "1Gi");
    unscheduled["metadata"]["annotations"].as_object_mut().unwrap().shift_remove(SELECTED_NODE);
    let mut deleted = claim("e", "1Gi");
    deleted["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    [other, elsewhere, unscheduled, deleted].into_iter().for_each(|claim| world.put_claim(claim));
    world.settle();
    assert_eq!((world.disks.list("n").len(), world.told.len()), (0, 0));
}

#[test]
fn what_cannot_be_made_is_said_and_tried_again_ever_more_seldom() {
    // STO-7
    let mut world = World::new(GIB);
    world.put_class(class(json!({"parameters": {"nodePath": "/x"}})));
    world.put_claim(claim("c", "1Gi"));
    world.settle();
    let failed = "ProvisioningFailed failed to provision volume with StorageClass \"standard\": parameter nodePath is not known: there are path, \
         enforcement and fsType";
    let failures = |world: &World| world.told.iter().filter(|told| *told == failed).count();
    assert_eq!(failures(&world), 1);
    world.pass(1);
    assert_eq!(failures(&world), 2);
    world.pass(1);
    assert_eq!(failures(&world), 2);
    world.pass(1);
    assert_eq!(failures(&world), 3);
    // A class that was made anew is tried at once.
    world.put_class(class(json!({})));
    world.settle();
    assert!(world.volume("pvc-c").is_some());
}

#[test]
fn a_node_without_room_lets_the_scheduler_choose_again() {
    // STO-6
    let mut world = world();
    world.put_claim(claim("c", "11Gi"));
    world.settle();
    assert!(!world.claim("c").unwrap()["metadata"]["annotations"].has(SELECTED_NODE));
    assert!(world.told.iter().any(|told| told.starts_with("ProvisioningFailed") && told.contains("not enough room")), "{:?}", world.told);
    // Chosen again at once, it is not tried at once.
    let told = world.told.len();
    world.claim_mut("c")["metadata"]["annotations"][SELECTED_NODE] = "n".into();
    world.settle();
    assert_eq!(world.told.len(), told);
    world.pass(1);
    assert!(world.told.len() > told);
}

#[test]
fn a_claim_that_nobody_would_place_again_keeps_its_node() {
    // STO-6
    let mut world = World::new(GIB);
    world.put_class(class(json!({"volumeBindingMode": "Immediate"})));
    world.put_claim(claim("c", "2Gi"));
    world.settle();
    assert_eq!(world.claim("c").unwrap()["metadata"]["annotations"].str(SELECTED_NODE), "n");
}

#[test]
fn a_claim_that_had_no_room_is_tried_as_soon_as_there_is_more() {
    // STO-6, STO-22
    let mut world = bound();
    world.put_class(class(json!({"volumeBindingMode": "Immediate"})));
    world.put_claim(claim("d", "10Gi"));
    world.pass(100);
    assert!(world.volume("pvc-d").is_none());
    release(&mut world);
    assert!(world.volume("pvc-d").is_some());
    world.put_claim(claim("e", "1Gi"));
    world.pass(100);
    world.remove_volume("pvc-d");
    world.remove_claim("d");
    world.disks.remove("pvc-d_ns_d", 0).unwrap();
    world.gain_room();
    assert!(world.volume("pvc-e").is_some(), "the trash may take a while to go");
}

#[test]
fn a_growth_that_had_no_room_is_tried_as_soon_as_there_is_more() {
    // STO-15, STO-22
    let mut world = bound();
    world.disks.fill(9 * GIB);
    ask_for(&mut world, "2Gi");
    world.pass(100);
    world.disks.fill(8 * GIB);
    world.gain_room();
    assert_eq!(world.claim("c").unwrap()["status"]["capacity"].str("storage"), "2Gi");
}

#[test]
fn it_is_looked_how_much_room_there_is_whenever_that_may_have_changed() {
    // STO-22
    let mut world = bound();
    let mut before = world.looks;
    let mut looked = |world: &World| std::mem::replace(&mut before, world.looks) != world.looks;
    ask_for(&mut world, "2Gi");
    assert!(looked(&world), "grown");
    world.put_claim(claim("d", "9Gi"));
    world.settle();
    assert!(looked(&world), "refused");
    release(&mut world);
    assert!(looked(&world), "removed");
    world.gain_room();
    assert!(looked(&world), "gone from the trash");
    world.settle();
    assert!(!looked(&world));
}

#[test]
fn what_a_volume_on_one_node_cannot_be_is_refused() {
    // STO-13, STO-19
    for (member, value, why) in [
        ("accessModes", json!(["ReadWriteMany"]), "not ReadWriteMany"),
        ("selector", json!({"matchLabels": {"a": "b"}}), "claim Selector is not supported"),
        ("dataSource", json!({"kind": "PersistentVolumeClaim", "name": "x"}), "dataSource"),
        ("storageClassName", json!("gone"), "storageclass.storage.k8s.io \"gone\" not found"),
    ] {
        let mut world = world();
        let mut claim = claim("c", "1Gi");
        claim["spec"][member] = value;
        world.put_claim(claim);
        world.settle();
        assert!(world.told.iter().any(|told| told.starts_with("ProvisioningFailed") && told.contains(why)), "{why}: {:?}", world.told);
    }
}

#[test]
fn a_released_volume_goes_with_its_data() {
    // STO-11, STO-20
    let mut world = bound();
    release(&mut world);
    assert_eq!((world.volume("pvc-c"), world.disks.list("n").len()), (None, 0));
    assert_eq!(world.told.last().unwrap(), "VolumeDeleted The data of volume pvc-c (claim ns/c) is gone for good");
}

#[test]
fn data_goes_only_where_the_policy_says_so() {
    // STO-11
    let mut world = bound();
    world.volume_mut("pvc-c")["spec"]["persistentVolumeReclaimPolicy"] = "Retain".into();
    world.settle();
    assert!(!super::objects::has_finalizer(world.volume("pvc-c").unwrap()), "what holds the object up goes with the policy");
    release(&mut world);
    assert_eq!(world.disks.list("n").len(), 1);
    // Its object is deleted by hand.
    world.remove_volume("pvc-c");
    world.restart();
    world.settle();
    assert_eq!(world.disks.list("n").len(), 1);
}

#[test]
fn a_volume_whose_claim_got_another_one_is_deleted() {
    // STO-10, PVB-25
    let mut world = world();
    world.put_claim(claim("c", "1Gi"));
    world.settle();
    world.claim_mut("c")["spec"]["volumeName"] = "by-hand".into();
    world.volume_mut("pvc-c")["status"]["phase"] = "Released".into();
    world.settle();
    assert_eq!((world.volume("pvc-c"), world.disks.list("n").len()), (None, 0));
    assert!(world.claim("c").is_some());
}

#[test]
fn a_volume_in_use_is_not_deleted() {
    // STO-11, STO-20
    let mut world = bound();
    world.volume_mut("pvc-c")["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    world.volume_mut("pvc-c")["status"]["phase"] = "Released".into();
    world.settle();
    assert_eq!(world.disks.list("n").len(), 1, "its claim is still there");
    world.in_use.insert("pvc-c_ns_c".to_owned());
    release(&mut world);
    assert_eq!(world.disks.list("n").len(), 1);
    assert!(world.told.iter().any(|told| told.starts_with("VolumeFailedDelete")));
    world.in_use.clear();
    world.pass(400);
    assert_eq!((world.volume("pvc-c"), world.disks.list("n").len()), (None, 0));
}

#[test]
fn a_node_that_was_gone_deletes_what_was_released_and_keeps_what_was_forgotten() {
    // LOCV-11
    let mut world = bound();
    world.remove_claim("c");
    world.volume_mut("pvc-c")["status"]["phase"] = "Released".into();
    world.volume_mut("pvc-c")["metadata"]["annotations"]["stead.io/node-gone"] = "n".into();
    world.restart();
    world.settle();
    assert!(world.volume("pvc-c").is_none() && world.disks.list("n").is_empty());

    // Somebody has deleted the object meanwhile: that is no word on the data.
    let mut world = bound();
    world.remove_claim("c");
    world.remove_volume("pvc-c");
    world.restart();
    world.pass(600);
    assert_eq!(world.disks.list("n").iter().map(|disk| disk.name.as_str()).collect::<Vec<_>>(), ["pvc-c_ns_c"]);
}

#[test]
fn what_this_node_has_not_made_is_not_deleted() {
    // STO-11
    let mut world = bound();
    world.disks.remove("pvc-c_ns_c", 0).unwrap();
    world.foreign.insert("/pool/pvc-c_ns_c".into());
    world.restart();
    release(&mut world);
    assert!(world.volume("pvc-c").is_some());
    assert!(world.told.iter().any(|told| told.contains("is not among the disks that this node has made")), "{:?}", world.told);
}

fn ask_for(world: &mut World, amount: &str) {
    world.claim_mut("c")["spec"]["resources"]["requests"]["storage"] = amount.into();
    world.settle();
}

#[test]
fn a_claim_grows_in_the_order_of_upstream() {
    // STO-15
    let mut world = bound();
    world.told.clear();
    world.written.clear();
    ask_for(&mut world, "2Gi");
    let status = &world.claim("c").unwrap()["status"];
    assert_eq!((status["capacity"]["storage"].as_str(), status["allocatedResources"]["storage"].as_str()), (Some("2Gi"), Some("2Gi")));
    assert_eq!((status.has("allocatedResourceStatuses"), status["conditions"].as_array().unwrap().len()), (false, 0));
    assert_eq!(world.volume("pvc-c").unwrap()["spec"]["capacity"]["storage"], "2Gi");
    assert_eq!(world.written, ["persistentvolumeclaims/status", "persistentvolumes", "persistentvolumeclaims/status"]);
    assert_eq!(
        world.told,
        [
            "Resizing External resizer is resizing volume pvc-c",
            "VolumeResizeSuccessful Resize volume succeeded",
            "FileSystemResizeSuccessful MountVolume.NodeExpandVolume succeeded for volume \"pvc-c\" n",
        ]
    );
}

#[test]
fn a_growth_that_cannot_be_is_said_and_can_be_taken_back() {
    // STO-14, STO-15
    let mut world = bound();
    ask_for(&mut world, "20Gi");
    let state = |world: &World| world.claim("c").unwrap()["status"]["allocatedResourceStatuses"].str("storage").to_owned();
    assert_eq!(state(&world), "ControllerResizeInfeasible");
    let failed = |told: &&String| {
        told.starts_with("VolumeResizeFailed resize volume \"pvc-c\" by resizer \"stead.io/local\" failed: not enough room")
    };
    assert_eq!(world.told.iter().filter(failed).count(), 1);
    world.pass(1);
    assert_eq!(world.told.iter().filter(failed).count(), 2, "it is tried again");
    ask_for(&mut world, "3Gi");
    assert_eq!((state(&world), world.claim("c").unwrap()["status"]["capacity"]["storage"].as_str()), (String::new(), Some("3Gi")));
    ask_for(&mut world, "20Gi");
    ask_for(&mut world, "3Gi");
    let status = &world.claim("c").unwrap()["status"];
    assert_eq!((state(&world), status["allocatedResources"]["storage"].as_str()), (String::new(), Some("3Gi")));
}

#[test]
fn a_growth_may_wait_for_the_pods_to_go() {
    // STO-15
    let mut world = bound();
    world.grows_later = true;
    ask_for(&mut world, "2Gi");
    let status = world.claim("c").unwrap()["status"].clone();
    assert_eq!(status["allocatedResourceStatuses"].str("storage"), "NodeResizePending");
    assert_eq!(status["conditions"][0].str("type"), "FileSystemResizePending");
    assert_eq!(
        status["conditions"][0].str("message"),
        "Waiting for user to (re-)start a pod to finish file system resize of volume on node."
    );
    assert_eq!(status["capacity"].str("storage"), "1Gi");
    world.grows_later = false;
    world.disks.expand("pvc-c_ns_c", 2 * GIB).unwrap();
    world.tell_disks();
    world.settle();
    let status: &Value = &world.claim("c").unwrap()["status"];
    assert_eq!((status["capacity"].str("storage"), status["conditions"].as_array().unwrap().len()), ("2Gi", 0));
}

#[test]
fn a_growth_that_a_pod_has_brought_to_its_end_waits_for_no_other_pod() {
    // STO-15
    let mut world = bound();
    world.grows_later = true;
    world.claim_mut("c")["spec"]["resources"]["requests"]["storage"] = "2Gi".into();
    while world.claim("c").unwrap()["status"]["allocatedResourceStatuses"].str("storage").is_empty() {
        assert!(world.advance());
    }
    // A pod begins after the node has looked whether it can grow, and is told of first.
    world.advance_while(|world| {
        world.disks.expand("pvc-c_ns_c", 2 * GIB).unwrap();
        world.tell_disks();
    });
    world.settle();
    let status = &world.claim("c").unwrap()["status"];
    assert_eq!((status["capacity"].str("storage"), status["conditions"].as_array().unwrap().len()), ("2Gi", 0));
}

#[test]
fn a_disk_that_was_never_recorded_is_found_after_a_crash() {
    // LOCV-12
    let mut world = world();
    world.put_claim(claim("c", "1Gi"));
    world.stop_before = Some("create persistentvolumes");
    world.settle();
    assert_eq!((world.volume("pvc-c"), world.disks.unrecorded().len()), (None, 1));
    // Its claim is still there: it is used.
    world.stop_before = None;
    world.restart();
    world.settle();
    assert!(world.volume("pvc-c").is_some() && world.disks.unrecorded().is_empty());
    // It is not: nobody has ever had it.
    world.put_claim(claim("d", "1Gi"));
    world.stop_before = Some("create persistentvolumes");
    world.settle();
    world.stop_before = None;
    world.remove_claim("d");
    world.restart();
    world.settle();
    assert_eq!(world.disks.list("n").len(), 1);
}

#[test]
fn every_class_of_ours_says_how_much_room_there_is() {
    // STO-22
    let mut world = world();
    world.put_class(json!({"metadata": {"name": "other"}, "provisioner": "x.io/y"}));
    world.put_class(json!({"metadata": {"name": "k3s"}, "provisioner": "rancher.io/local-path", "parameters": {"path": "/other"}}));
    world.put_class(json!({"metadata": {"name": "wrong"}, "provisioner": PROVISIONER, "parameters": {"x": "y"}}));
    world.settle();
    let pools: Vec<(String, String)> =
        world.machine.pools().into_iter().map(|pool| (pool.class, pool.path.display().to_string())).collect();
    assert_eq!(pools, [("k3s".to_owned(), "/other".to_owned()), ("standard".to_owned(), "/pool".to_owned())]);
    let object = world.machine.pools()[1].object(super::capacity::rounded(5 * GIB + 7));
    assert_eq!((object.str("capacity"), object.str("storageClassName")), ("5Gi", "standard"));
    assert_eq!(object["nodeTopology"], json!({"matchLabels": {"kubernetes.io/hostname": "n"}}));
}

#[test]
fn the_room_is_told_whichever_is_told_of_last() {
    // STO-22
    use super::machine::{Command, Event, Machine};
    use crate::clock::Now;
    use stead_client::Report;
    let none = || Report::Replaced { objects: Vec::new(), version: 0 };
    let mut standard = class(json!({}));
    standard["metadata"]["name"] = "standard".into();
    let all = [
        Event::Classes(Report::Replaced { objects: vec![std::sync::Arc::new(standard)], version: 0 }),
        Event::Volumes(none()),
        Event::Claims(none()),
    ];
    let now = Now::default;
    let mut machine = Machine::new(["n".to_owned()], "/pool".into(), None);
    let told: Vec<Vec<Command>> = all.into_iter().map(|event| machine.step(now(), event)).collect();
    assert_eq!((told.last(), machine.pools().len()), (Some(&vec![Command::RoomChanged]), 1));
}

#[test]
fn amounts_that_go_to_and_fro_are_not_told_again() {
    // STO-22
    use super::capacity::{is_another, rounded};
    assert_eq!(rounded(50 * GIB + GIB / 2), 50 * GIB);
    assert!(!is_another(50 * GIB, 50 * GIB - 1) && !is_another(50 * GIB, 51 * GIB - 1));
    assert!(is_another(50 * GIB, 49 * GIB) && is_another(50 * GIB, 51 * GIB) && is_another(50 * GIB, 0));
}

#[test]
fn what_can_be_had_can_be_asked_for() {
    // STO-22: whatever was told before, no more than a sixteenth (or the smallest disk) is held back for ever.
    use super::capacity::{is_another, rounded};
    const MIB: u64 = 1 << 20;
    let amounts: Vec<u64> = (0..2000).map(|n| n * n * MIB / 7).collect();
    for pair in amounts.windows(2) {
        assert!(rounded(pair[0]) <= rounded(pair[1]), "{pair:?}");
    }
    for before in amounts.iter().step_by(7) {
        let told = rounded(*before);
        for now in amounts.iter().step_by(5) {
            let shown = if is_another(told, *now) { rounded(*now) } else { told };
            assert!(shown + (now / 16).max(MIB) > *now, "{now} of which {shown} are told, after {told}");
        }
    }
    // Around the smallest steps, the largest, and zero.
    assert_eq!([0, MIB - 1, 90 * MIB, GIB - 1, 6 * GIB + GIB / 3].map(rounded), [0, 0, 88 * MIB, 992 * MIB, 6 * GIB + GIB / 4]);
    assert!(is_another(5 * GIB, 6 * GIB) && is_another(960 * MIB, GIB) && is_another(0, MIB) && is_another(MIB, 0));
}
