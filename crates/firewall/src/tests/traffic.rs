//! Real connections.

use super::machine::*;
use super::*;
use crate::kernel::Rules;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::time::Duration;

const BOTH: &str = "10.42.0.0/24,fd00:42::/64";
const CLUSTER: &str = "10.42.0.0/16,fd00:42::/56";

fn ports(number: u16) -> Value {
    json!([{"name": "http", "containerPort": number}])
}

/// `web` (0) and `client` (1), with a listener of each address of `web`.
fn two(node: &mut Node) -> Vec<(IpAddr, TcpListener)> {
    let addresses = node.connect("web", ports(80));
    node.connect("client", json!([]));
    node.pods[0].inside(|| addresses.iter().map(|address| (*address, listener(*address, 80))).collect())
}

fn ingress(from: Value) -> Value {
    json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [from]})
}

#[test]
fn nothing_passes_before_the_first_verdict() {
    on_machine(|dir| {
        let mut node = Node::new(dir, BOTH, CLUSTER);
        node.apply();
        let web = two(&mut node);
        for (address, _) in &web {
            assert!(node.pods[1].inside(|| is_silent((*address, 80))), "{address}");
        }
        node.apply();
        let client = node.network.addresses("client").unwrap();
        for ((address, listener), client) in web.iter().zip(client) {
            assert_eq!(node.pods[1].inside(|| seen(listener, (*address, 80))), client, "as itself");
        }
    });
}

#[test]
fn what_policies_say_is_what_passes() {
    on_machine(|dir| {
        let mut node = Node::new(dir, BOTH, CLUSTER);
        let web = two(&mut node);
        node.apply();
        let client = node.network.addresses("client").unwrap();
        let mut expect = |what: &str, policies: &[(&str, Value)], passes: bool| {
            node.world.policies.clear();
            let policies = policies.iter().map(|(name, spec)| policy(name, spec.clone()));
            node.change(|world| policies.fold(world, World::with_policy));
            for ((address, listener), client) in web.iter().zip(&client) {
                let to = (*address, 80);
                match passes {
                    true => assert_eq!(node.pods[1].inside(|| seen(listener, to)), *client, "{what}"),
                    false => assert!(node.pods[1].inside(|| is_silent(to)), "{what}: {address}"),
                }
                node.pods[0].inside(|| seen(listener, to));
                seen(listener, to);
            }
        };
        let to_web = |rule: Value| [("p", ingress(rule))];
        let closed = json!({"podSelector": {}});
        expect("no policy", &[], true);
        expect("closed", &[("c", closed.clone())], false);
        expect("closed, but somebody opens", &[("c", closed.clone()), ("o", ingress(json!({})))], true);
        expect("for another pod", &[("p", json!({"podSelector": {"matchLabels": {"app": "other"}}}))], true);
        expect("from the client", &to_web(json!({"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]})), true);
        expect("from another", &to_web(json!({"from": [{"podSelector": {"matchLabels": {"app": "other"}}}]})), false);
        let named = |name: &str| json!({"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}]});
        expect("from the namespace", &to_web(named("n")), true);
        expect("from another namespace", &to_web(named("other")), false);
        expect("at the port", &to_web(json!({"ports": [{"port": 80}]})), true);
        expect("at a port of a range", &to_web(json!({"ports": [{"port": 79, "endPort": 81}]})), true);
        expect("at another port", &to_web(json!({"ports": [{"port": 81, "endPort": 90}]})), false);
        expect("by another protocol", &to_web(json!({"ports": [{"port": 80, "protocol": "UDP"}]})), false);
        expect("at the port's name", &to_web(json!({"ports": [{"port": "http"}]})), true);
        expect("at another name", &to_web(json!({"ports": [{"port": "https"}]})), false);
        let blocks = |except: Value| json!({"from": [{"ipBlock": {"cidr": "10.42.0.0/16", "except": except}}, {"ipBlock": {"cidr": "fd00:42::/56"}}]});
        expect("from a block", &to_web(blocks(json!([]))), true);
        let without = json!({"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.42.0.0/24"]}}, {"ipBlock": {"cidr": "::/0", "except": ["fd00:42::/64"]}}]});
        expect("from a block but for a part", &to_web(without), false);
        let out =
            |to: Value| [("e", json!({"podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Egress"], "egress": [to]}))];
        expect(
            "out to a name's port",
            &out(json!({"to": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": "http"}]})),
            true,
        );
        expect("out to another", &out(json!({"to": [{"podSelector": {"matchLabels": {"app": "other"}}}]})), false);
        expect("nothing goes out", &[("e", json!({"podSelector": {}, "policyTypes": ["Egress"]}))], false);
        expect("no policy any more", &[], true);
    });
}

#[test]
fn what_was_let_through_goes_on() {
    on_machine(|dir| {
        let mut node = Node::new(dir, BOTH, CLUSTER);
        let web = two(&mut node);
        node.apply();
        let (address, listener) = &web[0];
        let (mut client, mut server) = node.pods[1].inside(|| connection(listener, *address));
        node.change(|world| world.with_policy(policy("closed", json!({"podSelector": {}}))));
        assert!(node.pods[1].inside(|| is_silent((*address, 80))), "a new connection");
        client.write_all(b"on").unwrap();
        let mut word = [0; 2];
        server.read_exact(&mut word).unwrap();
        server.write_all(&word).unwrap();
        client.read_exact(&mut word).unwrap();
        assert_eq!(&word, b"on");
    });
}

#[test]
fn who_leaves_the_cluster_looks_like_the_node() {
    // NETW-4
    on_machine(|dir| {
        let world = Namespace::new();
        wire(&world, "out0", &["192.0.2.1/24", "2001:db8::1/64"], &["192.0.2.2/24", "2001:db8::2/64"]);
        let mut node = Node::new(dir, BOTH, CLUSTER);
        node.connect("client", json!([]));
        node.apply();
        for (here, there) in [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")] {
            let (here, there): (IpAddr, IpAddr) = (here.parse().unwrap(), there.parse().unwrap());
            let outside = world.inside(|| listener(there, 80));
            assert_eq!(node.pods[0].inside(|| seen(&outside, (there, 80))), here);
            let own = listener(here, 80);
            let pod = node.network.addresses("client").unwrap().into_iter().find(|address| address.is_ipv4() == here.is_ipv4());
            assert_eq!(node.pods[0].inside(|| seen(&own, (here, 80))), pod.unwrap(), "the node sees who it is");
        }
    });
}

#[test]
fn a_port_of_the_node_is_a_pods() {
    // NETW-7
    on_machine(|dir| {
        let world = Namespace::new();
        wire(&world, "out0", &["192.0.2.1/24", "192.0.2.9/24", "2001:db8::1/64"], &["192.0.2.2/24", "2001:db8::2/64"]);
        let mut node = Node::new(dir, BOTH, CLUSTER);
        let ports = json!([{"containerPort": 80, "hostPort": 8080}, {"containerPort": 80, "hostPort": 8081, "hostIP": "192.0.2.9"}]);
        let addresses = node.connect("web", ports);
        let client = node.connect("client", json!([]));
        node.apply();
        let v4 = node.pods[0].inside(|| listener(addresses[0], 80));
        let v6 = node.pods[0].inside(|| listener(addresses[1], 80));
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let [host, other_host, loopback] = ["192.0.2.1", "192.0.2.9", "127.0.0.1"].map(address);
        assert_eq!(world.inside(|| seen(&v4, (host, 8080))), address("192.0.2.2"), "from elsewhere, as who it is");
        assert_eq!(world.inside(|| seen(&v4, (other_host, 8081))), address("192.0.2.2"), "by a certain address");
        assert_eq!(world.inside(|| seen(&v6, (address("2001:db8::1"), 8080))), address("2001:db8::2"));
        assert_eq!(node.pods[1].inside(|| seen(&v4, (host, 8080))), client[0], "from another pod");
        node.pods[0].inside(|| seen(&v4, (host, 8080)));
        node.pods[0].inside(|| seen(&v6, (address("2001:db8::1"), 8080)));
        // From the node.
        seen(&v4, (host, 8080));
        seen(&v4, (loopback, 8080));
        let refused = |to: (IpAddr, u16)| std::net::TcpStream::connect_timeout(&to.into(), Duration::from_secs(10)).unwrap_err().kind();
        assert_eq!(world.inside(|| refused((host, 8081))), std::io::ErrorKind::ConnectionRefused, "another address of the node");
        node.world.pods.remove(&object::Name { namespace: "n".into(), name: "web".into() });
        node.apply();
        assert_eq!(world.inside(|| refused((host, 8080))), std::io::ErrorKind::ConnectionRefused, "gone with the pod");
    });
}

#[test]
fn datagrams_go_to_the_pod_that_has_the_port_now() {
    // NETW-7
    on_machine(|dir| {
        let world = Namespace::new();
        wire(&world, "out0", &["192.0.2.1/24"], &["192.0.2.2/24"]);
        let mut node = Node::new(dir, "10.42.0.0/24", CLUSTER);
        let ports = json!([{"containerPort": 53, "protocol": "UDP", "hostPort": 53}]);
        let first = node.connect("first", ports.clone())[0];
        node.apply();
        let first_socket = node.pods[0].inside(|| UdpSocket::bind((first, 53)).unwrap());
        // One port for all of it, as a resolver that keeps its socket.
        let client = world.inside(|| UdpSocket::bind("192.0.2.2:5000").unwrap());
        let heard = |socket: &UdpSocket| {
            socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            client.send_to(b"q", "192.0.2.1:53").unwrap();
            let (_, from) = socket.recv_from(&mut [0; 8]).unwrap();
            socket.send_to(b"a", from).unwrap();
            client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            assert_eq!(client.recv_from(&mut [0; 8]).unwrap().1, "192.0.2.1:53".parse().unwrap());
        };
        heard(&first_socket);
        let second = node.connect("second", ports)[0];
        node.world.pods.remove(&object::Name { namespace: "n".into(), name: "first".into() });
        node.apply();
        heard(&node.pods[1].inside(|| UdpSocket::bind((second, 53)).unwrap()));
    });
}

#[test]
fn a_pod_sends_as_itself_alone() {
    on_machine(|dir| {
        let mut node = Node::new(dir, "10.42.0.0/24", CLUSTER);
        node.connect("client", json!([]));
        // Without the kernel's own check, which IPv6 does not have.
        let link = node.network.link("client").unwrap();
        ["all", &link].iter().for_each(|of| std::fs::write(format!("/proc/sys/net/ipv4/conf/{of}/rp_filter"), "0").unwrap());
        let own = UdpSocket::bind("10.42.0.1:82").unwrap();
        let send = |from: &str| node.pods[0].inside(|| UdpSocket::bind((from, 0)).unwrap().send_to(b"x", "10.42.0.1:82").unwrap());
        let heard = |wait: Duration| {
            own.set_read_timeout(Some(wait)).unwrap();
            own.recv_from(&mut [0; 8]).ok().map(|(_, from)| from.ip().to_string())
        };
        node.pods[0].inside(|| ip("address add 10.42.0.77/32 dev eth0"));
        send("10.42.0.77");
        assert_eq!(heard(Duration::from_secs(10)).as_deref(), Some("10.42.0.77"), "before anybody looks");
        node.apply();
        let send = |from: &str| node.pods[0].inside(|| UdpSocket::bind((from, 0)).unwrap().send_to(b"x", "10.42.0.1:82").unwrap());
        send("10.42.0.77");
        send("10.42.0.2");
        assert_eq!(heard(Duration::from_secs(10)).as_deref(), Some("10.42.0.2"), "what came first was dropped");
    });
}

#[test]
fn what_somebody_else_changes_is_put_right() {
    on_machine(|dir| {
        let mut node = Node::new(dir, BOTH, CLUSTER);
        let web = two(&mut node);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let entered = runtime.enter();
        let table = node.network.tag().table();
        let mut watch = stead_netfilter::Watch::open(table.as_str(), |name| name.starts_with(crate::content::PREFIX)).unwrap();
        node.change(|world| world.with_policy(policy("closed", json!({"podSelector": {}}))));
        let mut connection = stead_netfilter::Connection::open().unwrap();
        let mut others = |change: &dyn Fn(&mut stead_netfilter::Batch)| {
            let mut batch = stead_netfilter::Batch::new(table.as_str());
            change(&mut batch);
            connection.apply(batch).unwrap();
        };
        let (address, listener) = &web[0];
        let is_closed = |node: &Node| assert!(node.pods[1].inside(|| is_silent((*address, 80))));
        is_closed(&node);
        // What was changed here, and what others change of Services, is nobody's business.
        others(&|batch| {
            batch.add_set(&stead_netfilter::Set::new("service-x", &[stead_netfilter::Type::Ipv4]));
        });
        let nothing = async { tokio::time::timeout(std::time::Duration::from_millis(100), watch.disturbed(node.port())).await.is_err() };
        assert!(runtime.block_on(nothing));
        // All rules, the rules of one chain, an element.
        others(&|batch| batch.delete_table());
        node.put_right(&runtime, &mut watch);
        is_closed(&node);
        others(&|batch| batch.flush_chain("pod-ingress"));
        node.pods[1].inside(|| seen(listener, (*address, 80)));
        node.put_right(&runtime, &mut watch);
        is_closed(&node);
        others(&|batch| batch.flush_set("pod-ingress-ip4"));
        node.put_right(&runtime, &mut watch);
        is_closed(&node);
        drop(entered);
        // As after a start: what is there is not known, and is the same afterwards.
        let mut again = crate::kernel::Kernel::new(node.network.tag().table());
        again.apply(crate::keeper::content(&node.world), Default::default()).unwrap();
        is_closed(&node);
    });
}

#[test]
fn two_machines_are_one_cluster() {
    on_machine(|dir| {
        let other = Namespace::new();
        wire(&other, "out0", &["192.0.2.1/24"], &["192.0.2.2/24"]);
        ip("route add 10.42.1.0/24 via 192.0.2.2");
        let mut here = Node::new(&dir.join("a"), "10.42.0.0/24", CLUSTER);
        let web = two(&mut here);
        let mut there = other.inside(|| {
            ip("route add 10.42.0.0/24 via 192.0.2.1");
            let mut there = Node::new(&dir.join("b"), "10.42.1.0/24", CLUSTER);
            there.connect("far", json!([]));
            there.apply();
            there
        });
        let far = there.network.addresses("far").unwrap()[0];
        assert_eq!(far.to_string(), "10.42.1.2");
        let (address, listener) = &web[0];
        here.change(|world| world.with_pod(pod("far", &["10.42.1.2"], json!([])), None));
        assert_eq!(there.pods[0].inside(|| seen(listener, (*address, 80))), far, "as who it is");
        let only = |app: &str| policy("p", ingress(json!({"from": [{"podSelector": {"matchLabels": {"app": app}}}]})));
        here.change(|world| world.with_policy(only("far")));
        assert_eq!(there.pods[0].inside(|| seen(listener, (*address, 80))), far);
        assert!(here.pods[1].inside(|| is_silent((*address, 80))));
        here.change(|world| world.with_policy(only("client")));
        assert!(there.pods[0].inside(|| is_silent((*address, 80))));
        here.pods[1].inside(|| seen(listener, (*address, 80)));
        // Policies of the sender's own machine.
        here.change(|world| world.without_policy("p"));
        let closed = policy("closed", json!({"podSelector": {}, "policyTypes": ["Egress"]}));
        other.inside(|| there.change(|world| world.with_policy(closed)));
        assert!(there.pods[0].inside(|| is_silent((*address, 80))));
    });
}
