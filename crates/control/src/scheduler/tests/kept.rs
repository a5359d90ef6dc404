//! What a snapshot keeps up to date change by change is what it would work out anew.

use super::super::snapshot::Snapshot;
use super::super::snapshot::tally::{Leaving, Wanted};
use super::super::snapshot::term::Term;
use crate::engine::{Cache, Change};
use crate::object::Object;
use crate::plan::{Key, Resource};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use stead_api::selector::LabelSelector;
use stead_api::{Value, json};
use stead_client::resource::{NAMESPACES, NODES, PODS};

#[derive(Debug, Clone)]
enum Step {
    Node {
        name: u8,
        zone: Option<u8>,
    },
    NodeGone {
        name: u8,
    },
    Pod {
        name: u8,
        node: u8,
        app: u8,
        goes: bool,
    },
    PodGone {
        name: u8,
    },
    /// The namespace has this label.
    Team(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..4_u8, proptest::option::of(0..3_u8)).prop_map(|(name, zone)| Step::Node { name, zone }),
        1 => (0..4_u8).prop_map(|name| Step::NodeGone { name }),
        4 => (0..6_u8, 0..4_u8, 0..2_u8, any::<bool>()).prop_map(|(name, node, app, goes)| Step::Pod { name, node, app, goes }),
        1 => (0..6_u8).prop_map(|name| Step::PodGone { name }),
        1 => (0..2_u8).prop_map(Step::Team),
    ]
}

#[derive(Default)]
struct World {
    cache: Cache,
    snapshot: Snapshot,
    version: u64,
}

impl World {
    fn take(&mut self, step: &Step) {
        let pod = |name: u8| Key::new("d", format!("p{name}"));
        let change = match step {
            Step::Node { name, zone } => {
                let labels = zone.map_or(json!({}), |zone| json!({"zone": format!("z{zone}")}));
                self.put(
                    NODES,
                    json!({"metadata": {"name": format!("n{name}"), "labels": labels}, "status": {"allocatable": {"pods": "9"}}}),
                )
            }
            Step::NodeGone { name } => self.delete(NODES, &Key::cluster(format!("n{name}"))),
            Step::Pod { name, node, app, goes } => {
                let mut meta = json!({"name": pod(*name).name, "namespace": "d", "labels": {"app": format!("a{app}")}});
                if *goes {
                    meta["deletionTimestamp"] = "2027-01-15T08:00:00Z".into();
                }
                self.put(PODS, json!({"metadata": meta, "spec": {"nodeName": format!("n{node}")}, "status": {"phase": "Running"}}))
            }
            Step::PodGone { name } => self.delete(PODS, &pod(*name)),
            Step::Team(team) => self.put(NAMESPACES, json!({"metadata": {"name": "d", "labels": {"team": format!("t{team}")}}})),
        };
        if let Some(change) = change {
            self.snapshot.note(&change, &self.cache);
        }
    }

    fn put(&mut self, resource: Resource, mut value: Value) -> Option<Change> {
        self.version += 1;
        value["metadata"]["uid"] = format!("{}", value["metadata"]["name"]).into();
        value["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.cache.put(Object::parse(resource, value).unwrap())
    }

    fn delete(&mut self, resource: Resource, key: &Key) -> Option<Change> {
        let mut gone = Object::clone(self.cache.get(resource, key)?);
        self.version += 1;
        gone.version = self.version;
        self.cache.delete(&gone)
    }

    /// What the caches say, from nothing.
    fn anew(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for resource in [NAMESPACES, PODS, NODES] {
            for object in self.cache.list(resource) {
                let change = Change { resource, key: object.key.clone(), old: None, new: Some(Arc::clone(object)) };
                snapshot.note(&change, &self.cache);
            }
        }
        snapshot
    }
}

fn spread() -> Wanted {
    let app = LabelSelector::from_object(Some(&json!({"matchLabels": {"app": "a0"}})));
    Wanted { terms: vec![Term::within("d", "zone", app)], leaving: Leaving::Ignored }
}

/// Of each node: the first that is in the same place, pods that spread and affinity count, and what a pod that selects zones says of it.
fn answers(snapshot: &Snapshot) -> BTreeMap<String, (Option<String>, i64, i64, bool, i64)> {
    let zones = snapshot.division("zone");
    let term = json!({"topologyKey": "zone", "labelSelector": {}, "namespaceSelector": {"matchLabels": {"team": "t0"}}});
    let affinity = || Wanted { terms: vec![Term::of(&term, "other")], leaving: Leaving::Counts };
    let (spread, affinity) = (snapshot.tally("spread", spread), snapshot.tally("affinity", affinity));
    let in_zone = |zone: &str| json!({"matchExpressions": [{"key": "zone", "operator": "In", "values": [zone]}]});
    let says = json!({"affinity": {"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [in_zone("z0"), in_zone("z1")]},
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 7, "preference": in_zone("z1")}],
    }}});
    let pod = Arc::new(Object::parse(PODS, json!({"metadata": {"name": "p", "namespace": "d"}, "spec": says})).unwrap());
    let selection = snapshot.selection(&pod).unwrap();
    let mut nodes: Vec<_> = snapshot.nodes().collect();
    nodes.sort_by_key(|node| node.name());
    let first_of = |place: usize| nodes.iter().find(|node| zones.place(node.slot) == Some(place)).unwrap().name().to_owned();
    let of = |slot| {
        let place = zones.place(slot).map(first_of);
        (place, spread.at(slot), affinity.at(slot), selection.includes(slot), selection.preference(slot))
    };
    nodes.iter().map(|node| (node.name().to_owned(), of(node.slot))).collect()
}

proptest! {
    // SCH-4: the snapshot follows; SCH-57, SCH-63, SCH-65: what is counted of it.
    #[test]
    fn what_is_kept_is_what_would_be_worked_out_anew(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::default();
        for (n, step) in steps.iter().enumerate() {
            world.take(step);
            prop_assert_eq!(answers(&world.snapshot), answers(&world.anew()));
            // What is asked for only now is what was counted all the time.
            let (kept, late) = (world.snapshot.tally("spread", spread), world.snapshot.tally(&format!("late {n}"), spread));
            for node in world.snapshot.nodes() {
                prop_assert_eq!(kept.at(node.slot), late.at(node.slot));
            }
        }
    }
}
