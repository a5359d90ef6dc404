//! The smaller examples: budgets, places, classes, what comes before a start, backups, a Deployment beside a set.

use super::{example, rolled_out, shell, with_images};
use crate::cluster::{Cluster, Needs, have};

#[test]
fn a_drain_keeps_to_the_budget_of_the_example() {
    let Some(programs) = have("a_drain_keeps_to_the_budget_of_the_example", Needs::Kubectl) else { return };
    let cluster = Cluster::start(&["--simulated-nodes", "3"]);
    let kubectl = cluster.kubectl(&programs[0]);
    kubectl.apply(&example("pdb.yaml"), cluster.dir.path());
    rolled_out(&kubectl, "statefulset/web");
    kubectl.run(&["wait", "--for=jsonpath={.status.disruptionsAllowed}=1", "pdb/web-pdb", "--timeout=60s"]);
    let node = kubectl.run(&["get", "pod", "web-0", "-o", "jsonpath={.spec.nodeName}"]);
    kubectl.run(&["drain", &node, "--ignore-daemonsets", "--timeout=120s"]);
    rolled_out(&kubectl, "statefulset/web");
    let nodes = kubectl.run(&["get", "pods", "-l", "app=nginx", "-o", "jsonpath={.items[*].spec.nodeName}"]);
    assert!(!nodes.split(' ').any(|name| name == node), "{nodes}");
    // Two at a time are more than it allows.
    kubectl.run(&["scale", "statefulset/web", "--replicas=2"]);
    kubectl.run(&["wait", "--for=jsonpath={.status.disruptionsAllowed}=0", "pdb/web-pdb", "--timeout=60s"]);
    let node = kubectl.run(&["get", "pod", "web-0", "-o", "jsonpath={.spec.nodeName}"]);
    let refused = kubectl.try_run(&["drain", &node, "--timeout=2s"]);
    assert!(!refused.ok && refused.err.contains("Cannot evict pod as it would violate the pod's disruption budget"), "{refused:?}");
}

#[test]
fn pods_that_keep_apart_wait_on_one_node_and_spread_over_several() {
    // ORD-5
    let Some(programs) = have("pods_that_keep_apart_wait_on_one_node_and_spread_over_several", Needs::Kubectl) else { return };
    let one = Cluster::start(&["--simulated-nodes", "1"]);
    let kubectl = one.kubectl(&programs[0]);
    kubectl.apply(&example("anti-affinity.yaml"), one.dir.path());
    let told = "jsonpath={.status.conditions[?(@.type==\"PodScheduled\")].message}{\"\\n\"}";
    let said = kubectl.watch_until(&["get", "pods", "-l", "statefulset.kubernetes.io/pod-name=spread-1", "-w", "-o", told], |lines| {
        lines.iter().any(|line| line.contains("0/1 nodes are available"))
    });
    assert!(said.last().is_some_and(|line| line.contains("didn't match pod anti-affinity rules")), "{said:?}");
    let three = Cluster::start(&["--simulated-nodes", "3"]);
    let kubectl = three.kubectl(&programs[0]);
    kubectl.apply(&example("anti-affinity.yaml"), three.dir.path());
    rolled_out(&kubectl, "statefulset/spread");
    let nodes = kubectl.run(&["get", "pods", "-l", "app=spread", "-o", "jsonpath={.items[*].spec.nodeName}"]);
    assert_eq!(nodes.split(' ').collect::<std::collections::BTreeSet<_>>().len(), 3, "{nodes}");
}

#[test]
fn claims_of_two_classes_lie_on_two_disks() {
    // STO-7
    let Some((cluster, kubectl)) = with_images("claims_of_two_classes_lie_on_two_disks", &["busybox"]) else { return };
    let fast = cluster.dir.path().join("ssd");
    std::fs::create_dir(&fast).expect("a directory can be made");
    let manifest = example("storage-classes.yaml").replace("/mnt/ssd", &fast.to_string_lossy());
    kubectl.apply(&manifest, cluster.dir.path());
    rolled_out(&kubectl, "statefulset/tiers");
    let class = |claim: &str| kubectl.run(&["get", "pvc", claim, "-o", "jsonpath={.spec.storageClassName} {.status.phase}"]);
    assert_eq!((class("data-tiers-1").as_str(), class("logs-tiers-1").as_str()), ("fast-ssd Bound", "standard Bound"));
    let there = std::fs::read_dir(&fast).expect("it can be read").flatten();
    let volumes = there.filter(|entry| entry.file_name().to_string_lossy().ends_with("_default_data-tiers-1")).count();
    assert_eq!(volumes, 1, "the claim lies where its class says");
    assert_eq!(shell(&kubectl, "tiers-1", "cat /data/name /logs/log"), "tiers-1\nstarted");
}

#[test]
fn pages_are_there_before_their_servers_start() {
    let test = "pages_are_there_before_their_servers_start";
    let Some((cluster, kubectl)) = with_images(test, &["nginx", "busybox"]) else { return };
    kubectl.apply(&example("init-containers.yaml"), cluster.dir.path());
    rolled_out(&kubectl, "statefulset/pages");
    assert_eq!(kubectl.run(&["logs", "pages-1", "-c", "init-config"]).trim(), "Initializing...");
    let asked = kubectl.run(&["exec", "pages-0", "-c", "nginx", "--", "curl", "-sS", "http://pages-1.pages/"]);
    assert_eq!(asked.trim(), "This is pages-1, number 1.");
}

#[test]
fn a_deployment_asks_the_first_of_the_set() {
    let Some((cluster, kubectl)) = with_images("a_deployment_asks_the_first_of_the_set", &["nginx", "busybox"]) else { return };
    kubectl.apply(&example("nginx.yaml"), cluster.dir.path());
    rolled_out(&kubectl, "statefulset/web");
    shell(&kubectl, "web-0", "echo behind > /usr/share/nginx/html/index.html");
    kubectl.apply(&example("deployment.yaml"), cluster.dir.path());
    rolled_out(&kubectl, "deployment/front");
    assert_eq!(shell(&kubectl, "web-2", "curl -sS --retry 5 --retry-all-errors http://front/"), "behind");
}

#[test]
fn a_backup_of_the_night_is_made_now() {
    let Some((cluster, kubectl)) = with_images("a_backup_of_the_night_is_made_now", &["mysql"]) else { return };
    kubectl.run(&["create", "secret", "generic", "mysql-secret", "--from-literal=password=secret"]);
    kubectl.apply(&example("mysql.yaml").replace("replicas: 3", "replicas: 1"), cluster.dir.path());
    rolled_out(&kubectl, "statefulset/mysql");
    let ready = "until mysqladmin ping -uroot -psecret -h 127.0.0.1 2>/dev/null; do sleep 0.2; done";
    kubectl.run(&["exec", "mysql-0", "--", "timeout", "120", "sh", "-c", ready]);
    kubectl.run(&["exec", "mysql-0", "--", "mysql", "-uroot", "-psecret", "-e", "create database shop"]);
    kubectl.apply(&example("backup-cronjob.yaml"), cluster.dir.path());
    kubectl.run(&["create", "job", "--from=cronjob/mysql-backup", "now"]);
    kubectl.run(&["wait", "--for=condition=Complete", "job/now", "--timeout=180s"]);
    assert!(kubectl.run(&["logs", "job/now"]).contains(".sql.gz"));
    kubectl.apply(LOOK, cluster.dir.path());
    kubectl.run(&["wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/look", "--timeout=60s"]);
}

/// Succeeds if the backup has the database.
const LOOK: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: look}
spec:
  restartPolicy: Never
  containers:
  - name: look
    image: mysql:8.0
    command: [bash, -o, pipefail, -c, "zcat /backups/*.sql.gz | grep 'CREATE DATABASE.*shop'"]
    volumeMounts: [{name: backups, mountPath: /backups}]
  volumes: [{name: backups, persistentVolumeClaim: {claimName: backups}}]
"#;
