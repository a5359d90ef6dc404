//! The control plane with simulated nodes: no root, no containers, several servers side by side.

use crate::cluster::{Cluster, Needs, have};
use crate::statefulset::{WEB, names, settled};

#[test]
fn simulated_nodes_run_the_set_without_containers() {
    let Some(programs) = have("simulated_nodes_run_the_set_without_containers", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "3"]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.run(&["wait", "--for=condition=Ready", "node", "--all", "--timeout=60s"]);
    assert_eq!(kubectl.json(&["get", "nodes"])["items"].as_array().map(Vec::len), Some(3));
    kubectl.apply(WEB, cluster.dir.path());
    settled(&kubectl, 3);
    assert_eq!(names(&kubectl), ["web-0", "web-1", "web-2"]);
    assert_eq!(kubectl.run(&["logs", "web-0"]), "", "what does not run prints nothing");
    let exec = kubectl.try_run(&["exec", "web-0", "--", "true"]);
    assert!(!exec.ok && exec.err.contains("a simulated container runs no programs"), "{exec:?}");
}

#[test]
fn two_servers_live_side_by_side() {
    let Some(programs) = have("two_servers_live_side_by_side", Needs::Kubectl) else { return };
    let (one, two) = (Cluster::start(&["--disable-agent"]), Cluster::start(&["--disable-agent"]));
    assert_ne!(one.ready, two.ready);
    one.kubectl(&programs[0]).run(&["create", "namespace", "only-in-one"]);
    let missing = two.kubectl(&programs[0]).try_run(&["get", "namespace", "only-in-one"]);
    assert!(!missing.ok && missing.err.contains("namespaces \"only-in-one\" not found"), "{}", missing.err);
}

#[test]
fn a_directory_in_use_is_refused_by_name() {
    if have("a_directory_in_use_is_refused_by_name", Needs::Kubectl).is_none() {
        return;
    }
    let cluster = Cluster::start(&["--disable-agent"]);
    let dir = cluster.data_dir();
    let (ok, said) = Cluster::verb(&[
        "server",
        "--data-dir",
        &dir.to_string_lossy(),
        "--https-listen-port",
        "0",
        "--disable-agent",
        "--write-kubeconfig",
        &cluster.dir.path().join("other").to_string_lossy(),
    ]);
    assert!(!ok && said.contains("in use by process"), "{said}");
}

#[test]
fn a_controller_can_be_left_out() {
    let Some(programs) = have("a_controller_can_be_left_out", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "1", "--controllers", "*,-statefulset"]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.apply(WEB, cluster.dir.path());
    // The others work: the ServiceAccount controller fills a new namespace.
    kubectl.run(&["create", "namespace", "filled"]);
    kubectl
        .watch_until(&["get", "serviceaccounts", "-n", "filled", "-w", "-o", "name"], |lines| lines.iter().any(|l| l.contains("default")));
    assert!(names(&kubectl).is_empty());
}
