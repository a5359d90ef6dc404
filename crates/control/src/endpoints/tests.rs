use super::subsets::truncate;
use super::*;
use crate::facts::endpoint_slice::{Port, Target};
use crate::facts::endpoints::{Address, Subset};
use crate::object::Object;
use crate::plan::{Call, Effect, Patch};
use stead_api::{Value, json};

const NS: &str = "d";

fn put(cache: &mut Cache, resource: Resource, value: Value) {
    cache.put(Object::parse(resource, value).unwrap());
}

fn meta(name: &str) -> Value {
    json!({"name": name, "namespace": NS, "uid": format!("u-{name}"), "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"})
}

fn world(ports: Value) -> Cache {
    let mut cache = Cache::default();
    let spec = json!({"selector": {"app": "web"}, "clusterIP": "10.43.0.9", "ipFamilies": ["IPv4"], "ports": ports});
    put(&mut cache, SERVICES, json!({"metadata": meta("svc"), "spec": spec}));
    cache
}

fn add_pod(cache: &mut Cache, name: &str, ip: &str, container: Value, sidecar: Value) {
    let mut metadata = meta(name);
    metadata["labels"] = json!({"app": "web"});
    let ready = json!({"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:01:00Z"});
    let spec = json!({"nodeName": "n", "containers": [{"name": "c", "ports": container}],
        "initContainers": [{"name": "s", "restartPolicy": "Always", "ports": sidecar}, {"name": "i", "ports": [{"name": "web", "containerPort": 1, "protocol": "TCP"}]}]});
    put(cache, PODS, json!({"metadata": metadata, "spec": spec, "status": {"phase": "Running", "podIP": ip, "conditions": [ready]}}));
}

fn planned(cache: &Cache) -> Plan {
    EndpointsController.reconcile(SERVICES, &Key::new(NS, "svc"), cache, Timestamp::default())
}

fn created(plan: &Plan) -> &Value {
    match plan.steps[0].effects.as_slice() {
        [Effect { call: Call::Create { body, .. }, .. }] => body,
        other => panic!("{other:?}"),
    }
}

// EP-4, EP-5
#[test]
fn a_named_port_is_looked_for_in_containers_then_in_sidecars_by_protocol() {
    let mut cache = world(json!([{"name": "a", "port": 80, "targetPort": "web", "protocol": "TCP"}]));
    add_pod(&mut cache, "one", "10.9.0.1", json!([{"name": "web", "containerPort": 8080, "protocol": "TCP"}]), json!([]));
    add_pod(
        &mut cache,
        "two",
        "10.9.0.2",
        json!([{"name": "web", "containerPort": 53, "protocol": "UDP"}]),
        json!([{"name": "web", "containerPort": 9090, "protocol": "TCP"}]),
    );
    add_pod(&mut cache, "three", "10.9.0.3", json!([{"name": "web", "containerPort": 8080, "protocol": "UDP"}]), json!([]));
    let plan = planned(&cache);
    let subsets = created(&plan)["subsets"].as_array().unwrap().clone();
    let port = |number: u64| json!([{"name": "a", "protocol": "TCP", "port": number}]);
    assert_eq!(subsets.iter().map(|subset| subset["ports"].clone()).collect::<Vec<_>>(), [port(8080), port(9090)]);
    assert_eq!(subsets[1]["addresses"][0]["ip"], "10.9.0.2");
}

// EP-7, EP-10
#[test]
fn a_write_says_what_caused_it_and_leaves_what_others_annotated() {
    let mut cache = world(json!([{"port": 80, "protocol": "TCP"}]));
    let plan = planned(&cache);
    assert_eq!(created(&plan)["metadata"]["annotations"][backends::TRIGGER], "2026-01-01T00:00:00Z");
    let mut made = created(&plan).clone();
    made["metadata"]["uid"] = "u-e".into();
    made["metadata"]["resourceVersion"] = "4".into();
    made["metadata"]["labels"]["mine"] = "x".into();
    put(&mut cache, ENDPOINTS, made);
    add_pod(&mut cache, "one", "10.9.0.1", json!([]), json!([]));
    let plan = planned(&cache);
    let [Effect { call: Call::Patch { patch: Patch::Merge(patch), .. }, .. }] = plan.steps[0].effects.as_slice() else {
        panic!("{plan:?}")
    };
    assert_eq!(patch["metadata"]["annotations"][backends::TRIGGER], "2026-01-01T00:01:00Z");
    assert_eq!(patch["metadata"]["labels"], json!({"mine": null}));
    assert_eq!(patch["metadata"]["resourceVersion"], "4");
}

// EP-12
#[test]
fn endpoints_go_with_the_service_and_the_left_over_are_found() {
    let mut cache = Cache::default();
    let mut metadata = meta("svc");
    metadata["labels"] = json!({"endpoints.kubernetes.io/managed-by": "endpoint-controller"});
    let change = cache.put(Object::parse(ENDPOINTS, json!({"metadata": metadata})).unwrap()).unwrap();
    let mut keys = Vec::new();
    EndpointsController.keys_for(&change, &cache, &mut keys);
    assert_eq!(keys, [(SERVICES, Key::new(NS, "svc"))]);
    assert!(matches!(planned(&cache).steps[0].effects[0].call, Call::Delete { .. }));
}

// EP-8
#[test]
fn more_than_a_thousand_addresses_are_cut_those_not_ready_first() {
    let address = |n: usize| Address { ip: format!("10.0.{}.{}", n / 256, n % 256), target: Target::None, ..Address::default() };
    let port = |number| Port { name: String::new(), number: Some(number), protocol: "TCP".to_owned(), app_protocol: String::new() };
    let subset = |number, ready, not_ready| Subset {
        ports: vec![port(number)],
        ready: (0..ready).map(address).collect(),
        not_ready: (0..not_ready).map(address).collect(),
    };
    let counts = |subsets: &[Subset]| subsets.iter().map(|s| (s.ready.len(), s.not_ready.len())).collect::<Vec<_>>();
    let mut few = [subset(80, 900, 100)];
    assert!(!truncate(&mut few));
    let mut unready = [subset(80, 600, 300), subset(81, 300, 100)];
    assert!(truncate(&mut unready));
    assert_eq!(counts(&unready), [(600, 75), (300, 25)]);
    let mut ready = [subset(80, 1500, 7), subset(81, 500, 7)];
    assert!(truncate(&mut ready));
    assert_eq!(counts(&ready), [(750, 0), (250, 0)]);
}
