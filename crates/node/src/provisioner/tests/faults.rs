//! Users, the control plane and crashes in any order: what is on a claim's disk stays as long as the claim does, and in the end nothing is
//! left that nobody has.

use super::world::{GIB, World, claim, class};
use crate::disks::NodeDisks;
use proptest::prelude::*;
use std::collections::BTreeSet;
use stead_api::json;
use stead_api::value::Access;

#[derive(Debug, Clone, Copy)]
enum Act {
    Claim(u8),
    Unclaim(u8),
    Grow(u8),
    /// The control plane binds and releases whatever is due.
    Control,
    /// One operation is done.
    Advance,
    Crash,
    Second,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..3_u8).prop_map(Act::Claim),
        (0..3_u8).prop_map(Act::Unclaim),
        (0..3_u8).prop_map(Act::Grow),
        Just(Act::Control),
        Just(Act::Advance),
        Just(Act::Advance),
        Just(Act::Crash),
        Just(Act::Second),
    ]
}

/// Binds what is made and releases what has no claim.
fn control(world: &mut World) {
    let names: Vec<(String, String, String)> = world
        .volumes()
        .map(|volume| {
            let of = |text: &str| text.to_owned();
            (of(volume["metadata"].str("name")), of(volume["spec"]["claimRef"].str("uid")), of(volume["status"].str("phase")))
        })
        .collect();
    for (name, claim, phase) in names {
        match (world.claim(&claim).is_some(), phase.as_str()) {
            (true, "Pending") => world.bind(&name),
            (false, "Pending" | "Bound") => world.volume_mut(&name)["status"]["phase"] = "Released".into(),
            _ => {}
        }
    }
}

/// Every bound claim has its disk, whole.
fn check(world: &World, claimed: &BTreeSet<String>) {
    let disks = world.disks.list("n");
    for name in claimed {
        let Some(claim) = world.claim(name).filter(|claim| claim["status"].str("phase") == "Bound") else { continue };
        let disk = disks.iter().find(|disk| disk.name == format!("pvc-{name}_ns_{name}"));
        let capacity = super::super::facts::bytes(&claim["status"]["capacity"]["storage"]);
        assert!(disk.is_some_and(|disk| disk.made.bytes >= capacity), "{name} has lost its disk: {disks:?}");
    }
}

proptest! {
    #[test]
    fn no_claim_loses_its_disk_and_nothing_is_left(acts in prop::collection::vec(act(), 1..80)) {
        // STO-5, STO-11, LOCV-12
        let mut world = World::new(5 * GIB);
        world.put_class(class(json!({})));
        let (mut claimed, mut number) = (BTreeSet::new(), 0);
        let mut current = [None, None, None];
        for act in acts {
            match act {
                Act::Claim(slot) => if current[usize::from(slot)].is_none() {
                    // A uid is not used twice.
                    number += 1;
                    let name = format!("c{number}");
                    world.put_claim(claim(&name, "1Gi"));
                    claimed.insert(name.clone());
                    current[usize::from(slot)] = Some(name);
                },
                Act::Unclaim(slot) => if let Some(name) = current[usize::from(slot)].take() {
                    claimed.remove(&name);
                    world.remove_claim(&name);
                },
                Act::Grow(slot) => if let Some(name) = &current[usize::from(slot)]
                    && world.claim(name).is_some_and(|claim| claim["status"].str("phase") == "Bound")
                {
                    world.claim_mut(name)["spec"]["resources"]["requests"]["storage"] = "2Gi".into();
                },
                Act::Control => control(&mut world),
                Act::Advance => drop(world.advance()),
                Act::Crash => world.restart(),
                Act::Second => world.pass(1),
            }
            check(&world, &claimed);
        }
        for _ in 0..8 {
            world.settle();
            control(&mut world);
            world.pass(300);
            check(&world, &claimed);
        }
        prop_assert_eq!(world.volumes().count(), claimed.iter().filter(|name| world.volume(&format!("pvc-{name}")).is_some()).count());
        prop_assert_eq!(world.disks.list("n").len(), world.volumes().count());
        prop_assert!(world.disks.unrecorded().is_empty());
    }
}
