//! Tests of the kinds about networks: what they refuse, and in which words.

use super::{decoded, texts};
use crate::{
    Value, json,
    kinds::{ip_address::IP_ADDRESS, network_policy::NETWORK_POLICY, service_cidr::SERVICE_CIDR},
    registry::{Kind, Part},
    time::Timestamp,
};

fn faults(kind: &'static Kind, body: Value) -> Vec<String> {
    kind.hooks.validate(&decoded(kind, body)).iter().map(ToString::to_string).collect()
}

#[test]
fn exceptions_lie_within_their_block() {
    // W14
    let policy = |except: &str| json!({"spec": {"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": [except]}}]}]}});
    assert!(faults(&NETWORK_POLICY, policy("10.1.0.0/16")).is_empty());
    for outside in ["10.0.0.0/8", "11.0.0.0/16", "fd00::/16"] {
        let why = format!("spec.egress[0].to[0].ipBlock.except[0]: Invalid value: \"{outside}\": must be a strict subset of `cidr`");
        assert_eq!(faults(&NETWORK_POLICY, policy(outside)), [why]);
    }
}

#[test]
fn a_policy_keeps_networks_that_it_had() {
    // W14
    let policy = |cidr: &str, port: i64| {
        let rule = json!({"from": [{"ipBlock": {"cidr": cidr}}], "ports": [{"port": port}]});
        decoded(&NETWORK_POLICY, json!({"spec": {"ingress": [rule]}}))
    };
    let old = policy("10.0.0.1/8", 80);
    assert!(texts(&NETWORK_POLICY, Part::Main, &policy("10.0.0.1/8", 81), &old).is_empty());
    assert_eq!(texts(&NETWORK_POLICY, Part::Main, &policy("10.0.0.2/8", 80), &old).len(), 1);
}

#[test]
fn service_ranges_grow_by_a_family_only() {
    // W14
    let range = |cidrs: Value| decoded(&SERVICE_CIDR, json!({"spec": {"cidrs": cidrs}}));
    let old = range(json!(["10.43.0.0/16"]));
    assert!(texts(&SERVICE_CIDR, Part::Main, &range(json!(["10.43.0.0/16", "fd00::/112"])), &old).is_empty());
    let moved = texts(&SERVICE_CIDR, Part::Main, &range(json!(["10.44.0.0/16"])), &old);
    assert_eq!(moved, ["spec.cidrs[0]: Invalid value: \"10.44.0.0/16\": field is immutable"]);
    assert_eq!(faults(&SERVICE_CIDR, json!({"spec": {}})), ["spec.cidrs: Required value: at least one CIDR required"]);
    assert!(faults(&SERVICE_CIDR, json!({"spec": {"cidrs": ["10.0.0.0/8", "11.0.0.0/8"]}}))[0].contains("no more than one IP"));
    assert!(faults(&SERVICE_CIDR, json!({"spec": {"cidrs": ["FD00::/112"]}}))[0].ends_with("must be in canonical form (\"fd00::/112\")"));
}

#[test]
fn an_address_belongs_to_one_parent() {
    // W14
    let parent = json!({"resource": "services", "namespace": "default", "name": "kubernetes"});
    let address = decoded(&IP_ADDRESS, json!({"metadata": {"name": "10.43.0.1"}, "spec": {"parentRef": parent}}));
    assert!(IP_ADDRESS.hooks.validate(&address).is_empty());
    assert_eq!(IP_ADDRESS.hooks.cells(&address, Timestamp(0))[1], "services/default/kubernetes");
    assert_eq!(faults(&IP_ADDRESS, json!({"spec": {}})), ["spec.parentRef: Required value"]);
    let mut other = address.clone();
    other["spec"]["parentRef"]["name"] = "other".into();
    assert!(texts(&IP_ADDRESS, Part::Main, &other, &address)[0].ends_with("field is immutable"));
    assert_eq!(IP_ADDRESS.hooks.name_rule().check("010.0.0.1"), ["must not have leading 0s"]);
}
