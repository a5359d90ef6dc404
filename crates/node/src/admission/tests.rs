//! Rooms and pods.

use super::*;
use stead_api::json;

fn room() -> Room {
    let allocatable = json!({"cpu": "2", "memory": "1Gi", "pods": "3", "ephemeral-storage": "10Gi"});
    Room::new("n", &allocatable, &json!({"kubernetes.io/hostname": "n", "disk": "ssd"}))
}

fn pod(uid: &str, spec: Value) -> Value {
    json!({"metadata": {"uid": uid}, "spec": spec})
}

fn asking(uid: &str, requests: Value) -> Value {
    pod(uid, json!({"containers": [{"resources": {"requests": requests}}]}))
}

fn refusal(room: &mut Room, pod: &Value) -> (&'static str, String) {
    let rejection = room.admit(pod).unwrap_err();
    (rejection.reason, rejection.message)
}

#[test]
fn what_does_not_fit_is_rejected_with_the_numbers() {
    // POD-17
    let mut room = room();
    room.admit(&asking("a", json!({"cpu": "151m", "memory": "512Mi"}))).unwrap();
    let cases = [
        (json!({"cpu": "9999"}), "OutOfcpu", "cpu, requested: 9999000, used: 151, capacity: 2000"),
        (json!({"memory": "513Mi"}), "OutOfmemory", "memory, requested: 537919488, used: 536870912, capacity: 1073741824"),
        (
            json!({"ephemeral-storage": "11Gi"}),
            "OutOfephemeral-storage",
            "ephemeral-storage, requested: 11811160064, used: 0, capacity: 10737418240",
        ),
        (json!({"hugepages-2Mi": "2Mi"}), "OutOfhugepages-2Mi", "hugepages-2Mi, requested: 2097152, used: 0, capacity: 0"),
        // The first that does not fit is named.
        (json!({"memory": "8Gi", "cpu": "8"}), "OutOfcpu", "cpu, requested: 8000, used: 151, capacity: 2000"),
    ];
    for (requests, reason, text) in cases {
        let text = format!("Node didn't have enough resource: {text}");
        assert_eq!(refusal(&mut room, &asking("b", requests)), (reason, text));
    }
    room.admit(&asking("b", json!({"cpu": "1849m", "memory": "512Mi", "example.com/of-the-cluster": "1"}))).unwrap();
}

#[test]
fn a_node_takes_so_many_pods_and_an_ended_one_makes_room() {
    // POD-17
    let mut room = room();
    for uid in ["a", "b", "c"] {
        room.admit(&pod(uid, json!({"containers": [{}]}))).unwrap();
    }
    room.admit(&pod("c", json!({"containers": [{}]}))).unwrap();
    let text = "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3".to_owned();
    assert_eq!(refusal(&mut room, &pod("d", json!({"containers": [{}]}))), ("OutOfpods", text));
    room.free("b");
    room.admit(&pod("d", json!({"containers": [{}]}))).unwrap();
}

#[test]
fn a_pod_must_be_meant_for_this_node() {
    // POD-17
    let mut room = room();
    let affinity = Rejection {
        reason: "NodeAffinity",
        message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector".into(),
        by_node: true,
    };
    assert_eq!(room.admit(&pod("a", json!({"nodeSelector": {"disk": "hdd"}}))), Err(affinity));
    room.node_is(&json!({"metadata": {"labels": {"disk": "hdd"}}}));
    room.admit(&pod("a", json!({"nodeSelector": {"disk": "hdd"}}))).unwrap();
    room.node_is(
        &json!({"spec": {"taints": [{"key": "k", "value": "v", "effect": "NoExecute"}, {"key": "other", "effect": "NoSchedule"}]}}),
    );
    assert_eq!(room.admit(&pod("b", json!({}))).unwrap_err().reason, "TaintToleration");
    room.admit(&pod("b", json!({"tolerations": [{"key": "k", "value": "v"}]}))).unwrap();
    room.admit(&pod("c", json!({"tolerations": [{"operator": "Exists"}]}))).unwrap();
}

#[test]
fn what_is_of_another_system_is_rejected() {
    // POD-17
    let labelled = json!({"metadata": {"uid": "a", "labels": {"kubernetes.io/os": "windows"}}, "spec": {}});
    assert_eq!(refusal(&mut room(), &labelled).0, "PodOSSelectorNodeLabelDoesNotMatch");
    assert_eq!(refusal(&mut room(), &pod("a", json!({"os": {"name": "windows"}}))).0, "PodOSNotSupported");
}

#[test]
fn a_port_of_the_host_is_one_pods() {
    // POD-17
    let mut room = room();
    let with = |uid: &str, ip: &str, protocol: &str| {
        pod(uid, json!({"containers": [{"ports": [{"containerPort": 80, "hostPort": 8080, "hostIP": ip, "protocol": protocol}]}]}))
    };
    room.admit(&with("a", "10.0.0.1", "TCP")).unwrap();
    let text = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports".to_owned();
    assert_eq!(refusal(&mut room, &with("b", "", "TCP")), ("NodePorts", text));
    room.admit(&with("b", "10.0.0.2", "TCP")).unwrap();
    room.admit(&with("c", "", "UDP")).unwrap();
}

#[test]
fn only_kernel_settings_of_the_pods_own_namespaces_are_allowed() {
    // POD-17
    let with = |name: &str, member: &str| {
        let mut pod = pod("a", json!({"securityContext": {"sysctls": [{"name": name, "value": "1"}]}}));
        pod["spec"][member] = true.into();
        pod
    };
    let (reason, message) = refusal(&mut room(), &with("kernel.msgmax", "x"));
    assert_eq!((reason, message.as_str()), ("SysctlForbidden", "forbidden sysctl: \"kernel.msgmax\" not allowlisted"));
    let (_, message) = refusal(&mut room(), &with("net.ipv4.tcp_syncookies", "hostNetwork"));
    assert_eq!(message, "forbidden sysctl: \"net.ipv4.tcp_syncookies\" not allowed with host Net enabled");
    room().admit(&with("net/ipv4/tcp_syncookies", "x")).unwrap();
}

#[test]
fn under_pressure_new_pods_are_refused() {
    // NODE-14
    let mut room = room();
    let best_effort = pod("a", json!({"containers": [{}]}));
    room.under_pressure(vec!["MemoryPressure"]);
    assert_eq!(refusal(&mut room, &best_effort), ("Evicted", "The node had condition: [MemoryPressure]. ".into()));
    room.admit(&asking("b", json!({"cpu": "1m"}))).unwrap();
    let key = "node.kubernetes.io/memory-pressure";
    room.admit(&pod("c", json!({"containers": [{}], "tolerations": [{"key": key, "operator": "Exists"}]}))).unwrap();
    room.free("c");
    room.under_pressure(vec!["DiskPressure"]);
    assert_eq!(refusal(&mut room, &asking("c", json!({"cpu": "1m"}))).0, "Evicted");
    room.admit(&pod("c", json!({"containers": [{}], "priority": CRITICAL}))).unwrap();
    room.under_pressure(Vec::new());
    room.shut_down();
    assert_eq!(refusal(&mut room, &best_effort), ("NodeShutdown", "Pod was rejected as the node is shutting down.".into()));
}
