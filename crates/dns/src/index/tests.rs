use super::*;
use stead_api::json;

fn service(name: &str, spec: Value) -> Value {
    json!({"metadata": {"namespace": "ns", "name": name}, "spec": spec})
}

fn slice(name: &str, service: &str, endpoints: Value) -> Value {
    json!({
        "metadata": {"namespace": "ns", "name": name, "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4", "endpoints": endpoints, "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
    })
}

fn names_at(index: &Index, address: &str) -> Vec<String> {
    let names = index.endpoints_at(address.parse().unwrap());
    names.map(|name| format!("{}.{}", name.host, name.service.name)).collect()
}

#[test]
fn a_slice_that_changes_its_service_leaves_the_old_one() {
    // DNSG-18
    let mut index = Index::new(1);
    index.apply(&Change::Slice(&slice("s", "web", json!([{"addresses": ["192.0.2.1"]}]))));
    index.apply(&Change::Slice(&slice("s", "db", json!([{"addresses": ["192.0.2.1"], "hostname": "db-0"}]))));
    assert_eq!(names_at(&index, "192.0.2.1"), ["db-0.db"]);
    assert!(index.entry("ns", "web").is_none());
    index.apply(&Change::SliceGone { namespace: "ns", name: "s" });
    assert!(names_at(&index, "192.0.2.1").is_empty());
    assert!(index.services.is_empty() && index.slices.is_empty() && index.endpoints.is_empty());
    assert_eq!(index.serial(), 4);
}

#[test]
fn an_address_in_two_slices_keeps_its_name_until_both_are_gone() {
    let mut index = Index::default();
    for name in ["a", "b"] {
        index.apply(&Change::Slice(&slice(name, "web", json!([{"addresses": ["192.0.2.1"]}]))));
    }
    index.apply(&Change::SliceGone { namespace: "ns", name: "a" });
    assert_eq!(names_at(&index, "192.0.2.1"), ["192-0-2-1.web"]);
    index.apply(&Change::SliceGone { namespace: "ns", name: "b" });
    assert!(names_at(&index, "192.0.2.1").is_empty());
}

#[test]
fn a_services_address_is_forgotten_with_it() {
    let mut index = Index::default();
    let at = |index: &Index| index.services_at("10.43.0.5".parse().unwrap()).count();
    index.apply(&Change::Service(&service("web", json!({"clusterIP": "10.43.0.5", "clusterIPs": ["10.43.0.5"]}))));
    assert_eq!(at(&index), 1);
    index.apply(&Change::Service(&service("web", json!({"clusterIP": "None"}))));
    assert_eq!(at(&index), 0);
    index.apply(&Change::ServiceGone { namespace: "ns", name: "web" });
    assert!(index.services.is_empty() && index.cluster.is_empty());
}
