use super::*;
use crate::plan::{Call, Effect};
use stead_api::{Value, json};

const NS: &str = "d";

fn meta(name: &str) -> Value {
    json!({"name": name, "namespace": NS, "uid": format!("u-{name}"), "resourceVersion": "1"})
}

fn world(spec: Value, addresses: &[String]) -> Cache {
    let mut cache = Cache::default();
    cache.put(Object::parse(SERVICES, json!({"metadata": meta("svc"), "spec": spec})).unwrap());
    let addresses: Vec<Value> = addresses.iter().map(|ip| json!({ "ip": ip })).collect();
    let subsets = json!([{"addresses": addresses, "ports": [{"port": 80, "protocol": "TCP"}]}]);
    cache.put(Object::parse(ENDPOINTS, json!({"metadata": meta("svc"), "subsets": subsets})).unwrap());
    cache
}

fn planned(cache: &Cache) -> Plan {
    Mirroring.reconcile(ENDPOINTS, &Key::new(NS, "svc"), cache, Timestamp::default())
}

fn bodies(plan: &Plan) -> Vec<Value> {
    let body = |effect: &Effect| match &effect.call {
        Call::Create { body, .. } => body.clone(),
        other => panic!("{other:?}"),
    };
    plan.effects().map(body).collect()
}

// EPS-22, EPS-23
#[test]
fn each_family_is_mirrored_and_what_is_no_address_is_said() {
    let cache = world(json!({}), &["10.8.0.1".to_owned(), "fd00::1".to_owned(), "nonsense".to_owned()]);
    let plan = planned(&cache);
    let types: Vec<Value> = bodies(&plan).iter().map(|body| body["addressType"].clone()).collect();
    assert_eq!(types, ["IPv4", "IPv6"]);
    assert_eq!((plan.events[0].reason, plan.events.len()), ("InvalidIPAddress", 1));
    assert_eq!(plan.events[0].message, "Skipped 1 invalid IP addresses when mirroring to EndpointSlices");
}

// EPS-23
#[test]
fn a_thousand_addresses_of_a_subset_are_mirrored() {
    let many: Vec<String> = (0..1002).map(|n| format!("10.8.{}.{}", n / 256, n % 256)).collect();
    let plan = planned(&world(json!({}), &many));
    assert_eq!(bodies(&plan)[0]["endpoints"].as_array().unwrap().len(), 1000);
    assert!(plan.events[0].message.ends_with(" 2 addresses were skipped"), "{:?}", plan.events);
}

// EPS-21, EPS-24
#[test]
fn a_service_with_a_selector_is_not_mirrored_and_loses_its_mirrors() {
    let mut cache = world(json!({"selector": {"app": "web"}}), &["10.8.0.1".to_owned()]);
    assert!(planned(&cache).is_empty());
    let mut metadata = meta("svc-a");
    metadata["labels"] = json!({SERVICE_NAME: "svc", MANAGED_BY: CONTROLLER});
    cache.put(Object::parse(ENDPOINT_SLICES, json!({"metadata": metadata, "addressType": "IPv4"})).unwrap());
    assert!(matches!(planned(&cache).steps[0].effects[0].call, Call::Delete { .. }));
}

// EPS-20: at the fixed point nothing is written.
#[test]
fn a_mirror_that_is_right_is_left_alone() {
    let mut cache = world(json!({}), &["10.8.0.2".to_owned(), "10.8.0.1".to_owned()]);
    let mut body = bodies(&planned(&cache)).remove(0);
    body["metadata"]["name"] = "svc-a".into();
    body["metadata"]["uid"] = "u-a".into();
    cache.put(Object::parse(ENDPOINT_SLICES, body).unwrap());
    assert!(planned(&cache).is_empty(), "{:?}", planned(&cache));
}
