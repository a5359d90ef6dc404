//! Names and Services: the pods of a set by name, Services by address, what a policy forbids.

use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::Kubectl;
use crate::statefulset::{WEB, pods, settled};
use std::collections::BTreeSet;
use std::io::{BufRead, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Beside the set: its pods behind one address, on a port of the node too, and a pod to ask from.
const MORE: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: all}
spec:
  type: NodePort
  selector: {app: nginx}
  ports: [{port: 8080, targetPort: web}]
---
apiVersion: v1
kind: Pod
metadata: {name: asks}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: c
    image: localhost/stead:1
    command: [sleep, "86400"]
"#;
const DENY: &str = r#"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec:
  podSelector: {matchLabels: {app: nginx}}
  policyTypes: [Ingress]
"#;
/// Requests after which each of three has been chosen, but once in 10^17.
const REQUESTS: usize = 100;
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn pods_of_a_set_have_names_and_services_reach_them() {
    let Some(programs) = have("pods_of_a_set_have_names_and_services_reach_them", Needs::Containers) else { return };
    for program in programs {
        let cluster = Cluster::start(&[]);
        let kubectl = cluster.kubectl(&program);
        kubectl.apply(&format!("{WEB}---{MORE}"), cluster.dir.path());
        settled(&kubectl, 3);
        kubectl.run(&["wait", "--for=condition=Ready", "pod/asks", "--timeout=60s"]);
        the_tutorial_s_look_up(&kubectl);
        every_name_is_known(&kubectl);
        one_address_leads_to_all(&kubectl);
        the_api_leads_there_too(&kubectl);
        a_policy_forbids(&kubectl, &cluster);
    }
}

/// A client that asks without a break until it is told to stop; it prints each failure, and at last how often it asked.
const ASK: &str =
    "n=0; while [ ! -e /tmp/stop ]; do wget -q -T 5 -O - http://all:8080/ >/dev/null || echo failed; n=$((n+1)); done; echo $n";

#[test]
fn a_roll_under_load_fails_no_request() {
    let Some(programs) = have("a_roll_under_load_fails_no_request", Needs::Containers) else { return };
    // Ready when it answers; it goes on answering until the machine has heard that it is going.
    let served =
        "readinessProbe: {httpGet: {port: 80}, periodSeconds: 1}\n        lifecycle: {preStop: {sleep: {seconds: 2}}}\n        ports:";
    let web = WEB.replace("ports:\n        - containerPort", &format!("{served}\n        - containerPort"));
    for program in programs {
        let cluster = Cluster::start(&[]);
        let kubectl = cluster.kubectl(&program);
        kubectl.apply(&format!("{web}---{MORE}"), cluster.dir.path());
        settled(&kubectl, 3);
        kubectl.run(&["wait", "--for=condition=Ready", "pod/asks", "--timeout=60s"]);
        let (asking, mut out) = kubectl.start(&["exec", "asks", "--", "sh", "-c", ASK]);
        kubectl.run(&["rollout", "restart", "statefulset/web"]);
        settled(&kubectl, 3);
        kubectl.run(&["exec", "asks", "--", "touch", "/tmp/stop"]);
        let mut text = String::new();
        out.read_to_string(&mut text).expect("the client prints text");
        assert!(asking.ended_well());
        assert!(text.trim().parse::<usize>().is_ok_and(|asked| asked >= REQUESTS), "{text}");
    }
}

fn address(kubectl: &Kubectl, pod: &str) -> String {
    kubectl.run(&["get", "pod", pod, "-o", "jsonpath={.status.podIP}"])
}

fn the_tutorial_s_look_up(kubectl: &Kubectl) {
    let line = ["run", "-i", "--rm", "debug", "--image=localhost/stead:1", "--restart=Never", "--quiet", "--", "nslookup", "web-0.nginx"];
    let out = kubectl.run(&line);
    assert!(out.contains("web-0.nginx.default.svc.cluster.local") && out.contains(&address(kubectl, "web-0")), "{out}");
    let described = kubectl.run(&["describe", "service", "nginx"]);
    for pod in pods(kubectl) {
        let endpoint = format!("{}:80", pod["status"]["podIP"].as_str().expect("an address"));
        assert!(described.contains(&endpoint), "{described}");
    }
}

fn every_name_is_known(kubectl: &Kubectl) {
    for pod in ["web-0", "web-1", "web-2"] {
        for name in ["nginx", "nginx.default", "nginx.default.svc", "nginx.default.svc.cluster.local"] {
            let name = format!("{pod}.{name}");
            let out = kubectl.run(&["exec", "asks", "--", "nslookup", &name]);
            assert!(out.contains(&address(kubectl, pod)), "{name}: {out}");
        }
    }
    let printed = kubectl.try_run(&["exec", "asks", "--", "nslookup", "web-3.nginx"]);
    assert!(!printed.ok && printed.out.contains("NXDOMAIN") | printed.err.contains("NXDOMAIN"), "{printed:?}");
    kubectl.run(&["scale", "statefulset/web", "--replicas=4"]);
    settled(kubectl, 4);
    // No earlier answer is remembered.
    assert!(kubectl.run(&["exec", "asks", "--", "nslookup", "web-3.nginx"]).contains(&address(kubectl, "web-3")));
    kubectl.run(&["scale", "statefulset/web", "--replicas=3"]);
    settled(kubectl, 3);
}

fn one_address_leads_to_all(kubectl: &Kubectl) {
    let script = format!("i=0; while [ $i -lt {REQUESTS} ]; do wget -q -O - http://all:8080/ || exit 1; echo; i=$((i+1)); done");
    let out = kubectl.run(&["exec", "asks", "--", "sh", "-c", &script]);
    let met: BTreeSet<&str> = ["web-0", "web-1", "web-2"].into_iter().filter(|pod| out.contains(pod)).collect();
    assert_eq!(met.len(), 3, "{out}");
    let node = kubectl.run(&["get", "nodes", "-o", "jsonpath={.items[0].status.addresses[0].address}"]);
    let port = kubectl.run(&["get", "service", "all", "-o", "jsonpath={.spec.ports[0].nodePort}"]);
    assert!(fetch(&format!("{node}:{port}")).contains("web-"));
    let cluster_ip = kubectl.run(&["get", "service", "all", "-o", "jsonpath={.spec.clusterIP}"]);
    assert!(kubectl.run(&["exec", "asks", "--", "wget", "-q", "-O", "-", &format!("http://{cluster_ip}:8080/")]).contains("web-"));
}

fn the_api_leads_there_too(kubectl: &Kubectl) {
    for path in ["services/all:8080/proxy/", "services/nginx:web/proxy/", "pods/web-1:80/proxy/"] {
        assert!(kubectl.run(&["get", "--raw", &format!("/api/v1/namespaces/default/{path}")]).contains("web-"), "{path}");
    }
    for target in ["service/all", "service/nginx"] {
        let port = if target == "service/all" { ":8080" } else { ":80" };
        let (_running, mut out) = kubectl.start(&["port-forward", "--address=127.0.0.1", target, port]);
        let mut line = String::new();
        out.read_line(&mut line).expect("kubectl prints text");
        assert!(fetch(line.split_whitespace().nth(2).expect("kubectl says where it listens")).contains("web-"), "{target}");
    }
}

fn a_policy_forbids(kubectl: &Kubectl, cluster: &Cluster) {
    let reached = || kubectl.try_run(&["exec", "asks", "--", "wget", "-q", "-T", "2", "-O", "-", "http://web-0.nginx/"]).ok;
    assert!(reached());
    kubectl.apply(DENY, cluster.dir.path());
    until("the policy is in force", || !reached());
    // The machine itself, and so probes, is not kept away.
    assert!(fetch(&format!("{}:80", address(kubectl, "web-0"))).contains("web-0"));
    kubectl.run(&["delete", "networkpolicy", "deny"]);
    until("the policy is gone", reached);
}

/// What a web server answers, of which the body is its host's name.
fn fetch(address: &str) -> String {
    let mut connection = TcpStream::connect(address).expect("it listens");
    connection.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
    connection.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("the request is sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("the answer comes");
    answer
}

fn until(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
    }
}
