//! Tests of Services: defaults, allocation on create and update, and what a change of type wipes.

use super::*;
use crate::{allocation::Ranges, schema::walker};
use std::net::Ipv4Addr;

/// Runs a new or changed Service through its hooks, as the pipeline does.
fn pass(spec: Value, old: Option<&Value>) -> Result<Value, String> {
    let body = json!({"metadata": {"name": "s", "namespace": "n"}, "spec": spec});
    let mut object = walker::decode_value(&CORE_V1_SERVICE, body).unwrap().value;
    let mut zero = |_| 0;
    let ranges = Ranges { network: Ipv4Addr::new(10, 43, 0, 0), prefix: 16, ports: 30000..=32767 };
    let mut pool = Pool::new(ranges, &mut zero);
    pool.occupy(&json!({"spec": {"clusterIPs": ["10.43.0.1"]}}));
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
    assert_eq!(service["spec"]["clusterIP"], "10.43.0.2");
    assert_eq!(service["spec"]["clusterIPs"], json!(["10.43.0.2"]));
    assert_eq!(service["spec"]["ipFamilyPolicy"], "SingleStack");
    assert_eq!(service["spec"]["ports"][0]["targetPort"], 80);
}

#[test]
fn an_update_keeps_what_was_allocated() {
    // W14
    let old = pass(json!({"type": "NodePort", "ports": [{"port": 80, "name": "a"}]}), None).unwrap();
    let new = pass(json!({"type": "NodePort", "ports": [{"port": 81, "name": "a"}]}), Some(&old)).unwrap();
    assert_eq!(new["spec"]["clusterIPs"], old["spec"]["clusterIPs"]);
    assert_eq!(new["spec"]["ports"][0]["nodePort"], 30000);
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
    assert_eq!(back["spec"]["clusterIP"], "10.43.0.2");
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
