//! Claims that several pods of a node have, that one may only read, and that are made for one pod and go with it.

use crate::cluster::{Cluster, Needs, have};
use crate::kubectl::Kubectl;

const CLAIM: &str = r#"
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: shared}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 16Mi}}}
"#;

/// A pod with a volume at /data.
fn pod(name: &str, volume: &str) -> String {
    format!(
        r#"---
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: localhost/stead:1
    command: [sleep, "3600"]
    volumeMounts: [{{name: data, mountPath: /data}}]
  volumes: [{{name: data, {volume}}}]
"#
    )
}

fn ready(kubectl: &Kubectl, pod: &str) {
    kubectl.run(&["wait", "--for=condition=Ready", &format!("pod/{pod}"), "--timeout=60s"]);
}

#[test]
fn a_claim_is_shared_by_pods_of_a_node_and_some_may_only_read() {
    // STO-13
    let Some(programs) = have("a_claim_is_shared_by_pods_of_a_node_and_some_may_only_read", Needs::Containers) else { return };
    let cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    let writers = ["first", "second"].map(|name| pod(name, "persistentVolumeClaim: {claimName: shared}")).concat();
    let reader = pod("reader", "persistentVolumeClaim: {claimName: shared, readOnly: true}");
    kubectl.apply(&format!("{CLAIM}{writers}{reader}"), cluster.dir.path());
    ["first", "second", "reader"].iter().for_each(|name| ready(&kubectl, name));
    let run = |pod: &str, script: &str| kubectl.try_run(&["exec", pod, "--", "sh", "-c", script]);
    assert!(run("first", "echo of first > /data/f").ok);
    assert!(run("second", "echo of second >> /data/f").ok);
    assert_eq!(run("reader", "cat /data/f").out, "of first\nof second\n");
    let refused = run("reader", "echo of reader >> /data/f");
    assert!(!refused.ok && refused.err.contains("Read-only file system"), "{refused:?}");
    // It stays for those who still have it, and is not deleted under them.
    kubectl.run(&["delete", "pod", "first"]);
    kubectl.run(&["delete", "pvc", "shared", "--wait=false"]);
    assert!(run("second", "echo more >> /data/f").ok);
    assert_eq!(run("reader", "cat /data/f").out, "of first\nof second\nmore\n");
    kubectl.run(&["delete", "pod", "second", "reader"]);
    kubectl.run(&["wait", "--for=delete", "pvc/shared", "--timeout=60s"]);
}

#[test]
fn a_claim_that_is_made_for_one_pod_goes_with_it() {
    // VOL-18
    let Some(programs) = have("a_claim_that_is_made_for_one_pod_goes_with_it", Needs::Containers) else { return };
    let cluster = Cluster::start(&[]);
    let kubectl = cluster.kubectl(&programs[0]);
    let template = "ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 16Mi}}}}}";
    kubectl.apply(&pod("own", template), cluster.dir.path());
    ready(&kubectl, "own");
    assert!(kubectl.try_run(&["exec", "own", "--", "sh", "-c", "echo kept > /data/f"]).ok);
    let of = |field: &str| kubectl.run(&["get", "pvc", "own-data", "-o", &format!("jsonpath={{{field}}}")]);
    assert_eq!((of(".status.phase").as_str(), of(".metadata.ownerReferences[0].name").as_str()), ("Bound", "own"));
    let volume = of(".spec.volumeName");
    kubectl.run(&["delete", "pod", "own"]);
    kubectl.run(&["wait", "--for=delete", "pvc/own-data", &format!("pv/{volume}"), "--timeout=60s"]);
}
