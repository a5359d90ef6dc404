//! What Services make of the table, case by case, as texts in `tests/golden`. A case that differs writes what it is now beside the build's
//! files, and says where.

use crate::objects::{service, slice, state};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use stead_proxy::State;

/// The chains that Services need and all elements.
fn rendered(state: &State) -> String {
    let mut text = String::new();
    state.ways().into_iter().for_each(|way| writeln!(text, "{}", way.chain(&state.settings)).unwrap());
    for ((name, family), elements) in state.elements() {
        writeln!(text, "{}", name.set(family)).unwrap();
        elements.iter().for_each(|element| writeln!(text, "\t{element}").unwrap());
    }
    text
}

fn check(case: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{case}.txt"));
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    if expected != text {
        let actual = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{case}.txt"));
        std::fs::write(&actual, text).unwrap();
        panic!("{} is another one now: see {}\n{text}", file.display(), actual.display());
    }
}

/// Objects by themselves, in whichever order they come.
fn case(name: &str, objects: &[Value]) {
    let put = |objects: &mut dyn Iterator<Item = &Value>| {
        let mut state = state("00000000", &["192.0.2.1", "2001:db8::1"]);
        for object in objects {
            if object.get("addressType").is_some() {
                state.put_slice(object)
            } else {
                state.put_service(object)
            }
            state.changes();
        }
        state
    };
    let text = rendered(&put(&mut objects.iter()));
    assert_eq!(rendered(&put(&mut objects.iter().rev())), text, "the order counts");
    check(name, &text);
}

const P80: (&str, &str, u16) = ("p80", "TCP", 8080);

#[test]
fn what_is_always_there() {
    let text: String = stead_proxy::chains(&crate::objects::settings("00000000")).iter().map(ToString::to_string).collect();
    check("fixed", &text);
}

#[test]
fn cluster_ip() {
    // SVC-1, SVC-6
    case(
        "cluster-ip",
        &[
            service("web", &["10.43.0.10"], &["TCP/80"], json!({})),
            slice("web", &[P80], &["10.42.0.5 here ready", "10.42.1.7 there ready", "10.42.1.8 there"]),
        ],
    );
}

#[test]
fn no_endpoints() {
    // SVC-7: no group: what comes is refused.
    case("no-endpoints", &[service("web", &["10.43.0.10"], &["TCP/80"], json!({})), slice("web", &[P80], &["10.42.0.5 here"])]);
}

#[test]
fn terminating_endpoints_are_the_last_resort() {
    // SVC-6
    let endpoints = ["10.42.0.5 here serving terminating", "10.42.1.7 there serving terminating", "10.42.1.8 there terminating"];
    case("terminating", &[service("web", &["10.43.0.10"], &["TCP/80"], json!({})), slice("web", &[P80], &endpoints)]);
}

#[test]
fn node_port_and_several_ports() {
    // SVC-3
    let web = service("web", &["10.43.0.10"], &["TCP/80/30080", "UDP/53/30053", "SCTP/9/30009"], json!({"type": "NodePort"}));
    let ports = [P80, ("p53", "UDP", 53), ("p9", "SCTP", 9)];
    case("node-port", &[web, slice("web", &ports, &["10.42.0.5 here ready"])]);
}

#[test]
fn two_families() {
    let web = service("web", &["10.43.0.10", "fd00:43::10"], &["TCP/80/30080"], json!({"type": "NodePort"}));
    case("two-families", &[web, slice("web", &[P80], &["10.42.0.5 here ready"]), slice("web", &[P80], &["fd00:42::5 here ready"])]);
}

#[test]
fn an_endpoint_of_two_families_is_one_to_a_load_balancer() {
    // SVC-12
    let more = json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 30081});
    let mut state = state("00000000", &["192.0.2.1", "2001:db8::1"]);
    state.put_service(&service("web", &["10.43.0.10", "fd00:43::10"], &["TCP/80/30080", "TCP/81/30082"], more));
    let both = [P80, ("p81", "TCP", 8081)];
    state.put_slice(&slice("web", &both, &["10.42.0.5 here ready", "10.42.0.6 here ready", "10.42.1.7 there ready"]));
    state.put_slice(&slice("web", &both, &["fd00:42::5 here ready"]));
    state.changes();
    assert_eq!(state.health()[&30081].local_endpoints, 2);
}

#[test]
fn external_policy_local() {
    // SVC-6, SVC-11
    let more = json!({"type": "NodePort", "externalTrafficPolicy": "Local"});
    case(
        "external-local",
        &[
            service("web", &["10.43.0.10"], &["TCP/80/30080"], more),
            slice("web", &[P80], &["10.42.0.5 here ready", "10.42.1.7 there ready"]),
        ],
    );
}

#[test]
fn external_policy_local_with_endpoints_elsewhere() {
    // SVC-6: dropped, so that a load balancer goes elsewhere
    let more = json!({"type": "NodePort", "externalTrafficPolicy": "Local"});
    case(
        "external-local-elsewhere",
        &[service("web", &["10.43.0.10"], &["TCP/80/30080"], more), slice("web", &[P80], &["10.42.1.7 there ready"])],
    );
}

#[test]
fn internal_policy_local() {
    // SVC-6
    let more = json!({"internalTrafficPolicy": "Local"});
    case(
        "internal-local",
        &[service("web", &["10.43.0.10"], &["TCP/80"], more), slice("web", &[P80], &["10.42.0.5 here ready", "10.42.1.7 there ready"])],
    );
}

#[test]
fn load_balancer_with_source_ranges() {
    // SVC-3
    let more = json!({
        "type": "LoadBalancer",
        "ingress": [{"ip": "192.0.2.1"}, {"ip": "192.0.2.99", "ipMode": "Proxy"}, {"hostname": "lb.example"}],
        "loadBalancerSourceRanges": ["198.51.100.0/24", "203.0.113.7/32", "2001:db8::/32"],
    });
    case("load-balancer", &[service("web", &["10.43.0.10"], &["TCP/80/30080"], more), slice("web", &[P80], &["10.42.0.5 here ready"])]);
}

#[test]
fn external_ips_of_two_services() {
    // SVC-3: the first by name has an address that both want.
    let more = json!({"externalIPs": ["198.51.100.9"]});
    let (first, second) = (service("a", &["10.43.0.10"], &["TCP/80"], more.clone()), service("b", &["10.43.0.11"], &["TCP/80"], more));
    case("external-ips", &[first, second, slice("a", &[P80], &["10.42.0.5 here ready"]), slice("b", &[P80], &["10.42.0.6 here ready"])]);
}

#[test]
fn a_load_balancers_address_that_is_an_external_one_keeps_its_sources() {
    let more = json!({
        "type": "LoadBalancer",
        "externalIPs": ["198.51.100.9"],
        "ingress": [{"ip": "198.51.100.9"}],
        "loadBalancerSourceRanges": ["203.0.113.0/24"],
    });
    case("load-balancer-external", &[service("web", &["10.43.0.10"], &["TCP/80"], more)]);
}

#[test]
fn session_affinity() {
    // SVC-8
    let more = json!({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 600}}});
    case(
        "affinity",
        &[service("web", &["10.43.0.10"], &["TCP/80"], more), slice("web", &[P80], &["10.42.0.5 here ready", "10.42.1.7 there ready"])],
    );
}

#[test]
fn zones() {
    // SVC-6: hints count where all endpoints have them.
    let web = service("web", &["10.43.0.10"], &["TCP/80"], json!({}));
    case("zones", &[web, slice("web", &[P80], &["10.42.0.5 here ready zone=a", "10.42.1.7 there ready zone=b"])]);
}

#[test]
fn without_traffic_of_their_own() {
    // SVC-2
    let none = service("none", &["None"], &["TCP/80"], json!({}));
    let mut name = service("name", &[""], &["TCP/80"], json!({"type": "ExternalName", "externalName": "example.com"}));
    name["spec"]["clusterIPs"] = json!([]);
    case("headless", &[none, name, slice("none", &[P80], &["10.42.0.5 here ready"])]);
}

#[test]
fn what_a_service_made_goes_with_it() {
    let mut state = state("00000000", &["192.0.2.1"]);
    let web = service("web", &["10.43.0.10"], &["UDP/53/30053"], json!({"type": "NodePort"}));
    state.put_service(&web);
    state.put_slice(&slice("web", &[("p53", "UDP", 53)], &["10.42.0.5 here ready"]));
    let made = state.changes();
    assert!(!made.batch.is_empty());
    assert_eq!(made.udp[&"192.0.2.1:30053".parse().unwrap()], ["10.42.0.5:53".parse().unwrap()]);
    state.put_service(&web);
    assert!(!state.is_dirty(), "the same again");
    state.delete_service("default/web");
    let gone = state.changes();
    assert!(!gone.batch.is_empty());
    assert_eq!(gone.udp[&"10.43.0.10:53".parse().unwrap()], []);
    assert!(state.elements().is_empty() && state.ways().is_empty());
}
