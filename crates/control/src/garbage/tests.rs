use super::plan::plan;
use super::*;
use crate::plan::{Call, Effect, Guard, Patch};
use stead_api::{Value, json};
use stead_client::resource::{CONFIG_MAPS, NODES, PODS, STATEFUL_SETS};

const ALL: &[Resource] = &[CONFIG_MAPS, NODES, PODS, STATEFUL_SETS];

fn owner(name: &str, blocks: bool) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name, "uid": format!("u-{name}"), "controller": true, "blockOwnerDeletion": blocks})
}

fn put(cache: &mut Cache, resource: Resource, name: &str, owners: &[Value], more: Value) {
    let namespace = if resource.namespaced { "d" } else { "" };
    let mut value = json!({"metadata": {"name": name, "namespace": namespace, "uid": format!("u-{name}"), "resourceVersion": "5", "ownerReferences": owners}});
    for (member, content) in more.as_object().unwrap() {
        value["metadata"][member] = content.clone();
    }
    cache.put(Object::parse(resource, value).unwrap());
}

fn planned(cache: &Cache, resource: Resource, name: &str) -> Plan {
    let namespace = if resource.namespaced { "d" } else { "" };
    plan(cache.get(resource, &Key::new(namespace, name)).unwrap(), cache, ALL)
}

fn deletion(plan: &Plan) -> &'static str {
    match plan.effects().last().map(|e| &e.call) {
        Some(Call::Delete { options, .. }) if options.uid.is_some() && options.resource_version.is_some() => options.propagation.unwrap(),
        _ => "",
    }
}

const DELETING: &str = "2026-01-01T00:00:00Z";

// G1
#[test]
fn a_dependent_goes_when_all_its_owners_are_gone() {
    let mut cache = Cache::default();
    put(&mut cache, STATEFUL_SETS, "a", &[], json!({}));
    put(&mut cache, PODS, "p", &[owner("a", true)], json!({}));
    assert!(planned(&cache, PODS, "p").is_empty());
    let set = cache.get(STATEFUL_SETS, &Key::new("d", "a")).unwrap().as_ref().clone();
    cache.delete(&set);
    assert_eq!(deletion(&planned(&cache, PODS, "p")), "Background");
}

// G1: an owner that was never seen may be newer than the cache, and one that was seen to go may be there all the same.
#[test]
fn an_absent_owner_is_looked_up_before_anything_is_deleted() {
    let mut cache = Cache::default();
    put(&mut cache, PODS, "p", &[owner("a", true)], json!({}));
    let proof = Guard::Absent { uid: "u-a".into() };
    let plan = planned(&cache, PODS, "p");
    assert_eq!(plan.before[0].guard, Some(proof.clone()));
    assert_eq!(deletion(&plan), "Background");
    put(&mut cache, STATEFUL_SETS, "a", &[], json!({}));
    cache.replace(STATEFUL_SETS, Vec::new(), 9);
    assert_eq!(planned(&cache, PODS, "p").before[0].guard, Some(proof));
    // Another object of that name does not count.
    put(&mut cache, STATEFUL_SETS, "a", &[], json!({"uid": "other"}));
    assert_eq!(deletion(&planned(&cache, PODS, "p")), "Background");
}

// G1
#[test]
fn dead_references_beside_a_living_one_are_removed() {
    let mut cache = Cache::default();
    put(&mut cache, STATEFUL_SETS, "a", &[], json!({}));
    put(&mut cache, PODS, "p", &[owner("a", true), owner("b", true)], json!({}));
    let plan = planned(&cache, PODS, "p");
    let Call::Patch { patch: Patch::Strategic(patch), .. } = &plan.steps[0].effects[0].call else { panic!("{plan:?}") };
    assert_eq!(patch["metadata"]["ownerReferences"], json!([{"$patch": "delete", "uid": "u-b"}]));
}

// G2
#[test]
fn owners_of_unknown_kinds_and_in_wrong_places_decide_nothing() {
    let mut cache = Cache::default();
    let unknown = json!({"apiVersion": "example.com/v1", "kind": "Thing", "name": "t", "uid": "t"});
    put(&mut cache, PODS, "p", &[unknown], json!({}));
    assert!(planned(&cache, PODS, "p").is_empty());
    put(&mut cache, NODES, "n", &[owner("a", true)], json!({}));
    let plan = planned(&cache, NODES, "n");
    assert_eq!(plan.effects().count(), 0);
    assert_eq!(plan.events[0].reason, "OwnerRefInvalidNamespace");
}

// G4
#[test]
fn a_foreground_deletion_takes_dependents_first() {
    let mut cache = Cache::default();
    put(&mut cache, STATEFUL_SETS, "a", &[], json!({"deletionTimestamp": DELETING, "finalizers": [FOREGROUND, "x/y"]}));
    put(&mut cache, PODS, "p", &[owner("a", true)], json!({}));
    assert_eq!(planned(&cache, STATEFUL_SETS, "a").effects().count(), 0);
    assert_eq!(deletion(&planned(&cache, PODS, "p")), "Background");
    // A dependent with dependents goes in the foreground too.
    let of_pod = json!({"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u-p"});
    put(&mut cache, CONFIG_MAPS, "c", &[of_pod], json!({}));
    assert_eq!(deletion(&planned(&cache, PODS, "p")), "Foreground");
    // What does not block does not hold the owner.
    put(&mut cache, PODS, "p", &[owner("a", false)], json!({"resourceVersion": "6"}));
    let plan = planned(&cache, STATEFUL_SETS, "a");
    let Call::Patch { patch: Patch::Json(patch), .. } = &plan.steps[0].effects[0].call else { panic!("{plan:?}") };
    assert_eq!(patch[2]["value"], json!(["x/y"]));
}

// G5
#[test]
fn orphaning_takes_the_owner_out_of_its_dependents() {
    let mut cache = Cache::default();
    put(&mut cache, STATEFUL_SETS, "a", &[], json!({"deletionTimestamp": DELETING, "finalizers": [ORPHAN]}));
    put(&mut cache, PODS, "p", &[owner("a", true)], json!({}));
    put(&mut cache, PODS, "q", &[owner("a", true)], json!({}));
    let plan = planned(&cache, STATEFUL_SETS, "a");
    assert_eq!(plan.steps[0].effects.len(), 2);
    let Call::Patch { resource: STATEFUL_SETS, patch: Patch::Json(patch), .. } = &plan.steps[1].effects[0].call else { panic!("{plan:?}") };
    assert_eq!(patch[2]["value"], json!([]));
    // Meanwhile the dependents are safe.
    assert!(planned(&cache, PODS, "p").is_empty());
}

#[test]
fn changes_name_the_keys_that_they_concern() {
    let mut cache = Cache::default();
    let collector = GarbageCollector::new(ALL);
    put(&mut cache, STATEFUL_SETS, "a", &[], json!({}));
    put(&mut cache, PODS, "p", &[owner("a", true)], json!({}));
    let set = cache.get(STATEFUL_SETS, &Key::new("d", "a")).unwrap().as_ref().clone();
    let change = cache.delete(&set).unwrap();
    let mut keys = Vec::new();
    collector.keys_for(&change, &cache, &mut keys);
    assert_eq!(keys, [(PODS, Key::new("d", "p"))]);
}

// G1: a list that should not have been believed costs a read, not the dependents.
#[test]
fn an_owner_that_is_there_after_all_keeps_its_dependents() {
    use crate::engine::{Engine, Input, Now, Report};
    let mut engine = Engine::new(vec![Box::new(GarbageCollector::new(&[PODS, STATEFUL_SETS]))]);
    let now = Now { wall: Timestamp::from_seconds(1_000), steady: std::time::Duration::ZERO };
    let pod =
        json!({"metadata": {"name": "p", "namespace": "d", "uid": "u-p", "resourceVersion": "5", "ownerReferences": [owner("a", true)]}});
    let pods = Report::Replaced { objects: vec![Object::parse(PODS, pod).unwrap()], version: 5 };
    engine.step(Input::Watch { resource: PODS, report: pods }, now);
    let starts = engine.step(Input::Watch { resource: STATEFUL_SETS, report: Report::Replaced { objects: vec![], version: 5 } }, now);
    let [look] = starts.as_slice() else { panic!("{starts:?}") };
    assert!(matches!(&look.call, Call::Get { resource: STATEFUL_SETS, .. }), "{look:?}");
    let set = json!({"kind": "StatefulSet", "metadata": {"name": "a", "namespace": "d", "uid": "u-a", "resourceVersion": "4"}});
    assert_eq!(engine.step(Input::Outcome { id: look.id, result: Ok(set) }, now), []);
}

// G2, GC-1
#[test]
fn an_owner_in_another_namespace_is_absent_and_said_to_be_so() {
    let mut cache = Cache::default();
    let value = json!({"metadata": {"name": "a", "namespace": "other", "uid": "u-a", "resourceVersion": "4"}});
    cache.put(Object::parse(STATEFUL_SETS, value).unwrap());
    put(&mut cache, PODS, "p", &[owner("a", true)], json!({}));
    let plan = planned(&cache, PODS, "p");
    assert_eq!(deletion(&plan), "Background");
    let message = "ownerRef [apps/v1/StatefulSet, namespace: d, name: a, uid: u-a] does not exist in namespace \"d\"";
    assert_eq!((plan.events[0].reason, plan.events[0].message.as_str()), ("OwnerRefInvalidNamespace", message));
}

// G4
#[test]
fn owners_in_a_circle_do_not_wait_for_each_other_for_ever() {
    let config_map = |name: &str, blocks: bool| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": format!("u-{name}"), "blockOwnerDeletion": blocks});
    let mut cache = Cache::default();
    put(&mut cache, CONFIG_MAPS, "left", &[config_map("right", true)], json!({"deletionTimestamp": DELETING, "finalizers": [FOREGROUND]}));
    put(&mut cache, CONFIG_MAPS, "right", &[config_map("left", true)], json!({}));
    assert!(planned(&cache, CONFIG_MAPS, "left").is_empty());
    let plan = planned(&cache, CONFIG_MAPS, "right");
    let [Effect { call: Call::Patch { patch: Patch::Strategic(patch), .. }, .. }] = plan.steps[0].effects.as_slice() else {
        panic!("{plan:?}")
    };
    assert_eq!(patch["metadata"]["ownerReferences"], json!([{"uid": "u-left", "blockOwnerDeletion": false}]));
    put(&mut cache, CONFIG_MAPS, "right", &[config_map("left", false)], json!({"resourceVersion": "6"}));
    assert_eq!(deletion(&planned(&cache, CONFIG_MAPS, "right")), "Foreground");
    assert_eq!(planned(&cache, CONFIG_MAPS, "left").effects().count(), 1);
}
