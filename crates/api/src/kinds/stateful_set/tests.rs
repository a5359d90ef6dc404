//! StatefulSets as written and judged: defaults, immutable fields, and the volumes that claims bring.

use super::STATEFUL_SET;
use crate::{
    Value, json,
    registry::{Generation, Part},
    schema::walker,
};

fn created(extra: Value) -> Value {
    let mut object = json!({"metadata": {"name": "web"}, "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}},
    }});
    for (name, value) in extra.as_object().into_iter().flatten() {
        object["spec"][name] = value.clone();
    }
    walker::canonical(STATEFUL_SET.schema, &mut object);
    STATEFUL_SET.hooks.default(&mut object);
    STATEFUL_SET.hooks.prepare_create(&mut object);
    walker::canonical(STATEFUL_SET.schema, &mut object);
    object
}

fn refusals(object: &Value) -> Vec<String> {
    STATEFUL_SET.hooks.validate(object).iter().map(ToString::to_string).collect()
}

fn claim(name: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}})
}

// W20
#[test]
fn defaults_of_strategies() {
    let strategy = |given: Value| created(json!({"updateStrategy": given}))["spec"]["updateStrategy"].clone();
    let full = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 1}});
    assert_eq!(strategy(json!({})), full);
    assert_eq!(strategy(json!({"type": "RollingUpdate", "rollingUpdate": {}})), full);
    assert_eq!(strategy(json!({"type": "RollingUpdate"})), json!({"type": "RollingUpdate"}));
    assert_eq!(strategy(json!({"type": "OnDelete"})), json!({"type": "OnDelete"}));
    assert_eq!(created(json!({}))["status"], json!({"replicas": 0, "availableReplicas": 0}));
}

// W20
#[test]
fn claim_templates_are_claims() {
    let object = created(json!({"volumeClaimTemplates": [{"kind": "Foo", "apiVersion": "v2", "metadata": {"name": "data"}}]}));
    let claim = &object["spec"]["volumeClaimTemplates"][0];
    assert_eq!((&claim["kind"], &claim["apiVersion"]), (&json!("PersistentVolumeClaim"), &json!("v1")));
    assert_eq!((&claim["spec"]["volumeMode"], &claim["status"]["phase"]), (&json!("Filesystem"), &json!("Pending")));
}

// VAL-13
#[test]
fn immutable_fields_answer_one_by_one() {
    let old = created(json!({"serviceName": "a", "volumeClaimTemplates": [claim("data")]}));
    let new = created(json!({"serviceName": "b", "podManagementPolicy": "Parallel"}));
    let found = STATEFUL_SET.hooks.validate_update(Part::Main, &new, &old);
    let fields: Vec<&str> = found.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(fields, ["spec.volumeClaimTemplates", "spec.serviceName", "spec.podManagementPolicy"]);
    assert!(found.iter().all(|e| e.detail == "field is immutable"));
}

// VAL-13: claims are compared as amounts, not as texts.
#[test]
fn the_same_claim_in_other_words_is_no_change() {
    let old = created(json!({"volumeClaimTemplates": [claim("data")]}));
    let mut same = claim("data");
    same["spec"]["resources"]["requests"]["storage"] = "1024Mi".into();
    let mut new = created(json!({"volumeClaimTemplates": [same]}));
    assert!(STATEFUL_SET.hooks.validate_update(Part::Main, &new, &old).is_empty());
    assert_eq!(STATEFUL_SET.hooks.prepare_update(Part::Main, &mut new, &old), Generation::Keep);
    new["spec"]["replicas"] = 3.into();
    assert_eq!(STATEFUL_SET.hooks.prepare_update(Part::Main, &mut new, &old), Generation::Raise);
}

#[test]
fn mounts_find_the_volumes_of_claims() {
    let mounting = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
        {"name": "c", "image": "i:1", "volumeMounts": [{"name": "data", "mountPath": "/d"}]}]}});
    assert!(refusals(&created(json!({"template": mounting, "volumeClaimTemplates": [claim("data")]}))).is_empty());
    let want = "spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"data\"";
    assert_eq!(refusals(&created(json!({"template": mounting}))), [want]);
}

#[test]
fn the_selector_must_match() {
    let object = created(json!({"selector": null}));
    assert_eq!(
        refusals(&object),
        [
            "spec.selector: Required value",
            "spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match template `labels`",
        ]
    );
}

// What an earlier version accepted may stay as long as the template is not judged again.
#[test]
fn an_invalid_stored_template_does_not_block_scaling() {
    let mut old = created(json!({}));
    old["spec"]["template"]["spec"]["containers"][0]["image"] = "".into();
    let mut new = old.clone();
    new["spec"]["replicas"] = 2.into();
    assert!(STATEFUL_SET.hooks.validate_update(Part::Main, &new, &old).is_empty());
}
