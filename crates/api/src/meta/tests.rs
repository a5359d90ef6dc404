//! Tests of metadata rules against answers recorded from a real server.

use super::*;
use crate::{json, kinds::config_map::CONFIG_MAP};

fn texts(errors: &Errors) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn owner_references_need_all_parts_and_one_controller() {
    // W5
    let object = json!({"metadata": {"name": "a", "namespace": "n", "ownerReferences": [
        {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u", "controller": true},
        {"apiVersion": "v1", "kind": "Pod", "name": "q", "controller": true}]}});
    let texts = texts(&validate_create(&CONFIG_MAP, &object));
    assert_eq!(texts[0], "metadata.ownerReferences[1].uid: Required value: must not be empty");
    assert!(texts[1].ends_with("Found \"true\" in references for Pod/p and Pod/q"), "{}", texts[1]);
}

#[test]
fn a_deletion_under_way_admits_no_new_finalizers() {
    // W33
    let old = json!({"metadata": {"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["e.com/a"]}});
    let mut new = json!({"metadata": {"name": "a", "finalizers": ["e.com/a", "e.com/b"]}});
    restore(&mut new, &old);
    assert_eq!(
        texts(&validate_update(&CONFIG_MAP, &new, &old)),
        ["metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, \
          found new finalizers []string{\"e.com/b\"}"]
    );
}

#[test]
fn updates_restore_or_refuse() {
    // W8
    let old = json!({"metadata": {"name": "a", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z", "generation": 2}});
    let mut new = json!({"metadata": {"name": "a", "generation": 9, "deletionTimestamp": "2001-01-01T00:00:00Z"}});
    restore(&mut new, &old);
    assert_eq!(new["metadata"]["uid"], "u");
    assert_eq!(new["metadata"]["generation"], 2);
    assert_eq!(
        texts(&validate_update(&CONFIG_MAP, &new, &old)),
        ["metadata.deletionTimestamp: Invalid value: \"2001-01-01T00:00:00Z\": field is immutable"]
    );
}

#[test]
fn duplicate_owners_are_dropped_with_a_warning() {
    // W5
    let owner = json!({"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"});
    let mut object = json!({"metadata": {"ownerReferences": [owner, owner, {"uid": "u"}]}});
    let warning = drop_duplicate_owners(&mut object, Duplicates::InRequest).unwrap();
    assert!(warning.ends_with("duplicate UID(s) observed: u"));
    assert_eq!(object["metadata"]["ownerReferences"].as_array().unwrap().len(), 2);
    assert!(drop_duplicate_owners(&mut object, Duplicates::InRequest).is_none());
}
