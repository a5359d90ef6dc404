//! DaemonSets with real kubectls: a pod on every node, those that come later too, a new template and the way back.

use crate::cluster::{Cluster, Needs, have};
use crate::drain::nodes;

const AGENT: &str = r#"
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: agent
spec:
  selector:
    matchLabels:
      app: agent
  template:
    metadata:
      labels:
        app: agent
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: localhost/stead:1
"#;

#[test]
fn a_daemon_set_is_on_every_node_and_rolls_forth_and_back() {
    let Some(programs) = have("a_daemon_set_is_on_every_node_and_rolls_forth_and_back", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "3"]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.run(&["wait", "--for=condition=Ready", "node", "--all", "--timeout=60s"]);
    kubectl.apply(AGENT, cluster.dir.path());
    let rolled = || kubectl.run(&["rollout", "status", "ds/agent", "--timeout=120s"]);
    assert!(rolled().contains("daemon set \"agent\" successfully rolled out"));
    let images = || {
        let pods = kubectl.json(&["get", "pods", "-l", "app=agent", "--field-selector=status.phase=Running"]);
        let living = pods["items"].as_array().expect("a list").iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
        let mut found: Vec<(String, String)> = living
            .map(|pod| {
                let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
                (text(&pod["spec"]["nodeName"]), text(&pod["spec"]["containers"][0]["env"][0]["value"]))
            })
            .collect();
        found.sort();
        found
    };
    let everywhere = |value: &str| {
        let mut wanted: Vec<_> = nodes(&kubectl).into_iter().map(|node| (node, value.to_owned())).collect();
        wanted.sort();
        wanted
    };
    // DS-1, DS-13
    assert_eq!(images(), everywhere(""));
    // DS-20, DS-30
    kubectl.run(&["set", "env", "ds/agent", "RELEASE=two"]);
    rolled();
    assert_eq!(images(), everywhere("two"));
    // DS-21
    kubectl.run(&["rollout", "undo", "ds/agent"]);
    rolled();
    assert_eq!(images(), everywhere(""));
    let revisions = kubectl.json(&["get", "controllerrevisions"]);
    let mut numbers: Vec<i64> = revisions["items"].as_array().expect("a list").iter().filter_map(|r| r["revision"].as_i64()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 3]);
    kubectl.run(&["rollout", "restart", "ds/agent"]);
    rolled();
    // DS-2: a drain leaves the pods of sets where they are.
    let node = &nodes(&kubectl)[0];
    let drained = kubectl.try_run(&["drain", node, "--ignore-daemonsets", "--timeout=60s"]);
    assert!(drained.ok && drained.err.contains("ignoring DaemonSet-managed Pods"), "{drained:?}");
    assert_eq!(images().len(), 3);
    // DS-38
    kubectl.run(&["delete", "ds/agent", "--cascade=foreground", "--timeout=60s"]);
    assert_eq!(kubectl.run(&["get", "pods", "-l", "app=agent", "-o", "name"]), "");
}
