//! Tests of what volumes may be and what of them may change.

use super::{PERSISTENT_VOLUME, validation};
use crate::{Value, field::Path, json, registry::Part, schema::walker, time::Timestamp, value::Access};

fn volume(spec: Value) -> Value {
    let mut full = json!({"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]});
    for (name, value) in spec.as_object().into_iter().flatten() {
        full[name] = value.clone();
    }
    let mut object = walker::decode_value(PERSISTENT_VOLUME.schema, json!({"metadata": {"name": "v"}, "spec": full})).unwrap().value;
    PERSISTENT_VOLUME.hooks.default(&mut object);
    object
}

fn faults(spec: Value) -> Vec<String> {
    validation::create(&volume(spec)).iter().map(ToString::to_string).collect()
}

fn changes(old: Value, new: Value) -> Vec<String> {
    let errors = validation::update(&volume(new), &volume(old));
    errors.iter().map(|error| error.to_string().lines().next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn one_source_and_well_formed() {
    let secret = json!({"name": "s"});
    let cases = [
        (json!({"hostPath": {"path": "/a"}}), vec![]),
        (
            json!({"nfs": {"server": "s", "path": "/a"}, "cephfs": {}}),
            vec!["spec.cephFS: Forbidden: may not specify more than 1 volume type"],
        ),
        (
            json!({"azureFile": {"secretName": "a", "shareName": "b", "secretNamespace": ""}}),
            vec!["spec.azureFile.secretNamespace: Required value"],
        ),
        (json!({"cinder": {"volumeID": "a", "secretRef": secret}}), vec!["spec.cinder.secretRef.namespace: Required value"]),
        (
            json!({"csi": {"driver": "d", "volumeHandle": "h", "nodeStageSecretRef": secret, "nodeExpandSecretRef": secret}}),
            vec!["spec.csi.nodeExpandSecretRef.namespace: Required value"],
        ),
        (
            json!({"glusterfs": {"endpoints": "e", "path": "p", "endpointsNamespace": ""}}),
            vec![
                "spec.glusterfs.endpointsNamespace: Invalid value: \"\": if the endpointnamespace is set, it must be a valid namespace name",
            ],
        ),
        (
            json!({"hostPath": {"path": "//."}, "persistentVolumeReclaimPolicy": "Recycle"}),
            vec!["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
        ),
    ];
    for (spec, expected) in cases {
        assert_eq!(faults(spec.clone()), expected, "{spec}");
    }
}

#[test]
fn the_source_stays() {
    // W14
    let csi = |secret: Value| json!({"csi": {"driver": "d", "volumeHandle": "h", "controllerExpandSecretRef": secret}});
    let secret = json!({"name": "s", "namespace": "n"});
    assert!(changes(csi(Value::Null), csi(secret.clone())).is_empty());
    let fixed = "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation";
    assert_eq!(changes(csi(secret.clone()), csi(json!({"name": "t", "namespace": "n"}))), [fixed]);
    assert_eq!(changes(json!({"hostPath": {"path": "/a"}}), json!({"hostPath": {"path": "/b"}})), [fixed]);
}

#[test]
fn affinity_is_set_once_and_its_labels_may_get_their_final_names() {
    // STO-9
    let with = |key: &str| {
        let expression = json!({"key": key, "operator": "In", "values": ["a"]});
        json!({"hostPath": {"path": "/a"}, "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}})
    };
    assert!(changes(json!({"hostPath": {"path": "/a"}}), with("zone")).is_empty());
    assert!(changes(with("failure-domain.beta.kubernetes.io/zone"), with("topology.kubernetes.io/zone")).is_empty());
    assert_eq!(changes(with("topology.kubernetes.io/zone"), with("zone")).len(), 1);
}

#[test]
fn a_new_phase_has_its_time() {
    // STO-2
    let stamp = |object: &mut Value, old: Option<&Value>, now| PERSISTENT_VOLUME.hooks.stamp(object, old, Timestamp::parse(now).unwrap());
    let mut made = volume(json!({"hostPath": {"path": "/a"}}));
    stamp(&mut made, None, "2026-01-01T00:00:00Z");
    let mut same = made.clone();
    stamp(&mut same, Some(&made), "2026-01-01T00:01:00Z");
    assert_eq!(same, made);
    let mut bound = made.clone();
    bound["status"]["phase"] = "Bound".into();
    stamp(&mut bound, Some(&made), "2026-01-01T00:01:00Z");
    assert_eq!(bound["status"].str("lastPhaseTransitionTime"), "2026-01-01T00:01:00Z");
}

#[test]
fn status_and_spec_are_written_apart() {
    let old = volume(json!({"hostPath": {"path": "/a"}}));
    let mut new = old.clone();
    new["spec"]["storageClassName"] = "x".into();
    new["status"]["phase"] = "Bound".into();
    let (mut main, mut status) = (new.clone(), new);
    PERSISTENT_VOLUME.hooks.prepare_update(Part::Main, &mut main, &old);
    PERSISTENT_VOLUME.hooks.prepare_update(Part::Status, &mut status, &old);
    assert_eq!((&main["status"], &status["spec"]), (&old["status"], &old["spec"]));
}

#[test]
fn an_attachment_brings_a_drivers_volume_alone() {
    let spec = json!({"hostPath": {"path": "/a"}, "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1"}, "storageClassName": "x"});
    let errors: Vec<String> = validation::inline(&spec, &Path::new("v")).iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "v.capacity: Forbidden: may not be specified in the context of inline volumes",
            "v.csi: Required value: has to be specified in the context of inline volumes",
            "v.storageClassName: Forbidden: may not be specified in the context of inline volumes",
        ]
    );
}
