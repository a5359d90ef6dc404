use super::plan::FINALIZER;
use super::*;
use crate::plan::{Call, Patch};
use stead_api::{Value, json};

const NS: &str = "d";

fn put(cache: &mut Cache, resource: Resource, value: Value) {
    cache.put(Object::parse(resource, value).unwrap());
}

fn service(name: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut service = json!({
        "metadata": {"name": name, "namespace": NS, "uid": format!("u-{name}"), "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"type": "LoadBalancer", "ipFamilies": ["IPv4"], "ports": [{"port": 80, "protocol": "TCP"}]},
    });
    change(&mut service);
    service
}

fn node(name: &str, addresses: &[(&str, &str)]) -> Value {
    let addresses: Vec<Value> = addresses.iter().map(|(ty, address)| json!({"type": ty, "address": address})).collect();
    let status = json!({"conditions": [{"type": "Ready", "status": "True"}], "addresses": addresses});
    json!({"metadata": {"name": name, "uid": name, "resourceVersion": "1"}, "status": status})
}

fn two_nodes() -> Cache {
    let mut cache = Cache::default();
    put(&mut cache, NODES, node("a", &[("InternalIP", "192.168.1.2"), ("InternalIP", "fd01::2"), ("Hostname", "a")]));
    put(&mut cache, NODES, node("b", &[("InternalIP", "192.168.1.1")]));
    cache
}

fn planned(cache: &Cache, name: &str) -> Plan {
    LoadBalancers.reconcile(SERVICES, &Key::new(NS, name), cache, Timestamp::default())
}

/// The addresses that a plan puts into the status.
fn ingress(plan: &Plan) -> Option<Vec<String>> {
    plan.effects().find_map(|effect| match &effect.call {
        Call::Patch { subresource: "status", patch: Patch::Merge(body), .. } => {
            let list = body["status"]["loadBalancer"]["ingress"].as_array().cloned().unwrap_or_default();
            Some(list.iter().map(|item| item["ip"].as_str().unwrap().to_owned()).collect())
        }
        _ => None,
    })
}

// LB-2, LB-5
#[test]
fn a_load_balancer_has_the_addresses_of_the_ready_nodes() {
    let mut cache = two_nodes();
    put(&mut cache, SERVICES, service("s", |_| {}));
    let plan = planned(&cache, "s");
    assert_eq!(ingress(&plan).unwrap(), ["192.168.1.1", "192.168.1.2"]);
    assert!(format!("{:?}", plan.steps[0].effects[0].call).contains(FINALIZER));
    let event = plan.effects().find_map(|effect| effect.on_success.clone()).unwrap();
    assert_eq!(event.message, "Updated LoadBalancer with new IPs: [] -> [192.168.1.1 192.168.1.2]");
    put(
        &mut cache,
        SERVICES,
        service("s", |s| {
            s["metadata"]["resourceVersion"] = "2".into();
            s["spec"]["ipFamilies"] = json!(["IPv6", "IPv4"]);
        }),
    );
    assert_eq!(ingress(&planned(&cache, "s")).unwrap(), ["fd01::2", "192.168.1.1", "192.168.1.2"]);
    put(&mut cache, NODES, node("c", &[("ExternalIP", "203.0.113.9"), ("InternalIP", "192.168.1.3")]));
    assert_eq!(ingress(&planned(&cache, "s")).unwrap(), ["203.0.113.9"]);
}

// LB-1
#[test]
fn a_load_balancer_of_another_class_is_left_alone() {
    let mut cache = two_nodes();
    put(&mut cache, SERVICES, service("s", |s| s["spec"]["loadBalancerClass"] = "example.com/lb".into()));
    assert!(planned(&cache, "s").is_empty());
    put(&mut cache, SERVICES, service("s", |s| s["spec"]["type"] = "ClusterIP".into()));
    assert!(planned(&cache, "s").is_empty());
}

// LB-3
#[test]
fn who_came_first_has_the_port_and_a_pod_has_its_host_port() {
    let mut cache = two_nodes();
    put(&mut cache, SERVICES, service("first", |_| {}));
    put(&mut cache, SERVICES, service("second", |s| s["metadata"]["creationTimestamp"] = "2026-01-01T00:00:01Z".into()));
    let plan = planned(&cache, "second");
    assert_eq!(ingress(&plan), None);
    assert!(plan.reasons[0].contains("port 80/TCP is Service d/first's"), "{:?}", plan.reasons);
    let ports = json!([{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}]);
    let spec = json!({"nodeName": "a", "containers": [{"name": "c", "ports": ports}]});
    put(&mut cache, PODS, json!({"metadata": {"name": "p", "namespace": NS, "uid": "p"}, "spec": spec, "status": {"phase": "Running"}}));
    assert_eq!(ingress(&planned(&cache, "first")).unwrap(), ["192.168.1.1"]);
}

// LB-4
#[test]
fn local_traffic_goes_to_nodes_with_an_endpoint() {
    let mut cache = two_nodes();
    put(&mut cache, SERVICES, service("s", |s| s["spec"]["externalTrafficPolicy"] = "Local".into()));
    assert_eq!(ingress(&planned(&cache, "s")), None);
    let labels = json!({"kubernetes.io/service-name": "s"});
    let endpoints = json!([{"addresses": ["10.9.0.1"], "conditions": {"ready": true}, "nodeName": "b"}]);
    let metadata = json!({"name": "s-1", "namespace": NS, "uid": "s-1", "labels": labels});
    put(&mut cache, ENDPOINT_SLICES, json!({"metadata": metadata, "addressType": "IPv4", "endpoints": endpoints}));
    assert_eq!(ingress(&planned(&cache, "s")).unwrap(), ["192.168.1.1"]);
}

// LB-6
#[test]
fn a_service_that_goes_is_let_go_and_one_that_changes_its_type_loses_the_addresses() {
    let mut cache = two_nodes();
    put(
        &mut cache,
        SERVICES,
        service("s", |s| {
            s["metadata"]["finalizers"] = json!(["x/y", FINALIZER]);
            s["spec"]["type"] = "ClusterIP".into();
            s["status"] = json!({"loadBalancer": {"ingress": [{"ip": "192.168.1.1"}]}});
        }),
    );
    let plan = planned(&cache, "s");
    assert_eq!(ingress(&plan).unwrap(), [""; 0]);
    let Call::Patch { patch: Patch::Json(patch), .. } = &plan.steps[0].effects[1].call else { panic!("{plan:?}") };
    assert_eq!(patch[2]["value"], json!(["x/y"]));
}

// LB-7
#[test]
fn at_the_fixed_point_nothing_is_written_and_no_node_is_said() {
    let done = |ingress: Value| {
        service("s", |s| {
            s["metadata"]["finalizers"] = json!([FINALIZER]);
            s["status"] = json!({"loadBalancer": {"ingress": ingress}});
        })
    };
    let mut cache = two_nodes();
    put(&mut cache, SERVICES, done(json!([{"ip": "192.168.1.1"}, {"ip": "192.168.1.2"}])));
    assert!(planned(&cache, "s").is_empty());
    let mut none = Cache::default();
    put(&mut none, SERVICES, done(json!([{"ip": "192.168.1.1"}])));
    let plan = planned(&none, "s");
    assert_eq!(plan.steps[0].effects[0].on_success.as_ref().unwrap().reason, "UnAvailableLoadBalancer");
}
