//! Real connections through every path of a Service, on nodes of network namespaces.

use crate::machine::{Namespace, Node, PORT, Pod, SHORT, UdpClient, on_node};
use crate::objects::{service, slice};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::SocketAddr;
use stead_proxy::Applier;

const TCP: (&str, &str, u16) = ("p80", "TCP", PORT);
const UDP: (&str, &str, u16) = ("p53", "UDP", PORT);

fn here(pods: &[&Pod]) -> Vec<String> {
    pods.iter().map(|pod| format!("{} here ready", pod.v4)).collect()
}

/// Puts the slice of `web` with these endpoints.
fn endpoints(applier: &mut Applier, port: (&str, &str, u16), endpoints: &[String]) {
    let texts: Vec<&str> = endpoints.iter().map(String::as_str).collect();
    applier.state.put_slice(&slice("web", &[port], &texts));
    applier.apply().unwrap();
}

fn refused(namespace: &Namespace, to: &str) {
    assert_eq!(namespace.ask(to).unwrap_err().kind(), ErrorKind::ConnectionRefused, "{to}");
}

fn unanswered(namespace: &Namespace, to: &str) {
    let error = namespace.ask_within(to, SHORT).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{to}: {error}");
}

fn web(node: &Node, more: serde_json::Value) -> Applier {
    let mut applier = node.applier();
    applier.state.put_service(&service("web", &["10.43.0.10", "fd00:43::10"], &["TCP/80/30080"], more));
    applier
}

#[test]
fn a_cluster_ip_reaches_all_endpoints_alike_from_everywhere() {
    // SVC-1, SVC-6, SVC-10, SVC-11
    on_node(|node| {
        let pods = [node.pod("a"), node.pod("b"), node.pod("c")];
        let client = node.pod("client");
        let mut applier = web(node, json!({}));
        endpoints(&mut applier, TCP, &here(&[&pods[0], &pods[1], &pods[2]]));
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for _ in 0..300 {
            let (server, seen) = client.namespace.ask("10.43.0.10:80").unwrap();
            assert_eq!(seen, client.v4, "a pod is seen as who it is");
            *counts.entry(server).or_default() += 1;
        }
        assert!(pods.iter().all(|pod| (60..=140).contains(&counts[&pod.v4])), "{counts:?}");
        // From the machine itself.
        let (server, seen) = node.machine.ask("10.43.0.10:80").unwrap();
        assert!(pods.iter().any(|pod| pod.v4 == server));
        assert_eq!(seen, node.v4, "the machine is seen as who it is, too");
        // The same by IPv6.
        let texts: Vec<String> = pods.iter().map(|pod| format!("{} here ready", pod.v6)).collect();
        endpoints(&mut applier, TCP, &texts);
        for (client, own) in [(&client.namespace, &client.v6), (&node.machine, &node.v6)] {
            let (server, seen) = client.ask("[fd00:43::10]:80").unwrap();
            assert!(pods.iter().any(|pod| pod.v6 == server), "{server}");
            assert_eq!(seen, *own);
        }
    });
}

#[test]
fn a_pod_reaches_itself_through_its_service() {
    // SVC-9
    on_node(|node| {
        let pod = node.pod("a");
        let mut applier = web(node, json!({}));
        endpoints(&mut applier, TCP, &here(&[&pod]));
        endpoints(&mut applier, TCP, &[format!("{} here ready", pod.v6)]);
        let [v4, v6] = node.machine_addresses();
        assert_eq!(pod.namespace.ask("10.43.0.10:80").unwrap(), (pod.v4.clone(), v4));
        assert_eq!(pod.namespace.ask("[fd00:43::10]:80").unwrap(), (pod.v6.clone(), v6));
    });
}

#[test]
fn without_endpoints_connections_are_refused_at_once() {
    // SVC-7, NFT-11
    on_node(|node| {
        let client = node.pod("client");
        let mut applier = web(node, json!({"type": "NodePort"}));
        applier.apply().unwrap();
        for from in [&client.namespace, &node.machine] {
            refused(from, "10.43.0.10:80");
            refused(from, "[fd00:43::10]:80");
            refused(from, &format!("{}:30080", node.v4));
        }
        refused(&node.outside, &format!("{}:30080", node.v4));
        endpoints(&mut applier, TCP, &here(&[&client]));
        client.namespace.ask("10.43.0.10:80").unwrap();
        // A port that the Service does not have.
        refused(&client.namespace, "10.43.0.10:81");
        refused(&node.machine, "10.43.0.10:81");
    });
}

#[test]
fn a_node_port_is_reached_from_outside() {
    // SVC-3, SVC-11
    on_node(|node| {
        let pod = node.pod("a");
        let mut applier = web(node, json!({"type": "NodePort"}));
        endpoints(&mut applier, TCP, &here(&[&pod]));
        endpoints(&mut applier, TCP, &[format!("{} here ready", pod.v6)]);
        let [v4, v6] = node.machine_addresses();
        assert_eq!(node.outside.ask(&format!("{}:30080", node.v4)).unwrap(), (pod.v4.clone(), v4.clone()));
        assert_eq!(node.outside.ask(&format!("[{}]:30080", node.v6)).unwrap(), (pod.v6.clone(), v6));
        // From the node itself and from a pod, by the node's address, but not by the machine's own.
        assert_eq!(node.machine.ask(&format!("{}:30080", node.v4)).unwrap().0, pod.v4);
        assert_eq!(pod.namespace.ask(&format!("{}:30080", node.v4)).unwrap().0, pod.v4);
        refused(&node.machine, "127.0.0.1:30080");
    });
}

#[test]
fn external_traffic_that_stays_on_the_node_shows_who_it_is() {
    // SVC-6, SVC-11, NFT-8
    on_node(|node| {
        let pod = node.pod("a");
        let mut applier = web(node, json!({"type": "NodePort", "externalTrafficPolicy": "Local"}));
        endpoints(&mut applier, TCP, &here(&[&pod]));
        let port = format!("{}:30080", node.v4);
        assert_eq!(node.outside.ask(&port).unwrap(), (pod.v4.clone(), "10.99.0.1".to_owned()));
        // Elsewhere there are some, here there are none: no answer to outside, but to pods and to the node.
        endpoints(&mut applier, TCP, &[format!("{} there ready", pod.v4)]);
        unanswered(&node.outside, &port);
        assert_eq!(node.machine.ask(&port).unwrap().0, pod.v4);
        let client = node.pod("client");
        assert_eq!(client.namespace.ask(&port).unwrap(), (pod.v4.clone(), client.v4.clone()));
    });
}

#[test]
fn internal_traffic_that_stays_on_the_node_goes_nowhere_else() {
    // SVC-6
    on_node(|node| {
        let (pod, other) = (node.pod("a"), node.pod("b"));
        let mut applier = web(node, json!({"internalTrafficPolicy": "Local"}));
        endpoints(&mut applier, TCP, &[format!("{} here ready", pod.v4), format!("{} there ready", other.v4)]);
        let servers: BTreeSet<String> = (0..20).map(|_| other.namespace.ask("10.43.0.10:80").unwrap().0).collect();
        assert_eq!(servers, BTreeSet::from([pod.v4.clone()]));
        endpoints(&mut applier, TCP, &[format!("{} there ready", other.v4)]);
        unanswered(&pod.namespace, "10.43.0.10:80");
    });
}

#[test]
fn a_load_balancers_address_is_for_its_sources() {
    // SVC-3
    on_node(|node| {
        let pod = node.pod("a");
        let to = format!("{}:80", node.v4);
        let ranges = |ranges: &[&str]| json!({"type": "LoadBalancer", "ingress": [{"ip": node.v4}], "loadBalancerSourceRanges": ranges, "externalIPs": ["198.51.100.9"]});
        let mut applier = web(node, ranges(&["10.99.0.0/24"]));
        endpoints(&mut applier, TCP, &here(&[&pod]));
        assert_eq!(node.outside.ask(&to).unwrap().0, pod.v4);
        applier.state.put_service(&service("web", &["10.43.0.10"], &["TCP/80/30080"], ranges(&["203.0.113.0/24"])));
        applier.apply().unwrap();
        unanswered(&node.outside, &to);
        // Ports of the node and external addresses are for everybody.
        assert_eq!(node.outside.ask(&format!("{}:30080", node.v4)).unwrap().0, pod.v4);
        assert_eq!(pod.namespace.ask("198.51.100.9:80").unwrap().0, pod.v4);
    });
}

#[test]
fn a_client_keeps_its_endpoint_as_long_as_that_is_there() {
    // SVC-8
    on_node(|node| {
        let pods: Vec<Pod> = ["a", "b", "c", "d"].iter().map(|name| node.pod(name)).collect();
        let clients: Vec<Pod> = (0..8).map(|n| node.pod(&format!("client{n}"))).collect();
        let mut applier = web(node, json!({"sessionAffinity": "ClientIP"}));
        let all: Vec<&Pod> = pods.iter().collect();
        endpoints(&mut applier, TCP, &here(&all));
        let own = |client: &Pod| {
            let servers: BTreeSet<String> = (0..8).map(|_| client.namespace.ask("10.43.0.10:80").unwrap().0).collect();
            assert_eq!(servers.len(), 1, "{servers:?}");
            servers.into_iter().next().unwrap()
        };
        let before: Vec<String> = clients.iter().map(own).collect();
        assert!(before.iter().collect::<BTreeSet<_>>().len() > 1, "{before:?}");
        // One goes: its clients get others and keep them, the rest notices nothing; a restart of this program does not count.
        let rest: Vec<&Pod> = pods.iter().filter(|pod| pod.v4 != before[0]).collect();
        drop(applier);
        let mut applier = web(node, json!({"sessionAffinity": "ClientIP"}));
        endpoints(&mut applier, TCP, &here(&rest));
        for (client, before) in clients.iter().zip(&before) {
            let now = own(client);
            assert!(now == *before || *before == self::first(&pods, &rest).v4, "{before} became {now}");
        }
    });
}

/// The one that is not among the rest.
fn first<'a>(all: &'a [Pod], rest: &[&Pod]) -> &'a Pod {
    all.iter().find(|pod| !rest.iter().any(|other| other.v4 == pod.v4)).unwrap()
}

#[test]
fn udp_goes_where_the_endpoints_are_now() {
    // SVC-13
    on_node(|node| {
        let (one, two, client) = (node.pod("a"), node.pod("b"), node.pod("client"));
        let mut applier = node.applier();
        applier.state.put_service(&service("web", &["10.43.0.10"], &["UDP/53/30053"], json!({"type": "NodePort"})));
        applier.apply().unwrap();
        let inside = UdpClient::new(&client.namespace, "10.43.0.10:53");
        let outside = UdpClient::new(&node.outside, &format!("{}:30053", node.v4));
        let machine = UdpClient::new(&node.machine, "10.43.0.10:53");
        let all = [&inside, &outside, &machine];
        // A process on the node itself is told by its own kernel.
        let errors = all.map(|client| client.ask(SHORT).unwrap_err().kind());
        assert_eq!(errors, [ErrorKind::ConnectionRefused, ErrorKind::ConnectionRefused, ErrorKind::PermissionDenied]);
        endpoints(&mut applier, UDP, &here(&[&one]));
        all.iter().for_each(|client| assert_eq!(client.expect(), one.v4));
        endpoints(&mut applier, UDP, &here(&[&two]));
        all.iter().for_each(|client| assert_eq!(client.expect(), two.v4));
        // Nothing is forgotten that is right.
        endpoints(&mut applier, UDP, &here(&[&one, &two]));
        all.iter().for_each(|client| assert_eq!(client.expect(), two.v4));
    });
}

#[test]
fn a_new_start_finds_what_is_there_and_puts_right_what_is_not() {
    on_node(|node| {
        let (pod, client) = (node.pod("a"), node.pod("client"));
        let start = || {
            let mut applier = web(node, json!({}));
            applier.state.put_slice(&slice("web", &[TCP], &[&format!("{} here ready", pod.v4)]));
            applier
        };
        let mut applier = start();
        applier.state.put_service(&service("old", &["10.43.0.77"], &["TCP/80"], json!({})));
        applier.state.put_slice(&slice("old", &[TCP], &["10.42.9.1 there ready", "10.42.9.2 there ready", "10.42.9.3 there ready"]));
        applier.apply().unwrap();
        let dump = |applier: &Applier| {
            let table = applier.state.settings.table.clone();
            node.machine.inside(|| {
                let mut connection = stead_netfilter::Connection::open().unwrap();
                let chains: BTreeSet<String> =
                    stead_netfilter::dump::chains(&mut connection, &table).unwrap().into_iter().map(|chain| chain.name).collect();
                let elements = stead_netfilter::dump::elements(
                    &mut connection,
                    &table,
                    &stead_proxy::Name::Endpoints.set(stead_netfilter::Family::Ipv4),
                )
                .unwrap();
                (chains, elements.len())
            })
        };
        let (chains, elements) = dump(&applier);
        assert!(chains.contains("cluster-ip4-3") && elements == 5, "{chains:?} {elements}");
        // What was there of a Service that is gone meanwhile goes, others' chains in the table stay.
        node.machine.inside(|| {
            let mut batch = stead_netfilter::Batch::new(&applier.state.settings.table);
            batch.add_chain(&stead_netfilter::Chain::new("pod-x", vec![]));
            stead_netfilter::Connection::open().unwrap().apply(batch).unwrap();
        });
        let mut applier = start();
        applier.apply().unwrap();
        let (chains, elements) = dump(&applier);
        assert!(
            !chains.contains("cluster-ip4-3") && chains.contains("cluster-ip4-1") && chains.contains("pod-x") && elements == 2,
            "{chains:?} {elements}"
        );
        refused_or_lost(&client.namespace, "10.43.0.77:80");
        // Somebody takes everything away.
        let flush = |applier: &Applier| {
            let table = applier.state.settings.table.clone();
            node.machine.inside(|| stead_proxy::remove(&table).unwrap());
        };
        assert!(!applier.is_due());
        flush(&applier);
        applier.disturbed();
        assert!(applier.is_due());
        applier.apply().unwrap();
        assert_eq!(client.namespace.ask("10.43.0.10:80").unwrap().0, pod.v4);
        // The elements of one map.
        let endpoints = stead_proxy::Name::Endpoints.set(stead_netfilter::Family::Ipv4);
        node.machine.inside(|| {
            let mut batch = stead_netfilter::Batch::new(&applier.state.settings.table);
            batch.flush_set(&endpoints.name);
            stead_netfilter::Connection::open().unwrap().apply(batch).unwrap();
        });
        applier.disturbed();
        applier.apply().unwrap();
        assert_eq!(client.namespace.ask("10.43.0.10:80").unwrap().0, pod.v4);
        // The rules of one chain.
        node.machine.inside(|| {
            let mut batch = stead_netfilter::Batch::new(&applier.state.settings.table);
            batch.flush_chain("services4");
            stead_netfilter::Connection::open().unwrap().apply(batch).unwrap();
        });
        applier.disturbed();
        applier.apply().unwrap();
        assert_eq!(client.namespace.ask("10.43.0.10:80").unwrap().0, pod.v4);
        // Other rules, as many as there were.
        node.machine.inside(|| {
            let mut batch = stead_netfilter::Batch::new(&applier.state.settings.table);
            batch.flush_chain("services4");
            let other = stead_netfilter::Rule(vec![stead_netfilter::Statement::drop()]);
            batch.add_rules("services4", &[other.clone(), other]);
            stead_netfilter::Connection::open().unwrap().apply(batch).unwrap();
        });
        client.namespace.ask_within("10.43.0.10:80", SHORT).unwrap_err();
        applier.disturbed();
        applier.apply().unwrap();
        assert_eq!(client.namespace.ask("10.43.0.10:80").unwrap().0, pod.v4);
        // A change while everything is gone fails, and the next attempt makes all anew.
        flush(&applier);
        applier.state.put_service(&service("more", &["10.43.0.88"], &["TCP/80"], json!({})));
        applier.apply().unwrap_err();
        applier.apply().unwrap();
        assert_eq!(client.namespace.ask("10.43.0.10:80").unwrap().0, pod.v4);
        refused(&client.namespace, "10.43.0.88:80");
    });
}

/// There is no such address: whatever is outside answers, or nobody.
fn refused_or_lost(namespace: &Namespace, to: &str) {
    namespace.ask_within(to, SHORT).unwrap_err();
}

#[test]
fn connections_outlive_a_new_start_and_their_endpoint() {
    // SVC-13
    on_node(|node| {
        let (pod, other, client) = (node.pod("a"), node.pod("b"), node.pod("client"));
        let mut applier = web(node, json!({}));
        let listener = pod.namespace.inside(|| std::net::TcpListener::bind((pod.v4.as_str(), 9000)).unwrap());
        endpoints(&mut applier, ("p80", "TCP", 9000), &here(&[&pod]));
        let to: SocketAddr = "10.43.0.10:80".parse().unwrap();
        let mut stream = client.namespace.inside(|| std::net::TcpStream::connect(to).unwrap());
        let (mut accepted, _) = listener.accept().unwrap();
        let talk = |accepted: &mut std::net::TcpStream, stream: &mut std::net::TcpStream| {
            use std::io::{Read, Write};
            let mut word = [0; 4];
            for _ in 0..3 {
                stream.write_all(b"ping").unwrap();
                accepted.read_exact(&mut word).unwrap();
                accepted.write_all(b"pong").unwrap();
                stream.read_exact(&mut word).unwrap();
            }
            assert_eq!(&word, b"pong");
        };
        talk(&mut accepted, &mut stream);
        endpoints(&mut applier, TCP, &here(&[&other]));
        talk(&mut accepted, &mut stream);
        let mut applier = web(node, json!({}));
        endpoints(&mut applier, TCP, &here(&[&other]));
        talk(&mut accepted, &mut stream);
        assert_eq!(client.namespace.ask("10.43.0.10:80").unwrap().0, other.v4);
    });
}

#[test]
fn pods_of_another_server_on_the_machine_are_left_alone() {
    on_node(|node| {
        let (pod, client) = (node.pod("a"), node.pod("client"));
        let mut applier = node.applier_of("ffffffff");
        applier.state.put_service(&service("web", &["10.43.0.10"], &["TCP/80"], json!({})));
        endpoints(&mut applier, TCP, &here(&[&pod]));
        refused_or_lost(&client.namespace, "10.43.0.10:80");
        // The machine belongs to all of them: the first has it.
        assert_eq!(node.machine.ask("10.43.0.10:80").unwrap().0, pod.v4);
    });
}

#[test]
fn any_sequence_of_changes_ends_as_a_new_start_would() {
    on_node(|node| {
        let mut applier = node.applier();
        let mut seed = 7_u64;
        let mut next = move |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for round in 0..60 {
            for _ in 0..next(4) + 1 {
                change(&mut applier, &mut next);
            }
            applier.apply().unwrap();
            let mut table: Vec<_> = applier.state.elements().into_iter().collect();
            table.retain(|(_, elements)| !elements.is_empty());
            for ((name, family), wanted) in table {
                let set = name.set(family);
                let mut there = node.machine.inside(|| {
                    let mut connection = stead_netfilter::Connection::open().unwrap();
                    stead_netfilter::dump::elements(&mut connection, &applier.state.settings.table, &set).unwrap()
                });
                there.sort();
                assert_eq!(there, wanted, "{set} after {round}");
            }
        }
    });
}

fn change(applier: &mut Applier, next: &mut impl FnMut(u64) -> u64) {
    let name = format!("s{}", next(5));
    if next(5) == 0 {
        applier.state.delete_service(&format!("default/{name}"));
        return;
    }
    let address = format!("10.43.0.{}", 10 + next(3));
    let policy = |local| if local == 0 { "Local" } else { "Cluster" };
    let more = json!({
        "type": "LoadBalancer",
        "externalIPs": [format!("198.51.100.{}", next(3))],
        "ingress": [{"ip": format!("203.0.113.{}", next(2))}],
        "loadBalancerSourceRanges": if next(2) == 0 { json!(["198.51.100.0/24"]) } else { json!([]) },
        "externalTrafficPolicy": policy(next(2)),
        "internalTrafficPolicy": policy(next(3)),
        "sessionAffinity": if next(3) == 0 { "ClientIP" } else { "None" },
    });
    applier.state.put_service(&service(&name, &[&address], &["TCP/80/30080", "UDP/53"], more));
    let endpoints: Vec<String> =
        (0..next(5)).map(|_| format!("10.42.0.{} {} ready", 5 + next(6), if next(2) == 0 { "here" } else { "there" })).collect();
    let endpoints: Vec<&str> = endpoints.iter().map(String::as_str).collect();
    applier.state.put_slice(&slice(&name, &[TCP, UDP], &endpoints));
}
