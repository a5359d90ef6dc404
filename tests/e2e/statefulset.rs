//! The tutorial's first StatefulSet, on real containers, by kubectl.

use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::Kubectl;
use serde_json::Value;
use std::path::Path;

pub const WEB: &str = r#"
apiVersion: v1
kind: Service
metadata:
  name: nginx
  labels:
    app: nginx
spec:
  ports:
  - port: 80
    name: web
  clusterIP: None
  selector:
    app: nginx
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: "nginx"
  replicas: 3
  selector:
    matchLabels:
      app: nginx
  template:
    metadata:
      labels:
        app: nginx
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: nginx
        image: localhost/stead:1
        ports:
        - containerPort: 80
          name: web
"#;

/// Waits until the set has that many ready pods and its roll is over.
pub fn settled(kubectl: &Kubectl, replicas: u64) {
    kubectl.run(&["rollout", "status", "statefulset/web", "--timeout=60s"]);
    let wanted = format!("--for=jsonpath={{.status.replicas}}={replicas}");
    kubectl.run(&["wait", &wanted, "statefulset/web", "--timeout=60s"]);
}

pub fn pods(kubectl: &Kubectl) -> Vec<Value> {
    kubectl.json(&["get", "pods", "-l", "app=nginx"])["items"].as_array().expect("a list").clone()
}

pub fn names(kubectl: &Kubectl) -> Vec<String> {
    pods(kubectl).iter().map(|p| p["metadata"]["name"].as_str().expect("a name").to_owned()).collect()
}

/// Order in which pods first showed that word in a watch's lines.
fn order(lines: &[String], word: &str) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for line in lines.iter().filter(|l| l.contains(word)) {
        let name = line.split_whitespace().next().unwrap_or_default().to_owned();
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

fn running(lines: &[String], count: usize) -> bool {
    order(lines, "1/1").len() == count
}

/// Live processes on this machine in the pod's cgroups.
pub fn processes(pod_uid: &str) -> usize {
    let procs = std::fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    let alive = |dir: &Path| std::fs::read_to_string(dir.join("stat")).is_ok_and(|stat| !stat.contains(") Z "));
    procs.filter(|dir| std::fs::read_to_string(dir.join("cgroup")).is_ok_and(|c| c.contains(pod_uid)) && alive(dir)).count()
}

#[test]
fn the_tutorials_first_set_with_every_kubectl() {
    let Some(programs) = have("the_tutorials_first_set_with_every_kubectl", Needs::Containers) else { return };
    for program in programs {
        let cluster = Cluster::start(&[]);
        let kubectl = cluster.kubectl(&program);
        comes_up_in_order(&kubectl, cluster.dir.path());
        comes_back_under_its_name(&kubectl);
        scales_in_order(&kubectl);
        rolls_in_reverse_and_stops_at_the_partition(&kubectl);
        has_a_history(&kubectl);
        is_orphaned_and_adopted(&kubectl, cluster.dir.path());
        is_deleted(&kubectl);
    }
}

fn comes_up_in_order(kubectl: &Kubectl, dir: &Path) {
    let out = kubectl.apply(WEB, dir);
    assert!(out.contains("service/nginx created") && out.contains("statefulset.apps/web created"), "{out}");
    let lines = kubectl.watch_until(&["get", "pods", "-w", "-l", "app=nginx"], |lines| running(lines, 3));
    assert_eq!(order(&lines, "1/1"), ["web-0", "web-1", "web-2"], "{lines:#?}"); // ORD-7
    settled(kubectl, 3);
    for pod in pods(kubectl) {
        let status = &pod["status"]["containerStatuses"][0];
        assert!(status["containerID"].as_str().expect("an id").starts_with("stead://"), "{status}");
        assert_eq!(status["restartCount"], 0);
        assert!(processes(pod["metadata"]["uid"].as_str().expect("a uid")) > 0, "{} has no process", pod["metadata"]["name"]);
    }
    let again = kubectl.apply(WEB, dir);
    assert!(again.contains("service/nginx unchanged"), "{again}");
    let diff = kubectl.try_run(&["diff", "-f", &dir.join("manifest.yaml").to_string_lossy()]);
    assert!(diff.ok, "diff after apply is not empty:\n{}{}", diff.out, diff.err);
    let wide = kubectl.run(&["get", "statefulsets", "-o", "wide"]);
    assert!(wide.contains("localhost/stead:1") && wide.contains("3/3"), "{wide}");
    let events = kubectl.run(&["get", "events", "--sort-by=.lastTimestamp"]);
    assert!(events.contains("SuccessfulCreate"), "{events}");
    let described = kubectl.run(&["describe", "statefulset", "web"]);
    assert!(described.contains("3 Running / 0 Waiting / 0 Succeeded / 0 Failed"), "{described}"); // DESC-1
    kubectl.run(&["describe", "pod", "web-0"]);
    kubectl.run(&["describe", "service", "nginx"]);
    let explained = kubectl.run(&["explain", "statefulset.spec.replicas"]);
    assert!(explained.contains("replicas"), "{explained}");
}

fn uid(kubectl: &Kubectl, pod: &str) -> String {
    kubectl.json(&["get", "pod", pod])["metadata"]["uid"].as_str().expect("a uid").to_owned()
}

fn comes_back_under_its_name(kubectl: &Kubectl) {
    let before = uid(kubectl, "web-1");
    kubectl.run(&["delete", "pod", "web-1", "--timeout=60s"]);
    assert_eq!(processes(&before), 0, "the old web-1 still runs"); // the object goes after the process
    // The old object is gone: what shows under the name is the new one.
    kubectl
        .watch_until(&["get", "pods", "-w", "-l", "app=nginx"], |lines| lines.iter().any(|l| l.starts_with("web-1") && l.contains("1/1")));
    assert_ne!(uid(kubectl, "web-1"), before);
    settled(kubectl, 3);
}

fn scales_in_order(kubectl: &Kubectl) {
    let (_watch, out) = kubectl.follow(&["get", "pods", "-l", "app=nginx"], 3);
    kubectl.run(&["scale", "statefulset", "web", "--replicas=5"]);
    settled(kubectl, 5);
    assert_eq!(names(kubectl), ["web-0", "web-1", "web-2", "web-3", "web-4"]);
    kubectl.run(&["scale", "statefulset", "web", "--replicas=2"]);
    let mut lines = Vec::new();
    for line in std::io::BufRead::lines(out) {
        lines.push(line.expect("kubectl prints text"));
        if lines.iter().filter(|l| l.starts_with("DELETED")).count() == 3 {
            break;
        }
    }
    let event = |kind: &str| -> Vec<String> {
        lines.iter().filter(|l| l.starts_with(kind)).filter_map(|l| l.split_whitespace().nth(1)).map(str::to_owned).collect()
    };
    assert_eq!(event("ADDED"), ["web-3", "web-4"]); // ORD-7
    assert_eq!(event("DELETED"), ["web-4", "web-3", "web-2"]); // DOWN-2
    settled(kubectl, 2);
}

fn image_label(kubectl: &Kubectl) -> Vec<(String, String)> {
    let label = |p: &Value| p["metadata"]["labels"]["round"].as_str().unwrap_or("-").to_owned();
    pods(kubectl).iter().map(|p| (p["metadata"]["name"].as_str().expect("a name").to_owned(), label(p))).collect()
}

fn rolls_in_reverse_and_stops_at_the_partition(kubectl: &Kubectl) {
    kubectl.run(&["scale", "statefulset", "web", "--replicas=3"]);
    settled(kubectl, 3);
    kubectl.run(&["patch", "statefulset", "web", "-p", r#"{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}"#]);
    kubectl.run(&["patch", "statefulset", "web", "-p", r#"{"spec":{"template":{"metadata":{"labels":{"round":"two"}}}}}"#]);
    settled(kubectl, 3);
    let pair = |name: &str, round: &str| (name.to_owned(), round.to_owned());
    assert_eq!(image_label(kubectl), [pair("web-0", "-"), pair("web-1", "-"), pair("web-2", "two")]); // UPD-5
    let (_watch, out) = kubectl.follow(&["get", "pods", "-l", "app=nginx"], 3);
    kubectl.run(&["patch", "statefulset", "web", "-p", r#"{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}"#]);
    let mut gone = Vec::new();
    for line in std::io::BufRead::lines(out) {
        let line = line.expect("kubectl prints text");
        if line.starts_with("DELETED") {
            gone.extend(line.split_whitespace().nth(1).map(str::to_owned));
        }
        if gone.len() == 2 {
            break;
        }
    }
    assert_eq!(gone, ["web-1", "web-0"]); // RU-3
    settled(kubectl, 3);
    assert!(image_label(kubectl).iter().all(|(_, round)| round == "two"));
}

fn has_a_history(kubectl: &Kubectl) {
    let history = kubectl.run(&["rollout", "history", "statefulset/web"]);
    assert!(history.contains("REVISION") && history.lines().filter(|l| l.starts_with(['1', '2'])).count() == 2, "{history}"); // KR-1
    let undone = kubectl.run(&["rollout", "undo", "statefulset/web"]);
    assert!(undone.contains("rolled back"), "{undone}"); // KR-2
    settled(kubectl, 3);
    assert!(image_label(kubectl).iter().all(|(_, round)| round == "-"));
    kubectl.run(&["rollout", "restart", "statefulset/web"]); // KR-4
    settled(kubectl, 3);
}

fn is_orphaned_and_adopted(kubectl: &Kubectl, dir: &Path) {
    let before: Vec<Value> = pods(kubectl).iter().map(|p| p["metadata"]["uid"].clone()).collect();
    let set = kubectl.json(&["get", "statefulset", "web"]);
    kubectl.run(&["delete", "statefulset", "web", "--cascade=orphan", "--timeout=60s"]);
    for pod in pods(kubectl) {
        assert!(pod["metadata"]["ownerReferences"].is_null(), "DEL-3: {pod}");
    }
    // The same template as the live pods have, so that nothing is rolled.
    let again = serde_json::json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": set["spec"]});
    kubectl.apply(&again.to_string(), dir);
    settled(kubectl, 3);
    let after: Vec<Value> = pods(kubectl).iter().map(|p| p["metadata"]["uid"].clone()).collect();
    assert_eq!(after, before, "adoption restarts no pod"); // DEL-3
    assert!(pods(kubectl).iter().all(|p| p["metadata"]["ownerReferences"][0]["kind"] == "StatefulSet")); // OWN-4
}

fn is_deleted(kubectl: &Kubectl) {
    kubectl.run(&["delete", "statefulset", "web", "--timeout=60s"]);
    // Refused by some kubectls if all are gone already, which is as good.
    kubectl.try_run(&["wait", "--for=delete", "pod", "-l", "app=nginx", "--timeout=60s"]);
    assert!(names(kubectl).is_empty());
    let revisions = kubectl.run(&["get", "controllerrevisions", "-o", "name"]);
    assert!(revisions.trim().is_empty(), "DEL-4: {revisions}");
    kubectl.run(&["delete", "service", "nginx", "--timeout=60s"]);
}
