use super::fill::{ENDPOINTS_MAX, Present, fill};
use super::*;
use crate::engine::Change;
use crate::facts::endpoint_slice::{Endpoint, Target};
use crate::object::Object;
use crate::plan::{Call, Patch};
use proptest::prelude::*;
use stead_api::{Value, json, value::Access};

const NS: &str = "d";

fn put(cache: &mut Cache, resource: Resource, value: Value) -> Option<Change> {
    cache.put(Object::parse(resource, value).unwrap())
}

fn service(spec: Value) -> Value {
    let mut spec = spec;
    spec["selector"] = json!({"app": "web"});
    for (name, value) in [("clusterIP", json!("10.43.0.9")), ("ipFamilies", json!(["IPv4"]))] {
        if !spec.has(name) {
            spec[name] = value;
        }
    }
    json!({"metadata": {"name": "svc", "namespace": NS, "uid": "u-svc", "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": spec})
}

fn pod(name: &str, ips: &[&str], ready: bool) -> Value {
    let condition = json!({"type": "Ready", "status": if ready { "True" } else { "False" }, "lastTransitionTime": "2026-01-01T00:01:00Z"});
    let ips: Vec<Value> = ips.iter().map(|ip| json!({ "ip": ip })).collect();
    json!({
        "metadata": {"name": name, "namespace": NS, "uid": format!("u-{name}"), "resourceVersion": "1", "labels": {"app": "web"}},
        "spec": {"nodeName": "n"}, "status": {"phase": "Running", "podIPs": ips, "conditions": [condition]},
    })
}

fn world(spec: Value) -> Cache {
    let mut cache = Cache::default();
    put(&mut cache, SERVICES, service(spec));
    put(&mut cache, NODES, json!({"metadata": {"name": "n", "uid": "u-n", "labels": {"topology.kubernetes.io/zone": "z"}}}));
    cache
}

fn planned(cache: &Cache) -> Plan {
    EndpointSlices.reconcile(SERVICES, &Key::new(NS, "svc"), cache, Timestamp::default())
}

/// Does what a plan asks of slices; how many writes that were.
fn settle(cache: &mut Cache) -> usize {
    let mut writes = 0;
    for _ in 0..4 {
        let plan = planned(cache);
        for effect in plan.effects() {
            writes += 1;
            carry_out(cache, &effect.call, writes);
        }
        if plan.is_empty() {
            return writes;
        }
    }
    panic!("it does not come to rest: {:?}", planned(cache));
}

fn carry_out(cache: &mut Cache, call: &Call, serial: usize) {
    let next = |cache: &Cache| cache.list(ENDPOINT_SLICES).map(|slice| slice.version).max().unwrap_or(1) + 1;
    let version = next(cache);
    match call {
        Call::Create { body, .. } => {
            let mut body = body.clone();
            body["metadata"]["name"] = format!("svc-{version}-{serial}").into();
            body["metadata"]["uid"] = format!("u-{version}-{serial}").into();
            body["metadata"]["resourceVersion"] = version.to_string().into();
            put(cache, ENDPOINT_SLICES, body);
        }
        Call::Patch { key, patch: Patch::Merge(patch), .. } => {
            let old = cache.get(ENDPOINT_SLICES, key).unwrap().clone();
            let mut labels = old.labels.clone();
            for (name, value) in patch["metadata"].map("labels").into_iter().flatten() {
                labels.remove(name);
                labels.extend(value.as_str().map(|value| (name.clone(), value.to_owned())));
            }
            let body = json!({
                "metadata": {"name": key.name, "namespace": NS, "uid": old.uid, "resourceVersion": version.to_string(), "labels": labels,
                    "ownerReferences": [{"kind": "Service", "name": "svc", "uid": "u-svc", "controller": true}]},
                "addressType": old.slice().address_type, "endpoints": patch["endpoints"], "ports": patch["ports"],
            });
            put(cache, ENDPOINT_SLICES, body);
        }
        Call::Delete { key, .. } => {
            let old = cache.get(ENDPOINT_SLICES, key).unwrap().as_ref().clone();
            cache.delete(&old);
        }
        other => panic!("{other:?}"),
    }
}

fn addresses(cache: &Cache, family: &str) -> Vec<String> {
    let slices = cache.list(ENDPOINT_SLICES).filter(|slice| slice.slice().address_type == family);
    let mut all: Vec<String> = slices.flat_map(|slice| &slice.slice().endpoints).flat_map(|endpoint| endpoint.addresses.clone()).collect();
    all.sort();
    all
}

// EPS-2: each family has slices of its own, a pod of both is in both.
#[test]
fn a_service_of_two_families_has_slices_of_both() {
    let mut cache = world(json!({"ipFamilies": ["IPv6", "IPv4"], "ports": [{"port": 80, "protocol": "TCP"}]}));
    put(&mut cache, PODS, pod("a", &["10.9.0.1", "fd00::1"], true));
    put(&mut cache, PODS, pod("b", &["fd00::2"], true));
    settle(&mut cache);
    assert_eq!(addresses(&cache, "IPv4"), ["10.9.0.1"]);
    assert_eq!(addresses(&cache, "IPv6"), ["fd00::1", "fd00::2"]);
}

// EPS-13
#[test]
fn hints_name_the_zone_and_the_node_of_ready_endpoints() {
    let hints = |distribution: &str, ready| {
        let mut cache = world(json!({"trafficDistribution": distribution}));
        put(&mut cache, PODS, pod("a", &["10.9.0.1"], ready));
        settle(&mut cache);
        let endpoint = cache.list(ENDPOINT_SLICES).next().unwrap().slice().endpoints[0].clone();
        assert_eq!(endpoint.zone.as_deref(), Some("z"));
        endpoint.value(NS)["hints"].clone()
    };
    assert_eq!(hints("PreferClose", true), json!({"forZones": [{"name": "z"}]}));
    assert_eq!(hints("PreferSameNode", true), json!({"forZones": [{"name": "z"}], "forNodes": [{"name": "n"}]}));
    assert_eq!(hints("PreferSameNode", false), Value::Null);
    assert_eq!(hints("", true), Value::Null);
    // One endpoint without a zone, and no zone is hinted at.
    let mut cache = world(json!({"trafficDistribution": "PreferClose"}));
    put(&mut cache, NODES, json!({"metadata": {"name": "bare", "uid": "u-bare"}}));
    let mut other = pod("b", &["10.9.0.2"], true);
    other["spec"]["nodeName"] = "bare".into();
    put(&mut cache, PODS, pod("a", &["10.9.0.1"], true));
    put(&mut cache, PODS, other);
    settle(&mut cache);
    assert!(cache.list(ENDPOINT_SLICES).flat_map(|slice| &slice.slice().endpoints).all(|endpoint| endpoint.for_zones.is_empty()));
}

// EPS-5: a pod of a node that is not known waits for it, unless the Service publishes what is not ready.
#[test]
fn a_pod_of_an_unknown_node_waits_for_the_node() {
    let mut cache = world(json!({}));
    let mut stray = pod("a", &["10.9.0.1"], true);
    stray["spec"]["nodeName"] = "other".into();
    put(&mut cache, PODS, stray);
    settle(&mut cache);
    assert_eq!(addresses(&cache, "IPv4"), [""; 0]);
    let change = put(&mut cache, NODES, json!({"metadata": {"name": "other", "uid": "u-o"}})).unwrap();
    let mut keys = Vec::new();
    EndpointSlices.keys_for(&change, &cache, &mut keys);
    assert_eq!(keys, [(SERVICES, Key::new(NS, "svc"))]);
    settle(&mut cache);
    assert_eq!(addresses(&cache, "IPv4"), ["10.9.0.1"]);
}

// EPS-10, EPS-11
#[test]
fn an_edited_slice_is_put_right_and_one_in_excess_goes() {
    let mut cache = world(json!({"ports": [{"port": 80, "protocol": "TCP"}]}));
    put(&mut cache, PODS, pod("a", &["10.9.0.1"], true));
    settle(&mut cache);
    let slice = cache.list(ENDPOINT_SLICES).next().unwrap().as_ref().clone();
    let mut edited = slice.clone();
    edited.version += 1;
    let crate::facts::Facts::Slice(facts) = &mut edited.facts else { panic!() };
    facts.endpoints[0].addresses = vec!["10.1.1.1".to_owned()];
    let change = cache.put(edited).unwrap();
    let mut keys = Vec::new();
    EndpointSlices.keys_for(&change, &cache, &mut keys);
    assert_eq!(keys, [(SERVICES, Key::new(NS, "svc")), (SERVICES, Key::new(NS, "svc"))]);
    settle(&mut cache);
    assert_eq!(addresses(&cache, "IPv4"), ["10.9.0.1"]);
    // A create whose answer was lost and that was done again leaves two.
    let mut twin = cache.list(ENDPOINT_SLICES).next().unwrap().as_ref().clone();
    twin.key.name = "svc-twin".to_owned();
    twin.uid = "u-twin".to_owned();
    cache.put(twin);
    settle(&mut cache);
    assert_eq!(cache.list(ENDPOINT_SLICES).count(), 1);
}

// EPS-17
#[test]
fn a_service_that_is_going_makes_no_slice_and_takes_none_that_was_released() {
    let mut cache = world(json!({}));
    put(&mut cache, PODS, pod("a", &["10.9.0.1"], true));
    settle(&mut cache);
    let mut released = cache.list(ENDPOINT_SLICES).next().unwrap().as_ref().clone();
    released.owners.clear();
    released.version += 1;
    cache.put(released);
    let mut going = service(json!({}));
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:02:00Z".into();
    going["metadata"]["resourceVersion"] = "2".into();
    put(&mut cache, SERVICES, going);
    assert!(planned(&cache).is_empty(), "{:?}", planned(&cache));
}

fn endpoint(n: usize) -> Endpoint {
    let target = Target::Pod { name: format!("p-{n}"), uid: format!("u-{n}") };
    Endpoint { addresses: vec![format!("10.{}.{}.{}", n >> 16, (n >> 8) & 255, n & 255)], target, ..Endpoint::default() }
}

fn endpoints(range: impl IntoIterator<Item = usize>) -> Vec<Endpoint> {
    range.into_iter().map(endpoint).collect()
}

fn present(slices: &[Vec<Endpoint>]) -> Vec<Present<'_>> {
    slices.iter().map(|endpoints| Present { endpoints, is_stale: false }).collect()
}

// EPS-7
#[test]
fn one_of_a_thousand_pods_changes_one_slice() {
    let slices: Vec<Vec<Endpoint>> = (0..10).map(|slice| endpoints(slice * 100..(slice + 1) * 100)).collect();
    let mut wanted = endpoints(0..1000);
    wanted[512].conditions.ready = Some(true);
    let filled = fill(&present(&slices), &wanted);
    assert_eq!((filled.update.len(), filled.create.len(), filled.delete.len()), (1, 0, 0));
    assert_eq!(filled.update[0].0, 5);
    // One goes: its slice alone. One comes: into that slice, or into one that has room for it.
    let without = endpoints((0..1000).filter(|n| *n != 512));
    assert_eq!(fill(&present(&slices), &without).update.len(), 1);
    let replaced = endpoints((0..1001).filter(|n| *n != 512));
    let filled = fill(&present(&slices), &replaced);
    assert_eq!((filled.update.len(), filled.update[0].1.len(), filled.create.len()), (1, 100, 0));
    assert_eq!(fill(&present(&slices), &endpoints(0..1001)).create, [[1000]]);
}

// EPS-8
#[test]
fn a_slice_that_loses_its_last_endpoint_goes() {
    let slices = vec![endpoints(0..100), endpoints(100..101)];
    let filled = fill(&present(&slices), &endpoints(0..100));
    assert_eq!((filled.update.len(), filled.create.len(), filled.delete), (0, 0, vec![1]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the slices hold, afterwards every wanted endpoint is in exactly one of them, and none holds too many.
    #[test]
    fn every_wanted_endpoint_is_in_exactly_one_slice(
        held in prop::collection::vec(prop::collection::vec(0..400usize, 0..100), 0..6),
        wanted in prop::collection::btree_set(0..400usize, 0..350),
    ) {
        let slices: Vec<Vec<Endpoint>> = held.iter().map(|slice| endpoints(slice.iter().copied())).collect();
        let wanted = endpoints(wanted);
        let filled = fill(&present(&slices), &wanted);
        let mut after: Vec<usize> = filled.update.iter().map(|(_, held)| held).chain(&filled.create).flatten().copied().collect();
        let touched = |slice: &usize| filled.delete.contains(slice) || filled.update.iter().any(|(updated, _)| updated == slice);
        for slice in (0..slices.len()).filter(|slice| !touched(slice)) {
            after.extend(slices[slice].iter().map(|known| wanted.iter().position(|endpoint| endpoint == known).unwrap()));
        }
        after.sort_unstable();
        prop_assert_eq!(after, (0..wanted.len()).collect::<Vec<_>>());
        prop_assert!(filled.update.iter().all(|(_, held)| held.len() <= ENDPOINTS_MAX));
        prop_assert!(filled.create.iter().all(|held| held.len() <= ENDPOINTS_MAX));
        let stay = slices.iter().enumerate().filter(|(slice, held)| !held.is_empty() && !filled.delete.contains(slice)).count();
        prop_assert!(filled.create.len() <= wanted.len().div_ceil(ENDPOINTS_MAX) || stay == 0);
    }

    /// From any sequence of changes the slices come to hold exactly the pods that have an address, ready as they are.
    #[test]
    fn slices_converge_to_the_pods(acts in prop::collection::vec((0..8u8, 0..5u8, any::<bool>()), 1..40)) {
        let mut cache = world(json!({"ports": [{"port": 80, "protocol": "TCP"}]}));
        for (step, (n, act, settles)) in acts.into_iter().enumerate() {
            let name = format!("p{n}");
            let known = cache.get(PODS, &Key::new(NS, name.as_str())).cloned();
            let mut value = pod(&name, &[&format!("10.9.0.{n}")], act == 0);
            value["metadata"]["resourceVersion"] = (step + 2).to_string().into();
            value["metadata"]["uid"] = known.as_ref().map_or(format!("u-{step}"), |pod| pod.uid.clone()).into();
            match (act, known) {
                (2, _) => value["status"]["podIPs"] = json!([]),
                (3, Some(known)) => {
                    cache.delete(&known);
                    continue;
                }
                (4, _) => value["status"]["phase"] = "Failed".into(),
                _ => {}
            }
            put(&mut cache, PODS, value);
            if settles {
                settle(&mut cache);
            }
        }
        settle(&mut cache);
        let is_in = |pod: &&std::sync::Arc<Object>| !pod.pod().addresses.is_empty() && !pod.pod().terminal();
        let mut wanted: Vec<(String, bool)> = cache.list(PODS).filter(is_in).map(|pod| (pod.uid.clone(), pod.pod().ready)).collect();
        let held = cache.list(ENDPOINT_SLICES).flat_map(|slice| &slice.slice().endpoints);
        let mut held: Vec<(String, bool)> = held.map(|e| (e.target.uid().to_owned(), e.conditions.ready == Some(true))).collect();
        wanted.sort();
        held.sort();
        prop_assert_eq!(held, wanted);
        prop_assert_eq!(cache.list(ENDPOINT_SLICES).count(), 1);
    }
}

// EPS-7
#[test]
fn ten_thousand_pods_are_planned_with_one_write_for_one_change() {
    let mut cache = world(json!({"ports": [{"port": 80, "protocol": "TCP"}]}));
    for n in 0..10_000 {
        put(&mut cache, PODS, pod(&format!("p{n}"), &[&format!("10.{}.{}.{}", n >> 16, (n >> 8) & 255, n & 255)], true));
    }
    assert_eq!(planned(&cache).effects().count(), 100);
    settle(&mut cache);
    let mut gone = pod("p77", &["10.0.0.77"], false);
    gone["metadata"]["resourceVersion"] = "2".into();
    put(&mut cache, PODS, gone);
    assert_eq!(planned(&cache).effects().count(), 1);
}

fn node(name: &str, zone: &str, version: &str) -> Value {
    json!({"metadata": {"name": name, "uid": format!("u-{name}"), "resourceVersion": version, "labels": {"topology.kubernetes.io/zone": zone}},
        "status": {"allocatable": {"cpu": "2"}, "conditions": [{"type": "Ready", "status": "True"}]}})
}

/// A Service that asks for hints by capacity, and pods of two nodes in zones of their own.
fn two_zones(of_a: usize, of_b: usize) -> Cache {
    let mut cache = world(json!({"ports": [{"port": 80, "protocol": "TCP"}]}));
    let mut service = service(json!({"ports": [{"port": 80, "protocol": "TCP"}]}));
    service["metadata"]["annotations"] = json!({"service.kubernetes.io/topology-mode": "Auto"});
    service["metadata"]["resourceVersion"] = "2".into();
    put(&mut cache, SERVICES, service);
    put(&mut cache, NODES, node("n", "z", "2"));
    put(&mut cache, NODES, node("m", "y", "2"));
    for (k, host) in std::iter::repeat_n("n", of_a).chain(std::iter::repeat_n("m", of_b)).enumerate() {
        let mut pod = pod(&format!("p{k}"), &[&format!("10.9.0.{k}")], true);
        pod["spec"]["nodeName"] = host.into();
        put(&mut cache, PODS, pod);
    }
    cache
}

fn zones_hinted(cache: &Cache) -> Vec<String> {
    let slices = cache.list(ENDPOINT_SLICES).flat_map(|slice| &slice.slice().endpoints);
    slices.flat_map(|endpoint| endpoint.for_zones.clone()).collect()
}

// EPS-13: hints by capacity are given once, stay, and go when nodes no longer say enough.
#[test]
fn hints_by_capacity_come_and_go_with_events() {
    let mut cache = two_zones(3, 1);
    let said = |plan: &Plan| plan.events.iter().map(|event| (event.reason, event.message.clone())).collect::<Vec<_>>();
    let enabled = ("TopologyAwareHintsEnabled", "Topology Aware Hints has been enabled, addressType: IPv4".to_owned());
    assert_eq!(said(&planned(&cache)), [enabled]);
    settle(&mut cache);
    assert_eq!(zones_hinted(&cache), ["y", "z", "z", "y"]);
    for (name, ip) in [("q", "10.9.0.8"), ("r", "10.9.0.9")] {
        let mut pod = pod(name, &[ip], true);
        pod["spec"]["nodeName"] = "m".into();
        put(&mut cache, PODS, pod);
    }
    assert_eq!(said(&planned(&cache)), [], "there have been hints before");
    settle(&mut cache);
    assert_eq!(zones_hinted(&cache).len(), 6);
    let change = put(&mut cache, NODES, node("m", "", "3")).unwrap();
    let mut keys = Vec::new();
    EndpointSlices.keys_for(&change, &cache, &mut keys);
    assert_eq!(keys, [(SERVICES, Key::new(NS, "svc"))]);
    let why = "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, addressType: IPv4";
    assert_eq!(said(&planned(&cache)), [("TopologyAwareHintsDisabled", why.to_owned())]);
    settle(&mut cache);
    assert!(zones_hinted(&cache).is_empty());
}
