//! Tests of field ownership.

use super::*;
use crate::schema::generated::{APPS_V1_STATEFUL_SET, CORE_V1_CONFIG_MAP};
use proptest::prelude::*;

fn write(manager: &str) -> Write<'_> {
    Write { manager, api_version: "v1", subresource: "", resets: &[], now: Timestamp::from_seconds(1_000), forget: false }
}

fn config_map(data: &Value) -> Value {
    json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "uid": "u"}, "data": data})
}

fn created(data: &Value, manager: &str) -> Value {
    let mut object = config_map(data);
    update(&CORE_V1_CONFIG_MAP, None, &mut object, write(manager));
    object
}

fn updated(live: &Value, data: &Value, write: Write<'_>) -> Value {
    let mut object = config_map(data);
    update(&CORE_V1_CONFIG_MAP, Some(live), &mut object, write);
    object
}

/// `manager: fields` of every entry.
fn owners(object: &Value) -> Vec<(String, Value)> {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    entries.into_iter().map(|e| (e["manager"].as_str().unwrap().to_owned(), e["fieldsV1"].clone())).collect()
}

fn owner(manager: &str, fields: Value) -> (String, Value) {
    (manager.to_owned(), fields)
}

/// P23, P25, P28
#[test]
fn a_creator_owns_what_it_set_but_not_the_identity() {
    let object = created(&json!({"x": "1", "y": "2"}), "m");
    assert_eq!(owners(&object), [owner("m", json!({"f:data": {".": {}, "f:x": {}, "f:y": {}}}))]);
    assert_eq!(object["metadata"]["managedFields"][0]["time"], "1970-01-01T00:16:40Z");
}

/// P28
#[test]
fn an_update_takes_what_it_changes_and_frees_what_it_removes() {
    let first = created(&json!({"x": "1", "y": "2"}), "m1");
    let second = updated(&first, &json!({"x": "9", "y": "2"}), write("m2"));
    let m1 = owner("m1", json!({"f:data": {".": {}, "f:y": {}}}));
    assert_eq!(owners(&second), [m1.clone(), owner("m2", json!({"f:data": {"f:x": {}}}))]);
    let third = updated(&second, &json!({"x": "9"}), write("m3"));
    assert_eq!(owners(&third), [owner("m1", json!({"f:data": {}})), owner("m2", json!({"f:data": {"f:x": {}}}))]);
    // An emptied entry vanishes.
    let fourth = updated(&third, &json!({"x": "8"}), write("m3"));
    assert_eq!(owners(&fourth), [owner("m1", json!({"f:data": {}})), owner("m3", json!({"f:data": {"f:x": {}}}))]);
}

/// P22, P23: list items by their keys, defaults counted; atomic values whole.
#[test]
fn paths_follow_the_schema() {
    let ports = json!([{"containerPort": 80}]);
    let pod = json!({"containers": [{"name": "c", "ports": ports}], "nodeSelector": {"a": "b"}});
    let mut object = json!({"metadata": {"name": "w"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"spec": pod}}});
    update(&APPS_V1_STATEFUL_SET, None, &mut object, write("m"));
    let spec = &owners(&object)[0].1["f:spec"];
    assert_eq!(spec["f:selector"], json!({}));
    let pod = &spec["f:template"]["f:spec"];
    assert_eq!(pod["f:nodeSelector"], json!({}));
    let port = json!({".": {}, "f:containerPort": {}});
    assert_eq!(
        pod["f:containers"],
        json!({"k:{\"name\":\"c\"}": {
            ".": {}, "f:name": {}, "f:resources": {},
            "f:ports": {".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": port},
        }})
    );
}

/// P25
#[test]
fn an_endpoint_owns_nothing_of_what_it_resets() {
    let mut object = json!({"metadata": {"name": "w"}, "spec": {"replicas": 1}, "status": {"replicas": 3}});
    update(&APPS_V1_STATEFUL_SET, None, &mut object, Write { resets: &["status"], ..write("m") });
    assert_eq!(owners(&object), [owner("m", json!({"f:spec": {"f:replicas": {}}}))]);
}

/// P28: tracking starts at create only.
#[test]
fn an_untracked_object_stays_untracked() {
    let live = config_map(&json!({"x": "1"}));
    assert_eq!(owners(&updated(&live, &json!({"x": "2"}), write("m"))), []);
}

/// P29
#[test]
fn a_writer_may_edit_or_forget_the_entries() {
    assert!(forgets(&json!({"metadata": {"managedFields": []}})));
    assert!(forgets(&json!({"metadata": {"managedFields": [{}]}})));
    assert!(!forgets(&json!({"metadata": {"managedFields": null}})));
    let live = created(&json!({"x": "1"}), "m");
    assert_eq!(owners(&updated(&live, &json!({"x": "1"}), Write { forget: true, ..write("m") })), []);
    let edited = |entries: Value, subresource: &str| {
        let mut object = config_map(&json!({"x": "1"}));
        object["metadata"]["managedFields"] = entries;
        update(&CORE_V1_CONFIG_MAP, Some(&live), &mut object, Write { subresource, ..write("m") });
        owners(&object)
    };
    let fields = json!({"f:data": {"f:x": {}}});
    let entry = json!([{"manager": "z", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}]);
    assert_eq!(edited(entry.clone(), ""), [owner("z", fields)]);
    assert_eq!(edited(entry, "status"), owners(&live));
    assert_eq!(edited(json!([{"manager": "z", "fieldsType": "V9"}]), ""), owners(&live));
}

/// P28
#[test]
fn the_oldest_of_too_many_entries_are_merged() {
    let mut object = created(&json!({"k0": "1"}), "m0");
    let mut data = json!({"k0": "1"});
    for n in 1..12 {
        data[format!("k{n}")] = "1".into();
        let manager = format!("m{n}");
        object = updated(&object, &data, Write { now: Timestamp::from_seconds(1_000 + n), ..write(&manager) });
    }
    let owners = owners(&object);
    assert_eq!(owners.len(), UPDATE_ENTRIES_MAX);
    assert_eq!(owners[0], owner(ANCIENT, json!({"f:data": {".": {}, "f:k0": {}, "f:k1": {}, "f:k2": {}}})));
}

/// The number of replicas moves to whoever scales.
#[test]
fn a_scale_owns_the_replicas_without_a_time() {
    let mut live = json!({"metadata": {"name": "w", "uid": "u"}, "spec": {"replicas": 1, "serviceName": "s"}});
    update(&APPS_V1_STATEFUL_SET, None, &mut live, Write { api_version: "apps/v1", ..write("m") });
    let scale = Write { api_version: "apps/v1", subresource: "scale", ..write("s") };
    update_scale(&mut live, (1, 3), scale);
    let entries = &live["metadata"]["managedFields"];
    assert_eq!(entries[0]["fieldsV1"], json!({"f:spec": {"f:replicas": {}}}));
    assert_eq!((entries[0].get("time"), &entries[0]["subresource"]), (None, &json!("scale")));
    assert_eq!(entries[1]["fieldsV1"], json!({"f:spec": {"f:serviceName": {}}}));
    update_scale(&mut live, (3, 0), scale);
    assert_eq!(live["metadata"]["managedFields"].as_array().unwrap().len(), 1);
}

fn any_set() -> impl Strategy<Value = Set> {
    let element = prop_oneof![
        "[a-c]".prop_map(Element::Field),
        "[a-b]".prop_map(|name| Element::Key(format!("{{\"name\":\"{name}\"}}"))),
        (0..3_i64).prop_map(Element::Index),
    ];
    prop::collection::vec(prop::collection::vec(element, 1..4), 0..6).prop_map(|paths| {
        let mut set = Set::default();
        paths.iter().for_each(|path| set.insert(path));
        set
    })
}

proptest! {
    /// P23
    #[test]
    fn a_set_survives_its_encoding(set in any_set()) {
        prop_assert_eq!(Set::decode(&set.encode()), Some(set));
    }

    #[test]
    fn sets_obey_the_laws_of_sets(a in any_set(), b in any_set()) {
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.intersection(&b), b.intersection(&a));
        prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
        prop_assert!(a.difference(&b).intersection(&b).is_empty());
        prop_assert_eq!(a.union(&b).difference(&b), a.difference(&b));
        prop_assert_eq!(a.recursive_difference(&b).difference(&b), a.recursive_difference(&b));
    }

    /// P28: a write that changes nothing changes no owner, and another manager's full rewrite takes all.
    #[test]
    fn ownership_follows_change(old in prop::collection::btree_map("[a-d]", "[0-1]", 1..4), new in prop::collection::btree_map("[a-d]", "[0-1]", 1..4)) {
        let live = created(&json!(old), "m1");
        let object = updated(&live, &json!(new), write("m2"));
        let owner_of = |key: &str| {
            let path = [Element::field("data"), Element::field(key)];
            owners(&object).into_iter().filter(|(_, f)| Set::decode(f).unwrap().has(&path)).map(|(m, _)| m).collect::<Vec<_>>()
        };
        for (key, value) in &new {
            let wanted = if old.get(key) == Some(value) { "m1" } else { "m2" };
            prop_assert_eq!(owner_of(key), vec![wanted.to_owned()]);
        }
        for key in old.keys().filter(|key| !new.contains_key(*key)) {
            prop_assert!(owner_of(key).is_empty());
        }
    }
}
