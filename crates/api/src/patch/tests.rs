//! Tests of the patch algorithms.

use super::*;
use crate::schema::generated::{APPS_V1_CONTROLLER_REVISION, APPS_V1_STATEFUL_SET, CORE_V1_CONFIG_MAP, CORE_V1_NODE};
use crate::schema::walker;
use proptest::prelude::*;

fn config_map() -> Value {
    make!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}, "data": {"x": "1", "y": "2"}})
}

fn set_with(pod: Value) -> Value {
    make!({"kind": "StatefulSet", "apiVersion": "apps/v1", "metadata": {"name": "web"}, "spec": {"template": {"spec": pod}}})
}

fn patch_with(format: Format, ty: &'static Type, current: &Value, body: &Value, validation: Validation) -> Result<Patched, Status> {
    let mut current = current.clone();
    walker::canonical(ty, &mut current);
    apply(format, ty, &current, Body::parse(body.to_string().as_bytes())?, validation, &|document| walker::decode_value(ty, document))
}

fn patched(format: Format, ty: &'static Type, current: &Value, body: Value) -> Result<Value, Status> {
    patch_with(format, ty, current, &body, Validation::Warn).map(|patched| patched.object)
}

fn json_data(operations: Value) -> Result<Value, u16> {
    patched(Format::Json, &CORE_V1_CONFIG_MAP, &config_map(), operations).map(|v| v["data"].clone()).map_err(|s| s.code)
}

fn strategic_pod(pod: Value, patch: Value) -> Result<Value, Status> {
    let body = make!({"spec": {"template": {"spec": patch}}});
    patched(Format::Strategic, &APPS_V1_STATEFUL_SET, &set_with(pod), body).map(|v| v["spec"]["template"]["spec"].clone())
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(|item| item["name"].as_str()).collect()
}

/// P3
#[test]
fn json_patch_does_the_six_operations_in_order() {
    let data = json_data(make!([
        {"op": "add", "path": "/data/z", "value": "3"},
        {"op": "test", "path": "/data/z", "value": "3"},
        {"op": "replace", "path": "/data/x", "value": "10"},
        {"op": "remove", "path": "/data/y"},
        {"op": "copy", "path": "/data/c", "from": "/data/z"},
        {"op": "move", "path": "/data/m", "from": "/data/x"},
    ]));
    assert_eq!(data, Ok(make!({"z": "3", "c": "3", "m": "10"})));
}

/// P3: upstream's liberties.
#[test]
fn json_patch_takes_upstreams_liberties() {
    assert_eq!(json_data(make!([{"op": "replace", "path": "/data/none", "value": "1"}])).unwrap()["none"], "1");
    assert_eq!(json_data(make!([{"op": "copy", "path": "/data/q", "from": "/data/none"}])).unwrap()["q"], "");
    assert_eq!(json_data(make!([{"op": "test", "path": "/metadata/labels", "value": null}])).unwrap()["x"], "1");
    assert_eq!(json_data(make!([{"op": "replace", "path": "data/x", "value": "9"}])).unwrap()["x"], "1");
    let mut list = make!({"l": [1, 2, 3]});
    list = json::apply(list, make!([{"op": "remove", "path": "/l/-1"}, {"op": "add", "path": "/l/-1", "value": 9}])).unwrap();
    assert_eq!(list, make!({"l": [1, 2, 9]}));
}

/// P3
#[test]
fn json_patch_that_cannot_be_done_is_422_and_a_malformed_one_400() {
    for refused in [
        make!([{"op": "remove", "path": "/data/none"}]),
        make!([{"op": "add", "path": "/metadata/labels/a", "value": "b"}]),
        make!([{"op": "test", "path": "/data/x", "value": "2"}]),
        make!([{"op": "upsert", "path": "/data/x", "value": "2"}]),
        make!([{"op": "add", "value": "2"}]),
        make!([{"op": "add", "path": "", "value": {}}]),
        make!([{}]),
    ] {
        assert_eq!(json_data(refused.clone()), Err(422), "{refused}");
    }
    for malformed in [make!({}), make!(5), make!([5]), make!([{"op": 5, "path": "/data/x"}])] {
        assert_eq!(json_data(malformed.clone()), Err(400), "{malformed}");
    }
    let many: Vec<Value> = (0..10_001).map(|_| make!({})).collect();
    assert_eq!(json_data(many.into()), Err(413));
    assert_eq!(json_data(Value::Null), Ok(config_map()["data"].clone()));
}

/// P4
#[test]
fn merge_patch_merges_maps_and_replaces_the_rest() {
    let patch = |body| patched(Format::Merge, &CORE_V1_CONFIG_MAP, &config_map(), body);
    assert_eq!(patch(make!({"data": {"x": null, "z": "3"}})).unwrap()["data"], make!({"y": "2", "z": "3"}));
    assert_eq!(patch(make!({"data": null})).unwrap().get("data"), None);
    assert_eq!(patch(make!({"metadata": {"labels": {"a": null, "b": "1"}}})).unwrap()["metadata"]["labels"], make!({"b": "1"}));
    assert_eq!(patch(make!([])).unwrap_err().code, 400);
    assert_eq!(patch(Value::Null).unwrap_err().message, "Invalid JSON Patch");
}

/// W16
#[test]
fn unknown_and_duplicate_fields_are_judged_as_field_validation_says() {
    let apply_text = |validation| {
        apply(
            Format::Merge,
            &CORE_V1_CONFIG_MAP,
            &config_map(),
            Body::parse(br#"{"foo":1,"data":{"x":"2","x":"3"}}"#).unwrap(),
            validation,
            &|v| walker::decode_value(&CORE_V1_CONFIG_MAP, v),
        )
    };
    let warned = apply_text(Validation::Warn).unwrap();
    assert_eq!(warned.warnings, ["duplicate field \"data.x\"", "unknown field \"foo\""]);
    assert_eq!(warned.object["data"]["x"], "3");
    assert_eq!(apply_text(Validation::Ignore).unwrap().warnings, Vec::<String>::new());
    let refused = apply_text(Validation::Strict).unwrap_err();
    assert_eq!(refused.code, 422);
    assert!(refused.message.ends_with("strict decoding error: duplicate field \"data.x\", unknown field \"foo\""), "{refused}");
}

/// P10
#[test]
fn strategic_merge_merges_lists_by_their_key_and_puts_new_elements_by_the_patchs_order() {
    let pod = make!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]});
    let merged = strategic_pod(pod, make!({"containers": [{"name": "c", "image": "3"}, {"name": "b", "image": "9"}]})).unwrap();
    assert_eq!(names(&merged["containers"]), ["c", "a", "b"]);
    assert_eq!(merged["containers"][2]["image"], "9");
}

/// P11
#[test]
fn strategic_directives_replace_and_delete() {
    let pod = make!({"containers": [{"name": "a"}, {"name": "b"}], "nodeSelector": {"x": "1"}});
    let merged = strategic_pod(pod.clone(), make!({"containers": [{"name": "a", "$patch": "delete"}]})).unwrap();
    assert_eq!(names(&merged["containers"]), ["b"]);
    let merged = strategic_pod(pod.clone(), make!({"containers": [{"name": "z"}, {"$patch": "replace"}]})).unwrap();
    assert_eq!(names(&merged["containers"]), ["z"]);
    let merged = strategic_pod(pod.clone(), make!({"nodeSelector": {"$patch": "replace", "y": "2"}})).unwrap();
    assert_eq!(merged["nodeSelector"], make!({"y": "2"}));
    let merged = strategic_pod(pod.clone(), make!({"nodeSelector": {"$patch": "delete"}})).unwrap();
    assert_eq!(merged.get("nodeSelector"), None);
    let refused = strategic_pod(pod.clone(), make!({"nodeSelector": {"$patch": "upsert"}})).unwrap_err();
    assert_eq!((refused.code, refused.message.as_str()), (500, "unknown patch type: upsert in map: map[$patch:upsert]"));
    let refused = strategic_pod(pod, make!({"containers": [{"image": "x"}]})).unwrap_err();
    assert_eq!((refused.code, refused.message.as_str()), (500, "map: map[image:x] does not contain declared merge key: name"));
}

/// P12
#[test]
fn strategic_order_directives_order_and_check() {
    let pod = make!({"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]});
    let merged = strategic_pod(pod.clone(), make!({"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}]})).unwrap();
    assert_eq!(names(&merged["containers"]), ["b", "c", "a"]);
    let wrong = make!({"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "z"}]});
    assert_eq!(strategic_pod(pod.clone(), wrong).unwrap_err().code, 500);
    let unknown = strategic_pod(pod, make!({"$setElementOrder/foo": []})).unwrap_err();
    assert_eq!(unknown.message, "unable to find api field in struct PodSpec for the json field \"foo\"");
}

/// P12, P13
#[test]
fn retain_keys_drop_the_other_source_of_a_volume() {
    let pod = make!({"volumes": [{"name": "v", "configMap": {"name": "c"}}]});
    let patch = make!({"volumes": [{"name": "v", "$retainKeys": ["name", "secret"], "secret": {"secretName": "s"}}]});
    let merged = strategic_pod(pod.clone(), patch).unwrap();
    assert_eq!(merged["volumes"], make!([{"name": "v", "secret": {"secretName": "s"}}]));
    let patch = make!({"volumes": [{"name": "v", "$retainKeys": ["name"], "secret": {}}]});
    assert_eq!(strategic_pod(pod, patch).unwrap_err().message, "invalid patch format of retainKeys");
}

/// P12
#[test]
fn lists_of_scalars_are_sets_with_a_deletion_list() {
    let object = make!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "finalizers": ["x/a", "x/b"]}});
    let patch = |body| patched(Format::Strategic, &CORE_V1_CONFIG_MAP, &object, body).unwrap()["metadata"]["finalizers"].clone();
    assert_eq!(patch(make!({"metadata": {"finalizers": ["x/b", "x/c"]}})), make!(["x/a", "x/b", "x/c"]));
    assert_eq!(patch(make!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["x/a"]}})), make!(["x/b"]));
}

/// P13: the data of a ControllerRevision is such a patch.
#[test]
fn a_revision_replaces_the_template() {
    let pod = make!({"containers": [{"name": "a", "image": "2"}, {"name": "side", "image": "2"}]});
    let template =
        make!({"$patch": "replace", "metadata": {"labels": {"app": "w"}}, "spec": {"containers": [{"name": "a", "image": "1"}]}});
    let body = make!({"spec": {"template": template}});
    let rolled_back = patched(Format::Strategic, &APPS_V1_STATEFUL_SET, &set_with(pod), body).unwrap();
    let containers = &rolled_back["spec"]["template"]["spec"]["containers"];
    assert_eq!((names(containers), &containers[0]["image"]), (vec!["a"], &make!("1")));
}

/// P14: conditions of a node merge by type.
#[test]
fn conditions_merge_by_type() {
    let node = make!({"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n"}, "status": {"conditions": [
        {"type": "Ready", "status": "False"}, {"type": "Disk", "status": "False"}]}});
    let body = make!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    let patched = patched(Format::Strategic, &CORE_V1_NODE, &node, body).unwrap();
    let conditions = patched["status"]["conditions"].as_array().unwrap();
    assert_eq!(conditions.iter().map(|c| c["status"].as_str().unwrap()).collect::<Vec<_>>(), ["True", "False"]);
}

/// P10: nothing to patch, and JSON that has no fields to look up.
#[test]
fn strategic_null_is_no_patch_and_raw_json_has_no_fields() {
    let object = config_map();
    assert_eq!(patched(Format::Strategic, &CORE_V1_CONFIG_MAP, &object, Value::Null).unwrap()["data"], object["data"]);
    let revision = make!({"kind": "ControllerRevision", "apiVersion": "apps/v1", "metadata": {"name": "r"}, "data": {"spec": {"a": 1}}});
    let patch = |data| patched(Format::Strategic, &APPS_V1_CONTROLLER_REVISION, &revision, make!({"data": data}));
    assert_eq!(patch(make!({"new": {"b": 2}})).unwrap()["data"]["new"], make!({"b": 2}));
    let refused = patch(make!({"spec": {"b": 2}})).unwrap_err();
    assert_eq!(refused.message, "unable to find api field in struct RawExtension for the json field \"spec\"");
}

#[test]
fn wrong_types_are_told_in_the_converters_words() {
    let pod = make!({"containers": [{"name": "a", "image": "1"}]});
    for (patch, why) in [
        (make!({"containers": "x"}), "cannot restore slice from string"),
        (make!({"nodeSelector": ["a"]}), "cannot restore map from slice"),
        (make!({"containers": [{"name": 5}]}), "cannot convert int64 to string"),
        (make!({"terminationGracePeriodSeconds": "x"}), "unrecognized type: int64"),
        (make!({"securityContext": 5}), "cannot restore struct from: int64"),
    ] {
        let refused = strategic_pod(pod.clone(), patch).unwrap_err();
        assert_eq!(refused.code, 422);
        assert!(refused.message.ends_with(why), "{refused}");
    }
}

/// Any JSON of small depth.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-d]", any_json(), 0..4).prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// RFC 7386, section 2, word for word.
fn by_the_book(target: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else { return patch };
    let mut members = match target {
        Value::Object(members) => members,
        _ => crate::Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            members.shift_remove(&name);
        } else {
            let old = members.shift_remove(&name).unwrap_or_default();
            members.insert(name, by_the_book(old, value));
        }
    }
    Value::Object(members)
}

/// A patch whose lists hold no maps: there upstream prunes nulls that the RFC keeps.
fn flat_lists(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(|item| !item.is_object() && !item.is_array()),
        Value::Object(members) => members.values().all(flat_lists),
        _ => true,
    }
}

proptest! {
    /// P4
    #[test]
    fn merge_patch_is_rfc_7386(target in any_object(), patch in any_object().prop_filter("lists of scalars", flat_lists)) {
        prop_assert_eq!(sorted(&merge::apply(target.clone(), patch.clone()).unwrap()), sorted(&by_the_book(target, patch)));
    }

    /// P4: the second time it changes nothing.
    #[test]
    fn merge_patch_is_idempotent(target in any_object(), patch in any_object().prop_filter("lists of scalars", flat_lists)) {
        let once = merge::apply(target, patch.clone()).unwrap();
        prop_assert_eq!(merge::apply(once.clone(), patch).unwrap(), once);
    }

    /// P3: what is added can be tested, and removed again.
    #[test]
    fn json_patch_removes_what_it_added(target in any_object(), value in any_json()) {
        let add = make!([{"op": "add", "path": "/new", "value": value}, {"op": "test", "path": "/new", "value": value}]);
        let added = json::apply(target.clone(), add).unwrap();
        prop_assert_eq!(json::apply(added, make!([{"op": "remove", "path": "/new"}])).unwrap(), target);
    }

    /// P3: a failing test refuses every patch it stands in.
    #[test]
    fn json_patch_test_is_equality(left in any_json(), right in any_json()) {
        let done = json::apply(make!({"v": left}), make!([{"op": "test", "path": "/v", "value": right}]));
        prop_assert_eq!(done.is_ok(), left == right);
    }

    /// P10
    #[test]
    fn an_empty_strategic_patch_is_identity(names in prop::collection::btree_set("[a-e]", 0..5)) {
        let containers: Vec<Value> = names.iter().map(|name| make!({"name": name, "image": name})).collect();
        let mut object = set_with(make!({"containers": containers}));
        walker::canonical(&APPS_V1_STATEFUL_SET, &mut object);
        prop_assert_eq!(&patched(Format::Strategic, &APPS_V1_STATEFUL_SET, &object, make!({})).unwrap(), &object);
        // Every element alone is the identity too.
        for container in containers {
            let body = make!({"spec": {"template": {"spec": {"containers": [container]}}}});
            prop_assert_eq!(&patched(Format::Strategic, &APPS_V1_STATEFUL_SET, &object, body).unwrap(), &object);
        }
    }

    /// P12: the directive's order holds, and nothing is lost.
    #[test]
    fn set_element_order_orders_without_losing(
        live in Just(vec!["a", "b", "c", "d", "e"]).prop_shuffle(),
        wanted in prop::sample::subsequence(vec!["a", "b", "c", "d", "e"], 0..=5).prop_shuffle(),
    ) {
        let items = |names: &[&str]| names.iter().map(|name| make!({"name": name})).collect::<Value>();
        let merged = strategic_pod(make!({"containers": items(&live)}), make!({"$setElementOrder/containers": items(&wanted)})).unwrap();
        let merged = names(&merged["containers"]);
        let kept = |all: &[&str], listed: bool| all.iter().filter(|n| wanted.contains(n) == listed).map(|n| (*n).to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(kept(&merged, true), wanted.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        prop_assert_eq!(kept(&merged, false), kept(&live, false));
    }
}
