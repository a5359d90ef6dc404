//! Tests of field ownership.

use super::*;
use crate::schema::generated::{APPS_V1_STATEFUL_SET, CORE_V1_CONFIG_MAP, CORE_V1_POD};
use proptest::prelude::*;
use std::collections::BTreeMap;

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

/// What a manager applies to a ConfigMap or a Pod.
fn applied(live: Option<&Value>, document: &Value, manager: &str, conflicts: Conflicts) -> Result<Value, crate::Status> {
    let ty: &'static Type = if document["kind"] == "Pod" { &CORE_V1_POD } else { &CORE_V1_CONFIG_MAP };
    let application = Application { ty, document, write: write(manager), conflicts };
    apply(application, live, &|value| walker::decode_value(ty, value), &|_| ())
}

fn pod(containers: &Value) -> Value {
    json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}, "spec": {"containers": containers}})
}

/// E5, P26
#[test]
fn an_apply_that_changes_what_others_own_is_refused_unless_forced() {
    let live = applied(None, &config_map(&json!({"x": "1", "y": "1"})), "m1", Conflicts::Refused).unwrap();
    let refused = applied(Some(&live), &config_map(&json!({"x": "2", "y": "2", "z": "2"})), "m2", Conflicts::Refused).unwrap_err();
    assert_eq!((refused.code, refused.reason), (409, "Conflict"));
    assert_eq!(refused.message, "Apply failed with 2 conflicts: conflicts with \"m1\":\n- .data.x\n- .data.y");
    let forced = applied(Some(&live), &config_map(&json!({"x": "2"})), "m2", Conflicts::Forced).unwrap();
    assert_eq!(owners(&forced), [owner("m1", json!({"f:data": {"f:y": {}}})), owner("m2", json!({"f:data": {"f:x": {}}}))]);
    // Who says the same owns it too.
    let shared = applied(Some(&live), &config_map(&json!({"x": "1"})), "m2", Conflicts::Refused).unwrap();
    assert_eq!(owners(&shared)[0], owner("m2", json!({"f:data": {"f:x": {}}})));
}

/// P28
#[test]
fn an_object_that_nobody_tracks_belongs_to_those_before() {
    let refused = applied(Some(&config_map(&json!({"x": "1"}))), &config_map(&json!({"x": "2"})), "m", Conflicts::Refused).unwrap_err();
    assert_eq!(refused.message, "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.x");
}

/// P22
#[test]
fn a_list_keeps_the_order_of_the_applier_and_the_items_of_others() {
    let names = |object: &Value| -> Vec<String> {
        object["spec"]["containers"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect()
    };
    let live = applied(None, &pod(&json!([{"name": "a"}, {"name": "b"}, {"name": "c"}])), "m1", Conflicts::Refused).unwrap();
    let next = applied(Some(&live), &pod(&json!([{"name": "c"}, {"name": "x"}, {"name": "a"}])), "m2", Conflicts::Refused).unwrap();
    assert_eq!(names(&next), ["b", "c", "x", "a"]);
    let next = applied(Some(&next), &pod(&json!([{"name": "a"}])), "m1", Conflicts::Refused).unwrap();
    assert_eq!(names(&next), ["c", "x", "a"]);
}

/// P22: in upstream's words.
#[test]
fn what_does_not_fit_its_type_is_refused_with_its_path() {
    let why = |document: Value| applied(None, &document, "m", Conflicts::Refused).unwrap_err().message;
    let head = "failed to create typed patch object (/a; /v1, Kind=Pod): .spec.containers";
    assert_eq!(why(pod(&json!([{"name": "a", "foo": 1}]))), format!("{head}[name=\"a\"].foo: field not declared in schema"));
    assert_eq!(why(pod(&json!([{"name": "a"}, {"name": "a"}]))), format!("{head}: duplicate entries for key [name=\"a\"]"));
    assert_eq!(why(pod(&json!([null]))), format!("{head}: element 0: associative list with keys may not have a null element"));
    assert_eq!(why(pod(&json!({"a": 1}))), format!("{head}: expected list, got &{{map[a:1]}}"));
    let both = why(pod(&json!([{"name": 5, "image": true}])));
    let (first, second) = (
        "image: expected string, got &value.valueUnstructured{Value:true}",
        "name: expected string, got &value.valueUnstructured{Value:5}",
    );
    let at = ".spec.containers[name=5]";
    assert_eq!(both, format!("failed to create typed patch object (/a; /v1, Kind=Pod): errors:\n  {at}.{first}\n  {at}.{second}"));
}

/// P24: the entries of other versions of the kind stay, those of versions that it does not have go.
#[test]
fn entries_of_versions_that_the_kind_lacks_are_forgotten() {
    let mut live = created(&json!({"x": "1", "y": "1"}), "u");
    live["metadata"]["managedFields"][0]["apiVersion"] = "v0".into();
    let next = updated(&live, &json!({"x": "2", "y": "1"}), write("m"));
    assert_eq!(owners(&next), [owner("m", json!({"f:data": {"f:x": {}}}))]);
}

fn data() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map("[a-e]", "[xyz]", 0..5)
}

fn without_times(object: &Value) -> Value {
    let mut object = object.clone();
    for entry in object["metadata"]["managedFields"].as_array_mut().into_iter().flatten() {
        entry.as_object_mut().unwrap().shift_remove("time");
    }
    object
}

proptest! {
    /// P31
    #[test]
    fn an_apply_twice_is_an_apply(live in data(), document in data()) {
        let live = created(&json!(live), "u");
        let once = applied(Some(&live), &config_map(&json!(document)), "m", Conflicts::Forced).unwrap();
        let twice = applied(Some(&once), &config_map(&json!(document)), "m", Conflicts::Refused).unwrap();
        prop_assert_eq!(without_times(&once), without_times(&twice));
    }

    /// P22: who applies other fields may come first or last.
    #[test]
    fn appliers_of_other_fields_commute(live in data(), all in data()) {
        let live = created(&json!(live), "u");
        let (left, right): (BTreeMap<_, _>, BTreeMap<_, _>) = all.into_iter().partition(|(name, _)| name.as_str() < "c");
        // An empty map would be a field of both.
        let document = |data: BTreeMap<String, String>| config_map(&if data.is_empty() { Value::Null } else { json!(data) });
        let nothing = |mut document: Value| {
            document.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            document
        };
        let (left, right) = (nothing(document(left)), nothing(document(right)));
        let both = |a: (&Value, &str), b: (&Value, &str)| {
            let first = applied(Some(&live), a.0, a.1, Conflicts::Forced).unwrap();
            applied(Some(&first), b.0, b.1, Conflicts::Forced).unwrap()
        };
        let (one, other) = (both((&left, "l"), (&right, "r")), both((&right, "r"), (&left, "l")));
        prop_assert_eq!(&one["data"], &other["data"]);
        let entries = |object: &Value| {
            let mut entries = owners(object);
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            entries
        };
        prop_assert_eq!(entries(&one), entries(&other));
    }

    /// P27
    #[test]
    fn who_drops_a_field_removes_it_unless_others_own_it(mine in data(), theirs in data(), kept in prop::collection::btree_set("[a-e]", 0..5)) {
        let live = applied(None, &config_map(&json!(mine)), "m", Conflicts::Refused).unwrap();
        let live = applied(Some(&live), &config_map(&json!(theirs)), "t", Conflicts::Forced).unwrap();
        let next: BTreeMap<_, _> = mine.iter().filter(|(name, _)| kept.contains(*name)).collect();
        let object = applied(Some(&live), &config_map(&json!(next)), "m", Conflicts::Forced).unwrap();
        for name in mine.keys() {
            let there = object["data"].get(name).is_some();
            prop_assert_eq!(there, next.contains_key(name) || theirs.contains_key(name), "{}", name);
        }
    }

    /// P23
    #[test]
    fn entries_survive_being_written_and_read(mine in data(), theirs in data()) {
        let live = applied(None, &config_map(&json!(mine)), "m", Conflicts::Refused).unwrap();
        let live = updated(&live, &json!(theirs), write("u"));
        let list = &live["metadata"]["managedFields"];
        if !list.is_null() {
            prop_assert_eq!(&entries::encode(&entries::decode(list).unwrap()), list);
        }
    }
}
