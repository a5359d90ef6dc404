//! `kubectl drain` and disruption budgets: a drain takes no more pods than the budget allows, says why it waits, and goes on.

use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::Kubectl;
use crate::statefulset::{WEB, settled};

/// One pod of the set may be missing.
const BUDGET: &str = r#"
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app: nginx
"#;

/// The names of the nodes.
pub fn nodes(kubectl: &Kubectl) -> Vec<String> {
    kubectl.run(&["get", "nodes", "-o", "name"]).lines().map(|line| line.trim_start_matches("node/").to_owned()).collect()
}

#[test]
fn a_drain_waits_for_the_budget_and_goes_on() {
    let Some(programs) = have("a_drain_waits_for_the_budget_and_goes_on", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "2"]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.run(&["wait", "--for=condition=Ready", "node", "--all", "--timeout=60s"]);
    let [from, to] = &nodes(&kubectl)[..] else { panic!("there are two nodes") };
    kubectl.run(&["cordon", to]);
    kubectl.apply(WEB, cluster.dir.path());
    settled(&kubectl, 3);
    kubectl.run(&["uncordon", to]);
    kubectl.apply(BUDGET, cluster.dir.path());
    kubectl.run(&["wait", "--for=jsonpath={.status.disruptionsAllowed}=1", "pdb/web", "--timeout=60s"]);
    // PDB-3, EVI-5, EVI-7
    let drained = kubectl.try_run(&["drain", from, "--timeout=120s"]);
    assert!(drained.ok && drained.out.contains("drained"), "{drained:?}");
    assert!(drained.err.contains("Cannot evict pod as it would violate the pod's disruption budget."), "{drained:?}");
    settled(&kubectl, 3);
    let pods = kubectl.json(&["get", "pods", "-l", "app=nginx"]);
    let placed: Vec<&str> = pods["items"].as_array().expect("a list").iter().filter_map(|pod| pod["spec"]["nodeName"].as_str()).collect();
    assert_eq!(placed, [to, to, to]);
    kubectl.run(&["wait", "--for=jsonpath={.status.currentHealthy}=3", "pdb/web", "--timeout=60s"]);
    // PDB-8
    let status = &kubectl.json(&["get", "pdb", "web"])["status"];
    assert_eq!((&status["conditions"][0]["reason"], &status["expectedPods"]), (&"SufficientPods".into(), &3.into()), "{status}");
}
