//! Tests of Services: defaults, allocation on create and update, and what a change of type wipes.

use super::*;
use crate::{
    allocation::{Holdings, Network, Ranges, Taken},
    schema::walker,
};

/// Runs a new or changed Service through its hooks, as the pipeline does.
fn pass(spec: Value, old: Option<&Value>) -> Result<Value, String> {
    pass_among(&["10.43.0.0/16"], spec, old)
}

/// The same in a cluster with these ranges.
fn pass_among(networks: &[&str], spec: Value, old: Option<&Value>) -> Result<Value, String> {
    let body = json!({"metadata": {"name": "s", "namespace": "n"}, "spec": spec});
    let mut object = walker::decode_value(&CORE_V1_SERVICE, body).unwrap().value;
    let mut zero = |_| 0;
    let ranges = Ranges { networks: networks.iter().map(|text| Network::parse(text).unwrap()).collect(), ports: 30000..=32767 };
    let mut taken = Taken::default();
    taken.note(&"default/kubernetes".into(), &Holdings::of(&json!({"spec": {"clusterIPs": ["10.43.0.1"]}})));
    let mut pool = Pool::new(&ranges, &taken, "n/s", &mut zero);
    Service.default(&mut object);
    Service.allocate(&mut object, old, Run::Real, &mut pool).map_err(|status| status.message)?;
    let errors = match old {
        None => {
            Service.prepare_create(&mut object);
            Service.validate(&object)
        }
        Some(old) => {
            Service.prepare_update(Part::Main, &mut object, old);
            Service.validate_update(Part::Main, &object, old)
        }
    };
    if errors.is_empty() { Ok(object) } else { Err(Status::invalid(&SERVICE, "s", &errors).message) }
}

#[test]
fn a_plain_service_gets_an_address() {
    // W20
    let service = pass(json!({"ports": [{"port": 80}]}), None).unwrap();
    assert_eq!(service["spec"]["clusterIP"], "10.43.1.1");
    assert_eq!(service["spec"]["clusterIPs"], json!(["10.43.1.1"]));
    assert_eq!(service["spec"]["ipFamilyPolicy"], "SingleStack");
    assert_eq!(service["spec"]["ports"][0]["targetPort"], 80);
}

#[test]
fn an_update_keeps_what_was_allocated() {
    // W14
    let old = pass(json!({"type": "NodePort", "ports": [{"port": 80, "name": "a"}]}), None).unwrap();
    let new = pass(json!({"type": "NodePort", "ports": [{"port": 81, "name": "a"}]}), Some(&old)).unwrap();
    assert_eq!(new["spec"]["clusterIPs"], old["spec"]["clusterIPs"]);
    assert_eq!(new["spec"]["ports"][0]["nodePort"], 30086);
    let refused = pass(json!({"clusterIP": "10.43.9.9", "ports": [{"port": 80}]}), Some(&old)).unwrap_err();
    assert!(refused.contains("spec.clusterIPs[0]: Invalid value: [\"10.43.9.9\"]: may not change once set"), "{refused}");
}

#[test]
fn a_change_of_type_wipes_what_the_old_type_filled_in() {
    // W25
    let old = pass(json!({"type": "NodePort", "selector": {"a": "b"}, "ports": [{"port": 80}]}), None).unwrap();
    let plain = pass(json!({"type": "ClusterIP", "ports": old["spec"]["ports"]}), Some(&old)).unwrap();
    assert!(!plain["spec"]["ports"][0].has("nodePort"));
    let mut spec = old["spec"].clone();
    spec["type"] = "ExternalName".into();
    spec["externalName"] = "x.example".into();
    let external = pass(spec, Some(&old)).unwrap();
    for gone in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy", "externalTrafficPolicy"] {
        assert!(!external["spec"].has(gone), "{gone}");
    }
    assert_eq!(external["spec"]["selector"], json!({"a": "b"}));
    let back = pass(json!({"ports": [{"port": 80}]}), Some(&external)).unwrap();
    assert_eq!(back["spec"]["clusterIP"], "10.43.1.1");
}

#[test]
fn headless_services_without_selector_take_both_families() {
    // W20
    let service = pass(json!({"clusterIP": "None", "ports": [{"port": 80}]}), None).unwrap();
    assert_eq!(service["spec"]["ipFamilies"], json!(["IPv4", "IPv6"]));
    let kept = pass(json!({"ports": [{"port": 81}]}), Some(&service)).unwrap();
    assert_eq!(kept["spec"]["clusterIPs"], json!(["None"]));
    assert_eq!(kept["spec"]["ipFamilyPolicy"], "RequireDualStack");
}

#[test]
fn faults_of_addresses_are_answered_alone() {
    // E6
    let refused = pass(json!({"type": "Other", "clusterIP": "abc", "ports": [{"port": 0}]}), None).unwrap_err();
    assert_eq!(
        refused,
        "Service \"s\" is invalid: spec.clusterIPs[0]: Invalid value: \"abc\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
    );
}

const DUAL: &[&str] = &["10.43.0.0/16", "fd00:43::/112"];

#[test]
fn a_policy_asks_for_both_families() {
    // W20
    let single = pass_among(DUAL, json!({"ports": [{"port": 80}]}), None).unwrap();
    assert_eq!(single["spec"]["ipFamilies"], json!(["IPv4"]));
    let dual = pass_among(DUAL, json!({"ipFamilyPolicy": "PreferDualStack", "ports": [{"port": 80}]}), None).unwrap();
    assert_eq!(dual["spec"]["clusterIPs"], json!(["10.43.1.1", "fd00:43::101"]));
    assert_eq!(dual["spec"]["ipFamilies"], json!(["IPv4", "IPv6"]));
    let six = json!({"ipFamilies": ["IPv6", "IPv4"], "ipFamilyPolicy": "RequireDualStack", "ports": [{"port": 80}]});
    assert_eq!(pass_among(DUAL, six, None).unwrap()["spec"]["clusterIP"], "fd00:43::101");
    let named = json!({"clusterIPs": ["fd00:43::7"], "clusterIP": "fd00:43::7", "ports": [{"port": 80}]});
    assert_eq!(pass_among(DUAL, named, None).unwrap()["spec"]["ipFamilies"], json!(["IPv6"]));
    let prefers = json!({"ipFamilyPolicy": "PreferDualStack", "ports": [{"port": 80}]});
    assert_eq!(pass(prefers, None).unwrap()["spec"]["ipFamilies"], json!(["IPv4"]));
    let requires = json!({"ipFamilyPolicy": "RequireDualStack", "ports": [{"port": 80}]});
    assert!(pass(requires, None).unwrap_err().contains("this cluster is not configured for dual-stack services"));
}

#[test]
fn a_second_family_comes_and_goes_with_the_policy() {
    // W14
    let single = pass_among(DUAL, json!({"ports": [{"port": 80}]}), None).unwrap();
    let up = json!({"ipFamilyPolicy": "RequireDualStack", "ports": [{"port": 80}]});
    let dual = pass_among(DUAL, up, Some(&single)).unwrap();
    assert_eq!(dual["spec"]["clusterIPs"], json!([single["spec"]["clusterIP"], "fd00:43::101"]));
    let mut less = dual["spec"].clone();
    less["clusterIPs"] = json!([less["clusterIP"]]);
    let refused = pass_among(DUAL, less, Some(&dual)).unwrap_err();
    assert!(refused.contains("must be 'SingleStack' to release the secondary cluster IP"), "{refused}");
    let mut down = dual["spec"].clone();
    down["ipFamilyPolicy"] = "SingleStack".into();
    let back = pass_among(DUAL, down, Some(&dual)).unwrap();
    assert_eq!((&back["spec"]["clusterIPs"], &back["spec"]["ipFamilies"]), (&single["spec"]["clusterIPs"], &json!(["IPv4"])));
}
