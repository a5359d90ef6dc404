//! Whatever users do, in whatever order keys are looked at, and wherever a start cuts in.

use super::world::{World, asking, claim, class, volume};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use stead_api::{Value, json, value::Access};
use stead_client::Key;
use stead_client::resource::{NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES};

#[derive(Debug, Clone)]
enum Act {
    /// Claim, class, size in Gi, wanted volume.
    Claim(usize, usize, u8, Option<usize>),
    /// Volume, class, size in Gi, claim that it is reserved for.
    Volume(usize, usize, u8, Option<usize>),
    DeleteClaim(usize),
    DeleteVolume(usize),
    ClearClaimRef(usize),
    Class(usize),
    DeleteClass(usize),
    SelectNode(usize),
    Provision(usize),
    /// The n-th key of the queue is looked at, and so many of its calls made.
    Look(usize, usize),
    Restart,
}

const CLASSES: [&str; 3] = ["now", "later", ""];

fn act() -> impl Strategy<Value = Act> {
    let some = |max: usize| proptest::option::weighted(0.3, 0..max);
    prop_oneof![
        3 => (0..4_usize, 0..3_usize, 1..4_u8, some(4)).prop_map(|(c, k, s, v)| Act::Claim(c, k, s, v)),
        3 => (0..4_usize, 0..3_usize, 1..4_u8, some(4)).prop_map(|(v, k, s, c)| Act::Volume(v, k, s, c)),
        1 => (0..4_usize).prop_map(Act::DeleteClaim),
        1 => (0..4_usize).prop_map(Act::DeleteVolume),
        1 => (0..4_usize).prop_map(Act::ClearClaimRef),
        1 => (0..2_usize).prop_map(Act::Class),
        1 => (0..2_usize).prop_map(Act::DeleteClass),
        2 => (0..4_usize).prop_map(Act::SelectNode),
        2 => (0..4_usize).prop_map(Act::Provision),
        12 => (0..8_usize, 0..6_usize).prop_map(|(n, calls)| Act::Look(n, calls)),
        1 => Just(Act::Restart),
    ]
}

fn perform(world: &mut World, act: &Act) {
    let (claim_name, volume_name) = (|index: usize| format!("c{index}"), |index: usize| format!("v{index}"));
    match act {
        Act::Claim(index, kind, size, wanted) if world.raw(PERSISTENT_VOLUME_CLAIMS, &claim(&claim_name(*index))).is_none() => {
            let wanted = wanted.map(volume_name);
            let spec = json!({"resources": {"requests": {"storage": format!("{size}Gi")}}, "volumeName": wanted});
            world.put(PERSISTENT_VOLUME_CLAIMS, asking(&claim_name(*index), CLASSES[*kind], spec));
        }
        Act::Volume(index, kind, size, reserved) if world.raw(PERSISTENT_VOLUMES, &Key::cluster(volume_name(*index))).is_none() => {
            let reserved = reserved.map(|index| json!({"namespace": super::NS, "name": claim_name(index)}));
            let spec = json!({"capacity": {"storage": format!("{size}Gi")}, "claimRef": reserved});
            world.put(PERSISTENT_VOLUMES, volume(&volume_name(*index), CLASSES[*kind], spec));
        }
        Act::DeleteClaim(index) => world.delete(PERSISTENT_VOLUME_CLAIMS, &claim(&claim_name(*index))),
        Act::DeleteVolume(index) => world.delete(PERSISTENT_VOLUMES, &Key::cluster(volume_name(*index))),
        Act::ClearClaimRef(index) => {
            world.edit(PERSISTENT_VOLUMES, &Key::cluster(volume_name(*index)), json!({"spec": {"claimRef": null}}));
        }
        Act::Class(index) => {
            let mode = if *index == 0 { "Immediate" } else { "WaitForFirstConsumer" };
            world.put(STORAGE_CLASSES, class(CLASSES[*index], "stead.io/local", mode));
        }
        Act::DeleteClass(index) => world.delete(STORAGE_CLASSES, &Key::cluster(CLASSES[*index])),
        Act::SelectNode(index) => {
            let key = claim(&claim_name(*index));
            let selected = json!({"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "a"}}});
            world.edit(PERSISTENT_VOLUME_CLAIMS, &key, selected);
        }
        Act::Provision(index) => world.provision(&claim(&claim_name(*index))),
        Act::Look(nth, calls) => {
            let count = world.queue.len().max(1);
            if let Some(work) = world.queue.iter().nth(nth % count).cloned() {
                world.look(&work, *calls);
                if *calls < 5 {
                    world.queue.insert(work);
                }
            }
        }
        Act::Restart => world.restart(),
        Act::Claim(..) | Act::Volume(..) => {}
    }
}

/// What holds at every moment: the volume that each claim says it is bound to.
fn check(world: &World, bound: &mut BTreeMap<String, String>) -> Result<(), TestCaseError> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for key in world.names(PERSISTENT_VOLUME_CLAIMS) {
        let value = world.raw(PERSISTENT_VOLUME_CLAIMS, &key).cloned().unwrap_or_default();
        let (uid, name) = (value["metadata"].str("uid").to_owned(), value["spec"].str("volumeName").to_owned());
        if let Some(former) = bound.get(&uid) {
            prop_assert_eq!(former, &name, "a bound claim keeps its volume");
        }
        let completed = value["metadata"]["annotations"].has("pv.kubernetes.io/bind-completed");
        if completed {
            bound.insert(uid.clone(), name.clone());
        }
        if value["status"].str("phase") == "Bound" {
            prop_assert!(completed && !name.is_empty());
            let of =
                world.raw(PERSISTENT_VOLUMES, &Key::cluster(name.as_str())).map(|volume| volume["spec"]["claimRef"].str("uid").to_owned());
            if of.as_ref() == Some(&uid) {
                prop_assert!(taken.insert(name), "one volume, one claim");
            }
        }
    }
    Ok(())
}

/// What holds at rest.
fn check_rest(world: &World) -> Result<(), TestCaseError> {
    let mut of_claim: BTreeMap<String, String> = BTreeMap::new();
    for key in world.names(PERSISTENT_VOLUMES) {
        let value = world.raw(PERSISTENT_VOLUMES, &key).cloned().unwrap_or_default();
        if value["status"].str("phase") == "Bound" {
            let uid = value["spec"]["claimRef"].str("uid").to_owned();
            prop_assert_eq!(of_claim.insert(uid, key.name.clone()), None, "one claim, one volume");
        }
        let is_explained = !world.plan(PERSISTENT_VOLUMES, &key).reasons.is_empty();
        prop_assert!(is_explained, "{} {}", key, value);
    }
    for key in world.names(PERSISTENT_VOLUME_CLAIMS) {
        let value: Value = world.raw(PERSISTENT_VOLUME_CLAIMS, &key).cloned().unwrap_or_default();
        prop_assert!(!world.plan(PERSISTENT_VOLUME_CLAIMS, &key).reasons.is_empty(), "{} {}", key, value);
        let (uid, phase) = (value["metadata"].str("uid"), value["status"].str("phase"));
        if phase == "Bound" {
            prop_assert_eq!(of_claim.get(uid).map(String::as_str), Some(value["spec"].str("volumeName")));
        }
        // A free volume that suits an Immediate claim is not left lying.
        let object = world.cache.get(PERSISTENT_VOLUME_CLAIMS, &key).expect("it is cached");
        if phase != "Bound" && object.claim().volume.is_empty() && object.claim().class() != "later" {
            prop_assert_eq!(super::super::matching::free(object, &world.cache).count(), 0);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_volume_has_two_claims_and_no_claim_two_volumes(acts in proptest::collection::vec(act(), 1..120)) {
        let mut world = World::default();
        world.put(NODES, super::node("a"));
        let mut bound = BTreeMap::new();
        for act in &acts {
            perform(&mut world, act);
            check(&world, &mut bound)?;
        }
        // Claims whose queue was cut are looked at again by the next start alone.
        world.restart();
        world.settle();
        for index in 0..4 {
            world.provision(&claim(&format!("c{index}")));
        }
        world.settle();
        check(&world, &mut bound)?;
        check_rest(&world)?;
        world.writes = 0;
        world.restart();
        world.settle();
        prop_assert_eq!(world.writes, 0, "at rest nothing is written");
    }
}
